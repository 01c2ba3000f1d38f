//! Time, ids and randomness as values: the program asks these, never the operating system directly, so
//! that a test can replay any hour of any day.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 UTC.
pub type Timestamp = i64;

/// One second in [`Timestamp`] units.
pub const SECOND: Timestamp = 1_000;
/// One minute in [`Timestamp`] units.
pub const MINUTE: Timestamp = 60 * SECOND;
/// One hour in [`Timestamp`] units.
pub const HOUR: Timestamp = 60 * MINUTE;
/// One day in [`Timestamp`] units.
pub const DAY: Timestamp = 24 * HOUR;

/// Where the program reads the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock moved by hand, shared by everything in a test.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at)))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Manual(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Milliseconds that only ever grow, whatever happens to the machine's clock: good for how long something took.
    pub fn steady(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::try_from(began().elapsed().as_millis()).unwrap_or(Timestamp::MAX),
            Self::Manual(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward; the system's clock moves by itself.
    pub fn advance(&self, by: Timestamp) {
        if let Self::Manual(at) = self {
            at.fetch_add(by, Ordering::SeqCst);
        }
    }
}

/// When somebody first asked.
fn began() -> Instant {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    *BEGAN.get_or_init(Instant::now)
}

fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::try_from(since.as_millis()).unwrap_or(Timestamp::MAX)
}

/// Where the program takes ids, salts and one-time tokens from.
#[derive(Debug, Clone)]
pub struct Ids {
    source: Source,
    given: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
enum Source {
    System,
    Seeded(Arc<AtomicU64>),
}

impl Ids {
    /// The operating system's randomness.
    pub fn system() -> Self {
        Self { source: Source::System, given: Arc::default() }
    }

    /// A sequence that gives the same values for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self { source: Source::Seeded(Arc::new(AtomicU64::new(seed))), given: Arc::default() }
    }

    /// Fills `out` with random bytes.
    pub fn fill(&self, out: &mut [u8]) -> anyhow::Result<()> {
        match &self.source {
            Source::System => getrandom::fill(out).map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}")),
            Source::Seeded(state) => {
                out.chunks_mut(8)
                    .for_each(|chunk| chunk.copy_from_slice(&splitmix(state).to_le_bytes()[..chunk.len()]));
                Ok(())
            }
        }
    }

    /// Sixteen random bytes.
    pub fn random16(&self) -> anyhow::Result<[u8; 16]> {
        let mut bytes = [0; 16];
        self.fill(&mut bytes).map(|()| bytes)
    }

    /// A random number.
    pub fn random64(&self) -> anyhow::Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    /// Thirty-two random bytes.
    pub fn random32(&self) -> anyhow::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.fill(&mut bytes).map(|()| bytes)
    }

    /// A new id that sorts by `now`, and within one process by the order of asking: 12 hexadecimal digits of
    /// time, 8 of a counter, 12 of randomness.
    pub fn next(&self, now: Timestamp) -> anyhow::Result<String> {
        let random = self.random16()?;
        let count = self.given.fetch_add(1, Ordering::SeqCst) & 0xFFFF_FFFF;
        Ok(format!("{:012x}{count:08x}{}", now.max(0), hex::encode(&random[..6])))
    }
}

/// Sebastiano Vigna's SplitMix64: tiny, seedable, good enough for test data.
fn splitmix(state: &AtomicU64) -> u64 {
    let mut z = state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
