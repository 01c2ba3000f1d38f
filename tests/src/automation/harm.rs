//! Harm done to what leaves by itself: killed in the middle, stopped in the middle, two instances at once.

use std::time::Duration;

use aijia::case::{Ending, State};
use aijia::evidence::Kind;
use aijia::{config, start, worker};
use anyhow::{Context, ensure};
use cards::Act;
use simulator::{Api, Errcode, Fault};

use super::{CLOSE, FACT, NOTICE, OPEN, automatic};
use crate::story;
use crate::world::{Colleagues, FLAGSHIP, Setting, World};

impl World {
    /// Four seconds pass in which nobody works.
    fn lets_customers_finish(&self) {
        self.clock.advance(4_000);
        self.sim_clock.advance(4_000);
    }

    /// A customer's answer is permitted, claimed, and put off by the platform.
    async fn is_put_off(&mut self, customer: &str) -> anyhow::Result<i64> {
        self.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(45_009)));
        self.asked_by(customer, FACT).await?;
        let number = self.number_of(customer).await?.context("a case")?;
        ensure!(self.customer_heard(customer).is_empty() && self.recorded(number, Kind::Permitted).await?);
        ensure!(matches!(self.case(number).await?.state, State::Sending(_)), "{:?}", self.case(number).await?.state);
        Ok(number)
    }
}

story!(
    /// Killed while the request is under way, a permit is no licence to try again: a person says what became of it.
    killed_in_the_middle_nothing_is_sent_twice,
    in automatic(false),
    |world| {
        world.opens_automation().await?;
        world.sim.add_customer("wmKilled", "顾客");
        world.sim.customer_says(FLAGSHIP, "wmKilled", FACT).await?;
        world.settle().await?;
        world.lets_customers_finish();
        // The platform takes it, and its answer is not there yet.
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(1_500));
        world.killed_at(Api::KfSendMsg, 1).await?;
        world.wait(Duration::from_secs(60)).await?;
        world.wait(Duration::from_secs(60)).await?;
        let number = world.number_of("wmKilled").await?.context("a case")?;
        let state = world.case(number).await?.state;
        ensure!(matches!(state, State::Unknown(_)), "{state:?}");
        ensure!(world.customer_heard("wmKilled").len() <= 1, "{:?}", world.customer_heard("wmKilled"));
        let claims = world.record(number).await?.iter().filter(|told| told.kind == Kind::SendClaimed).count();
        ensure!(claims == 1 && world.has_open_card("LiHua"), "{claims} claims");
        ensure!(world.card_of("LiHua", number)?.text().contains("规则"), "{}", world.card_of("LiHua", number)?.text());
    }
);

story!(
    /// What was permitted and has not left ends with a pause, also with one that is lifted at once: people see it without its
    /// mark, and their tap sends it.
    stopped_in_the_middle_it_waits_for_a_person,
    in automatic(false),
    |world| {
        world.opens_automation().await?;
        let paused = world.is_put_off("wmPaused").await?;
        world.member_says("LiHua", "/暂停 kf-flagship 价格写错").await?;
        world.member_says("WangWu", "/恢复 kf-flagship").await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(world.customer_heard("wmPaused").is_empty() && world.recorded(paused, Kind::AuthorityVoided).await?);
        let card = world.card_of("LiHua", paused)?;
        ensure!(card.text().contains("手洗") && !card.text().contains("自动回复"), "{}", card.text());
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        let heard = world.customer_heard("wmPaused");
        ensure!(heard.len() == 1 && !heard[0].contains(NOTICE), "{heard:?}");
        let closed = world.is_put_off("wmClosed").await?;
        world.member_says("LiHua", CLOSE).await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(world.customer_heard("wmClosed").is_empty() && world.card_of("LiHua", closed).is_ok());
    }
);

