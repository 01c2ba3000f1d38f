//! Notices: the only words that leave without a tap (design §2.11). Off by default; each a fixed text that an admin
//! approved; at most one of each kind per case, never the last message of the budget, paused like everything else.

use std::time::Duration;

use aijia::case::{State, Why};
use aijia::evidence::Kind;
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Errcode, Fault, Lost};

use crate::story;
use crate::world::shown::sha256;
use crate::world::{DESK, FLAGSHIP, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
const UNKNOWN: &str = "你们老板养的猫叫什么名字？";
const WELCOME: &str = "您好，这里是山茶家，请问有什么可以帮您？";
const RECEIVED: &str = "您的消息已收到，客服会尽快回复您。";
const HANDOVER: &str = "已为您转接人工客服，请稍等。";

/// The flagship's desk with these notices, approved by the admin.
fn with(notices: &[(&str, &str)]) -> Setting {
    let tables = notices.iter().map(|(kind, text)| {
        let sha256 = sha256(text);
        format!("[channels.notices.{kind}]\ntext = \"{text}\"\napproved_by = \"chenjie\"\nsha256 = \"{sha256}\"\n")
    });
    let last_line = "review_required = [\"coupon\"]\n";
    let desk = DESK.replacen(last_line, &format!("{last_line}\n{}", tables.collect::<String>()), 1);
    Setting::desk(desk)
}

fn all_three() -> Setting {
    with(&[("welcome", WELCOME), ("received", RECEIVED), ("handover", HANDOVER)])
}

/// How often the customer read these words.
fn heard(world: &World, text: &str) -> usize {
    world.customer_heard(XIAOYU).iter().filter(|heard| *heard == text).count()
}

story!(
    /// Nobody configured any: nothing leaves without a tap, whatever happens.
    notices_are_off_by_default,
    |world| {
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.settle().await?;
        world.customer_says(UNKNOWN).await?;
        world.customer_says("转人工").await?;
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "{:?}", world.customer_heard(XIAOYU));
        ensure!(world.sim.count(Api::KfSendMsgOnEvent) == 0);
    }
);

story!(
    /// A person has to look: the customer is told so once per case, and in the next case once again.
    received_is_said_once_in_a_case,
    in all_three(),
    |world| {
        world.customer_says(UNKNOWN).await?;
        ensure!(world.customer_heard(XIAOYU) == [RECEIVED], "{:?}", world.customer_heard(XIAOYU));
        world.customer_says("它几岁了？").await?;
        world.customer_says("它是公的还是母的？").await?;
        ensure!(heard(world, RECEIVED) == 1, "once per case");
        let noticed = world.entries(Kind::NoticeSent).await?;
        ensure!(noticed.len() == 1 && noticed[0]["approved_by"] == "chenjie" && noticed[0]["text"] == RECEIVED);
        ensure!(noticed[0]["sha256"] == sha256(RECEIVED).as_str());
        world.member_says("LiHua", "/拒绝 1 缺知识").await?;
        ensure!(world.case(1).await?.is_closed());
        world.customer_says("你们老板养的狗叫什么名字？").await?;
        ensure!(world.case(2).await.is_ok() && heard(world, RECEIVED) == 2, "the next case has its own");
    }
);

story!(
    /// A draft that waits for a tap is no reason for a notice.
    a_draft_gives_no_notice,
    in all_three(),
    |world| {
        world.customer_says(FACT).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty());
    }
);

story!(
    /// Asked for a person, and taken over afterwards: the hand-over is said once.
    handover_is_said_when_a_person_was_asked_for,
    in all_three(),
    |world| {
        world.customer_says("转人工").await?;
        ensure!(world.customer_heard(XIAOYU) == [HANDOVER], "{:?}", world.customer_heard(XIAOYU));
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(world.customer_heard(XIAOYU) == [HANDOVER], "once per case");
    }
);

story!(
    /// Taken over by a tap: the hand-over is said before the session goes to the person.
    handover_is_said_when_a_person_takes_over,
    in all_three(),
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(world.customer_heard(XIAOYU) == [HANDOVER], "{:?}", world.customer_heard(XIAOYU));
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }));
    }
);

story!(
    /// The last message of the budget is a person's: no notice takes it.
    a_notice_is_never_the_last_message_of_the_budget,
    in all_three(),
    |world| {
        world.customer_says(UNKNOWN).await?;
        world.rewrites("LiHua", &["它叫山茶。", "今年三岁。", "欢迎来店里看它。"]).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 4 && heard(world, RECEIVED) == 1);
        let sent = world.sim.accepted_kf_sends().last().map(|s| s.msgid.clone()).unwrap_or_default();
        world.sim.send_fails(&sent, 10).await?;
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::NotDelivered));
        ensure!(world.case(1).await?.window.quota_left == Some(1));
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(heard(world, HANDOVER) == 0, "four of five were spent, the last is the person's");
        ensure!(world.sim.accepted_kf_sends().len() == 4);
    }
);

