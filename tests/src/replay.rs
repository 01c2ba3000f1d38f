//! Past conversations are replayed before launch: by the program itself, beside a running desk.

use std::fmt::Write;
use std::path::Path;

use aijia::store::{cases, queue, record};
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::{Value, json};
use simulator::openai::Behaviour;

use crate::operations::{beside, finished};
use crate::story;
use crate::world::{DESK, OUTLET, Setting, World};

/// What the shop's knowledge says about pilling.
const PILLING: &str = "羊毛针织衫（M101）在腋下、袖口等摩擦多的地方穿久了会有少量起球，这是羊毛的特性。建议隔天穿、反面洗，起球后用毛球修剪器轻轻修剪即可。";
/// A number of a customer's that no model may read.
const PHONE: &str = "13812345678";

/// A line of a past conversation.
fn line(conversation: &str, at: &str, from: &str, text: &str) -> String {
    json!({ "conversation": conversation, "channel": "kf-flagship", "at": at, "from": from, "text": text }).to_string()
}

/// A customer's question and a person's answer in a conversation of their own.
fn turn(conversation: &str, day: &str, question: &str, answer: &str) -> [String; 2] {
    [
        line(conversation, &format!("{day} 10:00:00"), "customer", question),
        line(conversation, &format!("{day} 10:02:00"), "shop", answer),
    ]
}

/// The past of the stories below.
fn past() -> String {
    let turns = [
        turn("alike", "2026-11-02", "针织衫会起球吗？", &format!("亲，{PILLING}")),
        turn("otherwise", "2026-11-02", "针织衫会起球吗？", "亲，30 天内起球包退换，放心拍。"),
        turn("november", "2026-11-05", "最近有什么活动？", "全店每满 300 元减 50 元"),
        turn("december", "2026-12-01", "最近有什么活动？", "满 399 元减 40 元"),
        turn("person", "2026-11-03", "转人工", "我在的，请说"),
        turn("gap", "2026-11-03", "可以刻字吗？", "抱歉，不可以的"),
        turn("gap-again", "2026-11-04", "你好，可以刻字吗", "抱歉，不可以的"),
        turn("angry", "2026-11-04", "你们就是骗子，我要投诉到 12315", "非常抱歉"),
    ];
    let mut text = turns.concat().join("\n");
    text.push_str("\n{\"conversation\":\"bad\",\"at\":\"gestern\",\"from\":\"customer\",\"text\":\"在吗\"}\n");
    text
}

/// Replays a file of the world's folder into another folder of it.
fn replays(world: &World, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let all: Vec<&str> = ["replay"].iter().chain(arguments).copied().collect();
    let mut command = beside(world, &world.folder.path().join("aside"), &world.database_url(), &all)?;
    if let Some(model) = &world.model {
        command.env("OPENAI_BASE_URL", model.base_url()).env("OPENAI_API_KEY", "key").env("OPENAI_MODEL", "fake");
    }
    finished(command)
}

/// The turn of a conversation in a report.
fn told(folder: &Path, conversation: &str) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(folder.join("cases.jsonl"))?;
    let turns: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    turns.into_iter().find(|turn| turn["conversation"] == conversation).with_context(|| format!("no {conversation}"))
}

/// Everything a desk has done so far: its record, its cases, its work, and what left it.
async fn done(world: &World) -> anyhow::Result<String> {
    let kept = world.app.store.read(|tx| {
        Box::pin(async move {
            let mut kept = String::new();
            for chain in record::chains(tx).await? {
                write!(kept, "{chain} {}, ", record::chain(tx, &chain).await?.len())?;
            }
            let (cases, work) = (cases::open(tx, i64::MAX).await?.len(), queue::unfinished(tx, i64::MAX).await?.len());
            write!(kept, "{cases} cases, {work} jobs")?;
            Ok(kept)
        })
    });
    Ok(format!("{}, {} requests", kept.await?, world.sim.ledger().len()))
}

fn keep(world: &World, name: &str, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    Ok(std::fs::write(world.folder.path().join(name), bytes)?)
}

