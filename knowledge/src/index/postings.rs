//! Postings lists: for every term the entries that have it and how much it says about each (BM25F, precomputed).

use super::terms::Wanted;

/// One entry in the list of a term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Posting {
    pub(super) doc: u32,
    /// Saturated, length-normalised frequency; the term's rarity is the question's part.
    pub(super) impact: f32,
}

/// The highest impact a posting approaches (BM25's k1 + 1).
pub(super) const MOST_IMPACT: f32 = 2.5;
/// Steps between no impact and the highest.
const STEPS: f32 = 255.0;

/// The list of every term, in their order: entries with one byte of impact each, since these lists are most of an
/// index's memory.
#[derive(Debug, Default)]
pub(super) struct Postings {
    lists: Vec<Bytes>,
}

/// Ascending numbers of entries, each with one byte: its distance to the one before, seven bits a byte, low bits
/// first, then the byte.
#[derive(Debug, Default, Clone)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    /// The entry after the last one.
    next: u32,
}

impl Bytes {
    /// Adds entry `doc`, which comes after all that are there.
    pub(super) fn push(&mut self, doc: u32, byte: u8) {
        let mut distance = doc.saturating_sub(self.next);
        self.next = doc.saturating_add(1);
        while distance >= 0x80 {
            self.bytes.push(distance as u8 | 0x80);
            distance >>= 7;
        }
        self.bytes.extend([distance as u8, byte]);
    }

    /// The entries and their bytes.
    fn iter(&self) -> List<'_> {
        List { rest: self.bytes.iter(), next: 0 }
    }

    /// Puts what `other` makes of each entry and its byte in that byte's place: no second copy is ever needed.
    fn rewrite(&mut self, other: impl Fn(u32, u8) -> u8) {
        let (mut next, mut distance, mut shift) = (0u32, 0u32, 0);
        let mut is_last = false;
        for byte in &mut self.bytes {
            if is_last {
                let doc = next.wrapping_add(distance);
                *byte = other(doc, *byte);
                (next, distance, shift, is_last) = (doc.wrapping_add(1), 0, 0, false);
            } else {
                distance |= u32::from(*byte & 0x7f).checked_shl(shift).unwrap_or(0);
                shift += 7;
                is_last = *byte < 0x80;
            }
        }
        self.bytes.shrink_to_fit();
    }
}

/// Reads [`Bytes`] entry by entry.
struct List<'a> {
    rest: std::slice::Iter<'a, u8>,
    next: u32,
}

