//! Latencies: counted from the scheduled time, so that a stall shows.

use std::time::Duration;

/// Durations that were measured.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// All of them together.
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// A tenth of them, counted from 0, in the order in which they were added.
    pub fn tenth(&self, number: usize) -> Latencies {
        let place = |number: usize| self.0.len() * number / 10;
        self.0.get(place(number)..place(number + 1)).unwrap_or_default().iter().copied().collect()
    }

    /// The duration that `per_100_000` of 100,000 do not exceed: 50,000 is the median, 99,900 is p99.9, 100,000 the
    /// largest. Zero where nothing was measured.
    pub fn at(&self, per_100_000: u64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1) as u64;
        let place = (last * per_100_000).div_ceil(100_000);
        sorted.get(usize::try_from(place).unwrap_or(0)).copied().unwrap_or_default()
    }

    /// p50, p99, p99.9 and the largest, in milliseconds.
    pub fn summary(&self) -> [f64; 4] {
        [50_000, 99_000, 99_900, 100_000].map(|at| self.at(at).as_secs_f64() * 1_000.0)
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(measured: I) -> Self {
        Self(measured.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_places_in_order() {
        let measured: Latencies = (1..=1_000).rev().map(Duration::from_millis).collect();
        assert_eq!(measured.summary(), [501.0, 991.0, 1000.0, 1000.0]);
        assert_eq!(Latencies::default().at(50_000), Duration::ZERO);
        assert_eq!(measured.tenth(0).summary(), [951.0, 1000.0, 1000.0, 1000.0]);
        assert_eq!(measured.tenth(9).count() + measured.tenth(10).count(), 100);
    }
}
