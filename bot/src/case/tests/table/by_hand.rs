//! The rows of a channel whose words a colleague carries over by hand: the asker decides, gets what is approved, and says
//! what became of it.

use super::super::shapes::*;
use super::{Row, check, row};
use crate::case::{Case, Decision, Event, PartResult, Refusal, State, Window, message_id};
use crate::desk::ChannelKind;
use crate::evidence::Kind;
use crate::policy::Route;

fn in_force() -> InForce {
    let mut in_force = InForce::new();
    in_force.channel().kind = ChannelKind::Manual;
    in_force
}

fn becomes(case: &Case, event: &Event) -> Case {
    in_force().step(case, event).unwrap_or_else(|refusal| panic!("{event:?}: {refusal:?}")).next
}

fn by_hand(name: &'static str, case: Case, event: Event, expected: &'static str) -> Row {
    Row { in_force: in_force(), ..row(name, case, event, expected) }
}

/// 李华 asked for the customer.
fn asked() -> Case {
    let window = Window { ends_at: None, quota_left: None };
    becomes(&Case { asker: Some("lihua".into()), window, ..opened(SAID) }, &said(1))
}

/// Two parts wait, judged so.
fn waiting(route: Route) -> Case {
    becomes(&asked(), &drafted(1, reply(&["一", "二"], route)))
}

/// Approved by whoever may; the first part was let out.
fn let_out(route: Route, by: &str) -> Case {
    let case = waiting(route);
    becomes(&becomes(&case, &tap(&case, by, Decision::Send)), &claim(0))
}

/// 李华 has the first of two parts.
fn in_hand() -> Case {
    becomes(&let_out(REVIEWER, "lihua"), &settled(0, PartResult::HandedOut))
}

/// 李华 has the last part.
fn last_in_hand() -> Case {
    let case = in_hand();
    let sent = becomes(&case, &tap(&case, "lihua", Decision::Delivered));
    becomes(&becomes(&sent, &claim(1)), &settled(1, PartResult::HandedOut))
}

#[test]
fn the_asker_decides() {
    let review = waiting(REVIEWER);
    let by = |person: &str, decision| tap(&review, person, decision);
    check(vec![
        by_hand(
            "Drafting | drafted",
            asked(),
            drafted(1, reply(&["一"], REVIEWER)),
            "awaiting_review v1 Reviewers; drafted judged; card lihua, deadline +600s",
        ),
        by_hand(
            "Drafting | drafted, judged review by a supervisor",
            asked(),
            drafted(1, reply(&["一"], SUPERVISOR)),
            "awaiting_review v1 EscalationOwner; drafted judged; card wangwu, deadline +600s",
        ),
        by_hand(
            "Drafting | no answer: no notice where nothing leaves by itself",
            asked(),
            drafted(1, unanswered(REVIEWER)),
            "needs_person v1 NoAnswer Reviewers; knowledge_gap judged; card lihua, deadline +600s, gap",
        ),
        by_hand(
            "AwaitingReview | 复制 by another reviewer",
            review.clone(),
            by("zhaoliu", Decision::Send),
            "refused.carried_by",
        ),
        by_hand(
            "AwaitingReview | 接手 by another reviewer",
            review.clone(),
            by("zhaoliu", Decision::TakeOver),
            "refused.carried_by",
        ),
        by_hand(
            "AwaitingReview | 复制",
            review.clone(),
            by("lihua", Decision::Send),
            "sending [Waiting, Waiting] by lihua; decided; settle send by lihua, send 0",
        ),
        by_hand(
            "AwaitingReview | 转上级",
            review.clone(),
            by("lihua", Decision::Escalate),
            "awaiting_review v1 EscalationOwner; escalated; settle escalate by lihua, story wangwu, card wangwu, deadline +600s",
        ),
        by_hand(
            "AwaitingReview | deadline",
            review.clone(),
            Event::ReviewExpired { due: review.due().unwrap() },
            "awaiting_review v1 EscalationOwner; expired; settle expired, story wangwu, card wangwu, deadline +600s",
        ),
        by_hand(
            "AwaitingReview | 接手: the chat is theirs already",
            review.clone(),
            by("lihua", Decision::TakeOver),
            "handed_over lihua Person; taken_over; settle taken over by lihua, tell lihua told.by_hand_yours",
        ),
    ]);
}

