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

/// All lists, one behind the other, as [`Bytes`] of impacts: they are most of an index's memory.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// List of term t: `starts[t]..starts[t + 1]`.
    starts: Vec<usize>,
    bytes: Vec<u8>,
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
    pub(super) fn iter(&self) -> List<'_> {
        List { rest: self.bytes.iter(), next: 0 }
    }
}

/// Reads [`Bytes`] entry by entry.
pub(super) struct List<'a> {
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
    /// Lists in the order of terms, each in the order of entries.
    pub(super) fn new(lists: impl IntoIterator<Item = impl IntoIterator<Item = Posting>>) -> Postings {
        let mut postings = Postings { starts: vec![0], bytes: Vec::new() };
        for list in lists {
            let mut bytes = Bytes::default();
            for Posting { doc, impact } in list {
                bytes.push(doc, (impact / MOST_IMPACT * STEPS).round().clamp(1.0, STEPS) as u8);
            }
            postings.bytes.extend(bytes.bytes);
            postings.starts.push(postings.bytes.len());
        }
        postings.bytes.shrink_to_fit();
        postings
    }

    fn list(&self, term: u32) -> impl Iterator<Item = Posting> + '_ {
        let bounds = self.starts.get(term as usize).zip(self.starts.get(term as usize + 1));
        let bytes = bounds.and_then(|(&from, &to)| self.bytes.get(from..to)).unwrap_or_default();
        let list = List { rest: bytes.iter(), next: 0 };
        list.map(|(doc, step)| Posting { doc, impact: f32::from(step) * (MOST_IMPACT / STEPS) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_listed_is_read_back() {
        let docs = [0, 1, 128, 129, 20_000, 4_000_000_000];
        let list = docs.map(|doc| Posting { doc, impact: 1.25 });
        let postings = Postings::new([vec![], list.to_vec(), vec![Posting { doc: 7, impact: 0.0001 }]]);
        assert_eq!(postings.list(0).count(), 0);
        assert_eq!(postings.list(1).map(|posting| posting.doc).collect::<Vec<_>>(), docs);
        assert!(postings.list(1).all(|posting| (posting.impact - 1.25).abs() < 0.01));
        assert!(postings.list(2).all(|posting| posting.doc == 7 && posting.impact > 0.0));
        assert_eq!(postings.list(3).count(), 0, "no such term");
    }
}
