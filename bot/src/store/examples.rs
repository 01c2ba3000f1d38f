//! Replies that the drafter may take as examples of manner.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// The newest examples of a channel that the nearest are looked for among.
const LOOKED_AT: i64 = 200;

/// A reply that the owner of its channel lets the drafter learn its manner from.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Example {
    /// The case it answered.
    pub case_id: String,
    /// That case's number.
    pub number: i64,
    /// The channel's id.
    pub channel: String,
    /// The language of the customer's words, by name.
    pub language: String,
    /// The customer's words, without what is personal.
    pub question: String,
    /// The shop's words, without what is personal.
    pub answer: String,
    /// Who consented, by id.
    pub consented_by: String,
    /// When.
    pub consented_at: Timestamp,
}

/// A reply that was sent as it was drafted and may become an example.
#[derive(Debug, Clone, FromRow)]
pub struct Candidate {
    /// The case's id.
    pub case_id: String,
    /// Its number.
    pub number: i64,
    /// The title of the knowledge the reply rests on most.
    pub basis: Option<String>,
}

/// Keeps an example, instead of an earlier one of the same case.
pub async fn keep(tx: &mut Tx, example: &Example) -> sqlx::Result<()> {
    let Example { case_id, number, channel, language, question, answer, consented_by, consented_at } = example;
    let sql = "INSERT INTO examples (case_id, number, channel, language, question, answer, consented_by, consented_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (case_id) DO UPDATE SET language = excluded.language, question = excluded.question,
               answer = excluded.answer, consented_by = excluded.consented_by, consented_at = excluded.consented_at";
    let args = args![case_id, *number, channel, language, question, answer, consented_by, *consented_at];
    tx.run(sql, args).await.map(drop)
}

/// Takes the example of a case away; false where there is none.
pub async fn take_away(tx: &mut Tx, case_id: &str) -> sqlx::Result<bool> {
    Ok(tx.run("DELETE FROM examples WHERE case_id = $1", args![case_id]).await? == 1)
}

/// The example made of a case.
pub async fn of_case(tx: &mut Tx, case_id: &str) -> sqlx::Result<Option<Example>> {
    tx.one("SELECT * FROM examples WHERE case_id = $1", args![case_id]).await
}

/// The examples of a channel in a language, the newest first.
pub async fn on(tx: &mut Tx, channel: &str, language: &str) -> sqlx::Result<Vec<Example>> {
    let sql = "SELECT * FROM examples WHERE channel = $1 AND language = $2
               ORDER BY consented_at DESC, number DESC LIMIT $3";
    tx.all(sql, args![channel, language, LOOKED_AT]).await
}

/// All examples of a channel, the newest first.
pub async fn of_channel(tx: &mut Tx, channel: &str) -> sqlx::Result<Vec<Example>> {
    let sql = "SELECT * FROM examples WHERE channel = $1 ORDER BY consented_at DESC, number DESC";
    tx.all(sql, args![channel]).await
}

/// Replies of a channel that people sent as they were drafted, none of which is an example, the newest first.
pub async fn candidates(tx: &mut Tx, channel: &str, limit: i64) -> sqlx::Result<Vec<Candidate>> {
    let sql = "SELECT cases.id AS case_id, cases.number, outcomes.basis
               FROM outcomes JOIN cases ON cases.id = outcomes.case_id
               WHERE outcomes.channel = $1 AND outcomes.outcome = 'unchanged' AND outcomes.risk IN ('low', 'medium')
                 AND outcomes.permitted_at IS NULL AND cases.state = 'closed'
                 AND NOT EXISTS (SELECT 1 FROM examples WHERE examples.case_id = cases.id)
               ORDER BY outcomes.decided_at DESC, cases.number DESC LIMIT $2";
    tx.all(sql, args![channel, limit]).await
}
