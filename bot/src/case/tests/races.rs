//! What happens at the same time: each of these once went wrong, or is the reason why something is as it is.

use super::shapes::*;
use crate::case::{
    Author, Case, Decision, Drafted, Effect, Ending, Event, Fill, Part, PartResult, Refusal, SessionOwner, State, Why,
    digest, step,
};
use crate::clock::{HOUR, MINUTE};
use crate::evidence::Kind;

fn kinds(case: &Case, event: &Event) -> Vec<Kind> {
    InForce::new().step(case, event).unwrap().evidence.iter().map(|entry| entry.kind).collect()
}

/// The customer writes between two parts: the rest stays here and the authority for it ends, once.
#[test]
fn the_customer_writes_while_the_first_of_two_parts_is_under_way() {
    let accepted = settled(0, PartResult::Accepted);
    let said = after(&claimed(), &said(2));
    assert!(matches!(after(&said, &accepted).state, State::Drafting(_)));
    assert_eq!(kinds(&said, &accepted), [Kind::SendSettled, Kind::AuthorityVoided]);
    let asked = after(&claimed(), &wants_person(2));
    let next = after(&asked, &accepted);
    assert!(matches!(&next.state, State::NeedsPerson(stuck) if stuck.why == Why::AskedForPerson), "{:?}", next.state);
    assert_eq!(kinds(&asked, &accepted), [Kind::SendSettled, Kind::AuthorityVoided]);
}

/// An authority that let out everything it was given for is not called void.
#[test]
fn a_spent_authority_is_not_voided() {
    let asked = after(&last_claimed(), &wants_person(2));
    assert_eq!(kinds(&asked, &settled(1, PartResult::Accepted)), [Kind::SendSettled]);
}

/// After the first part arrived, a pause brings back only what has not.
#[test]
fn a_pause_between_parts_shows_the_rest_again() {
    let next = InForce::paused().step(&halfway(), &claim(1)).unwrap().next;
    let State::AwaitingReview(review) = &next.state else { panic!("{:?}", next.state) };
    assert_eq!((review.draft.version, review.draft.parts.as_slice()), (2, ["二".to_owned()].as_slice()));
    assert_eq!(review.draft.digest, digest("talk-1", 2, 1, "p1", &review.draft.parts));
    let old = InForce::new().step(&next, &tap(&review_before(), "lihua", Decision::Send));
    assert!(matches!(old, Err(Refusal::AlreadyDone(_))), "the old tap does not approve the rest: {old:?}");
}

fn review_before() -> Case {
    review()
}

/// The window's only deadline passes while a reply is under way, or while a person has the case: it comes again.
#[test]
fn the_windows_deadline_is_never_lost() {
    let ended = SAID + WINDOW;
    let again = |case: &Case, now| {
        let step = step(case, &Event::WindowEnded, &InForce::new().rules(), now).unwrap();
        assert_eq!(&step.next, case);
        step.effects
    };
    for case in [approved(), claimed(), taken_over()] {
        assert_eq!(again(&case, ended), [Effect::WindowDeadline { at: ended + HOUR }], "{:?}", case.state);
        assert_eq!(again(&case, ended - HOUR), [Effect::WindowDeadline { at: ended }], "{:?}", case.state);
    }
    for session in [SessionOwner::Person, SessionOwner::Pool] {
        let theirs = handed_over(session);
        assert_eq!(again(&theirs, ended - HOUR), [Effect::WindowDeadline { at: ended }], "{session:?}");
        let end = step(&theirs, &Event::WindowEnded, &InForce::new().rules(), ended).unwrap().next.state;
        let ending = Ending::AnsweredByPerson;
        assert_eq!(end, State::Closed { ending }, "the platform ends the session, and does not always say so");
    }
}

