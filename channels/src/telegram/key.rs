//! What a button carries. Telegram neither signs nor hides it, and any client may send back anything: so every button is
//! signed, and the signature covers the chat, which is not in it.
//!
//! 64 bytes of text are 48 of data: format 1 · action 1 · version 4 · card 1 to 27 · tag 15. The tag is the beginning of
//! HMAC-SHA256 over a name for this use, the chat's id, and everything before the tag.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Of the layout above; another layout is another number.
const FORMAT: u8 = 1;
/// What this key is used for, so that no other use of it can make a tag.
const PURPOSE: &[u8] = b"aijia telegram button\0";
/// Bytes before the card.
const HEAD: usize = 6;
/// Bytes of the tag: 120 bits.
const TAG: usize = 15;
/// Longest name of a card, in bytes.
pub const MAX_CARD: usize = 27;
/// Shortest key, in bytes.
const KEY_MIN: usize = 16;

/// Why a button cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key is too short to be safe.
    #[error("a button's key must have at least {KEY_MIN} bytes")]
    Short,
    /// The card's name is empty or too long.
    #[error("a card's name has 1 to {MAX_CARD} bytes")]
    Card,
}

/// It is no button of ours, or not of this chat. Which of it is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a button of ours")]
pub struct NotOurs;

/// What a button says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What to do; the numbers are the caller's.
    pub action: u8,
    /// Which version was shown.
    pub version: u32,
    /// Which card, 1 to [`MAX_CARD`] bytes.
    pub card: String,
}

/// Signs buttons, and knows them again.
#[derive(Clone)]
pub struct ButtonKey(Hmac<Sha256>);

impl std::fmt::Debug for ButtonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ButtonKey(…)")
    }
}

impl ButtonKey {
    /// From random bytes.
    ///
    /// # Errors
    /// [`KeyError::Short`].
    pub fn new(secret: &SecretSlice<u8>) -> Result<Self, KeyError> {
        let bytes = secret.expose_secret();
        if bytes.len() < KEY_MIN {
            return Err(KeyError::Short);
        }
        Hmac::new_from_slice(bytes).map(Self).map_err(|_| KeyError::Short)
    }

    /// The data of a button that is shown in `chat`: at most 64 bytes of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    /// [`KeyError::Card`].
    pub fn seal(&self, chat: i64, sealed: &Sealed) -> Result<String, KeyError> {
        if !(1..=MAX_CARD).contains(&sealed.card.len()) {
            return Err(KeyError::Card);
        }
        let mut bytes = vec![FORMAT, sealed.action];
        bytes.extend(sealed.version.to_be_bytes());
        bytes.extend(sealed.card.as_bytes());
        bytes.extend(self.tag(chat, &bytes));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the data of a button that was pressed in `chat`, in a time that does not tell where a tag differs.
    ///
    /// # Errors
    /// [`NotOurs`] for whatever [`ButtonKey::seal`] did not make for this very chat, to the last character.
    pub fn open(&self, chat: i64, data: &str) -> Result<Sealed, NotOurs> {
        let bytes = URL_SAFE_NO_PAD.decode(data).map_err(|_| NotOurs)?;
        let (body, tag) = bytes.split_at_checked(bytes.len().saturating_sub(TAG)).ok_or(NotOurs)?;
        if !bool::from(self.tag(chat, body).as_slice().ct_eq(tag)) {
            return Err(NotOurs);
        }
        let (&[FORMAT, action, a, b, c, d], card) = body.split_first_chunk::<HEAD>().ok_or(NotOurs)? else {
            return Err(NotOurs);
        };
        let card = std::str::from_utf8(card).map_err(|_| NotOurs)?.to_owned();
        Ok(Sealed { action, version: u32::from_be_bytes([a, b, c, d]), card })
    }

    fn tag(&self, chat: i64, body: &[u8]) -> [u8; TAG] {
        let mut mac = self.0.clone();
        for part in [PURPOSE, &chat.to_be_bytes(), body] {
            mac.update(part);
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; TAG];
        tag.iter_mut().zip(whole).for_each(|(short, long)| *short = long);
        tag
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
