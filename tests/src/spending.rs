//! The model's budgets: spent, the built-in drafter writes, nobody is left unanswered, and people read why.

use std::time::Duration;

use aijia::case::{Author, NoModel};
use aijia::evidence::Kind;
use aijia::worker;
use anyhow::{Context, ensure};
use simulator::openai::{Behaviour, Entry};

use crate::story;
use crate::world::{DESK, FLAGSHIP, Setting, World, XIAOYU};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Questions the demo's knowledge answers.
const QUESTIONS: [&str; 4] = ["羊毛衫会起球吗？", "羊毛衫怎么洗？", "几天能发货？", "发什么快递？"];

fn with(behaviour: Behaviour, limits: &str) -> Setting {
    let desk = format!("{DESK}\n[drafting]\nprice_in = 2.0\nprice_out = 8.0\n{limits}\n");
    Setting { model: Some(behaviour), ..Setting::desk(desk) }
}

fn asked(world: &World) -> anyhow::Result<usize> {
    Ok(world.model.as_ref().context("a model")?.chats().len())
}

/// Why the model did not write a case's draft.
async fn why_not(world: &World, number: i64) -> anyhow::Result<Option<NoModel>> {
    let case = world.case(number).await?;
    match case.draft().map(|draft| draft.author.clone()) {
        Some(Author::Bot { no_model, .. }) => Ok(no_model),
        other => anyhow::bail!("no draft of the bot's: {other:?}"),
    }
}

async fn status(world: &mut World) -> anyhow::Result<String> {
    world.member_says("WangWu", "/状态").await?;
    Ok(world.phone("WangWu"))
}

story!(
    /// A customer's tokens of the day are used up: their next question is answered by the built-in drafter, on record and on
    /// the page with why; other customers still have the model, and tomorrow so has this one.
    a_customers_day_is_used_up,
    in with(Behaviour::Honest, "[drafting.customer]\ntokens = 4000"),
    |world| {
        let mut questions = QUESTIONS.iter().cycle().take(12);
        while why_not_yet(world).await? {
            world.customer_says(questions.next().context("the budget never ends")?).await?;
        }
        ensure!(why_not(world, 1).await? == Some(NoModel::CustomerBudget));
        ensure!(world.has_open_card("LiHua") && asked(world)? >= 1, "left unanswered");
        let drafted = world.record(1).await?.into_iter().rev().find(|told| told.kind == Kind::Drafted);
        let payload = drafted.and_then(|told| told.payload).context("on record")?;
        ensure!(payload["author"]["no_model"] == "customer_budget", "{payload}");
        world.sim.sign_in_as(Some("LiHua"));
        let mut browser = world.browser("LiHua")?;
        let url = format!("{}/review/1", world.address);
        let page = world.opens(&mut browser, &url).await?;
        ensure!(page.html.contains("客户今天的模型额度用完了"), "{}", page.html);
        let told = status(world).await?;
        ensure!(told.contains("1 位客户的模型额度用完了") && told.contains("今天的模型"), "{told}");

        let before = asked(world)?;
        world.says(FLAGSHIP, "wmAqiang", QUESTIONS[0]).await?;
        ensure!(asked(world)? == before + 1 && why_not(world, 2).await?.is_none(), "another customer pays for it");
        world.wait(DAY).await?;
        let before = asked(world)?;
        world.customer_says(QUESTIONS[1]).await?;
        ensure!(asked(world)? == before + 1, "a new day has a new budget");
    }
);

/// Whether the model still writes for the first case, or there is none yet.
async fn why_not_yet(world: &World) -> anyhow::Result<bool> {
    match world.number_of(XIAOYU).await? {
        Some(number) => Ok(why_not(world, number).await?.is_none()),
        None => Ok(true),
    }
}

story!(
    /// Two instances share the desk's budget: together they ask no more than it allows, and every customer gets a draft.
    two_instances_share_the_desks_budget,
    in with(Behaviour::Honest, "[drafting.desk]\ntokens = 4500"),
    |world| {
        let other = world.another_instance(99).await?;
        for customer in 0..6 {
            world.sim.add_customer(&format!("wmCustomer{customer}"), "顾客");
            world.sim.customer_says(FLAGSHIP, &format!("wmCustomer{customer}"), QUESTIONS[customer % 4]).await?;
        }
        for _ in 0..6 {
            world.clock.advance(2_000);
            world.sim_clock.advance(2_000);
            let (one, two) = tokio::join!(worker::pump(&world.app), worker::pump(&other));
            one.and(two)?;
        }
        let taken: i64 = world.model.as_ref().context("a model")?.ledger().iter().map(tokens).sum();
        ensure!(taken > 0 && taken <= 4_500, "{taken} tokens were taken");
        let mut built_in = 0;
        for number in 1..=6 {
            built_in += usize::from(why_not(world, number).await? == Some(NoModel::DeskBudget));
        }
        ensure!(built_in >= 1 && asked(world)? + built_in == 6, "{built_in} of 6, {} asked", asked(world)?);
        let told = status(world).await?;
        ensure!(told.contains("全店的模型额度用完了"), "{told}");
        let metrics = world.app.metrics.text() + &other.metrics.text();
        ensure!(metrics.contains("model_questions_total{outcome=\"over_budget\"}"), "{metrics}");
        ensure!(metrics.contains("model_tokens_total{direction=\"in\"}"), "{metrics}");
    }
);

/// What the server says an answer took.
fn tokens(entry: &Entry) -> i64 {
    let Entry::Answered { body, .. } = entry else { return 0 };
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    body["usage"]["total_tokens"].as_i64().unwrap_or_default()
}

story!(
    /// Money is counted too, also where the server does not say how many tokens an answer took.
    money_is_counted_where_the_server_counts_nothing,
    in with(Behaviour::Uncounted, "[drafting.customer]\nmoney = 0.02"),
    |world| {
        let mut questions = QUESTIONS.iter().cycle().take(12);
        while why_not_yet(world).await? {
            world.customer_says(questions.next().context("the budget never ends")?).await?;
        }
        ensure!(asked(world)? >= 1 && why_not(world, 1).await? == Some(NoModel::CustomerBudget));
        let told = status(world).await?;
        ensure!(told.contains("CNY 0.0"), "{told}");
    }
);

story!(
    /// A model that does not answer takes nothing from the budget, and the draft says that it was away.
    a_model_that_is_away_takes_nothing,
    in with(Behaviour::RateLimited, "[drafting.customer]\ntokens = 4000"),
    |world| {
        for question in QUESTIONS.iter().cycle().take(8) {
            world.customer_says(question).await?;
            ensure!(why_not(world, 1).await? == Some(NoModel::Unavailable));
        }
        let model = world.model.as_ref().context("a model")?;
        model.behave(Behaviour::Honest);
        world.customer_says(QUESTIONS[0]).await?;
        ensure!(why_not(world, 1).await?.is_none());
    }
);
