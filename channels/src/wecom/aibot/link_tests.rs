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
