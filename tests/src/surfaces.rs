//! What is particular to a surface: cards that change only when tapped, a connection that goes down, buttons anybody could
//! forge, one person in two places.

use std::time::{Duration, Instant};

use aijia::case::State;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::{Act, PauseScope, RejectReason};
use simulator::aibot::AiBot;
use simulator::telegram::{Message, Spot, Telegram};

use crate::storage_faults::{inbox_comes_back, inbox_goes};
use crate::story;
use crate::world::colleagues::{aibot_card, telegram_card, telegram_id};
use crate::world::program::{Operator, until};
use crate::world::{Away, Colleagues, DESK, FLAGSHIP, Phones, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

fn on(colleagues: Colleagues) -> Setting {
    Setting { colleagues, ..Setting::default() }
}

fn bot(world: &World) -> anyhow::Result<AiBot> {
    match &world.phones {
        Phones::Aibot(bot) => Ok(bot.clone()),
        Phones::App | Phones::Telegram(_) => anyhow::bail!("the story is not on the AI bot"),
    }
}

fn telegram(world: &World) -> anyhow::Result<Telegram> {
    match &world.phones {
        Phones::Telegram(telegram) => Ok(telegram.clone()),
        Phones::App | Phones::Aibot(_) => anyhow::bail!("the story is not on Telegram"),
    }
}

/// Presses the button of somebody's newest card on Telegram that is labelled so.
async fn presses_labelled(world: &mut World, member: &str, label: &str) -> anyhow::Result<()> {
    let telegram = telegram(world)?;
    let card = telegram_card(&telegram, member).with_context(|| format!("{member} has no open card"))?;
    telegram.press(telegram_id(member), card.spot.room, card.id, label)?;
    world.settle().await
}

fn last_said(world: &World, member: &str) -> String {
    world.was_told(member).pop().unwrap_or_default()
}

story!(
    /// A card of the AI bot changes only when tapped: the other holder is told in one line, and their old card is redrawn
    /// when they tap it.
    the_other_holder_is_told_in_one_line,
    in on(Colleagues::Aibot),
    |world| {
        world.customer_says(FACT).await?;
        let bot = bot(world)?;
        let theirs = aibot_card(&bot, "ZhaoLiu").context("a card")?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(!world.holds_card("LiHua"), "the tapper's card is redrawn at once");
        ensure!(last_said(world, "ZhaoLiu").starts_with("#1 已批准发送 · 李华"), "{}", last_said(world, "ZhaoLiu"));
        ensure!(world.holds_card("ZhaoLiu"), "nobody can redraw it unasked");
        world.decides("ZhaoLiu", Act::Send).await?;
        let shown = bot.card("ZhaoLiu", &theirs.task_id).context("the card")?;
        ensure!(shown["main_title"]["title"].as_str().is_some_and(|title| title.contains("李华")), "{shown}");
        ensure!(shown.get("replace_text").is_some() && world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Where the AI bot is down, the app takes over and says so; once it is back, so are the cards.
    the_app_takes_over_while_the_bot_is_down,
    in on(Colleagues::Aibot),
    |world| {
        let bot = bot(world)?;
        bot.turn_away(true);
        bot.cut();
        world.listens().await?;
        world.customer_says(FACT).await?;
        ensure!(!world.has_open_card("LiHua"), "a reconnect would be over by now");
        world.wait(Duration::from_secs(11)).await?;
        ensure!(world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
        ensure!(world.phone("LiHua").contains("【智能机器人】连不上，#1 的卡片先发到这里"), "{}", world.phone("LiHua"));
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        bot.turn_away(false);
        let began = Instant::now();
        while !bot.subscribed() || world.app.aibot.as_ref().is_none_or(|aibot| aibot.link().is_none()) {
            ensure!(began.elapsed() < Duration::from_secs(30), "the AI bot does not connect again");
            worker::listen(&world.app, Duration::from_secs(1)).await?;
        }
        world.customer_says("羊毛衫怎么洗？").await?;
        ensure!(world.holds_card("LiHua") && !world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
    }
);

story!(
    /// Another program takes the bot over: nobody fights for it, somebody is told, and cards go to the app.
    an_evicted_bot_is_left_alone,
    in on(Colleagues::Aibot),
    |world| {
        let bot = bot(world)?;
        bot.evict();
        world.listens().await?;
        worker::listen(&world.app, Duration::from_secs(1)).await?;
        let subscriptions = bot.subscriptions();
        world.wait(Duration::from_secs(11)).await?;
        let desk = world.desk().await?;
        let watcher = desk.desk.watcher().and_then(|person| person.wecom.clone()).context("somebody watches")?;
        ensure!(world.phone(&watcher).contains("被别的程序接走了连接"), "{watcher}: {}", world.phone(&watcher));
        world.customer_says(FACT).await?;
        ensure!(world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
        ensure!(bot.subscriptions() == subscriptions, "two programs fight for one bot");
    }
);

story!(
    /// A tap that is not decided in time shows that it is being worked on, and a message follows.
    a_slow_decision_is_said_twice,
    in on(Colleagues::Aibot),
    |world| {
        world.customer_says(FACT).await?;
        let bot = bot(world)?;
        let card = aibot_card(&bot, "LiHua").context("a card")?;
        bot.taps("LiHua", &card.task_id, &card.key(Act::Send)?, &[])?;
        ensure!(worker::listen(&world.app, Duration::from_secs(2)).await?, "the tap was not heard");
        let title = || bot.card("LiHua", &card.task_id).map(|card| card["main_title"]["title"].to_string());
        let began = Instant::now();
        while !title().is_some_and(|title| title.contains("处理中")) {
            ensure!(began.elapsed() < Duration::from_secs(5), "{:?}", title());
            worker::listen(&world.app, Duration::from_millis(200)).await?;
        }
        world.settle().await?;
        ensure!(last_said(world, "LiHua").starts_with("#1 已批准发送"), "{}", last_said(world, "LiHua"));
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// The platform sends a tap once: one that cannot be stored is said at its card, decides nothing, and the case can be
    /// decided all the same.
    a_tap_that_cannot_be_stored_is_said,
    in on(Colleagues::Aibot),
    |world| {
        world.customer_says(FACT).await?;
        let bot = bot(world)?;
        let card = aibot_card(&bot, "LiHua").context("a card")?;
        inbox_goes(world).await?;
        bot.taps("LiHua", &card.task_id, &card.key(Act::Send)?, &[])?;
        ensure!(worker::listen(&world.app, Duration::from_secs(2)).await?, "the tap was not heard");
        let shown = bot.card("LiHua", &card.task_id).context("the card")?;
        ensure!(shown["main_title"]["title"].as_str().is_some_and(|title| title.starts_with("没记下")), "{shown}");
        inbox_comes_back(world).await?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty());
        world.decides("ZhaoLiu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Commands work in the bot's chat, and in a group behind its name; what they answer is no markup.
    commands_work_in_the_bots_chat,
    in on(Colleagues::Aibot),
    |world| {
        world.customer_says("[点我](https://evil.example) 羊毛衫会起球吗").await?;
        world.writes("LiHua", "/case 1").await?;
        let said = world.was_told("LiHua").join("\n");
        ensure!(!said.contains("[点我]"), "{said}");
        let bot = bot(world)?;
        ensure!(bot.says_in("wrGroup", "ChenJie", "@客服助手 /暂停").told);
        world.listens().await?;
        ensure!(last_said(world, "ChenJie").contains("暂停"), "{}", last_said(world, "ChenJie"));
        world.writes("LiHua", "/status").await?;
        ensure!(last_said(world, "LiHua").contains("暂停"), "{}", last_said(world, "LiHua"));
    }
);

story!(
    /// Reasons and scopes are buttons of their own on Telegram; 改 with a hint asks for another draft.
    questions_are_buttons_on_telegram,
    in on(Colleagues::Telegram),
    |world| {
        world.customer_says(FACT).await?;
        presses_labelled(world, "LiHua", "改·更短").await?;
        world.wait(Duration::from_secs(1)).await?;
        ensure!(world.case(1).await?.version == 2, "{:?}", world.case(1).await?.version);
        presses_labelled(world, "LiHua", "拒绝").await?;
        let words = cards::words::Words::load(cards::words::Locale::ZhCn);
        presses_labelled(world, "LiHua", &RejectReason::OffBrandTone.label(&words)).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(_)), "{:?}", world.case(1).await?.state);
        presses_labelled(world, "ZhaoLiu", "暂停").await?;
        presses_labelled(world, "ZhaoLiu", &PauseScope::Conversation.label(&words)).await?;
        ensure!(world.was_told("ZhaoLiu").join("\n").contains("已暂停"), "{:?}", world.was_told("ZhaoLiu"));
        ensure!(world.customer_heard(XIAOYU).is_empty());
    }
);

story!(
    /// 改 opens a reply; the words come back as a card, and the decided card has no buttons any more.
    edits_are_replies_on_telegram,
    in on(Colleagues::Telegram),
    |world| {
        world.customer_says(FACT).await?;
        world.decides("LiHua", Act::Edit).await?;
        let telegram = telegram(world)?;
        let prompts: Vec<Message> = telegram.sent().into_iter().filter(|message| message.prompt).collect();
        let prompt = prompts.first().context("a prompt")?;
        telegram.reply(telegram_id("LiHua"), prompt.spot, prompt.id, "亲，轻微起球是正常的。")?;
        world.settle().await?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["亲，轻微起球是正常的。"]);
        ensure!(!world.holds_card("LiHua") && !world.holds_card("ZhaoLiu"));
    }
);

story!(
    /// Buttons are signed for their chat: what anybody's client makes up, or carries over from another chat, does nothing.
    forged_presses_do_nothing_on_telegram,
    in on(Colleagues::Telegram),
    |world| {
        world.customer_says(FACT).await?;
        let telegram = telegram(world)?;
        let [mine, other] = ["LiHua", "SunMei"].map(telegram_id);
        let card = telegram_card(&telegram, "LiHua").context("a card")?;
        let data = card.keyboard.iter().flatten().find(|key| key.label == "发送").and_then(|key| key.data.clone());
        let data = data.context("a button with data")?;
        let own = telegram.sent().into_iter().find(|m| m.spot.room.chat_id() == other).context("a message")?;
        telegram.press_data(other, own.spot.room, own.id, &data)?;
        let mut forged = data.clone().into_bytes();
        forged[3] = if forged[3] == b'A' { b'B' } else { b'A' };
        telegram.press_data(mine, card.spot.room, card.id, &String::from_utf8(forged)?)?;
        telegram.press_data(mine, card.spot.room, card.id, "send:1:1:abcd")?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty() && world.holds_card("LiHua"));
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Somebody with two surfaces gets one card, on the first; where the bot is blocked, it is the second.
    one_card_for_a_person_with_two_surfaces,
    in on(Colleagues::Telegram),
    |world| {
        world.customer_says(FACT).await?;
        ensure!(world.holds_card("LiHua") && !world.has_open_card("LiHua"), "two cards for one person");
        world.decides("LiHua", Act::Send).await?;
        telegram(world)?.block(telegram_id("LiHua"), Away::bot())?;
        world.customer_says("羊毛衫怎么洗？").await?;
        ensure!(world.has_open_card("LiHua"), "{}", world.phone("LiHua"));
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 2);
        ensure!(!world.holds_card("ZhaoLiu"), "the decision reaches everybody's card");
    }
);

const GROUP: i64 = -1_001_234_567_890;
const TOPIC: i64 = 7;
/// Somebody in the group whom nobody configured.
const BYSTANDER: i64 = 95_001;

/// The usual desk, whose flagship's reviewers decide in a group's topic.
fn in_a_group() -> Setting {
    let account = "kind = \"wecom_kf\"\n";
    let group = format!("{account}telegram_group = \"{GROUP}/{TOPIC}\"\n");
    Setting { desk: DESK.replacen(account, &group, 1), ..on(Colleagues::Telegram) }
}

/// The group with its members, and what the bot wrote there.
fn group(world: &World) -> anyhow::Result<Telegram> {
    let telegram = telegram(world)?;
    telegram.add_person(BYSTANDER, "路人");
    let members = ["LiHua", "ZhaoLiu", "ChenJie"].map(telegram_id);
    telegram.add_group(GROUP, "山茶家值班群", &[&members[..], &[BYSTANDER, Away::bot()]].concat(), &[TOPIC]);
    Ok(telegram)
}

fn group_cards(telegram: &Telegram) -> Vec<Message> {
    let theirs = telegram.sent().into_iter().filter(|message| message.spot.room.chat_id() == GROUP);
    theirs.filter(|message| !message.keyboard.is_empty()).collect()
}

story!(
    /// A group reviews together: one card in its topic; whoever is not permitted is told so at the button; the first
    /// permitted press wins, and the card is redrawn for all.
    a_group_has_one_card,
    in in_a_group(),
    |world| {
        let telegram = group(world)?;
        world.customer_says(FACT).await?;
        let cards = group_cards(&telegram);
        ensure!(cards.len() == 1 && cards[0].spot == Spot::topic(GROUP, TOPIC), "{cards:?}");
        ensure!(!world.holds_card("LiHua") && !world.holds_card("ZhaoLiu"), "a card of their own as well");
        let press = |user: i64| telegram.press(user, cards[0].spot.room, cards[0].id, "发送");
        let query = press(BYSTANDER)?;
        world.settle().await?;
        let answer = telegram.answer(&query).context("an answer")?;
        ensure!(answer.alert && !answer.text.is_empty(), "{answer:?}");
        ensure!(world.customer_heard(XIAOYU).is_empty());
        press(telegram_id("ZhaoLiu"))?;
        press(telegram_id("LiHua"))?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1 && group_cards(&telegram).is_empty());
        // Side by side either may win; the other one is told who did.
        let [li, zhao] = ["LiHua", "ZhaoLiu"].map(|member| last_said(world, member));
        ensure!(li.contains("赵柳") || zhao.contains("李华"), "{li} · {zhao}");
    }
);

story!(
    /// In a group commands are heard, of those who are configured; talk is not. What needs the next level is asked in
    /// private.
    a_group_hears_commands_only,
    in in_a_group(),
    |world| {
        let telegram = group(world)?;
        world.customer_says(FACT).await?;
        for (user, text) in [
            (telegram_id("ChenJie"), "大家先看看这个"),
            (BYSTANDER, "/pause"),
            (telegram_id("ChenJie"), "/pause@another_bot"),
        ] {
            telegram.say(user, Spot::topic(GROUP, TOPIC), text)?;
        }
        world.settle().await?;
        let paused = |world: &World| last_said(world, "ChenJie").contains("已暂停");
        ensure!(!paused(world), "{}", last_said(world, "ChenJie"));
        telegram.say(telegram_id("ChenJie"), Spot::topic(GROUP, TOPIC), "/pause")?;
        world.settle().await?;
        ensure!(paused(world), "{}", last_said(world, "ChenJie"));
        for member in ["ChenJie", "WangWu"] {
            world.writes(member, "/恢复").await?;
        }
        let card = group_cards(&telegram).pop().context("a card")?;
        telegram.press(telegram_id("LiHua"), card.spot.room, card.id, "转上级")?;
        world.settle().await?;
        ensure!(world.holds_card("WangWu") && group_cards(&telegram).is_empty());
    }
);

story!(
    /// A group that is gone: everybody who reviews there gets a card of their own.
    a_group_that_is_gone_leaves_its_members,
    in in_a_group(),
    |world| {
        world.customer_says(FACT).await?;
        ensure!(world.holds_card("LiHua") && world.holds_card("ZhaoLiu"));
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

/// A desk whose program serves, with its colleagues on another surface.
async fn serving_on(colleagues: Colleagues) -> anyhow::Result<(Operator, Phones)> {
    let mut desk = Operator::begin().await?;
    let phones = Phones::hand_out(colleagues, &Away::Kf, &simulator::Clock::system()).await?;
    std::fs::write(desk.folder.path().join("aijia.toml"), phones.on_desk(DESK))?;
    desk.more = phones.environment();
    Ok((desk, phones))
}

/// The program as it is served, with an AI bot and without any callback: a customer's message is asked for, the card and the
/// tap go over the connection, the reply leaves, the card is redrawn in time, and the program ends when told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serving_program_reviews_on_the_ai_bot() -> anyhow::Result<()> {
    let (mut desk, phones) = serving_on(Colleagues::Aibot).await?;
    let Phones::Aibot(bot) = &phones else { anyhow::bail!("another surface") };
    desk.more.extend(["WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY"].map(|name| (name, String::new())));
    desk.sim.hold_doorbells(true);
    let serving = desk.serves().await?;
    desk.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
    until(|| aibot_card(bot, "LiHua").is_some()).await.context("no card came")?;
    let card = aibot_card(bot, "LiHua").context("a card")?;
    ensure!(bot.taps("LiHua", &card.task_id, &card.key(Act::Send)?, &[])?.told, "nobody was told of the tap");
    until(|| desk.sim.accepted_kf_sends().len() == 1).await.context("nothing reached the customer")?;
    let shown = || bot.card("LiHua", &card.task_id).map(|card| card["main_title"]["title"].to_string());
    until(|| shown().is_some_and(|title| title.contains("李华"))).await.with_context(|| format!("{:?}", shown()))?;
    bot.says("ChenJie", "/暂停");
    let told = || bot.pushed("ChenJie").iter().any(|body| body.to_string().contains("已暂停"));
    until(told).await.context("the pause is not acknowledged")?;
    ensure!(serving.stops().await? == Some(0), "it waits for the bot while it ends");
    Ok(())
}

/// The program as it is served, with its colleagues on Telegram: card, press and edited card.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serving_program_reviews_on_telegram() -> anyhow::Result<()> {
    let (desk, phones) = serving_on(Colleagues::Telegram).await?;
    let Phones::Telegram(telegram) = &phones else { anyhow::bail!("another surface") };
    let serving = desk.serves().await?;
    desk.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
    until(|| telegram_card(telegram, "LiHua").is_some()).await.context("no card came")?;
    let card = telegram_card(telegram, "LiHua").context("a card")?;
    let query = telegram.press(telegram_id("LiHua"), card.spot.room, card.id, "发送")?;
    until(|| desk.sim.accepted_kf_sends().len() == 1).await.context("nothing reached the customer")?;
    until(|| telegram_card(telegram, "LiHua").is_none()).await.context("the card still has buttons")?;
    until(|| telegram.answer(&query).is_some()).await.context("the button goes on spinning")?;
    ensure!(serving.stops().await? == Some(0), "it waits for Telegram while it ends");
    Ok(())
}
