//! What members say and press (wecom 100719, 101027). Stored as JSON, so names and shapes are part of the stored format.

use super::files::key_bytes;
use crate::wecom::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Longest id taken, in bytes.
const MAX_ID: usize = 512;
/// Longest key of a button taken, in bytes (wecom 101032).
const MAX_KEY: usize = 1024;
/// Longest address taken, in bytes.
const MAX_URL: usize = 4096;
/// Most pieces of a mixed message, questions of a card, and options of a question taken.
const MAX_ITEMS: usize = 64;

/// One thing that a member did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// Unique per callback: what a second delivery is known by. Empty if the platform gave none.
    pub msgid: String,
    /// Who, as the platform spells it: the only thing authority may be bound to.
    pub userid: String,
    /// Where; what is pushed there is seen by whoever is in it.
    pub chat: Chat,
    /// `create_time` of an event, Unix seconds.
    pub at_secs: Option<i64>,
    /// What.
    pub what: What,
    /// The message that this one quotes. Untrusted text, whoever quotes it.
    pub quote: Option<Quote>,
}

/// A chat with the bot. Ids are case-sensitive: one in lower case is another one (93006).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chat {
    /// With one member, by `userid`.
    Member(String),
    /// A group, by `chatid`; it delivers only what mentions the bot.
    Group(String),
}

/// What a member did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Text exactly as written; in a group with the mention of the bot.
    Text(String),
    /// A picture; only from a chat with one member, like voice, file and video.
    Image(Attachment),
    /// Texts and pictures in one message.
    Mixed(Vec<Piece>),
    /// A voice message, as the text the platform recognised.
    Voice(String),
    /// A file of at most 100 MB. Its name comes with the bytes.
    File(Attachment),
    /// A video.
    Video(Attachment),
    /// The day's first look into the chat (`enter_chat`); may be welcomed within 5 s.
    Entered,
    /// A press on a card; its card may be changed within 5 s, once. Sent once, never again.
    Tap(Tap),
    /// What a member thinks of a stream or a card that asked.
    Feedback {
        /// The id it asked under.
        id: String,
        /// How it was.
        rating: Rating,
        /// In the member's words.
        words: Option<String>,
        /// 1 off topic, 2 incomplete, 3 wrong, 4 wrong data.
        reasons: Vec<i64>,
    },
    /// Another connection took the bot over; handled by the connection, never given to its caller.
    Disconnected,
    /// Anything else, or what lacks what it needs; by the platform's name.
    Other(String),
}

/// How an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// 1.
    Good,
    /// 2.
    Bad,
    /// 3: taken back.
    Cancelled,
}

/// A piece of a mixed message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Text.
    Text(String),
    /// A picture.
    Image(Attachment),
}

/// A quoted message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quote {
    /// Text, or what was said.
    Text(String),
    /// Texts and pictures.
    Mixed(Vec<Piece>),
    /// A picture, file or video.
    Attached(Attachment),
    /// Anything else, by the platform's name.
    Other(String),
}

/// An encrypted file: fetch it on receipt ([`Files`](super::Files)), the address lives five minutes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where it is. Whoever knows it can read the ciphertext.
    pub url: String,
    /// What it is encrypted with; `None` by callbacks without a long connection, where it is the bot's `EncodingAESKey`.
    pub key: Option<MediaKey>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attachment(…)")
    }
}

/// The key of one attachment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MediaKey(pub(super) [u8; 32]);

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKey(…)")
    }
}

impl MediaKey {
    /// Reads `aeskey`, or an `EncodingAESKey`: base64 of 32 bytes, padded or not, with any trailing bits.
    pub fn parse(text: &str) -> Option<MediaKey> {
        key_bytes(text).map(MediaKey)
    }
}

impl TryFrom<String> for MediaKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<MediaKey, Self::Error> {
        MediaKey::parse(&text).ok_or("a media key is the base64 of 32 bytes")
    }
}

impl From<MediaKey> for String {
    fn from(key: MediaKey) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(key.0)
    }
}

/// A press on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tap {
    /// `task_id` of the card; an update of it carries the same.
    pub task_id: String,
    /// `card_type` of the card.
    pub card_type: String,
    /// Key of the button, of the submit button, or of the entry in the card's `…` menu.
    pub event_key: String,
    /// Question key and chosen option ids, in the card's order.
    pub selected: Vec<(String, Vec<String>)>,
}

impl Incoming {
    /// Reads the body of a callback. What cannot be read becomes [`What::Other`]; nothing is refused.
    pub fn read(body: &Value) -> Incoming {
        let userid = body.get("from").and_then(|from| id(from, "userid")).unwrap_or_default();
        let group = json::text(body, "chattype").is_some_and(|kind| kind == "group");
        let chat = match id(body, "chatid").filter(|_| group) {
            Some(chatid) => Chat::Group(chatid),
            None => Chat::Member(userid.clone()),
        };
        let quote = body.get("quote").filter(|quote| quote.is_object()).map(quote);
        let (msgid, at_secs) = (id(body, "msgid").unwrap_or_default(), json::int(body, "create_time"));
        Incoming { msgid, userid, chat, at_secs, what: what(body), quote }
    }
}

