//! What the customer does, what drafting brings, and what passes by itself.

use channels::Repeats;
use serde_json::json;

use super::draft::sendable;
use super::step::{Step, Turn, level_of};
use super::{
    Case, Drafted, Drafting, Effect, Ending, Event, InTurn, Level, Meanwhile, Outcome, Part, Refusal, Sending,
    SessionOwner, State, Voided, Why, Window, authority, doubt, sending,
};
use crate::clock::{HOUR, Timestamp};
use crate::desk::Mode;
use crate::evidence::{Actor, Kind};

impl Case {
    /// A case for what the customer says next, in a conversation on a channel, by their ids.
    pub fn opened(id: String, number: i64, (conversation, channel): (&str, &str), now: Timestamp) -> Self {
        Self {
            id,
            number,
            conversation: conversation.to_owned(),
            channel: channel.to_owned(),
            opened_at: now,
            follows: None,
            state: State::Drafting(Drafting { first_at: now, start_at: now, hint: None, before: None }),
            version: 0,
            generation: 0,
            watermark: 0,
            window: Window { ends_at: None, quota_left: None },
            last_decision: None,
            least: Level::Reviewers,
            asked: None,
            asker: None,
            in_turn: InTurn::default(),
            doubtful: false,
        }
    }
}

pub(super) fn said(mut turn: Turn, event: &Event) -> Result<Step, Refusal> {
    let Event::CustomerSaid { seq, at, adds_nothing, wants_person, text } = event else {
        return Err(Refusal::Overtaken);
    };
    if turn.case().is_closed() {
        return Err(Refusal::Closed);
    }
    turn.record(Kind::CustomerSaid, Actor::Customer, json!({ "seq": seq, "at": at, "text": text }));
    open_window(&mut turn, *seq, *at);
    match turn.case().state.clone() {
        State::HandedOver { to, session } => tell_taker(&mut turn, to, session),
        State::Sending(sending) if sending.claimed() => note_meanwhile(&mut turn, sending, *wants_person),
        State::Unknown(doubt) => doubt::customer_said(&mut turn, doubt, *adds_nothing, *wants_person),
        _ if *wants_person => ask_for_person(&mut turn),
        State::NeedsPerson(stuck) if stuck.why == Why::AskedForPerson => show_again(&mut turn),
        // Shown again it would count as judged by the policy in force.
        State::AwaitingReview(review) if *adds_nothing && review.draft.policy == turn.rules.policy => {
            turn.settle_cards(Outcome::Updated);
            turn.show(review.draft, review.level);
        }
        State::Drafting(drafting) => {
            let start_at = turn.rules.draft_start(drafting.first_at, turn.now);
            turn.draft_anew(start_at, None);
        }
        _ => redraft(&mut turn, Voided::CustomerWroteAgain),
    }
    turn.done()
}

/// Whoever took over reads new messages in the platform's own client, but only once the session is theirs.
fn tell_taker(turn: &mut Turn, to: String, session: SessionOwner) {
    if session != SessionOwner::Person {
        turn.effect(Effect::TellStory { person: to });
    }
}

fn open_window(turn: &mut Turn, seq: i64, at: Timestamp) {
    let rule = turn.rules.channel.abilities().window;
    let case = turn.case();
    case.watermark = case.watermark.max(seq);
    let opened = Window::opened(at, rule);
    if rule.is_some() && opened.ends_at >= case.window.ends_at {
        case.window = opened;
    }
}

fn note_meanwhile(turn: &mut Turn, mut sending: Sending, wants_person: bool) {
    let what = if wants_person { Meanwhile::AskedForPerson } else { Meanwhile::Said };
    sending.meanwhile = sending.meanwhile.max(what);
    let claimed = sending.parts.iter().position(|part| *part == Part::Claimed);
    turn.case().state = State::Sending(sending);
    // Where a lost answer is asked for again and again, whoever writes meanwhile must not wait for the next time.
    if let Some(part) = claimed.filter(|_| turn.rules.channel.abilities().repeats == Repeats::OneMessage) {
        let at = turn.now;
        turn.effect(Effect::Send { part, at });
    }
}

