//! What leaves without a person: when a permit is given, what takes it away, and what is left of it.

use crate::case::tests::shapes::{
    InForce, NOTICE, REVIEWER, after, claim, drafted, drafting, opened, proposal, said, settled, tap, wants_person,
};
use crate::case::{
    Author, Authority, Case, Citation, Decision, Draft, Drafted, Effect, Ending, Event, Level, Part, PartResult, State,
    Step, Voided, digest,
};
use crate::desk::Mode;
use crate::evidence::{Actor, Kind};
use crate::policy::{Intent, Route};

use super::shapes::SAID;

const ANSWER: &str = "江浙沪皖 1–2 天。";

/// A routine answer, as drafting brings it with a permit.
fn routine() -> Draft {
    Draft { intent: Intent::Shipping, ..proposal(&[ANSWER], Route::Permit) }
}

fn brought(draft: Draft) -> Event {
    drafted(1, Drafted::Reply(Box::new(draft)))
}

fn step(in_force: &InForce, case: &Case, event: &Event) -> Step {
    in_force.step(case, event).unwrap_or_else(|refusal| panic!("{event:?}: {refusal:?}"))
}

/// A routine answer on its way, not let out yet.
fn permitted() -> Case {
    step(&InForce::automatic(), &drafting(), &brought(routine())).next
}

fn marked(text: &str) -> String {
    format!("{text}\n{NOTICE}")
}

fn sends(step: &Step) -> bool {
    step.effects.iter().any(|effect| matches!(effect, Effect::Send { .. }))
}

fn voided(step: &Step) -> Option<&str> {
    step.evidence.iter().find(|entry| entry.kind == Kind::AuthorityVoided)?.payload["why"].as_str()
}

#[test]
fn a_permit_is_on_record_with_everything_it_binds_before_anything_may_leave() {
    let step = step(&InForce::automatic(), &drafting(), &brought(routine()));
    let State::Sending(sending) = &step.next.state else { panic!("{:?}", step.next.state) };
    let draft = &sending.draft;
    assert_eq!(draft.parts, [marked(ANSWER)], "marked as what it is");
    let bound = digest(&step.next.conversation, draft.version, draft.watermark, "p1", &draft.parts);
    assert_eq!((&draft.digest, sending.authority.digest()), (&bound, bound.as_str()));
    assert_eq!((sending.authority.approver(), sending.authority.actor()), (None, Actor::Policy("p1".into())));
    let kinds: Vec<Kind> = step.evidence.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Drafted, Kind::Judged, Kind::Permitted]);
    let permit = &step.evidence[2];
    assert_eq!((&permit.actor, &permit.payload["digest"]), (&Actor::Policy("p1".into()), &bound.as_str().into()));
    assert_eq!((&permit.payload["watermark"], &permit.payload["policy"]), (&1.into(), &"p1".into()));
    assert!(matches!(step.effects.as_slice(), [Effect::Send { part: 0, .. }]), "{:?}", step.effects);
}

#[test]
fn everything_is_asked_again_when_the_permit_is_given() {
    let automatic = InForce::automatic;
    let stale = Citation { owner: "nobody".into(), ..cited() };
    let of_another_intent = Draft { intent: Intent::Product, ..routine() };
    let cases: [(&str, InForce, Case, Draft); 9] = [
        ("closed", InForce { open: vec![], ..automatic() }, drafting(), routine()),
        ("another intent", automatic(), drafting(), of_another_intent),
        ("paused", InForce { paused: InForce::paused().paused, ..automatic() }, drafting(), routine()),
        (
            "judged for review",
            automatic(),
            drafting(),
            Draft { intent: Intent::Shipping, ..proposal(&[ANSWER], REVIEWER) },
        ),
        ("was high risk once", automatic(), Case { least: Level::EscalationOwner, ..drafting() }, routine()),
        ("a doubt", automatic(), Case { doubtful: true, ..drafting() }, routine()),
        ("a person was asked", automatic(), Case { asked: Some((Level::Reviewers, SAID)), ..drafting() }, routine()),
        ("by hand", automatic(), Case { asker: Some("lihua".into()), ..drafting() }, routine()),
        ("no owner", automatic(), drafting(), Draft { citations: vec![stale], ..routine() }),
    ];
    for (what, in_force, case, draft) in cases {
        let step = step(&in_force, &case, &brought(draft));
        let State::AwaitingReview(review) = &step.next.state else { panic!("{what}: {:?}", step.next.state) };
        assert_eq!((sends(&step), &review.draft.parts), (false, &vec![ANSWER.to_owned()]), "{what}");
    }
}

