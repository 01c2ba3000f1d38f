//! What may be decided by whom, and how risky an item is. Pure: text, figures and configuration come in, a verdict
//! comes out.
//!
//! [`judge`] weighs an item against the editable table of trigger words ([`Triggers`]) and against facts (confidence,
//! citations, the order's value, what the channel demands). The strictest finding wins and all of them are recorded. A
//! draft leaves without a person only where nothing was found and nothing holds it back ([`Hold`]).
//! [`may`] is the one table of who may do what, where. Configuration tightens what is here and never loosens it.

mod action;
mod claims;
mod contradiction;
mod fact;
mod forbidden;
mod gate;
mod intent;
mod language;
mod order;
mod plain;
mod power;
mod speech;
mod trigger;
mod triggers;

pub use action::{Given, NotOffered, PLACES, hands_in, offer, offers, power_to_approve, unknown_places};
pub use claims::{ClaimKind, Grounding, Grounds, Sources, Unfounded, check as check_claims, unfounded};
pub use contradiction::{Contradiction, Measure, Shown, contradictions};
pub use forbidden::{ForbiddenWord, Severity, WrittenBy};
pub use gate::{Circumstances, Hold, Identity, Paused, REPLY};
pub use intent::{Intent, intent_of, intents_of};
pub use language::{Language, language_of};
pub use order::{about_own_order, masked, order_number};
pub use power::{Denied, DeniedWhy, Power, may};
pub use speech::{adds_nothing, wants_person};
pub use trigger::Trigger;
pub use triggers::Triggers;

use cards::Risk;
use serde::{Deserialize, Serialize};

use crate::desk::{Channel, Policy};

/// What is judged: the customer's words, what would be answered, and what is known about both.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// The customer's texts since the last answer, newest last.
    pub customer: &'a [String],
    /// The parts of the reply; none when there is no draft.
    pub draft: Option<&'a [String]>,
    /// How sure the drafter is, 0 to 1.
    pub confidence: f64,
    /// Knowledge entries the draft rests on.
    pub citations: usize,
    /// What the customer wants.
    pub intent: Intent,
    /// How many times the customer came back in this conversation.
    pub turns: u32,
    /// Pictures, voices and files nobody has read yet.
    pub attachments: u32,
    /// How many others were read by a model: what they show or say is among the customer's words.
    pub readings: u32,
    /// Value of the order in question, in cents, when it is known.
    pub order_cents: Option<i64>,
    /// Whether everybody reads the reply.
    pub public: bool,
    /// What else decides whether it may leave by itself.
    pub circumstances: Circumstances<'a>,
}

/// What an item is judged by on one channel.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    policy: &'a Policy,
    triggers: &'a Triggers,
    channel: Option<&'a Channel>,
}

impl<'a> Rules<'a> {
    /// The desk's thresholds, the trigger words in force, and the channel unless it was removed.
    pub fn new(policy: &'a Policy, triggers: &'a Triggers, channel: Option<&'a Channel>) -> Self {
        Self { policy, triggers, channel }
    }
}

/// How an item was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who has to decide.
    pub route: Route,
    /// As high as the item's riskiest part.
    pub risk: Risk,
    /// Everything that was found, the table's rows first, in the order of the table.
    pub reasons: Vec<Reason>,
    /// What else keeps the draft from leaving without a person.
    #[serde(default)]
    pub holds: Vec<Hold>,
    /// Words in the reply that must not be said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<ForbiddenWord>,
}

