//! What comes over WeCom's wire.

use aes::Aes256;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::wecom::callback::{self, Received};
use channels::wecom::crypt::{Crypt, Signed};
use channels::wecom::kf::KfMessage;
use sha1::{Digest, Sha1};

const TOKEN: &str = "FuzzToken";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const KEY_BYTES: &str = "8d69989bbaabe67328014c194631ad0719b3dca035b64023df292447aab60760";
const CORP: &str = "wwFuzz";
/// Unix seconds.
const NOW: i64 = 1_795_572_000;
const TIMESTAMP: &str = "1795572000";
const NONCE: &str = "1372623149";
/// What the corpus's valid request carries; nothing else can be sealed without the key.
const SEALED: &str = "<xml><MsgType>text</MsgType><Content>hello</Content></xml>";
/// What the corpus's URL check carries.
const ECHO: &str = "1616140317555161061";

fn crypt() -> Crypt {
    Crypt::new(TOKEN, KEY, CORP).expect("the key is one")
}

/// A query, a line break, a body. Nothing is accepted but what was sealed.
pub(crate) fn envelope(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (query, body) = (String::from_utf8_lossy(&data[..at]), data.get(at + 1..).unwrap_or_default());
    if callback::receive(&crypt(), &query, body, NOW).is_ok() {
        let sealed = crypt().seal(SEALED.as_bytes(), [7; 16], TIMESTAMP, NONCE).encrypt;
        let body = String::from_utf8_lossy(body);
        assert!(body.contains(&sealed), "a callback nobody sealed was accepted");
    }
}

/// A query of the console's URL check.
pub(crate) fn url_check(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    if let Ok(echo) = callback::verify_url(&crypt(), &query, NOW) {
        assert_eq!(echo, ECHO, "a URL check nobody sealed was answered");
    }
}

/// A plaintext, padding included, as somebody with both keys could encrypt it: exactly the layout is accepted.
pub(crate) fn decrypt(data: &[u8]) {
    let mut plain = data.to_vec();
    plain.resize(data.len().next_multiple_of(16), 0);
    let key: [u8; 32] = hex::decode(KEY_BYTES).expect("hex").try_into().expect("32 bytes");
    let mut iv = [0; 16];
    iv.copy_from_slice(&key[..16]);
    let encryptor = cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into());
    let encrypt = STANDARD.encode(encryptor.encrypt_padded_vec::<NoPadding>(&plain));
    let signature = sign(&encrypt);
    let signed = Signed { msg_signature: &signature, timestamp: TIMESTAMP, nonce: NONCE };
    let opened = crypt().open(&signed, &encrypt).ok();
    assert_eq!(opened.as_deref(), message_in(&plain), "{}", hex::encode(&plain));
}

/// The layout said once more: `random[16] ‖ u32_be(len) ‖ message ‖ receive id ‖ padding`, padded to 32 (wecom 90968).
fn message_in(plain: &[u8]) -> Option<&[u8]> {
    let pad = *plain.last()?;
    if pad == 0 || pad > 32 || usize::from(pad) > plain.len() {
        return None;
    }
    let (inner, padding) = plain.split_at(plain.len() - usize::from(pad));
    if inner.len() < 20 || padding.iter().any(|b| *b != pad) {
        return None;
    }
    let len = u32::from_be_bytes([inner[16], inner[17], inner[18], inner[19]]) as usize;
    let message = inner[20..].strip_suffix(CORP.as_bytes())?;
    (message.len() == len).then_some(message)
}

fn sign(encrypt: &str) -> String {
    let mut parts = [TOKEN, TIMESTAMP, NONCE, encrypt];
    parts.sort_unstable();
    hex::encode(Sha1::digest(parts.concat()))
}

/// The XML inside a callback that was sealed properly: read or refused, and what was read survives being stored.
pub(crate) fn event(data: &[u8]) {
    let sealed = crypt().seal(data, [7; 16], TIMESTAMP, NONCE);
    let query = format!("msg_signature={}&timestamp={TIMESTAMP}&nonce={NONCE}", sealed.msg_signature);
    let body = format!("<xml><Encrypt><![CDATA[{}]]></Encrypt></xml>", sealed.encrypt);
    let Ok(received) = callback::receive(&crypt(), &query, body.as_bytes(), NOW) else { return };
    let stored = serde_json::to_string(&received).expect("it can be stored");
    let read: Received = serde_json::from_str(&stored).expect("it can be read again");
    assert_eq!(read, received);
}

/// One message of a page: whatever it is, it is read, and survives being stored.
pub(crate) fn sync_msg(data: &[u8]) {
    let Ok(raw) = serde_json::from_slice(data) else { return };
    let message = KfMessage::read(&raw, "wkFuzz");
    let stored = serde_json::to_string(&message).expect("it can be stored");
    let read: KfMessage = serde_json::from_str(&stored).expect("it can be read again");
    assert_eq!(read, message);
}
