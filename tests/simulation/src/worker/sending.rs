//! The way out, as `aijia::effects::reply`: claim, request, settle.

use channels::Spent;

use super::{Stage, Task};
use crate::case::{Event, PartResult, State, message_id};
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::happening::{Happening, WireId};
use crate::mistake::{self, Mistake};
use crate::platform::{Answer, Asked, DUPLICATE, NoAnswer, QUOTA_SPENT, TOO_OFTEN, WINDOW_CLOSED};
use crate::store::{Row, Send, SendState, Store};
use crate::world::World;

/// A claim older than this is not acted on.
const CLAIM_IS_GOOD_FOR: Timestamp = 2 * SECOND;
/// Times a lost answer is asked for at once, where the platform's duplicate code is known.
const PROBES: u32 = 2;
/// How long after its claim a send may be asked about: long before its worker can be given up.
const PROBES_END: Timestamp = 10 * SECOND;
/// The same for a send whose worker died.
const PROBE_AFTER_CRASH: Timestamp = MINUTE;
/// Times a send is claimed that the platform puts off.
const MOST_TRIES: u32 = 6;
/// What never left.
const NEVER_LEFT: PartResult = PartResult::Failed { code: 0, spent: None };

impl World {
    pub(super) fn send(&mut self, at: usize, row: Row, of: (usize, usize), stage: Stage) -> Option<Task> {
        match stage {
            Stage::Start => self.claim_part(at, row, of),
            Stage::Claimed { id, since, ready, repeats } => self.transmit(at, row, id, (since, ready), repeats),
            Stage::OnWire { id, request, since, repeats, probes } => {
                self.hear_answer(row, id, request, since, (repeats, probes))
            }
            Stage::Settle { id, result } => self.settle(at, &row, &id, &result),
            Stage::Drafting { .. } | Stage::Asking { .. } => None,
        }
    }

    fn claim_part(&mut self, at: usize, row: Row, (case, part): (usize, usize)) -> Option<Task> {
        let ready = !self.luck.permille(self.habits.no_token);
        let known = self.habits.duplicate_known;
        let claimed = self.living_unit(at, |store, now| {
            store.ours(&row)?;
            let claim = claim(store, case, part, known, now);
            if claim.is_none() {
                store.done(&row)?;
            }
            Ok(claim)
        });
        let (id, repeats) = claimed.flatten()?;
        let since = self.now;
        Some(Task::Row(row, Stage::Claimed { id, since, ready, repeats }))
    }

    fn transmit(
        &mut self,
        at: usize,
        row: Row,
        id: WireId,
        (since, ready): (Timestamp, bool),
        repeats: bool,
    ) -> Option<Task> {
        let (age, good_for) = (self.now - since, if repeats { PROBES_END } else { CLAIM_IS_GOOD_FOR });
        // What is known by now, for example through a worker that was taken for gone, is not asked about.
        let known = repeats && self.store.sends[&id].state != SendState::InFlight;
        if !ready || known || age > good_for {
            self.note(|| format!("instance {at} gives up what it claimed {age} ms ago"));
            let result = if repeats { PartResult::Unknown } else { NEVER_LEFT };
            return Some(Task::Row(row, Stage::Settle { id, result }));
        }
        Some(self.request(row, id, since, repeats, if repeats { 0 } else { PROBES }))
    }

    fn request(&mut self, row: Row, id: WireId, since: Timestamp, repeats: bool, probes: u32) -> Task {
        let send = &self.store.sends[&id];
        let (conversation, body) = (send.conversation, send.body.clone());
        self.store.happened.push(Happening::RequestBegan { conversation, id: id.clone(), body: body.clone() });
        let attempt = if mistake::made(Mistake::FreshMessageId) { format!("{id}-{probes}") } else { id.clone() };
        let asking = Asked::Send { conversation, id: attempt, body };
        let request = self.platform.ask(asking, &self.habits.weather, &mut self.luck, self.now);
        Task::Row(row, Stage::OnWire { id, request, since, repeats, probes })
    }

    fn hear_answer(
        &mut self,
        row: Row,
        id: WireId,
        request: usize,
        since: Timestamp,
        (repeats, probes): (bool, u32),
    ) -> Option<Task> {
        let answer = self.platform.answer(request, self.now)?;
        let result = match (answer, repeats) {
            (Ok(Answer::Refused(DUPLICATE)), true) => PartResult::Accepted,
            // Even a refusal is about this request and not about the first one.
            (Ok(Answer::Refused(_)), true) | (Err(_), true) => PartResult::Unknown,
            (Ok(Answer::Refused(code)), false) => self.refused(&id, code),
            (Ok(_), _) => PartResult::Accepted,
            (Err(NoAnswer::NeverSent), false) => NEVER_LEFT,
            (Err(NoAnswer::Unknown), false) => PartResult::Unknown,
        };
        // Only where a second use of the id is known to be refused is it safe to ask again.
        let may_ask = self.habits.duplicate_known || mistake::made(Mistake::ResendOnTimeout);
        // What is known by now, for example that it did not arrive, is not asked about.
        let unknown = self.store.sends[&id].state == SendState::InFlight;
        if result == PartResult::Unknown && may_ask && unknown && probes > 0 && self.now - since <= PROBES_END {
            return Some(self.request(row, id, since, true, probes - 1));
        }
        Some(Task::Row(row, Stage::Settle { id, result }))
    }

