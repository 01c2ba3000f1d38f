//! Death at each named point of the program (`chaos::point` in its sources).

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::On;
use crate::draw::Draw;
use crate::instance::Setup;
use crate::shop::{ADMIN, SUPERVISOR};
use crate::stage::{Bustle, Stage, until_heard};

/// What has to happen for a point to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Nothing but customers and reviewers.
    AtWork,
    /// The same, and only now and then.
    Seldom,
    /// A start.
    Starting,
    /// The request to stop.
    Stopping,
    /// A pause, and its end.
    Pausing,
    /// Another configuration at the start.
    Configuring,
    /// Time: the clock goes on by so many seconds before the start.
    Later(u64),
}

/// Where a point is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// On both databases.
    Both,
    /// On SQLite only.
    Sqlite,
    /// On PostgreSQL only.
    Postgres,
}

use Reached::{AtWork, Configuring, Later, Pausing, Seldom, Starting, Stopping};
use Where::{Both, Postgres, Sqlite};

/// Every point.
pub const POINTS: &[(&str, Reached, Where)] = &[
    ("tidy.in_unit", Later(3_700), Both),
    ("callback.verified", AtWork, Both),
    ("callback.stored", AtWork, Both),
    ("receive.in_unit", AtWork, Both),
    ("sync.before_fetch", AtWork, Both),
    ("sync.fetched", AtWork, Both),
    ("sync.page_stored", AtWork, Both),
    ("sync.cursor_moved", AtWork, Both),
    ("sync.kept", AtWork, Both),
    ("customer.told", AtWork, Both),
    ("reviewer.told", AtWork, Both),
    ("worker.before_claim", AtWork, Both),
    ("worker.claimed", AtWork, Both),
    ("worker.before_work", AtWork, Both),
    ("apply.stepped", AtWork, Both),
    ("apply.saved", AtWork, Both),
    ("apply.recorded", AtWork, Both),
    ("draft.began", AtWork, Both),
    ("draft.judged", AtWork, Both),
    ("draft.in_unit", AtWork, Both),
    ("posting.before_name", AtWork, Both),
    ("posting.before_post", AtWork, Both),
    ("posting.above_posted", AtWork, Both),
    ("posting.posted", AtWork, Both),
    ("posting.in_unit", AtWork, Both),
    ("text.before", AtWork, Both),
    ("settle_card.before", AtWork, Both),
    ("settle_card.after", AtWork, Both),
    ("send.before_ready", AtWork, Both),
    ("send.before_claim", AtWork, Both),
    ("send.in_claim", AtWork, Both),
    ("send.intent_written", AtWork, Both),
    ("send.claimed", AtWork, Both),
    ("send.before_request", AtWork, Both),
    ("send.requested", AtWork, Both),
    ("send.answered", AtWork, Both),
    ("send.in_settle", AtWork, Both),
    ("send.settled", AtWork, Both),
    ("pausing.declared", Pausing, Both),
    ("pausing.acknowledged", Pausing, Both),
    ("resume.lifted", Pausing, Both),
    ("checkpoint.grown", Later(61), Both),
    ("checkpoint.sealed", Later(61), Both),
    ("checkpoint.before_file", Later(61), Both),
    ("checkpoint.written", Later(61), Both),
    ("checkpoint.synced", Later(61), Both),
    ("start.folder", Starting, Both),
    ("start.before_open", Starting, Both),
    ("start.opened", Starting, Both),
    ("config.applied", Configuring, Both),
    ("config.recorded", Configuring, Both),
    ("writer.begun", AtWork, Sqlite),
    ("writer.before_commit", AtWork, Sqlite),
    ("writer.committed", AtWork, Sqlite),
    ("writer.before_checkpoint", Seldom, Sqlite),
    ("migrate.before", Starting, Sqlite),
    ("migrate.after", Starting, Sqlite),
    ("postgres.before_commit", AtWork, Postgres),
    ("postgres.committed", AtWork, Postgres),
    ("serve.locked", Starting, Both),
    ("serve.applied", Starting, Both),
    ("serve.launched", Starting, Both),
    ("shutdown.asked", Stopping, Both),
    ("shutdown.work_done", Stopping, Both),
    ("shutdown.done", Stopping, Both),
];

/// How long a point is waited for before the process is killed all the same.
fn patience(reached: Reached) -> Duration {
    // A stop that was asked for takes ten seconds at most.
    Duration::from_secs(if reached == Seldom { 30 } else { 12 })
}

/// One process on SQLite.
///
/// # Errors
/// Where it does not come up again.
pub async fn sqlite(context: &Context) -> anyhow::Result<Row> {
    at_each(context, "points", On::Sqlite, Postgres, context.trials(60, 400, 2_500)).await
}

