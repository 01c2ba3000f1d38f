//! A report in words, for chat and the command line.

use cards::words::Words;

use super::{Completeness, Report, named, percent};
use crate::desk::Desk;

/// Entries of a list that are named.
const NAMED: usize = 5;
/// Characters of a question or a title that are shown.
const SHOWN: usize = 20;

/// The report, a line a figure, in the desk's words.
pub fn told(report: &Report, words: &Words, desk: &Desk, days: i64) -> String {
    let number = |value: usize| value.to_string();
    let mut lines = vec![words.text("report.head", &[("days", &days.to_string())])];
    lines.extend(drafts(report, words));
    lines.push(
        words.text("report.risk", &[("high", &number(report.high_risk)), ("escalated", &number(report.escalated))]),
    );
    lines.push(evidence(report, words));
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

/// How many drafts there were, and what people made of them.
fn drafts(report: &Report, words: &Words) -> [String; 2] {
    let number = |value: usize| value.to_string();
    let became = &report.became;
    let (drafts, decided) = (number(became.drafts), number(became.decided));
    let (acceptance, passed) = (percent(became.acceptance()), percent(became.pass_rate()));
    let counted =
        [("drafts", drafts.as_str()), ("decided", &decided), ("acceptance", &acceptance), ("passed", &passed)];
    let (unchanged, changed) = (number(became.unchanged), number(became.changed));
    let (rejected, taken_over) = (number(became.rejected), number(became.taken_over));
    let made = [
        ("unchanged", unchanged.as_str()),
        ("changed", &changed),
        ("rejected", &rejected),
        ("taken_over", &taken_over),
    ];
    [words.text("report.drafts", &counted), words.text("report.outcomes", &made)]
}

/// How much of what left can be proved, beside what left without a person.
fn evidence(report: &Report, words: &Words) -> String {
    let Completeness { replies, complete, missing } = &report.evidence;
    let (share, automatic) = (percent(report.evidence.share()), percent(report.automatic_share()));
    let (complete, replies) = (complete.to_string(), replies.to_string());
    let counted =
        [("share", share.as_str()), ("complete", &complete), ("replies", &replies), ("automatic", &automatic)];
    let told = words.text("report.evidence", &counted);
    let missing =
        list(words, "report.evidence_missing", named(missing, |name| words.text(&format!("proof.{name}"), &[])));
    told + &missing.unwrap_or_default()
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
        let (drafts, unchanged) = (found.became.drafts.to_string(), found.became.unchanged.to_string());
        let name = intent(words, &found.name);
        words.text("report.intent", &[("name", &name), ("drafts", &drafts), ("unchanged", &unchanged)])
    };
    report.intents.iter().map(one).collect()
}

/// A line with the first entries of a list; none where it is empty.
fn list(words: &Words, key: &str, entries: Vec<String>) -> Option<String> {
    let first: Vec<String> = entries.into_iter().take(NAMED).collect();
    (!first.is_empty()).then(|| words.text(key, &[("list", &first.join("、"))]))
}
