//! A part of a reply that nobody knows about: its request left, and no readable answer came. It is never repeated by
//! itself. A person says what became of it, or the platform does, later than it should have.

use channels::Spent;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::human::{approve, blank, current, decided};
use super::step::{Step, Turn};
use super::{
    Case, Draft, Effect, Ending, Level, Meanwhile, Outcome, Part, PartResult, Refusal, Say, Sending, State, Tap,
    Voided, Why, customer, hand, message_id, sending,
};
use crate::clock::Timestamp;
use crate::desk::NoticeKind;
use crate::evidence::{Actor, Kind};
use crate::policy::{self, Route, Verdict};

/// Nobody knows whether a part of the reply arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// The part nobody knows about, and behind it those that have not left: what 重发 would send, as a version of its
    /// own. It keeps the newest message it answers and the policy it was judged by.
    pub draft: Draft,
    /// The request whose answer is missing.
    pub lost: Lost,
    /// What the customer did since it left.
    pub meanwhile: Meanwhile,
    /// The reply it is a part of, where a colleague has it in their hands: its approval stands. `draft` is that part alone.
    #[serde(default)]
    pub by_hand: Option<Box<Sending>>,
    /// Who is asked.
    pub level: Level,
    /// When the next level is asked.
    pub due: Timestamp,
    /// Nobody at the last level has answered.
    pub overdue: bool,
}

/// A request whose answer is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The platform's message id it carried.
    pub msgid: String,
    /// The part, counted from 0.
    pub part: usize,
    /// Parts of the whole reply.
    pub of: usize,
    /// When it was let out.
    pub at: Timestamp,
    /// Who had approved it; empty where it left by the policy's permit.
    pub approved_by: String,
}

impl Lost {
    pub(super) fn of(case: &Case, sending: &Sending, part: usize) -> Self {
        Self {
            msgid: sending::message_id(case, &sending.draft, part),
            part,
            of: sending.draft.parts.len(),
            at: sending.claimed_at,
            approved_by: sending.authority.approver().unwrap_or_default().to_owned(),
        }
    }
}

/// What a person says about a part nobody knew about. Never "accepted": only the platform can say that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It arrived.
    Delivered,
    /// It did not arrive.
    NotDelivered,
    /// It does not matter any more.
    Dropped,
}

impl Resolution {
    /// The name in the record and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::NotDelivered => "not_delivered",
            Self::Dropped => "dropped",
        }
    }

    /// The name in the record, of what a colleague says who carries the reply by hand: nobody saw it delivered.
    fn said(self) -> &'static str {
        match self {
            Self::Delivered => "sent",
            Self::NotDelivered => "again",
            Self::Dropped => "dropped",
        }
    }
}

impl Turn<'_> {
    /// Shows a doubt to people, as a new version: cards of before must not decide about it.
    pub(super) fn in_doubt(&mut self, mut doubt: Doubt) {
        // Only whoever has it in their hands can say what became of it, whoever had to approve it.
        let (level, due) =
            if doubt.by_hand.is_some() { self.asking_exactly(doubt.level) } else { self.asking(doubt.level) };
        let case = self.case();
        case.version += 1;
        let (version, draft) = (case.version, &mut doubt.draft);
        draft.version = version;
        draft.digest = super::digest(&case.conversation, version, draft.watermark, &draft.policy, &draft.parts);
        self.case().state = State::Unknown(Doubt { level, due, overdue: false, ..doubt });
        self.ask(level);
    }
}

/// The answer to a claimed part is missing: the rest stays here, and a person is asked.
pub(super) fn begin(turn: &mut Turn, sending: Sending, part: usize) {
    let lost = Lost::of(turn.case(), &sending, part);
    turn.case().state = State::Sending(sending.clone());
    turn.void_authority(Voided::PartUnknown);
    turn.restart_clock();
    sending::tell_what_arrived(turn, &sending);
    turn.case().doubtful = true;
    let (parts, supersedes) = (sending.draft.parts[part..].to_vec(), Some(lost.msgid.clone()));
    let draft = Draft { parts, supersedes, ..sending.draft };
    let (meanwhile, now) = (sending.meanwhile, turn.now);
    turn.in_doubt(Doubt { draft, lost, meanwhile, by_hand: None, level: Level::Reviewers, due: now, overdue: false });
    if meanwhile == Meanwhile::AskedForPerson {
        turn.notice(NoticeKind::Handover);
    }
    let say = sending::alarm(Why::SendUnknown, turn.case().number);
    turn.effect(Effect::Alarm { say });
}

