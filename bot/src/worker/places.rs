//! How much is worked at the same time by one process. Each rank has places of its own: what may take long keeps nobody
//! waiting who stands there with a phone, and a flood of one kind of work leaves the others theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::store::queue::{Door, Rank};

/// Rows of a kind worked at once at most. A platform that hangs holds each for as long as a call may take.
fn most(kind: Kind) -> i64 {
    match kind {
        Kind::First => 24,
        Kind::Turns => 1,
        // What customers say only goes to the database: more at once would only keep the others waiting there.
        Kind::Heard => 12,
        Kind::Then => 24,
        Kind::Slow => 8,
        Kind::Linked => 8,
    }
}

/// The places of one process and how many are taken. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<[AtomicI64; 6]>);

/// What shares places.
#[derive(Clone, Copy)]
enum Kind {
    First,
    Turns,
    /// What customers said. Cards have places beside it: people answer, however much is asked.
    Heard,
    Then,
    Slow,
    Linked,
}

impl Kind {
    fn of(rank: Rank, door: Door) -> Self {
        match (rank, door) {
            (Rank::First, _) => Self::First,
            (Rank::Turns, _) => Self::Turns,
            (Rank::Then, Door::Inbox) => Self::Heard,
            (Rank::Then, Door::Outbox) => Self::Then,
            (Rank::Slow, _) => Self::Slow,
            (Rank::Linked, _) => Self::Linked,
        }
    }
}

impl Places {
    /// How many more rows of a rank may be worked now that came through a door.
    pub(super) fn free(&self, rank: Rank, door: Door) -> i64 {
        let kind = Kind::of(rank, door);
        (most(kind) - self.taken(kind).load(Ordering::SeqCst)).max(0)
    }

    /// Whether none is free.
    pub(super) fn are_taken(&self) -> bool {
        [Door::Inbox, Door::Outbox].into_iter().all(|door| Rank::ALL.into_iter().all(|rank| self.free(rank, door) == 0))
    }

    /// Takes a place until it is dropped.
    pub(super) fn take(&self, rank: Rank, door: Door) -> Place {
        let kind = Kind::of(rank, door);
        self.taken(kind).fetch_add(1, Ordering::SeqCst);
        Place { places: self.clone(), kind }
    }

    fn taken(&self, kind: Kind) -> &AtomicI64 {
        let [first, turns, heard, then, slow, linked] = &*self.0;
        match kind {
            Kind::First => first,
            Kind::Turns => turns,
            Kind::Heard => heard,
            Kind::Then => then,
            Kind::Slow => slow,
            Kind::Linked => linked,
        }
    }
}

/// A place somebody sits on.
pub(super) struct Place {
    places: Places,
    kind: Kind,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken(self.kind).fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_leaves_the_others_their_places() {
        let free = |places: &Places| {
            let out = Rank::ALL.map(|rank| places.free(rank, Door::Outbox));
            (places.free(Rank::Then, Door::Inbox), out)
        };
        let places = Places::default();
        let flood: Vec<Place> = (0..12).map(|_| places.take(Rank::Then, Door::Inbox)).collect();
        assert_eq!(free(&places), (0, [24, 1, 24, 8, 8]), "cards go on beside what customers say");
        let slow = places.take(Rank::Slow, Door::Outbox);
        assert_eq!(free(&places), (0, [24, 1, 24, 7, 8]));
        drop((flood, slow));
        assert_eq!(free(&places), (12, [24, 1, 24, 8, 8]));
    }
}
