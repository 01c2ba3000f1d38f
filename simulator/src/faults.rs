//! What a test puts in the way of API calls.

use std::collections::{BTreeMap, VecDeque};

use crate::Simulator;
use crate::api::Api;
use crate::errcode::Errcode;
use crate::rng::Rng;

/// How an answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// No answer ever comes; the connection stays open.
    Hang,
    /// The connection closes without a byte.
    Drop,
    /// A gateway answers HTTP 502 with an HTML page.
    BadGateway,
    /// HTTP 200 with something that is not JSON.
    Garbage,
}

/// One disturbance of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The platform refuses with this errcode and does nothing.
    Refuse(Errcode),
    /// The platform does nothing and its answer is lost.
    Before(Lost),
    /// The platform does what was asked and its answer is lost.
    After(Lost),
    /// The platform does what was asked and answers after this many real milliseconds.
    Slow(u64),
}

/// The disturbances that wait, per call of a platform.
pub(crate) struct FaultPlan<K> {
    next: BTreeMap<K, VecDeque<Fault>>,
    always: BTreeMap<K, Fault>,
    sometimes: Vec<(K, u64, Fault)>,
}

impl<K> Default for FaultPlan<K> {
    fn default() -> Self {
        FaultPlan { next: BTreeMap::new(), always: BTreeMap::new(), sometimes: Vec::new() }
    }
}

impl<K: Ord + Copy> FaultPlan<K> {
    /// The disturbance of this call, used up where it was for a number of calls.
    pub(crate) fn take(&mut self, call: K, rng: &mut Rng) -> Option<Fault> {
        if let Some(fault) = self.next.get_mut(&call).and_then(VecDeque::pop_front) {
            return Some(fault);
        }
        if let Some(fault) = self.always.get(&call) {
            return Some(*fault);
        }
        let hits =
            |(of, per_mille, fault): &(K, u64, Fault)| (*of == call && rng.below(1_000) < *per_mille).then_some(*fault);
        self.sometimes.iter().find_map(hits)
    }

    /// For the next `times` calls, behind earlier ones.
    pub(crate) fn queue(&mut self, call: K, times: usize, fault: Fault) {
        self.next.entry(call).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// For every call.
    pub(crate) fn set(&mut self, call: K, fault: Fault) {
        self.always.insert(call, fault);
    }

    /// For some calls.
    pub(crate) fn sprinkle(&mut self, call: K, per_mille: u64, fault: Fault) {
        self.sometimes.push((call, per_mille, fault));
    }
}

/// The handle with which a test disturbs the platform ([`Simulator::faults`]).
pub struct Faults<'a> {
    sim: &'a Simulator,
}

impl<'a> Faults<'a> {
    pub(crate) fn of(sim: &'a Simulator) -> Faults<'a> {
        Faults { sim }
    }

    /// The next `times` calls of `api` meet `fault`; queued behind earlier ones.
    pub fn next(&self, api: Api, times: usize, fault: Fault) {
        self.sim.world().faults.queue(api, times, fault);
    }

    /// Every call of `api` meets `fault`, until [`Faults::clear`].
    pub fn always(&self, api: Api, fault: Fault) {
        self.sim.world().faults.set(api, fault);
    }

    /// Every call of every API meets `fault`: the platform is gone.
    pub fn outage(&self, fault: Fault) {
        Api::ALL.into_iter().for_each(|api| self.always(api, fault));
    }

    /// Each call of `api` meets `fault` with a probability of `per_mille` thousandths, drawn from the seed.
    pub fn sometimes(&self, api: Api, per_mille: u64, fault: Fault) {
        self.sim.world().faults.sprinkle(api, per_mille, fault);
    }

    /// Kills every access token before its time (wecom 91039 reserves that right).
    pub fn revoke_tokens(&self) {
        self.sim.world().tokens.revoke();
    }

    /// Takes every disturbance away.
    pub fn clear(&self) {
        self.sim.world().faults = FaultPlan::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queued_faults_come_first_and_once() {
        let mut plan = FaultPlan::default();
        plan.next.entry(Api::GetToken).or_default().push_back(Fault::Before(Lost::Drop));
        plan.always.insert(Api::GetToken, Fault::Slow(1));
        let mut rng = Rng::new(1);
        assert_eq!(plan.take(Api::GetToken, &mut rng), Some(Fault::Before(Lost::Drop)));
        assert_eq!(plan.take(Api::GetToken, &mut rng), Some(Fault::Slow(1)));
        assert_eq!(plan.take(Api::MediaGet, &mut rng), None);
    }

    #[test]
    fn sometimes_is_roughly_its_share() {
        let fault = Fault::After(Lost::Hang);
        let mut plan = FaultPlan { sometimes: vec![(Api::KfSendMsg, 50, fault)], ..FaultPlan::default() };
        let mut rng = Rng::new(5);
        let hits = (0..10_000).filter(|_| plan.take(Api::KfSendMsg, &mut rng).is_some()).count();
        assert!((350..650).contains(&hits), "{hits} of 10,000 at 5 %");
    }
}
