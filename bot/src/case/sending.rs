//! The way out: claim, then settle. Nothing leaves that was not claimed here, and nothing is claimed
//! against a pause, a newer message, a newer policy, a spent budget or a person who lost the right.

use channels::Spent;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::step::{Step, Turn, level_of};
use super::{
    Author, Case, Draft, Effect, Ending, Level, Meanwhile, Part, PartResult, Refusal, Say, Sending, State, Voided, Why,
    authority, customer, doubt, hand, human,
};
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::evidence::{Actor, Kind};
use crate::policy;

/// The platform's message id of a part, derived from the intent and never from the attempt: the same intent can never
/// be two messages. 32 of `[0-9a-f]`.
pub fn message_id(case: &Case, draft: &Draft, part: usize) -> String {
    let body = draft.parts.get(part).map(String::as_str).unwrap_or_default();
    let intent = format!("{}\0{}\0{part}\0{body}", case.id, draft.version);
    hex::encode(&Sha256::digest(intent)[..16])
}

pub(super) fn claim(mut turn: Turn, part: usize, paused_since_approval: bool) -> Result<Step, Refusal> {
    let State::Sending(sending) = turn.case().state.clone() else { return Err(Refusal::Overtaken) };
    if sending.claimed() || sending.next_part() != Some(part) {
        return Err(Refusal::Overtaken);
    }
    match objection(&mut turn, &sending, paused_since_approval) {
        None => let_out(&mut turn, sending, part),
        Some(objection) => object(&mut turn, sending, objection),
    }
    turn.done()
}

/// A claimed part whose worker died may be asked about under its own id only while it could still be let out.
pub(super) fn probe(mut turn: Turn, part: usize, paused_since_approval: bool) -> Result<Step, Refusal> {
    let State::Sending(sending) = turn.case().state.clone() else { return Err(Refusal::Overtaken) };
    let claimed = sending.parts.get(part) == Some(&Part::Claimed);
    if !claimed || objection(&mut turn, &sending, paused_since_approval).is_some() {
        return Err(Refusal::Overtaken);
    }
    let msgid = message_id(turn.case(), &sending.draft, part);
    match turn.asker().map(str::to_owned) {
        Some(to) => {
            let again = json!({ "part": part, "msgid": msgid, "to": to, "again": true });
            turn.record(Kind::HandOutClaimed, Actor::System, again);
        }
        None => turn.record(Kind::SendProbed, Actor::System, json!({ "part": part, "msgid": msgid })),
    }
    turn.done()
}

/// What speaks against letting a part out now.
enum Objection {
    Paused,
    PolicyChanged,
    NewerMessage,
    RightLost,
    AutomationClosed,
    WindowClosed,
    QuotaGone,
}

fn objection(turn: &mut Turn, sending: &Sending, paused_since_approval: bool) -> Option<Objection> {
    let now = turn.now;
    let case = turn.case().clone();
    let waiting = sending.parts.iter().filter(|p| **p == Part::Waiting).count();
    // What has to be drafted again comes first: a draft that is only shown again keeps its judgement.
    let checks = [
        (sending.draft.policy != turn.rules.policy, Objection::PolicyChanged),
        (sending.draft.watermark != case.watermark, Objection::NewerMessage),
        (turn.rules.paused.is_some() || paused_since_approval, Objection::Paused),
        (!still_permitted(turn, sending), Objection::RightLost),
        (closed(turn, sending), Objection::AutomationClosed),
        (case.window.is_over(now), Objection::WindowClosed),
        (!case.window.allows(waiting, now), Objection::QuotaGone),
    ];
    checks.into_iter().find(|(holds, _)| *holds).map(|(_, objection)| objection)
}

/// Whether whoever approved it may still do so.
fn still_permitted(turn: &Turn, sending: &Sending) -> bool {
    let Some(approver) = sending.authority.approver() else { return true };
    let high_risk = level_of(&sending.draft.verdict) == Level::EscalationOwner;
    turn.rules.desk.person(approver).is_some_and(|person| {
        let decides = policy::may(person, policy::Power::Decide, Some(turn.rules.channel)).is_ok();
        decides && (!high_risk || human::decides_above(turn, person))
    })
}

