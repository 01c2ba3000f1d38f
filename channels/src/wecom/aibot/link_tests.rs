use super::*;

fn settings(url: &str) -> Settings {
    Settings {
        url: url.into(),
        bot_id: "aib1".into(),
        secret: "SECRETxSECRET".into(),
        timing: Timing::default(),
        seed: 7,
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let refused = |settings: Settings| connect(settings).err();
    for url in ["", "https://host", "ws://example.com/", "wss://u:p@host/", "wss://host/?k=1", "wss://host/#x", "wss:"]
    {
        assert_eq!(refused(settings(url)), Some(SettingsError::Url), "{url}");
    }
    let official = settings(super::super::OFFICIAL_URL);
    assert_eq!(refused(Settings { bot_id: " ".into(), ..official.clone() }), Some(SettingsError::BotId));
    assert_eq!(refused(Settings { secret: "".into(), ..official.clone() }), Some(SettingsError::Secret));
    assert!(!format!("{official:?}").contains("SECRETx"));
}

#[tokio::test]
async fn what_is_asked_before_there_is_a_connection_is_not_sent() {
    let (link, events) = connect(settings("ws://127.0.0.1:9/")).unwrap();
    let pushed = link.push(&Chat::Member("LiHua".into()), &Message::Markdown("hi".into())).await;
    assert!(matches!(pushed, Err(ApiError::NotSent { .. })), "{pushed:?}");
    drop(events);
}

#[tokio::test]
async fn it_is_over_after_shutdown() {
    let (link, mut events) = connect(settings("ws://127.0.0.1:9/")).unwrap();
    link.shutdown().await;
    assert_eq!(events.next().await, None);
    let pushed = link.push(&Chat::Member("LiHua".into()), &Message::Markdown("hi".into())).await;
    assert!(matches!(pushed, Err(ApiError::NotSent { .. })), "{pushed:?}");
}

#[tokio::test]
async fn a_caller_that_reads_no_events_is_answered_even_after_the_end() {
    let (link, events) = connect(settings("ws://127.0.0.1:9/")).unwrap();
    let (chat, words) = (Chat::Member("LiHua".into()), Message::Markdown("hi".into()));
    link.shutdown().await;
    for _ in 0..3 {
        let pushed = link.push(&chat, &words);
        let pushed = timeout(Duration::from_secs(5), pushed).await.unwrap();
        assert!(matches!(pushed, Err(ApiError::NotSent { .. })), "{pushed:?}");
    }
    drop(events);
}

/// A server that speaks no TLS: nothing is written to it in the clear, and it is tried again.
#[tokio::test]
async fn without_tls_there_is_no_connection() {
    use tokio::io::AsyncReadExt;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("wss://{}/", listener.local_addr().unwrap());
    let timing = Timing { retry_ms: 10, ..Timing::default() };
    let (_link, _events) = connect(Settings { timing, ..settings(&address) }).unwrap();
    for _ in 0..2 {
        let (mut stream, _) = timeout(Duration::from_secs(5), listener.accept()).await.unwrap().unwrap();
        let mut first = [0; 3];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(first[..2], [0x16, 0x03], "a TLS handshake");
    }
}
