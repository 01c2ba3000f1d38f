//! The record: evidence chains, written in the transaction of what they tell, and the checkpoints over them.

mod erase;

pub use erase::{erase_chain, erase_example, erase_look_ups, erase_message, erase_naming};

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;

use super::{Tx, desks};
use crate::app::App;
use crate::args;
use crate::clock::Timestamp;
use crate::evidence::{self, Actor, BadPlace, Entry, Fault, Head, Kind, Record, StoredRecord};

/// The chain of acts that belong to no conversation.
pub const DESK: &str = "desk";

/// The chain of a conversation.
pub fn chain_of(conversation: &str) -> String {
    format!("conversation:{conversation}")
}

/// Adds an entry.
macro_rules! entry_sql {
    () => {
        "INSERT INTO evidence (chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    };
}

/// Makes it the head of its chain.
macro_rules! head_sql {
    () => {
        "INSERT INTO chains (chain, seq, hash) VALUES ($1, $2, $9)
         ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash"
    };
}
/// Adds an entry to a chain, in the transaction of what it tells.
///
/// # Errors
/// When it cannot be written: then nothing of the transaction may happen either.
pub async fn append(tx: &mut Tx, app: &App, chain: &str, case: Option<&str>, entry: &Entry) -> anyhow::Result<()> {
    let now = app.clock.now();
    let salt = app.ids.random32()?;
    let prev = take_head(tx, chain).await?;
    let record = evidence::seal(chain, prev.as_ref(), now, case, entry, salt);
    let payload = evidence::canonical(&entry.payload);
    insert(tx, &record, &hex::encode(salt), &payload).await
}

/// The newest entry of a chain, kept from others until this transaction ends: several instances may write to one chain.
async fn take_head(tx: &mut Tx, chain: &str) -> anyhow::Result<Option<Head>> {
    let sql = tx.either(
        "SELECT seq, hash FROM chains WHERE chain = $1",
        "SELECT seq, hash FROM chains WHERE chain = $1 FOR UPDATE",
    );
    let found: Option<(i64, String)> = tx.one(sql, args![chain]).await?;
    found.map(|(seq, hash)| Ok(Head { seq, hash: bytes(&hash)? })).transpose()
}

fn bytes(text: &str) -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).context("a stored hash is not 64 hexadecimal digits")?;
    Ok(bytes)
}

async fn insert(tx: &mut Tx, r: &Record, salt: &str, payload: &str) -> anyhow::Result<()> {
    let args = args![
        &r.chain,
        r.seq,
        r.at_ms,
        r.case.clone(),
        r.kind.as_str(),
        r.actor.to_string(),
        hex::encode(r.commitment),
        hex::encode(r.prev),
        hex::encode(r.hash),
        i64::from(r.format),
        salt,
        payload
    ];
    let sql = tx
        .either(concat!(entry_sql!(), "; ", head_sql!()), concat!("WITH added AS (", entry_sql!(), ") ", head_sql!()));
    tx.run(sql, args).await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    chain: String,
    seq: i64,
    at_ms: i64,
    case_id: Option<String>,
    kind: String,
    actor: String,
    commitment: String,
    prev: String,
    hash: String,
    format: i64,
    salt: Option<String>,
    payload: Option<String>,
}

impl Row {
    /// The row as the record's own form takes it; nothing of it is believed yet.
    fn unread(self) -> evidence::Row {
        evidence::Row {
            chain: self.chain,
            seq: self.seq,
            at_ms: self.at_ms,
            case: self.case_id,
            kind: self.kind,
            actor: self.actor,
            commitment: self.commitment,
            prev: self.prev,
            hash: self.hash,
            format: self.format,
            salt: self.salt,
            payload: self.payload,
        }
    }
}

