//! A support vector machine with squared hinge loss, learnt by dual coordinate descent (Hsieh et al., ICML 2008): one
//! example after the other is moved to its best place, and those that will not move any more are left out.

use super::Vector;

/// How much a wrong example costs beside the size of the weights.
const COST: f64 = 0.5;
/// How far from the best the worst example may be in the end.
const CLOSE: f64 = 0.1;
/// Rounds over the examples at most.
const ROUNDS: usize = 300;

/// What tells a label's own texts from all others.
pub(super) struct Separation {
    pub(super) weights: Vec<f32>,
    pub(super) bias: f32,
}

struct Learning<'v> {
    vectors: &'v [Vector],
    own: &'v [bool],
    /// How much each example pulls.
    pulls: Vec<f64>,
    weights: Vec<f64>,
    bias: f64,
    random: u64,
}

/// Tells the examples that are a label's `own` from the others.
pub(super) fn separate(vectors: &[Vector], own: &[bool], features: usize) -> Separation {
    let mut learning = Learning {
        vectors,
        own,
        pulls: vec![0.0; vectors.len()],
        weights: vec![0.0; features],
        bias: 0.0,
        random: 0x9e37_79b9_7f4a_7c15,
    };
    learning.learn();
    let weights = learning.weights.iter().map(|&weight| weight as f32).collect();
    Separation { weights, bias: learning.bias as f32 }
}

impl Learning<'_> {
    fn learn(&mut self) {
        let (mut active, mut most) = (self.all(), f64::INFINITY);
        for _ in 0..ROUNDS {
            self.shuffle(&mut active);
            let (highest, lowest) = self.round(&mut active, most);
            if highest - lowest > CLOSE {
                most = if highest > 0.0 { highest } else { f64::INFINITY };
            } else if active.len() == self.vectors.len() {
                return;
            } else {
                // Whoever was left out is asked once more.
                (active, most) = (self.all(), f64::INFINITY);
            }
        }
    }

    fn all(&self) -> Vec<usize> {
        (0..self.vectors.len()).collect()
    }

    /// Moves each active example to its best place; how far the farthest were from theirs, in both directions.
    fn round(&mut self, active: &mut Vec<usize>, most: f64) -> (f64, f64) {
        let (mut highest, mut lowest) = (f64::NEG_INFINITY, f64::INFINITY);
        active.retain(|&example| {
            let slope = self.slope(example);
            let resting = self.pulls[example] == 0.0;
            if resting && slope > most {
                return false;
            }
            let away = if resting { slope.min(0.0) } else { slope };
            (highest, lowest) = (highest.max(away), lowest.min(away));
            if away.abs() > 1e-12 {
                self.step(example, slope);
            }
            true
        });
        (highest, lowest)
    }

    fn sign(&self, example: usize) -> f64 {
        if self.own[example] { 1.0 } else { -1.0 }
    }

    fn slope(&self, example: usize) -> f64 {
        let said = self.vectors[example].iter().map(|&(at, value)| self.weights[at] * f64::from(value)).sum::<f64>();
        self.sign(example) * (said + self.bias) - 1.0 + self.pulls[example] / (2.0 * COST)
    }

    fn step(&mut self, example: usize, slope: f64) {
        let vector = &self.vectors[example];
        let size = vector.iter().map(|&(_, value)| f64::from(value * value)).sum::<f64>() + 1.0;
        let before = self.pulls[example];
        let after = (before - slope / (size + 1.0 / (2.0 * COST))).max(0.0);
        self.pulls[example] = after;
        let moved = (after - before) * self.sign(example);
        vector.iter().for_each(|&(at, value)| self.weights[at] += moved * f64::from(value));
        self.bias += moved;
    }

    /// Another order, always the same ones (xorshift).
    fn shuffle(&mut self, active: &mut [usize]) {
        for last in (1..active.len()).rev() {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            active.swap(last, (self.random % (last as u64 + 1)) as usize);
        }
    }
}
