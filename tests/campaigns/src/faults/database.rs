//! A database that is busy, gone, or did commit and lost the answer.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::{Database, On};
use crate::link::Mode;
use crate::stage::{Bustle, Stage};
use crate::world::Plan;

/// Somebody else holds SQLite's write lock.
///
/// # Errors
/// Where the file cannot be locked.
pub async fn busy(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(15, 150, 1_500);
    let longest = if context.trials.is_none() && trials == 15 { 3_000 } else { 12_000 };
    campaign(
        ("busy", "locks"),
        context.plan(On::Sqlite, 1),
        Bustle::default(),
        &mut Vec::new(),
        async |stage, notes| {
            let mut held = Duration::ZERO;
            for _ in 0..trials {
                sleep(stage.draw.millis(100, 1_000)).await;
                let hold = if stage.draw.per_mille(200) {
                    stage.draw.millis(500, longest)
                } else {
                    stage.draw.millis(50, 700)
                };
                hold_lock(stage, hold).await?;
                held += hold;
            }
            notes.push(format!("locked for {} s in all", held.as_secs()));
            Ok(trials)
        },
    )
    .await
}

async fn hold_lock(stage: &Stage, hold: Duration) -> anyhow::Result<()> {
    let file = stage.world.data(0).join("aijia.db");
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(30));
    let mut other: SqliteConnection = options.connect().await?;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await?;
    sleep(hold).await;
    sqlx::query("ROLLBACK").execute(&mut other).await?;
    Ok(other.close().await?)
}

/// PostgreSQL ends connections, is cut off, does not answer, or commits and the answer is lost.
///
/// # Errors
/// Where the server itself cannot be reached any more.
pub async fn gone(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(40, 350, 3_500);
    let plan = Plan { wired: 2, ..context.plan(On::Postgres, 2) };
    campaign(("database", "faults"), plan, Bustle::default(), &mut Vec::new(), async |stage, notes| {
        let mut done = [0_u64; 5];
        for _ in 0..trials {
            sleep(stage.draw.millis(100, 800)).await;
            let kind = stage.draw.index(done.len());
            one_fault(stage, kind).await?;
            if let Some(count) = done.get_mut(kind) {
                *count += 1;
            }
        }
        let [ended, commits, refused, silent, slow] = done;
        notes.push(format!(
            "{ended} ended, {commits} commits with lost answers, {refused} refused, {silent} silent, {slow} slow"
        ));
        Ok(trials)
    })
    .await
}

async fn one_fault(stage: &mut Stage, kind: usize) -> anyhow::Result<()> {
    let n = stage.draw.index(stage.world.instances.len());
    let link = stage.world.ways.get(n).and_then(|ways| ways.database.as_ref()).map(|proxy| proxy.link.clone());
    let link = link.context("a link to the database")?;
    let (mode, lasts) = match kind {
        0 => {
            let Database::Postgres(there) = &stage.world.database else { return Ok(()) };
            there.terminate_connections().await?;
            return Ok(());
        }
        1 => (Mode::CutCommit, stage.draw.millis(100, 600)),
        2 => (Mode::Refuse, stage.draw.millis(100, 2_000)),
        3 => (Mode::BlackHole, stage.draw.millis(200, 3_000)),
        _ => (Mode::Delay(Duration::from_millis(40)), stage.draw.millis(500, 1_500)),
    };
    link.set(mode);
    sleep(lasts).await;
    link.set(Mode::Open);
    Ok(())
}
