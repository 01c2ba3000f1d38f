//! Files become versions of entries: only what says something new is a new version, and what a file no longer holds is
//! proposed for removal.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use knowledge::import::{self, Defaults, Fault, Format, Imported, Item, Problem};
use knowledge::{Entry, Index};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::contradictions::{Answering, Contradiction, Other, ask_owners};
use super::life::{self, Act};
use super::report::{FileReport, HeldBack, Outcome, Removals, Report, Told};
use super::{files, pdf, publishing};
use crate::app::App;
use crate::case::Say;
use crate::meaning::Meant;
use crate::store::Tx;
use crate::store::knowledge::{self as entries, EntryState, Source, Sourced, StoredEntry};
use crate::worker::Job;

/// What the record names for an imported entry.
const IMPORTER: &str = "aijia knowledge import";
/// Entries of one transaction: an import of thousands must not hold up the desk.
const TOGETHER: usize = 100;
/// Contradictions of one file about which owners are asked: more are a file to be put right, not cards.
const MOST_ASKED: usize = 20;

/// How files are to be imported.
#[derive(Debug, Clone)]
pub struct Order {
    /// What holds where a file says nothing.
    pub defaults: Defaults,
    /// Which entries are put in use at once; the others wait for their owners' review.
    pub publish: Publish,
    /// Who hands the files in, by id; nobody knows who runs a command.
    pub by: Option<String>,
}

/// Which entries of a file are put in use at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// None.
    Nothing,
    /// All of them.
    Everything,
    /// Those this person answers for, by id.
    OwnedBy(String),
}

impl Publish {
    fn covers(&self, owner: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::OwnedBy(person) => person == owner,
        }
    }
}

/// Imports files and folders. `progress` is told after each file how many of all are done.
///
/// Entries keep their identity by the file's name and their id there, else their question.
///
/// # Errors
/// When a path cannot be read or the database fails. What was imported by then stays; importing again goes on.
pub async fn import_paths(
    app: &App,
    paths: &[PathBuf],
    order: &Order,
    progress: impl Fn(usize, usize, &FileReport),
) -> anyhow::Result<Report> {
    let files = files::all(paths)?;
    let mut report = Report { left_aside: files.left_aside, ..Report::default() };
    let all = files.found.len();
    for (at, file) in files.found.into_iter().enumerate() {
        let one = import_file(app, &file, order).await?;
        progress(at + 1, all, &one);
        report.files.push(one);
    }
    Ok(report)
}

async fn import_file(app: &App, file: &files::Found, order: &Order) -> anyhow::Result<FileReport> {
    match files::read(&file.path)? {
        Ok(bytes) => import_bytes(app, &file.name, bytes, order).await,
        Err(fault) => keep(app, &file.name, "", Imported::refused(&file.name, fault), order).await,
    }
}

/// Imports the content of one file.
///
/// # Errors
/// When the database fails.
pub async fn import_bytes(app: &App, name: &str, bytes: Vec<u8>, order: &Order) -> anyhow::Result<FileReport> {
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let imported = if Format::of(name) == Ok(Format::Pdf) {
        let program = std::env::current_exe().context("cannot find this program, which reads PDFs")?;
        match pdf::pages(&program, &bytes).await {
            Ok(pages) => import::read_pages(name, &pages, &order.defaults),
            Err(fault) => Imported::refused(name, fault),
        }
    } else {
        let (file, defaults) = (name.to_owned(), order.defaults.clone());
        tokio::task::spawn_blocking(move || import::read(&file, &bytes, &defaults)).await?
    };
    keep(app, name, &sha256, imported, order).await
}