/// Whether what the policy permitted may not leave by itself any more.
fn closed(turn: &Turn, sending: &Sending) -> bool {
    sending.authority.approver().is_none() && !authority::still_open(turn, &sending.draft)
}

fn let_out(turn: &mut Turn, mut sending: Sending, part: usize) {
    let to = turn.asker().map(str::to_owned);
    let kind = if to.is_some() { Kind::HandOutClaimed } else { Kind::SendClaimed };
    let mut claimed = json!({
        "part": part, "body_sha256": hex::encode(Sha256::digest(sending.draft.parts[part].as_bytes())),
        "digest": sending.draft.digest, "approved_by": sending.authority.approver(), "policy": sending.draft.policy,
        "watermark": sending.draft.watermark, "msgid": message_id(turn.case(), &sending.draft, part),
        "supersedes": sending.draft.supersedes.as_ref().filter(|_| part == 0),
    });
    if let Some(to) = to {
        claimed["to"] = to.into();
    }
    turn.record(kind, sending.authority.actor(), claimed);
    sending.parts[part] = Part::Claimed;
    sending.claimed_at = turn.now;
    let case = turn.case();
    case.window.spend();
    case.state = State::Sending(sending);
}

fn object(turn: &mut Turn, sending: Sending, objection: Objection) {
    match objection {
        Objection::Paused => back_to_review(turn, sending, Voided::Paused, Some("told.paused_before_send")),
        Objection::RightLost => back_to_review(turn, sending, Voided::RightLost, Some("told.right_lost")),
        Objection::AutomationClosed => back_to_review(turn, sending, Voided::AutomationClosed, None),
        Objection::PolicyChanged => draft_again(turn, &sending, Voided::PolicyChanged, "told.policy_changed"),
        Objection::NewerMessage => draft_again(turn, &sending, Voided::CustomerWroteAgain, "told.customer_wrote_again"),
        Objection::WindowClosed => {
            turn.void_authority(Voided::WindowClosed);
            customer::lose_window(turn);
        }
        Objection::QuotaGone => {
            turn.void_authority(Voided::BudgetSpent);
            turn.stuck(Why::QuotaGone, Some(sending.draft), Level::Reviewers);
        }
    }
}

/// What has not left needs a new decision, as a new version.
fn back_to_review(turn: &mut Turn, sending: Sending, why: Voided, told: Option<&str>) {
    turn.void_authority(why);
    if let Some(told) = told {
        tell_approver(turn, &sending, told);
    }
    let mut draft = sending.authority.taken_from(sending.draft);
    let waiting = draft.parts.iter().zip(&sending.parts).filter(|(_, part)| **part == Part::Waiting);
    draft.parts = waiting.map(|(text, _)| text.clone()).collect();
    draft.supersedes = draft.supersedes.filter(|_| sending.parts.first() == Some(&Part::Waiting));
    let level = level_of(&draft.verdict);
    turn.restart_clock();
    turn.show(draft, level);
}

/// What it rests on is no longer in use: whoever approved it is told.
pub(super) fn knowledge_changed(turn: &mut Turn, sending: &Sending) {
    draft_again(turn, sending, Voided::KnowledgeChanged, "told.knowledge_changed");
}

fn draft_again(turn: &mut Turn, sending: &Sending, why: Voided, told: &str) {
    turn.void_authority(why);
    tell_approver(turn, sending, told);
    let start_at = turn.rules.draft_start(turn.now, turn.now);
    turn.draft_anew(start_at, None);
}

fn tell_approver(turn: &mut Turn, sending: &Sending, told: &str) {
    let Some(approver) = sending.authority.approver() else { return };
    let say = Say::new(told).with("number", turn.case().number);
    turn.effect(Effect::Tell { person: approver.to_owned(), say });
}

