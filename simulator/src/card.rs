//! Template cards as the platform takes them (wecom 90236, 94888): every field, limit and errcode.
//!
//! Display lengths (`字`) are not errors: clients cut, see [`cut`]. Byte limits of keys and ids are.

pub(crate) mod cut;
pub(crate) mod passive;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::body::{Fields, is_name};
use crate::errcode::Errcode;

/// What a card is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `message/send`: interactive cards need a `task_id`.
    Send,
    /// An update: `replace_text` and `disable` are allowed, `task_id` is ignored.
    Update,
}

/// The five card types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardType {
    TextNotice,
    NewsNotice,
    Button,
    Vote,
    Multiple,
}

const KEY_BYTES: usize = 1024;
const OPTION_ID_BYTES: usize = 128;
const TASK_ID_BYTES: usize = 128;
const URL_BYTES: usize = 2048;

impl CardType {
    /// The type that the card names.
    pub(crate) fn of(card: &Value) -> Option<CardType> {
        match card.get("card_type")?.as_str()? {
            "text_notice" => Some(CardType::TextNotice),
            "news_notice" => Some(CardType::NewsNotice),
            "button_interaction" => Some(CardType::Button),
            "vote_interaction" => Some(CardType::Vote),
            "multiple_interaction" => Some(CardType::Multiple),
            _ => None,
        }
    }

    pub(crate) fn interactive(self) -> bool {
        matches!(self, CardType::Button | CardType::Vote | CardType::Multiple)
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            CardType::TextNotice => &[
                "action_menu",
                "quote_area",
                "emphasis_content",
                "sub_title_text",
                "horizontal_content_list",
                "jump_list",
                "card_action",
            ],
            CardType::NewsNotice => &[
                "action_menu",
                "quote_area",
                "card_image",
                "image_text_area",
                "vertical_content_list",
                "horizontal_content_list",
                "jump_list",
                "card_action",
            ],
            CardType::Button => &[
                "action_menu",
                "quote_area",
                "sub_title_text",
                "horizontal_content_list",
                "jump_list",
                "card_action",
                "button_list",
                "button_selection",
            ],
            CardType::Vote => &["checkbox", "submit_button"],
            CardType::Multiple => &["select_list", "submit_button"],
        }
    }
}

/// Whether the card can call back: an interactive one, or one with an `action_menu`.
pub(crate) fn calls_back(card: &Value) -> bool {
    CardType::of(card).is_some_and(CardType::interactive) || card.get("action_menu").is_some_and(|menu| !menu.is_null())
}

/// Checks the whole card.
pub(crate) fn validate(card: &Value, purpose: Purpose) -> Result<(), Errcode> {
    let kind = CardType::of(card).ok_or(Errcode::CARD_TYPE)?;
    let mut known = vec!["card_type", "source", "main_title", "task_id"];
    known.extend_from_slice(kind.fields());
    if purpose == Purpose::Update && kind.interactive() {
        known.push("replace_text");
    }
    let fields = Fields::new(card, &known)?;
    shared_blocks(&fields)?;
    lists(&fields)?;
    if purpose == Purpose::Send {
        task_id(&fields, calls_back(card))?;
    }
    match kind {
        CardType::TextNotice => text_notice(&fields),
        CardType::NewsNotice => news_notice(&fields),
        CardType::Button => button_card(&fields, purpose),
        CardType::Vote => vote_card(&fields, purpose),
        CardType::Multiple => multiple_card(&fields, purpose),
    }
}

fn shared_blocks(card: &Fields<'_>) -> Result<(), Errcode> {
    if let Some(source) = card.object("source", &["icon_url", "desc", "desc_color"])? {
        source.text("desc")?;
        source.int_in("desc_color", 0..=3, 0)?;
        source.text("icon_url")?.map_or(Ok(()), |url| address(Some(url)))?;
    }
    if let Some(title) = card.object("main_title", &["title", "desc"])? {
        title.text("title")?;
        title.text("desc")?;
    }
    card.text("sub_title_text")?;
    card.text("replace_text")?;
    if let Some(quote) = card.object("quote_area", &["type", "url", "appid", "pagepath", "title", "quote_text"])? {
        quote.text("title")?;
        quote.text("quote_text")?;
        target(&quote, 2)?;
    }
    card.object("action_menu", &["desc", "action_list"])?.map_or(Ok(()), |menu| action_menu(&menu))
}

fn action_menu(menu: &Fields<'_>) -> Result<(), Errcode> {
    menu.text("desc")?;
    let actions = menu.list("action_list")?;
    if !(1..=3).contains(&actions.len()) {
        return Err(Errcode::PARAMETER);
    }
    let mut keys = BTreeSet::new();
    for action in actions {
        let action = Fields::new(action, &["text", "key"])?;
        action.required("text", Errcode::BUTTON_TEXT)?;
        if !keys.insert(bounded(&action, "key", KEY_BYTES, Errcode::BUTTON_KEY)?) {
            return Err(Errcode::ACTION_KEY);
        }
    }
    Ok(())
}