/// Checks a chain from its first entry to its head.
///
/// # Errors
/// When the database fails; a chain that does not verify is an answer, not an error.
pub async fn verify(tx: &mut Tx, chain: &str) -> anyhow::Result<Result<Head, BadPlace>> {
    let sql = "SELECT chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload
               FROM evidence WHERE chain = $1 ORDER BY seq";
    let rows: Vec<Row> = tx.all(sql, args![chain]).await?;
    let verified = evidence::verify_chain(chain, rows.into_iter().map(Row::unread));
    let (Ok(found), Some(head)) = (&verified, stored_head(tx, chain).await?) else { return Ok(verified) };
    if *found == head {
        return Ok(verified);
    }
    // The chain's end is remembered beside it: what was cut off there is missing.
    let what = Fault::Gap { found: head.seq.saturating_add(1) };
    Ok(Err(BadPlace { chain: chain.to_owned(), seq: found.seq + 1, what }))
}

async fn stored_head(tx: &mut Tx, chain: &str) -> anyhow::Result<Option<Head>> {
    let found: Option<(i64, String)> = tx.one("SELECT seq, hash FROM chains WHERE chain = $1", args![chain]).await?;
    found.map(|(seq, hash)| Ok(Head { seq, hash: bytes(&hash)? })).transpose()
}

/// An entry and its place in the tree, as it is exported: nothing of it is believed yet.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The entry.
    #[serde(flatten)]
    pub row: evidence::Row,
    /// Its place in the tree, from 0; none until the next checkpoint.
    pub leaf: Option<i64>,
}

#[derive(FromRow)]
struct ExportedRow {
    #[sqlx(flatten)]
    row: Row,
    leaf: Option<i64>,
}

impl ExportedRow {
    fn read(self) -> Exported {
        Exported { row: self.row.unread(), leaf: self.leaf }
    }
}

/// Entries in the order of chains and places, from behind `after` (a chain and a place in it).
///
/// # Errors
/// When the database fails.
pub async fn page(tx: &mut Tx, after: (String, i64), limit: i64) -> sqlx::Result<Vec<Exported>> {
    let sql = "SELECT chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload, leaf
               FROM evidence WHERE chain > $1 OR (chain = $1 AND seq > $2) ORDER BY chain, seq LIMIT $3";
    let rows: Vec<ExportedRow> = tx.all(sql, args![after.0, after.1, limit]).await?;
    Ok(rows.into_iter().map(ExportedRow::read).collect())
}

/// A chain from its first entry, each with its place in the tree.
///
/// # Errors
/// When the database fails.
pub async fn chain(tx: &mut Tx, chain: &str) -> sqlx::Result<Vec<Exported>> {
    let sql = "SELECT chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload, leaf
               FROM evidence WHERE chain = $1 ORDER BY seq";
    let rows: Vec<ExportedRow> = tx.all(sql, args![chain]).await?;
    Ok(rows.into_iter().map(ExportedRow::read).collect())
}

/// The names of all chains.
pub async fn chains(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    // A chain whose entries were all taken away is remembered by its head.
    let sql = "SELECT chain FROM evidence UNION SELECT chain FROM chains ORDER BY chain";
    let rows: Vec<(String,)> = tx.all(sql, args![]).await?;
    Ok(rows.into_iter().map(|(chain,)| chain).collect())
}

/// An entry as people read it.
#[derive(Debug, Clone)]
pub struct Told {
    /// When.
    pub at_ms: Timestamp,
    /// What.
    pub kind: Kind,
    /// Who.
    pub actor: Actor,
    /// The details, unless they were erased.
    pub payload: Option<serde_json::Value>,
}

/// The record of a case, oldest first.
///
/// # Errors
/// When the database fails or an entry cannot be read.
pub async fn of_case(tx: &mut Tx, case_id: &str) -> anyhow::Result<Vec<Told>> {
    let sql = "SELECT chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload
               FROM evidence WHERE case_id = $1 ORDER BY chain, seq";
    told(tx.all(sql, args![case_id]).await?)
}

/// Whether a person acknowledged a test card since a time.
pub async fn acknowledged(tx: &mut Tx, person: &str, since: Timestamp) -> sqlx::Result<bool> {
    let sql = "SELECT seq FROM evidence WHERE chain = 'desk' AND kind = $1 AND actor = $2 AND at_ms >= $3 LIMIT 1";
    let actor = Actor::Person(person.to_owned()).to_string();
    let args = args![Kind::EscalationTested.as_str(), actor, since];
    Ok(tx.one::<(i64,)>(sql, args).await?.is_some())
}

