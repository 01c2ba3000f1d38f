//! Changes of bots' messages, and answers to presses.

use serde_json::Value;

use super::calls::{Answered, Refused};
use super::fields::Fields;
use super::keyboard::Markup;
use super::room::Edit;
use super::send::text_of;
use super::world::{PressAnswer, World};
use crate::clock::MINUTE_MS;

/// How long a press may be answered; Telegram does not say, and this is the strict side of it.
const PRESS_MS: i64 = MINUTE_MS;
/// Longest answer to a press, in UTF-16 units.
const ANSWER: usize = 200;

pub(super) fn text(world: &mut World, bot: i64, fields: &Fields) -> Answered {
    let words = fields.text("text")?.unwrap_or_default().to_owned();
    let entities = text_of(fields, &words)?;
    let markup = Markup::read(fields.json("reply_markup")?.as_ref())?;
    if markup.prompt {
        return Err(Refused::bad("inline keyboard expected"));
    }
    let chat = fields.int("chat_id")?.ok_or_else(|| Refused::bad("chat_id is empty"))?;
    let room = world.room(bot, chat)?;
    let id = fields.int("message_id")?.unwrap_or(0);
    let now = world.now();
    let message = world.message_mut(room, id).ok_or_else(|| Refused::bad("message to edit not found"))?;
    if message.from != bot || message.prompt {
        return Err(Refused::bad("message can't be edited"));
    }
    if message.attachment.is_some() {
        return Err(Refused::bad("there is no text in the message to edit"));
    }
    if (&message.text, &message.entities, &message.keyboard) == (&words, &entities, &markup.keyboard) {
        return Err(Refused::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a current \
             content and reply markup of the message",
        ));
    }
    let keyboard = std::mem::replace(&mut message.keyboard, markup.keyboard);
    let text = std::mem::replace(&mut message.text, words);
    message.entities = entities;
    message.edits.push(Edit { at_ms: now, text, keyboard });
    world.message(room, id).map(|message| world.shown(message)).ok_or_else(|| Refused::numbered(500))
}

pub(super) fn answer(world: &mut World, bot: i64, fields: &Fields) -> Answered {
    let text = fields.text("text")?.unwrap_or_default().to_owned();
    if text.encode_utf16().count() > ANSWER {
        return Err(Refused::bad("MESSAGE_TOO_LONG"));
    }
    let (alert, now) = (fields.flag("show_alert")?, world.now());
    let id = fields.text("callback_query_id")?.unwrap_or_default();
    let query = world.presses.get_mut(id).filter(|query| query.bot == bot && query.at_ms + PRESS_MS > now);
    let too_old = || Refused::bad("query is too old and response timeout expired or query ID is invalid");
    query.ok_or_else(too_old)?.answer.get_or_insert(PressAnswer { text, alert });
    Ok(Value::Bool(true))
}
