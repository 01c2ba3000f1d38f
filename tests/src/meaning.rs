//! Finding by meaning, with a model of a server that says what texts mean: what the words do not find is found, once for
//! all, and without the server the words still do. What customers want, by the sentences the shop teaches.

use aijia::case::Level;
use aijia::policy::Intent;
use aijia::{config, knowledge_desk, start};
use anyhow::{Context, ensure};
use cards::Risk;
use simulator::openai::{Behaviour, BrokenKind, FakeModel};

use crate::story;
use crate::world::{FLAGSHIP, Setting, World, XIAOYU};

const FILE: &str = "问题,答案\n真丝枕套能不能机洗,真丝枕套请装洗衣袋后轻柔机洗。\n";
/// Shares no word with the entry.
const OTHERWISE: &str = "滚筒里甩一圈成不";

fn by_meaning() -> Setting {
    let more = vec![("OPENAI_EMBEDDING_MODEL", "bge-m3".to_owned())];
    Setting { model: Some(Behaviour::Honest), more, ..Setting::default() }
}

fn model(world: &World) -> anyhow::Result<&FakeModel> {
    world.model.as_ref().context("a model")
}

/// How sure the search is of the pillowcase.
async fn sure(world: &World, question: &str) -> anyhow::Result<f64> {
    let (found, _) = knowledge_desk::search(&world.app, question, 1).await?;
    let first = found.hits.first().is_some_and(|hit| hit.text.contains("洗衣袋"));
    Ok(if first { found.confidence } else { 0.0 })
}

story!(
    /// A customer says it quite otherwise: found by meaning, drafted, and known again after a restart without asking twice.
    what_the_words_do_not_find,
    in by_meaning(),
    |world| {
        model(world)?.reads_as(OTHERWISE, "真丝枕套能不能机洗");
        world.imports("枕套.csv", FILE, true).await?;
        world.settle().await?;
        ensure!(sure(world, OTHERWISE).await? > 0.15, "{}", sure(world, OTHERWISE).await?);
        world.customer_says(OTHERWISE).await?;
        let case = world.case(1).await?;
        let draft = case.draft().context("a draft")?;
        ensure!(draft.citations.iter().any(|citation| citation.title.contains("枕套")), "{draft:?}");
        let asked = model(world)?.embedded();
        world.restart().await?;
        world.settle().await?;
        let again: Vec<String> = model(world)?.embedded().split_off(asked.len());
        ensure!(again.is_empty(), "what entries mean is kept: {again:?}");
        ensure!(sure(world, OTHERWISE).await? > 0.15);
    }
);

story!(
    /// What is found out about a version that is only tried is kept too: after a restart it is not asked again.
    what_was_tried_is_not_asked_again,
    in by_meaning(),
    |world| {
        let report = world.imports("枕套.csv", FILE, false).await?;
        let publish = format!("/kb publish {}", report.entries.first().context("a draft")?.entry);
        let tries =
            |world: &World| anyhow::Ok(model(world)?.embedded().iter().filter(|text| text.contains("枕套")).count());
        world.member_says("SunMei", &publish).await?;
        let asked = tries(world)?;
        ensure!(asked > 0 && world.newest_text("SunMei").contains("/kb publish"), "{}", world.newest_text("SunMei"));
        world.restart().await?;
        world.member_says("SunMei", &publish).await?;
        ensure!(tries(world)? == asked, "asked again: {:?}", model(world)?.embedded());
    }
);

story!(
    /// Personal numbers of a question stay here.
    numbers_of_a_customer_stay_here,
    in by_meaning(),
    |world| {
        world.customer_says("我的电话 13800138000，包邮吗").await?;
        let asked = model(world)?.embedded().join("\n");
        ensure!(asked.contains("包邮吗") && !asked.contains("13800138000"), "{asked}");
    }
);

story!(
    /// The server is gone: questions are found by their words, nobody waits, and what was published meanwhile is learnt
    /// when it is back.
    without_the_server_the_words_find,
    in by_meaning(),
    |world| {
        model(world)?.reads_as(OTHERWISE, "真丝枕套能不能机洗");
        model(world)?.behave(Behaviour::Broken(BrokenKind::Http500));
        world.imports("枕套.csv", FILE, true).await?;
        world.settle().await?;
        ensure!(sure(world, OTHERWISE).await? == 0.0, "its meaning is not known");
        ensure!(sure(world, "真丝枕套能不能机洗").await? > 0.5, "its own words find it");
        model(world)?.behave(Behaviour::Honest);
        world.settle().await?;
        ensure!(sure(world, OTHERWISE).await? > 0.15);
    }
);

const TAUGHT: &str = r#"
[[intents]]
name = "product"
said = ["这个会扎肉吗", "贴身穿扎不扎", "领子刺挠不刺挠"]
[[intents]]
name = "complaint"
said = ["我要找人说道说道", "这事没完", "等着瞧"]
"#;

/// The shop teaches sentences while the program runs.
async fn teaches(world: &mut World) -> anyhow::Result<()> {
    let desk = include_str!("../../bot/demo/aijia.toml").to_owned() + TAUGHT;
    let desk = config::parse_desk(&desk, "aijia.toml").map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    start::apply_desk(&world.app, desk, "taught".into()).await?;
    world.settle().await
}

story!(
    /// The shop's own sentences name what the built-in words do not know, and the strictest governs.
    what_the_shop_teaches,
    |world| {
        world.customer_says("贴身会扎肉吗").await?;
        ensure!(world.case(1).await?.draft().is_none_or(|draft| draft.intent != Intent::Product), "known without");
        teaches(world).await?;
        world.sim.add_customer("wmTaught", "小满");
        world.says(FLAGSHIP, "wmTaught", "贴身会扎肉吗，100% 羊毛起球吗").await?;
        let case = world.case(2).await?;
        ensure!(case.draft().context("a draft")?.intent == Intent::Product, "{case:?}");
        world.says(FLAGSHIP, "wmTaught", "羊毛衫起球，这事没完").await?;
        let case = world.case(2).await?;
        ensure!(case.least == Level::EscalationOwner, "{case:?}");
    }
);

story!(
    /// What a person writes without a draft is judged by the shop's own sentences too.
    an_edit_without_a_draft_is_judged_by_what_the_shop_teaches,
    |world| {
        teaches(world).await?;
        world.sim.customer_says(FLAGSHIP, XIAOYU, "这事没完，等着瞧").await?;
        world.customer_says("转人工").await?;
        ensure!(world.case(1).await?.draft().is_none(), "nobody drafts for who asks for a person");
        world.member_says("WangWu", "/改 1 您好，我来处理。").await?;
        let case = world.case(1).await?;
        ensure!(case.draft().is_some_and(|draft| draft.verdict.risk >= Risk::High), "{case:?}");
    }
);

story!(
    /// With a model that says what texts mean, a sentence that shares no word is understood too.
    what_the_shop_teaches_by_meaning,
    in by_meaning(),
    |world| {
        model(world)?.reads_as(OTHERWISE, "这事没完");
        teaches(world).await?;
        world.customer_says(OTHERWISE).await?;
        let case = world.case(1).await?;
        ensure!(case.least == Level::EscalationOwner, "{case:?}");
    }
);
