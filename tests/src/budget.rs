//! Five messages in 48 hours, one of them kept for a person; replies of several parts; what the platform refuses.

use std::time::Duration;

use aijia::case::{Ending, State, Why};
use aijia::clock::HOUR;
use aijia::evidence::Kind;
use aijia::worker;
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Errcode, Fault, Lost};

use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
const PARTS: [&str; 3] = ["先说结论：会有一点点。", "再说原因：羊毛的特性。", "最后说办法：小刷子一扫就好。"];

/// What the platform accepted is called undelivered, so that the case comes back in the same window.
async fn newest_is_not_delivered(world: &mut World) -> anyhow::Result<()> {
    let sent = world.sim.accepted_kf_sends().last().map(|s| s.msgid.clone()).unwrap_or_default();
    world.sim.send_fails(&sent, 10).await?;
    world.settle().await
}

/// An edit and its approval by the same person.
async fn answers(world: &mut World, text: &str) -> anyhow::Result<()> {
    world.taps("LiHua", Act::Edit).await?;
    world.member_says("LiHua", text).await?;
    world.taps("LiHua", Act::Send).await.map(drop)
}

story!(
    /// The customer writes once: four messages at most are replies, the fifth stays for a person, and people are told.
    four_replies_and_the_fifth_is_kept,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        for text in ["第二次试着回复您。", "第三次试着回复您。", "第四次试着回复您。"] {
            newest_is_not_delivered(world).await?;
            answers(world, text).await?;
        }
        ensure!(world.sim.accepted_kf_sends().len() == 4);
        newest_is_not_delivered(world).await?;
        answers(world, "第五次试着回复您。").await?;
        ensure!(world.sim.count(Api::KfSendMsg) == 4, "nobody even asks the platform");
        ensure!(world.newest_text("LiHua").contains("条数不够"), "{}", world.newest_text("LiHua"));
        ensure!(world.recorded(1, Kind::Refused).await?);
        ensure!(world.card("LiHua")?.text().contains("可回 0 条"), "{}", world.card("LiHua")?.text());
        world.customer_says("还在吗？羊毛衫会起球吗？").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.sim.accepted_kf_sends().len() == 5, "a new message of the customer opens a new budget");
    }
);

story!(
    /// A reply with more messages than are left is not begun.
    a_reply_larger_than_the_budget_is_not_begun,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS[..2]).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == PARTS[..2]);
        newest_is_not_delivered(world).await?;
        world.rewrites("LiHua", &PARTS).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.sim.accepted_kf_sends().len() == 2, "three do not fit into the two that are left");
        ensure!(world.newest_text("LiHua").contains("条数不够"));
        world.rewrites("LiHua", &["合成一条：小刷子一扫就好。"]).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.sim.accepted_kf_sends().len() == 3);
    }
);

story!(
    /// The window closes between the approval and the claim: nothing leaves, the case ends as lost, the approver hears.
    the_window_closes_between_approval_and_claim,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.wait(Duration::from_secs(5 * 60)).await?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        worker::tick(&world.app).await?;
        ensure!(matches!(world.case(1).await?.state, State::Sending(_)));
        world.clock.advance(48 * HOUR);
        world.sim_clock.advance(48 * HOUR);
        world.settle().await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::WindowLost });
        ensure!(world.sim.count(Api::KfSendMsg) == 0, "nothing was even tried");
        ensure!(world.recorded(1, Kind::AuthorityVoided).await? && world.recorded(1, Kind::WindowLost).await?);
        ensure!(world.phone("LiHua").contains("时限"), "the approver is told: {}", world.newest_text("LiHua"));
    }
);

/// Approves a reply that the platform refuses with a code.
async fn refused_with(world: &mut World, code: i64) -> anyhow::Result<()> {
    world.customer_says(FACT).await?;
    world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(code)));
    world.taps("LiHua", Act::Send).await?;
    ensure!(world.customer_heard(XIAOYU).is_empty() && world.recorded(1, Kind::SendSettled).await?);
    world.wait(Duration::from_secs(120)).await?;
    ensure!(world.sim.count(Api::KfSendMsg) == 1, "a refused reply is not repeated by itself");
    Ok(())
}

story!(
    /// 95001: the platform's count wins over ours.
    the_platform_says_that_the_quota_is_spent,
    |world| {
        refused_with(world, 95001).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        answers(world, "再试一次。").await?;
        ensure!(world.newest_text("LiHua").contains("条数不够"), "{}", world.newest_text("LiHua"));
        ensure!(world.sim.count(Api::KfSendMsg) == 1);
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }), "a person still can");
    }
);

