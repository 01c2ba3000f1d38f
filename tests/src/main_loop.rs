//! A customer's message becomes an approved reply (requirements scenarios 7, 8, 10, 11, 13, 16, 17).

use std::time::Duration;

use aijia::case::{Ending, State};
use aijia::evidence::Kind;
use aijia::store::knowledge::{self, EntryState};
use anyhow::ensure;
use cards::Act;

use simulator::Nonce;

use crate::story;
use crate::world::{FLAGSHIP, XIAOYU};

/// Any product fact the demo's shop answers.
const FACT: &str = "羊毛衫会起球吗？";

story!(
    /// Scenario 7: a card with draft and suggestion reaches the permitted people; nothing leaves.
    a_fact_is_drafted_and_nothing_leaves,
    |world| {
        world.customer_says(FACT).await?;
        for reviewer in ["LiHua", "ZhaoLiu"] {
            let card = world.card(reviewer)?;
            ensure!(card.text().contains("起球"), "the card shows neither question nor answer: {}", card.text());
            ensure!(card.has(Act::Send) && card.has(Act::Edit) && card.has(Act::Pause));
        }
        ensure!(!world.has_open_card("WangWu"), "low risk does not bother the supervisor");
        ensure!(!world.has_open_card("Stranger"));
        ensure!(world.customer_heard(XIAOYU).is_empty());
        ensure!(world.recorded(1, Kind::Drafted).await? && world.recorded(1, Kind::Judged).await?);
    }
);

story!(
    /// Scenario 8: the exact text shown is sent once; approver, time and outcome are stored.
    the_text_shown_is_sent_once,
    |world| {
        world.customer_says(FACT).await?;
        let case = world.case(1).await?;
        let shown = case.draft().cloned().map(|d| d.parts).unwrap_or_default();
        let visible = world.phone("LiHua");
        for part in &shown {
            let escaped = serde_json::to_string(part)?;
            ensure!(visible.contains(escaped.trim_matches('"')) || visible.contains(part), "not wholly shown: {part}");
        }
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == shown, "heard {:?}", world.customer_heard(XIAOYU));
        let case = world.case(1).await?;
        ensure!(case.state == State::Closed { ending: Ending::Answered }, "{:?}", case.state);
        let decided = case.last_decision.clone();
        ensure!(decided.is_some_and(|d| d.by == "lihua" && d.act == Act::Send));
        ensure!(world.recorded(1, Kind::SendClaimed).await? && world.recorded(1, Kind::SendSettled).await?);
        ensure!(!world.has_open_card("LiHua") && !world.has_open_card("ZhaoLiu"), "every card is settled");
        ensure!(world.phone("ZhaoLiu").contains("李华"), "the other reviewer sees who decided");
    }
);

story!(
    /// Scenario 10: the edited text goes out, the difference is stored, and a pending knowledge update exists.
    an_edit_is_approved_as_shown_and_becomes_a_proposal,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Edit).await?;
        ensure!(world.newest_text("LiHua").contains("#1"), "the prompt names the case: {}", world.newest_text("LiHua"));
        let before = world.case(1).await?.draft().cloned().map(|d| d.parts).unwrap_or_default();
        world.member_says("LiHua", "亲，轻微起球正常，附赠的小刷子轻轻一扫就好。").await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "an edit sends nothing");
        let card = world.card("LiHua")?;
        ensure!(card.text().contains("小刷子"), "the card shows the new text");
        world.taps("ZhaoLiu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["亲，轻微起球正常，附赠的小刷子轻轻一扫就好。"]);
        let edited = world.record(1).await?.into_iter().find(|told| told.kind == Kind::Edited);
        let payload = edited.and_then(|told| told.payload).unwrap_or_default();
        ensure!(payload["before"] == serde_json::json!(before), "who changed what, from what: {payload}");
        let proposed = world.app.store.read(|tx| {
            Box::pin(async move { Ok(knowledge::in_state(tx, EntryState::Proposed).await?) })
        });
        ensure!(proposed.await?.len() == 1, "the edit is proposed to the knowledge's owner");
    }
);

story!(
    /// Scenario 11: a rejection needs a reason from the list.
    a_rejection_needs_a_reason,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Reject).await?;
        let question = world.card("LiHua")?;
        ensure!(question.has(Act::ConfirmReject), "the tapper is asked why: {}", question.text());
        world.taps("LiHua", Act::ConfirmReject).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "no reason, no rejection");
        let question = world.card("LiHua")?;
        world.taps_card("LiHua", &question, Act::ConfirmReject, &[("reason", "outdated_knowledge")]).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(_)));
        let rejected = world.record(1).await?.into_iter().find(|told| told.kind == Kind::Rejected);
        let payload = rejected.and_then(|told| told.payload).unwrap_or_default();
        ensure!(payload["rejection"]["reason"] == "outdated_knowledge", "{payload}");
        ensure!(world.customer_heard(XIAOYU).is_empty());
    }
);

