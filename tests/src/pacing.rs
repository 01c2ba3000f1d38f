//! Phones have limits: what the platform would drop silently is never sent.

use std::time::Duration;

use anyhow::ensure;
use cards::Act;

use crate::story;
use crate::world::{FLAGSHIP, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

story!(
    /// A long story to a phone that is nearly full: none of its pieces is dropped silently.
    a_long_story_is_paced_too,
    |world| {
        for n in 0..8 {
            let long = format!("第 {n} 段：{}", "我想把事情从头说一遍。".repeat(60));
            world.sim.customer_says(FLAGSHIP, XIAOYU, &long).await?;
        }
        world.customer_says(FACT).await?;
        for _ in 0..23 {
            world.member_says("WangWu", "/whoami").await?;
        }
        world.taps("LiHua", Act::Escalate).await?;
        for _ in 0..6 {
            world.wait(Duration::from_secs(61)).await?;
        }
        let messages = world.sim.accepted_app_messages("WangWu");
        let dropped = messages.iter().filter(|message| message.dropped).count();
        ensure!(dropped == 0, "{dropped} of {} never reached the phone", messages.len());
        ensure!(world.has_open_card("WangWu"));
    }
);

story!(
    /// A phone has had all the cards it may get for now: the ones on it are redrawn all the same when a colleague decides.
    a_full_phone_is_redrawn_at_once,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("ZhaoLiu")?;
        for n in 0..30 {
            let customer = format!("wmCrowd{n}");
            world.sim.add_customer(&customer, "顾客");
            world.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
        }
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let cards = world.sim.open_cards("LiHua").len();
        ensure!(cards > 20 && cards < 31, "{cards} cards: some of them wait");
        world.taps_card("ZhaoLiu", &card, Act::Send, &[]).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        let left = world.sim.open_cards("LiHua").len();
        ensure!(left == cards - 1, "{cards} cards before, {left} after: the decided one is redrawn");
        world.wait(Duration::from_secs(61)).await?;
    }
);
