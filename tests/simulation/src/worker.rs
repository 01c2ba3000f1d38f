//! The instances: each works rows and answers callbacks, one protocol step at a time, so that anything can happen
//! between any two steps. A step that loses its database or its lease gives up; the row's lease ends by itself.

mod sending;

use crate::case::{Event, PartResult, SessionOwner, State};
use crate::clock::{SECOND, Timestamp};
use crate::happening::{Happening, WireId};
use crate::judging::{self, Look};
use crate::mistake::{self, Mistake};
use crate::platform::{Answer, Asked, Card, NoAnswer, Ring};
use crate::shop::PEOPLE;
use crate::store::{Act, Door, Job, Lane, LeaseLost, Life, Row, Seen, Store};
use crate::world::World;

/// How long an instance may show no sign of life before the others take over what it had.
pub const GIVEN_UP: Timestamp = 15 * SECOND;
/// The polling net.
pub const POLL_EVERY: Timestamp = 10 * SECOND;
/// Messages in a page.
const PAGE: usize = 3;

/// One running program.
#[derive(Debug, Default)]
pub struct Instance {
    /// Which start it is; what a former one had is found by nobody but by its end.
    pub life: Life,
    /// Since when it shows no sign of life, though it may live.
    pub silent_since: Option<Timestamp>,
    /// It is dead until then.
    pub down_until: Timestamp,
    /// It stands still until then.
    pub frozen_until: Timestamp,
    /// It does not reach the database until then.
    pub cut_until: Timestamp,
    /// How far its clock is off.
    pub skew: Timestamp,
    /// What it is doing.
    pub tasks: Vec<Task>,
}

/// Something an instance is doing.
#[derive(Debug, Clone)]
pub enum Task {
    /// Reading an account.
    Read {
        /// Which.
        account: usize,
        /// The proof that it is ours.
        fence: u64,
        /// The page that was fetched, from and to.
        page: Option<(usize, usize)>,
    },
    /// Answering a callback.
    Callback {
        /// Which.
        no: u64,
        /// What it says.
        what: Ring,
        /// It is stored.
        stored: bool,
    },
    /// A decision from the review page, done before it is answered.
    Page {
        /// By whom.
        person: usize,
        /// What.
        act: Act,
        /// Its number.
        no: u64,
    },
    /// Working a claimed row.
    Row(Row, Stage),
}

/// How far the work on a row has come.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Claimed.
    Start,
    /// The drafter works.
    Drafting {
        /// On what.
        look: Look,
        /// Until when.
        until: Timestamp,
    },
    /// A send is claimed; nothing left yet.
    Claimed {
        /// Its id.
        id: WireId,
        /// When, by the machine's own steady clock.
        since: Timestamp,
        /// There is a token to send with.
        ready: bool,
        /// It may have left before: the request only asks what became of it.
        repeats: bool,
    },
    /// A send's request is under way.
    OnWire {
        /// Its id.
        id: WireId,
        /// The request.
        request: usize,
        /// When it was claimed, by the machine's own steady clock.
        since: Timestamp,
        /// It may have left before.
        repeats: bool,
        /// How often it may still be asked about.
        probes: u32,
    },
    /// A send's fate is known.
    Settle {
        /// Its id.
        id: WireId,
        /// The fate.
        result: PartResult,
    },
    /// Another request is under way.
    Asking {
        /// The request.
        request: usize,
    },
}

impl Task {
    /// The row it works on.
    pub(crate) fn row(&self) -> Option<u64> {
        match self {
            Self::Row(row, _) => Some(row.id),
            _ => None,
        }
    }
}

impl Instance {
    /// Whether it runs.
    pub fn runs(&self, now: Timestamp) -> bool {
        self.down_until <= now && self.frozen_until <= now
    }
}

impl World {
    /// Runs a unit of work and hears of its commit; nothing where the database is away, the lease is lost, or the
    /// answer to the commit is.
    pub(crate) fn unit<T>(
        &mut self,
        at: usize,
        work: impl FnOnce(&mut Store, Timestamp) -> Result<T, LeaseLost>,
    ) -> Option<T> {
        let instance = &self.instances[at];
        let now = self.now + instance.skew;
        if self.now < instance.cut_until || self.luck.permille(self.habits.commit_fails) {
            return None;
        }
        let done = work(&mut self.store, now).ok()?;
        if self.luck.permille(self.habits.commit_unheard) { None } else { Some(done) }
    }

