//! What is known about one tab: what it may touch, what it asked for, what got in its way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use crate::reach::{Barred, Reach, Request, Use, Verdict};
use crate::recipe::Shown;

/// Most requests that are written down for a tab; more are counted.
const MOST_ASKED: usize = 300;
/// Most of what a person shows that is written down.
const MOST_SHOWN: usize = 1_000;
/// Longest address that is written down, in characters.
const LONGEST_ADDRESS: usize = 500;

/// A request of a page, and what became of it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, …; for what a page wanted to open, its kind (`page`, `service_worker`).
    pub method: String,
    /// Where to, cut after 500 characters.
    pub url: String,
    /// Why it was stopped; nothing where it left.
    pub barred: Option<Barred>,
}

/// Whether a request leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    Out,
    Stopped,
    /// The approved write.
    Once,
}

/// What a tab may touch.
#[derive(Debug, Default)]
pub(crate) enum Rule {
    /// Nothing.
    #[default]
    Nothing,
    /// What a recipe names.
    Recipe(Box<Reach>),
    /// These origins, however: a person is signing in.
    Person(Vec<String>),
    /// Whatever only reads of this origin, and scripts' POSTs to these paths: a person shows a path.
    Shown {
        /// The origin.
        origin: String,
        /// The paths.
        asks: Vec<String>,
    },
}

/// Something in the way of going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// The page opened a box of the browser's: its kind.
    Dialog(String),
    /// The tab or the browser ended.
    Ended,
    /// A connection was opened that nobody can look into.
    Tainted(String),
}

/// Where the one write of a submit is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gate {
    /// No write may leave.
    #[default]
    Shut,
    /// The approved one may.
    Open,
    /// It left, under this network id.
    Left(String),
    /// It was answered with this status.
    Answered(u16),
    /// It left, and nobody answered.
    Lost,
}

#[derive(Default)]
struct Seen {
    rule: Rule,
    gate: Gate,
    asked: Vec<Asked>,
    /// Requests that are not in `asked`.
    more: usize,
    /// The document that was committed, and the one that was loaded completely.
    committed: Option<String>,
    loaded: Option<String>,
    /// The network id and the status of the tab's own document.
    document: String,
    status: Option<u16>,
    /// The last address that the tab as a whole wanted to go to and was not let.
    strayed: Option<String>,
    disturbance: Option<Disturbance>,
    /// What a person showed.
    shown: Vec<Shown>,
}

/// One tab.
pub(crate) struct Watch {
    target: String,
    session: String,
    seen: Mutex<Seen>,
    changed: Notify,
}

impl Watch {
    pub(crate) fn new(target: &str, session: &str) -> Watch {
        let (target, session) = (target.to_owned(), session.to_owned());
        Watch { target, session, seen: Mutex::default(), changed: Notify::new() }
    }

