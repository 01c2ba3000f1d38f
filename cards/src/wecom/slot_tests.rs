//! Every slot at its limit − 1, at its limit, and one over, in 汉字, emoji and mixed width.

use serde_json::{Map, Value, json};

use super::tests::{review, words};
use super::{check, limit, post};
use crate::card::{Card, ReviewCard, Row};
use crate::fit::count;
use crate::names::RowLabel;
use crate::words::Locale;

const ALPHABETS: [(&str, &str); 3] = [("hanzi", "退款进度签收物流"), ("emoji", "😀👍🎁🚚"), ("mixed", "A退b款😀，c")];

fn filler(alphabet: &str, length: usize) -> String {
    alphabet.chars().cycle().take(length).collect()
}

/// Renders `build(filler)` for fillers that make the slot one too short, just right, and one too long, where `around`
/// is how many characters of ours share the slot. Snapshots what the slot shows.
fn snapshot(name: &str, most: usize, around: usize, slot: &str, build: impl Fn(String) -> Card) {
    let mut shown = Map::new();
    for (alphabet, characters) in ALPHABETS {
        for (step, length) in [("-1", most - 1), ("=", most), ("+1", most + 1)] {
            let text = filler(characters, length - around);
            let card = post(&build(text.clone()), &words(Locale::ZhCn), "case-81-2-a-1").template_card;
            assert_eq!(check(&card), Ok(()), "{name} {alphabet} {step}");
            let out = card.pointer(slot).and_then(Value::as_str).expect("the slot is there").to_owned();
            assert_eq!(out.contains(&text), step != "+1", "{name} {alphabet} {step}: {out}");
            assert_eq!(out.contains('…'), step == "+1", "{name} {alphabet} {step}: {out}");
            shown.insert(format!("{alphabet} {step}"), json!({"shows": out, "characters": count(&out)}));
        }
    }
    insta::assert_json_snapshot!(name, Value::Object(shown));
}

fn with(change: impl Fn(&mut ReviewCard)) -> Card {
    let mut card = review();
    change(&mut card);
    Card::Review(card)
}

#[test]
fn source() {
    let around = count("·3/7");
    snapshot("slot_source", limit::SOURCE, around, "/source/desc", |text| with(|card| card.shop = text.clone()));
}

#[test]
fn title() {
    let around = count("#81  · 中风险");
    snapshot("slot_title", limit::TITLE, around, "/main_title/title", |text| with(|card| card.intent = text.clone()));
}

#[test]
fn quote() {
    snapshot("slot_quote", limit::QUOTE, 0, "/quote_area/quote_text", |text| with(|card| card.customer = text.clone()));
}

#[test]
fn body() {
    let around = count("〔#81 7f3k〕");
    let draft = |text: String| with(|card| card.body = Some(vec![text.clone()]));
    snapshot("slot_body", limit::BODY, around, "/sub_title_text", draft);
}

#[test]
fn body_without_a_draft() {
    let around = count("〔#81 7f3k〕");
    let note = |text: String| {
        with(|card| {
            card.body = None;
            card.note = Some(text.clone());
        })
    };
    snapshot("slot_body_note", limit::BODY, around, "/sub_title_text", note);
}

#[test]
fn row_value() {
    let row =
        |value: String| with(|card| card.rows = vec![Row { label: RowLabel::Basis, value: value.clone(), link: None }]);
    snapshot("slot_row_value", limit::ROW_VALUE, 0, "/horizontal_content_list/0/value", row);
}

fn settled(title: &str, desc: &str, text: &str) -> Card {
    Card::Settled { number: 81, title: title.to_owned(), desc: desc.to_owned(), text: text.to_owned() }
}

#[test]
fn settled_title() {
    snapshot("slot_settled_title", limit::TITLE, 0, "/main_title/title", |text| settled(&text, "", ""));
}

#[test]
fn settled_desc() {
    snapshot("slot_settled_desc", limit::DESC, 0, "/main_title/desc", |text| settled("已发", &text, ""));
}

#[test]
fn settled_text() {
    snapshot("slot_settled_text", limit::BODY, 0, "/sub_title_text", |text| settled("已发", "", &text));
}
