//! What people decide, and what happens when they do not.

use serde_json::json;

use super::draft::sendable;
use super::step::{Step, Turn, level_of};
use super::{
    Approval, Author, Authority, Before, Decided, Decision, Draft, Effect, Ending, Level, Outcome, Refusal, Rejection,
    Review, Say, SessionOwner, State, Stuck, Tap, Voided, Why, authority, customer, doubt, hand, in_turn,
};
use crate::clock::Timestamp;
use crate::desk::{NoticeKind, Person};
use crate::evidence::{Actor, Kind};
use crate::mistake::{self, Mistake};
use crate::policy::{self, Grounds, Power};

pub(super) fn tapped(mut turn: Turn, tap: &Tap) -> Result<Step, Refusal> {
    permit(&mut turn, tap)?;
    turn.acting = Some(tap.person.clone());
    match &tap.decision {
        Decision::GiveBack => give_back(&mut turn, tap)?,
        Decision::TakeOver => {
            current(&mut turn, tap)?;
            take_over(&mut turn, tap);
        }
        Decision::Send => send(&mut turn, tap)?,
        Decision::Edit { parts, verdict } => edit(&mut turn, tap, parts, verdict)?,
        Decision::Rewrite(hint) => rewrite(&mut turn, tap, *hint)?,
        Decision::LookAgain => look_again(&mut turn, tap)?,
        Decision::Reject(rejection) => reject(&mut turn, tap, rejection)?,
        Decision::Escalate => escalate(&mut turn, tap)?,
        Decision::Delivered => doubt::delivered(&mut turn, tap)?,
        Decision::SendAgain => doubt::send_again(&mut turn, tap)?,
        Decision::Drop => doubt::dropped(&mut turn, tap)?,
    }
    turn.done()
}

/// Whether the person may decide this, here, at this level.
fn permit(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    let person = turn.rules.desk.person(&tap.person).ok_or(Refusal::UnknownPerson)?;
    let power = match tap.decision {
        Decision::Escalate => Power::Escalate,
        Decision::TakeOver | Decision::GiveBack => Power::TakeOver,
        _ => Power::Decide,
    };
    policy::may(person, power, Some(turn.rules.channel)).map_err(Refusal::NotPermitted)?;
    let above = decides_above(turn, person);
    let raised = power == Power::Decide && turn.case().level() == Some(Level::EscalationOwner);
    if raised && !above && !hand::in_their_hands(turn, tap) {
        return Err(Refusal::NotTheHolder);
    }
    hand::only_by_asker(turn, tap, above)
}

pub(super) fn decides_above(turn: &Turn, person: &Person) -> bool {
    turn.rules.channel.escalation_owner.as_deref() == Some(&person.id)
        || policy::may(person, Power::DecideHighRisk, Some(turn.rules.channel)).is_ok()
}

/// Refuses a decision about something that is no longer shown.
pub(super) fn current(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    // While nothing is shown no version can be too old: whoever wants to answer in person may.
    if matches!(turn.case().state, State::Drafting(_)) && tap.decision.act() == cards::Act::TakeOver {
        return Ok(());
    }
    if let Some(decided) = turn.case().last_decision.clone().filter(|d| d.version == tap.version) {
        let same = decided.by == tap.person && decided.act == tap.decision.act();
        let still_open = decided.act == cards::Act::Escalate && turn.case().version == tap.version && !same;
        if !still_open {
            return Err(if same { Refusal::AlreadyDone(decided) } else { Refusal::AlreadyDecided(decided) });
        }
    }
    let (version, code) = (turn.case().version, turn.case().code());
    match &turn.case().state {
        State::Closed { .. } => Err(Refusal::Closed),
        State::HandedOver { to, .. } => Err(Refusal::HandedOver { to: to.clone() }),
        State::Sending(_) => Err(Refusal::OnItsWay),
        State::Drafting(_) => Err(Refusal::StillDrafting),
        _ if mistake::made(Mistake::NoVersionCheck) => Ok(()),
        _ if tap.version != version => Err(Refusal::Outdated { current: version }),
        _ if tap.code != code && !mistake::made(Mistake::NotBoundToDigest) => Err(Refusal::WrongCode),
        _ => Ok(()),
    }
}

pub(super) fn decided(turn: &mut Turn, tap: &Tap) -> Outcome {
    let (act, at) = (tap.decision.act(), turn.now);
    let by_hand = turn.by_hand();
    turn.case().last_decision = Some(Decided { version: tap.version, act, by: tap.person.clone(), at, by_hand });
    Outcome::Decided { act, by: tap.person.clone(), at }
}

