//! What stands under and in a message: buttons, and parts of the text that are set off.

use serde_json::{Map, Value};

use super::calls::Refused;
use super::fields::object;

/// Most buttons under one message.
const BUTTONS: usize = 100;
/// Most parts that are set off.
const ENTITIES: usize = 100;
const ENTITY_KINDS: [&str; 9] =
    ["bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "blockquote", "text_link"];

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What is written on it.
    pub label: String,
    /// What it sends to the bot.
    pub data: Option<String>,
    /// What it opens.
    pub url: Option<String>,
}

/// `reply_markup`.
#[derive(Default)]
pub(super) struct Markup {
    pub(super) keyboard: Vec<Vec<Key>>,
    /// It is a `ForceReply`.
    pub(super) prompt: bool,
}

impl Markup {
    pub(super) fn read(value: Option<&Value>) -> Result<Self, Refused> {
        let Some(value) = value else { return Ok(Self::default()) };
        let known = ["inline_keyboard", "force_reply", "selective", "input_field_placeholder"];
        let map = object(value, &known)?;
        match (map.get("inline_keyboard"), map.get("force_reply").and_then(Value::as_bool)) {
            (Some(rows), None) => Ok(Self { keyboard: rows_of(rows)?, prompt: false }),
            (None, Some(true)) => {
                placeholder(map)?;
                Ok(Self { keyboard: Vec::new(), prompt: true })
            }
            _ => Err(Refused::bad("object expected as reply markup")),
        }
    }
}

fn placeholder(map: &Map<String, Value>) -> Result<(), Refused> {
    let units = map.get("input_field_placeholder").and_then(Value::as_str).map(|text| text.encode_utf16().count());
    match units {
        None | Some(1..=64) => Ok(()),
        Some(_) => Err(Refused::bad("input field placeholder is too long")),
    }
}

fn rows_of(rows: &Value) -> Result<Vec<Vec<Key>>, Refused> {
    let wrong = || Refused::bad("field \"inline_keyboard\" must be of type Array");
    let row = |row: &Value| row.as_array().ok_or_else(wrong)?.iter().map(key).collect::<Result<Vec<_>, _>>();
    let rows: Vec<Vec<Key>> = rows.as_array().ok_or_else(wrong)?.iter().map(row).collect::<Result<_, _>>()?;
    if rows.iter().map(Vec::len).sum::<usize>() > BUTTONS {
        return Err(Refused::bad("reply markup is too long"));
    }
    Ok(rows)
}

fn key(value: &Value) -> Result<Key, Refused> {
    let map = object(value, &["text", "callback_data", "url"])?;
    let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
    let label = text("text").filter(|label| !label.trim().is_empty());
    let label = label.ok_or_else(|| Refused::bad("text buttons are not allowed to be empty"))?;
    let (data, url) = (text("callback_data"), text("url"));
    match (&data, &url) {
        (Some(data), None) if !(1..=64).contains(&data.len()) => Err(Refused::bad("BUTTON_DATA_INVALID")),
        (None, Some(url)) if !url.starts_with("http://") && !url.starts_with("https://") => {
            Err(Refused::bad("BUTTON_URL_INVALID"))
        }
        (Some(_), None) | (None, Some(_)) => Ok(Key { label, data, url }),
        _ => Err(Refused::bad("BUTTON_TYPE_INVALID")),
    }
}

/// `entities` of this text: whole characters of it, each set off in a way that exists.
pub(super) fn entities(value: Option<Value>, text: &str) -> Result<Value, Refused> {
    let list = value.unwrap_or_else(|| Value::Array(Vec::new()));
    let items = list.as_array().ok_or_else(|| Refused::bad("can't parse entities: expected an Array"))?;
    if items.len() > ENTITIES {
        return Err(Refused::bad("too many entities"));
    }
    items.iter().try_for_each(|item| entity(item, text))?;
    Ok(list)
}

fn entity(item: &Value, text: &str) -> Result<(), Refused> {
    let map = object(item, &["type", "offset", "length", "url"])?;
    let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| map.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let place = number("offset").zip(number("length")).and_then(|(at, long)| Some((at, at.checked_add(long)?)));
    let borders: Vec<usize> = std::iter::once(0)
        .chain(text.chars().scan(0, |at, c| {
            *at += c.len_utf16();
            Some(*at)
        }))
        .collect();
    let whole = place.is_some_and(|(from, to)| from < to && borders.contains(&from) && borders.contains(&to));
    let linked = (kind == "text_link") == map.contains_key("url");
    if ENTITY_KINDS.contains(&kind) && whole && linked {
        Ok(())
    } else {
        Err(Refused::bad("can't parse entities: wrong place or type"))
    }
}
