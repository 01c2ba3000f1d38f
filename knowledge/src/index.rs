//! Finding the entry that answers a question.
//!
//! Two steps: postings lists score every entry that shares a term with the question (BM25F, [`postings`]), then the
//! best [`CANDIDATES`] are looked at closely ([`look`]) and put in order by learnt weights ([`rank`]): how much of the
//! question they cover, where, and how alike the best of their own questions is. Where directions are known ([`meaning`]),
//! the entries nearest to the question's own join the candidates, and how near they are has its weight.

mod build;
mod document;
mod indexed;
mod look;
mod meaning;
mod near;
mod passage;
mod postings;
mod questions;
mod rank;
mod terms;
mod together;

use std::sync::{Arc, Mutex, RwLock};

use serde::Serialize;

use crate::text::{fold, is_whole};
use crate::{Caution, Entry, Kind, Release, Scope, Synonyms};
pub use indexed::Indexed;
pub use meaning::{Direction, Face, Meanings};
use postings::{Postings, Scratch};
use questions::Questions;
use terms::{Terms, Wanted};

/// Entries looked at closely for one question.
const CANDIDATES: usize = 40;
/// Most hits given back, whatever the limit asks.
const MAX_HITS: usize = 100;
/// Characters of a question that are read.
const MAX_QUERY_CHARS: usize = 2_000;
/// Characters of a question up to which an encoder's direction says what it asks. That of a longer message is a mixture of
/// everything in it, and near to passages that talk of as many things: it counts for as much less as the message is longer.
/// Customers' first messages of several sentences show it (`make bench-knowledge ARGS=search`, tau2 openings, R@5: .783, and
/// .696 where length is no matter); of the other sets hardly a question is that long.
const ONE_MATTER: usize = 120;

/// Published entries, ready to be searched from many threads.
#[derive(Debug)]
pub struct Index {
    synonyms: Synonyms,
    entries: Vec<Indexed>,
    rules: Vec<Entry>,
    /// The distinct scopes and releases, and which of them each entry has.
    scopes: Vec<(Scope, Release)>,
    scope_of: Vec<u32>,
    terms: Terms,
    postings: Postings,
    questions: Questions,
    /// Mean length of an answer, in characters.
    average: f32,
    meanings: RwLock<Arc<Meanings>>,
    /// Buffers of searches that ended, so that a search allocates nothing in proportion to the index.
    scratch: Mutex<Vec<Scratch>>,
}

/// A question to the index.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The customer's words.
    pub text: &'a str,
    /// Where it was asked: everything known, see [`Scope::covers`].
    pub scope: &'a Scope,
    /// What they mean: the numbers of the encoder the index knows directions of; none where that is not known.
    pub meaning: Option<&'a [f32]>,
    /// Unix ms; decides what is valid.
    pub now_ms: i64,
    /// Most hits wanted, at most 100.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How likely the first hit answers the question, 0 to 1; 0 without hits.
    pub confidence: f64,
}

/// One entry that may answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Entry id.
    pub entry: String,
    /// Its version.
    pub version: i64,
    /// The imported file's id for it.
    pub file_id: Option<String>,
    /// Its kind, never a rule.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// The question of the entry that is most like the one asked; the title when it has none.
    pub question: String,
    /// The whole answer.
    pub text: String,
    /// The sentences of `text` to cite: a byte range on character bounds.
    pub span: (usize, usize),
    /// For ordering within one search only.
    pub score: f64,
    /// Person id of the owner.
    pub owner: String,
    /// Where the entry came from.
    pub source: String,
    /// Unix ms by which the owner should have confirmed it.
    pub verify_by: Option<i64>,
    /// Unix ms until which it may be used.
    pub valid_until: Option<i64>,
    /// What stands between it and a promise.
    pub cautions: Vec<Caution>,
    /// Whether it is one answer with the first hit: a section of the same document that says what that one leaves open of
    /// the question, while that one says what it leaves open. True of one hit at most.
    pub completes: bool,
}

impl Index {
    /// Indexes `entries` with the shipped synonyms. Rules are kept apart: see [`Index::rules`].
    pub fn build(entries: impl IntoIterator<Item = Entry>) -> Index {
        Index::with_synonyms(Synonyms::builtin().clone(), entries)
    }

    /// Number of entries that can be found, rules not counted.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Everything that can be found, in the order it was given.
    pub fn entries(&self) -> &[Indexed] {
        &self.entries
    }

    /// The region that a text names, of those that entries are written for; of several the longest name.
    pub fn region_in(&self, text: &str) -> Option<&str> {
        let text = fold(text);
        let regions = self.scopes.iter().filter_map(|(scope, _)| scope.region.as_deref());
        regions.filter(|region| says(&text, &fold(region))).max_by_key(|region| region.len())
    }

    /// The rules of `kind` that hold in `scope` at `now_ms`, in the order they were given.
    pub fn rules<'a>(&'a self, kind: Kind, scope: &'a Scope, now_ms: i64) -> impl Iterator<Item = &'a Entry> {
        self.rules.iter().filter(move |rule| rule.kind == kind && rule.is_valid_at(now_ms) && rule.covers(scope))
    }

    /// Finds what answers `query`: only entries valid at its time and covering its scope, never rules.
    pub fn search(&self, query: &Query<'_>) -> Found {
        let text: String = query.text.chars().take(MAX_QUERY_CHARS).collect();
        let wanted = self.terms.wanted(&text, &self.synonyms, self.entries.len());
        let near = self.nearness(query);
        let candidates = self.candidates(&wanted, query, &near);
        let ranked =
            rank::rank(self, &rank::Asked { text: &text, wanted: &wanted, near: &near }, &candidates, query.scope);
        let confidence = rank::confidence(&ranked, !near.is_empty());
        let shown = ranked.get(..query.limit.min(MAX_HITS)).unwrap_or(&ranked);
        let completing = together::completing(self, shown, &wanted);
        let hit = |ranked: &rank::Ranked| self.hit(ranked, &wanted, completing == Some(ranked.doc));
        Found { hits: shown.iter().filter_map(hit).collect(), confidence }
    }

