//! What became of entries: by whom, and when.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// Something that was done with a version.
#[derive(Debug, Clone, FromRow)]
pub struct Done {
    /// The version.
    pub version: i64,
    /// What, by the end of its locale key.
    pub act: String,
    /// Who, by id.
    pub person: String,
    /// More about it, for people; may be empty.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// Remembers an act. Whoever acts holds the entry ([`super::hold`]).
pub async fn add(tx: &mut Tx, entry: &str, done: &Done) -> sqlx::Result<()> {
    let sql = "INSERT INTO entry_acts (entry, seq, version, act, person, note, at)
               SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6 FROM entry_acts WHERE entry = $1";
    let args = args![entry, done.version, &done.act, &done.person, &done.note, done.at];
    tx.run(sql, args).await.map(drop)
}

/// Everything that was done with an entry, oldest first.
pub async fn of(tx: &mut Tx, entry: &str) -> sqlx::Result<Vec<Done>> {
    let sql = "SELECT version, act, person, note, at FROM entry_acts WHERE entry = $1 ORDER BY seq";
    tx.all(sql, args![entry]).await
}
