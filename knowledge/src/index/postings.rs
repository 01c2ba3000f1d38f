//! Postings lists: for every term the entries that have it and how much it says about each (BM25F, precomputed).

use super::terms::Wanted;

/// One entry in the list of a term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Posting {
    pub(super) doc: u32,
    /// Saturated, length-normalised frequency; the term's rarity is the question's part.
    pub(super) impact: f32,
}

/// All lists, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// List of term t: `starts[t]..starts[t + 1]`.
    starts: Vec<usize>,
    list: Vec<Posting>,
}

/// Buffers of one search; reused by the next. All zero between searches.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    scores: Vec<f32>,
    masks: Vec<u64>,
    touched: Vec<u32>,
    best: Vec<Candidate>,
}

/// An entry with its score and the terms of the question it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) doc: u32,
    pub(super) score: f32,
    /// Bit i: it has the question's term i.
    pub(super) mask: u64,
}

impl Postings {
    /// Lists in the order of terms.
    pub(super) fn new(lists: impl IntoIterator<Item = Vec<Posting>>) -> Postings {
        let mut postings = Postings { starts: vec![0], list: Vec::new() };
        for list in lists {
            postings.list.extend(list);
            postings.starts.push(postings.list.len());
        }
        postings
    }

    fn list(&self, term: u32) -> &[Posting] {
        let bounds = self.starts.get(term as usize).zip(self.starts.get(term as usize + 1));
        bounds.and_then(|(&from, &to)| self.list.get(from..to)).unwrap_or_default()
    }

    /// The `limit` best entries that are `usable`, best first; equal scores in the order of entries.
    pub(super) fn best(
        &self,
        wanted: &Wanted,
        scratch: &mut Scratch,
        limit: usize,
        usable: impl Fn(u32) -> bool,
    ) -> Vec<Candidate> {
        self.accumulate(wanted, scratch);
        scratch.collect(usable);
        let order = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.doc.cmp(&b.doc));
        if scratch.best.len() > limit {
            scratch.best.select_nth_unstable_by(limit, order);
            scratch.best.truncate(limit);
        }
        scratch.best.sort_by(order);
        scratch.best.drain(..).collect()
    }

    fn accumulate(&self, wanted: &Wanted, scratch: &mut Scratch) {
        for (bit, term) in wanted.terms.iter().enumerate() {
            for posting in term.term.map(|term| self.list(term)).unwrap_or_default() {
                scratch.add(*posting, term.weight, 1 << bit);
            }
        }
    }
}

impl Scratch {
    fn add(&mut self, posting: Posting, weight: f32, bit: u64) {
        let doc = posting.doc as usize;
        if self.scores.len() <= doc {
            self.scores.resize(doc + 1, 0.0);
            self.masks.resize(doc + 1, 0);
        }
        let (Some(score), Some(mask)) = (self.scores.get_mut(doc), self.masks.get_mut(doc)) else { return };
        if *mask == 0 {
            self.touched.push(posting.doc);
        }
        *score += weight * posting.impact;
        *mask |= bit;
    }

    /// Moves what is usable to `best` and leaves everything else zero.
    fn collect(&mut self, usable: impl Fn(u32) -> bool) {
        for doc in self.touched.drain(..) {
            let at = doc as usize;
            let (Some(score), Some(mask)) = (self.scores.get_mut(at), self.masks.get_mut(at)) else { continue };
            let candidate = Candidate { doc, score: std::mem::take(score), mask: std::mem::take(mask) };
            if usable(doc) {
                self.best.push(candidate);
            }
        }
    }
}
