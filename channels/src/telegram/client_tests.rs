use std::time::Duration;

use super::super::stand_in::{BOT, SENT, StandIn, TOKEN, bot, soon};
use super::super::{Refusal, stand_in};
use super::*;
use crate::fate::Fate;

fn made(base: &str, token: &str) -> Option<SettingsError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Bot::new(Settings { base: base.to_owned(), token: token.into() }).err()
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    assert_eq!(made(OFFICIAL, TOKEN), None);
    for token in ["", "7001", ":x", "7001:", "x:y", "-7:abc", "7001:a/../b", "7001:a b", "99999999999999999999:a"] {
        assert_eq!(made(OFFICIAL, token), Some(SettingsError::Token), "{token}");
    }
    for base in ["", "ftp://x", "https://u:p@x/", "https://x/?q", "https://x/#f"] {
        assert_eq!(made(base, TOKEN), Some(SettingsError::Base), "{base}");
    }
}

#[test]
fn nothing_prints_the_token() {
    let settings = Settings { base: OFFICIAL.to_owned(), token: TOKEN.into() };
    let printed = format!("{settings:?} {:?}", bot(OFFICIAL));
    assert!(!printed.contains("AAH") && printed.contains("7001"), "{printed}");
}

#[tokio::test]
async fn a_base_may_have_a_path() {
    let server = StandIn::answering(
        200,
        r#"{"ok":true,"result":{"id":7001,"is_bot":true,"first_name":"A","username":"aijia_bot"}}"#,
    )
    .await;
    let bot = stand_in::bot(&format!("{}/tg/", server.base));
    assert_eq!(bot.me().await.unwrap(), Me { id: BOT, username: "aijia_bot".to_owned() });
    assert_eq!(server.only().0, format!("/tg/bot{TOKEN}/GetMe"));
}

#[tokio::test]
async fn nothing_begins_too_late() {
    let server = StandIn::answering(200, SENT).await;
    let late = server.bot().send_text("42", "x", Instant::now() - Duration::from_secs(1)).await;
    assert_eq!(Fate::from(&late), Fate::NotSent);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bot = bot(&format!("http://{}", listener.local_addr().unwrap()));
    let limits = Limits { time: Duration::from_millis(200), ..Limits::until(soon()) };
    let result = bot.call(&GetMe::new(), limits).await;
    assert!(matches!(result, Err(CallError::Unknown { .. })), "{result:?}");
}

#[tokio::test]
async fn a_file_is_fetched_from_under_the_token_only() {
    let server = StandIn::start(|path| match path.rsplit('/').next() {
        Some("GetFile") => stand_in::json(
            200,
            r#"{"ok":true,"result":{"file_id":"F1","file_unique_id":"u","file_size":4,"file_path":"photos/file_1.jpg"}}"#,
        ),
        _ => axum::response::IntoResponse::into_response("JPEG"),
    })
    .await;
    assert_eq!(server.bot().download("F1", 4).await.unwrap(), b"JPEG");
    assert_eq!(server.seen()[1].0, format!("/file/bot{TOKEN}/photos/file_1.jpg"));
    let too_large = server.bot().download("F1", 3).await.unwrap_err();
    assert_eq!(too_large.refusal(), Some(Refusal::TooLarge));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_file_that_is_longer_than_it_said_is_not_read_on() {
    let server = StandIn::start(|path| match path.rsplit('/').next() {
        Some("GetFile") => stand_in::json(200, r#"{"ok":true,"result":{"file_id":"F1","file_path":"a"}}"#),
        _ => axum::response::IntoResponse::into_response("JPEG".repeat(100)),
    })
    .await;
    assert_eq!(server.bot().download("F1", 40).await.unwrap_err().refusal(), Some(Refusal::TooLarge));
}

#[test]
fn a_path_that_leads_elsewhere_is_not_followed() {
    let bot = bot(OFFICIAL);
    for path in ["../bot1:x/a", "a/../../b", "%2e%2e/a", "a/%2E./../.."] {
        assert!(bot.url("file/bot", path).is_err(), "{path}");
    }
    assert!(bot.url("file/bot", "photos/file_1.jpg").is_ok());
}
