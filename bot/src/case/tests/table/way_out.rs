//! The rows about hand-over, sending and ends.

use super::super::shapes::*;
use super::{Row, check, row};
use crate::case::{Case, Decision, Event, Lost, PartResult, SessionOwner};

#[test]
fn hand_over_rows() {
    let (review, stuck) = (review(), no_answer());
    let take = |case: &Case| tap(case, "lihua", Decision::TakeOver);
    let typing = || Event::ServicerActive { who: "zhaoliu".into() };
    let moved = |to| Event::SessionMoved { to };
    check(vec![
        row(
            "AwaitingReview | 接手",
            review.clone(),
            take(&review),
            "handed_over lihua Asked; taken_over; settle taken over by lihua, story lihua, notice handover, transfer lihua",
        ),
        row(
            "NeedsPerson | 接手",
            stuck.clone(),
            take(&stuck),
            "handed_over lihua Asked; taken_over; settle taken over by lihua, story lihua, notice handover, transfer lihua",
        ),
        row(
            "AwaitingReview | a servicer is seen typing",
            review,
            typing(),
            "handed_over zhaoliu Person; servicer_typed; settle taken over by zhaoliu",
        ),
        row(
            "NeedsPerson | a servicer is seen typing",
            stuck,
            typing(),
            "handed_over zhaoliu Person; servicer_typed; settle taken over by zhaoliu",
        ),
        row(
            "service_state/trans → 3",
            taken_over(),
            moved(SessionOwner::Person),
            "handed_over lihua Person; hand_over; tell lihua told.session_yours",
        ),
        row(
            "not receiving → 2",
            taken_over(),
            moved(SessionOwner::Pool),
            "handed_over lihua Pool; hand_over; tell lihua told.session_pool",
        ),
        row(
            "neither possible",
            taken_over(),
            moved(SessionOwner::Bot),
            "handed_over lihua Bot; hand_over; tell lihua told.session_bot",
        ),
    ]);
}

#[test]
fn after_hand_over_rows() {
    let give_back = |case: &Case| tap(case, "lihua", Decision::GiveBack);
    let (person, bot) = (handed_over(SessionOwner::Person), handed_over(SessionOwner::Bot));
    check(vec![
        row(
            "… the taker answers through 改",
            bot.clone(),
            tap(&bot, "lihua", edit(&["改"])),
            "awaiting_review v2 Reviewers; edited; settle updated, cards, deadline +600s",
        ),
        row("HandedOver | customer said", person.clone(), said(2), "handed_over lihua Person; customer_said; "),
        row(
            "HandedOver | session ended",
            person.clone(),
            Event::SessionEnded,
            "closed AnsweredByPerson; case_closed; answered 1",
        ),
        row(
            "HandedOver | the taker gives it back",
            person.clone(),
            give_back(&person),
            "closed AnsweredByPerson; given_back case_closed; end session, answered 1",
        ),
        row(
            "HandedOver, session still ours | the taker gives it back",
            bot.clone(),
            give_back(&bot),
            "drafting g2; given_back; draft g2 +0s",
        ),
    ]);
}

#[test]
fn sending_rows() {
    let paused_once = Event::Claim { part: 0, paused_since_approval: true };
    let in_pause =
        |name, case, event, expected| Row { in_force: InForce::paused(), ..row(name, case, event, expected) };
    check(vec![
        in_pause(
            "Sending, not yet claimed | pause in scope",
            approved(),
            claim(0),
            "awaiting_review v2 Reviewers; authority_voided; tell lihua told.paused_before_send, cards, deadline +600s",
        ),
        row(
            "Sending, not yet claimed | pause, lifted meanwhile",
            approved(),
            paused_once,
            "awaiting_review v2 Reviewers; authority_voided; tell lihua told.paused_before_send, cards, deadline +600s",
        ),
        in_pause(
            "Sending, first part arrived | pause in scope",
            halfway(),
            claim(1),
            "awaiting_review v2 Reviewers; authority_voided; tell lihua told.paused_before_send, cards, deadline +600s",
        ),
        row(
            "Sending, not yet claimed | customer said",
            approved(),
            said(2),
            "drafting g2; customer_said authority_voided; settle updated, draft g2 +3s",
        ),
        row(
            "Sending, not yet claimed | policy changed",
            of_older_policy(approved()),
            Event::PolicyChanged,
            "drafting g2; authority_voided superseded; settle updated, draft g2 +3s",
        ),
        in_pause("Sending, claimed | pause", claimed(), claim(0), "refused.overtaken"),
    ]);
}

