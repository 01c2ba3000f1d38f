//! What the draft phase teaches, in words and pictures, when it is asked for and by itself once a week (scenarios 79, 80).

use std::time::Duration;

use aijia::evidence::{Actor, Kind};
use aijia::policy::Intent;
use aijia::store::record;
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::{Value, json};
use simulator::ItemKind;
use simulator::telegram::Method;

use crate::operations::{beside, finished};
use crate::story;
use crate::world::{Colleagues, DESK, FLAGSHIP, Phones, Setting, World};

const HOUR: u64 = 3_600;
/// From the stories' morning, a Wednesday at ten, to an hour before the report of the week.
const TO_MONDAY: Duration = Duration::from_secs((4 * 24 + 22) * HOUR);
/// A customer's words for which a person has to look.
const ANGRY: &str = "你们就是骗子，我要投诉到 12315";

/// Three drafts, and what people made of them: one sent as it was, one changed, one rejected.
async fn decides(world: &mut World) -> anyhow::Result<()> {
    for (customer, text) in [("wmOne", "羊毛衫会起球吗？"), ("wmTwo", "羊毛衫怎么洗"), ("wmThree", "包邮吗？")]
    {
        world.sim.add_customer(customer, "顾客");
        world.says(FLAGSHIP, customer, text).await?;
    }
    let card = world.card_of("LiHua", 1)?;
    world.taps_card("LiHua", &card, Act::Send, &[]).await?;
    world.member_says("LiHua", "/改 2 亲，请冷水手洗。").await?;
    world.member_says("LiHua", "/拒绝 3 知识过期").await
}

/// The pictures on a member's phone, as bytes.
fn pictures(world: &World, member: &str) -> Vec<Vec<u8>> {
    let images = world.sim.inbox(member).into_iter().filter(|item| item.kind == ItemKind::Image);
    images.filter_map(|item| world.sim.media(&item.media_id?)).map(|medium| medium.bytes).collect()
}

/// The reports of the week on a member's phone.
fn weekly(world: &World, member: &str) -> Vec<String> {
    let texts = world.sim.inbox(member).into_iter().map(|item| item.text);
    texts.filter(|text| text.contains("上周小结")).collect()
}

/// How wide a PNG is, and how high.
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    png.starts_with(b"\x89PNG").then_some((number(16)?, number(20)?))
}

story!(
    /// Whoever asks gets the five lists with counts, and a picture for each of what matters; others get nothing.
    a_report_comes_with_pictures,
    |world| {
        decides(world).await?;
        world.sim.add_customer("wmFour", "顾客");
        world.says(FLAGSHIP, "wmFour", ANGRY).await?;
        world.member_says("WangWu", "/报告").await?;
        let report = world.newest_text("WangWu");
        ensure!(report.contains("常见问题") && report.contains("拒绝原因：知识过期 1"), "{report}");
        ensure!(report.contains("留意的词") && report.contains("投诉 1"), "{report}");
        let shown = pictures(world, "WangWu");
        ensure!(shown.len() == 3, "{} pictures", shown.len());
        let sizes: Vec<_> = shown.iter().filter_map(|png| size(png)).collect();
        ensure!(sizes.len() == 3 && sizes.iter().all(|(wide, high)| *wide == 780 && (240..=900).contains(high)), "{sizes:?}");
        if let Some(folder) = std::env::var_os("AIJIA_KEEP_PICTURES") {
            for (at, png) in shown.iter().enumerate() {
                std::fs::write(std::path::Path::new(&folder).join(format!("{at}.png")), png)?;
            }
        }
        world.member_says("LiHua", "/报告").await?;
        ensure!(pictures(world, "LiHua").is_empty(), "a reviewer may not read the record of everybody");
    }
);

/// Somebody whose phone is another surface asks, after one draft was sent as it was.
async fn asks_elsewhere(world: &mut World) -> anyhow::Result<()> {
    world.customer_says("羊毛衫会起球吗？").await?;
    world.decides("LiHua", Act::Send).await?;
    world.writes("WangWu", "/报告").await
}

