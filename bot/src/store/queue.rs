//! The two doors of work: what the world said (inbox) and what has to be done (outbox).
//!
//! Rows of one lane are worked one after another; rows of different lanes side by side. A claimed row belongs to an
//! instance for as long as it shows signs of life ([`super::instances`]), and its fence proves whose it is.

mod due;

pub use due::due;
use sqlx::FromRow;

use super::{Tx, Value};
use crate::args;
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};

/// Messages to one member in a minute, every kind counted (the platform drops more than 30 silently): cards and
/// stories stop earlier, so that there is always room for an answer.
const PER_MINUTE: i64 = 25;
/// The same, for answers.
const ANSWERS_PER_MINUTE: i64 = 29;
/// Messages to one member in an hour (the platform drops more than 1000 silently): cards and stories.
const PER_HOUR: i64 = 900;
/// The same, for answers.
const ANSWERS_PER_HOUR: i64 = 990;

/// What is done first when there is more to do than places to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What a colleague did, what answers them, and what goes to a customer.
    First,
    /// What customers said, cards, stories, dates.
    Then,
    /// What may take long: drafts, attachments, names.
    Slow,
    /// What leaves by the AI bot's connection: only the instance that holds it claims this.
    Linked,
    /// Whose turn it is. People wait for it, so it stands behind nothing else; and one look sees what all wishes are for.
    Turns,
}

impl Rank {
    /// All ranks, the first to be served first.
    pub const ALL: [Self; 5] = [Self::First, Self::Turns, Self::Then, Self::Slow, Self::Linked];

    fn stored(self) -> i64 {
        match self {
            Self::First => 0,
            Self::Then => 1,
            Self::Slow => 2,
            Self::Linked => 3,
            Self::Turns => 4,
        }
    }

    /// The most messages to one member in a minute and in an hour.
    pub fn most(self) -> (i64, i64) {
        match self {
            Self::First => (ANSWERS_PER_MINUTE, ANSWERS_PER_HOUR),
            Self::Turns | Self::Then | Self::Slow | Self::Linked => (PER_MINUTE, PER_HOUR),
        }
    }
}

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
    /// Counts its claims; proves that it still is ours.
    pub fence: i64,
}

/// Stores something the world said; false when it is already there.
pub async fn receive(
    tx: &mut Tx,
    id: &str,
    dedup: &str,
    lane: (&str, Rank),
    body: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO inbox (id, dedup, lane, rank, body, due_at, attempts)
               VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (dedup) DO NOTHING";
    tx.has_work();
    tx.touch(Door::Inbox, lane.0);
    Ok(tx.run(sql, args![id, dedup, lane.0, lane.1.stored(), body, now]).await? == 1)
}

/// Something to be done.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// Unique id; sorts by age.
    pub id: String,
    /// Jobs of one lane keep their order.
    pub lane: String,
    /// How soon it is done among others.
    pub rank: Rank,
    /// Its kind, for people who look.
    pub kind: &'a str,
    /// The case it serves.
    pub case_id: Option<&'a str>,
    /// Whom it sends a message to, whose phone has limits: an address.
    pub member: Option<String>,
    /// What it is, as JSON.
    pub body: String,
    /// Not before.
    pub due_at: Timestamp,
}

/// Adds a job.
macro_rules! insert_sql {
    () => {
        "INSERT INTO outbox (id, lane, rank, kind, case_id, member, body, due_at, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)"
    };
}

/// Ends what an earlier job of the lane was going to do and nobody has begun.
macro_rules! supersede_sql {
    () => {
        "UPDATE outbox SET done_at = $9 WHERE lane = $2 AND done_at IS NULL AND owner IS NULL"
    };
}

/// Stores something to be done.
pub async fn enqueue(tx: &mut Tx, job: Job<'_>) -> sqlx::Result<()> {
    insert(tx, insert_sql!(), job, None).await
}

/// The same, in the place of what an earlier job of its lane was going to do and nobody has begun.
pub async fn enqueue_instead(tx: &mut Tx, job: Job<'_>, now: Timestamp) -> sqlx::Result<()> {
    let sql = tx.either(
        concat!(supersede_sql!(), "; ", insert_sql!()),
        concat!("WITH superseded AS (", supersede_sql!(), ") ", insert_sql!()),
    );
    insert(tx, sql, job, Some(now)).await
}

