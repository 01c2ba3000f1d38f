//! What a test puts in the way of a bot's calls.

use super::calls::Method;
use super::handle::Telegram;
use crate::faults::{Fault, FaultPlan};

/// The handle with which a test disturbs the platform ([`Telegram::faults`]). The number in a [`Fault::Refuse`] is an
/// `error_code`, with the words Telegram uses most for it.
pub struct TelegramFaults<'a> {
    pub(super) telegram: &'a Telegram,
}

impl TelegramFaults<'_> {
    /// The next `times` calls of `method` meet `fault`; queued behind earlier ones.
    pub fn next(&self, method: Method, times: usize, fault: Fault) {
        self.telegram.world().faults.queue(method, times, fault);
    }

    /// Every call of `method` meets `fault`, until [`TelegramFaults::clear`].
    pub fn always(&self, method: Method, fault: Fault) {
        self.telegram.world().faults.set(method, fault);
    }

    /// Every call meets `fault`: the platform is gone.
    pub fn outage(&self, fault: Fault) {
        Method::ALL.into_iter().for_each(|method| self.always(method, fault));
    }

    /// Each call of `method` meets `fault` with a probability of `per_mille` thousandths, drawn from the seed.
    pub fn sometimes(&self, method: Method, per_mille: u64, fault: Fault) {
        self.telegram.world().faults.sprinkle(method, per_mille, fault);
    }

    /// Takes every disturbance away.
    pub fn clear(&self) {
        self.telegram.world().faults = FaultPlan::default();
    }
}
