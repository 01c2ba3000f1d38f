//! Samples of a week whose quality people look at.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::case::Case;
use crate::clock::{DAY, Timestamp};
use crate::qa::{Candidate, Kind, Scores};
use crate::store::outcomes::Row;

/// How long before its draft a customer's words may lie.
const BEFORE: Timestamp = 2 * DAY;

/// A case of a sample.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Item {
    /// The week, by name.
    pub week: String,
    /// The case's id.
    pub case_id: String,
    /// Its number.
    pub number: i64,
    /// The channel's id.
    pub channel: String,
    /// The language of the customer's words, by name.
    pub language: String,
    kinds: String,
    /// Who decided about it, where somebody did.
    pub decided_by: Option<String>,
    /// When it was drawn.
    pub drawn_at: Timestamp,
    scores: Option<String>,
    /// What was noted with the scores.
    pub note: Option<String>,
    /// Who scored it.
    pub scored_by: Option<String>,
}

impl Item {
    /// A candidate that was drawn.
    pub fn drawn(week: &str, candidate: &Candidate, now: Timestamp) -> Self {
        Self {
            week: week.to_owned(),
            case_id: candidate.case_id.clone(),
            number: candidate.number,
            channel: candidate.channel.clone(),
            language: candidate.language.as_str().to_owned(),
            kinds: serde_json::json!(candidate.kinds).to_string(),
            decided_by: candidate.decided_by.clone(),
            drawn_at: now,
            scores: None,
            note: None,
            scored_by: None,
        }
    }

    /// What it is to be looked at for.
    pub fn kinds(&self) -> Vec<Kind> {
        serde_json::from_str(&self.kinds).unwrap_or_default()
    }

    /// Its points, once somebody gave some.
    pub fn scores(&self) -> Option<Scores> {
        serde_json::from_str(self.scores.as_deref()?).ok()
    }
}

/// Lets only one at a time draw a week's sample.
pub async fn hold(tx: &mut Tx, week: &str) -> sqlx::Result<()> {
    tx.alone(&format!("qa sample of {week}")).await
}

/// The sample of a week, in the order it was drawn.
pub async fn of_week(tx: &mut Tx, week: &str) -> sqlx::Result<Vec<Item>> {
    tx.all("SELECT * FROM qa_items WHERE week = $1 ORDER BY place", args![week]).await
}

/// A case in the newest sample it is in.
pub async fn newest(tx: &mut Tx, number: i64) -> sqlx::Result<Option<Item>> {
    tx.one("SELECT * FROM qa_items WHERE number = $1 ORDER BY week DESC LIMIT 1", args![number]).await
}

/// Keeps a case of a sample at its place.
pub async fn keep(tx: &mut Tx, item: &Item, place: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO qa_items (week, place, case_id, number, channel, language, kinds, decided_by, drawn_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let Item { week, case_id, number, channel, language, kinds, decided_by, drawn_at, .. } = item;
    let args = args![week, place, case_id, *number, channel, language, kinds, decided_by.clone(), *drawn_at];
    tx.run(sql, args).await.map(drop)
}

/// Keeps what somebody says about a case, instead of what was said before.
pub async fn score(
    tx: &mut Tx,
    item: &Item,
    (scores, note): (&str, &str),
    (by, now): (&str, Timestamp),
) -> sqlx::Result<()> {
    let sql = "UPDATE qa_items SET scores = $3, note = $4, scored_by = $5, scored_at = $6
               WHERE week = $1 AND case_id = $2";
    tx.run(sql, args![&item.week, &item.case_id, scores, note, by, now]).await.map(drop)
}

/// A case that was opened in a time.
#[derive(Debug, Clone, FromRow)]
pub struct Opened {
    /// The case's id.
    pub id: String,
    /// Its number.
    pub number: i64,
    /// The channel's id.
    pub channel: String,
    undrafted: Option<String>,
}

impl Opened {
    /// The case itself, where the bot never drafted anything that people were shown.
    pub fn undrafted(&self) -> Option<Case> {
        serde_json::from_str(self.undrafted.as_deref()?).ok()
    }
}

/// The cases that were opened in a time.
pub async fn opened(tx: &mut Tx, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<Opened>> {
    let sql = "SELECT id, number, channel, CASE WHEN EXISTS (SELECT 1 FROM outcomes WHERE outcomes.case_id = cases.id)
                 THEN NULL ELSE body END AS undrafted
               FROM cases WHERE opened_at >= $1 AND opened_at < $2 ORDER BY number";
    tx.all(sql, args![from, until]).await
}

/// What became of the drafts of the cases that were opened in a time, oldest first.
pub async fn outcomes(tx: &mut Tx, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<Row>> {
    let sql = "SELECT outcomes.* FROM cases JOIN outcomes ON outcomes.case_id = cases.id
               WHERE cases.opened_at >= $1 AND cases.opened_at < $2 ORDER BY outcomes.drafted_at, outcomes.case_id";
    tx.all(sql, args![from, until]).await
}

/// Ids of the cases opened in a time in which a reply reached the customer, or a person says it did.
pub async fn replied(tx: &mut Tx, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT DISTINCT cases.id FROM cases JOIN sends ON sends.case_id = cases.id
               WHERE cases.opened_at >= $1 AND cases.opened_at < $2 AND sends.kind = 'reply'
                 AND (sends.state = 'accepted' OR sends.resolution = 'delivered')";
    ids(tx.all(sql, args![from, until]).await?)
}

/// Ids of the cases opened in a time after which the same customer had another case within `soon`.
pub async fn came_back(
    tx: &mut Tx,
    (from, until): (Timestamp, Timestamp),
    soon: Timestamp,
) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT DISTINCT cases.id FROM cases
               JOIN cases AS later ON later.conversation = cases.conversation AND later.number > cases.number
               WHERE cases.opened_at >= $1 AND cases.opened_at < $2 AND later.opened_at < cases.opened_at + $3";
    ids(tx.all(sql, args![from, until, soon]).await?)
}

/// Ids of the cases whose draft of a time rests on a version that was put in use at most `soon` before.
pub async fn on_new_knowledge(
    tx: &mut Tx,
    (from, until): (Timestamp, Timestamp),
    soon: Timestamp,
) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT DISTINCT entry_uses.case_id FROM entry_acts
               JOIN entry_uses ON entry_uses.entry = entry_acts.entry AND entry_uses.version = entry_acts.version
               WHERE entry_acts.act IN ('published', 'restored') AND entry_acts.at >= $1 - $3 AND entry_acts.at < $2
                 AND entry_uses.at >= $1 AND entry_uses.at < $2
                 AND entry_uses.at >= entry_acts.at AND entry_uses.at < entry_acts.at + $3";
    ids(tx.all(sql, args![from, until, soon]).await?)
}

fn ids(rows: Vec<(String,)>) -> sqlx::Result<Vec<String>> {
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What customers wrote in their cases around a time, each text with its case.
pub async fn words(tx: &mut Tx, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<(String, String)>> {
    let sql = "SELECT case_id, body FROM messages WHERE author = 'customer' AND kind = 'text' AND at >= $1 AND at < $2
                 AND recalled = FALSE AND case_id IS NOT NULL";
    tx.all(sql, args![from - BEFORE, until]).await
}