    /// Its target; also the id of its main frame.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Its DevTools session.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.changed.notify_waiters();
    }

    /// What it may touch from now on.
    pub(crate) fn rule(&self, rule: Rule) {
        self.note(|seen| seen.rule = rule);
    }

    /// The approved write may leave, once.
    pub(crate) fn open_gate(&self) {
        self.note(|seen| seen.gate = Gate::Open);
    }

    /// No write may leave any more. Gives what became of the one that could.
    pub(crate) fn shut_gate(&self) -> Gate {
        let mut seen = self.seen();
        if seen.gate == Gate::Open {
            seen.gate = Gate::Shut;
        }
        seen.gate.clone()
    }

    /// Decides about a request, and writes it down.
    pub(crate) fn judge(&self, request: &Request<'_>, network: &str) -> Leave {
        let mut seen = self.seen();
        if matches!(request.url.scheme(), "data" | "blob") && request.used != Use::Document {
            return Leave::Out;
        }
        let verdict = match &seen.rule {
            Rule::Nothing => Verdict::Barred(Barred::Place),
            Rule::Recipe(reach) => reach.judge(request, seen.gate != Gate::Shut),
            Rule::Person(origins) if origins.contains(&request.url.origin().ascii_serialization()) => Verdict::Allowed,
            Rule::Person(_) => Verdict::Barred(Barred::Place),
            Rule::Shown { origin, asks } => {
                let verdict = while_shown(request, origin, asks);
                seen.request_shown(request, verdict == Verdict::Allowed);
                verdict
            }
        };
        let verdict = match verdict {
            Verdict::TheWrite if seen.gate != Gate::Open => Verdict::Barred(Barred::Spent),
            other => other,
        };
        let barred = if let Verdict::Barred(barred) = verdict { Some(barred) } else { None };
        seen.write_down(request.method, request.url.as_str(), barred);
        match (request.used, barred) {
            (Use::Document, None) => {
                network.clone_into(&mut seen.document);
                seen.status = None;
            }
            (Use::Document, Some(_)) => seen.strayed = Some(request.url.to_string()),
            _ => {}
        }
        if verdict == Verdict::TheWrite {
            seen.gate = Gate::Left(network.to_owned());
        }
        drop(seen);
        self.changed.notify_waiters();
        match verdict {
            Verdict::Allowed => Leave::Out,
            Verdict::TheWrite => Leave::Once,
            Verdict::Barred(_) => Leave::Stopped,
        }
    }

    /// Writes down that something was stopped.
    pub(crate) fn stop(&self, method: &str, address: &str, barred: Barred) {
        self.seen().write_down(method, address, Some(barred));
    }

    pub(crate) fn committed(&self, loader: Option<&str>) {
        self.note(|seen| seen.committed = loader.map(str::to_owned));
    }

    pub(crate) fn loaded(&self, frame: Option<&str>, loader: Option<&str>) {
        if frame == Some(self.target.as_str()) {
            self.note(|seen| seen.loaded = loader.map(str::to_owned));
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, network: &str, status: Option<u64>) {
        let status = status.and_then(|status| u16::try_from(status).ok());
        self.note(|seen| {
            if seen.document == network {
                seen.status = status;
            }
            seen.settle(network, status.map_or(Gate::Lost, Gate::Answered));
        });
    }

    /// A request failed.
    pub(crate) fn failed(&self, network: &str) {
        self.note(|seen| seen.settle(network, Gate::Lost));
    }

    /// Whether the write left under this network id and is not settled.
    pub(crate) fn wrote(&self, network: &str) -> bool {
        self.seen().gate == Gate::Left(network.to_owned())
    }

    /// A person did something on a page, as `record.js` tells it. What it does not tell as it should is left out.
    pub(crate) fn told(&self, payload: &str) {
        if let Ok(shown) = serde_json::from_str(payload) {
            self.note(|seen| seen.show(shown));
        }
    }

    /// What a person showed so far.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.seen().shown.clone()
    }

    pub(crate) fn dialog(&self, kind: &str) {
        self.disturb(Disturbance::Dialog(kind.to_owned()));
    }

    pub(crate) fn tainted(&self, url: &str) {
        self.seen().write_down("CONNECT", url, Some(Barred::Connection));
        self.disturb(Disturbance::Tainted(url.to_owned()));
    }

    pub(crate) fn ended(&self) {
        self.disturb(Disturbance::Ended);
    }

    fn disturb(&self, disturbance: Disturbance) {
        self.note(|seen| {
            seen.disturbance.get_or_insert(disturbance);
        });
    }

    /// What got in the way, if anything has.
    pub(crate) fn disturbance(&self) -> Option<Disturbance> {
        self.seen().disturbance.clone()
    }

    /// The HTTP status of the tab's document; nothing before it is known.
    pub(crate) fn status(&self) -> Option<u16> {
        self.seen().status
    }

    /// The last address that the tab as a whole wanted to go to and was not let.
    pub(crate) fn strayed(&self) -> Option<String> {
        self.seen().strayed.clone()
    }

    /// The document that is shown.
    pub(crate) fn document(&self) -> Option<String> {
        self.seen().committed.clone()
    }

    /// Whether the document that is shown has loaded completely, and is not `before`.
    pub(crate) fn is_loaded_after(&self, before: Option<&str>) -> bool {
        let seen = self.seen();
        seen.committed.is_some() && seen.committed == seen.loaded && seen.committed.as_deref() != before
    }

    /// Where the write is.
    pub(crate) fn gate(&self) -> Gate {
        self.seen().gate.clone()
    }

    /// What was asked for so far, and how many requests more.
    pub(crate) fn asked(&self) -> (Vec<Asked>, usize) {
        let seen = self.seen();
        (seen.asked.clone(), seen.more)
    }

    /// Waits until `holds` does. Has to be given a limit by the caller.
    pub(crate) async fn until(&self, holds: impl Fn(&Watch) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // What changes between the look and the waiting is not missed.
            changed.as_mut().enable();
            if holds(self) {
                return;
            }
            changed.await;
        }
    }
}

/// What leaves while a person shows a path: nothing that writes, or may.
fn while_shown(request: &Request<'_>, origin: &str, asks: &[String]) -> Verdict {
    if request.upgrade || request.url.origin().ascii_serialization() != origin {
        return Verdict::Barred(Barred::Place);
    }
    let asked = request.used == Use::Ask && asks.iter().any(|path| path == request.url.path());
    match request.method {
        "GET" | "HEAD" => Verdict::Allowed,
        "POST" if asked => Verdict::Allowed,
        _ => Verdict::Barred(Barred::Method),
    }
}

impl Seen {
    fn show(&mut self, shown: Shown) {
        if self.shown.len() < MOST_SHOWN {
            self.shown.push(shown);
        }
    }

    /// A page asked for something while a person showed a path.
    fn request_shown(&mut self, request: &Request<'_>, left: bool) {
        let path = request.url.path().to_owned();
        let body = request.body.and_then(|body| String::from_utf8(body.to_vec()).ok());
        let method = request.method.to_owned();
        match (request.used, left) {
            (Use::Resource(kind), true) => self.show(Shown::Loaded { resource: kind, path }),
            (Use::Ask, left) => self.show(Shown::Asked { method, path, body, left }),
            (Use::Document, false) => self.show(Shown::HandedIn { method, path, body }),
            _ => {}
        }
    }

    /// The write is over, if this is it.
    fn settle(&mut self, network: &str, gate: Gate) {
        if self.gate == Gate::Left(network.to_owned()) {
            self.gate = gate;
        }
    }

    fn write_down(&mut self, method: &str, address: &str, barred: Option<Barred>) {
        if self.asked.len() >= MOST_ASKED {
            self.more += 1;
            return;
        }
        let url = address.chars().take(LONGEST_ADDRESS).collect();
        self.asked.push(Asked { method: method.to_owned(), url, barred });
    }
}
