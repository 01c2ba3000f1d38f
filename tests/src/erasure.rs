//! What a customer takes back is nowhere any more, and neither is a customer who asks for it.

mod command_line;
mod cut_short;
mod reach;

use std::collections::BTreeSet;
use std::time::Duration;

use aijia::args;
use aijia::case::{Ending, State};
use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::{Api, Fault, Lost};

use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

const PLACES: [(&str, &str); 7] = [
    ("messages", "SELECT COUNT(*) FROM messages WHERE body LIKE '%13800001111%'"),
    ("evidence", "SELECT COUNT(*) FROM evidence WHERE payload LIKE '%13800001111%'"),
    ("cases", "SELECT COUNT(*) FROM cases WHERE body LIKE '%13800001111%'"),
    ("gaps", "SELECT COUNT(*) FROM gaps WHERE question LIKE '%13800001111%'"),
    ("entries", "SELECT COUNT(*) FROM entries WHERE body LIKE '%13800001111%'"),
    ("inbox", "SELECT COUNT(*) FROM inbox WHERE body LIKE '%13800001111%'"),
    ("outbox", "SELECT COUNT(*) FROM outbox WHERE body LIKE '%13800001111%'"),
];

async fn left_over(world: &World) -> anyhow::Result<Vec<&'static str>> {
    let mut places = Vec::new();
    for (place, sql) in PLACES {
        let found = world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![]).await?) }));
        if found.await?.is_some_and(|(count,)| count > 0) {
            places.push(place);
        }
    }
    Ok(places)
}

story!(
    /// Words that were taken back are gone from every table.
    what_is_taken_back_is_nowhere,
    |world| {
        let asked = "我的电话是13800001111，你们老板养的猫叫什么名字？";
        let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, asked).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(left_over(world).await?.contains(&"gaps"), "it was remembered as a question nobody can answer");
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(left_over(world).await?.is_empty(), "still in {:?}", left_over(world).await?);
    }
);

/// What nobody but this customer says, in words and in a picture.
const CANARY: &str = "13800001111";
/// A customer whose data stay.
const OTHER: &str = "wmOtherCustomer";

/// Every column that holds text, by table.
async fn columns(world: &World) -> anyhow::Result<Vec<(String, String)>> {
    let sqlite = "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p
                  WHERE m.type = 'table' AND p.type = 'TEXT'";
    let postgres = "SELECT table_name::TEXT, column_name::TEXT FROM information_schema.columns
                    WHERE table_schema = current_schema() AND data_type = 'text'";
    let sql = if world.database_url().starts_with("postgres") { postgres } else { sqlite };
    world.app.store.read(move |tx| Box::pin(async move { Ok(tx.all(sql, args![]).await?) })).await
}

/// The columns in which a word stands anywhere in the database, and the files in which it does beside it.
async fn places(world: &World, word: &'static str) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let columns = columns(world).await?;
    ensure!(columns.len() > 100, "only {} columns are looked through", columns.len());
    for (table, column) in columns {
        let sql: &'static str = Box::leak(
            format!("SELECT COUNT(*) FROM {table} WHERE REPLACE({column}, $1, '') <> {column}").into_boxed_str(),
        );
        let count =
            world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![word]).await?) }));
        if count.await?.is_some_and(|(count,)| count > 0) {
            found.insert(format!("{table}.{column}"));
        }
    }
    let mut folders = vec![world.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let is_database = path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db"));
            if path.is_dir() {
                folders.push(path);
            } else if !is_database && std::fs::read(&path)?.windows(word.len()).any(|bytes| bytes == word.as_bytes()) {
                found.insert("a file".to_owned());
            }
        }
    }
    Ok(found)
}

/// What `/清除 N` shows, and the code of it.
async fn shown(world: &mut World, number: i64) -> anyhow::Result<(String, String)> {
    world.member_says("ChenJie", &format!("/清除 {number}")).await?;
    let text = world.newest_text("ChenJie");
    let code = text.rsplit("确认 ").next().map(|code| code.trim().to_owned());
    let code = code.filter(|code| code.len() == 4).with_context(|| format!("no code in {text}"))?;
    Ok((text, code))
}

/// The customer was answered, in words that became an example and a proposal; asked what nobody knows, with a picture; and
/// waits for an answer.
async fn wrote_much(world: &mut World) -> anyhow::Result<()> {
    world.customer_says("我是小雨，电话13800001111，羊毛衫会起球吗？").await?;
    world.member_says("WangWu", "/改 1 亲，13800001111 会收到短信，摩擦多的地方会有少量起球哦。").await?;
    let card = world.card_of("WangWu", 1)?;
    world.taps_card("WangWu", &card, Act::Send, &[]).await?;
    world.member_says("WangWu", "/示例 1").await?;
    let offered = world.newest_text("WangWu");
    let code = offered.rsplit("同意 ").next().unwrap_or_default().trim().to_owned();
    world.member_says("WangWu", &format!("/示例 1 同意 {code}")).await?;
    let picture = b"\x89PNG\r\n\x1a\nof 13800001111".to_vec();
    world.sim.customer_sends_image(FLAGSHIP, XIAOYU, picture).await?;
    world.customer_says("我的电话是13800001111，你们老板养的猫叫什么名字？").await?;
    world.member_says("WangWu", "/改 2 电话 13800001111 已记下，猫叫团子。").await?;
    world.sim.add_customer(OTHER, "阿青");
    world.says(FLAGSHIP, OTHER, "羊毛衫会起球吗？我是阿青").await
}

