//! Telegram: one bot, towards customers and as a reviewers' surface (Bot API, <https://core.telegram.org/bots/api>).
//!
//! Requests and answers are `teloxide-core`'s values; the way to and fro is our own, because what comes in is stored before
//! it is acted upon, and because of what goes out one has to know whether it may have left: teloxide's transport drops
//! `error_code`, reads answers of any size, waits ten seconds at a 5xx, and prints the token with `Debug`.
//!
//! * [`Bot`]: the calls. Those towards customers end in a [`Fate`](crate::Fate) (`Fate::from(&result)`).
//! * [`Update`]: what came in, polled or by [`open_webhook`], to be stored as it is; then [`Update::arrival`] says what a
//!   customer did and [`Update::heard`] what a reviewer did.
//! * [`ButtonKey`]: what buttons carry, so that nobody can press what was not shown there.
//!
//! Nothing here was tried against the live platform.

mod answer;
mod arrival;
mod card;
mod client;
mod files;
mod heard;
mod key;
mod rich;
mod send;
mod updates;

pub use answer::{CallError, Refusal};
pub use card::{Answer, Button, MAX_ANSWER, MAX_DATA, Place, Press, Prompt};
pub use client::{Bot, Me, OFFICIAL, Settings, SettingsError};
pub use files::MAX_DOWNLOAD;
pub use heard::{Document, Heard, Pressed, Said, Words};
pub use key::{ButtonKey, KeyError, MAX_CARD, NotOurs, Sealed};
pub use rich::Rich;
pub use send::{Image, MAX_CAPTION, MAX_IMAGE, MAX_TEXT};
pub use updates::{BadWebhook, MAX_UPDATE, Origin, Secret, Update, Webhook, open_webhook};

use crate::abilities::{Abilities, Over, Rate, Repeats, Replies, TextLimit};

/// What a bot can do for customers. A bot may write to whoever wrote to it, for as long as it is not blocked, and cannot
/// read back what it sent: what is unknown stays unknown. Names come along with what customers write.
pub const ABILITIES: Abilities = Abilities {
    replies: Replies::Sent,
    window: None,
    text: TextLimit::Utf16(MAX_TEXT),
    repeats: Repeats::TwoMessages,
    session: false,
    names: false,
    attachments: true,
    edits: true,
    recalls: false,
    delivery: false,
    comments: false,
    known_by: "message_id and chat",
    rates: &[
        Rate { over: Over::Customer, per_second: RATES.chat_per_second },
        Rate { over: Over::Channel, per_second: RATES.all_per_second },
    ],
};

/// How much a bot may send (<https://core.telegram.org/bots/faq>, "My bot is hitting limits"). The true limits are not
/// published; what a 429 asks for goes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Messages a second, over all chats.
    pub all_per_second: u32,
    /// Messages a second in one chat.
    pub chat_per_second: u32,
    /// Messages a minute in one group.
    pub group_per_minute: u32,
}

/// What is known of the limits.
pub const RATES: Rates = Rates { all_per_second: 30, chat_per_second: 1, group_per_minute: 20 };

#[cfg(test)]
mod stand_in;
