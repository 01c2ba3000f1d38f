//! The desk in chat: typed commands, their permissions, and what they answer.

use std::time::Duration;

use aijia::case::{Draft, Ending, State};
use aijia::evidence::Kind;
use anyhow::ensure;
use cards::Act;

use crate::story;
use crate::world::XIAOYU;

const FACT: &str = "羊毛衫会起球吗？";

story!(
    /// Without the code, or with an old one, the bot answers with the current card and decides nothing.
    approving_by_command_needs_the_code_of_what_is_shown,
    |world| {
        world.customer_says(FACT).await?;
        world.member_says("LiHua", "/approve 1").await?;
        world.member_says("LiHua", "/approve 1 zzzz").await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "no code, no reply");
        ensure!(world.has_open_card("LiHua"), "the current card comes instead");
        let code = world.case(1).await?.draft().map(Draft::code).unwrap_or_default();
        world.member_says("LiHua", &format!("／通过　＃1 {}", code.to_uppercase())).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "full-width and upper case are forgiven");
    }
);

story!(
    /// Every command that decides works from chat, and is on record.
    deciding_by_command,
    |world| {
        world.customer_says(FACT).await?;
        world.member_says("LiHua", "/改 1 亲，轻微起球属于正常现象。").await?;
        ensure!(world.card("LiHua")?.text().contains("轻微起球"), "an edit comes back as a card");
        world.member_says("LiHua", "/拒绝 1").await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "a reason is needed");
        world.member_says("LiHua", "/拒绝 1 知识过期").await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(_)));
        world.member_says("LiHua", "/上级 1").await?;
        ensure!(world.has_open_card("WangWu"));
        world.member_says("WangWu", "/接手 1").await?;
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }));
        world.member_says("WangWu", "/交还 1").await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::AnsweredByPerson });
        for kind in [Kind::Edited, Kind::Rejected, Kind::Escalated, Kind::TakenOver, Kind::GivenBack] {
            ensure!(world.recorded(1, kind).await?, "{kind} is on record");
        }
    }
);

story!(
    /// Questions are answered from stored rows: queue, status, why, who am I, evidence.
    asking_by_command,
    |world| {
        world.customer_says(FACT).await?;
        world.member_says("LiHua", "/queue").await?;
        ensure!(world.newest_text("LiHua").contains("#1"), "{}", world.newest_text("LiHua"));
        world.taps("LiHua", Act::Send).await?;
        world.member_says("LiHua", "/why 1").await?;
        let why = world.newest_text("LiHua");
        ensure!(why.contains("起球") && why.contains("李华"), "suggested, and approved by whom: {why}");
        world.member_says("LiHua", "/状态").await?;
        world.member_says("LiHua", "/whoami").await?;
        ensure!(world.newest_text("LiHua").contains("李华"));
        world.member_says("WangWu", "/evidence 1").await?;
        ensure!(world.newest_text("WangWu").contains('1'), "{}", world.newest_text("WangWu"));
        world.member_says("LiHua", "/case 99").await?;
        ensure!(world.newest_text("LiHua").contains("99"), "an unknown number is said");
        world.member_says("LiHua", "/mode kf-flagship auto").await?;
        ensure!(!world.newest_text("LiHua").is_empty(), "what does not exist yet is said");
    }
);

story!(
    /// Help shows only what the person may do; the right is checked again at the act.
    help_and_permission_come_from_one_table,
    |world| {
        world.member_says("SunMei", "/帮助").await?;
        let for_owner = world.newest_text("SunMei");
        world.member_says("ChenJie", "/帮助").await?;
        let for_admin = world.newest_text("ChenJie");
        ensure!(for_owner.len() < for_admin.len(), "a knowledge owner may do less than an admin");
        world.member_says("SunMei", "/暂停 全部").await?;
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "who may not pause, pauses nothing");
    }
);

story!(
    /// One edit per person at a time: it ends after five minutes, at a command, or with 取消.
    an_edit_waits_for_one_message_only,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Edit).await?;
        world.member_says("LiHua", "取消").await?;
        world.member_says("LiHua", "这句话不是回复").await?;
        ensure!(world.case(1).await?.version == 1, "a cancelled edit changes nothing");
        world.taps("LiHua", Act::Edit).await?;
        world.member_says("LiHua", "/queue").await?;
        world.member_says("LiHua", "这句话也不是回复").await?;
        ensure!(world.case(1).await?.version == 1, "a command ends the edit");
        world.taps("LiHua", Act::Edit).await?;
        world.wait(Duration::from_secs(301)).await?;
        world.member_says("LiHua", "太晚了").await?;
        ensure!(world.case(1).await?.version == 1, "after five minutes it is over");
    }
);

story!(
    /// The version was decided while somebody was typing: the text is kept, not lost.
    a_late_edit_is_kept,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Edit).await?;
        world.taps("ZhaoLiu", Act::Send).await?;
        world.member_says("LiHua", "我写了很久的一段话").await?;
        ensure!(world.phone("LiHua").contains("我写了很久的一段话"), "the author gets the words back");
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Off duty means off duty: the cards go to whoever is there, or to the escalation owner.
    who_is_off_duty_gets_no_cards,
    |world| {
        world.member_says("LiHua", "/下班").await?;
        world.customer_says(FACT).await?;
        ensure!(!world.has_open_card("LiHua") && world.has_open_card("ZhaoLiu"));
        world.member_says("ZhaoLiu", "/下班").await?;
        world.says(crate::world::FLAGSHIP, "wmAqiang", FACT).await?;
        ensure!(world.has_open_card("WangWu"), "nobody on duty: the escalation owner is asked at once");
    }
);
