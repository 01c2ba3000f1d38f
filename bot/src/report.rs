//! What the draft phase teaches: counted from what became of each draft.

mod became;
mod completeness;
mod csv;
mod drawn;
mod gather;
mod pictures;
mod told;
mod warning;
mod weekly;

pub use self::csv::csv;
pub use became::Became;
pub use completeness::Completeness;
pub use drawn::{draw, week_in_bars};
pub use gather::gather;
pub use pictures::pictures;
pub use told::told;
pub use warning::Warning;
pub use weekly::{Nearest, Week, weekly};

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::{DAY, SECOND, Timestamp};
use crate::confidence::Quality;
use crate::store::knowledge::gaps::Gap;
use crate::store::outcomes::{Outcome, Row};

/// The time a report in chat is about.
pub(crate) const WEEK: Timestamp = 7 * DAY;
/// Characters of each text that are compared.
pub(crate) const COMPARED: usize = 600;
/// Drafts about an intent from which on "always escalated" says something.
const OFTEN: usize = 3;

/// The figures of a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// All drafts, and what people made of them.
    #[serde(flatten)]
    pub became: Became,
    /// Gone to the next level.
    pub escalated: usize,
    /// Judged high risk or abnormal.
    pub high_risk: usize,
    /// Characters between drafts and what people made of them, on average; none without an edit.
    pub edit_distance: Option<f64>,
    /// Why drafts were rejected, most often first.
    pub reasons: Vec<Count>,
    /// What customers wanted, most often first.
    pub intents: Vec<Intent>,
    /// Intents of which every draft went to the next level.
    pub always_escalated: Vec<String>,
    /// Words because of which a person had to look, most often first.
    pub risky: Vec<Count>,
    /// Knowledge of which replies were sent unchanged again and again, most often first: good examples.
    pub good: Vec<Count>,
    /// Left without a person.
    pub automatic: usize,
    /// Who decided how much and how fast, by id.
    pub reviewers: Vec<Reviewer>,
    /// Questions the knowledge does not answer, most often first.
    pub missing: Vec<Count>,
    /// How good the calibrated chances were; none while there are too few decisions.
    pub confidence: Option<Quality>,
    /// How complete the record of what left is.
    pub evidence: Completeness,
}

/// How often something was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Count {
    /// What.
    pub name: String,
    /// How often.
    pub times: usize,
}

/// What customers wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intent {
    /// The intent.
    pub name: String,
    /// Drafts about it, and what people made of them.
    #[serde(flatten)]
    pub became: Became,
}

/// A person who decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reviewer {
    /// The person's id.
    pub id: String,
    /// Decisions.
    pub decisions: usize,
    /// Seconds from draft to decision: half of them took no longer.
    pub median_seconds: i64,
}

impl Report {
    /// Counts drafts, and the questions nobody's knowledge answers.
    pub fn of(rows: &[Row], gaps: &[Gap], confidence: Option<Quality>) -> Self {
        let intents = intents(rows);
        let mut became = Became::default();
        intents.iter().for_each(|intent| became += intent.became);
        let named =
            |name: &str, times: i64| Count { name: name.to_owned(), times: usize::try_from(times).unwrap_or(0) };
        Self {
            became,
            escalated: rows.iter().filter(|row| row.escalated).count(),
            high_risk: rows.iter().filter(|row| row.is_high_risk()).count(),
            edit_distance: mean(rows.iter().filter_map(|row| row.distance)),
            reasons: reasons(rows),
            intents,
            always_escalated: always_escalated(rows),
            risky: most_often(rows.iter().flat_map(Row::words)),
            good: good(rows),
            automatic: rows.iter().filter(|row| row.permitted_at.is_some()).count(),
            reviewers: reviewers(rows),
            missing: gaps.iter().map(|gap| named(&gap.question, gap.times)).collect(),
            confidence,
            evidence: Completeness::default(),
        }
    }

    /// The share of drafts that left without a person; none without a draft.
    pub fn automatic_share(&self) -> Option<f64> {
        share(self.automatic, self.became.drafts)
    }
}

