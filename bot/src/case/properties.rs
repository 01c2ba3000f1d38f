//! What holds for every sequence of events, in every order, with every luck.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::State;
use super::tests::world::{LAST, World};
use crate::clock::{MINUTE, SECOND, Timestamp};

/// What decides how something turns out that nobody controls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Luck(pub(super) u8);

/// Something that happens in the world.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// The next job is done, whenever it is due.
    Next {
        luck: Luck,
    },
    /// One of the jobs that are due now is done.
    Work {
        pick: usize,
        luck: Luck,
    },
    Wait {
        by: Timestamp,
    },
    Say {
        adds_nothing: bool,
        wants_person: bool,
    },
    Recall {
        anything_left: bool,
    },
    Tap {
        who: usize,
        decision: u8,
        older: i64,
        code_right: bool,
    },
    Pause,
    /// A pause that is lifted at once.
    Blip,
    Resume,
    Policy,
    /// Somebody, or whoever approved what is being sent, is removed, no longer permitted, off duty or demoted; or
    /// everybody is back.
    Staff {
        whom: Option<usize>,
        how: u8,
    },
    Servicer {
        who: usize,
    },
    SessionEnded,
    NotDelivered,
    /// A worker asks for a part nobody told it to send.
    Claim {
        part: usize,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let luck = || any::<u8>().prop_map(Luck);
    let wait = prop_oneof![0..30 * SECOND, 0..15 * MINUTE, 0..3_000 * MINUTE];
    let tap = (0..6_usize, 0..26_u8, prop_oneof![5 => Just(0_i64), 1 => 0..3_i64], prop::bool::weighted(0.9));
    let said = (prop::bool::weighted(0.3), prop::bool::weighted(0.15));
    prop_oneof![
        20 => luck().prop_map(|luck| Act::Next { luck }),
        8 => (0..4_usize, luck()).prop_map(|(pick, luck)| Act::Work { pick, luck }),
        3 => wait.prop_map(|by| Act::Wait { by }),
        4 => said.prop_map(|(adds_nothing, wants_person)| Act::Say { adds_nothing, wants_person }),
        1 => any::<bool>().prop_map(|anything_left| Act::Recall { anything_left }),
        14 => tap.prop_map(|(who, decision, older, code_right)| Act::Tap { who, decision, older, code_right }),
        1 => Just(Act::Pause),
        3 => Just(Act::Blip),
        2 => Just(Act::Resume),
        3 => Just(Act::Policy),
        3 => (prop::option::of(0..6_usize), 0..6_u8).prop_map(|(whom, how)| Act::Staff { whom, how }),
        1 => (0..6_usize).prop_map(|who| Act::Servicer { who }),
        1 => Just(Act::SessionEnded),
        1 => Just(Act::NotDelivered),
        2 => (0..4_usize).prop_map(|part| Act::Claim { part }),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..80)
}

fn play(acts: &[Act]) -> World {
    let mut world = World::new();
    acts.iter().for_each(|act| world.act(act));
    world
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    /// The invariants themselves are in `tests/invariants.rs`; they are checked after every step.
    #[test]
    fn whatever_happens_nothing_leaves_without_authority_and_nobody_is_forgotten(acts in acts()) {
        play(&acts);
    }

    /// Nobody taps and the customer is silent: every case ends by itself, or a person has it.
    #[test]
    fn left_alone_every_case_ends(acts in acts(), luck in any::<u8>()) {
        let mut world = play(&acts);
        world.act(&Act::Resume);
        let over = world.now.max(world.window_ends) + LAST;
        let mut luck = luck;
        while world.jobs.iter().any(|(due, _)| *due <= over) && !world.case.is_closed() {
            luck = luck.wrapping_mul(5).wrapping_add(7);
            world.next(Luck(luck));
            if world.now > over {
                break;
            }
        }
        let ended = matches!(world.case.state, State::Closed { .. } | State::HandedOver { .. });
        prop_assert!(ended, "still {:?} at {}, window until {}", world.case.state, world.now, world.window_ends);
    }
}

/// The random world gets everywhere; an invariant about a place it never reaches would say nothing.
#[test]
fn the_random_world_reaches_everything() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..1_000 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        seen.extend(play(&acts).seen);
    }
    let wanted = [
        "drafting",
        "awaiting_review",
        "needs_person",
        "sending",
        "unknown",
        "send_resolved",
        "handed_over",
        "closed",
        "send_claimed",
        "send_settled",
        "authority_voided",
        "window_lost",
        "expired",
        "escalated",
        "taken_over",
        "given_back",
        "hand_over",
        "servicer_typed",
        "edited",
        "rejected",
        "superseded",
        "delivery_failed",
        "customer_recalled",
        "knowledge_gap",
        "refused.not_permitted",
        "refused.unknown_person",
        "refused.already_decided",
        "refused.already_done",
        "refused.outdated",
        "refused.wrong_code",
        "refused.not_the_holder",
        "refused.nothing_to_send",
        "refused.paused",
        "refused.quota_gone",
        "refused.closed",
        "refused.handed_over",
        "refused.on_its_way",
        "refused.still_drafting",
        "refused.nobody_above",
        "refused.bad_text",
        "refused.in_doubt",
        "refused.nothing_in_doubt",
        "refused.overtaken",
    ];
    let missing: Vec<&str> = wanted.into_iter().filter(|wanted| !seen.contains(*wanted)).collect();
    assert_eq!(missing, [""; 0], "of {seen:?}");
}
