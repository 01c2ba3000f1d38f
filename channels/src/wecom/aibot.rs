//! 智能机器人: an AI bot over its long connection, which needs no public address (wecom 101463; messages 100719, events
//! 101027, replies 101031, cards 101032).
//!
//! [`connect`] gives a [`Link`] to speak and [`Events`] to listen. One connection per bot is live: a second subscriber
//! evicts the first, which must not fight back ([`Event::Evicted`]). The platform documents no replay: what happens while
//! nobody is subscribed is lost, and [`Event::Subscribed`] says for how long that was.
//!
//! * `machine`: the protocol as a state machine without sockets and clocks; `link` is the loop around it.
//! * [`Callback`]: what members say and press, and what may be answered to it.
//! * [`LIMITS`], [`RATES`]: what this surface takes, as data; cards are smaller here than in an app.
//! * [`harmless()`], [`verbatim()`]: plain words on a surface that takes only markdown.
//! * [`Files`]: what members attach, fetched and decrypted.
//! * [`envelope`]: the same bot without a long connection, by encrypted callbacks.

pub mod envelope;
mod files;
mod frame;
mod incoming;
mod limits;
mod link;
mod machine;
mod markdown;
mod outgoing;
mod timing;
mod upload;

pub use files::{FetchError, Files, MAX_FILE_BYTES};
pub use frame::{Frame, read as read_frame};
pub use incoming::{Attachment, Chat, Incoming, MediaKey, Piece, Quote, Rating, Tap, What};
pub use limits::{CardLimits, LIMITS, RATES, Rates};
pub use link::{Events, Link, Settings, SettingsError, check_url, connect};
pub use machine::{Callback, Event, ReplyTo};
pub use markdown::{harmless, verbatim};
pub use outgoing::{Instead, Message, Stream, Welcome, instead};
pub use timing::Timing;

/// The platform's address.
pub const OFFICIAL_URL: &str = "wss://openws.work.weixin.qq.com";
/// `invalid req_id`: what it answers to is over, or of an earlier connection.
pub(crate) const DEAD_REQ_ID: i64 = 846_605;
