//! Fixed texts an admin approved: the only words that leave without a tap. Claimed, sent once and settled like a reply.

use std::time::Instant;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::wire::Wire;
use super::{Claim, state_of, still_ours, transmit};
use crate::app::App;
use crate::case::{Case, PartResult};
use crate::clock::Timestamp;
use crate::desk::{Mode, Notice, NoticeKind, Notices};
use crate::evidence::{Actor, Entry, Kind};
use crate::store::conversations::{self, Conversation};
use crate::store::pauses::{self, Matter};
use crate::store::queue::{self, Door, Row};
use crate::store::sends::{self, Send};
use crate::store::{Tx, cases, record};
use crate::worker::gone;

/// The kind of a greeting, which belongs to no case.
const WELCOME: &str = "welcome";

/// Sends a notice, once per case and never as the budget's last message.
pub(in crate::effects) async fn notice(
    app: &App,
    row: Row,
    case: String,
    conversation: String,
    kind: NoticeKind,
) -> anyhow::Result<()> {
    let Some(wire) = Wire::of(app, &conversation).await? else { return crate::effects::finished(app, row).await };
    // Before the claim, which does not last: whoever waits for room has claimed nothing.
    if let Err(when) = wire.admit().await? {
        return crate::effects::not_before(app, row, when).await;
    }
    let ready = wire.ready().await;
    let planner = app.clone();
    let unit_row = row.clone();
    let claimed = app
        .store
        .commit(move |tx| {
            Box::pin(async move { claim_notice(tx, &planner, &unit_row, &case, &conversation, kind).await })
        })
        .await?;
    let claim = Instant::now();
    let Claim::Ours(send) = claimed else { return crate::effects::finished(app, row).await };
    let result = transmit(app, &wire, &send, None, ready.then_some(claim)).await;
    let gone = wire.is_gone(result.1);
    settle(app, row, *send, result).await?;
    if gone { gone::pause(app, wire.channel_id()).await } else { Ok(()) }
}

async fn claim_notice(
    tx: &mut Tx,
    app: &App,
    row: &Row,
    case_id: &str,
    conversation: &str,
    kind: NoticeKind,
) -> anyhow::Result<Claim> {
    still_ours(tx, app, row).await?;
    let now = app.clock.now();
    let Some(case) = cases::load(tx, case_id).await? else { return Ok(Claim::NotOurs) };
    let paused = pauses::covering(tx, Matter::harmless(&case.channel, conversation)).await?.is_some();
    let Some(mut open) = conversations::lock(tx, conversation, now).await? else { return Ok(Claim::NotOurs) };
    lost_notice(tx, app, &case, kind).await?;
    let notice = approved(tx, app, &case.channel).await?.get(kind).cloned();
    let mut window = open.window();
    // A fixed text is for one customer: nobody approved it for everybody to read.
    let spare = window.allows(1, now) && !open.is_public();
    let repeated = sends::noticed(tx, case_id, kind.as_str()).await?;
    let (Some(notice), false, true, false) = (notice, paused, spare, repeated) else { return Ok(Claim::NotOurs) };
    let intent = format!("{case_id}\0{}\0{}", kind.as_str(), notice.sha256);
    let send = intended(&open, &notice, kind.as_str(), &intent, case_id, now)?;
    if !sends::claim(tx, &send).await? {
        return Ok(Claim::NotOurs);
    }
    window.spend();
    open.set_window(window);
    conversations::save(tx, &open).await?;
    record_claim(tx, app, &send, &notice).await?;
    Ok(Claim::Ours(Box::new(send)))
}

/// The texts approved for a channel; none where the channel only reads.
async fn approved(tx: &mut Tx, app: &App, channel: &str) -> anyhow::Result<Notices> {
    let desk = app.desk(tx).await?;
    let speaks = desk.desk.channel(channel).filter(|channel| channel.mode != Mode::ReadOnly);
    Ok(speaks.map(|channel| channel.notices.clone()).unwrap_or_default())
}

/// What is to leave. Its id is derived from the `intent`: the same intent can never be two messages.
fn intended(
    open: &Conversation,
    notice: &Notice,
    kind: &str,
    intent: &str,
    case_id: &str,
    now: Timestamp,
) -> anyhow::Result<Send> {
    Ok(Send {
        id: hex::encode(&Sha256::digest(intent)[..16]),
        kind: kind.into(),
        conversation: open.id.clone(),
        case_id: case_id.into(),
        version: 0,
        part: 0,
        account: open.account.clone(),
        customer: open.customer.clone(),
        body_sha256: notice.sha256.clone(),
        body: notice.text.clone(),
        authority: serde_json::to_string(notice)?,
        state: String::new(),
        claimed_at: now,
        supersedes: None,
        tries: 1,
        probes: 0,
        resolution: None,
    })
}

