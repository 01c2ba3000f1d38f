use proptest::prelude::*;
use serde_json::json;

use super::*;

fn body(kind: &str, data: Value) -> Vec<u8> {
    json!({ "type": kind, "timestamp": "2026-11-30T10:00:00+08:00", "data": data }).to_string().into_bytes()
}

const AT: i64 = 1_796_004_000_000;

fn read_one(kind: &str, data: Value) -> Result<Arrival, BadEvent> {
    read("msg_1", &body(kind, data)).map(|mut all| all.remove(0))
}

fn refused(kind: &str, data: Value) -> String {
    read_one(kind, data).unwrap_err().to_string()
}

#[test]
fn a_customers_words_are_read() {
    let said = read_one(
        "message.created",
        json!({
            "conversation_id": "c-81", "message_id": 5012, "text": "这件羽绒服能机洗吗？", "new_field": {"a": 1},
            "customer": {"id": "u1", "display_name": "小林"}, "sent_at": "2026-11-30T09:59:58.5+08:00",
        }),
    );
    let what = What::Said(Said::text("这件羽绒服能机洗吗？"));
    let (customer, name) = (Some("c-81".to_owned()), Some("小林".to_owned()));
    let id = "5012".to_owned();
    assert_eq!(
        said,
        Ok(Arrival { id, customer, name, at_ms: AT - 1_500, replies_until_ms: None, replies_left: None, what })
    );
}

#[test]
fn attachments_are_messages_of_their_own() {
    let data = json!({
        "conversation_id": "c", "message_id": "m", "text": "看图",
        "attachments": [{"kind": "image", "url": "https://cdn.example/1.png"}, {"url": "https://cdn.example/2"}],
    });
    let all = read("msg_1", &body("message.created", data)).unwrap();
    let ids: Vec<&str> = all.iter().map(|arrival| arrival.id.as_str()).collect();
    assert_eq!(ids, ["m", "m#1", "m#2"]);
    assert_eq!(all[1].what, What::Said(Said::of("image", "https://cdn.example/1.png", None)));
    assert_eq!(all[2].what, What::Said(Said::of("file", "https://cdn.example/2", None)));
}

#[test]
fn everything_else_is_read() {
    let edited = read_one("message.edited", json!({"conversation_id": "c", "message_id": "m", "text": "改一下：L码"}));
    assert_eq!(edited.unwrap().what, What::Edited { id: "m".into(), text: "改一下：L码".into() });
    let back = read_one("message.recalled", json!({"conversation_id": "c", "message_id": "m"})).unwrap();
    assert_eq!((back.what, back.id.as_str()), (What::TakenBack { id: "m".into() }, "event:msg_1"));
    let closed = read_one("conversation.closed", json!({"conversation_id": "c"})).unwrap();
    assert_eq!(closed.what, What::SessionEnded);
    let update = |state| read_one("delivery.updated", json!({"conversation_id": "c", "reply_id": "r", "state": state}));
    assert_eq!(update("sent").unwrap().what, What::Delivered { id: "r".into() });
    let failed = What::NotDelivered { id: "r".into(), why: 0, budget_spent: false };
    assert_eq!(update("failed").unwrap().what, failed);
    assert_eq!(update("unknown").unwrap().what, What::DeliveryUnknown { id: "r".into() });
    assert!(update("lost").is_err());
}

#[test]
fn who_speaks_is_told_apart() {
    let said = |role| {
        let data =
            json!({"conversation_id": "c", "message_id": "m", "text": "好", "sender_role": role, "sender_id": "ann"});
        read_one("message.created", data).map(|arrival| arrival.what)
    };
    let colleague = What::ColleagueSaid { member: "ann".into(), said: Said::text("好") };
    assert_eq!(said("agent"), Ok(colleague));
    assert_eq!((said("bot"), said("system")), (Ok(What::Nothing), Ok(What::Nothing)));
    assert!(said("stranger").is_err_and(|e| e.to_string().contains("data.sender_role")));
}