async fn insert(tx: &mut Tx, sql: &'static str, job: Job<'_>, now: Option<Timestamp>) -> sqlx::Result<()> {
    let rank = job.rank.stored();
    let mut args = args![job.id, &job.lane, rank, job.kind, job.case_id, job.member, job.body, job.due_at];
    args.extend(now.map(Value::from));
    tx.has_work();
    tx.touch(Door::Outbox, &job.lane);
    tx.run(sql, args).await.map(drop)
}

/// Takes the next heads of a door that are due. A row that another claimer is just taking is passed over.
macro_rules! claim_sql {
    ($table:literal, $chosen:literal, $end:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET owner = $2, fence = fence + 1, attempts = attempts + 1
             WHERE done_at IS NULL AND owner IS NULL AND ",
            $chosen,
            "SELECT id FROM ",
            $table,
            "
               WHERE done_at IS NULL AND head AND owner IS NULL AND rank = $4 AND due_at <= $1
               ORDER BY due_at, id LIMIT $3",
            $end,
            " RETURNING id, lane, body, attempts, fence"
        )
    };
}

macro_rules! claim_sqls {
    ($table:literal) => {
        (claim_sql!($table, "id IN (", ")"), claim_sql!($table, "id = ANY (ARRAY (", " FOR UPDATE SKIP LOCKED))"))
    };
}

const CLAIM_INBOX: (&str, &str) = claim_sqls!("inbox");
const CLAIM_OUTBOX: (&str, &str) = claim_sqls!("outbox");

/// Claims up to `limit` rows of a rank that are due, for the instance `owner`: of each lane only its head, so that
/// however much waits in one lane, the others are served as if it were not there.
pub async fn claim(
    tx: &mut Tx,
    door: Door,
    owner: &str,
    now: Timestamp,
    rank: Rank,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let (sqlite, postgres) = match door {
        Door::Inbox => CLAIM_INBOX,
        Door::Outbox => CLAIM_OUTBOX,
    };
    let sql = tx.either(sqlite, postgres);
    let mut rows: Vec<Row> = tx.all(sql, args![now, owner, limit, rank.stored()]).await?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rows)
}

/// Counts messages to a phone before they leave, all of them or none; there are so many at most in a minute and in an
/// hour. Where the platform would drop one,
/// nothing is counted, and the answer is when there will be room.
pub async fn pace(
    tx: &mut Tx,
    member: &str,
    ids: &[String],
    (minute, hour): (i64, i64),
    now: Timestamp,
) -> sqlx::Result<Option<Timestamp>> {
    // Cards and answers for one phone leave side by side: only one of them may look for room at a time.
    tx.alone(&format!("pace:{member}")).await?;
    let sql = "SELECT at FROM paces WHERE member = $1 AND at > $2 ORDER BY at";
    let sent: Vec<(i64,)> = tx.all(sql, args![member, now - HOUR]).await?;
    let room = |span, most| room_at(&sent, ids.len(), now - span, most).map(|at| at + span);
    if let Some(when) = room(MINUTE, minute).max(room(HOUR, hour)) {
        return Ok(Some(when));
    }
    for id in ids {
        tx.run("INSERT INTO paces (member, id, at) VALUES ($1, $2, $3)", args![member, id, now]).await?;
    }
    Ok(None)
}

/// When the message was sent that must be forgotten to make room; none when there is room.
fn room_at(sent: &[(Timestamp,)], wanted: usize, since: Timestamp, most: i64) -> Option<Timestamp> {
    let most = usize::try_from(most).unwrap_or(0);
    let counted: Vec<Timestamp> = sent.iter().map(|(at,)| *at).filter(|at| *at > since).collect();
    let over = (counted.len() + wanted.min(most)).saturating_sub(most);
    over.checked_sub(1).and_then(|last| counted.get(last).copied())
}

