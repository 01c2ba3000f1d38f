//! Colleagues' phones: cards that appeared twice or came late, limits on messages, presses without the right, and
//! pauses as the people they concern hear of them.

use std::time::Duration;

use aijia::case::Level;
use aijia::evidence::Kind;
use aijia::store::cases;
use aijia::store::queue::{self, Rank};
use aijia::{config, start, worker};
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Fault, Item, ItemKind, Lost};

use crate::story;
use crate::world::{Card, DESK, FLAGSHIP, OUTLET, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

async fn reconfigure(world: &mut World, toml: &str) -> anyhow::Result<()> {
    let desk = config::parse_desk(toml, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
    start::apply_desk(&world.app, desk, hex::encode(&toml[..16])).await?;
    world.settle().await
}

/// The usual desk, where Li Hua decides about nothing any more.
async fn without_li_hua(world: &mut World) -> anyhow::Result<()> {
    reconfigure(world, &DESK.replace("\"lihua\", ", "")).await
}

fn all_cards(world: &World, member: &str) -> Vec<Item> {
    world.sim.inbox(member).into_iter().filter(|item| item.kind == ItemKind::Card).collect()
}

fn texts(world: &World, member: &str) -> Vec<String> {
    let said = |item: &Item| matches!(item.kind, ItemKind::Text | ItemKind::Markdown);
    world.sim.inbox(member).into_iter().filter(said).map(|item| item.text).collect()
}

story!(
    /// Somebody removed from the channel between 暂停 and its scope pauses nothing and is shown nothing new.
    a_denied_pause_shows_nothing,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Pause).await?;
        let question = world.card("LiHua")?;
        without_li_hua(world).await?;
        let before = all_cards(world, "LiHua").len();
        world.taps_card("LiHua", &question, Act::ConfirmPause, &[("scope", "conversation")]).await?;
        ensure!(all_cards(world, "LiHua").len() == before, "no card with a customer's words any more");
        ensure!(!world.recorded_anywhere(Kind::Paused).await?);
        ensure!(world.recorded(1, Kind::Refused).await?);
    }
);

story!(
    /// 暂停, 拒绝 and 改 are refused at the first press, in words and on record, before anything is asked.
    a_press_without_the_right_is_refused_at_once,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        without_li_hua(world).await?;
        for (pressed, act) in [Act::Pause, Act::Reject, Act::Edit].into_iter().enumerate() {
            world.taps_late("LiHua", &card, act).await?;
            let told = texts(world, "LiHua");
            ensure!(told.len() == pressed + 1, "{act:?}: {told:?}");
            ensure!(!told[pressed].contains("下一条消息"), "{act:?}: {told:?}");
            let refused = world.entries(Kind::Refused).await?;
            ensure!(refused.len() == pressed + 1 && refused[pressed]["refusal"]["refusal"] == "not_permitted");
        }
        ensure!(!world.phone("LiHua").contains("确认"), "no question was asked: {}", world.phone("LiHua"));
    }
);

story!(
    /// A store is a scope: all its channels are paused, named, and resumed together.
    a_store_is_paused_as_a_whole,
    in Setting::desk(DESK.replace("store = \"outlet\"", "store = \"flagship\"")),
    |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        world.says(OUTLET, "wmAqiang", FACT).await?;
        world.member_says("WangWu", "/暂停 flagship").await?;
        let told = world.newest_text("WangWu");
        ensure!(told.contains("旗舰店") && told.contains("奥莱店"), "{told}");
        for number in [1, 2] {
            let card = world.card_of("LiHua", number)?;
            world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        }
        ensure!(world.sim.accepted_kf_sends().is_empty(), "both channels are silent");
        world.member_says("WangWu", "/恢复 flagship").await?;
        let told = world.newest_text("LiHua");
        ensure!(told.contains("王武 恢复了") && told.contains("旗舰店") && told.contains("奥莱店"), "{told}");
        for number in [1, 2] {
            let card = world.card_of("LiHua", number)?;
            world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        }
        ensure!(world.sim.accepted_kf_sends().len() == 2);
    }
);

