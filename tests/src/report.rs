//! What the draft phase teaches, in words and pictures, when it is asked for and by itself once a week (scenarios 79, 80).

use std::time::Duration;

use anyhow::{Context, ensure};
use cards::Act;
use simulator::ItemKind;

use crate::story;
use crate::world::{FLAGSHIP, Setting, World};

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
    in Setting::desk(crate::world::DESK.replace("[desk]\n", "[desk]\nweekly_report = \"off\"\n")),
    |world| {
        decides(world).await?;
        world.wait(TO_MONDAY).await?;
        world.wait(Duration::from_secs(2 * HOUR)).await?;
        ensure!(weekly(world, "ChenJie").is_empty());
    }
);