    /// A unit that is a sign of life as well: whoever claims something must not be given up in the same moment.
    pub(crate) fn living_unit<T>(
        &mut self,
        at: usize,
        work: impl FnOnce(&mut Store, Timestamp) -> Result<T, LeaseLost>,
    ) -> Option<T> {
        let done = self.unit(at, work)?;
        self.instances[at].silent_since = None;
        Some(done)
    }

    /// Whether a task can go on now.
    pub(crate) fn can_go_on(&self, task: &Task) -> bool {
        match task {
            Task::Row(_, Stage::Drafting { until, .. }) => *until <= self.now,
            Task::Row(_, Stage::OnWire { request, .. } | Stage::Asking { request }) => {
                self.platform.answer(*request, self.now).is_some()
            }
            _ => true,
        }
    }

    /// When a task goes on by itself.
    pub(crate) fn goes_on_at(&self, task: &Task) -> Timestamp {
        match task {
            Task::Row(_, Stage::Drafting { until, .. }) => *until,
            Task::Row(_, Stage::OnWire { request, .. } | Stage::Asking { request }) => self.platform.known_at(*request),
            _ => self.now,
        }
    }

    /// Does the next step of a task.
    pub(crate) fn go_on(&mut self, at: usize, task: usize) {
        let task = self.instances[at].tasks.swap_remove(task);
        self.note(|| format!("instance {at} {}", told(&task)));
        let next = match task {
            Task::Read { account, fence, page: None } => self.fetch(at, account, fence),
            Task::Read { account, fence, page: Some(page) } => self.keep_page(at, account, fence, page),
            Task::Callback { no, what, stored } => self.answer_callback(at, no, what, stored),
            Task::Page { person, act, no } => {
                self.unit(at, |store, now| {
                    store.member_did(no, person, &act, now);
                    Ok(())
                });
                None
            }
            Task::Row(row, stage) => self.work(at, row, stage),
        };
        self.instances[at].tasks.extend(next);
    }

    /// Claims work; whether there was any.
    pub(crate) fn claim(&mut self, at: usize, limit: usize) -> bool {
        let life = self.instances[at].life;
        let rows = self.living_unit(at, |store, now| Ok(store.claim(life, now, limit))).unwrap_or_default();
        let any = !rows.is_empty();
        self.instances[at].tasks.extend(rows.into_iter().map(|row| Task::Row(row, Stage::Start)));
        any | self.claim_account(at)
    }

    /// Shows a sign of life, takes over from those who show none, and lets go of what it does not work on itself.
    pub(crate) fn beat(&mut self, at: usize) {
        let over: Vec<Life> = self.over().collect();
        let life = self.instances[at].life;
        let mine: Vec<u64> = self.instances[at].tasks.iter().filter_map(Task::row).collect();
        let reading = self.instances[at].tasks.iter().any(|task| matches!(task, Task::Read { .. }));
        self.living_unit(at, |store, _| {
            store.let_go(|owner| over.contains(&owner), |row| row.owner == Some(life) && !mine.contains(&row.id));
            let unread = |account: &&mut crate::store::Account| account.owner == Some(life) && !reading;
            store.accounts.iter_mut().filter(unread).for_each(|account| account.owner = None);
            Ok(())
        });
    }

    fn claim_account(&mut self, at: usize) -> bool {
        let life = self.instances[at].life;
        let Some(account) = self.account_to_read(self.now + self.instances[at].skew) else { return false };
        let claimed = self.living_unit(at, |store, now| {
            let claimed = &mut store.accounts[account];
            claimed.heard = claimed.rings;
            claimed.tried_at = now;
            claimed.owner = Some(life);
            claimed.fence += 1;
            Ok(Task::Read { account, fence: claimed.fence, page: None })
        });
        let any = claimed.is_some();
        self.instances[at].tasks.extend(claimed);
        any
    }

