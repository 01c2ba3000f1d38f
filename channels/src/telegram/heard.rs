//! What a reviewer did. Who may do what, and where, is not decided here: `user` and `place` are for that.

use serde_json::Value;
use teloxide_core::types::{CallbackQuery, Message, UpdateKind};

use super::card::Place;
use super::client::Me;
use super::updates::Update;

/// Something a person did on the reviewers' side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// They pressed a button; it spins until [`Bot::answer_press`](super::Bot::answer_press).
    Pressed(Pressed),
    /// They wrote.
    Said(Said),
}

/// A press of a button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// By which it is answered, for some minutes.
    pub id: String,
    /// Where the message is.
    pub place: Place,
    /// Who pressed.
    pub user: i64,
    /// What they call themselves: untrusted.
    pub name: String,
    /// Which message.
    pub message: i32,
    /// What the button carries, as the client sent it: to be opened by [`ButtonKey::open`](super::ButtonKey::open).
    pub data: String,
}

/// Something a person wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// Where.
    pub place: Place,
    /// Who.
    pub user: i64,
    /// What they call themselves: untrusted.
    pub name: String,
    /// Their message.
    pub message: i32,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// What.
    pub words: Words,
}

impl std::fmt::Debug for Said {
    /// Without the words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, user, message, .. } = self;
        let mut said = f.debug_struct("Said");
        said.field("place", place).field("user", user).field("message", message).finish_non_exhaustive()
    }
}

/// What somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// `/pause all`, `/暂停@our_bot all`: for us, or for nobody in particular.
    Command {
        /// Without slash and bot.
        name: String,
        /// What follows it.
        rest: String,
    },
    /// A reply to a message of ours, such as a [`Prompt`](super::Prompt).
    Reply {
        /// Which.
        to: i32,
        /// The words.
        text: String,
    },
    /// Anything else.
    Text(String),
}

impl Update {
    /// What a person did on the reviewers' side; nothing where it is no press and no text, or not for us.
    pub fn heard(&self, me: &Me) -> Option<Heard> {
        match self.typed()?.kind {
            UpdateKind::CallbackQuery(query) => pressed(query).map(Heard::Pressed),
            UpdateKind::Message(message) => {
                // Read from the JSON: one newer kind of markup in it, and teloxide finds no words.
                said(&message, words(self.raw()?.get("message")?, me)?).map(Heard::Said)
            }
            _ => None,
        }
    }
}

fn pressed(query: CallbackQuery) -> Option<Pressed> {
    // An old message comes without anything but its chat and id. One sent through inline mode is never ours.
    let message = query.message?;
    let topic = message.regular_message().and_then(topic);
    let place = Place { chat: message.chat().id.0, topic };
    Some(Pressed {
        id: query.id.0,
        place,
        user: i64::try_from(query.from.id.0).ok()?,
        name: query.from.full_name(),
        message: message.id().0,
        data: query.data?,
    })
}

fn said(message: &Message, words: Words) -> Option<Said> {
    let from = message.from.as_ref().filter(|user| !user.is_bot)?;
    Some(Said {
        place: Place { chat: message.chat.id.0, topic: topic(message) },
        user: i64::try_from(from.id.0).ok()?,
        name: from.full_name(),
        message: message.id.0,
        at_ms: message.date.timestamp().saturating_mul(1_000),
        words,
    })
}

/// A reply in a group without topics has a thread too, which is none.
fn topic(message: &Message) -> Option<i32> {
    message.thread_id.filter(|_| message.is_topic_message).map(|thread| thread.0.0)
}

fn words(message: &Value, me: &Me) -> Option<Words> {
    let text = message.get("text")?.as_str()?;
    if let Some(command) = text.strip_prefix('/') {
        return self::command(command, me);
    }
    let number = |pointer: &str| message.pointer(pointer).and_then(Value::as_i64);
    let ours = number("/reply_to_message/from/id") == Some(me.id);
    // In a topic everything replies to the message that opened it, which may have been ours.
    let opening = message.get("is_topic_message").and_then(|_| number("/message_thread_id"));
    let replied = number("/reply_to_message/message_id").filter(|id| ours && Some(*id) != opening);
    let replied = replied.and_then(|id| i32::try_from(id).ok());
    Some(match replied {
        Some(to) => Words::Reply { to, text: text.to_owned() },
        None => Words::Text(text.to_owned()),
    })
}

/// Nothing where it is addressed to another bot.
fn command(text: &str, me: &Me) -> Option<Words> {
    let (head, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (name, addressee) = head.split_once('@').unwrap_or((head, &me.username));
    let ours = addressee.eq_ignore_ascii_case(&me.username);
    ours.then(|| Words::Command { name: name.to_owned(), rest: rest.trim().to_owned() })
}

#[cfg(test)]
#[path = "heard_tests.rs"]
mod tests;