#[test]
fn a_reply_window_is_the_integrators_to_say() {
    let until = |window: Value| {
        let data = json!({"conversation_id": "c", "message_id": "m", "text": "在吗", "reply_window": window});
        read_one("message.created", data).map(|arrival| arrival.replies_until_ms)
    };
    assert_eq!(until(json!({"closes_at": "2026-12-01T10:00:00+08:00"})), Ok(Some(AT + 86_400_000)));
    assert_eq!(until(json!({"can_send": false})), Ok(Some(AT)));
    assert_eq!(until(json!({})), Ok(None));
    assert!(until(json!({"closes_at": "tomorrow"})).is_err());
}

#[test]
fn every_event_can_name_what_is_left_of_the_window() {
    let window = json!({"closes_at": "2026-12-01T10:00:00+08:00", "messages_left": 3});
    let with = |kind: &str| {
        let data = json!({"conversation_id": "c", "message_id": "m", "reply_id": "r", "state": "sent", "text": "好",
            "reply_window": window});
        read_one(kind, data).unwrap()
    };
    for kind in ["message.created", "message.edited", "message.recalled", "conversation.closed", "delivery.updated"] {
        let arrival = with(kind);
        assert_eq!((arrival.replies_until_ms, arrival.replies_left), (Some(AT + 86_400_000), Some(3)), "{kind}");
    }
}

#[test]
fn a_comment_is_a_thread_of_its_own() {
    let customer = |kind: Option<&str>| {
        let data = json!({"conversation_id": "c", "message_id": "m", "text": "好看", "thread_kind": kind});
        read_one("message.created", data).unwrap().customer.unwrap()
    };
    assert_eq!(Thread::of(&customer(Some("comment"))), (Thread::Comment, "c"));
    assert_eq!((customer(Some("dm")), customer(None)), ("c".to_owned(), "c".to_owned()));
}

#[test]
fn what_is_wrong_is_named() {
    for (data, field) in [
        (json!({"message_id": "m", "text": "x"}), "data.conversation_id"),
        (json!({"conversation_id": "c", "text": "x"}), "data.message_id"),
        (json!({"conversation_id": "c", "message_id": "", "text": "x"}), "data.message_id"),
        (json!({"conversation_id": "c", "message_id": "m"}), "data.text"),
        (json!({"conversation_id": "c", "message_id": "m", "text": "x".repeat(40_000)}), "data.text"),
        (json!({"conversation_id": "c", "message_id": "m", "text": "x", "thread_kind": "story"}), "data.thread_kind"),
        (
            json!({"conversation_id": "c", "message_id": "m", "text": "x", "reply_window": {"messages_left": -1}}),
            "data.reply_window.messages_left",
        ),
        (json!({"conversation_id": "c", "message_id": "m", "text": "x", "sent_at": "noon"}), "data.sent_at"),
    ] {
        assert!(refused("message.created", data).contains(field), "{field}");
    }
    assert!(refused("message.liked", json!({"conversation_id": "c"})).contains("message.created"));
    for broken in [&b"{}"[..], b"[]", b"{\"type\":1}", b"\xff", b""] {
        assert_eq!(read("msg_1", broken), Err(BadEvent::Shape));
    }
    let no_time = br#"{"type":"conversation.closed","timestamp":"soon","data":{"conversation_id":"c"}}"#;
    assert_eq!(read("msg_1", no_time), Err(TIMESTAMP));
}

proptest! {
    #[test]
    fn nothing_panics_and_no_zero_byte_gets_through(
        kind in "message\\.(created|edited|recalled)|delivery\\.updated|\\PC{0,20}",
        text in ".{0,60}",
        id in ".{0,20}",
    ) {
        let data = json!({"conversation_id": id, "message_id": id, "reply_id": id, "text": text, "state": "sent"});
        if let Ok(arrivals) = read("msg_1", &body(&kind, data)) {
            prop_assert!(arrivals.iter().all(|arrival| !arrival.id.contains('\0')));
        }
    }
}
