//! Messages to customers: claimed first, sent once, settled as what the platform said, or as unknown.

pub(super) mod mistaken;
mod notice;

pub(super) use notice::{notice, welcome};

use std::time::{Duration, Instant};

use anyhow::Context;
use channels::{Fate, Repeats};
use sha2::{Digest, Sha256};

use super::wire::{Asked, Wire};
use crate::app::App;
use crate::case::{Approval, Case, Citation, Event, Part, PartResult, Say, State, message_id};
use crate::chaos;
use crate::clock::{SECOND, Timestamp};
use crate::mistake::{self, Mistake};
use crate::store::conversations;
use crate::store::knowledge::uses;
use crate::store::pauses::{self, Matter};
use crate::store::queue::{self, Door, Row};
use crate::store::sends::{self, Send, SendState};
use crate::store::{Tx, cases, instances};
use crate::worker::{apply, gone};

/// A claim older than this is not acted on: a process that slept between claim and request gives up.
const CLAIM_IS_GOOD_FOR: Duration = Duration::from_secs(2);
/// The same by the clock on the wall, which goes on while the whole machine sleeps; wide, because that clock may be set.
const CLAIM_ENDS: Timestamp = 10 * SECOND;
/// Times a lost answer is asked for at once under the same id, where the platform's duplicate code is known. With the one
/// after a crash no send is asked about more than three times.
const PROBES: usize = 2;
/// How long after its claim a send may be asked about, by a worker that is still there. Its answer is in, or given up,
/// before anybody can take the worker for gone: nobody is asked about it, nor sends it again, while it may be asking.
const PROBES_END: Duration = Duration::from_secs(8);
/// The same for a send whose worker died.
const PROBE_AFTER_CRASH: Timestamp = 60 * SECOND;
/// Times an answer is written down before its worker gives up and the send becomes unknown.
const SETTLE_TRIES: u64 = 4;

/// Claims a part of an approved reply and lets it out.
pub(super) async fn send(app: &App, row: Row, case: String, conversation: String, part: usize) -> anyhow::Result<()> {
    let Some(wire) = Wire::of(app, &conversation).await? else { return super::finished(app, row).await };
    // Before the claim, which does not last: whoever waits for room has claimed nothing.
    if let Err(when) = wire.admit().await? {
        return super::not_before(app, row, when).await;
    }
    chaos::point("send.before_ready");
    let ready = wire.ready().await;
    let early = mistaken::request_before_claim(app, &wire, &case, part).await?;
    chaos::point("send.before_claim");
    let claimed = claim_part(app, row.clone(), case, part, wire.may_ask()).await?;
    // From here on: what was committed is the claim, and it does not last.
    let claim = Instant::now();
    chaos::point("send.claimed");
    let Claim::Ours(send) = claimed else { return super::finished(app, row).await };
    let result = match early {
        Some(result) => result,
        None => transmit(app, &wire, &send, None, ready.then_some(claim)).await,
    };
    chaos::point("send.answered");
    let gone = wire.is_gone(result.1);
    match again(&wire, &send, &result.0) {
        Some(wait) if !gone => ask_later(app, row, *send, wait).await?,
        _ => settle(app, row, *send, result).await?,
    }
    if gone { gone::pause(app, wire.channel_id()).await } else { Ok(()) }
}

/// How long to wait before a request without an answer is sent again under its id; none where that is not done, or was
/// done for a day. Until then it stays claimed: whatever happens meanwhile treats it as under way.
fn again(wire: &Wire<'_>, send: &Send, result: &PartResult) -> Option<Timestamp> {
    wire.next_try(send, send.probes).filter(|_| *result == PartResult::Unknown)
}

/// It leaves its lane: what else is to be sent to this customer must not wait for it.
async fn ask_later(app: &App, row: Row, send: Send, wait: Timestamp) -> anyhow::Result<()> {
    let (app, due) = (app.clone(), app.clock.now() + wait);
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                if send.probes == TELL_AT {
                    tell_approver(tx, &app, &send).await?;
                }
                Ok(queue::later(tx, Door::Outbox, &row, due, "no answer yet").await?)
            })
        })
        .await
}

/// The question without an answer, counted from 1, at which the approver hears that the reply waits.
const TELL_AT: i64 = 1;

async fn tell_approver(tx: &mut Tx, app: &App, send: &Send) -> anyhow::Result<()> {
    let Ok(approval) = serde_json::from_str::<Approval>(&send.authority) else { return Ok(()) };
    let Some(case) = cases::load(tx, &send.case_id).await? else { return Ok(()) };
    let desk = app.desk(tx).await?;
    let Some(to) = app.address_of(&desk.desk, &approval.person) else { return Ok(()) };
    let say = Say::new("told.reply_waits").with("number", case.number);
    apply::queue_say(tx, app, &to, &say, app.clock.now()).await
}

