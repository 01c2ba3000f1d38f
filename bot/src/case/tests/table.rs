//! The table of design §4, row by row: what a case becomes, what goes on record, what has to be done.
//!
//! One row has no case here: "Drafting | drafted, judged *send* (permit)". No verdict can say so yet, and
//! [`every_verdict_asks_a_person`] stops compiling when one can.

mod by_hand;
mod way_out;

use super::shapes::*;
use crate::case::{Case, Decision, Drafted, Effect, Event, Outcome, Refusal, State, Step, step};
use crate::clock::{SECOND, Timestamp};
use crate::policy::Route;

/// A row: what happens to which case, and what comes of it as `state; record; effects`.
struct Row {
    name: &'static str,
    case: Case,
    event: Event,
    in_force: InForce,
    now: Timestamp,
    expected: &'static str,
}

fn row(name: &'static str, case: Case, event: Event, expected: &'static str) -> Row {
    Row { name, case, event, in_force: InForce::new(), now: NOW, expected }
}

fn check(rows: Vec<Row>) {
    for row in rows {
        let stepped = step(&row.case, &row.event, &row.in_force.rules(), row.now);
        assert_eq!(told(stepped, row.now), row.expected, "{}", row.name);
    }
}

fn told(stepped: Result<Step, Refusal>, now: Timestamp) -> String {
    match stepped {
        Ok(Step { next, evidence, effects }) => {
            let record: Vec<&str> = evidence.iter().map(|entry| entry.kind.as_str()).collect();
            let effects: Vec<String> = effects.iter().map(|effect| named(effect, now)).collect();
            let effects = effects.join(", ").replace("card lihua, card zhaoliu, card zhouba", "cards");
            format!("{}; {}; {effects}", standing(&next), record.join(" "))
        }
        Err(refusal) => refusal.key().to_owned(),
    }
}

/// Where a case stands, in a line.
fn standing(case: &Case) -> String {
    let version = case.version;
    match &case.state {
        State::Drafting(_) => format!("drafting g{}", case.generation),
        State::AwaitingReview(review) => format!("awaiting_review v{version} {:?}", review.level),
        State::NeedsPerson(stuck) => format!("needs_person v{version} {:?} {:?}", stuck.why, stuck.level),
        State::Sending(sending) => {
            format!("sending {:?} by {}", sending.parts, sending.authority.approver().unwrap_or_default())
        }
        State::Unknown(doubt) => format!("{} v{version} {:?} {:?}", case.state.name(), doubt.draft.parts, doubt.level),
        State::HandedOver { to, session } => format!("handed_over {to} {session:?}"),
        State::Closed { ending } => format!("closed {ending:?}"),
    }
}

fn named(effect: &Effect, now: Timestamp) -> String {
    let after = |at: &Timestamp| format!("+{}s", (at - now) / SECOND);
    match effect {
        Effect::Draft { generation, at } => format!("draft g{generation} {}", after(at)),
        Effect::Deal => "deal".into(),
        Effect::PostCard { person } => format!("card {person}"),
        Effect::TellStory { person } => format!("story {person}"),
        Effect::SettleCards(outcome) => format!("settle {}", became(outcome)),
        Effect::Tell { person, say } => format!("tell {person} {}", say.key),
        Effect::Alarm { say } => format!("alarm {}", say.key),
        Effect::ReviewDeadline { due } => format!("deadline {}", after(due)),
        Effect::WindowDeadline { at } => format!("window {}", after(at)),
        Effect::EvidenceStale { version, at } => format!("stale v{version} {}", after(at)),
        Effect::Send { part, at } if *at == now => format!("send {part}"),
        Effect::Send { part, at } => format!("send {part} {}", after(at)),
        Effect::Resolve { how, person, .. } => format!("resolve {} by {person}", how.as_str()),
        Effect::TransferSession { person } => format!("transfer {person}"),
        Effect::EndSession => "end session".into(),
        Effect::Notice(kind) => format!("notice {}", kind.as_str()),
        Effect::Answered { up_to } => format!("answered {up_to}"),
        Effect::RecordGap => "gap".into(),
        Effect::ProposeKnowledge { text, .. } => format!("propose {text}"),
        Effect::LeftByItself { shown } => format!("left by itself v{}", shown.version),
    }
}

fn became(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Decided { act, by, .. } => format!("{} by {by}", act.as_str()),
        Outcome::TakenOver { by } => format!("taken over by {by}"),
        Outcome::Updated => "updated".into(),
        Outcome::Expired => "expired".into(),
        Outcome::PassedOn { to } => format!("passed on to {to:?}"),
        Outcome::WindowLost => "window lost".into(),
        Outcome::Reviewed { by, good } => format!("reviewed by {by} {good}"),
        Outcome::Erased => "erased".into(),
    }
}

#[test]
fn every_verdict_asks_a_person() {
    let asks = |route: Route| match route {
        Route::Permit => drafted(1, reply(&["一"], Route::Permit)),
        Route::Review(level) => drafted(1, reply(&["一"], Route::Review(level))),
        Route::HumanOnly => drafted(1, Drafted::HumanOnly(Box::new(proposal(&["一"], Route::HumanOnly)))),
    };
    for route in [Route::Permit, REVIEWER, SUPERVISOR, Route::HumanOnly] {
        let next = after(&drafting(), &asks(route));
        assert!(matches!(next.state, State::AwaitingReview(_) | State::NeedsPerson(_)), "{route:?}: {:?}", next.state);
    }
}

