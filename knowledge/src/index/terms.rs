//! Terms and their numbers, and the terms a question asks for.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use super::near::Near;
use crate::Synonyms;
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

/// What a word that was probably meant weighs beside one that was typed.
const MEANT: f32 = 0.7;

/// Every distinct term with its number and the number of entries that have it.
///
/// Terms are kept as hashes: their texts would be a large part of an index's memory.
#[derive(Debug, Default)]
pub(super) struct Terms {
    numbers: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    entries_with: Vec<u32>,
    near: Near,
}

/// Takes a number that is a hash already as its hash.
#[derive(Debug, Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A term of the question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WantedTerm {
    pub(super) class: Class,
    /// As it stands in canonical text; a concept's name.
    pub(super) text: Box<str>,
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
    fn hash(token: Token<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        (token.class, token.text).hash(&mut hasher);
        hasher.finish()
    }

    /// The number of the token's term, if any entry has it.
    pub(super) fn number(&self, token: Token<'_>) -> Option<u32> {
        self.numbers.get(&Terms::hash(token)).copied()
    }

    /// The number of the token's term, new if need be.
    pub(super) fn intern(&mut self, token: Token<'_>) -> u32 {
        let next = self.entries_with.len() as u32;
        let number = *self.numbers.entry(Terms::hash(token)).or_insert(next);
        if number == next {
            self.entries_with.push(0);
        }
        number
    }

    /// The number of a token in a title or question, which is also found by what is like it.
    pub(super) fn intern_named(&mut self, token: Token<'_>) -> u32 {
        let number = self.intern(token);
        if token.class != Class::Concept {
            self.near.learn(token, number);
        }
        number
    }

    /// Nothing more is added.
    pub(super) fn shrink(&mut self) {
        self.entries_with.shrink_to_fit();
        self.numbers.shrink_to_fit();
        self.near.shrink();
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

    /// The term of a question's token, or else the one that was probably meant, and its weight in an index of
    /// `entries`.
    fn meant(&self, token: Token<'_>, entries: usize) -> (Option<u32>, f32) {
        let typed = self.number(token);
        let meant = if typed.is_none() && token.class != Class::Concept { self.near.meant(token) } else { None };
        let part = if meant.is_some() { MEANT } else { 1.0 };
        let term = typed.or(meant);
        (term, part * token.weight * class_weight(token.class) * self.rarity(term, entries))
    }

    /// The terms of `question`, for an index of `entries`.
    pub(super) fn wanted(&self, question: &str, synonyms: &Synonyms, entries: usize) -> Wanted {
        let mut weights: HashMap<(Class, Box<str>), WantedTerm> = HashMap::new();
        Canonical::new(question).tokens(synonyms, |token| {
            let (term, weight) = self.meant(token, entries);
            let text: Box<str> = token.text.into();
            let kept = weights.entry((token.class, text.clone())).or_insert_with(|| WantedTerm {
                class: token.class,
                text,
                term,
                weight,
            });
            kept.weight = kept.weight.max(weight);
        });
        let mut terms: Vec<_> = weights.into_values().collect();
        terms.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| (&a.text, a.class).cmp(&(&b.text, b.class))));
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
