//! Where people and bots write, and what they wrote.

use serde_json::Value;

use super::keyboard::Key;

/// A chat. Each numbers its messages from 1, so that a number alone names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// A person and a bot; its `chat_id` is the person's.
    Private {
        /// The bot.
        bot: i64,
        /// The person.
        user: i64,
    },
    /// A supergroup; its `chat_id` is negative.
    Group {
        /// The `chat_id`.
        chat: i64,
    },
}

impl Room {
    /// The `chat_id` in it.
    pub fn chat_id(self) -> i64 {
        match self {
            Self::Private { user, .. } => user,
            Self::Group { chat } => chat,
        }
    }
}

/// A chat, and the topic in it where it has topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The chat.
    pub room: Room,
    /// `message_thread_id`.
    pub topic: Option<i64>,
}

impl Spot {
    /// Between a person and a bot.
    pub fn private(bot: i64, user: i64) -> Self {
        Self { room: Room::Private { bot, user }, topic: None }
    }

    /// In a group.
    pub fn group(chat: i64) -> Self {
        Self { room: Room::Group { chat }, topic: None }
    }

    /// In a group's topic.
    pub fn topic(chat: i64, topic: i64) -> Self {
        Self { room: Room::Group { chat }, topic: Some(topic) }
    }
}

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// `photo`, `document`, `voice`, `sticker`.
    pub kind: &'static str,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its id for the bot of the chat, or for the bot that sent it.
    pub file_id: String,
    /// Its bytes.
    pub bytes: usize,
}

/// What a message said before it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// When it was changed, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// The text until then.
    pub text: String,
    /// The buttons until then.
    pub keyboard: Vec<Vec<Key>>,
}

/// A message as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When it was written, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// Where.
    pub spot: Spot,
    /// Its number there.
    pub id: i64,
    /// Who wrote it.
    pub from: i64,
    /// Whether that is a bot.
    pub by_bot: bool,
    /// Its text or caption.
    pub text: String,
    /// What of it is set off, as the bot said it.
    pub entities: Value,
    /// Its buttons.
    pub keyboard: Vec<Vec<Key>>,
    /// Its file.
    pub attachment: Option<Attachment>,
    /// What it replies to.
    pub reply_to: Option<i64>,
    /// Whether it asks for a reply (`ForceReply`).
    pub prompt: bool,
    /// What it said before, oldest first.
    pub edits: Vec<Edit>,
}
