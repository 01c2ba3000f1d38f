//! The shop's knowledge as it enters and leaves the store: importing files, and searching what is published.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use knowledge::{Entry, Found, Hit, Query, Scope, import};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::evidence::{self, Actor};
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};
use crate::store::{Tx, record};

/// What the record names for an imported entry.
const IMPORTER: &str = "aijia knowledge import";

/// What an import did.
#[derive(Debug, Default)]
pub struct Report {
    /// Entries that are new.
    pub added: usize,
    /// Entries that say something else than before: a new version.
    pub changed: usize,
    /// Entries that say what they said before.
    pub unchanged: usize,
    /// What could not be taken, and what to do about it.
    pub problems: Vec<String>,
}

/// Imports files and folders; entries keep their identity by file id, else by owner and first question.
///
/// # Errors
/// When a path cannot be read or the database fails.
pub async fn import_paths(app: &App, paths: &[PathBuf], defaults: &import::Defaults) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for path in paths {
        for file in files(path)? {
            import_file(app, &file, defaults, &mut report).await?;
        }
    }
    Ok(report)
}

fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", path.display());
    if !path.metadata().with_context(cannot)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let known = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("md"));
        if path.is_file() && known {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

async fn import_file(app: &App, file: &Path, defaults: &import::Defaults, report: &mut Report) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let one = import_bytes(app, &name, &bytes, defaults).await?;
    report.added += one.added;
    report.changed += one.changed;
    report.unchanged += one.unchanged;
    report.problems.extend(one.problems);
    Ok(())
}

/// Imports the content of one file.
///
/// # Errors
/// When the database fails.
pub async fn import_bytes(app: &App, name: &str, bytes: &[u8], defaults: &import::Defaults) -> anyhow::Result<Report> {
    let imported = import::read(name, bytes, defaults);
    let problems = imported.problems.iter().map(|p| format!("{}: {}", p.place, p.what)).collect();
    let name = name.to_owned();
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let mut counted = Report { problems, ..Report::default() };
                let desk = app.desk(tx).await?;
                for item in imported.items {
                    // Knowledge nobody answers for is not knowledge: it is never found.
                    if desk.desk.person(&item.owner).is_none() {
                        let (place, owner) = (&item.source, &item.owner);
                        let problem =
                            format!("{place}: owner {owner} is nobody in the configuration; name one of [[people]]");
                        counted.problems.push(problem);
                        continue;
                    }
                    publish(tx, &app, &name, item, &mut counted).await?;
                }
                Ok(counted)
            })
        })
        .await
}

async fn publish(tx: &mut Tx, app: &App, file: &str, item: import::Item, report: &mut Report) -> anyhow::Result<()> {
    let id = identity(file, &item);
    // Where a row stands in its file is not what it says.
    let content = serde_json::to_string(&import::Item { source: String::new(), ..item.clone() })?;
    let content_sha256 = hex::encode(Sha256::digest(&content));
    let before = entries::newest(tx, &id).await?;
    if before.as_ref().is_some_and(|b| b.content_sha256 == content_sha256 && b.state == "published") {
        report.unchanged += 1;
        return Ok(());
    }
    let version = before.as_ref().map_or(1, |b| b.version + 1);
    if before.is_some() {
        report.changed += 1
    } else {
        report.added += 1
    }
    let entry = entry_of(item, id.clone(), version);
    let stored = StoredEntry {
        id: id.clone(),
        version,
        state: String::new(),
        owner: entry.owner.clone(),
        title: entry.title.clone(),
        body: serde_json::to_string(&entry)?,
        content_sha256: content_sha256.clone(),
    };
    entries::add(tx, &stored, EntryState::Published, app.clock.now()).await?;
    let payload = json!({ "entry": id, "version": version, "owner": entry.owner, "sha256": content_sha256,
        "source": entry.source, "file": file, "by": IMPORTER });
    // The owner answers for what it says; who ran the command is not known here.
    let changed = evidence::Entry { kind: evidence::Kind::KnowledgeChanged, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &changed).await
}

fn entry_of(item: import::Item, id: String, version: i64) -> Entry {
    Entry {
        id,
        version,
        file_id: item.file_id,
        kind: item.kind,
        title: item.title,
        questions: item.questions,
        answer: item.answer,
        owner: item.owner,
        scope: item.scope,
        valid_from: item.valid_from,
        valid_until: item.valid_until,
        verify_by: item.verify_by,
        source: item.source,
    }
}

/// The id of an entry: the file's own, else what makes it the same question again.
fn identity(file: &str, item: &import::Item) -> String {
    let own = item.file_id.clone().unwrap_or_else(|| {
        let asked = item.questions.first().unwrap_or(&item.title);
        hex::encode(&Sha256::digest(asked)[..6])
    });
    format!("{file}:{own}")
}

/// Searches the published knowledge; says how many milliseconds the search itself took.
///
/// # Errors
/// When the database fails.
pub async fn search(app: &App, text: &str, limit: usize) -> anyhow::Result<(Found, f64)> {
    knowledge::warm_up();
    let reader = app.clone();
    let index = app.store.read(move |tx| Box::pin(async move { reader.index(tx).await })).await?;
    let started = Instant::now();
    let scope = Scope::default();
    let found = index.search(&Query { text, scope: &scope, now_ms: app.clock.now(), limit });
    Ok((found, started.elapsed().as_secs_f64() * 1000.0))
}

/// A search's answer as scripts read it.
pub fn search_json(query: &str, found: &Found, took_ms: f64) -> Value {
    let results: Vec<Value> = found.hits.iter().map(hit_json).collect();
    json!({ "query": query, "ms": took_ms, "results": results, "confidence": found.confidence })
}

fn hit_json(hit: &Hit) -> Value {
    json!({
        "id": hit.file_id, "entry": hit.entry, "version": hit.version, "title": hit.title, "question": hit.question,
        "text": hit.text, "score": hit.score, "owner": hit.owner, "source": hit.source,
    })
}

/// One line about an entry.
pub fn line(entry: &StoredEntry) -> String {
    format!("{} v{} {} {} {}", entry.id, entry.version, entry.state, entry.owner, entry.title)
}