/// An entry of a case's record, for counting.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The case's id.
    pub case_id: String,
    /// What happened.
    pub kind: Kind,
    /// The details of what was drafted, unless they were erased; none of anything else.
    pub payload: Option<Value>,
}

/// What is noted about the cases opened in a time, in the order it happened.
///
/// # Errors
/// When the database fails or an entry cannot be read.
pub async fn noted_between(tx: &mut Tx, from: Timestamp, until: Timestamp) -> anyhow::Result<Vec<Noted>> {
    let sql = "SELECT evidence.case_id, evidence.kind, CASE WHEN evidence.kind = 'drafted' THEN evidence.payload END
               FROM cases JOIN evidence ON evidence.case_id = cases.id
               WHERE cases.opened_at >= $1 AND cases.opened_at < $2
               ORDER BY evidence.case_id, evidence.chain, evidence.seq";
    let rows: Vec<(String, String, Option<String>)> = tx.all(sql, args![from, until]).await?;
    let read = |(case_id, kind, payload): (String, String, Option<String>)| {
        let payload = payload.map(|payload| serde_json::from_str(&payload)).transpose()?;
        Ok(Noted { case_id, kind: kind.parse()?, payload })
    };
    rows.into_iter().map(read).collect()
}

/// How many entries of a kind there are.
pub async fn count(tx: &mut Tx, kind: Kind) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM evidence WHERE kind = $1";
    Ok(tx.one::<(i64,)>(sql, args![kind.as_str()]).await?.map_or(0, |(count,)| count))
}

/// The desk's own record, newest first.
///
/// # Errors
/// When the database fails or an entry cannot be read.
pub async fn of_desk(tx: &mut Tx, limit: i64) -> anyhow::Result<Vec<Told>> {
    let sql = "SELECT chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload
               FROM evidence WHERE chain = 'desk' ORDER BY seq DESC LIMIT $1";
    told(tx.all(sql, args![limit]).await?)
}

fn told(rows: Vec<Row>) -> anyhow::Result<Vec<Told>> {
    let read = |row: Row| {
        let stored = StoredRecord::try_from(row.unread())?;
        let payload = stored.content.map(|content| serde_json::from_str(&content.payload)).transpose()?;
        Ok(Told { at_ms: stored.record.at_ms, kind: stored.record.kind, actor: stored.record.actor, payload })
    };
    rows.into_iter().map(read).collect()
}

/// An entry that is not in the tree yet.
#[derive(Debug, Clone, FromRow)]
pub struct Leaf {
    /// Its chain.
    pub chain: String,
    /// Its place there.
    pub seq: i64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// Entries that are in no checkpoint yet, oldest first.
pub async fn unsequenced(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Leaf>> {
    let sql = "SELECT chain, seq, hash FROM evidence WHERE leaf IS NULL ORDER BY at_ms, chain, seq LIMIT $1";
    tx.all(sql, args![limit]).await
}

/// The newest entry that is in no checkpoint yet: its chain, its place there, its hash and its time.
pub async fn newest_unsequenced(tx: &mut Tx) -> sqlx::Result<Option<(String, i64, String, Timestamp)>> {
    let sql = "SELECT chain, seq, hash, at_ms FROM evidence WHERE leaf IS NULL
               ORDER BY at_ms DESC, chain DESC, seq DESC LIMIT 1";
    tx.one(sql, args![]).await
}

/// Whether a chain has an entry with this hash at this place.
pub async fn has(tx: &mut Tx, chain: &str, seq: i64, hash: &str) -> sqlx::Result<bool> {
    let sql = "SELECT hash FROM evidence WHERE chain = $1 AND seq = $2";
    Ok(tx.one::<(String,)>(sql, args![chain, seq]).await?.is_some_and(|(kept,)| kept == hash))
}

/// The checkpoint over exactly so many entries.
pub async fn checkpoint_of(tx: &mut Tx, size: i64) -> sqlx::Result<Option<String>> {
    let found: Option<(String,)> = tx.one("SELECT body FROM checkpoints WHERE size = $1", args![size]).await?;
    Ok(found.map(|(body,)| body))
}

/// How many entries are in no checkpoint yet, counted up to `most`.
pub async fn unsequenced_count(tx: &mut Tx, most: i64) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 AS waiting FROM evidence WHERE leaf IS NULL LIMIT $1) AS unsequenced";
    Ok(tx.one::<(i64,)>(sql, args![most]).await?.map_or(0, |(count,)| count))
}

