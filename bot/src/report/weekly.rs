//! The report of a week, beside the week before, with what to do about it.

use cards::words::Words;

use super::{Count, Report, percent};
use crate::qa::Standing;

/// Entries of a list that are named.
const NAMED: usize = 3;
/// Characters of a question or a title that are shown.
const SHOWN: usize = 20;

/// Two weeks, and what is near.
#[derive(Debug, Clone, PartialEq)]
pub struct Week {
    /// The week's figures.
    pub now: Report,
    /// Those of the week before.
    pub before: Report,
    /// What is nearest to being answered without a person.
    pub nearest: Option<Nearest>,
    /// What speaks against taking its figures for success.
    pub warning: Option<String>,
    /// How the newest samples for quality stand, the oldest first.
    pub qa: Vec<Standing>,
}

/// What is nearest to being answered without a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The channel, as people call it.
    pub channel: String,
    /// The intent's locale key.
    pub intent: &'static str,
    /// Good drafts in a row that are missing.
    pub missing: u32,
}

/// The week in words, a line each; automation stands beside what people decided, never alone.
pub fn weekly(week: &Week, words: &Words) -> String {
    let Week { now, before, .. } = week;
    let figure = |key: &str, of: fn(&Report) -> String| words.text(key, &[("now", &of(now)), ("before", &of(before))]);
    let mut lines = vec![words.text("weekly.head", &[])];
    lines.extend(week.warning.clone());
    lines.extend([
        figure("weekly.drafts", |report| report.became.drafts.to_string()),
        figure("weekly.acceptance", |report| percent(report.became.acceptance())),
        figure("weekly.rejected", |report| report.became.rejected.to_string()),
        figure("weekly.taken_over", |report| report.became.taken_over.to_string()),
        figure("weekly.high_risk", |report| report.high_risk.to_string()),
        figure("weekly.evidence", |report| percent(report.evidence.share())),
        figure("weekly.automatic", |report| percent(report.automatic_share())),
    ]);
    lines.extend(week.qa.iter().map(|standing| quality(standing, words)));
    let todo = todo(week, words);
    if !todo.is_empty() {
        lines.push(words.text("weekly.todo", &[]));
        lines.extend(todo);
    }
    lines.join("\n")
}

/// A sample in one line: what was scored and what fares worst, or that nobody has scored it.
fn quality(standing: &Standing, words: &Words) -> String {
    let (drawn, scored) = (standing.drawn.to_string(), standing.scored.to_string());
    let counted = [("week", standing.week.as_str()), ("drawn", &drawn), ("scored", &scored)];
    let (Some(mean), Some((weakest, low))) = (standing.mean(), standing.weakest()) else {
        return words.text("weekly.qa_waits", &counted);
    };
    let (mean, low, weakest) = (format!("{mean:.1}"), format!("{low:.1}"), words.text(weakest, &[]));
    let found = [("mean", mean.as_str()), ("weakest", &weakest), ("low", &low)];
    words.text("weekly.qa", &counted.into_iter().chain(found).collect::<Vec<_>>())
}

fn todo(week: &Week, words: &Words) -> Vec<String> {
    let counted = |key: &str, counts: &[Count]| {
        let named = counts.iter().take(NAMED).map(|count| format!("{} {}", short(&count.name), count.times));
        let named: Vec<String> = named.collect();
        (!named.is_empty()).then(|| words.text(key, &[("list", &named.join("、"))]))
    };
    let nearest = week.nearest.as_ref().map(|nearest| {
        let (intent, missing) = (words.text(nearest.intent, &[]), nearest.missing.to_string());
        words.text("weekly.nearest", &[("channel", &nearest.channel), ("intent", &intent), ("missing", &missing)])
    });
    let lists = [
        counted("weekly.missing", &week.now.missing),
        nearest,
        counted("weekly.risky", &week.now.risky),
        counted("weekly.good", &week.now.good),
    ];
    lists.into_iter().flatten().collect()
}

fn short(text: &str) -> String {
    cards::one_line(text).chars().take(SHOWN).collect()
}
