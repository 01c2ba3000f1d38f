//! Reviewers take cases by turn: one holder, at most so many cards at once, and nobody is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use aijia::case::{Level, State};
use aijia::evidence::Kind;
use aijia::store::turns;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::Act;

use crate::crowd::{Crowd, Size};
use crate::story;
use crate::world::{DESK, FLAGSHIP, OUTLET, On, Setting, World, XIAOYU, database};

const FACT: &str = "羊毛衫会起球吗？";
const RISKIER: &str = "退款多久到账？";
const AQIANG: &str = "wmAqiang";
const LINLIN: &str = "wmLinlin";

/// Both channels deal by turn, and nobody holds more than `open_cards`.
fn by_turn(open_cards: u32) -> String {
    let desk = DESK.replace("mode = \"draft\"", "dispatch = \"turn\"\nmode = \"draft\"");
    desk.replacen("currency", &format!("open_cards = {open_cards}\ncurrency"), 1)
}

fn dealing(open_cards: u32) -> Setting {
    Setting::desk(by_turn(open_cards))
}

/// 李华 works in the morning, 赵柳 in the afternoon.
fn in_shifts() -> Setting {
    let desk = by_turn(3).replacen("wecom = \"LiHua\"", "wecom = \"LiHua\"\nhours = [\"mon-fri 09:00-12:00\"]", 1);
    Setting::desk(desk.replacen("wecom = \"ZhaoLiu\"", "wecom = \"ZhaoLiu\"\nhours = [\"mon-fri 12:00-18:00\"]", 1))
}

/// A draft that quotes the knowledge is of low risk, however unsure the drafter is.
fn sure_of_itself() -> Setting {
    Setting::desk(by_turn(1).replacen("confidence = 0.90", "confidence = 0.10", 1))
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

impl World {
    /// The member id of whoever holds a case.
    async fn holder(&self, number: i64) -> anyhow::Result<Option<&'static str>> {
        Ok(match self.case(number).await?.in_turn.holder.as_deref() {
            Some("lihua") => Some("LiHua"),
            Some("zhaoliu") => Some("ZhaoLiu"),
            Some(other) => anyhow::bail!("{other} is no reviewer here"),
            None => None,
        })
    }

    /// The member id of whoever holds a case, and of the other reviewer.
    async fn both(&self, number: i64) -> anyhow::Result<(&'static str, &'static str)> {
        let holder = self.holder(number).await?.context("nobody holds it")?;
        Ok((holder, if holder == "LiHua" { "ZhaoLiu" } else { "LiHua" }))
    }

    async fn depth(&self) -> anyhow::Result<(i64, i64, i64)> {
        let depth = self.app.store.read(|tx| Box::pin(async move { Ok(turns::depth(tx, None).await?) })).await?;
        Ok((depth.waiting, depth.held, depth.overdue))
    }

    fn presses(&self, member: &str, number: i64) -> bool {
        self.card_of(member, number).is_ok()
    }
}

story!(
    /// A case is on one phone only; with full hands the next one waits, and comes when one is settled.
    one_holder_and_the_next_when_one_is_settled, in dealing(1), |world| {
        for customer in [XIAOYU, AQIANG, LINLIN] {
            world.says(FLAGSHIP, customer, FACT).await?;
        }
        let (first, second) = world.both(1).await?;
        ensure!(world.holder(2).await? == Some(second), "whoever has less to do");
        ensure!(world.holder(3).await?.is_none() && world.depth().await? == (1, 2, 0));
        ensure!(world.presses(first, 1) && !world.presses(second, 1));
        ensure!(!world.presses(first, 3) && !world.presses(second, 3) && !world.has_open_card("WangWu"));
        world.member_says("WangWu", "/queue").await?;
        let told = world.newest_text("WangWu");
        ensure!(told.contains("等人接 1 · 在人手上 2 · 超时 0") && told.contains("李华 手上"), "{told}");
        world.taps(second, Act::Send).await?;
        ensure!(world.holder(3).await? == Some(second) && world.presses(second, 3));
        ensure!(world.recorded(3, Kind::Dealt).await?);
        world.member_says("WangWu", "/why 3").await?;
        ensure!(world.newest_text("WangWu").contains("派给"), "{}", world.newest_text("WangWu"));
        ensure!(world.depth().await? == (0, 2, 0));
    }
);

