//! The loops. Everything they do can also be done by hand, step by step: [`tick`] does what is due now,
//! [`pump`] goes on until nothing is.

pub mod apply;
pub mod checkpoint;
mod customer;
mod inbox;
mod job;
mod reviewer;
mod sync;
mod tidy;

pub use inbox::{Inbound, receive};
pub use job::{Job, Question};

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::case::Say;
use crate::clock::{SECOND, Timestamp};
use crate::effects::{self, backoff};
use crate::store::Tx;
use crate::store::queue::{self, Door, Row};

/// Rows worked at the same time by one process.
const AT_ONCE: usize = 32;
/// Attempts after which an inbox row is set aside and somebody is told.
const MOST_ATTEMPTS: i64 = 10;
/// The longest sleep between two looks at the queue.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A claimed row and the door it came through.
struct Work {
    door: Door,
    row: Row,
}

/// Does what is due now, and says whether there was anything.
///
/// # Errors
/// When the database fails.
pub async fn tick(app: &App) -> anyhow::Result<bool> {
    let synced = sync::read_accounts(app).await?;
    let work = claim(app, AT_ONCE).await?;
    let busy = !work.is_empty();
    join_all(work.into_iter().map(|work| finish_or_postpone(app, work))).await;
    Ok(synced || busy || chores(app).await?)
}

/// Goes on until nothing is due.
///
/// # Errors
/// When the database fails, or the desk never comes to rest.
pub async fn pump(app: &App) -> anyhow::Result<()> {
    for _ in 0..10_000 {
        if !tick(app).await? {
            return Ok(());
        }
    }
    anyhow::bail!("the desk does not come to rest: some work makes itself due again and again")
}

/// Works until told to stop, then lets what is under way finish.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        let free = AT_ONCE.saturating_sub(running.len());
        let busy = round(&app, &mut running, free).await.unwrap_or_else(|problem| {
            tracing::error!(%problem, "the worker could not look for work");
            false
        });
        if !busy {
            tokio::select! {
                () = app.store.changed(LOOK_AGAIN) => {}
                _ = running.join_next(), if !running.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
    }
    while running.join_next().await.is_some() {}
}

async fn round(app: &App, running: &mut JoinSet<()>, free: usize) -> anyhow::Result<bool> {
    let synced = sync::read_accounts(app).await?;
    let work = if free == 0 { Vec::new() } else { claim(app, free).await? };
    let busy = !work.is_empty();
    for work in work {
        let app = app.clone();
        running.spawn(async move { finish_or_postpone(&app, work).await });
    }
    Ok(synced || busy || chores(app).await?)
}

/// Looks after what has time, once a second at most; says whether there was anything.
async fn chores(app: &App) -> anyhow::Result<bool> {
    let now = app.clock.now();
    if now < app.chores_at.load(Ordering::Relaxed).saturating_add(SECOND) {
        return Ok(false);
    }
    app.chores_at.store(now, Ordering::Relaxed);
    tidy::when_due(app).await?;
    checkpoint::when_due(app).await
}

async fn claim(app: &App, limit: usize) -> anyhow::Result<Vec<Work>> {
    let now = app.clock.now();
    let limit = i64::try_from(limit)?;
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                let inbox = queue::claim_inbox(tx, now, limit).await?;
                let outbox = queue::claim_outbox(tx, now, limit).await?;
                let inbox = inbox.into_iter().map(|row| Work { door: Door::Inbox, row });
                let outbox = outbox.into_iter().map(|row| Work { door: Door::Outbox, row });
                Ok(inbox.chain(outbox).collect())
            })
        })
        .await
}

async fn finish_or_postpone(app: &App, work: Work) {
    let Work { door, row } = work;
    let done = match door {
        Door::Inbox => inbox::handle(app, row.clone()).await,
        Door::Outbox => effects::perform(app, row.clone()).await,
    };
    let Err(problem) = done else { return };
    tracing::warn!(row = %row.id, problem = %format!("{problem:#}"), "work is put back for later");
    if let Err(problem) = postpone(app, door, row, format!("{problem:#}")).await {
        tracing::error!(problem = %format!("{problem:#}"), "work could not be put back; its lease will end");
    }
}

async fn postpone(app: &App, door: Door, row: Row, problem: String) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                if door == Door::Inbox && row.attempts >= MOST_ATTEMPTS {
                    return set_aside(tx, &app, &row, now, &problem).await;
                }
                Ok(queue::later(tx, door, &row, now + backoff(row.attempts), &problem).await?)
            })
        })
        .await
}

/// What cannot be understood after many attempts must not block what follows, nor be forgotten.
async fn set_aside(tx: &mut Tx, app: &App, row: &Row, now: Timestamp, problem: &str) -> anyhow::Result<()> {
    tracing::error!(row = %row.id, %problem, "a row is set aside");
    let desk = app.desk(tx).await?;
    apply::alarm(tx, app, &desk, &Say::new("told.set_aside").with("row", &row.id)).await?;
    apply::finish(tx, Door::Inbox, row, now).await
}

/// The longest a poll may lag before the desk calls itself not ready.
pub const SYNC_LAG: Timestamp = 60 * SECOND;
