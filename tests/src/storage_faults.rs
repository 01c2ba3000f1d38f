//! The store refuses: nothing is acknowledged, nothing is passed over, nothing leaves.

use std::time::Duration;

use aijia::args;
use anyhow::ensure;
use cards::Act;
use simulator::Api;

use crate::story;
use crate::world::{World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// A statement of a test, in a unit of its own.
pub async fn run(world: &World, sql: &'static str) -> anyhow::Result<()> {
    world.app.store.commit(move |tx| Box::pin(async move { Ok(tx.run(sql, args![]).await?) })).await.map(drop)
}

/// From here on nothing can be put into the inbox.
pub async fn inbox_goes(world: &World) -> anyhow::Result<()> {
    run(world, "ALTER TABLE inbox RENAME TO inbox_away").await
}

pub async fn inbox_comes_back(world: &World) -> anyhow::Result<()> {
    run(world, "ALTER TABLE inbox_away RENAME TO inbox").await
}

story!(
    /// A callback that cannot be stored is not acknowledged: the platform delivers it again, and then it counts.
    a_callback_that_cannot_be_stored_is_not_acknowledged,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        inbox_goes(world).await?;
        let tapped = world.sim.tap_late("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        ensure!(!tapped.accepted(), "acknowledged, and stored nowhere");
        inbox_comes_back(world).await?;
        world.taps_late("LiHua", &card, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// A page of messages that cannot be stored is read again: the cursor waits for them.
    a_page_that_cannot_be_stored_is_read_again,
    |world| {
        inbox_goes(world).await?;
        let read = world.sim.count(Api::KfSyncMsg);
        // What cannot be stored is no success of anything.
        let _ = world.customer_says(FACT).await;
        ensure!(world.sim.count(Api::KfSyncMsg) > read, "nobody looked");
        inbox_comes_back(world).await?;
        world.wait(Duration::from_secs(20)).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.has_open_card("LiHua"), "the message was passed over");
    }
);

story!(
    /// No evidence, no effect: where the claim cannot be written into the record, nothing leaves until it can.
    without_evidence_nothing_leaves,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        // The approval is on record; then the chain cannot be gone on with.
        let decided = async |world: &World| -> anyhow::Result<bool> {
            Ok(matches!(world.case(1).await?.state, aijia::case::State::Sending(_)))
        };
        for _ in 0..20 {
            if decided(world).await? {
                break;
            }
            aijia::worker::tick(&world.app).await?;
        }
        ensure!(decided(world).await? && world.customer_heard(XIAOYU).is_empty(), "not between approval and claim");
        run(world, "UPDATE chains SET hash = 'x' || hash WHERE chain LIKE 'conversation:%'").await?;
        world.settle().await?;
        ensure!(world.sim.count(Api::KfSendMsg) == 0, "it left without a record");
        run(world, "UPDATE chains SET hash = SUBSTR(hash, 2) WHERE chain LIKE 'conversation:%'").await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// SQLite answers a commit only when the disk has it.
    a_commit_waits_for_the_disk,
    |world| {
        if !world.app.store.is_shared() {
            let level = world.app.store.commit(|tx| {
                Box::pin(async move { Ok(tx.one::<(i64,)>("PRAGMA synchronous", args![]).await?) })
            });
            let level = level.await?;
            ensure!(level == Some((2,)), "synchronous is {level:?}, not FULL");
        }
    }
);

story!(
    /// A database that goes away in the middle of some work is no failure of that work: however long that lasts, it is
    /// not set aside, nobody is alarmed about it, and once the database is back it goes on within seconds.
    an_outage_costs_nothing_its_turn,
    |world| {
        // Only PostgreSQL can be made to say so in the middle of a unit.
        if world.app.store.is_shared() {
            run(
                world,
                "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN RAISE EXCEPTION ''going away'' USING ERRCODE = ''57P01''; END'",
            )
            .await?;
            run(world, "CREATE TRIGGER gone BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION gone()").await?;
            world.customer_says(FACT).await?;
            for _ in 0..20 {
                world.wait(Duration::from_secs(2)).await?;
            }
            run(world, "DROP TRIGGER gone ON messages").await?;
            world.wait(Duration::from_secs(3)).await?;
            world.wait(Duration::from_secs(4)).await?;
            ensure!(world.has_open_card("LiHua"), "it still waits");
            ensure!(!world.phone("WangWu").contains("每小时"), "{}", world.phone("WangWu"));
        }
    }
);