/// What became of asking to let something out.
enum Claim {
    /// It may leave now.
    Ours(Box<Send>),
    /// It may not, or it was claimed before.
    NotOurs,
}

async fn claim_part(app: &App, row: Row, case: String, part: usize, may_ask: bool) -> anyhow::Result<Claim> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                still_ours(tx, &app, &row).await?;
                let Some(known) = cases::load(tx, &case).await? else { return Ok(Claim::NotOurs) };
                if let Some(send) = mistaken::rescued(tx, &known, part).await? {
                    return Ok(Claim::Ours(Box::new(send)));
                }
                if let Some(lost) = lost_claim(tx, &app, &known, part, may_ask).await? {
                    return Ok(lost);
                }
                let Some(paused_since_approval) = paused_since_approval(tx, &app, &known).await? else {
                    return Ok(Claim::NotOurs);
                };
                if !uses::all_in_use(tx, cited(&known)).await? {
                    let _ = apply::apply(tx, &app, &case, &Event::KnowledgeChanged).await?;
                    return Ok(Claim::NotOurs);
                }
                chaos::point("send.in_claim");
                let event = Event::Claim { part, paused_since_approval };
                let Ok(claimed) = apply::apply(tx, &app, &case, &event).await? else { return Ok(Claim::NotOurs) };
                intent(tx, &claimed, part, app.clock.now()).await
            })
        })
        .await
}

/// What a case's draft rests on.
fn cited(case: &Case) -> &[Citation] {
    case.draft().map(|draft| draft.citations.as_slice()).unwrap_or_default()
}

/// Whether a pause that covers the case was declared since its reply was approved; none where none is on its way.
async fn paused_since_approval(tx: &mut Tx, app: &App, case: &Case) -> anyhow::Result<Option<bool>> {
    let State::Sending(sending) = &case.state else { return Ok(None) };
    let turn = sending.authority.turn();
    pauses::hold(tx).await?;
    let desk = app.desk(tx).await?;
    Ok(Some(pauses::covered_since(tx, Matter::of(case, &desk.desk), turn).await?))
}

/// Whoever was taken for gone must not judge what somebody else is doing now; whoever is not shows a sign of life, so
/// that nobody takes over in the moment the request leaves.
pub(super) async fn still_ours(tx: &mut Tx, app: &App, row: &Row) -> anyhow::Result<()> {
    pauses::hold(tx).await?;
    instances::beat(tx, app.instance.id(), app.clock.now()).await?;
    anyhow::ensure!(queue::hold_lease(tx, Door::Outbox, row).await?, "{} is no longer ours", row.id);
    Ok(())
}

/// What a claim without an answer comes to; none where no such claim stands. Nobody knows what became of it, and it is
/// never ready again: a person is told. Only where a second use of its id makes no second message is the platform asked
/// under that id first, and only what could still be let out.
async fn lost_claim(tx: &mut Tx, app: &App, case: &Case, part: usize, may_ask: bool) -> anyhow::Result<Option<Claim>> {
    apply::lock(tx, app, &case.id).await?;
    let Some(case) = cases::load(tx, &case.id).await? else { return Ok(None) };
    let id = match &case.state {
        State::Sending(sending) if sending.parts.get(part) == Some(&Part::Claimed) => {
            message_id(&case, &sending.draft, part)
        }
        _ => return went_on_without(tx, app, &case, part).await.map(|()| None),
    };
    if may_ask && let Some(send) = to_probe(tx, app, &case, part, &id).await? {
        return Ok(Some(Claim::Ours(Box::new(send))));
    }
    if sends::settle(tx, &id, SendState::Unknown, 0, app.clock.now()).await? {
        let event = Event::Settled { part, result: PartResult::Unknown };
        let _ = apply::apply(tx, app, &case.id, &event).await?;
    }
    Ok(Some(Claim::NotOurs))
}

/// A claim whose worker died and whose case went on: a servicer answers, or another reply is on its way. Nobody knows
/// what became of it, which goes on record; its late answer must not be taken for the other reply's.
async fn went_on_without(tx: &mut Tx, app: &App, case: &Case, part: usize) -> anyhow::Result<()> {
    let Some(id) = sends::left_in_flight(tx, &case.id, part as i64).await? else { return Ok(()) };
    if sends::settle(tx, &id, SendState::Unknown, 0, app.clock.now()).await? {
        let event = Event::Settled { part, result: PartResult::Unknown };
        let _ = apply::apply(tx, app, &case.id, &event).await?;
    }
    Ok(())
}

