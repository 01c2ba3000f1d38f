//! A small world that carries out effects symbolically: jobs wait until they are due, the platform answers as luck has
//! it, and everything the core decides is watched by [`super::invariants`].

use std::collections::BTreeMap;

use channels::Spent;

use super::shapes::{self, InForce, QUOTA, REVIEWER, SUPERVISOR, WINDOW, failed, put_off};
use crate::case::properties::{Act, Luck};
use crate::case::{
    Author, Case, Decision, Draft, Drafted, Effect, Event, Part, PartResult, PausedBy, Refusal, SessionOwner, State,
    Tap, step,
};
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::desk::Role;
use crate::evidence::Entry;
use crate::policy::{Route, Verdict};

/// Work that waits in the world.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::case) enum Job {
    /// Drafting starts: what is in force now is what it will judge by.
    Look {
        generation: i64,
    },
    /// Drafting ends.
    Bring {
        generation: i64,
        policy: String,
    },
    ReviewDeadline {
        due: Timestamp,
    },
    WindowDeadline,
    Send {
        part: usize,
    },
    /// The platform's answer to a part that was let out.
    Answer {
        part: usize,
    },
    /// The answer to a part that had been given up.
    Late {
        msgid: String,
    },
    Transfer,
    PolicyChanged,
}

/// Something that was written down, in order.
#[derive(Debug, Clone)]
pub(super) enum Logged {
    Entry(Entry),
    Pause,
}

/// What the world saw of a part after it was claimed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claimed {
    pub(super) result: Option<PartResult>,
    /// The newest customer message at the claim.
    pub(super) seq: i64,
}

pub(in crate::case) struct World {
    pub(in crate::case) now: Timestamp,
    pub(in crate::case) case: Case,
    pub(super) in_force: InForce,
    pub(in crate::case) jobs: Vec<(Timestamp, Job)>,
    pub(super) log: Vec<Logged>,
    /// Drafts that were put before people, by version.
    pub(super) shown: BTreeMap<i64, Draft>,
    /// Claimed parts, by version and part.
    pub(super) claims: BTreeMap<(i64, usize), Claimed>,
    /// Everything that ever happened, for the figures of a run.
    pub(in crate::case) seen: Vec<String>,
    /// The customer asked for a person, and no person did anything since.
    pub(super) asked: bool,
    /// Sequence number of the customer's newest message.
    pub(super) seq: i64,
    /// When the platform stops accepting messages, by its own clock.
    pub(in crate::case) window_ends: Timestamp,
    /// Messages the platform still accepts, by its own count.
    pub(super) platform_quota: i64,
    /// The register's turns at which a pause was declared.
    pauses: Vec<i64>,
    policies: u32,
}

impl World {
    pub(in crate::case) fn new() -> Self {
        let now = shapes::SAID;
        let mut world = Self {
            now,
            case: shapes::opened(now),
            in_force: InForce::new(),
            jobs: vec![(now + WINDOW, Job::WindowDeadline)],
            log: Vec::new(),
            shown: BTreeMap::new(),
            claims: BTreeMap::new(),
            seen: Vec::new(),
            asked: false,
            seq: 0,
            window_ends: now,
            platform_quota: 0,
            pauses: Vec::new(),
            policies: 1,
        };
        world.say(false, false);
        world
    }

    pub(in crate::case) fn act(&mut self, act: &Act) {
        match act {
            Act::Next { luck } => self.next(*luck),
            Act::Work { pick, luck } => self.work(*pick, *luck),
            Act::Wait { by } => self.now += by,
            Act::Say { adds_nothing, wants_person } => self.say(*adds_nothing, *wants_person),
            Act::Recall { anything_left } => {
                self.happen(&Event::CustomerRecalled { seq: self.seq, anything_left: *anything_left });
            }
            Act::Tap { who, decision, older, code_right } => self.tap(*who, *decision, *older, *code_right),
            Act::Pause => self.pause(),
            Act::Blip => {
                self.pause();
                self.resume();
            }
            Act::Resume => self.resume(),
            Act::Policy => self.policy(),
            Act::Staff { whom: Some(whom), how } => self.staff(PEOPLE[*whom], *how),
            Act::Staff { whom: None, how } => self.staff_approver(*how),
            Act::Servicer { who } => self.happen(&Event::ServicerActive { who: PEOPLE[*who].into() }),
            Act::SessionEnded => self.happen(&Event::SessionEnded),
            Act::NotDelivered => {
                let msgid = shapes::lost(&self.case);
                self.happen(&Event::NotDelivered { msgid, fail_type: 10 });
            }
            Act::Claim { part } => self.claim(*part),
        }
    }

