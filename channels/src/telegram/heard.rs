//! What a reviewer did. Who may do what, and where, is not decided here: `user` and `place` are for that.

use serde_json::Value;
use teloxide_core::types::{CallbackQuery, UpdateKind};

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
    /// What a person did on the reviewers' side; nothing where it is no press and no text, or not for us. What they wrote
    /// is read from the JSON: a `/pause` must be heard, however new the rest of the message is to teloxide.
    pub fn heard(&self, me: &Me) -> Option<Heard> {
        match self.typed().map(|update| update.kind) {
            Some(UpdateKind::CallbackQuery(query)) => pressed(query).map(Heard::Pressed),
            _ => said(self.raw()?.get("message")?, me).map(Heard::Said),
        }
    }
}

fn pressed(query: CallbackQuery) -> Option<Pressed> {
    // An old message comes without anything but its chat and id. One sent through inline mode is never ours.
    let message = query.message?;
    let shown = message.regular_message().filter(|shown| shown.is_topic_message);
    let topic = shown.and_then(|shown| shown.thread_id).map(|thread| thread.0.0);
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

fn said(message: &Value, me: &Me) -> Option<Said> {
    let number = |pointer: &str| message.pointer(pointer).and_then(Value::as_i64);
    let small = |pointer: &str| number(pointer).and_then(|id| i32::try_from(id).ok());
    if message.pointer("/from/is_bot").and_then(Value::as_bool) != Some(false) {
        return None;
    }
    // A reply in a group without topics has a thread too, which is none.
    let in_topic = message.get("is_topic_message").and_then(Value::as_bool) == Some(true);
    let topic = small("/message_thread_id").filter(|_| in_topic);
    let ours = number("/reply_to_message/from/id") == Some(me.id);
    // In a topic everything replies to the message that opened it, which may have been ours.
    let replied = small("/reply_to_message/message_id").filter(|id| ours && Some(*id) != topic);
    Some(Said {
        place: Place { chat: number("/chat/id")?, topic },
        user: number("/from/id")?,
        name: message.pointer("/from/first_name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        message: small("/message_id")?,
        at_ms: number("/date")?.saturating_mul(1_000),
        words: words(message.get("text")?.as_str()?, replied, me)?,
    })
}

fn words(text: &str, replied: Option<i32>, me: &Me) -> Option<Words> {
    match (text.strip_prefix('/'), replied) {
        (Some(text), _) => command(text, me),
        (None, Some(to)) => Some(Words::Reply { to, text: text.to_owned() }),
        (None, None) => Some(Words::Text(text.to_owned())),
    }
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
