//! A monotone curve from ranks to chances: neighbours that contradict each other are pooled (isotonic regression). While
//! there are few decisions, chance makes steps in it that mean nothing; so it leans on the one line through all of them.

use super::logistic::Logistic;

/// As many decisions the line counts for, spread evenly over the ranks: of few it is most of the curve, of many nothing.
const LINE: f64 = 500.0;
/// Smallest pool: fewer decisions say too little about a chance.
const POOL: usize = 25;

/// A rising curve.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Mean rank and chance of each pool, rising.
    points: Vec<(f64, f64)>,
}

/// Neighbouring decisions that count as one.
#[derive(Clone, Copy)]
struct Pool {
    ranks: f64,
    good: f64,
    count: f64,
}

impl Pool {
    fn of(decisions: &[(f64, bool)]) -> Self {
        let ranks = decisions.iter().map(|(rank, _)| rank).sum();
        Self { ranks, good: count(decisions.iter().filter(|(_, good)| *good).count()), count: count(decisions.len()) }
    }

    /// The same with what the line says here as so many decisions more.
    fn leaning(self, line: &Logistic, decisions: f64) -> Self {
        let rank = self.ranks / self.count;
        self.with(Self { ranks: decisions * rank, good: decisions * line.chance(&[rank]), count: decisions })
    }

    fn point(self) -> (f64, f64) {
        (self.ranks / self.count, self.good / self.count)
    }

    fn with(self, other: Self) -> Self {
        Self { ranks: self.ranks + other.ranks, good: self.good + other.good, count: self.count + other.count }
    }
}

impl Curve {
    pub(super) fn fit(ranked: &[(f64, bool)]) -> Self {
        let line = Logistic::fit(&ranked.iter().map(|(rank, good)| (vec![*rank], *good)).collect::<Vec<_>>());
        let mut sorted = ranked.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let each = LINE / count(sorted.len().div_ceil(POOL).max(1));
        let mut pools: Vec<Pool> = Vec::new();
        for chunk in sorted.chunks(POOL) {
            push(&mut pools, Pool::of(chunk).leaning(&line, each));
        }
        Self { points: pools.into_iter().map(Pool::point).collect() }
    }

    /// The chance at a rank: straight between pools, level beyond the first and the last.
    pub(super) fn at(&self, rank: f64) -> f64 {
        let above = self.points.partition_point(|(known, _)| *known < rank);
        let below = above.checked_sub(1).and_then(|place| self.points.get(place));
        match (below, self.points.get(above)) {
            (Some((from, low)), Some((to, high))) if to > from => low + (high - low) * (rank - from) / (to - from),
            (Some((_, chance)), _) | (None, Some((_, chance))) => *chance,
            (None, None) => 0.0,
        }
    }
}

/// Adds a pool, joined with those before it as long as they contradict it.
fn push(pools: &mut Vec<Pool>, mut pool: Pool) {
    while let Some(before) = pools.pop_if(|before| before.good / before.count >= pool.good / pool.count) {
        pool = before.with(pool);
    }
    pools.push(pool);
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
