//! Pause wins (scenarios 43, 45, 46, 47, 69).

use std::time::Duration;

use aijia::case::State;
use aijia::evidence::Kind;
use aijia::policy::Hold;
use aijia::store::pauses::{self, Place, Scope};
use aijia::store::record;
use anyhow::ensure;
use cards::{Act, PlanAct};

use crate::actions::{asked, presses, writes};
use crate::story;
use crate::world::{DESK, FLAGSHIP, OUTLET, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
/// Something whose answer is of high risk.
const REFUND: &str = "我要退款，退款多久到账？";

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

/// The flagship sells to Malaysia, the outlet to Japan, or to nowhere in particular.
fn abroad(outlet: Option<&str>) -> Setting {
    let region = |store: &str, region: &str| {
        let store = format!("store = {store:?}\n");
        (store.clone(), format!("{store}region = {region:?}\n"))
    };
    let regions = [("flagship", Some("马来西亚")), ("outlet", outlet)];
    let named = regions.into_iter().filter_map(|(store, name)| Some(region(store, name?)));
    Setting::desk(named.fold(DESK.to_owned(), |desk, (plain, with)| desk.replace(&plain, &with)))
}

story!(
    /// Scenario 43: a platform's rule is declared uncertain for one country. What is of high risk there is drafted and
    /// held; low-risk answers there and everything in the other country go on; it is held until somebody resumes.
    what_is_risky_in_one_country_is_held_and_the_rest_goes_on,
    in abroad(Some("日本")),
    |world| {
        world.member_says("WangWu", "/暂停 高风险 马来西亚 平台退货规则待确认").await?;
        let told = world.newest_text("WangWu");
        ensure!(told.contains("仅高风险事项（马来西亚：山茶家旗舰店"), "{told}");
        world.says(FLAGSHIP, XIAOYU, REFUND).await?;
        world.says(FLAGSHIP, "wmAqiang", FACT).await?;
        world.says(OUTLET, "wmLinlin", REFUND).await?;
        let held = world.case(1).await?;
        let holds = held.draft().map(|draft| draft.verdict.holds.clone()).unwrap_or_default();
        ensure!(holds.first() == Some(&Hold::Paused), "the draft says why it is held: {holds:?}");
        for (member, number) in [("WangWu", 1), ("LiHua", 2), ("WangWu", 3)] {
            approve_newest(world, member, number).await?;
        }
        ensure!(world.customer_heard(XIAOYU).is_empty(), "what is risky there is held");
        ensure!(world.recorded(1, Kind::Refused).await? && matches!(world.case(1).await?.state, State::AwaitingReview(_)));
        ensure!(world.customer_heard("wmAqiang").len() == 1, "a low-risk answer there goes on");
        ensure!(world.customer_heard("wmLinlin").len() == 1, "the other country is unaffected");
        world.member_says("LiHua", "/恢复 高风险 马来西亚").await?;
        world.member_says("LiHua", "/状态").await?;
        ensure!(world.newest_text("LiHua").contains("平台退货规则待确认"), "{}", world.newest_text("LiHua"));
        world.member_says("WangWu", "/恢复 高风险 马来西亚").await?;
        approve_newest(world, "WangWu", 1).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "after resuming, a new tap sends");
    }
);

story!(
    /// Scenario 43: what was approved when the rule became uncertain does not leave; on a channel of no country it is the
    /// customers' words that say whom it concerns.
    what_was_approved_is_held_for_whoever_names_the_country,
    in abroad(None),
    |world| {
        world.says(OUTLET, XIAOYU, "我在马来西亚。我要退款，退款多久到账？").await?;
        world.says(OUTLET, "wmAqiang", REFUND).await?;
        for number in [1, 2] {
            let code = world.case(number).await?.draft().map(aijia::case::Draft::code).unwrap_or_default();
            world.sim.says("WangWu", &format!("/approve {number} {code}")).await?;
        }
        // The approvals are worked on, their replies not yet: one tick does what was due when it began.
        aijia::worker::tick(&world.app).await?;
        let now = world.clock.now();
        let region = Scope::HighRisk(Place::Region("马来西亚".into()));
        let declared = world.app.store.commit(move |tx| {
            let region = region.clone();
            Box::pin(async move { Ok(pauses::declare(tx, "pause-1", &region, "chenjie", "规则待确认", now).await?) })
        });
        declared.await?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "nothing of the country leaves after the pause");
        ensure!(world.recorded(1, Kind::AuthorityVoided).await? || world.recorded(1, Kind::Refused).await?);
        ensure!(world.customer_heard("wmAqiang").len() == 1, "who names no country is unaffected");
    }
);

story!(
    /// A pause of what is of high risk stops such an action in the back office and no other; a reason in the place of a
    /// country holds it everywhere.
    risky_actions_are_held_and_notes_are_written,
    in {
        let setting = Setting::with_actions("reviewed").await?;
        let listed = "allowed_actions = [\"reply\", \"note\", \"tag\"]";
        Setting { desk: setting.desk.replace(listed, "allowed_actions = [\"reply\", \"note\", \"pack\"]"), ..setting }
    },
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        world.member_says("LiHua", "/do 1 退款材料").await?;
        world.member_says("LiHua", "/do 1 note 已催仓库").await?;
        world.member_says("ChenJie", "/暂停 高风险 规则没搞清楚").await?;
        ensure!(world.newest_text("ChenJie").contains("仅高风险事项（全部）"), "{}", world.newest_text("ChenJie"));
        presses(world, "WangWu", PlanAct::Approve).await?;
        ensure!(writes(world)? == 0 && world.newest_text("WangWu").contains("陈杰"), "{}", world.newest_text("WangWu"));
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(writes(world)? == 1, "what is of no high risk is written");
        world.member_says("WangWu", "/恢复 高风险").await?;
        presses(world, "WangWu", PlanAct::Approve).await?;
        ensure!(writes(world)? == 2, "after resuming, a new press writes");
    }
);