story!(
    /// 95002: the window is closed, whatever we thought.
    the_platform_says_that_the_window_is_closed,
    |world| {
        refused_with(world, 95002).await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::WindowLost });
        ensure!(world.phone("LiHua").contains("时限") && !world.has_open_card("LiHua"));
    }
);

story!(
    /// 95013: the session ended meanwhile; a person decides what now.
    the_platform_says_that_the_session_ended,
    |world| {
        refused_with(world, 95013).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        ensure!(world.phone("WangWu").contains("平台没有接受"), "{}", world.phone("WangWu"));
        ensure!(world.case(1).await?.window.quota_left == Some(5), "what was refused was not spent");
    }
);

story!(
    /// 95018: somebody else has the session; a person decides what now, and can still answer.
    the_platform_says_that_the_session_is_not_ours,
    |world| {
        refused_with(world, 95018).await?;
        ensure!(world.card("LiHua")?.text().contains("平台没有接受"));
        answers(world, "再回您一次。").await?;
        ensure!(world.customer_heard(XIAOYU) == ["再回您一次。"]);
    }
);

story!(
    /// Part two leaves only after part one was accepted.
    parts_leave_one_after_another,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == PARTS);
        let told = world.record(1).await?;
        let ways: Vec<Kind> = told.iter().map(|told| told.kind).filter(|kind| {
            matches!(kind, Kind::SendClaimed | Kind::SendSettled)
        }).collect();
        let pair = [Kind::SendClaimed, Kind::SendSettled];
        ensure!(ways == [pair, pair, pair].concat(), "claimed before the one before was settled: {ways:?}");
    }
);

story!(
    /// Part two is refused: part three stays, and the person sees what arrived and what did not.
    the_first_part_that_fails_stops_the_rest,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(0));
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(95013)));
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == PARTS[..1] && world.sim.count(Api::KfSendMsg) == 2);
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        let seen = what_arrived(world);
        ensure!(seen.contains(PARTS[0]), "what arrived: {seen}");
        ensure!(!seen.contains(PARTS[1]) && !seen.contains(PARTS[2]), "and nothing else: {seen}");
    }
);

/// What LiHua's phone says about the messages of a reply that arrived.
fn what_arrived(world: &World) -> String {
    let told = world.sim.inbox("LiHua").into_iter().map(|item| item.text);
    told.into_iter().rfind(|text| text.contains("已送达")).unwrap_or_default()
}

story!(
    /// Part two is unknown: the rest stays, and nobody repeats anything.
    an_unknown_part_stops_the_rest,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(0));
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)));
        world.wait(Duration::from_secs(600)).await?;
        ensure!(world.sim.count(Api::KfSendMsg) == 2);
    }
);

story!(
    /// The customer writes between two parts: what has not left no longer answers what was said.
    the_customer_writes_between_two_parts,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        while world.sim.count(Api::KfSendMsg) == 0 {
            worker::tick(&world.app).await?;
        }
        world.sim.customer_says(FLAGSHIP, XIAOYU, "等等，我问的是怎么洗羊毛衫？").await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let heard = world.customer_heard(XIAOYU);
        ensure!(heard.len() < 3 && heard == PARTS[..heard.len()], "the last part answered something older: {heard:?}");
        ensure!(world.recorded(1, Kind::AuthorityVoided).await?);
        ensure!(world.card("LiHua")?.has(Act::Send), "a new draft waits");
        let before = heard.len();
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() > before);
    }
);

story!(
    /// A pause between two parts: what has not left loses its authority; after the resume only the rest is asked for.
    a_pause_between_two_parts,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        while world.sim.count(Api::KfSendMsg) == 0 {
            worker::tick(&world.app).await?;
        }
        world.member_says("WangWu", "/暂停 kf-flagship 等等").await?;
        let paused_at = world.customer_heard(XIAOYU).len();
        ensure!(paused_at < 3, "the pause came too late to say anything");
        world.wait(Duration::from_secs(60)).await?;
        ensure!(world.customer_heard(XIAOYU).len() == paused_at);
        world.member_says("WangWu", "/恢复 kf-flagship").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == PARTS, "each part once: {:?}", world.customer_heard(XIAOYU));
    }
);
