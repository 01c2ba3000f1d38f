//! The launch report in words, as Markdown.

use cards::words::Words;

use super::files::Files;
use super::likeness::Compared;
use super::past::{Flaw, Refused};
use super::scene::Replayed;
use super::summary::{Found, Gap, Kind};
use crate::config::short_version;
use crate::desk::Desk;
use crate::policy::Intent;

/// Entries of a list that are named; the files beside it have all of them.
const NAMED: usize = 20;
/// Characters of a text that is quoted.
const QUOTED: usize = 80;
/// Words that were found, named behind their rule.
const WORDS: usize = 8;

/// The report.
pub(super) fn report(files: &Files) -> String {
    let words = files.desk.words();
    let sections = [
        head(files, words),
        table(files, words, "replay.became", "replay.became_columns", became),
        table(files, words, "replay.compared", "replay.compared_columns", compared),
        automation(files, words),
        list(words, "replay.reasons", reasons(files, words)),
        list(words, "replay.gaps", gaps(files, words)),
        list(words, "replay.differences", differences(files, words)),
        list(words, "replay.refused", refused(files, words)),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The figures of all of it in a line each, for the terminal too.
pub(super) fn figures(files: &Files, words: &Words) -> Vec<String> {
    let total = files.summary.total();
    let number = |value: usize| value.to_string();
    let drafts = total.review + total.escalated;
    vec![
        words.text(
            "replay.counted",
            &[
                ("conversations", &number(files.conversations)),
                ("turns", &number(total.turns)),
                ("refused", &number(files.refused.len())),
            ],
        ),
        words.text(
            "replay.drafts",
            &[
                ("drafts", &number(drafts)),
                ("no_answer", &number(total.no_answer)),
                ("high_risk", &number(total.high_risk)),
            ],
        ),
        words.text(
            "replay.beside",
            &[
                ("compared", &number(total.compared)),
                ("good", &number(total.same + total.alike)),
                ("reworded", &number(total.reworded)),
                ("other_facts", &number(total.other_facts)),
            ],
        ),
        words.text(
            "replay.could_leave",
            &[
                ("could_leave", &number(total.could_leave)),
                ("good", &number(total.could_leave_good)),
                ("other_facts", &number(total.could_leave_other_facts)),
            ],
        ),
    ]
}

fn head(files: &Files, words: &Words) -> String {
    let policy = short_version(&files.desk.policy);
    let mut lines =
        vec![words.text("replay.head", &[]), String::new(), words.text("replay.policy", &[("policy", policy)])];
    lines.extend(figures(files, words).into_iter().map(|line| format!("- {line}")));
    lines.join("\n")
}

/// A table with a row for each channel and intent. `columns` names what stands behind those two.
fn table(files: &Files, words: &Words, title: &str, columns: &str, row: fn(&Kind) -> Vec<usize>) -> String {
    let rows = files.summary.kinds.iter().map(|((channel, intent), kind)| {
        let figures = row(kind).into_iter().map(|figure| figure.to_string());
        named(&files.desk.desk, words, channel, *intent).into_iter().chain(figures).collect()
    });
    markdown(words, title, columns, rows.collect())
}

fn markdown(words: &Words, title: &str, columns: &str, rows: Vec<Vec<String>>) -> String {
    let columns = words.text(columns, &[]);
    let names: Vec<&str> = columns.split('|').map(str::trim).collect();
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let header: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let ruler: Vec<String> =
        names.iter().enumerate().map(|(at, _)| if at < 2 { "---" } else { "---:" }.into()).collect();
    let mut lines = vec![words.text(title, &[]), String::new(), line(&header), line(&ruler)];
    lines.extend(rows.iter().map(|cells| line(cells)));
    lines.join("\n")
}

fn named(desk: &Desk, words: &Words, channel: &str, intent: Intent) -> Vec<String> {
    let label = desk.channel(channel).map_or(channel, |channel| channel.label());
    vec![plain(label), words.text(intent.key(), &[])]
}

fn became(kind: &Kind) -> Vec<usize> {
    let Kind { turns, review, escalated, no_answer, asked_for_person, people_only, forbidden, .. } = kind;
    vec![*turns, *review, *escalated, *no_answer, *asked_for_person, *people_only, *forbidden, kind.high_risk]
}

fn compared(kind: &Kind) -> Vec<usize> {
    vec![kind.compared, kind.same, kind.alike, kind.reworded, kind.other_facts, kind.looks_up]
}

/// What automation would have sent, and what it still takes to open it.
fn automation(files: &Files, words: &Words) -> String {
    let bad_rate = files.desk.desk.policy.auto.bad_rate;
    let rows = files.summary.kinds.iter().filter_map(|((channel, intent), kind)| {
        let earned = files.earned.get(&(channel.clone(), *intent))?;
        let distance = kind.could_leave_distance.map_or_else(|| "–".to_owned(), |mean| format!("{:.0}%", mean * 100.0));
        let figures = [kind.could_leave, kind.could_leave_good, kind.could_leave_other_facts].map(|n| n.to_string());
        let missing = [earned.missing(bad_rate), earned.estimate(kind, bad_rate)].map(|n| n.to_string());
        let cells = named(&files.desk.desk, words, channel, *intent).into_iter().chain(figures).chain([distance]);
        Some(cells.chain(missing).collect())
    });
    markdown(words, "replay.automation", "replay.automation_columns", rows.collect())
}

fn reasons(files: &Files, words: &Words) -> Vec<String> {
    let line = |found: &Found| {
        let named: Vec<String> = found.words.iter().take(WORDS).map(|word| plain(&cards::fit(word, QUOTED))).collect();
        let (name, times) = (words.text(found.key, &[]), found.times.to_string());
        words.text("replay.reason", &[("name", &name), ("times", &times), ("words", &named.join("、"))])
    };
    files.summary.reasons.iter().map(line).collect()
}

fn gaps(files: &Files, words: &Words) -> Vec<String> {
    let line = |gap: &Gap| {
        let (times, at) = (gap.conversations.to_string(), gap.line.to_string());
        let question = plain(&cards::fit(&gap.question, QUOTED));
        words.text("replay.gap", &[("question", &question), ("times", &times), ("line", &at)])
    };
    files.summary.gaps.iter().map(line).collect()
}

/// Drafts with other facts than a person's reply, those first that could have left without a person.
fn differences(files: &Files, words: &Words) -> Vec<String> {
    let differs = |one: &&Replayed| one.likeness.is_some_and(|likeness| likeness.verdict == Compared::OtherFacts);
    let mut found: Vec<&Replayed> = files.replayed.iter().filter(differs).collect();
    found.sort_by_key(|one| !one.could_leave);
    let quoted = |texts: &[String]| plain(&cards::fit(&texts.join(" "), QUOTED));
    let line = |one: &Replayed| {
        let (at, customer) = (one.line.to_string(), quoted(&one.customer));
        let both = [quoted(&one.draft), quoted(&one.person)];
        let key = if one.could_leave { "replay.difference_alone" } else { "replay.difference" };
        words.text(key, &[("line", &at), ("customer", &customer), ("draft", &both[0]), ("person", &both[1])])
    };
    found.into_iter().map(line).collect()
}

fn refused(files: &Files, words: &Words) -> Vec<String> {
    let line = |refused: &Refused| {
        let (at, why) = (refused.line.to_string(), plain(&flaw(&refused.why, words)));
        words.text("replay.line", &[("line", &at), ("why", &why)])
    };
    files.refused.iter().map(line).collect()
}

/// What is wrong with a line, and what to do.
pub(super) fn flaw(flaw: &Flaw, words: &Words) -> String {
    let (key, value) = flaw.key();
    words.text(key, &[("value", &cards::fit(value, QUOTED))])
}

fn list(words: &Words, title: &str, entries: Vec<String>) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let more = entries.len().saturating_sub(NAMED);
    let mut lines = vec![words.text(title, &[]), String::new()];
    lines.extend(entries.into_iter().take(NAMED).map(|entry| format!("- {entry}")));
    if more > 0 {
        lines.push(format!("- {}", words.text("replay.more", &[("count", &more.to_string())])));
    }
    lines.join("\n")
}

/// A text on one line of which nothing is Markdown or HTML.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in cards::one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&') {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}