/// A part of a whole; none of nothing.
fn share(part: usize, whole: usize) -> Option<f64> {
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    (whole > 0).then(|| count(part) / count(whole))
}

/// A share as people read it.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.0}%", share * 100.0))
}

/// Each name in words, with how often it was.
fn named(counts: &[Count], word: impl Fn(&str) -> String) -> Vec<String> {
    counts.iter().map(|count| format!("{} {}", word(&count.name), count.times)).collect()
}

fn mean(values: impl Iterator<Item = i64>) -> Option<f64> {
    let values: Vec<f64> = values.map(|value| f64::from(i32::try_from(value).unwrap_or(i32::MAX))).collect();
    let count = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
    (count > 0.0).then(|| values.iter().sum::<f64>() / count)
}

fn by_intent(rows: &[Row]) -> BTreeMap<&str, Vec<&Row>> {
    let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry(&row.intent).or_default().push(row));
    groups
}

fn intents(rows: &[Row]) -> Vec<Intent> {
    let one = |(name, rows): (&str, Vec<&Row>)| {
        let mut became = Became::default();
        rows.into_iter().for_each(|row| became.count(row));
        Intent { name: name.to_owned(), became }
    };
    let mut intents: Vec<Intent> = by_intent(rows).into_iter().map(one).collect();
    intents.sort_by_key(|intent| std::cmp::Reverse(intent.became.drafts));
    intents
}

fn always_escalated(rows: &[Row]) -> Vec<String> {
    let always = |rows: &Vec<&Row>| rows.len() >= OFTEN && rows.iter().all(|row| row.escalated);
    by_intent(rows).into_iter().filter(|(_, rows)| always(rows)).map(|(name, _)| name.to_owned()).collect()
}

fn reasons(rows: &[Row]) -> Vec<Count> {
    most_often(rows.iter().filter_map(|row| row.reason.clone()))
}

/// Knowledge whose replies were sent unchanged often, and never rejected.
fn good(rows: &[Row]) -> Vec<Count> {
    let based =
        |outcome| rows.iter().filter(move |row| row.outcome() == Some(outcome)).filter_map(|row| row.basis.clone());
    let rejected: Vec<String> = based(Outcome::Rejected).collect();
    let mut good = most_often(based(Outcome::Unchanged));
    good.retain(|count| count.times >= OFTEN && !rejected.contains(&count.name));
    good
}

fn most_often(names: impl Iterator<Item = String>) -> Vec<Count> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let mut counts: Vec<Count> = counts.into_iter().map(|(name, times)| Count { name, times }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.times));
    counts
}

fn reviewers(rows: &[Row]) -> Vec<Reviewer> {
    let mut took: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for row in rows {
        if let (Some(by), Some(at)) = (&row.decided_by, row.decided_at) {
            took.entry(by).or_default().push((at - row.drafted_at) / SECOND);
        }
    }
    let one = |(id, mut seconds): (&str, Vec<Timestamp>)| {
        seconds.sort_unstable();
        let median_seconds = seconds.get(seconds.len().saturating_sub(1) / 2).copied().unwrap_or(0);
        Reviewer { id: id.to_owned(), decisions: seconds.len(), median_seconds }
    };
    took.into_iter().map(one).collect()
}

/// Characters that have to be put in, taken out or replaced to make `after` of `before` (Levenshtein); only the beginning
/// of long texts is compared.
pub fn distance(before: &str, after: &str) -> usize {
    let before: Vec<char> = before.chars().take(COMPARED).collect();
    let mut row: Vec<usize> = (0..=before.len()).collect();
    for (line, c) in after.chars().take(COMPARED).enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, known) in row.iter_mut().skip(1).zip(&before) {
            let replaced = diagonal + usize::from(*known != c);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_single_characters() {
        for (before, after, count) in [
            ("", "", 0),
            ("包邮", "", 2),
            ("", "包邮", 2),
            ("满 99 元包邮", "满 99 元包邮", 0),
            ("满 99 元包邮", "满 59 元包邮", 1),
            ("满 99 元包邮", "满 99 元免邮哦", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(before, after), count, "{before} → {after}");
        }
    }
}
