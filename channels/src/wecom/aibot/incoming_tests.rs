use super::*;
use proptest::prelude::*;
use serde_json::json;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn what_of(body: Value) -> What {
    Incoming::read(&body).what
}

fn file(url: &str) -> Attachment {
    Attachment { url: url.into(), key: MediaKey::parse(KEY) }
}

#[test]
fn the_documented_message_is_read() {
    let body = json!({"msgid": "m1", "aibotid": "b1", "chattype": "single", "from": {"userid": "reviewer01"},
        "response_url": "https://x", "msgtype": "text", "text": {"content": "hi"}});
    let read = Incoming::read(&body);
    assert_eq!((read.msgid.as_str(), read.userid.as_str()), ("m1", "reviewer01"));
    assert_eq!((read.chat, read.what), (Chat::Member("reviewer01".into()), What::Text("hi".into())));
    assert_eq!((read.at_secs, read.quote), (None, None));
}

#[test]
fn a_group_is_where_the_answer_goes() {
    let body = json!({"msgid": "m2", "chatid": "wrG", "chattype": "group", "from": {"userid": "LiHua"},
        "msgtype": "text", "text": {"content": "@机器人 /状态"},
        "quote": {"msgtype": "text", "text": {"content": "旧的话"}}});
    let read = Incoming::read(&body);
    assert_eq!(read.chat, Chat::Group("wrG".into()));
    assert_eq!(read.quote, Some(Quote::Text("旧的话".into())));
}

#[test]
fn attachments_carry_their_keys() {
    let with = |kind: &str| {
        let mut body = json!({"msgtype": kind});
        body[kind] = json!({"url": "https://f/1", "aeskey": KEY});
        what_of(body)
    };
    assert_eq!(with("image"), What::Image(file("https://f/1")));
    assert_eq!(with("file"), What::File(file("https://f/1")));
    assert_eq!(with("video"), What::Video(file("https://f/1")));
    let without = what_of(json!({"msgtype": "image", "image": {"url": "https://f/1"}}));
    assert_eq!(without, What::Image(Attachment { url: "https://f/1".into(), key: None }));
    let bad = what_of(json!({"msgtype": "image", "image": {"url": "https://f/1", "aeskey": "short"}}));
    assert_eq!(bad, What::Other("image".into()));
}

#[test]
fn keys_are_read_padded_or_not_and_never_shown() {
    let key = MediaKey::parse(KEY).unwrap();
    assert_eq!(MediaKey::parse(KEY.trim_end_matches('=')), Some(key.clone()));
    // 43 characters carry 258 bits; real keys set the last two.
    assert_eq!(MediaKey::parse(&format!("{}9", &KEY[..42])).map(|k| k.0[..31].to_vec()), Some(key.0[..31].to_vec()));
    assert_eq!(MediaKey::parse("AAAA"), None);
    let image = What::Image(file("https://f/1"));
    assert!(!format!("{image:?} {key:?}").contains("f/1") && !format!("{key:?}").contains("AAEC"));
    let stored = serde_json::to_string(&image).unwrap();
    assert_eq!(serde_json::from_str::<What>(&stored).unwrap(), image);
}

#[test]
fn mixed_voice_and_quotes_are_read() {
    let items = json!([{"msgtype": "text", "text": {"content": "看这个"}},
        {"msgtype": "image", "image": {"url": "https://f/2", "aeskey": KEY}}, {"msgtype": "new"}]);
    let pieces = vec![Piece::Text("看这个".into()), Piece::Image(file("https://f/2"))];
    let mixed = json!({"msgtype": "mixed", "mixed": {"msg_item": items}});
    assert_eq!(what_of(mixed.clone()), What::Mixed(pieces.clone()));
    let voice = json!({"msgtype": "voice", "voice": {"content": "发送八十一号"}, "quote": mixed});
    let read = Incoming::read(&voice);
    assert_eq!((read.what, read.quote), (What::Voice("发送八十一号".into()), Some(Quote::Mixed(pieces))));
}

#[test]
fn a_tap_is_read_in_every_spelling() {
    let expected = Tap {
        task_id: "case-81-r1".into(),
        card_type: "button_interaction".into(),
        event_key: "ok:81:1".into(),
        selected: vec![("hint".into(), vec!["shorter".into()])],
    };
    let documented = json!({"card_type": "button_interaction", "event_key": "ok:81:1", "task_id": "case-81-r1",
        "selected_items": {"selected_item": [{"question_key": "hint", "option_ids": {"option_id": ["shorter"]}}]}});
    let tables = json!({"cardtype": "button_interaction", "eventkey": "ok:81:1", "taskid": "case-81-r1",
        "selecteditems": {"selecteditem": [{"questionkey": "hint", "optionids": {"optionid": ["shorter"]}}]}});
    let camel = json!({"cardType": "button_interaction", "eventKey": "ok:81:1", "taskId": "case-81-r1",
        "selectedItems": [{"questionKey": "hint", "optionIds": ["shorter"]}]});
    for inner in [documented, tables, camel] {
        let event = json!({"eventtype": "template_card_event", "template_card_event": inner});
        let body = json!({"msgid": "e1", "msgtype": "event", "create_time": 1_700_000_000, "event": event,
            "from": {"userid": "LiHua"}});
        let read = Incoming::read(&body);
        assert_eq!((read.what, read.at_secs), (What::Tap(expected.clone()), Some(1_700_000_000)));
    }
}

#[test]
fn a_tap_without_its_card_or_button_decides_nothing() {
    for inner in [json!({"event_key": "ok"}), json!({"task_id": "t"}), json!(null)] {
        let event = json!({"eventtype": "template_card_event", "template_card_event": inner});
        let read = what_of(json!({"msgtype": "event", "event": event}));
        assert_eq!(read, What::Other("template_card_event".into()));
    }
    let long = json!({"event_key": "k".repeat(MAX_KEY + 1), "task_id": "t"});
    let event = json!({"eventtype": "template_card_event", "template_card_event": long});
    assert!(matches!(what_of(json!({"msgtype": "event", "event": event})), What::Other(_)));
}

#[test]
fn the_other_events_are_read() {
    let event = |event: Value| what_of(json!({"msgtype": "event", "event": event}));
    assert_eq!(event(json!({"eventtype": "enter_chat"})), What::Entered);
    assert_eq!(event(json!({"eventtype": "disconnected_event"})), What::Disconnected);
    let feedback = json!({"id": "f1", "type": 2, "content": "不对", "inaccurate_reason_list": [3, 4]});
    let expected =
        What::Feedback { id: "f1".into(), rating: Rating::Bad, words: Some("不对".into()), reasons: vec![3, 4] };
    assert_eq!(event(json!({"eventtype": "feedback_event", "feedback_event": feedback})), expected);
    assert_eq!(event(json!({"eventtype": "brand_new"})), What::Other("brand_new".into()));
    assert_eq!(event(json!(7)), What::Other(String::new()));
}

const NAMES: &[&str] =
    &["msgtype", "event", "eventtype", "template_card_event", "event_key", "task_id", "selected_items", "image"];
const WORDS: &[&str] = &["text", "event", "mixed", "image", "template_card_event", "feedback_event", "enter_chat", ""];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        proptest::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(NAMES), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics_and_everything_can_be_stored(body in any_json()) {
        let read = Incoming::read(&body);
        let stored = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(serde_json::from_str::<Incoming>(&stored).unwrap(), read);
    }
}
