//! `kill -9` at any moment.

use std::time::Duration;

use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::On;
use crate::stage::{Bustle, Stage};

/// One process on SQLite.
///
/// # Errors
/// Where it does not come up again.
pub async fn sqlite(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(25, 400, 2_500);
    let plan = context.plan(On::Sqlite, 1);
    campaign(("kill", "kills"), plan, Bustle::default(), &mut Vec::new(), async |stage, notes| {
        kills(stage, notes, trials).await
    })
    .await
}

/// Two processes on PostgreSQL, each of which dies while the other goes on.
///
/// # Errors
/// Where one does not come up again.
pub async fn postgres(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(15, 200, 2_500);
    let plan = context.plan(On::Postgres, 2);
    campaign(("kill-pg", "kills"), plan, Bustle::default(), &mut Vec::new(), async |stage, notes| {
        kills(stage, notes, trials).await
    })
    .await
}

async fn kills(stage: &mut Stage, notes: &mut Vec<String>, trials: u64) -> anyhow::Result<u64> {
    let mut slowest = Duration::ZERO;
    for _ in 0..trials {
        sleep(stage.draw.millis(5, 2_000)).await;
        let n = stage.draw.index(stage.world.instances.len());
        stage.world.kill(n).await?;
        if stage.draw.per_mille(200) {
            sleep(stage.draw.millis(100, 2_000)).await;
        }
        slowest = slowest.max(stage.world.start(n).await?);
    }
    notes.push(format!("slowest start {} ms", slowest.as_millis()));
    Ok(trials)
}