    fn fetch(&mut self, at: usize, account: usize, fence: u64) -> Option<Task> {
        if self.luck.permille(self.habits.weather.lost) {
            self.unit(at, |store, _| {
                let claimed = mine(store, account, fence)?;
                claimed.owner = None;
                claimed.heard = claimed.heard.saturating_sub(1);
                Ok(())
            });
            return None;
        }
        let from = self.store.accounts[account].cursor;
        let to = self.platform.feeds[account].len().min(from + PAGE);
        Some(Task::Read { account, fence, page: Some((from, to)) })
    }

    /// A page's messages and the cursor behind them commit together.
    fn keep_page(&mut self, at: usize, account: usize, fence: u64, (from, to): (usize, usize)) -> Option<Task> {
        let page = self.platform.feeds[account][from..to].to_vec();
        let more = to < self.platform.feeds[account].len();
        let early = mistake::made(Mistake::CursorBeforeMessages);
        let kept = self.unit(at, |store, now| {
            mine(store, account, fence)?;
            if early {
                advance(store, account, to);
                return Ok(());
            }
            keep(store, account, from, &page, now);
            advance(store, account, to);
            if !more {
                mine(store, account, fence)?.owner = None;
            }
            Ok(())
        });
        kept?;
        if early {
            self.unit(at, |store, now| {
                keep(store, account, from, &page, now);
                Ok(())
            });
        }
        more.then_some(Task::Read { account, fence, page: None })
    }

    fn answer_callback(&mut self, at: usize, no: u64, what: Ring, stored: bool) -> Option<Task> {
        if stored || mistake::made(Mistake::AckBeforeCommit) {
            let answered = self.platform.callbacks.iter_mut().filter(|callback| callback.no == no);
            answered.for_each(|callback| callback.acknowledged = true);
            if let Ring::Member { .. } = what {
                self.store.happened.push(Happening::Acknowledged { no });
            }
        }
        if stored {
            return None;
        }
        let kept = self.unit(at, |store, now| {
            match &what {
                Ring::Doorbell(account) => store.accounts[*account].rings += 1,
                Ring::Member { person, act } => {
                    let job = Job::Member { no, person: *person, act: act.clone() };
                    store.receive(Seen::Member(no), Lane::From(*person), job, now);
                }
            }
            Ok(())
        });
        kept.map(|()| Task::Callback { no, what, stored: true })
    }

    fn work(&mut self, at: usize, row: Row, stage: Stage) -> Option<Task> {
        match (row.job.clone(), stage) {
            (Job::Customer { .. } | Job::Member { .. }, _) => self.hear(at, &row),
            (Job::Draft { case, generation }, Stage::Start) => self.begin_draft(at, row, case, generation),
            (Job::Draft { case, .. }, Stage::Drafting { look, .. }) => self.end_draft(at, &row, case, &look),
            (Job::ReviewDeadline { case, due }, _) => self.happen(at, &row, case, &Event::ReviewExpired { due }),
            (Job::WindowDeadline { case }, _) => self.happen(at, &row, case, &Event::WindowEnded),
            (Job::PolicyChanged { case }, _) => self.happen(at, &row, case, &Event::PolicyChanged),
            (Job::Send { case, part }, stage) => self.send(at, row, (case, part), stage),
            (Job::PostCard { case, person, version }, Stage::Start) => self.post_card(at, row, case, person, version),
            (Job::Transfer { case }, Stage::Start) => {
                let conversation = self.store.talk_of[case];
                self.ask(row, Asked::Transfer { conversation })
            }
            (Job::EndSession { conversation }, Stage::Start) => self.ask(row, Asked::End { conversation }),
            (_, Stage::Asking { request }) => self.asked(at, &row, request),
            _ => None,
        }
    }

    fn hear(&mut self, at: usize, row: &Row) -> Option<Task> {
        self.unit(at, |store, now| {
            store.done(row)?;
            match &row.job {
                Job::Customer { conversation, place, what, at } => {
                    store.customer_did(*conversation, *place, what, *at, now);
                }
                Job::Member { no, person, act } => store.member_did(*no, *person, act, now),
                _ => {}
            }
            Ok(())
        });
        None
    }

