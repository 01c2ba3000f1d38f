//! `aijia evidence bundle` and `aijia evidence verify --bundle`: one case, to be proved elsewhere.

use std::path::Path;

use anyhow::Context;
use serde_json::json;

use super::tell_exported;
use crate::app::App;
use crate::cli::Failure;
use crate::config::ConfigError;
use crate::evidence::{Bundle, Checkpoint, VerifyingKey};
use crate::store::{Tx, cases, record};
use crate::worker::checkpoint;

/// Seals what waits and writes the bundle of a case. Bad: there is no such case.
///
/// # Errors
/// When the database fails or the file cannot be written.
pub(super) async fn write(app: &App, number: i64, output: &Path) -> anyhow::Result<Result<String, String>> {
    checkpoint::seal(app).await?;
    let key = app.signing.verifying_key();
    let bundled = app.store.read(move |tx| Box::pin(async move { bundle_of(tx, number, key).await })).await?;
    let Some(bundle) = bundled else { return Ok(Err(format!("there is no case {number}"))) };
    tell_exported(app, json!({ "what": "case", "number": number })).await?;
    let text = serde_json::to_string_pretty(&bundle)?;
    std::fs::write(output, text + "\n").with_context(|| format!("cannot write {}", output.display()))?;
    Ok(Ok(format!("case {number}: {} entries in {}\nkey {key}", bundle.entries.len(), output.display())))
}

async fn bundle_of(tx: &mut Tx, number: i64, key: VerifyingKey) -> anyhow::Result<Option<Bundle>> {
    let Some(case) = cases::by_number(tx, number).await? else { return Ok(None) };
    let (text, _) = record::newest_checkpoint(tx).await?.context("nothing was sealed yet")?;
    let sealed = Checkpoint::parse(&text)?;
    let mut rows = Vec::new();
    for entry in record::chain(tx, &record::chain_of(&case.conversation)).await? {
        match entry.leaf.and_then(|leaf| u64::try_from(leaf).ok()) {
            Some(leaf) if leaf < sealed.size => rows.push((entry.row, leaf)),
            // Written since: it is in the next checkpoint.
            _ => break,
        }
    }
    let leaves = record::leaves(tx).await?.into_iter().filter(|(leaf, _)| *leaf < sealed.size);
    let leaves: Vec<_> = leaves.map(|(_, hash)| hash).collect();
    Ok(Some(Bundle::of(&case.id, number, rows, &leaves, &sealed, &key)))
}

/// Checks a bundle without any database, against `key` or against the key it brings itself. Good: a summary; bad: the
/// first bad place.
///
/// # Errors
/// When the file is no bundle, or the key none: there is nothing to check then.
pub(super) fn verify(path: &Path, key: Option<&str>) -> Result<Result<String, String>, Failure> {
    let usage = |what: &str, todo: &str| {
        let place = path.display().to_string();
        Failure::Config(vec![ConfigError { place, what: what.to_owned(), todo: todo.to_owned() }])
    };
    let text = std::fs::read_to_string(path).map_err(|problem| usage(&problem.to_string(), "name a bundle's file"))?;
    let bundle: Bundle = serde_json::from_str(&text)
        .map_err(|_| usage("is no bundle", "make one with `aijia evidence bundle CASE -o FILE`"))?;
    let todo = "copy it from what `aijia evidence bundle` printed";
    let key = key.map(|key| key.parse::<VerifyingKey>().map_err(|_| usage("--key is not a key", todo))).transpose()?;
    Ok(match bundle.verify(key.as_ref()) {
        Ok(sealed) => Ok(format!(
            "case {}: {} entries verify; sealed at size {} by key {}{}",
            bundle.number,
            bundle.entries.len(),
            sealed.size,
            bundle.key,
            if key.is_some() { "" } else { " (compare it with the one you know, or give it as --key)" }
        )),
        Err(bad) => Err(bad.to_string()),
    })
}
