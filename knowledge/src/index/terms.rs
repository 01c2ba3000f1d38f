//! Terms and their numbers, and the terms a question asks for.

use std::collections::HashMap;

use crate::Lexicon;
use crate::text::{Canonical, Class, Token};

/// Terms of one question that are looked up; the rest of a long message adds nothing.
const MAX_TERMS: usize = 64;

/// Share of each class in the score of a match.
pub(super) fn class_weight(class: Class) -> f32 {
    match class {
        Class::Word => 1.0,
        Class::Gram => 0.5,
        Class::Concept => 0.8,
    }
}

/// Every distinct term with its number and the number of entries that have it.
#[derive(Debug, Default)]
pub(super) struct Terms {
    words: HashMap<Box<str>, u32>,
    grams: HashMap<Box<str>, u32>,
    concepts: HashMap<Box<str>, u32>,
    entries_with: Vec<u32>,
}

/// A term of the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WantedTerm {
    /// Its number, or `None` if no entry has it.
    pub(super) term: Option<u32>,
    /// How much a match says: rarity × class × place in the question.
    pub(super) weight: f32,
}

/// What a question asks for, weightiest term first, at most 64.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) terms: Vec<WantedTerm>,
    /// Sum of all weights.
    pub(super) total: f32,
}

impl Terms {
    fn class(&self, class: Class) -> &HashMap<Box<str>, u32> {
        match class {
            Class::Word => &self.words,
            Class::Gram => &self.grams,
            Class::Concept => &self.concepts,
        }
    }

    /// The number of the token's term, if any entry has it.
    pub(super) fn number(&self, token: Token<'_>) -> Option<u32> {
        self.class(token.class).get(token.text).copied()
    }

    /// The number of the token's term, new if need be.
    pub(super) fn intern(&mut self, token: Token<'_>) -> u32 {
        if let Some(number) = self.number(token) {
            return number;
        }
        let number = self.entries_with.len() as u32;
        self.entries_with.push(0);
        let class = match token.class {
            Class::Word => &mut self.words,
            Class::Gram => &mut self.grams,
            Class::Concept => &mut self.concepts,
        };
        class.insert(token.text.into(), number);
        number
    }

    /// Number of terms.
    pub(super) fn len(&self) -> usize {
        self.entries_with.len()
    }

    /// Says that one more entry has `term`.
    pub(super) fn count(&mut self, term: u32) {
        if let Some(entries) = self.entries_with.get_mut(term as usize) {
            *entries += 1;
        }
    }

    /// Rarity of a term among `entries`; of one that no entry has, the highest.
    pub(super) fn rarity(&self, term: Option<u32>, entries: usize) -> f32 {
        let with = term.and_then(|term| self.entries_with.get(term as usize)).map_or(0.0, |&with| with as f32);
        (1.0 + (entries as f32 - with + 0.5) / (with + 0.5)).ln()
    }

    /// The weight of `token` in an index of `entries`, wherever it stands.
    pub(super) fn weight(&self, token: Token<'_>, entries: usize) -> f32 {
        token.weight * class_weight(token.class) * self.rarity(self.number(token), entries)
    }

    /// The terms of `question`, for an index of `entries`.
    pub(super) fn wanted(&self, question: &str, lexicon: &Lexicon, entries: usize) -> Wanted {
        let mut weights: HashMap<(Class, Box<str>), WantedTerm> = HashMap::new();
        Canonical::new(question).tokens(lexicon, |token| {
            let wanted = WantedTerm { term: self.number(token), weight: self.weight(token, entries) };
            let kept = weights.entry((token.class, token.text.into())).or_insert(wanted);
            kept.weight = kept.weight.max(wanted.weight);
        });
        let mut terms: Vec<_> = weights.into_values().collect();
        terms.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
        terms.truncate(MAX_TERMS);
        Wanted { total: terms.iter().map(|term| term.weight).sum(), terms }
    }
}

impl Wanted {
    /// The weights of the terms whose bits are set in `mask` (bit i for term i).
    pub(super) fn weight_of(&self, mask: u64) -> f32 {
        self.terms.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, term)| term.weight).sum()
    }
}
