//! What must not be said is looked for in every draft and every edit.

use std::time::Duration;

use aijia::case::{State, Why};
use anyhow::{Context, ensure};
use cards::Act;

use crate::story;
use crate::world::program::{Operator, until};
use crate::world::{Colleagues, FLAGSHIP, OUTLET, Phones, Setting, World, XIAOYU};

const ASKED: &str = "丝巾有什么优点";

async fn imports(world: &World, file: &str, text: &str) -> anyhow::Result<()> {
    let report = world.imports(file, text, true).await?;
    ensure!(report.problems.is_empty() && report.held_back.is_empty(), "{report:?}");
    Ok(())
}

async fn why_stuck(world: &World) -> anyhow::Result<Option<Why>> {
    Ok(match world.case(1).await?.state {
        State::NeedsPerson(stuck) => Some(stuck.why),
        _ => None,
    })
}

story!(
    /// Scenario 24: a draft with a forbidden claim is blocked: no 发送, and the card marks the word with what to say instead.
    a_forbidden_claim_stops_a_draft,
    |world| {
        imports(world, "丝巾.csv", "question,answer\n丝巾有什么优点,这款丝巾是全网最低价，桑蚕丝面料。\n").await?;
        world.customer_says(ASKED).await?;
        ensure!(why_stuck(world).await? == Some(Why::Forbidden));
        let card = world.card("WangWu")?;
        ensure!(!card.has(Act::Send) && card.has(Act::Edit), "{}", card.text());
        for shown in ["最低价", "绝对化用语", "可以核实的事实"] {
            ensure!(card.text().contains(shown), "{shown} in {}", card.text());
        }
        world.taps("WangWu", Act::Edit).await?;
        world.member_says("WangWu", "这款丝巾是桑蚕丝面料。").await?;
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["这款丝巾是桑蚕丝面料。"]);
    }
);

story!(
    /// A shop's own list holds on the channels its rule is for, also in disguise, until it is switched off.
    a_shops_own_words_stop_a_draft_where_they_apply,
    |world| {
        imports(world, "丝巾.csv", "question,answer\n丝巾有什么优点,桑蚕丝面料，包 邮 到 家。\n").await?;
        let words = "words,reason,instead,channel\n包邮到家,邮费按页面规则,满 99 元包邮,kf-flagship\n";
        imports(world, "禁用词.csv", words).await?;
        world.customer_says(ASKED).await?;
        let card = world.card("LiHua")?;
        ensure!(!card.has(Act::Send) && card.text().contains("满 99 元包邮"), "{}", card.text());
        world.says(OUTLET, XIAOYU, ASKED).await?;
        ensure!(world.card("LiHua")?.has(Act::Send), "its rule is for the other channel");
    }
);

const SCARF: &str = "question,answer\n丝巾有什么优点,桑蚕丝面料，手感顺滑。\n";
/// Stops a reply that was sent and fine, and one that nobody ever sent.
const TOO_STRICT: &str = "words,reason,kind\n桑蚕丝,成分要写全称,forbidden\n包邮到家,邮费按页面规则,forbidden\n";

/// A reply about the scarf is sent.
async fn has_sent(world: &mut World) -> anyhow::Result<()> {
    imports(world, "丝巾.csv", SCARF).await?;
    world.customer_says(ASKED).await?;
    world.taps("LiHua", Act::Send).await?;
    ensure!(world.customer_heard(XIAOYU).len() == 1);
    Ok(())
}

/// Whether the shop's own answer about the scarf may be sent still.
async fn may_be_sent(world: &mut World, customer: &str) -> anyhow::Result<bool> {
    world.sim.add_customer(customer, "小满");
    world.says(OUTLET, customer, ASKED).await?;
    let open = world.card("LiHua").is_ok_and(|card| card.has(Act::Send));
    if open {
        world.taps("LiHua", Act::Send).await?;
    }
    Ok(open)
}

