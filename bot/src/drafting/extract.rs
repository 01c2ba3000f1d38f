//! The drafter without a model: the best entry's own words, opened politely.

use cards::Hint;
use cards::words::Words;
use channels::wecom::kf::MAX_PART_BYTES;
use knowledge::{Found, Hit};

use super::questions::MOST_QUESTIONS;
use super::{LEAST_CONFIDENCE, MOST_PARTS, Proposal, citation_of, confidence_in, in_parts};
use crate::policy::Intent;

/// Characters of an answer that is quoted whole; a longer one is quoted by the sentences that fit the question.
const WHOLE: usize = 100;
/// Characters of a reply after the hint to be shorter.
const SHORT: usize = 50;
/// Beginnings after which another greeting would be one too many.
const GREETINGS: &[&str] = &[
    "您好",
    "你好",
    "亲",
    "抱歉",
    "很抱歉",
    "非常抱歉",
    "对不起",
    "感谢",
    "hello",
    "hi",
    "dear",
    "sorry",
    "we are sorry",
    "thank",
];

/// Answers with the best passage, word for word; none when the knowledge does not know.
pub fn extractive(found: &Found, intent: Intent, hint: Option<Hint>, words: &Words) -> Option<Proposal> {
    extractive_each(std::slice::from_ref(found), intent, hint, words)
}

/// Answers several questions (see [`super::asked`]), each from what was found for it: at most three, a part each. One
/// question whose answer stands in two sections has a part of each.
///
/// The confidence is that of the weakest answer, 0 where a question has none: the reviewer sees that half is missing.
pub fn extractive_each(found: &[Found], intent: Intent, hint: Option<Hint>, words: &Words) -> Option<Proposal> {
    let found = &found[..found.len().min(MOST_QUESTIONS)];
    let mut hits: Vec<&Hit> = Vec::new();
    let mut confidence = f64::INFINITY;
    for found in found {
        let (picked, sure) = pick(found, hint);
        confidence = confidence.min(sure);
        hits.extend(picked);
    }
    let mut seen = std::collections::BTreeSet::new();
    hits.retain(|hit| seen.insert(hit.entry.as_str()));
    hits.truncate(MOST_PARTS);
    let completed: Vec<&Hit> = hits.iter().copied().chain(completing(found, hint)).collect();
    let quote = |hits| quoting(hits, confidence, intent, hint, words);
    // What is too long together is said by the first alone.
    quote(completed).or_else(|| quote(hits))
}

/// The section that says what the answer to the one question leaves open, unless a reviewer chose the passages.
fn completing(found: &[Found], hint: Option<Hint>) -> Option<&Hit> {
    let chosen = hint.is_some_and(|hint| !matches!(hint, Hint::Softer | Hint::AddNumber));
    let [found] = found else { return None };
    found.hits.iter().find(|hit| hit.completes && !chosen && found.confidence >= LEAST_CONFIDENCE)
}

/// A reply that quotes these.
fn quoting(hits: Vec<&Hit>, confidence: f64, intent: Intent, hint: Option<Hint>, words: &Words) -> Option<Proposal> {
    let opener = opener(intent, hint, words);
    let texts = hits.iter().enumerate().map(|(place, hit)| {
        let passage = passage(hit, hint);
        if place == 0 && fits(&opener, passage) { format!("{opener}{passage}") } else { passage.to_owned() }
    });
    Some(Proposal {
        parts: in_parts(&texts.collect::<Vec<_>>())?,
        citations: hits.into_iter().map(|hit| citation_of(hit, quoted(hit, hint))).collect(),
        confidence,
        action: action(intent).map(str::to_owned),
        drafter: "extractive".into(),
        ..Proposal::default()
    })
}

/// The passages to rest on, and how sure they are: the best one, unless a reviewer wants another or a further one.
fn pick(found: &Found, hint: Option<Hint>) -> (Vec<&Hit>, f64) {
    if found.confidence < LEAST_CONFIDENCE {
        return (Vec::new(), 0.0);
    }
    let (from, count) = match hint {
        Some(Hint::ChangeRule | Hint::NotCompliant | Hint::FactsWrong) => (1, 1),
        Some(Hint::AddFacts) => (0, 2),
        Some(Hint::Shorter | Hint::Softer | Hint::AddNumber) | None => (0, 1),
    };
    let picked: Vec<&Hit> = found.hits.iter().skip(from).take(count).collect();
    let sure = if picked.is_empty() { 0.0 } else { confidence_in(found, from) };
    (picked, sure)
}

/// The words of an entry that are quoted.
fn passage(hit: &Hit, hint: Option<Hint>) -> &str {
    let whole = hit.text.trim();
    let cited = hit.text.get(hit.span.0..hit.span.1).map(str::trim).filter(|cited| !cited.is_empty()).unwrap_or(whole);
    match hint {
        Some(Hint::Shorter) => leading_sentences(cited),
        _ if whole.chars().count() <= WHOLE => whole,
        _ => cited,
    }
}

/// The byte range of what is quoted.
fn quoted(hit: &Hit, hint: Option<Hint>) -> (usize, usize) {
    let passage = passage(hit, hint);
    hit.text.find(passage).map_or(hit.span, |start| (start, start + passage.len()))
}

/// As many whole sentences from the beginning as stay short, and at least one.
pub(super) fn leading_sentences(text: &str) -> &str {
    let ends = text
        .char_indices()
        .filter(|(_, c)| matches!(c, '。' | '！' | '？' | '；' | '\n'))
        .map(|(at, c)| at + c.len_utf8());
    let mut kept = None;
    for end in ends {
        if kept.is_some() && text[..end].chars().count() > SHORT {
            break;
        }
        kept = Some(end);
    }
    text[..kept.unwrap_or(text.len())].trim()
}

/// What comes before the passage: ours, short, and promising nothing.
pub(super) fn opener(intent: Intent, hint: Option<Hint>, words: &Words) -> String {
    let sorry = matches!(intent, Intent::Complaint | Intent::Compensation | Intent::Refund | Intent::Warranty);
    let key = match hint {
        Some(Hint::Softer) if sorry => "opener.sorry",
        Some(Hint::Softer) => "opener.softer",
        Some(Hint::Shorter) => return String::new(),
        _ => "opener.plain",
    };
    words.text(key, &[])
}

/// An opener goes before a passage of its own language that does not greet by itself, unless it would tear it apart.
pub(super) fn fits(opener: &str, passage: &str) -> bool {
    let start: String = passage.chars().take(12).collect::<String>().to_lowercase();
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    opener.len() + passage.len() <= MAX_PART_BYTES
        && is_chinese(opener) == is_chinese(passage)
        && !GREETINGS.iter().any(|greeting| start.starts_with(greeting))
}

/// What is worth doing in the back office before answering.
fn action(intent: Intent) -> Option<&'static str> {
    match intent {
        Intent::OrderStatus => Some("action.check_logistics"),
        Intent::Refund | Intent::Returns => Some("action.check_after_sales"),
        Intent::AddressChange => Some("action.check_order"),
        Intent::Warranty => Some("action.ask_photos"),
        Intent::Invoice => Some("action.note_invoice"),
        Intent::Complaint | Intent::Compensation => Some("action.tag_complaint"),
        Intent::Product | Intent::Sizing | Intent::Shipping | Intent::Coupon | Intent::Greeting | Intent::Other => None,
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
