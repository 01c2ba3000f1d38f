//! A monotone curve from ranks to chances: neighbours that contradict each other are pooled (isotonic regression).

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
    /// Rank and chance; one good and one bad draft are added, so that few decisions never make certainty.
    fn point(self) -> (f64, f64) {
        (self.ranks / self.count, (self.good + 1.0) / (self.count + 2.0))
    }

    fn with(self, other: Self) -> Self {
        Self { ranks: self.ranks + other.ranks, good: self.good + other.good, count: self.count + other.count }
    }
}

impl Curve {
    pub(super) fn fit(ranked: &[(f64, bool)]) -> Self {
        let mut sorted = ranked.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut pools: Vec<Pool> = Vec::new();
        for chunk in sorted.chunks(POOL) {
            let good = chunk.iter().filter(|(_, good)| *good).count();
            let pool =
                Pool { ranks: chunk.iter().map(|(rank, _)| rank).sum(), good: count(good), count: count(chunk.len()) };
            push(&mut pools, pool);
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
