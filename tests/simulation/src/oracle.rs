//! What must hold at every moment, whatever happened: read from the record and from what phones, customers and the
//! platform saw, never from the core's own state where the world can tell.

mod authority;
mod rest;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::case::Decision;
use crate::clock::Timestamp;
use crate::evidence::{Actor, Entry, Kind};
use crate::happening::{Happening, Press, Scope, WireId};
use crate::store::{Seen, Store};

/// What was counted over a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Messages customers wrote that our cursor passed.
    pub messages: usize,
    /// Decisions on phones and pages.
    pub taps: usize,
    /// Requests to customers.
    pub requests: usize,
    /// Messages the platform accepted.
    pub accepted: usize,
    /// Sends of which nobody knew whether they arrived.
    pub unknown: usize,
    /// Pauses.
    pub pauses: usize,
    /// Faults, kills included.
    pub faults: usize,
    /// Instances killed.
    pub kills: usize,
    /// Entries of the record, by kind, and refusals by reason.
    pub entries: BTreeMap<String, usize>,
}

impl Figures {
    /// Adds the figures of another run.
    pub fn add(&mut self, other: &Self) {
        let Self { messages, taps, requests, accepted, unknown, pauses, faults, kills, entries } = other;
        self.messages += messages;
        self.taps += taps;
        self.requests += requests;
        self.accepted += accepted;
        self.unknown += unknown;
        self.pauses += pauses;
        self.faults += faults;
        self.kills += kills;
        entries.iter().for_each(|(kind, count)| *self.entries.entry(kind.clone()).or_default() += count);
    }
}

/// Watches a run.
pub struct Oracle {
    /// What was counted.
    pub figures: Figures,
    talks: Vec<Talk>,
    pauses: Vec<Pause>,
    /// Channels on which what is routine may leave by itself, as the record says.
    open: BTreeSet<u64>,
    presses: Vec<Press>,
    acknowledged: BTreeSet<u64>,
    handled: BTreeSet<u64>,
    duplicate_known: bool,
    /// Counts what happened: the order of everything.
    order: u64,
}

/// What the record of one conversation says so far.
#[derive(Debug, Default)]
struct Talk {
    channel: usize,
    approvals: Vec<Approval>,
    /// Times of the customer's messages, which nobody shares.
    said: BTreeMap<Timestamp, usize>,
    newest_seq: i64,
    newest_said: u64,
    /// Decisions by case and version.
    decided: BTreeMap<(usize, i64), Kind>,
    /// The approval whose request began last.
    newest_sent: u64,
}

/// An approval or a permit, and what came of it.
#[derive(Debug)]
struct Approval {
    order: u64,
    case: usize,
    /// Who approved; none where the policy permitted it.
    person: Option<String>,
    digest: String,
    policy: String,
    parts: Vec<Leaving>,
    voided: bool,
}

/// A part of an approved reply on its way out.
#[derive(Debug)]
struct Leaving {
    body: String,
    id: Option<WireId>,
    claimed: Option<u64>,
    began: u32,
    accepted: bool,
    settled: Option<String>,
}

#[derive(Debug)]
struct Pause {
    order: u64,
    scope: Scope,
    in_flight: Vec<WireId>,
    lifted: bool,
}

impl Oracle {
    /// Nothing happened yet.
    pub fn new(store: &Store, duplicate_known: bool) -> Self {
        let talk = |open: &crate::store::Conversation| Talk { channel: open.channel, ..Talk::default() };
        Self {
            figures: Figures::default(),
            talks: store.conversations.iter().map(talk).collect(),
            pauses: Vec::new(),
            open: BTreeSet::new(),
            presses: Vec::new(),
            acknowledged: BTreeSet::new(),
            handled: BTreeSet::new(),
            duplicate_known,
            order: 0,
        }
    }

    /// Hears what happened, and checks that it may.
    pub fn hears(&mut self, happening: &Happening, store: &Store) {
        self.order += 1;
        match happening {
            Happening::Entry { conversation, case, entry } => self.entry(*conversation, *case, entry, store),
            Happening::RequestBegan { conversation, id, body } => self.request_began(*conversation, id, body),
            Happening::Accepted { conversation, id, body } => self.accepted(*conversation, id, body),
            Happening::Paused { scope, in_flight } => {
                self.figures.pauses += 1;
                let (order, scope, in_flight) = (self.order, *scope, in_flight.clone());
                self.pauses.push(Pause { order, scope, in_flight, lifted: false });
            }
            Happening::Lifted { scope, first, by } => self.lifted(*scope, first.as_deref(), by, store),
            Happening::CursorMoved { account, to } => Self::cursor_moved(*account, *to, store),
            Happening::Pressed(press) => {
                self.figures.taps += 1;
                self.presses.push(press.clone());
            }
            Happening::Acknowledged { no } => {
                assert!(store.seen.contains(&Seen::Member(*no)), "callback {no} was acknowledged before it was stored");
                self.acknowledged.insert(*no);
            }
            Happening::Handled { no } => {
                assert!(self.handled.insert(*no), "callback {no} had its effect twice");
            }
        }
    }

