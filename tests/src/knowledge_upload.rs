//! Files of knowledge handed in from chat: a page for one person and one file, a card with what it gave, and nothing in
//! use before its person says so.

mod by_chat;

use std::time::Duration;

use aijia::knowledge_desk;
use anyhow::{Context, ensure};
use cards::CareAct;
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};

use crate::story;
use crate::world::{Colleagues, Setting, World};

const FILE: &str = "问题,答案,负责人,失效日期\n\
    桑蚕丝枕套能机洗吗,桑蚕丝枕套请装洗衣袋轻柔机洗。,,\n\
    桑蚕丝枕套有几种颜色,枕套有米白和烟灰两色。,,\n\
    枕套坏了找谁,枕套破损请联系售后小组。,lihua,\n\
    枕套能退吗,能退。,,不知道\n";
const QUESTION: &str = "桑蚕丝枕套能机洗吗";

/// The link a member got for `/kb import`.
async fn link(world: &mut World, member: &str) -> anyhow::Result<String> {
    world.writes(member, "/kb import").await?;
    let told = world.was_told(member).into_iter().rev().find(|text| text.contains("/knowledge/upload?t="));
    let told = told.with_context(|| format!("{member} was given no link"))?;
    told.split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned).context("a link")
}

/// Hands a file in on the page, as a browser's form does; what happens next happens.
async fn hands_in(world: &mut World, url: &str, name: &str, bytes: Vec<u8>) -> anyhow::Result<(StatusCode, String)> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let form = Form::new().text("kind", "general").part("file", Part::bytes(bytes).file_name(name.to_owned()));
    let answer = http.post(url).multipart(form).send().await?;
    let (status, page) = (answer.status(), answer.text().await?);
    world.settle().await?;
    Ok((status, page))
}

async fn looks(world: &World, url: &str) -> anyhow::Result<(StatusCode, String)> {
    let answer = world.browser("")?.get(url).await?;
    Ok((StatusCode::from_u16(answer.status)?, answer.html))
}

/// What the knowledge answers with.
async fn answer(world: &World, question: &str) -> anyhow::Result<Option<String>> {
    let (found, _) = knowledge_desk::search(&world.app, question, 1).await?;
    Ok(found.hits.into_iter().find(|hit| hit.question == question).map(|hit| hit.text))
}

/// A member hands the file in, reads the card, and publishes what is theirs.
async fn a_file_becomes_knowledge(world: &mut World) -> anyhow::Result<()> {
    let url = link(world, "SunMei").await?;
    for _ in 0..2 {
        let (status, page) = looks(world, &url).await?;
        ensure!(status == StatusCode::OK && page.contains("name=\"file\""), "looking uses nothing up: {page}");
    }
    let (status, page) = hands_in(world, &url, "枕套.csv", FILE.into()).await?;
    ensure!(status == StatusCode::OK && page.contains("枕套.csv"), "{status} {page}");
    let card = [world.phone("SunMei"), world.was_told("SunMei").join("\n")].concat();
    ensure!(card.contains("新增 3") && card.contains("未收 1") && card.contains("第 5 行"), "{card}");
    ensure!(answer(world, QUESTION).await?.is_none(), "nothing is in use before somebody says so");
    world.decides_on_knowledge("SunMei", CareAct::Publish).await?;
    let told = world.was_told("SunMei").pop().unwrap_or_default();
    ensure!(told.contains("已发布 2 条") && told.contains("1 条等"), "{told}");
    ensure!(answer(world, QUESTION).await?.is_some_and(|text| text.contains("洗衣袋")));
    ensure!(answer(world, "枕套坏了找谁").await?.is_none(), "what LiHua answers for waits for LiHua");
    let (status, page) = looks(world, &url).await?;
    ensure!(status == StatusCode::OK && page.contains("不知道") && !page.contains("name=\"file\""), "{page}");
    Ok(())
}

story!(
    /// In the app.
    a_file_handed_in_from_the_app,
    |world| {
        a_file_becomes_knowledge(world).await?;
        ensure!(world.decides_on_knowledge("SunMei", CareAct::Leave).await.is_err(), "the card shows what became of it");
    }
);

story!(
    /// In the chat with the AI bot.
    a_file_handed_in_from_the_ai_bot,
    in Setting { colleagues: Colleagues::Aibot, ..Setting::default() },
    |world| {
        a_file_becomes_knowledge(world).await?;
    }
);

story!(
    /// On Telegram.
    a_file_handed_in_from_telegram,
    in Setting { colleagues: Colleagues::Telegram, ..Setting::default() },
    |world| {
        a_file_becomes_knowledge(world).await?;
    }
);

story!(
    /// A link takes one file within half an hour, of somebody who may, and says what is wrong with what it does not take.
    what_a_page_does_not_take,
    |world| {
        world.writes("LiHua", "/kb import").await?;
        ensure!(!world.newest_text("LiHua").contains("http"), "LiHua does not look after knowledge");
        let url = link(world, "SunMei").await?;
        let (status, page) = hands_in(world, &url, "枕套.exe", b"MZ".to_vec()).await?;
        ensure!(status == StatusCode::UNSUPPORTED_MEDIA_TYPE && page.contains(".exe"), "{status} {page}");
        let (status, page) = hands_in(world, &url, "枕套.csv", Vec::new()).await?;
        ensure!(status == StatusCode::BAD_REQUEST && page.contains("选一个文件"), "{status} {page}");
        let large = knowledge::import::MAX_FILE_BYTES + (1 << 20);
        let (status, _) = hands_in(world, &url, "枕套.csv", vec![b'a'; large]).await?;
        ensure!(status == StatusCode::PAYLOAD_TOO_LARGE, "{status}");
        let (status, _) = hands_in(world, &url, "枕套.csv", FILE.into()).await?;
        ensure!(status == StatusCode::OK, "what was not taken used nothing up");
        let (status, page) = hands_in(world, &url, "枕套2.csv", FILE.into()).await?;
        ensure!(status == StatusCode::GONE && page.contains("kb import"), "{status} {page}");
        let forged = format!("{}0000", &url[..url.len() - 4]);
        ensure!(hands_in(world, &forged, "枕套.csv", FILE.into()).await?.0 == StatusCode::GONE);
        let old = link(world, "SunMei").await?;
        world.wait(Duration::from_secs(31 * 60)).await?;
        ensure!(hands_in(world, &old, "枕套.csv", FILE.into()).await?.0 == StatusCode::GONE);
        ensure!(looks(world, &url).await?.0 == StatusCode::OK, "what was handed in is shown for a day");
    }
);

story!(
    /// 先不发布 leaves everything in review, and a file that says nothing new asks for nothing.
    what_is_left_waits,
    |world| {
        let url = link(world, "SunMei").await?;
        hands_in(world, &url, "枕套.csv", FILE.into()).await?;
        world.decides_on_knowledge("SunMei", CareAct::Leave).await?;
        ensure!(world.newest_text("SunMei").contains("先不发布") && answer(world, QUESTION).await?.is_none());
        world.imports("枕套.csv", FILE, true).await?;
        let url = link(world, "SunMei").await?;
        hands_in(world, &url, "枕套.csv", FILE.into()).await?;
        let told = world.newest_text("SunMei");
        ensure!(told.contains("未变 3") && told.contains("没有要发布的"), "{told}");
    }
);
