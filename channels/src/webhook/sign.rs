//! Signatures of Standard Webhooks 1.0.0, in both directions.
//!
//! Signed are the bytes `id "." timestamp "." body`, the body exactly as it travelled. `v1` is HMAC-SHA256 under a key of
//! 24 to 64 bytes, written `whsec_` and its base64. A header may carry several signatures: whoever changes a key signs
//! with the old and the new one for a while. Versions we do not know are passed over.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Seconds that a timestamp may differ from our clock, in either direction.
pub const TOLERANCE: i64 = 300;
/// Bytes of a key.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;
/// What a key's text begins with.
const PREFIX: &str = "whsec_";
/// Longest id: it is kept as long as its message.
const ID_MAX: usize = 256;
/// Signatures looked at in one header; more than any change of keys needs.
const SIGNATURES: usize = 16;

/// Padded or not: the reference libraries disagree.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a key cannot be used. The message never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not base64.
    #[error("a webhook secret is `{PREFIX}` and base64")]
    Encoding,
    /// It is too short to be safe, or longer than the specification allows.
    #[error("a webhook secret holds {found} bytes, must be {} to {}", KEY.start(), KEY.end())]
    Length {
        /// Bytes found.
        found: usize,
    },
}

/// A key shared with one other system.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Reads `whsec_…`; the prefix may be missing.
    ///
    /// # Errors
    /// [`KeyError`], see there.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let bytes = BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| KeyError::Encoding)?;
        let length = KeyError::Length { found: bytes.len() };
        if !KEY.contains(&bytes.len()) {
            return Err(length);
        }
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| length)
    }

    /// The signature of a message of ours: `v1,` and base64. `id` holds no dot; `at_secs` is Unix time in seconds.
    pub fn sign(&self, id: &str, at_secs: i64, body: &[u8]) -> String {
        format!("v1,{}", BASE64.encode(self.mac(id, &at_secs.to_string(), body)))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The three headers of a message, as they travelled.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `webhook-id`: the same over all tries of one message.
    pub id: &'a str,
    /// `webhook-timestamp`: of this try, Unix time in seconds.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signature: &'a str,
}

/// Why a message is refused. For the operator's log only: the sender hears one and the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// The id is empty, too long, or holds a dot or anything that is no printable ASCII.
    #[error("webhook-id is not usable")]
    Id,
    /// The timestamp is not a whole number of seconds.
    #[error("webhook-timestamp is not a number of seconds")]
    Timestamp,
    /// The message is older than the tolerance: a replay, or a clock that is wrong.
    #[error("the message is more than {TOLERANCE} s old")]
    TooOld,
    /// The message is from the future: a clock is wrong.
    #[error("the message is more than {TOLERANCE} s ahead of our clock")]
    TooNew,
    /// No signature is by one of our keys.
    #[error("no signature matches")]
    NoMatch,
}

/// Verifies a message by any of these keys, in a time that does not tell which of them matched, or where one differed.
///
/// # Errors
/// [`BadSignature`], see there.
pub fn verify(keys: &[Key], headers: Headers<'_>, body: &[u8], now_secs: i64) -> Result<(), BadSignature> {
    let Headers { id, timestamp, signature } = headers;
    let usable = id.len() <= ID_MAX && !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
    if !usable {
        return Err(BadSignature::Id);
    }
    is_fresh(timestamp, now_secs)?;
    let given: Vec<Vec<u8>> = signature.split(' ').filter_map(v1).take(SIGNATURES).collect();
    let mut matched = Choice::from(0);
    for key in keys {
        let own = key.mac(id, timestamp, body);
        for other in &given {
            matched |= own.as_slice().ct_eq(other);
        }
    }
    if bool::from(matched) { Ok(()) } else { Err(BadSignature::NoMatch) }
}

fn is_fresh(timestamp: &str, now_secs: i64) -> Result<(), BadSignature> {
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
    let at: i64 = timestamp.parse().ok().filter(|_| digits).ok_or(BadSignature::Timestamp)?;
    match now_secs.saturating_sub(at) {
        age if age < -TOLERANCE => Err(BadSignature::TooNew),
        age if age > TOLERANCE => Err(BadSignature::TooOld),
        _ => Ok(()),
    }
}

/// The bytes of a `v1` signature; nothing of anything else.
fn v1(entry: &str) -> Option<Vec<u8>> {
    let (version, encoded) = entry.split_once(',')?;
    (version == "v1").then(|| BASE64.decode(encoded).ok()).flatten()
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
