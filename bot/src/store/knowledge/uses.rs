//! Which drafts rest on which versions.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::case::Citation;
use crate::clock::Timestamp;

/// A draft that rests on a version.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct Use {
    /// The version.
    pub version: i64,
    /// The case's id.
    pub case_id: String,
    /// The case's number.
    pub case: i64,
    /// The draft's version.
    pub draft: i64,
    /// When it was first shown.
    pub at: Timestamp,
    /// What became of its first part, where it was claimed: `accepted`, `unknown` …
    pub sent: Option<String>,
    /// When that was known.
    pub sent_at: Option<Timestamp>,
}

/// Remembers what a draft rests on.
pub async fn add(tx: &mut Tx, citations: &[Citation], case_id: &str, draft: i64, now: Timestamp) -> sqlx::Result<()> {
    for citation in citations {
        let sql = "INSERT INTO entry_uses (entry, version, case_id, draft, at) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (entry, version, case_id, draft) DO NOTHING";
        tx.run(sql, args![&citation.entry, citation.version, case_id, draft, now]).await?;
    }
    Ok(())
}

/// Every draft that rests on an entry, newest first.
pub async fn of(tx: &mut Tx, entry: &str, limit: i64) -> sqlx::Result<Vec<Use>> {
    let sql = "SELECT u.version, u.case_id, c.number AS \"case\", u.draft, u.at, s.state AS sent,
                 s.settled_at AS sent_at
               FROM entry_uses u JOIN cases c ON c.id = u.case_id
               LEFT JOIN sends s ON s.case_id = u.case_id AND s.version = u.draft AND s.part = 0
               WHERE u.entry = $1 ORDER BY u.at DESC, u.case_id, u.draft DESC LIMIT $2";
    tx.all(sql, args![entry, limit]).await
}

/// Cases that are not closed and have a draft that rests on an entry.
pub async fn open_cases(tx: &mut Tx, entry: &str) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT DISTINCT u.case_id FROM entry_uses u JOIN cases c ON c.id = u.case_id
               WHERE u.entry = $1 AND c.state <> 'closed' ORDER BY u.case_id";
    let found: Vec<(String,)> = tx.all(sql, args![entry]).await?;
    Ok(found.into_iter().map(|(case,)| case).collect())
}

/// Whether every version cited is still in use, and stays so until this transaction ends.
pub async fn all_in_use(tx: &mut Tx, citations: &[Citation]) -> sqlx::Result<bool> {
    for citation in citations {
        let sql = tx.either(
            "SELECT state FROM entries WHERE id = $1 AND version = $2",
            "SELECT state FROM entries WHERE id = $1 AND version = $2 FOR SHARE",
        );
        let found: Option<(String,)> = tx.one(sql, args![&citation.entry, citation.version]).await?;
        if found.is_none_or(|(state,)| state != "published") {
            return Ok(false);
        }
    }
    Ok(true)
}
