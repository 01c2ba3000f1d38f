//! From entries to an index.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use super::postings::{Gathered, MOST_IMPACT, Postings};
use super::questions::Questions;
use super::terms::Terms;
use super::{Index, Indexed};
use crate::text::Canonical;
use crate::{Entry, Release, Scope, Synonyms};

/// Fields of an entry that are searched, in the order of their arrays.
const FIELDS: usize = 3;
const QUESTION: usize = 0;
const TITLE: usize = 1;
const ANSWER: usize = 2;
/// What a word in each field says, relative to the answer.
const FIELD_WEIGHT: [f32; FIELDS] = [1.5, 1.0, 1.0];
/// How much longer fields are marked down (BM25's b).
const LENGTH: [f32; FIELDS] = [0.5, 0.6, 0.9];
/// How fast repetition stops to matter (BM25's k1).
const SATURATION: f32 = MOST_IMPACT - 1.0;

/// How often an entry's fields have a term.
type Counts = [u8; FIELDS];

/// Counts in one byte: nobody gains by more than three in a short field, or fifteen in an answer.
fn packed(counts: Counts) -> u8 {
    counts[QUESTION].min(3) << 6 | counts[TITLE].min(3) << 4 | counts[ANSWER].min(15)
}

fn unpacked(byte: u8) -> Counts {
    let mut counts = [0; FIELDS];
    (counts[QUESTION], counts[TITLE], counts[ANSWER]) = (byte >> 6, byte >> 4 & 3, byte & 15);
    counts
}

/// The index under construction.
struct Builder {
    synonyms: Synonyms,
    terms: Terms,
    /// What every entry has, with packed counts.
    gathered: Gathered,
    /// Tokens in each entry's fields.
    lengths: Vec<[f32; FIELDS]>,
    questions: Questions,
    /// The own weight of each token of all questions, without its rarity.
    weights: Vec<f32>,
    entries: Vec<Indexed>,
    scopes: Scopes,
    /// Each owner's id once.
    owners: HashMap<String, Arc<str>>,
}

impl Index {
    /// Indexes `entries` with `synonyms`.
    pub fn with_synonyms(synonyms: Synonyms, entries: impl IntoIterator<Item = Entry>) -> Index {
        let mut builder = Builder::new(synonyms);
        let mut rules = Vec::new();
        for entry in entries {
            if entry.kind.is_rule() {
                rules.push(entry);
            } else {
                builder.add(entry);
            }
        }
        builder.index(rules)
    }
}

/// The distinct scopes with their releases, and each entry's place among them.
#[derive(Default)]
struct Scopes {
    distinct: Vec<(Scope, Release)>,
    places: HashMap<(Scope, Release), u32>,
    of: Vec<u32>,
}

impl Scopes {
    fn add(&mut self, scope: Scope, release: Release) {
        let distinct = &mut self.distinct;
        let place = *self.places.entry((scope, release)).or_insert_with_key(|both| {
            distinct.push(both.clone());
            distinct.len() as u32 - 1
        });
        self.of.push(place);
    }
}

impl Builder {
    fn new(synonyms: Synonyms) -> Builder {
        Builder {
            synonyms,
            terms: Terms::default(),
            gathered: Gathered::default(),
            lengths: Vec::new(),
            questions: Questions::new(),
            weights: Vec::new(),
            entries: Vec::new(),
            scopes: Scopes::default(),
            owners: HashMap::new(),
        }
    }

    fn add(&mut self, mut entry: Entry) {
        self.read(&entry);
        self.scopes.add(std::mem::take(&mut entry.scope), std::mem::take(&mut entry.release));
        let owner = self.owners.entry(entry.owner.clone()).or_insert_with_key(|owner| owner.as_str().into()).clone();
        self.entries.push(Indexed::of(entry, owner));
    }

