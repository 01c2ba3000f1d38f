//! What the bot says: replies, welcomes, changes of cards, pushes (wecom 101031, 101463).

use std::collections::BTreeSet;

use serde_json::Value;

use super::card::{self, Posted};
use super::world::{Heard, Kind, Stream, World};
use crate::body::Fields;
use crate::card::Purpose;
use crate::clock::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::errcode::Errcode;

/// How long a tap and an entry may be answered.
const WINDOW_MS: i64 = 5 * SECOND_MS;
/// How long a message may be replied to.
const REPLY_MS: i64 = 24 * HOUR_MS;
/// How long a stream may go on after its first frame.
const STREAM_MS: i64 = 6 * MINUTE_MS;
/// Bytes of a text, of markdown, and of a stream.
const TEXT_BYTES: usize = 20_480;
const FEEDBACK_BYTES: usize = 256;

impl World {
    /// `aibot_send_msg`
    pub(super) fn push(&mut self, body: &Value) -> Result<Value, Errcode> {
        let fields = message(body, &["chatid", "chat_type"])?;
        let chatid = fields.required("chatid", Errcode::CHAT_ID)?;
        let group = *self.chats.get(chatid).ok_or(Errcode::CHAT_ID)?;
        let wanted = if group { 2 } else { 1 };
        if ![0, wanted].contains(&fields.int_in("chat_type", 0..=2, 0)?) {
            return Err(Errcode::CHAT_ID);
        }
        self.say(&fields, chatid)
    }

    /// `aibot_respond_msg`
    pub(super) fn respond(&mut self, connection: u64, req_id: &str, body: &Value) -> Result<Value, Errcode> {
        let chatid = self.answerable(connection, req_id, &Kind::Message, REPLY_MS)?.chatid.clone();
        if body["msgtype"] == "stream" {
            return self.stream(req_id, &chatid, body);
        }
        let fields = message(body, &[])?;
        self.say(&fields, &chatid)
    }

    /// `aibot_respond_welcome_msg`
    pub(super) fn welcome(&mut self, connection: u64, req_id: &str, body: &Value) -> Result<Value, Errcode> {
        let chatid = self.answerable(connection, req_id, &Kind::Entry, WINDOW_MS)?.chatid.clone();
        let fields = Fields::new(body, &["msgtype", "text", "template_card"])?;
        match fields.required("msgtype", Errcode::MESSAGE_TYPE)? {
            "text" => {
                content(&fields, "text")?;
                self.count(&chatid)?;
            }
            "template_card" => drop(self.say(&fields, &chatid)?),
            _ => return Err(Errcode::MESSAGE_TYPE),
        }
        self.spend(req_id);
        Ok(Value::Null)
    }

    /// `aibot_respond_update_msg`
    pub(super) fn update(&mut self, connection: u64, req_id: &str, body: &Value) -> Result<Value, Errcode> {
        let tap = Kind::Tap(String::new());
        let Kind::Tap(task_id) = self.answerable(connection, req_id, &tap, WINDOW_MS)?.kind.clone() else {
            return Err(Errcode::REQ_ID);
        };
        let fields = Fields::new(body, &["response_type", "userids", "template_card"])?;
        if fields.required("response_type", Errcode::PARAMETER)? != "update_template_card" {
            return Err(Errcode::PARAMETER);
        }
        let card = fields.get("template_card").ok_or(Errcode::PARAMETER)?;
        if card.get("task_id").and_then(Value::as_str) != Some(&task_id) {
            return Err(Errcode::TASK_ID);
        }
        card::validate(card, Purpose::Update)?;
        let userids: BTreeSet<String> = fields.texts("userids")?.into_iter().map(str::to_owned).collect();
        let posted = self.cards.get_mut(&task_id).ok_or(Errcode::TASK_ID)?;
        posted.change(card.clone(), if userids.is_empty() { None } else { Some(userids) });
        self.spend(req_id);
        Ok(Value::Null)
    }

    /// What a member did, where the present connection may still answer it in this way.
    fn answerable(&self, connection: u64, req_id: &str, kind: &Kind, within_ms: i64) -> Result<&Heard, Errcode> {
        let heard = self.heard.get(req_id).ok_or(Errcode::REQ_ID)?;
        let fits = std::mem::discriminant(&heard.kind) == std::mem::discriminant(kind);
        let open = fits && heard.connection == connection && !heard.answered && self.now() - heard.at_ms <= within_ms;
        if open { Ok(heard) } else { Err(Errcode::REQ_ID) }
    }

