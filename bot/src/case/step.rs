//! The one function that decides, and what the parts of it share.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    Before, Case, Doubt, Drafting, Effect, Event, InTurn, Level, Outcome, Refusal, Review, State, Stuck, Voided, Why,
    customer, doubt, human, in_turn, sending,
};
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};
use crate::desk::{Channel, Desk, Mode, NoticeKind};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy;

/// What is in force while a step is decided.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// Everything configured.
    pub desk: &'a Desk,
    /// The case's channel.
    pub channel: &'a Channel,
    /// The policy version.
    pub policy: &'a str,
    /// The pause that covers the conversation, if any.
    pub paused: Option<PausedBy>,
    /// The pause register's turn.
    pub turn: i64,
    /// Ids of the people who are off duty on the channel.
    pub off_duty: &'a HashSet<String>,
    /// Until when the case's holder is writing a reply, if they are.
    pub editing: Option<Timestamp>,
    /// Which other reviewer has room for the case.
    pub next_holder: Option<&'a str>,
    /// What may leave by itself on the channel.
    pub automation: Automation<'a>,
}

/// What may leave by itself on a channel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Automation<'a> {
    /// The intents for which people opened it.
    pub open: &'a [policy::Intent],
    /// What stands under each message; nothing leaves without.
    pub notice: &'a str,
}

/// Whose name stands on a pause that nobody declared: the program's own.
pub const BY_ITSELF: &str = "system";

/// Who declared the pause that covers a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PausedBy {
    /// The person's id.
    pub person: String,
}

impl Rules<'_> {
    /// The people asked at `level`; reviewers only while on duty.
    pub fn holders(&self, level: Level) -> Vec<String> {
        match level {
            Level::Reviewers => self.reviewers_on_duty(),
            Level::EscalationOwner => self.channel.escalation_owner.iter().cloned().collect(),
        }
    }

    fn reviewers_on_duty(&self) -> Vec<String> {
        self.desk.reviewers_on_duty(self.channel, self.off_duty)
    }

    pub(super) fn review_due(&self, now: Timestamp) -> Timestamp {
        now + Timestamp::from(self.desk.desk.review_minutes) * MINUTE
    }

    pub(super) fn draft_start(&self, first_at: Timestamp, now: Timestamp) -> Timestamp {
        let quiet = now + Timestamp::from(self.desk.desk.quiet_seconds) * SECOND;
        let longest = first_at + Timestamp::from(self.desk.desk.quiet_at_most_seconds) * SECOND;
        quiet.min(longest).max(now)
    }
}

/// What a case becomes, what goes on record, and what has to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The case afterwards.
    pub next: Case,
    /// What goes on record, in order.
    pub evidence: Vec<Entry>,
    /// What has to be done, in order.
    pub effects: Vec<Effect>,
}

/// Decides what `event` makes of `case` under `rules` at `now`.
///
/// # Errors
/// A [`Refusal`] when the event changes nothing; the caller records it and tells the person why.
pub fn step(case: &Case, event: &Event, rules: &Rules, now: Timestamp) -> Result<Step, Refusal> {
    let turn = Turn {
        rules,
        now,
        before: case,
        acting: None,
        step: Step { next: case.clone(), evidence: Vec::new(), effects: Vec::new() },
    };
    match event {
        Event::CustomerSaid { .. } => customer::said(turn, event),
        Event::CustomerRecalled { seq, anything_left } => customer::recalled(turn, *seq, *anything_left),
        Event::Drafted { generation, drafted } => customer::drafted(turn, *generation, drafted),
        Event::Tapped(tap) => human::tapped(turn, tap),
        Event::ReviewExpired { due } => human::expired(turn, *due),
        Event::Dealt { to } => in_turn::dealt(turn, to),
        Event::PutBack { to } => in_turn::put_back(turn, to.as_deref()),
        Event::Undealt => in_turn::undealt(turn),
        Event::WindowEnded => customer::window_ended(turn),
        Event::PolicyChanged => customer::policy_changed(turn),
        Event::EvidenceStale { version } => customer::evidence_stale(turn, *version),
        Event::KnowledgeChanged => customer::knowledge_changed(turn),
        Event::ServicerActive { who } => human::servicer_active(turn, who),
        Event::SessionEnded => human::session_ended(turn),
        Event::SessionMoved { to } => human::session_moved(turn, *to),
        Event::Claim { part, paused_since_approval } => sending::claim(turn, *part, *paused_since_approval),
        Event::Settled { part, result } => sending::settled(turn, *part, result),
        Event::SettledLate { msgid, part, result } => doubt::settled_late(turn, msgid, *part, result),
        Event::Probe { part, paused_since_approval } => sending::probe(turn, *part, *paused_since_approval),
        Event::CustomerErased { by } => customer::erased(turn, by),
        Event::DeliveryUnknown { lost, text } => doubt::reported(turn, lost, text),
        Event::NotDelivered { msgid, fail_type } => sending::not_delivered(turn, msgid, *fail_type),
    }
}

