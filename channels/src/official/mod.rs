//! 公众号 (a WeChat Official Account): customers write to it in WeChat, and are answered there.
//!
//! * [`receive`] and [`verify_url`]: its callbacks, in the three modes of its console.
//! * [`Account`]: what is sent from it, and the little that it says of a customer.
//!
//! The cipher, the XML and the client are those of WeCom ([`crate::wecom`]): one family of protocols. Facts are from the
//! pages under `https://developers.weixin.qq.com/doc/service/`, named here by their last part, e.g. "push/encryption".

mod account;
mod arrival;
mod callback;
mod document;
mod fate;

pub use account::{Account, AccountSettings, Follower};
pub use callback::{BadCallback, Door, MAX_BODY, Received, receive, verify_url};

use crate::abilities::{Abilities, Repeats, Replies, ReplyWindow, TextLimit};

const HOUR_MS: i64 = 3_600_000;

/// Longest text of one message, in bytes of UTF-8. "api_sendcustommessage" names no limit; passive replies have this one,
/// and longer texts are refused with 45002.
pub const MAX_TEXT: usize = 2_048;

/// What a 公众号 can do: five messages within 48 hours of the customer's last one ("api_sendcustommessage"). Following,
/// scanning and the menu allow three messages within one minute, which no reviewer can keep: they open no window here.
pub const ABILITIES: Abilities = Abilities {
    replies: Replies::Sent,
    window: Some(ReplyWindow { lasts_ms: 48 * HOUR_MS, messages: 5 }),
    text: TextLimit::Bytes(MAX_TEXT),
    repeats: Repeats::TwoMessages,
    session: false,
    names: false,
    attachments: true,
    edits: false,
    recalls: false,
    delivery: false,
    comments: false,
    known_by: "MsgId, else sender and time",
    rates: &[],
};
