//! Files of knowledge sent right in the chat with the bot: the AI bot's, or Telegram's private one.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use cards::CareAct;
use knowledge::import::MAX_FILE_BYTES;
use reqwest::StatusCode;
use simulator::telegram::{Call, Medium, Method, Spot, Telegram};
use simulator::{Fault, Lost};

use super::{FILE, QUESTION, answer, looks};
use crate::story;
use crate::world::colleagues::telegram_id;
use crate::world::{Away, Colleagues, DESK, Phones, Setting, World};

/// A workbook as shops keep them, which the reader's own tests use.
const WORKBOOK: &[u8] = include_bytes!("../../../knowledge/tests/data/客服话术.xlsx");

fn on(colleagues: Colleagues) -> Setting {
    Setting { colleagues, ..Setting::default() }
}

fn telegram(world: &World) -> anyhow::Result<Telegram> {
    match &world.phones {
        Phones::Telegram(telegram) => Ok(telegram.clone()),
        Phones::App | Phones::Aibot(_) => bail!("nobody is on Telegram"),
    }
}

/// A member sends a file; nothing happens yet.
fn sends(world: &World, member: &str, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    match &world.phones {
        Phones::App => bail!("the app gives us no files"),
        Phones::Aibot(bot) => ensure!(bot.sends_file(member, name, bytes).told, "nobody was told of {name}"),
        Phones::Telegram(telegram) => {
            let (id, document) = (telegram_id(member), Medium::Document(name.to_owned(), bytes.to_vec()));
            telegram.send(id, Spot::private(Away::bot(), id), document, "")?;
        }
    }
    Ok(())
}

/// What a member is told after sending a file.
async fn told_of(world: &mut World, member: &str, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
    let before = world.was_told(member).len();
    sends(world, member, name, bytes)?;
    world.listens().await?;
    Ok(world.was_told(member).split_off(before).join("\n"))
}

/// Whether any call for a file reached Telegram.
fn asked_for_a_file(telegram: &Telegram) -> bool {
    telegram.ledger().iter().any(|row| row.call == Call::Method(Method::GetFile))
}

/// A member sends the file, reads the card, and publishes what is theirs; a second delivery changes nothing.
async fn a_file_becomes_knowledge(world: &mut World) -> anyhow::Result<()> {
    let told = told_of(world, "SunMei", "枕套.csv", FILE.as_bytes()).await?;
    ensure!(told.contains("收到 枕套.csv") && told.contains("新增 3") && told.contains("第 5 行"), "{told}");
    ensure!(answer(world, QUESTION).await?.is_none(), "nothing is in use before somebody says so");
    let url = told.split_whitespace().find(|word| word.starts_with("http")).context("no page")?.to_owned();
    let (status, page) = looks(world, &url).await?;
    ensure!(status == StatusCode::OK && page.contains("不知道") && !page.contains("name=\"file\""), "{page}");
    if let Phones::Telegram(telegram) = &world.phones {
        telegram.repeat_last(Away::bot())?;
        world.settle().await?;
    }
    let taken = world.was_told("SunMei").iter().filter(|text| text.contains("收到 枕套.csv")).count();
    ensure!(taken == 1, "taken {taken} times");
    world.decides_on_knowledge("SunMei", CareAct::Publish).await?;
    ensure!(world.was_told("SunMei").iter().any(|text| text.contains("已发布 2 条")), "{:?}", world.was_told("SunMei"));
    ensure!(answer(world, QUESTION).await?.is_some_and(|text| text.contains("洗衣袋")));
    Ok(())
}

/// What is not taken, and what its sender hears of it.
async fn what_is_not_taken(world: &mut World) -> anyhow::Result<()> {
    let told = told_of(world, "LiHua", "枕套.csv", FILE.as_bytes()).await?;
    ensure!(told.contains("只有知识负责人"), "{told}");
    let told = told_of(world, "SunMei", "枕套.exe", b"MZ").await?;
    ensure!(told.contains("枕套.exe") && told.contains(".exe 文件"), "{told}");
    let told = told_of(world, "SunMei", "旧话术.xls", &[0xD0, 0xCF, 0x11, 0xE0]).await?;
    ensure!(told.contains("旧版 Office"), "{told}");
    let told = told_of(world, "SunMei", "导出.csv", &vec![b'a'; MAX_FILE_BYTES + 1]).await?;
    ensure!(told.contains("超过 20 MB"), "{told}");
    let told = told_of(world, "SunMei", "话术.docx", b"PK\x03\x04 not a document").await?;
    ensure!(told.contains("未收 1") && told.contains("没有要发布的"), "{told}");
    let told = told_of(world, "SunMei", "话术", "问题,答案".as_bytes()).await?;
    ensure!(told.contains("扩展名"), "{told}");
    ensure!(!world.was_told("SunMei").join("\n").contains("新增 1"));
    Ok(())
}

