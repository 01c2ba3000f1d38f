//! Owners are asked before knowledge goes stale: one card for each reason, pressed once.

use std::time::Duration;

use aijia::knowledge_desk::{self, shown};
use anyhow::{Context, ensure};
use cards::{Act, CareAct, CareKey};

use crate::story;
use crate::world::{Card, World};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn imports(world: &World, file: &str, text: &str) -> anyhow::Result<()> {
    let report = world.imports(file, text, true).await?;
    ensure!(report.problems.is_empty(), "{report:?}");
    Ok(())
}

/// The cards about the knowledge a member can still press.
fn care_cards(world: &World, member: &str) -> Vec<Card> {
    let inbox = world.sim.inbox(member);
    let open = inbox.iter().filter_map(Card::open);
    open.filter(|card| key(card, CareAct::Confirm).is_ok()).collect()
}

fn key(card: &Card, act: CareAct) -> anyhow::Result<String> {
    let buttons = card.shown["button_list"].as_array().cloned().unwrap_or_default();
    let keys = buttons.iter().filter_map(|button| button["key"].as_str().map(str::to_owned));
    let mut ours = keys.filter(|key| CareKey::parse(key).is_ok_and(|key| key.act == act));
    ours.next().with_context(|| format!("no button {act:?} on {}", card.text()))
}

async fn presses(world: &mut World, member: &str, card: &Card, act: CareAct) -> anyhow::Result<()> {
    world.sim.tap(member, &card.task_id, &key(card, act)?, &[]).await?;
    world.settle().await
}

const DATED: &str = "question,answer,verify_by\n丝巾怎么洗,丝巾请手洗。,2026-11-30\n";

story!(
    /// An entry nears its date: its owner gets one card, confirms with one tap, and late taps are told.
    an_owner_confirms_in_time,
    |world| {
        imports(world, "丝巾.csv", DATED).await?;
        world.wait(DAY).await?;
        world.wait(DAY).await?;
        world.restart().await?;
        world.wait(Duration::from_secs(7200)).await?;
        let cards = care_cards(world, "SunMei");
        ensure!(cards.len() == 1, "asked once, over hours and restarts: {cards:?}");
        ensure!(cards[0].text().contains("丝巾请手洗。") && cards[0].text().contains("2026-11-30"), "{}", cards[0].text());
        presses(world, "SunMei", &cards[0], CareAct::Confirm).await?;
        ensure!(world.newest_text("SunMei").contains("仍有效，下次复核 2027-02"), "{}", world.newest_text("SunMei"));
        ensure!(care_cards(world, "SunMei").is_empty(), "the card shows what became of it");
        world.sim.tap_late("SunMei", &cards[0].task_id, &key(&cards[0], CareAct::Disable)?, &[]).await?;
        world.settle().await?;
        ensure!(world.phone("SunMei").contains("已经处理过"), "{}", world.phone("SunMei"));
        let (found, _) = knowledge_desk::search(&world.app, "丝巾怎么洗", 1).await?;
        ensure!(found.hits.first().is_some_and(|hit| hit.text == "丝巾请手洗。"), "the late tap switched nothing off");
        world.wait(8 * DAY).await?;
        ensure!(care_cards(world, "SunMei").is_empty(), "confirmed for months");
    }
);

story!(
    /// 停用 on the card takes the entry away at once; a forged key does nothing.
    an_owner_switches_off_from_the_card,
    |world| {
        imports(world, "丝巾.csv", DATED).await?;
        world.wait(DAY).await?;
        let card = care_cards(world, "SunMei").pop().context("the owner is asked")?;
        let forged = key(&card, CareAct::Disable)?.rsplit_once(':').map(|(head, _)| format!("{head}:2222")).unwrap_or_default();
        world.sim.tap("SunMei", &card.task_id, &forged, &[]).await.ok();
        world.settle().await?;
        let asked = || knowledge_desk::search(&world.app, "丝巾怎么洗", 1);
        ensure!(asked().await?.0.hits.first().is_some_and(|hit| hit.text == "丝巾请手洗。"));
        presses(world, "SunMei", &card, CareAct::Disable).await?;
        let (found, _) = knowledge_desk::search(&world.app, "丝巾怎么洗", 1).await?;
        ensure!(found.hits.first().is_none_or(|hit| hit.text != "丝巾请手洗。"), "{found:?}");
    }
);

