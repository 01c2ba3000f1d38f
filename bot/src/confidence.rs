//! The chance that a reviewer would send a draft unchanged, as this shop's own decisions have it. Pure: what is known
//! about a draft and what became of earlier ones come in, a chance comes out, always the same for the same record.
//!
//! A logistic model ranks drafts by their [`Signals`]; a monotone curve over how often drafts of that rank were sent
//! unchanged makes a probability of it. Both are learnt from decisions only: no drafter's own word is among the signals.
//! While there are too few decisions the chance is unknown, and opens nothing.

mod curve;
mod logistic;
mod quality;
mod signals;

pub use quality::{Bin, Quality};
pub use signals::{Retrieval, Signals, covered, pairs, retrieval};

use curve::Curve;
use logistic::Logistic;

/// Decisions below which nothing is known.
pub const LEAST: usize = 200;
/// Parts the record is cut into, so that the curve is drawn over drafts the model had not seen.
const FOLDS: usize = 5;

/// A draft that was decided about.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What was known about it.
    pub signals: Signals,
    /// Whether it was sent exactly as drafted.
    pub unchanged: bool,
}

/// What a record of decisions teaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    logistic: Logistic,
    curve: Curve,
    quality: Quality,
}

impl Model {
    /// Learns from decisions, oldest first; none while there are too few.
    pub fn learn(record: &[Decision]) -> Option<Self> {
        if record.len() < LEAST {
            return None;
        }
        let rows: Vec<(Vec<f64>, bool)> = record.iter().map(|d| (d.signals.row(), d.unchanged)).collect();
        let ranked = ranks_of_unseen(&rows);
        let curve = Curve::fit(&ranked);
        // The curve is judged on folds of its own too: on what it was drawn over it always looks right.
        let judged: Vec<(f64, bool)> = (0..FOLDS).flat_map(|fold| left_out(&ranked, fold)).collect();
        Some(Self { logistic: Logistic::fit(&rows), curve, quality: Quality::of(&judged) })
    }

    /// The chance that a draft like this is sent unchanged, 0 to 1.
    pub fn chance(&self, signals: &Signals) -> f64 {
        self.curve.at(self.logistic.rank(&signals.row()))
    }

    /// How good its chances were on decisions it had not seen.
    pub fn quality(&self) -> &Quality {
        &self.quality
    }
}

/// Each decision's rank by a model that learnt from the other folds.
fn ranks_of_unseen(rows: &[(Vec<f64>, bool)]) -> Vec<(f64, bool)> {
    let mut ranked: Vec<(usize, (f64, bool))> = Vec::with_capacity(rows.len());
    for fold in 0..FOLDS {
        let in_fold = |at: usize| at % FOLDS == fold;
        let others: Vec<_> =
            rows.iter().enumerate().filter(|(at, _)| !in_fold(*at)).map(|(_, row)| row.clone()).collect();
        let model = Logistic::fit(&others);
        let unseen = rows.iter().enumerate().filter(|(at, _)| in_fold(*at));
        ranked.extend(unseen.map(|(at, (row, unchanged))| (at, (model.rank(row), *unchanged))));
    }
    ranked.sort_by_key(|(at, _)| *at);
    ranked.into_iter().map(|(_, ranked)| ranked).collect()
}

/// The chances of a fold by a curve that was drawn over the others.
fn left_out(ranked: &[(f64, bool)], fold: usize) -> Vec<(f64, bool)> {
    let in_fold = |at: usize| at % FOLDS == fold;
    let others: Vec<_> = ranked.iter().enumerate().filter(|(at, _)| !in_fold(*at)).map(|(_, ranked)| *ranked).collect();
    let curve = Curve::fit(&others);
    let unseen = ranked.iter().enumerate().filter(|(at, _)| in_fold(*at));
    unseen.map(|(_, (rank, unchanged))| (curve.at(*rank), *unchanged)).collect()
}

#[cfg(test)]
#[path = "confidence/tests.rs"]
mod tests;
