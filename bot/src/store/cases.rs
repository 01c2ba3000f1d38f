//! Cases.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::case::{Case, State};
use crate::clock::Timestamp;

#[derive(FromRow)]
struct Stored {
    body: String,
}

fn read(row: Option<Stored>) -> sqlx::Result<Option<Case>> {
    row.map(|row| serde_json::from_str(&row.body)).transpose().map_err(|e| sqlx::Error::Decode(Box::new(e)))
}

/// The case with this id.
pub async fn load(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Case>> {
    read(tx.one("SELECT body FROM cases WHERE id = $1", args![id]).await?)
}

/// The case with this desk number.
pub async fn by_number(tx: &mut Tx, number: i64) -> sqlx::Result<Option<Case>> {
    read(tx.one("SELECT body FROM cases WHERE number = $1", args![number]).await?)
}

/// Cases that are not closed, oldest first.
pub async fn open(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Case>> {
    let sql = "SELECT body FROM cases WHERE state <> 'closed' ORDER BY opened_at, number LIMIT $1";
    list(tx.all(sql, args![limit]).await?)
}

/// Cases of a channel, or of all, that are not closed: how many there are, and the oldest of them.
pub async fn waiting(tx: &mut Tx, channel: Option<&str>, limit: i64) -> sqlx::Result<(i64, Vec<Case>)> {
    let (mut count, mut oldest) = (0, Vec::new());
    // State by state, so that an index answers: among many closed cases the open ones are not looked for.
    for state in OPEN {
        let (counted, rows) = match channel {
            Some(channel) => {
                let count = "SELECT COUNT(*) FROM cases WHERE channel = $1 AND state = $2";
                let first = "SELECT body FROM cases WHERE channel = $1 AND state = $2 ORDER BY number LIMIT $3";
                (tx.one(count, args![channel, state]).await?, tx.all(first, args![channel, state, limit]).await?)
            }
            None => {
                let count = "SELECT COUNT(*) FROM cases WHERE state = $1";
                let first = "SELECT body FROM cases WHERE state = $1 ORDER BY opened_at LIMIT $2";
                (tx.one(count, args![state]).await?, tx.all(first, args![state, limit]).await?)
            }
        };
        count += counted.map_or(0, |(counted,): (i64,)| counted);
        oldest.extend(list(rows)?);
    }
    oldest.sort_by_key(|case| (case.opened_at, case.number));
    oldest.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((count, oldest))
}

/// The states of cases that are not closed.
const OPEN: [&str; 7] =
    ["drafting", "awaiting_review", "needs_person", "sending", "unknown", "handed_out", "handed_over"];

/// Overdue cases of a channel, or of all, by number.
pub async fn overdue(tx: &mut Tx, channel: Option<&str>, limit: i64) -> sqlx::Result<Vec<Case>> {
    let sql = "SELECT body FROM cases WHERE overdue AND (channel = $1 OR $2) ORDER BY number LIMIT $3";
    list(tx.all(sql, args![channel.unwrap_or_default(), channel.is_none(), limit]).await?)
}

/// Cases in one state, oldest first.
pub async fn in_state(tx: &mut Tx, state: &str) -> sqlx::Result<Vec<Case>> {
    list(tx.all("SELECT body FROM cases WHERE state = $1 ORDER BY opened_at, number", args![state]).await?)
}

/// The newest cases, newest first.
pub async fn newest(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Case>> {
    list(tx.all("SELECT body FROM cases ORDER BY number DESC LIMIT $1", args![limit]).await?)
}

fn list(rows: Vec<Stored>) -> sqlx::Result<Vec<Case>> {
    rows.into_iter().map(|row| read(Some(row))).filter_map(Result::transpose).collect()
}

/// As far as places in a queue are counted: beyond it, there are simply many.
const COUNTED: i64 = 1_000;

/// A case's place among those waiting for people on its channel: (place, waiting), both from 1 and counted up to
/// 1,000. One that waits for nobody is alone.
pub async fn place(tx: &mut Tx, case: &Case) -> sqlx::Result<(i64, i64)> {
    if !matches!(case.state, State::AwaitingReview(_) | State::NeedsPerson(_) | State::Unknown(_)) {
        return Ok((1, 1));
    }
    let sql = "SELECT CAST(SUM(CASE WHEN number <= $2 THEN 1 ELSE 0 END) AS BIGINT), COUNT(*) FROM
                 (SELECT number FROM cases
                  WHERE channel = $1 AND state IN ('awaiting_review', 'needs_person', 'unknown', 'handed_out') LIMIT $3) AS counted";
    let found: Option<(Option<i64>, i64)> = tx.one(sql, args![&case.channel, case.number, COUNTED]).await?;
    Ok(found.map_or((1, 1), |(place, all)| (place.unwrap_or(1).max(1), all.max(1))))
}

/// How many cases are in each state.
pub async fn counts(tx: &mut Tx) -> sqlx::Result<Vec<(String, i64)>> {
    tx.all("SELECT state, COUNT(*) FROM cases GROUP BY state ORDER BY state", args![]).await
}

/// Stores a case.
pub async fn save(tx: &mut Tx, case: &Case, now: Timestamp) -> anyhow::Result<()> {
    let body = serde_json::to_string(case)?;
    let args = args![
        &case.id,
        case.number,
        &case.conversation,
        &case.channel,
        case.state.name(),
        body,
        case.opened_at,
        case.due(),
        now,
        case.in_turn.holder.clone(),
        case.waits().then(|| case.queue_rank()),
        case.in_turn.since,
        case.overdue()
    ];
    tx.run(
        "INSERT INTO cases (id, number, conversation, channel, state, body, opened_at, due_at, updated_at,
           holder, queue_rank, waits_since, overdue)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body, due_at = excluded.due_at,
         updated_at = excluded.updated_at, holder = excluded.holder, queue_rank = excluded.queue_rank,
         waits_since = excluded.waits_since, overdue = excluded.overdue",
        args,
    )
    .await?;
    Ok(())
}

/// The next desk number, never given twice.
pub async fn next_number(tx: &mut Tx) -> sqlx::Result<i64> {
    let sql = tx.either(
        "INSERT INTO kv (name, value) VALUES ('case_number', '1')
         ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(kv.value AS BIGINT) + 1 AS TEXT) RETURNING value",
        "SELECT CAST(nextval('case_numbers') AS TEXT)",
    );
    let (value,): (String,) = tx.one(sql, args![]).await?.ok_or(sqlx::Error::RowNotFound)?;
    value.parse().map_err(|e| sqlx::Error::Decode(Box::new(e)))
}
