//! Starting: what waited before the first start, what survives a restart, and what a kill leaves behind
//! (reliability T1, T2).

use std::time::Duration;

use aijia::case::State;
use aijia::clock::MINUTE;
use aijia::evidence::Kind;
use aijia::store::{conversations, sends};
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Call, Errcode, Fault, Lost, Nonce, Switches};

use crate::story;
use crate::world::{self, FLAGSHIP, On, Setting, Telling, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// A desk that has never read its accounts.
fn not_started() -> Setting {
    Setting { started: false, ..Setting::default() }
}

/// Time passes while the program is not running.
fn nobody_works_for(world: &World, ms: i64) {
    world.clock.advance(ms);
    world.sim_clock.advance(ms);
}

/// What is stored of a customer's words.
async fn stored(world: &World, customer: &str) -> anyhow::Result<Vec<String>> {
    let customer = customer.to_owned();
    let said = world.app.store.read(move |tx| {
        Box::pin(async move {
            match conversations::by_customer(tx, "kf-flagship", &customer).await? {
                Some(open) => Ok(conversations::history(tx, &open.id, 100).await?),
                None => Ok(Vec::new()),
            }
        })
    });
    Ok(said.await?.into_iter().map(|message| message.body).collect())
}

story!(
    /// What waited for more than ten minutes is stored and not answered, and an admin is told; what is fresh is answered.
    an_old_backlog_is_stored_and_not_answered,
    in not_started(),
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, "昨天的羊毛衫会起球吗？").await?;
        nobody_works_for(world, 11 * MINUTE);
        world.sim.customer_says(FLAGSHIP, "wmAqiang", FACT).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(stored(world, XIAOYU).await? == ["昨天的羊毛衫会起球吗？"]);
        ensure!(world.case(2).await.is_err(), "one case: the fresh one");
        let told = world.phone("WangWu");
        ensure!(told.contains("旧消息") && told.contains("旗舰店"), "the admin is told: {told}");
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard("wmAqiang").len() == 1 && world.customer_heard(XIAOYU).is_empty());
        world.customer_says("还在吗？羊毛衫会起球吗？").await?;
        ensure!(matches!(world.case(2).await?.state, State::AwaitingReview(_)), "what they write now is answered");
    }
);

/// The first reading is broken off between two pages: what is left of the backlog is still a backlog.
async fn a_broken_first_reading(world: &mut World) -> anyhow::Result<()> {
    for n in 0..8 {
        world.sim.customer_says(FLAGSHIP, XIAOYU, &format!("第 {n} 条：羊毛衫会起球吗？")).await?;
    }
    nobody_works_for(world, 11 * MINUTE);
    world.sim.faults().next(Api::KfSyncMsg, 1, Fault::Slow(0));
    world.sim.faults().next(Api::KfSyncMsg, 3, Fault::Refuse(Errcode(-1)));
    world.settle().await?;
    // Without a doorbell's token the strictest platform gives one short page a minute.
    for _ in 0..40 {
        world.wait(Duration::from_secs(15)).await?;
    }
    ensure!(stored(world, XIAOYU).await?.len() == 8, "all of it is stored: {:?}", stored(world, XIAOYU).await?);
    ensure!(world.case(1).await.is_err() && !world.has_open_card("LiHua"), "none of it is answered");
    Ok(())
}

/// Tells a story under several readings of the open points.
async fn told_with(
    on: On,
    seeds: impl Iterator<Item = u64>,
    started: bool,
    story: impl for<'w> Fn(&'w mut World) -> Telling<'w>,
) -> anyhow::Result<()> {
    for seed in seeds {
        let setting = Setting { seed, started, ..Setting::default() };
        world::run(on, setting, &story).await.map_err(|problem| problem.context(format!("seed {seed}")))?;
    }
    Ok(())
}