    fn refused(&self, id: &WireId, code: i64) -> PartResult {
        let again = self.store.sends[id].tries < MOST_TRIES;
        if code == TOO_OFTEN && again {
            return PartResult::PutOff { code, wait_ms: Some(MINUTE) };
        }
        let spent = [(QUOTA_SPENT, Spent::Messages), (WINDOW_CLOSED, Spent::Window)];
        let spent = spent.into_iter().find(|(of, _)| *of == code).map(|(_, spent)| spent);
        PartResult::Failed { code, spent }
    }

    fn settle(&mut self, at: usize, row: &Row, id: &WireId, result: &PartResult) -> Option<Task> {
        self.unit(at, |store, now| {
            settle(store, id, result, now);
            // Somebody else has the row by now: what only this worker knows is kept all the same.
            let _ = store.done(row);
            Ok(())
        });
        None
    }
}

/// Claims a part in the unit that writes its intent, and says whether it may have left before; nothing where it may not
/// leave.
fn claim(store: &mut Store, case: usize, part: usize, known: bool, now: Timestamp) -> Option<(WireId, bool)> {
    if let Some(lost) = lost_claim(store, case, part) {
        if mistake::made(Mistake::RescueByAge) {
            return Some((lost, false));
        }
        let current = is_being_sent(store, case, part, &lost);
        if current && known && probe(store, case, part, &lost, now) {
            return Some((lost, true));
        }
        settle(store, &lost, &PartResult::Unknown, now);
        if current {
            return None;
        }
    }
    let talk = store.talk_of[case];
    let State::Sending(sending) = &store.cases[case].state else { return None };
    let paused_since_approval = store.covered_since(talk, sending.authority.turn());
    store.apply(case, &Event::Claim { part, paused_since_approval }, now).ok()?;
    intent(store, case, part, now).map(|id| (id, false))
}

fn intent(store: &mut Store, case: usize, part: usize, now: Timestamp) -> Option<WireId> {
    let (known, conversation) = (&store.cases[case], store.talk_of[case]);
    let State::Sending(sending) = &known.state else { return None };
    let body = sending.draft.parts.get(part).filter(|_| sending.claimed())?.clone();
    let id = message_id(known, &sending.draft, part);
    let tries = sending.put_off + 1;
    let before = store.sends.get(&id);
    let fresh = before.is_none_or(|before| before.state == SendState::PutOff && before.body == body);
    let state = SendState::InFlight;
    let intent = Send { conversation, case, part, body, state, claimed_at: now, tries, probed: false, resolved: false };
    fresh.then(|| {
        store.sends.insert(id.clone(), intent);
        id
    })
}

/// A claim whose worker died, whatever became of its case since.
fn lost_claim(store: &Store, case: usize, part: usize) -> Option<WireId> {
    let lost = |send: &Send| send.case == case && send.part == part && send.state == SendState::InFlight;
    store.sends.iter().find(|(_, send)| lost(send)).map(|(id, _)| id.clone())
}

/// Whether the case is still sending this very part.
fn is_being_sent(store: &Store, case: usize, part: usize, id: &WireId) -> bool {
    let known = &store.cases[case];
    let State::Sending(sending) = &known.state else { return false };
    sending.claimed() && message_id(known, &sending.draft, part) == *id
}

/// Whether a send whose worker died may be asked about, once.
fn probe(store: &mut Store, case: usize, part: usize, id: &WireId, now: Timestamp) -> bool {
    let send = &store.sends[id];
    if send.probed || now - send.claimed_at > PROBE_AFTER_CRASH {
        return false;
    }
    let State::Sending(sending) = &store.cases[case].state else { return false };
    let paused_since_approval = store.covered_since(send.conversation, sending.authority.turn());
    let may = store.apply(case, &Event::Probe { part, paused_since_approval }, now).is_ok();
    store.sends.entry(id.clone()).and_modify(|send| send.probed |= may);
    may
}

/// What became of a send, known now or later than it should have been.
fn settle(store: &mut Store, id: &WireId, result: &PartResult, now: Timestamp) {
    let Some(Send { conversation, case, part, body, .. }) = store.sends.get(id).cloned() else { return };
    let state = match result {
        PartResult::Accepted => SendState::Accepted,
        PartResult::Failed { .. } => SendState::Failed,
        PartResult::PutOff { .. } => SendState::PutOff,
        PartResult::Unknown => SendState::Unknown,
        PartResult::HandedOut => unreachable!("no channel here is carried by hand"),
    };
    let result = result.clone();
    let event = if store.settle(id, SendState::InFlight, state) {
        Event::Settled { part, result }
    } else if state != SendState::Unknown && store.settle(id, SendState::Unknown, state) {
        Event::SettledLate { msgid: id.clone(), part, result }
    } else {
        return;
    };
    if state == SendState::Accepted {
        store.add(conversation, None, &body, true);
    }
    let _ = store.apply(case, &event, now);
}
