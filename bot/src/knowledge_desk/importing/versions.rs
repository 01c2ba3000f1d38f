//! Writing down what a file gave: a new version of each entry that says something new.

use knowledge::Entry;
use knowledge::import::{Fault, Item, Problem};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Task;
use crate::app::App;
use crate::knowledge_desk::life::{self, Act};
use crate::knowledge_desk::report::{Outcome, Told};
use crate::store::Tx;
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};

/// What the record names for an imported entry.
const IMPORTER: &str = "aijia knowledge import";

/// Keeps the items of one transaction.
pub(super) async fn keep_all(
    tx: &mut Tx,
    app: &App,
    task: &Task,
    items: &[Item],
) -> anyhow::Result<(Vec<Told>, Vec<Problem>)> {
    let (mut told, mut problems) = (Vec::with_capacity(items.len()), Vec::new());
    let desk = app.desk(tx).await?;
    for item in items {
        // Knowledge nobody answers for is not knowledge: it is never found.
        if desk.desk.person(&item.owner).is_none() {
            let fault = Fault::UnknownOwner { owner: item.owner.clone() };
            problems.push(Problem::new(item.place.clone(), fault, Some(item.key.clone())));
            continue;
        }
        told.push(keep_one(tx, app, task, item).await?);
    }
    let newest = told.iter().rfind(|told| told.outcome != Outcome::Unchanged && !told.waits);
    if let Some(newest) = newest {
        entries::new_edition(tx, &newest.entry, newest.version, app.clock.now()).await?;
    }
    Ok((told, problems))
}

async fn keep_one(tx: &mut Tx, app: &App, task: &Task, item: &Item) -> anyhow::Result<Told> {
    let id = identity(&task.source.file, item);
    // Where a row stands in its file is not what it says.
    let content = serde_json::to_string(&Item { source: String::new(), ..item.clone() })?;
    let content_sha256 = hex::encode(Sha256::digest(&content));
    entries::hold(tx, &id).await?;
    let before = entries::newest(tx, &id).await?;
    let state = if task.puts_in_use(&id, &item.owner) { EntryState::Published } else { EntryState::Submitted };
    let told = |version, outcome, state| Told {
        entry: id.clone(),
        version,
        title: item.title.clone(),
        source: item.source.clone(),
        outcome,
        owner: item.owner.clone(),
        waits: matches!(state, EntryState::Draft | EntryState::Submitted),
    };
    let same = before.as_ref().filter(|before| before.content_sha256 == content_sha256);
    if let Some(same) = same {
        // What was switched off or taken back does not come back because its file is imported again.
        let waits = matches!(same.state, EntryState::Draft | EntryState::Submitted);
        if !waits || state == EntryState::Submitted || !says(same, item) {
            return Ok(told(same.version, Outcome::Unchanged, same.state));
        }
        entries::move_on(tx, same, state, &[], app.clock.now()).await?;
        entries::retire_others(tx, &id, same.version).await?;
        taken(tx, app, task, item, same).await?;
        return Ok(told(same.version, Outcome::Changed, state));
    }
    let version = before.as_ref().map_or(1, |before| before.version + 1);
    let entry = item.clone().into_entry(id.clone(), version);
    let stored = StoredEntry {
        id: id.clone(),
        version,
        state,
        owner: entry.owner.clone(),
        title: entry.title.clone(),
        body: serde_json::to_string(&entry)?,
        content_sha256,
        channels: None,
        created_at: app.clock.now(),
        verify_by: None,
    };
    entries::add_imported(tx, &stored, &task.source).await?;
    taken(tx, app, task, item, &stored).await?;
    Ok(told(version, if before.is_some() { Outcome::Changed } else { Outcome::Taken }, state))
}

/// Whether a version says what its file does, and not what somebody made of it in chat since.
fn says(stored: &StoredEntry, item: &Item) -> bool {
    let Ok(known) = serde_json::from_str::<Entry>(&stored.body) else { return false };
    let read = item.clone().into_entry(known.id.clone(), known.version);
    // Where it stands in the file is not what it says.
    known == Entry { source: known.source.clone(), ..read }
}

/// Writes down that a version was taken from its file, and lets drafts that rest on an older one be written anew.
async fn taken(tx: &mut Tx, app: &App, task: &Task, item: &Item, stored: &StoredEntry) -> anyhow::Result<()> {
    let in_use = task.puts_in_use(&stored.id, &stored.owner);
    let act = if in_use { Act::Published } else { Act::Submitted };
    let payload = json!({ "entry": stored.id, "version": stored.version, "owner": stored.owner,
        "sha256": stored.content_sha256, "source": item.source, "file": task.source.file,
        "file_sha256": task.source.sha256, "act": act.as_str(), "by": IMPORTER });
    // Who ran the command is not known here; the owner answers for what it says.
    let by = task.order.by.as_deref().unwrap_or_default();
    life::remember(tx, app, by, stored, act, "", payload).await?;
    if in_use && stored.version > 1 {
        life::draft_again(tx, app, &stored.id).await?;
    }
    Ok(())
}

/// The id of an entry: its file, and its own id there, else what makes it the same question again.
pub(super) fn identity(file: &str, item: &Item) -> String {
    match &item.file_id {
        Some(own) => format!("{file}:{own}"),
        None => format!("{file}:{}", hex::encode(&Sha256::digest(&item.key)[..6])),
    }
}