/// Writes what a file gave.
async fn keep(app: &App, name: &str, sha256: &str, imported: Imported, order: &Order) -> anyhow::Result<FileReport> {
    let Imported { items, problems, skipped } = imported;
    let mut report = FileReport { file: name.to_owned(), problems, skipped, ..FileReport::default() };
    let source = Arc::new(Source { file: name.to_owned(), sha256: sha256.to_owned() });
    let mut held: HashSet<String> = HashSet::with_capacity(items.len());
    held.extend(items.iter().map(|item| identity(name, item)));
    let failures = untested(app, name, &items).await?;
    let task = Arc::new(Task { source: source.clone(), failures, order: order.clone() });
    for chunk in items.chunks(TOGETHER) {
        let (chunk, task, app) = (Arc::new(chunk.to_vec()), task.clone(), app.clone());
        let store = app.store.clone();
        let (told, problems) =
            store.commit(move |tx| Box::pin(async move { keep_all(tx, &app, &task, &chunk).await })).await?;
        report.entries.extend(told);
        report.problems.extend(problems);
    }
    report.held_back = held_back(&report, &task);
    report.contradictions = contradicted(app, name, &items, &report).await?;
    tell_owners(app, &report).await?;
    report.removals = removals(app, source, held, &report.problems).await?;
    Ok(report)
}

/// What the items of a file have in common.
struct Task {
    source: Arc<Source>,
    /// Entries whose own tests fail, and which: they are not put in use.
    failures: HashMap<String, Vec<String>>,
    order: Order,
}

impl Task {
    /// Whether an entry is put in use.
    fn puts_in_use(&self, id: &str, owner: &str) -> bool {
        self.order.publish.covers(owner) && !self.failures.contains_key(id)
    }
}

/// Tries the tests the items bring with them on the knowledge as it would be, by its words: a file may have thousands.
async fn untested(app: &App, file: &str, items: &[Item]) -> anyhow::Result<HashMap<String, Vec<String>>> {
    if items.iter().all(|item| item.tests.is_empty()) {
        return Ok(HashMap::new());
    }
    let mut known = app.store.read(|tx| Box::pin(async move { Ok(entries::in_use(tx).await?) })).await?;
    let now = app.clock.now();
    let new: Vec<Entry> = items.iter().map(|item| item.clone().into_entry(identity(file, item), 0)).collect();
    let failures = tokio::task::spawn_blocking(move || {
        let ids: HashSet<&String> = new.iter().map(|entry| &entry.id).collect();
        known.retain(|entry| !ids.contains(&entry.id));
        known.extend(new.iter().cloned());
        let index = Index::build(known);
        let tried = new.iter().map(|entry| {
            let failures = publishing::failures(&index, entry, std::slice::from_ref(&entry.scope), &Meant::new(), now);
            (entry.id.clone(), failures)
        });
        tried.filter(|(_, failures)| !failures.is_empty()).collect()
    });
    Ok(failures.await?)
}

fn held_back(report: &FileReport, task: &Task) -> Vec<HeldBack> {
    let failed = report.entries.iter().filter_map(|told| {
        let failures = task.failures.get(&told.entry).filter(|_| told.outcome != Outcome::Unchanged)?;
        Some(HeldBack { entry: told.entry.clone(), title: told.title.clone(), failures: failures.clone() })
    });
    failed.collect()
}

/// New versions that answer a question otherwise than other entries. Of the first that are in use, the others' owners are
/// asked which holds.
async fn contradicted(
    app: &App,
    file: &str,
    items: &[Item],
    report: &FileReport,
) -> anyhow::Result<Vec<Contradiction>> {
    let new: HashMap<&str, &Told> =
        report.entries.iter().filter(|t| t.outcome != Outcome::Unchanged).map(|t| (t.entry.as_str(), t)).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let entry = |item: &Item| {
        let id = identity(file, item);
        let version = new.get(id.as_str())?.version;
        Some(item.clone().into_entry(id, version))
    };
    let said: Vec<Entry> = items.iter().filter_map(entry).collect();
    let in_use = app.store.read(|tx| Box::pin(async move { Ok(entries::in_use(tx).await?) })).await?;
    let now = app.clock.now();
    let found = tokio::task::spawn_blocking(move || compared(&said, in_use, now)).await?;
    let asked = found.iter().filter(|found| new.get(found.new.entry.as_str()).is_some_and(|told| !told.waits));
    ask(app, asked.take(MOST_ASKED).cloned().collect()).await?;
    Ok(found)
}