/// Two processes on PostgreSQL, one of which dies.
///
/// # Errors
/// Where it does not come up again.
pub async fn postgres(context: &Context) -> anyhow::Result<Row> {
    at_each(context, "points-pg", On::Postgres, Sqlite, context.trials(20, 200, 2_500)).await
}

async fn at_each(context: &Context, name: &str, on: On, elsewhere: Where, trials: u64) -> anyhow::Result<Row> {
    let points: Vec<_> = POINTS.iter().copied().filter(|(_, _, place)| *place != elsewhere).collect();
    let plan = context.plan(on, if on == On::Postgres { 2 } else { 1 });
    let mut clock = super::clock::Hands::new(context)?;
    campaign(
        (name, "deaths"),
        plan,
        Bustle { pauses: false, ..Bustle::default() },
        &mut Vec::new(),
        async |stage, notes| {
            let mut missed = Vec::new();
            for n in 0..stage.world.instances.len() {
                // One clock for all of them.
                stage.world.kill(n).await?;
                let setup = clock.setup(&stage.world, n)?;
                stage.world.start_with(n, &setup).await?;
            }
            let first = stage.draw.index(points.len());
            for n in 0..trials {
                let place = if trials as usize >= points.len() { n as usize } else { first + n as usize };
                let Some((point, reached, _)) = points.get(place % points.len()).copied() else { continue };
                if !dies_at(stage, &mut clock, point, reached).await? {
                    missed.push(point);
                }
                stage.world.kill(0).await?;
                let setup = clock.setup(&stage.world, 0)?;
                stage.world.start_with(0, &setup).await?;
                if reached == Pausing {
                    // What was paused stays paused, whatever died; everything takes two to resume.
                    for member in [ADMIN, SUPERVISOR] {
                        until_heard(&stage.world.sim, member, "/恢复").await;
                    }
                }
            }
            notes.push(format!("{} of {} points reached", trials as usize - missed.len(), trials));
            if !missed.is_empty() {
                notes.push(format!("not reached in time: {}", missed.join(" ")));
            }
            Ok(trials)
        },
    )
    .await
}

/// Starts instance 0 so that it dies at `point`, and sees to it that it gets there; whether it did.
async fn dies_at(
    stage: &mut Stage,
    clock: &mut super::clock::Hands,
    point: &str,
    reached: Reached,
) -> anyhow::Result<bool> {
    stage.world.kill(0).await?;
    if let Later(seconds) = reached {
        clock.forward(&stage.world, Duration::from_secs(seconds))?;
    }
    if reached == Configuring {
        reconfigure(stage)?;
    }
    let times = if reached == AtWork { 1 + stage.draw.below(3) } else { 1 };
    let mut setup = clock.setup(&stage.world, 0)?;
    setup.env.insert("AIJIA_KILL_AT".to_owned(), format!("{point}#{times}"));
    start_and_wait(stage, &setup, reached).await
}

async fn start_and_wait(stage: &mut Stage, setup: &Setup, reached: Reached) -> anyhow::Result<bool> {
    if stage.world.start_with(0, setup).await.is_err() {
        // It died before it served.
        return Ok(true);
    }
    let sim = stage.world.sim.clone();
    let mut draw: Draw = stage.draw.apart(9);
    let pausing = async {
        if reached == Pausing {
            sleep(draw.millis(0, 200)).await;
            let _ = sim.says(ADMIN, "/暂停 演练").await;
            sleep(draw.millis(200, 600)).await;
            let _ = sim.says(ADMIN, "/恢复").await;
            let _ = sim.says(SUPERVISOR, "/恢复").await;
        }
        std::future::pending::<()>().await;
    };
    let Some(Some(instance)) = stage.world.instances.get_mut(0) else { return Ok(false) };
    if reached == Stopping {
        instance.signal(Signal::TERM);
    }
    let ended = tokio::select! {
        ended = instance.until_ended(patience(reached)) => ended.is_ok(),
        () = pausing => false,
    };
    Ok(ended)
}

/// Another configuration, with the same policy: open cases stay what they are.
fn reconfigure(stage: &mut Stage) -> anyhow::Result<()> {
    stage.world.plan.shop.review_minutes += 1;
    std::fs::write(stage.world.folder.join("aijia.toml"), stage.world.plan.shop.desk())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::POINTS;

    fn points_in(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("the program's sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                points_in(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let named = text.split("chaos::point(\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(named.map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_point_of_the_program_is_known_here_and_named_once() {
        let mut found = Vec::new();
        points_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bot/src"), &mut found);
        let names: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(names.len(), found.len(), "a point's name is used twice: {found:?}");
        let known: BTreeSet<&str> = POINTS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(known, names);
        assert!(names.len() >= 40, "{} points", names.len());
    }
}
