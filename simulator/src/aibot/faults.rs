//! What a test puts in the way of a bot's connection.

use std::collections::{BTreeMap, VecDeque};

use super::AiBot;
use super::ledger::Cmd;
use super::server::Out;
use crate::errcode::Errcode;

/// One disturbance of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The platform refuses with this errcode and does nothing.
    Refuse(Errcode),
    /// The connection breaks before the platform does anything.
    CutBefore,
    /// The platform does what was asked, and the connection breaks before the answer.
    CutAfter,
    /// The platform does what was asked, and its answer is lost; the connection stays.
    NoAnswer,
    /// The platform does what was asked and answers after this many real milliseconds.
    Slow(u64),
    /// From here on the connection takes everything, does nothing and says nothing.
    HalfDead,
}

/// The disturbances that wait.
#[derive(Default)]
pub(crate) struct FaultPlan {
    next: BTreeMap<Cmd, VecDeque<Fault>>,
}

impl FaultPlan {
    pub(crate) fn take(&mut self, cmd: Cmd) -> Option<Fault> {
        self.next.get_mut(&cmd).and_then(VecDeque::pop_front)
    }
}

impl AiBot {
    /// The next `times` commands of that kind meet `fault`; queued behind earlier ones.
    pub fn next(&self, cmd: Cmd, times: usize, fault: Fault) {
        self.world().faults.next.entry(cmd).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// Breaks every connection, without a farewell.
    pub fn cut(&self) {
        self.world().end_all(Out::Cut);
    }

    /// From now on every present connection takes everything, does nothing and says nothing.
    pub fn half_dead(&self) {
        self.world().connections.values_mut().for_each(|connection| connection.half_dead = true);
    }

    /// The subscribed connection forgets its subscription (846609) without being told.
    pub fn forget_subscription(&self) {
        self.world().connections.values_mut().for_each(|connection| connection.subscribed = false);
    }

    /// Somebody else subscribes: the present subscriber is told and closed.
    pub fn evict(&self) {
        self.world().evict();
    }

    /// Whether new connections are turned away from now on.
    pub fn turn_away(&self, away: bool) {
        self.world().away = away;
    }
}