#[test]
fn drafting_rows() {
    let human_only = drafted(1, Drafted::HumanOnly(Box::new(proposal(&["一"], Route::HumanOnly))));
    let failed = drafted(1, Drafted::Failed { why: "the model is away".into() });
    check(vec![
        row("– | customer said", opened(NOW), said(1), "drafting g1; customer_said; draft g1 +3s"),
        row("Drafting | customer said again", drafting(), said(2), "drafting g2; customer_said; draft g2 +0s"),
        row(
            "Drafting | drafted, judged review",
            drafting(),
            drafted(1, reply(&["一"], REVIEWER)),
            "awaiting_review v1 Reviewers; drafted judged; cards, deadline +600s",
        ),
        row(
            "Drafting | drafted, judged review by a supervisor",
            drafting(),
            drafted(1, reply(&["一"], SUPERVISOR)),
            "awaiting_review v1 EscalationOwner; drafted judged; card wangwu, deadline +600s",
        ),
        row(
            "Drafting | no answer",
            drafting(),
            drafted(1, unanswered(REVIEWER)),
            "needs_person v1 NoAnswer Reviewers; knowledge_gap judged; cards, deadline +600s, notice received, gap",
        ),
        row(
            "Drafting | no answer to a matter of high risk",
            drafting(),
            drafted(1, unanswered(SUPERVISOR)),
            "needs_person v1 NoAnswer EscalationOwner; knowledge_gap judged; card wangwu, deadline +600s, notice received, gap",
        ),
        row(
            "Drafting | human only",
            drafting(),
            human_only,
            "needs_person v1 HumanOnly EscalationOwner; drafted judged; card wangwu, deadline +600s, notice received",
        ),
        row(
            "Drafting | failed",
            drafting(),
            failed,
            "needs_person v1 DraftFailed Reviewers; drafted; cards, deadline +600s, notice received",
        ),
    ]);
}

#[test]
fn decision_rows() {
    let (review, stuck) = (review(), no_answer());
    let by = |case: &Case, decision| tap(case, "lihua", decision);
    let due = review.due().unwrap();
    let last = escalated();
    let last_due = last.due().unwrap();
    check(vec![
        row(
            "AwaitingReview | 发送",
            review.clone(),
            by(&review, Decision::Send),
            "sending [Waiting, Waiting] by lihua; decided; settle send by lihua, send 0",
        ),
        row(
            "AwaitingReview | 改",
            review.clone(),
            by(&review, edit(&["改"])),
            "awaiting_review v2 Reviewers; edited; settle updated, cards, deadline +600s",
        ),
        row(
            "NeedsPerson | 改",
            stuck.clone(),
            by(&stuck, edit(&["改"])),
            "awaiting_review v2 Reviewers; edited; settle updated, cards, deadline +600s",
        ),
        row(
            "AwaitingReview | 改 with a hint",
            review.clone(),
            by(&review, Decision::Rewrite(cards::Hint::Softer)),
            "drafting g2; edited; settle updated, draft g2 +0s",
        ),
        row(
            "AwaitingReview | 拒绝 with reason",
            review.clone(),
            by(&review, reject(false)),
            "needs_person v2 Rejected Reviewers; rejected; settle reject by lihua, cards, deadline +600s, notice received",
        ),
        row(
            "AwaitingReview | 拒绝, no answer is due",
            review.clone(),
            by(&review, reject(true)),
            "closed Rejected; rejected case_closed; settle reject by lihua, answered 1",
        ),
        row(
            "NeedsPerson | 拒绝",
            stuck.clone(),
            by(&stuck, reject(false)),
            "closed Rejected; rejected case_closed; settle reject by lihua, answered 1",
        ),
        row(
            "AwaitingReview | 转上级",
            review.clone(),
            by(&review, Decision::Escalate),
            "awaiting_review v1 EscalationOwner; escalated; settle escalate by lihua, story wangwu, card wangwu, deadline +600s",
        ),
        row(
            "AwaitingReview | deadline",
            review.clone(),
            Event::ReviewExpired { due },
            "awaiting_review v1 EscalationOwner; expired; settle expired, story wangwu, card wangwu, deadline +600s",
        ),
        row(
            "AwaitingReview | deadline at the last level",
            last,
            Event::ReviewExpired { due: last_due },
            "awaiting_review v1 EscalationOwner; expired; settle expired, card wangwu, deadline +3600s, alarm told.overdue",
        ),
    ]);
}

#[test]
fn change_rows() {
    let newer = of_older_policy(review());
    check(vec![
        row(
            "AwaitingReview | customer said",
            review(),
            said(2),
            "drafting g2; customer_said; settle updated, draft g2 +3s",
        ),
        row(
            "AwaitingReview | customer said, adds nothing",
            review(),
            said_nothing(2),
            "awaiting_review v2 Reviewers; customer_said; settle updated, cards, deadline +600s",
        ),
        row(
            "AwaitingReview | customer asked for a person",
            review(),
            wants_person(2),
            "needs_person v2 AskedForPerson Reviewers; customer_said; settle updated, cards, deadline +600s, notice handover",
        ),
        row(
            "AwaitingReview | policy or evidence changed",
            newer,
            Event::PolicyChanged,
            "drafting g2; superseded; settle updated, draft g2 +3s",
        ),
        row(
            "NeedsPerson | customer said",
            no_answer(),
            said(2),
            "drafting g2; customer_said; settle updated, draft g2 +3s",
        ),
        row(
            "NeedsPerson, asked for a person | customer said",
            asked_for_person(),
            said(3),
            "needs_person v2 AskedForPerson Reviewers; customer_said; settle updated, cards, deadline +600s",
        ),
    ]);
}
