//! What people have in hand: edits they are typing, whether they are on duty, links they were given.

use std::collections::HashMap;

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;
use crate::desk::DutyWord;

/// A person whose next message is a case's new text.
#[derive(Debug, Clone, FromRow)]
pub struct PendingEdit {
    /// The person's id.
    pub person: String,
    /// The case.
    pub case_id: String,
    /// The draft version they saw.
    pub version: i64,
    /// The code they saw.
    pub code: String,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// Begins an edit, ending any other of the same person.
pub async fn begin_edit(tx: &mut Tx, edit: &PendingEdit) -> sqlx::Result<()> {
    let sql = "INSERT INTO pending_edits (person, case_id, version, code, until) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (person) DO UPDATE SET case_id = excluded.case_id, version = excluded.version,
               code = excluded.code, until = excluded.until";
    tx.run(sql, args![&edit.person, &edit.case_id, edit.version, &edit.code, edit.until]).await.map(drop)
}

/// Ends a person's edit and gives it, if there was one that is still good.
pub async fn end_edit(tx: &mut Tx, person: &str, now: Timestamp) -> sqlx::Result<Option<PendingEdit>> {
    let found: Option<PendingEdit> = tx.one("SELECT * FROM pending_edits WHERE person = $1", args![person]).await?;
    tx.run("DELETE FROM pending_edits WHERE person = $1", args![person]).await?;
    Ok(found.filter(|edit| edit.until > now))
}

/// Until when a person is writing a new text for a case, if they are.
pub async fn editing(tx: &mut Tx, case_id: &str, person: &str) -> sqlx::Result<Option<Timestamp>> {
    let sql = "SELECT until FROM pending_edits WHERE case_id = $1 AND person = $2";
    Ok(tx.one::<(Timestamp,)>(sql, args![case_id, person]).await?.map(|(until,)| until))
}

/// The customer somebody asked for last.
#[derive(Debug, Clone, FromRow)]
pub struct AskedLast {
    /// The channel.
    pub channel: String,
    /// The customer's id there.
    pub customer: String,
}

/// Remembers whom a person asked for, until a time.
pub async fn asked(tx: &mut Tx, person: &str, last: &AskedLast, until: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO asked_last (person, channel, customer, until) VALUES ($1, $2, $3, $4)
               ON CONFLICT (person) DO UPDATE SET channel = excluded.channel, customer = excluded.customer,
               until = excluded.until";
    tx.run(sql, args![person, &last.channel, &last.customer, until]).await.map(drop)
}

/// Whom a person asked for last, if that is not too long ago.
pub async fn asked_last(tx: &mut Tx, person: &str, now: Timestamp) -> sqlx::Result<Option<AskedLast>> {
    let sql = "SELECT channel, customer FROM asked_last WHERE person = $1 AND until > $2";
    tx.one(sql, args![person, now]).await
}

/// Notes that a person said they stop or start working.
pub async fn set_duty(tx: &mut Tx, person: &str, on: bool, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO duty_words (person, on_duty, at) VALUES ($1, $2, $3)
               ON CONFLICT (person) DO UPDATE SET on_duty = excluded.on_duty, at = excluded.at";
    tx.run(sql, args![person, on, now]).await.map(drop)
}

/// What everybody last said about being on duty.
pub async fn duty_words(tx: &mut Tx) -> sqlx::Result<HashMap<String, DutyWord>> {
    let rows: Vec<(String, bool, Timestamp)> = tx.seldom("SELECT person, on_duty, at FROM duty_words").await?;
    Ok(rows.into_iter().map(|(person, on, at)| (person, DutyWord { on, at })).collect())
}

/// A link to a review page for one person, case and version.
#[derive(Debug, Clone, FromRow)]
pub struct Link {
    /// The person's id.
    pub person: String,
    /// The case.
    pub case_id: String,
    /// The draft version it was given for.
    pub version: i64,
    /// When it ends.
    pub until: Timestamp,
    /// When a text was handed in through it.
    pub used_at: Option<Timestamp>,
}

/// Remembers a link by the hash of its token.
pub async fn add_link(tx: &mut Tx, token_sha256: &str, link: &Link) -> sqlx::Result<()> {
    let sql = "INSERT INTO links (token_sha256, person, case_id, version, until) VALUES ($1, $2, $3, $4, $5)";
    tx.run(sql, args![token_sha256, &link.person, &link.case_id, link.version, link.until]).await.map(drop)
}

/// The link with this token's hash, if it is still good.
pub async fn link(tx: &mut Tx, token_sha256: &str, now: Timestamp) -> sqlx::Result<Option<Link>> {
    let sql = "SELECT person, case_id, version, until, used_at FROM links WHERE token_sha256 = $1 AND until > $2";
    tx.one(sql, args![token_sha256, now]).await
}

/// Uses a link up; false when it was used before.
pub async fn use_link(tx: &mut Tx, token_sha256: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE links SET used_at = $2 WHERE token_sha256 = $1 AND used_at IS NULL AND until > $2";
    Ok(tx.run(sql, args![token_sha256, now]).await? == 1)
}

/// Notes that somebody cannot be reached; whether that was not said since `from`.
pub async fn unreachable_is_news(tx: &mut Tx, address: &str, now: Timestamp, from: Timestamp) -> sqlx::Result<bool> {
    let sql = "INSERT INTO unreachable (address, told_at) VALUES ($1, $2)
               ON CONFLICT (address) DO UPDATE SET told_at = excluded.told_at WHERE unreachable.told_at <= $3";
    Ok(tx.run(sql, args![address, now, from]).await? == 1)
}

/// Notes an approval of a person; gives how many they gave since the first one after `from`, this one included.
pub async fn approved(tx: &mut Tx, person: &str, now: Timestamp, from: Timestamp) -> sqlx::Result<i64> {
    let sql = "INSERT INTO approval_pace (person, since, approvals) VALUES ($1, $2, 1)
               ON CONFLICT (person) DO UPDATE SET
               approvals = CASE WHEN approval_pace.since > $3 THEN approval_pace.approvals + 1 ELSE 1 END,
               since = CASE WHEN approval_pace.since > $3 THEN approval_pace.since ELSE excluded.since END
               RETURNING approvals";
    let counted: Option<(i64,)> = tx.one(sql, args![person, now, from]).await?;
    Ok(counted.map_or(1, |(approvals,)| approvals))
}
