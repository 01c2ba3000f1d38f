//! Cards on people's phones.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;
use crate::surface::Address;

/// One posting of a card.
#[derive(Debug, Clone, FromRow)]
pub struct Posting {
    /// The platform's task id, unique for ever.
    pub task_id: String,
    /// The case it shows.
    pub case_id: String,
    /// The person's id.
    pub person: String,
    /// Where it was sent to.
    #[sqlx(rename = "member", try_from = "String")]
    pub to: Address,
    /// The draft version it shows.
    pub version: i64,
    /// The code it shows, empty without a draft.
    pub code: String,
    /// Counts the case's postings.
    pub posting: i64,
    /// `posting`, `open`, `settled`, and `gone` once the phone shows what became of it; `lost` when the platform would
    /// not take it.
    pub state: String,
    /// Lets us change the card once.
    pub response_code: Option<String>,
    /// What became of it, as JSON, when it was settled before it was posted.
    pub outcome: Option<String>,
    /// When it appeared.
    pub posted_at: Option<Timestamp>,
}

/// Announces a posting before it is sent.
pub async fn announce(tx: &mut Tx, posting: &Posting) -> sqlx::Result<()> {
    insert(tx, posting, &posting.task_id, 1).await
}

/// Announces a posting again, under a new task id, when nobody knows whether it appeared. What was sent before may be
/// on the phone, so it stays.
pub async fn announce_again(tx: &mut Tx, posting: &Posting, task_id: &str, attempt: i64) -> sqlx::Result<()> {
    insert(tx, posting, task_id, attempt).await
}

async fn insert(tx: &mut Tx, p: &Posting, task_id: &str, attempt: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO cards (task_id, case_id, person, member, version, code, posting, attempt, state)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'posting')";
    let args = args![task_id, &p.case_id, &p.person, p.to.to_string(), p.version, &p.code, p.posting, attempt];
    tx.run(sql, args).await.map(drop)
}

/// The number of the case's next posting.
pub async fn next_posting(tx: &mut Tx, case_id: &str) -> sqlx::Result<i64> {
    let sql = "SELECT COALESCE(MAX(posting), 0) FROM cards WHERE case_id = $1";
    Ok(tx.one::<(i64,)>(sql, args![case_id]).await?.map_or(1, |(n,)| n + 1))
}

