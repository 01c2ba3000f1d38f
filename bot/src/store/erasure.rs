//! Everything that is kept of one customer on one channel: counted, and emptied. Rows stay where figures or the record
//! count them; what they said is gone.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::conversations::Conversation;
use crate::args;
use crate::clock::Timestamp;

/// Puts the cases of the conversation `$1` behind the beginning of a statement.
macro_rules! of_cases {
    ($statement:literal) => {
        concat!($statement, " case_id IN (SELECT id FROM cases WHERE conversation = $1)")
    };
}

/// Puts what was proposed out of the cases of the conversation `$1` between the two parts of a statement.
macro_rules! of_proposals {
    ($statement:literal, $end:literal) => {
        concat!(
            $statement,
            " EXISTS (SELECT 1 FROM cases WHERE cases.conversation = $1
                AND (entries.id LIKE 'proposal-' || CAST(cases.number AS TEXT) || '-%'
                     OR entries.id = 'case-' || CAST(cases.number AS TEXT)))",
            $end
        )
    };
}

/// How much of a customer is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Counts {
    /// Cases.
    pub cases: i64,
    /// Messages, theirs and the shop's.
    pub messages: i64,
    /// Entries of the record with what they say.
    pub entries: i64,
    /// What was to be done in a back office for them.
    pub actions: i64,
    /// Replies to them that are examples for the drafter.
    pub examples: i64,
    /// Their questions that the knowledge does not answer.
    pub gaps: i64,
    /// Knowledge out of their cases that is not in use.
    pub proposals: i64,
}

