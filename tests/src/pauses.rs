//! Pause wins (scenarios 45, 46, 47, 69).

use std::time::Duration;

use aijia::case::State;
use aijia::evidence::Kind;
use aijia::store::pauses::{self, Scope};
use aijia::store::record;
use anyhow::ensure;
use cards::Act;

use crate::story;
use crate::world::{FLAGSHIP, OUTLET, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

story!(
    /// Scenario 45: pausing one shop stops only that shop, before its next effect; who, when and why are stored.
    one_shop_is_paused_and_the_other_goes_on,
    |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        world.says(OUTLET, "wmAqiang", FACT).await?;
        world.member_says("WangWu", "/暂停 kf-outlet 价格写错了").await?;
        ensure!(world.newest_text("WangWu").contains("奥莱"), "{}", world.newest_text("WangWu"));
        approve_newest(world, "LiHua", 1).await?;
        approve_newest(world, "LiHua", 2).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "the flagship goes on");
        ensure!(world.customer_heard("wmAqiang").is_empty(), "the outlet is silent");
        ensure!(matches!(world.case(2).await?.state, State::AwaitingReview(_)), "drafts and reviews stay alive");
        let desk = world.app.store.read(|tx| Box::pin(async move { record::of_desk(tx, 50).await })).await?;
        let paused = desk.into_iter().find(|told| told.kind == Kind::Paused).and_then(|told| told.payload);
        let paused = paused.unwrap_or_default();
        ensure!(paused["why"] == "价格写错了" && paused["target"] == "kf-outlet", "{paused}");
        world.member_says("WangWu", "/恢复 kf-outlet").await?;
        approve_newest(world, "LiHua", 2).await?;
        ensure!(world.customer_heard("wmAqiang").len() == 1, "after resuming, a new tap sends");
    }
);

/// Approves what a case shows now, by command.
async fn approve_newest(world: &mut World, member: &str, number: i64) -> anyhow::Result<()> {
    let code = world.case(number).await?.draft().map(aijia::case::Draft::code).unwrap_or_default();
    world.member_says(member, &format!("/approve {number} {code}")).await
}

story!(
    /// Scenario 46: what was approved but not yet claimed does not run and goes back to review.
    approved_but_not_sent_goes_back_to_review,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        // The approval is worked on, its reply not yet: one tick does what was due when it began.
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        aijia::worker::tick(&world.app).await?;
        ensure!(matches!(world.case(1).await?.state, State::Sending(_)), "{:?}", world.case(1).await?.state);
        let now = world.clock.now();
        let declared = world.app.store.commit(move |tx| {
            Box::pin(async move {
                Ok(pauses::declare(tx, "pause-1", &Scope::Everything, "chenjie", "先停一下", now).await?)
            })
        });
        declared.await?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "nothing leaves after the pause");
        let State::AwaitingReview(review) = world.case(1).await?.state else {
            anyhow::bail!("{:?}", world.case(1).await?.state)
        };
        // They come through different doors: where the pause was faster, the tap was refused instead.
        let voided = world.recorded(1, Kind::AuthorityVoided).await?;
        ensure!(voided || world.recorded(1, Kind::Refused).await?, "neither approved nor refused");
        ensure!(voided == (review.draft.version == 2), "the same text as a new version, and only then");
        resume_everything(world).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "resuming sends nothing by itself");
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "a new tap does");
    }
);

async fn resume_everything(world: &mut World) -> anyhow::Result<()> {
    world.member_says("ChenJie", "/恢复 全部").await?;
    let blocked = world.newest_text("ChenJie");
    world.member_says("ChenJie", "/恢复 全部").await?;
    ensure!(world.newest_text("ChenJie") == blocked, "the same person twice is one person");
    world.member_says("WangWu", "/恢复 全部").await
}

story!(
    /// A tap during a pause is refused with the reason; the card stays good for after the resume.
    a_tap_during_a_pause_is_refused_in_words,
    |world| {
        world.customer_says(FACT).await?;
        world.member_says("ChenJie", "/暂停").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty());
        ensure!(world.newest_text("LiHua").contains("陈杰"), "who paused is said: {}", world.newest_text("LiHua"));
        resume_everything(world).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Scenario 47: a pause from the card covers the chosen scope exactly.
    a_pause_from_the_card_covers_this_conversation_only,
    |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        world.says(FLAGSHIP, "wmAqiang", "羊毛衫怎么洗？").await?;
        let first = world.card_of("LiHua", 1)?;
        world.taps_card("LiHua", &first, Act::Pause, &[]).await?;
        let question = world.card_of("LiHua", 1)?;
        ensure!(question.has(Act::ConfirmPause), "{}", question.text());
        world.taps_card("LiHua", &question, Act::ConfirmPause, &[]).await?;
        let question = world.card_of("LiHua", 1)?;
        world.taps_card("LiHua", &question, Act::ConfirmPause, &[("scope", "conversation")]).await?;
        approve_newest(world, "ZhaoLiu", 1).await?;
        approve_newest(world, "ZhaoLiu", 2).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "inside nothing escapes");
        ensure!(world.customer_heard("wmAqiang").len() == 1, "outside nothing stops");
        world.member_says("LiHua", "/恢复 #1").await?;
        approve_newest(world, "ZhaoLiu", 1).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// A pause lifted before the send was claimed still ended the approval that stood before it.
    a_pause_ends_approvals_even_when_lifted_at_once,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.tap_late("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.sim.says("WangWu", "/暂停 kf-flagship").await?;
        world.sim.says("WangWu", "/恢复 kf-flagship").await?;
        world.wait(Duration::from_secs(1)).await?;
        let heard = world.customer_heard(XIAOYU).len();
        let stopped = world.recorded(1, Kind::AuthorityVoided).await? || world.recorded(1, Kind::Refused).await?;
        ensure!((heard == 1) != stopped, "either it was claimed before the pause, or the pause stopped it");
    }
);
