use serde_json::json;

use super::super::stand_in::{SENT, StandIn, soon};
use super::*;

const PLACE: Place = Place { chat: -100, topic: Some(7) };

fn buttons() -> Vec<Vec<Button>> {
    let page = Url::parse("https://shop.example/review/81").unwrap();
    vec![vec![Button::data("发送", "AQIA"), Button::data("改", "AQIB")], vec![Button::open("详情", page)]]
}

const KEYBOARD: &str = r#"{"inline_keyboard":[[{"text":"发送","callback_data":"AQIA"},{"text":"改","callback_data":"AQIB"}],[{"text":"详情","url":"https://shop.example/review/81"}]]}"#;

fn keyboard_json() -> serde_json::Value {
    serde_json::from_str(KEYBOARD).unwrap()
}

#[tokio::test]
async fn a_card_has_its_words_its_buttons_and_its_topic() {
    let server = StandIn::answering(200, SENT).await;
    let text = Rich::new().bold("#81").plain(" ").quote("<b>能退吗");
    assert_eq!(server.bot().send_card(PLACE, &text, &buttons(), soon()).await, Ok(55));
    let entities =
        json!([{"type": "bold", "offset": 0, "length": 3}, {"type": "blockquote", "offset": 4, "length": 6}]);
    let expected = json!({"chat_id": -100, "message_thread_id": 7, "text": "#81 <b>能退吗", "entities": entities,
        "link_preview_options": {"is_disabled": true}, "reply_markup": keyboard_json()});
    assert_eq!(server.only().1, expected);
}

#[tokio::test]
async fn a_card_is_changed_in_place_and_loses_its_buttons() {
    let server = StandIn::answering(200, SENT).await;
    server.bot().update_card(-100, 55, &"已由李华发送".into(), &[], soon()).await.unwrap();
    let expected = json!({"chat_id": -100, "message_id": 55, "text": "已由李华发送", "entities": [],
        "link_preview_options": {"is_disabled": true}, "reply_markup": {"inline_keyboard": []}});
    assert_eq!(server.only().1, expected);
}

#[tokio::test]
async fn a_change_that_is_none_is_done() {
    let same = r#"{"ok":false,"error_code":400,"description":"Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"}"#;
    let server = StandIn::answering(400, same).await;
    assert_eq!(server.bot().update_card(-100, 55, &"x".into(), &buttons(), soon()).await, Ok(()));
    let gone = r#"{"ok":false,"error_code":400,"description":"Bad Request: message to edit not found"}"#;
    let server = StandIn::answering(400, gone).await;
    let error = server.bot().update_card(-100, 55, &"x".into(), &buttons(), soon()).await.unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::MessageGone));
}

#[tokio::test]
async fn a_press_is_answered_even_if_too_late() {
    let server = StandIn::answering(200, r#"{"ok":true,"result":true}"#).await;
    server.bot().answer_press("4382", Answer::Alert("已由李华发送"), soon()).await.unwrap();
    assert_eq!(server.only().1, json!({"callback_query_id": "4382", "text": "已由李华发送", "show_alert": true}));
    let long = "好".repeat(201);
    assert!(server.bot().answer_press("4382", Answer::Passing(&long), soon()).await.is_err());
    let old = r#"{"ok":false,"error_code":400,"description":"Bad Request: query is too old and response timeout expired or query ID is invalid"}"#;
    let server = StandIn::answering(400, old).await;
    assert_eq!(server.bot().answer_press("4382", Answer::Silent, soon()).await, Ok(()));
    assert_eq!(server.only().1, json!({"callback_query_id": "4382"}));
}

#[tokio::test]
async fn a_prompt_forces_a_reply_of_whom_it_names() {
    let server = StandIn::answering(200, SENT).await;
    let text = Rich::new().mention(5001, "李华").plain(" 下一条消息将作为 #81 的新回复");
    let prompt = Prompt { text: &text, placeholder: Some("新的回复") };
    assert_eq!(server.bot().send_prompt(PLACE, prompt, soon()).await, Ok(55));
    let body = server.only().1;
    assert_eq!(
        body["reply_markup"],
        json!({"force_reply": true, "selective": true, "input_field_placeholder": "新的回复"})
    );
    assert_eq!(body["entities"][0]["url"], "tg://user?id=5001");
}

#[tokio::test]
async fn a_picture_has_a_caption_and_buttons() {
    let server = StandIn::answering(200, SENT).await;
    let image = Image { name: "page.png", bytes: b"\x89PNG" };
    let caption = Rich::new().bold("物流");
    assert_eq!(server.bot().send_picture(PLACE, image, &caption, &buttons(), soon()).await, Ok(55));
    let body = String::from_utf8_lossy(&server.seen()[0].1).into_owned();
    let entities = r#"[{"type":"bold","offset":0,"length":2}]"#;
    for (name, value) in [("message_thread_id", "7"), ("caption_entities", entities), ("reply_markup", KEYBOARD)] {
        assert!(body.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n")), "{name} in {body}");
    }
}

#[tokio::test]
async fn what_would_be_refused_is_not_sent() {
    let server = StandIn::answering(200, SENT).await;
    let bot = server.bot();
    let bad = [
        vec![vec![Button::data("发送", "")]],
        vec![vec![Button::data("发送", "x".repeat(65))]],
        vec![vec![Button::data(" ", "x")]],
        vec![vec![Button::data("发送", "x"); 101]],
    ];
    for rows in bad {
        let error = bot.send_card(PLACE, &"x".into(), &rows, soon()).await.unwrap_err();
        assert_eq!(error.refusal(), Some(Refusal::Content), "{rows:?}");
    }
    let long = Rich::new().plain(&"好".repeat(MAX_TEXT + 1));
    assert!(bot.send_card(PLACE, &long, &[], soon()).await.is_err());
    assert!(server.seen().is_empty());
}
