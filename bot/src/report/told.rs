//! A report in words, for chat and the command line.

use cards::words::Words;

use super::{Count, Report};
use crate::desk::Desk;

/// Entries of a list that are named.
const NAMED: usize = 5;
/// Characters of a question or a title that are shown.
const SHOWN: usize = 20;

/// The report, a line a figure, in the desk's words.
pub fn told(report: &Report, words: &Words, desk: &Desk, days: i64) -> String {
    let percent = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.0}%", share * 100.0));
    let number = |value: usize| value.to_string();
    let mut lines = vec![
        words.text("report.head", &[("days", &days.to_string())]),
        words.text(
            "report.drafts",
            &[
                ("drafts", &number(report.drafts)),
                ("decided", &number(report.decided)),
                ("acceptance", &percent(report.acceptance())),
            ],
        ),
        words.text(
            "report.outcomes",
            &[
                ("unchanged", &number(report.unchanged)),
                ("changed", &number(report.changed)),
                ("rejected", &number(report.rejected)),
                ("taken_over", &number(report.taken_over)),
            ],
        ),
        words.text("report.risk", &[("high", &number(report.high_risk)), ("escalated", &number(report.escalated))]),
    ];
    let distance = report.edit_distance.map(|mean| format!("{mean:.0}"));
    lines.extend(distance.map(|mean| words.text("report.distance", &[("mean", &mean)])));
    lines.extend(list(words, "report.intents", intents(report, words)));
    lines.extend(list(
        words,
        "report.reasons",
        named(&report.reasons, |name| words.text(&format!("reason.{name}"), &[])),
    ));
    let always = report.always_escalated.iter().map(|name| intent(words, name)).collect();
    lines.extend(list(words, "report.always_escalated", always));
    let quoted = |text: &str| cards::one_line(text).chars().take(SHOWN).collect::<String>();
    lines.extend(list(words, "report.risky", named(&report.risky, quoted)));
    lines.extend(list(words, "report.good", named(&report.good, quoted)));
    let missing = named(&report.missing, quoted);
    lines.extend(list(words, "report.missing", missing));
    let reviewers = report.reviewers.iter().map(|reviewer| {
        let (count, seconds) = (number(reviewer.decisions), reviewer.median_seconds.to_string());
        let name = desk.name_of(&reviewer.id);
        words.text("report.reviewer", &[("name", name), ("decisions", &count), ("seconds", &seconds)])
    });
    lines.extend(list(words, "report.reviewers", reviewers.collect()));
    lines.push(confidence(report, words));
    lines.join("\n")
}

fn confidence(report: &Report, words: &Words) -> String {
    let Some(quality) = &report.confidence else { return words.text("report.unknown_confidence", &[]) };
    let two = |value: f64| format!("{value:.3}");
    let (brier, ece, count) = (two(quality.brier), two(quality.ece), quality.count.to_string());
    words.text("report.confidence", &[("brier", &brier), ("ece", &ece), ("count", &count)])
}

fn intent(words: &Words, name: &str) -> String {
    words.text(&format!("intent.{name}"), &[])
}

fn intents(report: &Report, words: &Words) -> Vec<String> {
    let one = |found: &super::Intent| {
        let (drafts, unchanged) = (found.drafts.to_string(), found.unchanged.to_string());
        let name = intent(words, &found.name);
        words.text("report.intent", &[("name", &name), ("drafts", &drafts), ("unchanged", &unchanged)])
    };
    report.intents.iter().map(one).collect()
}

fn named(counts: &[Count], word: impl Fn(&str) -> String) -> Vec<String> {
    counts.iter().map(|count| format!("{} {}", word(&count.name), count.times)).collect()
}

/// A line with the first entries of a list; none where it is empty.
fn list(words: &Words, key: &str, entries: Vec<String>) -> Option<String> {
    let first: Vec<String> = entries.into_iter().take(NAMED).collect();
    (!first.is_empty()).then(|| words.text(key, &[("list", &first.join("、"))]))
}
