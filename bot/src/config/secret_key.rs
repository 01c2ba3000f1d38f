//! The secret the program derives its own keys from.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretBox};
use thiserror::Error;

/// The secret the program derives its own keys from: 32 bytes, written as 64 hexadecimal digits. Never shown.
pub struct SecretKey(SecretBox<[u8; 32]>);

impl SecretKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// The bytes, for deriving a key from them.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey([REDACTED])")
    }
}

/// Why a text is not a [`SecretKey`]. Says nothing about the text but its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadSecretKey {
    /// Not 64 characters.
    #[error("has {0} characters, must be 64")]
    Length(usize),
    /// Not hexadecimal.
    #[error("has characters other than 0-9 and a-f")]
    Digits,
}

impl FromStr for SecretKey {
    type Err = BadSecretKey;

    fn from_str(text: &str) -> Result<Self, BadSecretKey> {
        let (text, mut bytes) = (text.trim(), [0; 32]);
        match text.chars().count() {
            64 => hex::decode_to_slice(text, &mut bytes).map_err(|_| BadSecretKey::Digits)?,
            other => return Err(BadSecretKey::Length(other)),
        }
        Ok(Self::new(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_and_never_shown() {
        let key: SecretKey = format!("{}\n", "0aF1".repeat(16)).parse().unwrap();
        assert_eq!(key.expose()[..2], [0x0a, 0xf1]);
        assert_eq!(format!("{key:?}"), "SecretKey([REDACTED])");
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        assert_eq!("ab".repeat(31).parse::<SecretKey>().unwrap_err(), BadSecretKey::Length(62));
        assert_eq!("密".repeat(64).parse::<SecretKey>().unwrap_err(), BadSecretKey::Digits);
        assert_eq!("".parse::<SecretKey>().unwrap_err(), BadSecretKey::Length(0));
    }
}
