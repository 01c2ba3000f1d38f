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
    /// They sent a file.
    Sent(Document),
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

/// A file that a person sent for us: in private, or in a group as a reply to the bot or under a command.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Where.
    pub place: Place,
    /// Who.
    pub user: i64,
    /// Their message.
    pub message: i32,
    /// What [`Bot::download`](super::Bot::download) takes.
    pub file_id: String,
    /// Its name as it was sent: untrusted.
    pub name: Option<String>,
    /// Its size in bytes, where Telegram says it.
    pub bytes: Option<u64>,
}

impl std::fmt::Debug for Document {
    /// Without its name and what it is fetched by.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, user, message, .. } = self;
        let mut document = f.debug_struct("Document");
        document.field("place", place).field("user", user).field("message", message).finish_non_exhaustive()
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
    /// What a person did on the reviewers' side; nothing where it is no press, no text and no file, or not for us. What they
    /// wrote is read from the JSON: a `/pause` must be heard, however new the rest of the message is to teloxide.
    pub fn heard(&self, me: &Me) -> Option<Heard> {
        match self.typed().map(|update| update.kind) {
            Some(UpdateKind::CallbackQuery(query)) => pressed(query).map(Heard::Pressed),
            _ => from_person(self.raw()?.get("message")?, me),
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

/// What a person's message says, or the file it brings.
fn from_person(message: &Value, me: &Me) -> Option<Heard> {
    let head = Head::read(message, me)?;
    match message.get("text") {
        Some(text) => said(message, words(text.as_str()?, head.replied, me)?, head).map(Heard::Said),
        None => sent(message, head, me).map(Heard::Sent),
    }
}

/// Where a person's message stands, whose it is, and which message of ours it replies to.
struct Head {
    place: Place,
    user: i64,
    message: i32,
    replied: Option<i32>,
}

impl Head {
    fn read(message: &Value, me: &Me) -> Option<Self> {
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
        let place = Place { chat: number("/chat/id")?, topic };
        Some(Self { place, user: number("/from/id")?, message: small("/message_id")?, replied })
    }
}

fn said(message: &Value, words: Words, head: Head) -> Option<Said> {
    let name = message.pointer("/from/first_name").and_then(Value::as_str).unwrap_or_default();
    Some(Said {
        place: head.place,
        user: head.user,
        name: name.to_owned(),
        message: head.message,
        at_ms: message.get("date")?.as_i64()?.saturating_mul(1_000),
        words,
    })
}

/// The file of a message, where it is for us.
fn sent(message: &Value, head: Head, me: &Me) -> Option<Document> {
    // What moves is a document too, for those who know nothing better.
    let document = message.get("document").filter(|_| message.get("animation").is_none())?;
    let caption = message.get("caption").and_then(Value::as_str).unwrap_or_default();
    let private = message.pointer("/chat/type").and_then(Value::as_str) == Some("private");
    if !private && matches!(words(caption, head.replied, me)?, Words::Text(_)) {
        return None;
    }
    Some(Document {
        place: head.place,
        user: head.user,
        message: head.message,
        file_id: document.get("file_id")?.as_str()?.to_owned(),
        name: document.get("file_name").and_then(Value::as_str).map(str::to_owned),
        bytes: document.get("file_size").and_then(Value::as_u64),
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