/// The channel had taken a part, and now does not know whether it arrived. The case may be closed by then: it is open again
/// until a person has said what became of the part.
pub(super) fn reported(mut turn: Turn, lost: &Lost, text: &str) -> Result<Step, Refusal> {
    let result = PartResult::Unknown;
    let said = json!({ "part": lost.part, "msgid": lost.msgid, "result": result, "late": true });
    match turn.case().state.clone() {
        State::Closed { ending: Ending::Answered } => {
            turn.record(Kind::SendSettled, Actor::System, said);
            reopen(&mut turn, lost.clone(), text);
        }
        State::Sending(mut sending) if is_last_to_leave(&mut turn, &sending, lost) => {
            turn.record(Kind::SendSettled, Actor::System, said);
            sending.parts[lost.part] = Part::Unknown;
            begin(&mut turn, sending, lost.part);
        }
        _ => return Err(Refusal::Overtaken),
    }
    customer::watch_window(&mut turn);
    turn.done()
}

/// Whether it carried the newest part of this reply that has left, and nothing is under way.
fn is_last_to_leave(turn: &mut Turn, sending: &Sending, lost: &Lost) -> bool {
    let carried = message_id(turn.case(), &sending.draft, lost.part) == lost.msgid;
    let newest = sending.parts.iter().rposition(|part| *part != Part::Waiting);
    carried && newest == Some(lost.part) && sending.parts.get(lost.part) == Some(&Part::Accepted)
}

/// The draft is gone with the closed case: what stands on the card are the words that left, to be judged by whoever
/// decides about this case.
fn reopen(turn: &mut Turn, lost: Lost, text: &str) {
    turn.restart_clock();
    let now = turn.now;
    let case = turn.case();
    case.doubtful = true;
    let (number, watermark, level) = (case.number, case.watermark, case.least);
    let route = Route::Review(match level {
        Level::Reviewers => policy::Level::Reviewer,
        Level::EscalationOwner => policy::Level::Supervisor,
    });
    let verdict = Verdict { route, risk: cards::Risk::Low, reasons: Vec::new(), holds: Vec::new(), words: Vec::new() };
    let (parts, supersedes) = (vec![text.to_owned()], Some(lost.msgid.clone()));
    let draft = Draft { parts, watermark, supersedes, ..blank(turn, &verdict) };
    let meanwhile = Meanwhile::Nothing;
    turn.in_doubt(Doubt { draft, lost, meanwhile, by_hand: None, level, due: now, overdue: false });
    turn.effect(Effect::Alarm { say: sending::alarm(Why::SendUnknown, number) });
}

/// The customer writes while nobody knows what they have read: people see it on a new card.
pub(super) fn customer_said(turn: &mut Turn, mut doubt: Doubt, adds_nothing: bool, wants_person: bool) {
    let what = if wants_person { Meanwhile::AskedForPerson } else { Meanwhile::Said };
    if adds_nothing && !wants_person && doubt.meanwhile == Meanwhile::Nothing {
        doubt.draft.watermark = turn.case().watermark;
    } else {
        doubt.meanwhile = doubt.meanwhile.max(what);
    }
    show_again(turn, doubt);
    if wants_person {
        turn.notice(NoticeKind::Handover);
    }
}

/// The same doubt on a new card.
pub(super) fn show_again(turn: &mut Turn, doubt: Doubt) {
    turn.settle_cards(Outcome::Updated);
    turn.in_doubt(doubt);
}

/// What a tap on the card of a doubt is about.
fn doubted(turn: &mut Turn, tap: &Tap) -> Result<Doubt, Refusal> {
    current(turn, tap)?;
    match &turn.case().state {
        State::Unknown(doubt) => Ok(doubt.clone()),
        _ => Err(Refusal::NothingInDoubt),
    }
}