fn send(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    current(turn, tap)?;
    let State::AwaitingReview(review) = turn.case().state.clone() else { return Err(nothing_to_send(turn)) };
    if let Some(paused) = &turn.rules.paused {
        return Err(Refusal::Paused { by: paused.person.clone() });
    }
    if review.draft.policy != turn.rules.policy {
        return Err(Refusal::Outdated { current: 0 });
    }
    let now = turn.now;
    if review.draft.is_stale(now) {
        return Err(Refusal::StaleEvidence);
    }
    if !turn.case().window.allows(review.draft.parts.len(), now) {
        return Err(Refusal::QuotaGone);
    }
    approve(turn, tap, review.draft);
    Ok(())
}

/// Why there is nothing to send, change or reject.
fn nothing_to_send(turn: &mut Turn) -> Refusal {
    match &turn.case().state {
        State::Unknown(doubt) if doubt.by_hand.is_some() => Refusal::InHand,
        State::Unknown(_) => Refusal::InDoubt,
        _ => Refusal::NothingToSend,
    }
}

pub(super) fn approve(turn: &mut Turn, tap: &Tap, draft: Draft) {
    let approval =
        Approval { person: tap.person.clone(), at: turn.now, digest: draft.digest.clone(), turn: turn.rules.turn };
    let outcome = if turn.by_hand() { "handing_out" } else { "sending" };
    let payload = json!({
        "decision": tap.decision.act(), "version": draft.version, "digest": draft.digest, "code": draft.code(),
        "parts": draft.parts, "conversation": turn.case().conversation, "watermark": draft.watermark,
        "policy": draft.policy, "outcome": outcome, "supersedes": draft.supersedes,
    });
    turn.record(Kind::Decided, Actor::Person(tap.person.clone()), payload);
    let outcome = decided(turn, tap);
    turn.settle_cards(outcome);
    turn.case().doubtful = false;
    authority::send(turn, draft, Authority::Person(approval));
}

fn edit(turn: &mut Turn, tap: &Tap, parts: &[String], verdict: &policy::Verdict) -> Result<(), Refusal> {
    if !sendable(parts) {
        return Err(Refusal::BadText);
    }
    let (before, level) = editable(turn, tap)?;
    let mut draft = before.clone().unwrap_or_else(|| blank(turn, verdict));
    draft.parts = parts.to_vec();
    draft.supersedes = None;
    draft.author = Author::Person { id: tap.person.clone() };
    draft.verdict = verdict.clone();
    draft.grounds = draft.grounds.after_edit(parts);
    draft.chance = None;
    if let Some(translation) = &mut draft.translation {
        translation.said = None;
    }
    let change = json!({ "before": before.map(|d| d.parts), "after": draft.parts, "version": tap.version });
    turn.record(Kind::Edited, Actor::Person(tap.person.clone()), change);
    turn.settle_cards(Outcome::Updated);
    turn.hold_to(verdict);
    turn.restart_clock();
    turn.show(draft.clone(), level.max(level_of(verdict)));
    Ok(())
}

/// What an edit replaces, and who decides about the result.
fn editable(turn: &mut Turn, tap: &Tap) -> Result<(Option<Draft>, Level), Refusal> {
    // Someone who took over but cannot speak in the platform's own client answers through 改.
    if let State::HandedOver { to, session: SessionOwner::Bot } = &turn.case().state
        && *to == tap.person
    {
        return Ok((None, Level::Reviewers));
    }
    current(turn, tap)?;
    match turn.case().state.clone() {
        State::AwaitingReview(review) => Ok((Some(review.draft), review.level)),
        State::NeedsPerson(stuck) => Ok((stuck.draft, stuck.level)),
        _ => Err(nothing_to_send(turn)),
    }
}

pub(super) fn blank(turn: &Turn, verdict: &policy::Verdict) -> Draft {
    Draft {
        version: 0,
        parts: Vec::new(),
        digest: String::new(),
        watermark: 0,
        policy: turn.rules.policy.to_owned(),
        author: Author::Bot { drafter: String::new(), no_model: None, examples: Vec::new() },
        citations: Vec::new(),
        verdict: verdict.clone(),
        confidence: 0.0,
        grounds: Grounds::default(),
        chance: None,
        intent: policy::Intent::Other,
        action: None,
        look_up: None,
        translation: None,
        supersedes: None,
    }
}

