//! An update in the words that all customers' channels share. Customers are who writes to the bot in private: their chat's
//! id is theirs, and what happens in groups is not for them.

use serde_json::Value;
use teloxide_core::types::{ChatMemberUpdated, MediaKind, Message, MessageCommon, MessageKind, UpdateKind};

use super::updates::Update;
use crate::arrival::{Arrival, Said, What};

/// Attachments by their field, and what they are called here: how a message is read that teloxide cannot read.
const ATTACHMENTS: [(&str, &str); 7] = [
    ("animation", "video"),
    ("video", "video"),
    ("video_note", "video"),
    ("voice", "voice"),
    ("audio", "voice"),
    ("document", "file"),
    ("sticker", "sticker"),
];

impl Update {
    /// What a customer did; nothing where it is not about one.
    pub fn arrival(&self) -> Option<Arrival> {
        match self.typed().map(|update| update.kind) {
            Some(UpdateKind::Message(message)) => self.of_message(&message, false),
            Some(UpdateKind::EditedMessage(message)) => self.of_message(&message, true),
            Some(UpdateKind::MyChatMember(change)) => self.membership(&change),
            Some(UpdateKind::Error(_)) | None => self.unread(),
            Some(_) => None,
        }
    }

    fn of_message(&self, message: &Message, edited: bool) -> Option<Arrival> {
        if !message.chat.is_private() {
            return None;
        }
        let said = match &message.kind {
            MessageKind::Common(common) => Some(said(common)),
            MessageKind::Dice(_) => Some(words("other", "")),
            // Something in it is newer than teloxide, which leaves nothing of it then.
            MessageKind::Empty {} => return self.unread(),
            _ => None,
        };
        let (chat, name) = (message.chat.id.0, message.from.as_ref().map(|user| user.full_name()));
        let what = |id: &str| said.map_or(What::Nothing, |said| happened(id, said, edited));
        let at = message.edit_date().unwrap_or(&message.date).timestamp();
        Some(self.arrived(Whose { chat, message: message.id.0, name, at }, edited, what))
    }

    /// A message in which teloxide finds nothing: what people wrote is never lost, whatever else is in it.
    fn unread(&self) -> Option<Arrival> {
        let update = self.raw()?;
        let (message, edited) = match (update.get("message"), update.get("edited_message")) {
            (Some(message), _) => (message, false),
            (None, Some(message)) => (message, true),
            (None, None) => return None,
        };
        let number = |pointer: &str| message.pointer(pointer).and_then(Value::as_i64);
        if message.pointer("/chat/type").and_then(Value::as_str) != Some("private") {
            return None;
        }
        let name = message.pointer("/from/first_name").and_then(Value::as_str).map(str::to_owned);
        let id = i32::try_from(number("/message_id")?).ok()?;
        let at = number("/edit_date").or_else(|| number("/date"))?;
        let whose = Whose { chat: number("/chat/id")?, message: id, name, at };
        Some(self.arrived(whose, edited, |id| happened(id, said_by(message), edited)))
    }

    fn arrived(&self, whose: Whose, edited: bool, what: impl FnOnce(&str) -> What) -> Arrival {
        let Whose { chat, message, name, at } = whose;
        // Messages are numbered chat by chat: a number alone is many messages.
        let id = format!("{}:{chat}:{message}", self.bot);
        let what = what(&id);
        let id = if edited { Arrival::version_id(&id, &format!("{}@{at}", self.id)) } else { id };
        let customer = Some(chat.to_string());
        Arrival {
            id,
            customer,
            name,
            at_ms: at.saturating_mul(1_000),
            replies_until_ms: None,
            replies_left: None,
            what,
        }
    }