fn lists(card: &Fields<'_>) -> Result<(), Errcode> {
    let rows = card.list("horizontal_content_list")?;
    let jumps = card.list("jump_list")?;
    let verticals = card.list("vertical_content_list")?;
    at_most(rows, 6, Errcode::HORIZONTAL_LIST)?;
    at_most(jumps, 3, Errcode::JUMP_LIST)?;
    at_most(verticals, 4, Errcode::VERTICAL_LIST)?;
    rows.iter().try_for_each(horizontal)?;
    for jump in jumps {
        let jump = Fields::new(jump, &["title", "type", "url", "appid", "pagepath"])?;
        jump.required("title", Errcode::CARD_TITLE)?;
        target(&jump, 2)?;
    }
    for vertical in verticals {
        let vertical = Fields::new(vertical, &["title", "desc"])?;
        vertical.required("title", Errcode::CARD_TITLE)?;
        vertical.text("desc")?;
    }
    Ok(())
}

fn horizontal(row: &Value) -> Result<(), Errcode> {
    let row = Fields::new(row, &["keyname", "value", "type", "url", "media_id", "userid"])?;
    row.required("keyname", Errcode::KEYNAME)?;
    let value = row.text("value")?.unwrap_or_default();
    match row.int_in("type", 0..=3, 0)? {
        1 => address(row.text("url")?),
        2 => {
            row.required("media_id", Errcode::CARD_MEDIA_ID)?;
            // `value` is the file's name and has to have an extension.
            if value.contains('.') { Ok(()) } else { Err(Errcode::PARAMETER) }
        }
        3 => row.required("userid", Errcode::CARD_USERID).map(|_| ()),
        _ => Ok(()),
    }
}

/// `type` 0 nowhere, 1 a URL, 2 a mini program, with what each needs.
fn target(block: &Fields<'_>, max_type: i64) -> Result<(), Errcode> {
    match block.int_in("type", 0..=max_type, 0)? {
        1 => address(block.text("url")?),
        2 => block.required("appid", Errcode::APP_ID).map(|_| ()),
        _ => Ok(()),
    }
}

fn address(url: Option<&str>) -> Result<(), Errcode> {
    let url = url.filter(|url| !url.is_empty() && url.len() <= URL_BYTES).ok_or(Errcode::URL)?;
    let schemed = url.starts_with("http://") || url.starts_with("https://");
    if schemed { Ok(()) } else { Err(Errcode::URL_SCHEME) }
}

fn at_most(list: &[Value], max: usize, code: Errcode) -> Result<(), Errcode> {
    if list.len() <= max { Ok(()) } else { Err(code) }
}

fn bounded<'a>(fields: &Fields<'a>, key: &str, max: usize, code: Errcode) -> Result<&'a str, Errcode> {
    let text = fields.required(key, code)?;
    if text.len() <= max { Ok(text) } else { Err(code) }
}

fn task_id(card: &Fields<'_>, required: bool) -> Result<(), Errcode> {
    match card.text("task_id")? {
        None if required => Err(Errcode::TASK_ID),
        Some(id) if !is_name(id, TASK_ID_BYTES, "_-@") => Err(Errcode::TASK_ID),
        _ => Ok(()),
    }
}

fn has_text(card: &Fields<'_>, block: &str, key: &str) -> Result<bool, Errcode> {
    let text = card.get(block).and_then(|block| block.get(key)).and_then(Value::as_str);
    Ok(text.is_some_and(|text| !text.is_empty()))
}

fn text_notice(card: &Fields<'_>) -> Result<(), Errcode> {
    if let Some(emphasis) = card.object("emphasis_content", &["title", "desc"])? {
        emphasis.text("title")?;
        emphasis.text("desc")?;
        if card.get("quote_area").is_some() {
            return Err(Errcode::PARAMETER);
        }
    }
    let sub_title = card.text("sub_title_text")?.is_some_and(|text| !text.is_empty());
    if !sub_title && !has_text(card, "main_title", "title")? {
        return Err(Errcode::CARD_TITLE);
    }
    card_action(card, true)
}

fn news_notice(card: &Fields<'_>) -> Result<(), Errcode> {
    if !has_text(card, "main_title", "title")? {
        return Err(Errcode::CARD_TITLE);
    }
    let image = card.object("card_image", &["url", "aspect_ratio"])?;
    let area = card.object("image_text_area", &["type", "url", "appid", "pagepath", "title", "desc", "image_url"])?;
    if image.is_none() && area.is_none() {
        return Err(Errcode::CARD_IMAGE);
    }
    if let Some(image) = image {
        image.required("url", Errcode::CARD_IMAGE)?;
        address(image.text("url")?)?;
        aspect_ratio(image.get("aspect_ratio"))?;
    }
    if let Some(area) = area {
        area.required("image_url", Errcode::CARD_IMAGE)?;
        target(&area, 2)?;
    }
    card_action(card, true)
}

