//! A day at the desk: a steady load with reviewers who approve, a burst, and pauses.

use std::time::Duration;

use anyhow::Context;
use campaigns::database::On;
use campaigns::drain::{Load, Reading, load};
use campaigns::draw::Draw;
use campaigns::latency::Latencies;
use campaigns::reviewers::{Habits, Reviewers};
use campaigns::shop::{ADMIN, SUPERVISOR, Shop};
use campaigns::world::{Plan, World};
use simulator::{Api, Call, Fault, Settings, Simulator};
use tokio::time::Instant;

use crate::Asked;
use crate::figures::{Figures, p99, spread};
use crate::process::{cpu, memory};
use crate::sessions::{self, Answered};
use crate::taps;

/// How long the platform takes to answer.
const ROUND_TRIP: Duration = Duration::from_millis(80);
/// How long the desk may need to catch up.
const PATIENCE: Duration = Duration::from_secs(300);
/// The last minute before a live stream begins (reliability.md, 5.3).
const LONGEST_BURST: Duration = Duration::from_secs(60);
/// Pauses in a minute at most: each takes three messages on a phone, which gets thirty.
const PAUSES_A_MINUTE: usize = 8;

/// A merchant with 200 reviewers, each case held by one of them: the platform lets a phone have 25 cards a minute.
pub fn shop() -> Shop {
    Shop { channels: 4, reviewers: 50, dispatch: Some("turn".into()), quiet_seconds: 1, ..Shop::default() }
}

/// The platform's own limits are for another test: here they would be all that is measured.
pub fn unlimited(settings: &mut Settings) {
    (settings.calls_per_minute, settings.calls_per_hour) = (usize::MAX, usize::MAX);
}

pub async fn measure(asked: &Asked, on: On, figures: &mut Figures) -> anyhow::Result<()> {
    let plan = Plan { on, shop: shop(), binary: asked.program.clone(), platform: unlimited, ..Plan::default() };
    let mut world = World::open(plan).await?;
    world.start_all().await?;
    let server = world.instances.first().and_then(Option::as_ref).context("nothing serves")?;
    let (pid, sim, shop) = (server.id(), world.sim.clone(), world.plan.shop.clone());
    sim.set_callback_url(&format!("http://{}/callback/wecom", server.address));
    for api in [Api::KfSendMsg, Api::MessageSend, Api::UpdateTemplateCard, Api::KfSyncMsg] {
        sim.faults().always(api, Fault::Slow(u64::try_from(ROUND_TRIP.as_millis())?));
    }
    let (began_ms, draw) = (sim.clock().now_ms(), Draw::new(world.plan.seed));
    let reviewers = Reviewers::start(&sim, shop.everybody(), Habits::SEND_ALL, draw);

    let before = cpu(pid);
    let half_way = async {
        tokio::time::sleep(asked.share(50)).await;
        memory(pid).0
    };
    let (steady, half_way) = tokio::join!(sessions::write(&sim, &shop, asked.rate, asked.share(100), 0), half_way);
    let used = cpu(pid).saturating_sub(before).as_secs_f64() / asked.share(100).as_secs_f64();
    told(on, figures, &steady, "steady", asked.rate, "p99 ≤ 100 ms, no 5xx", 100.0);
    lasting(on, figures, &steady, (half_way, memory(pid).0));
    let caught_up = caught_up(&world, steady.written).await;
    lag(on, figures, "steady load worked off after its end", caught_up);
    figures.add(Some(on), "the program under the steady load", format!("{:.0} % of one core", used * 100.0));

    let taps_so_far = reviewers.taps();
    let burst = sessions::write(&sim, &shop, asked.burst, asked.share(30).min(LONGEST_BURST), 1_000_000).await;
    told(on, figures, &burst, "burst", asked.burst, "p99 ≤ 300 ms, max < 3 s", 300.0);
    let caught_up = self::caught_up(&world, steady.written + burst.written).await;
    lag(on, figures, "burst worked off after its end", caught_up);
    reviewers.stop().await;

    pauses(asked, on, &sim, figures).await?;
    let (now, most) = memory(pid);
    figures.add(Some(on), "memory after all of that", format!("{now:.0} MiB, at most {most:.0}"));
    let evidence = world.evidence().await?;
    let sent = taps::until_sent(&sim, &evidence, &taps_so_far, began_ms, ROUND_TRIP);
    let goal = match on {
        On::Sqlite => ("p99 ≤ 800 ms", 800.0),
        On::Postgres => ("p99 ≤ 1,000 ms", 1_000.0),
    };
    let met = sent.count() > 0 && p99(&sent) <= goal.1;
    figures.judge(Some(on), "tap → customer send answered, 80 ms round trip", spread(&sent), goal.0, met);
    world.close(false).await
}

