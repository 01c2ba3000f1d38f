//! From entries to an index.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use super::Index;
use super::postings::{Bytes, MOST_IMPACT, Postings};
use super::questions::Questions;
use super::terms::Terms;
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
    /// For every term the entries that have it, with their packed counts.
    raw: Vec<Bytes>,
    /// Tokens in each entry's fields.
    lengths: Vec<[f32; FIELDS]>,
    /// Term sets of each entry's questions with their tokens' own weights, in an order that is always the same: sums of
    /// weights depend on it.
    questions: Vec<Vec<BTreeMap<u32, f32>>>,
}

impl Index {
    /// Indexes `entries` with `synonyms`.
    pub fn with_synonyms(synonyms: Synonyms, entries: impl IntoIterator<Item = Entry>) -> Index {
        let (rules, mut entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.kind.is_rule());
        entries.shrink_to_fit();
        let mut builder =
            Builder { synonyms, terms: Terms::default(), raw: Vec::new(), lengths: Vec::new(), questions: Vec::new() };
        for (doc, entry) in entries.iter().enumerate() {
            builder.add(doc as u32, entry);
        }
        let (scopes, scope_of) = scopes(&entries);
        let average = mean(entries.iter().map(|entry| entry.answer.chars().count()));
        Index {
            questions: builder.questions(&entries),
            postings: builder.postings(),
            terms: builder.terms,
            synonyms: builder.synonyms,
            entries,
            rules,
            average,
            scopes,
            scope_of,
            meanings: RwLock::new(Arc::default()),
            scratch: Mutex::new(Vec::new()),
        }
    }
}

/// The distinct scopes with their releases, and each entry's place among them.
fn scopes(entries: &[Entry]) -> (Vec<(Scope, Release)>, Vec<u32>) {
    let mut distinct: Vec<(Scope, Release)> = Vec::new();
    let mut places: HashMap<(&Scope, &Release), u32> = HashMap::new();
    let mut scope_of = Vec::with_capacity(entries.len());
    for entry in entries {
        let place = *places.entry((&entry.scope, &entry.release)).or_insert_with(|| {
            distinct.push((entry.scope.clone(), entry.release.clone()));
            distinct.len() as u32 - 1
        });
        scope_of.push(place);
    }
    (distinct, scope_of)
}

impl Builder {
    fn add(&mut self, doc: u32, entry: &Entry) {
        let mut counts: HashMap<u32, Counts> = HashMap::new();
        let mut lengths = [0.0; FIELDS];
        let mut questions = Vec::with_capacity(entry.questions.len());
        for question in &entry.questions {
            let terms = self.read(question);
            for &term in terms.keys() {
                // The most any one question has it: ten wordings of one question are not ten times the evidence.
                let count = &mut counts.entry(term).or_default()[QUESTION];
                *count = (*count).max(1);
            }
            lengths[QUESTION] += terms.len() as f32 / entry.questions.len() as f32;
            questions.push(terms);
        }
        // A title that repeats a question would count it twice.
        if !entry.questions.contains(&entry.title) {
            lengths[TITLE] = self.count(&entry.title, TITLE, &mut counts);
        }
        lengths[ANSWER] = self.count(&entry.answer, ANSWER, &mut counts);
        for (term, counts) in counts {
            self.terms.count(term);
            self.raw.resize_with(self.terms.len(), Bytes::default);
            self.raw[term as usize].push(doc, packed(counts));
        }
        self.lengths.push(lengths);
        self.questions.push(questions);
    }

    /// The distinct terms of a question with the weight of their tokens.
    fn read(&mut self, question: &str) -> BTreeMap<u32, f32> {
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

    fn postings(&mut self) -> Postings {
        let averages = averages(&self.lengths);
        let impact = |doc: u32, byte: u8| {
            let (lengths, counts) = (&self.lengths[doc as usize], unpacked(byte));
            let frequency: f32 = (0..FIELDS)
                .map(|f| {
                    FIELD_WEIGHT[f] * f32::from(counts[f]) / (1.0 - LENGTH[f] + LENGTH[f] * lengths[f] / averages[f])
                })
                .sum();
            frequency * MOST_IMPACT / (SATURATION + frequency)
        };
        Postings::new(std::mem::take(&mut self.raw), impact)
    }

    fn questions(&mut self, entries: &[Entry]) -> Questions {
        let mut questions = Questions::new();
        for (entry, sets) in entries.iter().zip(std::mem::take(&mut self.questions)) {
            for (question, set) in entry.questions.iter().zip(sets) {
                let weight = |(&term, &weight): (&u32, &f32)| weight * self.terms.rarity(Some(term), entries.len());
                let total = set.iter().map(weight).sum();
                let mut terms: Vec<u32> = set.into_keys().collect();
                terms.sort_unstable();
                questions.push(question, &terms, total);
            }
            questions.end_entry();
        }
        questions
    }
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
