//! The campaigns: each does one kind of harm to a stage and counts how often.

pub mod clock;
pub mod database;
pub mod headline;
pub mod kill;
pub mod model;
pub mod partition;
pub mod points;
pub mod power;
pub mod shim;
pub mod storage;
pub mod storm;
pub mod taps;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::LocalBoxFuture;
use tokio::time::Instant;

use crate::database::On;
use crate::stage::{Bustle, Outcome, Stage, usual_shop};
use crate::world::{Plan, World};

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tier {
    /// Within six minutes, for every change.
    Short,
    /// Within an hour.
    Full,
    /// As long as it takes.
    Long,
}

/// What every campaign gets.
#[derive(Clone, Debug)]
pub struct Context {
    /// How much is done.
    pub tier: Tier,
    /// Decides every draw; printed, so that a run can be repeated.
    pub seed: u64,
    /// The program, built with the feature `chaos`.
    pub binary: PathBuf,
    /// What stands between the program and its disk and clock ([`shim`]).
    pub shim: PathBuf,
    /// Trials instead of the tier's.
    pub trials: Option<u64>,
}

impl Context {
    /// How many trials the tier asks for.
    pub fn trials(&self, short: u64, full: u64, long: u64) -> u64 {
        self.trials.unwrap_or(match self.tier {
            Tier::Short => short,
            Tier::Full => full,
            Tier::Long => long,
        })
    }

    /// A plan on this database with so many instances, without anything between them and the rest.
    pub fn plan(&self, on: On, instances: usize) -> Plan {
        let binary = Some(self.binary.clone());
        Plan {
            seed: self.seed,
            on,
            instances,
            shop: usual_shop(),
            wired: if on == On::Postgres { instances } else { 0 },
            binary,
            ..Plan::default()
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// The campaign and its database.
    pub name: String,
    /// What a trial is.
    pub what: &'static str,
    /// How many there were.
    pub trials: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Figures of its own.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// A campaign by name.
pub struct Campaign {
    /// What `ONLY` calls it.
    pub name: &'static str,
    /// Whether it needs PostgreSQL.
    pub postgres: bool,
    /// Does it.
    pub run: for<'c> fn(&'c Context) -> LocalBoxFuture<'c, anyhow::Result<Row>>,
}

/// Every campaign, the longest first.
pub const ALL: &[Campaign] = &[
    Campaign { name: "points", postgres: false, run: |c| Box::pin(points::sqlite(c)) },
    Campaign { name: "points-pg", postgres: true, run: |c| Box::pin(points::postgres(c)) },
    Campaign { name: "partition", postgres: true, run: |c| Box::pin(partition::run(c)) },
    Campaign { name: "database", postgres: true, run: |c| Box::pin(database::gone(c)) },
    Campaign { name: "kill", postgres: false, run: |c| Box::pin(kill::sqlite(c)) },
    Campaign { name: "kill-pg", postgres: true, run: |c| Box::pin(kill::postgres(c)) },
    Campaign { name: "power", postgres: false, run: |c| Box::pin(power::run(c)) },
    Campaign { name: "storage", postgres: false, run: |c| Box::pin(storage::failing(c)) },
    Campaign { name: "disk", postgres: false, run: |c| Box::pin(storage::full(c)) },
    Campaign { name: "storm", postgres: false, run: |c| Box::pin(storm::errcodes(c)) },
    Campaign { name: "token", postgres: false, run: |c| Box::pin(storm::tokens(c)) },
    Campaign { name: "model", postgres: false, run: |c| Box::pin(model::run(c)) },
    Campaign { name: "busy", postgres: false, run: |c| Box::pin(database::busy(c)) },
    Campaign { name: "clock", postgres: false, run: |c| Box::pin(clock::run(c)) },
    Campaign { name: "taps", postgres: false, run: |c| Box::pin(taps::sqlite(c)) },
    Campaign { name: "taps-pg", postgres: true, run: |c| Box::pin(taps::postgres(c)) },
];

/// How long a desk may take to come to rest: five minutes after the last fault, most of which are the messages a phone may
/// get in a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Sets a stage, does the harm, lets it come to rest, and judges it. `harm` gives the number of trials.
pub(crate) async fn campaign(
    (name, what): (&str, &'static str),
    plan: Plan,
    bustle: Bustle,
    notes: &mut Vec<String>,
    harm: impl AsyncFnOnce(&mut Stage, &mut Vec<String>) -> anyhow::Result<u64>,
) -> anyhow::Result<Row> {
    let mut world = World::open(plan).await?;
    world.start_all().await?;
    let mut stage = Stage::let_in(world, bustle);
    let began = Instant::now();
    let folder = stage.world.folder.clone();
    let done = harm(&mut stage, notes).await;
    let trials = done.with_context(|| format!("{name}: see {}", folder.display()))?;
    let finished = stage.finish(PATIENCE).await;
    let outcome = finished.with_context(|| format!("{name}: see {}", folder.display()))?;
    let notes = std::mem::take(notes);
    Ok(Row { name: name.to_owned(), what, trials, outcome, notes, took: began.elapsed() })
}