#[test]
fn outcome_rows() {
    let refused = |code| settled(0, failed(code));
    check(vec![
        row(
            "Sending, not yet claimed | nothing against it",
            approved(),
            claim(0),
            "sending [Claimed, Waiting] by lihua; send_claimed; ",
        ),
        row(
            "Sending | accepted, another part waits",
            claimed(),
            settled(0, PartResult::Accepted),
            "sending [Accepted, Waiting] by lihua; send_settled; send 1",
        ),
        row(
            "Sending | accepted, the last part",
            last_claimed(),
            settled(1, PartResult::Accepted),
            "closed Answered; send_settled case_closed; answered 1",
        ),
        row(
            "Sending | definite failure",
            claimed(),
            refused(40_096),
            "needs_person v2 SendRefused Reviewers; send_settled authority_voided; cards, deadline +600s, notice received, alarm told.alarm",
        ),
        row(
            "Sending | unknown",
            claimed(),
            settled(0, PartResult::Unknown),
            "unknown v2 [\"一\", \"二\"] Reviewers; send_settled authority_voided; cards, deadline +600s, alarm told.alarm",
        ),
        row(
            "Closed {answered} | the channel does not know",
            answered(),
            Event::DeliveryUnknown {
                lost: Lost { msgid: "m".into(), part: 0, of: 1, at: NOW, approved_by: "lihua".into() },
                text: "一".into(),
            },
            "unknown v2 [\"一\"] Reviewers; send_settled; cards, deadline +600s, alarm told.alarm, window +172740s",
        ),
        row(
            "Closed {answered} | not delivered after all",
            answered(),
            Event::NotDelivered { msgid: "m".into(), fail_type: 10 },
            "needs_person v2 NotDelivered Reviewers; delivery_failed; cards, deadline +600s, notice received, alarm told.alarm, window +172740s",
        ),
    ]);
}

#[test]
fn doubt_rows() {
    let (doubt, last) = (in_doubt(), last_in_doubt());
    let newer = after(&last, &said(3));
    let arrived = |case: &Case| tap(case, "lihua", Decision::Delivered);
    let again = |case: &Case| tap(case, "lihua", Decision::SendAgain);
    let drop = |case: &Case| tap(case, "lihua", Decision::Drop);
    check(vec![
        row(
            "Unknown | 已确认送达, another part waits",
            doubt.clone(),
            arrived(&doubt),
            "awaiting_review v3 Reviewers; send_resolved; resolve delivered by lihua, settle delivered by lihua, cards, deadline +600s",
        ),
        row(
            "Unknown | 已确认送达, the last part",
            last.clone(),
            arrived(&last),
            "closed Answered; send_resolved case_closed; resolve delivered by lihua, settle delivered by lihua, answered 1",
        ),
        row(
            "Unknown | 没送到，重发",
            doubt.clone(),
            again(&doubt),
            "sending [Waiting, Waiting] by lihua; send_resolved decided; resolve not_delivered by lihua, settle send_again by lihua, send 0",
        ),
        row(
            "Unknown | 放弃",
            last.clone(),
            drop(&last),
            "closed Dropped; send_resolved case_closed; resolve dropped by lihua, settle drop by lihua, answered 1",
        ),
        row(
            "Unknown | customer said",
            last.clone(),
            said(3),
            "unknown v3 [\"二\"] Reviewers; customer_said; settle updated, cards, deadline +600s",
        ),
        row(
            "Unknown, customer wrote since | 没送到，重发",
            newer.clone(),
            again(&newer),
            "drafting g2; send_resolved; resolve not_delivered by lihua, settle send_again by lihua, tell lihua told.customer_wrote_again, draft g2 +3s",
        ),
        row(
            "Unknown, customer wrote since | 放弃",
            newer.clone(),
            drop(&newer),
            "drafting g2; send_resolved; resolve dropped by lihua, settle drop by lihua, draft g2 +3s",
        ),
        row(
            "Unknown, customer wrote since | 已确认送达",
            newer.clone(),
            arrived(&newer),
            "drafting g2; send_resolved; resolve delivered by lihua, settle delivered by lihua, answered 1, draft g2 +3s",
        ),
        row(
            "Unknown | nobody in time",
            doubt.clone(),
            Event::ReviewExpired { due: doubt.due().unwrap() },
            "unknown v2 [\"一\", \"二\"] EscalationOwner; expired; settle expired, story wangwu, card wangwu, deadline +600s",
        ),
        row(
            "Unknown | 接手",
            last.clone(),
            tap(&last, "lihua", Decision::TakeOver),
            "handed_over lihua Asked; taken_over; settle taken over by lihua, tell lihua told.may_have_arrived, story lihua, notice handover, transfer lihua",
        ),
    ]);
}

