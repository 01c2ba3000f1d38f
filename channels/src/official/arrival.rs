//! A callback's document in the words that all channels share ("message/receiving_standard_messages",
//! "message/receiving_event_pushes").

use crate::arrival::{Arrival, Said, What};
use crate::wecom::callback::{BadCallback, sha256_hex};
use crate::wecom::xml::Element;

/// Longest openid or message id, in bytes; real ones have 28 and 20.
const MAX_ID: usize = 64;

/// `digest` is the document's, `signed_at` stands in for a missing `CreateTime`.
pub(super) fn read(root: &Element, digest: &str, signed_at: i64) -> Result<Arrival, BadCallback> {
    let kind = root.field("MsgType").ok_or(BadCallback::Content("it has no MsgType"))?;
    let customer = openid(root)?;
    let at_secs = root.number("CreateTime").unwrap_or(signed_at);
    let at_ms = at_secs.saturating_mul(1_000);
    let (id, what) = if kind == "event" {
        let event = root.field("Event").unwrap_or_default();
        (event_id(root, &customer, at_secs, &event), happened(&event))
    } else {
        (message_id(root, &customer).unwrap_or_else(|| format!("msg:{digest}")), What::Said(said(root, &kind)))
    };
    let replies_until_ms = (what == What::SessionEnded).then_some(at_ms);
    Ok(Arrival { id, customer: Some(customer), name: None, at_ms, replies_until_ms, replies_left: None, what })
}

fn openid(root: &Element) -> Result<String, BadCallback> {
    root.field("FromUserName").filter(|id| is_id(id)).ok_or(BadCallback::Content("it names no customer"))
}

/// Letters, digits, `_` and `-`.
pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `MsgId` is unique together with the sender only (WxJava #333). Some documents write `MsgID`.
fn message_id(root: &Element, customer: &str) -> Option<String> {
    let id = root.field("MsgId").or_else(|| root.field("MsgID")).filter(|id| is_id(id))?;
    Some(format!("msg:{id}:{customer}"))
}

/// By sender and second, as documented; by what it is too, because a follower who scans does two things in one second.
fn event_id(root: &Element, customer: &str, at_secs: i64, event: &str) -> String {
    let which = format!("{event}\n{}", root.field("EventKey").unwrap_or_default());
    let digest = sha256_hex(which.as_bytes());
    format!("event:{customer}:{at_secs}:{}", digest.get(..16).unwrap_or(&digest))
}

/// Following, scanning and the menu are no words and open no window that a reviewer could use (see
/// [`ABILITIES`](super::ABILITIES)). Who unfollows cannot be written to any more.
fn happened(event: &str) -> What {
    match event.to_ascii_lowercase().as_str() {
        "subscribe" | "scan" | "click" => What::Entered { code: None },
        "unsubscribe" => What::SessionEnded,
        _ => What::Nothing,
    }
}

fn said(root: &Element, kind: &str) -> Said {
    let field = |name: &str| root.field(name).unwrap_or_default();
    let media = || root.field("MediaId");
    match kind {
        "text" => Said::text(root.child("Content").map(|c| c.text.clone()).unwrap_or_default()),
        // What was recognised stands for the voice; most accounts get nothing any more.
        "voice" => Said::of("voice", field("Recognition"), media()),
        "image" => Said::of("image", "", media()),
        "video" | "shortvideo" => Said::of("video", "", media()),
        "file" => Said::of("file", field("Title"), media()),
        "location" => Said::of("location", field("Label"), None),
        "link" => Said::of("link", format!("{} {}", field("Title"), field("Url")).trim(), None),
        other => Said::of(if is_id(other) { other } else { "other" }, "", None),
    }
}
