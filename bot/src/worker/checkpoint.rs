//! Sealing the record: entries join one tree, and a signed checkpoint over it leaves the database, to a file
//! beside it and to the chat of whoever watches over the desk.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Job;
use crate::app::App;
use crate::chaos;
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::evidence::{Checkpoint, Tree};
use crate::store::{Tx, desks, record};

/// Entries that are sealed without waiting for the minute, and sealed in one unit at most.
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

/// Seals everything that waits now, in units that keep nobody waiting for long; gives the last checkpoint's text, or
/// none where nothing waited.
///
/// # Errors
/// When the database or the file fails.
pub async fn seal(app: &App) -> anyhow::Result<Option<String>> {
    let mut last = None;
    loop {
        let sealer = app.clone();
        let sealed = app.store.commit(move |tx| Box::pin(async move { grow(tx, &sealer).await })).await?;
        let Some(Sealed { text, more }) = sealed else { return Ok(last) };
        chaos::point("checkpoint.sealed");
        append(app, &text).await?;
        last = Some(text);
        if !more {
            return Ok(last);
        }
    }
}

struct Sealed {
    text: String,
    /// Whether others may still wait.
    more: bool,
}

async fn grow(tx: &mut Tx, app: &App) -> anyhow::Result<Option<Sealed>> {
    record::hold_tree(tx).await?;
    let now = app.clock.now();
    let stored = record::tree(tx).await?;
    let mut tree: Tree = stored.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
    let waiting = record::unsequenced(tx, ENTRIES).await?;
    if waiting.is_empty() {
        return Ok(None);
    }
    record::sequence(tx, &waiting, i64::try_from(tree.size())?).await?;
    for leaf in &waiting {
        let mut hash = [0; 32];
        hex::decode_to_slice(&leaf.hash, &mut hash)?;
        tree.push(hash);
    }
    chaos::point("checkpoint.grown");
    record::save_tree(tx, &serde_json::to_string(&tree)?).await?;
    let checkpoint = app.signing.sign("aijia", &tree, now);
    let text = checkpoint.to_string();
    record::add_checkpoint(tx, i64::try_from(tree.size())?, &text, now).await?;
    post(tx, app, &text, now).await?;
    let more = i64::try_from(waiting.len())? >= ENTRIES;
    Ok(Some(Sealed { text, more }))
}

async fn post(tx: &mut Tx, app: &App, text: &str, now: Timestamp) -> anyhow::Result<()> {
    let last = desks::value(tx, "checkpoint_posted").await?.and_then(|at| at.parse::<Timestamp>().ok()).unwrap_or(0);
    if now < last + POST_EVERY {
        return Ok(());
    }
    let desk = app.desk(tx).await?;
    let Some(to) = app.watcher(&desk.desk) else { return Ok(()) };
    desks::set_value(tx, "checkpoint_posted", &now.to_string()).await?;
    let text = desk.words().text("told.checkpoint", &[("checkpoint", text)]);
    Job::Text { to, text }.enqueue(tx, app, now).await
}

/// The last checkpoint in the file that is ours.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn newest_beside(app: &App) -> anyhow::Result<Option<Checkpoint>> {
    let key = app.signing.verifying_key();
    let known = end_of(&app.data_dir.join(FILE))?;
    let read = known.lines().rev().filter_map(|line| Checkpoint::parse(line).ok());
    Ok(read.into_iter().find(|checkpoint| checkpoint.verify(&key).is_ok()))
}

/// Bytes at the end of the file that are read: some hundred lines.
const END: u64 = 32 * 1024;

/// The file's last lines; empty where there is no file.
fn end_of(path: &Path) -> anyhow::Result<String> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(problem) if problem.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(problem) => return Err(problem.into()),
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One checkpoint a line: whoever keeps a copy of this file can tell a database that was rewritten or rolled back.
/// Lines the file missed, because a program ended before it wrote or another instance sealed, are made up for. A
/// checkpoint is written even when the file knows a larger one: that is what a rollback looks like.
async fn append(app: &App, text: &str) -> anyhow::Result<()> {
    let path = app.data_dir.join(FILE);
    let known = end_of(&path)?;
    let newest = known.lines().rev().find_map(|line| Checkpoint::parse(line).ok());
    let newest = newest.map_or(Ok(0), |checkpoint| i64::try_from(checkpoint.size))?;
    let kept =
        app.store.read(move |tx| Box::pin(async move { Ok(record::checkpoints_after(tx, newest).await?) })).await?;
    let mut lines: Vec<&str> = kept.iter().map(String::as_str).collect();
    if !lines.contains(&text) {
        lines.push(text);
    }
    chaos::point("checkpoint.before_file");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    // A line that was cut off while it was written stays a line of its own.
    let torn = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    file.write_all(format!("{torn}{}\n", lines.join("\n")).as_bytes())?;
    chaos::point("checkpoint.written");
    file.sync_data()?;
    chaos::point("checkpoint.synced");
    Ok(())
}
