//! One callback of a self-built app: verify, decrypt, read (wecom 90968, 90238, 90239, 90240).
//!
//! Order of the checks: formats of the query, freshness, the one `<Encrypt>`, signature, cipher, and only then content.
//! Every failure is a [`BadCallback`]; the HTTP edge answers all of them with the same bytes and logs the reason.

mod incoming;
mod pinned;

pub use incoming::{CardTap, Incoming, KfAccounts, MemberContent, MemberMessage};
pub(crate) use pinned::Pinned;

use super::crypt::{Crypt, CryptError, CryptFault};
use super::query::Query;
use super::xml::{self, XmlError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Largest body read, in bytes: it is read before anybody has vouched for it, and a real one has a few kilobytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Longest text of a URL check, in bytes; WeCom's have 19 digits.
pub(crate) const MAX_ECHO: usize = 256;
/// How far the signed timestamp may lie from now, in seconds, either way.
pub const MAX_SKEW_SECS: i64 = 300;

/// Why a callback was not accepted. For the log; the outside gets one answer for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCallback {
    /// The query string is malformed, or names a parameter twice.
    #[error("malformed query")]
    Query,
    /// A parameter is missing or not in its pinned format.
    #[error("query parameter {0} is missing or not in its format")]
    Parameter(&'static str),
    /// The signed timestamp is more than [`MAX_SKEW_SECS`] from now: a replay, or one of the two clocks is wrong.
    #[error("timestamp is {skew_secs} s from now")]
    Stale {
        /// Signed timestamp minus now, in seconds.
        skew_secs: i64,
    },
    /// The body is too large, not a strict envelope, or has no single `<Encrypt>`.
    #[error("not a callback envelope")]
    Envelope,
    /// Signature or cipher.
    #[error("callback refused: {0:?}")]
    Refused(CryptFault),
    /// Signed and decrypted, but the content is not XML we can read.
    #[error("decrypted content: {0}")]
    Content(&'static str),
}

impl From<CryptError> for BadCallback {
    fn from(error: CryptError) -> Self {
        BadCallback::Refused(error.fault())
    }
}

impl From<XmlError> for BadCallback {
    fn from(error: XmlError) -> Self {
        BadCallback::Content(match error {
            XmlError::Malformed => "not well-formed XML",
            XmlError::Forbidden => "uses a DTD or an unknown entity",
            XmlError::TooLarge => "too many elements",
        })
    }
}

/// A verified callback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The signed time, eleven digits of Unix seconds, and the hex SHA-256 of the ciphertext text: equal for a replay of
    /// the same request, and in the order of time. The base64 is canonical, so one ciphertext has one digest; sealed or
    /// signed anew, what happened still has one [`Received::event_key`].
    pub replay_key: String,
    /// Equal for two deliveries of the same happening, whatever they were sealed with: `msg:MsgId:FromUserName` for
    /// messages, `xml:` + hex SHA-256 of the decrypted XML for events (second-granular times collide, wecom 90238).
    pub event_key: String,
    /// What happened.
    pub incoming: Incoming,
}

/// Answers the console's URL check: the text to send back, byte for byte, with status 200 (wecom 90238).
///
/// `raw_query` is everything after `?`, undecoded; `now_secs` is Unix time in seconds.
///
/// # Errors
/// [`BadCallback`] if a format, the freshness, the signature or the cipher does not hold.
pub fn verify_url(crypt: &Crypt, raw_query: &str, now_secs: i64) -> Result<String, BadCallback> {
    let query = Query::parse(raw_query).ok_or(BadCallback::Query)?;
    let pinned = Pinned::read(&query, "msg_signature", now_secs)?;
    // A proxy that decoded and encoded the query again may have made spaces of the `+` signs; base64 has no spaces.
    let echostr = query.get("echostr").ok_or(BadCallback::Parameter("echostr"))?.replace(' ', "+");
    let plain = crypt.open(&pinned.signed(), &echostr)?;
    // An `<Encrypt>` and an `echostr` are signed alike: whoever has a callback in hand must not get it read out here.
    let echo = plain.len() <= MAX_ECHO && plain.iter().all(u8::is_ascii_alphanumeric);
    if !echo {
        return Err(BadCallback::Content("not an echo"));
    }
    String::from_utf8(plain).map_err(|_| BadCallback::Content("not UTF-8"))
}

/// Verifies, decrypts and reads one POST.
///
/// `raw_query` is everything after `?`, undecoded; `now_secs` is Unix time in seconds. Types and events this version
/// does not know come back as [`Incoming::Other`], never as an error.
///
/// # Errors
/// [`BadCallback`], see there.
pub fn receive(crypt: &Crypt, raw_query: &str, body: &[u8], now_secs: i64) -> Result<Received, BadCallback> {
    let query = Query::parse(raw_query).ok_or(BadCallback::Query)?;
    let pinned = Pinned::read(&query, "msg_signature", now_secs)?;
    if body.len() > MAX_BODY {
        return Err(BadCallback::Envelope);
    }
    let encrypt = xml::only_encrypt(body).map_err(|_| BadCallback::Envelope)?;
    let plain = crypt.open(&pinned.signed(), &encrypt)?;
    let text = std::str::from_utf8(&plain).map_err(|_| BadCallback::Content("not UTF-8"))?;
    let root = xml::parse(text)?;
    refuse_doubles(&root)?;
    let incoming = incoming::read(&root, pinned.at_secs);
    let replay_key = format!("{:011}-{}", pinned.at_secs, sha256_hex(encrypt.as_bytes()));
    Ok(Received { replay_key, event_key: event_key(&incoming, &plain), incoming })
}

/// The fields that say who did what must come once: a second one would mean that text escaped from its element.
pub(crate) fn refuse_doubles(root: &xml::Element) -> Result<(), BadCallback> {
    const SINGLE: [&str; 13] = [
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "MsgId",
        "Content",
        "Event",
        "EventKey",
        "TaskId",
        "CardType",
        "ResponseCode",
        "OpenKfId",
        "Token",
    ];
    if SINGLE.iter().any(|name| root.all(name).count() > 1) {
        return Err(BadCallback::Content("a single field comes twice"));
    }
    Ok(())
}

fn event_key(incoming: &Incoming, plain: &[u8]) -> String {
    match incoming {
        Incoming::Message(m) if !m.msg_id.is_empty() => format!("msg:{}:{}", m.msg_id, m.userid),
        _ => format!("xml:{}", sha256_hex(plain)),
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let mut digits = [0; 64];
    // As many digits as a digest has: this cannot fail. `hex::encode` builds its text a character at a time.
    let _ = hex::encode_to_slice(Sha256::digest(bytes), &mut digits);
    String::from_utf8_lossy(&digits).into_owned()
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
