//! Files become versions of entries: only what says something new is a new version, and what a file no longer holds is
//! proposed for removal.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use knowledge::Entry;
use knowledge::import::{self, Defaults, Fault, Format, Imported, Item, Problem};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::report::{FileReport, Outcome, Removals, Report, Told};
use super::{files, pdf};
use crate::app::App;
use crate::evidence::{self, Actor};
use crate::store::knowledge::{self as entries, Source, Sourced, StoredEntry};
use crate::store::{Tx, record};

/// What the record names for an imported entry.
const IMPORTER: &str = "aijia knowledge import";
/// Entries of one transaction: an import of thousands must not hold up the desk.
const TOGETHER: usize = 100;

/// Imports files and folders. `progress` is told after each file how many of all are done.
///
/// Entries keep their identity by the file's name and their id there, else their question.
///
/// # Errors
/// When a path cannot be read or the database fails. What was imported by then stays; importing again goes on.
pub async fn import_paths(
    app: &App,
    paths: &[PathBuf],
    defaults: &Defaults,
    progress: impl Fn(usize, usize, &FileReport),
) -> anyhow::Result<Report> {
    let files = files::all(paths)?;
    let program = std::env::current_exe().context("cannot find this program, which reads PDFs")?;
    let mut report = Report { left_aside: files.left_aside, ..Report::default() };
    let all = files.found.len();
    for (at, file) in files.found.into_iter().enumerate() {
        let one = import_file(app, &program, &file, defaults).await?;
        progress(at + 1, all, &one);
        report.files.push(one);
    }
    Ok(report)
}

async fn import_file(
    app: &App,
    program: &Path,
    file: &files::Found,
    defaults: &Defaults,
) -> anyhow::Result<FileReport> {
    let bytes = match files::read(&file.path)? {
        Ok(bytes) => bytes,
        Err(fault) => return keep(app, &file.name, "", Imported::refused(&file.name, fault)).await,
    };
    if Format::of(&file.name) != Ok(Format::Pdf) {
        return import_bytes(app, &file.name, &bytes, defaults).await;
    }
    let imported = match pdf::pages(program, &bytes).await {
        Ok(pages) => import::read_pages(&file.name, &pages, defaults),
        Err(fault) => Imported::refused(&file.name, fault),
    };
    keep(app, &file.name, &hex::encode(Sha256::digest(&bytes)), imported).await
}

/// Imports the content of one file of any format but PDF.
///
/// # Errors
/// When the database fails.
pub async fn import_bytes(app: &App, name: &str, bytes: &[u8], defaults: &Defaults) -> anyhow::Result<FileReport> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let (file, bytes, defaults) = (name.to_owned(), bytes.to_owned(), defaults.clone());
    let read = move || import::read(&file, &bytes, &defaults);
    keep(app, name, &sha256, tokio::task::spawn_blocking(read).await?).await
}

/// Writes what a file gave.
async fn keep(app: &App, name: &str, sha256: &str, imported: Imported) -> anyhow::Result<FileReport> {
    let Imported { items, problems, skipped } = imported;
    let mut report = FileReport { file: name.to_owned(), problems, skipped, ..FileReport::default() };
    let source = Arc::new(Source { file: name.to_owned(), sha256: sha256.to_owned() });
    let mut held: HashSet<String> = HashSet::with_capacity(items.len());
    held.extend(items.iter().map(|item| identity(name, item)));
    for chunk in items.chunks(TOGETHER) {
        let (chunk, source, app) = (Arc::new(chunk.to_vec()), source.clone(), app.clone());
        let store = app.store.clone();
        let (told, problems) =
            store.commit(move |tx| Box::pin(async move { publish_all(tx, &app, &source, &chunk).await })).await?;
        report.entries.extend(told);
        report.problems.extend(problems);
    }
    report.removals = removals(app, source, held, &report.problems).await?;
    Ok(report)
}

/// Publishes the items of one transaction.
async fn publish_all(
    tx: &mut Tx,
    app: &App,
    source: &Source,
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
        told.push(publish(tx, app, source, item).await?);
    }
    let newest = told.iter().rfind(|told| told.outcome != Outcome::Unchanged);
    if let Some(newest) = newest {
        entries::new_edition(tx, &newest.entry, newest.version, app.clock.now()).await?;
    }
    Ok((told, problems))
}

async fn publish(tx: &mut Tx, app: &App, source: &Source, item: &Item) -> anyhow::Result<Told> {
    let id = identity(&source.file, item);
    // Where a row stands in its file is not what it says.
    let content = serde_json::to_string(&Item { source: String::new(), ..item.clone() })?;
    let content_sha256 = hex::encode(Sha256::digest(&content));
    let before = entries::newest(tx, &id).await?;
    let version = before.as_ref().map_or(1, |before| before.version + 1);
    let (title, place) = (item.title.clone(), item.source.clone());
    let outcome = match &before {
        Some(before) if before.content_sha256 == content_sha256 && before.state == "published" => {
            let (version, outcome) = (before.version, Outcome::Unchanged);
            return Ok(Told { entry: id, version, title, source: place, outcome });
        }
        Some(_) => Outcome::Changed,
        None => Outcome::Taken,
    };
    let entry = item.clone().into_entry(id.clone(), version);
    let stored = StoredEntry {
        id: id.clone(),
        version,
        state: String::new(),
        owner: entry.owner.clone(),
        title: title.clone(),
        body: serde_json::to_string(&entry)?,
        content_sha256: content_sha256.clone(),
    };
    entries::add_imported(tx, &stored, source, app.clock.now()).await?;
    let payload = json!({ "entry": id, "version": version, "owner": entry.owner, "sha256": content_sha256,
        "source": entry.source, "file": source.file, "file_sha256": source.sha256, "by": IMPORTER });
    // The owner answers for what it says; who ran the command is not known here.
    let changed = evidence::Entry { kind: evidence::Kind::KnowledgeChanged, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &changed).await?;
    Ok(Told { entry: id, version, title, source: place, outcome })
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
    Told { entry, version: stored.version, title, source, outcome: Outcome::Gone }
}

/// The id of an entry: its file, and its own id there, else what makes it the same question again.
fn identity(file: &str, item: &Item) -> String {
    match &item.file_id {
        Some(own) => format!("{file}:{own}"),
        None => format!("{file}:{}", hex::encode(&Sha256::digest(&item.key)[..6])),
    }
}
