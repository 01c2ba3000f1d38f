use serde_json::{Value, json};

use super::super::stand_in::{BOT, me};
use super::super::{Secret, open_webhook};
use super::*;

fn heard(kind: &str, value: Value) -> Option<Heard> {
    let secret = Secret::new(&"s".into()).unwrap();
    let body = json!({"update_id": 900, kind: value}).to_string();
    open_webhook(BOT, &secret, Some(b"s"), body.as_bytes()).unwrap().heard(&me())
}

fn message(more: Value) -> Value {
    let mut message = json!({
        "message_id": 31, "date": 1_800_000_000,
        "chat": {"id": -1_001_234_567_890_i64, "type": "supergroup", "title": "客服", "is_forum": true},
        "from": {"id": 5001, "is_bot": false, "first_name": "李华"},
    });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn words(more: Value) -> Option<Words> {
    match heard("message", message(more))? {
        Heard::Said(said) => Some(said.words),
        Heard::Pressed(_) | Heard::Sent(_) => None,
    }
}

fn file(more: Value) -> Option<Document> {
    match heard("message", message(more))? {
        Heard::Sent(document) => Some(document),
        Heard::Pressed(_) | Heard::Said(_) => None,
    }
}

const GROUP: i64 = -1_001_234_567_890;

#[test]
fn a_press_says_who_where_and_what() {
    let card = message(json!({"text": "#81", "message_thread_id": 7, "is_topic_message": true}));
    let from = json!({"id": 5001, "is_bot": false, "first_name": "李华"});
    let query = json!({"id": "4382", "from": from, "message": card, "chat_instance": "1", "data": "AQIA"});
    let pressed = Pressed {
        id: "4382".to_owned(),
        place: Place { chat: GROUP, topic: Some(7) },
        user: 5001,
        name: "李华".to_owned(),
        message: 31,
        data: "AQIA".to_owned(),
    };
    assert_eq!(heard("callback_query", query.clone()), Some(Heard::Pressed(pressed.clone())));
    // Too old for Telegram to say more than this.
    let mut old = query.clone();
    old["message"] = json!({"chat": {"id": GROUP, "type": "supergroup", "title": "客服"}, "message_id": 31, "date": 0});
    let place = Place { chat: GROUP, topic: None };
    assert_eq!(heard("callback_query", old), Some(Heard::Pressed(Pressed { place, ..pressed })));
    for missing in ["message", "data"] {
        let mut query = query.clone();
        query.as_object_mut().unwrap().remove(missing);
        assert_eq!(heard("callback_query", query), None, "{missing}");
    }
}

#[test]
fn commands_are_read_in_any_language() {
    let command = |name: &str, rest: &str| Some(Words::Command { name: name.to_owned(), rest: rest.to_owned() });
    assert_eq!(words(json!({"text": "/暂停"})), command("暂停", ""));
    assert_eq!(words(json!({"text": "/暂停@aijia_bot 全部  爆仓"})), command("暂停", "全部  爆仓"));
    assert_eq!(words(json!({"text": "/pause@AIJIA_bot all\nwhy"})), command("pause", "all\nwhy"));
    assert_eq!(words(json!({"text": "/pause@other_bot all"})), None);
    assert_eq!(words(json!({"text": "/"})), command("", ""));
    let newer = json!([{"type": "invented_later", "offset": 0, "length": 2}]);
    assert_eq!(words(json!({"text": "/pause", "entities": newer})), command("pause", ""));
    let stranger = json!({"text": "/pause", "chat": {"id": GROUP, "type": "invented_later"}});
    assert_eq!(words(stranger), command("pause", ""));
}

#[test]
fn a_reply_to_ours_is_told_apart() {
    let bot = json!({"id": BOT, "is_bot": true, "first_name": "A", "username": "aijia_bot"});
    let prompt = message(json!({"message_id": 30, "from": bot, "text": "下一条"}));
    let reply = Words::Reply { to: 30, text: "可以机洗。".to_owned() };
    assert_eq!(words(json!({"text": "可以机洗。", "reply_to_message": prompt})), Some(reply));
    let colleague = message(json!({"message_id": 30, "text": "怎么回"}));
    let text = Words::Text("可以机洗。".to_owned());
    assert_eq!(words(json!({"text": "可以机洗。", "reply_to_message": colleague})), Some(text));
    let cancel = Words::Command { name: "取消".to_owned(), rest: String::new() };
    assert_eq!(words(json!({"text": "/取消", "reply_to_message": prompt})), Some(cancel));
    // Not a reply, but a message in a topic that the bot opened; and a reply to ours that began a thread.
    let in_topic = json!({"text": "x", "reply_to_message": prompt, "message_thread_id": 30, "is_topic_message": true});
    assert_eq!(words(in_topic), Some(Words::Text("x".to_owned())));
    let in_thread = json!({"text": "x", "reply_to_message": prompt, "message_thread_id": 30});
    assert_eq!(words(in_thread), Some(Words::Reply { to: 30, text: "x".to_owned() }));
}

#[test]
fn where_and_who_come_along_and_the_words_are_not_printed() {
    let Some(Heard::Said(said)) = heard("message", message(json!({"text": "私密", "message_thread_id": 7}))) else {
        panic!("nothing heard");
    };
    // A thread of replies is no topic.
    assert_eq!(said.place, Place { chat: GROUP, topic: None });
    assert_eq!((said.user, said.message, said.at_ms, said.name.as_str()), (5001, 31, 1_800_000_000_000, "李华"));
    assert!(!format!("{said:?}").contains("私密"));
}

#[test]
fn bots_and_what_is_no_text_are_not_heard() {
    let bot = json!({"id": 9, "is_bot": true, "first_name": "B"});
    assert_eq!(words(json!({"text": "/pause", "from": bot})), None);
    assert_eq!(words(json!({"photo": []})), None);
    assert_eq!(heard("edited_message", message(json!({"text": "/pause"}))), None);
}

#[test]
fn a_file_is_heard_in_private_and_in_a_group_where_it_is_for_us() {
    let document = json!({"file_id": "F1", "file_unique_id": "u", "file_name": "售后.xlsx", "file_size": 7});
    let private = json!({"id": 5001, "type": "private", "first_name": "李华"});
    let found = file(json!({"chat": private, "document": document})).unwrap();
    assert_eq!((found.user, found.file_id.as_str(), found.name.as_deref()), (5001, "F1", Some("售后.xlsx")));
    assert_eq!((found.bytes, found.place.chat), (Some(7), 5001));
    assert!(!format!("{found:?}").contains("售后"));
    // Telegram says as little as it likes of a file.
    let bare = file(json!({"chat": private, "document": {"file_id": "F1"}})).unwrap();
    assert_eq!((bare.name, bare.bytes), (None, None));
    let bot = json!({"id": BOT, "is_bot": true, "first_name": "A", "username": "aijia_bot"});
    let ours = message(json!({"message_id": 30, "from": bot, "text": "请发文件"}));
    assert!(file(json!({"document": document, "reply_to_message": ours})).is_some());
    assert!(file(json!({"document": document, "caption": "/kb import"})).is_some());
    assert_eq!(file(json!({"document": document, "caption": "/kb@other_bot import"})), None);
    assert_eq!(file(json!({"document": document, "caption": "给大家看看"})), None, "people's own");
    assert_eq!(file(json!({"chat": private, "document": document, "animation": {}})), None);
    assert_eq!(file(json!({"chat": private, "document": {"file_name": "a.csv"}})), None, "nothing to fetch it by");
}
