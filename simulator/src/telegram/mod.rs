//! Telegram: the Bot API for one or more bots, and the people and groups behind it.
//!
//! It refuses what Telegram refuses, with Telegram's words, and what Telegram only passes over too: fields that no method
//! has. Written from <https://core.telegram.org/bots/api>, not from the bot's own code.
//!
//! * [`Telegram`] starts it; people act through it ([`Telegram::say`], [`Telegram::press`], …).
//! * [`Telegram::sent`] is every message that a bot got through, with its edits; [`Telegram::ledger`] every call.
//! * [`Telegram::faults`] loses answers and refuses calls.

mod calls;
mod edit;
mod faults;
mod fields;
mod handle;
mod keyboard;
mod people;
mod poll;
mod push;
mod room;
mod send;
mod server;
mod world;

pub use calls::{Call, Method, Row};
pub use faults::TelegramFaults;
pub use handle::{BotAccount, Limits, Settings, Telegram};
pub use keyboard::Key;
pub use people::Medium;
pub use room::{Attachment, Edit, Message, Room, Spot};
pub use world::PressAnswer;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod http_tests;
