//! Messages to customers: claimed first, sent once, settled as what the platform said, or as unknown.

mod notice;

pub(super) use notice::{notice, welcome};

use std::time::{Duration, Instant};

use anyhow::Context;
use channels::wecom::api::ApiError;
use sha2::{Digest, Sha256};

use crate::app::{App, Wecom};
use crate::case::{Case, Event, PartResult, State};
use crate::clock::Timestamp;
use crate::store::conversations::{self, Author, Message};
use crate::store::queue::{self, Door, Row};
use crate::store::sends::{self, Send, SendState};
use crate::store::{Tx, cases, pauses};
use crate::worker::apply;

/// A claim older than this is not acted on: a process that slept between claim and request gives up.
const CLAIM_IS_GOOD_FOR: Duration = Duration::from_secs(2);
/// Times a lost answer is asked for again, where the platform's duplicate code is known.
const RECONCILE_ATTEMPTS: usize = 3;

/// Claims a part of an approved reply and lets it out.
pub(super) async fn send(app: &App, row: Row, case: String, part: usize) -> anyhow::Result<()> {
    let ready = ready(app).await;
    let claimed = claim_part(app, row.clone(), case, part).await?;
    // From here on: what was committed is the claim, and it does not last.
    let claim = Instant::now();
    let Claim::Ours(send) = claimed else { return super::finished(app, row).await };
    let result = transmit(app, &send, None, ready.then_some(claim)).await;
    settle(app, row, *send, result).await
}

/// Whether a request could leave at once. Asked before the claim, which is too short to wait for a token.
async fn ready(app: &App) -> bool {
    let Some(wecom) = &app.wecom else { return false };
    let checked = wecom.api.check().await;
    if let Err(problem) = &checked {
        tracing::warn!(%problem, "there is no access token to send with");
    }
    checked.is_ok()
}

/// What became of asking to let something out.
enum Claim {
    /// It may leave now.
    Ours(Box<Send>),
    /// It may not, or it was claimed before.
    NotOurs,
}

async fn claim_part(app: &App, row: Row, case: String, part: usize) -> anyhow::Result<Claim> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                still_ours(tx, &row).await?;
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

/// Whoever was taken for gone must not judge what somebody else is doing now.
async fn still_ours(tx: &mut Tx, row: &Row) -> anyhow::Result<()> {
    pauses::hold(tx).await?;
    anyhow::ensure!(queue::hold_lease(tx, Door::Outbox, row).await?, "{} is no longer ours", row.id);
    Ok(())
}

/// A claim whose worker died: nobody knows what became of it, and a person is told. Never sent again.
async fn lost_claim(tx: &mut Tx, app: &App, case: &Case, part: usize) -> anyhow::Result<bool> {
    apply::lock(tx, app, &case.id).await?;
    let Some(case) = cases::load(tx, &case.id).await? else { return Ok(false) };
    let State::Sending(sending) = &case.state else { return Ok(false) };
    let (Some(crate::case::Part::Claimed), Some(text)) = (sending.parts.get(part), sending.draft.parts.get(part))
    else {
        return Ok(false);
    };
    let id = message_id(&case, sending.draft.version, part, text);
    if sends::settle(tx, &id, SendState::Unknown, 0, app.clock.now()).await? {
        let event = Event::Settled { part, result: PartResult::Unknown };
        let _ = apply::apply(tx, app, &case.id, &event).await?;
    }
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

/// What never left counts as failed with the code 0, which the platform never answers for a refusal.
const NEVER_LEFT: (PartResult, i64) = (PartResult::Failed { code: 0 }, 0);

/// Lets a claimed message out, in answer to an event where there is a `code`; none where the claim came to nothing.
async fn transmit(app: &App, send: &Send, code: Option<&str>, claim: Option<Instant>) -> (PartResult, i64) {
    let (Some(wecom), Some(claim)) = (&app.wecom, claim) else { return NEVER_LEFT };
    let unchanged = hex::encode(Sha256::digest(&send.body)) == send.body_sha256;
    if !unchanged || claim.elapsed() > CLAIM_IS_GOOD_FOR {
        return NEVER_LEFT;
    }
    let mut answer = request(wecom, send, code).await;
    for _ in 0..RECONCILE_ATTEMPTS {
        // Only where a second use of the id is known to be refused is it safe to ask again.
        let (Err(ApiError::Unknown { .. }), Some(duplicate), None) = (&answer, wecom.duplicate_code, code) else {
            break;
        };
        answer = request(wecom, send, code).await;
        if matches!(&answer, Err(ApiError::Refused { code, .. }) if *code == duplicate) {
            return (PartResult::Accepted, duplicate);
        }
    }
    match answer {
        Ok(()) => (PartResult::Accepted, 0),
        Err(ApiError::Refused { code, .. }) => (PartResult::Failed { code }, code),
        Err(ApiError::NotSent { .. }) => NEVER_LEFT,
        Err(ApiError::Unknown { .. }) => (PartResult::Unknown, 0),
    }
}

async fn request(wecom: &Wecom, send: &Send, code: Option<&str>) -> Result<(), ApiError> {
    match code {
        Some(code) => wecom.kf.send_on_event(code, Some(&send.id), &send.body).await.map(drop),
        None => wecom.kf.send_text(&send.customer, &send.account, &send.id, &send.body).await.map(drop),
    }
}

async fn settle(app: &App, row: Row, send: Send, (result, code): (PartResult, i64)) -> anyhow::Result<()> {
    super::count(app, &send, &result);
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                apply::lock(tx, &app, &send.case_id).await?;
                let news = sends::settle(tx, &send.id, state_of(&result), code, now).await?;
                if news && result == PartResult::Accepted {
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
        case_id: send.case().map(str::to_owned),
        author: String::new(),
        kind: "text".into(),
        body: send.body.clone(),
        wire_id: send.id.clone(),
        media_id: None,
        media_sha256: None,
        media_type: None,
        at: now,
        recalled: false,
        failed: false,
        answered: true,
    };
    conversations::add_message(tx, &message, Author::Shop).await?;
    Ok(conversations::save(tx, &conversation).await?)
}