impl Verdict {
    /// The locale keys of the reasons, each once, in the order they were found. Claims and contradictions are named by
    /// their words instead.
    pub fn reason_keys(&self) -> Vec<&'static str> {
        let mut keys = Vec::new();
        let by_their_words = [gate::CLAIM, gate::CONTRADICTION];
        let named = self.reasons.iter().filter(|reason| !by_their_words.contains(&reason.rule.as_str()));
        for key in named.map(Reason::key) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// The words of the tables that were found, each once; never a customer's or a draft's own.
    pub fn listed_words(&self) -> Vec<&str> {
        let quoted = [gate::CLAIM, gate::CONTRADICTION];
        let listed = self.reasons.iter().filter(|reason| !quoted.contains(&reason.rule.as_str()));
        let mut words: Vec<&str> = listed.flat_map(|reason| &reason.words).map(String::as_str).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// What the customer says, and what the back office shows instead.
    pub fn contradictions(&self) -> impl Iterator<Item = (&str, &str)> {
        let found = self.reasons.iter().filter(|reason| reason.rule == gate::CONTRADICTION);
        found.filter_map(|reason| match reason.words.as_slice() {
            [customer, shown] => Some((customer.as_str(), shown.as_str())),
            _ => None,
        })
    }
}

/// Who has to decide about an item; ordered, the strictest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "RouteName", into = "RouteName")]
pub enum Route {
    /// Nobody: the draft may leave by the policy's permit.
    Permit,
    /// A person of at least this level approves the draft as shown.
    Review(Level),
    /// Nothing the bot wrote may be sent: a person answers.
    HumanOnly,
}

/// The levels of review; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The channel's reviewers.
    Reviewer,
    /// The channel's escalation owner, or a supervisor.
    Supervisor,
}

/// A [`Route`] by its name in the table of triggers and in the record.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RouteName {
    Permit,
    Reviewer,
    Supervisor,
    HumanOnly,
}

impl From<RouteName> for Route {
    fn from(name: RouteName) -> Self {
        match name {
            RouteName::Permit => Self::Permit,
            RouteName::Reviewer => Self::Review(Level::Reviewer),
            RouteName::Supervisor => Self::Review(Level::Supervisor),
            RouteName::HumanOnly => Self::HumanOnly,
        }
    }
}

impl From<Route> for RouteName {
    fn from(route: Route) -> Self {
        match route {
            Route::Permit => Self::Permit,
            Route::Review(Level::Reviewer) => Self::Reviewer,
            Route::Review(Level::Supervisor) => Self::Supervisor,
            Route::HumanOnly => Self::HumanOnly,
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which of the always-review triggers it is.
    pub trigger: Trigger,
    /// Id of the table's row, or the name of the fact.
    pub rule: String,
    /// The row's words that occur, as the table spells them; empty for facts.
    pub words: Vec<String>,
}

impl Reason {
    /// The locale key of the reason's short label.
    pub fn key(&self) -> &'static str {
        match self.rule.as_str() {
            gate::CLAIM => "policy.claim",
            fact::MACHINE_READ => "policy.machine_read",
            gate::IDENTITY => Hold::Identity.key(),
            gate::ABNORMAL => Hold::Abnormal.key(),
            _ => self.trigger.key(),
        }
    }
}

/// A reason with what follows from it.
struct Finding {
    reason: Reason,
    risk: Risk,
    route: Route,
}

/// Judges an item: the strictest of everything found, never less than its intent deserves.
///
/// High risk always goes to a supervisor, whatever a table says (requirement RK-03).
pub fn judge(matter: &Matter, rules: &Rules) -> Verdict {
    let mut findings = rules.triggers.findings(matter.customer, matter.draft.unwrap_or_default());
    findings.extend(fact::findings(matter, rules));
    findings.extend(gate::findings(&matter.circumstances));
    // The strictest of several intents governs.
    let asked = intents_of(matter.customer).into_iter().map(Intent::risk).fold(matter.intent.risk(), Risk::max);
    let risk = findings.iter().map(|f| f.risk).fold(asked, Risk::max);
    let holds = gate::holds(matter, rules, risk);
    let least = match risk {
        Risk::Low if findings.is_empty() && holds.is_empty() => Route::Permit,
        Risk::Low | Risk::Medium => Route::Review(Level::Reviewer),
        Risk::High | Risk::Abnormal => Route::Review(Level::Supervisor),
    };
    let route = findings.iter().map(|f| f.route).fold(least, Route::max);
    Verdict { route, risk, reasons: findings.into_iter().map(|f| f.reason).collect(), holds, words: Vec::new() }
}

#[cfg(test)]
mod tests;
