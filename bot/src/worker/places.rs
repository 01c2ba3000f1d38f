//! How much is worked at the same time by one process, so that what may take long never keeps anybody waiting who
//! stands there with a phone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::store::queue::Rank;

/// Rows of a rank, or of one that has more time, worked at once at most.
fn most(rank: Rank) -> i64 {
    match rank {
        Rank::First => 32,
        Rank::Then => 24,
        Rank::Slow => 16,
    }
}

/// The places of one process and who sits there. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<[AtomicI64; 3]>);

impl Places {
    /// How many more rows of a rank may be worked now.
    pub(super) fn free(&self, rank: Rank) -> i64 {
        let of = |from: Rank| most(from) - self.taken(from);
        Rank::ALL.into_iter().filter(|r| *r <= rank).map(of).min().unwrap_or(0).max(0)
    }

    /// Rows of a rank or of one that has more time under way.
    fn taken(&self, from: Rank) -> i64 {
        let sitting = Rank::ALL.into_iter().zip(self.0.iter()).filter(|(rank, _)| *rank >= from);
        sitting.map(|(_, count)| count.load(Ordering::SeqCst)).sum()
    }

    /// Takes a place until it is dropped.
    pub(super) fn take(&self, rank: Rank) -> Place {
        let place = Place { places: self.clone(), rank };
        place.count(1);
        place
    }
}

/// A place somebody sits on.
pub(super) struct Place {
    places: Places,
    rank: Rank,
}

impl Place {
    fn count(&self, by: i64) {
        for (rank, count) in Rank::ALL.into_iter().zip(self.places.0.iter()) {
            if rank == self.rank {
                count.fetch_add(by, Ordering::SeqCst);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.count(-1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_work_leaves_room_for_taps() {
        let places = Places::default();
        let slow: Vec<Place> = (0..16).map(|_| places.take(Rank::Slow)).collect();
        assert_eq!([places.free(Rank::First), places.free(Rank::Then), places.free(Rank::Slow)], [16, 8, 0]);
        let cards: Vec<Place> = (0..8).map(|_| places.take(Rank::Then)).collect();
        assert_eq!([places.free(Rank::First), places.free(Rank::Then)], [8, 0]);
        let taps: Vec<Place> = (0..8).map(|_| places.take(Rank::First)).collect();
        assert_eq!(places.free(Rank::First), 0);
        drop((slow, cards, taps));
        assert_eq!([places.free(Rank::First), places.free(Rank::Then), places.free(Rank::Slow)], [32, 24, 16]);
    }

    #[test]
    fn taps_take_the_place_of_slow_work() {
        let places = Places::default();
        let _taps: Vec<Place> = (0..30).map(|_| places.take(Rank::First)).collect();
        assert_eq!([places.free(Rank::First), places.free(Rank::Then), places.free(Rank::Slow)], [2, 2, 2]);
    }
}
