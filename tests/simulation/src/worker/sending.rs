//! The way out, as `aijia::effects::reply`: claim, request, settle.

use super::{Stage, Task};
use crate::case::{Event, PartResult, State};
use crate::clock::{SECOND, Timestamp};
use crate::happening::{Happening, WireId};
use crate::mistake::{self, Mistake};
use crate::platform::{Answer, Asked, DUPLICATE, NoAnswer};
use crate::store::{Row, Send, Store};
use crate::world::World;

/// A claim older than this is not acted on.
const CLAIM_IS_GOOD_FOR: Timestamp = 2 * SECOND;
/// Times a lost answer is asked for again, where the platform's duplicate code is known.
const RECONCILE_ATTEMPTS: u32 = 3;
/// What never left.
const NEVER_LEFT: PartResult = PartResult::Failed { code: 0 };

impl World {
    pub(super) fn send(&mut self, at: usize, row: Row, of: (usize, usize), stage: Stage) -> Option<Task> {
        match stage {
            Stage::Start => self.claim_part(at, row, of),
            Stage::Claimed { id, since, ready, asked } => self.transmit(at, row, id, (since, ready), asked),
            Stage::Again { id, asked } => self.ask_again(at, row, id, asked),
            Stage::OnWire { id, request, asked } => self.hear_answer(row, id, request, asked),
            Stage::Settle { id, result } => self.settle(at, &row, id, &result),
            Stage::Drafting { .. } | Stage::Asking { .. } => None,
        }
    }

    fn claim_part(&mut self, at: usize, row: Row, (case, part): (usize, usize)) -> Option<Task> {
        let ready = !self.luck.permille(self.habits.no_token);
        let claimed = self.living_unit(at, |store, now| {
            store.ours(&row)?;
            let claim = claim(store, case, part, now);
            if claim.is_none() {
                store.done(&row)?;
            }
            Ok(claim)
        });
        let id = claimed.flatten()?;
        let since = self.now;
        Some(Task::Row(row, Stage::Claimed { id, since, ready, asked: 1 }))
    }

    fn transmit(
        &mut self,
        at: usize,
        row: Row,
        id: WireId,
        (since, ready): (Timestamp, bool),
        asked: u32,
    ) -> Option<Task> {
        let age = self.now - since;
        if !ready || age > CLAIM_IS_GOOD_FOR {
            self.note(|| format!("instance {at} gives up what it claimed {age} ms ago"));
            let result = if asked == 1 { NEVER_LEFT } else { PartResult::Unknown };
            return Some(Task::Row(row, Stage::Settle { id, result }));
        }
        Some(self.request(row, id, asked))
    }

    /// A lost answer is asked for again only by whoever still has the send: it may have been given up meanwhile, and a
    /// person may have decided since.
    fn ask_again(&mut self, at: usize, row: Row, id: WireId, asked: u32) -> Option<Task> {
        self.living_unit(at, |store, _| store.ours(&row))?;
        let since = self.now;
        Some(Task::Row(row, Stage::Claimed { id, since, ready: true, asked }))
    }

    fn request(&mut self, row: Row, id: WireId, asked: u32) -> Task {
        let send = &self.store.sends[&id];
        let (conversation, body) = (send.conversation, send.body.clone());
        self.store.happened.push(Happening::RequestBegan { conversation, id, body: body.clone() });
        let fresh = if mistake::made(Mistake::FreshMessageId) { u64::from(asked) << 62 } else { 0 };
        let asking = Asked::Send { conversation, id: id | fresh, body };
        let request = self.platform.ask(asking, &self.habits.weather, &mut self.luck, self.now);
        Task::Row(row, Stage::OnWire { id, request, asked })
    }

    fn hear_answer(&mut self, row: Row, id: WireId, request: usize, asked: u32) -> Option<Task> {
        let answer = self.platform.answer(request, self.now)?;
        let known = self.habits.duplicate_known;
        let blind = mistake::made(Mistake::ResendOnTimeout) || mistake::made(Mistake::FreshMessageId);
        let result = match answer {
            Ok(Answer::Refused(DUPLICATE)) if known && asked > 1 => PartResult::Accepted,
            // Of a repetition only the repetition was refused: what was asked first may have arrived.
            Ok(Answer::Refused(_)) if asked > 1 => PartResult::Unknown,
            Ok(Answer::Refused(code)) => PartResult::Failed { code },
            Ok(_) => PartResult::Accepted,
            // Only where a second use of the id is known to be refused is it safe to ask again.
            Err(NoAnswer::Unknown) if (known || blind) && asked <= RECONCILE_ATTEMPTS => {
                return Some(Task::Row(row, Stage::Again { id, asked: asked + 1 }));
            }
            Err(NoAnswer::Unknown) => PartResult::Unknown,
            Err(NoAnswer::NeverSent) if asked > 1 => PartResult::Unknown,
            Err(NoAnswer::NeverSent) => NEVER_LEFT,
        };
        Some(Task::Row(row, Stage::Settle { id, result }))
    }

    fn settle(&mut self, at: usize, row: &Row, id: WireId, result: &PartResult) -> Option<Task> {
        self.unit(at, |store, now| {
            store.ours(row)?;
            settle(store, id, result, now);
            store.done(row)
        });
        None
    }
}

/// Claims a part in the unit that writes its intent; nothing where it may not leave, or left before.
fn claim(store: &mut Store, case: usize, part: usize, now: Timestamp) -> Option<WireId> {
    if let Some(lost) = lost_claim(store, case, part) {
        if mistake::made(Mistake::RescueByAge) {
            return Some(lost);
        }
        settle(store, lost, &PartResult::Unknown, now);
        return None;
    }
    let talk = store.talk_of[case];
    let State::Sending(sending) = &store.cases[case].state else { return None };
    let paused_since_approval = store.covered_since(talk, sending.approval.turn);
    store.apply(case, &Event::Claim { part, paused_since_approval }, now).ok()?;
    let State::Sending(sending) = &store.cases[case].state else { return None };
    let body = sending.draft.parts.get(part).filter(|_| sending.claimed())?.clone();
    let id = message_id(case, sending.draft.version, part);
    let intent = Send { conversation: talk, case, part, body, in_flight: true };
    store.sends.insert(id, intent).is_none().then_some(id)
}

/// A claim whose worker died, whatever became of its case since.
fn lost_claim(store: &Store, case: usize, part: usize) -> Option<WireId> {
    let lost = |send: &Send| send.case == case && send.part == part && send.in_flight;
    store.sends.iter().find(|(_, send)| lost(send)).map(|(id, _)| *id)
}

/// Derived from the intent: the same intent can never be two messages.
fn message_id(case: usize, version: i64, part: usize) -> WireId {
    (case as u64) << 32 | (version as u64) << 8 | part as u64
}

fn settle(store: &mut Store, id: WireId, result: &PartResult, now: Timestamp) {
    let Some(Send { conversation, case, part, body, .. }) = store.sends.get(&id).cloned() else { return };
    let news = store.settle(id);
    if news && *result == PartResult::Accepted {
        store.add(conversation, None, &body, true);
    }
    let _ = store.apply(case, &Event::Settled { part, result: result.clone() }, now);
}
