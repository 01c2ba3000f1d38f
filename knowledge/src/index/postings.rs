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

/// The list of every term, in their order, one behind the other: entries with one byte of impact each, since these lists are
/// most of an index's memory.
#[derive(Debug, Default)]
pub(super) struct Postings {
    pairs: Box<[u8]>,
    /// The list of term t: `starts[t]..starts[t + 1]`.
    starts: Box<[usize]>,
}

/// An ascending number as its distance to the one before, seven bits a byte, low bits first; then the byte that is with it.
struct Pair {
    bytes: [u8; 6],
    length: usize,
}

impl Pair {
    /// `next` is the number after the one before.
    fn new(number: u32, next: u32, byte: u8) -> Pair {
        let mut pair = Pair { bytes: [0; 6], length: 0 };
        let mut distance = number.saturating_sub(next);
        while distance >= 0x80 {
            pair.push(distance as u8 | 0x80);
            distance >>= 7;
        }
        pair.push(distance as u8);
        pair.push(byte);
        pair
    }

    fn push(&mut self, byte: u8) {
        if let Some(free) = self.bytes.get_mut(self.length) {
            *free = byte;
            self.length += 1;
        }
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// What entries have, entry by entry, until it is known how long every list becomes: then each is written where it stays,
/// and no second copy of them is ever needed.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The terms of every entry, ascending, each with one byte.
    rows: Vec<u8>,
    /// Where the row of each entry ends.
    ends: Vec<usize>,
    lists: Vec<Growing>,
}

/// How long a term's list is so far, in bytes, and the entry after its last one.
#[derive(Debug, Default, Clone, Copy)]
struct Growing {
    length: usize,
    next: u32,
}

impl Gathered {
    /// Adds the next entry with its terms, ascending and without repeats, each with a byte.
    pub(super) fn add(&mut self, terms: impl Iterator<Item = (u32, u8)>) {
        let (doc, mut next) = (self.ends.len() as u32, 0);
        for (term, byte) in terms {
            self.rows.extend(Pair::new(term, next, byte).written());
            next = term.saturating_add(1);
            if self.lists.len() <= term as usize {
                self.lists.resize(term as usize + 1, Growing::default());
            }
            if let Some(list) = self.lists.get_mut(term as usize) {
                list.length += Pair::new(doc, list.next, byte).length;
                list.next = doc.saturating_add(1);
            }
        }
        self.ends.push(self.rows.len());
    }

    /// The lists of all terms; `impact` says what an entry's byte is worth.
    pub(super) fn lists(self, impact: impl Fn(u32, u8) -> f32) -> Postings {
        let mut starts = Vec::with_capacity(self.lists.len() + 1);
        starts.push(0);
        starts.extend(self.lists.iter().scan(0, |end, list| {
            *end += list.length;
            Some(*end)
        }));
        let mut pairs = vec![0; starts.last().copied().unwrap_or_default()].into_boxed_slice();
        // Where each list goes on, and the entry after the last one in it.
        let mut writing: Vec<Growing> = starts.iter().map(|&length| Growing { length, next: 0 }).collect();
        let begins = std::iter::once(&0).chain(&self.ends);
        for (doc, (&from, &to)) in begins.zip(&self.ends).enumerate() {
            let doc = doc as u32;
            for (term, byte) in List::of(self.rows.get(from..to).unwrap_or_default()) {
                let Some(list) = writing.get_mut(term as usize) else { continue };
                let step = (impact(doc, byte) / MOST_IMPACT * STEPS).round().clamp(1.0, STEPS) as u8;
                let pair = Pair::new(doc, list.next, step);
                if let Some(room) = pairs.get_mut(list.length..list.length + pair.length) {
                    room.copy_from_slice(pair.written());
                }
                *list = Growing { length: list.length + pair.length, next: doc.saturating_add(1) };
            }
        }
        Postings { pairs, starts: starts.into_boxed_slice() }
    }
}

/// Reads [`Pair`]s one by one.
struct List<'a> {
    rest: std::slice::Iter<'a, u8>,
    next: u32,
}

impl List<'_> {
    fn of(pairs: &[u8]) -> List<'_> {
        List { rest: pairs.iter(), next: 0 }
    }
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
        let number = self.next.wrapping_add(distance);
        self.next = number.wrapping_add(1);
        Some((number, *self.rest.next()?))
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
    fn list(&self, term: u32) -> impl Iterator<Item = Posting> + '_ {
        let bounds = self.starts.get(term as usize).zip(self.starts.get(term as usize + 1));
        let pairs = bounds.and_then(|(&from, &to)| self.pairs.get(from..to)).unwrap_or_default();
        List::of(pairs).map(|(doc, step)| Posting { doc, impact: f32::from(step) * (MOST_IMPACT / STEPS) })
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

    /// Lists of entries with the byte each has, as if they were added one by one.
    fn postings(lists: &[&[(u32, u8)]], impact: impl Fn(u32, u8) -> f32) -> Postings {
        let last = lists.iter().flat_map(|list| list.iter()).map(|(doc, _)| *doc).max().unwrap_or_default();
        let mut gathered = Gathered::default();
        for doc in 0..=last {
            let has = |list: &&[(u32, u8)]| list.iter().find(|(other, _)| *other == doc).map(|(_, byte)| *byte);
            let terms = lists.iter().enumerate().filter_map(|(term, list)| Some((term as u32, has(list)?)));
            gathered.add(terms.collect::<Vec<_>>().into_iter());
        }
        gathered.lists(impact)
    }

    #[test]
    fn what_was_listed_is_read_back() {
        let docs = [0, 1, 128, 129, 20_000];
        let listed: Vec<(u32, u8)> = docs.iter().map(|&doc| (doc, 100)).collect();
        let postings = postings(&[&[], &listed, &[(7, 0)]], |_, byte| f32::from(byte) / 80.0);
        assert_eq!(postings.list(0).count(), 0);
        assert_eq!(postings.list(1).map(|posting| posting.doc).collect::<Vec<_>>(), docs);
        assert!(postings.list(1).all(|posting| (posting.impact - 1.25).abs() < 0.01));
        assert!(postings.list(2).all(|posting| posting.doc == 7 && posting.impact > 0.0), "never nothing");
        assert_eq!(postings.list(2).count(), 1);
        assert_eq!(postings.list(3).count(), 0, "no such term");
    }

    #[test]
    fn a_number_is_read_as_it_was_written_however_far_it_lies() {
        for (number, next) in [(0, 0), (127, 0), (128, 0), (300, 300), (u32::MAX, 0), (u32::MAX, u32::MAX)] {
            let pair = Pair::new(number, next, 9);
            let read = List { rest: pair.written().iter(), next }.collect::<Vec<_>>();
            assert_eq!(read, [(number, 9)]);
        }
    }

    /// However many there are: the same as if all had been put in order, whatever is not usable left out.
    #[test]
    fn the_best_usable_entries_are_found() {
        let score = |doc: u32| doc.wrapping_mul(2_654_435_761) % 97;
        let mut gathered = Gathered::default();
        (0..5_000).for_each(|doc| gathered.add(std::iter::once((0, score(doc) as u8))));
        let postings = gathered.lists(|_, byte| f32::from(byte) / 50.0);
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
