//! A reply that rests on several entries: which ones, what may become of it, and what an edit of it corrects.

use aijia::case::Draft;
use aijia::knowledge_desk::proposals::Proposal;
use aijia::policy::Hold;
use aijia::store::knowledge::{self as entries, EntryState};
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::json;
use simulator::openai::Behaviour;

use crate::automation::{FACT, with_auto};
use crate::story;
use crate::world::{Setting, World, XIAOYU};

const COST: &str = "帐篷退货运费由买家承担。";
const DAYS: &str = "帐篷退款三个工作日到账。";
/// Asks for both sections in a breath.
const BOTH: &str = "帐篷退货运费谁出退款多久到账";

/// A document of two sections; `marks` stand behind the second heading.
fn tents(marks: &str) -> String {
    format!("# 帐篷售后\n\n## 帐篷退货运费谁出\n\n{COST}\n\n## 帐篷退款多久到账 {marks}\n\n{DAYS}\n")
}

async fn imports(world: &World, file: &str, text: &str) -> anyhow::Result<()> {
    let report = world.imports(file, text, true).await?;
    ensure!(report.problems.is_empty(), "{report:?}");
    Ok(())
}

/// The draft that waits in a case.
async fn draft(world: &World, number: i64) -> anyhow::Result<Draft> {
    world.case(number).await?.draft().cloned().context("a draft")
}

/// The titles of what a draft rests on, without the headings above.
fn basis(draft: &Draft) -> Vec<&str> {
    let titles = draft.citations.iter().map(|citation| citation.title.as_str());
    titles.map(|title| title.rsplit(" > ").next().unwrap_or(title)).collect()
}

story!(
    /// An answer that stands in two sections of one document is told from both, word for word: both are on the card, and
    /// both are known to have been used.
    an_answer_in_two_sections_is_told_from_both,
    |world| {
        imports(world, "帐篷.md", &tents("")).await?;
        world.customer_says(BOTH).await?;
        let draft = draft(world, 1).await?;
        ensure!(draft.parts == [format!("您好，{COST}"), DAYS.to_owned()], "{:?}", draft.parts);
        ensure!(basis(&draft) == ["帐篷退货运费谁出", "帐篷退款多久到账"], "{:?}", draft.citations);
        let card = world.card("LiHua")?.text();
        ensure!(basis(&draft).iter().all(|title| card.contains(title)), "{card}");
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == draft.parts);
        for citation in &draft.citations {
            let (app, entry) = (world.app.clone(), citation.entry.clone());
            let used = app.store.read(move |tx| Box::pin(async move { aijia::knowledge_desk::shown::used(tx, &entry).await }));
            let used = used.await?.context("the entry is known")?;
            ensure!(used.iter().flat_map(|used| &used.replies).any(|reply| reply.case == 1), "{used:?}");
        }
    }
);

story!(
    /// Only what is in use, applies here and is in its time is put beside an answer.
    what_may_not_be_told_completes_nothing,
    |world| {
        for marks in ["{region=日本}", "{valid_until=2020-01-01}", "{platform=别处}"] {
            imports(world, "帐篷.md", &tents(marks)).await?;
            world.customer_says(BOTH).await?;
            let number = world.number_of(XIAOYU).await?.context("a case")?;
            let draft = draft(world, number).await?;
            ensure!(basis(&draft) == ["帐篷退货运费谁出"], "{marks}: {:?}", draft.citations);
        }
        imports(world, "帐篷.md", &tents("")).await?;
        let changed = tents("").replace(DAYS, "帐篷退款一天到账。");
        world.imports("帐篷.md", &changed, false).await?;
        world.customer_says(BOTH).await?;
        let number = world.number_of(XIAOYU).await?.context("a case")?;
        ensure!(draft(world, number).await?.parts.last().is_some_and(|part| part == DAYS), "the draft version is not told");
    }
);