fn aspect_ratio(ratio: Option<&Value>) -> Result<(), Errcode> {
    let Some(ratio) = ratio else { return Ok(()) };
    let fits = ratio.as_f64().is_some_and(|ratio| (1.3..=2.25).contains(&ratio));
    if fits { Ok(()) } else { Err(Errcode::PARAMETER) }
}

fn card_action(card: &Fields<'_>, required: bool) -> Result<(), Errcode> {
    let Some(action) = card.object("card_action", &["type", "url", "appid", "pagepath"])? else {
        return if required { Err(Errcode::CARD_ACTION) } else { Ok(()) };
    };
    if required && action.int("type")?.unwrap_or(0) == 0 {
        return Err(Errcode::CARD_ACTION);
    }
    target(&action, 2)
}

fn button_card(card: &Fields<'_>, purpose: Purpose) -> Result<(), Errcode> {
    let buttons = card.list("button_list")?;
    if !(1..=6).contains(&buttons.len()) {
        return Err(Errcode::PARAMETER);
    }
    let mut keys = BTreeSet::new();
    for button in buttons {
        let button = Fields::new(button, &["text", "style", "type", "key", "url"])?;
        button.required("text", Errcode::BUTTON_TEXT)?;
        button.int_in("style", 1..=4, 1)?;
        if button.int_in("type", 0..=1, 0)? == 1 {
            address(button.text("url")?)?;
        } else if !keys.insert(bounded(&button, "key", KEY_BYTES, Errcode::BUTTON_KEY)?) {
            return Err(Errcode::BUTTON_KEY);
        }
    }
    card_action(card, false)?;
    card.get("button_selection").map_or(Ok(()), |selection| drop_down(selection, purpose).map(|_| ()))
}

/// A drop-down; gives its question's key.
fn drop_down(value: &Value, purpose: Purpose) -> Result<&str, Errcode> {
    let mut known = vec!["question_key", "title", "option_list", "selected_id"];
    if purpose == Purpose::Update {
        known.push("disable");
    }
    let question = Fields::new(value, &known)?;
    let key = bounded(&question, "question_key", KEY_BYTES, Errcode::QUESTION_KEY)?;
    question.text("title")?;
    question.flag("disable")?;
    let ids = options(&question, 10, &["id", "text"])?;
    match question.text("selected_id")? {
        Some(id) if !ids.contains(id) => Err(Errcode::OPTION_ID),
        _ => Ok(key),
    }
}

fn options<'a>(question: &Fields<'a>, max: usize, known: &[&str]) -> Result<BTreeSet<&'a str>, Errcode> {
    let list = question.list("option_list")?;
    if list.is_empty() {
        return Err(Errcode::OPTION_LIST);
    }
    at_most(list, max, Errcode::OPTION_LIST)?;
    let mut ids = BTreeSet::new();
    for option in list {
        let option = Fields::new(option, known)?;
        option.required("text", Errcode::OPTION_TEXT)?;
        option.flag("is_checked")?;
        if !ids.insert(bounded(&option, "id", OPTION_ID_BYTES, Errcode::OPTION_ID)?) {
            return Err(Errcode::OPTION_ID);
        }
    }
    Ok(ids)
}

fn vote_card(card: &Fields<'_>, purpose: Purpose) -> Result<(), Errcode> {
    let mut known = vec!["question_key", "mode", "option_list"];
    if purpose == Purpose::Update {
        known.push("disable");
    }
    let checkbox = card.object("checkbox", &known)?.ok_or(Errcode::QUESTION_KEY)?;
    bounded(&checkbox, "question_key", KEY_BYTES, Errcode::QUESTION_KEY)?;
    checkbox.int_in("mode", 0..=1, 0)?;
    checkbox.flag("disable")?;
    options(&checkbox, 20, &["id", "text", "is_checked"])?;
    submit_button(card)
}

fn multiple_card(card: &Fields<'_>, purpose: Purpose) -> Result<(), Errcode> {
    let lists = card.list("select_list")?;
    if lists.is_empty() {
        return Err(Errcode::SELECT_LIST);
    }
    at_most(lists, 3, Errcode::SELECT_LIST)?;
    let mut keys = BTreeSet::new();
    for list in lists {
        if !keys.insert(drop_down(list, purpose)?) {
            return Err(Errcode::QUESTION_KEY);
        }
    }
    submit_button(card)
}

fn submit_button(card: &Fields<'_>) -> Result<(), Errcode> {
    let button = card.object("submit_button", &["text", "key"])?.ok_or(Errcode::SUBMIT_KEY)?;
    button.text("text").map_err(|_| Errcode::SUBMIT_TEXT)?;
    bounded(&button, "key", KEY_BYTES, Errcode::SUBMIT_KEY).map(|_| ())
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