/// What a person says became of the part, on record and in the table of sends.
pub(super) fn resolve(turn: &mut Turn, tap: &Tap, doubt: &Doubt, how: Resolution) {
    let by = Actor::Person(tap.person.clone());
    let (kind, how_named) = match &doubt.by_hand {
        Some(_) => (Kind::HandOutResolved, how.said()),
        None => (Kind::SendResolved, how.as_str()),
    };
    let said = json!({
        "how": how_named, "msgid": doubt.lost.msgid, "part": doubt.lost.part, "of": doubt.lost.of,
        "version": tap.version, "digest": doubt.draft.digest, "code": tap.code,
    });
    turn.record(kind, by, said);
    turn.case().doubtful = false;
    turn.restart_clock();
    turn.effect(Effect::Resolve { msgid: doubt.lost.msgid.clone(), how, person: tap.person.clone() });
}

pub(super) fn settle(turn: &mut Turn, tap: &Tap) {
    let outcome = decided(turn, tap);
    turn.settle_cards(outcome);
}

/// A person saw that it arrived. What has not left comes back to be approved.
pub(super) fn delivered(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    let doubt = doubted(turn, tap)?;
    if let Some(sending) = doubt.by_hand.clone() {
        hand::said_sent(turn, tap, &doubt, *sending);
        return Ok(());
    }
    resolve(turn, tap, &doubt, Resolution::Delivered);
    settle(turn, tap);
    go_on(turn, doubt.draft, doubt.meanwhile);
    Ok(())
}

/// A person saw that it did not arrive. The tap on a card that shows every word of it is the approval of exactly these
/// bytes: they leave as a new intent with an id of their own, after every check of a claim. What the customer has
/// overtaken, or a newer policy, is drafted anew instead.
pub(super) fn send_again(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    let doubt = doubted(turn, tap)?;
    if let Some(paused) = &turn.rules.paused {
        return Err(Refusal::Paused { by: paused.person.clone() });
    }
    if let Some(sending) = doubt.by_hand.clone() {
        hand::again(turn, tap, doubt, *sending);
        return Ok(());
    }
    let now = turn.now;
    if overtaken(turn, &doubt) {
        send_again_anew(turn, tap, &doubt);
        return Ok(());
    }
    if !turn.case().window.allows(doubt.draft.parts.len(), now) {
        return Err(Refusal::QuotaGone);
    }
    resolve(turn, tap, &doubt, Resolution::NotDelivered);
    approve(turn, tap, doubt.draft);
    Ok(())
}

/// It did not arrive, and does not fit any more.
pub(super) fn send_again_anew(turn: &mut Turn, tap: &Tap, doubt: &Doubt) {
    resolve(turn, tap, doubt, Resolution::NotDelivered);
    settle(turn, tap);
    let why = if doubt.meanwhile == Meanwhile::Nothing { Voided::PolicyChanged } else { Voided::CustomerWroteAgain };
    turn.void_authority(why);
    draft_anew(turn, tap, doubt.meanwhile);
}

/// Whether the text no longer answers what was said, or was judged by another policy.
pub(super) fn overtaken(turn: &mut Turn, doubt: &Doubt) -> bool {
    doubt.meanwhile != Meanwhile::Nothing
        || doubt.draft.watermark != turn.case().watermark
        || doubt.draft.policy != turn.rules.policy
}

fn draft_anew(turn: &mut Turn, tap: &Tap, meanwhile: Meanwhile) {
    let told = match meanwhile {
        Meanwhile::AskedForPerson => return customer::ask_for_person(turn),
        Meanwhile::Said => "told.customer_wrote_again",
        Meanwhile::Nothing => "told.policy_changed",
    };
    let say = Say::new(told).with("number", turn.case().number);
    turn.effect(Effect::Tell { person: tap.person.clone(), say });
    let start_at = turn.rules.draft_start(turn.now, turn.now);
    turn.draft_anew(start_at, None);
}

