//! Turning an entry into a link of a chain.

use super::canonical::canonical;
use super::digest::{Digest, sha256};
use super::entry::{Actor, Entry, Kind};
use crate::mistake::{self, Mistake};

/// The format of entries written by this version.
pub const FORMAT: u8 = 1;

/// Prefix of an entry, and of every leaf (RFC 6962 section 2.1).
const ENTRY: u8 = 0x00;
/// Prefix of a commitment; `0x01` is a node of the tree.
const COMMITMENT: u8 = 0x02;

/// The newest entry of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its sequence number; the first is 1.
    pub seq: i64,
    /// Its hash.
    pub hash: Digest,
}

/// A sealed entry without its payload: what stays for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The chain it belongs to.
    pub chain: String,
    /// Its place in the chain, from 1 without gaps.
    pub seq: i64,
    /// When it was written, in milliseconds since 1970 UTC. `seq` says the order, not this.
    pub at_ms: i64,
    /// The case it belongs to, if any.
    pub case: Option<String>,
    /// What happened.
    pub kind: Kind,
    /// Through whom.
    pub actor: Actor,
    /// Stands for salt and payload.
    pub commitment: Digest,
    /// Hash of the entry before; zeros in the first.
    pub prev: Digest,
    /// Hash of this entry: the next one's `prev`, and a leaf of the tree.
    pub hash: Digest,
    /// The format it is encoded in.
    pub format: u8,
}

impl Record {
    /// The place the next entry of the chain is linked to.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// The hash of what the record says: its [`Record::hash`], unless somebody touched it.
    pub fn computed_hash(&self) -> Digest {
        sha256(&[&[ENTRY], &self.encoded()])
    }

    /// The leaf of the tree: everything but the hash, in canonical encoding.
    fn encoded(&self) -> Vec<u8> {
        let mut out = vec![self.format];
        field(&mut out, self.chain.as_bytes());
        field(&mut out, &self.seq.to_be_bytes());
        field(&mut out, &self.at_ms.to_be_bytes());
        match &self.case {
            None => field(&mut out, &[]),
            Some(case) => field(&mut out, &[&[1], case.as_bytes()].concat()),
        }
        field(&mut out, self.kind.as_str().as_bytes());
        field(&mut out, self.actor.to_string().as_bytes());
        field(&mut out, &self.commitment);
        field(&mut out, &self.prev);
        out
    }
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    if !mistake::made(Mistake::NoLengthPrefix) {
        out.extend((bytes.len() as u64).to_be_bytes());
    }
    out.extend(bytes);
}

/// What stands for a payload in its entry. `payload` is canonical text.
pub fn commit(salt: &[u8; 32], payload: &str) -> Digest {
    sha256(&[&[COMMITMENT], salt, payload.as_bytes()])
}

/// Makes `entry` the next link of `chain` after `prev` (`None`: the first link).
///
/// Keep [`canonical`]`(&entry.payload)` and `salt` beside the record, in places where they can be erased.
/// `salt` must be fresh randomness: it is what keeps an erased payload from being guessed.
pub fn seal(chain: &str, prev: Option<&Head>, at_ms: i64, case: Option<&str>, entry: &Entry, salt: [u8; 32]) -> Record {
    let mut record = Record {
        chain: chain.to_owned(),
        seq: prev.map_or(1, |head| head.seq.saturating_add(1)),
        at_ms,
        case: case.map(str::to_owned),
        kind: entry.kind,
        actor: entry.actor.clone(),
        commitment: commit(&salt, &canonical(&entry.payload)),
        prev: prev.map_or([0; 32], |head| head.hash),
        hash: [0; 32],
        format: FORMAT,
    };
    record.hash = record.computed_hash();
    record
}
