//! Template cards as this surface takes them (wecom 101032): an app's rules, and smaller limits on top. What is too long
//! is refused here: a card that passes is small enough for clients that cut instead.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::card::Purpose;
use crate::errcode::Errcode;

/// Where texts stand, how many characters they have at most, and what a longer one is refused with. `*` is every element.
const TEXTS: [(&[&str], usize, Errcode); 16] = [
    (&["source", "desc"], 13, Errcode::PARAMETER),
    (&["main_title", "title"], 26, Errcode::CARD_TITLE),
    (&["main_title", "desc"], 30, Errcode::CARD_TITLE),
    (&["emphasis_content", "title"], 10, Errcode::PARAMETER),
    (&["emphasis_content", "desc"], 15, Errcode::PARAMETER),
    (&["sub_title_text"], 112, Errcode::PARAMETER),
    (&["horizontal_content_list", "*", "value"], 26, Errcode::PARAMETER),
    (&["jump_list", "*", "title"], 13, Errcode::CARD_TITLE),
    (&["vertical_content_list", "*", "title"], 26, Errcode::CARD_TITLE),
    (&["vertical_content_list", "*", "desc"], 112, Errcode::PARAMETER),
    (&["button_list", "*", "text"], 10, Errcode::BUTTON_TEXT),
    (&["button_selection", "option_list", "*", "text"], 10, Errcode::OPTION_TEXT),
    (&["checkbox", "option_list", "*", "text"], 11, Errcode::OPTION_TEXT),
    (&["select_list", "*", "title"], 13, Errcode::CARD_TITLE),
    (&["select_list", "*", "option_list", "*", "text"], 10, Errcode::OPTION_TEXT),
    (&["submit_button", "text"], 10, Errcode::SUBMIT_TEXT),
];
const QUESTION_BYTES: usize = 200;
const FEEDBACK_BYTES: usize = 256;

/// A card in a chat, with every look it had.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) chatid: String,
    /// The look, and for whom; `None` is everybody.
    looks: Vec<(Value, Option<BTreeSet<String>>)>,
}

impl Posted {
    pub(crate) fn new(chatid: &str, card: Value) -> Posted {
        Posted { chatid: chatid.to_owned(), looks: vec![(card, None)] }
    }

    pub(crate) fn change(&mut self, card: Value, only: Option<BTreeSet<String>>) {
        self.looks.push((card, only));
    }

    /// What that member sees now.
    pub(crate) fn shown_to(&self, userid: &str) -> Option<&Value> {
        let sees = |only: &Option<BTreeSet<String>>| only.as_ref().is_none_or(|only| only.contains(userid));
        self.looks.iter().rev().find(|(_, only)| sees(only)).map(|(card, _)| card)
    }

    pub(crate) fn history(&self) -> Vec<Value> {
        self.looks.iter().map(|(card, _)| card.clone()).collect()
    }
}

/// Checks the whole card.
pub(crate) fn validate(card: &Value, purpose: Purpose) -> Result<(), Errcode> {
    let mut app = card.as_object().ok_or(Errcode::PARAMETER)?.clone();
    if let Some(feedback) = app.remove("feedback") {
        let id = feedback.get("id").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || id.len() > FEEDBACK_BYTES {
            return Err(Errcode::PARAMETER);
        }
    }
    questions(&mut app)?;
    crate::card::validate(&Value::Object(app), purpose)?;
    if list(card, "horizontal_content_list").any(|row| row["type"] == 2) {
        return Err(Errcode::CARD_MEDIA_ID);
    }
    if list(card, "button_list").any(|button| button["type"] == 1) {
        return Err(Errcode::PARAMETER);
    }
    TEXTS.iter().try_for_each(|(path, most, code)| texts_fit(card, path, *most, *code))
}

/// Checks jumps that ask the bot something, which an app's cards do not have, and takes them out.
fn questions(card: &mut Map<String, Value>) -> Result<(), Errcode> {
    let Some(Value::Array(jumps)) = card.get_mut("jump_list") else { return Ok(()) };
    if jumps.len() > 3 {
        return Err(Errcode::JUMP_LIST);
    }
    for jump in jumps.iter().filter(|jump| jump["type"] == 3) {
        let question = jump["question"].as_str().unwrap_or_default();
        let titled = jump["title"].as_str().is_some_and(|title| !title.is_empty());
        if !titled || question.is_empty() || question.len() > QUESTION_BYTES {
            return Err(Errcode::PARAMETER);
        }
    }
    jumps.retain(|jump| jump["type"] != 3);
    Ok(())
}