story!(
    /// 修改 takes the next message as the new answer; its owner sees what it changes before it is in use.
    an_owner_changes_it_from_the_card,
    |world| {
        imports(world, "丝巾.csv", DATED).await?;
        world.wait(DAY).await?;
        let card = care_cards(world, "SunMei").pop().context("the owner is asked")?;
        presses(world, "SunMei", &card, CareAct::Edit).await?;
        ensure!(world.newest_text("SunMei").contains("下一条消息"), "{}", world.newest_text("SunMei"));
        world.member_says("SunMei", "丝巾建议干洗。").await?;
        let shown = world.newest_text("SunMei");
        let code = shown.split_whitespace().last().context("a code")?.to_owned();
        let number = CareKey::parse(&key(&card, CareAct::Edit)?).map_err(|bad| anyhow::anyhow!("{bad}"))?.number;
        ensure!(care_cards(world, "SunMei").is_empty(), "it is dealt with");
        world.member_says("SunMei", &format!("/kb publish {number} {code}")).await?;
        let (found, _) = knowledge_desk::search(&world.app, "丝巾怎么洗", 1).await?;
        ensure!(found.hits.first().is_some_and(|hit| hit.text == "丝巾建议干洗。" && hit.version == 2), "{found:?}");
    }
);

story!(
    /// A reviewer's correction comes to the owner as a card against the words it corrects; dismissed, it stays dismissed.
    a_correction_comes_to_the_owner,
    |world| {
        imports(world, "丝巾.csv", "question,answer\n披肩内衬是什么料,披肩内衬是棉布做的。\n").await?;
        let mut asked = 0;
        for _ in 0..2 {
            world.customer_says("披肩内衬是什么料").await?;
            world.taps("LiHua", Act::Edit).await?;
            world.member_says("LiHua", "披肩内衬六成棉、四成涤纶，成分 60/40。").await?;
            world.taps("LiHua", Act::Send).await?;
            ensure!(world.customer_heard(crate::world::XIAOYU).last().is_some_and(|said| said.contains("60/40")));
            let cards = care_cards(world, "SunMei");
            if let Some(card) = cards.first() {
                ensure!(card.text().contains("60/40") && card.text().contains("披肩内衬是棉布做的。"), "{}", card.text());
                presses(world, "SunMei", card, CareAct::Confirm).await?;
            }
            asked += cards.len();
        }
        ensure!(asked == 1, "asked once, and not again after she dismissed it: {asked}");
        let app = world.app.clone();
        let listed = world.app.store.commit(move |tx| {
            let app = app.clone();
            Box::pin(async move { shown::list(tx, &app, None).await })
        });
        ensure!(listed.await?.iter().all(|one| one.state != "proposed"), "what was dismissed does not come back");
    }
);

story!(
    /// What answers the same question otherwise is said before it is published, and the other's owner is asked.
    a_contradiction_is_said,
    |world| {
        imports(world, "甲.csv", "question,answer\n丝巾多久能退,丝巾签收后 7 天内可以退。\n").await?;
        let rows = "question,answer\n丝巾多久能退,丝巾签收后 30 天内可以退换。\n";
        world.imports("乙.csv", rows, false).await?;
        world.settle().await?;
        let app = world.app.clone();
        let listed = world.app.store.commit(move |tx| {
            let app = app.clone();
            Box::pin(async move { shown::list(tx, &app, None).await })
        });
        let number = listed.await?.into_iter().find(|one| one.id.starts_with("乙.csv:")).context("it is listed")?.number;
        world.member_says("SunMei", &format!("/kb publish {number}")).await?;
        let shown = world.newest_text("SunMei");
        ensure!(shown.contains("说法不同：丝巾多久能退"), "{shown}");
        let code = shown.split_whitespace().last().context("a code")?.to_owned();
        world.member_says("SunMei", &format!("/kb publish {number} {code}")).await?;
        ensure!(care_cards(world, "SunMei").len() == 1, "whoever answers for the other one is asked");
    }
);

story!(
    /// The same of a whole file: the report names both, the other's owner is asked once, and what only waits asks nobody.
    a_file_contradicts,
    |world| {
        imports(world, "甲.csv", "question,answer\n丝巾多久能退,丝巾签收后 7 天内可以退。\n").await?;
        let rows = "question,answer\n丝巾多久能退？,丝巾签收后 30 天内可以退换。\n丝巾怎么洗,丝巾请用冷水手洗。\n";
        let read = world.imports("乙.csv", rows, false).await?;
        world.settle().await?;
        ensure!(read.contradictions.len() == 1, "{read:?}");
        ensure!(read.lines().iter().any(|line| line.contains("otherwise than 丝巾多久能退")), "{:?}", read.lines());
        ensure!(care_cards(world, "SunMei").is_empty(), "what only waits contradicts nothing yet");
        let published = world.imports("乙.csv", rows, true).await?;
        world.settle().await?;
        ensure!(published.contradictions.len() == 1 && care_cards(world, "SunMei").len() == 1, "{published:?}");
        let again = world.imports("乙.csv", rows, true).await?;
        world.settle().await?;
        ensure!(again.contradictions.is_empty() && care_cards(world, "SunMei").len() == 1, "{again:?}");
    }
);

