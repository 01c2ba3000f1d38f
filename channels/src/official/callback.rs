//! One callback of a 公众号: verify, decrypt, read ("push/encryption").
//!
//! Order of the checks: mode, formats of the query, freshness, signature, cipher, and only then content. Every failure is
//! a [`BadCallback`]; the edge answers all of them with the same bytes and logs the reason, and answers what it has kept
//! with an empty body: no reply, no retry.

use super::{arrival, document};
use crate::arrival::Arrival;
use crate::wecom::callback::{MAX_ECHO, Pinned, refuse_doubles, sha256_hex};
use crate::wecom::crypt::{CallbackToken, Crypt, CryptFault};
use crate::wecom::query::Query;
use crate::wecom::xml::{self, Element};

pub use crate::wecom::callback::{BadCallback, MAX_BODY};

/// How an account's callbacks come in, as its console says (消息加解密方式). It is what we expect, never what a request
/// says of itself: who may choose the mode chooses the weakest.
#[derive(Debug, Clone)]
pub enum Door {
    /// 明文模式. The signature vouches for sender and time only, so that whoever saw one address could put other words
    /// behind it: a signature is good for one body, the first ([`Received::replay_key`]).
    Clear {
        /// From the console.
        token: CallbackToken,
        /// 原始 ID (`gh_…`), the only receiver that these bodies name.
        original_id: String,
    },
    /// 安全模式, and 兼容模式 too. What 兼容模式 says in clear text beside the ciphertext is covered by no signature, so
    /// nothing of it is read, not even to compare: the ciphertext has it all.
    Sealed(Crypt),
}

impl Door {
    fn token(&self) -> &CallbackToken {
        match self {
            Door::Clear { token, .. } => token,
            Door::Sealed(crypt) => crypt.token(),
        }
    }

    /// Without `encrypt_type`, or with `raw`, there is clear text only; `aes` means that there is a ciphertext.
    fn expects(&self, encrypt_type: Option<&str>) -> bool {
        match self {
            Door::Clear { .. } => matches!(encrypt_type, None | Some("raw")),
            Door::Sealed(_) => encrypt_type == Some("aes"),
        }
    }
}

/// A verified callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The signed time, eleven digits of Unix seconds, and a hex SHA-256: of the ciphertext text, or in clear text of the
    /// signature, whatever the body. Equal for a replay of the same request, and in the order of time.
    pub replay_key: String,
    /// What happened. Its id is equal for two deliveries of the same happening.
    pub arrival: Arrival,
}

/// Answers the console's URL check: the text to send back, byte for byte, with status 200. It is in clear text in every
/// mode, and not signed: only what can be nothing but an echo is sent back.
///
/// `raw_query` is everything after `?`, undecoded; `now_secs` is Unix time in seconds.
///
/// # Errors
/// [`BadCallback`] if a format, the freshness or the signature does not hold.
pub fn verify_url(door: &Door, raw_query: &str, now_secs: i64) -> Result<String, BadCallback> {
    let query = Query::parse(raw_query).ok_or(BadCallback::Query)?;
    let pinned = Pinned::read(&query, "signature", now_secs)?;
    door.token().check(pinned.signature, pinned.timestamp, pinned.nonce)?;
    let is_echo = |text: &&str| (1..=MAX_ECHO).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    query.get("echostr").filter(is_echo).map(str::to_owned).ok_or(BadCallback::Parameter("echostr"))
}

/// Verifies, decrypts and reads one POST, whose body is XML or JSON as the console says.
///
/// `raw_query` is everything after `?`, undecoded; `now_secs` is Unix time in seconds. Its `openid` is not signed and not
/// read. Types and events this version does not know come back as arrivals of nothing, never as an error.
///
/// # Errors
/// [`BadCallback`], see there.
pub fn receive(door: &Door, raw_query: &str, body: &[u8], now_secs: i64) -> Result<Received, BadCallback> {
    let query = Query::parse(raw_query).ok_or(BadCallback::Query)?;
    if !door.expects(query.get("encrypt_type")) {
        return Err(BadCallback::Parameter("encrypt_type"));
    }
    if body.len() > MAX_BODY {
        return Err(BadCallback::Envelope);
    }
    match door {
        Door::Clear { token, original_id } => in_clear(token, original_id, &query, body, now_secs),
        Door::Sealed(crypt) => sealed(crypt, &query, body, now_secs),
    }
}

fn in_clear(
    token: &CallbackToken,
    original_id: &str,
    query: &Query,
    body: &[u8],
    now_secs: i64,
) -> Result<Received, BadCallback> {
    let pinned = Pinned::read(query, "signature", now_secs)?;
    token.check(pinned.signature, pinned.timestamp, pinned.nonce)?;
    let root = readable(body)?;
    if root.field("ToUserName").as_deref() != Some(original_id) {
        return Err(BadCallback::Refused(CryptFault::Receiver));
    }
    received(&root, body, &pinned, pinned.signature)
}

fn sealed(crypt: &Crypt, query: &Query, body: &[u8], now_secs: i64) -> Result<Received, BadCallback> {
    let pinned = Pinned::read(query, "msg_signature", now_secs)?;
    let outer = document::read(body).map_err(|_| BadCallback::Envelope)?;
    let encrypt = xml::encrypt_in(outer).map_err(|_| BadCallback::Envelope)?;
    let plain = crypt.open(&pinned.signed(), &encrypt)?;
    received(&readable(&plain)?, &plain, &pinned, &encrypt)
}

fn readable(document: &[u8]) -> Result<Element, BadCallback> {
    let root = document::read(document)?;
    refuse_doubles(&root)?;
    Ok(root)
}

/// `unique` is what is known again of the request.
fn received(root: &Element, document: &[u8], pinned: &Pinned<'_>, unique: &str) -> Result<Received, BadCallback> {
    let replay_key = format!("{:011}-{}", pinned.at_secs, sha256_hex(unique.as_bytes()));
    let arrival = arrival::read(root, &sha256_hex(document), pinned.at_secs)?;
    Ok(Received { replay_key, arrival })
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
