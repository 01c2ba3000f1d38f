//! `message/send` and `message/recall` (wecom 90236, 94867).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Item, ItemKind, Sent, title_of};
use crate::api::{Answer, Answered, Request};
use crate::body::{Fields, cut_bytes};
use crate::card::{self, CardType, Purpose, cut};
use crate::clock::{DAY_MS, SECOND_MS};
use crate::errcode::Errcode;
use crate::media::{self, MediaKind};
use crate::settings::DuplicateAnswer;
use crate::world::World;

/// Text and markdown above this are cut.
const TEXT_BYTES: usize = 2048;
const USERID_BYTES: usize = 64;
/// The silent drop: messages per member per minute and per hour.
const PER_MINUTE: usize = 30;
const PER_HOUR: usize = 1000;

const ENVELOPE: [&str; 14] = [
    "touser",
    "toparty",
    "totag",
    "msgtype",
    "agentid",
    "safe",
    "enable_id_trans",
    "enable_duplicate_check",
    "duplicate_check_interval",
    "text",
    "markdown",
    "image",
    "file",
    "template_card",
];

/// What the duplicate check remembers: the exact body, until when, and what it was answered.
pub(crate) type Duplicates = BTreeMap<String, (i64, Value)>;

/// One message, checked.
struct Message {
    kind: ItemKind,
    text: String,
    media_id: Option<String>,
    card: Option<Value>,
    task_id: Option<String>,
}

/// `message/send`.
pub(crate) fn send(world: &mut World, request: &Request) -> Answered {
    let envelope = Fields::new(&request.body, &ENVELOPE)?;
    check_agent(world, &envelope)?;
    envelope.int_in("safe", 0..=1, 0)?;
    envelope.int_in("enable_id_trans", 0..=1, 0)?;
    let checks_duplicates = envelope.int_in("enable_duplicate_check", 0..=1, 0)? == 1;
    let interval = envelope.int_in("duplicate_check_interval", 1..=14_400, 1_800)?;
    if checks_duplicates && let Some(answer) = duplicate(world, &request.body) {
        return Ok(Answer::Json(answer));
    }
    let (valid, invalid) = recipients(world, &envelope)?;
    let message = read_message(world, &envelope)?;
    let answer = deliver(world, &request.body, message, valid, &invalid);
    if checks_duplicates {
        let until = world.now() + interval * SECOND_MS;
        world.app.duplicates.insert(request.body.to_string(), (until, answer.clone()));
    }
    Ok(Answer::Json(answer))
}

/// 40056 without a number, 301002 for another app's.
pub(crate) fn check_agent(world: &World, fields: &Fields<'_>) -> Result<(), Errcode> {
    let agent = fields.get("agentid").and_then(Value::as_i64).ok_or(Errcode::AGENT_ID)?;
    if agent == world.settings.agent_id { Ok(()) } else { Err(Errcode::NOT_OF_TOKEN) }
}

fn duplicate(world: &World, body: &Value) -> Option<Value> {
    let (until, answer) = world.app.duplicates.get(&body.to_string())?;
    let fresh = *until > world.now();
    fresh.then(|| match world.settings.switches.duplicate_answer {
        DuplicateAnswer::Repeated => answer.clone(),
        DuplicateAnswer::Bare => json!({}),
    })
}

/// The members that exist (as they write their ids) and the names that do not.
fn recipients(world: &World, envelope: &Fields<'_>) -> Result<(Vec<String>, Vec<String>), Errcode> {
    let users = envelope.text("touser")?.unwrap_or_default();
    let elsewhere = [envelope.text("toparty")?, envelope.text("totag")?].into_iter().flatten().any(|to| !to.is_empty());
    if users.is_empty() {
        // The simulated corporation has neither departments nor tags.
        return Err(if elsewhere { Errcode::ALL_INVALID } else { Errcode::NO_RECIPIENT });
    }
    if users == "@all" {
        return Ok((world.app.members().map(|member| member.userid.clone()).collect(), Vec::new()));
    }
    let names: Vec<&str> = users.split('|').filter(|name| !name.is_empty()).collect();
    if names.len() > 1_000 {
        return Err(Errcode::MANY_USERS);
    }
    if names.iter().any(|name| name.len() > USERID_BYTES) {
        return Err(Errcode::PARAMETER);
    }
    let (valid, invalid) = split_members(world, &names);
    if valid.is_empty() { Err(Errcode::ALL_INVALID) } else { Ok((valid, invalid)) }
}