    /// What may be answered once was answered.
    fn spend(&mut self, req_id: &str) {
        if let Some(heard) = self.heard.get_mut(req_id) {
            heard.answered = true;
        }
    }

    /// A whole message into a chat.
    fn say(&mut self, fields: &Fields<'_>, chatid: &str) -> Result<Value, Errcode> {
        let kind = fields.required("msgtype", Errcode::MESSAGE_TYPE)?;
        let card = match kind {
            "markdown" => {
                content(fields, "markdown")?;
                None
            }
            "template_card" => Some(self.new_card(fields)?),
            "image" | "voice" | "video" | "file" => {
                let known = if kind == "video" { &["media_id", "title", "description"][..] } else { &["media_id"][..] };
                let media = fields.object(kind, known)?.ok_or(Errcode::MEDIA_ID_MISSING)?;
                self.uploads.usable(kind, media.required("media_id", Errcode::MEDIA_ID_MISSING)?, self.now())?;
                None
            }
            _ => return Err(Errcode::MESSAGE_TYPE),
        };
        self.count(chatid)?;
        if let Some(card) = card {
            let task_id = card.get("task_id").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.cards.insert(task_id, Posted::new(chatid, card));
        }
        Ok(Value::Null)
    }

    fn new_card(&self, fields: &Fields<'_>) -> Result<Value, Errcode> {
        let card = fields.get("template_card").ok_or(Errcode::PARAMETER)?;
        card::validate(card, Purpose::Send)?;
        let task_id = card.get("task_id").and_then(Value::as_str);
        if task_id.is_some_and(|id| self.cards.contains_key(id)) {
            return Err(Errcode::TASK_ID);
        }
        Ok(card.clone())
    }

    fn stream(&mut self, req_id: &str, chatid: &str, body: &Value) -> Result<Value, Errcode> {
        let fields = Fields::new(body, &["msgtype", "stream"])?;
        let frame = fields.object("stream", &["id", "finish", "content", "feedback"])?.ok_or(Errcode::PARAMETER)?;
        let id = frame.required("id", Errcode::PARAMETER)?.to_owned();
        let finished = frame.flag("finish")?.unwrap_or(false);
        let content = frame.text("content")?.unwrap_or_default().to_owned();
        if content.len() > TEXT_BYTES {
            return Err(Errcode::TEXT_LONG);
        }
        let asks = frame.object("feedback", &["id"])?;
        if let Some(feedback) = &asks {
            bounded_feedback(feedback)?;
        }
        let now = self.now();
        let Some(heard) = self.heard.get_mut(req_id) else { return Err(Errcode::REQ_ID) };
        match &mut heard.stream {
            Some(stream) => {
                if stream.id != id || asks.is_some() {
                    return Err(Errcode::PARAMETER);
                }
                if stream.finished || now - stream.began_ms > STREAM_MS {
                    return Err(Errcode::STREAM_OVER);
                }
                (stream.content, stream.finished) = (content, finished);
            }
            None => {
                self.count(chatid)?;
                if let Some(heard) = self.heard.get_mut(req_id) {
                    heard.stream = Some(Stream { id, began_ms: now, content, finished });
                }
            }
        }
        Ok(Value::Null)
    }
}

/// The fields of a message that is no stream.
fn message<'a>(body: &'a Value, more: &[&str]) -> Result<Fields<'a>, Errcode> {
    let mut known = vec!["msgtype", "markdown", "template_card", "image", "voice", "video", "file", "text"];
    known.extend_from_slice(more);
    Fields::new(body, &known)
}

fn content(fields: &Fields<'_>, name: &str) -> Result<(), Errcode> {
    let inner = fields.object(name, &["content", "feedback"])?.ok_or(Errcode::PARAMETER)?;
    if let Some(feedback) = inner.object("feedback", &["id"])? {
        bounded_feedback(&feedback)?;
    }
    let text = inner.required("content", Errcode::TEXT_EMPTY)?;
    if text.len() <= TEXT_BYTES { Ok(()) } else { Err(Errcode::TEXT_LONG) }
}

fn bounded_feedback(feedback: &Fields<'_>) -> Result<(), Errcode> {
    let id = feedback.required("id", Errcode::PARAMETER)?;
    if id.len() <= FEEDBACK_BYTES { Ok(()) } else { Err(Errcode::PARAMETER) }
}
