//! One run: a seed decides the habits of this world, then step by step what happens next; after each step the oracle
//! looks at what became durable and visible.

mod acts;
mod faults;
mod rest;

use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};
use crate::happening::Happening;
use crate::luck::Luck;
use crate::oracle::{Figures, Oracle};
use crate::platform::{Platform, Ring, Weather};
use crate::store::{Life, Store};
use crate::worker::{GIVEN_UP, Instance, POLL_EVERY, Task};

/// When every run begins.
const BEGIN: Timestamp = 1_800_000_000_000;
/// Programs that share the store.
const INSTANCES: usize = 3;

/// How this seed's world behaves.
#[derive(Debug, Clone)]
pub struct Habits {
    /// The wire.
    pub weather: Weather,
    /// We know the platform's code for an id used twice.
    pub duplicate_known: bool,
    /// Commits that fail, in a thousandth.
    pub commit_fails: u32,
    /// Commits whose answer gets lost.
    pub commit_unheard: u32,
    /// Times there is no token to send with.
    pub no_token: u32,
    /// Faults among all that happens, in a thousandth.
    pub faults: u32,
    /// The longest drafting, in milliseconds.
    pub slowest_draft: Timestamp,
    /// How much customers, colleagues and time happen, beside work.
    pub lively: [u32; 3],
}

/// A run.
pub struct World {
    /// The time.
    pub now: Timestamp,
    /// Everything we stored.
    pub store: Store,
    /// The platform.
    pub platform: Platform,
    /// Our programs.
    pub instances: Vec<Instance>,
    pub(crate) luck: Luck,
    pub(crate) habits: Habits,
    /// What holds, and what was seen.
    pub oracle: Oracle,
    deaths: Vec<(Life, Timestamp)>,
    lives: Life,
    next_no: u64,
    policies: u32,
    trace: Option<Vec<String>>,
    step: usize,
}

/// How a run went.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Steps taken.
    pub steps: usize,
    /// What was counted.
    pub figures: Figures,
    /// What happened, one line each, where it was asked for.
    pub trace: Vec<String>,
}

impl World {
    /// The world of a seed, before anything happens; with a trace where it is asked for.
    pub fn new(seed: u64, traced: bool) -> Self {
        let mut luck = Luck::of(seed);
        let habits = Habits::of(&mut luck);
        let talks = 1 + luck.below(5);
        let store = Store::new(seed, talks);
        let platform = Platform::new(store.accounts.len(), store.conversations.iter().map(|open| open.channel));
        Self {
            now: BEGIN,
            oracle: Oracle::new(&store, habits.duplicate_known),
            store,
            platform,
            instances: (0..INSTANCES as Life).map(|life| Instance { life, ..Instance::default() }).collect(),
            deaths: Vec::new(),
            lives: INSTANCES as Life,
            luck,
            habits,
            next_no: 0,
            policies: 1,
            trace: traced.then(Vec::new),
            step: 0,
        }
    }

    /// Plays the seed's steps, lets everything come to rest, and looks at the end.
    ///
    /// # Panics
    /// When something does not hold.
    pub fn play(&mut self) {
        let steps = 200 + self.luck.below(1_801).min(self.luck.below(1_801));
        for _ in 0..steps {
            self.take_step();
        }
        self.come_to_rest();
    }

    /// How the run went so far.
    pub fn outcome(&mut self) -> Outcome {
        let trace = self.trace.take().unwrap_or_default();
        Outcome { steps: self.step, figures: self.oracle.figures.clone(), trace }
    }

