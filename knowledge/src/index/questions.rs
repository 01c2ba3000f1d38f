//! The questions of every entry as weighted term sets, to compare them one by one with what was asked.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::terms::Wanted;
use crate::text;

/// Terms of all questions, one behind the other, and where each begins.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Questions of entry d: `first[d]..first[d + 1]`.
    first: Vec<u32>,
    /// Terms of question q: `starts[q]..starts[q + 1]`, ascending.
    starts: Vec<u32>,
    terms: Vec<u32>,
    /// Sum of the weights of each question's terms.
    totals: Vec<f32>,
    /// Fingerprint of each question's letters and digits.
    prints: Vec<u64>,
}

/// How like the best question of an entry is to what was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Likeness {
    /// Number of the question within its entry.
    pub(super) number: Option<usize>,
    /// Twice the shared weight over the weight of both sides, 0..=1.
    pub(super) similarity: f32,
    /// The same letters and digits in the same order.
    pub(super) exact: bool,
}

/// What tells whether two questions are the same but for spacing and punctuation.
pub(super) fn print(question: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text::compact(question).hash(&mut hasher);
    hasher.finish()
}

impl Questions {
    pub(super) fn new() -> Questions {
        Questions { first: vec![0], starts: vec![0], ..Questions::default() }
    }

    /// Adds a question to the entry under construction; `terms` ascending, without repeats. What it weighs is said later.
    pub(super) fn push(&mut self, question: &str, terms: impl Iterator<Item = u32>) {
        self.terms.extend(terms);
        self.starts.push(self.terms.len() as u32);
        self.prints.push(print(question));
    }

    /// Ends the entry under construction.
    pub(super) fn end_entry(&mut self) {
        self.first.push(self.prints.len() as u32);
    }

    /// Everything is there: `weight` is what the term at each place, counted over all questions, adds to its question.
    pub(super) fn finish(&mut self, weight: impl Fn(usize, u32) -> f32) {
        let bounds = self.starts.iter().zip(self.starts.iter().skip(1));
        let total = |(&from, &to): (&u32, &u32)| {
            let places = from as usize..to as usize;
            places
                .clone()
                .zip(self.terms.get(places).unwrap_or_default())
                .map(|(place, &term)| weight(place, term))
                .sum()
        };
        self.totals = bounds.map(total).collect();
        self.first.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.terms.shrink_to_fit();
        self.prints.shrink_to_fit();
    }

    /// The question of entry `doc` that is most like the question asked.
    pub(super) fn likeness(&self, doc: u32, wanted: &Wanted, print: u64) -> Likeness {
        let bounds = self.first.get(doc as usize).zip(self.first.get(doc as usize + 1));
        let Some((&from, &to)) = bounds else { return Likeness::default() };
        let mut best = Likeness::default();
        for question in from..to {
            let exact = self.prints.get(question as usize) == Some(&print);
            let similarity = if exact { 1.0 } else { self.similarity(question as usize, wanted) };
            if best.number.is_none() || similarity > best.similarity {
                best = Likeness { number: Some((question - from) as usize), similarity, exact };
            }
        }
        best
    }

    fn similarity(&self, question: usize, wanted: &Wanted) -> f32 {
        let bounds = self.starts.get(question).zip(self.starts.get(question + 1));
        let terms = bounds.and_then(|(&from, &to)| self.terms.get(from as usize..to as usize)).unwrap_or_default();
        let total = self.totals.get(question).copied().unwrap_or_default();
        let has = |term: Option<u32>| term.is_some_and(|term| terms.binary_search(&term).is_ok());
        let shared: f32 = wanted.terms.iter().filter(|term| has(term.term)).map(|term| term.weight).sum();
        let both = wanted.total + total;
        if both > 0.0 { (2.0 * shared / both).min(1.0) } else { 0.0 }
    }
}
