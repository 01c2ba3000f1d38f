//! The loops. Everything they do can also be done by hand, step by step: [`tick`] does what is due now,
//! [`pump`] goes on until nothing is.

mod aibot;
pub mod apply;
mod care;
pub mod checkpoint;
mod customer;
pub mod deal;
pub mod gone;
mod haste;
mod inbox;
mod instance;
mod job;
mod meaning;
mod outcome;
mod places;
mod receipts;
pub mod recovery;
mod reviewer;
mod sync;
mod telegram;
mod tidy;
mod weekly;

pub use aibot::listen;
pub(crate) use inbox::store_arrival;
pub use inbox::{Deed, Inbound, On, Pressed, arrived};
pub use instance::{Instance, begin, end, show_life};
pub use job::{Job, Question};
pub use meaning::recall;
pub use receipts::{Receipts, receive};
pub use telegram::delivered as telegram_delivered;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::anyhow;
use futures::FutureExt;
use futures::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::case::Say;
use crate::chaos;
use crate::clock::{HOUR, SECOND, Timestamp};
use crate::effects::{self, backoff};
use crate::store::queue::{self, Door, Rank, Row};
use crate::store::{self, News, Tx, Unavailable, accounts, instances};
use instance::Working;
use places::{Place, Places};

/// Attempts after which somebody is told about a row that fails again and again.
const MOST_ATTEMPTS: i64 = 10;
/// How long a row that failed so often waits before each further attempt.
const SELDOM: Timestamp = HOUR;
/// How long a row waits whose work a database cut short that was gone: once it is back, nothing waits for long.
const SOON: Timestamp = 2 * SECOND;
/// The longest sleep between two looks at the queue.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long the next look waits for more to come: what comes in this time is claimed together, which costs a busy desk
/// far less than a look for each.
const TOGETHER: Duration = Duration::from_millis(3);

/// A claimed row, the door it came through and its rank, the place it takes while it is worked, and the sign that it is.
struct Work {
    door: Door,
    row: Row,
    rank: Rank,
    place: Place,
    working: Working,
}

/// Does what is due now, and says whether there was anything.
///
/// # Errors
/// When the database fails.
pub async fn tick(app: &App) -> anyhow::Result<bool> {
    let heard = telegram::read(app, Duration::ZERO).await? | aibot::listen(app, Duration::ZERO).await?;
    let synced = sync::read_accounts(app).await? | heard;
    let work = claim(app, &Places::default()).await?;
    let busy = !work.is_empty();
    join_all(work.into_iter().map(|work| finish_or_postpone(app, work))).await;
    Ok(synced || busy || meaning::learn_if_possible(app).await || chores(app).await?)
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

/// Works until told to stop, then lets what is under way finish. Customers' messages are read beside the rest, so
/// that a slow platform keeps nobody's pause waiting.
pub async fn run(app: App, stop: watch::Receiver<bool>) {
    let reading = tokio::spawn(read_until(app.clone(), stop.clone()));
    let polling = tokio::spawn(telegram::read_until(app.clone(), stop.clone()));
    let listening = tokio::spawn(aibot::listen_until(app.clone(), stop.clone()));
    let learning = tokio::spawn(meaning::learn_until(app.clone(), stop.clone()));
    let beating = tokio::spawn(show_life_beside(app.clone()));
    work_until(&app, stop).await;
    // What it does wrong it says itself.
    let _ = (reading.await, polling.await, listening.await, learning.await);
    beating.abort();
}

/// Shows signs of life beside everything else: whoever works hard or waits for a slow disk is not gone.
async fn show_life_beside(app: App) {
    loop {
        if let Err(problem) = instance::show_life(&app).await {
            tracing::error!(problem = %format!("{problem:#}"), "no sign of life could be given");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn read_until(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(problem) = caught(sync::read_accounts(&app)).await {
            tracing::error!(problem = %format!("{problem:#}"), "the accounts could not be looked at");
        }
        tokio::select! {
            () = app.receipts.rang() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn work_until(app: &App, mut stop: watch::Receiver<bool>) {
    let (mut running, places, mut news) = (JoinSet::new(), Places::default(), app.store.news());
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        let busy = caught(round(app, &mut running, &places)).await.unwrap_or_else(|problem| {
            tracing::error!(problem = %format!("{problem:#}"), "the worker could not look for work");
            false
        });
        if !busy {
            idle(&mut running, &mut news, &mut stop).await;
        }
        tokio::time::sleep(TOGETHER).await;
    }
    while running.join_next().await.is_some() {}
}

async fn idle(running: &mut JoinSet<()>, news: &mut News, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = news.wait(LOOK_AGAIN) => {}
        _ = running.join_next(), if !running.is_empty() => {}
        _ = stop.changed() => {}
    }
}

async fn round(app: &App, running: &mut JoinSet<()>, places: &Places) -> anyhow::Result<bool> {
    chaos::point("worker.before_claim");
    let work = if places.are_taken() { Vec::new() } else { claim(app, places).await? };
    chaos::point("worker.claimed");
    let busy = !work.is_empty();
    for work in work {
        let app = app.clone();
        running.spawn(async move { finish_or_postpone(&app, work).await });
    }
    Ok(busy || chores(app).await?)
}

/// Looks after what has time, once a second at most; says whether there was anything.
async fn chores(app: &App) -> anyhow::Result<bool> {
    let now = app.clock.now();
    if now < app.chores_at.load(Ordering::Relaxed).saturating_add(SECOND) {
        return Ok(false);
    }
    app.chores_at.store(now, Ordering::Relaxed);
    let taken_over = instance::show_life(app).await?;
    recovery::remember(app).await?;
    tidy::when_due(app).await?;
    meaning::keep_up(app).await?;
    // A browser that does not end holds nothing else up.
    let browsers = app.clone();
    tokio::spawn(async move { browsers.offices.tidy(&browsers.ids, now, false).await });
    let dealt = deal::when_due(app).await? | care::when_due(app).await? | weekly::when_due(app).await?;
    Ok(checkpoint::when_due(app).await? || taken_over || dealt)
}

/// Claims what is due, the first ranks first, as far as there are places for each.
async fn claim(app: &App, places: &Places) -> anyhow::Result<Vec<Work>> {
    let (now, places, me) = (app.clock.now(), places.clone(), app.instance.id().to_owned());
    let serves_aibot = app.serves_aibot();
    let claimed = app.store.commit(move |tx| {
        Box::pin(async move {
            if !instances::is_listed(tx, &me).await? {
                instances::beat(tx, &me, now).await?;
            }
            let mut claimed = Vec::new();
            for (rank, door) in queue::due(tx, now).await? {
                let ours = rank != Rank::Linked || serves_aibot;
                let limit = if ours { places.free(rank, door) } else { 0 };
                if limit > 0 {
                    let rows = queue::claim(tx, door, &me, now, rank, limit).await?;
                    claimed.extend(rows.into_iter().map(|row| (door, row, rank, places.take(rank, door))));
                }
            }
            Ok(claimed)
        })
    });
    let begun = store::ahead(claimed).await?.into_iter().map(|(door, row, rank, place)| {
        let working = Working::on(app, &row.id);
        Work { door, row, rank, place, working }
    });
    Ok(begun.collect())
}

async fn finish_or_postpone(app: &App, work: Work) {
    let Work { door, row, rank, place: _place, working: _working } = work;
    let doing = caught(async {
        match door {
            Door::Inbox => inbox::handle(app, row.clone()).await,
            Door::Outbox => effects::perform(app, row.clone()).await,
        }
    });
    chaos::point("worker.before_work");
    let done = if rank == Rank::First { store::ahead(doing).await } else { doing.await };
    let Err(problem) = done else { return };
    tracing::warn!(row = %row.id, problem = %format!("{problem:#}"), "work is put back for later");
    if let Err(problem) = postpone(app, door, row, problem).await {
        tracing::error!(problem = %format!("{problem:#}"), "work could not be put back; it is let go of in a moment");
    }
}

/// Work that panics is work that failed: it is tried again, and somebody hears of it when that does not help.
async fn caught<T>(doing: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    AssertUnwindSafe(doing).catch_unwind().await.unwrap_or_else(|_| Err(anyhow!("the work broke down")))
}

async fn postpone(app: &App, door: Door, row: Row, problem: anyhow::Error) -> anyhow::Result<()> {
    let (app, cut_short) = (app.clone(), problem.downcast_ref::<Unavailable>().is_some());
    let problem = format!("{problem:#}");
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                if cut_short {
                    return Ok(queue::cut_short(tx, door, &row, now + SOON, &problem).await?);
                }
                if row.attempts < MOST_ATTEMPTS {
                    return Ok(queue::later(tx, door, &row, now + backoff(row.attempts), &problem).await?);
                }
                if door == Door::Inbox && !from_a_customer(&row) {
                    return set_aside(tx, &app, &row, now, &problem).await;
                }
                if queue::alarmed(tx, door, &row, now).await? {
                    tell_stuck(tx, &app, door, &row).await?;
                }
                Ok(queue::later(tx, door, &row, now + SELDOM, &problem).await?)
            })
        })
        .await
}

