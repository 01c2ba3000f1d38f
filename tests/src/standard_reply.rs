//! A buyer is answered in the shop's own back office: with a published answer, word for word, filled in, shown, approved as
//! shown, and sent once. What else was said there meanwhile, and what the knowledge no longer says, sends nothing
//! (scenarios 5, 32, 33, 34, 36).

use aijia::evidence::Kind;
use aijia::knowledge_desk::shown;
use aijia::store::actions::ActionState;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::PlanAct;
use simulator::seller::{Line, Side};

use crate::actions::{ORDER, action, asked, key, plan_card, presses, writes};
use crate::story;
use crate::world::{Setting, World};

const ANSWER: &str = "快件在途中，一般 3 天内送达。\n超过 5 天没有到，请告诉我们，我们帮您查件。";

/// A desk on which published answers may be said in the back office.
async fn with_replies(mode: &str) -> anyhow::Result<Setting> {
    let setting = Setting::with_actions(mode).await?;
    let allowed = "allowed_actions = [\"reply\", \"note\", \"tag\"]";
    ensure!(setting.desk.contains(allowed), "the desk is not as it was");
    let desk = setting.desk.replace(allowed, "allowed_actions = [\"reply\", \"note\", \"tag\", \"answer\"]");
    let action = "[[stores.actions]]\nname = \"answer\"\nlabel = \"标准回复\"\nrecipe = \"reply\"\n\
                  inputs = { answer = \"{answer}\" }\n";
    Ok(Setting { desk: format!("{desk}{action}"), ..setting })
}

/// SunMei publishes an answer; gives its number.
async fn publishes(world: &World, file: &str, row: &str) -> anyhow::Result<i64> {
    let report = world.imports(file, &format!("id,question,answer\n{row}\n"), true).await?;
    ensure!(report.problems.is_empty(), "{report:?}");
    let (app, file) = (world.app.clone(), file.to_owned());
    let listed = world.app.store.commit(move |tx| {
        let (app, file) = (app.clone(), file.clone());
        Box::pin(
            async move { Ok(shown::list(tx, &app, None).await?.into_iter().find(|one| one.id.starts_with(&file))) },
        )
    });
    Ok(listed.await?.context("the entry is in no list")?.number)
}

fn chat(world: &World) -> anyhow::Result<Vec<Line>> {
    Ok(world.seller()?.order(ORDER).context("the order")?.chat)
}

fn buyer_writes(world: &World, text: &str) -> anyhow::Result<()> {
    world.seller()?.change(ORDER, |order| order.chat.push(Line { by: Side::Buyer, text: text.to_owned() }));
    Ok(())
}

/// A case whose order was looked up, and the published answer filled in; its number, or nothing where there is no browser.
async fn filled_in(world: &mut World) -> anyhow::Result<Option<i64>> {
    let number = publishes(world, "查件.csv", &format!("transit,快递多久能到,\"{ANSWER}\"")).await?;
    if !asked(world).await? {
        return Ok(None);
    }
    world.member_says("LiHua", &format!("/do 1 标准回复 K{number}")).await?;
    Ok(Some(number))
}

async fn state(world: &World) -> anyhow::Result<ActionState> {
    Ok(action(world, 1).await?.state)
}

story!(
    /// Scenarios 32 and 36: the answer is shown word for word, with whose it is and what the buyer said last, before it is sent;
    /// approved, it stands in the buyer's conversation once, as was read back.
    a_published_answer_is_sent_once_it_is_approved,
    in with_replies("reviewed").await?,
    |world| {
        if filled_in(world).await?.is_none() {
            return Ok(());
        }
        ensure!(writes(world)? == 0 && state(world).await? == ActionState::Waiting, "{}", world.phone("LiHua"));
        let shown = world.phone("LiHua");
        for told in ["快件在途中，一般 3 天内送达", "帮您查件", "孙梅 负责", "请问快递到哪里了", "将写入"] {
            ensure!(shown.contains(told), "{told} is not in {shown}");
        }
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world).await? == ActionState::Done && writes(world)? == 1, "{}", world.phone("LiHua"));
        ensure!(chat(world)?.last() == Some(&Line { by: Side::Shop, text: ANSWER.to_owned() }), "{:?}", chat(world)?);
        for kind in [Kind::ActionPlanned, Kind::ActionApproved, Kind::ActionClaimed, Kind::ActionSettled] {
            let told = world.record(1).await?.into_iter().find(|told| told.kind == kind);
            let payload = told.and_then(|told| told.payload).context("on record")?;
            ensure!(payload["cites"]["entry"] == "查件.csv:transit" && payload["cites"]["version"] == 1, "{payload}");
        }
    }
);