/// In every mode a customer who asks for a person gets one.
pub(super) fn ask_for_person(turn: &mut Turn) {
    turn.void_authority(Voided::AskedForPerson);
    turn.settle_cards(Outcome::Updated);
    // During a pause nothing is dealt by turn; whoever asks for a person must not wait for its end.
    let held_up = turn.deals_by_turn() && turn.rules.paused.is_some();
    let level = if held_up { Level::EscalationOwner } else { Level::Reviewers };
    turn.stuck(Why::AskedForPerson, None, level);
}

fn show_again(turn: &mut Turn) {
    turn.settle_cards(Outcome::Updated);
    turn.case().version += 1;
    if let Some(level) = turn.case().level() {
        turn.ask(level);
    }
}

fn redraft(turn: &mut Turn, why: Voided) {
    turn.void_authority(why);
    turn.settle_cards(Outcome::Updated);
    let start_at = turn.rules.draft_start(turn.now, turn.now);
    turn.draft_anew(start_at, None);
}

pub(super) fn recalled(mut turn: Turn, seq: i64, anything_left: bool) -> Result<Step, Refusal> {
    turn.record(Kind::CustomerRecalled, Actor::Customer, json!({ "seq": seq }));
    match turn.case().state.clone() {
        State::Closed { .. } | State::HandedOver { .. } => {}
        State::Sending(sending) if sending.claimed() => {}
        State::Unknown(doubt) => doubt::show_again(&mut turn, doubt),
        // Which message asked is not known here, and whoever asked for a person gets one.
        State::NeedsPerson(stuck) if anything_left && stuck.why == Why::AskedForPerson => show_again(&mut turn),
        _ if anything_left => redraft(&mut turn, Voided::CustomerRecalled),
        _ => close(&mut turn, Ending::Withdrawn, Outcome::Updated),
    }
    turn.done()
}

/// Nothing more leaves for a customer of whom nothing is kept. What may be on its way comes to its own end first.
pub(super) fn erased(mut turn: Turn, by: &str) -> Result<Step, Refusal> {
    match &turn.case().state {
        State::Closed { .. } => return Err(Refusal::Closed),
        State::Sending(sending) if sending.claimed() => return Err(Refusal::OnItsWay),
        _ => {}
    }
    turn.void_authority(Voided::CaseClosed);
    turn.settle_cards(Outcome::Erased);
    end(&mut turn, Actor::Person(by.to_owned()), Ending::Erased);
    turn.done()
}

fn close(turn: &mut Turn, ending: Ending, outcome: Outcome) {
    turn.void_authority(Voided::CaseClosed);
    turn.settle_cards(outcome);
    end(turn, Actor::System, ending);
}

/// Closes the case: what the customer said so far needs no answer any more.
pub(super) fn end(turn: &mut Turn, actor: Actor, ending: Ending) {
    turn.record(Kind::CaseClosed, actor, json!({ "ending": ending }));
    let up_to = turn.case().watermark;
    turn.effect(Effect::Answered { up_to });
    turn.case().state = State::Closed { ending };
}

pub(super) fn drafted(mut turn: Turn, generation: i64, drafted: &Drafted) -> Result<Step, Refusal> {
    if generation != turn.case().generation || !matches!(turn.case().state, State::Drafting(_)) {
        return Err(Refusal::Overtaken);
    }
    match drafted {
        Drafted::Reply(draft) | Drafted::HumanOnly(draft) | Drafted::NoAnswer(draft) if judged_before(&turn, draft) => {
            judge_anew(&mut turn);
        }
        Drafted::Reply(draft) if turn.rules.channel.mode == Mode::ReadOnly => {
            record_draft(&mut turn, draft);
            turn.stuck(Why::ReadOnly, Some((**draft).clone()), level_of(&draft.verdict));
        }
        Drafted::Reply(draft) if draft.verdict.is_blocked() => {
            record_draft(&mut turn, draft);
            turn.stuck(Why::Forbidden, Some((**draft).clone()), level_of(&draft.verdict));
        }
        Drafted::Reply(draft) if sendable(&draft.parts) => propose(&mut turn, draft),
        Drafted::Reply(_) => failed(&mut turn, "the draft is empty, too long or in too many parts"),
        Drafted::HumanOnly(draft) => {
            record_draft(&mut turn, draft);
            turn.stuck(Why::HumanOnly, Some((**draft).clone()), Level::EscalationOwner);
        }
        Drafted::NoAnswer(draft) => {
            turn.record(Kind::KnowledgeGap, Actor::System, json!({ "generation": generation }));
            record_verdict(&mut turn, draft);
            turn.stuck(Why::NoAnswer, Some((**draft).clone()), level_of(&draft.verdict));
            turn.effect(Effect::RecordGap);
        }
        Drafted::Failed { why } => failed(&mut turn, why),
    }
    turn.done()
}

