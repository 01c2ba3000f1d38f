//! What stops at the first oddity outside, and who hears of it (scenarios 35, 37, 39 to 42, 44, 50).

use std::time::Duration;

use aijia::args;
use aijia::case::{Looked, Unseen};
use aijia::evidence::Kind;
use aijia::policy::{Hold, Level, Route};
use aijia::store::actions::ActionState;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::{Act, PlanAct, Risk};
use simulator::ItemKind;
use simulator::seller::Guise;

use crate::actions::{ORDER, action, asked, key, plan_card, presses, writes};
use crate::story;
use crate::world::{FLAGSHIP, OUTLET, Setting, World};

/// The customer's order is looked up, and something is not as it should be: the look-up stops with a picture, the recipe
/// with it, the case goes to whoever is above with the reason on the card, and nothing more is opened.
async fn stops(world: &mut World, guise: Guise, why: Unseen, said: &str) -> anyhow::Result<()> {
    if !world.signs_in_to_office().await? {
        return Ok(());
    }
    world.seller()?.appear(guise);
    world.customer_says(&format!("我的货到哪了？订单号 {ORDER}")).await?;
    let case = world.case(1).await?;
    let draft = case.draft().context("a draft")?;
    let look_up = draft.look_up.as_ref().context("a look-up")?;
    ensure!(look_up.outcome == Looked::Unseen(why), "{look_up:?}");
    let verdict = &draft.verdict;
    ensure!(verdict.risk == Risk::Abnormal && verdict.route == Route::Review(Level::Supervisor), "{verdict:?}");
    ensure!(verdict.holds.contains(&Hold::Abnormal));
    let card = world.card("WangWu")?;
    ensure!(card.text().contains("外部异常") && card.text().contains(said), "{}", card.text());
    ensure!(!world.has_open_card("LiHua"), "a reviewer decides about what is abnormal");
    let pictures = world.sim.inbox("WangWu").iter().filter(|item| item.kind == ItemKind::Image).count();
    ensure!(pictures >= 1 && world.phone("WangWu").contains("停了"), "no alarm: {}", world.phone("WangWu"));
    ensure!(world.recorded_anywhere(Kind::RecipeStopped).await?, "the stop is not on record");

    let hits = world.seller()?.hits().len();
    world.says(FLAGSHIP, "wmLinlin", "我的快递到哪了？订单 202611280000010425").await?;
    ensure!(world.seller()?.hits().len() == hits, "a stopped recipe opened a page");
    world.says(FLAGSHIP, "wmAqiang", "羊毛衫会起球吗？").await?;
    ensure!(world.card_of("LiHua", 3)?.has(Act::Send), "other answers wait");
    world.seller()?.appear(Guise::Usual);
    world.wait(Duration::from_secs(3600)).await?;
    ensure!(world.seller()?.hits().len() == hits, "it went on by itself once the cause was gone");
    Ok(())
}

story!(
    /// Scenario 39: the session is over.
    a_session_that_is_over,
    in Setting::with_back_office().await?,
    |world| { stops(world, Guise::Expired, Unseen::SignedOut, "登录").await?; }
);

story!(
    /// Scenario 41: the platform wants to see a person. Nobody tries to pass for one.
    a_verification,
    in Setting::with_back_office().await?,
    |world| { stops(world, Guise::Captcha, Unseen::Verification, "验证").await?; }
);

story!(
    /// Scenario 42: the account lacks a right, and no other one is tried.
    a_missing_right,
    in Setting::with_back_office().await?,
    |world| { stops(world, Guise::Walled, Unseen::NoPermission, "权限").await?; }
);

/// A note is prepared, and the shop is another one when it is approved: nothing is handed in, whoever is above is told,
/// and what was prepared stays on record.
async fn is_not_handed_in(world: &mut World, guise: Guise) -> anyhow::Result<()> {
    if !asked(world).await? {
        return Ok(());
    }
    world.member_says("LiHua", "/do 1 note 已催仓库").await?;
    world.seller()?.appear(guise);
    presses(world, "LiHua", PlanAct::Approve).await?;
    ensure!(action(world, 1).await?.state == ActionState::Stopped && writes(world)? == 0);
    ensure!(world.phone("WangWu").contains("停了") && world.phone("LiHua").contains("什么都没提交"));
    for kind in [Kind::ActionPlanned, Kind::ActionApproved, Kind::ActionSettled] {
        ensure!(world.recorded(1, kind).await?, "{kind:?} is not on record");
    }
    ensure!(!world.recorded(1, Kind::ActionClaimed).await?, "it was claimed");
    Ok(())
}

story!(
    /// Scenario 39, in the middle of a task.
    a_session_that_ends_between_plan_and_approval,
    in Setting::with_actions("reviewed").await?,
    |world| { is_not_handed_in(world, Guise::Expired).await?; }
);

story!(
    /// Scenario 50: the right is taken away while an action waits for it.
    a_right_that_is_taken_away_before_the_approval,
    in Setting::with_actions("reviewed").await?,
    |world| { is_not_handed_in(world, Guise::Walled).await?; }
);

async fn run(world: &World, sql: &'static str) -> anyhow::Result<()> {
    world.app.store.commit(move |tx| Box::pin(async move { Ok(tx.run(sql, args![]).await?) })).await.map(drop)
}

story!(
    /// Scenario 37: an approved write whose claim cannot be written into the record is not handed in; people are told, and
    /// once the record can be gone on with it is handed in once.
    without_evidence_nothing_is_handed_in,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        world.member_says("LiHua", "/do 1 note 已催仓库").await?;
        let card = plan_card(world, "LiHua", PlanAct::Approve)?;
        world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        while action(world, 1).await?.state == ActionState::Waiting {
            // Only the press is worked: what it leaves is claimed by the next look.
            worker::tick(&world.app).await?;
        }
        ensure!(action(world, 1).await?.state == ActionState::Approved && writes(world)? == 0);
        run(world, "UPDATE chains SET hash = 'x' || hash WHERE chain LIKE 'conversation:%'").await?;
        for _ in 0..12 {
            world.wait(Duration::from_secs(400)).await?;
        }
        ensure!(writes(world)? == 0, "it was handed in without a record");
        ensure!(action(world, 1).await?.state != ActionState::Submitting, "it was claimed without a record");
        let phones = ["LiHua", "ZhaoLiu", "WangWu", "ChenJie"].map(|member| world.phone(member)).concat();
        ensure!(phones.contains("连续失败"), "nobody was told: {phones}");
        run(world, "UPDATE chains SET hash = SUBSTR(hash, 2) WHERE chain LIKE 'conversation:%'").await?;
        for _ in 0..4 {
            world.wait(Duration::from_secs(1900)).await?;
        }
        ensure!(writes(world)? <= 1, "it was handed in twice");
    }
);

story!(
    /// Scenario 35: a store without a back office has none of another store's: nothing is looked up for its customers, and
    /// nothing is done for them there.
    another_stores_back_office_is_not_theirs,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        let hits = world.seller()?.hits().len();
        world.says(OUTLET, "wmLinlin", &format!("我的货到哪了？订单号 {ORDER}")).await?;
        let member = if world.has_open_card("ZhaoLiu") { "ZhaoLiu" } else { "WangWu" };
        let case = world.case(1).await?;
        ensure!(case.draft().is_none_or(|draft| draft.look_up.is_none()), "looked up in another store");
        world.member_says(member, "/do 1 note 已催仓库").await?;
        ensure!(action(world, 1).await.is_err() && writes(world)? == 0, "{}", world.phone(member));
        ensure!(world.seller()?.hits().len() == hits, "another store's pages were opened");
    }
);
