//! Channels where reviewers take cases by turn: a case has one holder, nobody holds more than a few, and what waits
//! is given out by risk, then by age. Who gets a case is decided here; [`Roster`] says who is there.

use std::collections::{HashMap, HashSet};

use cards::Risk;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::step::{Step, Turn};
use super::{Case, Effect, Level, Outcome, Refusal, State, Why, human};
use crate::clock::{MINUTE, Timestamp};
use crate::desk::Dispatch;
use crate::evidence::{Actor, Kind};

/// Where a case stands on a channel that deals by turn; everywhere else nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InTurn {
    /// The reviewer who has it, also while it is drafted again for them.
    pub holder: Option<String>,
    /// Since when it is in reviewers' hands without a decision: its age in the queue.
    pub since: Option<Timestamp>,
    /// Who had it and let it pass, or rejected it, since the last decision.
    pub passed: Vec<String>,
}

impl Case {
    /// Whether the case waits for a reviewer to have room.
    pub fn waits(&self) -> bool {
        let InTurn { holder, since, .. } = &self.in_turn;
        holder.is_none() && since.is_some() && self.level() == Some(Level::Reviewers)
    }

    /// Its place among those that wait: the lowest is given out first, the oldest of equals before the others.
    pub fn queue_rank(&self) -> i64 {
        match self.draft().map(|draft| draft.verdict.risk) {
            Some(Risk::High | Risk::Abnormal) => 0,
            // What nobody has judged may be anything.
            Some(Risk::Medium) | None => 1,
            Some(Risk::Low) => 2,
        }
    }
}

/// Who is on duty where, and how many cases everybody holds.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    most: usize,
    on_duty: HashMap<String, Vec<String>>,
    held: HashMap<String, usize>,
}

impl Roster {
    /// Nobody on duty yet; everybody may hold `most` cases.
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Notes who is on duty on a channel that deals by turn.
    pub fn on_duty(&mut self, channel: &str, people: Vec<String>) {
        self.on_duty.insert(channel.into(), people);
    }

    /// Notes that a person holds `cases` more.
    pub fn holds(&mut self, person: &str, cases: usize) {
        *self.held.entry(person.into()).or_default() += cases;
    }

    /// Notes that a person holds one less.
    pub fn let_go(&mut self, person: &str) {
        if let Some(held) = self.held.get_mut(person) {
            *held = held.saturating_sub(1);
        }
    }

    /// Whether the channel deals by turn.
    pub fn deals(&self, channel: &str) -> bool {
        self.on_duty.contains_key(channel)
    }

    /// Whether a person is on duty on a channel.
    pub fn is_on_duty(&self, channel: &str, person: &str) -> bool {
        self.reviewers(channel).iter().any(|reviewer| reviewer == person)
    }

    /// Whether anybody on duty on the channel has not had the case.
    pub fn anybody_left(&self, channel: &str, passed: &[String]) -> bool {
        self.reviewers(channel).iter().any(|person| !passed.contains(person))
    }

    /// Whether anybody on duty on the channel can take a case.
    pub fn has_room(&self, channel: &str) -> bool {
        self.reviewers(channel).iter().any(|person| self.held_by(person) < self.most)
    }

    /// Who takes a case: of those on duty with room who have not had it, whoever holds least. Among equals the case's
    /// number decides, so that nobody is always the first.
    pub fn next(&self, case: &Case) -> Option<&str> {
        let people = self.reviewers(&case.channel);
        let first = usize::try_from(case.number).unwrap_or(0) % people.len().max(1);
        let in_turn = people[first..].iter().chain(&people[..first]);
        let can = |person: &&String| self.held_by(person) < self.most && !case.in_turn.passed.contains(person);
        in_turn.filter(can).min_by_key(|person| self.held_by(person)).map(String::as_str)
    }

    fn reviewers(&self, channel: &str) -> &[String] {
        self.on_duty.get(channel).map_or(&[], Vec::as_slice)
    }

    fn held_by(&self, person: &str) -> usize {
        self.held.get(person).copied().unwrap_or(0)
    }
}

