//! Signed checkpoints of the tree: one line, to be kept where the database's keeper cannot change it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use thiserror::Error;

use super::digest::{Digest, digest_from_hex, sha256};
use super::merkle::Tree;

/// What a checkpoint's line begins with, its version included.
const WORD: &str = "aijia-checkpoint/1";
/// Longest origin, in bytes.
const ORIGIN_MAX: usize = 128;

/// A signed statement that the tree had this root at this size. Written as one line:
///
/// `aijia-checkpoint/1 origin=SHOP size=12 root=HEX at_ms=1767225600000 key=HEX sig=BASE64`
///
/// The Ed25519 signature is over the line up to and without ` sig=`. `key` is the first 8 bytes of the
/// SHA-256 of the public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose record it is about.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// The root over their hashes.
    pub root: Digest,
    /// When it was signed, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Which key signed it: 16 lower-case hexadecimal digits.
    pub key_id: String,
    /// The signature, 64 bytes.
    pub signature: Vec<u8>,
}

/// Why a checkpoint cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadCheckpoint {
    /// The text is not a checkpoint.
    #[error("not a checkpoint: expected one line that begins with {WORD}")]
    Unreadable,
    /// It names another key than the one it is checked with.
    #[error("the checkpoint was signed with another key")]
    OtherKey,
    /// The signature does not belong to this text.
    #[error("the checkpoint's signature is not valid")]
    BadSignature,
}

/// Bytes that are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an Ed25519 key")]
pub struct BadKey;

impl Checkpoint {
    /// Reads a line written by this type's `Display`.
    ///
    /// # Errors
    /// [`BadCheckpoint::Unreadable`]. The signature is not checked: see [`Checkpoint::verify`].
    pub fn parse(line: &str) -> Result<Self, BadCheckpoint> {
        parts(line.trim()).ok_or(BadCheckpoint::Unreadable)
    }

    /// Whether this key signed this checkpoint.
    ///
    /// # Errors
    /// When it names another key, or the signature does not belong to the text.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadCheckpoint> {
        if self.key_id != key.id() {
            return Err(BadCheckpoint::OtherKey);
        }
        let signed = UnparsedPublicKey::new(&ED25519, key.0).verify(self.body().as_bytes(), &self.signature);
        signed.map_err(|_| BadCheckpoint::BadSignature)
    }

    /// Whether this checkpoint saw more than `tree` holds: the record was rolled back, as after restoring an
    /// old backup.
    pub fn newer_than(&self, tree: &Tree) -> bool {
        self.size > tree.size()
    }

    /// What is signed: the line without its signature.
    fn body(&self) -> String {
        let Self { origin, size, root, at_ms, key_id, .. } = self;
        format!("{WORD} origin={origin} size={size} root={} at_ms={at_ms} key={key_id}", hex::encode(root))
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sig={}", self.body(), STANDARD.encode(&self.signature))
    }
}

impl FromStr for Checkpoint {
    type Err = BadCheckpoint;

    fn from_str(line: &str) -> Result<Self, BadCheckpoint> {
        Self::parse(line)
    }
}

fn parts(line: &str) -> Option<Checkpoint> {
    let mut words = line.split(' ');
    if words.next() != Some(WORD) {
        return None;
    }
    let mut value = |name| words.next()?.strip_prefix(name)?.strip_prefix('=');
    let checkpoint = Checkpoint {
        origin: value("origin")?.to_owned(),
        size: value("size")?.parse().ok()?,
        root: digest_from_hex(value("root")?).ok()?,
        at_ms: value("at_ms")?.parse().ok()?,
        key_id: value("key")?.to_owned(),
        signature: STANDARD.decode(value("sig")?).ok()?,
    };
    // A checkpoint has exactly one written form: what we would write ourselves.
    (checkpoint.to_string() == line).then_some(checkpoint)
}

/// The key that signs checkpoints.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

impl SigningKey {
    /// The key with this secret seed.
    ///
    /// # Errors
    /// When the seed cannot be a key.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| BadKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| BadKey)?;
        Ok(Self { pair, public: VerifyingKey(public) })
    }

    /// Signs that `tree` is the record of `origin` at `at_ms`. Characters of `origin` that would break the line
    /// (anything but ASCII letters, digits and `. _ - : / @`) become `-`.
    pub fn sign(&self, origin: &str, tree: &Tree, at_ms: i64) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            origin: tidy(origin),
            size: tree.size(),
            root: tree.root(),
            at_ms,
            key_id: self.public.id(),
            signature: Vec::new(),
        };
        checkpoint.signature = self.pair.sign(checkpoint.body().as_bytes()).as_ref().to_vec();
        checkpoint
    }

    /// The key others check our checkpoints with.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.id())
    }
}

fn tidy(origin: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-:/@".contains(c) { c } else { '-' };
    origin.chars().map(plain).take(ORIGIN_MAX).collect()
}

/// The public half of a [`SigningKey`]. Written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The id checkpoints name it by.
    pub fn id(&self) -> String {
        hex::encode(&sha256(&[&self.0])[..8])
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for VerifyingKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        digest_from_hex(text).map(Self).map_err(|_| BadKey)
    }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
