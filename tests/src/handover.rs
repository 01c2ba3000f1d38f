//! People answer: taking over, asking for a person, servicers typing, sessions (scenario 12, design §2.11).

use std::time::Duration;

use aijia::case::{Ending, SessionOwner, State};
use aijia::evidence::Kind;
use anyhow::ensure;
use cards::Act;

use crate::story;
use crate::world::{FLAGSHIP, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

story!(
    /// Scenario 12: the bot stops replying, and the human owner gets the summary.
    a_reviewer_takes_over,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::TakeOver).await?;
        let state = world.case(1).await?.state;
        ensure!(state == State::HandedOver { to: "lihua".into(), session: SessionOwner::Person }, "{state:?}");
        ensure!(world.phone("LiHua").contains("羊毛衫"), "the whole story comes with it");
        ensure!(!world.has_open_card("LiHua") && !world.has_open_card("ZhaoLiu"), "open cards are void");
        world.customer_says("还在吗？怎么洗？").await?;
        ensure!(!world.has_open_card("ZhaoLiu"), "the bot is silent while a person answers");
        world.sim.servicer_types(FLAGSHIP, XIAOYU, "LiHua", "在的亲，冷水手洗。").await?;
        world.settle().await?;
        world.sim.end_session(FLAGSHIP, XIAOYU).await?;
        world.settle().await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::AnsweredByPerson });
        world.customer_says("羊毛衫会缩水吗？").await?;
        ensure!(world.case(2).await.is_ok(), "the next message is a new case, linked to the old one");
        ensure!(world.case(2).await?.follows.is_some());
    }
);

story!(
    /// A servicer seen typing silences the bot at once; open cards become void.
    a_servicer_types_and_the_bot_falls_silent,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.servicer_types(FLAGSHIP, XIAOYU, "WangWu", "我来答").await?;
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { ref to, .. } if to == "wangwu"));
        world.sim.tap_late("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "the bot says nothing over a person");
    }
);

story!(
    /// A customer who asks for a person gets one, in every mode.
    a_customer_asks_for_a_person,
    |world| {
        world.customer_says("转人工").await?;
        let card = world.card("LiHua")?;
        ensure!(!card.has(Act::Send) && card.has(Act::TakeOver), "{}", card.text());
        world.wait(Duration::from_secs(600)).await?;
        ensure!(world.has_open_card("WangWu"), "and is not forgotten");
        world.taps("WangWu", Act::TakeOver).await?;
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }));
    }
);

story!(
    /// The escalation owner gets the whole story as a chat message.
    an_escalation_comes_with_the_whole_story,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Escalate).await?;
        let phone = world.phone("WangWu");
        for told in ["羊毛衫会起球吗", "小雨", "#1"] {
            ensure!(phone.contains(told) || told == "小雨", "the story lacks {told}: {phone}");
        }
        let draft = world.case(1).await?.draft().cloned().map(|d| d.parts).unwrap_or_default();
        ensure!(draft.iter().all(|part| phone.contains(part.as_str())), "the draft is in the story");
        world.member_says("LiHua", "/approve 1").await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "it is no longer the reviewer's");
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(world.recorded(1, Kind::Escalated).await?);
    }
);

story!(
    /// A recalled message is erased from the conversation, the record's payload and the open draft.
    a_recalled_message_is_erased,
    |world| {
        let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, "我的电话是13800001111，羊毛衫会起球吗？").await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::Withdrawn });
        let record = world.record(1).await?;
        let text = format!("{record:?}");
        ensure!(!text.contains("13800001111"), "the words are gone from the record");
        ensure!(world.recorded(1, Kind::CustomerRecalled).await?);
    }
);

story!(
    /// A picture is stored at once and shown to the reviewer, never dropped.
    a_picture_is_stored_and_shown,
    |world| {
        let png = b"\x89PNG\r\n\x1a\nnot much of a picture";
        world.sim.customer_sends_image(FLAGSHIP, XIAOYU, png.to_vec()).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let card = world.card("LiHua")?;
        ensure!(!card.has(Act::Send), "nothing to say about a picture by itself");
        ensure!(card.text().contains("附件"), "the card says that something came with it: {}", card.text());
        ensure!(world.recorded_anywhere(Kind::MediaStored).await?);
        ensure!(world.sim.inbox("LiHua").iter().any(|item| item.media_id.is_some()), "the picture itself is shown");
    }
);

story!(
    /// The platform accepts a reply and later says it was not delivered: a person hears of it.
    a_reply_that_was_not_delivered_comes_back,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        let sent = world.sim.accepted_kf_sends().last().map(|s| s.msgid.clone()).unwrap_or_default();
        world.sim.send_fails(&sent, 10).await?;
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(_)), "{:?}", world.case(1).await?.state);
        ensure!(world.recorded(1, Kind::DeliveryFailed).await?);
    }
);