impl Turn<'_> {
    pub(super) fn deals_by_turn(&self) -> bool {
        self.rules.channel.dispatch == Dispatch::Turn
    }

    /// The holder, while the case stays theirs: they are on duty, or are the one who acts.
    pub(super) fn keeper(&mut self) -> Option<String> {
        if !self.deals_by_turn() {
            return None;
        }
        let holder = self.case().in_turn.holder.clone()?;
        let acts = self.acting.as_deref() == Some(&holder);
        let there = self.rules.paused.is_none() && self.rules.holders(Level::Reviewers).contains(&holder);
        (acts || there).then_some(holder)
    }

    /// Whether a reviewer is left who can be asked; on duty, and without having let the case pass.
    pub(super) fn anybody_left(&mut self) -> bool {
        let on_duty: HashSet<String> = self.rules.holders(Level::Reviewers).into_iter().collect();
        let passed = &self.case().in_turn.passed;
        on_duty.iter().any(|person| !passed.contains(person))
    }

    /// The case stays with its holder, or waits for one.
    pub(super) fn ask_in_turn(&mut self) {
        let now = self.now;
        self.case().in_turn.since.get_or_insert(now);
        match self.keeper() {
            Some(person) => {
                self.effect(Effect::PostCard { person });
                self.remember_asked();
            }
            None => self.wait(),
        }
    }

    /// The case waits for somebody with room, until the next level is asked.
    fn wait(&mut self) {
        let minutes = Timestamp::from(self.rules.desk.desk.waiting_minutes);
        let now = self.now;
        let case = self.case();
        case.in_turn.holder = None;
        let since = *case.in_turn.since.get_or_insert(now);
        case.set_due((since + minutes * MINUTE).max(now + MINUTE));
        self.remember_asked();
    }

    /// The case is this person's now.
    fn give(&mut self, person: &str) {
        let due = self.rules.review_due(self.now);
        let case = self.case();
        case.in_turn.holder = Some(person.to_owned());
        case.set_due(due);
        if went_wrong(&case.state) {
            // Whoever goes on has to know what the customer has already read.
            self.effect(Effect::TellStory { person: person.to_owned() });
        }
        self.effect(Effect::PostCard { person: person.to_owned() });
        self.remember_asked();
    }

    fn record_dealt(&mut self, from: Option<&str>, to: Option<&str>) {
        self.record(Kind::Dealt, Actor::System, json!({ "from": from, "to": to }));
    }

    /// The holder is not there any more, or let the time pass: the next one gets the case, or it waits for one.
    fn pass_on(&mut self, from: &str, to: Option<&str>) {
        self.record_dealt(Some(from), to);
        self.settle_cards(Outcome::PassedOn { to: to.map(str::to_owned) });
        match to {
            Some(to) => self.give(to),
            None => self.wait(),
        }
    }

    /// Whoever does not have the case in reviewers' hands any more makes room; whatever waits is to be dealt.
    pub(super) fn mind_the_queue(&mut self) {
        let case = self.case();
        let with_reviewers = match &case.state {
            State::Drafting(_) => true,
            _ => case.level() == Some(Level::Reviewers),
        };
        if !with_reviewers {
            case.in_turn = InTurn::default();
        }
        let (holder, waits) = (case.in_turn.holder.clone(), case.waits());
        let made_room = self.before.in_turn.holder.is_some() && self.before.in_turn.holder != holder;
        if made_room || (waits && !self.before.waits()) {
            self.effect(Effect::Deal);
        }
    }
}

/// Whether a reply went out of which something may have arrived.
fn went_wrong(state: &State) -> bool {
    let sent = [Why::SendRefused, Why::NeverLeft, Why::NotDelivered];
    match state {
        State::Unknown(_) => true,
        State::NeedsPerson(stuck) => sent.contains(&stuck.why),
        _ => false,
    }
}

pub(super) fn dealt(mut turn: Turn, to: &str) -> Result<Step, Refusal> {
    let passed = turn.case().in_turn.passed.iter().any(|person| person == to);
    let there = turn.rules.holders(Level::Reviewers).iter().any(|person| person == to);
    let dealt = turn.deals_by_turn() && turn.rules.paused.is_none();
    if !dealt || !turn.case().waits() || passed || !there {
        return Err(Refusal::Overtaken);
    }
    turn.record_dealt(None, Some(to));
    turn.give(to);
    turn.done()
}

/// The holder cannot go on: off duty, paused, or without the right.
pub(super) fn put_back(mut turn: Turn, to: Option<&str>) -> Result<Step, Refusal> {
    let Some(holder) = turn.case().in_turn.holder.clone() else { return Err(Refusal::Overtaken) };
    let shown = turn.case().level() == Some(Level::Reviewers);
    if !shown || turn.editing() {
        return Err(Refusal::Overtaken);
    }
    if turn.deals_by_turn() {
        turn.pass_on(&holder, to);
    } else {
        turn.settle_cards(Outcome::Updated);
        turn.ask(Level::Reviewers);
    }
    turn.done()
}

/// Nobody on duty can be asked, or the channel does not deal by turn any more.
pub(super) fn undealt(mut turn: Turn) -> Result<Step, Refusal> {
    if !turn.case().waits() {
        return Err(Refusal::Overtaken);
    }
    if !turn.deals_by_turn() {
        turn.ask(Level::Reviewers);
        return turn.done();
    }
    if turn.anybody_left() {
        return Err(Refusal::Overtaken);
    }
    turn.record(Kind::Escalated, Actor::System, json!({ "nobody_on_duty": true }));
    human::raise(&mut turn, false);
    turn.done()
}

/// The holder's time is over. Whoever is writing a reply keeps the case until that ends.
pub(super) fn holder_expired(
    mut turn: Turn,
    holder: &str,
    due: Timestamp,
    next: Option<&str>,
) -> Result<Step, Refusal> {
    if let Some(until) = turn.rules.editing.filter(|until| *until > turn.now) {
        turn.case().set_due(until);
        turn.remember_asked();
        return turn.done();
    }
    turn.record(Kind::Expired, Actor::System, json!({ "due": due, "level": Level::Reviewers, "holder": holder }));
    turn.case().in_turn.passed.push(holder.to_owned());
    if turn.anybody_left() {
        turn.pass_on(holder, next);
    } else {
        turn.settle_cards(Outcome::Expired);
        human::raise(&mut turn, false);
    }
    turn.done()
}
