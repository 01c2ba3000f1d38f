//! Messages to customers: claimed first, sent once, settled as what the platform said, or as unknown.

use std::time::{Duration, Instant};

use anyhow::Context;
use channels::wecom::api::ApiError;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::case::{Case, Event, PartResult, State};
use crate::clock::Timestamp;
use crate::desk::NoticeKind;
use crate::evidence::{Actor, Entry, Kind};
use crate::store::conversations::{self, Author, Message};
use crate::store::queue::{Door, Row};
use crate::store::sends::{self, Send, SendState};
use crate::store::{Tx, cases, pauses, record};
use crate::worker::apply;

/// A claim older than this is not acted on: a process that slept between claim and request gives up.
const CLAIM_IS_GOOD_FOR: Duration = Duration::from_secs(2);
/// Times a lost answer is asked for again, where the platform's duplicate code is known.
const RECONCILE_ATTEMPTS: usize = 3;

/// Claims a part of an approved reply and lets it out.
pub(super) async fn send(app: &App, row: Row, case: String, part: usize) -> anyhow::Result<()> {
    let claim = Instant::now();
    let Claim::Ours(send) = claim_part(app, &case, part).await? else { return super::finished(app, row).await };
    let result = transmit(app, &send, claim).await;
    settle(app, row, *send, result).await
}

/// What became of asking to let something out.
enum Claim {
    /// It may leave now.
    Ours(Box<Send>),
    /// It may not, or it was claimed before.
    NotOurs,
}

async fn claim_part(app: &App, case: &str, part: usize) -> anyhow::Result<Claim> {
    let (app, case) = (app.clone(), case.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let Some(known) = cases::load(tx, &case).await? else { return Ok(Claim::NotOurs) };
                if lost_claim(tx, &app, &known, part).await? {
                    return Ok(Claim::NotOurs);
                }
                let State::Sending(sending) = &known.state else { return Ok(Claim::NotOurs) };
                let turn = sending.approval.turn;
                pauses::covering(tx, &known.channel, &known.conversation).await?;
                let paused_since_approval =
                    pauses::covered_since(tx, &known.channel, &known.conversation, turn).await?;
                let event = Event::Claim { part, paused_since_approval };
                let Ok(claimed) = apply::apply(tx, &app, &case, &event).await? else { return Ok(Claim::NotOurs) };
                intent(tx, &claimed, part, app.clock.now()).await
            })
        })
        .await
}

/// A claim whose worker died: nobody knows what became of it, and a person is told. Never sent again.
async fn lost_claim(tx: &mut Tx, app: &App, case: &Case, part: usize) -> anyhow::Result<bool> {
    let State::Sending(sending) = &case.state else { return Ok(false) };
    if sending.parts.get(part) != Some(&crate::case::Part::Claimed) {
        return Ok(false);
    }
    apply::lock(tx, app, &case.id).await?;
    let id = message_id(case, sending.draft.version, part, &sending.draft.parts[part]);
    sends::settle(tx, &id, SendState::Unknown, 0, app.clock.now()).await?;
    let event = Event::Settled { part, result: PartResult::Unknown };
    let _ = apply::apply(tx, app, &case.id, &event).await?;
    Ok(true)
}

async fn intent(tx: &mut Tx, case: &Case, part: usize, now: Timestamp) -> anyhow::Result<Claim> {
    let State::Sending(sending) = &case.state else { return Ok(Claim::NotOurs) };
    if !sending.claimed() {
        return Ok(Claim::NotOurs);
    }
    let body = sending.draft.parts.get(part).context("a claimed part exists")?.clone();
    let conversation = conversations::load(tx, &case.conversation).await?.context("no such conversation")?;
    let send = Send {
        id: message_id(case, sending.draft.version, part, &body),
        kind: "reply".into(),
        conversation: conversation.id,
        case_id: case.id.clone(),
        version: sending.draft.version,
        part: part as i64,
        account: conversation.account,
        customer: conversation.customer,
        body_sha256: hex::encode(Sha256::digest(&body)),
        body,
        authority: serde_json::to_string(&sending.approval)?,
        state: String::new(),
        claimed_at: now,
    };
    let fresh = sends::claim(tx, &send).await?;
    Ok(if fresh { Claim::Ours(Box::new(send)) } else { Claim::NotOurs })
}

/// The platform's message id, derived from the intent: the same intent can never be two messages.
fn message_id(case: &Case, version: i64, part: usize, body: &str) -> String {
    let intent = format!("{}\0{version}\0{part}\0{body}", case.id);
    hex::encode(&Sha256::digest(intent)[..16])
}

