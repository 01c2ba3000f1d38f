//! The two doors of work: what the world said (inbox) and what has to be done (outbox).
//!
//! Rows of one lane are worked one after another; rows of different lanes side by side. A claim is a lease:
//! a worker that dies leaves its rows to the next one.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};

/// How long a claimed row belongs to its worker.
pub const LEASE: Timestamp = 60 * SECOND;
/// Messages to one member in a minute, every kind counted (the platform drops more than 30 silently).
const PER_MINUTE: i64 = 25;
/// Messages to one member in an hour (the platform drops more than 1000 silently).
const PER_HOUR: i64 = 900;

/// A claimed row of either door.
#[derive(Debug, Clone, FromRow)]
pub struct Row {
    /// Unique id; sorts by age.
    pub id: String,
    /// Rows of one lane keep their order.
    pub lane: String,
    /// What it is about, as JSON.
    pub body: String,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// Until when it is ours; proves that it still is.
    pub lease_until: Timestamp,
}

/// Stores something the world said; false when it is already there.
pub async fn receive(tx: &mut Tx, id: &str, dedup: &str, lane: &str, body: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql =
        "INSERT INTO inbox (id, dedup, lane, body, due_at, lease_until, attempts) VALUES ($1, $2, $3, $4, $5, 0, 0)
               ON CONFLICT (dedup) DO NOTHING";
    tx.has_work();
    Ok(tx.run(sql, args![id, dedup, lane, body, now]).await? == 1)
}

/// Something to be done.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// Unique id; sorts by age.
    pub id: String,
    /// Jobs of one lane keep their order.
    pub lane: String,
    /// Its kind, for people who look.
    pub kind: &'a str,
    /// The case it serves.
    pub case_id: Option<&'a str>,
    /// The member it sends a message to, whose phone has limits.
    pub member: Option<&'a str>,
    /// What it is, as JSON.
    pub body: String,
    /// Not before.
    pub due_at: Timestamp,
}

/// Stores something to be done.
pub async fn enqueue(tx: &mut Tx, job: Job<'_>) -> sqlx::Result<()> {
    let args = args![job.id, job.lane, job.kind, job.case_id, job.member, job.body, job.due_at];
    tx.has_work();
    tx.run(
        "INSERT INTO outbox (id, lane, kind, case_id, member, body, due_at, lease_until, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)",
        args,
    )
    .await
    .map(drop)
}

/// Claims up to `limit` inbox rows that are due, the first of each free lane.
pub async fn claim_inbox(tx: &mut Tx, now: Timestamp, limit: i64) -> sqlx::Result<Vec<Row>> {
    tx.claim_alone().await?;
    let sql = "UPDATE inbox SET lease_until = $2, attempts = attempts + 1 WHERE id IN (
                 SELECT MIN(i.id) FROM inbox i WHERE i.done_at IS NULL
                 GROUP BY i.lane HAVING MAX(i.lease_until) <= $1 AND MIN(i.due_at) <= $1
                 ORDER BY MIN(i.id) LIMIT $3)
               RETURNING id, lane, body, attempts, lease_until";
    let mut rows: Vec<Row> = tx.all(sql, args![now, now + LEASE, limit]).await?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rows)
}

/// Claims up to `limit` outbox rows that are due: the first due one of each lane that is free and whose
/// member may get another message now.
pub async fn claim_outbox(tx: &mut Tx, now: Timestamp, limit: i64) -> sqlx::Result<Vec<Row>> {
    tx.claim_alone().await?;
    let sql = "UPDATE outbox SET lease_until = $2, attempts = attempts + 1 WHERE id IN (
                 SELECT MIN(o.id) FROM outbox o WHERE o.done_at IS NULL AND o.due_at <= $1
                   AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.lane = o.lane AND b.done_at IS NULL AND b.lease_until > $1)
                   AND (o.member IS NULL OR (
                     (SELECT COUNT(*) FROM paces p WHERE p.member = o.member AND p.at > $4) < $6
                     AND (SELECT COUNT(*) FROM paces p WHERE p.member = o.member AND p.at > $5) < $7))
                 GROUP BY o.lane ORDER BY MIN(o.id) LIMIT $3)
               RETURNING id, lane, body, attempts, lease_until";
    let args = args![now, now + LEASE, limit, now - MINUTE, now - HOUR, PER_MINUTE, PER_HOUR];
    let mut rows: Vec<Row> = tx.all(sql, args).await?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rows)
}