story!(
    /// Resuming everything takes two within ten minutes; who could be the second hears, and in the end everybody.
    the_first_wish_to_resume_does_not_stand_for_ever,
    |world| {
        world.member_says("ChenJie", "/暂停 全部").await?;
        world.member_says("ChenJie", "/恢复 全部").await?;
        ensure!(world.newest_text("WangWu").contains("还差一位"), "{}", world.newest_text("WangWu"));
        ensure!(world.recorded_anywhere(Kind::ResumeWanted).await?);
        world.wait(Duration::from_secs(11 * 60)).await?;
        world.member_says("WangWu", "/恢复 全部").await?;
        ensure!(!world.recorded_anywhere(Kind::Resumed).await?, "the first wish was too old");
        ensure!(world.newest_text("ChenJie").contains("还差一位"));
        world.member_says("ChenJie", "/恢复 全部").await?;
        ensure!(world.recorded_anywhere(Kind::Resumed).await?);
        for member in ["LiHua", "ZhaoLiu", "WangWu"] {
            ensure!(world.newest_text(member).contains("陈杰 恢复了"), "{member}: {}", world.newest_text(member));
        }
    }
);

/// A card whose answer got lost, and the same card posted again.
async fn two_cards(world: &mut World) -> anyhow::Result<[Card; 2]> {
    world.member_says("ZhaoLiu", "/下班").await?;
    world.sim.faults().next(Api::MessageSend, 1, Fault::After(Lost::Drop));
    world.customer_says(FACT).await?;
    let first = world.card("LiHua")?;
    world.wait(Duration::from_secs(10)).await?;
    let second = world.card("LiHua")?;
    ensure!(all_cards(world, "LiHua").len() == 2 && first.task_id != second.task_id);
    Ok([first, second])
}

story!(
    /// A card that appeared although its answer was lost works, and both are settled by its decision, without a word.
    a_card_that_appeared_twice_is_settled_twice,
    |world| {
        let [first, _] = two_cards(world).await?;
        world.taps_card("LiHua", &first, Act::Send, &[]).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(!world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
        ensure!(texts(world, "LiHua").is_empty(), "{:?}", texts(world, "LiHua"));
    }
);

story!(
    /// Decided on the second, the first can only be changed once it is tapped: refused in words, and settled then.
    the_forgotten_card_is_settled_when_tapped,
    |world| {
        let [first, second] = two_cards(world).await?;
        world.taps_card("LiHua", &second, Act::Send, &[]).await?;
        ensure!(texts(world, "LiHua").is_empty(), "{:?}", texts(world, "LiHua"));
        world.taps_card("LiHua", &first, Act::Send, &[]).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(texts(world, "LiHua").len() == 1, "{:?}", texts(world, "LiHua"));
        ensure!(!world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
        ensure!(world.recorded(1, Kind::Refused).await?);
    }
);

story!(
    /// A tap that comes before anybody posts the lost card again makes the repetition needless.
    a_tap_proves_that_the_card_appeared,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.sim.faults().next(Api::MessageSend, 1, Fault::After(Lost::Drop));
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        world.wait(Duration::from_secs(60)).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(all_cards(world, "LiHua").len() == 1 && !world.has_open_card("LiHua"));
        ensure!(world.recorded(1, Kind::CardPosted).await?);
    }
);

story!(
    /// A case taken while its card is on its way: the card is settled once, and nothing is said besides.
    a_card_overtaken_on_its_way_is_settled_once,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.settle().await?;
        world.clock.advance(4_000);
        world.sim_clock.advance(4_000);
        world.sim.faults().next(Api::MessageSend, 1, Fault::Slow(2_000));
        let before = all_cards(world, "LiHua").len();
        let app = world.app.clone();
        let posting = tokio::spawn(async move { worker::pump(&app).await });
        let on_its_way = async {
            while all_cards(world, "LiHua").len() == before {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), on_its_way).await?;
        world.sim.says("WangWu", "/接手 1").await?;
        worker::pump(&world.app).await?;
        posting.await??;
        world.settle().await?;
        ensure!(!world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
        ensure!(texts(world, "LiHua").is_empty(), "{:?}", texts(world, "LiHua"));
    }
);

/// So many messages reached the member in this minute.
async fn busy_minute(world: &World, member: &'static str, messages: usize) -> anyhow::Result<()> {
    let now = world.clock.now();
    let ids: Vec<String> = (0..messages).map(|n| format!("earlier-{n}")).collect();
    let paced = world
        .app
        .store
        .commit(move |tx| Box::pin(async move { Ok(queue::pace(tx, member, &ids, Rank::Then.most(), now).await?) }))
        .await?;
    ensure!(paced.is_none());
    Ok(())
}

story!(
    /// What belongs to a card leaves with it or not yet: no half of a draft above no card, and never over the limit.
    a_long_draft_waits_for_room_as_a_whole,
    |world| {
        world.customer_says(FACT).await?;
        busy_minute(world, "LiHua", 23).await?;
        let long = "关于洗护的说明，请您照着慢慢来就好。".repeat(20);
        world.member_says("ZhaoLiu", &format!("/改 1 {long}")).await?;
        ensure!(texts(world, "LiHua").is_empty(), "half a draft: {:?}", texts(world, "LiHua"));
        world.wait(Duration::from_secs(61)).await?;
        ensure!(!texts(world, "LiHua").is_empty());
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == [long]);
        ensure!(world.sim.accepted_app_messages("LiHua").iter().all(|m| !m.dropped));
    }
);

