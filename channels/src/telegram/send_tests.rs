use serde_json::json;

use super::super::stand_in::{SENT, StandIn, TOKEN, soon};
use super::super::{ABILITIES, Refusal};
use super::*;
use crate::split::split;

#[tokio::test]
async fn a_text_goes_as_it_is() {
    let server = StandIn::answering(200, SENT).await;
    let text = "<b>不是</b> *markup* _at_ all & so on";
    assert_eq!(server.bot().send_text("42", text, soon()).await, Ok(55));
    let (path, body) = server.only();
    assert_eq!(path, format!("/bot{TOKEN}/SendMessage"));
    assert_eq!(body, json!({"chat_id": 42, "text": text, "link_preview_options": {"is_disabled": true}}));
}

#[tokio::test]
async fn what_would_be_refused_is_not_sent() {
    let server = StandIn::answering(200, SENT).await;
    let bot = server.bot();
    for (customer, text) in [("42", ""), ("42", " \n"), ("wm_x", "hello"), ("42", &"😀".repeat(2049))] {
        let refused = bot.send_text(customer, text, soon()).await.unwrap_err();
        assert_eq!(refused.refusal(), Some(Refusal::Content), "{customer}");
    }
    assert!(server.seen().is_empty());
    assert!(bot.send_text("42", &"😀".repeat(2048), soon()).await.is_ok());
}

#[test]
fn a_long_text_becomes_parts_that_fit() {
    let text = "您好😀，退款三天内到账。".repeat(900);
    let parts = split(&text, ABILITIES.text);
    assert!(parts.len() > 1 && parts.iter().all(|part| fits(part, MAX_TEXT).is_ok() && part.ends_with('。')));
    assert_eq!(parts.concat(), text);
}

#[tokio::test]
async fn a_picture_goes_as_a_form() {
    let server = StandIn::answering(200, SENT).await;
    let image = Image { name: "尺码表.png", bytes: b"\x89PNG" };
    assert_eq!(server.bot().send_image("42", image, "尺码表", soon()).await, Ok(55));
    let (path, body) = server.seen().remove(0);
    let body = String::from_utf8_lossy(&body).into_owned();
    assert_eq!(path, format!("/bot{TOKEN}/SendPhoto"));
    for part in ["name=\"chat_id\"\r\n\r\n42\r\n", "name=\"caption\"\r\n\r\n尺码表\r\n", "name=\"photo\"; filename"]
    {
        assert!(body.contains(part), "{part} in {body}");
    }
    let empty = Image { name: "x.png", bytes: b"" };
    assert!(server.bot().send_image("42", empty, "", soon()).await.is_err());
}
