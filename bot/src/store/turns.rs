//! Who holds which case, and what waits, on channels where reviewers take cases by turn.
//!
//! Locks are taken in one order everywhere: the pause register, then the dealer's lock, then a conversation. Only
//! whoever deals takes the dealer's lock, before any conversation: nobody who has a conversation ever waits for it.

use sqlx::FromRow;

use super::Tx;
use super::queue::Door;
use crate::args;
use crate::case::Case;
use crate::clock::Timestamp;

/// Lets only one transaction at a time deal, on all instances.
pub async fn deal_alone(tx: &mut Tx) -> sqlx::Result<()> {
    tx.hold_register().await?;
    tx.alone("deal").await
}

/// Takes over wishes to deal that nobody has begun, a hundred at most: whatever they were for is already to be seen.
pub async fn absorb_wishes(tx: &mut Tx, own: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = tx.either(
        "UPDATE outbox SET done_at = $2 WHERE done_at IS NULL AND owner IS NULL AND id IN (
           SELECT id FROM outbox WHERE kind = 'deal' AND done_at IS NULL AND id <> $1 ORDER BY due_at LIMIT 100)
         RETURNING lane",
        "UPDATE outbox SET done_at = $2 WHERE done_at IS NULL AND owner IS NULL AND id = ANY (ARRAY (
           SELECT id FROM outbox WHERE kind = 'deal' AND done_at IS NULL AND id <> $1 ORDER BY due_at LIMIT 100))
         RETURNING lane",
    );
    let absorbed: Vec<(String,)> = tx.all(sql, args![own, now]).await?;
    absorbed.iter().for_each(|(lane,)| tx.touch(Door::Outbox, lane));
    Ok(())
}

/// How many cases everybody holds on each channel: (person, channel, cases).
pub async fn held(tx: &mut Tx) -> sqlx::Result<Vec<(String, String, i64)>> {
    let sql = "SELECT holder, channel, COUNT(*) FROM cases WHERE holder IS NOT NULL GROUP BY holder, channel";
    tx.all(sql, args![]).await
}

/// Ids of the cases a person holds on a channel.
pub async fn held_by(tx: &mut Tx, person: &str, channel: &str) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT id FROM cases WHERE holder IS NOT NULL AND holder = $1 AND channel = $2 ORDER BY id";
    ids(tx.all(sql, args![person, channel]).await?)
}

/// Ids of the held cases that a pause covers: those of a channel, of a conversation, or all where neither is named.
pub async fn held_within(tx: &mut Tx, channel: Option<&str>, conversation: Option<&str>) -> sqlx::Result<Vec<String>> {
    match (channel, conversation) {
        (_, Some(conversation)) => {
            let sql = "SELECT id FROM cases WHERE conversation = $1 AND holder IS NOT NULL";
            ids(tx.all(sql, args![conversation]).await?)
        }
        (Some(channel), None) => {
            let sql = "SELECT id FROM cases WHERE holder IS NOT NULL AND channel = $1 ORDER BY id";
            ids(tx.all(sql, args![channel]).await?)
        }
        (None, None) => ids(tx.all("SELECT id FROM cases WHERE holder IS NOT NULL ORDER BY id", args![]).await?),
    }
}

fn ids(rows: Vec<(String,)>) -> sqlx::Result<Vec<String>> {
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A waiting case's place in the order in which cases are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What risk makes of it: lower is sooner.
    pub rank: i64,
    /// Since when it waits.
    pub since: Timestamp,
    /// The case's number.
    pub number: i64,
}

impl Place {
    /// Before everything that waits.
    pub const FIRST: Self = Self { rank: i64::MIN, since: i64::MIN, number: i64::MIN };
}

#[derive(FromRow)]
struct Waiting {
    queue_rank: i64,
    waits_since: Timestamp,
    number: i64,
    body: String,
}

/// The next `limit` cases that wait on a channel after a place in the order, first the one to be given out first.
/// Those whose conversation is paused are left out.
pub async fn waiting(tx: &mut Tx, channel: &str, after: Place, limit: i64) -> anyhow::Result<Vec<(Place, Case)>> {
    let sql = "SELECT queue_rank, waits_since, number, body FROM cases
               WHERE channel = $1 AND queue_rank IS NOT NULL AND (queue_rank, waits_since, number) > ($2, $3, $4)
                 AND NOT EXISTS (SELECT 1 FROM pauses p WHERE p.lifted_at IS NULL AND p.scope = 'conversation'
                                 AND p.target = cases.conversation)
               ORDER BY queue_rank, waits_since, number LIMIT $5";
    let rows: Vec<Waiting> = tx.all(sql, args![channel, after.rank, after.since, after.number, limit]).await?;
    let read = |row: Waiting| {
        let place = Place { rank: row.queue_rank, since: row.waits_since, number: row.number };
        Ok((place, serde_json::from_str(&row.body)?))
    };
    rows.into_iter().map(read).collect()
}

/// How much waits for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Cases that wait for a reviewer to have room.
    pub waiting: i64,
    /// Cases a reviewer holds.
    pub held: i64,
    /// Cases nobody at the last level has answered in time.
    pub overdue: i64,
}

impl std::ops::AddAssign for Depth {
    fn add_assign(&mut self, more: Self) {
        self.waiting += more.waiting;
        self.held += more.held;
        self.overdue += more.overdue;
    }
}

/// How much waits for people on a channel, or on all.
pub async fn depth(tx: &mut Tx, channel: Option<&str>) -> sqlx::Result<Depth> {
    let sql = "SELECT (SELECT COUNT(*) FROM cases WHERE queue_rank IS NOT NULL AND (channel = $1 OR $2)),
                      (SELECT COUNT(*) FROM cases WHERE holder IS NOT NULL AND (channel = $1 OR $2)),
                      (SELECT COUNT(*) FROM cases WHERE overdue AND (channel = $1 OR $2))";
    let found: Option<(i64, i64, i64)> = tx.one(sql, args![channel.unwrap_or_default(), channel.is_none()]).await?;
    Ok(found.map_or_else(Depth::default, |(waiting, held, overdue)| Depth { waiting, held, overdue }))
}