    /// Writes a line of the trace.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:5} {:>9} {}", self.step, self.now - BEGIN, line()));
        }
    }

    fn take_step(&mut self) {
        self.step += 1;
        let [customers, colleagues, time] = self.habits.lively;
        match self.luck.weighed(&[500, customers, colleagues, time, self.habits.faults, 150]) {
            0 => self.some_work(),
            1 => self.customer_acts(),
            2 => self.colleague_acts(),
            3 => self.time_passes(),
            4 => self.fault(),
            _ => self.wire_moves(),
        }
        self.look();
    }

    /// Tells the oracle what happened, and has it look at everything.
    pub(crate) fn look(&mut self) {
        let happened = std::mem::take(&mut self.store.happened);
        for happening in &happened {
            self.note(|| format!("  {}", line_of(happening)));
            self.oracle.hears(happening, &self.store);
        }
        self.oracle.looks(&self.store);
    }

    /// One step of one task somewhere, or new work, or, where there is nothing to do, time.
    fn some_work(&mut self) {
        let first = self.luck.below(INSTANCES);
        for at in (first..first + INSTANCES).map(|at| at % INSTANCES) {
            if !self.instances[at].runs(self.now) {
                continue;
            }
            if self.luck.permille(60) && self.wants_beat(at) {
                return self.beat(at);
            }
            let tasks = self.instances[at].tasks.len();
            if tasks < 4 && self.luck.permille(300) && self.may_claim(at) {
                let limit = 1 + self.luck.below(3);
                if self.claim(at, limit) {
                    return;
                }
            }
            let start = self.luck.below(tasks);
            let ready = (start..start + tasks).map(|task| task % tasks);
            let mut ready = ready.filter(|task| self.can_go_on(&self.instances[at].tasks[*task]));
            if let Some(task) = ready.next() {
                return self.go_on(at, task);
            }
        }
        self.time_passes();
    }

    /// Whether there is anything to claim: an empty unit decides nothing.
    fn may_claim(&self, at: usize) -> bool {
        let now = self.now + self.instances[at].skew;
        self.account_to_read(now).is_some() || (0..self.store.rows.len()).any(|row| self.store.claimable(row, now))
    }

    /// An account that was rung, or whose turn it is to be polled; polls that would find nothing are left out.
    pub(crate) fn account_to_read(&self, now: Timestamp) -> Option<usize> {
        let unread = |at: usize| self.store.accounts[at].cursor < self.platform.feeds[at].len();
        let wanted = |at: &usize| {
            let account = &self.store.accounts[*at];
            let polled = account.tried_at <= now - POLL_EVERY && unread(*at);
            account.owner.is_none() && (account.rings > account.heard || polled)
        };
        (0..self.store.accounts.len()).find(wanted)
    }

    /// Lives that are over, as far as those can tell who see no sign of them.
    pub(crate) fn over(&self) -> impl Iterator<Item = Life> {
        let silent = |instance: &&Instance| instance.silent_since.is_some_and(|since| self.now >= since + GIVEN_UP);
        let silent = self.instances.iter().filter(silent).map(|instance| instance.life);
        let dead = self.deaths.iter().filter(|(_, at)| self.now >= at + GIVEN_UP).map(|(life, _)| *life);
        dead.chain(silent)
    }

    /// Whether a sign of life, or letting go of something, would change anything.
    fn wants_beat(&self, at: usize) -> bool {
        let instance = &self.instances[at];
        let over: Vec<Life> = self.over().collect();
        let idle = |life| life == instance.life && instance.tasks.is_empty();
        let owners = self.store.rows.iter().map(|row| row.owner).chain(self.store.accounts.iter().map(|a| a.owner));
        let free = owners.flatten().any(|life| over.contains(&life) || idle(life));
        free || instance.silent_since.is_some()
    }

    /// A request arrives, or a callback is delivered.
    fn wire_moves(&mut self) {
        if let Some(request) = self.platform.arriving(self.now) {
            return self.arrive(request);
        }
        let now = self.now;
        let due = |callback: &crate::platform::Callback| callback.next_at <= now;
        let Some(callback) = self.platform.callbacks.iter().position(due) else { return self.some_work() };
        self.deliver(callback);
    }

    fn arrive(&mut self, request: usize) {
        self.note(|| format!("request {request} arrives"));
        let accepted = self.platform.arrive(request, &self.habits.weather, &mut self.luck, self.now);
        self.store.happened.extend(accepted);
    }

    /// Gives a callback to some instance; without an answer it comes again.
    fn deliver(&mut self, callback: usize) {
        let found = &mut self.platform.callbacks[callback];
        if found.acknowledged || found.tries == 0 {
            self.platform.callbacks.swap_remove(callback);
            return;
        }
        found.tries -= 1;
        found.next_at = self.now + 5 * SECOND;
        let (no, what) = (found.no, found.what.clone());
        let at = self.luck.below(INSTANCES);
        if self.instances[at].down_until <= self.now {
            self.note(|| format!("callback {no} reaches instance {at}"));
            self.instances[at].tasks.push(Task::Callback { no, what, stored: false });
        }
    }

    fn time_passes(&mut self) {
        let by = match self.luck.weighed(&[70, 20, 6, 2]) {
            0 => return self.until_next(),
            1 => self.luck.span(100, 20 * SECOND),
            2 => self.luck.span(MINUTE, 15 * MINUTE),
            _ => self.luck.span(HOUR, 50 * HOUR),
        };
        self.now += by;
        self.note(|| format!("{by} ms pass"));
    }

    /// Moves the clock to whatever is due next.
    pub(crate) fn until_next(&mut self) {
        if let Some(next) = self.next_at() {
            self.now = self.now.max(next);
        }
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        let tasks = self.instances.iter().flat_map(|instance| &instance.tasks).map(|task| self.goes_on_at(task));
        let rows = self.store.rows.iter().filter(|row| row.owner.is_none()).map(|row| row.due_at);
        let unread = |at: &usize| self.store.accounts[*at].cursor < self.platform.feeds[*at].len();
        let reads = (0..self.store.accounts.len()).filter(unread).map(|at| {
            let account = &self.store.accounts[at];
            account.tried_at + POLL_EVERY
        });
        let given_up = self.deaths.iter().map(|(_, at)| at + GIVEN_UP);
        let silent = self.instances.iter().filter_map(|instance| instance.silent_since).map(|at| at + GIVEN_UP);
        let wake = self.instances.iter().flat_map(|i| [i.down_until, i.frozen_until, i.cut_until]);
        let later = |at: &Timestamp| *at > self.now;
        let all =
            tasks.chain(rows).chain(reads).chain(given_up).chain(silent).chain(wake).chain(self.platform.next_at());
        all.filter(later).min()
    }

    pub(crate) fn call(&mut self, what: Ring, copies: usize) -> u64 {
        self.next_no += 1;
        self.platform.call(self.next_no, what, copies, &mut self.luck, self.now);
        self.next_no
    }
}

