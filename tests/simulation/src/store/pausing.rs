//! The pause register, with the rules of `aijia::chat`: pausing is easy, resuming everything takes two people.

use serde_json::json;

use super::{SendState, Store};
use crate::clock::{MINUTE, Timestamp};
use crate::desk::{Channel, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::happening::{Happening, Scope, WireId};
use crate::policy::{self, Power};

/// How long the first of two people's wish to resume stands.
const WISH_STANDS: Timestamp = 10 * MINUTE;

/// A pause, in force until lifted.
#[derive(Debug, Clone)]
pub struct Pause {
    /// What it covers.
    pub scope: Scope,
    /// Who declared it.
    pub person: String,
    /// The register's turn.
    pub turn: i64,
    /// Lifted.
    pub lifted: bool,
    wanted: Option<(String, Timestamp)>,
}

impl Store {
    /// The pause that covers a conversation now.
    pub fn covering(&self, conversation: usize) -> Option<&Pause> {
        let channel = self.conversations[conversation].channel;
        self.pauses.iter().find(|pause| !pause.lifted && pause.scope.covers(channel, conversation))
    }

    /// Whether a pause that covers a conversation was declared after the register's `turn`, lifted or not.
    pub fn covered_since(&self, conversation: usize, turn: i64) -> bool {
        let channel = self.conversations[conversation].channel;
        self.pauses.iter().any(|pause| pause.turn > turn && pause.scope.covers(channel, conversation))
    }

    /// The channel whose people may speak for a scope.
    fn speaks_for(&self, scope: Scope) -> Option<&Channel> {
        match scope {
            Scope::Everything => None,
            Scope::Channel(channel) => self.desk.channels.get(channel),
            Scope::Conversation(open) => self.desk.channels.get(self.conversations[open].channel),
        }
    }

    fn may(&self, person: &Person, power: Power, scope: Scope) -> bool {
        policy::may(person, power, self.speaks_for(scope)).is_ok()
    }

    /// Declares a pause, where the person may.
    pub fn pause(&mut self, by: &str, scope: Scope, now: Timestamp) {
        let power = match scope {
            Scope::Everything => Power::PauseEverything,
            Scope::Channel(_) => Power::PauseChannel,
            Scope::Conversation(_) => Power::PauseConversation,
        };
        let Some(person) = self.desk.person(by).filter(|person| self.may(person, power, scope)) else {
            return self.denied(by, now);
        };
        let person = person.id.clone();
        self.turn += 1;
        self.pauses.push(Pause { scope, person, turn: self.turn, lifted: false, wanted: None });
        let in_flight = self.in_flight(scope);
        self.record_act(scope, Kind::Paused, by, json!({ "in_flight": in_flight }), now);
        self.happened.push(Happening::Paused { scope, in_flight });
    }

    fn in_flight(&self, scope: Scope) -> Vec<WireId> {
        let covered = |open: usize| scope.covers(self.conversations[open].channel, open);
        self.sends
            .iter()
            .filter(|(_, send)| send.state == SendState::InFlight && covered(send.conversation))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Lifts the pauses of exactly this scope, or notes the wish where a second person has to agree.
    pub fn resume(&mut self, by: &str, scope: Scope, now: Timestamp) {
        let power = match scope {
            Scope::Everything => Power::ResumeEverything,
            Scope::Channel(_) => Power::ResumeChannel,
            Scope::Conversation(_) => Power::ResumeConversation,
        };
        if !self.desk.person(by).is_some_and(|person| self.may(person, power, scope)) {
            return self.denied(by, now);
        }
        let matching = |pause: &Pause| !pause.lifted && pause.scope == scope;
        let agreed = |pause: &Pause| {
            let wished = pause.wanted.as_ref().filter(|(_, at)| now - at <= WISH_STANDS);
            scope != Scope::Everything || wished.is_some_and(|(first, _)| first != by)
        };
        let mut pauses: Vec<Pause> = std::mem::take(&mut self.pauses);
        let lifts = pauses.iter().filter(|p| matching(p)).all(agreed);
        for pause in pauses.iter_mut().filter(|p| matching(p)) {
            if lifts {
                pause.lifted = true;
                self.turn += 1;
                let first = pause.wanted.as_ref().map(|(first, _)| first.clone());
                self.record_act(scope, Kind::Resumed, by, json!({ "first": first }), now);
                self.happened.push(Happening::Lifted { scope, first, by: by.to_owned() });
            } else {
                pause.wanted = Some((by.to_owned(), now));
                self.record_act(scope, Kind::ResumeWanted, by, json!({}), now);
            }
        }
        self.pauses = pauses;
    }

    fn denied(&mut self, by: &str, now: Timestamp) {
        self.record_act(Scope::Everything, Kind::Refused, by, json!({ "refusal": "not permitted" }), now);
    }

    fn record_act(&mut self, scope: Scope, kind: Kind, by: &str, payload: serde_json::Value, now: Timestamp) {
        let chain = match scope {
            Scope::Conversation(open) => Some(open),
            Scope::Everything | Scope::Channel(_) => None,
        };
        self.record(chain, None, Entry { kind, actor: Actor::Person(by.to_owned()), payload }, now);
    }
}
