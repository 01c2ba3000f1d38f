//! What is done in the back office: asked for, filled in, shown, approved as shown, claimed with the form filled in again,
//! handed in once, and read back. Whatever is in the way, nothing is handed in twice (scenarios 5, 30, 32 to
//! 34, 36, 38, 40, 46).

use std::time::Duration;

use aijia::evidence::Kind;
use aijia::store::actions::{self, Action, ActionState};
use aijia::worker;
use anyhow::{Context, ensure};
use cards::{PlanAct, PlanKey};
use simulator::openai::Behaviour;
use simulator::seller::{Effect, Guise, Mishap};
use simulator::{ItemKind, Lost};

use crate::story;
use crate::world::{Card, FLAGSHIP, Setting, World};

/// An order that is on its way.
pub const ORDER: &str = "202611280000010417";
const NOTE: &str = "已催仓库";

pub fn key(card: &Card, act: PlanAct) -> anyhow::Result<String> {
    let buttons = card.shown["button_list"].as_array().cloned().unwrap_or_default();
    let keys = buttons.iter().filter_map(|button| button["key"].as_str().map(str::to_owned));
    let mut ours = keys.filter(|key| PlanKey::parse(key).is_ok_and(|key| key.act == act));
    ours.next().with_context(|| format!("no button {act:?} on {}", card.text()))
}

/// The newest card of an action with this button on a member's phone.
pub fn plan_card(world: &World, member: &str, act: PlanAct) -> anyhow::Result<Card> {
    let open = world.sim.inbox(member).into_iter().rev().filter_map(|item| Card::open(&item));
    let mut fitting = open.filter(|card| key(card, act).is_ok());
    fitting.next().with_context(|| format!("{member} has no card with {act:?}: {}", world.phone(member)))
}

pub async fn presses(world: &mut World, member: &str, act: PlanAct) -> anyhow::Result<Card> {
    let card = plan_card(world, member, act)?;
    world.sim.tap(member, &card.task_id, &key(&card, act)?, &[]).await?;
    world.settle().await?;
    Ok(card)
}

pub async fn action(world: &World, number: usize) -> anyhow::Result<Action> {
    let case = world.case(1).await?.id;
    let all = world.app.store.read(move |tx| {
        let case = case.clone();
        Box::pin(async move { Ok(actions::of_case(tx, &case).await?) })
    });
    all.await?.into_iter().rev().nth(number - 1).with_context(|| format!("there is no action {number}"))
}

async fn state(world: &World, number: usize) -> anyhow::Result<ActionState> {
    Ok(action(world, number).await?.state)
}

/// The notes and tags that reached the shop, done or not.
pub fn writes(world: &World) -> anyhow::Result<usize> {
    let effects = world.seller()?.writes().into_iter().map(|write| write.effect);
    Ok(effects.filter(|effect| !matches!(effect, Effect::Telemetry)).count())
}

pub fn notes(world: &World) -> anyhow::Result<Vec<String>> {
    Ok(world.seller()?.order(ORDER).context("the order")?.notes)
}

/// A case whose order was looked up; false where there is no browser.
pub async fn asked(world: &mut World) -> anyhow::Result<bool> {
    if !world.signs_in_to_office().await? {
        return Ok(false);
    }
    world.customer_says(&format!("我的货到哪了？订单号 {ORDER}")).await?;
    Ok(true)
}

/// The same, with a note filled in.
async fn prepared(world: &mut World) -> anyhow::Result<bool> {
    let asked = asked(world).await?;
    if asked {
        world.member_says("LiHua", &format!("/do 1 note {NOTE}")).await?;
    }
    Ok(asked)
}

fn pictures(world: &World, member: &str) -> usize {
    world.sim.inbox(member).iter().filter(|item| item.kind == ItemKind::Image).count()
}