/// The members among `names`, once each, and the other names in lower case.
pub(crate) fn split_members(world: &World, names: &[&str]) -> (Vec<String>, Vec<String>) {
    let (mut valid, mut invalid) = (Vec::new(), Vec::new());
    for name in names {
        let (list, entry) = match world.app.member(name) {
            Some(member) => (&mut valid, member.userid.clone()),
            None => (&mut invalid, name.to_lowercase()),
        };
        if !list.contains(&entry) {
            list.push(entry);
        }
    }
    (valid, invalid)
}

fn read_message(world: &World, envelope: &Fields<'_>) -> Result<Message, Errcode> {
    let kind = match envelope.text("msgtype")? {
        Some("text") => ItemKind::Text,
        Some("markdown") => ItemKind::Markdown,
        Some("image") => ItemKind::Image,
        Some("file") => ItemKind::File,
        Some("template_card") => ItemKind::Card,
        _ => return Err(Errcode::MESSAGE_TYPE),
    };
    one_payload(envelope, kind)?;
    match kind {
        ItemKind::Text => words(envelope, "text", kind),
        ItemKind::Markdown => words(envelope, "markdown", kind),
        ItemKind::Image => medium(world, envelope, "image", MediaKind::Image, kind),
        ItemKind::File => medium(world, envelope, "file", MediaKind::File, kind),
        ItemKind::Card | ItemKind::Own => template_card(world, envelope),
    }
}

/// A body carries the object of its own `msgtype` and no other.
fn one_payload(envelope: &Fields<'_>, kind: ItemKind) -> Result<(), Errcode> {
    let mine = if kind == ItemKind::Card { "template_card" } else { kind.name() };
    let others = ["text", "markdown", "image", "file", "template_card"].into_iter().filter(|name| *name != mine);
    let alone = others.into_iter().all(|name| envelope.get(name).is_none());
    if alone { Ok(()) } else { Err(Errcode::PARAMETER) }
}

fn words(envelope: &Fields<'_>, name: &str, kind: ItemKind) -> Result<Message, Errcode> {
    let object = envelope.object(name, &["content"])?.ok_or(Errcode::TEXT_EMPTY)?;
    let content = object.required("content", Errcode::TEXT_EMPTY)?;
    let text = cut_bytes(content, TEXT_BYTES).to_owned();
    Ok(Message { kind, text, media_id: None, card: None, task_id: None })
}

fn medium(
    world: &World,
    envelope: &Fields<'_>,
    name: &str,
    media: MediaKind,
    kind: ItemKind,
) -> Result<Message, Errcode> {
    let object = envelope.object(name, &["media_id"])?.ok_or(Errcode::MEDIA_ID)?;
    let id = object.required("media_id", Errcode::MEDIA_ID)?;
    media::check(world, id, media)?;
    let text = world.media.get(id).map(|medium| medium.filename.clone()).unwrap_or_default();
    Ok(Message { kind, text, media_id: Some(id.to_owned()), card: None, task_id: None })
}

