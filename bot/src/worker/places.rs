//! How much is worked at the same time by one process. Each rank has places of its own: what may take long keeps nobody
//! waiting who stands there with a phone, and a flood of one kind of work leaves the others theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::store::queue::Rank;

/// Rows of a rank worked at once at most. A platform that hangs holds each for as long as a call may take.
fn most(rank: Rank) -> i64 {
    match rank {
        Rank::First => 24,
        Rank::Turns => 1,
        Rank::Then => 12,
        Rank::Slow => 8,
        Rank::Linked => 8,
    }
}

/// The places of one process and how many are taken. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<[AtomicI64; 5]>);

impl Places {
    /// How many more rows of a rank may be worked now.
    pub(super) fn free(&self, rank: Rank) -> i64 {
        (most(rank) - self.taken(rank).load(Ordering::SeqCst)).max(0)
    }

    /// Takes a place until it is dropped.
    pub(super) fn take(&self, rank: Rank) -> Place {
        self.taken(rank).fetch_add(1, Ordering::SeqCst);
        Place { places: self.clone(), rank }
    }

    fn taken(&self, rank: Rank) -> &AtomicI64 {
        let [first, turns, then, slow, linked] = &*self.0;
        match rank {
            Rank::First => first,
            Rank::Turns => turns,
            Rank::Then => then,
            Rank::Slow => slow,
            Rank::Linked => linked,
        }
    }
}

/// A place somebody sits on.
pub(super) struct Place {
    places: Places,
    rank: Rank,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken(self.rank).fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_rank_leaves_the_others_their_places() {
        let free = |places: &Places| Rank::ALL.map(|rank| places.free(rank));
        let places = Places::default();
        let flood: Vec<Place> = (0..12).map(|_| places.take(Rank::Then)).collect();
        assert_eq!(free(&places), [24, 1, 0, 8, 8]);
        let slow = places.take(Rank::Slow);
        assert_eq!(free(&places), [24, 1, 0, 7, 8]);
        drop((flood, slow));
        assert_eq!(free(&places), [24, 1, 12, 8, 8]);
    }
}
