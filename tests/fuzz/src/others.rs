//! What comes over the other channels' wires, and over the AI bot's connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::official::{self, Door};
use channels::telegram::{BadWebhook, Me, Origin, Secret, Update, open_webhook};
use channels::webhook::event;
use channels::wecom::aibot::{Frame, Incoming, read_frame};
use channels::wecom::crypt::{CallbackToken, Crypt};
use channels::{Arrival, Thread, What};
use sha1::{Digest, Sha1};

const TOKEN: &str = "FuzzToken";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const APP: &str = "wxFuzz";
const ORIGINAL: &str = "gh_fuzz";
/// Unix seconds.
const NOW: i64 = 1_795_572_000;
const TIMESTAMP: &str = "1795572000";
const NONCE: &str = "1372623149";
const BOT: i64 = 7;
const SECRET: &str = "a-secret_of-ours";

/// What is stored of an arrival is what is read again, and no database refuses it.
fn is_storable(arrival: &Arrival) {
    let stored = serde_json::to_string(arrival).expect("it can be stored");
    let read: Arrival = serde_json::from_str(&stored).expect("it can be read again");
    assert_eq!(read, *arrival);
    let said = match &arrival.what {
        What::Said(said) | What::ColleagueSaid { said, .. } => Some(said.text.as_str()),
        What::Edited { text, .. } => Some(text.as_str()),
        _ => None,
    };
    assert!(!said.unwrap_or_default().contains('\0') && !arrival.id.is_empty(), "{arrival:?}");
}

/// A webhook's body that verified: read, or refused with what is wrong.
pub(crate) fn webhook_event(data: &[u8]) {
    match event::read("evt_1", data) {
        Ok(arrivals) => {
            assert!(!arrivals.is_empty() && arrivals.len() <= 21);
            for arrival in &arrivals {
                is_storable(arrival);
                let (_, conversation) = Thread::of(arrival.customer.as_deref().expect("somebody's"));
                assert!((1..=256).contains(&conversation.len()) && !conversation.contains(char::is_control));
                assert!(arrival.replies_left.is_none_or(|left| (0..=1_000).contains(&left)));
            }
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

/// A delivery of Telegram's: nobody gets in without the secret, and a customer is who writes in private.
pub(crate) fn telegram_update(data: &[u8]) {
    let secret = Secret::new(&SECRET.to_owned().into()).expect("a secret");
    assert_eq!(open_webhook(BOT, &secret, Some(data), data), Err(BadWebhook::Secret));
    let Ok(update) = open_webhook(BOT, &secret, Some(SECRET.as_bytes()), data) else { return };
    let stored = serde_json::to_string(&update).expect("it can be stored");
    assert_eq!(serde_json::from_str::<Update>(&stored).expect("it can be read again"), update);
    let _ = update.heard(&Me { id: BOT, username: "aijia_bot".to_owned() });
    let Some(arrival) = update.arrival() else { return };
    is_storable(&arrival);
    match update.origin() {
        Origin::Private { person } => assert_eq!(arrival.customer, Some(person.to_string())),
        Origin::Group => panic!("a customer in a group: {arrival:?}"),
        // Two things in one update: nobody's, see there.
        Origin::Elsewhere => {}
    }
}

/// A callback of an Official Account. The first byte says how it came: with a query and a body of its own, or as somebody
/// with the account's secrets would have made it, sealed or in clear text.
pub(crate) fn official(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let crypt = Crypt::new(TOKEN, KEY, APP).expect("the key is one");
    let token = CallbackToken::new(TOKEN).expect("a token");
    let clear = Door::Clear { token, original_id: ORIGINAL.to_owned() };
    let received = match how % 3 {
        0 => {
            let at = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            let (query, body) = (String::from_utf8_lossy(&rest[..at]), rest.get(at + 1..).unwrap_or_default());
            let _ = official::verify_url(&clear, &query, NOW);
            let received = official::receive(&Door::Sealed(crypt), &query, body, NOW);
            assert!(received.is_err(), "a callback nobody sealed was accepted");
            return;
        }
        1 => {
            let sealed = crypt.seal(rest, [7; 16], TIMESTAMP, NONCE);
            let signature = sealed.msg_signature;
            let query = format!("encrypt_type=aes&msg_signature={signature}&timestamp={TIMESTAMP}&nonce={NONCE}");
            let body = format!("<xml><Encrypt><![CDATA[{}]]></Encrypt></xml>", sealed.encrypt);
            official::receive(&Door::Sealed(crypt), &query, body.as_bytes(), NOW)
        }
        _ => {
            let query = format!("signature={}&timestamp={TIMESTAMP}&nonce={NONCE}", sign());
            official::receive(&clear, &query, rest, NOW)
        }
    };
    if let Ok(received) = received {
        is_storable(&received.arrival);
    }
}

fn sign() -> String {
    let mut parts = [TOKEN, TIMESTAMP, NONCE];
    parts.sort_unstable();
    hex::encode(Sha1::digest(parts.concat()))
}

/// A frame of the AI bot's connection: what members do is read, and survives being stored.
pub(crate) fn aibot_frame(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(Frame::Callback { req_id, body }) = read_frame(&text) else { return };
    assert!((1..=256).contains(&req_id.len()));
    let incoming = Incoming::read(&body);
    let stored = serde_json::to_string(&incoming).expect("it can be stored");
    let read: Incoming = serde_json::from_str(&stored).expect("it can be read again");
    assert_eq!(read, incoming);
    assert!(!format!("{incoming:?}").contains(&STANDARD.encode([7; 32])), "a key is printed");
}