story!(
    /// In the AI bot's chat the pictures come by its connection.
    a_report_has_pictures_in_the_chat_with_the_ai_bot,
    in Setting { colleagues: Colleagues::Aibot, ..Setting::default() },
    |world| {
        asks_elsewhere(world).await?;
        let Phones::Aibot(bot) = &world.phones else { anyhow::bail!("the AI bot") };
        let shown = bot.uploads().into_iter().filter(|upload| size(&upload.bytes).is_some()).count();
        ensure!(shown == 2, "{shown} pictures");
    }
);

story!(
    /// On Telegram they are photos.
    a_report_has_pictures_on_telegram,
    in Setting { colleagues: Colleagues::Telegram, ..Setting::default() },
    |world| {
        asks_elsewhere(world).await?;
        let Phones::Telegram(telegram) = &world.phones else { anyhow::bail!("Telegram") };
        ensure!(telegram.count(Method::SendPhoto) == 2, "{} photos", telegram.count(Method::SendPhoto));
    }
);

story!(
    /// Before anybody decided there is nothing to draw.
    a_report_without_decisions_has_no_pictures,
    |world| {
        world.customer_says("羊毛衫会起球吗？").await?;
        world.member_says("WangWu", "/报告").await?;
        ensure!(world.newest_text("WangWu").contains("草稿 1 条，已决定 0 条"), "{}", world.newest_text("WangWu"));
        ensure!(pictures(world, "WangWu").is_empty());
    }
);

story!(
    /// Without a font the words come alone, and say what to install.
    a_report_without_a_font_is_words,
    in Setting { more: vec![("AIJIA_FONT", "/nowhere/font.ttc".into())], ..Setting::default() },
    |world| {
        decides(world).await?;
        world.member_says("WangWu", "/报告").await?;
        let report = world.newest_text("WangWu");
        ensure!(report.contains("原样 1 · 改过 1") && report.contains("apt-get install fonts-wqy-microhei"), "{report}");
        ensure!(pictures(world, "WangWu").is_empty());
    }
);

story!(
    /// Once a week, beside the week before, to admins and whoever is above: once, whatever is started again in between.
    the_week_is_told_once,
    |world| {
        decides(world).await?;
        world.wait(TO_MONDAY).await?;
        ensure!(weekly(world, "ChenJie").is_empty(), "its time has not come");
        world.wait(Duration::from_secs(HOUR)).await?;
        for member in ["ChenJie", "WangWu"] {
            let told = weekly(world, member).pop().context("the week is told")?;
            ensure!(told.contains("草稿 3（0）条") && told.contains("原样采用 33%（–）") && told.contains("离自动最近"), "{told}");
            ensure!(pictures(world, member).len() == 3, "{} pictures for {member}", pictures(world, member).len());
        }
        ensure!(weekly(world, "LiHua").is_empty(), "reviewers are left alone");
        world.restart().await?;
        world.wait(Duration::from_secs(24 * HOUR)).await?;
        ensure!(weekly(world, "ChenJie").len() == 1, "{:?}", weekly(world, "ChenJie"));
        world.wait(Duration::from_secs(6 * 24 * HOUR)).await?;
        let told = weekly(world, "ChenJie");
        ensure!(told.len() == 2 && told[1].contains("草稿 0（3）条"), "{told:?}");
    }
);

story!(
    /// Whoever wants none gets none.
    the_week_is_not_told_where_it_is_switched_off,
    in Setting::desk(DESK.replace("[desk]\n", "[desk]\nweekly_report = \"off\"\n")),
    |world| {
        decides(world).await?;
        world.wait(TO_MONDAY).await?;
        world.wait(Duration::from_secs(2 * HOUR)).await?;
        ensure!(weekly(world, "ChenJie").is_empty());
    }
);

/// The figures of a report, as scripts read them.
fn figures(world: &World) -> anyhow::Result<Value> {
    let aside = world.folder.path().join("aside");
    let (code, said) = finished(beside(world, &aside, &world.database_url(), &["report", "--json"])?)?;
    let line = said.lines().find(|line| line.starts_with('{')).with_context(|| format!("{code:?} {said}"))?;
    Ok(serde_json::from_str(line)?)
}

/// What the record of conversations alone says: every entry of a kind, by case.
async fn recounted(
    world: &World,
    cases: std::ops::RangeInclusive<i64>,
) -> anyhow::Result<Vec<(i64, Vec<record::Told>)>> {
    let mut told = Vec::new();
    for number in cases {
        told.push((number, world.record(number).await?));
    }
    Ok(told)
}

