//! The rig itself: on a calm day nothing is lost and nothing is found, and an auditor who is shown a doctored record
//! finds what was done to it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use aijia::evidence::Kind;
use campaigns::audit::{Findings, Moment, audit};
use campaigns::database::On;
use campaigns::drain::drained;
use campaigns::draw::Draw;
use campaigns::reviewers::{Habits, Reviewers};
use campaigns::robots::{Traffic, write};
use campaigns::world::{Plan, World};
use simulator::openai::Behaviour;

const TRAFFIC: Traffic =
    Traffic { per_second: 10.0, how_long: Duration::from_secs(3), customers: 12, first: 1, rings: true };

async fn a_calm_day(plan: Plan) -> anyhow::Result<()> {
    let mut world = World::open(plan).await?;
    world.start_all().await?;
    let (sim, shop, draw) = (world.sim.clone(), world.plan.shop.clone(), Draw::new(world.plan.seed));
    let reviewers = Reviewers::start(&sim, shop.everybody(), Habits::default(), draw.clone());
    let written = write(&sim, &shop, TRAFFIC, draw, Arc::new(AtomicU64::new(0))).await;
    let rest = drained(&world, written.len(), Duration::from_secs(60)).await;
    reviewers.stop().await;
    let mut evidence = world.evidence().await?;
    let found = audit(&sim, &shop, &evidence, &written, Moment::Drained);
    anyhow::ensure!(rest.is_some(), "the desk did not come to rest: {found}; see {}", world.folder.display());
    let bad: Vec<_> = found.violations().collect();
    anyhow::ensure!(bad.is_empty(), "{found}\n{bad:#?}; see {}", world.folder.display());
    anyhow::ensure!(found.messages == 30 && found.accepted > 0, "{found}");
    let judge = |evidence: &_| audit(&sim, &shop, evidence, &written, Moment::Drained);
    let without = |kind: Kind, evidence: &campaigns::evidence::Evidence| {
        let mut doctored = evidence.clone();
        doctored.entries.retain(|entry| entry.kind != kind);
        doctored
    };
    let lost: Findings = judge(&without(Kind::CustomerSaid, &evidence));
    anyhow::ensure!(lost.lost.len() == 30, "messages that are not on record are lost: {lost}");
    let unapproved = judge(&without(Kind::Decided, &evidence));
    anyhow::ensure!(unapproved.unauthorised.len() >= found.accepted, "sends nobody approved: {unapproved}");
    let unclaimed = judge(&without(Kind::SendClaimed, &evidence));
    anyhow::ensure!(unclaimed.unauthorised.len() >= found.accepted, "sends nobody claimed: {unclaimed}");
    let open = judge(&without(Kind::CaseClosed, &evidence));
    anyhow::ensure!(!open.forgotten.is_empty(), "open cases on no phone are forgotten: {open}");
    for entry in evidence.entries.iter_mut().filter(|entry| entry.kind == Kind::Decided) {
        entry.payload["parts"][0] = "别的话".into();
    }
    anyhow::ensure!(!judge(&evidence).unauthorised.is_empty(), "other bytes than approved");
    a_bundle_convinces_two_verifiers(&world).await?;
    world.close(false).await
}

/// The first case, bundled: the program and a verifier of other make believe it, and neither believes a forged one.
async fn a_bundle_convinces_two_verifiers(world: &World) -> anyhow::Result<()> {
    let file = world.folder.join("case-1.json");
    let path = file.to_string_lossy().into_owned();
    let said = world.run(&["evidence", "bundle", "1", "-o", &path]).await?;
    let key = said.lines().find_map(|line| line.strip_prefix("key ")).unwrap_or_default().to_owned();
    anyhow::ensure!(both(world, &path, &key).await? == (Some(0), Some(0)), "a true bundle");
    anyhow::ensure!(both(world, &path, &"0".repeat(64)).await? == (Some(1), Some(1)), "another key than wanted");
    let text = std::fs::read_to_string(&file)?;
    // Every message carries its number like this, whichever case comes first.
    let forged = text.replacen("【m", "【m9", 1);
    anyhow::ensure!(forged != text, "there is nothing to forge in {path}");
    std::fs::write(&file, forged)?;
    anyhow::ensure!(both(world, &path, &key).await? == (Some(1), Some(1)), "forged words");
    std::fs::write(&file, "no bundle")?;
    anyhow::ensure!(both(world, &path, &key).await? == (Some(2), Some(2)), "no bundle at all");
    Ok(())
}

/// The exit codes of the program and of `tests/verify_bundle.py`; without Python, the program's twice.
async fn both(world: &World, bundle: &str, key: &str) -> anyhow::Result<(Option<i32>, Option<i32>)> {
    let mut program = world.setup(0)?;
    // Without any setting: a bundle is checked where nothing of ours is.
    program.env.clear();
    let ours = program.command(&["evidence", "verify", "--bundle", bundle, "--key", key]).status().await?.code();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../verify_bundle.py");
    match tokio::process::Command::new("python3").args([script, bundle, key]).status().await {
        Ok(status) => Ok((ours, status.code())),
        Err(_) => {
            eprintln!("not checked by the second verifier: there is no python3");
            Ok((ours, ours))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calm_day_on_sqlite() -> anyhow::Result<()> {
    a_calm_day(Plan { seed: 7, ..Plan::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calm_day_on_postgres_with_three_instances() -> anyhow::Result<()> {
    if std::env::var("TEST_POSTGRES_URL").is_err() {
        eprintln!("not run on PostgreSQL: TEST_POSTGRES_URL is not set (scripts/with-postgres sets it)");
        return Ok(());
    }
    let model = Some(Behaviour::Honest);
    a_calm_day(Plan { seed: 8, on: On::Postgres, instances: 3, wired: 3, model, ..Plan::default() }).await
}
