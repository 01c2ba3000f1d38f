//! Facts that do not count any more are not sent, and are looked up again.

use super::shapes::*;
use crate::case::{Case, Decision, Draft, Drafted, Effect, Event, LookUp, Looked, Refusal, State, step};
use crate::clock::{MINUTE, Timestamp};

const UNTIL: Timestamp = NOW + 30 * MINUTE;

/// A shown draft whose facts count until [`UNTIL`].
fn shown() -> Case {
    let outcome = Looked::Found { fact: "已发往武汉".into(), stale_at: UNTIL, pictures: Vec::new() };
    let look_up = Some(LookUp { order: Some("…0417".into()), at: NOW, outcome, parcel: None });
    let draft = Draft { look_up, ..proposal(&["在路上"], REVIEWER) };
    let event = Event::Drafted { generation: 1, drafted: Drafted::Reply(Box::new(draft)) };
    let step = InForce::new().step(&drafting(), &event).unwrap();
    let watched = |effect: &Effect| matches!(effect, Effect::EvidenceStale { at: UNTIL, version } if *version == step.next.version);
    assert!(step.effects.iter().any(watched), "{:?}", step.effects);
    step.next
}

fn at(case: &Case, event: &Event, now: Timestamp) -> Result<crate::case::Step, Refusal> {
    step(case, event, &InForce::new().rules(), now)
}

#[test]
fn a_tap_on_stale_facts_is_refused_and_a_fresh_one_counts() {
    let case = shown();
    let send = tap(&case, "lihua", Decision::Send);
    assert!(matches!(at(&case, &send, UNTIL - 1).unwrap().next.state, State::Sending(_)));
    assert_eq!(at(&case, &send, UNTIL).unwrap_err(), Refusal::StaleEvidence);
}

#[test]
fn a_stale_draft_is_shown_once_more_as_a_new_version() {
    let case = shown();
    let stale = Event::EvidenceStale { version: case.version };
    assert_eq!(at(&case, &stale, UNTIL - 1).unwrap_err(), Refusal::Overtaken);
    let step = at(&case, &stale, UNTIL).unwrap();
    assert_eq!(step.next.version, case.version + 1);
    assert!(!step.effects.iter().any(|effect| matches!(effect, Effect::EvidenceStale { .. })), "it would never end");
    let again = at(&step.next, &Event::EvidenceStale { version: case.version }, UNTIL);
    assert_eq!(again.unwrap_err(), Refusal::Overtaken);
    let old = tap(&case, "lihua", Decision::Send);
    assert!(matches!(at(&step.next, &old, UNTIL).unwrap_err(), Refusal::Outdated { .. }));
}

#[test]
fn facts_are_looked_up_again_on_a_tap_and_only_where_there_are_some() {
    let case = shown();
    let step = at(&case, &tap(&case, "lihua", Decision::LookAgain), UNTIL).unwrap();
    assert!(matches!(step.next.state, State::Drafting(_)));
    assert!(step.effects.iter().any(|effect| matches!(effect, Effect::Draft { at: UNTIL, .. })), "{:?}", step.effects);
    let without = review();
    let refused = InForce::new().step(&without, &tap(&without, "lihua", Decision::LookAgain));
    assert_eq!(refused.unwrap_err(), Refusal::NothingToSend);
}

#[test]
fn what_a_person_wrote_is_not_stale() {
    let case = shown();
    let edit = Decision::Edit { parts: vec!["我来查".into()], verdict: verdict(REVIEWER) };
    let edited = at(&case, &tap(&case, "lihua", edit), NOW).unwrap().next;
    assert!(at(&edited, &tap(&edited, "lihua", Decision::Send), UNTIL + MINUTE).is_ok());
}
