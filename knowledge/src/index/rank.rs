//! The close look: order of the candidates and confidence in the first.

use super::postings::Candidate;
use super::terms::Wanted;
use super::{Index, questions};
use crate::Scope;

/// What is known about a candidate, each between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Features {
    /// BM25F score as a share of the highest one possible.
    pub(super) lexical: f32,
    /// Share of the question's weight that the entry has anywhere.
    pub(super) cover: f32,
    /// Similarity of the best question.
    pub(super) question: f32,
    /// The question word for word.
    pub(super) exact: bool,
}

/// A candidate in its final place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) doc: u32,
    pub(super) question: Option<usize>,
    pub(super) score: f32,
    pub(super) features: Features,
}

/// The highest impact a posting approaches (BM25's k1 + 1).
const MOST_IMPACT: f32 = 2.5;
/// What the features add to the lexical score.
const QUESTION: f32 = 1.0;
const COVER: f32 = 0.15;
const EXACT: f32 = 1.0;
/// Decides between equals only: an entry written for just this scope goes first.
const SCOPE: f32 = 0.005;

/// The candidates in final order, best first.
pub(super) fn rank(
    index: &Index,
    question: &str,
    wanted: &Wanted,
    candidates: &[Candidate],
    asked: &Scope,
) -> Vec<Ranked> {
    let print = questions::print(question);
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .map(|candidate| {
            let likeness = index.questions.likeness(candidate.doc, wanted, print);
            let features = Features {
                lexical: share(candidate.score, wanted.total * MOST_IMPACT),
                cover: share(wanted.weight_of(candidate.mask), wanted.total),
                question: likeness.similarity,
                exact: likeness.exact,
            };
            let scope = index.entries.get(candidate.doc as usize).map_or(0, |entry| entry.scope.closeness(asked));
            let score = features.score() + SCOPE * scope as f32;
            Ranked { doc: candidate.doc, question: likeness.number, score, features }
        })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.doc.cmp(&b.doc)));
    ranked
}

impl Features {
    fn score(&self) -> f32 {
        let exact = if self.exact { EXACT } else { 0.0 };
        self.lexical + QUESTION * self.question + COVER * self.cover + exact
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

/// How likely the first of `ranked` answers the question: a logistic model of three features and one certainty.
///
/// Fitted once over public support questions in Chinese and English, with and without own questions in the entries,
/// answerable, unanswerable and off topic together, then rounded towards caution; the example `evaluate` shows how it
/// holds on a set. Few, monotone terms on purpose: what makes a match better never lowers the confidence.
pub(super) fn confidence(ranked: &[Ranked]) -> f64 {
    let Some(first) = ranked.first() else { return 0.0 };
    let second = ranked.get(1);
    let margin = share(first.score - second.map_or(0.0, |second| second.score), first.score);
    let f = first.features;
    let lead = margin * f.lexical.max(f.question);
    // Two entries that both claim the question word for word contradict each other: no certainty then.
    let verbatim = f.exact && !second.is_some_and(|second| second.features.exact);
    let z = -3.5 + 5.0 * f.lexical + 2.2 * f.question + 4.0 * lead + if verbatim { 3.0 } else { 0.0 };
    1.0 / (1.0 + f64::from(-z).exp())
}
