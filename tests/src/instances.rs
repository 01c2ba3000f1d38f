//! Several programs: one at a time on a file, many on one server. What one leaves, another takes over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aijia::app::App;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::{Api, Fault, Lost};

use crate::story;
use crate::world::program::{Operator, until};
use crate::world::{self, Card, FLAGSHIP, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// A second process on one file says so and ends, by whatever path it names the file; commands work beside the first;
/// after a kill the next one starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_serves_from_one_file() -> anyhow::Result<()> {
    let desk = Operator::begin().await?;
    let first = desk.serves().await?;
    let file = format!("sqlite://{}", desk.folder.path().join("data/aijia.db").display());
    for (data, url) in [("data", ""), ("elsewhere", file.as_str())] {
        let mut second = desk.command(&["serve"])?;
        let ended = second.env("AIJIA_DATA_DIR", data).env("DATABASE_URL", url).output().await?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        ensure!(ended.status.code() == Some(1) && said.contains("already serves"), "{data}: {said}");
        ensure!(said.contains("PostgreSQL"), "it says what to do: {said}");
    }
    desk.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
    desk.card("LiHua").await?;
    ensure!(desk.runs(&["case", "list"]).await?.contains("#1"));
    desk.runs(&["config", "apply"]).await?;
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../bot/demo/knowledge/shipping.md");
    desk.runs(&["knowledge", "import", shop, "--owner", "sunmei", "--kind", "shipping"]).await?;
    first.killed().await?;
    let again = desk.serves().await?;
    ensure!(again.stops().await? == Some(0));
    Ok(())
}

/// Three instances behind one address: cases, cards and the token are shared. One is killed: everybody is served within
/// twenty seconds, and nobody twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_share_the_work_and_one_is_killed() -> anyhow::Result<()> {
    let Some(database) = world::empty_database().await? else {
        eprintln!("not told: TEST_POSTGRES_URL is not set (scripts/with-postgres sets it)");
        return Ok(());
    };
    let desk = Operator::begin_on(database).await?;
    let (one, two, three) = (desk.serves().await?, desk.serves().await?, desk.serves().await?);
    let addresses = [one.address.clone(), two.address.clone(), three.address.clone()];
    let balanced = |n: usize, alive: &[String]| {
        desk.sim.set_callback_url(&format!("{}/callback/wecom", alive[n % alive.len()]));
    };
    for n in 0..9 {
        let customer = format!("wmShared{n}");
        desk.sim.add_customer(&customer, &format!("顾客{n}"));
        balanced(n, &addresses);
        desk.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
    }
    // A card whose posting the kill interrupted is posted again: one of each case counts.
    let cards = || -> BTreeMap<i64, Card> {
        let open = desk.sim.inbox("LiHua").iter().filter_map(Card::open).collect::<Vec<_>>();
        open.into_iter()
            .filter_map(|card| Some((cards::Key::parse(&card.key(Act::Send).ok()?).ok()?.case, card)))
            .collect()
    };
    until(|| !cards().is_empty()).await.context("no card at all")?;
    one.killed().await?;
    let killed = Instant::now();
    until(|| cards().len() == 9).await.with_context(|| format!("{} of 9 cards", cards().len()))?;
    ensure!(killed.elapsed() < Duration::from_secs(20), "taken over after {:?}", killed.elapsed());
    for (n, card) in cards().into_values().enumerate() {
        balanced(n, &addresses[1..]);
        desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    }
    until(|| desk.sim.accepted_kf_sends().len() == 9).await?;
    let heard = |n: usize| desk.sim.history(&format!("wmShared{n}")).len();
    ensure!(
        (0..9).all(|n| heard(n) == 2),
        "a question and an answer each: {:?}",
        (0..9).map(heard).collect::<Vec<_>>()
    );
    ensure!(desk.sim.count(Api::GetToken) <= 3, "{} tokens were fetched", desk.sim.count(Api::GetToken));
    ensure!(two.stops().await? == Some(0) && three.stops().await? == Some(0));
    Ok(())
}