/// A customer who goes on writing must not keep the next level from being asked.
#[test]
fn the_customers_next_words_do_not_restart_the_clock() {
    let mut in_force = InForce::new();
    let case = review();
    let due = case.due().unwrap();
    let later = due - MINUTE / 2;
    for event in [said_nothing(2), said(2)] {
        let said = step(&case, &event, &in_force.rules(), later).unwrap().next;
        let shown = match said.state {
            State::Drafting(_) => {
                let reply = drafted(said.generation, reply(&["新"], REVIEWER));
                step(&said, &reply, &in_force.rules(), later).unwrap().next
            }
            _ => said,
        };
        assert_eq!(shown.due(), Some(later + MINUTE), "a minute to read, not a fresh clock");
    }
    in_force.paused = None;
    let edited = step(&case, &tap(&case, "lihua", edit(&["改"])), &in_force.rules(), later).unwrap().next;
    assert!(edited.due() > Some(later + MINUTE), "a person acted: the next one gets the whole time");
}

/// Nobody knows whether the reply arrived: that is remembered until a person decides, also by whoever took over and gave
/// it back.
#[test]
fn a_doubt_outlives_a_hand_over() {
    let unknown = in_doubt();
    assert!(unknown.doubtful);
    let taken = after(&unknown, &tap(&unknown, "lihua", Decision::TakeOver));
    let bot = after(&taken, &Event::SessionMoved { to: SessionOwner::Bot });
    let back = after(&bot, &tap(&bot, "lihua", Decision::GiveBack));
    let shown = after(&back, &drafted(back.generation, reply(&["一"], REVIEWER)));
    assert!(shown.doubtful, "the next card has to say it");
    assert!(!after(&shown, &tap(&shown, "lihua", Decision::Send)).doubtful, "a person decided, knowing it");
}

/// Whoever took over but cannot see the conversation in the platform's own client hears what the customer writes.
#[test]
fn a_taker_without_the_session_hears_the_customer() {
    for session in [SessionOwner::Bot, SessionOwner::Pool, SessionOwner::Asked, SessionOwner::Person] {
        let step = InForce::new().step(&handed_over(session), &said(9)).unwrap();
        let told = step.effects.contains(&Effect::TellStory { person: "lihua".into() });
        assert_eq!(told, session != SessionOwner::Person, "{session:?}");
    }
}

/// Shown again, a text would count as judged by the policy in force; so what was judged by another is drafted anew.
#[test]
fn nothing_judged_by_an_older_policy_is_shown_under_the_new_one() {
    let mut newer = InForce::new();
    newer.policy = "p2".into();
    let drafts_anew = |case: &Case, event: &Event| {
        let next = newer.step(case, event).unwrap().next;
        assert!(matches!(next.state, State::Drafting(_)), "{event:?}: {:?}", next.state);
        assert_eq!(next.generation, case.generation + 1);
    };
    drafts_anew(&drafting(), &drafted(1, reply(&["一"], REVIEWER)));
    drafts_anew(&review(), &said_nothing(2));
    drafts_anew(&approved(), &claim(0));
    drafts_anew(&approved(), &Event::Claim { part: 0, paused_since_approval: true });
    drafts_anew(&halfway(), &claim(1));
    drafts_anew(&review(), &Event::PolicyChanged);
    let tapped = newer.step(&review(), &tap(&review(), "lihua", Decision::Send));
    assert_eq!(tapped, Err(Refusal::Outdated { current: 0 }));
}

/// The wish of a reviewer outlives a policy that changes while it is being followed.
#[test]
fn a_draft_of_an_older_policy_is_drafted_anew_with_its_hint() {
    let shown = review();
    let wished = after(&shown, &tap(&shown, "lihua", Decision::Rewrite(cards::Hint::Softer)));
    let mut newer = InForce::new();
    newer.policy = "p2".into();
    let next = newer.step(&wished, &drafted(2, reply(&["一"], REVIEWER))).unwrap().next;
    let State::Drafting(drafting) = &next.state else { panic!("{:?}", next.state) };
    assert_eq!(drafting.hint, Some(cards::Hint::Softer));
}

