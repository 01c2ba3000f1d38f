//! Passive replies (wecom 90241): what the answer to a callback changes, for the member who caused it and nobody else.

use serde_json::Value;

use super::update::{Change, apply};
use super::{Item, ItemKind};
use crate::body::cut_bytes;
use crate::card::{self, Purpose, passive};
use crate::errcode::Errcode;
use crate::world::World;
use crate::xml::{Element, parse};

/// What became of the answer to a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The body was empty or `success`: received, nothing to show.
    Empty,
    /// It was shown to the member.
    Shown,
    /// It could not be opened or read; WeCom ignores it.
    Unreadable,
    /// Its content is not allowed here; WeCom ignores it.
    Refused(Errcode),
}

/// Who caused the callback, and by which card.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) userid: String,
    /// The message whose card was tapped.
    pub(crate) msgid: Option<String>,
}

/// Applies an opened passive reply.
pub(crate) fn apply_reply(world: &mut World, cause: Option<&Cause>, plain: &str) -> Reply {
    let Some(root) = parse(plain) else { return Reply::Unreadable };
    let Some(cause) = cause else { return Reply::Refused(Errcode::MESSAGE_TYPE) };
    match (root.field("MsgType"), &cause.msgid) {
        (Some("text"), _) => say(world, cause, &root),
        (Some("update_button"), Some(msgid)) => close(world, cause, msgid, &root),
        (Some("update_template_card"), Some(msgid)) => replace(world, cause, msgid, &root),
        _ => Reply::Refused(Errcode::MESSAGE_TYPE),
    }
}

fn say(world: &mut World, cause: &Cause, root: &Element) -> Reply {
    let content = root.child("Content").map(|content| content.text.as_str()).unwrap_or_default();
    if content.is_empty() {
        return Reply::Refused(Errcode::TEXT_EMPTY);
    }
    let text = cut_bytes(content, 2048).to_owned();
    add_item(world, &cause.userid, ItemKind::Text, text);
    Reply::Shown
}

/// Puts words into a member's chat.
pub(crate) fn add_item(world: &mut World, userid: &str, kind: ItemKind, text: String) {
    let (id, at_ms) = (world.number(), world.now());
    let msgid = String::new();
    let item =
        Item { id, msgid, at_ms, kind, text, media_id: None, card: None, task_id: None, tapped: false, caption: None };
    if let Some(member) = world.app.member_mut(userid) {
        member.items.push(item);
    }
}

fn close(world: &mut World, cause: &Cause, msgid: &str, root: &Element) -> Reply {
    let caption = root.child("Button").and_then(|button| button.field("ReplaceName")).filter(|name| !name.is_empty());
    let Some(caption) = caption else { return Reply::Refused(Errcode::BUTTON_TEXT) };
    apply(world, &cause.userid, msgid, &Change::Close(caption.to_owned()));
    Reply::Shown
}

fn replace(world: &mut World, cause: &Cause, msgid: &str, root: &Element) -> Reply {
    let card = root.child("TemplateCard").map_or(Value::Null, passive::card_of);
    match card::validate(&card, Purpose::Update) {
        Err(code) => Reply::Refused(code),
        Ok(()) => {
            apply(world, &cause.userid, msgid, &Change::Card(card));
            Reply::Shown
        }
    }
}