fn rewrite(turn: &mut Turn, tap: &Tap, hint: cards::Hint) -> Result<(), Refusal> {
    current(turn, tap)?;
    let State::AwaitingReview(review) = turn.case().state.clone() else { return Err(nothing_to_send(turn)) };
    let wish = json!({ "hint": hint.as_str(), "version": tap.version, "before": review.draft.parts });
    turn.record(Kind::Edited, Actor::Person(tap.person.clone()), wish);
    turn.settle_cards(Outcome::Updated);
    let now = turn.now;
    turn.restart_clock();
    let entry = review.draft.citations.first().map(|citation| citation.entry.clone());
    turn.draft_anew(now, Some((hint, Before { parts: review.draft.parts, entry })));
    Ok(())
}

/// The facts are looked up again, and what they say is drafted anew.
fn look_again(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    current(turn, tap)?;
    let State::AwaitingReview(review) = turn.case().state.clone() else { return Err(nothing_to_send(turn)) };
    if review.draft.look_up.is_none() {
        return Err(Refusal::NothingToSend);
    }
    let wish = json!({ "look_again": true, "version": tap.version, "before": review.draft.parts });
    turn.record(Kind::Edited, Actor::Person(tap.person.clone()), wish);
    turn.settle_cards(Outcome::Updated);
    let now = turn.now;
    turn.restart_clock();
    turn.draft_anew(now, None);
    Ok(())
}

fn reject(turn: &mut Turn, tap: &Tap, rejection: &Rejection) -> Result<(), Refusal> {
    current(turn, tap)?;
    let state = turn.case().state.clone();
    if matches!(&state, State::NeedsPerson(stuck) if stuck.why == Why::AskedForPerson) {
        return Err(Refusal::CustomerWaits);
    }
    if matches!(&state, State::Unknown(_)) {
        return Err(nothing_to_send(turn));
    }
    let payload = json!({ "rejection": rejection, "version": tap.version });
    turn.record(Kind::Rejected, Actor::Person(tap.person.clone()), payload);
    turn.restart_clock();
    // Whoever rejected it has said what they had to say: another person goes on.
    turn.case().in_turn.holder = None;
    turn.case().in_turn.passed.push(tap.person.clone());
    let outcome = decided(turn, tap);
    turn.settle_cards(outcome);
    match state {
        State::AwaitingReview(review) if !rejection.no_answer_due => {
            turn.stuck(Why::Rejected, Some(review.draft), review.level);
        }
        // Where there is nothing to send, rejecting says that no answer is due.
        _ => customer::end(turn, Actor::Person(tap.person.clone()), Ending::Rejected),
    }
    Ok(())
}

fn escalate(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    current(turn, tap)?;
    if turn.case().level() == Some(Level::EscalationOwner) {
        return Err(Refusal::NobodyAbove);
    }
    turn.record(Kind::Escalated, Actor::Person(tap.person.clone()), json!({ "version": tap.version }));
    let outcome = decided(turn, tap);
    turn.settle_cards(outcome);
    raise(turn, false);
    Ok(())
}

/// Moves the case to the last level with a fresh clock and the whole story.
pub(super) fn raise(turn: &mut Turn, overdue: bool) {
    let due = if overdue { turn.raise_again_at() } else { turn.rules.review_due(turn.now) };
    let (level, story) = (Level::EscalationOwner, !overdue);
    match &mut turn.case().state {
        State::AwaitingReview(review) => *review = Review { level, due, overdue, draft: review.draft.clone() },
        State::NeedsPerson(stuck) => *stuck = Stuck { level, due, overdue, why: stuck.why, draft: stuck.draft.clone() },
        State::Unknown(doubt) => (doubt.level, doubt.due, doubt.overdue) = (level, due, overdue),
        _ => return,
    }
    for person in turn.holders(level).into_iter().filter(|_| story) {
        turn.effect(Effect::TellStory { person });
    }
    turn.ask(level);
}

pub(super) fn expired(mut turn: Turn, due: Timestamp) -> Result<Step, Refusal> {
    if turn.case().due() != Some(due) {
        return Err(Refusal::Overtaken);
    }
    if matches!(&turn.case().state, State::Unknown(doubt) if doubt.by_hand.is_some()) {
        return hand::not_said(turn, due);
    }
    let level = turn.case().level();
    if let Some(holder) = turn.case().in_turn.holder.clone() {
        let next = turn.rules.next_holder;
        return in_turn::holder_expired(turn, &holder, due, next);
    }
    turn.record(Kind::Expired, Actor::System, json!({ "due": due, "level": level }));
    let at_the_end = level == Some(Level::EscalationOwner);
    turn.settle_cards(Outcome::Expired);
    raise(&mut turn, at_the_end);
    if at_the_end {
        let number = turn.case().number;
        turn.effect(Effect::Alarm { say: Say::new("told.overdue").with("number", number) });
    }
    turn.done()
}

