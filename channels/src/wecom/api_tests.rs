use super::*;
use crate::wecom::stand_in::{SECRET, StandIn, api, json as answer_json, status, token, token_value};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;
const START: i64 = 1_700_000_000;

async fn call(api: &Api) -> Result<Value, ApiError> {
    api.post("message/send", &json!({"text": "x"}), CALL_LIMIT).await
}

async fn calls(api: &Arc<Api>, count: usize) -> Vec<Result<Value, ApiError>> {
    let mut set = JoinSet::new();
    for _ in 0..count {
        let api = api.clone();
        set.spawn(async move { call(&api).await });
    }
    set.join_all().await
}

#[tokio::test]
async fn fifty_callers_share_one_token() {
    let server = StandIn::answering(OK).await;
    let api = server.api();
    assert!(calls(&api, 50).await.iter().all(Result::is_ok));
    assert_eq!(server.seen("gettoken").len(), 1);
    assert_eq!(server.seen("gettoken")[0].query, format!("corpid=ww0corp&corpsecret={SECRET}"));
    assert_eq!(server.seen("message/send").len(), 50);
}

#[tokio::test]
async fn the_token_is_replaced_300_seconds_before_its_end() {
    let server = StandIn::answering(OK).await;
    let api = server.api();
    for (at, fetched) in [(0, 1), (6_899, 1), (6_900, 2), (6_901, 2)] {
        server.now.store(START + at, Ordering::SeqCst);
        call(&api).await.unwrap();
        assert_eq!(server.seen("gettoken").len(), fetched, "after {at} s");
    }
    assert!(server.seen("message/send")[2].query.contains(&token_value(1)));
}

/// Refuses the first token with `code`, takes the second.
fn first_token_dead(code: &'static str) -> impl Fn(&crate::wecom::stand_in::Seen, usize) -> Response {
    move |seen, n| match seen.path.as_str() {
        "gettoken" => token(n),
        _ if seen.query.contains(&token_value(0)) => answer_json(code),
        _ => answer_json(OK),
    }
}

#[tokio::test]
async fn a_dead_token_is_replaced_and_the_call_repeated_once() {
    for code in [r#"{"errcode":40014}"#, r#"{"errcode":42001}"#, r#"{"errcode":40001}"#] {
        let server = StandIn::start(first_token_dead(code)).await;
        call(&server.api()).await.unwrap();
        assert_eq!(server.seen("gettoken").len(), 2, "{code}");
        assert_eq!(server.seen("message/send").len(), 2, "{code}");
    }
}

