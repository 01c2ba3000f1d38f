//! Logistic regression by Newton's method, with a little shrinkage: the same rows always give the same model.

/// Newton steps; it settles in far fewer.
const STEPS: usize = 12;
/// Keeps the weights of few rows small.
const SHRINK: f64 = 8.0;

/// A model that ranks rows by how likely they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Logistic {
    mean: Vec<f64>,
    spread: Vec<f64>,
    /// The constant first.
    weights: Vec<f64>,
}

impl Logistic {
    /// Learns from rows of equal length. Without rows every row has the same rank.
    pub(super) fn fit(rows: &[(Vec<f64>, bool)]) -> Self {
        let places = rows.first().map_or(0, |(row, _)| row.len());
        let column = |place: usize| rows.iter().filter_map(move |(row, _)| row.get(place).copied());
        let mean: Vec<f64> = (0..places).map(|place| mean(column(place))).collect();
        let spread = mean.iter().enumerate().map(|(place, mean)| deviation(column(place), *mean)).collect();
        let mut model = Self { mean, spread, weights: vec![0.0; places + 1] };
        let rows: Vec<(Vec<f64>, bool)> = rows.iter().map(|(row, label)| (model.scaled(row), *label)).collect();
        for _ in 0..STEPS {
            model.step(&rows);
        }
        model
    }

    /// How likely a row is, on the scale of log odds.
    pub(super) fn rank(&self, row: &[f64]) -> f64 {
        dot(&self.weights, &self.scaled(row))
    }

    /// How likely a row is, from 0 to 1.
    pub(super) fn chance(&self, row: &[f64]) -> f64 {
        sigmoid(self.rank(row))
    }

    fn scaled(&self, row: &[f64]) -> Vec<f64> {
        let scale = self.mean.iter().zip(&self.spread);
        let scaled = row.iter().zip(scale).map(|(value, (mean, spread))| (value - mean) / spread);
        std::iter::once(1.0).chain(scaled).collect()
    }

    fn step(&mut self, rows: &[(Vec<f64>, bool)]) {
        let places = self.weights.len();
        let mut slope: Vec<f64> = self.weights.iter().map(|weight| -SHRINK * weight).collect();
        let mut bend = vec![vec![0.0; places]; places];
        for (place, row) in bend.iter_mut().enumerate() {
            row[place] = SHRINK;
        }
        for (row, label) in rows {
            let chance = sigmoid(dot(&self.weights, row));
            let miss = if *label { 1.0 - chance } else { -chance };
            let weight = (chance * (1.0 - chance)).max(1e-9);
            for (place, value) in row.iter().enumerate() {
                slope[place] += miss * value;
                bend[place].iter_mut().zip(row).for_each(|(sum, other)| *sum += weight * value * other);
            }
        }
        for (weight, step) in self.weights.iter_mut().zip(solved(bend, slope)) {
            *weight += step.clamp(-4.0, 4.0);
        }
    }
}

/// The solution of a positive definite system, by elimination.
fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for pivot in 0..size {
        let (row, scale) = (matrix[pivot].clone(), matrix[pivot][pivot]);
        for below in pivot + 1..size {
            let factor = matrix[below][pivot] / scale;
            matrix[below].iter_mut().zip(&row).for_each(|(value, above)| *value -= factor * above);
            right[below] -= factor * right[pivot];
        }
    }
    for pivot in (0..size).rev() {
        let known: f64 = (pivot + 1..size).map(|place| matrix[pivot][place] * right[place]).sum();
        right[pivot] = (right[pivot] - known) / matrix[pivot][pivot];
    }
    right
}

fn sigmoid(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The standard deviation; 1 where the values are all the same, so that they add nothing.
fn deviation(values: impl Iterator<Item = f64>, around: f64) -> f64 {
    let spread = mean(values.map(|value| (value - around).powi(2))).sqrt();
    if spread > 1e-9 { spread } else { 1.0 }
}
