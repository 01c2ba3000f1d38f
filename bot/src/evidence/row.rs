//! A record as it is kept: in a table or a file, where somebody may have touched it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, digest_from_hex};
use super::seal::{FORMAT, Record};
use super::verify::{BadPlace, Fault, Field};

/// A record with what it commits to, unless that was erased. Serialised as a [`Row`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct StoredRecord {
    /// What stays for good.
    pub record: Record,
    /// What can be erased.
    pub content: Option<Content>,
}

/// What a commitment stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The randomness that keeps the payload from being guessed once it is erased.
    pub salt: [u8; 32],
    /// The payload in canonical form, byte for byte as it was sealed.
    pub payload: String,
}

/// A stored record as plain text and numbers, nothing of it believed yet. Hashes and the salt are 64 lower-case
/// hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// See [`Record::chain`].
    pub chain: String,
    /// See [`Record::seq`].
    pub seq: i64,
    /// See [`Record::at_ms`].
    pub at_ms: i64,
    /// See [`Record::case`].
    pub case: Option<String>,
    /// See [`super::Kind::as_str`].
    pub kind: String,
    /// See [`super::Actor`].
    pub actor: String,
    /// See [`Record::commitment`].
    pub commitment: String,
    /// See [`Record::prev`].
    pub prev: String,
    /// See [`Record::hash`].
    pub hash: String,
    /// See [`Record::format`].
    pub format: i64,
    /// See [`Content::salt`]; gone together with the payload.
    pub salt: Option<String>,
    /// See [`Content::payload`].
    pub payload: Option<String>,
}

impl From<StoredRecord> for Row {
    fn from(stored: StoredRecord) -> Self {
        let StoredRecord { record, content } = stored;
        let (salt, payload) = content.map(|c| (hex::encode(c.salt), c.payload)).unzip();
        Self {
            chain: record.chain,
            seq: record.seq,
            at_ms: record.at_ms,
            case: record.case,
            kind: record.kind.as_str().to_owned(),
            actor: record.actor.to_string(),
            commitment: hex::encode(record.commitment),
            prev: hex::encode(record.prev),
            hash: hex::encode(record.hash),
            format: i64::from(record.format),
            salt,
            payload,
        }
    }
}

impl TryFrom<Row> for StoredRecord {
    type Error = BadPlace;

    /// Fails on a format this version does not know, and on a field that is not in its one written form.
    fn try_from(row: Row) -> Result<Self, BadPlace> {
        let bad = |what| BadPlace { chain: row.chain.clone(), seq: row.seq, what };
        // The format comes first: it says what the other fields mean.
        if row.format != i64::from(FORMAT) {
            return Err(bad(Fault::UnknownFormat { found: row.format }));
        }
        let content = content_of(&row).map_err(bad)?;
        let record = Record {
            seq: row.seq,
            at_ms: row.at_ms,
            kind: named(Field::Kind, &row.kind).map_err(bad)?,
            actor: named(Field::Actor, &row.actor).map_err(bad)?,
            commitment: hash(Field::Commitment, &row.commitment).map_err(bad)?,
            prev: hash(Field::Prev, &row.prev).map_err(bad)?,
            hash: hash(Field::Hash, &row.hash).map_err(bad)?,
            format: FORMAT,
            chain: row.chain,
            case: row.case,
        };
        Ok(Self { record, content })
    }
}

fn content_of(row: &Row) -> Result<Option<Content>, Fault> {
    match (&row.salt, &row.payload) {
        (None, None) => Ok(None),
        (Some(salt), Some(payload)) => Ok(Some(Content { salt: hash(Field::Salt, salt)?, payload: payload.clone() })),
        (Some(_), None) => Err(Fault::Unreadable { field: Field::Payload }),
        (None, Some(_)) => Err(Fault::Unreadable { field: Field::Salt }),
    }
}

fn named<T: FromStr>(field: Field, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::Unreadable { field })
}

fn hash(field: Field, text: &str) -> Result<Digest, Fault> {
    digest_from_hex(text).map_err(|_| Fault::Unreadable { field })
}