#[test]
fn late_answer_rows() {
    let (doubt, last) = (in_doubt(), last_in_doubt());
    let again = after(&last, &tap(&last, "lihua", Decision::SendAgain));
    let msgid = lost(&last);
    let accepted = || Event::SettledLate { msgid: msgid.clone(), part: 1, result: PartResult::Accepted };
    let never_left = late(&doubt, failed(0));
    let failed_later = Event::NotDelivered { msgid: msgid.clone(), fail_type: 10 };
    check(vec![
        row(
            "Unknown | accepted after all",
            last.clone(),
            accepted(),
            "closed Answered; send_settled case_closed; settle updated, answered 1",
        ),
        row(
            "Unknown | it never left after all",
            doubt.clone(),
            never_left,
            "needs_person v3 NeverLeft Reviewers; send_settled; settle updated, cards, deadline +600s, notice received",
        ),
        row(
            "Unknown | the platform says: not delivered",
            last.clone(),
            failed_later,
            "needs_person v3 NotDelivered Reviewers; delivery_failed; settle updated, cards, deadline +600s, notice received, alarm told.alarm, window +172740s",
        ),
        row(
            "Sent again, not yet claimed | accepted after all",
            again.clone(),
            accepted(),
            "closed Answered; send_settled authority_voided case_closed; alarm told.arrived_late, answered 1",
        ),
        row(
            "Sent again, claimed | accepted after all",
            after(&again, &claim(0)),
            accepted(),
            "sending [Claimed] by lihua; send_settled; alarm told.arrived_late",
        ),
        row(
            "Sending | put off, the platform counts minutes",
            claimed(),
            settled(0, put_off(45_009)),
            "sending [Waiting, Waiting] by lihua; send_settled; send 0 +60s",
        ),
        row(
            "Sending | put off, too much at once",
            claimed(),
            settled(0, put_off(45_033)),
            "sending [Waiting, Waiting] by lihua; send_settled; send 0 +2s",
        ),
    ]);
}

#[test]
fn ending_rows() {
    let ended = SAID + WINDOW;
    let at_the_end = |name, case, expected| Row { now: ended, ..row(name, case, Event::WindowEnded, expected) };
    let mut spent = drafting();
    spent.window.quota_left = Some(1);
    let review = review();
    let send = tap(&review, "lihua", Decision::Send);
    let second_tap = tap(&review, "zhaoliu", Decision::Send);
    check(vec![
        at_the_end(
            "AwaitingReview | 48 h passed",
            review.clone(),
            "closed WindowLost; window_lost case_closed; settle window lost, answered 1, tell lihua told.window_lost, tell zhaoliu told.window_lost, tell zhouba told.window_lost",
        ),
        at_the_end(
            "NeedsPerson | 48 h passed",
            no_answer(),
            "closed WindowLost; window_lost case_closed; settle window lost, answered 1, tell lihua told.window_lost, tell zhaoliu told.window_lost, tell zhouba told.window_lost",
        ),
        at_the_end(
            "Drafting | 48 h passed",
            drafting(),
            "closed WindowLost; window_lost case_closed; settle window lost, answered 1, tell wangwu told.window_lost",
        ),
        at_the_end(
            "HandedOver, session still ours | 48 h passed",
            handed_over(SessionOwner::Bot),
            "closed WindowLost; window_lost case_closed; settle window lost, answered 1, tell wangwu told.window_lost, tell lihua told.window_lost",
        ),
        Row {
            now: ended,
            ..row(
                "Sending, not yet claimed | 48 h passed",
                approved(),
                claim(0),
                "closed WindowLost; authority_voided window_lost case_closed; settle window lost, answered 1, tell wangwu told.window_lost, tell lihua told.window_lost",
            )
        },
        row(
            "AwaitingReview | 48 h passed, but the customer wrote since",
            review.clone(),
            Event::WindowEnded,
            "awaiting_review v1 Reviewers; ; window +172740s",
        ),
        row(
            "Drafting | drafted, quota gone",
            spent,
            drafted(1, reply(&["一"], REVIEWER)),
            "needs_person v1 QuotaGone Reviewers; drafted judged; cards, deadline +600s, notice received",
        ),
        row("Closed | customer said", answered(), said(2), "refused.closed"),
        Row {
            in_force: InForce::paused(),
            ..row("any other | pause in scope", review.clone(), send, "refused.paused")
        },
        row("any | second tap", approved(), second_tap, "refused.already_decided"),
    ]);
}