story!(
    /// Scenarios 32 and 36: a note is asked for, filled in and shown with its picture and its grounds before anything is written; approved, it
    /// is written once, read back, and its picture comes back; the record has every step in order.
    a_note_is_written_once_it_is_approved,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        ensure!(world.card("LiHua")?.text().contains("备注、标签"), "{}", world.card("LiHua")?.text());
        let before = pictures(world, "LiHua");
        world.member_says("LiHua", &format!("/do 1 备注 {NOTE}")).await?;
        ensure!(writes(world)? == 0 && state(world, 1).await? == ActionState::Waiting);
        let shown = world.phone("LiHua");
        for told in ["将写入", "备注：已催仓库（#1 李华）", "仅客服可见", "…0417", "中通快递", "风险", "订单"] {
            ensure!(shown.contains(told), "{told} is not in {shown}");
        }
        ensure!(pictures(world, "LiHua") == before + 1, "the filled form is shown");
        let card = presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(writes(world)? == 1 && notes(world)?.last().is_some_and(|note| note.contains(NOTE)), "{:?}", notes(world)?);
        ensure!(state(world, 1).await? == ActionState::Done && world.phone("LiHua").contains("已写入"));
        ensure!(pictures(world, "LiHua") == before + 2, "what stands there now is shown");
        let kinds: Vec<Kind> = world.record(1).await?.iter().map(|told| told.kind).collect();
        let ours = kinds.into_iter().filter(|kind| {
            matches!(kind, Kind::ActionPlanned | Kind::ActionApproved | Kind::ActionClaimed | Kind::ActionSettled)
        });
        let expected = [Kind::ActionPlanned, Kind::ActionApproved, Kind::ActionClaimed, Kind::ActionSettled];
        ensure!(ours.collect::<Vec<_>>() == expected);
        world.sim.tap_late("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        world.settle().await?;
        ensure!(writes(world)? == 1, "a late press wrote again");
        ensure!(world.phone("LiHua").contains("这一下没有起作用"), "{}", world.phone("LiHua"));
    }
);

story!(
    /// Scenario 34: what is not listed, not allowed on the channel, not for what the customer wants, or about nobody's order is not
    /// even prepared; each refusal is said and on record.
    what_is_not_allowed_is_not_prepared,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.customer_says("我的货到哪了？").await?;
        for (wish, told) in [
            ("/do 1 note 备注", "哪个订单"),
            ("/do 1 refund", "没有配置"),
            ("/do 1 pack", "不允许"),
        ] {
            world.member_says("LiHua", wish).await?;
            ensure!(world.newest_text("LiHua").contains(told), "{wish}: {}", world.newest_text("LiHua"));
        }
        world.member_says("LiHua", "/do 1").await?;
        ensure!(world.newest_text("LiHua").contains("备注（note）、标签（tag）"), "{}", world.newest_text("LiHua"));
        world.taps("LiHua", cards::Act::Send).await?;
        world.customer_says("羊毛衫怎么洗？").await?;
        world.member_says("LiHua", "/do 2 tag").await?;
        ensure!(world.newest_text("LiHua").contains("不适用"), "{}", world.newest_text("LiHua"));
        let refused = world.record(1).await?.iter().filter(|told| told.kind == Kind::Refused).count();
        ensure!(refused == 3 && writes(world)? == 0, "{refused}");
        ensure!(!world.seller()?.hits().iter().any(|hit| hit.target.ends_with("/note")), "a form was opened");
    }
);

story!(
    /// Scenario 33: a back office in draft mode has its forms filled in and left.
    a_form_is_filled_in_and_left,
    in Setting::with_actions("draft").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        ensure!(state(world, 1).await? == ActionState::Filled && world.phone("LiHua").contains("已填好，不提交"));
        ensure!(plan_card(world, "LiHua", PlanAct::Approve).is_err(), "there is nothing to approve");
        ensure!(writes(world)? == 0 && world.recorded(1, Kind::ActionPlanned).await?);
    }
);

story!(
    /// Scenario 5: as long as nobody said what is reviewed, a back office is only read: nothing is filled in, and why is
    /// said.
    a_back_office_that_is_only_read,
    in Setting::with_actions("read_only").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        ensure!(world.newest_text("LiHua").contains("只看不写"), "{}", world.newest_text("LiHua"));
        ensure!(writes(world)? == 0 && action(world, 1).await.is_err());
    }
);

story!(
    /// Scenario 30: the model asks for tools that write, and nobody offered it any. Nothing is done, a built-in draft takes
    /// its place, and the record says why.
    a_model_that_asks_for_tools_gets_none,
    in Setting { model: Some(Behaviour::Hostile), ..Setting::with_actions("read_only").await? },
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        ensure!(writes(world)? == 0 && action(world, 1).await.is_err());
        world.says(FLAGSHIP, "wmAqiang", "羊毛衫会起球吗？").await?;
        let drafted = world.record(2).await?.into_iter().find(|told| told.kind == Kind::Drafted);
        let drafted = drafted.and_then(|told| told.payload).context("a draft is on record")?;
        ensure!(drafted.to_string().contains("asked_to_act"), "{drafted}");
        ensure!(world.customer_heard("wmAqiang").is_empty() && world.has_open_card("LiHua"));
    }
);

