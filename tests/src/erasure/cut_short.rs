//! An erasure that breaks off in the middle has erased nothing, and all of it is done later.

use std::path::PathBuf;
use std::time::Duration;

use aijia::args;
use aijia::evidence::Kind;
use anyhow::{Context, ensure};

use super::{CANARY, places, shown};
use crate::storage_faults::run;
use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

/// Longer than a row that failed is left alone.
const LATER: Duration = Duration::from_secs(120);

/// The last statement of an erasure is refused from now on: by then everything else in the database is emptied.
async fn the_last_row_is_refused(world: &World) -> anyhow::Result<()> {
    if !world.app.store.is_shared() {
        let trigger = "CREATE TRIGGER refused BEFORE UPDATE ON evidence WHEN NEW.payload IS NULL
                       BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
        return run(world, trigger).await;
    }
    let refuse = "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS
                  'BEGIN RAISE EXCEPTION ''the disk is full''; END'";
    run(world, refuse).await?;
    let trigger = "CREATE TRIGGER refused BEFORE UPDATE ON evidence FOR EACH ROW WHEN (NEW.payload IS NULL)
                   EXECUTE FUNCTION refused()";
    run(world, trigger).await
}

async fn it_is_taken_again(world: &World) -> anyhow::Result<()> {
    let shared = world.app.store.is_shared();
    run(world, if shared { "DROP TRIGGER refused ON evidence" } else { "DROP TRIGGER refused" }).await
}

/// How often the erasing was begun.
async fn attempts(world: &World) -> anyhow::Result<i64> {
    let sql = "SELECT attempts FROM outbox WHERE kind = 'erase'";
    let begun = world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![]).await?) }));
    begun.await?.map(|(attempts,)| attempts).context("nothing is to be erased")
}

/// A customer with two pictures, and the names of these, ascending.
async fn with_two_pictures(world: &mut World) -> anyhow::Result<Vec<PathBuf>> {
    for picture in ["one", "two"] {
        let bytes = [&b"\x89PNG\r\n\x1a\n of "[..], CANARY.as_bytes(), picture.as_bytes()].concat();
        world.sim.customer_sends_image(FLAGSHIP, XIAOYU, bytes).await?;
    }
    world.customer_says(&format!("电话{CANARY}，羊毛衫会起球吗？")).await?;
    let mut files = Vec::new();
    for folder in std::fs::read_dir(world.folder.path().join("blobs"))? {
        files.extend(
            std::fs::read_dir(folder?.path())?
                .map(|file| file.map(|file| file.path()))
                .collect::<Result<Vec<_>, _>>()?,
        );
    }
    files.sort();
    ensure!(files.len() == 2, "{files:?}");
    Ok(files)
}

story!(
    /// Where the last row is refused, every table and every file still says what it said; killed and started again, it is all
    /// done, once.
    half_an_erasure_is_none,
    |world| {
        let files = with_two_pictures(world).await?;
        let (_, code) = shown(world, 1).await?;
        the_last_row_is_refused(world).await?;
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        let before = places(world, CANARY).await?;
        ensure!(attempts(world).await? > 0, "it was not tried");
        ensure!(before.contains("messages.body") && before.contains("evidence.payload"), "{before:?}");
        ensure!(files.iter().all(|file| file.exists()), "a file is gone whose rows are not");
        ensure!(!world.recorded_anywhere(Kind::Erased).await?, "on record is what did not happen");
        world.record_verifies().await?;
        it_is_taken_again(world).await?;
        world.restart().await?;
        world.wait(LATER).await?;
        ensure!(places(world, CANARY).await?.is_empty(), "{:?}", places(world, CANARY).await?);
        ensure!(world.phone("ChenJie").matches("资料清除了").count() == 1, "{}", world.phone("ChenJie"));
        world.record_verifies().await?;
    }
);

story!(
    /// Where the disk does not give a file up, no row is emptied either; a file that went before is not missed later.
    a_file_that_does_not_go_keeps_the_rows,
    |world| {
        let files = with_two_pictures(world).await?;
        let (_, code) = shown(world, 1).await?;
        let (first, last) = (files.first().context("a file")?, files.last().context("a file")?);
        // What is a folder is not removed as a file.
        std::fs::remove_file(last)?;
        std::fs::create_dir(last)?;
        world.member_says("ChenJie", &format!("/清除 1 确认 {code}")).await?;
        ensure!(attempts(world).await? > 0 && !first.exists(), "it was not tried");
        ensure!(places(world, CANARY).await?.contains("messages.body") && !world.recorded_anywhere(Kind::Erased).await?);
        std::fs::remove_dir(last)?;
        world.restart().await?;
        world.wait(LATER).await?;
        ensure!(places(world, CANARY).await?.is_empty(), "{:?}", places(world, CANARY).await?);
        world.record_verifies().await?;
    }
);