/// Counts what is kept of the customer of a conversation; `chain` is its chain in the record.
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, conversation: &str, chain: &str) -> sqlx::Result<Counts> {
    let sql = concat!(
        "SELECT (SELECT COUNT(*) FROM cases WHERE conversation = $1) AS cases,
           (SELECT COUNT(*) FROM messages WHERE conversation = $1) AS messages,
           (SELECT COUNT(*) FROM evidence WHERE chain = $2 AND payload IS NOT NULL AND kind <> 'erased') AS entries,
           (SELECT COUNT(*) FROM actions WHERE conversation = $1) AS actions,
           (SELECT COUNT(*) FROM gap_askers WHERE asker = $1) AS gaps,
           (",
        of_cases!("SELECT COUNT(*) FROM examples WHERE"),
        ") AS examples, (",
        of_proposals!("SELECT COUNT(*) FROM entries WHERE state <> 'published' AND", ""),
        ") AS proposals"
    );
    tx.one(sql, args![conversation, chain]).await?.ok_or(sqlx::Error::RowNotFound)
}

/// How much may be on its way for the customer of a conversation right now, or has an end that nobody knows yet: messages
/// that were let out, and what is being done in a back office.
pub async fn under_way(tx: &mut Tx, conversation: &str) -> sqlx::Result<i64> {
    let sql = "SELECT (SELECT COUNT(*) FROM sends WHERE conversation = $1 AND state = 'in_flight')
                 + (SELECT COUNT(*) FROM actions WHERE conversation = $1
                    AND state IN ('preparing', 'submitting', 'unknown'))";
    Ok(tx.one::<(i64,)>(sql, args![conversation]).await?.map_or(0, |(count,)| count))
}

/// The numbers of knowledge in use that was made of the customer's questions.
pub async fn in_use(tx: &mut Tx, conversation: &str) -> sqlx::Result<Vec<i64>> {
    let sql = of_proposals!(
        "SELECT DISTINCT entry_numbers.number FROM entries JOIN entry_numbers ON entry_numbers.id = entries.id
         WHERE entries.state = 'published' AND",
        ""
    );
    let rows: Vec<(i64,)> = tx.all(sql, args![conversation]).await?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
}

/// What was said in a conversation, and the names of the attachments kept of it.
pub async fn said(tx: &mut Tx, conversation: &str) -> sqlx::Result<Vec<(String, Option<String>)>> {
    tx.all("SELECT body, media_sha256 FROM messages WHERE conversation = $1", args![conversation]).await
}

/// The plans of what was to be done in back offices, and what became of it, as JSON.
pub async fn plans(tx: &mut Tx, conversation: &str) -> sqlx::Result<Vec<(Option<String>, Option<String>)>> {
    tx.all("SELECT plan, outcome FROM actions WHERE conversation = $1", args![conversation]).await
}

/// The drawn replies to a customer: their ids, and whether nobody has reviewed them yet.
pub async fn samples(tx: &mut Tx, conversation: &str) -> sqlx::Result<Vec<(String, String, bool)>> {
    let sql = of_cases!("SELECT id, shown, good IS NULL FROM samples WHERE");
    tx.all(sql, args![conversation]).await
}

/// Takes a reply out of the reviews; its cards belong to the case it was drawn from.
pub async fn undraw(tx: &mut Tx, sample: &str) -> sqlx::Result<()> {
    let sql = "UPDATE cards SET case_id = (SELECT case_id FROM samples WHERE id = $1) WHERE case_id = $1";
    tx.run(sql, args![sample]).await?;
    tx.run("DELETE FROM samples WHERE id = $1", args![sample]).await.map(drop)
}

/// Replaces what a review looked at.
pub async fn show_instead(tx: &mut Tx, sample: &str, shown: &str) -> sqlx::Result<()> {
    tx.run("UPDATE samples SET shown = $2 WHERE id = $1", args![sample, shown]).await.map(drop)
}

/// Ends what owners are asked about corrections out of a conversation; gives the entries these were about.
pub async fn unask(tx: &mut Tx, conversation: &str) -> sqlx::Result<Vec<String>> {
    let cards = of_proposals!(
        "UPDATE care_cards SET state = 'gone' WHERE care IN (SELECT care.id FROM care JOIN entries ON entries.id = care.note
         WHERE care.outcome IS NULL AND care.cause = 'corrected' AND",
        ")"
    );
    tx.run(cards, args![conversation]).await?;
    let asked = of_proposals!(
        "DELETE FROM care WHERE outcome IS NULL AND cause = 'corrected' AND note IN (SELECT id FROM entries WHERE",
        ") RETURNING entry"
    );
    let rows: Vec<(String,)> = tx.all(asked, args![conversation]).await?;
    Ok(rows.into_iter().map(|(entry,)| entry).collect())
}

/// What empties the tables, for the conversation `$1`; the cases come last, since the others are found by them.
const EMPTYING: &[&str] = &[
    "UPDATE messages SET body = '', reading = NULL, media_id = NULL, media_sha256 = NULL, media_type = NULL,
     recalled = TRUE, answered = TRUE WHERE conversation = $1",
    "UPDATE sends SET body = '', body_sha256 = '', customer = '' WHERE conversation = $1",
    of_cases!("DELETE FROM links WHERE"),
    of_cases!("DELETE FROM pending_edits WHERE"),
    of_cases!("DELETE FROM examples WHERE"),
    of_cases!("UPDATE outcomes SET words = '[]' WHERE"),
    of_cases!("UPDATE qa_items SET note = NULL WHERE"),
    "DELETE FROM gaps WHERE dedup IN (SELECT dedup FROM gap_askers WHERE asker = $1)",
    of_cases!("DELETE FROM gaps WHERE"),
    "DELETE FROM gap_askers WHERE asker = $1 OR NOT EXISTS (SELECT 1 FROM gaps WHERE gaps.dedup = gap_askers.dedup)",
    of_proposals!("UPDATE entry_acts SET note = '' WHERE entry IN (SELECT id FROM entries WHERE", ")"),
    of_proposals!(
        "UPDATE entries SET title = '', body = '{}', content_sha256 = '', state = 'retired' WHERE state <> 'published' AND",
        ""
    ),
    "DELETE FROM order_owners WHERE conversation = $1",
    "UPDATE pauses SET why = '' WHERE scope = 'conversation' AND target = $1",
    "UPDATE actions SET inputs = '{}', plan = NULL, authority = NULL, outcome = NULL,
     state = CASE WHEN state IN ('waiting', 'filled', 'approved') THEN 'dropped' ELSE state END WHERE conversation = $1",
];

/// Empties everything that is kept of the customer of a conversation, but for the record and the files. Their id goes
/// too: should they write again, that is a new conversation.
///
/// # Errors
/// When the database fails.
pub async fn empty(tx: &mut Tx, open: &Conversation, now: Timestamp) -> sqlx::Result<()> {
    for sql in EMPTYING {
        tx.run(sql, args![&open.id]).await?;
    }
    let sql = "DELETE FROM asked_last WHERE channel = $1 AND customer = $2";
    tx.run(sql, args![&open.channel, &open.customer]).await?;
    let sql = "UPDATE conversations SET customer = 'erased:' || id, name = NULL, window_ends_at = 0, quota_left = 0,
               erased_at = $2 WHERE id = $1";
    tx.run(sql, args![&open.id, now]).await.map(drop)
}

/// Forgets that a picture or an answer was kept, which is not any more.
pub async fn forget_file(tx: &mut Tx, name: &str) -> sqlx::Result<()> {
    tx.run("UPDATE parcel_queries SET answer = NULL WHERE answer = $1", args![name]).await?;
    tx.run("UPDATE recipe_runs SET picture = NULL WHERE picture = $1", args![name]).await.map(drop)
}

/// Why a customer's data must stay for now.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LegalHold {
    /// In the words of whoever placed it.
    pub why: String,
    /// Who placed it, by id.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps the data of the customer of a conversation, instead of an earlier reason.
pub async fn hold(tx: &mut Tx, conversation: &str, hold: &LegalHold) -> sqlx::Result<()> {
    let sql = "INSERT INTO legal_holds (conversation, why, person, at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (conversation) DO UPDATE SET why = excluded.why, person = excluded.person, at = excluded.at";
    tx.run(sql, args![conversation, &hold.why, &hold.person, hold.at]).await.map(drop)
}

/// Why the data of the customer of a conversation must stay, if they must.
pub async fn held(tx: &mut Tx, conversation: &str) -> sqlx::Result<Option<LegalHold>> {
    tx.one("SELECT why, person, at FROM legal_holds WHERE conversation = $1", args![conversation]).await
}

/// Ends that; false where nothing kept them.
pub async fn release(tx: &mut Tx, conversation: &str) -> sqlx::Result<bool> {
    Ok(tx.run("DELETE FROM legal_holds WHERE conversation = $1", args![conversation]).await? == 1)
}