/// The send to ask about, where that is safe.
async fn to_probe(tx: &mut Tx, app: &App, case: &Case, part: usize, id: &str) -> anyhow::Result<Option<Send>> {
    let Some(mut send) = sends::load(tx, id).await? else { return Ok(None) };
    let Some(paused_since_approval) = paused_since_approval(tx, app, case).await? else { return Ok(None) };
    let repeats = app.desk(tx).await?.desk.channel(&case.channel).map(|channel| channel.abilities().repeats);
    // A colleague who gets the same words twice is not harmed.
    let harmless = repeats == Some(Repeats::OneMessage) || case.asker.is_some();
    if !harmless && (send.probes > 0 || app.clock.now() - send.claimed_at > PROBE_AFTER_CRASH) {
        return Ok(None);
    }
    let event = Event::Probe { part, paused_since_approval };
    if apply::apply(tx, app, &case.id, &event).await?.is_err() {
        return Ok(None);
    }
    sends::probed(tx, id).await?;
    send.probes += 1;
    if case.asker.is_some() {
        // It is let out anew, after every check of a claim.
        send.claimed_at = app.clock.now();
    }
    Ok(Some(send))
}

async fn intent(tx: &mut Tx, case: &Case, part: usize, now: Timestamp) -> anyhow::Result<Claim> {
    let State::Sending(sending) = &case.state else { return Ok(Claim::NotOurs) };
    if !sending.claimed() {
        return Ok(Claim::NotOurs);
    }
    let body = sending.draft.parts.get(part).context("a claimed part exists")?.clone();
    let conversation = conversations::load(tx, &case.conversation).await?.context("no such conversation")?;
    let send = Send {
        id: message_id(case, &sending.draft, part),
        kind: "reply".into(),
        conversation: conversation.id,
        case_id: case.id.clone(),
        version: sending.draft.version,
        part: part as i64,
        account: conversation.account,
        customer: conversation.customer,
        body_sha256: hex::encode(Sha256::digest(&body)),
        body,
        authority: serde_json::to_string(&sending.authority)?,
        state: String::new(),
        claimed_at: now,
        supersedes: sending.draft.supersedes.clone().filter(|_| part == 0),
        tries: i64::from(sending.put_off) + 1,
        probes: 0,
        resolution: None,
    };
    let fresh = sends::claim(tx, &send).await? || (case.asker.is_some() && sends::claim_again(tx, &send).await?);
    chaos::point("send.intent_written");
    Ok(if fresh { Claim::Ours(Box::new(send)) } else { Claim::NotOurs })
}

/// What never left counts as failed with the code 0, which the platform never answers for a refusal.
const NEVER_LEFT: (PartResult, i64) = (PartResult::Failed { code: 0, spent: None }, 0);
const UNKNOWN: (PartResult, i64) = (PartResult::Unknown, 0);

/// Lets a claimed message out, in answer to an event where there is a `code`; none where the claim came to nothing.
async fn transmit(
    app: &App,
    wire: &Wire<'_>,
    send: &Send,
    code: Option<&str>,
    claim: Option<Instant>,
) -> (PartResult, i64) {
    // Somebody asked before, or died with it: whatever stands in the way now says nothing about that request.
    let asked_before = send.probes > 0 && !wire.is_by_hand();
    let Some(claim) = claim else { return if asked_before { UNKNOWN } else { NEVER_LEFT } };
    if asked_before {
        return ask_again(app, wire, send, claim, 1).await;
    }
    let unchanged = hex::encode(Sha256::digest(&send.body)) == send.body_sha256;
    if !unchanged || app.clock.now() - send.claimed_at > CLAIM_ENDS {
        return NEVER_LEFT;
    }
    chaos::point("send.before_request");
    let fate = wire.send(send, code, claim + CLAIM_IS_GOOD_FOR).await;
    chaos::point("send.requested");
    if fate == Fate::Unknown && mistake::made(Mistake::ResendOnTimeout) {
        return mistaken::sent_again(wire, send, claim).await;
    }
    match (fate, code) {
        (Fate::Unknown, None) => ask_again(app, wire, send, claim, PROBES).await,
        (fate, _) => told(wire, send, fate),
    }
}

