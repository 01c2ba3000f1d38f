//! Replies a colleague carries over by hand. Whoever asked for the customer is the only reviewer; what is approved is
//! handed to them, and they say what became of it: nothing else can.

use serde_json::json;

use super::doubt::{overtaken, resolve, send_again_anew, settle};
use super::step::{Step, Turn};
use super::{Doubt, Draft, Effect, Level, Lost, Part, Refusal, Resolution, Say, Sending, State, Tap, sending};
use crate::clock::Timestamp;
use crate::evidence::{Actor, Kind};
use crate::policy::{self, Power};

impl Turn<'_> {
    /// Whether a colleague carries the reply over by hand.
    pub(super) fn by_hand(&self) -> bool {
        self.asker().is_some()
    }

    pub(super) fn asker(&self) -> Option<&str> {
        self.now_becoming().asker.as_deref()
    }

    /// The people asked at `level`. Whoever asked for the customer has the chat before them, on duty or not, as long as
    /// their decisions count.
    pub(super) fn holders(&self, level: Level) -> Vec<String> {
        match self.asker().filter(|_| level == Level::Reviewers) {
            Some(asker) => Some(asker.to_owned()).filter(|asker| self.still_decides(asker)).into_iter().collect(),
            None => self.rules.holders(level),
        }
    }

    fn still_decides(&self, asker: &str) -> bool {
        let person = self.rules.desk.person(asker);
        person.is_some_and(|person| policy::may(person, Power::Decide, Some(self.rules.channel)).is_ok())
    }
}

/// Nobody decides in the place of whoever has the chat before them, but those above.
pub(super) fn only_by_asker(turn: &mut Turn, tap: &Tap, above: bool) -> Result<(), Refusal> {
    let raised = turn.case().level() == Some(Level::EscalationOwner);
    match turn.case().asker.clone().filter(|asker| *asker != tap.person) {
        Some(asker) if !above && !raised => Err(Refusal::CarriedBy { asker }),
        _ => Ok(()),
    }
}

/// Whether a person has what they decide about in their own hands.
pub(super) fn in_their_hands(turn: &mut Turn, tap: &Tap) -> bool {
    let in_hand = matches!(&turn.case().state, State::Unknown(doubt) if doubt.by_hand.is_some());
    in_hand && turn.asker() == Some(tap.person.as_str())
}

/// A part is on the asker's phone, or may be. The approval stands for what comes after it; the asker is asked, whatever
/// level decided.
pub(super) fn handed_out(turn: &mut Turn, mut sending: Sending, part: usize, fate: Part) {
    sending.parts[part] = fate;
    sending.put_off = 0;
    let lost = Lost::of(turn.case(), &sending, part);
    turn.restart_clock();
    let parts = sending.draft.parts.get(part).cloned().into_iter().collect();
    let draft = Draft { parts, supersedes: None, ..sending.draft.clone() };
    let (meanwhile, now) = (sending.meanwhile, turn.now);
    let by_hand = Some(Box::new(sending));
    turn.in_doubt(Doubt { draft, lost, meanwhile, by_hand, level: Level::Reviewers, due: now, overdue: false });
}

/// The asker says that they sent it: the next part, or the end.
pub(super) fn said_sent(turn: &mut Turn, tap: &Tap, doubt: &Doubt, mut sending: Sending) {
    resolve(turn, tap, doubt, Resolution::Delivered);
    settle(turn, tap);
    if let Some(part) = sending.parts.get_mut(doubt.lost.part) {
        *part = Part::SaidSent;
    }
    sending.meanwhile = doubt.meanwhile;
    sending::accepted(turn, sending);
}

/// The asker wants the words once more. They were approved and the approval stands, which the next claim checks like the
/// first one; what the customer has overtaken, or a newer policy, is drafted anew instead.
pub(super) fn again(turn: &mut Turn, tap: &Tap, doubt: Doubt, mut sending: Sending) {
    if overtaken(turn, &doubt) {
        return send_again_anew(turn, tap, &doubt);
    }
    resolve(turn, tap, &doubt, Resolution::NotDelivered);
    settle(turn, tap);
    let (part, at) = (doubt.lost.part, turn.now);
    if let Some(part) = sending.parts.get_mut(part) {
        *part = Part::Waiting;
    }
    turn.case().state = State::Sending(sending);
    turn.effect(Effect::Send { part, at });
}

/// The asker has not said in time what became of it. Nobody else can know: they are asked again, and whoever is above
/// hears of it.
pub(super) fn not_said(mut turn: Turn, due: Timestamp) -> Result<Step, Refusal> {
    let holder = turn.asker().map(str::to_owned);
    turn.record(Kind::Expired, Actor::System, json!({ "due": due, "level": Level::Reviewers, "holder": holder }));
    turn.settle_cards(super::Outcome::Updated);
    let (level, due) = (turn.staffed(Level::Reviewers), turn.raise_again_at());
    if let State::Unknown(doubt) = &mut turn.case().state {
        (doubt.level, doubt.due, doubt.overdue) = (level, due, true);
    }
    turn.ask(level);
    let (number, asker) = (turn.case().number, holder.unwrap_or_default());
    let say = Say::new("told.not_said_sent").with("number", number).with_person("by", &asker);
    let above = turn.rules.holders(Level::EscalationOwner).into_iter().filter(|person| *person != asker);
    for person in above.collect::<Vec<_>>() {
        turn.effect(Effect::Tell { person, say: say.clone() });
    }
    turn.done()
}
