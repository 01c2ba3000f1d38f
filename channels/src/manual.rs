//! Places without an API for customers' chats: a colleague carries the words over by hand, both ways. Nothing of it is a
//! wire; only what such a place can do is said here.

use crate::abilities::{Abilities, Repeats, Replies, TextLimit};
use crate::wecom::kf::MAX_PART_BYTES;

/// What it can do. A reply fits one message of every surface: a WeCom app's text takes 2,048 bytes (wecom 90236), the
/// others take more.
pub const ABILITIES: Abilities = Abilities {
    replies: Replies::ByHand,
    window: None,
    text: TextLimit::Bytes(MAX_PART_BYTES),
    repeats: Repeats::TwoMessages,
    session: false,
    names: false,
    attachments: false,
    edits: false,
    recalls: false,
    delivery: false,
    comments: false,
    known_by: "the colleague's message",
    rates: &[],
};