/// A draft that does not say by which policy it was judged is not taken on trust.
#[test]
fn a_draft_without_a_policy_is_drafted_anew() {
    let mut draft = proposal(&["一"], REVIEWER);
    draft.policy.clear();
    let next = after(&drafting(), &drafted(1, Drafted::Reply(Box::new(draft))));
    assert!(matches!(next.state, State::Drafting(_)), "{:?}", next.state);
}

/// 李华 takes over; before the platform answers, 赵柳 already types there. The late "no" does not bring it back.
#[test]
fn a_late_answer_about_the_session_does_not_take_it_from_whoever_has_it() {
    let typed = after(&taken_over(), &Event::ServicerActive { who: "zhaoliu".into() });
    for to in [SessionOwner::Bot, SessionOwner::Pool, SessionOwner::Person] {
        assert_eq!(InForce::new().step(&typed, &Event::SessionMoved { to }), Err(Refusal::Overtaken));
    }
}

/// Nobody knows which message asked for a person; taking another one back does not take the wish back.
#[test]
fn a_wish_for_a_person_outlives_a_recalled_message() {
    let recalled = Event::CustomerRecalled { seq: 1, anything_left: true };
    let next = after(&asked_for_person(), &recalled);
    assert!(matches!(&next.state, State::NeedsPerson(stuck) if stuck.why == Why::AskedForPerson), "{:?}", next.state);
    assert!(next.version > asked_for_person().version, "cards that show the recalled words are of an older version");
}

#[test]
fn a_wish_for_a_person_outlives_a_failed_delivery() {
    let asked = after(&claimed(), &wants_person(2));
    for event in [Event::NotDelivered { msgid: "m".into(), fail_type: 10 }, settled(0, failed(40_096))] {
        let step = InForce::new().step(&asked, &event).unwrap();
        let State::NeedsPerson(stuck) = &step.next.state else { panic!("{:?}", step.next.state) };
        assert_eq!(stuck.why, Why::AskedForPerson, "{event:?}");
        assert!(step.effects.iter().any(|effect| matches!(effect, Effect::Alarm { .. })), "{event:?}");
    }
}

/// The version that was approved and voided is not in the way of somebody who wants to answer in person.
#[test]
fn taking_over_works_while_a_voided_draft_is_written_anew() {
    let voided = after(&approved(), &said(2));
    assert!(matches!(voided.state, State::Drafting(_)));
    let next = after(&voided, &tap(&voided, "zhaoliu", Decision::TakeOver));
    assert!(matches!(&next.state, State::HandedOver { to, .. } if to == "zhaoliu"), "{:?}", next.state);
    let bot = handed_over(SessionOwner::Bot);
    let given_back = after(&bot, &tap(&bot, "lihua", Decision::GiveBack));
    let next = after(&given_back, &tap(&given_back, "lihua", Decision::TakeOver));
    assert!(matches!(next.state, State::HandedOver { .. }), "the same person may change their mind");
}

/// A draft that nobody could send would leave a case that nothing ends.
#[test]
fn a_draft_without_words_goes_to_a_person() {
    let next = after(&drafting(), &drafted(1, reply(&[], REVIEWER)));
    assert!(matches!(&next.state, State::NeedsPerson(stuck) if stuck.why == Why::DraftFailed), "{:?}", next.state);
}

