//! The shop's knowledge, in versions. What a version says never changes; whether and where it is in use does.

pub mod acts;
pub mod care;
pub mod directions;
pub mod gaps;
pub mod uploads;
pub mod uses;

use knowledge::{Entry, Release};
use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// Where a version stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// Being written: nobody was asked yet.
    Draft,
    /// Waits for its owner's review.
    Submitted,
    /// Answered with, on all channels or on some.
    Published,
    /// A correction out of a reply, which waits for its owner.
    Proposed,
    /// An older version.
    Retired,
    /// Switched off.
    Disabled,
    /// A correction its owner does not want.
    Dismissed,
}

impl EntryState {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 7] =
        [Self::Draft, Self::Submitted, Self::Published, Self::Proposed, Self::Retired, Self::Disabled, Self::Dismissed];

    /// The name in the store and in locale keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Published => "published",
            Self::Proposed => "proposed",
            Self::Retired => "retired",
            Self::Disabled => "disabled",
            Self::Dismissed => "dismissed",
        }
    }
}

impl TryFrom<String> for EntryState {
    type Error = UnknownState;

    fn try_from(name: String) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(UnknownState(name))
    }
}

/// A state this version of the program does not know.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no state of an entry")]
pub struct UnknownState(String);

/// One version of an entry.
#[derive(Debug, Clone, FromRow)]
pub struct StoredEntry {
    /// The entry's id.
    pub id: String,
    /// Its version, from 1.
    pub version: i64,
    /// Where it stands.
    #[sqlx(try_from = "String")]
    pub state: EntryState,
    /// The person who answers for it.
    pub owner: String,
    /// Its title.
    pub title: String,
    /// The entry as JSON; of a proposal, what it proposes.
    pub body: String,
    /// SHA-256 of what its file says, so that importing the same file changes nothing.
    pub content_sha256: String,
    /// Ids of the channels it is in use on, as JSON; on every channel where there is none.
    pub channels: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// By when it has to be confirmed again, once it was confirmed.
    pub verify_by: Option<Timestamp>,
}

impl StoredEntry {
    /// The entry, to be confirmed by when it is now; nothing where it cannot be read, or is a proposal.
    pub fn entry(&self) -> Option<Entry> {
        let entry: Entry = serde_json::from_str(&self.body).ok()?;
        Some(Entry { verify_by: self.verify_by.or(entry.verify_by), ..entry })
    }

    /// Ids of the channels it is in use on; empty means every channel.
    pub fn only(&self) -> Vec<String> {
        self.channels.as_deref().and_then(|channels| serde_json::from_str(channels).ok()).unwrap_or_default()
    }
}

/// A published entry that was imported from a file.
#[derive(Debug, Clone, FromRow)]
pub struct Sourced {
    /// The entry.
    #[sqlx(flatten)]
    pub entry: StoredEntry,
    /// Since when its file no longer holds it: proposed for removal, and still in use.
    pub vanished_at: Option<Timestamp>,
    /// When somebody decided to keep it all the same.
    pub kept_at: Option<Timestamp>,
}

/// The file an entry was imported from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, or its path within the folder that was imported.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A query for whole versions.
macro_rules! versions {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, state, owner, title, body, content_sha256, channels, created_at, verify_by,
             vanished_at, kept_at
             FROM entries ",
            $rest
        )
    };
}

/// The newest version of an entry.
pub async fn newest(tx: &mut Tx, id: &str) -> sqlx::Result<Option<StoredEntry>> {
    tx.one(versions!("WHERE id = $1 ORDER BY version DESC LIMIT 1"), args![id]).await
}

/// One version of an entry.
pub async fn version(tx: &mut Tx, id: &str, version: i64) -> sqlx::Result<Option<StoredEntry>> {
    tx.one(versions!("WHERE id = $1 AND version = $2"), args![id, version]).await
}

/// Every version of an entry, oldest first.
pub async fn history(tx: &mut Tx, id: &str) -> sqlx::Result<Vec<StoredEntry>> {
    tx.all(versions!("WHERE id = $1 ORDER BY version"), args![id]).await
}

/// Every entry in this state.
pub async fn in_state(tx: &mut Tx, state: EntryState) -> sqlx::Result<Vec<StoredEntry>> {
    tx.all(versions!("WHERE state = $1 ORDER BY id, version"), args![state.as_str()]).await
}

/// Everything that is in use, each with where: on channels where a newer version of the same entry is in use, the older
/// one is not. What cannot be read is left out, rather than leaving the desk without any knowledge.
pub async fn in_use(tx: &mut Tx) -> sqlx::Result<Vec<Entry>> {
    Ok(released(&in_state(tx, EntryState::Published).await?))
}

