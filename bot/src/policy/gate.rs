//! What stands between a judged draft and a customer when no person looks: everything that has to hold at once.

use cards::Risk;
use serde::{Deserialize, Serialize};

use super::claims::{Grounding, Grounds};
use super::{Contradiction, Finding, Level, Matter, Reason, Route, Rules, Trigger, Verdict};
use crate::desk::{AutoDrafts, Mode};

/// The rule of a claim without a source.
pub(super) const CLAIM: &str = "claim";
/// The rule of an answer for somebody of whom nobody knows whether they ask.
pub(super) const IDENTITY: &str = "identity";
/// The rule of something outside that is not as it should be.
pub(super) const ABNORMAL: &str = "abnormal";
/// The rule of a customer who says otherwise than the back office.
pub(super) const CONTRADICTION: &str = "contradiction";
/// The action a reply is.
pub const REPLY: &str = "reply";

/// Everything besides the words that decides whether a draft may leave by itself. By default nothing speaks for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// What a pause in force covers here.
    pub paused: Paused,
    /// A look-up for this draft stopped at something that is not as it should be: a session is over, a page changed, a
    /// right is missing. Whoever is above looks at it, whatever the mode.
    pub abnormal: bool,
    /// Something outside is not as it should be, and the reply does not rest on it: the back office could not be seen, a
    /// part of the record is lost.
    pub unsettled: bool,
    /// Whether the answer is for somebody in particular, and that is who asks.
    pub identity: Identity,
    /// How the draft stands to its sources; unknown for what nobody checked.
    pub grounds: Option<&'a Grounds>,
    /// Whether it is published answers, each whole and word for word.
    pub published: bool,
    /// The chance that a reviewer would send it unchanged, as this shop's own decisions have it; none while there are
    /// too few.
    pub chance: Option<f64>,
    /// Where the customer says one thing and the back office another.
    pub contradictions: &'a [Contradiction],
    /// Whether people opened automation here for what the customer wants, and it holds.
    pub open: bool,
}

/// What a pause in force covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paused {
    /// Nothing.
    #[default]
    Nothing,
    /// Only what is of high risk.
    HighRisk,
    /// All there is.
    Everything,
}

impl Paused {
    fn covers(self, risk: Risk) -> bool {
        match self {
            Self::Nothing => false,
            Self::HighRisk => risk >= Risk::High,
            Self::Everything => true,
        }
    }
}

/// Whether the answer depends on who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// It is the same for everybody.
    #[default]
    Unneeded,
    /// It is about somebody, and they are who asks.
    Confirmed,
    /// It is about somebody, and nobody knows whether they are who asks.
    Uncertain,
}

/// What keeps a draft from leaving by itself, besides the findings; in the order in which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// A pause covers it.
    Paused,
    /// Something outside is not as it should be.
    Abnormal,
    /// Nobody knows who asks.
    Identity,
    /// The channel does not list the action.
    NotListed,
    /// The risk is not low.
    Risk,
    /// The draft is not what published knowledge says.
    NotDocumented,
    /// There are too few decisions to tell how good the draft is.
    UnknownChance,
    /// The draft is less certain than the policy asks.
    Unsure,
    /// The mode keeps everything for people.
    Mode,
    /// Nobody opened automation here for what the customer wants.
    NotOpen,
    /// It is another kind of draft, or a longer one, than the policy lets out.
    BeyondLimits,
}

impl Hold {
    /// Every hold, in order.
    pub const ALL: &'static [Self] = &[
        Self::Paused,
        Self::Abnormal,
        Self::Identity,
        Self::NotListed,
        Self::Risk,
        Self::NotDocumented,
        Self::UnknownChance,
        Self::Unsure,
        Self::Mode,
        Self::NotOpen,
        Self::BeyondLimits,
    ];

    /// The locale key of its short label.
    pub fn key(self) -> &'static str {
        match self {
            Self::Paused => "hold.paused",
            Self::Abnormal => "hold.abnormal",
            Self::Identity => "hold.identity",
            Self::NotListed => "hold.not_listed",
            Self::Risk => "hold.risk",
            Self::NotDocumented => "hold.not_documented",
            Self::UnknownChance => "hold.unknown_chance",
            Self::Unsure => "hold.unsure",
            Self::Mode => "hold.mode",
            Self::NotOpen => "hold.not_open",
            Self::BeyondLimits => "hold.beyond_limits",
        }
    }
}

