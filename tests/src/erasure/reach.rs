//! How far an erasure reaches: replies drawn for a review, and what was done in a back office.

use std::time::Duration;

use aijia::args;
use aijia::store::actions::ActionState;
use anyhow::{Context, ensure};
use cards::{Act, PlanAct};

use super::{CANARY, places, shown};
use crate::actions::{ORDER, action, key, plan_card, presses, writes};
use crate::automation::{FACT, with_auto};
use crate::story;
use crate::world::{Setting, World, XIAOYU};

/// Longer than a reviewer has for a sample before somebody else is asked.
const HALF_A_DAY: Duration = Duration::from_secs(13 * 3_600);

/// Everything of the customer of a case is erased.
async fn erased(world: &mut World, number: i64) -> anyhow::Result<()> {
    let (_, code) = shown(world, number).await?;
    world.member_says("ChenJie", &format!("/清除 {number} 确认 {code}")).await?;
    ensure!(world.newest_text("ChenJie").contains("资料清除了"), "{}", world.newest_text("ChenJie"));
    Ok(())
}

/// What the reviews look at, and what came of each.
async fn samples(world: &World) -> anyhow::Result<Vec<(String, Option<bool>)>> {
    let sql = "SELECT shown, good FROM samples ORDER BY drawn_at, id";
    world.app.store.read(move |tx| Box::pin(async move { Ok(tx.all(sql, args![]).await?) })).await
}

story!(
    /// A reply that waits for its blind review is not reviewed any more: its card says so, and nobody else is asked. One that
    /// was reviewed still counts, without its words.
    what_was_drawn_for_a_review_goes_too,
    in with_auto("sample = 1.0"),
    |world| {
        world.opens_automation().await?;
        world.asked_by("wmSeen", FACT).await?;
        let (reviewer, card) = world.sampled("wmSeen").await?;
        world.taps_card(reviewer, &card, Act::Send, &[]).await?;
        world.asked_by("wmWaits", FACT).await?;
        let (reviewer, card) = world.sampled("wmWaits").await?;
        let drawn = samples(world).await?;
        ensure!(drawn.len() == 2 && drawn.iter().all(|(shown, _)| shown.contains("手洗")), "{drawn:?}");

        world.everything_sent_is_answered_for().await?;
        for customer in ["wmSeen", "wmWaits"] {
            let number = world.number_of(customer).await?.context("a case")?;
            erased(world, number).await?;
        }
        let counted = samples(world).await?;
        ensure!(matches!(counted.as_slice(), [(shown, Some(true))] if !shown.contains("手洗")), "{counted:?}");
        ensure!(!world.has_open_card(reviewer) && world.phone(reviewer).contains("资料已按要求清除"), "{}", world.phone(reviewer));
        world.taps_late(reviewer, &card, Act::Reject).await?;
        world.wait(HALF_A_DAY).await?;
        ensure!(samples(world).await? == counted, "a press on the old card counts for nothing");
        ensure!(!world.has_open_card("LiHua") && !world.has_open_card("ZhaoLiu"), "somebody else is asked");
        for customer in ["wmSeen", "wmWaits"] {
            ensure!(places(world, customer).await?.is_empty(), "{:?}", places(world, customer).await?);
        }
    }
);

story!(
    /// What was written in the back office stays there; here its plan, its pictures and its outcome are gone. What waits for an
    /// approval is never written, whoever presses the card that is still on a phone.
    what_was_done_in_a_back_office_goes_too,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.customer_says(&format!("我的货到哪了？订单号 {ORDER}，电话{CANARY}")).await?;
        world.member_says("LiHua", &format!("/do 1 note 已催仓库，回电 {CANARY}")).await?;
        presses(world, "LiHua", PlanAct::Approve).await?;
        world.member_says("LiHua", &format!("/do 1 note 再催一次，回电 {CANARY}")).await?;
        let waiting = plan_card(world, "LiHua", PlanAct::Approve)?;
        ensure!(writes(world)? == 1);
        let before = places(world, CANARY).await?;
        for place in ["actions.inputs", "actions.plan", "evidence.payload"] {
            ensure!(before.contains(place), "{place} is not tried: {before:?}");
        }
        let pictures = kept(world)?;
        ensure!(pictures > 0, "no picture is tried");

        erased(world, 1).await?;
        for word in [CANARY, XIAOYU] {
            ensure!(places(world, word).await?.is_empty(), "{word} is still in {:?}", places(world, word).await?);
        }
        ensure!(kept(world)? == 0, "{} of {pictures} pictures are left", kept(world)?);
        ensure!(action(world, 1).await?.state == ActionState::Done && action(world, 2).await?.state == ActionState::Dropped);
        world.sim.tap_late("LiHua", &waiting.task_id, &key(&waiting, PlanAct::Approve)?, &[]).await?;
        world.settle().await?;
        ensure!(writes(world)? == 1, "what was erased was written");
        world.record_verifies().await?;
    }
);

/// How many files are kept beside the database.
fn kept(world: &World) -> anyhow::Result<usize> {
    let folders = std::fs::read_dir(world.folder.path().join("blobs"))?;
    Ok(folders.flatten().filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().count())
}
