//! The second of two people agrees, or does not, by a button on a card.

use std::time::Duration;

use aijia::evidence::Kind;
use anyhow::ensure;
use cards::CareAct;

use super::{FACT, OPEN, automatic};
use crate::story;
use crate::world::{Colleagues, Setting, World};

fn on(colleagues: Colleagues) -> Setting {
    Setting { colleagues, ..automatic(false) }
}

async fn proposed(world: &mut World) -> anyhow::Result<()> {
    world.is_ready().await?;
    world.decided_often(400, "unchanged").await?;
    world.writes("WangWu", OPEN).await
}

/// Who is asked declines, and nothing opens; asked again they agree, and what qualifies leaves without a person.
async fn declined_then_agreed(world: &mut World) -> anyhow::Result<()> {
    proposed(world).await?;
    world.decides_on_knowledge("ChenJie", CareAct::Decline).await?;
    ensure!(world.entries(Kind::AutomationOpened).await?.is_empty(), "declining opened it");
    ensure!(world.entries(Kind::AutomationClosed).await?.len() == 1, "declining is not on record");
    ensure!(world.was_told("WangWu").concat().contains("不同意"), "{:?}", world.was_told("WangWu"));
    ensure!(world.decides_on_knowledge("ChenJie", CareAct::Agree).await.is_err(), "the card is still open");

    world.writes("WangWu", OPEN).await?;
    world.decides_on_knowledge("ChenJie", CareAct::Agree).await?;
    let opened = world.entries(Kind::AutomationOpened).await?;
    ensure!(opened.len() == 1 && opened[0]["first"] == "wangwu", "{opened:?}");
    ensure!(world.was_told("ChenJie").concat().contains("已开"), "{:?}", world.was_told("ChenJie"));
    world.wait(Duration::from_secs(70)).await?;
    world.asked_by("wmLater", FACT).await?;
    ensure!(!world.customer_heard("wmLater").is_empty(), "it does not leave by itself");
    Ok(())
}

story!(
    /// In the app.
    a_second_person_agrees_in_the_app,
    in on(Colleagues::App),
    |world| { declined_then_agreed(world).await?; }
);

story!(
    /// In the chat with the AI bot.
    a_second_person_agrees_in_the_chat_with_the_bot,
    in on(Colleagues::Aibot),
    |world| { declined_then_agreed(world).await?; }
);

story!(
    /// On Telegram.
    a_second_person_agrees_on_telegram,
    in on(Colleagues::Telegram),
    |world| { declined_then_agreed(world).await?; }
);

story!(
    /// A card counts for the proposal it shows: once that is taken back, or a day old, pressing it opens nothing.
    a_card_of_yesterday_opens_nothing,
    in automatic(false),
    |world| {
        proposed(world).await?;
        world.wait(Duration::from_secs(25 * 3_600)).await?;
        world.decides_on_knowledge("ChenJie", CareAct::Agree).await?;
        ensure!(world.entries(Kind::AutomationOpened).await?.is_empty(), "what was proposed yesterday was opened");
        // Theirs is a new proposal, which the first person may agree to.
        world.decides_on_knowledge("WangWu", CareAct::Agree).await?;
        let opened = world.entries(Kind::AutomationOpened).await?;
        ensure!(opened.len() == 1 && opened[0]["first"] == "chenjie", "{opened:?}");
    }
);
