//! The wire: what comes in is verified and read here, what goes out is sent from here, and nothing is decided here.
//!
//! What all customers' channels share: [`Abilities`] say what one can do, an [`Arrival`] is what came in by it, and a
//! [`Fate`] what became of what went out; [`split()`] cuts what is too long for one message.
//!
//! * [`official`]: a 公众号 (WeChat Official Account).
//! * [`telegram`]: one Telegram bot, towards customers and as a reviewers' surface.
//! * [`webhook`]: any system that can sign and send a web request (Standard Webhooks).
//! * [`wecom::crypt`]: the callback cipher and signature, in both directions.
//! * [`wecom::callback`]: one verified callback as a value.
//! * [`wecom::api`]: one app's authenticated client; the access token lives and dies there.
//! * [`wecom::aibot`]: the AI bot over its long connection, for desks without a public address.
//! * [`wecom::app`], [`wecom::kf`], [`wecom::oauth`]: members, customers and the sign-in of the review pages.
//!
//! Numbers in docstrings such as "wecom 90236" name the page `https://developer.work.weixin.qq.com/document/path/90236`.

mod abilities;
mod arrival;
mod fate;
mod http;
pub mod official;
mod split;
pub mod telegram;
pub mod webhook;
pub mod wecom;

pub use abilities::{Abilities, Over, Rate, Repeats, Replies, ReplyWindow, TextLimit};
pub use arrival::{Arrival, BETWEEN_IDS, Said, Thread, What};
pub use fate::{Fate, Spent};
pub use split::split;