    /// Who blocks the bot ends the conversation; who comes back says so by writing.
    fn membership(&self, change: &ChatMemberUpdated) -> Option<Arrival> {
        if !change.chat.is_private() {
            return None;
        }
        let at = change.date.timestamp();
        let what = if change.new_chat_member.kind.is_present() { What::Nothing } else { What::SessionEnded };
        Some(Arrival {
            id: format!("{}:{}:member:{}@{at}", self.bot, change.chat.id.0, self.id),
            customer: Some(change.chat.id.0.to_string()),
            name: Some(change.from.full_name()),
            at_ms: at.saturating_mul(1_000),
            replies_until_ms: None,
            replies_left: None,
            what,
        })
    }
}

/// Whose message, and when.
struct Whose {
    chat: i64,
    message: i32,
    name: Option<String>,
    at: i64,
}

fn happened(id: &str, said: Said, edited: bool) -> What {
    let starts = said.kind == "text" && (said.text == "/start" || said.text.starts_with("/start "));
    match edited {
        // A live location is edited whenever somebody moves.
        true if said.kind == "location" => What::Nothing,
        true => What::Edited { id: id.to_owned(), text: said.text },
        false if starts => What::Entered { code: None },
        false => What::Said(said),
    }
}

fn said(common: &MessageCommon) -> Said {
    let with = |kind: &str, caption: &Option<String>, file: &str| {
        Said::of(kind, caption.clone().unwrap_or_default(), Some(file.to_owned()))
    };
    match &common.media_kind {
        MediaKind::Text(it) => Said::text(&*it.text),
        MediaKind::Photo(it) => {
            // The same picture in several sizes.
            let largest = it.photo.iter().max_by_key(|size| size.width.saturating_mul(size.height));
            Said::of("image", it.caption.clone().unwrap_or_default(), largest.map(|size| size.file.id.0.clone()))
        }
        MediaKind::Animation(it) => with("video", &it.caption, &it.animation.file.id.0),
        MediaKind::Video(it) => with("video", &it.caption, &it.video.file.id.0),
        MediaKind::VideoNote(it) => with("video", &None, &it.video_note.file.id.0),
        MediaKind::Voice(it) => with("voice", &it.caption, &it.voice.file.id.0),
        MediaKind::Audio(it) => with("voice", &it.caption, &it.audio.file.id.0),
        MediaKind::Document(it) => with("file", &it.caption, &it.document.file.id.0),
        MediaKind::Sticker(it) => with("sticker", &it.sticker.emoji, &it.sticker.file.id.0),
        MediaKind::Venue(it) => words("location", format!("{} {}", it.venue.title, it.venue.address)),
        MediaKind::Location(it) => words("location", format!("{}, {}", it.location.latitude, it.location.longitude)),
        MediaKind::Contact(it) => {
            words("business_card", format!("{} {}", it.contact.first_name, it.contact.phone_number))
        }
        MediaKind::Poll(it) => words("poll", it.poll.question.clone()),
        MediaKind::Game(_) | MediaKind::PaidMedia(_) | MediaKind::Story(_) | MediaKind::Checklist(_) => {
            words("other", "")
        }
        MediaKind::Migration(_) => words("other", ""),
    }
}

fn words(kind: &str, text: impl Into<String>) -> Said {
    Said::of(kind, text, None)
}

/// A message read from its JSON alone.
fn said_by(message: &Value) -> Said {
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    if let Some(text) = text("text") {
        return Said::text(text);
    }
    let caption = text("caption").unwrap_or_default();
    let id = |file: &Value| file.get("file_id").and_then(Value::as_str).map(str::to_owned);
    let photo = message.get("photo").and_then(Value::as_array).and_then(|sizes| sizes.last()).and_then(id);
    if photo.is_some() {
        return Said::of("image", caption, photo);
    }
    let file = ATTACHMENTS.iter().find_map(|(field, kind)| Some((kind, id(message.get(*field)?)?)));
    file.map_or_else(|| words("other", caption), |(kind, file)| Said::of(kind, caption, Some(file)))
}

#[cfg(test)]
#[path = "arrival_tests.rs"]
mod tests;