story!(
    /// Paused like everything else, and not made up for afterwards.
    no_notice_leaves_during_a_pause,
    in all_three(),
    |world| {
        world.member_says("WangWu", "/暂停 kf-flagship 先停").await?;
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.settle().await?;
        world.customer_says(UNKNOWN).await?;
        world.customer_says("转人工").await?;
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "{:?}", world.customer_heard(XIAOYU));
        world.member_says("WangWu", "/恢复 kf-flagship").await?;
        world.wait(Duration::from_secs(60)).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "a notice that is late says something untrue");
        ensure!(world.entries(Kind::NoticeSent).await?.is_empty());
    }
);

story!(
    /// A customer enters and is greeted through the code of that event, in the words and the name of the admin.
    a_customer_who_enters_is_greeted,
    in all_three(),
    |world| {
        ensure!(world.sim.customer_enters(FLAGSHIP, XIAOYU).await?.is_some());
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU) == [WELCOME]);
        let sent = world.sim.accepted_kf_sends();
        ensure!(sent.len() == 1 && sent[0].on_event && world.sim.count(Api::KfSendMsg) == 0);
        let noticed = world.entries(Kind::NoticeSent).await?;
        ensure!(noticed.len() == 1 && noticed[0]["kind"] == "welcome" && noticed[0]["approved_by"] == "chenjie");
        let code = world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.settle().await?;
        ensure!(code.is_none() && heard(world, WELCOME) == 1, "the platform gives one code in 48 hours");
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 2);
    }
);

story!(
    /// The code is good for twenty seconds: who is late greets nobody, and does not try.
    a_greeting_that_is_late_is_none,
    in all_three(),
    |world| {
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.clock.advance(21_000);
        world.sim_clock.advance(21_000);
        world.settle().await?;
        ensure!(world.sim.count(Api::KfSendMsgOnEvent) == 0 && world.customer_heard(XIAOYU).is_empty());
        ensure!(world.entries(Kind::NoticeSent).await?.is_empty(), "what was not sent is not on record");
    }
);

story!(
    /// A notice whose answer got lost is not repeated, and does not stay on its way for ever.
    a_lost_notice_is_not_repeated,
    in all_three(),
    |world| {
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        world.customer_says(UNKNOWN).await?;
        ensure!(heard(world, RECEIVED) == 1);
        world.customer_says("它几岁了？").await?;
        ensure!(heard(world, RECEIVED) == 1, "perhaps it arrived: it is not said again");
        world.says(FLAGSHIP, "wmAqiang", UNKNOWN).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(95018)));
        world.says(FLAGSHIP, "wmLinlin", UNKNOWN).await?;
        ensure!(world.customer_heard("wmLinlin").is_empty());
    }
);

story!(
    /// A worker hangs with a notice until another takes its place: given up as unknown, and not said again. The answer
    /// that comes after all is on record as late.
    a_notice_whose_answer_comes_late,
    in all_three(),
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, UNKNOWN).await?;
        world.settle().await?;
        world.clock.advance(4_000);
        world.sim_clock.advance(4_000);
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(3_000));
        let app = world.app.clone();
        let working = tokio::spawn(async move { aijia::worker::pump(&app).await });
        while world.sim.count(Api::KfSendMsg) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.restart().await?;
        world.wait(Duration::from_secs(61)).await?;
        working.await??;
        world.settle().await?;
        ensure!(heard(world, RECEIVED) == 1 && world.sim.count(Api::KfSendMsg) == 1);
        let settled = world.entries(Kind::SendSettled).await?;
        let told: Vec<_> = settled.iter().map(|s| (s["result"]["result"].as_str(), s["late"].as_bool())).collect();
        ensure!(told == [(Some("unknown"), Some(false)), (Some("accepted"), Some(true))], "{settled:?}");
    }
);

story!(
    /// The platform puts a notice off: it would come too late to be true, so it is not tried again.
    a_notice_that_is_put_off_is_not_said,
    in all_three(),
    |world| {
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(45009)));
        world.customer_says(UNKNOWN).await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(heard(world, RECEIVED) == 0 && world.sim.count(Api::KfSendMsg) == 1);
    }
);

story!(
    /// The program dies while a notice is on its way: unknown, not repeated, and no pause calls it in flight for ever.
    killed_while_a_notice_was_on_its_way,
    in all_three(),
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, UNKNOWN).await?;
        world.settle().await?;
        world.clock.advance(4_000);
        world.sim_clock.advance(4_000);
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Hang));
        world.killed_at(Api::KfSendMsg, 1).await?;
        world.wait(Duration::from_secs(61)).await?;
        world.customer_says("它几岁了？").await?;
        ensure!(heard(world, RECEIVED) == 1 && world.sim.count(Api::KfSendMsg) == 1);
        world.member_says("WangWu", "/暂停 kf-flagship").await?;
        let told = world.newest_text("WangWu");
        ensure!(!told.contains("出门"), "nothing has been on its way for a minute: {told}");
    }
);
