//! The slots of a review card.

use serde_json::{Map, Value, json};

use crate::card::{ReviewCard, Row};
use crate::fit::{fit, one_line};
use crate::key::Key;
use crate::lines::{acts, customer_said, desc, is_link, source, title};
use crate::names::{Act, Hint};
use crate::wecom::ask::{HINT_QUESTION, drop_down};
use crate::wecom::limit;
use crate::words::Words;

/// Below this many seconds the shop's line turns red.
const HURRY_SECONDS: i64 = 60;
/// `source.desc_color` (90236).
const GREY: u8 = 0;
const RED: u8 = 2;
/// `button_list.style` (90236): the filled one, and the quiet one.
pub(super) const PRIMARY: u8 = 1;
const QUIET: u8 = 2;

pub(super) fn template_card(card: &ReviewCard, body: String, words: &Words, task_id: &str) -> Value {
    let acts = acts(card);
    let fields = [
        ("card_type", Some(json!("button_interaction"))),
        ("task_id", Some(json!(task_id))),
        ("source", Some(json!({"desc": source(card), "desc_color": colour(card)}))),
        ("main_title", Some(json!({"title": title(card, words), "desc": desc(card, words)}))),
        ("quote_area", quote(card, words)),
        ("sub_title_text", Some(json!(body))),
        ("horizontal_content_list", rows(card, words)),
        ("jump_list", page(card, words)),
        ("button_selection", (!card.hints.is_empty() && acts.contains(&Act::Edit)).then(|| hints(&card.hints, words))),
        ("button_list", Some(buttons(card, &acts, words))),
    ];
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

fn colour(card: &ReviewCard) -> u8 {
    let hurry = card.overdue || card.seconds_left.is_some_and(|seconds| seconds < HURRY_SECONDS);
    if hurry { RED } else { GREY }
}

fn quote(card: &ReviewCard, words: &Words) -> Option<Value> {
    let (title, text) = customer_said(card, words)?;
    Some(json!({"type": 0, "title": title, "quote_text": text}))
}

fn rows(card: &ReviewCard, words: &Words) -> Option<Value> {
    let filled = card.rows.iter().filter(|row| !row.value.trim().is_empty());
    let rows: Vec<Value> = filled.take(limit::ROWS).map(|row| row_value(row, words)).collect();
    (!rows.is_empty()).then(|| json!(rows))
}

/// Plain or with a link: attachments (type 2) are the app's alone.
fn row_value(row: &Row, words: &Words) -> Value {
    let (key, value) = (row.label.label(words), fit(&one_line(&row.value), limit::ROW_VALUE));
    match row.link.as_deref().filter(|link| is_link(link)) {
        Some(url) => json!({"type": 1, "keyname": key, "value": value, "url": url}),
        None => json!({"keyname": key, "value": value}),
    }
}

/// The way to the page. Not as `card_action`: a thumb that misses a button must not leave the chat.
fn page(card: &ReviewCard, words: &Words) -> Option<Value> {
    let url = card.page_url.as_deref().filter(|link| is_link(link))?;
    Some(json!([{"type": 1, "title": words.text("card.page", &[]), "url": url}]))
}

fn hints(offered: &[Hint], words: &Words) -> Value {
    let options = offered.iter().map(|hint| (hint.as_str(), hint.label(words)));
    drop_down(HINT_QUESTION, words.text("ask.hint", &[]), words.text("ask.no_hint", &[]), options)
}

fn buttons(card: &ReviewCard, acts: &[Act], words: &Words) -> Value {
    let button = |(at, act): (usize, &Act)| {
        let key = Key { case: card.number, version: card.version, code: card.code.clone(), act: *act };
        json!({"text": card.label(*act, words), "style": if at == 0 { PRIMARY } else { QUIET }, "key": key.encode()})
    };
    acts.iter().enumerate().map(button).collect()
}