fn compared(said: &[Entry], mut in_use: Vec<Entry>, now: i64) -> Vec<Contradiction> {
    let new: HashSet<&str> = said.iter().map(|entry| entry.id.as_str()).collect();
    in_use.retain(|entry| !new.contains(entry.id.as_str()));
    let answering = Answering::of(in_use.iter().chain(said), now);
    let contradiction = |entry: &Entry| {
        let mut others = answering.otherwise(entry);
        // Two of one file contradict each other once.
        others.retain(|other| !new.contains(other.entry.as_str()) || other.entry < entry.id);
        (!others.is_empty()).then(|| Contradiction { new: Other::from(entry), others })
    };
    said.iter().filter_map(contradiction).collect()
}

async fn ask(app: &App, contradictions: Vec<Contradiction>) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                for found in &contradictions {
                    ask_owners(tx, &app, &found.new, &found.others).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Owners hear what waits for them, once for each file.
async fn tell_owners(app: &App, report: &FileReport) -> anyhow::Result<()> {
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    for told in report.entries.iter().filter(|told| told.waits) {
        *waiting.entry(told.owner.clone()).or_default() += 1;
    }
    let (app, file) = (app.clone(), report.file.clone());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let desk = app.desk(tx).await?;
                for (owner, count) in waiting {
                    let Some(to) = app.address_of(&desk.desk, &owner) else { continue };
                    let say = Say::new("kb.imported_for_review").with("file", &file).with("count", count);
                    Job::Inform { to, say }.enqueue(tx, &app, app.clock.now()).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Keeps the items of one transaction.
async fn keep_all(tx: &mut Tx, app: &App, task: &Task, items: &[Item]) -> anyhow::Result<(Vec<Told>, Vec<Problem>)> {
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

/// Proposes for removal what the file held before and holds no more, and takes back what it holds again.
async fn removals(
    app: &App,
    source: Arc<Source>,
    held: HashSet<String>,
    problems: &[Problem],
) -> anyhow::Result<Removals> {
    // Something that was refused without a name may be one of those that are missed.
    let nameless = problems.iter().any(|problem| problem.about.is_none());
    let refused: HashSet<String> = problems.iter().filter_map(|problem| problem.about.clone()).collect();
    let (held, refused, now) = (Arc::new(held), Arc::new(refused), app.clock.now());
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                let known = entries::of_file(tx, &source.file).await?.into_iter();
                let (gone, kept): (Vec<Sourced>, Vec<Sourced>) =
                    known.partition(|known| !held.contains(&known.entry.id) && !is_among(&refused, &known.entry));
                // What somebody decided to keep is not proposed again.
                let gone: Vec<Sourced> = gone.into_iter().filter(|known| known.kept_at.is_none()).collect();
                if nameless && !gone.is_empty() {
                    return Ok(Removals::Unknown);
                }
                for known in &gone {
                    // When it was first missed is kept.
                    let since = known.vanished_at.or(Some(now));
                    entries::set_vanished(tx, &known.entry.id, known.entry.version, since).await?;
                }
                for known in &kept {
                    if known.vanished_at.is_some() {
                        entries::set_vanished(tx, &known.entry.id, known.entry.version, None).await?;
                    }
                }
                Ok(Removals::Proposed(gone.iter().map(|known| told_gone(&known.entry, &source.file)).collect()))
            })
        })
        .await
}

/// Whether a row that was refused is the entry's: then it is still there, only not in order.
fn is_among(refused: &HashSet<String>, stored: &StoredEntry) -> bool {
    let Ok(entry) = serde_json::from_str::<Entry>(&stored.body) else { return false };
    entry.file_id.iter().chain(&entry.questions).any(|word| refused.contains(word))
}

fn told_gone(stored: &StoredEntry, file: &str) -> Told {
    let source = serde_json::from_str::<Entry>(&stored.body).map_or_else(|_| file.to_owned(), |entry| entry.source);
    let (entry, title) = (stored.id.clone(), stored.title.clone());
    let (version, owner) = (stored.version, stored.owner.clone());
    Told { entry, version, title, source, outcome: Outcome::Gone, owner, waits: false }
}

/// The id of an entry: its file, and its own id there, else what makes it the same question again.
fn identity(file: &str, item: &Item) -> String {
    match &item.file_id {
        Some(own) => format!("{file}:{own}"),
        None => format!("{file}:{}", hex::encode(&Sha256::digest(&item.key)[..6])),
    }
}