    fn happen(&mut self, at: usize, row: &Row, case: usize, event: &Event) -> Option<Task> {
        self.unit(at, |store, now| {
            store.done(row)?;
            let _ = store.apply(case, event, now);
            Ok(())
        });
        None
    }

    fn begin_draft(&mut self, at: usize, row: Row, case: usize, generation: i64) -> Option<Task> {
        let known = &self.store.cases[case];
        if known.generation != generation || !matches!(known.state, State::Drafting(_)) {
            self.unit(at, |store, _| store.done(&row));
            return None;
        }
        let look = judging::look(&self.store, case, generation);
        let until = self.now + self.luck.span(50, self.habits.slowest_draft);
        Some(Task::Row(row, Stage::Drafting { look, until }))
    }

    fn end_draft(&mut self, at: usize, row: &Row, case: usize, look: &Look) -> Option<Task> {
        let drafted = judging::draft(&self.store, look, &mut self.luck);
        let event = Event::Drafted { generation: look.generation, drafted };
        self.happen(at, row, case, &event)
    }

    fn ask(&mut self, row: Row, asked: Asked) -> Option<Task> {
        let request = self.platform.ask(asked, &self.habits.weather, &mut self.luck, self.now);
        Some(Task::Row(row, Stage::Asking { request }))
    }

    fn post_card(&mut self, at: usize, row: Row, case: usize, person: usize, version: i64) -> Option<Task> {
        let known = &self.store.cases[case];
        if known.version != version || known.level().is_none() {
            self.unit(at, |store, _| store.done(&row));
            return None;
        }
        let doubt = matches!(known.state, State::Unknown(_));
        let waits = doubt || matches!(known.state, State::AwaitingReview(_));
        let parts = known.draft().filter(|_| waits).map_or_else(Vec::new, |draft| draft.parts.clone());
        let card = Card { person, case, version, code: known.code(), parts, doubt };
        self.ask(row, Asked::Card(card))
    }

    fn asked(&mut self, at: usize, row: &Row, request: usize) -> Option<Task> {
        let answer = self.platform.answer(request, self.now)?;
        let again = match answer {
            Ok(Answer::Refused(_)) => matches!(row.job, Job::PostCard { .. }),
            Ok(_) => false,
            Err(NoAnswer::NeverSent | NoAnswer::Unknown) => row.attempts < 4 || matches!(row.job, Job::PostCard { .. }),
        };
        let owner = match answer {
            Ok(Answer::Session(owner)) => owner,
            _ => SessionOwner::Bot,
        };
        self.unit(at, |store, now| {
            if again {
                return store.later(row, now);
            }
            store.done(row)?;
            if let Job::Transfer { case } = row.job {
                let _ = store.apply(case, &Event::SessionMoved { to: owner }, now);
            }
            Ok(())
        });
        None
    }
}

fn mine(store: &mut Store, account: usize, fence: u64) -> Result<&mut crate::store::Account, LeaseLost> {
    Some(&mut store.accounts[account])
        .filter(|claimed| claimed.fence == fence && claimed.owner.is_some())
        .ok_or(LeaseLost)
}

fn keep(store: &mut Store, account: usize, from: usize, page: &[crate::platform::Message], now: Timestamp) {
    for (place, message) in (from..).zip(page) {
        let (conversation, what) = (message.conversation, message.what.clone());
        let job = Job::Customer { conversation, place, what, at: message.at };
        store.receive(Seen::Customer(account, place), Lane::Customer(conversation), job, now);
    }
}

fn advance(store: &mut Store, account: usize, to: usize) {
    store.accounts[account].cursor = to;
    store.happened.push(Happening::CursorMoved { account, to });
}

/// A task in a few words, for the trace.
fn told(task: &Task) -> String {
    match task {
        Task::Read { account, page, .. } => format!("reads account {account}, page {page:?}"),
        Task::Callback { no, what, stored } => format!("answers callback {no} {what:?}, stored {stored}"),
        Task::Page { person, act, .. } => format!("serves the page to {}: {act:?}", PEOPLE[*person]),
        Task::Row(row, stage) => {
            let door = if row.door == Door::Inbox { "in" } else { "out" };
            format!("works {door} {} {:?} at {stage:?}", row.id, row.job)
        }
    }
}