    /// Lets something happen to the case, checks what the core made of it, and keeps it.
    fn happen(&mut self, event: &Event) {
        let before = self.case.clone();
        match step(&before, event, &self.in_force.rules(), self.now) {
            Ok(step) => {
                for entry in &step.evidence {
                    self.check_entry(&before, &step.next, entry);
                    self.seen.push(entry.kind.as_str().into());
                    self.log.push(Logged::Entry(entry.clone()));
                }
                self.case = step.next;
                for effect in &step.effects {
                    self.plan(effect);
                }
                self.note(&before, event);
                self.check_step(&before, event, &step.evidence);
                self.seen.push(self.case.state.name().into());
            }
            Err(refusal) => self.refused(&before, event, &refusal),
        }
        self.check_pending();
    }

    fn refused(&mut self, before: &Case, event: &Event, refusal: &Refusal) {
        let lost = matches!(event, Event::CustomerSaid { .. }) && !before.is_closed();
        assert!(!lost, "a customer's message was refused in {:?}: {refusal:?}", before.state);
        self.seen.push(refusal.key().into());
    }

    /// What the world itself knows after a step.
    fn note(&mut self, before: &Case, event: &Event) {
        let by_person = matches!(self.case.state, State::HandedOver { .. } | State::Closed { .. });
        let acted = matches!(event, Event::Tapped(tap) if tap.decision != Decision::Escalate);
        self.asked &= !by_person && !acted;
        if let State::AwaitingReview(review) = &self.case.state {
            self.shown.entry(review.draft.version).or_insert_with(|| review.draft.clone());
        }
        if let State::Unknown(doubt) = &self.case.state {
            self.shown.entry(doubt.draft.version).or_insert_with(|| doubt.draft.clone());
        }
        if let (Event::Claim { part, .. }, State::Sending(sending)) = (event, &self.case.state)
            && sending.parts[*part] == Part::Claimed
        {
            let claimed = Claimed { result: None, seq: self.seq };
            let before = self.claims.insert((sending.draft.version, *part), claimed);
            let twice = before.filter(|b| !matches!(b.result, Some(PartResult::PutOff { .. })));
            assert_eq!(twice, None, "part {part} of version {} was claimed twice", sending.draft.version);
            self.platform_quota -= 1;
            self.jobs.push((self.now, Job::Answer { part: *part }));
        }
        if let (Event::Settled { part, result }, State::Sending(sending)) = (event, &before.state)
            && let Some(claimed) = self.claims.get_mut(&(sending.draft.version, *part))
        {
            claimed.result = Some(result.clone());
        }
    }

    fn plan(&mut self, effect: &Effect) {
        let job = match effect {
            Effect::Draft { generation, at } => (*at, Job::Look { generation: *generation }),
            Effect::ReviewDeadline { due } => (*due, Job::ReviewDeadline { due: *due }),
            Effect::WindowDeadline { at } => (*at, Job::WindowDeadline),
            Effect::Send { part, at } => (*at, Job::Send { part: *part }),
            Effect::TransferSession { .. } => (self.now, Job::Transfer),
            _ => return,
        };
        self.jobs.push(job);
    }

    /// Whether a job can be done now: sends and transfers of a conversation are done one after another.
    fn ready(&self, (due, job): &(Timestamp, Job)) -> bool {
        let in_flight = self.jobs.iter().any(|(_, job)| matches!(job, Job::Answer { .. }));
        let waits = in_flight && matches!(job, Job::Send { .. } | Job::Transfer);
        *due <= self.now && !waits
    }

    /// Moves the clock to the next job and does it.
    pub(in crate::case) fn next(&mut self, luck: Luck) {
        if let Some(due) = self.jobs.iter().map(|(due, _)| *due).min() {
            self.now = self.now.max(due);
        }
        self.work(0, luck);
    }

    fn work(&mut self, pick: usize, luck: Luck) {
        let mut ready: Vec<usize> = (0..self.jobs.len()).filter(|at| self.ready(&self.jobs[*at])).collect();
        ready.sort_by_key(|at| self.jobs[*at].0);
        let Some(at) = ready.get(pick % ready.len().max(1)) else { return };
        let (_, job) = self.jobs.remove(*at);
        self.perform(job, luck);
    }

