//! Replies that left without a person and are reviewed afterwards, blind.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// A reply that is reviewed after it left.
#[derive(Debug, Clone, FromRow)]
pub struct Sample {
    /// Its id, which stands for the case on the reviewer's card.
    pub id: String,
    /// The case it answered.
    pub case_id: String,
    /// The drafting it came from.
    pub generation: i64,
    /// The channel's id.
    pub channel: String,
    /// What the customer wanted.
    pub intent: String,
    /// The case as it would have waited for a review, as JSON.
    pub shown: String,
    /// Who has the card.
    pub asked: Option<String>,
    /// Whether it was good, once somebody said so.
    pub good: Option<bool>,
    /// Who said so.
    pub decided_by: Option<String>,
}

/// Notes that a reply is to be reviewed.
pub async fn draw(tx: &mut Tx, sample: &Sample, now: Timestamp) -> sqlx::Result<()> {
    let Sample { id, case_id, generation, channel, intent, shown, .. } = sample;
    let sql = "INSERT INTO samples (id, case_id, generation, channel, intent, shown, drawn_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.run(sql, args![id, case_id, *generation, channel, intent, shown, now]).await.map(drop)
}

/// The sample with this id.
pub async fn load(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Sample>> {
    tx.one("SELECT * FROM samples WHERE id = $1", args![id]).await
}

/// The sample with this id, locked until the transaction ends.
pub async fn lock(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Sample>> {
    tx.one("UPDATE samples SET id = id WHERE id = $1 RETURNING *", args![id]).await
}

/// Notes who is asked.
pub async fn asked(tx: &mut Tx, id: &str, person: &str) -> sqlx::Result<()> {
    tx.run("UPDATE samples SET asked = $2 WHERE id = $1", args![id, person]).await.map(drop)
}

/// Notes what somebody says; false when it was said before.
pub async fn decide(tx: &mut Tx, id: &str, good: bool, by: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE samples SET good = $2, decided_by = $3, decided_at = $4 WHERE id = $1 AND good IS NULL";
    Ok(tx.run(sql, args![id, good, by, now]).await? == 1)
}

/// What reviews of an intent's replies on a channel said since a time, oldest first.
pub async fn reviews(tx: &mut Tx, channel: &str, intent: &str, since: Timestamp) -> sqlx::Result<Vec<bool>> {
    let sql = "SELECT good FROM samples WHERE channel = $1 AND intent = $2 AND drawn_at >= $3 AND good IS NOT NULL
               ORDER BY decided_at, id";
    let reviews: Vec<(bool,)> = tx.all(sql, args![channel, intent, since]).await?;
    Ok(reviews.into_iter().map(|(good,)| good).collect())
}

/// How many wait for a review, of those drawn before a time, by channel and intent.
pub async fn waiting(tx: &mut Tx, before: Timestamp) -> sqlx::Result<Vec<(String, String, i64)>> {
    let sql = "SELECT channel, intent, COUNT(*) FROM samples WHERE good IS NULL AND drawn_at < $1
               GROUP BY channel, intent ORDER BY channel, intent";
    tx.all(sql, args![before]).await
}