story!(
    /// The limit counts over all channels together.
    a_reviewer_has_one_pair_of_hands, in dealing(1), |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        world.says(OUTLET, AQIANG, FACT).await?;
        world.says(OUTLET, LINLIN, FACT).await?;
        ensure!(world.holder(1).await? != world.holder(2).await? && world.holder(3).await?.is_none());
        let (first, _) = world.both(1).await?;
        world.taps(first, Act::Escalate).await?;
        ensure!(world.holder(3).await? == Some(first), "escalating makes room, on whichever channel");
        ensure!(world.presses("WangWu", 1));
    }
);

story!(
    /// What nobody touches moves on to the next reviewer, and at last to the escalation owner.
    an_untouched_case_moves_on, in dealing(3), |world| {
        world.customer_says(FACT).await?;
        let (first, second) = world.both(1).await?;
        world.wait(minutes(10)).await?;
        ensure!(world.holder(1).await? == Some(second) && world.presses(second, 1) && !world.presses(first, 1));
        ensure!(world.phone(first).contains("已转给"), "{}", world.phone(first));
        world.wait(minutes(10)).await?;
        let case = world.case(1).await?;
        ensure!(case.level() == Some(Level::EscalationOwner) && case.in_turn.holder.is_none(), "{case:?}");
        ensure!(world.presses("WangWu", 1) && !world.presses(second, 1));
        world.wait(minutes(10)).await?;
        ensure!(world.depth().await?.2 == 1, "then it is overdue, and stays on the list");
        world.member_says("WangWu", "/queue").await?;
        ensure!(world.newest_text("WangWu").contains("已超时"), "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/status").await?;
        ensure!(world.newest_text("WangWu").contains("超时 1"), "{}", world.newest_text("WangWu"));
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1 && world.depth().await? == (0, 0, 0));
    }
);

story!(
    /// Nobody else has room: the case goes back to the queue, and to whoever has not had it.
    an_untouched_case_waits_for_somebody_else, in dealing(1), |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        world.wait(minutes(5)).await?;
        world.says(FLAGSHIP, AQIANG, FACT).await?;
        let (first, second) = world.both(1).await?;
        ensure!(world.holder(2).await? == Some(second));
        world.wait(minutes(5)).await?;
        ensure!(world.holder(1).await?.is_none() && !world.presses(first, 1), "it does not stay with who let it pass");
        ensure!(world.phone(first).contains("已放回队列"));
        world.taps(second, Act::Send).await?;
        ensure!(world.holder(1).await? == Some(second) && world.presses(second, 1));
    }
);

story!(
    /// Whoever goes off duty hands back what they have not touched; what they are writing stays theirs.
    going_home_with_a_case_in_hand, in dealing(3), |world| {
        for customer in [XIAOYU, AQIANG, LINLIN] {
            world.says(FLAGSHIP, customer, FACT).await?;
        }
        let (first, second) = world.both(1).await?;
        let third = if world.holder(3).await? == Some(first) { 3 } else { 2 };
        let card = world.card_of(first, 1)?;
        world.taps_card(first, &card, Act::Edit, &[]).await?;
        world.member_says(second, "/下班").await?;
        ensure!(world.newest_text(second).contains("转给在岗的同事"), "{}", world.newest_text(second));
        ensure!(world.depth().await? == (0, 3, 0));
        // A command would end the edit: the day's end is said from the menu of another phone, by hand of the record.
        let now = world.clock.now();
        world.app.store.commit(move |tx| Box::pin(async move {
            for person in ["lihua", "zhaoliu"] {
                aijia::store::people::set_duty(tx, person, false, now).await?;
            }
            Ok(())
        })).await?;
        world.wait(Duration::from_secs(31)).await?;
        ensure!(world.holder(1).await? == Some(first), "somebody who writes keeps the case");
        ensure!(world.presses("WangWu", third) && world.holder(third).await?.is_none(), "nobody is there for the others");
        world.member_says(first, "羊毛衫会有轻微起球，建议反面洗涤。").await?;
        ensure!(world.holder(1).await? == Some(first) && world.presses(first, 1));
        let card = world.card_of(first, 1)?;
        world.taps_card(first, &card, Act::Send, &[]).await?;
        ensure!(world.customer_heard(XIAOYU) == ["羊毛衫会有轻微起球，建议反面洗涤。"]);
    }
);