    /// What the ranking is learnt over: for every candidate of `query` its entry's id and features, named by
    /// [`Index::FEATURES`]. For the training command.
    pub fn close_look(&self, query: &Query<'_>) -> Vec<(&str, Vec<f32>)> {
        let text: String = query.text.chars().take(MAX_QUERY_CHARS).collect();
        let wanted = self.terms.wanted(&text, &self.synonyms, self.entries.len());
        let near = self.nearness(query);
        let candidates = self.candidates(&wanted, query, &near);
        let looked_at = rank::looked_at(self, &rank::Asked { text: &text, wanted: &wanted, near: &near }, &candidates);
        let known = looked_at.iter().filter_map(|ranked| Some((self.entries.get(ranked.doc as usize)?, ranked)));
        known.map(|(entry, ranked)| (&*entry.id, ranked.features.to_vec())).collect()
    }

    /// What the highest value of a feature among the candidates counts as at least, when shares of it are taken.
    pub const LEAST_HIGHEST: f32 = rank::LEAST_HIGHEST;

    /// Names of the features of [`Index::close_look`], in their order.
    pub const FEATURES: &'static [&'static str] = &look::NAMES;

    /// How near each entry is to what the question means, as far as that can be told; empty where it is not known.
    fn nearness(&self, query: &Query<'_>) -> Vec<f32> {
        let meanings = self.meanings();
        let Some(direction) = query.meaning.filter(|_| !meanings.is_empty()) else { return Vec::new() };
        let mut near = meanings.nearness(direction, self.entries.len());
        let told = ONE_MATTER as f32 / query.text.chars().count().max(ONE_MATTER) as f32;
        near.iter_mut().for_each(|near| *near *= told);
        near
    }

    /// The best entries by postings, and the nearest by meaning, that may be used at all.
    fn candidates(&self, wanted: &Wanted, query: &Query<'_>, near: &[f32]) -> Vec<postings::Candidate> {
        let allowed: Vec<bool> = {
            let channel = query.scope.channel.as_deref();
            let covers = |(scope, release): &(Scope, Release)| scope.covers(query.scope) && release.reaches(channel);
            self.scopes.iter().map(covers).collect()
        };
        let late = filters_late();
        let usable = |doc: u32| {
            let scope = self.scope_of.get(doc as usize).and_then(|&scope| allowed.get(scope as usize));
            let entry = self.entries.get(doc as usize);
            (scope == Some(&true) || late) && entry.is_some_and(|entry| entry.is_valid_at(query.now_ms))
        };
        let mut scratch = self.scratch.lock().ok().and_then(|mut pool| pool.pop()).unwrap_or_default();
        let limit = CANDIDATES.max(query.limit.min(MAX_HITS));
        let found = self.postings.best(wanted, &mut scratch, limit, &nearest(near, limit, usable), usable);
        if let Ok(mut pool) = self.scratch.lock() {
            pool.push(scratch);
        }
        if late {
            let covered = |found: &postings::Candidate| self.scope_of.get(found.doc as usize);
            return found.into_iter().filter(|f| covered(f).is_some_and(|&scope| allowed[scope as usize])).collect();
        }
        found
    }

    /// The scope an entry is written for.
    fn scope(&self, doc: u32) -> Option<&Scope> {
        let place = *self.scope_of.get(doc as usize)?;
        self.scopes.get(place as usize).map(|(scope, _)| scope)
    }

    fn hit(&self, ranked: &rank::Ranked, wanted: &Wanted, completes: bool) -> Option<Hit> {
        let entry = self.entries.get(ranked.doc as usize)?;
        let question = ranked.question.and_then(|number| entry.questions.get(number)).unwrap_or(&entry.title);
        Some(Hit {
            entry: entry.id.to_string(),
            version: entry.version,
            file_id: entry.file_id.as_deref().map(str::to_owned),
            kind: entry.kind,
            title: entry.title.to_string(),
            question: question.to_string(),
            text: entry.answer.to_string(),
            span: passage::span(&entry.answer, wanted, &self.terms, &self.synonyms),
            score: f64::from(ranked.score),
            owner: entry.owner.to_string(),
            source: entry.source.to_string(),
            verify_by: entry.verify_by,
            valid_until: entry.valid_until,
            cautions: entry.cautions.to_vec(),
            completes,
        })
    }
}

/// The `limit` nearest entries that are `usable`.
fn nearest(near: &[f32], limit: usize, usable: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut docs: Vec<u32> = (0..near.len() as u32).filter(|doc| near[*doc as usize] > 0.0).collect();
    docs.sort_unstable_by(|a, b| near[*b as usize].total_cmp(&near[*a as usize]));
    docs.into_iter().filter(|doc| usable(*doc)).take(limit).collect()
}

/// Whether the known mistake `filter-after-ranking` is made: in test builds with the feature `chaos` only.
fn filters_late() -> bool {
    cfg!(feature = "chaos") && std::env::var("AIJIA_MISTAKE").is_ok_and(|made| made == "filter-after-ranking")
}

/// Whether a folded text says a name, and not only as a part of another word.
fn says(text: &str, name: &str) -> bool {
    !name.is_empty() && text.match_indices(name).any(|(at, _)| is_whole(text, at..at + name.len()))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