fn cited() -> Citation {
    Citation {
        entry: "e1".into(),
        version: 1,
        title: "发货".into(),
        span: (0, 3),
        owner: "lihua".into(),
        verify_by: None,
        valid_until: None,
        marked: Vec::new(),
    }
}

#[test]
fn what_cannot_be_marked_or_is_too_long_for_the_mark_waits_for_a_person() {
    let long = "好".repeat(682);
    let draft = Draft { parts: vec![long], ..routine() };
    let step = step(&InForce::automatic(), &drafting(), &brought(draft));
    assert!(matches!(step.next.state, State::AwaitingReview(_)) && !sends(&step), "{:?}", step.next.state);
}

#[test]
fn what_a_reviewer_wished_for_is_shown_to_them() {
    let shown = after(&drafting(), &drafted(1, Drafted::Reply(Box::new(proposal(&["一"], REVIEWER)))));
    let wished = after(&shown, &tap(&shown, "lihua", Decision::Rewrite(cards::Hint::Shorter)));
    let again = drafted(2, Drafted::Reply(Box::new(routine())));
    assert!(!sends(&step(&InForce::automatic(), &wished, &again)));
}

#[test]
fn a_claim_goes_in_the_policys_name() {
    let step = step(&InForce::automatic(), &permitted(), &claim(0));
    let [claimed] = step.evidence.as_slice() else { panic!("{:?}", step.evidence) };
    assert_eq!((claimed.kind, &claimed.actor), (Kind::SendClaimed, &Actor::Policy("p1".into())));
    assert!(claimed.payload["approved_by"].is_null(), "{}", claimed.payload);
}

#[test]
fn a_permit_ends_with_what_it_rested_on() {
    let automatic = InForce::automatic;
    let paused_once = Event::Claim { part: 0, paused_since_approval: true };
    let cases: [(&str, InForce, Event, Voided); 6] = [
        ("paused", InForce { paused: InForce::paused().paused, ..automatic() }, claim(0), Voided::Paused),
        ("paused and resumed", automatic(), paused_once, Voided::Paused),
        ("closed", InForce { open: vec![], ..automatic() }, claim(0), Voided::AutomationClosed),
        ("another policy", InForce { policy: "p2".into(), ..automatic() }, claim(0), Voided::PolicyChanged),
        ("the customer wrote", automatic(), said(2), Voided::CustomerWroteAgain),
        ("wants a person", automatic(), wants_person(2), Voided::AskedForPerson),
    ];
    for (what, in_force, event, why) in cases {
        let step = step(&in_force, &permitted(), &event);
        assert_eq!(voided(&step), serde_json::to_value(why).unwrap().as_str(), "{what}");
        assert!(!sends(&step) && !step.evidence.iter().any(|entry| entry.kind == Kind::SendClaimed), "{what}");
        assert!(!step.effects.iter().any(|effect| matches!(effect, Effect::Tell { .. })), "{what}: nobody approved it");
        assert!(!matches!(step.next.state, State::Sending(_)), "{what}: {:?}", step.next.state);
    }
}

#[test]
fn what_did_not_leave_comes_to_people_without_the_mark() {
    let closed = InForce { open: vec![], ..InForce::automatic() };
    let next = step(&closed, &permitted(), &claim(0)).next;
    let State::AwaitingReview(review) = &next.state else { panic!("{:?}", next.state) };
    assert_eq!(review.draft.parts, [ANSWER]);
    let approved = step(&closed, &next, &tap(&next, "lihua", Decision::Send)).next;
    let State::Sending(sending) = &approved.state else { panic!("{:?}", approved.state) };
    assert_eq!((sending.authority.approver(), &sending.draft.parts), (Some("lihua"), &vec![ANSWER.to_owned()]));
}