story!(
    /// Scenario 79: acceptance, pass rate, reasons, take-overs, high risk and evidence completeness are what the raw record
    /// gives, counted once more.
    a_report_is_what_the_record_gives,
    |world| {
        decides(world).await?;
        world.sim.add_customer("wmFour", "顾客");
        world.says(FLAGSHIP, "wmFour", ANGRY).await?;
        world.sim.add_customer("wmFive", "顾客");
        world.says(FLAGSHIP, "wmFive", "羽绒服怎么洗").await?;
        world.member_says("ZhaoLiu", "/接手 5").await?;
        let card = world.card_of("LiHua", 2)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        let told = recounted(world, 1..=5).await?;
        let of = |kind: Kind| told.iter().filter(|(_, told)| told.iter().any(|one| one.kind == kind)).count();
        let first = |told: &[record::Told]| {
            let by_person = |one: &&record::Told| matches!(one.actor, Actor::Person(_));
            let decides = [Kind::Decided, Kind::Edited, Kind::Rejected, Kind::TakenOver];
            told.iter().filter(by_person).map(|one| one.kind).find(|kind| decides.contains(kind))
        };
        let firsts: Vec<Kind> = told.iter().filter_map(|(_, told)| first(told)).collect();
        let count = |kind: Kind| firsts.iter().filter(|first| **first == kind).count();
        let report = figures(world)?;
        ensure!(report["drafts"] == of(Kind::Drafted) && report["decided"] == firsts.len(), "{report}");
        ensure!(report["unchanged"] == count(Kind::Decided) && report["changed"] == count(Kind::Edited), "{report}");
        ensure!(report["rejected"] == count(Kind::Rejected) && report["taken_over"] == count(Kind::TakenOver));
        ensure!(report["reasons"] == json!([{ "name": "outdated_knowledge", "times": 1 }]), "{report}");
        let high = told.iter().filter(|(_, told)| {
            told.iter().any(|one| {
                let verdict = one.payload.as_ref().map(|payload| payload["verdict"]["risk"].clone());
                one.kind == Kind::Judged && verdict.is_some_and(|risk| risk == "high" || risk == "abnormal")
            })
        });
        ensure!(report["high_risk"] == high.count(), "{report}");
        ensure!(report["evidence"]["replies"] == of(Kind::SendClaimed) && of(Kind::SendClaimed) == 2, "{report}");
        ensure!(report["evidence"]["complete"] == 2, "{report}");
        world.member_says("WangWu", "/报告").await?;
        let words = world.newest_text("WangWu");
        ensure!(words.contains("原样采用 25%，审核通过 50%") && words.contains("证据完整 100%（2/2）"), "{words}");
    }
);

story!(
    /// What no record can prove is named: a reply about an order that nobody looked up, and one that rests on nothing.
    missing_evidence_is_named,
    |world| {
        world.sim.add_customer("wmOrder", "顾客");
        world.says(FLAGSHIP, "wmOrder", "我的订单到哪了，什么时候能到").await?;
        ensure!(world.case(1).await?.draft().is_some_and(|draft| draft.intent == Intent::OrderStatus), "{:?}", world.case(1).await?);
        world.member_says("WangWu", "/改 1 亲，麻烦发一下订单号，我帮您查。").await?;
        let card = world.card_of("WangWu", 1)?;
        world.taps_card("WangWu", &card, Act::Send, &[]).await?;
        world.customer_says("羊毛衫会起球吗？").await?;
        world.decides("LiHua", Act::Send).await?;
        world.member_says("WangWu", "/报告").await?;
        let words = world.newest_text("WangWu");
        ensure!(words.contains("证据完整 50%（1/2）") && words.contains("订单核验 1"), "{words}");
    }
);

/// Both weeks of scenario 82: in the second one automation opens, and a reply leaves that rests on nothing.
async fn automation_outgrows_the_record(world: &mut World) -> anyhow::Result<()> {
    world.customer_says("羊毛衫会起球吗？").await?;
    world.decides("LiHua", Act::Send).await?;
    world.wait(Duration::from_secs(8 * 24 * HOUR)).await?;
    world.opens_automation().await?;
    world.asked_by("wmAuto", crate::automation::FACT).await?;
    ensure!(!world.customer_heard("wmAuto").is_empty(), "it leaves by itself");
    world.asked_by("wmOrder", "我的订单到哪了，什么时候能到").await?;
    let number = world.number_of("wmOrder").await?.context("a case")?;
    world.member_says("WangWu", &format!("/改 {number} 亲，麻烦发一下订单号。")).await?;
    let card = world.card_of("WangWu", number)?;
    world.taps_card("WangWu", &card, Act::Send, &[]).await.map(drop)
}