    fn perform(&mut self, job: Job, luck: Luck) {
        match job {
            Job::Look { generation } => {
                let policy = self.in_force.policy.clone();
                let takes = Timestamp::from(luck.0) % 20 * SECOND;
                self.jobs.push((self.now + takes, Job::Bring { generation, policy }));
            }
            Job::Bring { generation, policy } => {
                let drafted = brought(generation, &policy, luck);
                self.happen(&Event::Drafted { generation, drafted });
            }
            Job::ReviewDeadline { due } => self.happen(&Event::ReviewExpired { due }),
            Job::WindowDeadline => self.happen(&Event::WindowEnded),
            Job::Send { part } => self.claim(part),
            Job::Answer { part } => self.answer(part, luck),
            Job::Late { msgid } => {
                let late = [PartResult::Accepted, failed(0), PartResult::Unknown];
                let result = late[usize::from(luck.0) % late.len()].clone();
                self.happen(&Event::SettledLate { msgid, part: 0, result });
            }
            Job::Transfer => self.happen(&Event::SessionMoved { to: SESSIONS[usize::from(luck.0) % SESSIONS.len()] }),
            Job::PolicyChanged => self.happen(&Event::PolicyChanged),
        }
    }

    fn claim(&mut self, part: usize) {
        let in_flight = self.jobs.iter().any(|(_, job)| matches!(job, Job::Answer { .. }));
        let State::Sending(sending) = &self.case.state else { return };
        if in_flight {
            return;
        }
        let paused_since_approval = self.pauses.iter().any(|turn| *turn > sending.authority.turn());
        self.happen(&Event::Claim { part, paused_since_approval });
    }

    fn answer(&mut self, part: usize, luck: Luck) {
        let result = FATES[usize::from(luck.0) % FATES.len()].clone();
        let claimed = self.claims.values().find(|claimed| claimed.result.is_none());
        let said_since = claimed.is_some_and(|claimed| claimed.seq != self.seq);
        match (&result, said_since) {
            (PartResult::Failed { spent: Some(Spent::Messages), .. }, false) => self.platform_quota = 0,
            (PartResult::Failed { spent: Some(Spent::Window), .. }, false) => {
                self.window_ends = self.window_ends.min(self.now)
            }
            (PartResult::Failed { .. } | PartResult::PutOff { .. }, false) => self.platform_quota += 1,
            _ => {}
        }
        self.happen(&Event::Settled { part, result });
        if let State::Unknown(doubt) = &self.case.state {
            let msgid = doubt.lost.msgid.clone();
            self.jobs.push((self.now + Timestamp::from(luck.0) * SECOND, Job::Late { msgid }));
        }
        // Whatever state the case is in, this request is over.
        for claimed in self.claims.values_mut().filter(|claimed| claimed.result.is_none()) {
            claimed.result = Some(PartResult::Unknown);
        }
    }

    fn say(&mut self, adds_nothing: bool, wants_person: bool) {
        if self.case.is_closed() {
            self.open_another();
        }
        self.seq += 1;
        self.window_ends = self.now + WINDOW;
        self.platform_quota = QUOTA;
        let text = format!("message {}", self.seq);
        self.asked |= wants_person;
        self.happen(&Event::CustomerSaid { seq: self.seq, at: self.now, adds_nothing, wants_person, text });
    }

    fn open_another(&mut self) {
        let number = self.case.number + 1;
        let follows = Some(self.case.id.clone());
        self.case = Case { number, id: format!("case-{number}"), follows, ..shapes::opened(self.now) };
        // A request of the old case may still be under way; its answer then finds no such case here.
        self.jobs = vec![(self.now + WINDOW, Job::WindowDeadline)];
        self.log.clear();
        self.shown.clear();
        self.claims.clear();
    }

    fn tap(&mut self, who: usize, decision: u8, older: i64, code_right: bool) {
        let version = (self.case.version - older).max(0);
        let code = match self.shown.get(&version) {
            _ if !code_right => "zzzz".into(),
            _ if older == 0 => self.case.code(),
            Some(draft) => draft.code(),
            None => String::new(),
        };
        let decision = self.decision(decision);
        self.happen(&Event::Tapped(Tap { person: PEOPLE[who].into(), version, code, decision }));
    }

