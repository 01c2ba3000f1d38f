//! SQLite's one writer: many units of work per durable commit, each in a savepoint of its own.

use std::panic::AssertUnwindSafe;

use anyhow::{Context, anyhow};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use super::tx::Tx;

/// Units that share one commit at most. What waits while a commit is being written joins the next one,
/// so the group grows with the load and a lone unit never waits.
const GROUP: usize = 64;

/// Given the commit's fate, lets the waiting caller go on.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
type Job = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, (bool, Answer)> + Send>;

#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (jobs, queue) = mpsc::channel(4 * GROUP);
        tokio::spawn(write(pool, queue));
        Self { jobs }
    }

    pub(super) async fn commit<T, F>(&self, unit: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |tx| run(unit, tell, tx).boxed());
        self.jobs.send(job).await.map_err(|_| anyhow!("the database writer has stopped"))?;
        told.await.context("the database writer stopped before answering")?
    }
}

async fn run<T, F>(unit: F, tell: oneshot::Sender<anyhow::Result<T>>, tx: &mut Tx) -> (bool, Answer)
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Send + 'static,
{
    let outcome = AssertUnwindSafe(unit(tx)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("a unit of work broke down; nothing of it was kept")));
    let keep = outcome.is_ok();
    let answer: Answer = Box::new(move |committed| {
        let fate = outcome.and_then(|value| committed.map(|()| value).map_err(|e| anyhow!("commit failed: {e}")));
        // A caller that went away no longer needs the answer; its work is kept all the same.
        let _ = tell.send(fate);
    });
    (keep, answer)
}

async fn write(pool: SqlitePool, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.recv().await {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        write_group(&pool, group).await;
    }
}

async fn write_group(pool: &SqlitePool, group: Vec<Job>) {
    let begun = pool.begin_with("BEGIN IMMEDIATE").await;
    let mut tx = match begun {
        Ok(tx) => Tx::sqlite(tx),
        // Dropping the jobs tells every caller that the writer could not answer.
        Err(problem) => return tracing::error!(%problem, "the database cannot be written"),
    };
    let mut answers = Vec::with_capacity(group.len());
    for job in group {
        answers.push(in_savepoint(&mut tx, job).await);
    }
    let committed = tx.commit().await.map_err(|problem| format!("{problem:#}"));
    if let Err(problem) = &committed {
        tracing::error!(%problem, "a commit failed");
    }
    answers.into_iter().for_each(|answer| answer(committed.clone()));
}

async fn in_savepoint(tx: &mut Tx, job: Job) -> Answer {
    if let Err(problem) = tx.run("SAVEPOINT unit", Vec::new()).await {
        tracing::error!(%problem, "no savepoint");
    }
    let (keep, answer) = job(tx).await;
    let ended = if keep {
        tx.run("RELEASE unit", Vec::new()).await
    } else {
        let undone = tx.run("ROLLBACK TO unit", Vec::new()).await;
        undone.and(tx.run("RELEASE unit", Vec::new()).await)
    };
    match ended {
        Ok(_) => answer,
        Err(problem) => Box::new(move |_| answer(Err(problem.to_string()))),
    }
}