/// Nobody needs to know any more. What the customer has said since is still answered.
pub(super) fn dropped(turn: &mut Turn, tap: &Tap) -> Result<(), Refusal> {
    let doubt = doubted(turn, tap)?;
    resolve(turn, tap, &doubt, Resolution::Dropped);
    settle(turn, tap);
    turn.void_authority(Voided::CaseClosed);
    match doubt.meanwhile {
        Meanwhile::Nothing => customer::end(turn, Actor::Person(tap.person.clone()), Ending::Dropped),
        Meanwhile::AskedForPerson => customer::ask_for_person(turn),
        Meanwhile::Said => {
            let start_at = turn.rules.draft_start(turn.now, turn.now);
            turn.draft_anew(start_at, None);
        }
    }
    Ok(())
}

/// The first of these parts arrived; the others have not left.
fn go_on(turn: &mut Turn, mut draft: Draft, meanwhile: Meanwhile) {
    draft.parts.remove(0);
    draft.supersedes = None;
    if draft.parts.is_empty() || meanwhile != Meanwhile::Nothing {
        return customer::after_reply(turn, draft.watermark, meanwhile);
    }
    let now = turn.now;
    if draft.policy != turn.rules.policy {
        turn.draft_anew(now, None);
    } else if turn.case().window.allows(draft.parts.len(), now) {
        turn.show(draft, Level::Reviewers);
    } else {
        turn.stuck(Why::QuotaGone, Some(draft), Level::Reviewers);
    }
}

/// The platform's answer came after it had been given up: it is on record whatever the case is by now, and where the
/// doubt is still open it ends.
pub(super) fn settled_late(mut turn: Turn, msgid: &str, part: usize, result: &PartResult) -> Result<Step, Refusal> {
    if *result == PartResult::Unknown {
        return Err(Refusal::Overtaken);
    }
    let kind = if turn.by_hand() { Kind::HandOutSettled } else { Kind::SendSettled };
    turn.record(kind, Actor::System, json!({ "part": part, "msgid": msgid, "result": result, "late": true }));
    match turn.case().state.clone() {
        // Whoever has it, or has not, is asked already.
        _ if turn.by_hand() => {}
        State::Unknown(doubt) if doubt.lost.msgid == msgid => answered(&mut turn, doubt, result),
        // Sent again, and not let out yet: what arrived after all must not arrive twice.
        State::Sending(sending) if *result == PartResult::Accepted && replaces(&sending, msgid) => {
            turn.void_authority(Voided::ArrivedAfterAll);
            tell(&mut turn, "told.arrived_late");
            go_on(&mut turn, sending.draft, sending.meanwhile);
        }
        State::AwaitingReview(review) if *result == PartResult::Accepted && supersedes(&review.draft, msgid) => {
            turn.settle_cards(Outcome::Updated);
            tell(&mut turn, "told.arrived_late");
            turn.restart_clock();
            go_on(&mut turn, review.draft, Meanwhile::Nothing);
        }
        _ if *result == PartResult::Accepted => tell(&mut turn, "told.arrived_late"),
        _ => {}
    }
    turn.done()
}

/// Whether this text would be sent in the place of that request.
fn supersedes(draft: &Draft, msgid: &str) -> bool {
    draft.supersedes.as_deref() == Some(msgid)
}

fn replaces(sending: &Sending, msgid: &str) -> bool {
    supersedes(&sending.draft, msgid) && sending.next_part() == Some(0) && !sending.claimed()
}

fn tell(turn: &mut Turn, key: &str) {
    let say = Say::new(key).with("number", turn.case().number);
    turn.effect(Effect::Alarm { say });
}

fn answered(turn: &mut Turn, doubt: Doubt, result: &PartResult) {
    turn.settle_cards(Outcome::Updated);
    turn.case().doubtful = false;
    turn.restart_clock();
    match result {
        PartResult::Accepted => go_on(turn, doubt.draft, doubt.meanwhile),
        PartResult::Failed { code, spent } => not_taken(turn, doubt, *code, *spent),
        PartResult::PutOff { code, .. } => not_taken(turn, doubt, *code, None),
        PartResult::Unknown | PartResult::HandedOut => {}
    }
}

fn not_taken(turn: &mut Turn, doubt: Doubt, code: i64, spent: Option<Spent>) {
    sending::correct_budget(turn, doubt.meanwhile, spent);
    sending::to_person(turn, doubt.meanwhile, sending::why_failed(code), Some(doubt.draft));
}
