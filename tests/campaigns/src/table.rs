//! What the campaigns print: a table for people, JSON for scripts.

use serde_json::{Value, json};

use crate::faults::Row;

/// The head of the table.
pub const HEAD: &str = "fault        trials  messages  sends  lost  extra  dupl.  unauth.  paused  forgot.  incompl.  \
                        unknown  rest      95% bound";

/// One line of the table.
pub fn line(row: &Row) -> String {
    let found = &row.outcome.findings;
    let rest = row.outcome.drained.map_or_else(|| "never".to_owned(), |rest| format!("{:.1}s", rest.as_secs_f64()));
    format!(
        "{:<12} {:>6}  {:>8}  {:>5}  {:>4}  {:>5}  {:>5}  {:>7}  {:>6}  {:>7}  {:>8}  {:>7}  {:>6}    {}",
        row.name,
        row.trials,
        found.messages,
        found.accepted,
        found.lost.len(),
        found.extra.len(),
        found.duplicates.len(),
        found.unauthorised.len(),
        found.after_pause.len(),
        found.forgotten.len(),
        found.incomplete.len(),
        found.unknowns,
        rest,
        bound(row.trials)
    )
}

/// The rate below which failures are with a confidence of 95 %, when none of `trials` failed: about 3/n.
fn bound(trials: u64) -> String {
    if trials == 0 { "-".to_owned() } else { format!("{:.2} %", 300.0 / trials as f64) }
}

/// What belongs to a line and has no column.
pub fn notes(row: &Row) -> Vec<String> {
    let mut notes = row.notes.clone();
    let (versions, presses) = row.outcome.contested;
    notes.push(format!("{versions} versions with {presses} presses of 发送, {} pauses", row.outcome.findings.pauses));
    notes.push(format!("{} took {:.0} s", row.what, row.took.as_secs_f64()));
    if let Some(folder) = &row.outcome.folder {
        notes.push(format!("KEPT in {}", folder.display()));
    }
    notes
}

/// A row for scripts.
pub fn json(row: &Row) -> Value {
    let found = &row.outcome.findings;
    json!({
        "fault": row.name, "what": row.what, "trials": row.trials, "messages": found.messages,
        "acknowledged": found.acknowledged, "requests": found.requests, "sends": found.accepted, "cases": found.cases,
        "unknowns": found.unknowns, "pauses": found.pauses, "lost": found.lost.len(), "extra": found.extra.len(),
        "duplicates": found.duplicates.len(), "unauthorised": found.unauthorised.len(),
        "after_pause": found.after_pause.len(), "forgotten": found.forgotten.len(),
        "incomplete": found.incomplete.len(), "contested_versions": row.outcome.contested.0,
        "contested_presses": row.outcome.contested.1,
        "drained_ms": row.outcome.drained.map(|rest| rest.as_millis() as u64),
        "took_ms": row.took.as_millis() as u64, "notes": row.notes,
    })
}
