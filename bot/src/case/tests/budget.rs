//! The customer's message budget: five messages in 48 hours, one of them kept for a person.

use channels::ReplyWindow;

use super::shapes::*;
use crate::case::{Case, Decision, Effect, Event, KEPT_FOR_HANDOVER, PartResult, Refusal, State, Why, Window, step};
use crate::clock::{SECOND, Timestamp};

const KF: Option<ReplyWindow> = Some(ReplyWindow { lasts_ms: WINDOW, messages: QUOTA });

fn window(quota_left: i64) -> Window {
    Window { ends_at: Some(NOW), quota_left: Some(quota_left) }
}

#[test]
fn one_message_is_kept_for_the_hand_over() {
    let opened = Window::opened(SAID, KF);
    assert_eq!((opened.ends_at, opened.quota_left), (Some(SAID + WINDOW), Some(QUOTA)));
    assert_eq!(opened.for_replies(), Some(4));
    let before = NOW - 1;
    assert!(window(5).allows(3, before));
    assert!(window(4).allows(3, before));
    assert!(!window(3).allows(3, before));
    assert!(window(2).allows(1, before));
    assert!(!window(1).allows(1, before));
    assert_eq!([5, 2, 1, 0, -3].map(|quota| window(quota).for_replies()), [4, 1, 0, 0, 0].map(Some));
}

#[test]
fn the_window_ends_on_the_millisecond() {
    assert!(window(5).allows(1, NOW - 1));
    assert!(!window(5).allows(1, NOW));
    assert!(!window(5).allows(1, NOW + 1));
}

fn said_at(at: Timestamp) -> Event {
    Event::CustomerSaid { seq: 2, at, adds_nothing: false, wants_person: false, text: "在吗".into() }
}

#[test]
fn a_message_opens_a_new_window_and_a_late_one_does_not_shorten_it() {
    let spent = Case { window: Window { ends_at: Some(SAID + WINDOW), quota_left: Some(1) }, ..review() };
    let next = after(&spent, &said_at(SAID + SECOND));
    assert_eq!(next.window, Window { ends_at: Some(SAID + SECOND + WINDOW), quota_left: Some(QUOTA) });
    let next = after(&spent, &said_at(SAID - SECOND));
    assert_eq!(next.window, spent.window);
}

#[test]
fn a_claim_spends_and_a_refusal_gives_back() {
    assert_eq!(quota(&approved()), 5);
    assert_eq!(quota(&claimed()), 4);
    assert_eq!(quota(&last_claimed()), 3);
    let settles = |result| after(&claimed(), &settled(0, result));
    assert_eq!(quota(&settles(failed(0))), 5, "it never left");
    assert_eq!(quota(&settles(failed(40_096))), 5);
    assert_eq!(quota(&settles(failed(95_001))), 0, "the platform's count wins");
    assert_eq!(quota(&settles(PartResult::Unknown)), 4, "it may have arrived");
}

/// A refusal that crossed the customer's message speaks of the window before it.
#[test]
fn a_refusal_does_not_take_a_new_window_away() {
    let crossed = after(&claimed(), &said(2));
    for code in [0, 40_096, 95_001, 95_002] {
        let next = after(&crossed, &settled(0, failed(code)));
        assert_eq!(next.window, Window::opened(SAID, KF), "after {code}");
        assert!(matches!(next.state, State::NeedsPerson(_)), "after {code}: {:?}", next.state);
    }
}

#[test]
fn the_platform_knows_best_when_the_window_ends() {
    let next = after(&claimed(), &settled(0, failed(95_002)));
    assert_eq!(next.window.ends_at, Some(NOW));
    assert!(next.is_closed(), "{:?}", next.state);
}

#[test]
fn a_reply_that_does_not_fit_is_not_approved() {
    let shown = |quota_left| Case { window: Window { quota_left: Some(quota_left), ..review().window }, ..review() };
    let send = |case: &Case, now| step(case, &tap(case, "lihua", Decision::Send), &InForce::new().rules(), now);
    let two_parts = 2;
    assert!(send(&shown(two_parts + KEPT_FOR_HANDOVER), NOW).is_ok());
    assert_eq!(send(&shown(two_parts), NOW), Err(Refusal::QuotaGone));
    assert_eq!(send(&shown(QUOTA), SAID + WINDOW), Err(Refusal::QuotaGone));
}

/// Between approval and claim a notice spent what the reply needed.
#[test]
fn a_budget_spent_after_the_approval_stops_the_claim() {
    let spent =
        |case: Case, quota_left| Case { window: Window { quota_left: Some(quota_left), ..case.window }, ..case };
    let stopped = after(&spent(approved(), 2), &claim(0));
    let State::NeedsPerson(stuck) = &stopped.state else { panic!("{:?}", stopped.state) };
    assert_eq!((stuck.why, quota(&stopped)), (Why::QuotaGone, 2));
    assert_eq!(stuck.draft.as_ref().map(|draft| draft.parts.len()), Some(2), "the person sees what was not sent");
    assert!(matches!(after(&spent(halfway(), 2), &claim(1)).state, State::Sending(_)), "one part is left, and fits");
}

/// `quiet_seconds` after the last message, `quiet_at_most_seconds` after the first.
#[test]
fn the_bot_waits_until_the_customer_stops_typing() {
    let in_force = InForce::new();
    let at = |seconds: i64| SAID + seconds * SECOND;
    let mut case = opened(SAID);
    let mut starts = Vec::new();
    for (seq, now) in [(1, 0), (2, 2), (3, 5), (4, 10), (5, 30)] {
        let step = step(&case, &said(seq), &in_force.rules(), at(now)).unwrap();
        let [Effect::Draft { generation, at: start }] = step.effects.as_slice() else { panic!("{:?}", step.effects) };
        assert_eq!(*generation, seq);
        starts.push((start - SAID) / SECOND);
        case = step.next;
    }
    assert_eq!(starts, [3, 5, 8, 12, 30], "12 s at most, and never in the past");
}

/// A channel that sets no limit: nothing ends, nothing is counted, and every reply fits.
#[test]
fn where_nobody_counts_nothing_runs_out() {
    let mut unlimited = Window::opened(SAID, None);
    assert_eq!((unlimited.ends_at, unlimited.quota_left, unlimited.for_replies()), (None, None, None));
    assert!(unlimited.allows(3, SAID + 1_000 * WINDOW) && !unlimited.is_over(SAID + 1_000 * WINDOW));
    unlimited.spend();
    assert_eq!(unlimited.quota_left, None);
}