/// What an answer means for the part.
fn told(wire: &Wire<'_>, send: &Send, fate: Fate) -> (PartResult, i64) {
    let next_try = wire.next_try(send, send.tries - 1);
    let (code, wait_ms) = match fate {
        Fate::Accepted => return (PartResult::Accepted, 0),
        Fate::HandedOut => return (PartResult::HandedOut, 0),
        Fate::Unknown => return UNKNOWN,
        Fate::Refused { code, spent } => return (PartResult::Failed { code, spent }, code),
        Fate::NotSent if next_try.is_none() => return NEVER_LEFT,
        Fate::NotSent => (0, next_try),
        Fate::PutOff { code, wait_ms } => (code, wait_ms.max(next_try)),
    };
    let more = next_try.is_some() || wire.most_tries().is_some_and(|most| send.tries < most);
    if send.is_reply() && more {
        (PartResult::PutOff { code, wait_ms }, code)
    } else {
        (PartResult::Failed { code, spent: None }, code)
    }
}

/// Asks under the same id what became of a send, so many times at once, while nobody knows it: the platform may have told
/// in the meantime that it did not arrive, which takes its authority.
async fn ask_again(app: &App, wire: &Wire<'_>, send: &Send, claim: Instant, times: usize) -> (PartResult, i64) {
    let mut answer = 0;
    for _ in 0..times {
        if !is_in_flight(app, &send.id).await {
            break;
        }
        match wire.ask(send, claim + PROBES_END).await {
            Asked::Taken(code) => return (PartResult::Accepted, code),
            Asked::NotKnown(code) => answer = code,
        }
        if wire.is_gone(answer) {
            break;
        }
    }
    (PartResult::Unknown, answer)
}

/// Whether nobody knows yet what became of a send; not where the database cannot say.
async fn is_in_flight(app: &App, id: &str) -> bool {
    let id = id.to_owned();
    let known = app.store.read(move |tx| Box::pin(async move { Ok(sends::load(tx, &id).await?) })).await;
    known.is_ok_and(|send| send.is_some_and(|send| send.state == SendState::InFlight.as_str()))
}

/// Writes down what became of a send. The answer is held only here: a database that is busy for a moment must not make
/// it unknown.
async fn settle(app: &App, row: Row, send: Send, result: (PartResult, i64)) -> anyhow::Result<()> {
    super::count(app, &send, &result.0);
    for attempt in 1..SETTLE_TRIES {
        match settle_once(app, row.clone(), send.clone(), result.clone()).await {
            Ok(()) => return Ok(()),
            Err(problem) => tracing::warn!(send = %send.id, %problem, "an answer could not be written down yet"),
        }
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
    }
    settle_once(app, row, send, result).await
}

async fn settle_once(app: &App, row: Row, send: Send, (result, code): (PartResult, i64)) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                apply::lock(tx, &app, &send.case_id).await?;
                chaos::point("send.in_settle");
                learned(tx, &app, &send, result, code).await?;
                chaos::point("send.settled");
                // Somebody else has the row by now: what only this worker knows is kept all the same.
                if !queue::done(tx, Door::Outbox, &row, now).await? {
                    tracing::warn!(send = %send.id, "an answer came after its worker was taken for gone");
                }
                Ok(())
            })
        })
        .await
}

/// What became of a part of a reply is written down, and its case hears of it, where it was not known before. The
/// conversation is locked by the caller.
pub(crate) async fn learned(tx: &mut Tx, app: &App, send: &Send, result: PartResult, code: i64) -> anyhow::Result<()> {
    if let Some(event) = known(tx, send, result, code, app.clock.now()).await? {
        let _ = apply::apply(tx, app, &send.case_id, &event).await?;
    }
    Ok(())
}

/// What the case hears of an answer; nothing where it was known before.
async fn known(
    tx: &mut Tx,
    send: &Send,
    result: PartResult,
    code: i64,
    now: Timestamp,
) -> anyhow::Result<Option<Event>> {
    let state = state_of(&result);
    let arrived = result == PartResult::Accepted;
    let part = usize::try_from(send.part)?;
    let event = if sends::settle(tx, &send.id, state, code, now).await? {
        Event::Settled { part, result }
    } else if result != PartResult::Unknown && sends::settle_late(tx, &send.id, state, code, now).await? {
        Event::SettledLate { msgid: send.id.clone(), part, result }
    } else {
        return Ok(None);
    };
    if arrived {
        conversations::shop_said(tx, send, now).await?;
    }
    Ok(Some(event))
}

fn state_of(result: &PartResult) -> SendState {
    match result {
        PartResult::Accepted => SendState::Accepted,
        PartResult::Failed { .. } => SendState::Failed,
        PartResult::PutOff { .. } => SendState::PutOff,
        PartResult::Unknown => SendState::Unknown,
        PartResult::HandedOut => SendState::HandedOut,
    }
}
