//! 32 bytes of SHA-256, in memory and as text.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A SHA-256 hash.
pub type Digest = [u8; 32];

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not 64 lower-case hexadecimal digits")]
pub struct UnreadableDigest;

/// Reads a hash written as 64 lower-case hexadecimal digits.
///
/// # Errors
/// For anything else, capital letters included: a hash has exactly one written form, so that changing any
/// byte of it is a change.
pub fn digest_from_hex(text: &str) -> Result<Digest, UnreadableDigest> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).map_err(|_| UnreadableDigest)?;
    if text.bytes().any(|b| b.is_ascii_uppercase()) { Err(UnreadableDigest) } else { Ok(digest) }
}

/// The hash of these pieces one after another.
pub(super) fn sha256(pieces: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_exactly_one_written_form() {
        let text = "00ff".repeat(16);
        assert_eq!(digest_from_hex(&text).map(hex::encode), Ok(text.clone()));
        for bad in [text.to_uppercase(), text[2..].to_owned(), format!("{text}00"), format!("{} ", &text[1..])] {
            assert_eq!(digest_from_hex(&bad), Err(UnreadableDigest), "{bad}");
        }
    }
}
