use serde_json::json;

use super::super::stand_in::{BOT, StandIn, TOKEN, bot};
use super::super::{OFFICIAL, Refusal};
use super::*;

const SECRET: &str = "hook_SECRET-1";
const BODY: &[u8] =
    br#"{"update_id":900,"message":{"message_id":5,"date":1,"chat":{"id":42,"type":"private"},"text":"x"}}"#;

fn secret() -> Secret {
    Secret::new(&SECRET.into()).unwrap()
}

#[test]
fn a_webhook_request_is_verified_before_it_is_read() {
    let open = |header: Option<&[u8]>, body: &[u8]| open_webhook(BOT, &secret(), header, body);
    let update = open(Some(SECRET.as_bytes()), BODY).unwrap();
    assert_eq!((update.bot, update.id), (BOT, 900));
    for wrong in [None, Some(&b""[..]), Some(b"hook_SECRET-2"), Some(b"hook_SECRET-"), Some(b"hook_SECRET-11")] {
        assert_eq!(open(wrong, BODY), Err(BadWebhook::Secret));
        assert_eq!(open(wrong, b"not json"), Err(BadWebhook::Secret));
    }
    let right = Some(SECRET.as_bytes());
    for body in [&b""[..], b"[]", b"{}", b"{\"update_id\":\"900\"}", b"\xff"] {
        assert_eq!(open(right, body), Err(BadWebhook::NoUpdate));
    }
    assert_eq!(open(right, &vec![b' '; MAX_UPDATE + 1]), Err(BadWebhook::TooLarge));
}

#[test]
fn a_secret_is_what_telegram_takes() {
    for bad in ["", "a b", "密", "a/b", &"x".repeat(257)] {
        assert!(Secret::new(&bad.into()).is_none(), "{bad}");
    }
    assert!(Secret::new(&"x".repeat(256).into()).is_some());
    assert!(!format!("{:?}", secret()).contains("hook"));
}

#[test]
fn a_stored_update_reads_the_same() {
    let update = open_webhook(BOT, &secret(), Some(SECRET.as_bytes()), BODY).unwrap();
    let stored = serde_json::to_string(&update).unwrap();
    let again: Update = serde_json::from_str(&stored).unwrap();
    assert_eq!((&again, again.arrival()), (&update, update.arrival()));
    assert!(again.arrival().is_some() && !format!("{again:?}").contains("chat"));
}

#[tokio::test]
async fn a_poll_names_what_it_wants_and_reads_what_it_can() {
    let page = r#"{"ok":true,"result":[{"update_id":900,"message":{"message_id":5,"date":1,"chat":{"id":42,"type":"private"},"text":"x"}},{"update_id":901,"invented_later":{}},{"strange":1}]}"#;
    let server = StandIn::answering(200, page).await;
    let updates = server.bot().poll(Some(899), 100, 0).await.unwrap();
    assert_eq!(updates.iter().map(|update| update.id).collect::<Vec<_>>(), [900, 901]);
    // The same value as one that was delivered.
    assert_eq!(updates[0], open_webhook(BOT, &secret(), Some(SECRET.as_bytes()), BODY).unwrap());
    let wanted = json!(["message", "edited_message", "callback_query", "my_chat_member"]);
    let expected = json!({"offset": 899, "limit": 100, "timeout": 0, "allowed_updates": wanted});
    assert_eq!(server.only(), (format!("/bot{TOKEN}/GetUpdates"), expected));
}

#[tokio::test]
async fn another_poller_is_a_matter_of_setup() {
    let conflict = r#"{"ok":false,"error_code":409,"description":"Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}"#;
    let server = StandIn::answering(409, conflict).await;
    assert_eq!(server.bot().poll(None, 10, 0).await.unwrap_err().refusal(), Some(Refusal::Setup));
    assert_eq!(server.only().1.get("offset"), None);
    assert!(matches!(bot(OFFICIAL).poll(Some(i64::MAX), 1, 0).await, Err(CallError::NotSent { .. })));
}

#[tokio::test]
async fn a_webhook_is_set_with_its_secret() {
    let server = StandIn::answering(200, r#"{"ok":true,"result":true}"#).await;
    let (url, secret) = (Url::parse("https://desk.example/callback/telegram").unwrap(), secret());
    server.bot().set_webhook(Webhook { url, secret: &secret, connections: 0 }).await.unwrap();
    let body = server.only().1;
    assert_eq!((&body["secret_token"], &body["max_connections"]), (&json!(SECRET), &json!(1)));
    assert_eq!(body["url"], "https://desk.example/callback/telegram");
    let server = StandIn::answering(200, r#"{"ok":true,"result":true}"#).await;
    server.bot().delete_webhook().await.unwrap();
    assert_eq!(server.only(), (format!("/bot{TOKEN}/DeleteWebhook"), json!({"drop_pending_updates": false})));
}

#[test]
fn an_update_comes_from_one_chat() {
    let origin = |update: serde_json::Value| Update::of(7, &update).unwrap().origin();
    let private = json!({"id": 80_001, "type": "private"});
    let group = json!({"id": -100_200, "type": "supergroup"});
    for kind in ["message", "edited_message", "my_chat_member"] {
        assert_eq!(origin(json!({"update_id": 1, kind: {"chat": private}})), Origin::Private { person: 80_001 });
        assert_eq!(origin(json!({"update_id": 1, kind: {"chat": group}})), Origin::Group);
    }
    let press = json!({"update_id": 1, "callback_query": {"message": {"chat": private}}});
    assert_eq!(origin(press), Origin::Private { person: 80_001 });
    for nobody in [json!({"poll": {}}), json!({"message": {"chat": {"type": "private"}}}), json!({})] {
        let mut update = nobody;
        update["update_id"] = json!(1);
        assert_eq!(origin(update), Origin::Elsewhere);
    }
    let two = json!({"update_id": 1, "message": {"chat": group}, "my_chat_member": {"chat": private}});
    assert_eq!(origin(two), Origin::Elsewhere);
}
