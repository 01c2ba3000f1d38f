use serde_json::{Value, json};

use super::super::stand_in::BOT;
use super::super::{Secret, open_webhook};
use super::*;

fn update(id: i64, kind: &str, value: &Value) -> Update {
    let secret = Secret::new(&"s".into()).unwrap();
    let body = json!({"update_id": id, kind: value}).to_string();
    open_webhook(BOT, &secret, Some(b"s"), body.as_bytes()).unwrap()
}

/// A private message of customer 42 with these fields besides.
fn message(more: Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_800_000_000, "chat": {"id": 42, "type": "private", "first_name": "小满"},
        "from": {"id": 42, "is_bot": false, "first_name": "小满", "last_name": "王"},
    });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn arrived(more: Value) -> Option<Arrival> {
    update(900, "message", &message(more)).arrival()
}

fn said_of(more: Value) -> Said {
    match arrived(more.clone()).map(|arrival| arrival.what) {
        Some(What::Said(said)) => said,
        other => panic!("{more}: {other:?}"),
    }
}

#[test]
fn a_text_arrives_as_it_was_written() {
    let arrival = arrived(json!({"text": "/退货 怎么弄 <b>😀"})).unwrap();
    let expected = Arrival {
        id: "7001:42:5".to_owned(),
        customer: Some("42".to_owned()),
        name: Some("小满 王".to_owned()),
        at_ms: 1_800_000_000_000,
        replies_until_ms: None,
        replies_left: None,
        what: What::Said(Said::text("/退货 怎么弄 <b>😀")),
    };
    assert_eq!(arrival, expected);
}

fn file(id: &str) -> Value {
    json!({"file_id": id, "file_unique_id": "u", "file_size": 9, "width": 1, "height": 1, "duration": 1, "length": 1})
}

#[test]
fn attachments_come_by_their_id() {
    let sizes = json!([{"file_id": "S", "file_unique_id": "s", "file_size": 9, "width": 90, "height": 90},
        {"file_id": "L", "file_unique_id": "l", "file_size": 99, "width": 900, "height": 900}]);
    let of = |kind: &str, text: &str, file: &str| Said::of(kind, text, Some(file.to_owned()));
    assert_eq!(said_of(json!({"photo": sizes, "caption": "坏了"})), of("image", "坏了", "L"));
    assert_eq!(said_of(json!({"voice": file("V")})), of("voice", "", "V"));
    assert_eq!(said_of(json!({"document": file("D"), "caption": "发票"})), of("file", "发票", "D"));
    assert_eq!(said_of(json!({"video": file("M")})), of("video", "", "M"));
    assert_eq!(said_of(json!({"video_note": file("N")})), of("video", "", "N"));
    let mut sticker = file("T");
    let more = json!({"type": "regular", "is_animated": false, "is_video": false, "emoji": "👍"});
    sticker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(said_of(json!({"sticker": sticker})), of("sticker", "👍", "T"));
}

#[test]
fn what_is_no_text_has_a_name() {
    let place = json!({"latitude": 31.25, "longitude": 121.5});
    assert_eq!(said_of(json!({"location": place})), Said::of("location", "31.25, 121.5", None));
    let venue = json!({"location": place, "title": "门店", "address": "南京路 1 号"});
    assert_eq!(said_of(json!({"venue": venue, "location": place})), Said::of("location", "门店 南京路 1 号", None));
    let card = json!({"phone_number": "+8613800000000", "first_name": "李"});
    assert_eq!(said_of(json!({"contact": card})), Said::of("business_card", "李 +8613800000000", None));
    assert_eq!(said_of(json!({"dice": {"emoji": "🎲", "value": 3}})).kind, "other");
    assert_eq!(arrived(json!({"pinned_message": message(json!({"text": "x"}))})).unwrap().what, What::Nothing);
}

#[test]
fn words_in_newer_clothes_are_not_lost() {
    let newer = json!([{"type": "invented_later", "offset": 0, "length": 2}]);
    assert_eq!(said_of(json!({"text": "人工", "entities": newer})), Said::text("人工"));
    let voice = json!({"voice": file("V"), "caption": "人工", "caption_entities": newer});
    assert_eq!(said_of(voice), Said::of("voice", "人工", Some("V".to_owned())));
    let photo = json!({"photo": [{"file_id": "S"}, {"file_id": "L"}], "caption": "人工"});
    assert_eq!(said_of(photo), Said::of("image", "人工", Some("L".to_owned())));
    assert_eq!(said_of(json!({"hologram": {"file_id": "H"}})), Said::of("other", "", None));
    // Not even the sender can be read.
    let strange = message(json!({"text": "人工", "from": {"id": "forty-two"}}));
    assert_eq!(update(1, "message", &strange).arrival().unwrap().what, What::Said(Said::text("人工")));
}