pub(super) fn settled(mut turn: Turn, part: usize, result: &PartResult) -> Result<Step, Refusal> {
    match turn.asker().map(str::to_owned) {
        Some(to) => {
            turn.record(Kind::HandOutSettled, Actor::System, json!({ "part": part, "result": result, "to": to }));
        }
        None => turn.record(Kind::SendSettled, Actor::System, json!({ "part": part, "result": result })),
    }
    let State::Sending(mut sending) = turn.case().state.clone() else { return turn.done() };
    if sending.parts.get(part) != Some(&Part::Claimed) {
        // The fate of an earlier reply: on record, and nothing to the one that is being sent now.
        return turn.done();
    }
    match result {
        PartResult::Accepted => {
            sending.parts[part] = Part::Accepted;
            sending.put_off = 0;
            accepted(&mut turn, sending);
        }
        PartResult::Failed { code, spent } => {
            correct_budget(&mut turn, sending.meanwhile, *spent);
            sending.parts[part] = Part::Failed;
            stop(&mut turn, sending, why_failed(*code));
        }
        PartResult::PutOff { wait_ms, .. } => {
            correct_budget(&mut turn, sending.meanwhile, None);
            sending.parts[part] = Part::Waiting;
            come_back(&mut turn, sending, part, *wait_ms);
        }
        PartResult::HandedOut => hand::handed_out(&mut turn, sending, part, Part::HandedOut),
        // It may be on a colleague's phone, which harms nobody: they have the words before them either way.
        PartResult::Unknown if turn.by_hand() => hand::handed_out(&mut turn, sending, part, Part::Unknown),
        PartResult::Unknown => {
            sending.parts[part] = Part::Unknown;
            doubt::begin(&mut turn, sending, part);
        }
    }
    turn.done()
}

/// Why a part is not there, by the platform's code; 0 where it never left.
pub(super) fn why_failed(code: i64) -> Why {
    if code == 0 { Why::NeverLeft } else { Why::SendRefused }
}

/// The platform did nothing and wants to be asked later. The approval stands, and is checked again at the next claim.
fn come_back(turn: &mut Turn, mut sending: Sending, part: usize, wait_ms: Option<Timestamp>) {
    sending.put_off += 1;
    let (meanwhile, at) = (sending.meanwhile, turn.now + wait_ms.unwrap_or_else(|| pause_after(sending.put_off)));
    turn.case().state = State::Sending(sending.clone());
    if sending.put_off == TELL_AT && at - turn.now >= MINUTE {
        tell_approver(turn, &sending, "told.reply_waits");
    }
    match meanwhile {
        Meanwhile::Nothing => turn.effect(Effect::Send { part, at }),
        Meanwhile::AskedForPerson => customer::ask_for_person(turn),
        Meanwhile::Said => draft_again(turn, &sending, Voided::CustomerWroteAgain, "told.customer_wrote_again"),
    }
}

/// The time at which a reply is put off, counted from 1, when its approver hears of it.
const TELL_AT: u32 = 2;

/// How long to leave a platform alone that does not say it: 2, 4, 8 … seconds.
fn pause_after(times: u32) -> Timestamp {
    SECOND << times.clamp(1, 6)
}

/// A part is over: the next one leaves, or the reply is complete.
pub(super) fn accepted(turn: &mut Turn, sending: Sending) {
    turn.case().state = State::Sending(sending.clone());
    if let Some(part) = sending.next_part() {
        match sending.meanwhile {
            Meanwhile::Nothing => return turn.effect(Effect::Send { part, at: turn.now }),
            // The customer wrote between two parts: what is left no longer answers what was said.
            _ => turn.void_authority(Voided::CustomerWroteAgain),
        }
    } else if sending.authority.approver().is_none() {
        let shown = Box::new(authority::as_for_review(turn.now_becoming(), &sending));
        turn.effect(Effect::LeftByItself { shown });
    } else if matches!(sending.draft.author, Author::Person { .. }) {
        let (text, citations) = (sending.draft.parts.join("\n"), sending.draft.citations.clone());
        turn.effect(Effect::ProposeKnowledge { text, citations });
    }
    customer::after_reply(turn, sending.draft.watermark, sending.meanwhile);
}