async fn transmit(app: &App, send: &Send, claim: Instant) -> (PartResult, i64) {
    let Some(wecom) = &app.wecom else { return (PartResult::Failed { code: 0 }, 0) };
    let unchanged = hex::encode(Sha256::digest(&send.body)) == send.body_sha256;
    if !unchanged || claim.elapsed() > CLAIM_IS_GOOD_FOR {
        return (PartResult::Failed { code: 0 }, 0);
    }
    let mut answer = wecom.kf.send_text(&send.customer, &send.account, &send.id, &send.body).await;
    for _ in 0..RECONCILE_ATTEMPTS {
        // Only where a second use of the id is known to be refused is it safe to ask again.
        let (Err(ApiError::Unknown { .. }), Some(duplicate)) = (&answer, wecom.duplicate_code) else { break };
        answer = wecom.kf.send_text(&send.customer, &send.account, &send.id, &send.body).await;
        if matches!(&answer, Err(ApiError::Refused { code, .. }) if *code == duplicate) {
            return (PartResult::Accepted, duplicate);
        }
    }
    match answer {
        Ok(_) => (PartResult::Accepted, 0),
        Err(ApiError::Refused { code, .. }) => (PartResult::Failed { code }, code),
        Err(ApiError::NotSent { .. }) => (PartResult::Failed { code: 0 }, 0),
        Err(ApiError::Unknown { .. }) => (PartResult::Unknown, 0),
    }
}

async fn settle(app: &App, row: Row, send: Send, (result, code): (PartResult, i64)) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                apply::lock(tx, &app, &send.case_id).await?;
                sends::settle(tx, &send.id, state_of(&result), code, now).await?;
                if result == PartResult::Accepted {
                    remember(tx, &send, now).await?;
                }
                let part = usize::try_from(send.part)?;
                let _ = apply::apply(tx, &app, &send.case_id, &Event::Settled { part, result }).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

fn state_of(result: &PartResult) -> SendState {
    match result {
        PartResult::Accepted => SendState::Accepted,
        PartResult::Failed { .. } => SendState::Failed,
        PartResult::Unknown => SendState::Unknown,
    }
}

/// What the customer was told belongs to the conversation.
async fn remember(tx: &mut Tx, send: &Send, now: Timestamp) -> anyhow::Result<()> {
    let Some(mut conversation) = conversations::lock(tx, &send.conversation, now).await? else { return Ok(()) };
    conversation.last_seq += 1;
    let message = Message {
        conversation: send.conversation.clone(),
        seq: conversation.last_seq,
        case_id: Some(send.case_id.clone()).filter(|id| !id.is_empty()),
        author: String::new(),
        kind: "text".into(),
        body: send.body.clone(),
        wire_id: send.id.clone(),
        media_id: None,
        media_sha256: None,
        media_type: None,
        at: now,
        recalled: false,
        answered: true,
    };
    conversations::add_message(tx, &message, Author::Shop).await?;
    Ok(conversations::save(tx, &conversation).await?)
}

/// Sends a fixed text an admin approved, once per case and never as the budget's last message.
pub(super) async fn notice(
    app: &App,
    row: Row,
    case: String,
    conversation: String,
    kind: NoticeKind,
) -> anyhow::Result<()> {
    let claim = Instant::now();
    let planner = app.clone();
    let unit_row = row.clone();
    let claimed = app
        .store
        .commit(move |tx| {
            Box::pin(async move { claim_notice(tx, &planner, &unit_row, &case, &conversation, kind).await })
        })
        .await?;
    let Claim::Ours(send) = claimed else { return super::finished(app, row).await };
    let (result, code) = transmit(app, &send, claim).await;
    settle_notice(app, row, *send, result, code).await
}