story!(
    /// A case somebody is writing about does not move on while they write.
    writing_takes_its_time, in dealing(3), |world| {
        world.customer_says(FACT).await?;
        let (first, second) = world.both(1).await?;
        world.wait(minutes(9)).await?;
        world.taps(first, Act::Edit).await?;
        world.wait(minutes(2)).await?;
        ensure!(world.holder(1).await? == Some(first));
        world.wait(minutes(4)).await?;
        ensure!(world.holder(1).await? == Some(second), "an edit that came to nothing does not hold it for ever");
    }
);

story!(
    /// Hours begin and end by themselves; a word counts until they do.
    hours_begin_and_end, in in_shifts(), |world| {
        world.customer_says(FACT).await?;
        ensure!(world.holder(1).await? == Some("LiHua"));
        world.taps("LiHua", Act::Send).await?;
        world.wait(minutes(114)).await?;
        world.says(FLAGSHIP, AQIANG, FACT).await?;
        ensure!(world.holder(2).await? == Some("LiHua"));
        world.wait(minutes(6)).await?;
        ensure!(world.holder(2).await? == Some("ZhaoLiu") && !world.presses("LiHua", 2), "it is noon");
        world.member_says("LiHua", "/上班").await?;
        world.member_says("ZhaoLiu", "/下班").await?;
        ensure!(world.holder(2).await? == Some("LiHua"), "both said otherwise");
        world.taps("LiHua", Act::Send).await?;
        world.wait(minutes(6 * 60)).await?;
        world.says(FLAGSHIP, LINLIN, FACT).await?;
        ensure!(world.holder(3).await? == Some("LiHua"), "her word counts until her hours next begin");
        world.member_says("LiHua", "/下班").await?;
        ensure!(world.presses("WangWu", 3), "nobody is left");
    }
);

story!(
    /// Nobody on duty: the escalation owner is asked at once.
    nobody_on_duty_by_turn, in dealing(3), |world| {
        world.member_says("LiHua", "/下班").await?;
        world.member_says("ZhaoLiu", "/下班").await?;
        world.customer_says(FACT).await?;
        ensure!(world.presses("WangWu", 1) && world.depth().await? == (0, 0, 0));
    }
);

story!(
    /// What waits too long for somebody with room goes to the escalation owner, who has no limit.
    waiting_has_an_end, in dealing(1), |world| {
        for customer in [XIAOYU, AQIANG, LINLIN] {
            world.says(FLAGSHIP, customer, FACT).await?;
        }
        let due = world.case(3).await?.due().context("what waits has a due time")?;
        ensure!(due > world.clock.now() + 50 * 60_000, "an hour, less than what drafting took");
        for _ in 0..13 {
            // They are there and work, on other things: what they hold is taken over and given back again.
            for number in [1, 2] {
                if let Some(holder) = world.holder(number).await? {
                    let card = world.card_of(holder, number)?;
                    world.taps_card(holder, &card, Act::Edit, &[]).await?;
                }
            }
            world.wait(Duration::from_secs(290)).await?;
        }
        ensure!(world.presses("WangWu", 3), "{:?}", world.case(3).await?);
    }
);