fn list<'a>(card: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    card.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn texts_fit(value: &Value, path: &[&str], most: usize, code: Errcode) -> Result<(), Errcode> {
    match path.split_first() {
        None => {
            let fits = value.as_str().is_none_or(|text| text.chars().count() <= most);
            if fits { Ok(()) } else { Err(code) }
        }
        Some((&"*", rest)) => {
            value.as_array().into_iter().flatten().try_for_each(|element| texts_fit(element, rest, most, code))
        }
        Some((key, rest)) => value.get(key).map_or(Ok(()), |inner| texts_fit(inner, rest, most, code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn card() -> Value {
        json!({"card_type": "button_interaction", "main_title": {"title": "回复待审核", "desc": "旗舰店 1/3"},
            "sub_title_text": "亲，支持七天无理由退换。", "task_id": "case-81-r1",
            "horizontal_content_list": [{"keyname": "依据", "value": "退换 v3"}],
            "button_selection": {"question_key": "hint", "title": "改法", "option_list": [{"id": "a", "text": "短些"}]},
            "button_list": [{"text": "发送", "style": 1, "key": "ok:81:1"}, {"text": "改", "key": "edit:81:1"}]})
    }

    fn with(pointer: &str, value: Value) -> Result<(), Errcode> {
        let mut card = card();
        *card.pointer_mut(pointer).unwrap() = value;
        validate(&card, Purpose::Send)
    }

    #[test]
    fn at_the_limit_is_taken_and_above_it_refused() {
        assert_eq!(validate(&card(), Purpose::Send), Ok(()));
        for (pointer, most, code) in [
            ("/main_title/title", 26, Errcode::CARD_TITLE),
            ("/main_title/desc", 30, Errcode::CARD_TITLE),
            ("/sub_title_text", 112, Errcode::PARAMETER),
            ("/horizontal_content_list/0/value", 26, Errcode::PARAMETER),
            ("/button_list/0/text", 10, Errcode::BUTTON_TEXT),
            ("/button_selection/option_list/0/text", 10, Errcode::OPTION_TEXT),
        ] {
            assert_eq!(with(pointer, json!("字".repeat(most))), Ok(()), "{pointer}");
            assert_eq!(with(pointer, json!("字".repeat(most + 1))), Err(code), "{pointer}");
        }
        assert_eq!(with("/task_id", json!("t".repeat(129))), Err(Errcode::TASK_ID));
        assert_eq!(with("/task_id", json!("退款")), Err(Errcode::TASK_ID));
        let buttons: Vec<Value> = (0..7).map(|n| json!({"text": "x", "key": n.to_string()})).collect();
        assert_eq!(with("/button_list", json!(buttons)), Err(Errcode::PARAMETER));
    }

    #[test]
    fn what_only_apps_have_is_refused() {
        let file = json!([{"keyname": "图", "type": 2, "media_id": "M", "value": "a.png"}]);
        assert_eq!(with("/horizontal_content_list", file), Err(Errcode::CARD_MEDIA_ID));
        let link = json!([{"text": "看", "type": 1, "url": "https://x"}]);
        assert_eq!(with("/button_list", link), Err(Errcode::PARAMETER));
    }

    #[test]
    fn a_jump_may_ask_the_bot() {
        let mut card = card();
        card["jump_list"] = json!([{"type": 3, "title": "队列", "question": "/queue"}]);
        card["feedback"] = json!({"id": "f1"});
        assert_eq!(validate(&card, Purpose::Send), Ok(()));
        card["jump_list"][0]["question"] = json!("q".repeat(201));
        assert_eq!(validate(&card, Purpose::Send), Err(Errcode::PARAMETER));
    }

    #[test]
    fn a_look_may_be_for_some_only() {
        let mut posted = Posted::new("wrG", json!(1));
        posted.change(json!(2), Some(["LiHua".to_owned()].into()));
        assert_eq!((posted.shown_to("LiHua"), posted.shown_to("WangWu")), (Some(&json!(2)), Some(&json!(1))));
        assert_eq!(posted.history(), [json!(1), json!(2)]);
    }
}