fn uneven() -> impl Iterator<Item = u64> {
    (1..40).filter(|seed| Switches::from_seed(*seed).uneven_pages).take(8)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_reading_broken_off_answers_nothing_old_on_sqlite() -> anyhow::Result<()> {
    told_with(On::Sqlite, uneven(), false, |w| Box::pin(a_broken_first_reading(w))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_reading_broken_off_answers_nothing_old_on_postgres() -> anyhow::Result<()> {
    told_with(On::Postgres, uneven().take(3), false, |w| Box::pin(a_broken_first_reading(w))).await
}

/// A question, an edit, a tap, and another customer: the same under every reading of the open points.
async fn an_ordinary_morning(world: &mut World) -> anyhow::Result<()> {
    world.sim.verify_callback_url().await?;
    world.customer_says(FACT).await?;
    world.taps("LiHua", Act::Edit).await?;
    world.member_says("LiHua", "亲，轻微起球正常，用小刷子轻轻一扫就好。").await?;
    world.sim.faults().revoke_tokens();
    world.taps("ZhaoLiu", Act::Send).await?;
    ensure!(world.customer_heard(XIAOYU) == ["亲，轻微起球正常，用小刷子轻轻一扫就好。"]);
    for n in 0..6 {
        let customer = format!("wmSeed{n}");
        world.sim.add_customer(&customer, &format!("顾客{n}"));
        world.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
        world.sim.ring_twice(FLAGSHIP, Nonce::Changed).await?;
    }
    world.settle().await?;
    world.wait(Duration::from_secs(4)).await?;
    for number in 2..8 {
        let card = world.card_of("LiHua", number)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
    }
    ensure!(world.case(8).await.is_err(), "one case for each message");
    for n in 0..6 {
        ensure!(world.customer_heard(&format!("wmSeed{n}")).len() == 1);
    }
    world.says(FLAGSHIP, "wmAqiang", FACT).await?;
    world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
    world.taps("LiHua", Act::Send).await?;
    ensure!(matches!(world.case(8).await?.state, State::Unknown(_)));
    ensure!(world.customer_heard("wmAqiang").len() == 1, "an unknown send is never repeated");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_readings_of_the_open_points_on_sqlite() -> anyhow::Result<()> {
    told_with(On::Sqlite, 1..=20, true, |w| Box::pin(an_ordinary_morning(w))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_of_the_open_points_on_postgres() -> anyhow::Result<()> {
    told_with(On::Postgres, 21..=26, true, |w| Box::pin(an_ordinary_morning(w))).await
}

story!(
    /// The cursor survives a restart: nothing is read twice, what was said meanwhile is read once.
    reading_goes_on_where_it_stopped,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        let before = world.sim.ledger().len() as u64;
        world.sim.hold_doorbells(true);
        world.sim.customer_says(FLAGSHIP, XIAOYU, "那羊毛衫怎么洗？").await?;
        world.restart().await?;
        world.wait(Duration::from_secs(11)).await?;
        world.wait(Duration::from_secs(4)).await?;
        let read = world.sim.ledger_after(before).into_iter().filter(|row| row.call == Call::Api(Api::KfSyncMsg));
        let flagship: Vec<_> = read.filter(|row| row.body["open_kfid"] == FLAGSHIP).collect();
        ensure!(!flagship.is_empty());
        ensure!(flagship.iter().all(|row| row.body["cursor"].is_string()), "read from the beginning: {flagship:?}");
        ensure!(stored(world, XIAOYU).await?.len() == 3, "two questions and an answer");
        ensure!(world.card_of("LiHua", 2)?.has(Act::Send));
        ensure!(world.case(3).await.is_err());
    }
);

story!(
    /// Cards from before a restart still decide; old ones are still refused, in words and on record.
    cards_from_before_a_restart_still_work,
    |world| {
        world.customer_says(FACT).await?;
        let old = world.card("LiHua")?;
        world.customer_says("我想问的是怎么洗？").await?;
        let new = world.card("LiHua")?;
        world.restart().await?;
        world.taps_late("LiHua", &old, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "an old card sends nothing");
        ensure!(world.newest_text("LiHua").contains("作废"), "and says so: {}", world.newest_text("LiHua"));
        ensure!(world.recorded(1, Kind::Refused).await?);
        world.taps_card("LiHua", &new, Act::Send, &[]).await?;
        ensure!(!world.customer_heard(XIAOYU).is_empty());
        ensure!(!world.has_open_card("LiHua") && !world.has_open_card("ZhaoLiu"), "both are settled");
    }
);

story!(
    /// An edit that was begun before a restart takes the next message after it.
    an_edit_survives_a_restart,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Edit).await?;
        world.restart().await?;
        world.member_says("LiHua", "亲，轻微起球属于正常现象。").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["亲，轻微起球属于正常现象。"]);
    }
);

/// Killed while a reply is on its way: unknown, told to a person, never sent again.
async fn killed_while_sending(world: &mut World, fault: Fault) -> anyhow::Result<()> {
    world.customer_says(FACT).await?;
    let card = world.card("LiHua")?;
    world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    world.sim.faults().next(Api::KfSendMsg, 1, fault);
    world.killed_at(Api::KfSendMsg, 1).await?;
    ensure!(matches!(world.case(1).await?.state, State::Sending(_)), "its worker might still be alive");
    let under_way = world.app.store.read(|tx| Box::pin(async move { Ok(sends::in_flight(tx).await?) }));
    ensure!(under_way.await?.len() == 1);
    world.wait(Duration::from_secs(61)).await?;
    ensure!(matches!(world.case(1).await?.state, State::Unknown(_)));
    ensure!(world.phone("WangWu").contains("不确定"), "somebody is told: {}", world.phone("WangWu"));
    world.wait(Duration::from_secs(600)).await?;
    ensure!(world.sim.count(Api::KfSendMsg) == 1, "never asked for twice");
    let under_way = world.app.store.read(|tx| Box::pin(async move { Ok(sends::in_flight(tx).await?) }));
    ensure!(under_way.await?.is_empty());
    Ok(())
}

story!(
    /// The platform had accepted it.
    killed_after_the_platform_accepted,
    |world| {
        killed_while_sending(world, Fault::After(Lost::Hang)).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// The platform never did it: nobody here can know, so it is not repeated either.
    killed_before_the_platform_accepted,
    |world| {
        killed_while_sending(world, Fault::Before(Lost::Hang)).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty());
    }
);

story!(
    /// Killed between approval and claim: nothing had left, the approval still stands, and it leaves once.
    killed_between_approval_and_claim,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        aijia::worker::tick(&world.app).await?;
        ensure!(world.sim.count(Api::KfSendMsg) == 0 && matches!(world.case(1).await?.state, State::Sending(_)));
        world.restart().await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Killed while a card is being posted: it is posted after the lease, and the case is not forgotten.
    killed_while_posting_a_card,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.settle().await?;
        nobody_works_for(world, 4_000);
        world.sim.faults().next(Api::MessageSend, 1, Fault::After(Lost::Hang));
        world.killed_at(Api::MessageSend, 1).await?;
        world.wait(Duration::from_secs(61)).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// A doorbell that is lost, doubled, or delivered again after a restart: one case.
    however_often_the_doorbell_rings_there_is_one_case,
    |world| {
        world.sim.hold_doorbells(true);
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.sim.hold_doorbells(false);
        let (first, second) = world.sim.ring_twice(FLAGSHIP, Nonce::Changed).await?;
        ensure!(first.accepted() && second.accepted());
        let row = first.rows.last().copied().unwrap_or_default();
        world.settle().await?;
        world.restart().await?;
        for nonce in [Nonce::Same, Nonce::Changed] {
            ensure!(world.sim.redeliver(row, nonce).await?.accepted());
        }
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let said = world.record(1).await?.into_iter().filter(|told| told.kind == Kind::CustomerSaid).count();
        ensure!(said == 1 && world.case(2).await.is_err(), "{said} messages");
    }
);

story!(
    /// A tap that is delivered again, as it was or sealed anew, before or after a restart, has one effect.
    a_tap_delivered_again_has_one_effect,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        let tap = world.taps_card("LiHua", &card, Act::Escalate, &[]).await?;
        let row = tap.rows.last().copied().unwrap_or_default();
        for nonce in [Nonce::Same, Nonce::Changed] {
            ensure!(world.sim.redeliver(row, nonce).await?.accepted());
            world.settle().await?;
        }
        world.restart().await?;
        ensure!(world.sim.redeliver(row, Nonce::Changed).await?.accepted());
        world.settle().await?;
        let record = world.record(1).await?;
        let count = |kind| record.iter().filter(|told| told.kind == kind).count();
        ensure!(count(Kind::Escalated) == 1, "escalated once");
        ensure!(count(Kind::Refused) == 0, "one press is one press, however often it arrives");
    }
);