    fn decision(&self, which: u8) -> Decision {
        let texts = |count: usize| (0..count).map(|n| marked(&format!("edited {n}"), &self.in_force.policy)).collect();
        let verdict = |route| shapes::verdict(route);
        match which {
            0..=9 => Decision::Send,
            10 => Decision::Edit { parts: texts(1), verdict: verdict(REVIEWER) },
            11 => Decision::Edit { parts: texts(3), verdict: verdict(SUPERVISOR) },
            12 => Decision::Edit { parts: vec![], verdict: verdict(REVIEWER) },
            13 => Decision::Rewrite(cards::Hint::Shorter),
            14 => shapes::reject(true),
            15 => shapes::reject(false),
            16 => Decision::Escalate,
            17 => Decision::TakeOver,
            20 | 21 => Decision::Delivered,
            22..=24 => Decision::SendAgain,
            25 => Decision::Drop,
            _ => Decision::GiveBack,
        }
    }

    fn pause(&mut self) {
        self.in_force.paused = Some(PausedBy { person: "chenjie".into() });
        self.in_force.turn += 1;
        self.pauses.push(self.in_force.turn);
        self.log.push(Logged::Pause);
    }

    fn resume(&mut self) {
        self.in_force.turn += 1;
        self.in_force.paused = None;
    }

    fn policy(&mut self) {
        self.policies += 1;
        self.in_force.policy = format!("p{}", self.policies);
        if matches!(self.case.state, State::AwaitingReview(_) | State::Sending(_)) {
            self.jobs.push((self.now, Job::PolicyChanged));
        }
    }

    fn staff_approver(&mut self, how: u8) {
        if let State::Sending(sending) = &self.case.state {
            let approver = sending.authority.approver().unwrap_or_default().to_owned();
            self.staff(&approver, how);
        }
    }

    fn staff(&mut self, id: &str, how: u8) {
        match how {
            0 => self.in_force.desk.people.retain(|person| person.id != id),
            1 => self.in_force.channel().permitted.retain(|permitted| permitted != id),
            2 => drop(self.in_force.off_duty.insert(id.into())),
            3 => {
                let person = self.in_force.desk.people.iter_mut().find(|person| person.id == id);
                person.into_iter().for_each(|person| person.roles = vec![Role::Reviewer]);
            }
            _ => {
                self.in_force.desk = shapes::desk();
                self.in_force.off_duty.clear();
            }
        }
    }
}

pub(super) const PEOPLE: [&str; 6] = ["lihua", "zhaoliu", "zhouba", "wangwu", "sunqi", "stranger"];
const SESSIONS: [SessionOwner; 4] = [SessionOwner::Person, SessionOwner::Pool, SessionOwner::Bot, SessionOwner::Bot];
const FATES: [PartResult; 11] = [
    PartResult::Accepted,
    PartResult::Accepted,
    PartResult::Accepted,
    PartResult::Accepted,
    failed(0),
    failed(40_096),
    failed(95_001),
    failed(95_002),
    put_off(45_009),
    PartResult::Unknown,
    PartResult::Unknown,
];

/// Words that tell by which policy they were judged.
fn marked(text: &str, policy: &str) -> String {
    format!("{text} [{policy}]")
}

fn brought(generation: i64, policy: &str, luck: Luck) -> Drafted {
    let draft = |route: Route, parts: usize| {
        let parts = (0..parts).map(|n| marked(&format!("drafted {generation}.{n}"), policy)).collect();
        let verdict: Verdict = shapes::verdict(route);
        let author = Author::Bot { drafter: "extractive".into(), no_model: None, examples: Vec::new() };
        Box::new(Draft { parts, author, verdict, policy: policy.to_owned(), ..shapes::proposal(&[], route) })
    };
    match luck.0 % 12 {
        0..=5 => Drafted::Reply(draft(REVIEWER, 1 + usize::from(luck.0 % 3))),
        6..=7 => Drafted::Reply(draft(SUPERVISOR, 1 + usize::from(luck.0 % 2))),
        8 => Drafted::Reply(draft(REVIEWER, 0)),
        9 => Drafted::HumanOnly(draft(Route::HumanOnly, 1)),
        10 => Drafted::NoAnswer(draft(if luck.0 % 24 == 10 { REVIEWER } else { SUPERVISOR }, 0)),
        _ => Drafted::Failed { why: "the model is away".into() },
    }
}

/// The longest a run may go on without the customer before every open case must have ended.
pub(in crate::case) const LAST: Timestamp = WINDOW + 61 * MINUTE;
