//! Versions of the configuration: the newest is the only truth at run time.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;
use crate::desk::Desk;
use crate::policy::Triggers;

/// A version of the configuration in force.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Its id; a new one means that something changed.
    pub id: String,
    /// SHA-256 of the file it came from.
    pub content_sha256: String,
    /// Everything configured.
    pub desk: Desk,
    /// The trigger words in force.
    pub triggers: Triggers,
    /// The policy version.
    pub policy: String,
}

/// A configuration that is or was in force, by what decides in it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// The policy version.
    pub policy: String,
    /// Since when.
    pub applied_at: Timestamp,
    /// When somebody took its policy back, if anybody did.
    pub taken_back_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Stored {
    id: String,
    content_sha256: String,
    body: String,
    triggers: Option<String>,
    policy: String,
}

/// The version in force, if any was ever applied.
pub async fn current(tx: &mut Tx) -> anyhow::Result<Option<Applied>> {
    let sql = "SELECT id, content_sha256, body, triggers, policy FROM desks ORDER BY id DESC LIMIT 1";
    tx.one::<Stored>(sql, args![]).await?.as_ref().map(read).transpose()
}

fn read(row: &Stored) -> anyhow::Result<Applied> {
    let (desk, triggers) = (serde_json::from_str(&row.body)?, read_triggers(row.triggers.as_deref())?);
    let Stored { id, content_sha256, policy, .. } = row;
    Ok(Applied { id: id.clone(), content_sha256: content_sha256.clone(), desk, triggers, policy: policy.clone() })
}

/// A version by its id, with the text of its table of trigger words; none for the built-in one.
pub async fn with_triggers(tx: &mut Tx, id: &str) -> anyhow::Result<Option<(Applied, Option<String>)>> {
    let sql = "SELECT id, content_sha256, body, triggers, policy FROM desks WHERE id = $1";
    let Some(row) = tx.one::<Stored>(sql, args![id]).await? else { return Ok(None) };
    Ok(Some((read(&row)?, row.triggers)))
}

/// The versions there were, the one in force first.
pub async fn versions(tx: &mut Tx) -> sqlx::Result<Vec<Version>> {
    tx.all("SELECT id, policy, applied_at, taken_back_at FROM desks ORDER BY id DESC LIMIT 1000", args![]).await
}

/// Notes that somebody took a policy back, whichever configurations had it.
pub async fn take_back(tx: &mut Tx, policy: &str, now: Timestamp) -> sqlx::Result<()> {
    tx.run("UPDATE desks SET taken_back_at = $2 WHERE policy = $1", args![policy, now]).await.map(drop)
}

/// The table of trigger words in a text; the built-in one without a text.
///
/// # Errors
/// Every problem of the text, in one message.
pub fn read_triggers(text: Option<&str>) -> anyhow::Result<Triggers> {
    let Some(text) = text else { return Ok(Triggers::builtin()) };
    Triggers::parse(text).map_err(|problems| anyhow::anyhow!(problems.join("; ")))
}

/// The id of the version in force.
pub async fn current_id(tx: &mut Tx) -> sqlx::Result<Option<String>> {
    let newest: Vec<(Option<String>,)> = tx.seldom("SELECT MAX(id) FROM desks").await?;
    Ok(newest.into_iter().next().and_then(|(id,)| id))
}

/// Whether a file with this content was ever applied.
pub async fn was_applied(tx: &mut Tx, content_sha256: &str) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM desks WHERE content_sha256 = $1 LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![content_sha256]).await?.is_some())
}

/// Puts a version in force.
pub async fn apply(
    tx: &mut Tx,
    new: &Applied,
    triggers: Option<&str>,
    people: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let body = serde_json::to_string(&new.desk)?;
    let sql = "INSERT INTO desks (id, content_sha256, body, triggers, policy, people, applied_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.has_work();
    tx.run(sql, args![&new.id, &new.content_sha256, body, triggers, &new.policy, people, now]).await?;
    Ok(())
}

/// A named value of the desk.
pub async fn value(tx: &mut Tx, name: &str) -> sqlx::Result<Option<String>> {
    Ok(tx.one::<(String,)>("SELECT value FROM kv WHERE name = $1", args![name]).await?.map(|(value,)| value))
}

/// Sets a named value of the desk.
pub async fn set_value(tx: &mut Tx, name: &str, value: &str) -> sqlx::Result<()> {
    let sql = "INSERT INTO kv (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.run(sql, args![name, value]).await.map(drop)
}

/// Counts something by name, and says how often it happened, this time included.
pub async fn counted(tx: &mut Tx, what: &str) -> sqlx::Result<i64> {
    let sql = "INSERT INTO kv (name, value) VALUES ($1, '1')
               ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(kv.value AS BIGINT) + 1 AS TEXT) RETURNING value";
    let (value,): (String,) = tx.one(sql, args![format!("{COUNT}{what}")]).await?.ok_or(sqlx::Error::RowNotFound)?;
    value.parse().map_err(|e| sqlx::Error::Decode(Box::new(e)))
}

/// What was counted so far, by name.
pub async fn counts(tx: &mut Tx) -> sqlx::Result<Vec<(String, i64)>> {
    let sql = "SELECT SUBSTR(name, 7), CAST(value AS BIGINT) FROM kv WHERE name LIKE 'count:%' ORDER BY name";
    tx.all(sql, args![]).await
}

/// Begins the name of whatever is counted; six characters.
const COUNT: &str = "count:";

/// Channels with cases that are not closed, and how many each has.
pub async fn busy_channels(tx: &mut Tx) -> sqlx::Result<Vec<(String, i64)>> {
    let sql = "SELECT channel, COUNT(*) FROM cases WHERE state <> 'closed' GROUP BY channel ORDER BY channel";
    tx.all(sql, args![]).await
}