async fn asks(app: &App) -> anyhow::Result<()> {
    let wire = app.wecom.as_ref().context("WeCom is configured")?;
    wire.kf.state(FLAGSHIP, XIAOYU).await?;
    Ok(())
}

story!(
    /// The platform ends the token early while 64 calls of two instances are on their way: one of them fetches another.
    a_dead_token_is_replaced_once_for_all_instances,
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        let other = world.another_instance(77).await?;
        asks(&world.app).await?;
        asks(&other).await?;
        let before = world.sim.count(Api::GetToken);
        world.sim.faults().revoke_tokens();
        let mut calls = tokio::task::JoinSet::new();
        for n in 0..64 {
            let app = if n % 2 == 0 { world.app.clone() } else { other.clone() };
            calls.spawn(async move { asks(&app).await });
        }
        while let Some(called) = calls.join_next().await {
            called??;
        }
        let fetched = world.sim.count(Api::GetToken) - before;
        ensure!(fetched == 1, "{fetched} tokens were fetched");
        let kept = world.app.store.read(|tx| Box::pin(async move {
            Ok(tx.one::<(String,)>("SELECT sealed FROM tokens", aijia::args![]).await?)
        }));
        let (sealed,) = kept.await?.context("a token is kept")?;
        // This platform's tokens are hexadecimal.
        ensure!(sealed.chars().any(|c| !c.is_ascii_hexdigit()), "a token is kept in the open");
    }
);

story!(
    /// Asked for three times what the platform allows, two instances together stay below it, and use nearly all of it.
    two_instances_keep_the_platforms_limits_together,
    |world| {
        let other = world.another_instance(78).await?;
        let mut admitted: Vec<usize> = Vec::new();
        for _ in 0..150 {
            let mut now = 0;
            for app in [&world.app, &other] {
                let wire = app.wecom.as_ref().context("WeCom is configured")?;
                for _ in 0..250 {
                    now += usize::from(wire.api.admit("kf/send_msg").await.is_ok());
                }
            }
            admitted.push(now);
            world.clock.advance(1_000);
            world.sim_clock.advance(1_000);
        }
        let most = admitted.windows(60).map(|minute| minute.iter().sum::<usize>()).max().unwrap_or(0);
        ensure!((9_500..=10_000).contains(&most), "{most} in a minute");
        let all: usize = admitted.iter().sum();
        ensure!(all > 15_000, "{all} in two and a half minutes");
    }
);

story!(
    /// An instance that works on something for long keeps it; one that shows no sign of life loses it, and finds that
    /// out when it comes back.
    silence_is_what_loses_work,
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.settle().await?;
        world.clock.advance(4_000);
        world.sim_clock.advance(4_000);
        world.sim.faults().next(Api::MessageSend, 1, Fault::After(Lost::Hang));
        let (app, goal) = (world.app.clone(), world.sim.count(Api::MessageSend) + 1);
        let stuck = tokio::spawn(async move { worker::pump(&app).await });
        until(|| world.sim.count(Api::MessageSend) >= goal).await?;
        let other = world.another_instance(79).await?;
        worker::pump(&other).await?;
        for _ in 0..8 {
            world.clock.advance(4_000);
            world.sim_clock.advance(4_000);
            worker::show_life(&world.app).await?;
            worker::pump(&other).await?;
        }
        ensure!(world.held().await? >= 1, "half a minute later it still has it");
        for _ in 0..5 {
            world.clock.advance(4_000);
            world.sim_clock.advance(4_000);
            worker::pump(&other).await?;
        }
        ensure!(world.held().await? == 0, "twenty seconds of silence");
        ensure!(world.has_open_card("LiHua") && world.has_open_card("ZhaoLiu"), "the other one posted the card");
        stuck.abort();
    }
);
