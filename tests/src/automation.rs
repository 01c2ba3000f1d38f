//! Automation that is earned: opened by two people on the record of decisions, sending by permit, watched by blind reviews,
//! closed by one person or by itself.

mod agreed;
mod harm;

use std::time::Duration;

use aijia::case::{Ending, State};
use aijia::evidence::Kind;
use aijia::policy::Hold;
use anyhow::{Context, ensure};
use cards::{Act, CareAct};

use crate::story;
use crate::world::{Card, DESK, FLAGSHIP, Setting, World};

pub(crate) const FACT: &str = "真丝衬衫怎么洗";
pub(crate) const NOTICE: &str = "（AI 自动回复，回复“人工”转人工客服）";
const OPEN: &str = "/模式 kf-flagship/product 自动";
const CLOSE: &str = "/模式 kf-flagship/product 草稿";

/// The flagship in mode `auto`; nothing is open there yet. Every reply that leaves by itself is reviewed, where `sampled`.
fn automatic(sampled: bool) -> Setting {
    with_auto(if sampled { "sample = 1.0" } else { "sample = 0.02" })
}

/// The flagship in mode `auto` under these limits.
pub(crate) fn with_auto(limits: &str) -> Setting {
    let desk = DESK.replacen("mode = \"draft\"", "mode = \"auto\"", 1);
    Setting::desk(format!("{desk}\n[policy.auto]\n{limits}\n"))
}

impl World {
    /// A new customer asks, and the desk has drafted.
    pub(crate) async fn asked_by(&mut self, customer: &str, text: &str) -> anyhow::Result<()> {
        self.sim.add_customer(customer, "顾客");
        self.says(FLAGSHIP, customer, text).await
    }

    /// What the launch checklist wants has really happened: a pause was tried, a card reached whoever is above, the record
    /// was sealed, and people decided about a draft.
    async fn is_ready(&mut self) -> anyhow::Result<()> {
        self.asked_by("wmFirst", FACT).await?;
        self.decides("LiHua", Act::Send).await?;
        self.writes("WangWu", "/暂停 kf-flagship 试一下").await?;
        self.writes("WangWu", "/恢复 kf-flagship").await?;
        self.asked_by("wmAngry", "我要投诉你们，必须赔偿").await?;
        self.writes("WangWu", "/检查 上级").await?;
        self.decides_on_knowledge("WangWu", CareAct::Received).await?;
        self.wait(Duration::from_secs(70)).await
    }

    /// The first decision is repeated so many times in the record of decisions, as if as many customers had asked.
    async fn decided_often(&self, times: i64, outcome: &'static str) -> anyhow::Result<()> {
        let sql = "INSERT INTO outcomes (case_id, generation, channel, intent, risk, signals, drafted_at, escalated,
                   outcome, decided_by, decided_at, eligible)
                   SELECT CAST($1 AS TEXT), 1, channel, intent, risk, signals, drafted_at, FALSE, $2, decided_by,
                   decided_at, eligible FROM outcomes WHERE outcome = 'unchanged' AND eligible
                   ORDER BY drafted_at, case_id LIMIT 1";
        let repeated = self.app.store.commit(move |tx| {
            Box::pin(async move {
                let mut added = 0;
                for n in 0..times {
                    added += tx.run(sql, aijia::args![format!("earlier-{outcome}-{n}"), outcome]).await?;
                }
                Ok(added)
            })
        });
        ensure!(i64::try_from(repeated.await?)? == times, "there is no eligible decision to repeat");
        Ok(())
    }

    /// The reviewer who has the card of what a customer heard, and the card.
    pub(crate) async fn sampled(&self, customer: &str) -> anyhow::Result<(&'static str, Card)> {
        let number = self.number_of(customer).await?.context("a case")?;
        let reviewer = if self.card_of("LiHua", number).is_ok() { "LiHua" } else { "ZhaoLiu" };
        Ok((reviewer, self.card_of(reviewer, number)?))
    }

    /// Two people open it, once it is earned.
    pub(crate) async fn opens_automation(&mut self) -> anyhow::Result<()> {
        self.is_ready().await?;
        self.decided_often(400, "unchanged").await?;
        self.member_says("WangWu", OPEN).await?;
        self.member_says("ChenJie", OPEN).await?;
        ensure!(self.newest_text("ChenJie").contains("已开"), "{}", self.newest_text("ChenJie"));
        self.wait(Duration::from_secs(70)).await
    }
}

