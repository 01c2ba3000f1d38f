//! Files become versions of entries: only what says something new is a new version, and what a file no longer holds is
//! proposed for removal.

mod beside;
mod owners;
mod versions;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use knowledge::Entry;
use knowledge::import::{self, Defaults, Format, Imported, Item, Problem};
use sha2::{Digest, Sha256};

use self::beside::Beside;
use self::owners::tell_owners;
use self::versions::{identity, keep_all};
use super::contradictions::{Contradiction, ask_owners};
use super::report::{FileReport, HeldBack, HeldList, Outcome, Removals, Report, Told};
use super::{files, pdf};
use crate::app::App;
use crate::store::knowledge::{self as entries, Source, Sourced, StoredEntry};

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
    /// Whether somebody has seen what the lists of forbidden words in them would do to the shop's own replies. Until then
    /// one that would have stopped any is not put in use.
    pub lists_seen: bool,
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
    let done = import_files(app, files.found, order, progress, &mut report.files).await;
    // What was imported before something failed waits as well.
    tell_owners(app, &report.files).await?;
    done.map(|()| report)
}

async fn import_files(
    app: &App,
    found: Vec<files::Found>,
    order: &Order,
    progress: impl Fn(usize, usize, &FileReport),
    done: &mut Vec<FileReport>,
) -> anyhow::Result<()> {
    let all = found.len();
    let mut beside = Beside::new(app);
    for (at, file) in found.into_iter().enumerate() {
        let one = match files::read(&file.path)? {
            Ok(bytes) => import_beside(app, &mut beside, &file.name, bytes, order).await?,
            Err(fault) => keep(app, &mut beside, &file.name, "", Imported::refused(&file.name, fault), order).await?,
        };
        progress(at + 1, all, &one);
        done.push(one);
    }
    Ok(())
}

/// Imports the content of one file.
///
/// # Errors
/// When the database fails.
pub async fn import_bytes(app: &App, name: &str, bytes: Vec<u8>, order: &Order) -> anyhow::Result<FileReport> {
    let report = import_beside(app, &mut Beside::new(app), name, bytes, order).await?;
    tell_owners(app, std::slice::from_ref(&report)).await?;
    Ok(report)
}

async fn import_beside(
    app: &App,
    beside: &mut Beside,
    name: &str,
    bytes: Vec<u8>,
    order: &Order,
) -> anyhow::Result<FileReport> {
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
    keep(app, beside, name, &sha256, imported, order).await
}

/// Writes what a file gave.
async fn keep(
    app: &App,
    beside: &mut Beside,
    name: &str,
    sha256: &str,
    imported: Imported,
    order: &Order,
) -> anyhow::Result<FileReport> {
    let Imported { items, problems, skipped } = imported;
    let mut report = FileReport { file: name.to_owned(), problems, skipped, ..FileReport::default() };
    let source = Arc::new(Source { file: name.to_owned(), sha256: sha256.to_owned() });
    let mut held: HashSet<String> = HashSet::with_capacity(items.len());
    held.extend(items.iter().map(|item| identity(name, item)));
    report.measured = beside.measured(name, &items).await?;
    let unseen = report.measured.iter().filter(|_| !order.lists_seen).flat_map(|measured| measured.blocking.clone());
    let task = Arc::new(Task {
        source: source.clone(),
        failures: beside.failures(name, &items).await?,
        stopping: unseen.collect(),
        order: order.clone(),
    });
    for chunk in items.chunks(TOGETHER) {
        let (chunk, task, app) = (Arc::new(chunk.to_vec()), task.clone(), app.clone());
        let store = app.store.clone();
        let (told, problems) =
            store.commit(move |tx| Box::pin(async move { keep_all(tx, &app, &task, &chunk).await })).await?;
        report.entries.extend(told);
        report.problems.extend(problems);
    }
    (report.held_back, report.held_lists) = (held_back(&report, &task), held_lists(&report, &task));
    report.contradictions = contradicted(app, beside, name, &items, &report).await?;
    report.removals = removals(app, source, held, &report.problems).await?;
    Ok(report)
}

/// What the items of a file have in common.
struct Task {
    source: Arc<Source>,
    /// Entries whose own tests fail, and which: they are not put in use.
    failures: HashMap<String, Vec<String>>,
    /// Lists that would have stopped replies which were sent, unseen so far, and how many: nor are they.
    stopping: HashMap<String, usize>,
    order: Order,
}

impl Task {
    /// Whether an entry is put in use.
    fn puts_in_use(&self, id: &str, owner: &str) -> bool {
        let is_held = self.failures.contains_key(id) || self.stopping.contains_key(id);
        self.order.publish.covers(owner) && !is_held
    }
}

fn held_back(report: &FileReport, task: &Task) -> Vec<HeldBack> {
    let failed = report.entries.iter().filter_map(|told| {
        let failures = task.failures.get(&told.entry).filter(|_| told.outcome != Outcome::Unchanged)?;
        Some(HeldBack { entry: told.entry.clone(), title: told.title.clone(), failures: failures.clone() })
    });
    failed.collect()
}

fn held_lists(report: &FileReport, task: &Task) -> Vec<HeldList> {
    let held = report.entries.iter().filter_map(|told| {
        let covered = told.outcome != Outcome::Unchanged && task.order.publish.covers(&told.owner);
        let stopped = *task.stopping.get(&told.entry).filter(|_| covered)?;
        Some(HeldList { entry: told.entry.clone(), title: told.title.clone(), stopped })
    });
    held.collect()
}

/// New versions that answer a question otherwise than other entries. Of the first that are in use, the owners of others in
/// use are asked which holds.
async fn contradicted(
    app: &App,
    beside: &mut Beside,
    file: &str,
    items: &[Item],
    report: &FileReport,
) -> anyhow::Result<Vec<Contradiction>> {
    let told: HashMap<&str, &Told> = report.entries.iter().map(|told| (told.entry.as_str(), told)).collect();
    let entry = |item: &Item| {
        let id = identity(file, item);
        let told = told.get(id.as_str())?;
        Some((Arc::new(item.clone().into_entry(id, told.version)), *told))
    };
    let held: Vec<(Arc<Entry>, &Told)> = items.iter().filter_map(entry).collect();
    let those = |are: fn(&Told) -> bool| {
        held.iter().filter(|(_, told)| are(told)).map(|(entry, _)| entry.clone()).collect::<Vec<_>>()
    };
    let new = those(|told| told.outcome != Outcome::Unchanged);
    let found = if new.is_empty() { Vec::new() } else { beside.contradictions(new).await? };
    beside.leave(those(|told| told.waits));
    beside.replace(those(|told| told.outcome != Outcome::Unchanged && !told.waits)).await?;
    let is_in_use = |entry: &str| told.get(entry).is_some_and(|told| !told.waits);
    ask(app, found.iter().filter(|found| is_in_use(&found.new.entry)).take(MOST_ASKED).cloned().collect()).await?;
    Ok(found)
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
