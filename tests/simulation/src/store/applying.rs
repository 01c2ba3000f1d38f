//! The only writer of cases, as `aijia::worker::apply`: decide, then keep the case, the record and what has to be done.

use std::sync::Arc;

use serde_json::json;

use super::{Door, Job, Lane, Store};
use crate::case::{
    Automation, Case, Drafting, Effect, Event, InTurn, Level, PausedBy, Refusal, Resolution, Rules, State, Step,
    Window, step,
};
use crate::clock::Timestamp;
use crate::evidence::{Actor, Entry, Kind};
use crate::platform::WINDOW;
use crate::shop::{NOTICE, PEOPLE};

impl Store {
    /// Lets an event happen to a case. A refusal changes nothing but the record.
    ///
    /// # Errors
    /// The refusal.
    pub fn apply(&mut self, case: usize, event: &Event, now: Timestamp) -> Result<(), Refusal> {
        let (desk, policy, off_duty) = (Arc::clone(&self.desk), Arc::clone(&self.policy), Arc::clone(&self.off_duty));
        let talk = self.talk_of[case];
        let open = &self.conversations[talk];
        self.cases[case].window = Window { ends_at: Some(open.window_ends_at), quota_left: Some(open.quota_left) };
        let known = &self.cases[case];
        let Some(channel) = desk.channel(&known.channel) else { return Err(Refusal::Overtaken) };
        let paused = self.covering(talk).map(|pause| PausedBy { person: pause.person.clone() });
        let open_now = self.open[open.channel].clone();
        let rules = Rules {
            desk: &desk,
            channel,
            policy: &policy,
            paused,
            turn: self.turn,
            off_duty: &off_duty,
            editing: None,
            next_holder: None,
            automation: Automation { open: &open_now, notice: NOTICE },
        };
        match step(known, event, &rules, now) {
            Ok(step) => {
                self.keep(case, step, now);
                Ok(())
            }
            Err(refusal) => {
                self.refuse(case, event, &refusal, now);
                Err(refusal)
            }
        }
    }

    fn keep(&mut self, case: usize, step: Step, now: Timestamp) {
        let talk = self.talk_of[case];
        let open = &mut self.conversations[talk];
        // This platform always ends its windows, and counts.
        let window = step.next.window;
        open.window_ends_at = window.ends_at.unwrap_or(Timestamp::MAX);
        open.quota_left = window.quota_left.unwrap_or(i64::MAX);
        // A late result of an older case must not hide the newer one.
        if !step.next.is_closed() {
            open.case = Some(case);
        }
        self.cases[case] = step.next;
        for entry in step.evidence {
            self.record(Some(talk), Some(case), entry, now);
        }
        for effect in &step.effects {
            self.plan(case, talk, effect, now);
        }
    }

    fn refuse(&mut self, case: usize, event: &Event, refusal: &Refusal, now: Timestamp) {
        let Event::Tapped(tap) = event else { return };
        let payload =
            json!({ "refusal": refusal, "act": tap.decision.act(), "version": tap.version, "code": tap.code });
        let entry = Entry { kind: Kind::Refused, actor: Actor::Person(tap.person.clone()), payload };
        self.record(Some(self.talk_of[case]), Some(case), entry, now);
    }

    /// Opens a case for what the customer says next.
    pub fn open_new(&mut self, talk: usize, now: Timestamp) -> usize {
        let (case, open) = (self.cases.len(), &self.conversations[talk]);
        let number = case as i64 + 1;
        let opened = Case {
            id: format!("case-{number}"),
            number,
            conversation: open.id.clone(),
            channel: self.desk.channels[open.channel].id.clone(),
            opened_at: now,
            follows: open.case.map(|case| self.cases[case].id.clone()),
            state: State::Drafting(Drafting { first_at: now, start_at: now, hint: None, before: None }),
            version: 0,
            generation: 0,
            watermark: open.last_seq,
            window: Window { ends_at: Some(open.window_ends_at), quota_left: Some(open.quota_left) },
            last_decision: None,
            least: Level::Reviewers,
            asked: None,
            doubtful: false,
            asker: None,
            in_turn: InTurn::default(),
        };
        let payload = json!({ "number": number, "follows": opened.follows, "channel": opened.channel });
        self.cases.push(opened);
        self.talk_of.push(talk);
        self.conversations[talk].case = Some(case);
        self.record(Some(talk), Some(case), Entry { kind: Kind::CaseOpened, actor: Actor::System, payload }, now);
        self.enqueue(Door::Outbox, Lane::Due(case), Job::WindowDeadline { case }, now + WINDOW);
        case
    }

    fn plan(&mut self, case: usize, talk: usize, effect: &Effect, now: Timestamp) {
        let (lane, job, due) = match effect {
            Effect::Draft { generation, at } => (Lane::Draft(case), Job::Draft { case, generation: *generation }, *at),
            Effect::PostCard { person } => {
                let Some(person) = PEOPLE.iter().position(|id| id == person) else { return };
                let version = self.cases[case].version;
                (Lane::To(person), Job::PostCard { case, person, version }, now)
            }
            Effect::ReviewDeadline { due } => (Lane::Due(case), Job::ReviewDeadline { case, due: *due }, *due),
            Effect::WindowDeadline { at } => (Lane::Due(case), Job::WindowDeadline { case }, *at),
            Effect::Send { part, at } => (Lane::Send(talk), Job::Send { case, part: *part }, *at),
            Effect::TransferSession { .. } => (Lane::Send(talk), Job::Transfer { case }, now),
            Effect::EndSession => (Lane::Send(talk), Job::EndSession { conversation: talk }, now),
            Effect::Answered { up_to } => {
                let messages = self.conversations[talk].messages.iter_mut();
                return messages.filter(|m| m.seq <= *up_to).for_each(|m| m.answered = true);
            }
            Effect::Resolve { msgid, how, .. } => {
                let send = self.sends.get_mut(msgid).filter(|_| *how != Resolution::Delivered);
                return send.into_iter().for_each(|send| send.resolved = true);
            }
            Effect::Alarm { say } => {
                let payload = json!({ "key": say.key, "args": say.args });
                return self.record(None, None, Entry { kind: Kind::Alarm, actor: Actor::System, payload }, now);
            }
            // Old cards stay on the phones, to be tapped too late; words to colleagues decide nothing.
            _ => return,
        };
        self.enqueue(Door::Outbox, lane, job, due);
    }
}
