//! The shop's knowledge as it enters and leaves the store: importing files, and searching what is published.

mod act;
pub mod care;
mod contradictions;
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

pub use contradictions::{Contradiction, Other};
pub use faults::reason as fault_in_words;
pub use importing::{Order, Publish, import_bytes, import_paths};
pub use pdf::{is_asked as reads_pdf, serve as read_pdf};
pub use report::{FileReport, HeldBack, HeldList, Outcome, Removals, Report, Told};

use std::time::Instant;

use knowledge::{Found, Hit, Index, Query, Scope};
use serde_json::{Value, json};

use crate::app::App;
use crate::desk::Channel;
use crate::policy::language_of;

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

/// What is known of everybody who writes on a channel; what is not known stays open.
pub fn scope_on(channel: Option<&Channel>) -> Scope {
    let Some(channel) = channel else { return Scope::default() };
    Scope {
        store: Some(channel.store.clone()),
        platform: Some(channel.platform.clone().unwrap_or_else(|| channel.kind.platform().to_owned())),
        region: channel.region.clone(),
        language: None,
        channel: Some(channel.id.clone()),
    }
}

/// Where a customer asks something, and in which language. Of whom nobody knows where they are, they are where their words
/// say, and else nowhere in particular: what holds in one region is not told to them.
pub fn asked_on(channel: Option<&Channel>, text: &str, index: &Index) -> Scope {
    let mut scope = scope_on(channel);
    if channel.is_some() {
        scope.region.get_or_insert_with(|| index.region_in(text).unwrap_or_default().to_owned());
        scope.language = language_of(&[text.to_owned()]).tag().map(str::to_owned);
    }
    scope
}