fn take_over(turn: &mut Turn, tap: &Tap) {
    turn.record(Kind::TakenOver, Actor::Person(tap.person.clone()), json!({ "version": tap.version }));
    decided(turn, tap);
    turn.settle_cards(Outcome::TakenOver { by: tap.person.clone() });
    tell_what_may_have_arrived(turn, tap);
    turn.void_authority(Voided::TakenOver);
    if turn.asker() == Some(tap.person.as_str()) {
        return answer_by_hand(turn, tap);
    }
    turn.case().state = State::HandedOver { to: tap.person.clone(), session: SessionOwner::Asked };
    turn.effect(Effect::TellStory { person: tap.person.clone() });
    turn.notice(NoticeKind::Handover);
    turn.effect(Effect::TransferSession { person: tap.person.clone() });
}

/// Whoever asked for the customer has the chat before them: it is theirs at once.
fn answer_by_hand(turn: &mut Turn, tap: &Tap) {
    turn.case().state = State::HandedOver { to: tap.person.clone(), session: SessionOwner::Person };
    let say = Say::new("told.by_hand_yours").with("number", turn.case().number);
    turn.effect(Effect::Tell { person: tap.person.clone(), say });
}

/// Whoever answers in person has to know what the customer may have read already.
fn tell_what_may_have_arrived(turn: &mut Turn, tap: &Tap) {
    let State::Unknown(doubt) = &turn.case().state else { return };
    let text = doubt.draft.parts.first().cloned().unwrap_or_default();
    let say = Say::new("told.may_have_arrived").with("number", turn.case().number).with("text", text);
    turn.effect(Effect::Tell { person: tap.person.clone(), say });
}

fn give_back(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    let State::HandedOver { to, session } = turn.case().state.clone() else { return Err(Refusal::Overtaken) };
    let above = turn.rules.desk.person(&tap.person).is_some_and(|p| decides_above(turn, p));
    if to != tap.person && !above {
        return Err(Refusal::NotTheHolder);
    }
    if session == SessionOwner::Asked {
        return Err(Refusal::SessionMoving);
    }
    turn.record(Kind::GivenBack, Actor::Person(tap.person.clone()), json!({ "session": session }));
    turn.restart_clock();
    match session {
        SessionOwner::Bot | SessionOwner::Asked => {
            let now = turn.now;
            turn.draft_anew(now, None);
        }
        // Nobody answered, and from the pool the platform lets a session go to people only (wecom 94669).
        SessionOwner::Pool => turn.stuck(Why::AskedForPerson, None, Level::Reviewers),
        // A person's session can only end, never return to the bot (wecom 94669).
        SessionOwner::Person => {
            turn.effect(Effect::EndSession);
            customer::end(turn, Actor::System, Ending::AnsweredByPerson);
        }
    }
    Ok(())
}

pub(super) fn servicer_active(mut turn: Turn, who: &str) -> Result<Step, Refusal> {
    match turn.case().state.clone() {
        State::Closed { .. } => return Err(Refusal::Closed),
        State::HandedOver { to, session: SessionOwner::Person } if to == who => return Err(Refusal::Overtaken),
        _ => {}
    }
    turn.void_authority(Voided::ServicerAnswers);
    turn.record(Kind::ServicerTyped, Actor::Person(who.to_owned()), json!({ "who": who }));
    turn.settle_cards(Outcome::TakenOver { by: who.to_owned() });
    turn.case().state = State::HandedOver { to: who.to_owned(), session: SessionOwner::Person };
    turn.done()
}

pub(super) fn session_ended(mut turn: Turn) -> Result<Step, Refusal> {
    if !matches!(turn.case().state, State::HandedOver { .. }) {
        return Err(Refusal::Overtaken);
    }
    customer::end(&mut turn, Actor::System, Ending::AnsweredByPerson);
    turn.done()
}

pub(super) fn session_moved(mut turn: Turn, to: SessionOwner) -> Result<Step, Refusal> {
    let number = turn.case().number;
    let State::HandedOver { to: person, session } = &mut turn.case().state else { return Err(Refusal::Overtaken) };
    // Somebody took the session meanwhile: the answer to our wish comes too late.
    if *session != SessionOwner::Asked {
        return Err(Refusal::Overtaken);
    }
    let person = person.clone();
    *session = to;
    turn.record(Kind::HandOver, Actor::System, json!({ "session": to }));
    let told = match to {
        SessionOwner::Person => "told.session_yours",
        SessionOwner::Pool => "told.session_pool",
        SessionOwner::Bot | SessionOwner::Asked => "told.session_bot",
    };
    turn.effect(Effect::Tell { person, say: Say::new(told).with("number", number) });
    turn.done()
}
