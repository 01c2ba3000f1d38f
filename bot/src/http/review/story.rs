//! What was said in the conversation, and what the record tells about the case.

use cards::RejectReason;
use serde::Serialize;
use serde_json::Value;

use super::media;
use super::page::{moment, say};
use crate::case::Refusal;
use crate::evidence::{Actor, Kind};
use crate::store::conversations::{Author, Message};
use crate::store::record::Told;
use crate::view::{View, local};

/// One message of the conversation.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    side: Author,
    who: String,
    at: String,
    text: String,
    recalled: bool,
    media: Option<Media>,
}

/// An attachment.
#[derive(Debug, Serialize)]
pub(super) struct Media {
    label: String,
    sha256: Option<String>,
    /// It is being fetched from the platform.
    coming: bool,
    picture: bool,
}

/// One entry of the record.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    at: String,
    who: String,
    what: String,
    detail: String,
}

/// The customer's messages nobody answered; the newest one when all are answered.
pub(super) fn asked(view: &View) -> Vec<Said> {
    let theirs: Vec<&Message> = view.messages.iter().filter(|m| m.author() == Author::Customer).collect();
    let open: Vec<&Message> = theirs.iter().copied().filter(|m| !m.answered).collect();
    let shown = if open.is_empty() { theirs.last().copied().into_iter().collect() } else { open };
    shown.into_iter().map(|m| said(view, m)).collect()
}

/// The newest messages of the conversation, oldest first.
pub(super) fn history(view: &View) -> Vec<Said> {
    view.messages.iter().map(|m| said(view, m)).collect()
}

fn said(view: &View, message: &Message) -> Said {
    let who = match message.author() {
        Author::Customer => "from_customer",
        Author::Shop => "from_shop",
        Author::Servicer => "from_servicer",
    };
    Said {
        side: message.author(),
        who: say(view.words(), who, &[]),
        at: moment(view, message.at),
        text: if message.recalled { String::new() } else { message.body.clone() },
        recalled: message.recalled,
        media: (message.kind != "text" && !message.recalled).then(|| attachment(view, message)),
    }
}

fn attachment(view: &View, message: &Message) -> Media {
    let named = ["page.kind_", &message.kind].concat();
    let words = view.words();
    Media {
        label: if words.has(&named) { words.text(&named, &[]) } else { message.kind.clone() },
        sha256: message.media_sha256.clone(),
        coming: message.media_id.is_some() && message.media_sha256.is_none(),
        picture: message.media_type.as_deref().is_some_and(|t| media::shown_type(t).is_some()),
    }
}

/// An entry in words; none for those about our own housekeeping.
pub(super) fn entry(view: &View, told: &Told) -> Option<Entry> {
    let words = view.words();
    let key = ["record", told.kind.as_str()].join(".");
    if !words.has(&key) {
        return None;
    }
    let detail = match &told.payload {
        Some(payload) => detail(view, told.kind, payload),
        None => say(words, "erased", &[]),
    };
    let at = local(told.at_ms, &view.desk.desk.desk.timezone, "%m-%d %H:%M:%S");
    Some(Entry { at, who: actor(view, &told.actor), what: words.text(&key, &[]), detail })
}

fn actor(view: &View, actor: &Actor) -> String {
    let words = view.words();
    match actor {
        Actor::System => words.text("actor.system", &[]),
        Actor::Customer => words.text("author.customer", &[]),
        Actor::Person(id) => view.desk.desk.name_of(id).to_owned(),
        Actor::Policy(_) => words.text("actor.policy", &[]),
    }
}

fn detail(view: &View, kind: Kind, payload: &Value) -> String {
    let words = view.words();
    match kind {
        Kind::CustomerSaid | Kind::NoticeSent => text(&payload["text"]),
        Kind::Drafted if payload["failed"].is_string() => text(&payload["failed"]),
        Kind::Drafted => joined(&payload["parts"]),
        Kind::CardPosted => view.desk.desk.name_of(&text(&payload["person"])).to_owned(),
        Kind::Decided => format!("{} 〔{}〕", joined(&payload["parts"]), text(&payload["code"])),
        Kind::Edited if payload["hint"].is_string() => {
            text(&payload["hint"]).parse::<cards::Hint>().map(|hint| hint.label(words)).unwrap_or_default()
        }
        Kind::Edited => format!("{} → {}", joined(&payload["before"]), joined(&payload["after"])),
        Kind::Rejected => rejection(view, &payload["rejection"]),
        Kind::Refused => refusal(view, &payload["refusal"]),
        Kind::SendSettled => words.text(&format!("result.{}", text(&payload["result"]["result"])), &[]),
        _ => String::new(),
    }
}

fn rejection(view: &View, rejection: &Value) -> String {
    let reason = text(&rejection["reason"]).parse::<RejectReason>();
    let reason = reason.map(|reason| reason.label(view.words())).unwrap_or_default();
    match text(&rejection["note"]) {
        note if note.is_empty() => reason,
        note => format!("{reason} {note}"),
    }
}

/// Why nothing was done: kept as data, or as the key of what the person was told.
fn refusal(view: &View, refused: &Value) -> String {
    let number = view.case.number;
    match (refused.as_str(), serde_json::from_value::<Refusal>(refused.clone())) {
        (Some(key), _) => view.words().text(key, &[("number", &number.to_string())]),
        (None, Ok(refusal)) => refusal.say(number).in_words(view.words(), &view.desk.desk),
        (None, Err(_)) => String::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn joined(parts: &Value) -> String {
    let parts = parts.as_array().map(Vec::as_slice).unwrap_or_default();
    parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" / ")
}