story!(
    /// Whoever changed a text gets its card, also when others are asked.
    an_editor_who_does_not_hold_the_case_gets_its_card,
    |world| {
        world.customer_says(FACT).await?;
        ensure!(!world.has_open_card("WangWu"));
        world.member_says("WangWu", "/改 1 亲，轻微起球属于正常现象。").await?;
        let card = world.card("WangWu")?;
        ensure!(card.text().contains("轻微起球"), "{}", card.text());
        ensure!(all_cards(world, "WangWu").len() == 1);
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1 && !world.has_open_card("LiHua"));
    }
);

story!(
    /// Whoever wished for another draft gets it, also when others are asked.
    who_wished_for_another_draft_gets_its_card,
    |world| {
        world.customer_says(FACT).await?;
        world.member_says("WangWu", "/case 1").await?;
        let card = world.card("WangWu")?;
        world.taps_card("WangWu", &card, Act::Edit, &[("hint", "shorter")]).await?;
        world.wait(Duration::from_secs(1)).await?;
        ensure!(world.recorded(1, Kind::Edited).await?);
        ensure!(world.case(1).await?.version == 2);
        let cards = all_cards(world, "WangWu");
        ensure!(cards.len() == 2 && world.card("WangWu")?.task_id != card.task_id, "{}", world.phone("WangWu"));
    }
);

story!(
    /// However many older cases wait on other channels, a reviewer sees their own.
    the_queue_of_a_small_channel,
    in Setting::desk(DESK.replacen("permitted = [\"lihua\", \"zhaoliu\"]", "permitted = [\"zhaoliu\"]", 1)),
    |world| {
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        let case = world.case(1).await?;
        let now = world.clock.now();
        let many = async move |tx: &mut aijia::store::Tx| {
            for n in 0..510 {
                let mut older = case.clone();
                (older.id, older.number, older.opened_at) = (format!("older-{n}"), 1_000 + n, n);
                cases::save(tx, &older, now).await?;
            }
            anyhow::Ok(())
        };
        world.app.store.commit(move |tx| Box::pin(async move { many(tx).await })).await?;
        world.says(OUTLET, "wmAqiang", FACT).await?;
        world.member_says("LiHua", "/queue").await?;
        let told = world.newest_text("LiHua");
        ensure!(told.contains("#2") && told.contains('1') && !told.contains("#1000"), "{told}");
        world.member_says("WangWu", "/queue").await?;
        ensure!(world.newest_text("WangWu").contains("512"), "{}", world.newest_text("WangWu"));
    }
);