/// The second part fails: who goes on hears what the customer has read, before the card comes.
#[test]
fn whoever_goes_on_hears_what_arrived() {
    let told = |case: &Case, part| {
        let effects = InForce::new().step(case, &settled(part, failed(40_096))).unwrap().effects;
        let card = effects.iter().position(|effect| matches!(effect, Effect::PostCard { .. })).unwrap();
        let told = effects[..card].iter().filter_map(|effect| match effect {
            Effect::Tell { person, say } if say.key == "told.parts_arrived" => Some((person.clone(), say.args.clone())),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(&claimed(), 0), []);
    let told = told(&last_claimed(), 1);
    assert_eq!(told.iter().map(|(person, _)| person.as_str()).collect::<Vec<_>>(), ["lihua", "zhaoliu", "zhouba"]);
    assert!(told.iter().all(|(_, args)| args.contains(&("arrived".into(), Fill::Text("一".into())))), "{told:?}");
}

/// A servicer types while a part is under way: its fate goes on record and changes nothing.
#[test]
fn the_fate_of_a_part_is_recorded_after_a_hand_over() {
    let typed = after(&claimed(), &Event::ServicerActive { who: "zhaoliu".into() });
    assert!(matches!(typed.state, State::HandedOver { .. }));
    assert_eq!(
        kinds(&claimed(), &Event::ServicerActive { who: "zhaoliu".into() }),
        [Kind::AuthorityVoided, Kind::ServicerTyped]
    );
    let step = InForce::new().step(&typed, &settled(0, PartResult::Accepted)).unwrap();
    assert_eq!((&step.next, step.effects.len()), (&typed, 0));
    assert_eq!(step.evidence.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::SendSettled]);
    let late_claim = InForce::new().step(&typed, &claim(1));
    assert_eq!(late_claim, Err(Refusal::Overtaken), "the second part stays here");
}

/// The fate of an earlier reply comes while the next one is being sent: on record, and nothing to that one.
#[test]
fn the_fate_of_an_earlier_reply_is_recorded() {
    let step = InForce::new().step(&claimed(), &settled(1, PartResult::Unknown)).unwrap();
    assert_eq!((&step.next, step.effects.len()), (&claimed(), 0));
    assert_eq!(step.evidence.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::SendSettled]);
}

/// A pause that was lifted before the approval is not held against it.
#[test]
fn a_pause_before_the_approval_does_not_count() {
    let next = after(&approved(), &Event::Claim { part: 0, paused_since_approval: false });
    assert!(matches!(&next.state, State::Sending(sending) if sending.parts == [Part::Claimed, Part::Waiting]));
}

/// A claim whose draft is older than the newest message is refused even where the state should not exist.
#[test]
fn a_claim_compares_the_newest_message_itself() {
    let behind = Case { watermark: 7, ..approved() };
    assert!(matches!(after(&behind, &claim(0)).state, State::Drafting(_)));
}

/// What a person wrote and a customer got is proposed to the knowledge's owner; what the bot wrote is not.
#[test]
fn an_edited_reply_is_proposed_once_it_arrived() {
    let proposed = |case: Case| {
        let sent = after(&after(&case, &tap(&case, "lihua", Decision::Send)), &claim(0));
        let effects = InForce::new().step(&sent, &settled(0, PartResult::Accepted)).unwrap().effects;
        effects.into_iter().any(|effect| matches!(effect, Effect::ProposeKnowledge { text, .. } if text == "改"))
    };
    let shown = review();
    let edited = after(&shown, &tap(&shown, "lihua", edit(&["改"])));
    assert!(matches!(&edited.draft().unwrap().author, Author::Person { id } if id == "lihua"));
    assert!(proposed(edited));
    assert!(!proposed(after(&drafting(), &drafted(1, reply(&["改"], REVIEWER)))));
}

/// Everything a case holds survives the store.
#[test]
fn every_shape_reads_back_as_written() {
    let cases = [
        drafting(),
        review(),
        human_only(),
        claimed(),
        handed_over(SessionOwner::Pool),
        answered(),
        rejected(),
        of_older_policy(approved()),
    ];
    for case in cases {
        let json = serde_json::to_string(&case).unwrap();
        assert_eq!(serde_json::from_str::<Case>(&json).unwrap(), case);
        let named = serde_json::from_str::<serde_json::Value>(&json).unwrap();
        assert_eq!(named["state"]["state"], case.state.name(), "the name in queries is the name in the store");
    }
    assert!(matches!(rejected().state, State::Closed { ending: Ending::Rejected }));
    let State::Sending(sending) = approved().state else { panic!("not sending") };
    let (authority, shown) = (&sending.authority, sending.draft.digest.as_str());
    assert_eq!((authority.approver(), authority.at(), authority.digest()), (Some("lihua"), NOW, shown));
}
