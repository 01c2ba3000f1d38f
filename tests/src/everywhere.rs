//! The same stories on every channel customers write on and on every surface colleagues review on: the flow is one,
//! whatever the wires.

use std::time::Duration;

use aijia::case::{Ending, State};
use anyhow::{Context, ensure};
use cards::Act;

use crate::story;
use crate::world::{Colleagues, Customers, On, Setting, World, run};

const FACT: &str = "羊毛衫会起球吗？";

/// Tells one story on every channel, reviewed on every surface; on PostgreSQL on one channel, since databases know nothing of
/// channels.
macro_rules! everywhere {
    (@on_sqlite $name:ident, $setting:expr) => {
        mod $name {
            use super::*;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() -> anyhow::Result<()> {
                run(On::Sqlite, $setting, |world| Box::pin(told(world))).await
            }
        }
    };
    (@reviewed $surface:ident, $colleagues:expr) => {
        mod $surface {
            #[allow(unused_imports)]
            use super::*;
            story!(kf, in on(Customers::Kf, $colleagues), |world| { told(world).await?; });
            everywhere!(@on_sqlite webhook, on(Customers::Webhook, $colleagues));
            everywhere!(@on_sqlite telegram, on(Customers::Telegram, $colleagues));
            everywhere!(@on_sqlite official, on(Customers::Official, $colleagues));
        }
    };
    ($(#[$about:meta])* $name:ident, |$world:ident| $told:block) => {
        $(#[$about])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn told($world: &mut World) -> anyhow::Result<()> {
                $told
                everything_was_approved($world).await
            }
            fn on(customers: Customers, colleagues: Colleagues) -> Setting {
                Setting { customers, colleagues, ..Setting::default() }
            }
            everywhere!(@reviewed app, Colleagues::App);
            everywhere!(@reviewed aibot, Colleagues::Aibot);
            everywhere!(@reviewed telegram, Colleagues::Telegram);
        }
    };
}

/// Everything the customer heard was approved by a person, word for word, and is on record as a send of its own.
async fn everything_was_approved(world: &World) -> anyhow::Result<()> {
    let conversation = world.case(1).await?.conversation;
    let sql = "SELECT body, authority FROM sends WHERE conversation = $1";
    let meant = world.app.store.read(move |tx| {
        Box::pin(async move { Ok(tx.all::<(String, String)>(sql, aijia::args![conversation]).await?) })
    });
    let approved = |(body, authority): (String, String)| authority.contains("\"person\"").then_some(body);
    let mut meant: Vec<String> = meant.await?.into_iter().filter_map(approved).collect();
    for heard in world.somebody_heard() {
        let at = meant.iter().position(|body| *body == heard);
        meant.remove(at.with_context(|| format!("nobody approved {heard:?}; approved and not heard: {meant:?}"))?);
    }
    Ok(())
}

async fn is_answered(world: &World) -> anyhow::Result<bool> {
    Ok(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Answered }))
}

everywhere!(
    /// A question, a card, a tap: the words that were shown, once.
    approved,
    |world| {
        world.somebody_asks(FACT).await?;
        let shown = world.case(1).await?.draft().cloned().context("a draft")?.parts;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard() == shown, "{:?}", world.somebody_heard());
        ensure!(is_answered(world).await?);
    }
);

everywhere!(
    /// A person's own words leave as they wrote them, after a second look.
    edited,
    |world| {
        world.somebody_asks(FACT).await?;
        world.decides("LiHua", Act::Edit).await?;
        world.writes("LiHua", "亲，轻微起球是正常的，用剃毛器处理就好。").await?;
        ensure!(world.somebody_heard().is_empty(), "an edit is shown before it is sent");
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard() == ["亲，轻微起球是正常的，用剃毛器处理就好。"]);
    }
);

everywhere!(
    /// The next level gets the case and answers it; the first one's card is settled.
    escalated,
    |world| {
        world.somebody_asks(FACT).await?;
        world.decides("LiHua", Act::Escalate).await?;
        ensure!(!world.holds_card("LiHua"));
        world.decides("WangWu", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1 && is_answered(world).await?);
    }
);

everywhere!(
    /// A person takes over: nothing of the bot's leaves any more, whatever the customer writes.
    taken_over,
    |world| {
        world.somebody_asks(FACT).await?;
        world.decides("LiHua", Act::TakeOver).await?;
        world.somebody_asks("还在吗").await?;
        ensure!(world.somebody_heard().is_empty(), "{:?}", world.somebody_heard());
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }), "{:?}", world.case(1).await?.state);
    }
);

everywhere!(
    /// During a pause a tap sends nothing; after it, a new tap does.
    paused,
    |world| {
        world.somebody_asks(FACT).await?;
        world.writes("ChenJie", "/暂停").await?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().is_empty(), "sent during a pause");
        world.writes("ChenJie", "/恢复").await?;
        world.writes("WangWu", "/恢复").await?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1);
    }
);

everywhere!(
    /// What is delivered twice is one message; what is approved twice is one reply.
    doubled,
    |world| {
        world.somebody_asks(FACT).await?;
        world.delivered_again().await?;
        world.wait(Duration::from_secs(4)).await?;
        let number = world.case(1).await?.number;
        world.decides("LiHua", Act::Send).await?;
        if world.holds_card("ZhaoLiu") {
            world.decides("ZhaoLiu", Act::Send).await?;
        }
        ensure!(number == 1 && world.somebody_heard().len() == 1, "{:?}", world.somebody_heard());
    }
);

everywhere!(
    /// Killed and started again between question and tap: the card still counts.
    restarted,
    |world| {
        world.somebody_writes(FACT).await?;
        world.restart().await?;
        world.wait(Duration::from_secs(4)).await?;
        world.restart().await?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1);
        world.restart().await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(world.somebody_heard().len() == 1, "sent again after a restart");
    }
);

everywhere!(
    /// The answer to a reply is lost: it is never sent as a second message by itself. Where nobody can ask what became of
    /// it, a person says so.
    a_lost_answer,
    |world| {
        world.somebody_asks(FACT).await?;
        world.loses_the_next_answer();
        world.decides("LiHua", Act::Send).await?;
        world.wait(Duration::from_secs(300)).await?;
        ensure!(world.somebody_heard().len() == 1, "{:?}", world.somebody_heard());
        if matches!(world.case(1).await?.state, State::Unknown(_)) {
            world.decides("ZhaoLiu", Act::Delivered).await?;
        }
        ensure!(is_answered(world).await?, "{:?}", world.case(1).await?.state);
        ensure!(world.somebody_heard().len() == 1);
    }
);