fn what(body: &Value) -> What {
    let kind = id(body, "msgtype").unwrap_or_default();
    let known = match kind.as_str() {
        "text" => content(body, "text").map(What::Text),
        "voice" => content(body, "voice").map(What::Voice),
        "image" => attachment(body, "image").map(What::Image),
        "file" => attachment(body, "file").map(What::File),
        "video" => attachment(body, "video").map(What::Video),
        "mixed" => Some(What::Mixed(pieces(body))),
        "event" => return event(body.get("event").unwrap_or(&Value::Null)),
        _ => None,
    };
    known.unwrap_or(What::Other(kind))
}

fn event(event: &Value) -> What {
    let kind = field(event, "eventtype").and_then(Value::as_str).unwrap_or_default().to_owned();
    let inner = event.get(&kind).unwrap_or(&Value::Null);
    let known = match kind.as_str() {
        "enter_chat" => Some(What::Entered),
        "disconnected_event" => Some(What::Disconnected),
        "template_card_event" => tap(inner).map(What::Tap),
        "feedback_event" => feedback(inner),
        _ => None,
    };
    known.unwrap_or_else(|| What::Other(kind.chars().take(MAX_ID).collect()))
}

fn tap(event: &Value) -> Option<Tap> {
    let text = |name: &str, most: usize| {
        let text = field(event, name)?.as_str()?;
        (text.len() <= most).then(|| text.to_owned())
    };
    let items = list(field(event, "selected_items"), "selected_item");
    Some(Tap {
        task_id: text("task_id", MAX_ID)?,
        card_type: text("card_type", MAX_ID).unwrap_or_default(),
        event_key: text("event_key", MAX_KEY)?,
        selected: items.into_iter().filter_map(chosen).collect(),
    })
}

fn chosen(item: &Value) -> Option<(String, Vec<String>)> {
    let key = field(item, "question_key")?.as_str().filter(|key| key.len() <= MAX_KEY)?;
    let ids = list(field(item, "option_ids"), "option_id").into_iter().filter_map(Value::as_str);
    Some((key.to_owned(), ids.filter(|id| id.len() <= MAX_ID).map(str::to_owned).collect()))
}

fn feedback(event: &Value) -> Option<What> {
    let rating = match json::int(event, "type")? {
        1 => Rating::Good,
        2 => Rating::Bad,
        3 => Rating::Cancelled,
        _ => return None,
    };
    let reasons = json::ints(event, "inaccurate_reason_list").into_iter().take(MAX_ITEMS).collect();
    Some(What::Feedback { id: id(event, "id")?, rating, words: json::text(event, "content"), reasons })
}

fn quote(quote: &Value) -> Quote {
    match what(quote) {
        What::Text(text) | What::Voice(text) => Quote::Text(text),
        What::Mixed(pieces) => Quote::Mixed(pieces),
        What::Image(file) | What::File(file) | What::Video(file) => Quote::Attached(file),
        _ => Quote::Other(id(quote, "msgtype").unwrap_or_default()),
    }
}

fn pieces(body: &Value) -> Vec<Piece> {
    let items = body.get("mixed").map(|mixed| json::items(mixed, "msg_item")).unwrap_or_default();
    let piece = |item: &Value| match id(item, "msgtype")?.as_str() {
        "text" => content(item, "text").map(Piece::Text),
        "image" => attachment(item, "image").map(Piece::Image),
        _ => None,
    };
    items.iter().take(MAX_ITEMS).filter_map(piece).collect()
}

fn content(body: &Value, name: &str) -> Option<String> {
    json::text(body.get(name)?, "content")
}

fn attachment(body: &Value, name: &str) -> Option<Attachment> {
    let file = body.get(name)?;
    let url = json::text(file, "url").filter(|url| url.len() <= MAX_URL)?;
    let key = match field(file, "aeskey").and_then(Value::as_str) {
        // A key that is none leaves a file that cannot be read.
        Some(text) => Some(MediaKey::parse(text)?),
        None => None,
    };
    Some(Attachment { url, key })
}

fn id(object: &Value, name: &str) -> Option<String> {
    json::text(object, name).filter(|id| id.len() <= MAX_ID)
}

/// A field however it is spelt: the documents have `card_type` and `cardtype`, implementers have seen `cardType`.
fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = plain(name);
    object
        .get(name)
        .or_else(|| object.as_object()?.iter().find(|(key, _)| plain(key) == wanted).map(|(_, value)| value))
}

/// The elements of `{"selected_item": […]}`, of the bare list, or the single element.
fn list<'a>(outer: Option<&'a Value>, name: &str) -> Vec<&'a Value> {
    let inner = outer.and_then(|outer| field(outer, name)).or(outer);
    match inner {
        Some(Value::Array(items)) => items.iter().take(MAX_ITEMS).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
