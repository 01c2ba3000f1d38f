//! The shop's knowledge as it enters and leaves the store: importing files, and searching what is published.

mod act;
pub mod care;
mod faults;
mod files;
mod importing;
pub mod life;
mod pdf;
pub mod proposals;
pub mod publishing;
mod report;
pub mod shown;
pub mod uploads;

pub use faults::reason as fault_in_words;
pub use importing::{Order, Publish, import_bytes, import_paths};
pub use pdf::{is_asked as reads_pdf, serve as read_pdf};
pub use report::{FileReport, HeldBack, Outcome, Removals, Report, Told};

use std::time::Instant;

use knowledge::{Found, Hit, Query, Scope};
use serde_json::{Value, json};

use crate::app::App;
use crate::desk::Channel;

/// Searches the published knowledge; says how many milliseconds the search itself took.
///
/// # Errors
/// When the database fails.
pub async fn search(app: &App, text: &str, limit: usize) -> anyhow::Result<(Found, f64)> {
    knowledge::warm_up();
    let reader = app.clone();
    let known = app.store.read(move |tx| Box::pin(async move { reader.known(tx).await })).await?;
    let started = Instant::now();
    let scope = Scope::default();
    let meaning = app.meaning_of(text).await;
    let (meaning, now_ms) = (meaning.as_deref(), app.clock.now());
    let found = known.index.search(&Query { text, meaning, scope: &scope, now_ms, limit });
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

/// Where a channel's customers ask: everything known about it.
pub fn scope_on(channel: Option<&Channel>) -> Scope {
    Scope {
        store: channel.map(|channel| channel.store.clone()),
        platform: Some("wecom".into()),
        channel: channel.map(|channel| channel.id.clone()),
        ..Scope::default()
    }
}