#[test]
fn an_edit_names_the_message_and_is_known_again() {
    let edited = |update_id: i64, edit_date: i64| {
        let edited = message(json!({"text": "要L码", "edit_date": edit_date}));
        update(update_id, "edited_message", &edited).arrival().unwrap()
    };
    let first = edited(901, 1_800_000_060);
    assert_eq!(first.what, What::Edited { id: "7001:42:5".to_owned(), text: "要L码".to_owned() });
    assert_eq!(first.at_ms, 1_800_000_060_000);
    assert_eq!(first.id, edited(901, 1_800_000_060).id);
    // Two edits within a second, and an update's number that was used weeks ago.
    assert_ne!(first.id, edited(902, 1_800_000_060).id);
    assert_ne!(first.id, edited(901, 1_900_000_060).id);
    assert_ne!(first.id, arrived(json!({"text": "要L码"})).unwrap().id);
    let moved = message(json!({"location": {"latitude": 1.0, "longitude": 2.0}, "edit_date": 1_800_000_060}));
    assert_eq!(update(903, "edited_message", &moved).arrival().unwrap().what, What::Nothing);
}

#[test]
fn a_duplicate_has_the_same_id_and_nothing_else_has() {
    let id = |bot: i64, chat: i64, number: i64| {
        let mut message = message(json!({"text": "x", "message_id": number}));
        message["chat"]["id"] = chat.into();
        let secret = Secret::new(&"s".into()).unwrap();
        let body = json!({"update_id": 1, "message": message}).to_string();
        open_webhook(bot, &secret, Some(b"s"), body.as_bytes()).unwrap().arrival().unwrap().id
    };
    assert_eq!(id(7001, 42, 5), id(7001, 42, 5));
    let ids = [id(7001, 42, 5), id(7001, 425, 5), id(7001, 4, 25), id(70014, 2, 5), id(7002, 42, 5), id(7001, 42, 6)];
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "{ids:?}");
    assert!(ids.iter().all(|id| !id.contains(crate::arrival::BETWEEN_IDS)));
}

fn member(status: &str) -> Arrival {
    let user = json!({"id": 7001, "is_bot": true, "first_name": "A", "username": "aijia_bot"});
    let new = match status {
        "kicked" => json!({"status": "kicked", "user": user, "until_date": 0}),
        other => json!({"status": other, "user": user}),
    };
    let old = json!({"status": "member", "user": user});
    let change = json!({"chat": {"id": 42, "type": "private", "first_name": "小满"}, "date": 1_800_000_000,
        "from": {"id": 42, "is_bot": false, "first_name": "小满"}, "old_chat_member": old, "new_chat_member": new});
    update(904, "my_chat_member", &change).arrival().unwrap()
}

#[test]
fn who_blocks_the_bot_ends_the_conversation() {
    let blocked = member("kicked");
    assert_eq!((blocked.customer.as_deref(), &blocked.what), (Some("42"), &What::SessionEnded));
    assert_eq!(member("member").what, What::Nothing);
    assert_ne!(blocked.id, arrived(json!({"text": "x"})).unwrap().id);
}

#[test]
fn who_starts_the_bot_enters() {
    assert_eq!(arrived(json!({"text": "/start"})).unwrap().what, What::Entered { code: None });
    assert_eq!(arrived(json!({"text": "/start shop_7"})).unwrap().what, What::Entered { code: None });
    assert_eq!(said_of(json!({"text": "/started yesterday"})).kind, "text");
}

#[test]
fn groups_and_presses_concern_no_customer() {
    let group = json!({"chat": {"id": -100, "type": "supergroup", "title": "客服"}, "text": "/queue"});
    assert_eq!(arrived(group), None);
    let strange =
        json!({"chat": {"id": -100, "type": "supergroup", "title": "客服"}, "text": "x", "from": {"id": "?"}});
    assert_eq!(arrived(strange), None);
    assert_eq!(update(905, "callback_query", &json!({"id": "1"})).arrival(), None);
    assert_eq!(update(906, "invented_later", &json!({})).arrival(), None);
}

/// The pointers of everything in a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), found)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, inner)| places(inner, &format!("{at}/{n}"), found)),
        _ => {}
    }
}

#[test]
fn whatever_is_of_another_kind_costs_no_words() {
    let entities = json!([{"type": "bold", "offset": 0, "length": 1}]);
    let replied = message(json!({"message_id": 4, "text": "您好"}));
    let whole = message(json!({"text": "人工", "entities": entities, "reply_to_message": replied}));
    let (mut found, mut read) = (Vec::new(), 0);
    places(&whole, "", &mut found);
    let needed = ["", "/message_id", "/date", "/chat", "/chat/id", "/chat/type", "/text"];
    for place in &found {
        for other in [Value::Null, json!("x"), json!(-1.5), json!([1]), json!({"a": 1}), json!(true)] {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).unwrap() = other.clone();
            let update = update(1, "message", &changed);
            let _ = update.heard(&super::super::stand_in::me());
            let what = update.arrival().map(|arrival| arrival.what);
            if !needed.contains(&place.as_str()) {
                assert_eq!(what, Some(What::Said(Said::text("人工"))), "{place}: {other}");
                read += 1;
            }
        }
    }
    assert!(read > 100, "{read}");
}
