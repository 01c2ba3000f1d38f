//! Nobody knows whether a part arrived: what its card binds, and what may still happen to it.

use super::shapes::*;
use crate::case::{
    Author, Decision, Doubt, Event, Meanwhile, PartResult, Refusal, State, Tap, Why, digest, message_id, step,
};
use crate::evidence::Kind;

fn doubt(case: &crate::case::Case) -> Doubt {
    match &case.state {
        State::Unknown(doubt) => doubt.clone(),
        other => panic!("{other:?}"),
    }
}

/// The card shows the lost part and what waits behind it, as a version of its own; its digest binds these bytes.
#[test]
fn what_is_shown_is_what_would_leave_again() {
    let (before, case) = (claimed(), in_doubt());
    let shown = doubt(&case);
    assert_eq!((shown.draft.parts.as_slice(), shown.draft.version), (&["一".to_owned(), "二".into()][..], 2));
    let bound = digest(&case.conversation, 2, shown.draft.watermark, &shown.draft.policy, &shown.draft.parts);
    assert_eq!((case.code(), &shown.draft.digest), (shown.draft.code(), &bound));
    let State::Sending(sending) = &before.state else { panic!("not sending") };
    assert_eq!(shown.lost.msgid, message_id(&before, &sending.draft, 0));
    assert_eq!((shown.lost.part, shown.lost.of, shown.lost.at), (0, 2, NOW));
    let last = doubt(&last_in_doubt());
    assert_eq!((last.draft.parts, last.lost.part, last.lost.of), (vec!["二".to_owned()], 1, 2));
}

/// Sent again is a new intent: another id, an approval of its own, and the name of the one it supersedes.
#[test]
fn sent_again_is_another_intent() {
    let case = in_doubt();
    let step = InForce::new().step(&case, &tap(&case, "zhaoliu", Decision::SendAgain)).unwrap();
    let State::Sending(sending) = &step.next.state else { panic!("{:?}", step.next.state) };
    let lost = doubt(&case).lost.msgid;
    assert_eq!(sending.draft.supersedes.as_deref(), Some(lost.as_str()));
    assert_ne!(message_id(&step.next, &sending.draft, 0), lost);
    let approved = (sending.authority.approver(), sending.authority.digest());
    assert_eq!(approved, (Some("zhaoliu"), doubt(&case).draft.digest.as_str()));
    let decided = step.evidence.iter().find(|entry| entry.kind == Kind::Decided).unwrap();
    assert_eq!((&decided.payload["decision"], &decided.payload["supersedes"]), (&"send_again".into(), &lost.into()));
    let claimed = InForce::new().step(&step.next, &claim(0)).unwrap();
    assert_eq!(claimed.evidence[0].payload["supersedes"], decided.payload["supersedes"]);
}

/// An older card, a wrong code and a second tap decide nothing; the first tap wins.
#[test]
fn one_tap_wins() {
    let case = in_doubt();
    let by = |person: &str, version, code: &str, decision| {
        Event::Tapped(Tap { person: person.into(), version, code: code.into(), decision })
    };
    let (in_force, code) = (InForce::new(), case.code());
    let old = by("lihua", case.version, "zzzz", Decision::SendAgain);
    assert_eq!(in_force.step(&case, &old), Err(Refusal::WrongCode));
    let newer = after(&case, &said(3));
    let older = by("lihua", case.version, &code, Decision::Drop);
    assert_eq!(in_force.step(&newer, &older), Err(Refusal::Outdated { current: newer.version }));
    let won = after(&case, &by("lihua", case.version, &code, Decision::SendAgain));
    let second = by("zhaoliu", case.version, &code, Decision::Delivered);
    assert!(matches!(in_force.step(&won, &second), Err(Refusal::AlreadyDecided(d)) if d.by == "lihua"));
    let again = by("lihua", case.version, &code, Decision::SendAgain);
    assert!(matches!(in_force.step(&won, &again), Err(Refusal::AlreadyDone(_))));
}