story!(
    /// What is riskier is given out first; among equals, what waits longest.
    risk_comes_first_then_age, in sure_of_itself(), |world| {
        for (number, text) in [FACT, FACT, FACT, FACT, RISKIER].into_iter().enumerate() {
            let customer = format!("wmOrder{number}");
            world.sim.add_customer(&customer, "顾客");
            world.says(FLAGSHIP, &customer, text).await?;
        }
        ensure!(world.case(5).await?.queue_rank() < world.case(3).await?.queue_rank());
        ensure!(world.depth().await? == (3, 2, 0));
        let mut order = Vec::new();
        for _ in 0..3 {
            let (member, number) = world.somebody_with_a_case(&order).await?;
            let card = world.card_of(member, number)?;
            world.taps_card(member, &card, Act::Send, &[]).await?;
            for number in [3, 4, 5] {
                if world.holder(number).await?.is_some() && !order.contains(&number) {
                    order.push(number);
                }
            }
        }
        ensure!(order == [5, 3, 4], "{order:?}");
    }
);

impl World {
    /// A member who holds a case, and its number; those given out last are left for later.
    async fn somebody_with_a_case(&self, last: &[i64]) -> anyhow::Result<(&'static str, i64)> {
        let mut numbers: Vec<i64> = (1..=5).filter(|number| !last.contains(number)).collect();
        numbers.extend(last);
        for number in numbers {
            if let Some(holder) = self.holder(number).await? {
                return Ok((holder, number));
            }
        }
        anyhow::bail!("nobody holds anything")
    }
}

story!(
    /// A permitted colleague may decide through chat; the holder's card is settled and the slot is free.
    a_colleague_decides_for_the_holder, in dealing(1), |world| {
        world.customer_says(FACT).await?;
        let (holder, colleague) = world.both(1).await?;
        world.member_says(colleague, "/case 1").await?;
        let code = world.card_of(colleague, 1)?.code()?;
        world.member_says(colleague, &format!("/approve 1 {code}")).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(!world.presses(holder, 1) && world.depth().await? == (0, 0, 0));
    }
);

story!(
    /// A pause makes room: what it covers goes back, and is given out again when it ends.
    a_pause_makes_room, in dealing(1), |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        let (first, _) = world.both(1).await?;
        world.member_says("WangWu", "/暂停 #1 先看看").await?;
        ensure!(world.holder(1).await?.is_none() && !world.presses(first, 1));
        world.says(FLAGSHIP, AQIANG, FACT).await?;
        world.says(FLAGSHIP, LINLIN, FACT).await?;
        ensure!(world.depth().await? == (1, 2, 0));
        world.member_says("WangWu", "/恢复 #1").await?;
        ensure!(world.holder(1).await?.is_none(), "both have their hands full");
        let holder = world.holder(2).await?.context("held")?;
        world.taps(holder, Act::Send).await?;
        ensure!(world.holder(1).await? == Some(holder));
    }
);

story!(
    /// Asking for a person is never held up by a pause.
    a_person_is_wanted_during_a_pause, in dealing(3), |world| {
        world.member_says("WangWu", "/暂停 kf-flagship 盘点").await?;
        world.customer_says("转人工").await?;
        ensure!(world.presses("WangWu", 1), "{:?}", world.case(1).await?);
    }
);

story!(
    /// Whoever rejects a draft has said what they had to say: somebody else writes the reply.
    a_rejected_draft_goes_to_somebody_else, in dealing(3), |world| {
        world.customer_says(FACT).await?;
        let (first, second) = world.both(1).await?;
        world.member_says(first, "/reject 1 语气").await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(_)), "{:?}", world.case(1).await?);
        ensure!(world.holder(1).await? == Some(second) && world.presses(second, 1));
        world.taps(second, Act::TakeOver).await?;
        ensure!(world.depth().await? == (0, 0, 0), "taking over makes room");
    }
);

story!(
    /// The customer goes on writing: the case stays with its holder.
    a_conversation_stays_with_its_holder, in dealing(1), |world| {
        world.customer_says(FACT).await?;
        let (first, _) = world.both(1).await?;
        world.customer_says("那羊绒衫呢？").await?;
        ensure!(world.holder(1).await? == Some(first) && world.presses(first, 1));
        ensure!(world.case(1).await?.version > 1);
        let (card, member) = (world.card(first)?, first);
        world.taps_card(member, &card, Act::Edit, &[("hint", "shorter")]).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.holder(1).await? == Some(first) && world.presses(first, 1), "a wished draft comes back");
    }
);

