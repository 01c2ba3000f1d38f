//! Where replies may leave without a person, by channel and intent.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// How automation stands for one intent on one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct Automation {
    /// The channel's id.
    pub channel: String,
    /// The intent's name.
    pub intent: String,
    /// Who proposed to open it, as long as nobody confirmed.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<Timestamp>,
    /// Since when it is open; none while it is not.
    pub opened_at: Option<Timestamp>,
    /// Drafts of before say nothing for the next opening.
    pub counts_from: Timestamp,
}

/// Everything that was ever proposed.
pub async fn all(tx: &mut Tx) -> sqlx::Result<Vec<Automation>> {
    tx.all("SELECT * FROM automation ORDER BY channel, intent", args![]).await
}

/// How it stands, without a lock.
pub async fn load(tx: &mut Tx, channel: &str, intent: &str) -> sqlx::Result<Automation> {
    let sql = "SELECT * FROM automation WHERE channel = $1 AND intent = $2";
    let found: Option<Automation> = tx.one(sql, args![channel, intent]).await?;
    Ok(found.unwrap_or_else(|| Automation { channel: channel.into(), intent: intent.into(), ..Automation::default() }))
}

/// How it stands, locked until the transaction ends: whoever opens or closes goes one after another, and waits for every
/// claim that looked.
pub async fn lock(tx: &mut Tx, channel: &str, intent: &str) -> sqlx::Result<Automation> {
    let sql = "INSERT INTO automation (channel, intent, counts_from) VALUES ($1, $2, 0)
               ON CONFLICT (channel, intent) DO UPDATE SET intent = excluded.intent RETURNING *";
    tx.one(sql, args![channel, intent]).await?.ok_or(sqlx::Error::RowNotFound)
}

/// The open intents of a channel, by name.
pub async fn open_on(tx: &mut Tx, channel: &str) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT intent FROM automation WHERE channel = $1 AND opened_at IS NOT NULL ORDER BY intent";
    let open: Vec<(String,)> = tx.all(sql, args![channel]).await?;
    Ok(open.into_iter().map(|(intent,)| intent).collect())
}

/// The open intents of a channel, by name. None of them is closed until this transaction ends.
pub async fn held_open_on(tx: &mut Tx, channel: &str) -> sqlx::Result<Vec<String>> {
    let sql = tx.either(
        "SELECT intent FROM automation WHERE channel = $1 AND opened_at IS NOT NULL ORDER BY intent",
        "SELECT intent FROM automation WHERE channel = $1 AND opened_at IS NOT NULL ORDER BY intent FOR SHARE",
    );
    let open: Vec<(String,)> = tx.all(sql, args![channel]).await?;
    Ok(open.into_iter().map(|(intent,)| intent).collect())
}

/// Stores how it stands.
pub async fn save(tx: &mut Tx, automation: &Automation) -> sqlx::Result<()> {
    let Automation { channel, intent, proposed_by, proposed_at, opened_at, counts_from } = automation;
    let sql = "UPDATE automation SET proposed_by = $3, proposed_at = $4, opened_at = $5, counts_from = $6
               WHERE channel = $1 AND intent = $2";
    let args = args![channel, intent, proposed_by.clone(), *proposed_at, *opened_at, *counts_from];
    tx.run(sql, args).await.map(drop)
}
