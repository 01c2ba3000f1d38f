//! Our own limit checker. Real clients cut over-long text without a word, and the server refuses the rest one code at
//! a time; so nothing leaves that does not pass here.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::fit::count;
use crate::wecom::limit;

/// Fields of a `button_interaction` that this module knows how to fill, required ones marked.
const FIELDS: &[(&str, bool)] = &[
    ("card_type", true),
    ("task_id", true),
    ("source", false),
    ("main_title", true),
    ("quote_area", false),
    ("sub_title_text", false),
    ("horizontal_content_list", false),
    ("jump_list", false),
    ("button_selection", false),
    ("button_list", true),
    ("replace_text", false),
];

/// Checks a `template_card` of the one type we make, `button_interaction`, against the smaller limits of the app
/// (90236) and the bot (101032).
///
/// # Errors
///
/// Every fault found, as text for a log or a test: paths, lengths and limits, never what the card says.
pub fn check(template_card: &Value) -> Result<(), Vec<String>> {
    let mut faults = Faults::default();
    match template_card.as_object() {
        Some(card) => faults.card(card),
        None => faults.add("card", "is no object"),
    }
    if faults.0.is_empty() { Ok(()) } else { Err(faults.0) }
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, path: &str, what: &str) {
        self.0.push(format!("{path} {what}"));
    }

    fn card(&mut self, card: &Map<String, Value>) {
        self.fields("card", card, FIELDS);
        if card.get("card_type").and_then(Value::as_str) != Some("button_interaction") {
            self.add("card_type", "is not button_interaction");
        }
        self.task_id(card);
        self.part(card, "source", Self::source);
        self.part(card, "main_title", Self::main_title);
        self.part(card, "quote_area", Self::quote);
        self.text(card, "", "sub_title_text", limit::BODY);
        self.text(card, "", "replace_text", limit::BUTTON);
        self.list(card, "horizontal_content_list", limit::ROWS, Self::row);
        self.list(card, "jump_list", limit::JUMPS, Self::jump);
        self.list(card, "button_list", limit::BUTTONS, Self::button);
        self.part(card, "button_selection", Self::selection);
        self.distinct(card, "button_list", "key");
    }

    fn task_id(&mut self, card: &Map<String, Value>) {
        let id = card.get("task_id").and_then(Value::as_str).unwrap_or_default();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@');
        if id.is_empty() || id.len() > limit::TASK_ID_BYTES || !id.bytes().all(legal) {
            self.add("task_id", "is not 1 to 128 of 0-9A-Za-z_-@");
        }
    }

    fn source(&mut self, path: &str, source: &Map<String, Value>) {
        self.fields(path, source, &[("desc", false), ("desc_color", false)]);
        self.text(source, path, "desc", limit::SOURCE);
        self.number(source, path, "desc_color", 0..=3);
    }

    fn main_title(&mut self, path: &str, title: &Map<String, Value>) {
        self.fields(path, title, &[("title", true), ("desc", false)]);
        self.text(title, path, "title", limit::TITLE);
        self.text(title, path, "desc", limit::DESC);
        self.filled(title, path, "title");
    }

    fn quote(&mut self, path: &str, quote: &Map<String, Value>) {
        self.fields(path, quote, &[("type", false), ("title", false), ("quote_text", false)]);
        self.number(quote, path, "type", 0..=0);
        self.text(quote, path, "title", limit::QUOTE_TITLE);
        self.text(quote, path, "quote_text", limit::QUOTE);
    }

    fn row(&mut self, path: &str, row: &Map<String, Value>) {
        self.fields(path, row, &[("type", false), ("keyname", true), ("value", false), ("url", false)]);
        self.number(row, path, "type", 0..=1);
        self.text(row, path, "keyname", limit::ROW_KEY);
        self.filled(row, path, "keyname");
        self.text(row, path, "value", limit::ROW_VALUE);
        if row.get("type").and_then(Value::as_i64) == Some(1) {
            self.link(row, path);
        }
    }

    fn jump(&mut self, path: &str, jump: &Map<String, Value>) {
        self.fields(path, jump, &[("type", true), ("title", true), ("url", true)]);
        self.number(jump, path, "type", 1..=1);
        self.text(jump, path, "title", limit::JUMP_TITLE);
        self.filled(jump, path, "title");
        self.link(jump, path);
    }

    fn button(&mut self, path: &str, button: &Map<String, Value>) {
        self.fields(path, button, &[("text", true), ("style", false), ("key", true)]);
        self.text(button, path, "text", limit::BUTTON);
        self.filled(button, path, "text");
        self.number(button, path, "style", 1..=4);
        self.bytes(button, path, "key", limit::KEY_BYTES);
    }

    fn selection(&mut self, path: &str, selection: &Map<String, Value>) {
        let fields = [("question_key", true), ("title", false), ("option_list", true), ("selected_id", true)];
        self.fields(path, selection, &fields);
        self.bytes(selection, path, "question_key", limit::KEY_BYTES);
        self.text(selection, path, "title", limit::SELECT_TITLE);
        self.list(selection, "option_list", limit::OPTIONS, Self::option);
        self.distinct(selection, "option_list", "id");
        let ids = texts(selection, "option_list", "id");
        if !ids.contains(&selection.get("selected_id").and_then(Value::as_str)) {
            self.add(path, "selects an option it does not have");
        }
    }

    fn option(&mut self, path: &str, option: &Map<String, Value>) {
        self.fields(path, option, &[("id", true), ("text", true)]);
        self.bytes(option, path, "id", limit::OPTION_ID_BYTES);
        self.text(option, path, "text", limit::OPTION);
        self.filled(option, path, "text");
    }
}

