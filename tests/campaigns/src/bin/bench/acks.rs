//! Durable acknowledgements: how many callbacks a second are on the disk and answered, and what they cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anyhow::ensure;
use campaigns::database::On;
use campaigns::latency::Latencies;
use campaigns::world::{Plan, World};
use tokio::task::JoinSet;

use crate::Asked;
use crate::edge::{Platform, ring};
use crate::figures::{Figures, spread};
use crate::http::Connection;
use crate::naive;
use crate::process::cpu;

/// Callbacks under way at once.
const AT_ONCE: usize = 128;
/// How often more must be acknowledged than are committed one by one.
const SQLITE_GOAL: f64 = 5.0;
/// The same on PostgreSQL.
const POSTGRES_GOAL: f64 = 3.0;

pub async fn measure(asked: &Asked, on: On, figures: &mut Figures) -> anyhow::Result<()> {
    let plan = Plan { on, binary: asked.program.clone(), ..Plan::default() };
    let mut world = World::open(plan).await?;
    let alone = naive::rate(&world, asked.share(5)).await?;
    world.start_all().await?;
    let Some(Some(server)) = world.instances.first() else { anyhow::bail!("nothing serves") };
    let platform = Arc::new(Platform::new(world.sim.settings())?);
    let before = cpu(server.id());
    let (acknowledged, seconds) = flood(asked, server.address, &platform, &world.plan.shop.account(0)).await?;
    let used = cpu(server.id()).saturating_sub(before).as_secs_f64().max(0.01);
    world.close(false).await?;

    let (count, rate) = (acknowledged.count() as f64, acknowledged.count() as f64 / seconds);
    let (ratio, least, goal) = match on {
        On::Sqlite => (rate / alone, SQLITE_GOAL, "≥ 5× naive"),
        On::Postgres => (rate / alone, POSTGRES_GOAL, "≥ 3× naive"),
    };
    let measured = format!("{rate:.0}/s = {ratio:.1} × {alone:.0}/s one by one");
    figures.judge(Some(on), "durable acknowledgements, 128 at once", measured, goal, ratio >= least);
    figures.add(Some(on), "their latency", spread(&acknowledged));
    figures.judge(
        Some(on),
        "HTTP callbacks with durable storage",
        format!("{:.0} per server CPU-second", count / used),
        "> 3,500 (peers without storage)",
        count / used > 3_500.0,
    );
    Ok(())
}

/// Rings as often as it is answered.
async fn flood(
    asked: &Asked,
    address: std::net::SocketAddr,
    platform: &Arc<Platform>,
    account: &str,
) -> anyhow::Result<(Latencies, f64)> {
    let (stop, number, began) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Instant::now());
    let mut ringing = JoinSet::new();
    for _ in 0..AT_ONCE {
        let mut connection = Connection::open(address).await?;
        let (platform, stop, number, account) = (platform.clone(), stop.clone(), number.clone(), account.to_owned());
        ringing.spawn(async move {
            let mut took = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let request = ring(&platform, &account, number.fetch_add(1, Ordering::Relaxed));
                let asked = Instant::now();
                ensure!(connection.ask(&request).await? == 200, "a callback was not acknowledged");
                took.push(asked.elapsed());
            }
            Ok(took)
        });
    }
    tokio::time::sleep(asked.share(20)).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    while let Some(took) = ringing.join_next().await {
        all.extend(took??);
    }
    Ok((all.into_iter().collect(), began.elapsed().as_secs_f64()))
}
