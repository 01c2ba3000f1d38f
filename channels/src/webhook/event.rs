//! What an integrator tells us: `{"type", "timestamp", "data"}`. Unknown fields are passed over; what is missing or cannot
//! be understood is named in the answer, because whoever sends it can mend it.

use chrono::DateTime;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::arrival::{Arrival, Said, Thread, What};

/// Longest text of a customer's message, in bytes: more than any chat takes.
const TEXT: usize = 32 * 1024;
/// Longest id, in bytes.
const ID: usize = 256;
/// Attachments of one message at most.
const ATTACHMENTS: usize = 20;
/// Longest address of an attachment, in bytes.
const URL: usize = 2 * 1024;
/// Most messages that an integrator can say it still takes.
const MESSAGES: i64 = 1_000;
/// What an attachment can be; anything else is a file.
const KINDS: [&str; 4] = ["image", "voice", "video", "file"];

/// Why an event cannot be taken. It quotes nothing but names of fields and types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// It is not the JSON object of an event.
    #[error("the body is not an event: it must be a JSON object with \"type\", \"timestamp\" and \"data\"")]
    Shape,
    /// A type nobody knows.
    #[error(
        "\"type\" is not known: use message.created, message.edited, message.recalled, conversation.closed or \
         delivery.updated"
    )]
    Type,
    /// A field is missing, empty, too long, or of another kind.
    #[error("\"{field}\" is missing or not usable: it must be {wanted}")]
    Field {
        /// Its path, e.g. `data.message_id`.
        field: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Object<Data>,
}

/// A JSON object with these fields; serde would read a list of their values as well.
#[derive(Default)]
struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        serde_json::from_value(Value::Object(fields)).map(Self).map_err(D::Error::custom)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    conversation_id: Value,
    thread_kind: Option<String>,
    message_id: Value,
    customer: Object<Customer>,
    sender_role: Option<String>,
    sender_id: Option<String>,
    text: Option<String>,
    attachments: Vec<Object<Attachment>>,
    sent_at: Option<String>,
    reply_window: Option<Object<Window>>,
    reply_id: Value,
    state: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Customer {
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(default)]
    kind: Option<String>,
    url: String,
}

#[derive(Deserialize)]
struct Window {
    closes_at: Option<String>,
    #[serde(default = "yes")]
    can_send: bool,
    messages_left: Option<Value>,
}

fn yes() -> bool {
    true
}

/// Reads a verified body. One message with attachments is several arrivals: its words, then each attachment.
///
/// # Errors
/// [`BadEvent`], to be told to the sender.
pub fn read(webhook_id: &str, body: &[u8]) -> Result<Vec<Arrival>, BadEvent> {
    let Object::<Envelope>(envelope) = serde_json::from_slice(body).map_err(|_| BadEvent::Shape)?;
    let at_ms = moment(&envelope.timestamp).ok_or(TIMESTAMP)?;
    let Object(data) = envelope.data;
    let event = |what| Ok(vec![arrival(format!("event:{webhook_id}"), &data, at_ms, what)?]);
    match envelope.kind.as_str() {
        "message.created" => created(&data, at_ms),
        "message.edited" => edited(webhook_id, &data, at_ms),
        "message.recalled" => event(What::TakenBack { id: message_id(&data)? }),
        "conversation.closed" => event(What::SessionEnded),
        "delivery.updated" => event(delivery(&data)?),
        _ => Err(BadEvent::Type),
    }
}

const TIMESTAMP: BadEvent = BadEvent::Field { field: "timestamp", wanted: "a time as RFC 3339 writes it" };

fn edited(webhook_id: &str, data: &Data, at_ms: i64) -> Result<Vec<Arrival>, BadEvent> {
    let (id, text) = (message_id(data)?, text(data)?);
    let version = Arrival::version_id(&id, webhook_id);
    Ok(vec![arrival(version, data, at_ms, What::Edited { id, text })?])
}

fn created(data: &Data, at_ms: i64) -> Result<Vec<Arrival>, BadEvent> {
    let at_ms = match &data.sent_at {
        None => at_ms,
        Some(sent) => moment(sent)
            .ok_or(BadEvent::Field { field: "data.sent_at", wanted: "a time as RFC 3339 writes it, or left out" })?,
    };
    let (id, words) = (message_id(data)?, data.text.as_deref().unwrap_or_default());
    if data.attachments.len() > ATTACHMENTS {
        return Err(BadEvent::Field { field: "data.attachments", wanted: "a list of at most 20" });
    }
    if words.is_empty() && data.attachments.is_empty() {
        return Err(BadEvent::Field { field: "data.text", wanted: "the customer's words, where nothing is attached" });
    }
    let mut said = Vec::new();
    if !words.is_empty() {
        said.push((id.clone(), Said::text(text(data)?)));
    }
    for (n, Object(attached)) in data.attachments.iter().enumerate() {
        said.push((format!("{id}#{}", n + 1), attachment(attached)?));
    }
    said.into_iter().map(|(id, said)| arrival(id, data, at_ms, who_said(data, said)?)).collect()
}

