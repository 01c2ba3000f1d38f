//! A customer's data are erased: every open case ends, nothing that had not left leaves, and what may be on its way is
//! waited for.

use super::shapes::*;
use crate::case::{Case, Effect, Ending, Event, Outcome, Refusal, SessionOwner, State};
use crate::evidence::{Actor, Kind};

fn erased() -> Event {
    Event::CustomerErased { by: "chenjie".into() }
}

fn open_cases() -> Vec<Case> {
    let handed_over = handed_over(SessionOwner::Person);
    vec![
        drafting(),
        review(),
        escalated(),
        no_answer(),
        human_only(),
        asked_for_person(),
        approved(),
        halfway(),
        in_doubt(),
        taken_over(),
        handed_over,
    ]
}

#[test]
fn every_open_case_ends_and_its_cards_say_so() {
    for case in open_cases() {
        let step = InForce::new().step(&case, &erased()).unwrap();
        assert_eq!(step.next.state, State::Closed { ending: Ending::Erased }, "{:?}", case.state);
        assert!(step.effects.contains(&Effect::SettleCards(Outcome::Erased)));
        assert!(!step.effects.iter().any(|effect| matches!(effect, Effect::Send { .. } | Effect::Draft { .. })));
        let closed = step.evidence.iter().find(|entry| entry.kind == Kind::CaseClosed).unwrap();
        assert_eq!(closed.actor, Actor::Person("chenjie".into()));
    }
}

#[test]
fn what_was_approved_and_has_not_left_loses_its_authority() {
    for case in [approved(), halfway()] {
        let step = InForce::new().step(&case, &erased()).unwrap();
        assert!(step.evidence.iter().any(|entry| entry.kind == Kind::AuthorityVoided));
        assert_eq!(InForce::new().step(&step.next, &claim(0)), Err(Refusal::Overtaken));
    }
}

#[test]
fn what_may_be_on_its_way_is_waited_for() {
    for case in [claimed(), last_claimed()] {
        assert_eq!(InForce::new().step(&case, &erased()), Err(Refusal::OnItsWay));
    }
    for case in [answered(), rejected()] {
        assert_eq!(InForce::new().step(&case, &erased()), Err(Refusal::Closed));
    }
}
