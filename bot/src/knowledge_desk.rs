//! The shop's knowledge as it enters and leaves the store: importing files, and searching what is published.

mod files;
mod importing;
mod pdf;
mod report;

pub use importing::{import_bytes, import_paths};
pub use pdf::{is_asked as reads_pdf, serve as read_pdf};
pub use report::{FileReport, Outcome, Removals, Report, Told};

use std::time::Instant;

use knowledge::{Found, Hit, Query, Scope};
use serde_json::{Value, json};

use crate::app::App;
use crate::store::knowledge::StoredEntry;

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