story!(
    /// The program is killed: who holds what is not forgotten, and the clock runs on.
    a_restart_keeps_holders, in dealing(1), |world| {
        for customer in [XIAOYU, AQIANG, LINLIN] {
            world.says(FLAGSHIP, customer, FACT).await?;
        }
        let (first, second) = world.both(1).await?;
        world.restart().await?;
        ensure!(world.holder(1).await? == Some(first) && world.holder(2).await? == Some(second));
        ensure!(world.depth().await? == (1, 2, 0));
        world.taps(first, Act::Send).await?;
        ensure!(world.holder(3).await? == Some(first));
    }
);

story!(
    /// A desk that goes back to "all" leaves nothing in a queue nobody deals from.
    dealing_is_switched_off, in dealing(1), |world| {
        for customer in [XIAOYU, AQIANG, LINLIN] {
            world.says(FLAGSHIP, customer, FACT).await?;
        }
        let desk = aijia::config::parse_desk(DESK, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        aijia::start::apply_desk(&world.app, desk, "to all".into()).await?;
        world.settle().await?;
        for number in [1, 2, 3] {
            ensure!(world.presses("LiHua", number) && world.presses("ZhaoLiu", number), "{:?}", world.case(number).await?);
        }
        ensure!(world.depth().await? == (0, 0, 0));
    }
);

story!(
    /// Two instances deal side by side: nobody gets more than their share, and no case is given to two.
    two_instances_deal_at_once, in dealing(2), |world| {
        if !world.app.store.is_shared() {
            return Ok(());
        }
        let beside = world.another_instance(2).await?;
        for number in 0..12 {
            let customer = format!("wmMany{number}");
            world.sim.add_customer(&customer, "顾客");
            world.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
        }
        let mut heard = 0;
        for round in 0..20 {
            world.clock.advance(4_000);
            world.sim_clock.advance(4_000);
            let (one, two) = tokio::join!(worker::pump(&world.app), worker::pump(&beside));
            one?;
            two?;
            let held = world.holders().await?;
            ensure!(held.values().all(|cases| *cases <= 2), "round {round}: {held:?}");
            for member in ["LiHua", "ZhaoLiu"] {
                if let Ok(card) = world.card(member) {
                    world.sim.tap(member, &card.task_id, &card.key(Act::Send)?, &[]).await?;
                }
            }
            heard = world.sim.accepted_kf_sends().len();
        }
        world.settle().await?;
        ensure!(world.depth().await? == (0, 0, 0), "{:?}, {heard} answered", world.depth().await?);
        ensure!(world.sim.accepted_kf_sends().len() == 12);
        for number in 1..=12 {
            let dealt = world.record(number).await?.iter().filter(|told| told.kind == Kind::Dealt).count();
            ensure!(dealt == 1, "#{number} was dealt {dealt} times");
        }
    }
);

impl World {
    /// How many cases everybody holds.
    async fn holders(&self) -> anyhow::Result<BTreeMap<String, i64>> {
        let held = self.app.store.read(|tx| Box::pin(async move { Ok(turns::held(tx).await?) })).await?;
        let mut people = BTreeMap::new();
        for (person, _, cases) in held {
            *people.entry(person).or_default() += cases;
        }
        Ok(people)
    }
}

/// Many cases and a few reviewers, some of whom never look: nobody holds too much, nothing is held by two or forgotten.
async fn a_crowd(on: On) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(database) = database(on, &folder).await? else { return Ok(()) };
    let seen = Crowd::gather(database, folder.path(), Size { cases: 500, reviewers: 20 }).await?.work(|_| ()).await?;
    println!("{seen}");
    ensure!((seen.most_held, seen.most_cards, seen.held_by_two, seen.forgotten) == (3, 3, 0, 0), "{seen}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_on_sqlite() -> anyhow::Result<()> {
    a_crowd(On::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_on_postgres() -> anyhow::Result<()> {
    a_crowd(On::Postgres).await
}
