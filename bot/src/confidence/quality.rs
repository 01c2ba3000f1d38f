//! How good chances are: do they tell good drafts from bad ones, and do they mean what they say?

use serde::Serialize;

/// Steps of the reliability diagram.
const BINS: usize = 10;

/// Figures over chances and what became of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Decisions counted.
    pub count: usize,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error over bins of equal count.
    pub ece: f64,
    /// Probability that a good draft has the higher chance than a bad one; none without both.
    pub auroc: Option<f64>,
    /// The reliability diagram, lowest chances first.
    pub bins: Vec<Bin>,
}

/// A step of the reliability diagram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Decisions in it.
    pub count: usize,
    /// Their mean chance.
    pub chance: f64,
    /// The share that was good.
    pub good: f64,
}

impl Quality {
    /// The figures of chances with what became of each.
    pub fn of(judged: &[(f64, bool)]) -> Self {
        let mut sorted = judged.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let bins: Vec<Bin> = sorted.chunks(sorted.len().div_ceil(BINS).max(1)).map(Bin::of).collect();
        let all = number(judged.len()).max(1.0);
        let error = |bin: &Bin| number(bin.count) / all * (bin.chance - bin.good).abs();
        let squares = judged.iter().map(|(chance, good)| (chance - value(*good)).powi(2)).sum::<f64>();
        let ece = bins.iter().map(error).sum();
        Self { count: judged.len(), brier: squares / all, ece, auroc: auroc(&sorted), bins }
    }
}

impl Bin {
    fn of(decisions: &[(f64, bool)]) -> Self {
        let count = decisions.len();
        let mean = |sum: f64| sum / number(count).max(1.0);
        let chance = mean(decisions.iter().map(|(chance, _)| chance).sum());
        Self { count, chance, good: mean(decisions.iter().map(|(_, good)| value(*good)).sum()) }
    }
}

/// By ranks (Mann and Whitney); equal chances share their ranks.
fn auroc(sorted: &[(f64, bool)]) -> Option<f64> {
    let good = sorted.iter().filter(|(_, good)| *good).count();
    let (good, bad) = (number(good), number(sorted.len() - good));
    let (mut ranks, mut before) = (0.0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let here = equal.iter().filter(|(_, good)| *good).count();
        ranks += number(here) * (before + (number(equal.len()) + 1.0) / 2.0);
        before += number(equal.len());
    }
    (good > 0.0 && bad > 0.0).then(|| (ranks - good * (good + 1.0) / 2.0) / (good * bad))
}

fn value(good: bool) -> f64 {
    if good { 1.0 } else { 0.0 }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