story!(
    /// Scenario 16: silence is never consent; the escalation owner is asked, then the case shows as overdue.
    nobody_answers_and_the_next_level_is_asked,
    |world| {
        world.customer_says(FACT).await?;
        world.wait(Duration::from_secs(10 * 60)).await?;
        ensure!(world.has_open_card("WangWu"), "the escalation owner is asked");
        ensure!(!world.has_open_card("LiHua"), "the reviewers' cards say where it went");
        ensure!(world.phone("WangWu").contains("羊毛衫"), "the whole story comes before the card");
        world.wait(Duration::from_secs(10 * 60)).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(ref r) if r.overdue));
        ensure!(world.has_open_card("WangWu"));
        ensure!(world.customer_heard(XIAOYU).is_empty(), "nothing is sent by silence");
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Scenario 17: a callback delivered twice has one effect and one record.
    a_callback_delivered_twice_counts_once,
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.sim.ring(FLAGSHIP).await?;
        world.sim.ring_twice(FLAGSHIP, Nonce::Same).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.record(1).await?.iter().filter(|told| told.kind == Kind::CustomerSaid).count() == 1);
        ensure!(world.case(2).await.is_err(), "one message, one case");
        let card = world.card("LiHua")?;
        let first = world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        ensure!(first.status == Some(200));
        let again = world.sim.tap_late("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        ensure!(again.status == Some(200));
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "one tap or two, one reply");
    }
);

story!(
    /// Several messages in a row are answered together, after a moment of quiet.
    a_burst_is_answered_together,
    |world| {
        for text in ["在吗", FACT, "还有，羊毛衫怎么洗？"] {
            world.sim.customer_says(FLAGSHIP, XIAOYU, text).await?;
            world.settle().await?;
            world.wait(Duration::from_secs(1)).await?;
        }
        ensure!(!world.has_open_card("LiHua"), "the bot waits until the customer has stopped typing");
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.has_open_card("LiHua"));
        ensure!(world.case(2).await.is_err(), "one need, one case");
    }
);

story!(
    /// The customer writes again while a card is open: the old card decides nothing any more.
    a_new_message_makes_the_old_card_worthless,
    |world| {
        world.customer_says(FACT).await?;
        let old = world.card("LiHua")?;
        world.customer_says("等一下，我想问的是怎么洗？").await?;
        world.taps_late("LiHua", &old, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "an old card sends nothing");
        ensure!(world.recorded(1, Kind::Refused).await?, "the late tap is on record");
        let shown = world.case(1).await?.draft().cloned().map(|d| d.parts).unwrap_or_default();
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == shown, "both questions are answered, as shown");
    }
);

story!(
    /// What adds nothing brings the same text back, with the new message shown.
    a_thank_you_brings_the_same_text_back,
    |world| {
        world.customer_says(FACT).await?;
        let before = world.case(1).await?.draft().cloned();
        world.customer_says("好的").await?;
        let after = world.case(1).await?.draft().cloned();
        ensure!(before.as_ref().map(|d| &d.parts) == after.as_ref().map(|d| &d.parts));
        ensure!(after.as_ref().map(|d| d.version) > before.as_ref().map(|d| d.version), "it must be approved as shown now");
    }
);

story!(
    /// No match: a card without 发送, and a recorded gap.
    what_the_shop_does_not_know_goes_to_a_person,
    |world| {
        world.customer_says("你们老板养的猫叫什么名字？").await?;
        let card = world.card("LiHua")?;
        ensure!(!card.has(Act::Send) && card.has(Act::TakeOver), "{}", card.text());
        let gaps = world.app.store.read(|tx| Box::pin(async move { Ok(knowledge::gaps::all(tx, 10).await?) }));
        ensure!(gaps.await?.len() == 1, "the gap is recorded");
        world.taps("LiHua", Act::Edit).await?;
        world.member_says("LiHua", "亲，我们家的猫叫山茶，欢迎来店里看它。").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["亲，我们家的猫叫山茶，欢迎来店里看它。"]);
    }
);

story!(
    /// Scenario 13 and 20: money goes to the supervisor, with the reason on the card.
    a_refund_goes_to_the_supervisor,
    |world| {
        world.customer_says("我要退款，退款多久到账？").await?;
        ensure!(world.has_open_card("WangWu") && !world.has_open_card("LiHua"));
        let card = world.card("WangWu")?;
        ensure!(card.text().contains("风险"), "why it was flagged is on the card: {}", card.text());
    }
);

story!(
    /// A case nobody answers within the platform's window ends as lost, which is said, not hidden.
    the_window_closes_and_the_holder_is_told,
    |world| {
        world.customer_says(FACT).await?;
        for _ in 0..49 {
            world.wait(Duration::from_secs(3600)).await?;
        }
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::WindowLost });
        ensure!(world.recorded(1, Kind::WindowLost).await?);
        ensure!(!world.has_open_card("WangWu"));
        ensure!(world.customer_heard(XIAOYU).is_empty());
    }
);