impl Habits {
    fn of(luck: &mut Luck) -> Self {
        let mut sometimes = |most: u32| if luck.permille(500) { luck.below(most as usize + 1) as u32 } else { 0 };
        let weather = Weather {
            unconnected: sometimes(120),
            lost: sometimes(120),
            mute: sometimes(200),
            refused: sometimes(120),
            undelivered: sometimes(60),
            slowest: 300,
        };
        let (commit_fails, commit_unheard, no_token) = (sometimes(40), sometimes(40), sometimes(100));
        let faults = sometimes(20);
        Self {
            weather: Weather { slowest: *luck.pick(&[50, 300, 3_000, 8_000]), ..weather },
            duplicate_known: luck.permille(400),
            commit_fails,
            commit_unheard,
            no_token,
            faults,
            slowest_draft: *luck.pick(&[200, 3_000, 11_000, 90_000]),
            lively: [4 + luck.below(20) as u32, 30 + luck.below(100) as u32, 2 + luck.below(10) as u32],
        }
    }
}

/// A happening in one line.
fn line_of(happening: &Happening) -> String {
    match happening {
        Happening::Entry { conversation, case, entry } => {
            format!("entry {conversation:?} case {case:?} {} by {} {}", entry.kind, entry.actor, entry.payload)
        }
        other => format!("{other:?}"),
    }
}
