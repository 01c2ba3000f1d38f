//! The slots of a review card.

use serde_json::{Map, Value, json};

use crate::card::{ReviewCard, Row};
use crate::fit::{ELLIPSIS, count, cut, fit, one_line};
use crate::hidden::reveal;
use crate::key::Key;
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
/// Between the facts of a line.
const DOT: &str = " · ";

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
        ("button_selection", (card.hints && acts.contains(&Act::Edit)).then(|| hints(words))),
        ("button_list", Some(buttons(card, &acts, words))),
    ];
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

/// `旗舰店·3/7`: the shop gives way, the place stays.
pub(super) fn source(card: &ReviewCard) -> String {
    let place = card.place.map_or_else(String::new, |(this, of)| format!("·{this}/{of}"));
    let shop = one_line(&card.shop);
    match limit::SOURCE.checked_sub(count(&place)) {
        Some(room) if room > 1 => fit(&shop, room) + &place,
        _ => fit(&shop, limit::SOURCE),
    }
}

fn colour(card: &ReviewCard) -> u8 {
    let hurry = card.overdue || card.seconds_left.is_some_and(|seconds| seconds < HURRY_SECONDS);
    if hurry { RED } else { GREY }
}

/// `#81 退款进度 · 中风险`: the intent gives way, number and risk stay.
pub(super) fn title(card: &ReviewCard, words: &Words) -> String {
    let number = format!("#{}", card.number);
    let risk = format!("{DOT}{}", card.risk.label(words));
    let room = limit::TITLE.saturating_sub(count(&number) + count(&risk) + 1);
    let intent = fit(&one_line(&card.intent), room);
    let gap = if intent.is_empty() { "" } else { " " };
    let whole = format!("{number}{gap}{intent}{risk}");
    if count(&whole) <= limit::TITLE { whole } else { number }
}

/// `剩 2:40 · 可回 4 条 · 第 2 版`: what does not fit is left out from the end, never cut.
pub(super) fn desc(card: &ReviewCard, words: &Words) -> String {
    let quota = card.quota_left.map(|left| words.text("desc.quota", &[("count", &left.to_string())]));
    let version = (card.version > 1).then(|| words.text("desc.version", &[("version", &card.version.to_string())]));
    let mut line = String::new();
    for fact in [clock(card, words), quota, version].into_iter().flatten() {
        let longer = if line.is_empty() { fact } else { format!("{line}{DOT}{fact}") };
        if count(&longer) <= limit::DESC {
            line = longer;
        }
    }
    line
}

fn clock(card: &ReviewCard, words: &Words) -> Option<String> {
    match (card.overdue, card.seconds_left) {
        (true, Some(left)) if left < 0 => {
            Some(words.text("desc.overdue_by", &[("clock", &minutes(left.unsigned_abs()))]))
        }
        (true, _) => Some(words.text("desc.overdue", &[])),
        (false, Some(left)) => Some(words.text("desc.left", &[("clock", &minutes(left.max(0).unsigned_abs()))])),
        (false, None) => None,
    }
}

/// `2:40`, `1:02:40`.
fn minutes(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn quote(card: &ReviewCard, words: &Words) -> Option<Value> {
    let text = reveal(&card.customer);
    let text = text.trim();
    if text.is_empty() && card.attachments == 0 {
        return None;
    }
    let title = match card.attachments {
        0 => words.text("quote.title", &[]),
        some => words.text("quote.title_with", &[("count", &some.to_string())]),
    };
    let text = if text.is_empty() { words.text("quote.wordless", &[]) } else { quoted(text, words) };
    Some(json!({"type": 0, "title": title, "quote_text": text}))
}

/// The customer's words; where they are cut, how many characters more there were.
pub(super) fn quoted(text: &str, words: &Words) -> String {
    let total = count(text);
    if total <= limit::QUOTE {
        return text.to_owned();
    }
    let more = |left_out: usize| format!("{ELLIPSIS}{}", words.text("quote.more", &[("count", &left_out.to_string())]));
    let start = cut(text, limit::QUOTE.saturating_sub(count(&more(total))));
    format!("{start}{}", more(total - count(start)))
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

/// A link WeCom takes; a card with a bad one would be refused whole (45034, 42028), so a bad one is left out.
fn is_link(link: &str) -> bool {
    (link.starts_with("https://") || link.starts_with("http://")) && link.len() <= limit::URL_BYTES
}

fn hints(words: &Words) -> Value {
    let options = Hint::ALL.iter().map(|hint| (hint.as_str(), hint.label(words)));
    drop_down(HINT_QUESTION, words.text("ask.hint", &[]), words.text("ask.no_hint", &[]), options)
}

/// The buttons to show: each once, no more than a card takes, no 发送 and no 重发 without a draft that can be seen whole, no confirmations. A card must have
/// a button (42039), so one that would have none offers 接手.
fn acts(card: &ReviewCard) -> Vec<Act> {
    let mut shown = Vec::new();
    for act in &card.acts {
        let fits = match act {
            Act::Send | Act::SendAgain => card.sendable(),
            Act::Edit | Act::Escalate | Act::TakeOver | Act::Reject | Act::Pause => true,
            Act::Delivered | Act::Drop => true,
            Act::ConfirmReject | Act::ConfirmPause => false,
        };
        if fits && !shown.contains(act) {
            shown.push(*act);
        }
    }
    shown.truncate(limit::BUTTONS);
    if shown.is_empty() { vec![Act::TakeOver] } else { shown }
}

fn buttons(card: &ReviewCard, acts: &[Act], words: &Words) -> Value {
    let button = |(at, act): (usize, &Act)| {
        let key = Key { case: card.number, version: card.version, code: card.code.clone(), act: *act };
        json!({"text": act.label(words), "style": if at == 0 { PRIMARY } else { QUIET }, "key": key.encode()})
    };
    acts.iter().enumerate().map(button).collect()
}