/// Whether the policy changed while the draft was being written.
fn judged_before(turn: &Turn, draft: &super::Draft) -> bool {
    draft.policy != turn.rules.policy
}

fn judge_anew(turn: &mut Turn) {
    let now = turn.now;
    turn.record(Kind::Superseded, Actor::System, json!({ "why": Voided::PolicyChanged, "at": now }));
    let wish = match &turn.case().state {
        State::Drafting(drafting) => drafting.hint.zip(drafting.before.clone()),
        _ => None,
    };
    turn.draft_anew(now, wish);
}

fn failed(turn: &mut Turn, why: &str) {
    turn.record(Kind::Drafted, Actor::System, json!({ "failed": why }));
    turn.stuck(Why::DraftFailed, None, Level::Reviewers);
}

fn propose(turn: &mut Turn, draft: &super::Draft) {
    record_draft(turn, draft);
    let now = turn.now;
    if !turn.case().window.allows(draft.parts.len(), now) {
        turn.stuck(Why::QuotaGone, Some(draft.clone()), level_of(&draft.verdict));
    } else if let Some(marked) = authority::marked(turn, draft) {
        authority::give(turn, marked);
    } else {
        turn.show(draft.clone(), level_of(&draft.verdict));
    }
}

/// What was suggested, and why: on record before anybody sees it.
fn record_draft(turn: &mut Turn, draft: &super::Draft) {
    let suggestion = json!({
        "parts": draft.parts, "author": draft.author, "citations": draft.citations, "confidence": draft.confidence,
        "grounds": draft.grounds, "chance": draft.chance, "look_up": draft.look_up, "translation": draft.translation,
        "intent": draft.intent, "action": draft.action, "threshold": turn.rules.desk.policy.confidence,
    });
    turn.record(Kind::Drafted, Actor::System, suggestion);
    record_verdict(turn, draft);
}

fn record_verdict(turn: &mut Turn, draft: &super::Draft) {
    turn.hold_to(&draft.verdict);
    let verdict = json!({ "verdict": draft.verdict, "policy": turn.rules.policy });
    turn.record(Kind::Judged, Actor::Policy(turn.rules.policy.to_owned()), verdict);
}

pub(super) fn window_ended(mut turn: Turn) -> Result<Step, Refusal> {
    let (now, ends_at) = (turn.now, turn.case().window.ends_at);
    match turn.case().state.clone() {
        State::Closed { .. } => return Err(Refusal::Closed),
        _ if ends_at.is_none_or(|ends_at| now < ends_at) => watch_window(&mut turn),
        // What is under way comes to its own end; whatever that leaves open is looked at again.
        State::Sending(_) | State::HandedOver { session: SessionOwner::Asked, .. } => {
            turn.effect(Effect::WindowDeadline { at: now + HOUR });
        }
        // The platform ends a person's session by itself, and does not always say so.
        State::HandedOver { session: SessionOwner::Person | SessionOwner::Pool, .. } => {
            end(&mut turn, Actor::System, Ending::AnsweredByPerson);
        }
        _ => lose_window(&mut turn),
    }
    turn.done()
}

/// The case is looked at again when the platform's window ends, where it does.
pub(super) fn watch_window(turn: &mut Turn) {
    if let Some(at) = turn.case().window.ends_at {
        turn.effect(Effect::WindowDeadline { at });
    }
}

