//! A desk with its world around it: the real program over the real wire, a simulated WeCom, one clock.

pub mod away;
mod back_office;
mod browser;
pub mod colleagues;
mod knowledge;
mod open;
pub mod operated;
pub mod program;
pub mod shown;

use std::collections::BTreeSet;
use std::time::Duration;

use aijia::app::App;
use aijia::case::Case;
use aijia::clock::Clock;
use aijia::demo::Staging;
use aijia::store::{self, queue, record};
use aijia::worker;
use anyhow::{Context, ensure};
use serde_json::Value;
use simulator::openai::FakeModel;
use simulator::seller::Seller;
use simulator::{Delivery, Item, ItemKind, Simulator};

pub use aijia::demo::{FLAGSHIP, OUTLET, XIAOYU};
pub use away::{Away, Customers};
pub use browser::{Browser, Page};
pub use colleagues::{Colleagues, Phones};
pub use open::{DESK, On, Setting, database, empty_database};

/// Tells one story on both databases, in the usual setting or in one of its own.
#[macro_export]
macro_rules! story {
    ($(#[$about:meta])* $name:ident, |$world:ident| $told:block) => {
        $crate::story!($(#[$about])* $name, in $crate::world::Setting::default(), |$world| $told);
    };
    ($(#[$about:meta])* $name:ident, in $setting:expr, |$world:ident| $told:block) => {
        $(#[$about])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn tell($world: &mut $crate::world::World) -> anyhow::Result<()> {
                $told
                Ok(())
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() -> anyhow::Result<()> {
                $crate::world::run($crate::world::On::Sqlite, $setting, |w| Box::pin(tell(w))).await
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() -> anyhow::Result<()> {
                $crate::world::run($crate::world::On::Postgres, $setting, |w| Box::pin(tell(w))).await
            }
        }
    };
}

pub type Telling<'w> = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'w>>;

/// Opens a world, lets the story happen, and looks whether everything came to rest.
pub async fn run(
    on: On,
    setting: Setting,
    story: impl for<'w> FnOnce(&'w mut World) -> Telling<'w>,
) -> anyhow::Result<()> {
    let Some(mut world) = World::open(on, setting).await? else {
        eprintln!("not told on PostgreSQL: TEST_POSTGRES_URL is not set (scripts/with-postgres sets it)");
        return Ok(());
    };
    story(&mut world).await?;
    world.finish().await
}

/// A desk with its world around it.
pub struct World {
    pub app: App,
    pub sim: Simulator,
    pub clock: Clock,
    pub sim_clock: simulator::Clock,
    pub address: String,
    pub folder: tempfile::TempDir,
    /// The language model's server, where the setting has one.
    pub model: Option<FakeModel>,
    /// The shop's back office, where the setting has one.
    pub seller: Option<Seller>,
    /// Pages somebody looked at: their member id and the HTML.
    pub pages: Vec<(String, String)>,
    /// Where the story's customers are.
    pub away: Away,
    /// What its colleagues hold in their hands.
    pub phones: Phones,
    /// Message ids whose authority was found in a record this world no longer goes on with.
    answered_for: BTreeSet<String>,
    staging: Staging,
    edge: tokio::task::JoinHandle<()>,
}

impl World {
    /// Everything due happens.
    pub async fn settle(&mut self) -> anyhow::Result<()> {
        worker::pump(&self.app).await
    }

    /// Time passes, and what becomes due happens.
    pub async fn wait(&mut self, how_long: Duration) -> anyhow::Result<()> {
        let ms = i64::try_from(how_long.as_millis())?;
        self.clock.advance(ms);
        self.sim_clock.advance(ms);
        self.settle().await
    }

    /// The customer writes, and waits until the desk has drafted.
    pub async fn customer_says(&mut self, text: &str) -> anyhow::Result<()> {
        self.says(FLAGSHIP, XIAOYU, text).await
    }

    /// A customer writes to an account, and waits until the desk has drafted.
    pub async fn says(&mut self, account: &str, customer: &str, text: &str) -> anyhow::Result<()> {
        self.sim.customer_says(account, customer, text).await?;
        self.settle().await?;
        self.wait(Duration::from_secs(4)).await
    }

    /// What the customer's phone shows from the shop, oldest first.
    pub fn customer_heard(&self, customer: &str) -> Vec<String> {
        let lines = self.sim.history(customer);
        lines.into_iter().filter(|line| line.from == simulator::Speaker::Shop).map(|line| line.text).collect()
    }

    /// The newest card that a member can still press.
    pub fn card(&self, member: &str) -> anyhow::Result<Card> {
        let open = self.sim.inbox(member).into_iter().rev().find_map(|item| Card::open(&item));
        open.with_context(|| format!("{member} has no open card; their phone shows {:#?}", self.sim.inbox(member)))
    }

    /// The newest card of one case that a member can still press.
    pub fn card_of(&self, member: &str, number: i64) -> anyhow::Result<Card> {
        let about = |card: &Card| {
            card.shown["button_list"].as_array().is_some_and(|buttons| {
                let keys = buttons.iter().filter_map(|b| b["key"].as_str());
                keys.filter_map(|key| cards::Key::parse(key).ok()).any(|key| key.case == number)
            })
        };
        let open = self.sim.inbox(member).into_iter().rev().filter_map(|item| Card::open(&item)).find(about);
        open.with_context(|| format!("{member} has no open card of case {number}"))
    }

    /// Whether a member has a card that can still be pressed.
    pub fn has_open_card(&self, member: &str) -> bool {
        self.card(member).is_ok()
    }

    /// A member presses a button of their newest open card.
    pub async fn taps(&mut self, member: &str, act: cards::Act) -> anyhow::Result<Delivery> {
        let card = self.card(member)?;
        self.taps_card(member, &card, act, &[]).await
    }

    /// A member presses a button of a card they hold, with something selected.
    pub async fn taps_card(
        &mut self,
        member: &str,
        card: &Card,
        act: cards::Act,
        selected: &[(&str, &str)],
    ) -> anyhow::Result<Delivery> {
        let delivery = self.sim.tap(member, &card.task_id, &card.key(act)?, selected).await?;
        self.settle().await?;
        Ok(delivery)
    }

    /// A member writes to the app.
    pub async fn member_says(&mut self, member: &str, text: &str) -> anyhow::Result<()> {
        self.sim.says(member, text).await?;
        self.settle().await
    }

    /// A member presses a button their phone still shows although the card was settled.
    pub async fn taps_late(&mut self, member: &str, card: &Card, act: cards::Act) -> anyhow::Result<()> {
        self.sim.tap_late(member, &card.task_id, &card.key(act)?, &[]).await?;
        self.settle().await
    }

    /// The newest text on a member's phone.
    pub fn newest_text(&self, member: &str) -> String {
        let said = |item: &Item| matches!(item.kind, ItemKind::Text | ItemKind::Markdown);
        let texts = self.sim.inbox(member).into_iter().rev().filter(said);
        texts.map(|item| item.text).next().unwrap_or_default()
    }

    /// Everything a member's phone shows, as one text.
    pub fn phone(&self, member: &str) -> String {
        let shown = self.sim.inbox(member).into_iter().map(|item| match item.card {
            Some(card) => card.to_string(),
            None => item.text,
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    /// The case with this number.
    pub async fn case(&self, number: i64) -> anyhow::Result<Case> {
        let case =
            self.app.store.read(move |tx| Box::pin(async move { Ok(store::cases::by_number(tx, number).await?) }));
        case.await?.with_context(|| format!("there is no case {number}"))
    }

    /// The kinds of a case's record, in order.
    pub async fn record(&self, number: i64) -> anyhow::Result<Vec<record::Told>> {
        let id = self.case(number).await?.id;
        self.app.store.read(move |tx| Box::pin(async move { record::of_case(tx, &id).await })).await
    }

    /// Whether a case's record has an entry of this kind.
    pub async fn recorded(&self, number: i64, kind: aijia::evidence::Kind) -> anyhow::Result<bool> {
        Ok(self.record(number).await?.iter().any(|told| told.kind == kind))
    }

    /// The number of a customer's newest case, once the desk knows them.
    pub async fn number_of(&self, customer: &str) -> anyhow::Result<Option<i64>> {
        let customer = customer.to_owned();
        self.app
            .store
            .read(move |tx| {
                Box::pin(async move {
                    let open = store::conversations::by_customer(tx, "kf-flagship", &customer).await?;
                    let Some(id) = open.and_then(|open| open.case_id) else { return Ok(None) };
                    Ok(store::cases::load(tx, &id).await?.map(|case| case.number))
                })
            })
            .await
    }

    /// Jobs somebody works on.
    pub async fn held(&self) -> anyhow::Result<i64> {
        let sql = "SELECT COUNT(*) FROM outbox WHERE owner IS NOT NULL AND done_at IS NULL";
        let held = self.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, Vec::new()).await?) }));
        Ok(held.await?.map_or(0, |(held,)| held))
    }

    /// Whether any conversation's record has an entry of this kind.
    pub async fn recorded_anywhere(&self, kind: aijia::evidence::Kind) -> anyhow::Result<bool> {
        let counted = self.app.store.read(move |tx| Box::pin(async move { Ok(record::count(tx, kind).await?) }));
        Ok(counted.await? > 0)
    }

    /// Whether the whole record verifies.
    pub async fn record_verifies(&self) -> anyhow::Result<()> {
        let chains = self.app.store.read(|tx| Box::pin(async move { Ok(record::chains(tx).await?) })).await?;
        for chain in chains {
            let verified = self.app.store.read(move |tx| Box::pin(async move { record::verify(tx, &chain).await }));
            if let Err(bad) = verified.await? {
                anyhow::bail!("the record does not verify: {bad}");
            }
        }
        Ok(())
    }

    /// At every story's end: nothing unread, nothing unfinished, and a record that verifies.
    async fn finish(mut self) -> anyhow::Result<()> {
        self.settle().await?;
        let now = self.clock.now();
        let unfinished = self.app.store.read(move |tx| Box::pin(async move { Ok(queue::unfinished(tx, now).await?) }));
        let unfinished = unfinished.await?;
        ensure!(unfinished.is_empty(), "rows are left undone: {unfinished:?}");
        self.record_verifies().await?;
        self.everything_sent_was_shown().await?;
        self.edge.abort();
        Ok(())
    }
}

/// A card a member can press.
#[derive(Debug, Clone)]
pub struct Card {
    pub task_id: String,
    pub shown: Value,
}

impl Card {
    /// The card of a message, while it can be pressed.
    pub fn open(item: &Item) -> Option<Self> {
        let shown = item.card.clone()?;
        let pressable = shown["button_list"].as_array().is_some_and(|list| !list.is_empty()) && !item.disabled();
        let settled = shown["button_list"][0]["key"].as_str().is_some_and(|key| key.starts_with("settled"));
        (pressable && !settled).then(|| Self { task_id: item.task_id.clone().unwrap_or_default(), shown })
    }

    /// The key of one of the card's buttons.
    pub fn key(&self, act: cards::Act) -> anyhow::Result<String> {
        let buttons = self.shown["button_list"].as_array().cloned().unwrap_or_default();
        let keys = buttons.iter().filter_map(|button| button["key"].as_str());
        let found = keys.map(str::to_owned).find(|key| cards::Key::parse(key).is_ok_and(|key| key.act == act));
        found.with_context(|| format!("the card has no button {act:?}: {:#}", self.shown))
    }

    /// Whether the card has this button.
    pub fn has(&self, act: cards::Act) -> bool {
        self.key(act).is_ok()
    }

    /// Everything the card says.
    pub fn text(&self) -> String {
        self.shown.to_string()
    }

    /// The four characters that approve what the card shows.
    pub fn code(&self) -> anyhow::Result<String> {
        let key = self.key(cards::Act::Send)?;
        Ok(cards::Key::parse(&key)?.code)
    }
}
