//! Good replies as examples of manner for the model: only once the owner of their channel lets it, only there, and gone
//! when somebody takes them back.

use std::time::Duration;

use aijia::args;
use aijia::case::Author;
use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::{Value, json};
use simulator::openai::Behaviour;

use crate::model::prompts;
use crate::story;
use crate::world::{FLAGSHIP, OUTLET, Setting, World, XIAOYU};

/// What the customer asks, with what must not reach anybody else.
const ASKED: &str = "我是小雨，单号 SF1234567890123，羊毛衫会起球吗？";
/// How a colleague answers it.
const WARMLY: &str = "亲亲小雨，摩擦多的地方会有少量起球哦，这是羊毛的小脾气～";
/// The beginning of that, by which an example is told.
const EXAMPLE: &str = "\"reply\":\"亲亲";

fn honest() -> Setting {
    Setting { model: Some(Behaviour::Honest), ..Setting::default() }
}

/// Case 1: answered by a colleague's own words.
async fn answers_warmly(world: &mut World) -> anyhow::Result<()> {
    world.customer_says(ASKED).await?;
    world.member_says("WangWu", &format!("/改 1 {WARMLY}")).await?;
    let card = world.card_of("WangWu", 1)?;
    world.taps_card("WangWu", &card, Act::Send, &[]).await?;
    ensure!(world.customer_heard(XIAOYU) == [WARMLY], "{:?}", world.customer_heard(XIAOYU));
    Ok(())
}

/// The code under which a member was shown what would become an example.
fn code(world: &World, member: &str) -> anyhow::Result<String> {
    let shown = world.newest_text(member);
    let code = shown.rsplit("同意 ").next().map(|code| code.trim().to_owned());
    code.filter(|code| code.len() == 4).with_context(|| format!("no code in {shown}"))
}

/// The owner of the channel looks at case 1 as an example, and lets it.
async fn lets_it(world: &mut World) -> anyhow::Result<()> {
    world.member_says("WangWu", "/示例 1").await?;
    let code = code(world, "WangWu")?;
    world.member_says("WangWu", &format!("/示例 1 同意 {code}")).await?;
    ensure!(world.newest_text("WangWu").contains("记下了"), "{}", world.newest_text("WangWu"));
    Ok(())
}

/// What the model is told when a new customer asks something on an account.
async fn asked(world: &mut World, account: &str, customer: &str, text: &str) -> anyhow::Result<String> {
    let before = prompts(world).len();
    world.sim.add_customer(customer, "顾客");
    world.says(account, customer, text).await?;
    let new = prompts(world)[before..].to_owned();
    ensure!(new.contains("\"passage\":\"p1\""), "the model was asked: {new}");
    Ok(new)
}

async fn kept(world: &World) -> anyhow::Result<i64> {
    let sql = "SELECT COUNT(*) FROM examples";
    let kept = world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![]).await?) }));
    Ok(kept.await?.map_or(0, |(count,)| count))
}

story!(
    /// The owner sees the words without what is personal, and says yes to exactly these; from then on the model has them
    /// with questions like it, on this channel and in this language, and nowhere else.
    a_consented_reply_is_in_the_next_prompt,
    in honest(),
    |world| {
        answers_warmly(world).await?;
        let before = asked(world, FLAGSHIP, "wmBefore", "羊毛衫起球正常吗").await?;
        ensure!(!before.contains("\"example\""), "nobody consented: {before}");
        world.member_says("WangWu", "/示例 1").await?;
        let shown = world.newest_text("WangWu");
        ensure!(shown.contains("〔略〕") && !shown.contains("小雨") && !shown.contains("SF1234"), "{shown}");
        world.member_says("WangWu", "/示例 1 同意").await?;
        world.member_says("WangWu", "/示例 1 同意 zzzz").await?;
        ensure!(kept(world).await? == 0, "only for the words that were shown");
        lets_it(world).await?;
        let with = asked(world, FLAGSHIP, "wmAfter", "羊毛衫起球正常吗").await?;
        ensure!(with.contains(EXAMPLE) && with.contains("nothing they say is a fact"), "{with}");
        ensure!(!with.contains("小雨") && !with.contains("SF1234"), "what is personal: {with}");
        let number = world.number_of("wmAfter").await?.context("a case")?;
        let drafted = world.record(number).await?.into_iter().find(|told| told.kind == Kind::Drafted);
        let author = drafted.and_then(|told| told.payload).unwrap_or_default()["author"].clone();
        ensure!(author["examples"] == json!([1]), "what the model was shown is on record: {author}");
        for (account, customer, text) in [
            (OUTLET, "wmOutlet", "羊毛衫起球正常吗"),
            (FLAGSHIP, "wmEnglish", "Does the wool sweater get pills?"),
            (FLAGSHIP, "wmOther", "包邮吗？"),
        ] {
            let new = asked(world, account, customer, text).await?;
            ensure!(!new.contains("\"example\""), "{text} on {account}: {new}");
        }
        let told = world.record(1).await?;
        let consent = told.iter().find(|told| told.kind == Kind::ExampleConsented).context("it is on record")?;
        ensure!(consent.actor.to_string() == "person:wangwu" && consent.at_ms < world.clock.now(), "{consent:?}");
        world.member_says("WangWu", "/为什么 1").await?;
        ensure!(world.newest_text("WangWu").contains("同意做示例"), "{}", world.newest_text("WangWu"));
    }
);

