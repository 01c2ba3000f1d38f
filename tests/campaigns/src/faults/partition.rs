//! Instances that are frozen, or cut off from the balancer, the database or the platform.

use std::time::Duration;

use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::On;
use crate::link::{Link, Mode};
use crate::stage::{Bustle, Stage};
use crate::world::Plan;

/// Two instances on PostgreSQL, one of which is in trouble at a time.
///
/// # Errors
/// Where an instance does not come up.
pub async fn run(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(20, 200, 2_000);
    let plan = Plan { wired: 2, ..context.plan(On::Postgres, 2) };
    campaign(("partition", "partitions"), plan, Bustle::default(), &mut Vec::new(), async |stage, notes| {
        let mut frozen = 0;
        for n in 0..trials {
            sleep(stage.draw.millis(100, 600)).await;
            frozen += u64::from(one(stage, n).await);
        }
        notes.push(format!("{frozen} of them SIGSTOP"));
        Ok(trials)
    })
    .await
}

/// One partition; whether it was a process that stood still.
pub(super) async fn one(stage: &mut Stage, number: u64) -> bool {
    let n = stage.draw.index(stage.world.instances.len());
    let long = stage.draw.per_mille(150);
    let lasts = if long { stage.draw.millis(3_000, 9_000) } else { stage.draw.millis(200, 2_500) };
    if number.is_multiple_of(3) {
        stage.world.freeze(n, true);
        sleep(lasts).await;
        stage.world.freeze(n, false);
        return true;
    }
    let link = a_way_of(stage, n);
    let modes = [Mode::BlackHole, Mode::Refuse, Mode::CutAnswer, Mode::Delay(Duration::from_millis(300))];
    if let (Some(link), Some(mode)) = (link, stage.draw.pick(&modes)) {
        link.set(*mode);
        sleep(lasts).await;
        link.set(Mode::Open);
    }
    false
}

/// To the instance, or from it to the database or the platform.
fn a_way_of(stage: &mut Stage, n: usize) -> Option<Link> {
    let mut ways = stage.world.ways.get(n).map(crate::database::Ways::links).unwrap_or_default();
    ways.extend(stage.world.balancer.links.get(n).cloned());
    stage.draw.pick(&ways).cloned()
}
