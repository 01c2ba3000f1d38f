//! By whose authority a reply leaves, and what has to hold for it to leave without a person.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::draft::sendable;
use super::step::Turn;
use super::{Case, Draft, Effect, Level, Meanwhile, Part, Review, Sending, State};
use crate::clock::Timestamp;
use crate::evidence::{Actor, Kind};
use crate::policy::Route;

/// By whose authority exactly these bytes leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Authority {
    /// A person's.
    Person(Approval),
    /// The policy's.
    Policy(Permit),
}

/// A person's authority to send exactly these bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Who approved.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// Digest of what was shown and approved.
    pub digest: String,
    /// Turn of the pause register at the approval: a pause declared later ends it.
    pub turn: i64,
}

/// The policy's authority to send exactly these bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Permit {
    /// The policy version.
    pub policy: String,
    /// When it was given.
    pub at: Timestamp,
    /// Digest of what may leave.
    pub digest: String,
    /// Turn of the pause register then: a pause declared later ends it.
    pub turn: i64,
    /// What stands under each message.
    pub notice: String,
}

impl Authority {
    /// The person who approved; none where the policy permitted it.
    pub fn approver(&self) -> Option<&str> {
        match self {
            Self::Person(approval) => Some(&approval.person),
            Self::Policy(_) => None,
        }
    }

    /// Through whom it leaves, for the record.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person(approval) => Actor::Person(approval.person.clone()),
            Self::Policy(permit) => Actor::Policy(permit.policy.clone()),
        }
    }

    /// When it was given.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Person(approval) => approval.at,
            Self::Policy(permit) => permit.at,
        }
    }

    /// Digest of what may leave.
    pub fn digest(&self) -> &str {
        match self {
            Self::Person(approval) => &approval.digest,
            Self::Policy(permit) => &permit.digest,
        }
    }

    /// Turn of the pause register when it was given.
    pub fn turn(&self) -> i64 {
        match self {
            Self::Person(approval) => approval.turn,
            Self::Policy(permit) => permit.turn,
        }
    }

    /// A draft that did not leave, as people are to see it: without what only stands under what leaves by itself.
    pub(super) fn taken_from(&self, mut draft: Draft) -> Draft {
        if let Self::Policy(permit) = self {
            let mark = under(&permit.notice);
            for part in &mut draft.parts {
                *part = part.strip_suffix(&mark).unwrap_or(part).to_owned();
            }
        }
        draft
    }
}

fn under(notice: &str) -> String {
    format!("\n{notice}")
}

/// What may leave by itself for this draft, marked as what it is; none where a person has to look. The judgement was made
/// a moment ago: everything that may have changed since is asked again.
pub(super) fn marked(turn: &Turn, draft: &Draft) -> Option<Draft> {
    let case = turn.now_becoming();
    let hinted = matches!(&case.state, State::Drafting(drafting) if drafting.hint.is_some());
    // Whatever a person was asked, or decided, stays with people.
    let untouched = !hinted && case.asked.is_none() && case.last_decision.is_none() && !case.doubtful;
    let lightly_judged = draft.verdict.route == Route::Permit && case.least == Level::Reviewers;
    if !untouched || !lightly_judged || turn.by_hand() || turn.rules.paused.is_some() || !still_open(turn, draft) {
        return None;
    }
    let mark = under(turn.rules.automation.notice);
    let parts: Vec<String> = draft.parts.iter().map(|part| format!("{part}{mark}")).collect();
    (!turn.rules.automation.notice.is_empty() && sendable(&parts)).then(|| Draft { parts, ..draft.clone() })
}

/// Whether automation is open for what the customer wants, and what the draft rests on is as it should be.
pub(super) fn still_open(turn: &Turn, draft: &Draft) -> bool {
    let rests_well = draft.shortcomings(turn.rules.desk, turn.now).is_empty() && !draft.is_stale(turn.now);
    rests_well && turn.rules.automation.open.contains(&draft.intent)
}

/// The policy lets a marked draft out. What may leave, to whom and why is on record before its first byte can be claimed.
pub(super) fn give(turn: &mut Turn, mut draft: Draft) {
    turn.stamp(&mut draft);
    let permit = Permit {
        policy: draft.policy.clone(),
        at: turn.now,
        digest: draft.digest.clone(),
        turn: turn.rules.turn,
        notice: turn.rules.automation.notice.to_owned(),
    };
    let payload = json!({
        "version": draft.version, "digest": draft.digest, "parts": draft.parts, "policy": draft.policy,
        "conversation": turn.now_becoming().conversation, "watermark": draft.watermark, "intent": draft.intent,
        "chance": draft.chance, "threshold": turn.rules.desk.policy.confidence, "citations": draft.citations,
        "notice": permit.notice,
    });
    turn.record(Kind::Permitted, Actor::Policy(draft.policy.clone()), payload);
    send(turn, draft, Authority::Policy(permit));
}

/// A draft leaves by an authority that is on record.
pub(super) fn send(turn: &mut Turn, draft: Draft, authority: Authority) {
    let parts = vec![Part::Waiting; draft.parts.len()];
    let (meanwhile, at) = (Meanwhile::Nothing, turn.now);
    turn.case().state = State::Sending(Sending { draft, authority, parts, meanwhile, claimed_at: 0, put_off: 0 });
    turn.effect(Effect::Send { part: 0, at });
}

/// The case as it would have waited for a review, had its reply not left by itself.
pub(super) fn as_for_review(case: &Case, sending: &Sending) -> Case {
    let mut draft = sending.authority.taken_from(sending.draft.clone());
    draft.digest = super::digest(&case.conversation, draft.version, draft.watermark, &draft.policy, &draft.parts);
    let (version, watermark) = (draft.version, draft.watermark);
    let state = State::AwaitingReview(Review { draft, level: Level::Reviewers, due: 0, overdue: false });
    Case { state, version, watermark, last_decision: None, ..case.clone() }
}