/// A step while it is being decided.
pub(super) struct Turn<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) now: Timestamp,
    pub(super) before: &'a Case,
    /// Whoever decides, when somebody does.
    pub(super) acting: Option<String>,
    step: Step,
}

impl Turn<'_> {
    pub(super) fn case(&mut self) -> &mut Case {
        &mut self.step.next
    }

    /// The case as far as it is decided, to look at.
    pub(super) fn now_becoming(&self) -> &Case {
        &self.step.next
    }

    pub(super) fn done(mut self) -> Result<Step, Refusal> {
        self.mind_the_queue();
        Ok(self.step)
    }

    pub(super) fn record(&mut self, kind: Kind, actor: Actor, payload: Value) {
        self.step.evidence.push(Entry { kind, actor, payload });
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.step.effects.push(effect);
    }

    /// Looks for an answer again, from the beginning.
    pub(super) fn draft_anew(&mut self, start_at: Timestamp, wish: Option<(cards::Hint, Before)>) {
        let (hint, before) = wish.unzip();
        let now = self.now;
        let first_at = match &self.step.next.state {
            State::Drafting(drafting) => drafting.first_at,
            _ => now,
        };
        let case = self.case();
        case.generation += 1;
        case.state = State::Drafting(Drafting { first_at, start_at, hint, before });
        let generation = case.generation;
        self.effect(Effect::Draft { generation, at: start_at });
    }

    /// Shows the case to whoever `level` asks, with a fresh clock.
    pub(super) fn ask(&mut self, level: Level) {
        if level == Level::Reviewers && self.deals_by_turn() {
            return self.ask_in_turn();
        }
        self.case().in_turn = InTurn::default();
        for person in self.holders(level) {
            self.effect(Effect::PostCard { person });
        }
        self.remember_asked();
    }

    /// Whoever is asked now has until the case is due.
    pub(super) fn remember_asked(&mut self) {
        if let (Some(level), Some(due)) = (self.step.next.level(), self.step.next.due()) {
            self.case().asked = Some((level, due));
            self.effect(Effect::ReviewDeadline { due });
        }
    }

    /// Whether the holder is writing a reply right now.
    pub(super) fn editing(&self) -> bool {
        self.rules.editing.is_some_and(|until| until > self.now)
    }

    /// The lowest level, at or above `wanted`, at which somebody can be asked about this case.
    pub(super) fn staffed(&mut self, wanted: Level) -> Level {
        let in_turn = wanted == Level::Reviewers && self.deals_by_turn();
        match in_turn {
            true if self.keeper().is_some() || self.anybody_left() => Level::Reviewers,
            true => Level::EscalationOwner,
            false if wanted == Level::Reviewers && self.holders(wanted).is_empty() => Level::EscalationOwner,
            false => wanted,
        }
    }

    /// Who is asked, and until when. Whoever was being asked keeps their clock: a customer who goes on writing
    /// must not keep the next level from being asked.
    pub(super) fn asking(&mut self, wanted: Level) -> (Level, Timestamp) {
        self.asking_exactly(wanted.max(self.step.next.least))
    }

    /// The same, however strictly the case was judged.
    pub(super) fn asking_exactly(&mut self, wanted: Level) -> (Level, Timestamp) {
        let level = self.staffed(wanted);
        let fresh = self.rules.review_due(self.now);
        let running = self.step.next.asked.filter(|(asked, _)| *asked >= level);
        (level, running.map_or(fresh, |(_, due)| due.clamp(self.now + MINUTE, fresh.max(self.now + MINUTE))))
    }

    /// A person acted: whoever is asked next gets a fresh clock.
    pub(super) fn restart_clock(&mut self) {
        let case = self.case();
        case.asked = None;
        case.in_turn.since = None;
        case.in_turn.passed.clear();
    }

    /// What was judged once is never judged more lightly later.
    pub(super) fn hold_to(&mut self, verdict: &policy::Verdict) {
        let case = self.case();
        case.least = case.least.max(level_of(verdict));
    }

    /// Puts a draft before people, as a new version.
    pub(super) fn show(&mut self, mut draft: super::Draft, wanted: Level) {
        let (level, due) = self.asking(wanted);
        self.stamp(&mut draft);
        if let Some(at) = draft.stale_at().filter(|at| *at > self.now) {
            self.effect(Effect::EvidenceStale { version: draft.version, at });
        }
        self.case().state = State::AwaitingReview(Review { draft, level, due, overdue: false });
        self.ask(level);
    }

    /// Gives a draft its version and digest.
    pub(super) fn stamp(&mut self, draft: &mut super::Draft) {
        let policy = self.rules.policy.to_owned();
        let case = self.case();
        case.version += 1;
        draft.version = case.version;
        draft.watermark = case.watermark;
        draft.policy = policy;
        draft.digest = super::digest(&case.conversation, draft.version, draft.watermark, &draft.policy, &draft.parts);
    }

    /// Asks people to act where there is nothing to send.
    pub(super) fn stuck(&mut self, why: Why, draft: Option<super::Draft>, wanted: Level) {
        let (level, due) = self.asking(wanted);
        let case = self.case();
        // People see a new version even without a draft: old cards must not decide about a new situation.
        case.version += 1;
        case.state = State::NeedsPerson(Stuck { why, draft, level, due, overdue: false });
        self.ask(level);
        self.notice(if why == Why::AskedForPerson { NoticeKind::Handover } else { NoticeKind::Received });
    }

    /// Nothing is said by itself on a channel that only reads, nor where nothing can leave by itself.
    pub(super) fn notice(&mut self, kind: NoticeKind) {
        if self.rules.channel.mode != Mode::ReadOnly && !self.by_hand() {
            self.effect(Effect::Notice(kind));
        }
    }

    pub(super) fn settle_cards(&mut self, outcome: Outcome) {
        self.effect(Effect::SettleCards(outcome));
    }

    /// An authority ends before its bytes left: once, and only while there is something it could still let out.
    pub(super) fn void_authority(&mut self, why: Voided) {
        let sending = match &self.step.next.state {
            State::Sending(sending) => sending,
            State::Unknown(Doubt { by_hand: Some(sending), .. }) => &**sending,
            _ => return,
        };
        let spent = sending.parts.iter().all(|part| part.is_over());
        if spent || self.step.evidence.iter().any(|entry| entry.kind == Kind::AuthorityVoided) {
            return;
        }
        let payload = json!({ "why": why, "approval": sending.authority, "parts": sending.parts });
        self.record(Kind::AuthorityVoided, Actor::System, payload);
    }

    /// How long until a case nobody decides is raised again at the last level.
    pub(super) fn raise_again_at(&self) -> Timestamp {
        self.rules.review_due(self.now).max(self.now + HOUR)
    }
}

/// The level a verdict asks for.
pub(super) fn level_of(verdict: &policy::Verdict) -> Level {
    match verdict.route {
        policy::Route::Permit | policy::Route::Review(policy::Level::Reviewer) => Level::Reviewers,
        policy::Route::Review(policy::Level::Supervisor) | policy::Route::HumanOnly => Level::EscalationOwner,
    }
}
