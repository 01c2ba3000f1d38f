//! What a pressed button says, and the code that ties it to the bytes that were shown.

use std::fmt;

use crate::names::Act;

/// Characters of a code: lower-case letters and digits without the look-alikes 0 o, 1 l i.
const ALPHABET: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Characters in a code.
const CODE_LEN: usize = 4;
/// What the button of a settled card starts with: it must exist and decides nothing.
const SETTLED: &str = "settled";

/// The code of a draft: four characters a person can read out and type. It names a version, it is not a proof:
/// the digest is.
pub fn code_of(digest: &[u8; 32]) -> String {
    let base = ALPHABET.len() as u64;
    let [a, b, c, d, e, f, g, h, ..] = *digest;
    let mut rest = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let mut code = String::with_capacity(CODE_LEN);
    for _ in 0..CODE_LEN {
        code.extend(ALPHABET.get((rest % base) as usize).map(|byte| char::from(*byte)));
        rest /= base;
    }
    code
}

/// Whether the text could be a code: four characters of the alphabet. Upper case is not folded here.
pub fn is_code(text: &str) -> bool {
    text.len() == CODE_LEN && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// What a button carries, and gives back when pressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The desk's short number of the case.
    pub case: i64,
    /// The version that was shown.
    pub version: i64,
    /// That version's code, as [`code_of`] makes it.
    pub code: String,
    /// What to do.
    pub act: Act,
}

/// Why a key is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The button of a card on which there is nothing left to decide: tell the presser so.
    #[error("the card of case {case} is settled")]
    Settled {
        /// The case the card was about.
        case: i64,
    },
    /// No button of ours: forged, or made by something else.
    #[error("not a button of ours")]
    Malformed,
}

impl Key {
    /// The `event_key` of a button, `send:81:2:7f3k`: ASCII, at most 64 bytes (WeCom allows 1,024: wecom 90236).
    pub fn encode(&self) -> String {
        self.to_string()
    }

    /// Reads what [`Key::encode`] wrote, and nothing else: any other spelling of the same numbers is refused.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut fields = text.split(':');
        let fields = [fields.next(), fields.next(), fields.next(), fields.next(), fields.next()];
        match fields {
            [Some(SETTLED), Some(case), None, ..] => {
                Err(number(case).map_or_else(|bad| bad, |case| BadKey::Settled { case }))
            }
            [Some(act), Some(case), Some(version), Some(code), None] if is_code(code) => Ok(Self {
                case: number(case)?,
                version: number(version)?,
                code: code.to_owned(),
                act: act.parse().map_err(|_| BadKey::Malformed)?,
            }),
            _ => Err(BadKey::Malformed),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}:{}", self.act.as_str(), self.case, self.version, self.code)
    }
}

/// The key of a settled card's button; [`Key::parse`] answers it with [`BadKey::Settled`].
pub(crate) fn settled_key(case: i64) -> String {
    format!("{SETTLED}:{case}")
}

/// Reads a number only as it is written by us: no plus sign, no leading zeros.
pub(crate) fn number(text: &str) -> Result<i64, BadKey> {
    let value: i64 = text.parse().map_err(|_| BadKey::Malformed)?;
    if value.to_string() == text { Ok(value) } else { Err(BadKey::Malformed) }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
