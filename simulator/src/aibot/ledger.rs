//! The append-only ledger of a bot's connections.

use serde_json::Value;

use super::faults::Fault;

/// A command of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cmd {
    /// `aibot_subscribe`
    Subscribe,
    /// `ping`
    Ping,
    /// `aibot_respond_msg`
    RespondMsg,
    /// `aibot_respond_welcome_msg`
    RespondWelcome,
    /// `aibot_respond_update_msg`
    RespondUpdate,
    /// `aibot_send_msg`
    SendMsg,
    /// `aibot_upload_media_init`
    UploadInit,
    /// `aibot_upload_media_chunk`
    UploadChunk,
    /// `aibot_upload_media_finish`
    UploadFinish,
}

impl Cmd {
    const ALL: [(Cmd, &'static str); 9] = [
        (Cmd::Subscribe, "aibot_subscribe"),
        (Cmd::Ping, "ping"),
        (Cmd::RespondMsg, "aibot_respond_msg"),
        (Cmd::RespondWelcome, "aibot_respond_welcome_msg"),
        (Cmd::RespondUpdate, "aibot_respond_update_msg"),
        (Cmd::SendMsg, "aibot_send_msg"),
        (Cmd::UploadInit, "aibot_upload_media_init"),
        (Cmd::UploadChunk, "aibot_upload_media_chunk"),
        (Cmd::UploadFinish, "aibot_upload_media_finish"),
    ];

    /// The command of that name; `None` is one that does not exist.
    pub fn from_name(name: &str) -> Option<Cmd> {
        Cmd::ALL.into_iter().find(|(_, known)| *known == name).map(|(cmd, _)| cmd)
    }

    /// Whether it answers a callback, under that callback's `req_id`.
    pub(crate) fn answers(self) -> bool {
        matches!(self, Cmd::RespondMsg | Cmd::RespondWelcome | Cmd::RespondUpdate)
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A command of the bot.
    Command(Cmd),
    /// A frame that is no command.
    Strange,
    /// A member did something: accepted where a subscribed connection was told.
    Callback,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position, from 1, without gaps.
    pub seq: u64,
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// On which connection, from 1; 0 where there was none.
    pub connection: u64,
    /// What.
    pub happened: Happened,
    /// Whether the platform did it.
    pub accepted: bool,
    /// The errcode.
    pub errcode: i64,
    /// The frame's.
    pub req_id: String,
    /// The body, without the secret, and without the bytes of an upload.
    pub body: Value,
    /// The fault that a test put in the way.
    pub fault: Option<Fault>,
}
