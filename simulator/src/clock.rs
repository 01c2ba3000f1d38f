//! The simulated world's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds in a second.
pub(crate) const SECOND_MS: i64 = 1_000;
/// Milliseconds in a minute.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// A clock that all its clones share; a test moves it forward instead of sleeping.
#[derive(Clone, Debug)]
pub struct Clock {
    base: Base,
    moved_ms: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    System,
    Fixed(i64),
}

impl Clock {
    /// The machine's clock, plus whatever it was advanced by.
    pub fn system() -> Clock {
        Clock { base: Base::System, moved_ms: Arc::default() }
    }

    /// A clock that stands at `unix_ms` (milliseconds since 1970) until it is advanced.
    pub fn at(unix_ms: i64) -> Clock {
        Clock { base: Base::Fixed(unix_ms), moved_ms: Arc::default() }
    }

    /// Moves the clock by `ms` milliseconds; negative values move it back, as a bad time server would.
    pub fn advance(&self, ms: i64) {
        self.moved_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        let base = match self.base {
            Base::System => system_ms(),
            Base::Fixed(ms) => ms,
        };
        base.saturating_add(self.moved_ms.load(Ordering::SeqCst))
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_time() {
        let clock = Clock::at(1_000);
        clock.clone().advance(500);
        assert_eq!(clock.now_ms(), 1_500);
        clock.advance(-600);
        assert_eq!(clock.now_ms(), 900);
    }

    #[test]
    fn the_system_clock_can_be_advanced() {
        let clock = Clock::system();
        let before = clock.now_ms();
        clock.advance(DAY_MS);
        assert!(clock.now_ms() - before >= DAY_MS);
    }
}