story!(
    /// Scenario 40: the page is looked at again when it is handed in: another page, and nothing is touched; the recipe stops for the
    /// store, and after a passing test, which hands nothing in, a permitted person lets it run again.
    a_page_that_changed_is_not_written_to,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        world.seller()?.appear(Guise::Redesigned);
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(writes(world)? == 0 && state(world, 1).await? == ActionState::Stopped);
        ensure!(world.phone("LiHua").contains("什么都没提交") && world.phone("WangWu").contains("停了"));
        ensure!(pictures(world, "WangWu") == 1, "what was seen comes with the alarm");
        world.seller()?.appear(Guise::Usual);
        world.wait(Duration::from_secs(5)).await?;
        world.member_says("LiHua", &format!("/do 1 note {NOTE}")).await?;
        ensure!(world.newest_text("LiHua").contains("停用"), "{}", world.newest_text("LiHua"));
        world.member_says("WangWu", &format!("/后台 测试 flagship note {ORDER}")).await?;
        ensure!(world.newest_text("WangWu").contains("测试通过") && writes(world)? == 0, "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/后台 恢复 flagship note").await?;
        world.member_says("LiHua", &format!("/do 1 note {NOTE}")).await?;
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world, 2).await? == ActionState::Done && writes(world)? == 1);
    }
);

story!(
    /// Scenario 38: an answer that never comes is unknown: never handed in again, the recipe stopped, whoever approved it and whoever is
    /// above asked; what they saw is on record.
    a_lost_answer_is_asked_about,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        world.seller()?.upset([Mishap::After(Lost::Drop)]);
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world, 1).await? == ActionState::Unknown && writes(world)? == 1);
        ensure!(plan_card(world, "WangWu", PlanAct::Happened).is_ok(), "whoever is above is asked");
        ensure!(world.phone("WangWu").contains("没有回音"), "{}", world.phone("WangWu"));
        world.restart().await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(writes(world)? == 1, "it was handed in again");
        let above = plan_card(world, "WangWu", PlanAct::Happened)?;
        presses(world, "LiHua", PlanAct::Happened).await?;
        ensure!(state(world, 1).await? == ActionState::Happened && world.recorded(1, Kind::ActionResolved).await?);
        world.sim.tap_late("WangWu", &above.task_id, &key(&above, PlanAct::NotHappened)?, &[]).await?;
        world.settle().await?;
        ensure!(state(world, 1).await? == ActionState::Happened, "the second word counts for nothing");
    }
);

story!(
    /// A refusal of the shop is definite.
    a_refusal_is_no_doubt,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        world.seller()?.upset([Mishap::Refused(409)]);
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world, 1).await? == ActionState::Refused && world.phone("LiHua").contains("拒绝了，没写入"));
    }
);

story!(
    /// The program dies with a note on its way: at the next start nobody knows what became of it, a person is asked, and it
    /// is never handed in again.
    what_was_on_its_way_when_the_program_died_is_unknown,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        world.seller()?.upset([Mishap::After(Lost::Hang)]);
        let card = plan_card(world, "LiHua", PlanAct::Approve)?;
        world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        let app = world.app.clone();
        let working = tokio::spawn(async move { worker::pump(&app).await });
        while writes(world)? == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        ensure!(state(world, 1).await? == ActionState::Submitting, "claimed before the first byte");
        working.abort();
        world.restart().await?;
        world.wait(Duration::from_secs(61)).await?;
        ensure!(state(world, 1).await? == ActionState::Unknown && writes(world)? == 1);
        ensure!(plan_card(world, "LiHua", PlanAct::Happened).is_ok() && world.phone("WangWu").contains("没有回音"));
    }
);

story!(
    /// Scenario 46: a pause between approval and claim voids the approval: nothing is handed in, and what was approved is shown again
    /// for a new decision after the pause; while it lasts there is no approving.
    a_pause_takes_the_approval_back,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        let card = plan_card(world, "LiHua", PlanAct::Approve)?;
        world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        while state(world, 1).await? == ActionState::Waiting {
            // Only the press is worked: what it leaves is claimed by the next look.
            worker::tick(&world.app).await?;
        }
        // The form is filled in again before the claim, which takes far longer than the pause.
        world.sim.says("WangWu", "/暂停 全部").await?;
        world.settle().await?;
        ensure!(state(world, 1).await? == ActionState::Waiting && writes(world)? == 0);
        ensure!(world.recorded(1, Kind::AuthorityVoided).await? && world.phone("LiHua").contains("没有提交"));
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world, 1).await? == ActionState::Waiting && writes(world)? == 0, "approved under a pause");
        world.member_says("WangWu", "/恢复 全部").await?;
        world.member_says("ChenJie", "/恢复 全部").await?;
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world, 1).await? == ActionState::Done && writes(world)? == 1);
    }
);