    /// What the cursor passed is stored.
    fn cursor_moved(account: usize, to: usize, store: &Store) {
        let lost = (0..to).rev().take(8).find(|place| !store.seen.contains(&Seen::Customer(account, *place)));
        assert_eq!(lost, None, "the cursor of account {account} passed a message that is not stored");
    }

    /// For everything it takes two people, one after the other.
    fn lifted(&mut self, scope: Scope, first: Option<&str>, by: &str, store: &Store) {
        let mut matching = self.pauses.iter_mut().filter(|pause| pause.scope == scope && !pause.lifted);
        let pause = matching.next().unwrap_or_else(|| panic!("{by} lifted what was not paused"));
        pause.lifted = true;
        assert!(scope != Scope::Everything || first.is_some_and(|first| first != by), "{by} resumed everything alone");
        assert!(store.desk.person(by).is_some(), "{by}, whom nobody knows, resumed");
    }

    fn entry(&mut self, talk: Option<usize>, case: Option<usize>, entry: &Entry, store: &Store) {
        *self.figures.entries.entry(entry.kind.as_str().into()).or_default() += 1;
        let (Some(talk), Some(case)) = (talk, case) else { return self.automated(entry) };
        match entry.kind {
            Kind::CustomerSaid => self.said(talk, entry),
            Kind::Decided => self.decided(talk, case, entry, store),
            Kind::Permitted => self.permitted(talk, case, entry, store),
            Kind::Edited => self.edited(talk, case, entry),
            Kind::Rejected => self.single_winner(talk, case, entry),
            Kind::SendClaimed => self.claimed(talk, case, entry, store),
            Kind::SendResolved => self.resolved(talk, case, entry),
            Kind::SendSettled => self.settled(talk, case, entry),
            Kind::DeliveryFailed => self.not_delivered(talk, entry),
            Kind::AuthorityVoided => self.voided(talk, entry),
            Kind::Refused => {
                let reason = entry.payload["refusal"]["refusal"].as_str().unwrap_or("not_permitted");
                *self.figures.entries.entry(format!("refused.{reason}")).or_default() += 1;
            }
            _ => {}
        }
    }

    fn automated(&mut self, entry: &Entry) {
        let channel = entry.payload["channel"].as_u64().unwrap_or_default();
        match entry.kind {
            Kind::AutomationOpened => drop(self.open.insert(channel)),
            Kind::AutomationClosed => drop(self.open.remove(&channel)),
            _ => {}
        }
    }

    /// A message has its effect once.
    fn said(&mut self, talk: usize, entry: &Entry) {
        self.figures.messages += 1;
        let talk = &mut self.talks[talk];
        let at = entry.payload["at"].as_i64().unwrap_or_default();
        let times = talk.said.entry(at).or_default();
        *times += 1;
        assert_eq!(*times, 1, "a message was processed twice: {}", entry.payload);
        talk.newest_seq = entry.payload["seq"].as_i64().unwrap_or_default();
        talk.newest_said = self.order;
    }

    /// At most one of approve, edit and reject per version. Who took over answers with an own text, about no version.
    fn single_winner(&mut self, talk: usize, case: usize, entry: &Entry) {
        let version = entry.payload["version"].as_i64().unwrap_or_default();
        let before = self.talks[talk].decided.insert((case, version), entry.kind);
        let answers = entry.kind == Kind::Edited && entry.payload["before"].is_null();
        // What did not arrive is sent again by the tap that says so.
        let again = entry.kind == Kind::Decided && before == Some(Kind::SendResolved);
        assert!(
            before.is_none() || answers || again,
            "version {version} of case {case} was decided twice: {before:?}, then {entry:?}"
        );
    }

    /// A person said what became of a part: what a card on their phone asked.
    fn resolved(&mut self, talk: usize, case: usize, entry: &Entry) {
        self.single_winner(talk, case, entry);
        let says = |press: &Press| matches!(press.decision, Decision::Delivered | Decision::SendAgain | Decision::Drop);
        assert!(self.pressed(case, entry, says).is_some(), "nobody said so: {entry:?}");
    }

    fn edited(&mut self, talk: usize, case: usize, entry: &Entry) {
        self.single_winner(talk, case, entry);
        let Some(after) = entry.payload.get("after") else { return };
        let wanted = |press: &Press| match &press.decision {
            Decision::Edit { parts, .. } => serde_json::json!(parts) == *after,
            _ => false,
        };
        assert!(self.pressed(case, entry, wanted).is_some(), "nobody wrote what was recorded: {entry:?}");
    }

    /// The press on a phone that an entry of a person tells of.
    fn pressed(&self, case: usize, entry: &Entry, wanted: impl Fn(&Press) -> bool) -> Option<&Press> {
        let Actor::Person(person) = &entry.actor else { panic!("decided by {}", entry.actor) };
        let version = entry.payload["version"].as_i64();
        let theirs = |press: &&Press| {
            press.person == *person && press.case == case && version == Some(press.version) && wanted(press)
        };
        self.presses.iter().rev().find(theirs)
    }
}

/// A list of texts in a payload.
fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
