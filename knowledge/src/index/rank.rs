//! The order of the candidates, and confidence in the first.

use std::sync::LazyLock;

use super::look::{Features, Looker, NAMES, share};
use super::postings::{Candidate, MOST_IMPACT};
use super::terms::Wanted;
use super::{Index, questions};
use crate::Scope;

/// Lines `name weight relative`: what [`NAMES`] add to the score, as they are and as shares of the highest among the
/// candidates. Learnt over public support questions: `scripts/bench-knowledge DATA train` prints the file anew.
const LEARNT: &str = include_str!("weights.txt");

static WEIGHTS: LazyLock<[(f32, f32); NAMES.len()]> =
    LazyLock::new(|| NAMES.map(|name| weight(name).unwrap_or_default()));

fn weight(name: &str) -> Option<(f32, f32)> {
    let line = LEARNT.lines().find(|line| line.split_whitespace().next() == Some(name))?;
    let mut numbers = line.split_whitespace().skip(1).map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// A candidate in its final place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) doc: u32,
    /// Number of its question that is most like the one asked.
    pub(super) question: Option<usize>,
    pub(super) score: f32,
    /// Similarity of that question, 0 to 1, and whether it is the same word for word.
    similarity: f32,
    exact: bool,
    pub(super) features: Features,
}

/// What the likeness of an entry's own question adds to the score.
const QUESTION: f32 = 9.0;
const EXACT: f32 = 9.0;
/// Decides between equals only: an entry written for just this scope goes first.
const SCOPE: f32 = 0.03;

/// The candidates in final order, best first.
pub(super) fn rank(
    index: &Index,
    question: &str,
    wanted: &Wanted,
    candidates: &[Candidate],
    asked: &Scope,
) -> Vec<Ranked> {
    let mut ranked = looked_at(index, question, wanted, candidates);
    let highest = highest(&ranked);
    for ranked in &mut ranked {
        let scope = index.entries.get(ranked.doc as usize).map_or(0, |entry| entry.scope.closeness(asked));
        ranked.score = ranked.score(&highest) + SCOPE * scope as f32;
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.doc.cmp(&b.doc)));
    ranked
}

/// The candidates with what is known about them, not in order yet.
pub(super) fn looked_at(index: &Index, question: &str, wanted: &Wanted, candidates: &[Candidate]) -> Vec<Ranked> {
    let print = questions::print(question);
    let looker = Looker::new(question, wanted, index.average);
    let known = candidates.iter().filter_map(|candidate| Some((candidate, index.entries.get(candidate.doc as usize)?)));
    known
        .map(|(candidate, entry)| {
            let likeness = index.questions.likeness(candidate.doc, wanted, print);
            let lexical = share(candidate.score, wanted.total * MOST_IMPACT);
            let cover = share(wanted.weight_of(candidate.mask), wanted.total);
            Ranked {
                doc: candidate.doc,
                question: likeness.number,
                score: 0.0,
                similarity: likeness.similarity,
                exact: likeness.exact,
                features: looker.look(entry, lexical, cover),
            }
        })
        .collect()
}

/// The highest value of each feature.
fn highest(ranked: &[Ranked]) -> Features {
    std::array::from_fn(|place| ranked.iter().map(|ranked| ranked.features[place]).fold(0.0, f32::max))
}

impl Ranked {
    fn score(&self, highest: &Features) -> f32 {
        let features = self.features.iter().zip(highest);
        let learnt = features
            .zip(WEIGHTS.iter())
            .map(|((&value, &most), &(weight, relative))| weight * value + relative * share(value, most));
        learnt.sum::<f32>() + QUESTION * self.similarity + if self.exact { EXACT } else { 0.0 }
    }

    fn lexical(&self) -> f32 {
        self.features[0]
    }

    /// How sure the match is by itself, without its rivals.
    fn strength(&self) -> f32 {
        const COVER: usize = 4;
        let exact = if self.exact { 1.0 } else { 0.0 };
        self.lexical() + self.similarity + 0.15 * self.features[COVER] + exact
    }
}

/// How likely the first of `ranked` answers the question: a logistic model of three features and one certainty.
///
/// Fitted once over public support questions in Chinese and English, with and without own questions in the entries,
/// answerable, unanswerable and off topic together, then rounded towards caution; `scripts/bench-knowledge` shows how
/// it holds on a set. Few, monotone terms on purpose: what makes a match better never lowers the confidence.
pub(super) fn confidence(ranked: &[Ranked]) -> f64 {
    let Some(first) = ranked.first() else { return 0.0 };
    let rivals = ranked.iter().skip(1);
    let rival = rivals.clone().map(Ranked::strength).fold(0.0, f32::max);
    let margin = share(first.strength() - rival, first.strength());
    let lead = margin * first.lexical().max(first.similarity);
    // Two entries that both claim the question word for word contradict each other: no certainty then.
    let verbatim = first.exact && !rivals.clone().any(|rival| rival.exact);
    // That anything comes near says as much as how near the first one is.
    let most = ranked.iter().map(Ranked::lexical).fold(0.0, f32::max);
    let z = -3.5
        + 2.5 * first.lexical()
        + 2.5 * most
        + 2.2 * first.similarity
        + 4.0 * lead
        + if verbatim { 3.0 } else { 0.0 };
    1.0 / (1.0 + f64::from(-z).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_learnt_weights() {
        for name in NAMES {
            assert!(weight(name).is_some(), "{name} is missing in weights.txt");
        }
        let lines = LEARNT.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        assert_eq!(lines.count(), NAMES.len());
        assert!(WEIGHTS.iter().any(|&(weight, _)| weight != 0.0));
    }
}