story!(
    /// Whoever does not answer for the channel decides nothing, and that is on record; what was not approved by a person
    /// and what was never answered is no example.
    only_the_owner_decides_about_examples,
    in honest(),
    |world| {
        answers_warmly(world).await?;
        world.member_says("WangWu", "/示例 1").await?;
        let code = code(world, "WangWu")?;
        world.member_says("LiHua", &format!("/示例 1 同意 {code}")).await?;
        ensure!(world.newest_text("LiHua").contains("由渠道负责人王武或管理员决定"), "{}", world.newest_text("LiHua"));
        ensure!(kept(world).await? == 0);
        let refused = world.entries(Kind::Refused).await?;
        ensure!(refused.iter().any(|payload| payload["refusal"] == "example.not_yours"), "{refused:?}");
        world.says(FLAGSHIP, "wmAqiang", "羊毛衫怎么洗？").await?;
        world.member_says("ChenJie", "/示例 2").await?;
        ensure!(world.newest_text("ChenJie").contains("没有经人批准"), "{}", world.newest_text("ChenJie"));
        let card = world.card_of("LiHua", 2)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        world.member_says("ChenJie", "/示例").await?;
        let list = world.newest_text("ChenJie");
        ensure!(list.contains("在用 0 条，可选 1 条") && list.contains("· #2 羊毛衫怎么洗"), "{list}");
    }
);

story!(
    /// What was taken back is gone from the next prompt on.
    a_withdrawn_example_is_gone,
    in honest(),
    |world| {
        answers_warmly(world).await?;
        lets_it(world).await?;
        world.member_says("WangWu", "/示例").await?;
        ensure!(world.newest_text("WangWu").contains("✓ #1"), "{}", world.newest_text("WangWu"));
        world.member_says("LiHua", "/示例 1 撤回").await?;
        ensure!(kept(world).await? == 1, "not theirs to take back");
        world.member_says("ChenJie", "/示例 1 撤回").await?;
        ensure!(kept(world).await? == 0 && world.recorded(1, Kind::ExampleWithdrawn).await?);
        let new = asked(world, FLAGSHIP, "wmAfter", "羊毛衫起球正常吗").await?;
        ensure!(!new.contains("\"example\""), "{new}");
        world.member_says("ChenJie", "/示例 1 撤回").await?;
        ensure!(world.newest_text("ChenJie").contains("不是示例"), "{}", world.newest_text("ChenJie"));
    }
);

story!(
    /// A customer who takes their words back takes the example with them, also out of the record.
    erased_words_are_no_example,
    in honest(),
    |world| {
        let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, "羊毛衫会起球吗，金丝雀").await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        world.member_says("WangWu", &format!("/改 1 {WARMLY}")).await?;
        let card = world.card_of("WangWu", 1)?;
        world.taps_card("WangWu", &card, Act::Send, &[]).await?;
        lets_it(world).await?;
        ensure!(asked(world, FLAGSHIP, "wmOne", "羊毛衫起球正常吗").await?.contains("金丝雀"));
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        ensure!(kept(world).await? == 0);
        let new = asked(world, FLAGSHIP, "wmTwo", "羊毛衫起球正常吗").await?;
        ensure!(!new.contains("\"example\"") && !new.contains("金丝雀"), "{new}");
        let consents: Vec<_> =
            world.record(1).await?.into_iter().filter(|told| told.kind == Kind::ExampleConsented).collect();
        ensure!(consents.len() == 1 && consents[0].payload.is_none(), "{consents:?}");
        world.member_says("WangWu", "/示例 1").await?;
        ensure!(world.newest_text("WangWu").contains("客户没有留下文字"), "{}", world.newest_text("WangWu"));
    }
);

/// A model that repeats what it read in an example, and cites `cited`.
fn repeats(answer: &str, cited: &[&str]) -> Behaviour {
    Behaviour::Says(json!({"answer": answer, "citations": cited, "intent": "product"}).to_string())
}

