//! Many people press the same button: one of them wins, and everybody is told who.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Context, Row, Tier, campaign, partition};
use crate::database::On;
use crate::reviewers::Habits;
use crate::shop::Shop;
use crate::stage::{Bustle, Stage, usual_shop};
use crate::world::Plan;

/// Everybody presses, twice, at the same moment.
const CROWD: Habits = Habits { think: (200, 320), twice: 1_000, edit: 0, reject: 0, escalate: 0 };

/// One process on SQLite, which is killed now and then.
///
/// # Errors
/// Where it does not come up again.
pub async fn sqlite(context: &Context) -> anyhow::Result<Row> {
    let plan = context.plan(On::Sqlite, 1);
    contested(context, "taps", plan, async |stage| {
        stage.world.kill(0).await?;
        stage.world.start(0).await.map(drop)
    })
    .await
}

/// Three processes on PostgreSQL, with partitions.
///
/// # Errors
/// Where one does not come up.
pub async fn postgres(context: &Context) -> anyhow::Result<Row> {
    let plan = Plan { wired: 3, ..context.plan(On::Postgres, 3) };
    contested(context, "taps-pg", plan, async |stage| {
        let number = stage.draw.next();
        partition::one(stage, number).await;
        Ok(())
    })
    .await
}

async fn contested(
    context: &Context,
    name: &str,
    plan: Plan,
    trouble: impl AsyncFn(&mut Stage) -> anyhow::Result<()>,
) -> anyhow::Result<Row> {
    let wanted = context.trials(60, 50_000, 500_000);
    let shop = Shop { reviewers: 4, channels: 20, ..usual_shop() };
    let busy = if context.tier == Tier::Short { 1 } else { 2 };
    let bustle = Bustle {
        per_second: 6.0 * f64::from(busy),
        customers: 150 * busy as usize,
        habits: CROWD,
        pauses: false,
        ..Bustle::default()
    };
    campaign((name, "taps"), Plan { shop, ..plan }, bustle, &mut Vec::new(), async |stage, notes| {
        let began = Instant::now();
        let most = Duration::from_secs(60 + wanted / 20);
        while (stage.taps() as u64) < wanted && began.elapsed() < most {
            sleep(stage.draw.millis(2_000, 5_000)).await;
            trouble(stage).await?;
        }
        notes.push("histories of every version checked for linearizability".to_owned());
        Ok(stage.taps() as u64)
    })
    .await
}
