//! One case with everything that proves it to somebody who has nothing but a key.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checkpoint::{BadCheckpoint, Checkpoint, VerifyingKey};
use super::digest::{Digest, digest_from_hex};
use super::merkle::{inclusion_proof, verify_inclusion};
use super::row::Row;
use super::verify::{BadPlace, verify_chain_without};

/// What the `format` of a bundle says.
const FORMAT: &str = "aijia-evidence-bundle/1";

/// A case to be shown elsewhere: its conversation's chain from the first entry to the case's last, an inclusion proof
/// for each, the checkpoint they are in, and the key that signed it. Entries of the conversation's *other* cases are
/// there for the chain's sake, without their payloads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// `aijia-evidence-bundle/1`.
    pub format: String,
    /// The case's id, as its entries name it.
    pub case: String,
    /// The desk's short number of the case.
    pub number: i64,
    /// The checkpoint's line, see [`Checkpoint`].
    pub checkpoint: String,
    /// The public key that signed it, 64 hexadecimal digits.
    pub key: String,
    /// The chain.
    pub entries: Vec<Proven>,
}

/// An entry and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// The entry.
    pub entry: Row,
    /// Its place in the tree, from 0.
    pub leaf: u64,
    /// The hashes of RFC 9162 section 2.1.3.1, from the leaf up, hexadecimal.
    pub proof: Vec<String>,
}

/// The first thing that is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadBundle {
    /// Its format is another one.
    #[error("the bundle's format is not {FORMAT}")]
    UnknownFormat,
    /// Its checkpoint cannot be trusted.
    #[error("{0}")]
    Checkpoint(#[from] BadCheckpoint),
    /// It names a key that is none, or another than wanted.
    #[error("the bundle is signed with another key than the one asked for")]
    OtherKey,
    /// A place of the chain is bad.
    #[error("{0}")]
    Chain(#[from] BadPlace),
    /// An entry is not in the tree that was signed.
    #[error("entry #{seq} is not in the tree that was signed")]
    NotInTree {
        /// Its sequence number.
        seq: i64,
    },
    /// No entry belongs to the case.
    #[error("no entry belongs to the case")]
    NoCase,
}

impl Bundle {
    /// Puts the bundle of a case together from its conversation's `rows`, each with its place in the tree whose leaves
    /// are `leaves`, over which `checkpoint` was signed.
    pub fn of(
        case: &str,
        number: i64,
        rows: Vec<(Row, u64)>,
        leaves: &[Digest],
        checkpoint: &Checkpoint,
        key: &VerifyingKey,
    ) -> Self {
        let last = rows.iter().rposition(|(row, _)| row.case.as_deref() == Some(case)).map_or(0, |last| last + 1);
        let proven = |(row, leaf): (Row, u64)| {
            let proof = usize::try_from(leaf).ok().and_then(|leaf| inclusion_proof(leaves, leaf)).unwrap_or_default();
            Proven { entry: shown(row, case), leaf, proof: proof.iter().map(hex::encode).collect() }
        };
        Self {
            format: FORMAT.to_owned(),
            case: case.to_owned(),
            number,
            checkpoint: checkpoint.to_string(),
            key: key.to_string(),
            entries: rows.into_iter().take(last).map(proven).collect(),
        }
    }

    /// Checks everything, and gives the checkpoint all of it is in. Without a `key`, the bundle's own is believed:
    /// compare it with one you know.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, key: Option<&VerifyingKey>) -> Result<Checkpoint, BadBundle> {
        if self.format != FORMAT {
            return Err(BadBundle::UnknownFormat);
        }
        let own: VerifyingKey = self.key.parse().map_err(|_| BadBundle::OtherKey)?;
        if key.is_some_and(|key| *key != own) {
            return Err(BadBundle::OtherKey);
        }
        let checkpoint = Checkpoint::parse(&self.checkpoint)?;
        checkpoint.verify(&own)?;
        self.verify_entries()?;
        for proven in &self.entries {
            if !proven.is_in(&checkpoint) {
                return Err(BadBundle::NotInTree { seq: proven.entry.seq });
            }
        }
        Ok(checkpoint)
    }

    fn verify_entries(&self) -> Result<(), BadBundle> {
        let of_case = |row: &Row| row.case.as_deref() == Some(self.case.as_str());
        let Some(first) = self.entries.iter().find(|proven| of_case(&proven.entry)) else {
            return Err(BadBundle::NoCase);
        };
        let others = self.entries.iter().filter(|proven| is_of_another(&proven.entry, &self.case));
        let withheld: BTreeSet<i64> = others.map(|proven| proven.entry.seq).collect();
        let rows = self.entries.iter().map(|proven| proven.entry.clone());
        verify_chain_without(&first.entry.chain, rows, &withheld)?;
        Ok(())
    }
}

fn is_of_another(row: &Row, case: &str) -> bool {
    row.case.as_deref().is_some_and(|of| of != case)
}

/// The row as it may be shown with this case.
fn shown(row: Row, case: &str) -> Row {
    if is_of_another(&row, case) { Row { salt: None, payload: None, ..row } } else { row }
}

impl Proven {
    fn is_in(&self, checkpoint: &Checkpoint) -> bool {
        let read = |texts: &[String]| texts.iter().map(|text| digest_from_hex(text)).collect::<Result<Vec<_>, _>>();
        let (Ok(hash), Ok(proof)) = (digest_from_hex(&self.entry.hash), read(&self.proof)) else { return false };
        verify_inclusion(&hash, self.leaf, checkpoint.size, &proof, &checkpoint.root)
    }
}
