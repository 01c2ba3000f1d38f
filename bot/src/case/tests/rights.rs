//! Who is asked, who may decide, and what becomes of an approval whose giver lost the right.

use super::shapes::*;
use crate::case::{Case, Decision, Effect, Event, Level, Part, Refusal, SessionOwner, State, Step};
use crate::desk::{Mode, NoticeKind, Role};
use crate::policy::{Denied, DeniedWhy, Power};

fn above() -> Case {
    after(&drafting(), &drafted(1, reply(&["一"], SUPERVISOR)))
}

fn cards(step: &Step) -> Vec<&str> {
    let cards = step.effects.iter().filter_map(|effect| match effect {
        Effect::PostCard { person } => Some(person.as_str()),
        _ => None,
    });
    cards.collect()
}

fn brought(in_force: &InForce) -> Step {
    in_force.step(&drafting(), &drafted(1, reply(&["一"], REVIEWER))).unwrap()
}

#[test]
fn reviewers_are_asked_while_on_duty() {
    let mut in_force = InForce::new();
    in_force.off_duty.insert("zhaoliu".into());
    assert_eq!(cards(&brought(&in_force)), ["lihua", "zhouba"]);
    in_force.desk.people.retain(|person| person.id != "zhouba");
    assert_eq!(cards(&brought(&in_force)), ["lihua"], "removed");
    in_force.off_duty.insert("lihua".into());
    let step = brought(&in_force);
    assert_eq!(cards(&step), ["wangwu"], "nobody reviews: the owner is asked, on duty or not");
    assert_eq!(step.next.level(), Some(Level::EscalationOwner));
}

#[test]
fn somebody_who_only_reads_is_not_asked() {
    let mut in_force = InForce::new();
    in_force.channel().permitted = vec!["sunqi".into(), "lihua".into()];
    assert_eq!(cards(&brought(&in_force)), ["lihua"]);
}

/// Nobody at all: no card, but a deadline that ends in an alarm.
#[test]
fn a_desk_without_people_still_raises_the_alarm() {
    let mut in_force = InForce::new();
    in_force.channel().permitted.clear();
    in_force.channel().escalation_owner = None;
    let step = brought(&in_force);
    assert_eq!(cards(&step), [""; 0]);
    let due = step.next.due().unwrap();
    assert!(step.effects.contains(&Effect::ReviewDeadline { due }));
    let step = in_force.step(&step.next, &Event::ReviewExpired { due }).unwrap();
    assert!(step.effects.iter().any(|effect| matches!(effect, Effect::Alarm { .. })), "{:?}", step.effects);
}

#[test]
fn high_risk_is_for_the_owner_or_a_supervisor() {
    let case = above();
    let sends = |person| InForce::new().step(&case, &tap(&case, person, Decision::Send));
    assert_eq!(sends("lihua"), Err(Refusal::NotTheHolder));
    for person in ["wangwu", "zhouba", "chenjie"] {
        assert!(sends(person).is_ok(), "{person}");
    }
    let denied = Denied { power: Power::Decide, why: DeniedWhy::ReadsOnly };
    assert_eq!(sends("sunqi"), Err(Refusal::NotPermitted(denied)));
    assert_eq!(sends("nobody"), Err(Refusal::UnknownPerson));
}

/// An edit is judged anew, and never comes back to a lower level than it had.
#[test]
fn an_edit_does_not_lower_the_level() {
    let case = above();
    let edited = after(&case, &tap(&case, "zhouba", edit(&["改"])));
    assert_eq!(edited.level(), Some(Level::EscalationOwner));
    let case = review();
    let decision = Decision::Edit { parts: vec!["赔偿".into()], verdict: verdict(SUPERVISOR) };
    let edited = after(&case, &tap(&case, "lihua", decision));
    assert_eq!(edited.level(), Some(Level::EscalationOwner));
    let own = InForce::new().step(&edited, &tap(&edited, "lihua", Decision::Send));
    assert_eq!(own, Err(Refusal::NotTheHolder), "who wrote it does not decide about high risk");
}

