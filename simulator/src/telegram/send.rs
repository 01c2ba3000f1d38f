//! Messages of bots.

use serde_json::Value;

use super::calls::{Answered, Refused};
use super::fields::{Fields, known};
use super::keyboard::{Markup, entities};
use super::room::{Attachment, Message, Room, Spot};
use super::world::World;

/// Longest text, in UTF-16 units: the strictest reading of "4096 characters".
const TEXT: usize = 4096;
const CAPTION: usize = 1024;
const PHOTO_BYTES: usize = 10 * 1024 * 1024;
const PREVIEW: [&str; 5] = ["is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text"];
const REPLY: [&str; 2] = ["message_id", "allow_sending_without_reply"];

pub(super) fn message(world: &mut World, bot: i64, fields: &Fields) -> Answered {
    let words = fields.text("text")?.unwrap_or_default().to_owned();
    let body = Body { entities: text_of(fields, &words)?, words, attachment: None };
    send(world, bot, fields, |_| Ok(body))
}

/// What a message of text says: not empty, not too long, with entities of its own.
pub(super) fn text_of(fields: &Fields, words: &str) -> Result<Value, Refused> {
    if words.trim().is_empty() {
        return Err(Refused::bad("message text is empty"));
    }
    if words.encode_utf16().count() > TEXT {
        return Err(Refused::bad("message is too long"));
    }
    if let Some(preview) = fields.json("link_preview_options")? {
        known(preview.as_object().ok_or_else(|| Refused::bad("object expected"))?.keys(), &PREVIEW)?;
    }
    entities(fields.json("entities")?, words)
}

pub(super) fn photo(world: &mut World, bot: i64, fields: &Fields) -> Answered {
    let words = fields.text("caption")?.unwrap_or_default().to_owned();
    if words.encode_utf16().count() > CAPTION {
        return Err(Refused::bad("message caption is too long"));
    }
    let entities = entities(fields.json("caption_entities")?, &words)?;
    send(world, bot, fields, |world| {
        let attachment = Some(picture(world, bot, fields)?);
        Ok(Body { words, entities, attachment })
    })
}

/// An upload, or the id of an earlier one.
fn picture(world: &mut World, bot: i64, fields: &Fields) -> Result<Attachment, Refused> {
    if let Some(bytes) = fields.files.get("photo") {
        if bytes.len() > PHOTO_BYTES {
            return Err(Refused::bad("file of size more than 10485760 bytes is too big for a photo"));
        }
        if !bytes.starts_with(b"\x89PNG") && !bytes.starts_with(b"\xff\xd8\xff") {
            return Err(Refused::bad("IMAGE_PROCESS_FAILED"));
        }
        let file_id = world.store(bot, "photo", bytes.clone());
        return Ok(Attachment { kind: "photo", name: None, file_id, bytes: bytes.len() });
    }
    let id = fields.text("photo")?.ok_or_else(|| Refused::bad("there is no photo in the request"))?;
    let file = world.files.iter().find(|file| file.bot == bot && file.id == id);
    let file = file.ok_or_else(|| Refused::bad("wrong file identifier/HTTP URL specified"))?;
    Ok(Attachment { kind: "photo", name: None, file_id: file.id.clone(), bytes: file.bytes.len() })
}

/// What a message says.
struct Body {
    words: String,
    entities: Value,
    attachment: Option<Attachment>,
}

fn send(
    world: &mut World,
    bot: i64,
    fields: &Fields,
    body: impl FnOnce(&mut World) -> Result<Body, Refused>,
) -> Answered {
    let chat = fields.int("chat_id")?.ok_or_else(|| Refused::bad("chat_id is empty"))?;
    let room = world.room(bot, chat)?;
    let topic = topic(world, room, fields.int("message_thread_id")?)?;
    let markup = Markup::read(fields.json("reply_markup")?.as_ref())?;
    let reply_to = reply_to(world, room, fields)?;
    let Body { words: text, entities, attachment } = body(world)?;
    world.admit(bot, room)?;
    let Markup { keyboard, prompt } = markup;
    let id = world.write(Message {
        at_ms: world.now(),
        spot: Spot { room, topic },
        id: 0,
        from: bot,
        by_bot: true,
        text,
        entities,
        keyboard,
        attachment,
        reply_to,
        prompt,
        edits: Vec::new(),
    });
    world.message(room, id).map(|message| world.shown(message)).ok_or_else(|| Refused::numbered(500))
}

fn topic(world: &World, room: Room, topic: Option<i64>) -> Result<Option<i64>, Refused> {
    let Some(topic) = topic else { return Ok(None) };
    let known = world.groups.get(&room.chat_id()).is_some_and(|group| group.topics.contains(&topic));
    if known { Ok(Some(topic)) } else { Err(Refused::bad("message thread not found")) }
}

fn reply_to(world: &World, room: Room, fields: &Fields) -> Result<Option<i64>, Refused> {
    let Some(reply) = fields.json("reply_parameters")? else { return Ok(None) };
    let map = super::fields::object(&reply, &REPLY)?;
    let id = map.get("message_id").and_then(Value::as_i64).unwrap_or(0);
    let without = map.get("allow_sending_without_reply").and_then(Value::as_bool).unwrap_or(false);
    match world.message(room, id) {
        Some(_) => Ok(Some(id)),
        None if without => Ok(None),
        None => Err(Refused::bad("message to be replied not found")),
    }
}
