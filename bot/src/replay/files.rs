//! A replay's report as files: for people, for a spreadsheet, and each turn for scripts. The same replay gives the same
//! bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use cards::words::Words;

use super::past::Refused;
use super::scene::Replayed;
use super::summary::{Earned, Kind, Summary};
use super::told;
use crate::policy::Intent;
use crate::store::desks::Applied;

/// What a spreadsheet takes for UTF-8.
const MARK: &str = "\u{feff}";

/// Everything that is written.
pub struct Files<'a> {
    /// The configuration it was replayed under.
    pub desk: &'a Applied,
    /// Conversations in the file.
    pub conversations: usize,
    /// What became of each turn.
    pub replayed: &'a [Replayed],
    /// The same, counted.
    pub summary: &'a Summary,
    /// What real decisions have earned.
    pub earned: &'a BTreeMap<(String, Intent), Earned>,
    /// Lines left out.
    pub refused: &'a [Refused],
}

/// Writes `report.md`, `intents.csv`, `cases.jsonl` and `refused.csv` into a folder, in place of those of before.
///
/// # Errors
/// When the folder cannot be made or the disk refuses.
pub fn write(folder: &Path, files: &Files) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let words = files.desk.words();
    keep(folder, "report.md", told::report(files).as_bytes())?;
    keep(folder, "intents.csv", &intents(files, words)?)?;
    keep(folder, "cases.jsonl", &cases(files.replayed)?)?;
    keep(folder, "refused.csv", &refused(files.refused, words)?)
}

fn keep(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn cases(replayed: &[Replayed]) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    for one in replayed {
        serde_json::to_writer(&mut out, one)?;
        out.write_all(b"\n")?;
    }
    Ok(out)
}

fn intents(files: &Files, words: &Words) -> anyhow::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(MARK.as_bytes().to_vec());
    table.write_record(["channel", "intent", "name"].into_iter().chain(FIGURES.map(|(name, _)| name)).chain(LAST))?;
    let bad_rate = files.desk.desk.policy.auto.bad_rate;
    for ((channel, intent), kind) in &files.summary.kinds {
        let earned = files.earned.get(&(channel.clone(), *intent));
        let missing = earned.map(|earned| earned.missing(bad_rate).to_string()).unwrap_or_default();
        let estimate = earned.map(|earned| earned.estimate(kind, bad_rate).to_string()).unwrap_or_default();
        let distance = kind.could_leave_distance.map(|mean| mean.to_string()).unwrap_or_default();
        let named = [safe(channel), intent.as_str().to_owned(), words.text(intent.key(), &[])];
        let figures = FIGURES.map(|(_, figure)| figure(kind).to_string());
        table.write_record(named.into_iter().chain(figures).chain([distance, missing, estimate]))?;
    }
    Ok(table.into_inner()?)
}

/// A figure's column, and where it comes from.
type Figure = (&'static str, fn(&Kind) -> usize);

/// The columns of `intents.csv` between the kind's names and what is estimated.
const FIGURES: [Figure; 17] = [
    ("turns", |k| k.turns),
    ("review", |k| k.review),
    ("escalated", |k| k.escalated),
    ("no_answer", |k| k.no_answer),
    ("asked_for_person", |k| k.asked_for_person),
    ("people_only", |k| k.people_only),
    ("forbidden", |k| k.forbidden),
    ("high_risk", |k| k.high_risk),
    ("looks_up", |k| k.looks_up),
    ("compared", |k| k.compared),
    ("same", |k| k.same),
    ("alike", |k| k.alike),
    ("reworded", |k| k.reworded),
    ("other_facts", |k| k.other_facts),
    ("could_leave", |k| k.could_leave),
    ("could_leave_good", |k| k.could_leave_good),
    ("could_leave_other_facts", |k| k.could_leave_other_facts),
];

/// The columns behind them.
const LAST: [&str; 3] = ["could_leave_distance", "missing", "estimated_missing"];

fn refused(refused: &[Refused], words: &Words) -> anyhow::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(MARK.as_bytes().to_vec());
    table.write_record(["line", "why"])?;
    for line in refused {
        table.write_record([line.line.to_string(), safe(&told::flaw(&line.why, words))])?;
    }
    Ok(table.into_inner()?)
}

/// A cell that no spreadsheet takes for a formula.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