pub(super) fn lose_window(turn: &mut Turn) {
    let ended_at = turn.case().window.ends_at;
    turn.record(Kind::WindowLost, Actor::System, json!({ "ended_at": ended_at }));
    let (number, concerned) = (turn.case().number, concerned(turn));
    close(turn, Ending::WindowLost, Outcome::WindowLost);
    for person in concerned {
        turn.effect(Effect::Tell { person, say: super::Say::new("told.window_lost").with("number", number) });
    }
}

/// Who has to hear that nothing can be sent any more: whoever is asked, and whoever believes to have answered.
fn concerned(turn: &mut Turn) -> Vec<String> {
    let mut people = asked(turn);
    let believes = match &turn.case().state {
        State::HandedOver { to, .. } => Some(to.clone()),
        State::Sending(sending) => sending.authority.approver().map(str::to_owned),
        _ => None,
    };
    let already = people.clone();
    people.extend(believes.filter(|person| !already.contains(person)));
    people
}

/// Who is asked now; the last level where nobody is.
fn asked(turn: &mut Turn) -> Vec<String> {
    if let Some(holder) = turn.case().in_turn.holder.clone() {
        return vec![holder];
    }
    let level = turn.case().level().filter(|_| !turn.case().waits());
    turn.holders(level.unwrap_or(Level::EscalationOwner))
}

pub(super) fn policy_changed(mut turn: Turn) -> Result<Step, Refusal> {
    match turn.case().state.clone() {
        State::AwaitingReview(review) if review.draft.policy != turn.rules.policy => {
            redraft(&mut turn, Voided::PolicyChanged);
        }
        State::Sending(sending) if sending.draft.policy != turn.rules.policy && !sending.claimed() => {
            redraft(&mut turn, Voided::PolicyChanged);
        }
        _ => return Err(Refusal::Overtaken),
    }
    let now = turn.now;
    turn.record(Kind::Superseded, Actor::System, json!({ "why": Voided::PolicyChanged, "at": now }));
    turn.done()
}

/// The draft is shown again without 发送: its facts have to be looked up anew.
pub(super) fn evidence_stale(mut turn: Turn, version: i64) -> Result<Step, Refusal> {
    let State::AwaitingReview(review) = turn.case().state.clone() else { return Err(Refusal::Overtaken) };
    if review.draft.version != version || !review.draft.is_stale(turn.now) || judged_before(&turn, &review.draft) {
        return Err(Refusal::Overtaken);
    }
    turn.record(Kind::Superseded, Actor::System, json!({ "why": "evidence_stale", "version": version }));
    turn.settle_cards(Outcome::Updated);
    turn.show(review.draft, review.level);
    turn.done()
}

/// What was shown or approved rests on knowledge that is switched off or says something else by now.
pub(super) fn knowledge_changed(mut turn: Turn) -> Result<Step, Refusal> {
    match turn.case().state.clone() {
        State::AwaitingReview(_) => redraft(&mut turn, Voided::KnowledgeChanged),
        State::Sending(sending) if !sending.claimed() => sending::knowledge_changed(&mut turn, &sending),
        _ => return Err(Refusal::Overtaken),
    }
    let now = turn.now;
    turn.record(Kind::Superseded, Actor::System, json!({ "why": Voided::KnowledgeChanged, "at": now }));
    turn.done()
}

/// What a reply's end makes of whatever the customer did while it was under way.
pub(super) fn after_reply(turn: &mut Turn, up_to: i64, meanwhile: Meanwhile) {
    let answered = Effect::Answered { up_to };
    match meanwhile {
        Meanwhile::AskedForPerson => {
            turn.effect(answered);
            ask_for_person(turn);
        }
        Meanwhile::Said => {
            turn.effect(answered);
            turn.restart_clock();
            let start_at = turn.rules.draft_start(turn.now, turn.now);
            turn.draft_anew(start_at, None);
        }
        Meanwhile::Nothing => end(turn, Actor::System, Ending::Answered),
    }
}