story!(
    /// Two instances at work at the same time: two people's wishes open it once, and each customer hears one answer.
    two_instances_open_once_and_answer_once,
    in automatic(true),
    |world| {
        world.is_ready().await?;
        world.decided_often(400, "unchanged").await?;
        let other = world.another_instance(91).await?;
        world.sim.says("WangWu", OPEN).await?;
        world.sim.says("ChenJie", OPEN).await?;
        let (ours, theirs) = tokio::join!(worker::pump(&world.app), worker::pump(&other));
        ours.and(theirs)?;
        let (proposed, opened) =
            (world.entries(Kind::AutomationProposed).await?, world.entries(Kind::AutomationOpened).await?);
        ensure!((proposed.len(), opened.len()) == (1, 1), "{proposed:?} {opened:?}");
        world.wait(Duration::from_secs(70)).await?;
        let customers: Vec<String> = (0..8).map(|n| format!("wmMany{n}")).collect();
        for customer in &customers {
            world.sim.add_customer(customer, "顾客");
            world.sim.customer_says(FLAGSHIP, customer, FACT).await?;
        }
        for _ in 0..3 {
            let (ours, theirs) = tokio::join!(worker::pump(&world.app), worker::pump(&other));
            ours.and(theirs)?;
            world.lets_customers_finish();
        }
        world.wait(Duration::from_secs(30)).await?;
        for customer in &customers {
            ensure!(world.customer_heard(customer).len() == 1, "{customer}: {:?}", world.customer_heard(customer));
            let number = world.number_of(customer).await?.context("a case")?;
            ensure!(matches!(world.case(number).await?.state, State::Closed { ending: Ending::Answered }));
        }
        ensure!(world.entries(Kind::Permitted).await?.len() == 8 && world.entries(Kind::Sampled).await?.len() == 8);
    }
);

story!(
    /// A sample nobody decides about goes to another reviewer; whoever comes too late changes nothing.
    an_undecided_sample_goes_to_somebody_else,
    in automatic(true),
    |world| {
        world.opens_automation().await?;
        world.asked_by("wmNext", FACT).await?;
        let number = world.number_of("wmNext").await?.context("a case")?;
        let (first, second) =
            if world.card_of("LiHua", number).is_ok() { ("LiHua", "ZhaoLiu") } else { ("ZhaoLiu", "LiHua") };
        ensure!(world.card_of(second, number).is_err(), "one reviewer at a time");
        let old = world.card_of(first, number)?;
        world.wait(Duration::from_secs(13 * 3_600)).await?;
        let card = world.card_of(second, number)?;
        world.taps_card(second, &card, Act::Send, &[]).await?;
        world.taps_late(first, &old, Act::TakeOver).await?;
        ensure!(world.newest_text(first).contains("已经有人看过"), "{}", world.newest_text(first));
        let reviews = world.entries(Kind::SampleReviewed).await?;
        ensure!(reviews.len() == 1 && reviews[0]["outcome"] == "unchanged", "{reviews:?}");
    }
);

/// The usual automatic desk, with colleagues on Telegram.
fn on_telegram() -> Setting {
    Setting { colleagues: Colleagues::Telegram, ..automatic(true) }
}

story!(
    /// Buttons on Telegram name only the card; a sample's card is known there too.
    a_sample_is_decided_on_telegram_too,
    in on_telegram(),
    |world| {
        world.asked_by("wmFirst", FACT).await?;
        world.decides("LiHua", Act::Send).await?;
        world.decided_often(400, "unchanged").await?;
        let open = "INSERT INTO automation (channel, intent, opened_at, counts_from) VALUES ('kf-flagship', 'product', 1, 0)";
        world.app.store.commit(move |tx| Box::pin(async move { Ok(tx.run(open, Vec::new()).await?) })).await?;
        world.wait(Duration::from_secs(70)).await?;
        world.asked_by("wmNext", FACT).await?;
        world.listens().await?;
        ensure!(world.customer_heard("wmNext").len() == 1);
        let reviewer = if world.holds_card("LiHua") { "LiHua" } else { "ZhaoLiu" };
        world.decides(reviewer, Act::Send).await?;
        ensure!(world.entries(Kind::SampleReviewed).await?.len() == 1 && world.customer_heard("wmNext").len() == 1);
    }
);

story!(
    /// A channel set back to drafts and to `auto` again is as closed as before it was opened: two people have to say so anew.
    another_mode_closes_it,
    in automatic(false),
    |world| {
        world.opens_automation().await?;
        for mode in ["draft", "auto"] {
            let text = world.desk_text().replacen("mode = \"auto\"", &format!("mode = \"{mode}\""), 1);
            let desk = config::parse_desk(&text, "aijia.toml").map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
            start::apply_desk(&world.app, desk, format!("mode {mode}")).await?;
            world.settle().await?;
        }
        world.asked_by("wmLater", FACT).await?;
        ensure!(world.customer_heard("wmLater").is_empty() && world.has_open_card("LiHua"));
        let closed = world.entries(Kind::AutomationClosed).await?;
        ensure!(closed.len() == 1 && closed[0]["why"] == "mode", "{closed:?}");
    }
);
