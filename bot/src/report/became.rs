//! What became of drafts, counted.

use std::ops::AddAssign;

use serde::Serialize;

use super::share;
use crate::store::outcomes::{Outcome, Row};

/// Drafts, and what people made of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Became {
    /// Drafts that people were shown.
    pub drafts: usize,
    /// Those a person decided about.
    pub decided: usize,
    /// Sent exactly as drafted.
    pub unchanged: usize,
    /// Rewritten, or sent back to be.
    pub changed: usize,
    /// Rejected.
    pub rejected: usize,
    /// Answered in person instead.
    pub taken_over: usize,
}

impl Became {
    /// Counts one more draft.
    pub(super) fn count(&mut self, row: &Row) {
        self.drafts += 1;
        let Some(outcome) = row.outcome() else { return };
        self.decided += 1;
        match outcome {
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::TakenOver => self.taken_over += 1,
        }
    }

    /// The share of decided drafts that were sent unchanged; none without a decision.
    pub fn acceptance(&self) -> Option<f64> {
        share(self.unchanged, self.decided)
    }

    /// The share of decided drafts that passed the review, as they were or changed; none without a decision.
    pub fn pass_rate(&self) -> Option<f64> {
        share(self.unchanged + self.changed, self.decided)
    }
}

impl AddAssign for Became {
    fn add_assign(&mut self, other: Self) {
        self.drafts += other.drafts;
        self.decided += other.decided;
        self.unchanged += other.unchanged;
        self.changed += other.changed;
        self.rejected += other.rejected;
        self.taken_over += other.taken_over;
    }
}