/// Puts back a claimed job that was not begun: it does not count as an attempt.
pub async fn not_now(tx: &mut Tx, row: &Row, due_at: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE outbox SET due_at = $3, owner = NULL, attempts = attempts - 1
               WHERE id = $1 AND fence = $2 AND owner IS NOT NULL";
    tx.run(sql, args![&row.id, row.fence, due_at]).await.map(drop)
}

/// Which door a row came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// The world spoke.
    Inbox,
    /// We act.
    Outbox,
}

/// Marks a row as done, and forgets the words it carried; false when it is no longer ours, so that the work belongs to somebody
/// else.
pub async fn done(tx: &mut Tx, door: Door, row: &Row, now: Timestamp) -> sqlx::Result<bool> {
    let sql = match door {
        Door::Inbox => {
            "UPDATE inbox SET done_at = $3, owner = NULL, body = ''
             WHERE id = $1 AND fence = $2 AND owner IS NOT NULL AND done_at IS NULL"
        }
        Door::Outbox => {
            "UPDATE outbox SET done_at = $3, owner = NULL,
             body = CASE WHEN kind IN ('text', 'say', 'prompt', 'inform') THEN '' ELSE body END
             WHERE id = $1 AND fence = $2 AND owner IS NOT NULL AND done_at IS NULL"
        }
    };
    tx.touch(door, &row.lane);
    Ok(tx.run(sql, args![&row.id, row.fence, now]).await? == 1)
}

/// Keeps a claimed row until this transaction ends; false when it is no longer ours.
pub async fn hold_lease(tx: &mut Tx, door: Door, row: &Row) -> sqlx::Result<bool> {
    let sql = match door {
        Door::Inbox => {
            "UPDATE inbox SET due_at = due_at WHERE id = $1 AND fence = $2 AND owner IS NOT NULL AND done_at IS NULL"
        }
        Door::Outbox => {
            "UPDATE outbox SET due_at = due_at WHERE id = $1 AND fence = $2 AND owner IS NOT NULL AND done_at IS NULL"
        }
    };
    Ok(tx.run(sql, args![&row.id, row.fence]).await? == 1)
}

/// [`done`] for what a customer said, which is forgotten here: the row is kept only so that nothing is stored twice.
pub async fn heard(tx: &mut Tx, row: &Row, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE inbox SET done_at = $3, owner = NULL, body = ''
               WHERE id = $1 AND fence = $2 AND owner IS NOT NULL AND done_at IS NULL";
    tx.touch(Door::Inbox, &row.lane);
    Ok(tx.run(sql, args![&row.id, row.fence, now]).await? == 1)
}

/// Why a row waits that nobody can handle before the configuration changes.
const NOT_CONFIGURED: &str = "the account is not configured";

/// Puts an inbox row back whose account is not configured; waiting counts as no attempt.
pub async fn wait_for_configuration(tx: &mut Tx, row: &Row, due_at: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE inbox SET due_at = $3, owner = NULL, attempts = 0, problem = $4
               WHERE id = $1 AND fence = $2 AND owner IS NOT NULL";
    tx.run(sql, args![&row.id, row.fence, due_at, NOT_CONFIGURED]).await.map(drop)
}

/// Makes everything due that waited for another configuration.
pub async fn configuration_changed(tx: &mut Tx, now: Timestamp) -> sqlx::Result<()> {
    tx.has_work();
    let sql = "UPDATE inbox SET due_at = $1 WHERE done_at IS NULL AND problem = $2 AND due_at > $1";
    tx.run(sql, args![now, NOT_CONFIGURED]).await.map(drop)
}

/// Puts a row back for later, with what went wrong. What the world said goes on waiting at the head of its lane; a
/// job leaves the lane, so that what came after it is done meanwhile.
pub async fn later(tx: &mut Tx, door: Door, row: &Row, due_at: Timestamp, problem: &str) -> sqlx::Result<()> {
    let sql = match door {
        Door::Inbox => {
            "UPDATE inbox SET due_at = $3, owner = NULL, problem = $4
             WHERE id = $1 AND fence = $2 AND owner IS NOT NULL"
        }
        Door::Outbox => {
            "UPDATE outbox SET due_at = $3, owner = NULL, problem = $4, lane = 'again:' || id
             WHERE id = $1 AND fence = $2 AND owner IS NOT NULL"
        }
    };
    tx.touch(door, &row.lane);
    tx.run(sql, args![&row.id, row.fence, due_at, problem]).await.map(drop)
}