/// The versions of one entry that are in use, each with where, the newest first.
pub async fn in_use_of(tx: &mut Tx, id: &str) -> sqlx::Result<Vec<Entry>> {
    let mut published = history(tx, id).await?;
    published.retain(|version| version.state == EntryState::Published);
    let mut found = released(&published);
    found.reverse();
    Ok(found)
}

/// Published versions, in the order of entries and versions, each with where it is in use.
fn released(published: &[StoredEntry]) -> Vec<Entry> {
    let mut found = Vec::with_capacity(published.len());
    for (at, stored) in published.iter().enumerate() {
        let newer = published.iter().skip(at + 1).take_while(|next| next.id == stored.id);
        let except = newer.flat_map(StoredEntry::only).collect();
        match stored.entry() {
            Some(entry) => found.push(Entry { release: Release { only: stored.only(), except }, ..entry }),
            None => tracing::error!(entry = %stored.id, version = stored.version, "an entry cannot be read"),
        }
    }
    found
}

/// Every published entry that was imported from this file.
pub async fn of_file(tx: &mut Tx, file: &str) -> sqlx::Result<Vec<Sourced>> {
    tx.all(versions!("WHERE source_file = $1 AND state = 'published' ORDER BY id"), args![file]).await
}

/// Every published entry that is proposed for removal, because its file no longer holds it.
pub async fn vanished(tx: &mut Tx) -> sqlx::Result<Vec<StoredEntry>> {
    let sql = versions!("WHERE vanished_at IS NOT NULL AND kept_at IS NULL AND state = 'published' ORDER BY id");
    tx.all(sql, args![]).await
}

/// Proposes a version for removal, because its file no longer holds it, or takes that back.
pub async fn set_vanished(tx: &mut Tx, id: &str, version: i64, since: Option<Timestamp>) -> sqlx::Result<()> {
    let sql = "UPDATE entries SET vanished_at = $3 WHERE id = $1 AND version = $2";
    tx.run(sql, args![id, version, since]).await.map(drop)
}

/// What is proposed for removal is kept after all, however often its file is imported without it.
pub async fn keep(tx: &mut Tx, id: &str, version: i64, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE entries SET kept_at = $3 WHERE id = $1 AND version = $2";
    tx.run(sql, args![id, version, now]).await.map(drop)
}

/// A version was confirmed, and has to be again by then.
pub async fn confirm(tx: &mut Tx, known: &StoredEntry, verify_by: Timestamp, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE entries SET verify_by = $3 WHERE id = $1 AND version = $2";
    tx.run(sql, args![&known.id, known.version, verify_by]).await?;
    new_edition(tx, &known.id, known.version, now).await
}

/// How many corrections wait for this owner, and the newest of them.
pub async fn corrections(tx: &mut Tx, owner: &str) -> sqlx::Result<Option<(i64, StoredEntry)>> {
    let counted = "SELECT COUNT(*) FROM entries WHERE state = 'proposed' AND owner = $1";
    let count: i64 = tx.one(counted, args![owner]).await?.map_or(0, |(count,)| count);
    let newest = versions!("WHERE state = 'proposed' AND owner = $1 ORDER BY created_at DESC, id DESC LIMIT 1");
    Ok(tx.one(newest, args![owner]).await?.map(|newest| (count, newest)))
}

/// Whether a correction like this one waits already, or was dismissed.
pub async fn was_proposed(tx: &mut Tx, content_sha256: &str) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM entries WHERE state IN ('proposed', 'dismissed') AND content_sha256 = $1 LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![content_sha256]).await?.is_some())
}

/// Adds a version in its state; publishing retires the older ones.
pub async fn add(tx: &mut Tx, entry: &StoredEntry, now: Timestamp) -> sqlx::Result<()> {
    if entry.state == EntryState::Published {
        retire_others(tx, &entry.id, entry.version).await?;
        new_edition(tx, &entry.id, entry.version, now).await?;
    } else {
        retire_waiting(tx, &entry.id).await?;
    }
    insert(tx, entry, None).await
}

/// Adds an imported version in its state; publishing retires the older ones. The index learns of it by [`new_edition`],
/// once for all entries of the transaction.
pub async fn add_imported(tx: &mut Tx, entry: &StoredEntry, source: &Source) -> sqlx::Result<()> {
    if entry.state == EntryState::Published {
        retire_others(tx, &entry.id, entry.version).await?;
    } else {
        retire_waiting(tx, &entry.id).await?;
    }
    insert(tx, entry, Some(source)).await
}