story!(
    /// All of a customer is erased on one channel: no table and no file knows their words or their id any more, nothing more
    /// reaches them, and the record verifies and says who had it done. Others' data stay.
    everything_of_a_customer_is_erased,
    |world| {
        wrote_much(world).await?;
        let before = places(world, CANARY).await?;
        for place in ["messages.body", "evidence.payload", "cases.body", "gaps.question", "entries.body", "sends.body"] {
            ensure!(before.contains(place), "{place} is not tried: {before:?}");
        }
        ensure!(before.contains("a file"), "no file is tried: {before:?}");
        world.everything_sent_is_answered_for().await?;
        let heard = world.customer_heard(XIAOYU).len();

        world.member_says("LiHua", "/清除 1").await?;
        ensure!(world.newest_text("LiHua").contains("没有生效"), "{}", world.newest_text("LiHua"));
        let (text, code) = shown(world, 1).await?;
        ensure!(text.contains("2 个编号") && text.contains("1 条示例"), "{text}");
        world.member_says("ChenJie", "/清除 1 确认 zzzz").await?;
        ensure!(!places(world, CANARY).await?.is_empty(), "another code erases nothing");
        let card = world.card_of("WangWu", 2)?;
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        ensure!(world.newest_text("ChenJie").contains("清除了"), "{}", world.newest_text("ChenJie"));

        for word in [CANARY, XIAOYU, "老板养的猫"] {
            let left = places(world, word).await?;
            ensure!(left.is_empty(), "{word} is still in {left:?}");
        }
        ensure!(world.case(2).await?.state == State::Closed { ending: Ending::Erased });
        world.record_verifies().await?;
        ensure!(world.recorded_anywhere(Kind::ErasureAsked).await? && world.recorded_anywhere(Kind::Erased).await?);
        world.taps_late("WangWu", &card, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == heard, "nothing more reaches the customer");
        ensure!(!places(world, OTHER).await?.is_empty() && !places(world, "我是阿青").await?.is_empty());

        world.member_says("ChenJie", "/为什么 1").await?;
        ensure!(world.newest_text("ChenJie").contains("内容已删除"), "{}", world.newest_text("ChenJie"));
        world.member_says("ChenJie", "/清除 2").await?;
        ensure!(world.newest_text("ChenJie").contains("已经清除"), "{}", world.newest_text("ChenJie"));
    }
);

story!(
    /// Who writes again after that is a new customer.
    who_writes_after_an_erasure_is_new,
    |world| {
        world.customer_says("电话13800001111，羊毛衫会起球吗？").await?;
        let (_, code) = shown(world, 1).await?;
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        world.customer_says("羊毛衫会起球吗？").await?;
        let (old, new) = (world.case(1).await?, world.case(2).await?);
        ensure!(old.conversation != new.conversation && new.follows.is_none());
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(places(world, CANARY).await?.is_empty());
    }
);

story!(
    /// A legal hold is shown and respected, whoever asks, and also where it came after the confirmation was shown.
    a_legal_hold_is_respected,
    |world| {
        world.customer_says("电话13800001111，羊毛衫会起球吗？").await?;
        let (_, code) = shown(world, 1).await?;
        world.member_says("WangWu", "/清除 1 保留 仲裁 2026-118").await?;
        ensure!(world.recorded_anywhere(Kind::HoldPlaced).await?);
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        let said = world.newest_text("ChenJie");
        ensure!(said.contains("仲裁 2026-118") && said.contains("王武") && said.contains("不能清除"), "{said}");
        ensure!(!places(world, CANARY).await?.is_empty());
        world.member_says("ChenJie", "/清除 1 解除").await?;
        let (_, code) = shown(world, 1).await?;
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        ensure!(places(world, CANARY).await?.is_empty());
    }
);

story!(
    /// A reply that may be on its way comes to its end first, also when the program is killed meanwhile.
    what_may_be_on_its_way_is_waited_for,
    |world| {
        world.customer_says("电话13800001111，羊毛衫会起球吗？").await?;
        let card = world.card("LiHua")?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Hang));
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.killed_at(Api::KfSendMsg, 1).await?;
        let (text, code) = shown(world, 1).await?;
        ensure!(text.contains("还在路上"), "{text}");
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        ensure!(places(world, CANARY).await?.contains("messages.body"), "it waits");
        world.everything_sent_is_answered_for().await?;
        world.wait(Duration::from_secs(61)).await?;
        world.wait(Duration::from_secs(10)).await?;
        ensure!(places(world, CANARY).await?.is_empty(), "{:?}", places(world, CANARY).await?);
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::Erased });
    }
);
