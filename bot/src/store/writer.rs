//! SQLite's one writer: many units of work per durable commit, each in a savepoint of its own.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tokio::sync::{mpsc, oneshot, watch};

use super::lanes;
use super::tx::Tx;
use super::unavailable::Unavailable;
use super::unit::Unit;
use crate::chaos;
use crate::metrics::Metrics;

/// Units that share one commit at most. What waits while a commit is being written joins the next one,
/// so the group grows with the load and a lone unit never waits.
const GROUP: usize = 64;
/// How long a group takes more units: whoever came first does not wait for what 63 others have to do.
const GROUP_TIME: Duration = Duration::from_millis(12);
/// How long a unit waits to get into the queue. A queue that is full for so long does not move: the caller hears so.
const ENTER_WITHIN: Duration = Duration::from_secs(2);
/// Units between two checkpoints of the write-ahead log.
const CHECKPOINT_EVERY: usize = 256;

/// Given the commit's fate, lets the waiting caller go on.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
type Job = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Done> + Send>;

/// A unit that has run and is not committed yet.
struct Done {
    keep: bool,
    /// The storage can no longer be trusted.
    fatal: bool,
    answer: Answer,
}

/// Who is written first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Ahead of everything: the platform waits for an answer, or somebody with a phone in their hand.
    Ahead,
    /// After what came before.
    Behind,
}

#[derive(Clone)]
pub(super) struct Writer {
    ahead: mpsc::Sender<Job>,
    behind: mpsc::Sender<Job>,
    broken: watch::Receiver<bool>,
}

impl Writer {
    pub(super) fn start(pool: SqlitePool, options: SqliteConnectOptions, metrics: Metrics) -> Self {
        let (ahead, first) = mpsc::channel(4 * GROUP);
        let (behind, then) = mpsc::channel(4 * GROUP);
        let (tell, broken) = watch::channel(false);
        tokio::spawn(async move {
            let mut pen = Pen { pool, options, metrics, since_checkpoint: 0 };
            if pen.write(Queue { first, then }).await.is_err() {
                tracing::error!("the disk did not keep what it was given: nothing is written any more");
                tell.send_replace(true);
            }
        });
        Self { ahead, behind, broken }
    }

    /// Answers whether workers should hear of it.
    pub(super) async fn commit(&self, turn: Turn, unit: Unit) -> anyhow::Result<bool> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |tx| run(unit, tell, tx).boxed());
        let jobs = if turn == Turn::Ahead { &self.ahead } else { &self.behind };
        match jobs.send_timeout(job, ENTER_WITHIN).await {
            Ok(()) => told.await.context("the database cannot be written").context(Unavailable)?,
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                Err(not_now("the database has more to write than it can"))
            }
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(not_now("the database is not written any more")),
        }
    }

    /// Returns when the storage lost what it had been given: the program must end.
    pub(super) async fn broken(&self) {
        let mut broken = self.broken.clone();
        if broken.wait_for(|broken| *broken).await.is_err() {
            // The writer ended with the program; that is no failure of the storage.
            std::future::pending::<()>().await;
        }
    }
}

fn not_now(why: &'static str) -> anyhow::Error {
    anyhow!(why).context(Unavailable)
}

async fn run(mut unit: Unit, tell: oneshot::Sender<anyhow::Result<bool>>, tx: &mut Tx) -> Done {
    let outcome = AssertUnwindSafe(unit(tx)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("a unit of work broke down; nothing of it was kept")));
    let outcome = outcome.map(|()| tx.brings_work());
    let keep = outcome.is_ok();
    let fatal = outcome.as_ref().err().is_some_and(is_fatal);
    let answer: Answer = Box::new(move |committed| {
        let fate = outcome.and_then(|value| {
            committed.map(|()| value).map_err(|e| anyhow!("commit failed: {e}").context(Unavailable))
        });
        // A caller that went away no longer needs the answer; its work is kept all the same.
        let _ = tell.send(fate);
    });
    Done { keep, fatal, answer }
}

/// What waits to be written.
struct Queue {
    first: mpsc::Receiver<Job>,
    then: mpsc::Receiver<Job>,
}

impl Queue {
    /// The next job; none when nobody can bring one any more.
    async fn next(&mut self) -> Option<Job> {
        tokio::select! {
            biased;
            Some(job) = self.first.recv() => Some(job),
            Some(job) = self.then.recv() => Some(job),
            else => None,
        }
    }

    /// The next job, if one is there.
    fn take(&mut self) -> Option<Job> {
        self.first.try_recv().or_else(|_| self.then.try_recv()).ok()
    }
}

