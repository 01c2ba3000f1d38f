//! Questions nobody's knowledge answers.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// A question nobody's knowledge answers.
#[derive(Debug, Clone, FromRow)]
pub struct Gap {
    /// Groups questions that ask the same.
    pub dedup: String,
    /// The first customer's words.
    pub question: String,
    /// How often it came.
    pub times: i64,
    /// How many customers asked it.
    pub customers: i64,
    /// The newest case.
    pub case_id: String,
    /// When it last came.
    pub last_at: Timestamp,
}

/// Counts a question the knowledge does not answer.
pub async fn record(tx: &mut Tx, dedup: &str, question: &str, case: (&str, &str), now: Timestamp) -> sqlx::Result<()> {
    let (case_id, conversation) = case;
    let sql = "INSERT INTO gaps (dedup, question, times, case_id, first_at, last_at) VALUES ($1, $2, 1, $3, $4, $4)
               ON CONFLICT (dedup) DO UPDATE SET times = gaps.times + 1, case_id = excluded.case_id,
               last_at = excluded.last_at";
    tx.run(sql, args![dedup, question, case_id, now]).await?;
    let sql = "INSERT INTO gap_askers (dedup, asker) VALUES ($1, $2) ON CONFLICT (dedup, asker) DO NOTHING";
    tx.run(sql, args![dedup, conversation]).await.map(drop)
}

/// The unanswered questions, those most customers asked first.
pub async fn all(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Gap>> {
    let sql = "SELECT gaps.dedup, question, times, COUNT(asker) AS customers, case_id, last_at
               FROM gaps LEFT JOIN gap_askers ON gap_askers.dedup = gaps.dedup
               GROUP BY gaps.dedup, question, times, case_id, last_at
               ORDER BY COUNT(asker) DESC, times DESC, last_at DESC LIMIT $1";
    tx.all(sql, args![limit]).await
}
