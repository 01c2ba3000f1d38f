//! The headline: a busy shop whose instances die, whose ways are cut and whose platform refuses, all at once.

use std::time::Duration;

use simulator::{Api, Errcode, Fault, Lost};
use tokio::time::{Instant, sleep};

use super::{Context, Row, Tier, campaign, partition};
use crate::database::On;
use crate::reviewers::Habits;
use crate::shop::Shop;
use crate::stage::{Bustle, Stage};
use crate::world::Plan;

/// How busy the shop is, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Headline {
    /// Messages a second.
    pub per_second: f64,
    /// For how long.
    pub how_long: Duration,
    /// Customers in a row of lines: with six lines each, so many messages are a sixth as many cases.
    pub lines: usize,
    /// Seconds between two kills.
    pub kill_every: u64,
    /// Seconds between two partitions.
    pub cut_every: u64,
}

impl Headline {
    /// What a tier runs.
    pub fn of(tier: Tier) -> Self {
        match tier {
            Tier::Short => {
                Self { per_second: 25.0, how_long: Duration::from_secs(40), lines: 6, kill_every: 12, cut_every: 20 }
            }
            Tier::Full | Tier::Long => {
                Self { per_second: 200.0, how_long: Duration::from_secs(600), lines: 6, kill_every: 20, cut_every: 60 }
            }
        }
    }
}

/// Runs it on three instances and PostgreSQL.
///
/// # Errors
/// Where an instance does not come up again.
pub async fn run(context: &Context, headline: Headline) -> anyhow::Result<Row> {
    // A phone takes thirty messages a minute: so many that two thirds of that are used.
    let channels = ((headline.per_second / 1.7).ceil() as usize).clamp(10, 120);
    let shop = Shop { channels, reviewers: 2, quiet_seconds: 2, ..Shop::default() };
    // Every link costs the machine as much again as what passes through it: one of three can be cut off.
    let plan = Plan { shop, wired: 1, ..context.plan(On::Postgres, 3) };
    let customers = (headline.per_second * 60.0) as usize;
    let bustle = Bustle {
        per_second: headline.per_second,
        silent_per_second: 0.0,
        customers,
        lines: headline.lines,
        habits: Habits { think: (100, 400), ..Habits::default() },
        pauses: true,
        repeats: true,
    };
    campaign(("headline", "kills and cuts"), plan, bustle, &mut Vec::new(), async |stage, notes| {
        five_percent(stage);
        let trials = ten_minutes(stage, headline).await?;
        notes.push(format!("{} msg/s for {} s", headline.per_second, headline.how_long.as_secs()));
        Ok(trials)
    })
    .await
}

/// Calls that are disturbed.
const APIS: [Api; 4] = [Api::KfSendMsg, Api::MessageSend, Api::KfSyncMsg, Api::UpdateTemplateCard];
/// How often one of them is at its limit, by turns, and for how long: then all calls of it are refused, after which
/// nobody calls it for a minute.
const LIMIT_EVERY: Duration = Duration::from_secs(120);
const LIMITED: Duration = Duration::from_secs(5);

/// One call in twenty fails, with codes and broken answers.
fn five_percent(stage: &Stage) {
    let faults = stage.world.sim.faults();
    faults.clear();
    for api in APIS {
        for code in [-1, 42_001, 45_033, 6_000] {
            faults.sometimes(api, 10, Fault::Refuse(Errcode(code)));
        }
        faults.sometimes(api, 5, Fault::After(Lost::Drop));
        faults.sometimes(api, 5, Fault::Before(Lost::BadGateway));
    }
}

async fn ten_minutes(stage: &mut Stage, headline: Headline) -> anyhow::Result<u64> {
    let (began, mut trials) = (Instant::now(), 0);
    let (mut killed, mut cut) = (began, began);
    let (mut limits, mut limited) = (0, None::<Instant>);
    while began.elapsed() < headline.how_long {
        sleep(Duration::from_millis(500)).await;
        if limited.is_some_and(|since| since.elapsed() >= LIMITED) {
            limited = None;
            five_percent(stage);
        }
        if began.elapsed() >= LIMIT_EVERY * (limits + 1) {
            let api = APIS.into_iter().cycle().nth(limits as usize).unwrap_or(Api::KfSendMsg);
            stage.world.sim.faults().always(api, Fault::Refuse(Errcode(45_009)));
            (limits, limited) = (limits + 1, Some(Instant::now()));
            trials += 1;
        }
        if killed.elapsed() >= Duration::from_secs(headline.kill_every) {
            killed = Instant::now();
            let n = stage.draw.index(stage.world.instances.len());
            stage.world.kill(n).await?;
            sleep(stage.draw.millis(100, 3_000)).await;
            stage.world.start(n).await?;
            trials += 1;
        }
        if cut.elapsed() >= Duration::from_secs(headline.cut_every) {
            cut = Instant::now();
            let number = stage.draw.next();
            partition::one(stage, number).await;
            trials += 1;
        }
    }
    Ok(trials)
}
