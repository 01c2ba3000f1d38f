//! Finding the first place where a chain is not what was written.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;

use serde::Deserialize;
use thiserror::Error;

use super::entry::Kind;
use super::row::StoredRecord;
use super::seal::{FORMAT, Head, commit};

/// The first bad place of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{chain} #{seq}: {what}")]
pub struct BadPlace {
    /// The chain that was checked.
    pub chain: String,
    /// The place in it, by the sequence number that belongs there.
    pub seq: i64,
    /// What is wrong there.
    pub what: Fault,
}

/// What is wrong with a place of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The chain has no entry at all.
    #[error("the chain is empty")]
    Empty,
    /// The entry that belongs here is not there.
    #[error("the entry is missing, #{found} follows")]
    Gap {
        /// The sequence number found instead.
        found: i64,
    },
    /// Another entry stands here than belongs here.
    #[error("out of order: #{found} stands here")]
    Reordered {
        /// The sequence number found.
        found: i64,
    },
    /// An entry of another chain stands here.
    #[error("an entry of chain {found} stands here")]
    OtherChain {
        /// The chain it belongs to.
        found: String,
    },
    /// The entry is in a format this version does not know.
    #[error("format {found} is unknown")]
    UnknownFormat {
        /// The format found.
        found: i64,
    },
    /// A field is not in the form it is written in.
    #[error("the {field} cannot be read")]
    Unreadable {
        /// The field.
        field: Field,
    },
    /// The entry is not linked to the one before it: this one or that one was replaced.
    #[error("not linked to the entry before it")]
    WrongPrev,
    /// A field of the entry is not what its hash covers.
    #[error("a field was altered")]
    Altered,
    /// The payload or the salt is not what the entry committed to.
    #[error("the payload was altered")]
    PayloadAltered,
    /// The payload is gone and no later entry says that it was erased.
    #[error("the payload is missing and was never erased")]
    PayloadMissing,
}

/// The fields of a stored record that have only one written form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What happened.
    Kind,
    /// Through whom.
    Actor,
    /// What stands for the payload.
    Commitment,
    /// The hash of the entry before.
    Prev,
    /// The hash of the entry.
    Hash,
    /// The salt of the commitment.
    Salt,
    /// The particulars.
    Payload,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => "kind",
            Self::Actor => "actor",
            Self::Commitment => "commitment",
            Self::Prev => "prev",
            Self::Hash => "hash",
            Self::Salt => "salt",
            Self::Payload => "payload",
        })
    }
}

impl From<Infallible> for BadPlace {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Checks a whole chain, given in the order of its sequence numbers from 1, and returns its newest entry. Takes
/// [`StoredRecord`]s, or [`super::Row`]s as they were found.
///
/// A tail that was cut off cannot be seen here; compare the leaves with a checkpoint ([`super::verify_tree`]).
///
/// # Errors
/// The first bad place. Where only the payload is gone, every later entry was good.
pub fn verify_chain<R>(chain: &str, records: impl IntoIterator<Item = R>) -> Result<Head, BadPlace>
where
    R: TryInto<StoredRecord>,
    BadPlace: From<R::Error>,
{
    verify_chain_without(chain, records, &BTreeSet::new())
}

/// Checks a chain as [`verify_chain`] does, of which whoever gave it kept the payloads of some entries (`withheld`, by
/// sequence number) to themselves.
///
/// # Errors
/// The first bad place.
pub(super) fn verify_chain_without<R>(
    chain: &str,
    records: impl IntoIterator<Item = R>,
    withheld: &BTreeSet<i64>,
) -> Result<Head, BadPlace>
where
    R: TryInto<StoredRecord>,
    BadPlace: From<R::Error>,
{
    let bad = |seq, what| BadPlace { chain: chain.to_owned(), seq, what };
    let mut records = records.into_iter().map(|found| found.try_into().map_err(|e| BadPlace::from(e).what));
    let mut head: Option<Head> = None;
    let mut missing = BTreeSet::new();
    while let Some(found) = records.next() {
        let seq = head.map_or(1, |head| head.seq.saturating_add(1));
        let stored = found.map_err(|what| bad(seq, what))?;
        check_place(chain, seq, &stored, &mut records).map_err(|what| bad(seq, what))?;
        check_record(head, &stored).map_err(|what| bad(seq, what))?;
        note_erasure(&stored, &mut missing);
        head = Some(stored.record.head());
    }
    match missing.difference(withheld).next() {
        Some(&seq) => Err(bad(seq, Fault::PayloadMissing)),
        None => head.ok_or_else(|| bad(1, Fault::Empty)),
    }
}

fn check_place(
    chain: &str,
    seq: i64,
    stored: &StoredRecord,
    rest: &mut impl Iterator<Item = Result<StoredRecord, Fault>>,
) -> Result<(), Fault> {
    let found = stored.record.seq;
    if stored.record.chain != chain {
        Err(Fault::OtherChain { found: stored.record.chain.clone() })
    } else if found == seq {
        Ok(())
    } else if found < seq || rest.flatten().any(|later| later.record.seq == seq) {
        Err(Fault::Reordered { found })
    } else {
        Err(Fault::Gap { found })
    }
}

fn check_record(head: Option<Head>, stored: &StoredRecord) -> Result<(), Fault> {
    let record = &stored.record;
    if record.format != FORMAT {
        return Err(Fault::UnknownFormat { found: i64::from(record.format) });
    }
    if record.prev != head.map_or([0; 32], |head| head.hash) {
        return Err(Fault::WrongPrev);
    }
    if record.hash != record.computed_hash() {
        return Err(Fault::Altered);
    }
    match &stored.content {
        Some(content) if commit(&content.salt, &content.payload) != record.commitment => Err(Fault::PayloadAltered),
        _ => Ok(()),
    }
}

/// The part of an erasure's payload that says what it erased.
#[derive(Deserialize)]
struct Erasure {
    seqs: Vec<i64>,
}

fn note_erasure(stored: &StoredRecord, missing: &mut BTreeSet<i64>) {
    let Some(content) = &stored.content else {
        missing.insert(stored.record.seq);
        return;
    };
    if stored.record.kind == Kind::Erased
        && let Ok(erasure) = serde_json::from_str::<Erasure>(&content.payload)
    {
        for seq in &erasure.seqs {
            missing.remove(seq);
        }
    }
}