story!(
    /// Going off duty and coming back is on record; so is a press on a card that is over.
    duties_and_old_cards_are_on_record,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.member_says("ZhaoLiu", "/上班").await?;
        let duties = world.entries(Kind::DutyChanged).await?;
        ensure!(duties.iter().map(|d| d["on"] == true).collect::<Vec<_>>() == [false, true], "{duties:?}");
        world.customer_says(FACT).await?;
        let card = world.card("ZhaoLiu")?;
        world.taps("LiHua", Act::Send).await?;
        world.taps_late("ZhaoLiu", &card, Act::Reject).await?;
        let refused = world.entries(Kind::Refused).await?;
        ensure!(refused.len() == 1 && refused[0]["refusal"]["refusal"] == "already_decided", "{refused:?}");
        ensure!(!world.has_open_card("ZhaoLiu"), "no question on a card that is over");
    }
);

story!(
    /// 改 on a card that is no longer current begins no edit, and the card is redrawn: nobody presses it for ever.
    an_old_card_pressed_to_edit_is_redrawn,
    |world| {
        world.customer_says(FACT).await?;
        let old = world.card("LiHua")?;
        world.customer_says("等一下，我想问的是怎么洗？").await?;
        let redrawn = world.sim.count(Api::UpdateTemplateCard);
        world.taps_late("LiHua", &old, Act::Edit).await?;
        ensure!(world.sim.count(Api::UpdateTemplateCard) == redrawn + 1, "the old card stays as it was");
        world.member_says("LiHua", "可以放心穿。").await?;
        ensure!(world.entries(Kind::Edited).await?.is_empty(), "it was no edit");
    }
);

story!(
    /// One reviewer's phone cannot be reached: the other one's can. When neither can, the next level is asked at once and
    /// does not wait for the time limit; where it cannot be reached either, its time limit holds.
    a_card_that_nobody_can_get_goes_to_the_next_level,
    |world| {
        world.sim.remove_member("LiHua");
        world.customer_says(FACT).await?;
        ensure!(world.has_open_card("ZhaoLiu") && !world.has_open_card("WangWu"));
        world.sim.remove_member("ZhaoLiu");
        world.says(FLAGSHIP, "wmAqiang", FACT).await?;
        world.card_of("WangWu", 2)?;
        ensure!(world.case(2).await?.level() == Some(Level::EscalationOwner));
        ensure!(world.case(1).await?.level() == Some(Level::Reviewers), "its card is on a phone");
        world.sim.remove_member("WangWu");
        world.sim.add_customer("wmThird", "小美");
        world.says(FLAGSHIP, "wmThird", FACT).await?;
        let third = world.case(3).await?;
        ensure!(third.level() == Some(Level::EscalationOwner) && third.due() > Some(world.clock.now()));
    }
);

story!(
    /// However much is lost on its way to somebody who cannot be reached, whoever watches hears of it once an hour.
    an_unreachable_phone_is_told_of_once_an_hour,
    |world| {
        world.sim.remove_member("LiHua");
        world.customer_says(FACT).await?;
        world.says(FLAGSHIP, "wmAqiang", FACT).await?;
        ensure!(world.entries(Kind::DeliveryFailed).await?.len() == 2, "each loss is on record");
        ensure!(world.alarms("消息送不到 LiHua") == 1, "{}", world.phone("WangWu"));
        world.wait(Duration::from_secs(3_601)).await?;
        world.customer_says("羊毛衫怎么洗？").await?;
        ensure!(world.alarms("消息送不到 LiHua") == 2, "{}", world.phone("WangWu"));
    }
);