#[test]
fn after_an_escalation_only_the_next_level_decides() {
    let case = escalated();
    let sends = |person| InForce::new().step(&case, &tap(&case, person, Decision::Send));
    assert_eq!(sends("lihua"), Err(Refusal::NotTheHolder));
    assert!(sends("wangwu").is_ok());
    assert!(matches!(
        InForce::new().step(&case, &tap(&case, "zhaoliu", Decision::Escalate)),
        Err(Refusal::AlreadyDone(_))
    ));
    assert_eq!(InForce::new().step(&case, &tap(&case, "lihua", Decision::Escalate)), Err(Refusal::NobodyAbove));
}

/// Between approval and claim the approver is removed, not permitted any more, or demoted.
#[test]
fn a_lost_right_takes_the_approval_with_it() {
    let removed = |in_force: &mut InForce| in_force.desk.people.retain(|person| person.id != "zhouba");
    let demoted = |in_force: &mut InForce| in_force.desk.people[2].roles = vec![Role::Reviewer];
    let reads = |in_force: &mut InForce| in_force.desk.people[2].roles = vec![Role::Auditor];
    type Change = fn(&mut InForce);
    let changes: [(&str, Change, bool, bool); 4] = [
        ("nothing", |_| {}, true, true),
        ("removed", removed, false, false),
        ("a reviewer now", demoted, true, false),
        ("an auditor now", reads, false, false),
    ];
    for (what, change, routine, high_risk) in changes {
        for (case, leaves) in [(review(), routine), (above(), high_risk)] {
            let approved = after(&case, &tap(&case, "zhouba", Decision::Send));
            let mut in_force = InForce::new();
            change(&mut in_force);
            let next = in_force.step(&approved, &claim(0)).unwrap().next;
            let left = matches!(&next.state, State::Sending(sending) if sending.parts[0] == Part::Claimed);
            assert_eq!(left, leaves, "{what}: {:?}", next.state);
            assert!(left || matches!(next.state, State::AwaitingReview(_)), "{what}: {:?}", next.state);
        }
    }
}

/// Going off duty does not take back what was approved on duty.
#[test]
fn going_home_does_not_void_an_approval() {
    let mut in_force = InForce::new();
    in_force.off_duty.insert("lihua".into());
    let next = in_force.step(&approved(), &claim(0)).unwrap().next;
    assert!(matches!(next.state, State::Sending(sending) if sending.claimed()));
}

#[test]
fn nothing_is_said_by_itself_on_a_channel_that_only_reads() {
    let notices = |mode, event: &Event, case: &Case| {
        let mut in_force = InForce::new();
        in_force.channel().mode = mode;
        let effects = in_force.step(case, event).unwrap().effects;
        let notice = |effect: Effect| match effect {
            Effect::Notice(kind) => Some(kind),
            _ => None,
        };
        effects.into_iter().filter_map(notice).collect::<Vec<_>>()
    };
    let taken = tap(&review(), "lihua", Decision::TakeOver);
    let pairs = [(drafting(), wants_person(2), NoticeKind::Handover), (review(), taken, NoticeKind::Handover)];
    for (case, event, kind) in pairs {
        assert_eq!(notices(Mode::Draft, &event, &case), [kind]);
        assert_eq!(notices(Mode::ReadOnly, &event, &case), []);
    }
    let failed = drafted(1, unanswered(REVIEWER));
    assert_eq!(notices(Mode::Draft, &failed, &drafting()), [NoticeKind::Received]);
    assert_eq!(notices(Mode::ReadOnly, &failed, &drafting()), []);
}

/// What was judged high risk once stays with whoever may decide about it, however harmless the next words are.
#[test]
fn high_risk_is_not_forgotten() {
    let case = after(&drafting(), &drafted(1, reply(&["退"], SUPERVISOR)));
    let said = after(&case, &said(2));
    let harmless = after(&said, &drafted(said.generation, reply(&["在的"], REVIEWER)));
    assert_eq!(harmless.level(), Some(Level::EscalationOwner));
    let mut mine = after(&case, &tap(&case, "zhaoliu", Decision::TakeOver));
    mine.state = State::HandedOver { to: "zhaoliu".into(), session: SessionOwner::Bot };
    let edited = after(&mine, &tap(&mine, "zhaoliu", edit(&["好的"])));
    assert_eq!(edited.level(), Some(Level::EscalationOwner), "nor by taking over and writing oneself");
}