async fn record_claim(tx: &mut Tx, app: &App, send: &Send, notice: &Notice) -> anyhow::Result<()> {
    let payload = json!({ "kind": send.kind, "text": notice.text, "approved_by": notice.approved_by,
        "sha256": notice.sha256, "msgid": send.id });
    let entry = Entry { kind: Kind::NoticeSent, actor: Actor::Person(notice.approved_by.clone()), payload };
    record::append(tx, app, &record::chain_of(&send.conversation), send.case(), &entry).await
}

/// A notice whose worker died after claiming it: nobody knows what became of it, and it is never sent again.
async fn lost_notice(tx: &mut Tx, app: &App, case: &Case, kind: NoticeKind) -> anyhow::Result<()> {
    let claimed = sends::in_flight(tx).await?;
    let Some(lost) = claimed.into_iter().find(|s| s.case_id == case.id && s.kind == kind.as_str()) else {
        return Ok(());
    };
    settled(tx, app, &lost, PartResult::Unknown, 0).await.map(drop)
}

/// What became of a notice, on record; false when that was known before.
async fn settled(tx: &mut Tx, app: &App, send: &Send, result: PartResult, code: i64) -> anyhow::Result<bool> {
    let (state, now) = (state_of(&result), app.clock.now());
    let in_time = sends::settle(tx, &send.id, state, code, now).await?;
    if !in_time && (result == PartResult::Unknown || !sends::settle_late(tx, &send.id, state, code, now).await?) {
        return Ok(false);
    }
    let payload = json!({ "notice": send.kind, "result": result, "msgid": send.id, "late": !in_time });
    let entry = Entry { kind: Kind::SendSettled, actor: Actor::System, payload };
    record::append(tx, app, &record::chain_of(&send.conversation), send.case(), &entry).await?;
    Ok(true)
}

async fn settle(app: &App, row: Row, send: Send, (result, code): (PartResult, i64)) -> anyhow::Result<()> {
    crate::effects::count(app, &send, &result);
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                conversations::lock(tx, &send.conversation, now).await?;
                let accepted = result == PartResult::Accepted;
                if settled(tx, &app, &send, result, code).await? && accepted {
                    conversations::shop_said(tx, &send, now).await?;
                }
                // Somebody else has the row by now: what only this worker knows is kept all the same.
                queue::done(tx, Door::Outbox, &row, now).await?;
                Ok(())
            })
        })
        .await
}

/// Greets a customer with the code the platform gave us for it, while it is good.
pub(in crate::effects) async fn welcome(
    app: &App,
    row: Row,
    conversation: String,
    code: String,
    until: Timestamp,
) -> anyhow::Result<()> {
    let Some(wire) = Wire::of(app, &conversation).await? else { return crate::effects::finished(app, row).await };
    let ready = wire.ready().await;
    let planner = app.clone();
    let (unit_row, unit_code) = (row.clone(), code.clone());
    let claimed = app
        .store
        .commit(move |tx| {
            Box::pin(async move { claim_welcome(tx, &planner, &unit_row, &conversation, &unit_code, until).await })
        })
        .await?;
    let claim = Instant::now();
    let Claim::Ours(send) = claimed else { return crate::effects::finished(app, row).await };
    let result = transmit(app, &wire, &send, Some(&code), ready.then_some(claim)).await;
    settle(app, row, *send, result).await
}

async fn claim_welcome(
    tx: &mut Tx,
    app: &App,
    row: &Row,
    conversation: &str,
    code: &str,
    until: Timestamp,
) -> anyhow::Result<Claim> {
    still_ours(tx, app, row).await?;
    let now = app.clock.now();
    let Some(known) = conversations::load(tx, conversation).await? else { return Ok(Claim::NotOurs) };
    let paused = pauses::covering(tx, Matter::harmless(&known.channel, conversation)).await?.is_some();
    let open = conversations::lock(tx, conversation, now).await?.filter(|open| open.erased_at.is_none());
    let Some(open) = open else { return Ok(Claim::NotOurs) };
    let notice = approved(tx, app, &open.channel).await?.welcome;
    let (Some(notice), false) = (notice, paused) else { return Ok(Claim::NotOurs) };
    let intent = format!("{conversation}\0{WELCOME}\0{code}");
    let send = intended(&open, &notice, WELCOME, &intent, "", now)?;
    if let Some(before) = sends::load(tx, &send.id).await? {
        // The worker who claimed it died: perhaps it arrived, so it is not said again.
        settled(tx, app, &before, PartResult::Unknown, 0).await?;
        return Ok(Claim::NotOurs);
    }
    if now >= until || !sends::claim(tx, &send).await? {
        return Ok(Claim::NotOurs);
    }
    record_claim(tx, app, &send, &notice).await?;
    Ok(Claim::Ours(Box::new(send)))
}
