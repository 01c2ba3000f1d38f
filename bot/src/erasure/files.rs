//! What is kept of a customer beside the database: pictures, voices, and what back offices showed and answered.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::App;
use crate::store::{Tx, conversations, erasure, record};

/// Characters of a file's name: SHA-256 in hex.
const NAME: usize = 64;

/// The names of the files of a customer: those of their messages, and every one that their record and what was to be done
/// for them name.
///
/// # Errors
/// When the database fails.
pub(super) async fn of(tx: &mut Tx, app: &App, conversation: &str) -> anyhow::Result<BTreeSet<String>> {
    let said = erasure::said(tx, conversation).await?;
    let mut names: BTreeSet<String> = said.into_iter().filter_map(|(_, sha256)| sha256).collect();
    for entry in record::chain(tx, &record::chain_of(conversation)).await? {
        named(entry.row.payload.as_deref(), &mut names);
    }
    for (plan, outcome) in erasure::plans(tx, conversation).await? {
        named(plan.as_deref(), &mut names);
        named(outcome.as_deref(), &mut names);
    }
    names.retain(|name| app.blobs.has(name));
    Ok(names)
}

/// Removes the files that a payload names, wherever it does.
///
/// # Errors
/// When the disk refuses.
pub(crate) async fn remove(app: &App, payload: &Value) -> anyhow::Result<()> {
    let mut names = BTreeSet::new();
    collect(payload, &mut names);
    for name in names.iter().filter(|name| app.blobs.has(name)) {
        app.blobs.remove(name).await?;
    }
    Ok(())
}

/// Removes files that no other customer sent.
pub(super) async fn remove_all(tx: &mut Tx, app: &App, names: &BTreeSet<String>) -> anyhow::Result<()> {
    for name in names {
        if !conversations::has_media(tx, name).await? {
            erasure::forget_file(tx, name).await?;
            app.blobs.remove(name).await?;
        }
    }
    Ok(())
}

fn named(json: Option<&str>, names: &mut BTreeSet<String>) {
    if let Some(Ok(value)) = json.map(serde_json::from_str::<Value>) {
        collect(&value, names);
    }
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() == NAME => drop(names.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, names)),
        _ => {}
    }
}