/// Lets only one instance grow the tree at a time.
pub async fn hold_tree(tx: &mut Tx) -> sqlx::Result<()> {
    tx.seal_alone().await
}

/// Gives entries their places in the tree: one after another, from `first` on.
///
/// # Errors
/// When the database fails.
pub async fn sequence(tx: &mut Tx, leaves: &[Leaf], first: i64) -> anyhow::Result<()> {
    let places = leaves.iter().zip(first..).map(|(leaf, place)| (&leaf.chain, leaf.seq, place));
    let sql = tx.either(
        "UPDATE evidence SET leaf = given.value ->> 2 FROM JSON_EACH($1) AS given
         WHERE chain = given.value ->> 0 AND seq = given.value ->> 1",
        "UPDATE evidence SET leaf = CAST(given.value ->> 2 AS BIGINT)
         FROM JSON_ARRAY_ELEMENTS(CAST($1 AS JSON)) AS given (value)
         WHERE chain = given.value ->> 0 AND seq = CAST(given.value ->> 1 AS BIGINT)",
    );
    let listed = serde_json::to_string(&places.collect::<Vec<_>>())?;
    let changed = tx.run(sql, args![listed]).await?;
    anyhow::ensure!(usize::try_from(changed)? == leaves.len(), "{changed} of {} entries got a place", leaves.len());
    Ok(())
}

/// The hashes of all entries in the tree with their places, in order.
///
/// # Errors
/// When the database fails or a hash cannot be read.
pub async fn leaves(tx: &mut Tx) -> anyhow::Result<Vec<(u64, [u8; 32])>> {
    let rows: Vec<(i64, String)> =
        tx.all("SELECT leaf, hash FROM evidence WHERE leaf IS NOT NULL ORDER BY leaf", args![]).await?;
    rows.iter().map(|(leaf, hash)| Ok((u64::try_from(*leaf)?, bytes(hash)?))).collect()
}

/// Keeps a checkpoint.
pub async fn add_checkpoint(tx: &mut Tx, size: i64, body: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO checkpoints (size, body, at) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING";
    tx.run(sql, args![size, body, now]).await.map(drop)
}

/// The newest checkpoint: its text, and when it was made.
pub async fn newest_checkpoint(tx: &mut Tx) -> sqlx::Result<Option<(String, Timestamp)>> {
    tx.one("SELECT body, at FROM checkpoints ORDER BY size DESC LIMIT 1", args![]).await
}

/// The checkpoints over more than `size` entries, oldest first.
pub async fn checkpoints_after(tx: &mut Tx, size: i64) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT body FROM checkpoints WHERE size > $1 ORDER BY size";
    let rows: Vec<(String,)> = tx.all(sql, args![size]).await?;
    Ok(rows.into_iter().map(|(body,)| body).collect())
}

/// All checkpoints, oldest first.
pub async fn checkpoints(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String,)> = tx.all("SELECT body FROM checkpoints ORDER BY size", args![]).await?;
    Ok(rows.into_iter().map(|(body,)| body).collect())
}

/// The tree as it stands, as stored.
pub async fn tree(tx: &mut Tx) -> sqlx::Result<Option<String>> {
    desks::value(tx, "evidence_tree").await
}

/// Stores the tree.
pub async fn save_tree(tx: &mut Tx, tree: &str) -> sqlx::Result<()> {
    desks::set_value(tx, "evidence_tree", tree).await
}
