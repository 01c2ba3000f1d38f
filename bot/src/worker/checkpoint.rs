//! Sealing the record: entries join one tree, and a signed checkpoint over it leaves the database, to a file
//! beside it and to the chat of whoever watches over the desk.

use std::io::Write;

use super::Job;
use crate::app::App;
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::evidence::Tree;
use crate::store::{Tx, desks, record};

/// Entries that are sealed without waiting for the minute.
const ENTRIES: i64 = 1_000;
/// How long entries wait for a checkpoint at most.
const EVERY: Timestamp = MINUTE;
/// How often a checkpoint is also posted in chat: the file has all of them.
const POST_EVERY: Timestamp = HOUR;
/// The file of checkpoints in the data folder.
pub const FILE: &str = "checkpoints.txt";

/// Seals what waits, when it is time; says whether it did.
///
/// # Errors
/// When the database or the file fails.
pub(super) async fn when_due(app: &App) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let due = app.store.read(move |tx| Box::pin(async move { is_due(tx, now).await })).await?;
    if due { seal(app).await.map(|sealed| sealed.is_some()) } else { Ok(false) }
}

async fn is_due(tx: &mut Tx, now: Timestamp) -> anyhow::Result<bool> {
    let last = record::newest_checkpoint(tx).await?.map_or(0, |(_, at)| at);
    let waiting = record::unsequenced_count(tx, ENTRIES).await?;
    Ok(waiting >= ENTRIES || (waiting > 0 && now >= last + EVERY))
}

/// Seals everything that waits now; gives the checkpoint's text, or none where nothing waited.
///
/// # Errors
/// When the database or the file fails.
pub async fn seal(app: &App) -> anyhow::Result<Option<String>> {
    let sealer = app.clone();
    let sealed = app.store.commit(move |tx| Box::pin(async move { grow(tx, &sealer).await })).await?;
    if let Some(text) = &sealed {
        append(app, text)?;
    }
    Ok(sealed)
}

async fn grow(tx: &mut Tx, app: &App) -> anyhow::Result<Option<String>> {
    record::hold_tree(tx).await?;
    let now = app.clock.now();
    let stored = record::tree(tx).await?;
    let mut tree: Tree = stored.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
    let waiting = record::unsequenced(tx, 10_000).await?;
    if waiting.is_empty() {
        return Ok(None);
    }
    for leaf in &waiting {
        let mut hash = [0; 32];
        hex::decode_to_slice(&leaf.hash, &mut hash)?;
        record::sequence(tx, leaf, i64::try_from(tree.size())?).await?;
        tree.push(hash);
    }
    record::save_tree(tx, &serde_json::to_string(&tree)?).await?;
    let checkpoint = app.signing.sign("aijia", &tree, now);
    let text = checkpoint.to_string();
    record::add_checkpoint(tx, i64::try_from(tree.size())?, &text, now).await?;
    post(tx, app, &text, now).await?;
    Ok(Some(text))
}

async fn post(tx: &mut Tx, app: &App, text: &str, now: Timestamp) -> anyhow::Result<()> {
    let last = desks::value(tx, "checkpoint_posted").await?.and_then(|at| at.parse::<Timestamp>().ok()).unwrap_or(0);
    if now < last + POST_EVERY {
        return Ok(());
    }
    let desk = app.desk(tx).await?;
    let Some(member) = desk.desk.watcher().and_then(|p| p.wecom.clone()) else { return Ok(()) };
    desks::set_value(tx, "checkpoint_posted", &now.to_string()).await?;
    let text = desk.words().text("told.checkpoint", &[("checkpoint", text)]);
    Job::Text { member, text }.enqueue(tx, app, now).await
}

/// One checkpoint a line: whoever keeps a copy of this file can tell a database that was rewritten or rolled back.
fn append(app: &App, text: &str) -> anyhow::Result<()> {
    let path = app.data_dir.join(FILE);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_data()?;
    Ok(())
}