story!(
    /// Before a configuration is put in force it is tried on the newest cases: each that it would judge otherwise is named,
    /// with both judgements, and nothing is changed. A file that cannot be used is refused with its line.
    a_configuration_is_tried_on_the_newest_cases,
    |world| {
        world.customer_says("羊毛衫会起球吗？").await?;
        world.taps("LiHua", Act::Send).await?;
        world.sim.add_customer("wmOther", "阿青");
        world.says(OUTLET, "wmOther", "羊毛衫怎么洗？").await?;
        keep(world, "other.toml", DESK.replacen("mode = \"draft\"", "mode = \"read_only\"", 1))?;
        keep(world, "bad.toml", DESK.replacen("confidence = 0.90", "confidence = 7", 1))?;
        let before = done(world).await?;
        let tries = |file: &str| {
            let aside = world.folder.path().join("aside");
            finished(beside(world, &aside, &world.database_url(), &["config", "try", file, "--last", "50"])?)
        };
        let (code, said) = tries("other.toml")?;
        ensure!(code == Some(0) && said.contains("2 个编号、2 次发问：1 次会有不同"), "{code:?} {said}");
        ensure!(said.contains("#1 羊毛衫会起球吗？：") && !said.contains("#2 "), "{said}");
        ensure!(said.contains("给审核") && said.contains("→") && said.contains("等人处理"), "{said}");
        let (code, said) = tries("aijia.toml")?;
        ensure!(code == Some(0) && said.contains("：0 次会有不同"), "{code:?} {said}");
        let (code, said) = tries("bad.toml")?;
        ensure!(code == Some(2) && said.contains("confidence is 7"), "{code:?} {said}");
        ensure!(done(world).await? == before, "it changed something: {before} → {}", done(world).await?);
    }
);

story!(
    /// Each turn takes the desk's own way at its own time, stands beside what a person sent, and changes nothing.
    the_past_is_told_beside_what_people_sent,
    |world| {
        keep(world, "past.jsonl", past())?;
        world.customer_says("羊毛衫会起球吗？").await?;
        let before = done(world).await?;
        let (code, said) = replays(world, &["past.jsonl", "--out", "first"])?;
        ensure!(code == Some(0) && said.contains("8 个") && said.contains("拒读 1 行"), "{code:?} {said}");
        ensure!(done(world).await? == before, "a replay changed something: {before} → {}", done(world).await?);
        let first = world.folder.path().join("first");

        let alike = told(&first, "alike")?;
        ensure!(alike["became"] == "review" && alike["likeness"]["verdict"] == "alike", "{alike}");
        ensure!(alike["could_leave"] == true && alike["drafter"] == "extractive", "{alike}");
        ensure!(told(&first, "otherwise")?["likeness"]["verdict"] == "other_facts");
        let (november, december) = (told(&first, "november")?, told(&first, "december")?);
        ensure!(november["draft"].to_string().contains("300 元减 50 元"), "what was valid then: {november}");
        ensure!(december["draft"].to_string().contains("399 元减 40 元"), "what was valid then: {december}");
        ensure!(told(&first, "person")?["became"]["needs_person"] == "asked_for_person");
        ensure!(told(&first, "gap")?["became"]["needs_person"] == "no_answer", "{}", told(&first, "gap")?);
        let angry = told(&first, "angry")?;
        ensure!(angry["became"] == "escalation_owner" && angry["risk"] == "high", "{angry}");

        let report = std::fs::read_to_string(first.join("report.md"))?;
        ensure!(report.contains("刻字") && report.contains("2 个会话"), "{report}");
        ensure!(report.contains("第 17 行") && report.contains("gestern"), "{report}");
        ensure!(report.contains("30 天内起球包退换") && report.contains("| 299 |"), "{report}");

        let (code, said) = replays(world, &["past.jsonl", "--out", "second"])?;
        ensure!(code == Some(0), "{said}");
        for name in ["report.md", "intents.csv", "cases.jsonl", "refused.csv"] {
            let read = |folder: &str| std::fs::read(world.folder.path().join(folder).join(name));
            ensure!(read("first")? == read("second")?, "{name} is another one");
        }
    }
);