story!(
    /// Two entries of one file that answer one question otherwise are one contradiction; what agrees is none.
    a_file_contradicts_itself,
    |world| {
        let rows = "title,question,answer\n披肩包邮,披肩包邮吗|披肩运费多少,披肩满 99 元包邮。\n披肩运费,披肩运费多少|披肩邮费,披肩运费一律 8 元。\n披肩现货,披肩有货吗,披肩有现货。\n";
        let report = world.imports("丙.csv", rows, true).await?;
        world.settle().await?;
        ensure!(report.contradictions.len() == 1, "{:?}", report.contradictions);
        ensure!(care_cards(world, "SunMei").len() == 1);
    }
);

story!(
    /// Two files of one import contradict each other: named once, with the second of them, whether they are put in use or
    /// wait; whoever answers for the first is asked only about what is in use.
    files_of_one_import_contradict_each_other,
    |world| {
        let files = [
            ("甲.csv", "question,answer\n斗篷多久能退,斗篷签收后 7 天内可以退。\n"),
            ("乙.csv", "question,answer\n斗篷怎么洗,斗篷请用冷水手洗。\n斗篷多久能退？,斗篷签收后 30 天内可以退换。\n"),
        ];
        for (publish, named, asked) in [(false, 1, 0), (true, 1, 1), (true, 0, 1)] {
            let report = world.imports_folder(&files, publish).await?;
            world.settle().await?;
            let found: Vec<_> = report.files.iter().flat_map(|file| &file.contradictions).collect();
            ensure!(found.len() == named && found.iter().all(|one| one.others.len() == 1), "{publish}: {found:?}");
            ensure!(care_cards(world, "SunMei").len() == asked, "{publish}: {:?}", care_cards(world, "SunMei"));
        }
    }
);

/// The customer asks, and LiHua answers in words of their own.
async fn is_answered(world: &mut World, question: &str, answer: &str) -> anyhow::Result<()> {
    world.customer_says(question).await?;
    world.taps("LiHua", Act::Edit).await?;
    world.member_says("LiHua", answer).await?;
    world.taps("LiHua", Act::Send).await.map(drop)
}

story!(
    /// Many reviewers correct one entry on one day: its owner has one card at a time, and sees each correction.
    corrections_of_one_entry_come_one_after_another,
    |world| {
        imports(world, "丝巾.csv", "question,answer\n披肩内衬是什么料,披肩内衬是棉布做的。\n").await?;
        let corrections = ["披肩内衬是棉，成分 60/40。", "披肩内衬是棉，成分 70/30。", "披肩内衬是棉，成分 80/20。"];
        for correction in corrections {
            is_answered(world, "披肩内衬是什么料", correction).await?;
        }
        for correction in corrections {
            let cards = care_cards(world, "SunMei");
            ensure!(cards.len() == 1 && cards[0].text().contains(correction), "{correction}: {cards:?}");
            presses(world, "SunMei", &cards[0], CareAct::Confirm).await?;
        }
        ensure!(care_cards(world, "SunMei").is_empty(), "all are dealt with");
    }
);

story!(
    /// What nobody's knowledge answers is answered by people all day: whoever answers for the channel hears of the first
    /// answer at once, and of the rest in one message an hour later.
    answers_nobody_knew_are_told_once_an_hour,
    |world| {
        let told = |world: &World| {
            let owner = world.sim.inbox("WangWu");
            owner.into_iter().map(|item| item.text).filter(|text| text.contains("修改建议等您看")).collect::<Vec<_>>()
        };
        for size in 1..4 {
            let question = format!("第 {size} 号帐篷能装下几个人");
            is_answered(world, &question, &format!("{size} 号帐篷可以住 {size} 位大人。")).await?;
        }
        let at_once = told(world);
        ensure!(at_once.len() == 1 && at_once[0].contains("有 1 条"), "{at_once:?}");
        world.wait(Duration::from_secs(3600)).await?;
        let later = told(world);
        ensure!(later.len() == 2 && later[1].contains("有 3 条") && later[1].contains("第 3 号帐篷"), "{later:?}");
        world.wait(Duration::from_secs(7200)).await?;
        ensure!(told(world).len() == 2, "nothing new, nothing said");
    }
);