/// Counts a message to a member's phone before it leaves.
pub async fn pace(tx: &mut Tx, member: &str, id: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO paces (member, id, at) VALUES ($1, $2, $3) ON CONFLICT (member, id) DO NOTHING";
    tx.run(sql, args![member, id, now]).await.map(drop)
}

/// Which door a row came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The world spoke.
    Inbox,
    /// We act.
    Outbox,
}

/// Marks a row as done; false when the lease was lost, so that the work belongs to somebody else.
pub async fn done(tx: &mut Tx, door: Door, row: &Row, now: Timestamp) -> sqlx::Result<bool> {
    let sql = match door {
        Door::Inbox => {
            "UPDATE inbox SET done_at = $3, lease_until = 0 WHERE id = $1 AND lease_until = $2 AND done_at IS NULL"
        }
        Door::Outbox => {
            "UPDATE outbox SET done_at = $3, lease_until = 0 WHERE id = $1 AND lease_until = $2 AND done_at IS NULL"
        }
    };
    Ok(tx.run(sql, args![&row.id, row.lease_until, now]).await? == 1)
}

/// Puts a row back for later, with what went wrong.
pub async fn later(tx: &mut Tx, door: Door, row: &Row, due_at: Timestamp, problem: &str) -> sqlx::Result<()> {
    let sql = match door {
        Door::Inbox => "UPDATE inbox SET due_at = $3, lease_until = 0, problem = $4 WHERE id = $1 AND lease_until = $2",
        Door::Outbox => {
            "UPDATE outbox SET due_at = $3, lease_until = 0, problem = $4 WHERE id = $1 AND lease_until = $2"
        }
    };
    tx.run(sql, args![&row.id, row.lease_until, due_at, problem]).await.map(drop)
}

/// When the next row of either door is due, claimed or not.
pub async fn next_due(tx: &mut Tx) -> sqlx::Result<Option<Timestamp>> {
    let sql = "SELECT MIN(due_at) FROM (SELECT due_at FROM inbox WHERE done_at IS NULL
               UNION ALL SELECT due_at FROM outbox WHERE done_at IS NULL) AS waiting";
    Ok(tx.one::<(Option<i64>,)>(sql, args![]).await?.and_then(|(due,)| due))
}

/// Rows that are due and not done, by door and kind: empty when the desk has caught up.
pub async fn unfinished(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Vec<(String, String, Option<String>)>> {
    let sql = "SELECT 'inbox', lane, problem FROM inbox WHERE done_at IS NULL AND due_at <= $1
               UNION ALL SELECT kind, lane, problem FROM outbox WHERE done_at IS NULL AND due_at <= $1";
    tx.all(sql, args![now]).await
}

/// How long a callback's digest is remembered: far longer than the platform repeats one.
const REPLAYS_KEPT: Timestamp = 7 * 24 * HOUR;

/// Remembers a callback's digest; false when it was seen in the last seven days.
pub async fn first_seen(tx: &mut Tx, digest: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "INSERT INTO replays (digest, at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    Ok(tx.run(sql, args![digest, now]).await? == 1)
}

/// Forgets rows done before `before`, and everything that has ended by itself.
pub async fn tidy(tx: &mut Tx, now: Timestamp, before: Timestamp) -> sqlx::Result<()> {
    tx.run("DELETE FROM inbox WHERE done_at < $1", args![before]).await?;
    tx.run("DELETE FROM outbox WHERE done_at < $1", args![before]).await?;
    tx.run("DELETE FROM replays WHERE at < $1", args![now - REPLAYS_KEPT]).await?;
    tx.run("DELETE FROM paces WHERE at < $1", args![now - HOUR]).await?;
    tx.run("DELETE FROM links WHERE until < $1", args![before]).await?;
    tx.run("DELETE FROM pending_edits WHERE until < $1", args![now]).await.map(drop)
}