/// The card has appeared; gives it as stored, so that one settled meanwhile can be settled now.
pub async fn posted(
    tx: &mut Tx,
    task_id: &str,
    response_code: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<Option<Posting>> {
    // A tap may be faster than the platform's answer; then its code is the newer one.
    let sql = "UPDATE cards SET state = CASE WHEN state = 'posting' THEN 'open' ELSE state END,
               response_code = COALESCE(response_code, $2), posted_at = COALESCE(posted_at, $3) WHERE task_id = $1";
    tx.run(sql, args![task_id, response_code, now]).await?;
    load(tx, task_id).await
}

/// The posting with this task id.
pub async fn load(tx: &mut Tx, task_id: &str) -> sqlx::Result<Option<Posting>> {
    tx.one("SELECT * FROM cards WHERE task_id = $1", args![task_id]).await
}

/// The newest attempt at the posting that was announced under this task id; none when any attempt is known to have
/// appeared, or the posting was settled.
pub async fn announced(tx: &mut Tx, task_id: &str) -> sqlx::Result<Option<Posting>> {
    let sql = "SELECT n.* FROM cards o JOIN cards n
                 ON n.case_id = o.case_id AND n.person = o.person AND n.posting = o.posting
               WHERE o.task_id = $1 AND NOT EXISTS (SELECT 1 FROM cards x WHERE x.case_id = o.case_id
                 AND x.person = o.person AND x.posting = o.posting AND x.state <> 'posting')
               ORDER BY n.attempt DESC LIMIT 1";
    tx.one(sql, args![task_id]).await
}

/// The case's cards that are open or on their way.
pub async fn open(tx: &mut Tx, case_id: &str) -> sqlx::Result<Vec<Posting>> {
    let sql = "SELECT * FROM cards WHERE case_id = $1 AND state IN ('posting', 'open') ORDER BY posting";
    tx.all(sql, args![case_id]).await
}

/// Marks a card as settled, with what became of it.
pub async fn settle(tx: &mut Tx, task_id: &str, outcome: &str) -> sqlx::Result<()> {
    let sql = "UPDATE cards SET state = 'settled', outcome = $2 WHERE task_id = $1";
    tx.run(sql, args![task_id, outcome]).await.map(drop)
}

/// The platform will not take this posting, under whatever task id. Those of one case are marked one after another, so
/// that the last of them sees that it is the last.
pub async fn lost(tx: &mut Tx, p: &Posting) -> sqlx::Result<()> {
    tx.alone(&format!("lost cards of {}", p.case_id)).await?;
    let sql =
        "UPDATE cards SET state = 'lost' WHERE case_id = $1 AND person = $2 AND posting = $3 AND state = 'posting'";
    tx.run(sql, args![&p.case_id, &p.person, p.posting]).await.map(drop)
}

/// A tap proves that the card is on the phone, still to be pressed, and gives the only code that can change it from
/// now on.
pub async fn tapped(tx: &mut Tx, task_id: &str, response_code: Option<&str>, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE cards SET response_code = COALESCE($2, response_code), posted_at = COALESCE(posted_at, $3),
               state = CASE WHEN state IN ('posting', 'lost') THEN 'open' WHEN state = 'gone' AND $4 THEN 'settled' ELSE state END
               WHERE task_id = $1";
    tx.run(sql, args![task_id, response_code, now, response_code.is_some()]).await.map(drop)
}

/// Puts a code back that was taken and not used, unless a tap gave a newer one.
pub async fn put_code_back(tx: &mut Tx, task_id: &str, response_code: &str) -> sqlx::Result<()> {
    let sql = "UPDATE cards SET response_code = $2 WHERE task_id = $1 AND response_code IS NULL";
    tx.run(sql, args![task_id, response_code]).await.map(drop)
}

/// The phone shows what became of the card, or its owner was told in words.
pub async fn gone(tx: &mut Tx, task_id: &str) -> sqlx::Result<()> {
    tx.run("UPDATE cards SET state = 'gone' WHERE task_id = $1 AND state = 'settled'", args![task_id]).await.map(drop)
}

/// Whether the person knows already what became of the posting, from another card of the same version.
pub async fn known(tx: &mut Tx, p: &Posting) -> sqlx::Result<bool> {
    let sql = "SELECT task_id FROM cards WHERE case_id = $1 AND person = $2 AND version = $3 AND outcome = $4
               AND state = 'gone' AND task_id <> $5 LIMIT 1";
    let args = args![&p.case_id, &p.person, p.version, p.outcome.clone(), &p.task_id];
    Ok(tx.one::<(String,)>(sql, args).await?.is_some())
}

/// Gives the code that changes a card to one user, once.
pub async fn take_code(tx: &mut Tx, task_id: &str) -> sqlx::Result<Option<(String, Timestamp)>> {
    let found = load(tx, task_id).await?;
    tx.run("UPDATE cards SET response_code = NULL WHERE task_id = $1", args![task_id]).await?;
    Ok(found.and_then(|p| Some((p.response_code?, p.posted_at.unwrap_or(0)))))
}

/// Whether the person's phone got a card with this version of the case.
pub async fn shown(tx: &mut Tx, case_id: &str, person: &str, version: i64) -> sqlx::Result<bool> {
    let sql = "SELECT task_id FROM cards WHERE case_id = $1 AND person = $2 AND version = $3 AND posted_at IS NOT NULL
               LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![case_id, person, version]).await?.is_some())
}

/// Whether the person was shown a card of the case at this time or later.
pub async fn shown_since(tx: &mut Tx, posting: &Posting, at: Timestamp) -> sqlx::Result<bool> {
    let sql = "SELECT task_id FROM cards WHERE case_id = $1 AND person = $2 AND posted_at >= $3 LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![&posting.case_id, &posting.person, at]).await?.is_some())
}

/// Whether the person was shown an earlier card of the case.
pub async fn shown_before(tx: &mut Tx, posting: &Posting) -> sqlx::Result<bool> {
    let sql = "SELECT task_id FROM cards WHERE case_id = $1 AND person = $2 AND posted_at IS NOT NULL LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![&posting.case_id, &posting.person]).await?.is_some())
}
