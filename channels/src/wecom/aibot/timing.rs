//! How long the connection waits for what.

/// Intervals of the long connection, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// After so much silence a ping goes out, and again after so much more.
    pub ping_ms: u64,
    /// So many pings without any sign of life: the socket is dead.
    pub missed_pings: u32,
    /// Longest wait for a socket.
    pub open_ms: u64,
    /// Longest wait for the answer to the subscription.
    pub subscribe_ms: u64,
    /// Longest wait for the answer to a command; after it the outcome is unknown.
    pub answer_ms: u64,
    /// The same for the parts of an upload.
    pub upload_ms: u64,
    /// So many commands in a row without an answer: the socket is dead, even where it answers pings.
    pub missed_answers: u32,
    /// First wait before opening anew; doubled each time, and at random between half and the whole of it.
    pub retry_ms: u64,
    /// Longest wait before opening anew.
    pub longest_retry_ms: u64,
    /// A subscription that held so long begins the waits anew.
    pub steady_ms: u64,
    /// So many refused subscriptions in a row end it: subscribing is rate-protected (wecom 101463).
    pub refusals: u32,
    /// How long a tap or an entry may be answered.
    pub window_ms: u64,
}

impl Timing {
    /// As the documentation has it: a ping every 30 s. A half-dead socket is noticed after 90 s.
    pub const DOCUMENTED: Timing = Timing {
        ping_ms: 30_000,
        missed_pings: 2,
        open_ms: 10_000,
        subscribe_ms: 10_000,
        answer_ms: 5_000,
        upload_ms: 20_000,
        missed_answers: 2,
        retry_ms: 1_000,
        longest_retry_ms: 30_000,
        steady_ms: 10_000,
        refusals: 5,
        window_ms: 5_000,
    };
}

impl Default for Timing {
    /// Subscribed again within 5 s of the last sign of life: silence is noticed after 3 s, and the next socket is opened at
    /// most 1 s later. 30 s between pings are documented, and no least; pings go out only where nothing else is heard.
    fn default() -> Timing {
        Timing { ping_ms: 1_000, open_ms: 5_000, subscribe_ms: 5_000, ..Timing::DOCUMENTED }
    }
}

impl Timing {
    /// How long to wait after `tries` failures in a row, by a random number.
    pub(super) fn wait_ms(&self, tries: u32, random: u64) -> u64 {
        let whole = self.retry_ms.saturating_mul(1 << tries.min(16)).min(self.longest_retry_ms);
        whole - random % (whole / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_vary_by_half() {
        let timing = Timing::DOCUMENTED;
        for (tries, whole) in [(0, 1_000), (1, 2_000), (4, 16_000), (5, 30_000), (4_000_000, 30_000)] {
            assert_eq!(timing.wait_ms(tries, 0), whole);
            assert_eq!(timing.wait_ms(tries, whole / 2), whole / 2);
            assert!((whole / 2..=whole).contains(&timing.wait_ms(tries, u64::MAX)));
        }
    }

    #[test]
    fn no_wait_is_no_wait() {
        let timing = Timing { retry_ms: 0, ..Timing::DOCUMENTED };
        assert_eq!(timing.wait_ms(3, 77), 0);
    }

    #[test]
    fn a_dead_socket_is_replaced_within_five_seconds() {
        let timing = Timing::default();
        let noticed = timing.ping_ms * u64::from(timing.missed_pings + 1);
        assert!(noticed + timing.wait_ms(0, 0) < 5_000);
    }
}
