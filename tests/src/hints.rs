//! 改 with a wish from the drop-down: the card shows other words, whoever drafts; the parcel's number comes from the
//! evidence and never from a model.

use std::time::Duration;

use anyhow::{Context, ensure};
use cards::Act;
use simulator::openai::Behaviour;

use crate::story;
use crate::world::{Setting, World};

const WASHING: &str = "羊毛衫怎么洗？";
const ORDER: &str = "202611280000010417";
const PARCEL: &str = "ZT000730000417";

/// A reviewer wishes for another draft; its words, as the case has them and as the card shows them.
async fn wishes(world: &mut World, hint: &str) -> anyhow::Result<String> {
    let card = world.card("LiHua")?;
    world.taps_card("LiHua", &card, Act::Edit, &[("hint", hint)]).await?;
    world.wait(Duration::from_secs(4)).await?;
    let said = drafted(world).await?;
    let shown = world.phone("LiHua");
    let first: String = said.chars().take(20).collect();
    ensure!(shown.contains(&first), "{first} is not on the phone: {shown}");
    Ok(said)
}

async fn drafted(world: &World) -> anyhow::Result<String> {
    let case = world.case(1).await?;
    Ok(case.draft().context("a draft")?.parts.concat())
}

async fn cited(world: &World) -> anyhow::Result<String> {
    let case = world.case(1).await?;
    let draft = case.draft().context("a draft")?;
    Ok(draft.citations.first().context("a citation")?.entry.clone())
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Shorter, softer, another rule and the next one: each is other words than before.
async fn every_wish_is_met(world: &mut World) -> anyhow::Result<()> {
    world.customer_says(WASHING).await?;
    let (first, rule) = (drafted(world).await?, cited(world).await?);
    let softer = wishes(world, "softer").await?;
    ensure!(softer != first && softer.contains("让您费心了"), "{softer}");
    let shorter = wishes(world, "shorter").await?;
    ensure!(length(&shorter) < length(&softer), "{shorter} / {softer}");
    ensure!(cited(world).await? == rule, "another rule although none was asked for");
    wishes(world, "change_rule").await?;
    let second = cited(world).await?;
    ensure!(second != rule, "the same rule");
    wishes(world, "change_rule").await?;
    let third = cited(world).await?;
    ensure!(third != rule && third != second, "the rules before came back: {rule}, {second}, {third}");
    Ok(())
}

story!(
    /// The built-in drafter.
    the_built_in_drafter_heeds_every_wish,
    |world| { every_wish_is_met(world).await?; }
);

story!(
    /// A model that repeats its first passage whatever it is asked: what it does not do is done without it.
    a_stubborn_models_drafts_heed_every_wish,
    in Setting { model: Some(Behaviour::Honest), ..Setting::default() },
    |world| {
        every_wish_is_met(world).await?;
        let model = world.model.as_ref().context("a model")?;
        let asked: Vec<String> = model.chats().iter().map(|chat| chat["messages"][1]["content"].to_string()).collect();
        ensure!(asked.len() == 5 && asked.iter().skip(1).all(|data| data.contains("The reply so far")), "{asked:?}");
    }
);

/// The usual back office, whose logistics recipe says nothing to the customer by itself.
async fn silent_office(model: Option<Behaviour>) -> anyhow::Result<(tempfile::TempDir, Setting)> {
    let folder = tempfile::tempdir()?;
    let recipes = concat!(env!("CARGO_MANIFEST_DIR"), "/../backoffice/recipes");
    for entry in std::fs::read_dir(recipes)? {
        let entry = entry?;
        let text = std::fs::read_to_string(entry.path())?;
        let kept = text.lines().filter(|line| !line.starts_with("reply = ")).collect::<Vec<_>>().join("\n");
        std::fs::write(folder.path().join(entry.file_name()), kept)?;
    }
    let setting = Setting::with_back_office().await?;
    let desk = setting.desk.replace(recipes, &folder.path().to_string_lossy());
    Ok((folder, Setting { desk, model, ..setting }))
}

/// The number is offered where the evidence has one that the draft does not say, and then it stands behind the draft.
async fn number_is_added(world: &mut World) -> anyhow::Result<()> {
    if !world.signs_in_to_office().await? {
        return Ok(());
    }
    world.customer_says(&format!("羊毛衫会起球吗？我的货到哪了？订单号 {ORDER}")).await?;
    let card = world.card("LiHua")?;
    ensure!(!drafted(world).await?.contains(PARCEL), "{}", drafted(world).await?);
    ensure!(card.shown.to_string().contains("补运单号"), "{}", card.shown);
    let said = wishes(world, "add_number").await?;
    ensure!(said.contains(PARCEL) && said.contains("中通"), "{said}");
    let case = world.case(1).await?;
    let unfounded = &case.draft().context("a draft")?.grounds.unfounded;
    ensure!(unfounded.is_empty(), "the evidence is its ground: {unfounded:?}");
    ensure!(!world.card("LiHua")?.shown.to_string().contains("补运单号"), "it is offered again");
    Ok(())
}

async fn with_silent_office(model: Option<Behaviour>) -> anyhow::Result<()> {
    for on in [crate::world::On::Sqlite, crate::world::On::Postgres] {
        let (_folder, setting) = silent_office(model.clone()).await?;
        crate::world::run(on, setting, |world| Box::pin(number_is_added(world))).await?;
    }
    Ok(())
}

/// Behind the built-in drafter's words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parcels_number_is_added() -> anyhow::Result<()> {
    with_silent_office(None).await
}

/// Behind a model's, which never saw it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parcels_number_is_added_to_a_models_draft() -> anyhow::Result<()> {
    with_silent_office(Some(Behaviour::Honest)).await
}

story!(
    /// What the back office let us say is told softer and shorter too, and a rule of the shop comes behind it.
    what_was_looked_up_is_told_otherwise,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.customer_says(&format!("羊毛衫会起球吗？我的货到哪了？订单号 {ORDER}")).await?;
        let first = drafted(world).await?;
        ensure!(first.contains(PARCEL) && !world.card("LiHua")?.shown.to_string().contains("补运单号"));
        let softer = wishes(world, "softer").await?;
        ensure!(softer.contains("让您费心了") && softer.contains(PARCEL), "{softer}");
        let shorter = wishes(world, "shorter").await?;
        ensure!(length(&shorter) < length(&first) && shorter.contains(PARCEL), "{shorter}");
        let ruled = wishes(world, "change_rule").await?;
        ensure!(length(&ruled) > length(&first) && !cited(world).await?.is_empty(), "{ruled}");
    }
);