async fn claim_notice(
    tx: &mut Tx,
    app: &App,
    row: &Row,
    case_id: &str,
    conversation: &str,
    kind: NoticeKind,
) -> anyhow::Result<Claim> {
    let now = app.clock.now();
    let desk = app.desk(tx).await?;
    let Some(case) = cases::load(tx, case_id).await? else { return Ok(Claim::NotOurs) };
    let notice = desk.desk.channel(&case.channel).and_then(|c| c.notices.get(kind)).cloned();
    let paused = pauses::covering(tx, &case.channel, conversation).await?.is_some();
    let Some(mut open) = conversations::lock(tx, conversation, now).await? else { return Ok(Claim::NotOurs) };
    if row.attempts > 1 {
        lost_notice(tx, app, &case, kind).await?;
    }
    let spare = open.quota_left > crate::case::KEPT_FOR_HANDOVER && now < open.window_ends_at;
    let repeated = sends::noticed(tx, case_id, kind.as_str()).await?;
    let (Some(notice), false, true, false) = (notice, paused, spare, repeated) else { return Ok(Claim::NotOurs) };
    let send = Send {
        id: hex::encode(&Sha256::digest(format!("{case_id}\0{}\0{}", kind.as_str(), notice.sha256))[..16]),
        kind: kind.as_str().into(),
        conversation: open.id.clone(),
        case_id: case_id.into(),
        version: 0,
        part: 0,
        account: open.account.clone(),
        customer: open.customer.clone(),
        body_sha256: notice.sha256.clone(),
        body: notice.text.clone(),
        authority: serde_json::to_string(&notice)?,
        state: String::new(),
        claimed_at: now,
    };
    if !sends::claim(tx, &send).await? {
        return Ok(Claim::NotOurs);
    }
    open.quota_left -= 1;
    conversations::save(tx, &open).await?;
    let payload = json!({ "kind": kind, "text": notice.text, "approved_by": notice.approved_by,
        "sha256": notice.sha256, "msgid": send.id });
    let entry = Entry { kind: Kind::NoticeSent, actor: Actor::Person(notice.approved_by.clone()), payload };
    record::append(tx, app, &record::chain_of(conversation), Some(case_id), &entry).await?;
    Ok(Claim::Ours(Box::new(send)))
}

/// A notice whose worker died after claiming it: nobody knows what became of it, and it is never sent again.
async fn lost_notice(tx: &mut Tx, app: &App, case: &Case, kind: NoticeKind) -> anyhow::Result<()> {
    let claimed = sends::in_flight(tx).await?;
    let Some(lost) = claimed.into_iter().find(|s| s.case_id == case.id && s.kind == kind.as_str()) else {
        return Ok(());
    };
    sends::settle(tx, &lost.id, SendState::Unknown, 0, app.clock.now()).await?;
    let payload = json!({ "notice": lost.kind, "result": PartResult::Unknown, "msgid": lost.id });
    let entry = Entry { kind: Kind::SendSettled, actor: Actor::System, payload };
    record::append(tx, app, &record::chain_of(&lost.conversation), Some(&case.id), &entry).await
}

async fn settle_notice(app: &App, row: Row, send: Send, result: PartResult, code: i64) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                apply::lock(tx, &app, &send.case_id).await?;
                sends::settle(tx, &send.id, state_of(&result), code, now).await?;
                if result == PartResult::Accepted {
                    remember(tx, &send, now).await?;
                }
                let payload = json!({ "notice": send.kind, "result": result, "msgid": send.id });
                let entry = Entry { kind: Kind::SendSettled, actor: Actor::System, payload };
                record::append(tx, &app, &record::chain_of(&send.conversation), Some(&send.case_id), &entry).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

/// Greets a customer with the code the platform gave us for it, while it is good.
pub(super) async fn welcome(
    app: &App,
    row: Row,
    conversation: String,
    code: String,
    until: Timestamp,
) -> anyhow::Result<()> {
    let planner = app.clone();
    let (chain, fresh) = (record::chain_of(&conversation), row.attempts == 1 && app.clock.now() < until);
    let text = app
        .store
        .commit(move |tx| {
            Box::pin(async move {
                let desk = planner.desk(tx).await?;
                let Some(open) = conversations::load(tx, &conversation).await? else { return Ok(None) };
                let paused = pauses::covering(tx, &open.channel, &open.id).await?.is_some();
                let notice = desk.desk.channel(&open.channel).and_then(|c| c.notices.welcome.clone());
                let Some(notice) = notice.filter(|_| fresh && !paused) else { return Ok(None) };
                let payload = json!({ "kind": "welcome", "text": notice.text, "approved_by": notice.approved_by,
                    "sha256": notice.sha256 });
                let entry = Entry { kind: Kind::NoticeSent, actor: Actor::Person(notice.approved_by), payload };
                record::append(tx, &planner, &chain, None, &entry).await?;
                Ok(Some(notice.text))
            })
        })
        .await?;
    if let (Some(text), Some(wecom)) = (text, &app.wecom)
        && let Err(error) = wecom.kf.send_on_event(&code, None, &text).await
    {
        tracing::warn!(%error, "a welcome was not accepted");
    }
    super::finished(app, row).await
}