story!(
    /// Scenario 33: a back office in draft mode has the answer filled in and left.
    a_published_answer_is_filled_in_and_left,
    in with_replies("draft").await?,
    |world| {
        let before = chat(world)?;
        if filled_in(world).await?.is_none() {
            return Ok(());
        }
        ensure!(state(world).await? == ActionState::Filled && world.phone("LiHua").contains("已填好，不提交"));
        ensure!(plan_card(world, "LiHua", PlanAct::Approve).is_err() && chat(world)? == before && writes(world)? == 0);
    }
);

story!(
    /// What was approved answers what stood there then: where the buyer, or a colleague, wrote meanwhile, nothing is sent, and
    /// the new state is shown for a decision of its own.
    a_buyer_who_writes_meanwhile_is_not_answered_with_the_old_approval,
    in with_replies("reviewed").await?,
    |world| {
        if filled_in(world).await?.is_none() {
            return Ok(());
        }
        for (round, said) in ["请问快递到哪里了？", "不用了，已经收到了"].into_iter().enumerate() {
            buyer_writes(world, said)?;
            presses(world, "LiHua", PlanAct::Approve).await?;
            ensure!(state(world).await? == ActionState::Waiting && writes(world)? == 0, "round {round}");
            ensure!(world.phone("LiHua").contains("没有提交") && world.recorded(1, Kind::AuthorityVoided).await?);
        }
        ensure!(world.phone("LiHua").contains("不用了，已经收到了"), "{}", world.phone("LiHua"));
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world).await? == ActionState::Done && writes(world)? == 1);
    }
);

story!(
    /// An answer that its owner switched off is not approved any more; switched off between approval and claim, the approval
    /// is void. Either way nothing reaches the buyer.
    an_answer_that_was_switched_off_is_not_sent,
    in with_replies("reviewed").await?,
    |world| {
        let Some(number) = filled_in(world).await? else { return Ok(()) };
        let card = plan_card(world, "LiHua", PlanAct::Approve)?;
        world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
        while state(world).await? == ActionState::Waiting {
            // Only the press is worked: what it leaves is claimed by the next look.
            worker::tick(&world.app).await?;
        }
        // The form is filled in again before the claim, which takes far longer than switching off.
        world.sim.says("SunMei", &format!("/kb disable {number}")).await?;
        world.settle().await?;
        ensure!(state(world).await? == ActionState::Waiting && writes(world)? == 0, "{:?}", state(world).await?);
        ensure!(world.recorded(1, Kind::AuthorityVoided).await? && world.phone("LiHua").contains("标准答案已停用"));
        presses(world, "LiHua", PlanAct::Approve).await?;
        ensure!(state(world).await? == ActionState::Waiting && writes(world)? == 0, "approved after it was switched off");
        ensure!(world.phone("LiHua").contains("没有批准：引用的标准答案已停用"), "{}", world.phone("LiHua"));
    }
);

story!(
    /// Scenario 34: what nobody named, what is not published, and what must not be said is not even filled in; each refusal is said
    /// and on record.
    what_is_no_published_answer_is_not_filled_in,
    in with_replies("reviewed").await?,
    |world| {
        let number = publishes(world, "查件.csv", "transit,快递多久能到,三天必达。").await?;
        world.imports("退换.csv", "id,question,answer\nback,可以退吗,七天内可以退。\n", false).await?;
        if !asked(world).await? {
            return Ok(());
        }
        let listed = "words,reason,instead,severity\n三天必达,到达时间不作保证,,block\n";
        let report = world.imports("禁用词.csv", listed, true).await?;
        ensure!(report.problems.is_empty(), "{report:?}");
        for (wish, told) in [
            ("/do 1 标准回复".to_owned(), "请说明用哪条标准答案"),
            ("/do 1 标准回复 K999".to_owned(), "没有这条标准答案"),
            ("/do 1 标准回复 退换.csv:back".to_owned(), "没有发布"),
            (format!("/do 1 标准回复 K{number}"), "不能说的话"),
        ] {
            world.member_says("LiHua", &wish).await?;
            ensure!(world.newest_text("LiHua").contains(told), "{wish}: {}", world.newest_text("LiHua"));
        }
        let refused = world.record(1).await?.iter().filter(|told| told.kind == Kind::Refused).count();
        ensure!(refused == 4 && action(world, 1).await.is_err() && writes(world)? == 0, "{refused}");
        ensure!(!world.seller()?.hits().iter().any(|hit| hit.target.contains("conversations")), "a form was opened");
    }
);
