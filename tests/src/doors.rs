//! What comes by a door of its own is acknowledged once it is kept, and never otherwise.

use aijia::{config, start};
use anyhow::{Context, ensure};
use cards::Act;
use simulator::telegram::Spot;

use crate::story;
use crate::world::away::{Away, FOLLOWER, PERSON};
use crate::world::program::{Operator, until};
use crate::world::{Customers, DESK, Setting, World};

const FACT: &str = "羊毛衫会起球吗？";

fn on(customers: Customers) -> Setting {
    Setting { customers, ..Setting::default() }
}

impl World {
    async fn configures(&mut self, desk: &str) -> anyhow::Result<()> {
        let read = config::parse_desk(desk, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        start::apply_desk(&self.app, read, format!("another desk {}", desk.len())).await?;
        self.settle().await
    }
}

story!(
    /// Telegram keeps what was said while its channel was not configured, and gives it once it is.
    telegram_keeps_what_nobody_took,
    in on(Customers::Telegram),
    |world| {
        world.configures(DESK).await?;
        world.somebody_asks(FACT).await?;
        let Away::Telegram(telegram) = &world.away else { anyhow::bail!("another world") };
        ensure!(telegram.waiting(Away::bot()) == 1 && !world.has_open_card("LiHua"));
        let desk = world.away.on_desk(DESK);
        world.configures(&desk).await?;
        world.wait(std::time::Duration::from_secs(10)).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1, "{:?}", world.somebody_heard());
    }
);

story!(
    /// An Official Account without a channel is told so, and delivers again: nothing was acknowledged.
    an_account_without_a_channel_is_not_acknowledged,
    in on(Customers::Official),
    |world| {
        world.configures(DESK).await?;
        let Away::Official(account) = &world.away else { anyhow::bail!("another world") };
        let delivery = account.says(FOLLOWER, FACT).await?;
        ensure!(delivery.status == Some(404) && delivery.attempts == 3, "{delivery:?}");
    }
);

/// The program as it is served asks Telegram by itself, answers once, and stops while it waits for an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serving_program_asks_telegram() -> anyhow::Result<()> {
    let mut desk = Operator::begin().await?;
    let away = Away::open(Customers::Telegram, &simulator::Clock::system()).await?;
    std::fs::write(desk.folder.path().join("aijia.toml"), away.on_desk(DESK))?;
    desk.more = away.environment();
    let serving = desk.serves().await?;
    let Away::Telegram(telegram) = &away else { anyhow::bail!("another world") };
    telegram.say(PERSON, Spot::private(Away::bot(), PERSON), FACT)?;
    let card = desk.card("LiHua").await?;
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    until(|| !telegram.sent().is_empty()).await.context("nothing reached the customer")?;
    ensure!(serving.stops().await? == Some(0), "it waits for Telegram while it ends");
    ensure!(telegram.sent().len() == 1 && telegram.waiting(Away::bot()) == 0, "{:?}", telegram.sent());
    Ok(())
}