#[test]
fn an_asker_who_is_gone_or_off_duty() {
    let mut off = in_force();
    off.off_duty.insert("lihua".into());
    let mut gone = in_force();
    gone.desk.people.retain(|person| person.id != "lihua");
    let drafted = || drafted(1, reply(&["一"], REVIEWER));
    check(vec![
        Row {
            in_force: off,
            ..row(
                "Drafting | drafted, the asker is off duty and has the chat all the same",
                asked(),
                drafted(),
                "awaiting_review v1 Reviewers; drafted judged; card lihua, deadline +600s",
            )
        },
        Row {
            in_force: gone,
            ..row(
                "Drafting | drafted, the asker was removed",
                asked(),
                drafted(),
                "awaiting_review v1 EscalationOwner; drafted judged; card wangwu, deadline +600s",
            )
        },
    ]);
}

#[test]
fn hand_out_rows() {
    let case = waiting(REVIEWER);
    let approved = becomes(&case, &tap(&case, "lihua", Decision::Send));
    let out = let_out(REVIEWER, "lihua");
    let mut paused = in_force();
    paused.paused = InForce::paused().paused;
    let probe = Event::Probe { part: 0, paused_since_approval: false };
    check(vec![
        by_hand(
            "Sending | claimed",
            approved.clone(),
            claim(0),
            "sending [Claimed, Waiting] by lihua; hand_out_claimed; ",
        ),
        Row {
            in_force: paused,
            ..row(
                "Sending, not yet claimed | pause in scope",
                approved.clone(),
                claim(0),
                "awaiting_review v2 Reviewers; authority_voided; tell lihua told.paused_before_send, card lihua, deadline +600s",
            )
        },
        by_hand(
            "Sending, not yet claimed | customer said",
            approved,
            said(2),
            "drafting g2; customer_said authority_voided; settle updated, draft g2 +3s",
        ),
        by_hand(
            "Sending | handed out",
            out.clone(),
            settled(0, PartResult::HandedOut),
            "handed_out v2 [\"一\"] Reviewers; hand_out_settled; card lihua, deadline +600s",
        ),
        by_hand(
            "Sending | nobody knows: no alarm, the asker says",
            out.clone(),
            settled(0, PartResult::Unknown),
            "handed_out v2 [\"一\"] Reviewers; hand_out_settled; card lihua, deadline +600s",
        ),
        by_hand(
            "Sending | its worker died",
            out.clone(),
            probe,
            "sending [Claimed, Waiting] by lihua; hand_out_claimed; ",
        ),
        by_hand(
            "Sending | the phone is out of reach",
            out.clone(),
            settled(0, PartResult::PutOff { code: 0, wait_ms: None }),
            "sending [Waiting, Waiting] by lihua; hand_out_settled; send 0 +2s",
        ),
        by_hand(
            "Sending | there is no way to the asker",
            out,
            settled(0, failed(0)),
            "needs_person v2 NeverLeft Reviewers; hand_out_settled authority_voided; card lihua, deadline +600s, alarm told.alarm",
        ),
        by_hand(
            "Sending, approved by the escalation owner | handed out",
            let_out(SUPERVISOR, "wangwu"),
            settled(0, PartResult::HandedOut),
            "handed_out v2 [\"一\"] Reviewers; hand_out_settled; card lihua, deadline +600s",
        ),
    ]);
}