/// The storage lost what it had been given: writing on would build on sand.
struct Broken;

struct Pen {
    pool: SqlitePool,
    options: SqliteConnectOptions,
    metrics: Metrics,
    since_checkpoint: usize,
}

impl Pen {
    async fn write(&mut self, mut queue: Queue) -> Result<(), Broken> {
        while let Some(first) = queue.next().await {
            let written = self.write_group(first, &mut queue).await;
            let written = match written {
                Ok(()) => self.checkpoint().await,
                failed => failed,
            };
            let Err(problem) = written else { continue };
            tracing::error!(problem = %format!("{problem:#}"), "the database cannot be written");
            self.metrics.database_error();
            if is_fatal(&problem) {
                return Err(Broken);
            }
            self.take_another_connection().await;
        }
        Ok(())
    }

    async fn write_group(&mut self, first: Job, queue: &mut Queue) -> anyhow::Result<()> {
        let mut tx = match self.pool.begin_with("BEGIN IMMEDIATE; SAVEPOINT unit").await {
            Ok(tx) => Tx::sqlite(tx),
            Err(problem) => {
                // Dropping the jobs tells every caller; those behind it have waited as long.
                while queue.take().is_some() {}
                return Err(problem.into());
            }
        };
        chaos::point("writer.begun");
        let (began, mut next, mut answers, mut sound) = (Instant::now(), Some(first), Vec::new(), Ok(()));
        while let Some(job) = next.take() {
            let Done { keep, fatal, answer } = job(&mut tx).await;
            answers.push(answer);
            if answers.len() < GROUP && began.elapsed() < GROUP_TIME {
                next = queue.take();
            }
            sound = end(&mut tx, keep, fatal, next.is_some()).await;
            if sound.is_err() {
                break;
            }
        }
        let committed = commit(tx, sound).await;
        let fate = committed.as_ref().copied().map_err(|problem| format!("{problem:#}"));
        self.metrics.committed(answers.len(), began.elapsed());
        self.since_checkpoint += answers.len();
        chaos::point("writer.committed");
        answers.into_iter().for_each(|answer| answer(fate.clone()));
        committed
    }

    /// Moves what the log holds into the database now and then. By hand, because SQLite's own checkpoints keep a
    /// failed `fsync` to themselves.
    async fn checkpoint(&mut self) -> anyhow::Result<()> {
        if self.since_checkpoint < CHECKPOINT_EVERY {
            return Ok(());
        }
        self.since_checkpoint = 0;
        chaos::point("writer.before_checkpoint");
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&self.pool).await?;
        Ok(())
    }

    /// Nobody knows what state a connection is in whose commit failed.
    async fn take_another_connection(&mut self) {
        self.pool.close().await;
        self.pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(self.options.clone());
    }
}

/// Ends a unit in its savepoint, and opens the next one where another unit follows. Fails where the transaction around
/// it no longer stands.
async fn end(tx: &mut Tx, keep: bool, fatal: bool, another: bool) -> anyhow::Result<()> {
    ensure!(!fatal, "{LOST}");
    if !keep {
        tx.undo_unit().await?;
    }
    let ended = if another { "RELEASE unit; SAVEPOINT unit" } else { "RELEASE unit" };
    tx.run(ended, Vec::new()).await?;
    Ok(())
}

/// Writes what the units of a group left, with the heads of the lanes they touched.
async fn commit(mut tx: Tx, sound: anyhow::Result<()>) -> anyhow::Result<()> {
    let settled = match sound {
        Ok(()) => lanes::settle(&mut tx).await,
        lost => lost,
    };
    chaos::point("writer.before_commit");
    match settled {
        Ok(()) => tx.commit().await,
        // The database gave the transaction up by itself: what came before in it is gone as well.
        Err(problem) => {
            let _ = tx.rollback().await;
            Err(problem)
        }
    }
}

/// Marks that a unit met a failure of the storage.
const LOST: &str = "the disk did not keep what it was given";
/// What SQLite answers when an `fsync` failed (after which the system may have dropped what it was asked to keep), and
/// when the file is no database any more: <https://sqlite.org/rescode.html>.
const FATAL: [i64; 4] = [1034, 1290, 11, 26];

fn is_fatal(problem: &anyhow::Error) -> bool {
    let code = problem.chain().find_map(|cause| {
        let database = cause.downcast_ref::<sqlx::Error>()?.as_database_error()?;
        database.code()?.parse::<i64>().ok()
    });
    problem.to_string() == LOST || code.is_some_and(|code| FATAL.contains(&code) || [11, 26].contains(&(code & 0xFF)))
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
