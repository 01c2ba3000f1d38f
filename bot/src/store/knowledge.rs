//! The shop's knowledge, in versions, and the questions it does not answer.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// Whether an entry may be answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// Answered with.
    Published,
    /// Waits for its owner.
    Proposed,
    /// An older or switched-off version.
    Retired,
}

impl EntryState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Proposed => "proposed",
            Self::Retired => "retired",
        }
    }
}

/// One version of an entry.
#[derive(Debug, Clone, FromRow)]
pub struct StoredEntry {
    /// The entry's id.
    pub id: String,
    /// Its version, from 1.
    pub version: i64,
    /// `published`, `proposed` or `retired`.
    pub state: String,
    /// The person who answers for it.
    pub owner: String,
    /// Its title.
    pub title: String,
    /// The entry as JSON.
    pub body: String,
    /// SHA-256 of what it says, so that importing the same file changes nothing.
    pub content_sha256: String,
}

/// A published entry that was imported from a file.
#[derive(Debug, Clone, FromRow)]
pub struct Sourced {
    /// The entry.
    #[sqlx(flatten)]
    pub entry: StoredEntry,
    /// Since when its file no longer holds it: proposed for removal, and still in use.
    pub vanished_at: Option<Timestamp>,
}

/// The file an entry was imported from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, or its path within the folder that was imported.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// The newest version of an entry.
pub async fn newest(tx: &mut Tx, id: &str) -> sqlx::Result<Option<StoredEntry>> {
    let sql = "SELECT id, version, state, owner, title, body, content_sha256 FROM entries WHERE id = $1
               ORDER BY version DESC LIMIT 1";
    tx.one(sql, args![id]).await
}

/// Every entry in this state.
pub async fn in_state(tx: &mut Tx, state: EntryState) -> sqlx::Result<Vec<StoredEntry>> {
    let sql = "SELECT id, version, state, owner, title, body, content_sha256 FROM entries WHERE state = $1
               ORDER BY id, version";
    tx.all(sql, args![state.as_str()]).await
}

/// Every published entry that was imported from this file.
pub async fn of_file(tx: &mut Tx, file: &str) -> sqlx::Result<Vec<Sourced>> {
    let sql = "SELECT id, version, state, owner, title, body, content_sha256, vanished_at FROM entries
               WHERE source_file = $1 AND state = 'published' ORDER BY id";
    tx.all(sql, args![file]).await
}

/// Every published entry that is proposed for removal, because its file no longer holds it.
pub async fn vanished(tx: &mut Tx) -> sqlx::Result<Vec<StoredEntry>> {
    let sql = "SELECT id, version, state, owner, title, body, content_sha256 FROM entries
               WHERE vanished_at IS NOT NULL AND state = 'published' ORDER BY id";
    tx.all(sql, args![]).await
}

/// Proposes a version for removal, because its file no longer holds it, or takes that back.
pub async fn set_vanished(tx: &mut Tx, id: &str, version: i64, since: Option<Timestamp>) -> sqlx::Result<()> {
    let sql = "UPDATE entries SET vanished_at = $3 WHERE id = $1 AND version = $2";
    tx.run(sql, args![id, version, since]).await.map(drop)
}

/// Adds a version; publishing retires the older ones.
pub async fn add(tx: &mut Tx, entry: &StoredEntry, state: EntryState, now: Timestamp) -> sqlx::Result<()> {
    if state == EntryState::Published {
        retire(tx, &entry.id).await?;
        new_edition(tx, &entry.id, entry.version, now).await?;
    }
    insert(tx, entry, state, None, now).await
}

/// Publishes an imported version and retires the older ones. The index learns of it by [`new_edition`], once for all
/// entries of the transaction.
pub async fn add_imported(tx: &mut Tx, entry: &StoredEntry, source: &Source, now: Timestamp) -> sqlx::Result<()> {
    retire(tx, &entry.id).await?;
    insert(tx, entry, EntryState::Published, Some(source), now).await
}

async fn retire(tx: &mut Tx, id: &str) -> sqlx::Result<()> {
    // The range on the version leads SQLite to the entry's own rows, not through everything that is published.
    let sql = "UPDATE entries SET state = 'retired' WHERE id = $1 AND version > 0 AND state = 'published'";
    tx.run(sql, args![id]).await.map(drop)
}

async fn insert(
    tx: &mut Tx,
    entry: &StoredEntry,
    state: EntryState,
    source: Option<&Source>,
    now: Timestamp,
) -> sqlx::Result<()> {
    let args = args![
        &entry.id,
        entry.version,
        state.as_str(),
        &entry.owner,
        &entry.title,
        &entry.body,
        &entry.content_sha256,
        now,
        source.map(|source| source.file.as_str()),
        source.map(|source| source.sha256.as_str())
    ];
    let sql = "INSERT INTO entries (id, version, state, owner, title, body, content_sha256, created_at, source_file,
               source_sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    tx.run(sql, args).await.map(drop)
}

/// Names the published knowledge anew, after the newest of its changes, and says so to all instances.
pub async fn new_edition(tx: &mut Tx, id: &str, version: i64, now: Timestamp) -> sqlx::Result<()> {
    super::desks::set_value(tx, "knowledge", &format!("{id}:{version}:{now}")).await?;
    tx.has_work();
    Ok(())
}

/// Names the published knowledge; a new name means that the index is out of date.
pub async fn edition(tx: &mut Tx) -> sqlx::Result<Option<String>> {
    super::desks::value(tx, "knowledge").await
}

/// A question nobody's knowledge answers.
#[derive(Debug, Clone, FromRow)]
pub struct Gap {
    /// Groups questions that ask the same.
    pub dedup: String,
    /// The first customer's words.
    pub question: String,
    /// How often it came.
    pub times: i64,
    /// The newest case.
    pub case_id: String,
    /// When it last came.
    pub last_at: Timestamp,
}

/// Counts a question the knowledge does not answer.
pub async fn record_gap(tx: &mut Tx, dedup: &str, question: &str, case_id: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO gaps (dedup, question, times, case_id, first_at, last_at) VALUES ($1, $2, 1, $3, $4, $4)
               ON CONFLICT (dedup) DO UPDATE SET times = gaps.times + 1, case_id = excluded.case_id,
               last_at = excluded.last_at";
    tx.run(sql, args![dedup, question, case_id, now]).await.map(drop)
}

/// The unanswered questions, most frequent first.
pub async fn gaps(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Gap>> {
    let sql = "SELECT dedup, question, times, case_id, last_at FROM gaps ORDER BY times DESC, last_at DESC LIMIT $1";
    tx.all(sql, args![limit]).await
}