/// Puts back a row whose work the database cut short: it stays where it was, and that was no attempt of its own.
pub async fn cut_short(tx: &mut Tx, door: Door, row: &Row, due_at: Timestamp, problem: &str) -> sqlx::Result<()> {
    let sql = match door {
        Door::Inbox => {
            "UPDATE inbox SET due_at = $3, owner = NULL, problem = $4, attempts = attempts - 1
             WHERE id = $1 AND fence = $2 AND owner IS NOT NULL"
        }
        Door::Outbox => {
            "UPDATE outbox SET due_at = $3, owner = NULL, problem = $4, attempts = attempts - 1
             WHERE id = $1 AND fence = $2 AND owner IS NOT NULL"
        }
    };
    tx.touch(door, &row.lane);
    tx.run(sql, args![&row.id, row.fence, due_at, problem]).await.map(drop)
}

/// Forgets what was waiting to be told to colleagues and names one of these words, and what was said in the lanes of a
/// customer, as far as nobody works on it.
pub async fn forget_words(tx: &mut Tx, words: &[String], customer: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "SELECT id, lane, body FROM outbox WHERE done_at IS NULL AND owner IS NULL
               AND kind IN ('text', 'say', 'prompt', 'inform')";
    let waiting: Vec<(String, String, String)> = tx.all(sql, args![]).await?;
    for (id, lane, _) in
        waiting.into_iter().filter(|(_, _, body)| words.iter().any(|word| body.contains(word.as_str())))
    {
        tx.touch(Door::Outbox, &lane);
        tx.run("UPDATE outbox SET done_at = $2, body = '' WHERE id = $1", args![id, now]).await?;
    }
    // What older versions left in rows that were done.
    let sql = "UPDATE outbox SET body = '' WHERE done_at IS NOT NULL AND body <> ''
               AND kind IN ('text', 'say', 'prompt', 'inform')";
    tx.run(sql, args![]).await?;
    tx.run("UPDATE inbox SET body = '' WHERE done_at IS NOT NULL AND body <> ''", args![]).await?;
    let sql = "UPDATE inbox SET lane = '' WHERE done_at IS NOT NULL AND REPLACE(lane, $1, '') <> lane";
    tx.run(sql, args![customer]).await.map(drop)
}

/// A claimed row, by door, id and fence.
pub type Held = (String, String, i64);

/// What an instance holds at present.
pub async fn held_by(tx: &mut Tx, owner: &str) -> sqlx::Result<Vec<Held>> {
    let sql = "SELECT 'inbox', id, fence FROM inbox WHERE owner = $1
               UNION ALL SELECT 'outbox', id, fence FROM outbox WHERE owner = $1";
    tx.all(sql, args![owner]).await
}

/// Lets go of a row that is held and not worked.
pub async fn let_go(tx: &mut Tx, (door, id, fence): &Held) -> sqlx::Result<()> {
    tx.has_work();
    let sql = match door.as_str() {
        "inbox" => "UPDATE inbox SET owner = NULL WHERE id = $1 AND fence = $2",
        _ => "UPDATE outbox SET owner = NULL WHERE id = $1 AND fence = $2",
    };
    tx.run(sql, args![id, *fence]).await.map(drop)
}

/// Notes that somebody was told about a row that fails again and again; false when they were told before.
pub async fn alarmed(tx: &mut Tx, door: Door, row: &Row, now: Timestamp) -> sqlx::Result<bool> {
    let sql = match door {
        Door::Inbox => "UPDATE inbox SET alarmed_at = $2 WHERE id = $1 AND alarmed_at IS NULL",
        Door::Outbox => "UPDATE outbox SET alarmed_at = $2 WHERE id = $1 AND alarmed_at IS NULL",
    };
    Ok(tx.run(sql, args![&row.id, now]).await? == 1)
}