story!(
    /// A list that would have stopped replies which were sent is not in use before its owner has seen how many; the other
    /// rows of its file are.
    a_list_is_measured_on_what_was_sent_before_it_blocks,
    |world| {
        has_sent(world).await?;
        let report = world.imports("禁用词.csv", TOO_STRICT, true).await?;
        ensure!(report.measured.as_ref().is_some_and(|of| (of.texts, of.blocked) == (1, 1)), "{report:?}");
        let held: Vec<&str> = report.held_lists.iter().map(|held| held.title.as_str()).collect();
        ensure!(held.len() == 1 && report.entries.iter().filter(|told| told.waits).count() == 1, "{report:?}");
        ensure!(report.lines().iter().any(|line| line.contains("would have stopped 1")), "{:?}", report.lines());
        ensure!(may_be_sent(world, "wmOne").await?, "nobody has seen yet what it stops");
        let waiting = report.entries.iter().find(|told| told.waits).context("the one that waits")?.entry.clone();
        world.member_says("SunMei", &format!("/kb publish {waiting}")).await?;
        let shown = world.newest_text("SunMei");
        ensure!(shown.contains("其中拦下 2 条"), "{shown}");
        let publish = shown.lines().last().and_then(|line| line.split_once("/kb")).context("what to send")?.1;
        world.member_says("SunMei", &format!("/kb{publish}")).await?;
        ensure!(!may_be_sent(world, "wmTwo").await?, "it was seen, and holds");
    }
);

story!(
    /// The same list sent in chat: its card says what it would have stopped, and 全部发布 is pressed in view of that.
    a_list_sent_in_chat_is_measured_on_its_card,
    in Setting { colleagues: Colleagues::Aibot, ..Setting::default() },
    |world| {
        imports(world, "丝巾.csv", SCARF).await?;
        world.customer_says(ASKED).await?;
        world.decides("LiHua", Act::Send).await?;
        let Phones::Aibot(bot) = &world.phones else { anyhow::bail!("no AI bot") };
        ensure!(bot.sends_file("SunMei", "禁用词.csv", TOO_STRICT.as_bytes()).told);
        world.listens().await?;
        let told = world.was_told("SunMei").join("\n");
        ensure!(told.contains("其中拦下 1 条（桑蚕丝 1）"), "{told}");
        world.decides_on_knowledge("SunMei", cards::CareAct::Publish).await?;
        ensure!(world.was_told("SunMei").join("\n").contains("已发布 2 条"), "{:?}", world.was_told("SunMei"));
        world.sim.add_customer("wmTwo", "小满");
        world.says(OUTLET, "wmTwo", ASKED).await?;
        ensure!(world.case(2).await?.draft().is_none_or(|draft| !draft.verdict.words.is_empty()), "it holds");
    }
);

/// An operator puts a list in use that stops replies like one that was sent: only by the code of what was shown, which
/// counts for this version on these channels.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_publishes_a_list_by_the_code_of_what_was_shown() -> anyhow::Result<()> {
    let desk = Operator::begin().await?;
    let imports = async |file: &str, text: &str, kind: &str| {
        std::fs::write(desk.folder.path().join(file), text)?;
        let import = ["knowledge", "import", file, "--owner", "sunmei", "--kind", kind];
        anyhow::Ok(desk.command(&import)?.output().await?.status.code())
    };
    ensure!(imports("丝巾.csv", SCARF, "product").await? == Some(0));
    let serving = desk.serves().await?;
    desk.sim.customer_says(FLAGSHIP, XIAOYU, ASKED).await?;
    let card = desk.card("LiHua").await?;
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    until(|| desk.sim.history(XIAOYU).iter().any(|line| line.text.contains("桑蚕丝"))).await?;
    ensure!(serving.stops().await? == Some(0));

    let list = "id,words,reason\nstrict,桑蚕丝,成分要写全称\n";
    ensure!(imports("禁用词.csv", list, "forbidden").await? == Some(1), "it is held back");
    let publish = async |more: &[&str]| {
        let all = [&["knowledge", "publish", "禁用词.csv:strict", "--by", "sunmei"][..], more].concat();
        let output = desk.command(&all)?.output().await?;
        anyhow::Ok((output.status.code(), String::from_utf8(output.stdout)?))
    };
    let is_in_use = async || {
        let shown = desk.runs(&["knowledge", "show", "禁用词.csv:strict", "--json"]).await?;
        anyhow::Ok(shown.contains("\"state\":\"published\""))
    };
    let (refused, shown) = publish(&[]).await?;
    ensure!(refused == Some(1) && shown.contains("其中拦下 1 条"), "{shown}");
    let code = shown.trim().rsplit_once("--code ").context("it says what to do")?.1.to_owned();
    let (_, told) = publish(&["--json"]).await?;
    ensure!(told.contains(&format!("\"code\":\"{code}\"")), "for scripts: {told}");
    ensure!(publish(&["--preview", "--code", &code]).await?.0 == Some(0), "it is only looked at");
    ensure!(publish(&["--code", "2222"]).await?.0 == Some(1), "a guess");
    ensure!(publish(&["--code", &code, "--channel", "kf-outlet"]).await?.0 == Some(1), "shown for every channel");
    ensure!(!is_in_use().await?, "nothing of that put it in use");
    ensure!(publish(&["--code", &code]).await?.0 == Some(0), "seen and wanted");
    ensure!(is_in_use().await?);
    let changed = list.replace("桑蚕丝", "桑蚕丝|手感");
    ensure!(imports("禁用词.csv", &changed, "forbidden").await? == Some(1));
    ensure!(publish(&["--code", &code]).await?.0 == Some(1), "another version than was shown");
    Ok(())
}