/// What circumstances make a person look at, whatever the mode.
pub(super) fn findings(circumstances: &Circumstances) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let unfounded = circumstances.grounds.map(|grounds| grounds.unfounded.as_slice()).unwrap_or_default();
    if !unfounded.is_empty() {
        let words = unfounded.iter().map(|claim| claim.words.clone()).collect();
        let reason = Reason { trigger: Trigger::Rt06, rule: CLAIM.into(), words };
        found.push(Finding { reason, risk: Risk::Medium, route: Route::Review(Level::Reviewer) });
    }
    if circumstances.identity == Identity::Uncertain {
        found.push(bare(Trigger::Rt08, IDENTITY, Risk::Medium, Route::Review(Level::Reviewer)));
    }
    for Contradiction { customer, shown } in circumstances.contradictions {
        let words = vec![customer.clone(), shown.clone()];
        let reason = Reason { trigger: Trigger::Rt10, rule: CONTRADICTION.into(), words };
        found.push(Finding { reason, risk: Risk::Medium, route: Route::Review(Level::Reviewer) });
    }
    if circumstances.abnormal {
        found.push(bare(Trigger::Rt06, ABNORMAL, Risk::Abnormal, Route::Review(Level::Supervisor)));
    }
    found
}

fn bare(trigger: Trigger, rule: &str, risk: Risk, route: Route) -> Finding {
    Finding { reason: Reason { trigger, rule: rule.into(), words: Vec::new() }, risk, route }
}

/// Everything that keeps the draft from leaving by itself, in the order of [`Hold`].
pub(super) fn holds(matter: &Matter, rules: &Rules, risk: Risk) -> Vec<Hold> {
    let Circumstances { paused, abnormal, unsettled, identity, grounds, chance, open, .. } = matter.circumstances;
    let channel = rules.channel;
    let listed = channel.is_some_and(|channel| channel.allowed_actions.iter().any(|action| action == REPLY));
    let documented = grounds.is_some_and(|grounds| grounds.class == Grounding::Documented);
    // Written so that a chance that is no number counts as doubt.
    let sure = chance.is_none_or(|chance| chance >= rules.policy.confidence);
    let may_answer = channel.is_some_and(|channel| channel.mode == Mode::Auto);
    let asked = [
        (paused.covers(risk), Hold::Paused),
        (abnormal || unsettled, Hold::Abnormal),
        (identity == Identity::Uncertain, Hold::Identity),
        (!listed, Hold::NotListed),
        (risk != Risk::Low, Hold::Risk),
        (!documented, Hold::NotDocumented),
        (chance.is_none(), Hold::UnknownChance),
        (!sure, Hold::Unsure),
        (!may_answer, Hold::Mode),
        (!open, Hold::NotOpen),
        (!is_within_limits(matter, rules), Hold::BeyondLimits),
    ];
    asked.into_iter().filter(|(holds, _)| *holds).map(|(_, hold)| hold).collect()
}

/// Whether it is of the kind and length that the policy lets out. What is left open in a published answer, as in
/// `{order}`, is filled in by nobody here.
fn is_within_limits(matter: &Matter, rules: &Rules) -> bool {
    let auto = &rules.policy.auto;
    let of_kind = matter.circumstances.published || auto.drafts == AutoDrafts::Documented;
    let parts = matter.draft.unwrap_or_default();
    let characters: usize = parts.iter().map(|part| part.chars().count()).sum();
    let filled_in = !parts.iter().any(|part| part.contains(['{', '}']));
    of_kind && filled_in && u32::try_from(characters).is_ok_and(|characters| characters <= auto.most_characters)
}

impl Verdict {
    /// Whether the draft would leave without a person, had people opened that and were its chance known: such drafts are
    /// what automation is earned by.
    pub fn is_eligible(&self) -> bool {
        let missing = |hold: &Hold| matches!(hold, Hold::Mode | Hold::NotOpen | Hold::UnknownChance);
        self.route <= Route::Review(Level::Reviewer)
            && self.risk == Risk::Low
            && self.reasons.is_empty()
            && self.holds.iter().all(missing)
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