/// The platform's own count wins over ours, unless the customer opened a new window after the claim: then the
/// refusal may speak of the old one.
pub(super) fn correct_budget(turn: &mut Turn, meanwhile: Meanwhile, spent: Option<Spent>) {
    if meanwhile != Meanwhile::Nothing {
        return;
    }
    let (now, rule) = (turn.now, turn.rules.channel.abilities().window);
    let window = &mut turn.case().window;
    match spent {
        Some(Spent::Messages) => window.quota_left = Some(0),
        Some(Spent::Window) => window.ends_at = Some(window.ends_at.map_or(now, |ends_at| ends_at.min(now))),
        None => window.give_back(rule),
    }
}

pub(super) fn alarm(why: Why, number: i64) -> Say {
    Say::new("told.alarm").with("number", number).with_key("why", why.key())
}

/// The first part that fails stops the rest; a person sees what arrived.
fn stop(turn: &mut Turn, sending: Sending, why: Why) {
    let number = turn.case().number;
    turn.case().state = State::Sending(sending.clone());
    turn.void_authority(Voided::PartNotArrived);
    let now = turn.now;
    if turn.case().window.is_over(now) {
        return customer::lose_window(turn);
    }
    turn.restart_clock();
    tell_what_arrived(turn, &sending);
    to_person(turn, sending.meanwhile, why, Some(sending.draft));
    turn.effect(Effect::Alarm { say: alarm(why, number) });
}

/// Somebody looks at what went wrong, unless the customer asked for a person meanwhile: that wish comes first.
pub(super) fn to_person(turn: &mut Turn, meanwhile: Meanwhile, why: Why, draft: Option<Draft>) {
    match meanwhile {
        Meanwhile::AskedForPerson => customer::ask_for_person(turn),
        Meanwhile::Nothing | Meanwhile::Said => turn.stuck(why, draft, Level::Reviewers),
    }
}

/// Whoever goes on has to know what the customer has already read.
pub(super) fn tell_what_arrived(turn: &mut Turn, sending: &Sending) {
    let parts = sending.draft.parts.iter().zip(&sending.parts);
    let arrived: Vec<&str> = parts.filter(|(_, part)| part.is_over()).map(|(text, _)| text.as_str()).collect();
    if arrived.is_empty() {
        return;
    }
    let key = if turn.by_hand() { "told.parts_said_sent" } else { "told.parts_arrived" };
    let say = Say::new(key).with("number", turn.case().number).with("arrived", arrived.join("\n"));
    for person in goes_on(turn, sending) {
        turn.effect(Effect::Tell { person, say: say.clone() });
    }
}

/// Who may go on after a reply that stopped: by turn nobody knows yet, so the approver is told now, and the next holder
/// gets the story with the card.
fn goes_on(turn: &mut Turn, sending: &Sending) -> Vec<String> {
    if turn.deals_by_turn() {
        return sending.authority.approver().map(str::to_owned).into_iter().collect();
    }
    let level = turn.staffed(Level::Reviewers);
    turn.holders(level)
}

pub(super) fn not_delivered(mut turn: Turn, msgid: &str, fail_type: i64) -> Result<Step, Refusal> {
    let (draft, meanwhile) = match turn.case().state.clone() {
        State::Closed { ending: Ending::Answered } => (None, Meanwhile::Nothing),
        State::Sending(sending) => (Some(sending.draft), sending.meanwhile),
        // The doubt is over: it did not arrive.
        State::Unknown(doubt) if doubt.lost.msgid == msgid => {
            turn.case().doubtful = false;
            turn.settle_cards(super::Outcome::Updated);
            (Some(doubt.draft), doubt.meanwhile)
        }
        _ => return Err(Refusal::Overtaken),
    };
    turn.record(Kind::DeliveryFailed, Actor::System, json!({ "fail_type": fail_type, "msgid": msgid }));
    turn.void_authority(Voided::NotDelivered);
    turn.restart_clock();
    to_person(&mut turn, meanwhile, Why::NotDelivered, draft);
    let number = turn.case().number;
    turn.effect(Effect::Alarm { say: alarm(Why::NotDelivered, number) });
    customer::watch_window(&mut turn);
    turn.done()
}