story!(
    /// A reviewer who writes a forbidden word does not send it alone: whoever is above sees the word and decides.
    an_edit_with_a_forbidden_word_takes_a_second_look,
    |world| {
        imports(world, "丝巾.csv", "question,answer\n丝巾有什么优点,桑蚕丝面料。\n").await?;
        world.customer_says(ASKED).await?;
        world.taps("LiHua", Act::Edit).await?;
        world.member_says("LiHua", "桑蚕丝面料，全网最低价。").await?;
        let above = world.card("WangWu").context("the escalation owner is asked")?;
        ensure!(above.text().contains("全网最低"), "{}", above.text());
        if let Ok(own) = world.card("LiHua") {
            world.taps_card("LiHua", &own, Act::Send, &[]).await.ok();
        }
        ensure!(world.customer_heard(XIAOYU).is_empty(), "whoever wrote it does not approve it");
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["桑蚕丝面料，全网最低价。"], "a second person took it on");
    }
);

story!(
    /// What may mean something else is marked on the card, and still one tap away.
    a_word_for_review_is_marked,
    |world| {
        imports(world, "丝巾.csv", "question,answer\n丝巾有什么优点,桑蚕丝面料，今日秒发。\n").await?;
        imports(world, "禁用词.csv", "words,reason,severity\n秒发,发货时间不作保证,review\n").await?;
        world.customer_says(ASKED).await?;
        let card = world.card("LiHua")?;
        ensure!(card.has(Act::Send) && card.text().contains("留意“秒发”"), "{}", card.text());
        ensure!(world.case(1).await?.draft().is_some_and(|d| d.verdict.risk >= cards::Risk::Medium));
    }
);

story!(
    /// Scenarios 27 and 67: what is over is not quoted, nothing is invented, and the question is on the list.
    a_campaign_that_is_over_is_not_quoted,
    |world| {
        let rows = "question,answer,kind,valid_until\n丝巾买一送一还有吗,丝巾买一送一。,campaign,2026-11-26\n";
        imports(world, "活动.csv", rows).await?;
        world.wait(Duration::from_secs(3 * 24 * 3600)).await?;
        world.customer_says("丝巾买一送一还有吗").await?;
        ensure!(!world.phone("LiHua").contains("丝巾买一送一。"), "{}", world.phone("LiHua"));
        ensure!(world.customer_heard(XIAOYU).is_empty());
        if why_stuck(world).await? == Some(Why::NoAnswer) {
            world.member_says("SunMei", "/知识 缺口").await?;
            ensure!(world.newest_text("SunMei").contains("1 位客户问过 1 次：丝巾买一送一还有吗"), "{}", world.newest_text("SunMei"));
        }
    }
);

story!(
    /// What has not been confirmed in time is said on the card, and no permit may rest on it.
    unconfirmed_knowledge_is_labelled,
    |world| {
        imports(world, "丝巾.csv", "question,answer,verify_by\n丝巾有什么优点,桑蚕丝面料。,2026-11-20\n").await?;
        world.customer_says(ASKED).await?;
        ensure!(world.card("LiHua")?.text().contains("〔未复核〕"), "{}", world.card("LiHua")?.text());
        let (case, desk) = (world.case(1).await?, aijia::config::parse_desk(world.desk_text(), "aijia.toml"));
        let desk = desk.map_err(|bad| anyhow::anyhow!("{bad:?}"))?;
        let wrong = case.draft().map(|draft| draft.shortcomings(&desk, world.clock.now()));
        ensure!(wrong == Some(vec![aijia::case::Shortcoming::Unverified]), "{wrong:?}");
    }
);
