//! What stands between a draft and a customer: claims without a source, the launch checklist, and what decisions teach.

use aijia::evidence::Kind;
use aijia::policy::Hold;
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::{Value, json};
use simulator::openai::Behaviour;

use crate::story;
use crate::world::{FLAGSHIP, Setting, World};

const FACT: &str = "羊毛衫会起球吗？";

/// A model that promises what no passage says.
fn promising() -> Setting {
    let answer = json!({"answer": "保证您满意，永远不起球。", "citations": ["p1"], "intent": "product"});
    Setting { model: Some(Behaviour::Says(answer.to_string())), ..Setting::default() }
}

/// The newest entry of a kind in the record of the first case.
async fn newest(world: &World, kind: Kind) -> anyhow::Result<Value> {
    let told = world.record(1).await?.into_iter().rev().find(|told| told.kind == kind);
    told.and_then(|told| told.payload).context("it is on record")
}

story!(
    /// What the draft says without a source is on the card in the draft's own words, and on record with the rule. A promise
    /// goes to whoever is above.
    a_claim_without_a_source_is_marked,
    in promising(),
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("WangWu")?.text();
        ensure!(card.contains("无据") && card.contains("保证"), "{card}");
        let judged = newest(world, Kind::Judged).await?;
        let reasons = judged["verdict"]["reasons"].as_array().cloned().unwrap_or_default();
        let claim = reasons.iter().find(|reason| reason["rule"] == "claim").context("the rule")?;
        let words: Vec<&str> = claim["words"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ensure!(words.contains(&"保证") && words.contains(&"永远"), "{words:?}");
        ensure!(judged["verdict"]["route"] != "permit" && judged["policy"].is_string(), "{judged}");
    }
);

story!(
    /// A routine answer in the knowledge's own words is documented; what holds it back all the same is on record.
    a_documented_answer_waits_for_what_is_not_earned,
    |world| {
        world.customer_says(FACT).await?;
        let case = world.case(1).await?;
        let draft = case.draft().context("a draft")?;
        ensure!(draft.grounds.unfounded.is_empty(), "{:?}", draft.grounds);
        ensure!(newest(world, Kind::Drafted).await?["grounds"]["class"] == "documented", "{:?}", draft.grounds);
        ensure!(draft.chance.is_none(), "nothing is known before two hundred decisions");
        let holds = &draft.verdict.holds;
        ensure!(holds.contains(&Hold::UnknownChance) && holds.contains(&Hold::NotOpen), "{holds:?}");
        ensure!(!world.card("LiHua")?.text().contains("无据"));
    }
);

story!(
    /// Decisions are counted by what became of the draft, and the desk says what automation still lacks.
    decisions_are_counted_and_told,
    |world| {
        for (customer, text) in [("wmOne", FACT), ("wmTwo", "羊毛衫怎么洗"), ("wmThree", "包邮吗？")] {
            world.sim.add_customer(customer, "顾客");
            world.says(FLAGSHIP, customer, text).await?;
        }
        let card = world.card_of("LiHua", 1)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        world.member_says("LiHua", "/改 2 亲，请冷水手洗。").await?;
        world.member_says("LiHua", "/拒绝 3 知识过期").await?;
        world.member_says("WangWu", "/报告").await?;
        let report = world.newest_text("WangWu");
        ensure!(report.contains("草稿 3 条，已决定 3 条，原样采用 33%"), "{report}");
        ensure!(report.contains("原样 1 · 改过 1 · 拒绝 1 · 接手 0"), "{report}");
        ensure!(report.contains("知识过期") && report.contains("李华 3 条") && report.contains("未知"), "{report}");
        world.member_says("LiHua", "/模式").await?;
        let mode = world.newest_text("LiHua");
        ensure!(mode.contains("原样发出 1 条，改过或没用 1 条") && mode.contains("还差"), "{mode}");
        world.member_says("LiHua", "/报告").await?;
        ensure!(world.newest_text("LiHua").contains("没有生效"), "a reviewer does not read everybody's figures");
    }
);

story!(
    /// The eight points are shown by what really happened: a pause that was tried, a card that reached whoever is above.
    the_checklist_is_shown_by_the_record,
    |world| {
        world.member_says("WangWu", "/检查").await?;
        let before = world.newest_text("WangWu");
        ensure!(before.lines().count() == 9, "{before}");
        ensure!(before.contains("✓ 渠道有负责人和上级") && before.contains("✓ 高风险一定由上级审"), "{before}");
        ensure!(before.contains("✗ 30 天内试过暂停和恢复") && before.contains("✗ 30 天内上级确认收到过测试卡片"), "{before}");
        world.member_says("WangWu", "/暂停 kf-flagship 试一下").await?;
        world.member_says("WangWu", "/恢复 kf-flagship").await?;
        world.member_says("WangWu", "/检查").await?;
        let after = world.newest_text("WangWu");
        ensure!(after.contains("✓ 30 天内试过暂停和恢复"), "{after}");
    }
);