/// What the slots have in common.
impl Faults {
    /// Only known fields, and all the required ones.
    fn fields(&mut self, path: &str, object: &Map<String, Value>, known: &[(&str, bool)]) {
        for name in object.keys().filter(|name| !known.iter().any(|(known, _)| known == name)) {
            self.add(path, &format!("has the unknown field {name}"));
        }
        for (name, _) in known.iter().filter(|(name, required)| *required && !object.contains_key(*name)) {
            self.add(path, &format!("lacks {name}"));
        }
    }

    fn part(&mut self, card: &Map<String, Value>, name: &str, check: impl Fn(&mut Self, &str, &Map<String, Value>)) {
        match card.get(name) {
            Some(Value::Object(part)) => check(self, name, part),
            Some(_) => self.add(name, "is no object"),
            None => {}
        }
    }

    fn list(
        &mut self,
        card: &Map<String, Value>,
        name: &str,
        most: usize,
        check: impl Fn(&mut Self, &str, &Map<String, Value>),
    ) {
        let Some(value) = card.get(name) else { return };
        let entries = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if entries.is_empty() || entries.len() > most {
            self.add(name, &format!("has {} entries, 1 to {most} allowed", entries.len()));
        }
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("{name}[{at}]");
            match entry.as_object() {
                Some(entry) => check(self, &path, entry),
                None => self.add(&path, "is no object"),
            }
        }
    }

    fn text(&mut self, object: &Map<String, Value>, path: &str, name: &str, most: usize) {
        let Some(value) = object.get(name) else { return };
        match value.as_str().map(count) {
            Some(length) if length <= most => {}
            Some(length) => self.add(path, &format!("{name}: {length} characters, {most} allowed")),
            None => self.add(path, &format!("{name}: no text")),
        }
    }

    fn filled(&mut self, object: &Map<String, Value>, path: &str, name: &str) {
        if object.get(name).and_then(Value::as_str).is_some_and(|text| text.trim().is_empty()) {
            self.add(path, &format!("{name}: empty"));
        }
    }

    /// An id of ours: ASCII, not empty.
    fn bytes(&mut self, object: &Map<String, Value>, path: &str, name: &str, most: usize) {
        let id = object.get(name).and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || id.len() > most || !id.is_ascii() {
            self.add(path, &format!("{name}: not 1 to {most} bytes of ASCII"));
        }
    }

    fn link(&mut self, object: &Map<String, Value>, path: &str) {
        let link = object.get("url").and_then(Value::as_str).unwrap_or_default();
        let web = link.starts_with("http://") || link.starts_with("https://");
        if !web || link.len() > limit::URL_BYTES {
            self.add(path, "url: no web address of at most 2048 bytes");
        }
    }

    fn number(&mut self, object: &Map<String, Value>, path: &str, name: &str, range: std::ops::RangeInclusive<i64>) {
        let Some(value) = object.get(name) else { return };
        if !value.as_i64().is_some_and(|number| range.contains(&number)) {
            self.add(path, &format!("{name}: not from {} to {}", range.start(), range.end()));
        }
    }

    fn distinct(&mut self, object: &Map<String, Value>, list: &str, name: &str) {
        let ids = texts(object, list, name);
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            self.add(list, &format!("{name}: twice the same"));
        }
    }
}

/// One field of every entry of a list.
fn texts<'a>(object: &'a Map<String, Value>, list: &str, name: &str) -> Vec<Option<&'a str>> {
    let entries = object.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entries.iter().map(|entry| entry.get(name).and_then(Value::as_str)).collect()
}
