//! A report in pictures: how many drafts were taken as they were, what customers wanted and what became of it, why drafts
//! were rejected.

use cards::words::Words;

use super::{Count, Intent, Report};
use crate::chart::{Bar, Bars, Tone};
use crate::clock::{DAY, Timestamp};
use crate::store::outcomes::{Outcome, Row};
use crate::view::local;

/// Days a picture has rows for.
const DAYS: i64 = 7;

/// The pictures of a week that ends at `until`; none where nobody decided anything.
pub fn pictures(report: &Report, rows: &[Row], words: &Words, (until, timezone): (Timestamp, &str)) -> Vec<Bars> {
    if report.became.decided == 0 {
        return Vec::new();
    }
    let mut pictures = vec![acceptance(rows, words, until, timezone), intents(&report.intents, words)];
    pictures.extend((!report.reasons.is_empty()).then(|| reasons(&report.reasons, words)));
    pictures
}

/// The share of the drafts decided on each day that were sent unchanged.
fn acceptance(rows: &[Row], words: &Words, until: Timestamp, timezone: &str) -> Bars {
    let days = (0..DAYS).rev().map(|back| until - 1 - back * DAY);
    let row = |at: Timestamp| {
        let weekday = words.text(&format!("weekday.{}", local(at, timezone, "%u")), &[]);
        let day = local(at, timezone, "%m-%d");
        let decided_then = |row: &&Row| row.decided_at.is_some_and(|at| local(at, timezone, "%m-%d") == day);
        day_bar(format!("{day} {weekday}"), rows.iter().filter(decided_then))
    };
    Bars {
        title: words.text("chart.acceptance", &[]),
        key: vec![(Tone::Good, words.text("chart.acceptance_key", &[]))],
        rows: days.map(row).collect(),
        full: Some(1.0),
    }
}

fn day_bar<'a>(name: String, decided: impl Iterator<Item = &'a Row>) -> Bar {
    let became: Vec<Option<Outcome>> = decided.map(Row::outcome).collect();
    let unchanged = became.iter().filter(|outcome| **outcome == Some(Outcome::Unchanged)).count();
    let share = (!became.is_empty()).then(|| number(unchanged) / number(became.len()));
    Bar {
        name,
        parts: share.into_iter().map(|share| (Tone::Good, share)).collect(),
        figure: share.map_or("–".into(), |share| format!("{:.0}%　{unchanged}/{}", share * 100.0, became.len())),
        counted: false,
    }
}

fn intents(intents: &[Intent], words: &Words) -> Bars {
    let row = |intent: &Intent| Bar {
        name: words.text(&format!("intent.{}", intent.name), &[]),
        parts: vec![
            (Tone::Good, number(intent.became.unchanged)),
            (Tone::Fair, number(intent.became.changed)),
            (Tone::Bad, number(intent.became.rejected)),
            (Tone::Other, number(intent.became.taken_over)),
            (Tone::Open, number(intent.became.drafts - intent.became.decided)),
        ],
        figure: intent.became.drafts.to_string(),
        counted: true,
    };
    let key = |tone, key: &str| (tone, words.text(key, &[]));
    Bars {
        title: words.text("chart.intents", &[]),
        key: vec![
            key(Tone::Good, "chart.unchanged"),
            key(Tone::Fair, "chart.changed"),
            key(Tone::Bad, "chart.rejected"),
            key(Tone::Other, "chart.taken_over"),
            key(Tone::Open, "chart.open"),
        ],
        rows: intents.iter().map(row).collect(),
        full: None,
    }
}

fn reasons(reasons: &[Count], words: &Words) -> Bars {
    let row = |reason: &Count| Bar {
        name: words.text(&format!("reason.{}", reason.name), &[]),
        parts: vec![(Tone::Bad, number(reason.times))],
        figure: reason.times.to_string(),
        counted: false,
    };
    Bars {
        title: words.text("chart.reasons", &[]),
        key: vec![(Tone::Bad, words.text("chart.reasons_key", &[]))],
        rows: reasons.iter().map(row).collect(),
        full: None,
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