story!(
    /// Everything that is missing is said, each with what to do; a single bad draft costs many good ones.
    what_is_missing_is_said,
    in automatic(false),
    |world| {
        world.member_says("WangWu", OPEN).await?;
        let missing = world.newest_text("WangWu");
        for told in ["还不能自动回复", "上线检查没过", "还差 200 条", "还差 299 条"] {
            ensure!(missing.contains(told), "{told}: {missing}");
        }
        world.member_says("LiHua", OPEN).await?;
        ensure!(world.newest_text("LiHua").contains("没有生效"), "a reviewer does not open");
        world.is_ready().await?;
        world.asked_by("wmCard", FACT).await?;
        ensure!(world.card("LiHua")?.text().contains("自动还差 298 条"), "{}", world.card("LiHua")?.text());
        world.decided_often(297, "unchanged").await?;
        world.member_says("WangWu", OPEN).await?;
        let missing = world.newest_text("WangWu");
        ensure!(missing.contains("还差 1 条") && missing.lines().count() == 2, "only that is missing: {missing}");
        world.decided_often(1, "rejected").await?;
        world.member_says("WangWu", OPEN).await?;
        let missing = world.newest_text("WangWu");
        ensure!(missing.contains("还差") && !missing.contains("还差 1 条"), "a bad one costs: {missing}");
        ensure!(world.entries(Kind::AutomationProposed).await?.is_empty());
    }
);

story!(
    /// The second of two people opens; the same person twice does not, and a proposal of yesterday does not stand.
    the_same_person_does_not_open_alone,
    in automatic(false),
    |world| {
        world.is_ready().await?;
        world.decided_often(400, "unchanged").await?;
        world.member_says("WangWu", OPEN).await?;
        ensure!(world.newest_text("WangWu").contains("另一位管理员"), "{}", world.newest_text("WangWu"));
        ensure!(world.phone("ChenJie").contains("同意开启"), "{}", world.phone("ChenJie"));
        world.member_says("WangWu", OPEN).await?;
        ensure!(world.newest_text("WangWu").contains("另一位管理员"), "once more is not twice");
        world.wait(Duration::from_secs(25 * 3_600)).await?;
        world.member_says("ChenJie", OPEN).await?;
        ensure!(world.newest_text("ChenJie").contains("另一位管理员"), "what was proposed yesterday is gone");
        world.member_says("WangWu", "/mode kf-flagship/product auto").await?;
        ensure!(world.newest_text("WangWu").contains("已开"), "{}", world.newest_text("WangWu"));
        let opened = world.entries(Kind::AutomationOpened).await?;
        ensure!(opened.len() == 1 && opened[0]["first"] == "chenjie" && opened[0]["bad"] == 0, "{opened:?}");
        world.member_says("LiHua", "/状态").await?;
        ensure!(world.newest_text("LiHua").contains("自动回复：商品"), "{}", world.newest_text("LiHua"));
        world.member_says("LiHua", CLOSE).await?;
        ensure!(world.newest_text("LiHua").contains("已停"), "{}", world.newest_text("LiHua"));
        world.asked_by("wmLater", FACT).await?;
        ensure!(world.customer_heard("wmLater").is_empty() && world.has_open_card("LiHua"));
        ensure!(world.entries(Kind::AutomationClosed).await?.len() == 1);
    }
);

story!(
    /// What can never be automated is refused in words, whatever the record says.
    what_is_risky_or_reviewed_does_not_open,
    in automatic(false),
    |world| {
        world.member_says("WangWu", "/模式 kf-flagship/refund 自动").await?;
        ensure!(world.newest_text("WangWu").contains("风险不低"), "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/模式 kf-flagship/coupon 自动").await?;
        ensure!(world.newest_text("WangWu").contains("review_required"), "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/模式 kf-outlet/product 自动").await?;
        ensure!(world.newest_text("WangWu").contains("mode = "), "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/模式 没有的店/product 自动").await?;
        ensure!(world.newest_text("WangWu").contains("没有叫“没有的店”"), "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/模式 kf-flagship/猫 自动").await?;
        ensure!(world.newest_text("WangWu").contains("没有叫“猫”的意图"), "{}", world.newest_text("WangWu"));
    }
);

