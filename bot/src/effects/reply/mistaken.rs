//! What known mistakes make of a send, see [`crate::mistake`]; without one, nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use channels::Fate;
use sha2::{Digest, Sha256};

use super::super::wire::Wire;
use super::{NEVER_LEFT, PROBES_END, UNKNOWN, transmit};
use crate::app::App;
use crate::case::{Case, Part, PartResult, State, message_id};
use crate::mistake::{Mistake, made};
use crate::store::sends::{self, Send};
use crate::store::{Tx, cases, conversations};

/// The id an attempt carries: its intent's.
pub(in crate::effects) fn id_of_attempt(send: &Send) -> String {
    static ATTEMPTS: AtomicU64 = AtomicU64::new(0);
    if !made(Mistake::FreshMessageId) {
        return send.id.clone();
    }
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    hex::encode(&Sha256::digest(format!("{}-{attempt}", send.id))[..16])
}

/// A send in flight that is taken for unsent.
pub(super) async fn rescued(tx: &mut Tx, case: &Case, part: usize) -> anyhow::Result<Option<Send>> {
    let State::Sending(sending) = &case.state else { return Ok(None) };
    if !made(Mistake::RescueByAge) || sending.parts.get(part) != Some(&Part::Claimed) {
        return Ok(None);
    }
    Ok(sends::load(tx, &message_id(case, &sending.draft, part)).await?)
}

/// A send without an answer that is sent again.
pub(super) async fn sent_again(wire: &Wire<'_>, send: &Send, claim: Instant) -> (PartResult, i64) {
    match wire.send(send, None, claim + PROBES_END).await {
        Fate::Accepted => (PartResult::Accepted, 0),
        Fate::HandedOut => (PartResult::HandedOut, 0),
        Fate::Refused { code, .. } | Fate::PutOff { code, .. } => (PartResult::Failed { code, spent: None }, code),
        Fate::NotSent => NEVER_LEFT,
        Fate::Unknown => UNKNOWN,
    }
}

/// A request that leaves before its claim is stored, and what came of it.
pub(super) async fn request_before_claim(
    app: &App,
    wire: &Wire<'_>,
    case: &str,
    part: usize,
) -> anyhow::Result<Option<(PartResult, i64)>> {
    if !made(Mistake::RequestBeforeClaim) {
        return Ok(None);
    }
    let case = case.to_owned();
    let send = app.store.read(move |tx| Box::pin(async move { unclaimed(tx, &case, part).await })).await?;
    match send {
        Some(send) => {
            let send = Send { claimed_at: app.clock.now(), ..send };
            Ok(Some(transmit(app, wire, &send, None, Some(Instant::now())).await))
        }
        None => Ok(None),
    }
}

async fn unclaimed(tx: &mut Tx, case: &str, part: usize) -> anyhow::Result<Option<Send>> {
    let Some(case) = cases::load(tx, case).await? else { return Ok(None) };
    let State::Sending(sending) = &case.state else { return Ok(None) };
    let (Some(body), Some(open)) =
        (sending.draft.parts.get(part).cloned(), conversations::load(tx, &case.conversation).await?)
    else {
        return Ok(None);
    };
    Ok(Some(Send {
        id: message_id(&case, &sending.draft, part),
        kind: "reply".into(),
        conversation: open.id,
        case_id: case.id.clone(),
        version: sending.draft.version,
        part: i64::try_from(part)?,
        account: open.account,
        customer: open.customer,
        body_sha256: hex::encode(Sha256::digest(&body)),
        body,
        authority: String::new(),
        state: String::new(),
        claimed_at: 0,
        supersedes: None,
        tries: 1,
        probes: 0,
        resolution: None,
    }))
}
