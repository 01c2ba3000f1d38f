//! The customers, and what their acts allow ("api_sendcustommessage"): five messages within 48 hours of a message of
//! theirs, three within a minute of following, scanning or the menu.

use std::collections::BTreeMap;

use crate::clock::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::errcode::Errcode;

use super::api::{OUT_OF_COUNT, OUT_OF_TIME, TYPING_ALREADY, TYPING_LATE};

/// Everybody who ever did something, by openid.
pub(super) type People = BTreeMap<String, Customer>;

/// One customer.
#[derive(Default)]
pub(super) struct Customer {
    pub(super) follows: bool,
    pub(super) followed_ms: i64,
    pub(super) unfollowed: bool,
    /// By a message; by anything else.
    allowances: [Allowance; 2],
    wrote_ms: Option<i64>,
    typing_until_ms: i64,
}

#[derive(Clone, Copy, Default)]
struct Allowance {
    until_ms: i64,
    left: u32,
}

impl Customer {
    /// Wrote: the window and the count begin anew.
    pub(super) fn wrote(&mut self, now: i64) {
        self.allowances[0] = Allowance { until_ms: now + 48 * HOUR_MS, left: 5 };
        self.wrote_ms = Some(now);
        self.unfollowed = false;
    }

    /// Followed, scanned or used the menu.
    pub(super) fn acted(&mut self, now: i64) {
        self.allowances[1] = Allowance { until_ms: now + MINUTE_MS, left: 3 };
    }

    pub(super) fn follow(&mut self, now: i64) {
        (self.follows, self.unfollowed, self.followed_ms) = (true, false, now);
        self.acted(now);
    }

    pub(super) fn unfollow(&mut self) {
        (self.follows, self.unfollowed, self.allowances) = (false, true, Default::default());
    }

    /// Takes one message off what is allowed; what ends first goes first.
    pub(super) fn spend(&mut self, now: i64) -> Result<(), Errcode> {
        let mut alive: Vec<&mut Allowance> = self.allowances.iter_mut().filter(|of| of.until_ms > now).collect();
        alive.sort_by_key(|of| of.until_ms);
        if alive.is_empty() {
            return Err(OUT_OF_TIME);
        }
        let open = alive.into_iter().find(|of| of.left > 0).ok_or(OUT_OF_COUNT)?;
        open.left -= 1;
        self.typing_until_ms = 0;
        Ok(())
    }

    /// Shows that somebody types, for 15 seconds.
    pub(super) fn typing(&mut self, now: i64) -> Result<(), Errcode> {
        if self.wrote_ms.is_none_or(|at| now - at > 30 * SECOND_MS) {
            return Err(TYPING_LATE);
        }
        if self.typing_until_ms > now {
            return Err(TYPING_ALREADY);
        }
        self.typing_until_ms = now + 15 * SECOND_MS;
        Ok(())
    }

    pub(super) fn stop_typing(&mut self) {
        self.typing_until_ms = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_allows_five_and_a_click_three() {
        let mut one = Customer::default();
        assert_eq!(one.spend(0), Err(OUT_OF_TIME));
        one.acted(0);
        assert_eq!([0, 1, 2, 3].map(|at| one.spend(at)), [Ok(()), Ok(()), Ok(()), Err(OUT_OF_COUNT)]);
        assert_eq!(one.spend(MINUTE_MS), Err(OUT_OF_TIME));
        one.wrote(MINUTE_MS);
        assert!((0..5).all(|at| one.spend(MINUTE_MS + at).is_ok()));
        assert_eq!(one.spend(2 * MINUTE_MS), Err(OUT_OF_COUNT));
        one.acted(2 * MINUTE_MS);
        assert_eq!(one.spend(2 * MINUTE_MS), Ok(()));
        one.wrote(3 * MINUTE_MS);
        assert_eq!(one.spend(3 * MINUTE_MS + 48 * HOUR_MS), Err(OUT_OF_TIME));
        one.unfollow();
        assert_eq!(one.spend(3 * MINUTE_MS), Err(OUT_OF_TIME));
    }
}