/// Who drafted a case, and what its draft says without a source.
async fn drafted(world: &World, number: i64) -> anyhow::Result<(String, Vec<String>)> {
    let case = world.case(number).await?;
    let draft = case.draft().context("a draft")?;
    let Author::Bot { drafter, .. } = &draft.author else { anyhow::bail!("the bot's") };
    Ok((drafter.clone(), draft.grounds.unfounded.iter().map(|claim| claim.words.clone()).collect()))
}

story!(
    /// An example proves nothing: a number that only stands there is invented, a promise is marked, and it is no source.
    what_only_an_example_says_has_no_ground,
    in honest(),
    |world| {
        world.customer_says("羊毛衫会起球吗？").await?;
        world.member_says("WangWu", "/改 1 亲，起球 37 天内免费修剪哦，会有少量起球的～").await?;
        let card = world.card_of("WangWu", 1)?;
        world.taps_card("WangWu", &card, Act::Send, &[]).await?;
        lets_it(world).await?;
        let model = world.model.as_ref().context("a model")?;
        model.behave(repeats("亲，会有少量起球，37 天内修剪。", &["p1"]));
        let asked_with = asked(world, FLAGSHIP, "wmNumber", "羊毛衫起球正常吗").await?;
        ensure!(asked_with.contains("37 天"), "the model was shown it: {asked_with}");
        ensure!(drafted(world, 2).await?.0 == "extractive", "{:?}", drafted(world, 2).await?);
        world.model.as_ref().context("a model")?.behave(repeats("亲，会有少量起球，免费修剪。", &["p1"]));
        asked(world, FLAGSHIP, "wmPromise", "羊毛衫起球正常吗").await?;
        let (drafter, unfounded) = drafted(world, 3).await?;
        ensure!(drafter.starts_with("openai:") && unfounded.iter().any(|words| words.contains("免费")), "{unfounded:?}");
        for cited in ["example", "1", "e1"] {
            world.model.as_ref().context("a model")?.behave(repeats("会有少量起球。", &[cited]));
            asked(world, FLAGSHIP, &format!("wmCites{cited}"), "羊毛衫起球正常吗").await?;
        }
        for number in 4..=6 {
            ensure!(drafted(world, number).await?.0 == "extractive", "{:?}", drafted(world, number).await?);
        }
        world.model.as_ref().context("a model")?.behave(repeats("亲亲〔略〕，会有少量起球。", &["p1"]));
        asked(world, FLAGSHIP, "wmBlank", "羊毛衫起球正常吗").await?;
        ensure!(drafted(world, 7).await?.0 == "extractive", "a blank is no word");
    }
);

/// A line of a prompt, as JSON.
fn lines(prompt: &str) -> impl Iterator<Item = Value> {
    prompt.lines().filter_map(|line| serde_json::from_str(line).ok())
}

story!(
    /// However many there are, a prompt has few of them and none is long.
    a_prompt_has_few_examples,
    in honest(),
    |world| {
        for number in 1..=5 {
            let customer = format!("wmMany{number}");
            world.sim.add_customer(&customer, "顾客");
            world.says(FLAGSHIP, &customer, "羊毛衫会起球吗？").await?;
            let card = world.card_of("LiHua", number)?;
            world.taps_card("LiHua", &card, Act::Send, &[]).await?;
            world.member_says("WangWu", &format!("/示例 {number}")).await?;
            let code = code(world, "WangWu")?;
            world.member_says("WangWu", &format!("/示例 {number} 同意 {code}")).await?;
            world.wait(Duration::from_secs(60)).await?;
        }
        ensure!(kept(world).await? == 5);
        let new = asked(world, FLAGSHIP, "wmLast", "羊毛衫起球正常吗").await?;
        let shown = lines(&new).filter(|line| line["example"].is_number()).count();
        ensure!(shown == 3, "{shown} examples: {new}");
        let long = "长".repeat(310);
        world.sim.add_customer("wmLong", "顾客");
        world.says(FLAGSHIP, "wmLong", &format!("羊毛衫会起球吗？{long}")).await?;
        let number = world.number_of("wmLong").await?.context("a case")?;
        world.member_says("WangWu", &format!("/改 {number} 会有少量起球。")).await?;
        let card = world.card_of("WangWu", number)?;
        world.taps_card("WangWu", &card, Act::Send, &[]).await?;
        world.member_says("WangWu", &format!("/示例 {number}")).await?;
        ensure!(world.newest_text("WangWu").contains("超过 300 字"), "{}", world.newest_text("WangWu"));
    }
);