/// What an outbox row is for: its kind and the number of its case.
pub async fn purpose(tx: &mut Tx, row: &Row) -> sqlx::Result<Option<(String, Option<i64>)>> {
    let sql = "SELECT o.kind, c.number FROM outbox o LEFT JOIN cases c ON c.id = o.case_id WHERE o.id = $1";
    tx.one(sql, args![&row.id]).await
}

/// Rows that are due and not done, by door and kind: empty when the desk has caught up.
pub async fn unfinished(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Vec<(String, String, Option<String>)>> {
    let sql = "SELECT 'inbox', lane, problem FROM inbox WHERE done_at IS NULL AND due_at <= $1
               UNION ALL SELECT kind, lane, problem FROM outbox WHERE done_at IS NULL AND due_at <= $1";
    tx.all(sql, args![now]).await
}

/// How much of one kind waits.
#[derive(Debug, Clone, FromRow)]
pub struct Waiting {
    /// A job's kind; `from_member` or `from_customer` for what the world said.
    pub kind: String,
    /// How many rows.
    pub count: i64,
    /// Since when the oldest of them is due.
    pub oldest: Timestamp,
}

/// What is due and not done, by kind.
pub async fn waiting(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Vec<Waiting>> {
    let sql = "SELECT CASE rank WHEN 0 THEN 'from_member' ELSE 'from_customer' END AS kind, COUNT(*) AS count,
                      MIN(due_at) AS oldest
               FROM inbox WHERE done_at IS NULL AND due_at <= $1 GROUP BY rank
               UNION ALL SELECT kind, COUNT(*), MIN(due_at) FROM outbox WHERE done_at IS NULL AND due_at <= $1
               GROUP BY kind";
    tx.all(sql, args![now]).await
}

/// How many rows are due and not done.
pub async fn due_count(tx: &mut Tx, now: Timestamp) -> sqlx::Result<i64> {
    let sql = "SELECT (SELECT COUNT(*) FROM inbox WHERE done_at IS NULL AND due_at <= $1)
                    + (SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND due_at <= $1)";
    Ok(tx.one::<(i64,)>(sql, args![now]).await?.map_or(0, |(count,)| count))
}

/// How long a callback is remembered: far longer than the platform repeats one.
const REPLAYS_KEPT: Timestamp = 7 * 24 * HOUR;

/// Remembers callbacks by their replay keys, and gives those that were not seen in the last seven days. Keys are in the
/// order of time, so that those of one moment lie side by side on the disk.
pub async fn first_seen(tx: &mut Tx, keys: &[&str]) -> anyhow::Result<Vec<String>> {
    let sql = tx.either(
        "INSERT INTO replays (replay_key) SELECT value FROM JSON_EACH($1) WHERE TRUE
         ON CONFLICT (replay_key) DO NOTHING RETURNING replay_key",
        "INSERT INTO replays (replay_key) SELECT value FROM JSONB_ARRAY_ELEMENTS_TEXT($1::JSONB) AS given (value)
         ON CONFLICT (replay_key) DO NOTHING RETURNING replay_key",
    );
    let new: Vec<(String,)> = tx.all(sql, args![serde_json::to_string(keys)?]).await?;
    Ok(new.into_iter().map(|(key,)| key).collect())
}

/// Forgets rows done before `before`, and everything that has ended by itself.
pub async fn tidy(tx: &mut Tx, now: Timestamp, before: Timestamp) -> sqlx::Result<()> {
    tx.run("DELETE FROM inbox WHERE done_at < $1", args![before]).await?;
    tx.run("DELETE FROM outbox WHERE done_at < $1", args![before]).await?;
    // They begin with eleven digits of Unix seconds.
    let oldest = format!("{:011}", (now - REPLAYS_KEPT) / SECOND);
    tx.run("DELETE FROM replays WHERE replay_key < $1", args![oldest]).await?;
    tx.run("DELETE FROM paces WHERE at < $1", args![now - HOUR]).await?;
    tx.run("DELETE FROM links WHERE until < $1", args![before]).await?;
    tx.run("DELETE FROM pending_edits WHERE until < $1", args![now]).await.map(drop)
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
