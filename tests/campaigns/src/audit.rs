//! The auditor: joins the platform's ledger and phones with the exported evidence, both ways, and counts what must not
//! be. It knows nothing of the program's tables.

mod pauses;
mod sends;
pub mod taps;

pub use sends::message_id;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aijia::evidence::Kind;
use simulator::{LedgerRow, Simulator};

use crate::drain::Reading;
use crate::evidence::{Entry, Evidence};
use crate::reviewers::keys;
use crate::robots::Written;
use crate::shop::{Shop, number_in};

/// What an audit found. Each list should be empty; a line names one finding.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Messages written.
    pub messages: usize,
    /// Messages whose page the program's cursor has passed.
    pub acknowledged: usize,
    /// Requests to a customer that reached the platform.
    pub requests: usize,
    /// Of them, accepted.
    pub accepted: usize,
    /// Cases on record.
    pub cases: usize,
    /// Sends with an unknown outcome.
    pub unknowns: usize,
    /// Pauses that were acknowledged.
    pub pauses: usize,
    /// Messages that are in no entry.
    pub lost: Vec<String>,
    /// Messages with more than one effect.
    pub extra: Vec<String>,
    /// Sends that the platform accepted twice, or for the same authority twice.
    pub duplicates: Vec<String>,
    /// Requests without an authority and claim recorded before, or with other bytes or another recipient.
    pub unauthorised: Vec<String>,
    /// Requests after the acknowledgement of a pause that did not name them.
    pub after_pause: Vec<String>,
    /// Cases that are open and on nobody's phone.
    pub forgotten: Vec<String>,
    /// Entries without what they tell, requests without an outcome, chains that do not verify.
    pub incomplete: Vec<String>,
}

impl Findings {
    /// Everything that must not be, with the name of its kind.
    pub fn violations(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let kinds = [
            ("lost", &self.lost),
            ("extra effect", &self.extra),
            ("duplicate", &self.duplicates),
            ("unauthorised", &self.unauthorised),
            ("after pause", &self.after_pause),
            ("forgotten", &self.forgotten),
            ("incomplete", &self.incomplete),
        ];
        kinds.into_iter().flat_map(|(name, found)| found.iter().map(move |line| (name, line)))
    }

    /// Whether there is nothing that must not be.
    pub fn clean(&self) -> bool {
        self.violations().next().is_none()
    }

    /// Adds what another audit found.
    pub fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.acknowledged += other.acknowledged;
        self.requests += other.requests;
        self.accepted += other.accepted;
        self.cases += other.cases;
        self.unknowns += other.unknowns;
        self.pauses += other.pauses;
        self.lost.extend(other.lost);
        self.extra.extend(other.extra);
        self.duplicates.extend(other.duplicates);
        self.unauthorised.extend(other.unauthorised);
        self.after_pause.extend(other.after_pause);
        self.forgotten.extend(other.forgotten);
        self.incomplete.extend(other.incomplete);
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "messages={} sends={} cases={} unknowns={} pauses={} lost={} extra={} duplicates={} unauthorised={} \
             after_pause={} forgotten={} incomplete={}",
            self.messages,
            self.accepted,
            self.cases,
            self.unknowns,
            self.pauses,
            self.lost.len(),
            self.extra.len(),
            self.duplicates.len(),
            self.unauthorised.len(),
            self.after_pause.len(),
            self.forgotten.len(),
            self.incomplete.len()
        )
    }
}

/// How far the desk is when it is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Everything written was read and answered, or lies on somebody's phone: every message has to be on record.
    Drained,
    /// In the middle of it: what was acknowledged has to be on record.
    Underway,
}

/// Audits a world.
pub fn audit(sim: &Simulator, shop: &Shop, evidence: &Evidence, written: &[Written], moment: Moment) -> Findings {
    let mut findings = by_ledger(&sim.ledger(), shop, evidence, written, moment);
    if moment == Moment::Drained {
        findings.forgotten = forgotten(sim, shop, evidence);
    }
    findings
}

/// Audits by these rows of the ledger alone, without a look at the phones.
pub fn by_ledger(
    ledger: &[LedgerRow],
    shop: &Shop,
    evidence: &Evidence,
    written: &[Written],
    moment: Moment,
) -> Findings {
    let mut findings = Findings { messages: written.len(), incomplete: evidence.broken.clone(), ..Findings::default() };
    let mut reading = Reading::default();
    reading.read(ledger);
    findings.acknowledged = reading.passed.len();
    let heard = heard(evidence);
    for message in written {
        let count = heard.get(&message.number).map_or(0, Vec::len);
        let owed = moment == Moment::Drained || reading.passed.contains(&message.number);
        if count == 0 && owed {
            findings.lost.push(format!("message {} of {}", message.number, message.customer));
        }
        if count > 1 {
            findings.extra.push(format!("message {} is {count} times on record", message.number));
        }
    }
    let customers = customers_of_chains(&heard, written);
    sends::judge(ledger, evidence, &customers, moment, &mut findings);
    pauses::judge(ledger, evidence, shop, &mut findings);
    findings.cases = evidence.of(Kind::CaseOpened).count();
    findings
}

/// The entries that tell of each message.
fn heard(evidence: &Evidence) -> BTreeMap<u64, Vec<&Entry>> {
    let mut heard: BTreeMap<u64, Vec<&Entry>> = BTreeMap::new();
    for entry in evidence.of(Kind::CustomerSaid) {
        if let Some(number) = entry.payload["text"].as_str().and_then(number_in) {
            heard.entry(number).or_default().push(entry);
        }
    }
    heard
}

/// Whose chain each one is, and on which account: by who wrote what is in it.
fn customers_of_chains<'a>(
    heard: &BTreeMap<u64, Vec<&'a Entry>>,
    written: &'a [Written],
) -> BTreeMap<&'a str, (&'a str, &'a str)> {
    let by_number: BTreeMap<u64, &Written> = written.iter().map(|message| (message.number, message)).collect();
    let of = |(number, entries): (&u64, &Vec<&'a Entry>)| {
        let message = by_number.get(number)?;
        Some((entries.first()?.chain.as_str(), (message.customer.as_str(), message.account.as_str())))
    };
    heard.iter().filter_map(of).collect()
}

/// Cases that are open, with no person, and on nobody's phone.
fn forgotten(sim: &Simulator, shop: &Shop, evidence: &Evidence) -> Vec<String> {
    let mut open: BTreeMap<&str, i64> = BTreeMap::new();
    let mut with_person: BTreeSet<&str> = BTreeSet::new();
    for entry in &evidence.entries {
        let Some(case) = entry.case.as_deref() else { continue };
        match entry.kind {
            Kind::CaseOpened => drop(open.insert(case, entry.payload["number"].as_i64().unwrap_or(0))),
            Kind::CaseClosed => drop(open.remove(case)),
            Kind::TakenOver | Kind::ServicerTyped => drop(with_person.insert(case)),
            Kind::GivenBack => drop(with_person.remove(case)),
            _ => {}
        }
    }
    let shown: BTreeSet<i64> = shop
        .everybody()
        .iter()
        .flat_map(|member| sim.open_cards(member))
        .flat_map(|item| item.card.map(|card| keys(&card)).unwrap_or_default())
        .map(|key| key.case)
        .collect();
    let nobodys = open.into_iter().filter(|(case, number)| !with_person.contains(case) && !shown.contains(number));
    nobodys.map(|(case, number)| format!("case {number} ({case}) is open and on no phone")).collect()
}