story!(
    /// A routine question gets the published answer at once, marked as automatic; the permit is on record before the send,
    /// with the chance, the threshold and the entry's version. No card disturbs anybody.
    a_routine_question_is_answered_by_permit,
    in automatic(false),
    |world| {
        world.opens_automation().await?;
        let cards = world.phone("LiHua");
        world.asked_by("wmNext", FACT).await?;
        let heard = world.customer_heard("wmNext");
        ensure!(heard.len() == 1 && heard[0].ends_with(NOTICE) && heard[0].contains("手洗 3 分钟以内"), "{heard:?}");
        ensure!(world.phone("LiHua") == cards, "no card: {}", world.phone("LiHua"));
        let number = world.number_of("wmNext").await?.context("a case")?;
        ensure!(matches!(world.case(number).await?.state, State::Closed { ending: Ending::Answered }));
        let record = world.record(number).await?;
        let at = |kind: Kind| record.iter().position(|told| told.kind == kind);
        ensure!(at(Kind::Permitted).is_some() && at(Kind::Permitted) < at(Kind::SendClaimed), "{record:?}");
        let permit = world.entries(Kind::Permitted).await?;
        ensure!(permit[0]["chance"].as_f64() >= permit[0]["threshold"].as_f64(), "{permit:?}");
        ensure!(permit[0]["citations"][0]["version"] == 1 && permit[0]["policy"].is_string(), "{permit:?}");
        world.member_says("LiHua", &format!("/为什么 {number}")).await?;
        ensure!(world.newest_text("LiHua").contains("放行自动回复"), "{}", world.newest_text("LiHua"));
        world.member_says("LiHua", "/状态").await?;
        let status = world.newest_text("LiHua");
        for told in ["24 小时内发出 1 条", "0.90", "没有暂停", "上级 王武", "/证据"] {
            ensure!(status.contains(told), "{told}: {status}");
        }
        world.record_verifies().await?;
    }
);

story!(
    /// What is not routine is a card as ever: another intent, a grave word, a wish for a person, no knowledge.
    everything_else_is_a_card,
    in automatic(false),
    |world| {
        world.opens_automation().await?;
        for (customer, text) in [
            ("wmSize", "真丝衬衫尺码怎么选"),
            ("wmRefund", "真丝衬衫怎么洗，洗坏了退款 50 给我"),
            ("wmPerson", "真丝衬衫怎么洗 转人工"),
            ("wmCat", "你们老板养的猫叫什么名字？"),
        ] {
            world.asked_by(customer, text).await?;
            ensure!(world.customer_heard(customer).is_empty(), "{text}: {:?}", world.customer_heard(customer));
        }
        ensure!(world.entries(Kind::Permitted).await?.is_empty());
    }
);

story!(
    /// A pause stops what leaves by itself like everything else; resuming lets the next question be answered.
    a_pause_stops_what_leaves_by_itself,
    in automatic(false),
    |world| {
        world.opens_automation().await?;
        world.member_says("LiHua", "/暂停 kf-flagship 价格写错").await?;
        world.asked_by("wmPaused", FACT).await?;
        ensure!(world.customer_heard("wmPaused").is_empty() && world.entries(Kind::Permitted).await?.is_empty());
        let number = world.number_of("wmPaused").await?.context("a case")?;
        let draft = world.case(number).await?.draft().cloned().context("a draft")?;
        ensure!(draft.verdict.holds == [Hold::Paused], "{:?}", draft.verdict.holds);
        world.member_says("WangWu", "/恢复 kf-flagship").await?;
        world.asked_by("wmAfter", FACT).await?;
        ensure!(world.customer_heard("wmAfter").len() == 1);
        ensure!(world.customer_heard("wmPaused").is_empty(), "what came before the resume waits for a person");
    }
);