/// A policy that changed since judges anew; the same words do not leave under it.
#[test]
fn a_newer_policy_drafts_anew() {
    let case = in_doubt();
    let mut newer = InForce::new();
    newer.policy = "p2".into();
    let next = newer.step(&case, &tap(&case, "lihua", Decision::SendAgain)).unwrap().next;
    assert!(matches!(next.state, State::Drafting(_)), "{:?}", next.state);
    assert_eq!(newer.step(&case, &Event::PolicyChanged), Err(Refusal::Overtaken), "the doubt stays");
}

/// 好的 adds nothing: the same words can still leave again, from a card that shows it.
#[test]
fn a_word_that_adds_nothing_leaves_the_choice() {
    let case = in_doubt();
    let said = after(&case, &said_nothing(3));
    assert_eq!((doubt(&said).meanwhile, doubt(&said).draft.watermark, said.version), (Meanwhile::Nothing, 3, 3));
    let again = after(&said, &tap(&said, "lihua", Decision::SendAgain));
    assert!(matches!(after(&again, &claim(0)).state, State::Sending(_)));
}

/// A customer who asks for a person meanwhile gets one, whatever became of the part.
#[test]
fn a_wish_for_a_person_comes_next() {
    let asked = after(&in_doubt(), &wants_person(3));
    assert_eq!(doubt(&asked).meanwhile, Meanwhile::AskedForPerson);
    for decision in [Decision::Delivered, Decision::SendAgain, Decision::Drop] {
        let next = after(&asked, &tap(&asked, "lihua", decision.clone()));
        let waits = matches!(&next.state, State::NeedsPerson(stuck) if stuck.why == Why::AskedForPerson);
        assert!(waits, "{decision:?}: {:?}", next.state);
    }
}

/// A part that failed for good after its siblings: the budget is not counted twice when the answer comes late.
#[test]
fn the_budget_never_exceeds_the_platforms() {
    let said = after(&in_doubt(), &said_nothing(3));
    let next = after(&said, &late(&said, failed(0)));
    assert_eq!((quota(&said), quota(&next)), (5, 5));
    let next = after(&in_doubt(), &late(&in_doubt(), failed(0)));
    assert_eq!(quota(&next), 5, "it never left, so it was not spent");
}

/// Paused between the tap and the claim: back to be approved, still named as what it supersedes; edited, it is another.
#[test]
fn a_pause_in_between_keeps_the_link() {
    let case = in_doubt();
    let again = after(&case, &tap(&case, "lihua", Decision::SendAgain));
    let paused = InForce::paused().step(&again, &claim(0)).unwrap().next;
    let State::AwaitingReview(review) = &paused.state else { panic!("{:?}", paused.state) };
    assert_eq!(review.draft.supersedes, Some(lost(&case)));
    let arrived = Event::SettledLate { msgid: lost(&case), part: 0, result: PartResult::Accepted };
    let rest = after(&paused, &arrived);
    assert!(matches!(&rest.state, State::AwaitingReview(r) if r.draft.parts == ["二"]), "{:?}", rest.state);
    let edited = after(&paused, &tap(&paused, "lihua", edit(&["改"])));
    let State::AwaitingReview(review) = &edited.state else { panic!("{:?}", edited.state) };
    assert!(review.draft.supersedes.is_none() && matches!(review.draft.author, Author::Person { .. }));
}

/// The answer is lost after the window closed: people see it all the same, and nothing more can be sent.
#[test]
fn a_doubt_after_the_window_is_shown() {
    let ended = SAID + WINDOW;
    let rules = InForce::new();
    let case = step(&claimed(), &settled(0, PartResult::Unknown), &rules.rules(), ended).unwrap().next;
    let again = step(&case, &tap(&case, "lihua", Decision::SendAgain), &rules.rules(), ended);
    assert_eq!(again, Err(Refusal::QuotaGone));
    let arrived = step(&case, &tap(&case, "lihua", Decision::Delivered), &rules.rules(), ended).unwrap().next;
    assert!(matches!(&arrived.state, State::NeedsPerson(stuck) if stuck.why == Why::QuotaGone), "{:?}", arrived.state);
}