impl Iterator for List<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        let (mut distance, mut shift) = (0u32, 0);
        loop {
            let byte = *self.rest.next()?;
            distance |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                break;
            }
            shift += 7;
        }
        let doc = self.next.wrapping_add(distance);
        self.next = doc.wrapping_add(1);
        Some((doc, *self.rest.next()?))
    }
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
    /// Lists in the order of terms; `impact` says what an entry's byte in them is worth.
    pub(super) fn new(mut lists: Vec<Bytes>, impact: impl Fn(u32, u8) -> f32) -> Postings {
        let step = |doc, byte| (impact(doc, byte) / MOST_IMPACT * STEPS).round().clamp(1.0, STEPS) as u8;
        lists.iter_mut().for_each(|list| list.rewrite(step));
        lists.shrink_to_fit();
        Postings { lists }
    }

    fn list(&self, term: u32) -> impl Iterator<Item = Posting> + '_ {
        let list = self.lists.get(term as usize).into_iter().flat_map(Bytes::iter);
        list.map(|(doc, step)| Posting { doc, impact: f32::from(step) * (MOST_IMPACT / STEPS) })
    }

    /// The `limit` best entries that are `usable`, best first; equal scores in the order of entries. Those of `also`, which
    /// are usable, follow where they are not among them.
    pub(super) fn best(
        &self,
        wanted: &Wanted,
        scratch: &mut Scratch,
        limit: usize,
        also: &[u32],
        usable: impl Fn(u32) -> bool,
    ) -> Vec<Candidate> {
        self.accumulate(wanted, scratch);
        let also: Vec<Candidate> = also.iter().map(|doc| scratch.candidate(*doc)).collect();
        scratch.collect(limit, usable);
        scratch.best.sort_by(Candidate::order);
        let mut best: Vec<Candidate> = scratch.best.drain(..).collect();
        let further = also.into_iter().filter(|also| !best.iter().any(|best| best.doc == also.doc));
        let further: Vec<Candidate> = further.collect();
        best.extend(further);
        best
    }

    fn accumulate(&self, wanted: &Wanted, scratch: &mut Scratch) {
        for (bit, term) in wanted.terms.iter().enumerate() {
            for posting in term.term.into_iter().flat_map(|term| self.list(term)) {
                scratch.add(posting, term.weight, 1 << bit);
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

    /// What was added up for an entry so far.
    fn candidate(&self, doc: u32) -> Candidate {
        let at = doc as usize;
        let (score, mask) = (self.scores.get(at).copied(), self.masks.get(at).copied());
        Candidate { doc, score: score.unwrap_or_default(), mask: mask.unwrap_or_default() }
    }

    /// Moves the `limit` best that are usable to `best`, in no order, and leaves everything else zero.
    ///
    /// Whether an entry is usable is asked only where it may be among the best: in a large index that is what costs.
    fn collect(&mut self, limit: usize, usable: impl Fn(u32) -> bool) {
        let room = 4 * limit.max(16);
        let mut least = f32::MIN;
        for doc in self.touched.drain(..) {
            let at = doc as usize;
            let (Some(score), Some(mask)) = (self.scores.get_mut(at), self.masks.get_mut(at)) else { continue };
            let candidate = Candidate { doc, score: std::mem::take(score), mask: std::mem::take(mask) };
            if candidate.score >= least && usable(doc) {
                self.best.push(candidate);
            }
            if self.best.len() >= room {
                keep_best(&mut self.best, limit);
                least = self.best.iter().map(|candidate| candidate.score).fold(f32::MAX, f32::min);
            }
        }
        keep_best(&mut self.best, limit);
    }
}

impl Candidate {
    /// Best first; equal scores in the order of entries.
    fn order(&self, other: &Candidate) -> std::cmp::Ordering {
        other.score.total_cmp(&self.score).then(self.doc.cmp(&other.doc))
    }
}

fn keep_best(candidates: &mut Vec<Candidate>, limit: usize) {
    if candidates.len() > limit {
        candidates.select_nth_unstable_by(limit, Candidate::order);
        candidates.truncate(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::super::terms::WantedTerm;
    use super::*;
    use crate::text::Class;

    #[test]
    fn what_was_listed_is_read_back() {
        let docs = [0, 1, 128, 129, 20_000, 4_000_000_000];
        let mut list = Bytes::default();
        docs.iter().for_each(|&doc| list.push(doc, 100));
        let mut rare = Bytes::default();
        rare.push(7, 0);
        let postings = Postings::new(vec![Bytes::default(), list, rare], |_, byte| f32::from(byte) / 80.0);
        assert_eq!(postings.list(0).count(), 0);
        assert_eq!(postings.list(1).map(|posting| posting.doc).collect::<Vec<_>>(), docs);
        assert!(postings.list(1).all(|posting| (posting.impact - 1.25).abs() < 0.01));
        assert!(postings.list(2).all(|posting| posting.doc == 7 && posting.impact > 0.0), "never nothing");
        assert_eq!(postings.list(3).count(), 0, "no such term");
    }

    /// However many there are: the same as if all had been put in order, whatever is not usable left out.
    #[test]
    fn the_best_usable_entries_are_found() {
        let score = |doc: u32| doc.wrapping_mul(2_654_435_761) % 97;
        let mut list = Bytes::default();
        (0..5_000).for_each(|doc| list.push(doc, score(doc) as u8));
        let postings = Postings::new(vec![list], |_, byte| f32::from(byte) / 50.0);
        let term = WantedTerm { class: Class::Word, text: "x".into(), term: Some(0), weight: 1.0 };
        let wanted = Wanted { terms: vec![term], total: 1.0 };
        let mut usable: Vec<u32> = (0..5_000).filter(|doc| doc % 3 == 0).collect();
        usable.sort_by_key(|&doc| (std::cmp::Reverse(score(doc)), doc));
        for limit in [1, 7, 40] {
            let found = postings.best(&wanted, &mut Scratch::default(), limit, &[], |doc| doc % 3 == 0);
            assert_eq!(found.iter().map(|found| found.doc).collect::<Vec<_>>(), usable[..limit]);
            let also = [usable[0], 3, 9_000];
            let more = postings.best(&wanted, &mut Scratch::default(), limit, &also, |doc| doc % 3 == 0);
            assert_eq!(more[..limit], found[..]);
            assert!(more[limit..].iter().all(|one| also.contains(&one.doc) && one.doc != usable[0]), "{more:?}");
            assert_eq!(
                more.last().map(|last| (last.doc, last.score)),
                Some((9_000, 0.0)),
                "the question shares no word with it"
            );
        }
    }
}