story!(
    /// In the chat with the AI bot: the file is fetched, decrypted and read.
    a_file_sent_to_the_ai_bot,
    in on(Colleagues::Aibot),
    |world| {
        a_file_becomes_knowledge(world).await?;
        world.writes("SunMei", "/kb import").await?;
        ensure!(world.was_told("SunMei").join("\n").contains("直接发在这个聊天里"));
    }
);

story!(
    /// On Telegram.
    a_file_sent_on_telegram,
    in on(Colleagues::Telegram),
    |world| {
        a_file_becomes_knowledge(world).await?;
    }
);

story!(
    /// In the chat with the AI bot; there its name and size come with its bytes, or no name at all, and its address is over
    /// after five minutes.
    files_the_ai_bot_is_sent_in_vain,
    in on(Colleagues::Aibot),
    |world| {
        what_is_not_taken(world).await?;
        let told = told_of(world, "SunMei", "", WORKBOOK).await?;
        ensure!(told.contains("收到 file.xlsx"), "what it holds says what it is: {told}");
        sends(world, "SunMei", "枕套.csv", FILE.as_bytes())?;
        world.sim_clock.advance(6 * 60_000);
        world.listens().await?;
        let told = world.was_told("SunMei").join("\n");
        ensure!(told.contains("没能取到"), "{told}");
    }
);

story!(
    /// On Telegram what is known before is not even fetched, a hiccup is tried again, and in a group nothing is taken.
    files_telegram_is_sent_in_vain,
    in Setting {
        desk: DESK.replacen("kind = \"wecom_kf\"\n", "kind = \"wecom_kf\"\ntelegram_group = \"-1001234567890\"\n", 1),
        ..on(Colleagues::Telegram)
    },
    |world| {
        let telegram = telegram(world)?;
        let sun = telegram_id("SunMei");
        let group = Spot::group(-1_001_234_567_890);
        telegram.add_group(group.room.chat_id(), "值班群", &[sun, Away::bot()], &[]);
        for caption in ["大家看看", "/kb import"] {
            telegram.send(sun, group, Medium::Document("枕套.csv".into(), FILE.into()), caption)?;
            world.settle().await?;
            let told = world.was_told("SunMei").join("\n");
            ensure!(told.contains("群里的文件不收") == (caption == "/kb import"), "{caption}: {told}");
        }
        what_is_not_taken(world).await?;
        let fetched = telegram.ledger().iter().filter(|row| row.call == Call::Method(Method::Download)).count();
        ensure!(fetched == 2, "the one that is no document and the one without an extension: {fetched}");
        telegram.faults().next(Method::GetFile, 1, Fault::Before(Lost::BadGateway));
        let told = told_of(world, "SunMei", "枕套.csv", FILE.as_bytes()).await?;
        ensure!(told.is_empty() && asked_for_a_file(&telegram), "{told}");
        world.wait(Duration::from_secs(3)).await?;
        ensure!(world.was_told("SunMei").join("\n").contains("收到 枕套.csv"));
    }
);

story!(
    /// Without an address outside there is no page: everything the card has no room for follows as a message.
    a_file_sent_where_there_is_no_page,
    in Setting { more: vec![("AIJIA_PUBLIC_URL", String::new())], ..on(Colleagues::Aibot) },
    |world| {
        let wrong: String = (1..=8).map(|n| format!("问题{n},答案{n},,不知道{n}\n")).collect();
        let told = told_of(world, "SunMei", "枕套.csv", format!("{FILE}{wrong}").as_bytes()).await?;
        ensure!(!told.contains("http") && told.contains("逐条见随后的消息"), "{told}");
        ensure!(told.contains("不知道1”") && told.contains("不知道8”"), "{told}");
    }
);