/// A newer draft takes the place of those that wait.
async fn retire_waiting(tx: &mut Tx, id: &str) -> sqlx::Result<()> {
    let sql = "UPDATE entries SET state = 'retired' WHERE id = $1 AND version > 0 AND state IN ('draft', 'submitted')";
    tx.run(sql, args![id]).await.map(drop)
}

/// A version that will never be published: another one takes its place.
pub async fn retire(tx: &mut Tx, id: &str, version: i64) -> sqlx::Result<()> {
    let sql = "UPDATE entries SET state = 'retired' WHERE id = $1 AND version = $2";
    tx.run(sql, args![id, version]).await.map(drop)
}

/// Retires every other version that is in use or was on its way.
pub async fn retire_others(tx: &mut Tx, id: &str, version: i64) -> sqlx::Result<()> {
    // The range on the version leads SQLite to the entry's own rows, not through everything that is published.
    let sql = "UPDATE entries SET state = 'retired' WHERE id = $1 AND version > 0 AND version <> $2
               AND state IN ('published', 'draft', 'submitted')";
    tx.run(sql, args![id, version]).await.map(drop)
}

/// Moves a version on in its life, and to where it is in use; false where somebody was faster.
pub async fn move_on(
    tx: &mut Tx,
    known: &StoredEntry,
    to: EntryState,
    only: &[String],
    now: Timestamp,
) -> anyhow::Result<bool> {
    let channels = (!only.is_empty()).then(|| serde_json::to_string(only)).transpose()?;
    let args = args![&known.id, known.version, known.state.as_str(), to.as_str(), channels];
    let sql = "UPDATE entries SET state = $4, channels = $5 WHERE id = $1 AND version = $2 AND state = $3";
    let moved = tx.run(sql, args).await? == 1;
    if moved && [known.state, to].contains(&EntryState::Published) {
        new_edition(tx, &known.id, known.version, now).await?;
    }
    Ok(moved)
}

async fn insert(tx: &mut Tx, entry: &StoredEntry, source: Option<&Source>) -> sqlx::Result<()> {
    number(tx, &entry.id).await?;
    let args = args![
        &entry.id,
        entry.version,
        entry.state.as_str(),
        &entry.owner,
        &entry.title,
        &entry.body,
        &entry.content_sha256,
        entry.created_at,
        source.map(|source| source.file.as_str()),
        source.map(|source| source.sha256.as_str()),
        entry.channels.clone()
    ];
    let sql = "INSERT INTO entries (id, version, state, owner, title, body, content_sha256, created_at, source_file,
               source_sha256, channels) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    tx.run(sql, args).await.map(drop)
}

/// The number by which people name an entry; it gets one where it has none.
pub async fn number(tx: &mut Tx, id: &str) -> sqlx::Result<i64> {
    let known = "SELECT number FROM entry_numbers WHERE id = $1";
    if let Some((number,)) = tx.one(known, args![id]).await? {
        return Ok(number);
    }
    tx.alone("entry numbers").await?;
    let sql =
        "INSERT INTO entry_numbers (number, id) SELECT COALESCE(MAX(number), 0) + 1, $1 FROM entry_numbers WHERE TRUE
               ON CONFLICT (id) DO NOTHING";
    tx.run(sql, args![id]).await?;
    tx.one(known, args![id]).await?.map(|(number,)| number).ok_or(sqlx::Error::RowNotFound)
}

/// The entry people call by this number.
pub async fn numbered(tx: &mut Tx, number: i64) -> sqlx::Result<Option<String>> {
    let found: Option<(String,)> = tx.one("SELECT id FROM entry_numbers WHERE number = $1", args![number]).await?;
    Ok(found.map(|(id,)| id))
}

/// Lets only one transaction at a time act on an entry.
pub async fn hold(tx: &mut Tx, id: &str) -> sqlx::Result<()> {
    tx.alone(&format!("entry {id}")).await
}

/// Names the published knowledge anew, after the newest of its changes, and says so to all instances.
pub async fn new_edition(tx: &mut Tx, id: &str, version: i64, now: Timestamp) -> sqlx::Result<()> {
    let count = super::desks::counted(tx, "knowledge editions").await?;
    super::desks::set_value(tx, "knowledge", &format!("{count}:{id}:{version}:{now}")).await?;
    tx.has_work();
    Ok(())
}

/// Names the published knowledge; a new name means that the index is out of date.
pub async fn edition(tx: &mut Tx) -> sqlx::Result<Option<String>> {
    super::desks::value(tx, "knowledge").await
}
