//! Power cuts: every write of the data folder is written down, and images of the disk are made of it as a cut could
//! have left them: what was synced, and of the rest any subset of sectors.

mod disk;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use simulator::LedgerRow;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::time::sleep;

use super::{Context, Row, campaign, shim};
use crate::audit::{Moment, by_ledger};
use crate::database::On;
use crate::evidence::Evidence;
use crate::robots::Written;
use crate::shop::number_in;
use crate::stage::{Bustle, Stage};
use crate::world::World;
use disk::{Disk, Record, read_log};

/// Images made of one run of the program.
const IMAGES: usize = 5;

/// Runs, cuts, looks at several images, and goes on with the last one.
///
/// # Errors
/// Where an image cannot be opened by the program: that is what must not happen.
pub async fn run(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(20, 300, 3_000);
    let library = context.shim.clone();
    let plan = context.plan(On::Sqlite, 1);
    campaign(("power", "images"), plan, Bustle::default(), &mut Vec::new(), async |stage, notes| {
        let (mut images, mut unsynced) = (0, 0);
        while images < trials {
            stage.world.kill(0).await?;
            let wanted = IMAGES.min(usize::try_from(trials - images)?);
            unsynced += one_run(stage, &library, wanted, images).await?;
            images += wanted as u64;
        }
        notes.push(format!("{unsynced} unsynced writes under the cuts"));
        stage.world.start(0).await?;
        Ok(images)
    })
    .await
}

/// One run of the program, ended by a cut; gives how many unsynced writes the images had to do without.
async fn one_run(stage: &mut Stage, library: &Path, images: usize, number: u64) -> anyhow::Result<usize> {
    let data = stage.world.data(0);
    let before = Disk::read(&data)?;
    let log = stage.world.folder.join(format!("writes-{number}.log"));
    let mut setup = stage.world.setup(0)?;
    shim::watch(&mut setup, library, &data, Some(&log), None);
    stage.world.start_with(0, &setup).await?;
    sleep(stage.draw.millis(800, 2_500)).await;
    stage.world.kill(0).await?;
    let records = read_log(&log)?;
    let mut unsynced = 0;
    for _ in 1..images {
        let cut = cut_near_a_barrier(stage, &records);
        let disk = before.clone().after(records.get(..cut).unwrap_or_default());
        unsynced += disk.unsynced();
        let image = stage.world.folder.join(format!("image-{number}-{cut}"));
        disk.write_image(&image, &mut stage.draw)?;
        let at_ns = records.get(cut).map_or(u64::MAX, |record| record.at_ns);
        look_at(&stage.world, &image, at_ns).await?;
        std::fs::remove_dir_all(&image)?;
    }
    // The last cut is where the program was killed, and the program goes on with what it left.
    unsynced += replace(stage, before.after(&records), &log)?;
    Ok(unsynced)
}

/// Lets the program run with every write written down, as `run` does it, cuts the power where it was killed, and leaves
/// what a cut could leave in its place.
pub(super) async fn go_on_after_a_cut<T>(
    stage: &mut Stage,
    number: u64,
    run: impl AsyncFnOnce(&mut World, &Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let before = Disk::read(&stage.world.data(0))?;
    let log = stage.world.folder.join(format!("writes-{number}.log"));
    let ran = run(&mut stage.world, &log).await?;
    let records = read_log(&log)?;
    replace(stage, before.after(&records), &log)?;
    Ok(ran)
}

fn replace(stage: &mut Stage, disk: Disk, log: &Path) -> anyhow::Result<usize> {
    let data = stage.world.data(0);
    std::fs::remove_dir_all(&data)?;
    std::fs::create_dir_all(&data)?;
    disk.write_image(&data, &mut stage.draw)?;
    std::fs::remove_file(log)?;
    Ok(disk.unsynced())
}

/// A place in the log just before or after something was synced, or anywhere.
fn cut_near_a_barrier(stage: &mut Stage, records: &[Record]) -> usize {
    let barriers: Vec<usize> = (0..records.len()).filter(|n| records.get(*n).is_some_and(Record::is_barrier)).collect();
    match stage.draw.pick(&barriers).copied() {
        Some(barrier) if stage.draw.per_mille(800) => barrier + stage.draw.index(2),
        _ => stage.draw.index(records.len() + 1),
    }
}

/// The program opens the image, and everything acknowledged before the cut is on record in it, or waits in it to be.
async fn look_at(world: &World, image: &Path, at_ns: u64) -> anyhow::Result<()> {
    let exported = image.join("evidence.jsonl");
    let mut setup = world.setup(0)?;
    let database = image.join("aijia.db");
    setup.env.insert("AIJIA_DATA_DIR".to_owned(), image.display().to_string());
    setup.env.insert("DATABASE_URL".to_owned(), format!("sqlite://{}", database.display()));
    setup.env.insert("RUST_LOG".to_owned(), "warn".to_owned());
    let path = exported.to_str().context("a path in UTF-8")?;
    let output = setup.command(&["evidence", "export", "-o", path]).output().await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "the image {} cannot be opened: {said}", image.display());
    let evidence = Evidence::read(&exported)?;
    let mut ledger = world.sim.ledger();
    // A request that the platform noted in an earlier millisecond left before the cut.
    ledger.retain(|row| u64::try_from(row.at_ms).unwrap_or(0) < at_ns / 1_000_000);
    let mut written = written_in(&ledger);
    let waiting = waiting_in(&database).await?;
    written.retain(|message| !waiting.contains(&message.number));
    let found = by_ledger(&ledger, &world.plan.shop, &evidence, &written, Moment::Underway);
    let bad: Vec<String> = found.violations().map(|(kind, line)| format!("{kind}: {line}")).collect();
    anyhow::ensure!(bad.is_empty(), "the image {} has lost something:\n{}", image.display(), bad.join("\n"));
    Ok(())
}

/// The messages that the image has stored and not read yet.
async fn waiting_in(database: &Path) -> anyhow::Result<BTreeSet<u64>> {
    let mut image = SqliteConnectOptions::new().filename(database).connect().await?;
    let sql = "SELECT body FROM inbox WHERE done_at IS NULL";
    let bodies: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut image).await?;
    image.close().await?;
    Ok(bodies.iter().filter_map(|body| number_in(body)).collect())
}

/// The messages that were handed out, by the ledger.
fn written_in(ledger: &[LedgerRow]) -> Vec<Written> {
    let sync = simulator::Call::Api(simulator::Api::KfSyncMsg);
    let rows = ledger.iter().filter(|row| row.call == sync);
    let items = rows.flat_map(|row| row.answer["msg_list"].as_array().into_iter().flatten());
    let message = |item: &serde_json::Value| {
        let number = item.pointer("/text/content").and_then(|text| text.as_str()).and_then(number_in)?;
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let (account, customer) = (text("open_kfid"), text("external_userid"));
        Some(Written { number, account, customer, status: None, retries: 0, took: Duration::ZERO })
    };
    items.filter_map(message).collect()
}