    /// Takes in what an entry says.
    fn read(&mut self, entry: &Entry) {
        let mut counts: HashMap<u32, Counts> = HashMap::new();
        let mut lengths = [0.0; FIELDS];
        for question in &entry.questions {
            let terms = self.read_question(question);
            for &term in terms.keys() {
                // The most any one question has it: ten wordings of one question are not ten times the evidence.
                let count = &mut counts.entry(term).or_default()[QUESTION];
                *count = (*count).max(1);
            }
            lengths[QUESTION] += terms.len() as f32 / entry.questions.len() as f32;
            self.questions.push(question, terms.keys().copied());
            self.weights.extend(terms.values());
        }
        self.questions.end_entry();
        // A title that repeats a question would count it twice.
        if !entry.questions.contains(&entry.title) {
            lengths[TITLE] = self.count(&entry.title, TITLE, &mut counts);
        }
        lengths[ANSWER] = self.count(&entry.answer, ANSWER, &mut counts);
        let mut counts: Vec<(u32, u8)> = counts.into_iter().map(|(term, counts)| (term, packed(counts))).collect();
        counts.sort_unstable();
        counts.iter().for_each(|(term, _)| self.terms.count(*term));
        self.gathered.add(counts.into_iter());
        self.lengths.push(lengths);
    }

    /// The distinct terms of a question with the weight of their tokens, in an order that is always the same: sums of
    /// weights depend on it.
    fn read_question(&mut self, question: &str) -> BTreeMap<u32, f32> {
        let mut terms = BTreeMap::new();
        Canonical::new(question).tokens(&self.synonyms, |token| {
            let weight: &mut f32 = terms.entry(self.terms.intern_named(token)).or_default();
            *weight = weight.max(token.weight * super::terms::class_weight(token.class));
        });
        terms
    }

    /// Counts the terms of `text` in `field` and returns their number.
    fn count(&mut self, text: &str, field: usize, counts: &mut HashMap<u32, Counts>) -> f32 {
        let mut length = 0.0;
        Canonical::new(text).tokens(&self.synonyms, |token| {
            let term = if field == ANSWER { self.terms.intern(token) } else { self.terms.intern_named(token) };
            let count = &mut counts.entry(term).or_default()[field];
            *count = count.saturating_add(1);
            length += 1.0;
        });
        length
    }

    /// Everything is there.
    fn index(mut self, rules: Vec<Entry>) -> Index {
        let (weights, terms, count) = (&self.weights, &self.terms, self.entries.len());
        self.questions
            .finish(|place, term| weights.get(place).copied().unwrap_or_default() * terms.rarity(Some(term), count));
        self.entries.shrink_to_fit();
        self.terms.shrink();
        let Scopes { distinct, of, .. } = self.scopes;
        Index {
            average: mean(self.entries.iter().map(|entry| entry.answer.chars().count())),
            postings: postings(self.gathered, &self.lengths),
            questions: self.questions,
            terms: self.terms,
            synonyms: self.synonyms,
            entries: self.entries,
            rules,
            scopes: distinct,
            scope_of: of,
            meanings: RwLock::new(Arc::default()),
            scratch: Mutex::new(Vec::new()),
        }
    }
}

/// The lists of all terms, by how often entries of these lengths have them.
fn postings(gathered: Gathered, lengths: &[[f32; FIELDS]]) -> Postings {
    let averages = averages(lengths);
    gathered.lists(|doc, byte| {
        let (lengths, counts) = (&lengths[doc as usize], unpacked(byte));
        let frequency: f32 = (0..FIELDS)
            .map(|f| FIELD_WEIGHT[f] * f32::from(counts[f]) / (1.0 - LENGTH[f] + LENGTH[f] * lengths[f] / averages[f]))
            .sum();
        frequency * MOST_IMPACT / (SATURATION + frequency)
    })
}

/// The mean of those that are not 0, at least 1.
fn mean(lengths: impl Iterator<Item = usize>) -> f32 {
    let (sum, count) = lengths.filter(|&length| length > 0).fold((0, 0usize), |(sum, n), length| (sum + length, n + 1));
    (sum as f32 / count.max(1) as f32).max(1.0)
}

/// Mean length of each field over the entries that have it, at least 1.
fn averages(lengths: &[[f32; FIELDS]]) -> [f32; FIELDS] {
    std::array::from_fn(|field| {
        let filled: Vec<f32> = lengths.iter().map(|l| l[field]).filter(|&l| l > 0.0).collect();
        (filled.iter().sum::<f32>() / filled.len().max(1) as f32).max(1.0)
    })
}
