//! A database with a million cases, a hundred thousand of them open: what it takes in memory, and how soon the program
//! serves again after `kill -9`.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use campaigns::database::On;
use campaigns::drain::drained;
use campaigns::draw::Draw;
use campaigns::latency::Latencies;
use campaigns::reviewers::{Habits, Reviewers};
use campaigns::world::{Plan, World};

use crate::Asked;
use crate::copies;
use crate::day::shop;
use crate::figures::{Figures, spread};
use crate::process::memory;
use crate::sessions;

pub async fn measure(asked: &Asked, on: On, figures: &mut Figures) -> anyhow::Result<()> {
    let mut world = World::open(Plan { on, shop: shop(), binary: asked.program.clone(), ..Plan::default() }).await?;
    world.start_all().await?;
    templates(&world).await?;
    world.kill(0).await?;
    let began = Instant::now();
    copies::write(&world, asked.cases, asked.open).await?;
    let made = format!("{} cases, {} of them open, in {:.0} s", asked.cases, asked.open, began.elapsed().as_secs_f64());
    figures.add(Some(on), "cases written beforehand", made);

    let (mut serving, mut answering) = (Latencies::default(), Latencies::default());
    let mut resident = (0.0, 0.0);
    for kill in 0..asked.kills {
        let began = Instant::now();
        serving.add(world.start(0).await?);
        let server = world.instances.first().and_then(Option::as_ref).context("nothing serves")?;
        let (pid, address) = (server.id(), server.address);
        ready(&format!("http://{address}/healthz")).await?;
        answering.add(began.elapsed());
        world.sim.set_callback_url(&format!("http://{address}/callback/wecom"));
        let (sim, shop) = (world.sim.clone(), world.plan.shop.clone());
        let load = sessions::write(&sim, &shop, asked.rate / 4.0, asked.share(10), (kill + 1) * 100_000).await;
        ensure!(load.took.count() > 0, "nothing was acknowledged with a million cases in the database");
        resident = memory(pid);
        world.kill(0).await?;
    }
    let goal = match on {
        On::Sqlite => ("≤ 2 s", 2_000.0),
        On::Postgres => ("≤ 3 s", 3_000.0),
    };
    let met = answering.summary()[3] <= goal.1;
    figures.judge(Some(on), "kill -9 → serving again", spread(&answering), goal.0, met);
    let measured = format!("{:.0} MiB, at most {:.0}", resident.0, resident.1);
    figures.judge(Some(on), "memory with the open cases, under load", measured, "≤ 256 MiB", resident.1 <= 256.0);
    world.close(false).await
}

async fn ready(url: &str) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    for _ in 0..1_000 {
        if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anyhow::bail!("it does not answer")
}

/// One case that waits for a person and one that was answered, made by the program itself: what is multiplied.
async fn templates(world: &World) -> anyhow::Result<()> {
    let (sim, shop) = (&world.sim, &world.plan.shop);
    let reviewers = Reviewers::start(sim, shop.everybody(), Habits::SEND_ALL, Draw::new(1));
    let answered = sessions::write(sim, shop, 5.0, Duration::from_secs(1), 0).await;
    drained(world, answered.written, Duration::from_secs(60)).await.context("a first case was not answered")?;
    reviewers.stop().await;
    sessions::write(sim, shop, 5.0, Duration::from_secs(1), 1).await;
    let began = Instant::now();
    while shop.all_reviewers().iter().all(|member| sim.open_cards(member).is_empty()) {
        ensure!(began.elapsed() < Duration::from_secs(60), "a second case brought no card");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