story!(
    /// Scenario 82: automation grows while less can be proved. The report says so before any figure, and somebody is told.
    automation_that_outgrows_its_evidence_is_no_success,
    in crate::automation::with_auto("sample = 0.02"),
    |world| {
        automation_outgrows_the_record(world).await?;
        world.member_says("ChenJie", "/报告").await?;
        let phone = world.phone("ChenJie");
        ensure!(phone.contains("这不是好消息") && phone.contains("订单核验 1"), "{phone}");
        ensure!(world.entries(Kind::Alarm).await?.iter().all(|alarm| alarm["key"] != "told.evidence_falls"));
        world.wait(Duration::from_secs(4 * 24 * HOUR)).await?;
        let told = weekly(world, "ChenJie").pop().context("the week is told")?;
        let warned = told.lines().nth(1).is_some_and(|line| line.contains("证据完整却从 100.0% 降到"));
        ensure!(warned && told.contains("证据完整"), "{told}");
        let alarms = world.entries(Kind::Alarm).await?;
        ensure!(alarms.iter().filter(|alarm| alarm["key"] == "told.evidence_falls").count() == 1, "{alarms:?}");
    }
);

story!(
    /// For spreadsheets: every figure a row, and nothing that a customer wrote is a formula.
    a_report_is_a_table_without_formulas,
    |world| {
        decides(world).await?;
        world.sim.add_customer("wmFormula", "顾客");
        world.says(FLAGSHIP, "wmFormula", "=HYPERLINK(\"http://evil.example\",\"刻字\")可以刻字吗").await?;
        let aside = world.folder.path().join("aside");
        let (code, said) = finished(beside(world, &aside, &world.database_url(), &["report", "--csv"])?)?;
        ensure!(code == Some(0), "{code:?} {said}");
        for row in ["total,,drafts,", "total,,complete_evidence,1", "reject_reason,outdated_knowledge,times,1", "reviewer,lihua,decisions,3"] {
            ensure!(said.contains(row), "{row}: {said}");
        }
        ensure!(said.contains("missing_knowledge,\"'=HYPERLINK("), "{said}");
        let (code, said) = finished(beside(world, &aside, &world.database_url(), &["report", "--csv", "--json"])?)?;
        ensure!(code == Some(2), "one form at a time: {said}");
    }
);

story!(
    /// The report stands on a page too: for whoever was given the link, as long as it is good, and for nobody else.
    a_report_is_on_a_page,
    |world| {
        decides(world).await?;
        world.member_says("ChenJie", "/报告").await?;
        let link = world.newest_link("ChenJie")?;
        let mut browser = world.browser("ChenJie")?;
        let page = world.opens(&mut browser, &link).await?;
        ensure!(page.status == 200 && page.html.contains("拒绝原因：知识过期 1"), "{} {}", page.status, page.html);
        let addresses: Vec<String> = page.html.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
        ensure!(addresses.len() == 3, "{addresses:?}");
        let outside = url::Url::parse(&link)?;
        let first = outside.join(&addresses[0].replace("&amp;", "&").replace("&#x2f;", "/"))?;
        let bytes = reqwest::get(first.clone()).await?.bytes().await?;
        ensure!(size(&bytes).is_some_and(|(wide, _)| wide == 780), "a picture");
        let tenth = first.as_str().replace("/report/0", "/report/9");
        ensure!(reqwest::get(&tenth).await?.status() == 404);
        for forged in [link.replace(&hex::encode("chenjie"), &hex::encode("wangwu")), link.split('?').next().unwrap_or_default().to_owned()] {
            ensure!(world.opens(&mut browser, &forged).await?.status == 410, "{forged}");
        }
        world.wait(Duration::from_secs(24 * HOUR)).await?;
        ensure!(world.opens(&mut browser, &link).await?.status == 410, "a day is over");
        ensure!(reqwest::get(first).await?.status() == 410, "so are its pictures");
    }
);
