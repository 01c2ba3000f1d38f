//! Whether the record of each reply that left says all it has to: what was asked, what was suggested and why, who approved
//! it, what was done (requirements EV-01, ME-03).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Count, most_often, share};
use crate::evidence::Kind;
use crate::policy::Intent;
use crate::store::record::Noted;

/// Something that the record of a reply has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// What the customer asked.
    Question,
    /// What was suggested.
    Suggestion,
    /// What the suggestion rests on: knowledge, or facts that were looked up.
    Grounds,
    /// The order that was looked up, where the customer asks about one.
    Verification,
    /// How the policy judged it.
    Verdict,
    /// Who approved it: a person, or the policy.
    Authority,
    /// What became of it.
    Ending,
}

impl Proof {
    /// The name, which its locale key ends with.
    fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Suggestion => "suggestion",
            Self::Grounds => "grounds",
            Self::Verification => "verification",
            Self::Verdict => "verdict",
            Self::Authority => "authority",
            Self::Ending => "ending",
        }
    }
}

/// How complete the record is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Completeness {
    /// Cases in which a reply left.
    pub replies: usize,
    /// Those whose record says all it has to.
    pub complete: usize,
    /// What is missing in the others, most often first.
    pub missing: Vec<Count>,
}

impl Completeness {
    /// Looks through what is noted about cases.
    pub fn of(noted: &[Noted]) -> Self {
        let mut cases: BTreeMap<&str, Vec<&Noted>> = BTreeMap::new();
        noted.iter().for_each(|one| cases.entry(&one.case_id).or_default().push(one));
        let lacks: Vec<Vec<Proof>> =
            cases.values().filter(|noted| has_left(noted)).map(|noted| lacking(noted)).collect();
        let missing = lacks.iter().flatten().map(|proof| proof.as_str().to_owned());
        Self {
            replies: lacks.len(),
            complete: lacks.iter().filter(|lacking| lacking.is_empty()).count(),
            missing: most_often(missing),
        }
    }

    /// The share of replies with a complete record; none where none left.
    pub fn share(&self) -> Option<f64> {
        share(self.complete, self.replies)
    }
}

fn has(noted: &[&Noted], kinds: &[Kind]) -> bool {
    noted.iter().any(|one| kinds.contains(&one.kind))
}

fn has_left(noted: &[&Noted]) -> bool {
    has(noted, &[Kind::SendClaimed, Kind::HandOutClaimed])
}

fn lacking(noted: &[&Noted]) -> Vec<Proof> {
    // What was erased later was there when the reply left.
    let drafted = noted.iter().rev().find(|one| one.kind == Kind::Drafted).and_then(|one| one.payload.as_ref());
    let proofs = [
        (has(noted, &[Kind::CustomerSaid]), Proof::Question),
        (has(noted, &[Kind::Drafted, Kind::Edited]), Proof::Suggestion),
        (drafted.is_none_or(is_grounded), Proof::Grounds),
        (drafted.is_none_or(is_verified), Proof::Verification),
        (has(noted, &[Kind::Judged]), Proof::Verdict),
        (has(noted, &[Kind::Decided, Kind::Permitted]), Proof::Authority),
        (has(noted, &[Kind::SendSettled, Kind::SendResolved, Kind::HandOutSettled]), Proof::Ending),
    ];
    proofs.into_iter().filter(|(holds, _)| !holds).map(|(_, proof)| proof).collect()
}

/// Whether a suggestion rests on something.
fn is_grounded(drafted: &Value) -> bool {
    drafted["citations"].as_array().is_some_and(|cited| !cited.is_empty()) || drafted["look_up"].is_object()
}

/// Whether an order was looked up, where the customer asks how one stands.
fn is_verified(drafted: &Value) -> bool {
    drafted["intent"] != Intent::OrderStatus.as_str() || drafted["look_up"].is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn noted(case: &str, kind: Kind, payload: Option<Value>) -> Noted {
        Noted { case_id: case.into(), kind, payload }
    }

    fn reply(case: &str, drafted: Value) -> Vec<Noted> {
        let kinds = [Kind::CustomerSaid, Kind::Judged, Kind::Decided, Kind::SendClaimed, Kind::SendSettled];
        let mut all: Vec<Noted> = kinds.into_iter().map(|kind| noted(case, kind, None)).collect();
        all.insert(1, noted(case, Kind::Drafted, Some(drafted)));
        all
    }

    fn cited(intent: &str) -> Value {
        json!({ "citations": [{ "entry": "e" }], "look_up": null, "intent": intent })
    }

    #[test]
    fn a_record_that_says_all_is_complete() {
        let found = Completeness::of(&reply("a", cited("product")));
        assert_eq!((found.replies, found.complete, found.share()), (1, 1, Some(1.0)));
        assert_eq!(Completeness::of(&[]).share(), None);
    }

    #[test]
    fn each_gap_is_named() {
        let without = |kind: Kind| {
            let mut all = reply("a", cited("product"));
            all.retain(|one| one.kind != kind);
            let missing = Completeness::of(&all).missing;
            missing.into_iter().map(|count| count.name).collect::<Vec<_>>()
        };
        assert_eq!(without(Kind::CustomerSaid), ["question"]);
        assert_eq!(without(Kind::Drafted), ["suggestion"]);
        assert_eq!(without(Kind::Judged), ["verdict"]);
        assert_eq!(without(Kind::Decided), ["authority"]);
        assert_eq!(without(Kind::SendSettled), ["ending"]);
        assert_eq!(without(Kind::SendClaimed), [""; 0], "what never left proves nothing");
        let of = |drafted: Value| Completeness::of(&reply("a", drafted)).missing;
        assert_eq!(of(json!({ "citations": [], "intent": "product" }))[0].name, "grounds");
        assert_eq!(of(cited("order_status"))[0].name, "verification");
        assert!(of(json!({ "citations": [], "look_up": {}, "intent": "order_status" })).is_empty());
    }

    #[test]
    fn cases_are_counted_apart() {
        let mut all = reply("a", cited("product"));
        all.extend(reply("b", cited("order_status")));
        let found = Completeness::of(&all);
        assert_eq!((found.replies, found.complete), (2, 1));
    }
}
