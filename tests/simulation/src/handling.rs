//! What the world said, handled in one unit each, as `aijia::worker` does.

use std::sync::Arc;

use serde_json::json;

use crate::case::{Decision, Event, State, Tap};
use crate::clock::Timestamp;
use crate::evidence::{Actor, Entry, Kind};
use crate::happening::{Happening, WireId};
use crate::judging;
use crate::platform::Said;
use crate::platform::{QUOTA, WINDOW};
use crate::policy;
use crate::shop::PEOPLE;
use crate::store::{Act, Message, SendState, Store};

impl Store {
    /// Something happened in a conversation.
    pub fn customer_did(&mut self, talk: usize, place: usize, what: &Said, at: Timestamp, now: Timestamp) {
        let known = self.conversations[talk].messages.iter().any(|m| m.wire == Some(place));
        match what {
            Said::Words(_) | Said::Servicer(_) if known => {}
            Said::Words(text) => self.customer_said(talk, place, text, at, now),
            Said::Recalled(of) => self.recalled(talk, *of, now),
            Said::Servicer(person) => {
                let case = self.open_case(talk).unwrap_or_else(|| self.open_new(talk, now));
                self.add(talk, Some(place), "", true);
                let _ = self.apply(case, &Event::ServicerActive { who: PEOPLE[*person].into() }, now);
            }
            Said::Ended => {
                if let Some(case) = self.open_case(talk) {
                    let _ = self.apply(case, &Event::SessionEnded, now);
                }
            }
            Said::NotDelivered(id) => self.not_delivered(talk, id, now),
        }
    }

    fn customer_said(&mut self, talk: usize, place: usize, text: &str, at: Timestamp, now: Timestamp) {
        let (adds_nothing, wants_person) = (policy::adds_nothing(text), policy::wants_person(text));
        let case = self.open_case(talk).unwrap_or_else(|| self.open_new(talk, now));
        let open = &mut self.conversations[talk];
        open.window_ends_at = open.window_ends_at.max(at + WINDOW);
        open.quota_left = QUOTA;
        let seq = self.add(talk, Some(place), text, false);
        let event = Event::CustomerSaid { seq, at, adds_nothing, wants_person, text: text.to_owned() };
        let _ = self.apply(case, &event, now);
    }

    /// Adds a message; its number.
    pub fn add(&mut self, talk: usize, wire: Option<usize>, text: &str, answered: bool) -> i64 {
        let open = &mut self.conversations[talk];
        open.last_seq += 1;
        let seq = open.last_seq;
        open.messages.push(Message { wire, seq, text: text.to_owned(), recalled: false, answered });
        seq
    }

    /// The words disappear, from the record too.
    fn recalled(&mut self, talk: usize, of: usize, now: Timestamp) {
        let mut messages = self.conversations[talk].messages.iter_mut();
        let Some(message) = messages.find(|m| m.wire == Some(of) && !m.recalled) else { return };
        message.recalled = true;
        message.text.clear();
        let seq = message.seq;
        self.erase(talk, seq, now);
        let anything_left = self.unanswered(talk).next().is_some();
        if let Some(case) = self.open_case(talk) {
            let _ = self.apply(case, &Event::CustomerRecalled { seq, anything_left }, now);
        }
    }

    fn erase(&mut self, talk: usize, seq: i64, now: Timestamp) {
        let said = format!("\"seq\":{seq},");
        let tells = |stored: &&mut crate::evidence::StoredRecord| {
            stored.record.kind == Kind::CustomerSaid
                && stored.content.as_ref().is_some_and(|content| content.payload.contains(&said))
        };
        let Some(stored) = self.chains[talk].iter_mut().find(tells) else { return };
        stored.content = None;
        let entry = Entry::erased(Actor::Customer, &[stored.record.seq], "the customer took the message back");
        self.record(Some(talk), None, entry, now);
    }

    fn not_delivered(&mut self, talk: usize, id: &WireId, now: Timestamp) {
        let Some(send) = self.sends.get_mut(id) else { return };
        send.state = SendState::Failed;
        let (case, settled) = (send.case, send.resolved);
        let busy_with = self.open_case(talk);
        let event = Event::NotDelivered { msgid: id.clone(), fail_type: 10 };
        if !settled && busy_with.is_none_or(|busy| busy == case) && self.apply(case, &event, now).is_ok() {
            return;
        }
        let entry = Entry { kind: Kind::DeliveryFailed, actor: Actor::System, payload: json!({ "msgid": id }) };
        self.record(Some(talk), Some(case), entry, now);
    }

    /// A colleague did something.
    pub fn member_did(&mut self, no: u64, person: usize, act: &Act, now: Timestamp) {
        self.happened.push(Happening::Handled { no });
        let by = PEOPLE[person];
        match act {
            Act::Decide { case, version, code, decision } => {
                let decision = self.judged(*case, decision);
                let tap = Tap { person: by.into(), version: *version, code: code.clone(), decision };
                let _ = self.apply(*case, &Event::Tapped(tap), now);
            }
            Act::Pause(scope) => self.pause(by, *scope, now),
            Act::Resume(scope) => self.resume(by, *scope, now),
            Act::Duty(on) => {
                let off_duty = Arc::make_mut(&mut self.off_duty);
                let _ = if *on { off_duty.remove(by) } else { off_duty.insert(by.into()) };
                let entry = Entry {
                    kind: Kind::DutyChanged,
                    actor: Actor::Person(by.into()),
                    payload: json!({ "on_duty": on }),
                };
                self.record(None, None, entry, now);
            }
        }
    }

    /// A person's words are judged when they come in.
    fn judged(&self, case: usize, decision: &Decision) -> Decision {
        match decision {
            Decision::Edit { parts, .. } => {
                let talk = self.talk_of[case];
                let texts: Vec<String> = self.unanswered(talk).map(|m| m.text.clone()).collect();
                Decision::Edit { parts: parts.clone(), verdict: judging::judge(self, talk, &texts, parts, true) }
            }
            other => other.clone(),
        }
    }

    /// Another policy comes into force.
    pub fn change_policy(&mut self, to: &str, now: Timestamp) {
        self.policy = to.into();
        let payload = json!({ "policy": to });
        self.record(None, None, Entry { kind: Kind::ConfigApplied, actor: Actor::System, payload }, now);
        for case in 0..self.cases.len() {
            if matches!(self.cases[case].state, State::AwaitingReview(_) | State::Sending(_)) {
                let (lane, job) = (crate::store::Lane::Due(case), crate::store::Job::PolicyChanged { case });
                self.enqueue(crate::store::Door::Outbox, lane, job, now);
            }
        }
    }
}