/// What a customer said must never vanish: it is tried for as long as it takes.
fn from_a_customer(row: &Row) -> bool {
    CUSTOMERS.iter().any(|door| row.lane.starts_with(door))
}

/// Where lanes of customers' messages begin: those read from an account, and those that came by a door of their own.
const CUSTOMERS: [&str; 2] = ["kf:", "in:"];

/// What fails again and again is said aloud, once.
async fn tell_stuck(tx: &mut Tx, app: &App, door: Door, row: &Row) -> anyhow::Result<()> {
    tracing::error!(row = %row.id, "work fails again and again");
    let say = match door {
        Door::Inbox => Say::new("told.message_stuck").with("row", &row.id),
        Door::Outbox => {
            let (kind, number) = queue::purpose(tx, row).await?.unwrap_or_default();
            let case = number.map_or_else(|| "–".to_owned(), |number| format!("#{number}"));
            Say::new("told.job_stuck").with("kind", kind).with("case", case).with("row", &row.id)
        }
    };
    let desk = app.desk(tx).await?;
    apply::alarm(tx, app, &desk, &say).await
}

/// What cannot be understood after many attempts must not block what follows, nor be forgotten.
async fn set_aside(tx: &mut Tx, app: &App, row: &Row, now: Timestamp, problem: &str) -> anyhow::Result<()> {
    tracing::error!(row = %row.id, %problem, "a row is set aside");
    let desk = app.desk(tx).await?;
    apply::alarm(tx, app, &desk, &Say::new("told.set_aside").with("row", &row.id)).await?;
    apply::finish(tx, Door::Inbox, row, now).await
}

/// The longest a poll may lag before the desk calls itself not ready, where so many accounts take turns.
pub fn sync_lag(accounts: usize) -> Timestamp {
    60 * SECOND + accounts::POLL_EVERY * i64::try_from(accounts).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[tokio::test]
    async fn a_panic_is_a_failure_and_nothing_worse() {
        let nothing: Vec<i64> = Vec::new();
        let broke_down = caught(async { Ok(nothing[nothing.len()]) }).await;
        assert!(broke_down.is_err_and(|problem| problem.to_string().contains("broke down")));
        assert_eq!(caught(async { Ok(1) }).await.ok(), Some(1));
    }
}
