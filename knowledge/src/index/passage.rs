//! Which sentences of an answer to cite.

use std::ops::Range;

use super::terms::{Terms, Wanted};
use crate::Synonyms;
use crate::text::Canonical;

/// Answers up to this length (bytes) are cited whole.
const WHOLE: usize = 360;
/// A cited passage grows by neighbouring sentences up to this length (bytes).
const PASSAGE: usize = 360;
/// Sentences of one answer that are looked at.
const MAX_SENTENCES: usize = 400;

/// The byte range of `answer` that has most of what was asked, with its neighbours where there is room.
pub(super) fn span(answer: &str, wanted: &Wanted, terms: &Terms, synonyms: &Synonyms) -> (usize, usize) {
    if answer.len() <= WHOLE {
        return (0, answer.len());
    }
    let sentences = sentences(answer);
    let says = |sentence: &Range<usize>| weight(&answer[sentence.clone()], wanted, terms, synonyms);
    let weights: Vec<f32> = sentences.iter().take(MAX_SENTENCES).map(says).collect();
    let best = (0..weights.len()).rev().max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
    best.map_or((0, answer.len()), |best| grow(&sentences, &weights, best))
}

/// Takes the weightier neighbour again and again while the passage stays short.
fn grow(sentences: &[Range<usize>], weights: &[f32], best: usize) -> (usize, usize) {
    let (mut first, mut last) = (best, best);
    let length = |first: usize, last: usize| sentences[last].end - sentences[first].start;
    loop {
        let before = (first > 0).then(|| first - 1).filter(|&i| length(i, last) <= PASSAGE);
        let after = (last + 1 < weights.len()).then_some(last + 1).filter(|&i| length(first, i) <= PASSAGE);
        match (before, after) {
            (Some(b), Some(a)) if weights[b] > weights[a] => first = b,
            (_, Some(a)) => last = a,
            (Some(b), None) => first = b,
            (None, None) => return (sentences[first].start, sentences[last].end),
        }
    }
}

/// Weight of the question's terms that `sentence` has.
fn weight(sentence: &str, wanted: &Wanted, terms: &Terms, synonyms: &Synonyms) -> f32 {
    let mut mask = 0u64;
    Canonical::new(sentence).tokens(synonyms, |token| {
        let number = terms.number(token);
        if let Some(bit) = wanted.terms.iter().position(|term| number.is_some() && term.term == number) {
            mask |= 1 << bit;
        }
    });
    wanted.weight_of(mask)
}

/// The sentences of `text` without blanks around them, in order.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_blank = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(c, '。' | '！' | '？' | '；' | '\n') || (matches!(c, '.' | '!' | '?' | ';') && next_is_blank) {
            found.push(start..at + c.len_utf8());
            start = at + c.len_utf8();
        }
    }
    found.push(start..text.len());
    found.into_iter().filter_map(|range| trimmed(text, range)).collect()
}

fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let sentence = &text[range.clone()];
    let start = range.start + sentence.len() - sentence.trim_start().len();
    let end = start + sentence.trim().len();
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_people_end_them() {
        let text = "满99元包邮。偏远地区除外！\n v1.5 costs 9.90 yuan. Ask us";
        let cut: Vec<_> = sentences(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(cut, ["满99元包邮。", "偏远地区除外！", "v1.5 costs 9.90 yuan.", "Ask us"]);
        assert!(sentences(" \n ").is_empty());
    }
}
