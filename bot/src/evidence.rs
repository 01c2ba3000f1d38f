//! The tamper-evident record. Pure: no clock, no randomness, no file; times and salts are passed in.
//!
//! Each conversation has a chain of entries, and acts of the desk as a whole have one of their own. An entry
//! names the hash of the entry before it, so an edit, a removal or a swap breaks the chain at that place. All
//! entry hashes are leaves of one Merkle tree; signed checkpoints of the tree, kept elsewhere, make a cut tail
//! or a rewritten chain visible.
//!
//! # Format 1
//!
//! All hashes are SHA-256. Numbers are big-endian. `field(x)` is the length of `x` in bytes as 8 bytes,
//! followed by `x`.
//!
//! - payload: JSON without white space, the keys of every object sorted by their UTF-8 bytes, strings with only
//!   the escapes JSON demands ([`canonical()`]). Its *bytes* are kept; they are never parsed and printed again.
//! - commitment: `H(0x02 ‖ salt (32 bytes) ‖ payload)`. Payload and salt are kept beside the entry and can be
//!   erased together; the chain still verifies, provided a later `erased` entry of the chain names the sequence
//!   number in its payload: `{"seqs":[7]}` ([`Entry::erased`]).
//! - entry hash: `H(0x00 ‖ 0x01 ‖ field(chain) ‖ field(seq, 8 bytes) ‖ field(at_ms, 8 bytes) ‖ field(case) ‖
//!   field(kind) ‖ field(actor) ‖ field(commitment) ‖ field(prev))`, where `0x01` is the format, `case` is empty
//!   when there is none and otherwise `0x01` followed by its id, and `prev` is 32 zero bytes in the entry with
//!   sequence number 1. It is the RFC 6962 leaf hash of what follows the first byte.
//! - tree: RFC 6962 section 2.1, node hash `H(0x01 ‖ left ‖ right)`, leaves in the order of the sequencer.
//! - checkpoint: one line of text, see [`Checkpoint`].
//! - bundle: one case with everything that proves it, see [`Bundle`].
//!
//! `evidence/vectors.json` holds fixed examples of all of it for other implementations.

mod bundle;
mod canonical;
mod checkpoint;
mod digest;
mod entry;
mod merkle;
mod replay;
mod row;
mod seal;
mod verify;

pub use bundle::{BadBundle, Bundle, Proven};
pub use canonical::canonical;
pub use checkpoint::{BadCheckpoint, BadKey, Checkpoint, SigningKey, VerifyingKey};
pub use digest::{Digest, UnreadableDigest, digest_from_hex};
pub use entry::{Actor, Entry, Kind, UnknownName};
pub use merkle::{Tree, consistency_proof, inclusion_proof, leaf_hash, root_of, verify_consistency, verify_inclusion};
pub use replay::{TreeFault, verify_tree};
pub use row::{Content, Row, StoredRecord};
pub use seal::{FORMAT, Head, Record, commit, seal};
pub use verify::{BadPlace, Fault, Field, verify_chain};

#[cfg(test)]
mod bundle_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod vector_tests;