#[test]
fn in_hand_rows() {
    let (first, last) = (in_hand(), last_in_hand());
    let newer = becomes(&first, &said(2));
    let by = |case: &Case, decision| tap(case, "lihua", decision);
    let mut paused = in_force();
    paused.paused = InForce::paused().paused;
    check(vec![
        by_hand(
            "HandedOut | 已发送, another part waits",
            first.clone(),
            by(&first, Decision::Delivered),
            "sending [SaidSent, Waiting] by lihua; hand_out_resolved; resolve delivered by lihua, settle delivered by lihua, send 1",
        ),
        by_hand(
            "HandedOut | 已发送, the last part",
            last.clone(),
            by(&last, Decision::Delivered),
            "closed Answered; hand_out_resolved case_closed; resolve delivered by lihua, settle delivered by lihua, answered 1",
        ),
        by_hand(
            "HandedOut | 再发一遍: the approval stands",
            first.clone(),
            by(&first, Decision::SendAgain),
            "sending [Waiting, Waiting] by lihua; hand_out_resolved; resolve not_delivered by lihua, settle send_again by lihua, send 0",
        ),
        Row {
            in_force: paused,
            ..row("HandedOut, paused | 再发一遍", first.clone(), by(&first, Decision::SendAgain), "refused.paused")
        },
        by_hand(
            "HandedOut | 放弃",
            first.clone(),
            by(&first, Decision::Drop),
            "closed Dropped; hand_out_resolved authority_voided case_closed; resolve dropped by lihua, settle drop by lihua, answered 1",
        ),
        by_hand(
            "HandedOut | 已发送 by another",
            first.clone(),
            tap(&first, "zhaoliu", Decision::Delivered),
            "refused.carried_by",
        ),
        by_hand("HandedOut | 改", first.clone(), by(&first, edit(&["改"])), "refused.in_hand"),
        by_hand(
            "HandedOut | customer said",
            first.clone(),
            said(2),
            "handed_out v3 [\"一\"] Reviewers; customer_said; settle updated, card lihua, deadline +600s",
        ),
        by_hand(
            "HandedOut, customer wrote since | 已发送",
            newer.clone(),
            by(&newer, Decision::Delivered),
            "drafting g2; hand_out_resolved authority_voided; resolve delivered by lihua, settle delivered by lihua, answered 1, draft g2 +3s",
        ),
        by_hand(
            "HandedOut, customer wrote since | 再发一遍",
            newer.clone(),
            by(&newer, Decision::SendAgain),
            "drafting g2; hand_out_resolved authority_voided; resolve not_delivered by lihua, settle send_again by lihua, tell lihua told.customer_wrote_again, draft g2 +3s",
        ),
        by_hand(
            "HandedOut | not said in time: nobody else can know",
            first.clone(),
            Event::ReviewExpired { due: first.due().unwrap() },
            "handed_out v2 [\"一\"] Reviewers; expired; settle updated, card lihua, deadline +3600s, tell wangwu told.not_said_sent",
        ),
    ]);
}

/// The part alone is on the card, and the rest leaves under the approval it already has.
#[test]
fn the_card_shows_what_is_in_hand_and_the_approval_stands() {
    let case = in_hand();
    let State::Unknown(doubt) = &case.state else { panic!("{:?}", case.state) };
    let sending = doubt.by_hand.as_deref().unwrap();
    assert_eq!((case.draft().unwrap().parts.as_slice(), case.doubtful), (&["一".to_owned()][..], false));
    assert_eq!(doubt.lost.msgid, message_id(&case, &sending.draft, 0));
    let next = becomes(&case, &tap(&case, "lihua", Decision::Delivered));
    let step = in_force().step(&next, &claim(1)).unwrap();
    let claimed = &step.evidence[0];
    assert_eq!((claimed.kind, &claimed.payload["to"]), (Kind::HandOutClaimed, &"lihua".into()));
    assert_eq!(claimed.payload["digest"], sending.authority.digest());
}

/// Escalated while it is in their hands, it is still the asker who can say what became of it.
#[test]
fn the_asker_can_always_say() {
    let case = in_hand();
    let raised = becomes(&case, &tap(&case, "lihua", Decision::Escalate));
    let other = in_force().step(&raised, &tap(&raised, "zhaoliu", Decision::Delivered));
    assert_eq!(other, Err(Refusal::NotTheHolder));
    assert!(in_force().step(&raised, &tap(&raised, "lihua", Decision::Delivered)).is_ok());
}

/// Nothing in the record of such a case says that anything was sent.
#[test]
fn the_record_never_says_sent() {
    let mut case = waiting(REVIEWER);
    let mut kinds = Vec::new();
    let mut happen = |case: &mut Case, event: Event| {
        let step = in_force().step(case, &event).unwrap();
        kinds.extend(step.evidence.iter().map(|entry| (entry.kind, entry.payload.to_string())));
        *case = step.next;
    };
    for decision in [Decision::Send, Decision::SendAgain, Decision::Delivered] {
        let event = tap(&case, "lihua", decision);
        happen(&mut case, event);
        let part = usize::from(
            matches!(&case.state, State::Sending(sending) if sending.parts[0] != crate::case::Part::Waiting),
        );
        happen(&mut case, claim(part));
        happen(&mut case, settled(part, PartResult::HandedOut));
    }
    let event = tap(&case, "lihua", Decision::Delivered);
    happen(&mut case, event);
    assert!(case.is_closed());
    let sends = [Kind::SendClaimed, Kind::SendSettled, Kind::SendProbed, Kind::SendResolved];
    assert!(kinds.iter().all(|(kind, _)| !sends.contains(kind)), "{kinds:?}");
    assert!(
        kinds.iter().all(|(_, payload)| !payload.contains("accepted") && !payload.contains("sending")),
        "{kinds:?}"
    );
}
