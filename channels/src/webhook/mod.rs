//! The open door: any system that can sign and send a web request is a channel (Standard Webhooks 1.0.0,
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//!
//! [`event`] reads what comes in, [`send`] carries replies out; both are described for integrators in
//! `docs/webhook/openapi.json`.

pub mod event;
pub mod send;
pub mod sign;

use crate::abilities::{Abilities, Repeats, Replies, TextLimit};

/// What the channel can do. How long a reply may wait is the integrator's to say, event by event.
pub const ABILITIES: Abilities = Abilities {
    replies: Replies::Sent,
    window: None,
    text: TextLimit::Bytes(MAX_TEXT),
    repeats: Repeats::OneMessage,
    session: false,
    names: false,
    attachments: false,
    edits: true,
    recalls: true,
    delivery: true,
    comments: true,
    known_by: "message_id, webhook-id",
    rates: &[],
};

/// Longest text of one reply, in bytes of UTF-8: what the strictest of the chats behind it are known to take.
pub const MAX_TEXT: usize = 2_048;

#[cfg(test)]
mod contract_tests;