story!(
    /// What left is put before a reviewer who is not told: the same card, the same buttons. Their decision sends nothing, and
    /// is told them afterwards.
    what_left_is_reviewed_blind,
    in automatic(true),
    |world| {
        world.opens_automation().await?;
        world.asked_by("wmNext", FACT).await?;
        let heard = world.customer_heard("wmNext");
        ensure!(heard.len() == 1);
        let (reviewer, card) = world.sampled("wmNext").await?;
        let text = card.text();
        ensure!(text.contains(FACT) && text.contains("手洗") && !text.contains("自动回复") && !text.contains("抽查"), "{text}");
        for act in [Act::Send, Act::Edit, Act::Reject, Act::Escalate, Act::TakeOver, Act::Pause] {
            ensure!(card.has(act), "{act:?}");
        }
        world.taps_card(reviewer, &card, Act::Send, &[]).await?;
        ensure!(world.newest_text(reviewer).contains("抽查"), "{}", world.newest_text(reviewer));
        ensure!(world.customer_heard("wmNext") == heard, "nothing is sent again");
        world.taps_late(reviewer, &card, Act::Send).await?;
        ensure!(world.entries(Kind::SampleReviewed).await?.len() == 1 && world.customer_heard("wmNext") == heard);
        world.asked_by("wmEdit", FACT).await?;
        let (reviewer, card) = world.sampled("wmEdit").await?;
        world.taps_card(reviewer, &card, Act::Edit, &[]).await?;
        world.member_says(reviewer, "亲，建议干洗。").await?;
        ensure!(world.newest_text(reviewer).contains("不该这样发"), "{}", world.newest_text(reviewer));
        let reviews = world.entries(Kind::SampleReviewed).await?;
        ensure!(reviews[0]["outcome"] == "unchanged" && reviews[1]["outcome"] == "changed", "{reviews:?}");
        ensure!(world.customer_heard("wmEdit").len() == 1, "what was typed is not sent");
        world.record_verifies().await?;
    }
);

story!(
    /// Three reviews in a row that would not have sent it close automation by themselves, in the same moment; whoever is above
    /// hears of it, and what was decided before opens nothing any more.
    a_drop_closes_by_itself,
    in automatic(true),
    |world| {
        world.opens_automation().await?;
        for customer in ["wmA", "wmB", "wmC"] {
            world.asked_by(customer, FACT).await?;
            ensure!(world.customer_heard(customer).len() == 1, "{customer}");
            let (reviewer, card) = world.sampled(customer).await?;
            world.taps_card(reviewer, &card, Act::TakeOver, &[]).await?;
        }
        ensure!(world.phone("WangWu").contains("已停止自动回复") && world.phone("ChenJie").contains("3 条不该"));
        let closed = world.entries(Kind::AutomationClosed).await?;
        ensure!(closed.len() == 1 && closed[0]["why"] == "dropped" && closed[0]["bad"] == 3, "{closed:?}");
        world.asked_by("wmD", FACT).await?;
        ensure!(world.customer_heard("wmD").is_empty() && world.has_open_card("LiHua"));
        world.member_says("WangWu", OPEN).await?;
        ensure!(world.newest_text("WangWu").contains("还差 299 条"), "{}", world.newest_text("WangWu"));
    }
);

story!(
    /// Where nobody reviews what left, nothing more leaves: silence is no consent.
    what_nobody_reviews_stops_the_rest,
    in automatic(true),
    |world| {
        world.opens_automation().await?;
        world.asked_by("wmSeen", FACT).await?;
        ensure!(world.customer_heard("wmSeen").len() == 1);
        world.wait(Duration::from_secs(47 * 3_600)).await?;
        world.asked_by("wmStill", FACT).await?;
        ensure!(world.customer_heard("wmStill").len() == 1);
        world.wait(Duration::from_secs(2 * 3_600)).await?;
        world.asked_by("wmUnseen", FACT).await?;
        ensure!(world.customer_heard("wmUnseen").is_empty());
        world.member_says("WangWu", "/状态").await?;
        ensure!(world.newest_text("WangWu").contains("48 小时没人看"), "{}", world.newest_text("WangWu"));
    }
);
