//! The order of the candidates, and confidence in the first.

use std::sync::LazyLock;

use super::look::{COVER, Features, LEXICAL, Looker, MEANING, NAMES, share};
use super::postings::{Candidate, MOST_IMPACT};
use super::terms::Wanted;
use super::{Index, document, questions};
use crate::Scope;

/// Lines `name weight relative`: what [`NAMES`] add to the score, as they are and as shares of the highest among the
/// candidates. Learnt over public support questions: `scripts/bench-knowledge DATA train` prints the file anew.
const LEARNT: &str = include_str!("weights.txt");
/// The same where directions are known.
const LEARNT_WITH_MEANING: &str = include_str!("weights_with_meaning.txt");

type Weights = [(f32, f32); NAMES.len()];

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| weights(LEARNT));
static WEIGHTS_WITH_MEANING: LazyLock<Weights> = LazyLock::new(|| weights(LEARNT_WITH_MEANING));

fn weights(learnt: &str) -> Weights {
    NAMES.map(|name| weight(learnt, name).unwrap_or_default())
}

fn weight(learnt: &str, name: &str) -> Option<(f32, f32)> {
    let line = learnt.lines().find(|line| line.split_whitespace().next() == Some(name))?;
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
    /// Bit i: it says the i-th of the question's terms.
    pub(super) mask: u64,
    /// Similarity of that question, 0 to 1, and whether it is the same word for word.
    similarity: f32,
    pub(super) exact: bool,
    pub(super) features: Features,
}

/// What the likeness of an entry's own question adds to the score.
const QUESTION: f32 = 9.0;
const EXACT: f32 = 9.0;
/// Decides between equals only: an entry written for just this scope goes first.
const SCOPE: f32 = 0.03;

/// A question, its terms, and how near each entry is to what it means; empty where that is not known.
pub(super) struct Asked<'a> {
    pub(super) text: &'a str,
    pub(super) wanted: &'a Wanted,
    pub(super) near: &'a [f32],
}

/// The candidates in final order, best first.
pub(super) fn rank(index: &Index, asked: &Asked<'_>, candidates: &[Candidate], scope: &Scope) -> Vec<Ranked> {
    let mut ranked = looked_at(index, asked, candidates);
    let highest = highest(&ranked);
    let weights = if asked.near.is_empty() { &*WEIGHTS } else { &*WEIGHTS_WITH_MEANING };
    for ranked in &mut ranked {
        let close = index.scope(ranked.doc).map_or(0, |own| own.closeness(scope));
        ranked.score = ranked.score(weights, &highest) + SCOPE * close as f32;
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.doc.cmp(&b.doc)));
    ranked
}

/// The candidates with what is known about them, not in order yet.
pub(super) fn looked_at(index: &Index, asked: &Asked<'_>, candidates: &[Candidate]) -> Vec<Ranked> {
    let wanted = asked.wanted;
    let print = questions::print(asked.text);
    let looker = Looker::new(asked.text, wanted, index.average);
    let known = candidates.iter().filter_map(|candidate| Some((candidate, index.entries.get(candidate.doc as usize)?)));
    let mut ranked: Vec<Ranked> = known
        .map(|(candidate, entry)| {
            let likeness = index.questions.likeness(candidate.doc, wanted, print);
            let lexical = share(candidate.score, wanted.total * MOST_IMPACT);
            let cover = share(wanted.weight_of(candidate.mask), wanted.total);
            let meaning = asked.near.get(candidate.doc as usize).copied().unwrap_or_default();
            Ranked {
                doc: candidate.doc,
                question: likeness.number,
                score: 0.0,
                mask: candidate.mask,
                similarity: likeness.similarity,
                exact: likeness.exact,
                features: looker.look(entry, lexical, cover, meaning),
            }
        })
        .collect();
    document::look_around(index, &mut ranked);
    ranked
}

/// What the highest value of a feature counts as at least: the best of many poor matches is no good match.
pub(super) const LEAST_HIGHEST: f32 = 0.25;

/// The highest value of each feature.
fn highest(ranked: &[Ranked]) -> Features {
    std::array::from_fn(|place| ranked.iter().map(|ranked| ranked.features[place]).fold(LEAST_HIGHEST, f32::max))
}

impl Ranked {
    fn score(&self, weights: &Weights, highest: &Features) -> f32 {
        let features = self.features.iter().zip(highest);
        let learnt = features
            .zip(weights)
            .map(|((&value, &most), &(weight, relative))| weight * value + relative * share(value, most));
        learnt.sum::<f32>() + QUESTION * self.similarity + if self.exact { EXACT } else { 0.0 }
    }

    pub(super) fn lexical(&self) -> f32 {
        self.features[LEXICAL]
    }

    pub(super) fn meaning(&self) -> f32 {
        self.features[MEANING]
    }

    /// How sure the match is by itself, without its rivals.
    fn strength(&self) -> f32 {
        let exact = if self.exact { 1.0 } else { 0.0 };
        self.lexical() + self.similarity + 0.15 * self.features[COVER] + exact
    }
}

/// How likely the first of `ranked` answers the question: a logistic model of three features and one certainty.
///
/// Fitted once over public support questions in Chinese and English, with and without own questions in the entries,
/// answerable, unanswerable and off topic together, then rounded towards caution; `scripts/bench-knowledge` shows how
/// it holds on a set. Few, monotone terms on purpose: what makes a match better never lowers the confidence. Where it
/// is known how near entries are to what the question means, that counts as well, for and against.
pub(super) fn confidence(ranked: &[Ranked], knows_meaning: bool) -> f64 {
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
        + if verbatim { 3.0 } else { 0.0 }
        + if knows_meaning { 4.0 * first.meaning() - 1.4 } else { 0.0 };
    1.0 / (1.0 + f64::from(-z).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_learnt_weights() {
        for learnt in [LEARNT, LEARNT_WITH_MEANING] {
            for name in NAMES {
                assert!(weight(learnt, name).is_some(), "{name} is missing");
            }
            let lines = learnt.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
            assert_eq!(lines.count(), NAMES.len());
        }
        assert!(WEIGHTS.iter().any(|&(weight, _)| weight != 0.0));
    }
}