#[tokio::test]
async fn many_callers_with_a_dead_token_fetch_one_new_token() {
    let server = StandIn::start(first_token_dead(r#"{"errcode":40014}"#)).await;
    let api = server.api();
    api.check().await.unwrap();
    assert!(calls(&api, 20).await.iter().all(Result::is_ok));
    assert_eq!(server.seen("gettoken").len(), 2);
}

#[tokio::test]
async fn a_token_refused_twice_is_the_answer() {
    let server = StandIn::start(|seen, n| match seen.path.as_str() {
        "gettoken" => token(n),
        _ => answer_json(r#"{"errcode":42001,"errmsg":"expired"}"#),
    })
    .await;
    assert_eq!(call(&server.api()).await.unwrap_err().code(), Some(42001));
    assert_eq!(server.seen("message/send").len(), 2);
}

#[tokio::test]
async fn other_refusals_are_not_repeated() {
    let server = StandIn::answering(r#"{"errcode":-1,"errmsg":"system busy"}"#).await;
    let error = call(&server.api()).await.unwrap_err();
    assert_eq!(error, ApiError::Refused { code: -1, message: "system busy".into() });
    assert!(error.retryable_later() && !error.is_rate_limited());
    assert_eq!(server.seen("message/send").len(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_asked_once_a_minute_and_nothing_is_sent() {
    let wrong = StandIn::start(|_, _| answer_json(r#"{"errcode":40001,"errmsg":"invalid credential"}"#)).await;
    let api = wrong.api();
    for result in calls(&api, 20).await {
        assert!(matches!(result, Err(ApiError::NotSent { why }) if why.contains("40001")));
    }
    assert_eq!(api.check().await.unwrap_err().code(), Some(40001));
    assert_eq!((wrong.seen("gettoken").len(), wrong.seen("message/send").len()), (1, 0));
    wrong.now.fetch_add(60, Ordering::SeqCst);
    assert!(call(&api).await.is_err());
    assert_eq!(wrong.seen("gettoken").len(), 2);
}

#[tokio::test]
async fn a_failed_replacement_keeps_the_old_token_while_it_lives() {
    let server = StandIn::start(|seen, n| match (seen.path.as_str(), n) {
        ("gettoken", 0) => token(0),
        ("gettoken", _) => status(502),
        _ => answer_json(OK),
    })
    .await;
    let api = server.api();
    call(&api).await.unwrap();
    for (at, fetched) in [(6_900, 2), (6_910, 2), (6_930, 3), (7_199, 4)] {
        server.now.store(START + at, Ordering::SeqCst);
        call(&api).await.unwrap();
        assert_eq!(server.seen("gettoken").len(), fetched, "after {at} s");
    }
    server.now.store(START + 7_300, Ordering::SeqCst);
    assert!(matches!(call(&api).await, Err(ApiError::NotSent { .. })));
}

#[tokio::test]
async fn what_never_left_is_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    drop(listener);
    let error = call(&api(&base, Arc::new(|| START))).await.unwrap_err();
    assert!(matches!(&error, ApiError::NotSent { why } if why.contains("no access token")), "{error}");
    assert!(error.retryable_later());
}

#[tokio::test]
async fn a_refused_connection_after_the_token_is_not_sent() {
    // The stand-in gives a token and dies with its runtime; the next connection is refused.
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = StandIn::answering(OK).await;
            let api = server.api();
            api.check().await.unwrap();
            sender.send(api).unwrap();
        });
    });
    thread.join().unwrap();
    let error = call(&receiver.recv().unwrap()).await.unwrap_err();
    assert!(matches!(&error, ApiError::NotSent { why } if !why.contains("token")), "{error}");
    assert_clean(&error);
}

/// Gives a token, then closes every further connection after reading the request.
async fn hangs_up() -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for first in std::iter::once(true).chain(std::iter::repeat(false)) {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            if first {
                let body = format!(r#"{{"errcode":0,"access_token":"{}","expires_in":7200}}"#, token_value(0));
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).await.unwrap();
            }
        }
    });
    base
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_is_unknown() {
    let error = call(&api(&hangs_up().await, Arc::new(|| START))).await.unwrap_err();
    assert!(matches!(error, ApiError::Unknown { .. }), "{error}");
    assert!(!error.retryable_later());
    assert_clean(&error);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    let api = api(&base, Arc::new(|| START));
    api.tokens
        .get(&api.clock, || async { Ok(Fresh { value: token_value(0).into(), expires_in: 7200 }) })
        .await
        .unwrap();
    // The kernel accepts the connection; nobody ever reads it.
    let error = api.post("kf/send_msg", &json!({}), Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, ApiError::Unknown { .. }), "{error}");
    assert_clean(&error);
}

#[tokio::test]
async fn unreadable_answers_are_unknown() {
    let redirect = || ([(header::LOCATION, "/cgi-bin/elsewhere")], status(302)).into_response();
    let answers: [fn() -> Response; 6] = [
        || status(502),
        || status(504),
        || answer_json("<html>not json</html>"),
        || answer_json(r#"{"msgid":"1"}"#),
        || answer_json("[]"),
        || answer_json(""),
    ];
    for (n, answer) in answers.into_iter().chain([redirect as fn() -> Response]).enumerate() {
        let server = StandIn::start(move |seen, n| if seen.path == "gettoken" { token(n) } else { answer() }).await;
        let error = call(&server.api()).await.unwrap_err();
        assert!(matches!(error, ApiError::Unknown { .. }), "{n}: {error}");
        assert_clean(&error);
        assert!(server.seen("elsewhere").is_empty());
    }
}

fn assert_clean(error: &ApiError) {
    let text = format!("{error} {error:?}");
    for secret in [SECRET, &token_value(0), &token_value(1), "http://", "access_token=", "corpsecret="] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn an_echoed_secret_never_reaches_an_error() {
    let echo = |seen: &crate::wecom::stand_in::Seen| {
        let secret = seen.query.split('=').next_back().unwrap().to_owned();
        // The secret stands across the place where long messages are cut.
        let body = format!(r#"{{"errcode":40058,"errmsg":"{}{secret}"}}"#, "x".repeat(295));
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let no_token = StandIn::start(move |seen, _| echo(seen)).await;
    assert_clean(&no_token.api().check().await.unwrap_err());
    let server = StandIn::start(move |seen, n| if seen.path == "gettoken" { token(n) } else { echo(seen) }).await;
    let error = call(&server.api()).await.unwrap_err();
    assert_eq!(error.code(), Some(40058));
    assert!(error.to_string().len() < 350);
    assert_clean(&error);
    let debug = format!("{:?}", server.api());
    assert!(!debug.contains(SECRET), "{debug}");
}

fn file_server(
    kind: &'static str,
    disposition: Option<&'static str>,
    body: &'static [u8],
) -> impl Future<Output = StandIn> {
    StandIn::start(move |seen, n| {
        if seen.path == "gettoken" {
            return token(n);
        }
        let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
        if let Some(value) = disposition {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, value.parse().unwrap());
        }
        response
    })
}

#[tokio::test]
async fn a_file_comes_with_its_name_and_an_error_instead_of_it_is_an_error() {
    let server = file_server("image/jpeg", Some(r#"attachment; filename="a.jpg""#), b"\xff\xd8\xff").await;
    let media = server.api().download("MID", 3).await.unwrap();
    let expected =
        Media { bytes: b"\xff\xd8\xff".to_vec(), filename: Some("a.jpg".into()), content_type: "image/jpeg".into() };
    assert_eq!(media, expected);
    assert!(server.only("media/get").query.ends_with("&media_id=MID"));

    for kind in ["application/json; charset=UTF-8", "text/plain"] {
        let server = file_server(kind, None, br#"{"errcode":40007,"errmsg":"invalid media_id"}"#).await;
        assert_eq!(server.api().download("MID", 1000).await.unwrap_err().code(), Some(40007), "{kind}");
    }
}

#[tokio::test]
async fn text_files_are_files_and_nameless_text_is_not() {
    let note = br#"{"errcode":1}"#;
    let named = file_server("text/plain", Some("attachment; filename=note.txt"), note).await;
    assert_eq!(named.api().download("MID", 1000).await.unwrap().bytes, note);
    let nameless = file_server("text/plain", None, b"hello").await;
    assert!(matches!(nameless.api().download("MID", 1000).await, Err(ApiError::Unknown { .. })));
    let ok_but_no_file = file_server("application/json", None, OK.as_bytes()).await;
    assert!(matches!(ok_but_no_file.api().download("MID", 1000).await, Err(ApiError::Unknown { .. })));
}

#[tokio::test]
async fn a_file_over_the_cap_is_not_read() {
    let server = file_server("image/png", Some("attachment; filename=a.png"), &[7; 101]).await;
    assert!(matches!(server.api().download("MID", 100).await, Err(ApiError::Unknown { .. })));
    assert_eq!(server.api().download("MID", 101).await.unwrap().bytes.len(), 101);
}

#[tokio::test]
async fn a_download_with_a_dead_token_is_repeated() {
    let server = StandIn::start(|seen, n| match (seen.path.as_str(), n) {
        ("gettoken", n) => token(n),
        (_, 0) => answer_json(r#"{"errcode":42001}"#),
        _ => ([(header::CONTENT_TYPE, "image/png")], "png").into_response(),
    })
    .await;
    assert_eq!(server.api().download("MID", 100).await.unwrap().bytes, b"png");
}

#[tokio::test]
async fn an_upload_names_its_kind_in_the_query() {
    let server = StandIn::answering(r#"{"errcode":0,"type":"image","media_id":"MID","created_at":"1700000000"}"#).await;
    let id = server.api().upload(MediaKind::Image, "截图.png", b"123456").await.unwrap();
    assert_eq!(id, "MID");
    let seen = server.only("media/upload");
    assert!(seen.query.ends_with("&type=image"));
    let body = String::from_utf8(seen.body).unwrap();
    assert!(body.contains("name=\"media\"; filename=\"截图.png\""), "{body}");
}

#[tokio::test]
async fn files_too_small_or_too_large_are_refused_here() {
    let server = StandIn::answering(OK).await;
    let api = server.api();
    assert_eq!(api.upload(MediaKind::File, "a", b"12345").await.unwrap_err().code(), Some(40006));
    let large = vec![0; MediaKind::Voice.limit_bytes() + 1];
    assert_eq!(api.upload(MediaKind::Voice, "a.amr", &large).await.unwrap_err().code(), Some(45001));
    assert!(server.seen("gettoken").is_empty());
}

#[test]
fn unusable_settings_are_named() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let new = |base: &str, corp: &str, secret: &str| {
        let settings = ApiSettings { base: base.into(), corp_id: corp.into(), secret: secret.into() };
        Api::new(settings, Arc::new(|| START)).map(drop)
    };
    let base = "https://qyapi.weixin.qq.com/cgi-bin";
    for bad in ["", "qyapi.weixin.qq.com", "ftp://h/x", "https://u:p@h/x", "https://h/x?y=1", "https://h/x#y"] {
        assert_eq!(new(bad, "ww0", "s"), Err(SettingsError::Base), "{bad}");
    }
    assert_eq!(new(base, " ", "s"), Err(SettingsError::CorpId));
    assert_eq!(new(base, "ww0", ""), Err(SettingsError::Secret));
    assert_eq!(new(base, "ww0", "s"), Ok(()));
    assert_eq!(new(&format!("{base}/"), "ww0", "s"), Ok(()));
}

#[test]
fn errors_say_what_may_be_done_next() {
    let refused = |code| ApiError::refused(code, "");
    assert!([45009, 45033].iter().all(|&c| refused(c).is_rate_limited() && refused(c).retryable_later()));
    assert!([-1, 6000].iter().all(|&c| !refused(c).is_rate_limited() && refused(c).retryable_later()));
    assert!([40014, 42001].iter().all(|&c| refused(c).retryable_later()), "a dead token is replaced in a minute");
    assert!([40003, 95001, 60020].iter().all(|&c| !refused(c).retryable_later()));
}
