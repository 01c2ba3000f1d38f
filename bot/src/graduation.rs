//! When automation is earned, and when it is lost. Pure statistics over what became of drafts: *good*, sent exactly as
//! drafted, or *bad*.
//!
//! Opening is a bet against the claim that drafts are bad as often as the limit allows, or more often. Each good draft
//! raises the stake, a bad one costs most of it; automation is earned once the stake has grown twentyfold. However long
//! one looks, a channel at the limit gets there in at most one of twenty cases, and the upper 95 % bound of the rate is
//! under the limit then. At the limit of 1 % that takes 299 good drafts in a row, and more once one was bad.
//!
//! Afterwards a sample is reviewed blind, and too many bad ones among the newest reviews end automation. How many reviews it
//! takes to notice a rate ten times the usual one is a matter of statistics; how many replies, of how much is reviewed once
//! something looks bad.

/// What became of a number of drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Sent exactly as drafted.
    pub good: u32,
    /// Changed, rejected, or found wrong afterwards.
    pub bad: u32,
}

/// How much the stake has to grow: one in this many is the chance to open at the limit.
const GROWTH: f64 = 20.0;
/// The part of the stake that survives bad drafts.
const SPARED: f64 = 0.02;
/// It bets on drafts that are bad this many times more rarely than the limit.
const BETTER: f64 = 5.0;
/// More decisions than anybody waits for.
const NEVER: u32 = 1_000_000;

impl Tally {
    /// Counts decisions.
    pub fn of(decisions: impl IntoIterator<Item = bool>) -> Self {
        decisions.into_iter().fold(Self::default(), |tally, good| tally.and(good))
    }

    fn and(self, good: bool) -> Self {
        Self { good: self.good + u32::from(good), bad: self.bad + u32::from(!good) }
    }

    /// Whether automation is earned at a `limit` of bad drafts, between 0 and 1.
    pub fn has_earned(self, limit: f64) -> bool {
        self.stake(limit) >= GROWTH
    }

    /// How many good drafts in a row are still missing.
    pub fn missing(self, limit: f64) -> u32 {
        let after = |more: u32| Self { good: self.good.saturating_add(more), ..self };
        let (mut least, mut most) = (0, NEVER);
        while least < most {
            let middle = least + (most - least) / 2;
            if after(middle).has_earned(limit) { most = middle } else { least = middle + 1 }
        }
        least
    }

    /// What a stake of 1 has become. Its mean never rises while drafts are bad at the limit or more often, whatever one
    /// bets: that is why it may be looked at all the time.
    fn stake(self, limit: f64) -> f64 {
        if !(0.0..1.0).contains(&limit) || limit == 0.0 {
            return 0.0;
        }
        let (good, bad, rarer) = (f64::from(self.good), f64::from(self.bad), limit / BETTER);
        let everything = if self.bad == 0 { (-good * (-limit).ln_1p()).exp() } else { 0.0 };
        let cautious = (good * ((-rarer).ln_1p() - (-limit).ln_1p()) - bad * BETTER.ln()).exp();
        (1.0 - SPARED) * everything + SPARED * cautious
    }

    /// The upper 95 % bound of the rate of bad drafts (Clopper and Pearson); 1 without a decision.
    pub fn upper_bound(self) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.at_most_as_bad(middle) > 0.05 { low = middle } else { high = middle }
        }
        if self.good == 0 { 1.0 } else { high }
    }

    /// The chance of at most as many bad drafts at a rate.
    fn at_most_as_bad(self, rate: f64) -> f64 {
        let all = f64::from(self.good) + f64::from(self.bad);
        let mut term = all * (-rate).ln_1p();
        let mut sum = term.exp();
        for bad in 1..=self.bad {
            let bad = f64::from(bad);
            term += ((all - bad + 1.0) / bad).ln() + rate.ln() - (-rate).ln_1p();
            sum += term.exp();
        }
        sum
    }
}

/// So many bad ones among so many of the newest reviews end automation: a sudden failure by the first, a rate ten times
/// the usual one by the second. Chosen by simulation: one false alarm in 20,000 reviews at most.
const ALARMS: [(usize, u32); 2] = [(3, 14), (4, 190)];
/// Bad reviews that are remembered.
const REMEMBERED: usize = 4;
/// Reviews after a bad one until it counts as chance.
const UNEASY: u32 = 90;

/// Watches over drafts that were sent without a person, as people review a sample of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// How many reviews there were from each of the newest bad ones on, it included; the newest first.
    since: [u32; REMEMBERED],
    dropped: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self { since: [u32::MAX; REMEMBERED], dropped: false }
    }
}

impl Watch {
    /// After these reviews, oldest first.
    pub fn of(reviews: impl IntoIterator<Item = bool>) -> Self {
        reviews.into_iter().fold(Self::default(), Self::and)
    }

    /// After one more review.
    pub fn and(self, good: bool) -> Self {
        if self.dropped {
            return self;
        }
        let mut since = self.since.map(|reviews| reviews.saturating_add(1));
        if !good {
            since.rotate_right(1);
            since[0] = 1;
        }
        let dropped = ALARMS.iter().any(|(bad, among)| since[bad - 1] <= *among);
        Self { since, dropped }
    }

    /// The share of what leaves that is to be reviewed now: the usual one while nothing speaks for a worse rate, and all
    /// after a bad review, until it is clear whether that was chance.
    pub fn share(&self, usual: f64) -> f64 {
        if self.since[0] <= UNEASY { 1.0 } else { usual }
    }

    /// Whether automation has to end. It stays so until people open it again.
    pub fn has_dropped(self) -> bool {
        self.dropped
    }
}

#[cfg(test)]
#[path = "graduation/tests.rs"]
mod tests;