story!(
    /// A model drafts as it does in production: what it may not read it does not read, and its claims are checked.
    a_model_is_replayed_like_in_production,
    in Setting { model: Some(Behaviour::Honest), ..Setting::default() },
    |world| {
        let [asked, answered] = turn("one", "2026-11-02", &format!("羊毛衫会起球吗？我的电话 {PHONE}"), PILLING);
        keep(world, "past.jsonl", [asked, answered].join("\n"))?;
        let (code, said) = replays(world, &["past.jsonl", "--out", "out"])?;
        ensure!(code == Some(0), "{said}");
        let one = told(&world.folder.path().join("out"), "one")?;
        ensure!(one["drafter"].as_str().is_some_and(|name| name.starts_with("openai:")), "{one}");
        let prompts = world.model.as_ref().map(|model| model.chats()).unwrap_or_default();
        ensure!(prompts.len() == 1 && !format!("{prompts:?}").contains(PHONE), "{prompts:?}");
    }
);

story!(
    /// Another configuration is tried without being put in force.
    another_configuration_is_only_tried,
    |world| {
        keep(world, "past.jsonl", past())?;
        keep(world, "strict.toml", DESK.replace("review_required = [", "review_required = [\"product\", "))?;
        let in_force = |world: &World| {
            let app = world.app.clone();
            async move { app.store.clone().read(move |tx| Box::pin(async move { Ok(app.desk(tx).await?.policy.clone()) })).await }
        };
        let before = in_force(world).await?;
        let (code, said) = replays(world, &["past.jsonl", "--config", "strict.toml", "--out", "strict"])?;
        ensure!(code == Some(0), "{said}");
        ensure!(told(&world.folder.path().join("strict"), "alike")?["could_leave"] == false);
        ensure!(in_force(world).await? == before, "the policy in force is another one");
    }
);

story!(
    /// What cannot be used is said with what to do, and a program that replays cannot write.
    what_cannot_be_replayed_is_said,
    |world| {
        let (code, said) = replays(world, &["nothing.jsonl"])?;
        ensure!(code == Some(1) && said.contains("nothing.jsonl"), "{said}");
        keep(world, "past.csv", "会话,时间,内容\nc1,2026-11-02,好\n")?;
        let (code, said) = replays(world, &["past.csv"])?;
        ensure!(code == Some(1) && said.contains("from") && said.contains("发送方"), "{said}");
        let (code, said) = replays(world, &["past.csv", "--channel", "nowhere"])?;
        ensure!(code == Some(1) && said.contains("nowhere"), "{said}");
        keep(world, "past.csv", "会话,时间,发送方,内容\nc1,2026-11-02 10:00,买家,羊毛衫会起球吗\n")?;
        let (code, said) = replays(world, &["past.csv", "--out", "none"])?;
        ensure!(code == Some(1), "several channels, and none is named: {said}");
        let (code, said) = replays(world, &["past.csv", "--channel", "kf-outlet", "--out", "one"])?;
        ensure!(code == Some(0) && said.contains("1 次"), "{said}");
        let read_only = world.app.store.clone().to_read();
        let written = read_only.commit(|tx| Box::pin(async move { Ok(queue::configuration_changed(tx, 0).await?) })).await;
        ensure!(written.is_err_and(|problem| problem.to_string().contains("only reads")));
    }
);

story!(
    /// A replay of a desk with back offices says once that it looks at none, not once a turn; turns without a draft are
    /// about what the shop's own sentences say.
    a_replay_says_once_that_it_looks_at_no_back_office,
    in Setting::with_back_office().await?,
    |world| {
        let taught = "\n[[intents]]\nname = \"complaint\"\nsaid = [\"这事没完\", \"等着瞧\"]\n\
                      [[intents]]\nname = \"product\"\nsaid = [\"这个会扎肉吗\", \"贴身穿扎不扎\"]\n";
        keep(world, "offices.toml", format!("{}{taught}", world.desk_text()))?;
        let turns = [
            turn("one", "2026-11-02", "订单 202611280000010417 到哪了？", "在路上"),
            turn("two", "2026-11-02", "订单 202611280000010418 到哪了？", "在路上"),
            turn("three", "2026-11-02", "转人工，这事没完", "我在"),
        ];
        keep(world, "orders.jsonl", turns.concat().join("\n"))?;
        let (code, said) = replays(world, &["orders.jsonl", "--out", "offices", "--config", "offices.toml"])?;
        ensure!(code == Some(0), "{code:?} {said}");
        ensure!(said.matches("looks at no back office").count() == 1, "{said}");
        ensure!(!said.contains("could be looked up"), "{said}");
        let folder = world.folder.path().join("offices");
        ensure!(told(&folder, "one")?["looks_up"] == true && told(&folder, "three")?["intent"] == "complaint");
    }
);