#[test]
fn what_left_is_told_once_as_it_would_have_been_shown() {
    let claimed = step(&InForce::automatic(), &permitted(), &claim(0)).next;
    let step = step(&InForce::automatic(), &claimed, &settled(0, PartResult::Accepted));
    assert!(matches!(step.next.state, State::Closed { ending: Ending::Answered }), "{:?}", step.next.state);
    let told: Vec<&Case> = step.effects.iter().filter_map(told_of).collect();
    let [shown] = told.as_slice() else { panic!("{:?}", step.effects) };
    let State::AwaitingReview(review) = &shown.state else { panic!("{:?}", shown.state) };
    assert_eq!((&review.draft.parts, shown.version), (&vec![ANSWER.to_owned()], claimed.version));
    let bound = digest(&shown.conversation, shown.version, shown.watermark, "p1", &review.draft.parts);
    assert_eq!(review.draft.digest, bound, "the code on the card is that of what it shows");
    assert!(matches!(review.draft.author, Author::Bot { .. }));
}

fn told_of(effect: &Effect) -> Option<&Case> {
    match effect {
        Effect::LeftByItself { shown } => Some(shown),
        _ => None,
    }
}

#[test]
fn a_lost_answer_asks_people_and_repeats_nothing() {
    let claimed = step(&InForce::automatic(), &permitted(), &claim(0)).next;
    let step = step(&InForce::automatic(), &claimed, &settled(0, PartResult::Unknown));
    let State::Unknown(doubt) = &step.next.state else { panic!("{:?}", step.next.state) };
    assert_eq!((doubt.draft.parts.as_slice(), doubt.lost.approved_by.as_str()), ([marked(ANSWER)].as_slice(), ""));
    assert!(!sends(&step) && step.effects.iter().any(|effect| matches!(effect, Effect::PostCard { .. })));
}

#[test]
fn a_second_answer_of_the_same_case_may_leave_by_itself_too() {
    let claimed = step(&InForce::automatic(), &permitted(), &claim(0)).next;
    let wrote = step(&InForce::automatic(), &claimed, &said(2)).next;
    let drafting = step(&InForce::automatic(), &wrote, &settled(0, PartResult::Accepted)).next;
    let again = drafted(drafting.generation, Drafted::Reply(Box::new(routine())));
    let next = step(&InForce::automatic(), &drafting, &again).next;
    let State::Sending(sending) = &next.state else { panic!("{:?}", next.state) };
    assert_eq!((sending.parts.as_slice(), sending.draft.watermark), ([Part::Waiting].as_slice(), 2));
}

#[test]
fn nothing_leaves_by_itself_where_the_channel_only_reads() {
    let mut reads = InForce::automatic();
    reads.channel().mode = Mode::ReadOnly;
    assert!(!sends(&step(&reads, &drafting(), &brought(routine()))));
    assert!(!sends(&step(&InForce::new(), &after(&opened(SAID), &said(1)), &brought(routine()))));
}

#[test]
fn an_authority_reads_back_as_it_was_written_and_as_it_was_before_there_were_permits() {
    let State::Sending(sending) = permitted().state else { panic!("not sending") };
    for authority in [sending.authority.clone(), approval()] {
        let json = serde_json::to_string(&authority).unwrap();
        assert_eq!(serde_json::from_str::<Authority>(&json).unwrap(), authority);
    }
    let old = r#"{"person":"lihua","at":1,"digest":"d","turn":3}"#;
    assert_eq!(serde_json::from_str::<Authority>(old).unwrap().approver(), Some("lihua"));
    assert!(serde_json::to_string(&State::Sending(sending)).unwrap().contains(r#""approval":{"policy":"p1""#));
}

fn approval() -> Authority {
    let approved = super::shapes::approved();
    match approved.state {
        State::Sending(sending) => sending.authority,
        other => panic!("{other:?}"),
    }
}