fn template_card(world: &World, envelope: &Fields<'_>) -> Result<Message, Errcode> {
    let card = envelope.get("template_card").ok_or(Errcode::CARD_TYPE)?;
    card::validate(card, Purpose::Send)?;
    check_attachments(world, card)?;
    if card::calls_back(card) && world.callback_url.is_none() {
        return Err(Errcode::NO_CALLBACK);
    }
    let task_id = card.get("task_id").and_then(Value::as_str).map(str::to_owned);
    if task_id.as_ref().is_some_and(|id| world.app.task_id_used(id)) {
        return Err(Errcode::TASK_ID);
    }
    Ok(Message { kind: ItemKind::Card, text: title_of(card), media_id: None, card: Some(card.clone()), task_id })
}

/// Attachment rows name living files, member rows existing members.
pub(crate) fn check_attachments(world: &World, card: &Value) -> Result<(), Errcode> {
    let rows = card.get("horizontal_content_list").and_then(Value::as_array).into_iter().flatten();
    for row in rows {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
        match row.get("type").and_then(Value::as_i64) {
            Some(2) => media::check(world, text("media_id"), MediaKind::File).map_err(|_| Errcode::CARD_MEDIA_ID)?,
            Some(3) if world.app.member(text("userid")).is_none() => return Err(Errcode::CARD_USERID),
            _ => {}
        }
    }
    Ok(())
}

fn deliver(world: &mut World, body: &Value, message: Message, valid: Vec<String>, invalid: &[String]) -> Value {
    let msgid = world.id("msg-");
    let now = world.now();
    let mut dropped = Vec::new();
    for userid in &valid {
        let id = world.number();
        let Some(member) = world.app.member_mut(userid) else { continue };
        if member.received.admit(now, PER_MINUTE, PER_HOUR) {
            member.items.push(item(id, &msgid, now, &message));
        } else {
            dropped.push(userid.to_lowercase());
        }
    }
    let recipients = valid.iter().map(|userid| userid.to_lowercase()).collect();
    let calls_back = message.card.as_ref().is_some_and(card::calls_back);
    let task_id = message.task_id;
    world.app.keep_sent(Sent { msgid: msgid.clone(), at_ms: now, body: body.clone(), task_id, recipients, dropped });
    let mut answer = json!({"msgid": msgid});
    if calls_back {
        let code = world.rng.hex();
        world.app.add_code(code.clone(), &msgid, now);
        answer["response_code"] = code.into();
    }
    let with_empty = !world.settings.switches.empty_lists_absent;
    if with_empty || !invalid.is_empty() {
        answer["invaliduser"] = invalid.join("|").into();
    }
    if with_empty {
        ["invalidparty", "invalidtag", "unlicenseduser"].into_iter().for_each(|name| answer[name] = "".into());
    }
    answer
}

fn item(id: u64, msgid: &str, now: i64, message: &Message) -> Item {
    Item {
        id,
        msgid: msgid.to_owned(),
        at_ms: now,
        kind: message.kind,
        text: message.text.clone(),
        media_id: message.media_id.clone(),
        card: message.card.as_ref().map(cut::shown),
        task_id: message.task_id.clone(),
        tapped: false,
        caption: None,
    }
}

/// `message/recall`: 24 hours, from every phone.
pub(crate) fn recall(world: &mut World, request: &Request) -> Answered {
    let msgid = Fields::new(&request.body, &["msgid"])?.required("msgid", Errcode::PARAMETER)?;
    let at_ms = world.app.sent(msgid).ok_or(Errcode::PARAMETER)?.at_ms;
    if at_ms + DAY_MS < world.now() {
        return Err(Errcode::RECALL_LATE);
    }
    world.app.recall(msgid);
    Ok(Answer::Json(json!({})))
}

/// Whether the message's card, as it was sent, can be updated at all.
pub(crate) fn updatable(sent: &Sent) -> bool {
    sent.body.get("template_card").is_some_and(card::calls_back)
}

/// Whether the message's card, as it was sent, has buttons to grey out.
pub(crate) fn has_buttons(sent: &Sent) -> bool {
    sent.body.get("template_card").and_then(CardType::of).is_some_and(CardType::interactive)
}
