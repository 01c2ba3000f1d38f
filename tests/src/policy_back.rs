//! A policy that turns out to be wrong is taken back from chat (scenario 48).

use std::time::Duration;

use aijia::case::State;
use aijia::evidence::Kind;
use aijia::policy_desk;
use aijia::{config, start};
use anyhow::{Context, ensure};
use cards::Act;

use crate::story;
use crate::world::{DESK, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// Another configuration is put in force.
async fn applies(world: &mut World, desk: &str) -> anyhow::Result<()> {
    let parsed = config::parse_desk(desk, "aijia.toml").map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    start::apply_desk(&world.app, parsed, hex::encode(desk)).await?;
    world.settle().await
}

/// The demo's desk with a threshold that lets nothing pass, and another review time, which decides about no draft.
fn wrong() -> String {
    let desk = DESK.replacen("review_minutes = 10", "review_minutes = 25", 1);
    desk.replacen("confidence = 0.90", "confidence = 0.99", 1)
}

/// The code under what would change.
async fn code(world: &mut World) -> anyhow::Result<String> {
    world.member_says("ChenJie", "/策略 停用").await?;
    let shown = world.newest_text("ChenJie");
    let code = shown.rsplit("停用 ").next().map(|code| code.trim().to_owned()).filter(|code| code.len() == 4);
    code.with_context(|| format!("no code in {shown}"))
}

async fn policy(world: &World) -> anyhow::Result<String> {
    Ok(world.desk().await?.policy.clone())
}

story!(
    /// A wrong policy in force is taken back: no new decision cites it, the open card made under it is void, an approval under
    /// it lets nothing out, and what decided before decides again beside the people and hours of now.
    a_wrong_policy_is_taken_back,
    |world| {
        let good = policy(world).await?;
        applies(world, &wrong()).await?;
        let bad = policy(world).await?;
        ensure!(good != bad);
        world.customer_says(FACT).await?;
        let old = world.card("LiHua")?;
        ensure!(world.case(1).await?.draft().context("a draft")?.policy == bad);

        world.member_says("LiHua", "/策略 停用").await?;
        ensure!(world.newest_text("LiHua").contains("没有生效"), "a reviewer does not: {}", world.newest_text("LiHua"));
        let code = code(world).await?;
        let shown = world.newest_text("ChenJie");
        ensure!(shown.contains("policy.confidence: 0.99 → 0.9") && !shown.contains("review_minutes"), "{shown}");
        world.member_says("ChenJie", "/策略 停用 zzzz").await?;
        ensure!(policy(world).await? == bad, "another code changes nothing");
        world.member_says("ChenJie", &format!("/策略 停用 {code}")).await?;

        ensure!(policy(world).await? == good, "{}", world.newest_text("ChenJie"));
        ensure!(world.desk().await?.desk.desk.review_minutes == 25, "people and hours stay as they are now");
        ensure!(world.phone("WangWu").contains("陈杰 停用了策略"), "{}", world.phone("WangWu"));
        world.taps_late("LiHua", &old, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "what was shown under the other policy is void");
        world.wait(Duration::from_secs(4)).await?;
        let case = world.case(1).await?;
        ensure!(matches!(case.state, State::AwaitingReview(_)) && case.draft().context("a draft")?.policy == good);
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        let told = world.entries(Kind::PolicyTakenBack).await?;
        ensure!(told.len() == 1 && told[0]["taken_back"] == bad && told[0]["in_force"] == good, "{told:?}");
        world.record_verifies().await?;
    }
);

story!(
    /// Nothing goes back to a policy that was taken back, and the very first has none before it; the list tells all of it. The
    /// file of what was taken back does not come in force again by itself.
    what_was_taken_back_stays_so,
    |world| {
        world.member_says("ChenJie", "/策略 停用").await?;
        ensure!(world.newest_text("ChenJie").contains("没有可以回去的上一版"), "{}", world.newest_text("ChenJie"));
        applies(world, &wrong()).await?;
        let shown_for_another = code(world).await?;
        applies(world, &wrong().replacen("high_value_cents = 50000", "high_value_cents = 100", 1)).await?;
        world.member_says("ChenJie", &format!("/策略 停用 {shown_for_another}")).await?;
        ensure!(world.newest_text("ChenJie").contains("policy.high_value_cents"), "{}", world.newest_text("ChenJie"));
        for _ in 0..2 {
            let code = code(world).await?;
            world.member_says("ChenJie", &format!("/策略 停用 {code}")).await?;
        }
        ensure!(world.desk().await?.desk.policy.confidence < 0.99);
        world.member_says("ChenJie", "/策略 停用").await?;
        ensure!(world.newest_text("ChenJie").contains("没有可以回去的上一版"), "{}", world.newest_text("ChenJie"));
        applies(world, &wrong()).await?;
        ensure!(world.desk().await?.desk.policy.confidence < 0.99, "it came back");
        let periods = world.app.store.read(|tx| Box::pin(async move { policy_desk::periods(tx).await })).await?;
        let taken_back: Vec<bool> = periods.iter().map(|period| period.taken_back).collect();
        ensure!(taken_back == [false, true, true, true, false], "{periods:?}");
        ensure!(periods.iter().skip(1).all(|period| period.until.is_some()), "{periods:?}");
        world.member_says("ChenJie", "/策略").await?;
        let list = world.newest_text("ChenJie");
        ensure!(list.matches('✕').count() == 3 && list.matches('●').count() == 1, "{list}");
    }
);