fn told(
    on: On,
    figures: &mut Figures,
    answered: &Answered,
    load: &'static str,
    rate: f64,
    goal: &'static str,
    most_ms: f64,
) {
    let item = match load {
        "steady" => "callback acknowledged, steady load",
        _ => "callback acknowledged, burst",
    };
    let measured = format!("{rate:.0}/s: {}, not at once {}", spread(&answered.took), answered.refused);
    let met = answered.refused == 0 && p99(&answered.took) <= most_ms;
    figures.judge(Some(on), item, measured, goal, met);
}

/// Whether the end of the load was as the beginning.
fn lasting(on: On, figures: &mut Figures, steady: &Answered, (half_way, end): (f64, f64)) {
    let [first, last] = [steady.took.tenth(0), steady.took.tenth(9)].map(|tenth| p99(&tenth));
    let measured = format!("p99 {first:.1} and {last:.1} ms, half-way {half_way:.0} MiB, at the end {end:.0}");
    figures.add(Some(on), "first and last tenth of it, memory", measured);
}

fn lag(on: On, figures: &mut Figures, item: &'static str, caught_up: Option<Duration>) {
    let measured = match caught_up {
        Some(took) => format!("{:.1} s", took.as_secs_f64()),
        None => format!("not within {} s", PATIENCE.as_secs()),
    };
    let met = caught_up.is_some_and(|took| took <= Duration::from_secs(180));
    figures.judge(Some(on), item, measured, "≤ 180 s", met);
}

/// Waits until every message was read and nothing is due: what is left waits for people or for their phones' limits.
async fn caught_up(world: &World, written: usize) -> Option<Duration> {
    let (began, mut reading) = (Instant::now(), Reading::default());
    while began.elapsed() < PATIENCE {
        reading.follow(&world.sim);
        let busy = load(world).await.unwrap_or(Load { open: 0, due: u64::MAX }).due;
        if reading.passed.len() + reading.handed_out() >= written && busy <= 5 {
            return Some(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    None
}

/// Pauses the whole desk again and again, and resumes it.
async fn pauses(asked: &Asked, on: On, sim: &Simulator, figures: &mut Figures) -> anyhow::Result<()> {
    let mut acknowledged = Latencies::default();
    for round in 0..asked.pauses {
        if round > 0 && round % PAUSES_A_MINUTE == 0 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let (asked, seen) = (Instant::now(), last(sim));
        sim.says(ADMIN, "/暂停 全部").await?;
        told_on_phone(sim, ADMIN, seen, "暂停").await.context("a pause was not acknowledged")?;
        acknowledged.add(asked.elapsed());
        for member in [ADMIN, SUPERVISOR] {
            let seen = last(sim);
            sim.says(member, "/恢复 全部").await?;
            told_on_phone(sim, member, seen, "").await.context("a resume was not answered")?;
        }
    }
    let goal = match on {
        On::Sqlite => ("p99 ≤ 300 ms", 300.0),
        On::Postgres => ("p99 ≤ 500 ms", 500.0),
    };
    let met = p99(&acknowledged) <= goal.1;
    figures.judge(Some(on), "pause → acknowledged on the phone, with its list", spread(&acknowledged), goal.0, met);
    Ok(())
}

fn last(sim: &Simulator) -> u64 {
    sim.ledger_after(0).last().map_or(0, |row| row.seq)
}

/// Waits until a member's phone shows a text with this word.
async fn told_on_phone(sim: &Simulator, member: &str, after: u64, word: &str) -> Option<()> {
    let (began, mut seen) = (Instant::now(), after);
    while began.elapsed() < Duration::from_secs(30) {
        for row in sim.ledger_after(seen) {
            seen = row.seq;
            let to = row.body["touser"].as_str() == Some(member);
            if row.call == Call::Api(Api::MessageSend) && to && row.body.to_string().contains(word) {
                return Some(());
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    None
}