/// People see where it lies; nothing of it is fetched.
fn attachment(attached: &Attachment) -> Result<Said, BadEvent> {
    if attached.url.len() > URL {
        return Err(BadEvent::Field {
            field: "data.attachments",
            wanted: "a list of {kind, url}, each url at most 2 KiB",
        });
    }
    let kind = attached.kind.as_deref().filter(|kind| KINDS.contains(kind)).unwrap_or("file");
    Ok(Said::of(kind, attached.url.clone(), None))
}

fn who_said(data: &Data, said: Said) -> Result<What, BadEvent> {
    match data.sender_role.as_deref().unwrap_or("customer") {
        "customer" => Ok(What::Said(said)),
        "agent" => Ok(What::ColleagueSaid { member: data.sender_id.clone().unwrap_or_default(), said }),
        // Our own words coming back, and the platform's.
        "bot" | "system" => Ok(What::Nothing),
        _ => Err(BadEvent::Field { field: "data.sender_role", wanted: "customer, agent, system or bot" }),
    }
}

fn delivery(data: &Data) -> Result<What, BadEvent> {
    let id = name(&data.reply_id)
        .ok_or(BadEvent::Field { field: "data.reply_id", wanted: "the reply_id of a reply of ours" })?;
    match data.state.as_deref() {
        Some("sent") => Ok(What::Delivered { id }),
        Some("failed") => Ok(What::NotDelivered { id, why: 0, budget_spent: false }),
        Some("unknown") => Ok(What::DeliveryUnknown { id }),
        _ => Err(BadEvent::Field { field: "data.state", wanted: "sent, failed or unknown" }),
    }
}

fn arrival(id: String, data: &Data, at_ms: i64, what: What) -> Result<Arrival, BadEvent> {
    let conversation = name(&data.conversation_id)
        .ok_or(BadEvent::Field { field: "data.conversation_id", wanted: "a text or a number of at most 256 bytes" })?;
    Ok(Arrival {
        id,
        customer: Some(thread(data)?.key(&conversation)),
        name: data.customer.0.display_name.clone().filter(|name| !name.trim().is_empty() && name.len() <= ID),
        at_ms,
        replies_until_ms: replies_until(data, at_ms)?,
        replies_left: replies_left(data)?,
        what,
    })
}

/// Every event of a public thread says that it is one; an answer to the wrong kind would be read by the wrong people.
fn thread(data: &Data) -> Result<Thread, BadEvent> {
    match data.thread_kind.as_deref() {
        None | Some("dm") => Ok(Thread::Direct),
        Some("comment") => Ok(Thread::Comment),
        Some(_) => Err(BadEvent::Field { field: "data.thread_kind", wanted: "dm or comment" }),
    }
}

/// Until when a reply is taken; nothing where the integrator does not say.
fn replies_until(data: &Data, at_ms: i64) -> Result<Option<i64>, BadEvent> {
    let Some(Object(window)) = &data.reply_window else { return Ok(None) };
    if !window.can_send {
        return Ok(Some(at_ms));
    }
    let Some(closes_at) = &window.closes_at else { return Ok(None) };
    let wanted = "a time as RFC 3339 writes it, or left out";
    moment(closes_at).map(Some).ok_or(BadEvent::Field { field: "data.reply_window.closes_at", wanted })
}

/// How many more replies are taken; nothing where the integrator does not count.
fn replies_left(data: &Data) -> Result<Option<i64>, BadEvent> {
    let Some(left) = data.reply_window.as_ref().and_then(|window| window.0.messages_left.as_ref()) else {
        return Ok(None);
    };
    let wanted = "a whole number from 0 to 1000, or left out";
    let left = left.as_i64().filter(|left| (0..=MESSAGES).contains(left));
    left.map(Some).ok_or(BadEvent::Field { field: "data.reply_window.messages_left", wanted })
}

fn message_id(data: &Data) -> Result<String, BadEvent> {
    let wanted = "a text or a number of at most 256 bytes";
    name(&data.message_id).ok_or(BadEvent::Field { field: "data.message_id", wanted })
}

fn text(data: &Data) -> Result<String, BadEvent> {
    let wanted = "the customer's words, at most 32 KiB";
    let text = data.text.as_ref().map(|text| text.replace('\0', ""));
    text.filter(|text| !text.is_empty() && text.len() <= TEXT).ok_or(BadEvent::Field { field: "data.text", wanted })
}

/// An id, which some systems write as a number. Without control characters, one of which stands between ids here.
fn name(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= ID && !text.contains(char::is_control)).then_some(text)
}

fn moment(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis()).filter(|at| *at > 0)
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
