//! What became of each draft the bot wrote.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::case::{Case, Draft};
use crate::clock::Timestamp;

/// What a person made of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Sent exactly as drafted.
    Unchanged,
    /// Rewritten, or sent back to be.
    Changed,
    /// Rejected.
    Rejected,
    /// Answered in person instead.
    TakenOver,
}

impl Outcome {
    /// The name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Rejected => "rejected",
            Self::TakenOver => "taken_over",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Unchanged, Self::Changed, Self::Rejected, Self::TakenOver].into_iter().find(|o| o.as_str() == name)
    }
}

/// A draft and what became of it.
#[derive(Debug, Clone, FromRow)]
pub struct Row {
    /// The case's id.
    pub case_id: String,
    /// The channel's id.
    pub channel: String,
    /// What the customer wanted.
    pub intent: String,
    /// How it was judged.
    pub risk: String,
    /// What was known about it, as JSON.
    pub signals: String,
    /// When it was drafted.
    pub drafted_at: Timestamp,
    /// Whether it went to the next level.
    pub escalated: bool,
    outcome: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// Characters that were changed.
    pub distance: Option<i64>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// When it left without a person, where it did.
    pub permitted_at: Option<Timestamp>,
    words: String,
    /// The title of the knowledge it rests on most.
    pub basis: Option<String>,
}

impl Row {
    /// The words because of which a person had to look.
    pub fn words(&self) -> Vec<String> {
        serde_json::from_str(&self.words).unwrap_or_default()
    }

    /// Whether its risk was high or abnormal.
    pub fn is_high_risk(&self) -> bool {
        matches!(self.risk.as_str(), "high" | "abnormal")
    }

    /// What a person made of it, once one did.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome.as_deref().and_then(Outcome::named)
    }
}

/// A decision about a draft.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// What became of the draft.
    pub outcome: Outcome,
    /// Why it was rejected.
    pub reason: Option<&'a str>,
    /// Characters that were changed.
    pub distance: Option<i64>,
    /// Who decided.
    pub by: &'a str,
}

/// Notes a draft that people are about to see.
pub async fn drafted(tx: &mut Tx, case: &Case, draft: &Draft, signals: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql =
        "INSERT INTO outcomes (case_id, generation, channel, intent, risk, signals, drafted_at, escalated, eligible, words, basis)
               VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8, $9, $10) ON CONFLICT (case_id, generation) DO NOTHING";
    let (risk, eligible) = (draft.verdict.risk.as_str(), draft.verdict.is_eligible());
    let words = serde_json::json!(draft.verdict.listed_words()).to_string();
    let basis = draft.citations.first().map(|cited| cited.title.clone());
    let args = args![
        &case.id,
        case.generation,
        &case.channel,
        draft.intent.as_str(),
        risk,
        signals,
        now,
        eligible,
        words,
        basis
    ];
    tx.run(sql, args).await.map(drop)
}

/// Notes what a person made of it; the first decision about a draft counts.
pub async fn decided(tx: &mut Tx, case: &Case, decided: Decided<'_>, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE outcomes SET outcome = $3, reason = $4, distance = $5, decided_by = $6, decided_at = $7
               WHERE case_id = $1 AND generation = $2 AND outcome IS NULL";
    let Decided { outcome, reason, distance, by } = decided;
    let args = args![&case.id, case.generation, outcome.as_str(), reason, distance, by, now];
    tx.run(sql, args).await.map(drop)
}

/// Notes that a draft left without a person.
pub async fn permitted(tx: &mut Tx, case: &Case, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE outcomes SET permitted_at = $3 WHERE case_id = $1 AND generation = $2";
    tx.run(sql, args![&case.id, case.generation, now]).await.map(drop)
}

/// How many drafts left without a person since a time, by channel and intent.
pub async fn permitted_since(tx: &mut Tx, from: Timestamp) -> sqlx::Result<Vec<(String, String, i64)>> {
    let sql = "SELECT channel, intent, COUNT(*) FROM outcomes WHERE permitted_at >= $1
               GROUP BY channel, intent ORDER BY channel, intent";
    tx.all(sql, args![from]).await
}

/// Good and bad decisions about drafts of an intent on a channel that could have left without a person, of those drafted
/// from a time on. What did leave is not among them, reviewed or not: a watch of its own is over that.
pub async fn eligible(tx: &mut Tx, channel: &str, intent: &str, from: Timestamp) -> sqlx::Result<(i64, i64)> {
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN outcome = 'unchanged' THEN 1 ELSE 0 END), 0) AS BIGINT),
                      CAST(COALESCE(SUM(CASE WHEN outcome = 'unchanged' THEN 0 ELSE 1 END), 0) AS BIGINT)
               FROM outcomes WHERE channel = $1 AND intent = $2 AND drafted_at >= $3 AND decided_at IS NOT NULL
                 AND eligible AND permitted_at IS NULL";
    Ok(tx.one(sql, args![channel, intent, from]).await?.unwrap_or_default())
}

/// Notes that a draft went to the next level.
pub async fn escalated(tx: &mut Tx, case: &Case) -> sqlx::Result<()> {
    let sql = "UPDATE outcomes SET escalated = TRUE WHERE case_id = $1 AND generation = $2";
    tx.run(sql, args![&case.id, case.generation]).await.map(drop)
}

/// The newest decided drafts, oldest first.
pub async fn newest(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Row>> {
    let sql = "SELECT * FROM outcomes WHERE decided_at IS NOT NULL ORDER BY decided_at DESC, case_id LIMIT $1";
    let mut rows: Vec<Row> = tx.all(sql, args![limit]).await?;
    rows.reverse();
    Ok(rows)
}

/// How many drafts were decided about.
pub async fn count(tx: &mut Tx) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM outcomes WHERE decided_at IS NOT NULL";
    Ok(tx.one::<(i64,)>(sql, args![]).await?.map_or(0, |(count,)| count))
}

/// What was drafted from a time on and before another one, oldest first.
pub async fn between(tx: &mut Tx, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<Row>> {
    let sql = "SELECT * FROM outcomes WHERE drafted_at >= $1 AND drafted_at < $2 ORDER BY drafted_at, case_id";
    tx.all(sql, args![from, until]).await
}

/// What was drafted from a time on, oldest first.
pub async fn since(tx: &mut Tx, from: Timestamp) -> sqlx::Result<Vec<Row>> {
    tx.all("SELECT * FROM outcomes WHERE drafted_at >= $1 ORDER BY drafted_at, case_id", args![from]).await
}

/// Good and bad decisions by channel and intent: (channel, intent, unchanged, others).
pub async fn tallies(tx: &mut Tx) -> sqlx::Result<Vec<(String, String, i64, i64)>> {
    let sql = "SELECT channel, intent, CAST(SUM(CASE WHEN outcome = 'unchanged' THEN 1 ELSE 0 END) AS BIGINT),
                      CAST(SUM(CASE WHEN outcome = 'unchanged' THEN 0 ELSE 1 END) AS BIGINT)
               FROM outcomes WHERE decided_at IS NOT NULL GROUP BY channel, intent ORDER BY channel, intent";
    tx.all(sql, args![]).await
}