story!(
    /// A tag is taken back by the recipe that undoes it, as a plan of its own, once.
    a_tag_is_taken_back,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        world.member_says("LiHua", "/做 1 标签").await?;
        presses(world, "LiHua", PlanAct::Approve).await?;
        let tags = |world: &World| Ok::<_, anyhow::Error>(world.seller()?.order(ORDER).context("the order")?.tags);
        ensure!(tags(world)?.contains(&"物流异常".to_owned()));
        let undo = presses(world, "LiHua", PlanAct::Undo).await?;
        ensure!(state(world, 2).await? == ActionState::Waiting, "{}", world.phone("LiHua"));
        ensure!(tags(world)?.contains(&"物流异常".to_owned()), "nothing is taken back before it is approved");
        world.sim.tap_late("LiHua", &undo.task_id, &key(&undo, PlanAct::Undo)?, &[]).await?;
        world.settle().await?;
        ensure!(action(world, 3).await.is_err() && world.phone("LiHua").contains("已经在撤回"));
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world, 2).await? == ActionState::Done && !tags(world)?.contains(&"物流异常".to_owned()));
        ensure!(writes(world)? == 2);
    }
);

story!(
    /// What needs whoever is above goes to them: whoever asked may not approve it.
    what_is_high_risk_goes_to_whoever_is_above,
    in {
        let setting = Setting::with_actions("reviewed").await?;
        let desk = setting.desk.replace("allowed_actions = [\"reply\", \"note\", \"tag\"]", "allowed_actions = [\"reply\", \"pack\"]");
        Setting { desk, ..setting }
    },
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        world.member_says("LiHua", "/do 1 退款材料").await?;
        ensure!(plan_card(world, "LiHua", PlanAct::Approve).is_err() && world.phone("LiHua").contains("要 王武 批准"));
        ensure!(world.phone("WangWu").contains("我的货到哪了") && world.phone("WangWu").contains("中通快递"));
        presses(world, "WangWu", PlanAct::Approve).await?;
        ensure!(notes(world)?.last().is_some_and(|note| note.starts_with("退款审核")), "{:?}", notes(world)?);
        ensure!(world.phone("LiHua").contains("已写入后台"), "whoever asked hears of it");
    }
);

story!(
    /// Two programs, one browser: what needs it is done by the one that has it; once that one is gone, by the other.
    one_program_has_the_browser,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !asked(world).await? {
            return Ok(());
        }
        let other = world.another_instance(99).await?;
        world.sim.says("LiHua", &format!("/do 1 note {NOTE}")).await?;
        for _ in 0..5 {
            worker::tick(&other).await?;
        }
        ensure!(state(world, 1).await? == ActionState::Preparing, "the other one used a browser of its own");
        world.wait(Duration::from_secs(1)).await?;
        ensure!(state(world, 1).await? == ActionState::Waiting, "{}", world.phone("LiHua"));
        // The first one shows no sign of life any more.
        let card = plan_card(world, "LiHua", PlanAct::Approve)?;
        world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        for _ in 0..10 {
            world.clock.advance(4_000);
            world.sim_clock.advance(4_000);
            worker::pump(&other).await?;
        }
        ensure!(state(world, 1).await? == ActionState::Done && writes(world)? == 1, "{:?}", state(world, 1).await?);
    }
);

story!(
    /// Pressed twice, worked by two programs at once: approved once, handed in once.
    two_presses_on_two_programs_write_once,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if !prepared(world).await? {
            return Ok(());
        }
        let other = world.another_instance(99).await?;
        let card = plan_card(world, "LiHua", PlanAct::Approve)?;
        world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        world.sim.tap_late("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        let (one, two) = tokio::join!(worker::pump(&world.app), worker::pump(&other));
        one.and(two)?;
        world.wait(Duration::from_secs(2)).await?;
        ensure!(state(world, 1).await? == ActionState::Done && writes(world)? == 1, "{:?}", state(world, 1).await?);
        let approvals = world.record(1).await?.iter().filter(|told| told.kind == Kind::ActionApproved).count();
        ensure!(approvals == 1 && world.phone("LiHua").contains("这一下没有起作用"), "{approvals}");
    }
);
