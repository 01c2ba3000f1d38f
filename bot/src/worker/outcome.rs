//! What people make of drafts, noted in the step in which they decide.

use serde_json::Value;

use crate::case::{Author, Case, State};
use crate::clock::Timestamp;
use crate::evidence::{Actor, Entry, Kind};
use crate::report;
use crate::store::Tx;
use crate::store::outcomes::{self, Decided, Outcome};

/// Notes what a step's entries say about the draft that people saw before it, if the bot wrote that.
///
/// # Errors
/// When the database fails.
pub(super) async fn note(tx: &mut Tx, before: &Case, entries: &[Entry], now: Timestamp) -> anyhow::Result<()> {
    let State::AwaitingReview(review) = &before.state else { return Ok(()) };
    if !matches!(review.draft.author, Author::Bot { .. }) {
        return Ok(());
    }
    for entry in entries {
        if matches!(entry.kind, Kind::Escalated | Kind::Expired) {
            outcomes::escalated(tx, before).await?;
        }
        let Actor::Person(by) = &entry.actor else { continue };
        if let Some(decided) = decided(entry, by) {
            outcomes::decided(tx, before, decided, now).await?;
        }
    }
    Ok(())
}

fn decided<'a>(entry: &'a Entry, by: &'a str) -> Option<Decided<'a>> {
    let plain = |outcome| Some(Decided { outcome, reason: None, distance: None, by });
    match entry.kind {
        Kind::Decided => plain(Outcome::Unchanged),
        Kind::TakenOver => plain(Outcome::TakenOver),
        Kind::Edited => {
            Some(Decided { outcome: Outcome::Changed, reason: None, distance: changed(&entry.payload), by })
        }
        Kind::Rejected => {
            let reason = entry.payload["rejection"]["reason"].as_str();
            Some(Decided { outcome: Outcome::Rejected, reason, distance: None, by })
        }
        _ => None,
    }
}

/// Characters between the text that was shown and what a person made of it; none where they only asked for another.
fn changed(edit: &Value) -> Option<i64> {
    let text = |value: &Value| {
        let parts: Vec<&str> = value.as_array()?.iter().filter_map(Value::as_str).collect();
        Some(parts.join("\n"))
    };
    let distance = report::distance(&text(&edit["before"])?, &text(&edit["after"])?);
    i64::try_from(distance).ok()
}