story!(
    /// Clauses that are each answered by an entry of their own are answered one by one, from whatever document; where one
    /// is not, the message stays one question.
    clauses_with_answers_of_their_own_are_answered_apart,
    |world| {
        imports(world, "帐篷.md", &tents("")).await?;
        imports(world, "睡袋.csv", "question,answer\n睡袋可以机洗吗,睡袋请手洗。\n").await?;
        world.customer_says("帐篷退货运费谁出，睡袋可以机洗吗").await?;
        ensure!(draft(world, 1).await?.parts == [format!("您好，{COST}"), "睡袋请手洗。".to_owned()]);
        world.taps("LiHua", Act::Send).await?;
        world.customer_says("帐篷退货运费谁出，老板的猫叫什么名字呀").await?;
        let draft = draft(world, 2).await?;
        ensure!(draft.parts == [format!("您好，{COST}")] && draft.confidence > 0.0, "{draft:?}");
    }
);

story!(
    /// What leaves by itself is one published answer. Two of them side by side were never published together: a card.
    a_merged_answer_never_leaves_by_itself,
    in with_auto("sample = 0.02"),
    |world| {
        world.opens_automation().await?;
        world.asked_by("wmOne", FACT).await?;
        ensure!(world.customer_heard("wmOne").len() == 1, "one answer leaves");
        world.asked_by("wmTwo", &format!("{FACT}？真丝衬衫透不透？")).await?;
        ensure!(world.customer_heard("wmTwo").is_empty(), "{:?}", world.customer_heard("wmTwo"));
        let number = world.number_of("wmTwo").await?.context("a case")?;
        let draft = draft(world, number).await?;
        ensure!(draft.citations.len() == 2 && draft.verdict.holds == [Hold::BeyondLimits], "{draft:?}");
    }
);

story!(
    /// Whoever edits the second half of a merged reply corrects the entry it came from, and not the first one.
    an_edit_corrects_the_entry_it_is_about,
    |world| {
        imports(world, "帐篷.md", &tents("")).await?;
        world.customer_says(BOTH).await?;
        let days = draft(world, 1).await?.citations.last().context("two citations")?.entry.clone();
        world.taps("LiHua", Act::Edit).await?;
        world.member_says("LiHua", &format!("您好，{COST}\n帐篷退款一律 24 小时内到账。")).await?;
        world.taps("LiHua", Act::Send).await?;
        let proposed = world.app.store.read(|tx| Box::pin(async move { Ok(entries::in_state(tx, EntryState::Proposed).await?) }));
        let proposed = proposed.await?;
        ensure!(proposed.len() == 1, "{proposed:?}");
        let proposal: Proposal = serde_json::from_str(&proposed[0].body)?;
        ensure!(proposal.corrects.is_some_and(|corrected| corrected.entry == days), "{proposed:?}");
        ensure!(proposal.answer == "帐篷退款一律 24 小时内到账。", "{}", proposal.answer);
    }
);

story!(
    /// A model that answers one of two questions is as sure as of the other one: not at all. One that answers both is as
    /// sure as of the weaker.
    a_model_that_leaves_a_question_out_is_not_sure,
    in Setting { model: Some(Behaviour::Honest), ..Setting::default() },
    |world| {
        imports(world, "帐篷.md", &tents("")).await?;
        for (number, citations, is_sure) in [(1, json!(["p1"]), false), (2, json!(["p1", "p2"]), true)] {
            let answer = format!("{COST}{DAYS}").split_inclusive('。').take(number).collect::<String>();
            let says = json!({ "answer": answer, "citations": citations, "intent": "returns" }).to_string();
            world.model.as_ref().context("a model")?.behave(Behaviour::Says(says));
            world.customer_says("帐篷退货运费谁出？帐篷退款多久到账？").await?;
            let case = i64::try_from(number)?;
            let draft = draft(world, case).await?;
            ensure!(draft.citations.len() == number && (draft.confidence > 0.5) == is_sure, "{draft:?}");
            let holder = if world.has_open_card("LiHua") { "LiHua" } else { "WangWu" };
            world.taps(holder, Act::Send).await?;
        }
    }
);
