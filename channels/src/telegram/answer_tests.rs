use super::super::stand_in::{SENT, StandIn, TOKEN, bot, soon};
use super::*;

async fn sent(status: u16, body: &'static str) -> Result<i32, CallError> {
    StandIn::answering(status, body).await.bot().send_text("42", "可以机洗。", soon()).await
}

fn refused(code: i64, why: Refusal) -> impl Fn(&Result<i32, CallError>) -> bool {
    move |result| matches!(result, Err(CallError::Refused { code: c, why: w, .. }) if (*c, *w) == (code, why))
}

/// Telegram's own words, and what they mean (reference: Bot API server, `Client.cpp`; TDLib).
#[tokio::test]
async fn refusals_are_told_apart_by_code_and_words() {
    let table: [(u16, &'static str, Refusal); 12] = [
        (401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, Refusal::Setup),
        (404, r#"{"ok":false,"error_code":404,"description":"Not Found"}"#, Refusal::Setup),
        (
            409,
            r#"{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}"#,
            Refusal::Setup,
        ),
        (403, r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#, Refusal::Gone),
        (
            403,
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot can't initiate conversation with a user"}"#,
            Refusal::Gone,
        ),
        (400, r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#, Refusal::Gone),
        (
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890123}}"#,
            Refusal::Moved { to: -1_001_234_567_890_123 },
        ),
        (
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: message thread not found"}"#,
            Refusal::TopicGone,
        ),
        (
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: message to edit not found"}"#,
            Refusal::MessageGone,
        ),
        (400, r#"{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}"#, Refusal::Content),
        (400, r#"{"ok":false,"error_code":400,"description":"Bad Request: BUTTON_DATA_INVALID"}"#, Refusal::Content),
        (413, r#"{"ok":false,"error_code":413,"description":"Request Entity Too Large"}"#, Refusal::Content),
    ];
    for (status, body, why) in table {
        let result = sent(status, body).await;
        assert!(refused(i64::from(status), why)(&result), "{body}: {result:?}");
        let fate = Fate::from(&result);
        let code = i64::from(status);
        match why {
            Refusal::Setup => assert_eq!(fate, Fate::PutOff { code, wait_ms: None }),
            _ => assert_eq!(fate, Fate::Refused { code, spent: None }),
        }
    }
}

#[tokio::test]
async fn too_many_are_put_off_for_as_long_as_it_says() {
    let says = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
    assert_eq!(Fate::from(&sent(429, says).await), Fate::PutOff { code: 429, wait_ms: Some(7_000) });
    // A gateway's own.
    assert_eq!(Fate::from(&sent(429, "<html>slow down</html>").await), Fate::PutOff { code: 429, wait_ms: None });
}

#[tokio::test]
async fn only_a_refusal_proves_that_nothing_was_done() {
    assert_eq!(sent(200, SENT).await, Ok(55));
    for (status, body) in [
        (500, r#"{"ok":false,"error_code":500,"description":"Internal Server Error"}"#),
        (502, "<html>Bad Gateway</html>"),
        (504, ""),
        (408, ""),
        (200, "<html>"),
        (200, "{}"),
        (200, r#"{"ok":true}"#),
        (200, r#"{"ok":true,"result":{"message_id":"55"}}"#),
        (200, r#"{"ok":false,"error_code":500,"description":"Internal Server Error: restart"}"#),
        (302, ""),
    ] {
        assert_eq!(Fate::from(&sent(status, body).await), Fate::Unknown, "{status} {body}");
    }
    // A gateway that lets nothing through.
    assert_eq!(Fate::from(&sent(403, "<html>blocked</html>").await), Fate::NotSent);
}

#[tokio::test]
async fn what_never_left_is_not_sent_and_what_left_is_unknown() {
    let closed = bot("http://127.0.0.1:9").send_text("42", "x", soon()).await;
    assert_eq!(Fate::from(&closed), Fate::NotSent);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    // Takes the whole request and hangs up without a byte.
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await;
    });
    let lost = bot(&base).send_text("42", "x", soon()).await;
    assert_eq!(Fate::from(&lost), Fate::Unknown);
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let endless = StandIn::start(|_| "x".repeat(2 * 1024 * 1024).into_response()).await;
    assert_eq!(Fate::from(&endless.bot().send_text("42", "x", soon()).await), Fate::Unknown);
}

#[tokio::test]
async fn no_error_holds_the_token() {
    let echo: &'static str =
        r#"{"ok":false,"error_code":400,"description":"Bad Request: no /bot7001:AAHsecret_secret-secret/ here"}"#;
    let result = sent(400, echo).await;
    assert!(!format!("{result:?}").contains("AAHsecret") && TOKEN.contains("AAHsecret"), "{result:?}");
    let closed = bot("http://127.0.0.1:9").send_text("42", "x", soon()).await;
    assert!(!format!("{closed:?}").contains("AAHsecret"), "{closed:?}");
}

use axum::response::IntoResponse as _;
