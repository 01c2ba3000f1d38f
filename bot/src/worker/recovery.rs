//! Starting on an older copy of the database, as after restoring a backup. What is kept beside it, the checkpoints and
//! the newest entry, shows that the record once was longer. Nobody knows then what was already sent: everything is
//! paused, on record, until two people have looked and resume.

use std::io::ErrorKind;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::apply;
use super::checkpoint;
use crate::app::App;
use crate::case::Say;
use crate::clock::Timestamp;
use crate::evidence::{Actor, Checkpoint, Entry, Kind};
use crate::policy::{self, Power};
use crate::store::pauses::{self, Scope};
use crate::store::{Tx, desks, record};

/// The file of the newest entry, in the data folder.
const FILE: &str = "newest.txt";
/// The desk's value that says when it last began on an older copy.
const RECOVERED_AT: &str = "recovered_at";

/// An entry of the record, as kept beside the database. Its salt makes the hash: another history has another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Newest {
    chain: String,
    seq: i64,
    hash: String,
    at_ms: Timestamp,
}

/// Keeps the newest entry beside the database, when there is a newer one. Between two checkpoints this is what an
/// older copy is known by.
///
/// # Errors
/// When the database or the file fails.
pub(super) async fn remember(app: &App) -> anyhow::Result<()> {
    let newest = app.store.read(|tx| Box::pin(async move { Ok(record::newest_unsequenced(tx).await?) })).await?;
    // What is in a checkpoint is known by that.
    let Some((chain, seq, hash, at_ms)) = newest else { return Ok(()) };
    let newest = Newest { chain, seq, hash, at_ms };
    if remembered(app)?.as_ref() == Some(&newest) {
        return Ok(());
    }
    let path = app.data_dir.join(FILE);
    let half = app.data_dir.join(format!("{FILE}.{}", app.instance.id()));
    std::fs::write(&half, serde_json::to_string(&newest)?)
        .and_then(|()| std::fs::rename(&half, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The entry kept beside the database; none where the file is missing or was cut off.
fn remembered(app: &App) -> anyhow::Result<Option<Newest>> {
    match std::fs::read_to_string(app.data_dir.join(FILE)) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

/// What was kept beside the database.
#[derive(Debug, Clone)]
struct Anchors {
    newest: Option<Newest>,
    checkpoint: Option<Checkpoint>,
}

/// Compares the database with what was kept beside it. On an older copy everything is paused, those who may resume are
/// told what to do, and the answer is true; another start that finds the same is no news.
///
/// # Errors
/// When the database or a file fails.
pub async fn look(app: &App) -> anyhow::Result<bool> {
    let anchors = Anchors { newest: remembered(app)?, checkpoint: checkpoint::newest_beside(app)? };
    let looking = app.clone();
    let held = app.store.commit(move |tx| Box::pin(async move { hold(tx, &looking, &anchors).await })).await?;
    if held {
        tracing::error!("the database is older than the record kept beside it: everything is paused");
        // The record beside it goes on with this history.
        checkpoint::seal(app).await?;
    }
    Ok(held)
}

/// When the desk last began on an older copy: what customers wrote before may have been answered in the lost part.
///
/// # Errors
/// When the database fails.
pub async fn recovered_at(tx: &mut Tx) -> anyhow::Result<Option<Timestamp>> {
    Ok(desks::value(tx, RECOVERED_AT).await?.and_then(|at| at.parse().ok()))
}

/// Whether the database has everything that was kept beside it; if not, since when something is missing.
async fn missing(tx: &mut Tx, anchors: &Anchors) -> anyhow::Result<Option<Timestamp>> {
    let mut missing = None;
    if let Some(newest) = &anchors.newest
        && !record::has(tx, &newest.chain, newest.seq, &newest.hash).await?
    {
        missing = Some(newest.at_ms);
    }
    if let Some(known) = &anchors.checkpoint {
        let kept = record::checkpoint_of(tx, i64::try_from(known.size)?).await?;
        let same = kept.and_then(|text| Checkpoint::parse(&text).ok()).is_some_and(|kept| kept.root == known.root);
        missing = if same { missing } else { missing.max(Some(known.at_ms)) };
    }
    Ok(missing)
}

async fn hold(tx: &mut Tx, app: &App, anchors: &Anchors) -> anyhow::Result<bool> {
    let Some(lost_until) = missing(tx, anchors).await? else { return Ok(false) };
    pauses::hold_alone(tx).await?;
    // Another instance was faster: what this one kept belongs to the part that is lost.
    if recovered_at(tx).await?.is_some_and(|at| at >= lost_until) {
        return Ok(false);
    }
    let now = app.clock.now().max(lost_until);
    desks::set_value(tx, RECOVERED_AT, &now.to_string()).await?;
    let desk = app.desk(tx).await?;
    let (id, why) = (app.ids.next(now)?, desk.words().text("told.recovery_why", &[]));
    pauses::declare(tx, &id, &Scope::Everything, pauses::BY_ITSELF, &why, app.clock.now()).await?;
    let payload = json!({ "pause": id, "scope": "everything", "target": "", "why": "older_copy",
        "lost_until": lost_until, "known": anchors.checkpoint.as_ref().map(ToString::to_string) });
    let entry = Entry { kind: Kind::Paused, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    let say = Say::new("told.recovery_hold");
    apply::alarm(tx, app, &desk, &say).await?;
    let watcher = desk.desk.watcher().map(|person| person.id.clone());
    for person in desk.desk.people.iter().filter(|person| Some(&person.id) != watcher.as_ref()) {
        if let (Ok(()), Some(to)) = (policy::may(person, Power::ResumeEverything, None), app.address(person)) {
            apply::queue_say(tx, app, &to, &say, app.clock.now()).await?;
        }
    }
    Ok(true)
}
