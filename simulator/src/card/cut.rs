//! How clients show a card: what is too long is cut, silently (display limits of wecom 90236).

use serde_json::{Map, Value};

/// Where over-long texts stand, and how many characters are shown. `*` is every element of a list.
const LIMITS: [(&[&str], usize); 22] = [
    (&["source", "desc"], 20),
    (&["main_title", "title"], 36),
    (&["main_title", "desc"], 44),
    (&["emphasis_content", "title"], 14),
    (&["emphasis_content", "desc"], 22),
    (&["sub_title_text"], 160),
    (&["horizontal_content_list", "*", "keyname"], 5),
    (&["horizontal_content_list", "*", "value"], 30),
    (&["jump_list", "*", "title"], 18),
    (&["vertical_content_list", "*", "title"], 38),
    (&["vertical_content_list", "*", "desc"], 160),
    (&["button_list", "*", "text"], 10),
    (&["button_selection", "title"], 13),
    (&["button_selection", "option_list", "*", "text"], 16),
    (&["checkbox", "option_list", "*", "text"], 17),
    (&["select_list", "*", "title"], 13),
    (&["select_list", "*", "option_list", "*", "text"], 16),
    (&["submit_button", "text"], 10),
    (&["replace_text"], 10),
    // No limit is published for quotations; phones show three lines.
    (&["quote_area", "title"], 44),
    (&["quote_area", "quote_text"], 160),
    (&["action_menu", "action_list", "*", "text"], 10),
];

/// The card as a phone shows it.
pub(crate) fn shown(card: &Value) -> Value {
    let mut shown = card.clone();
    for (path, limit) in LIMITS {
        cut_at(&mut shown, path, limit);
    }
    shown
}

fn cut_at(value: &mut Value, path: &[&str], limit: usize) {
    match path.split_first() {
        None => {
            if let Value::String(text) = value {
                *text = cut(text, limit);
            }
        }
        Some((&"*", rest)) => {
            value.as_array_mut().into_iter().flatten().for_each(|element| cut_at(element, rest, limit));
        }
        Some((key, rest)) => {
            if let Some(inner) = value.as_object_mut().and_then(|map: &mut Map<String, Value>| map.get_mut(*key)) {
                cut_at(inner, rest, limit);
            }
        }
    }
}

/// The first `limit` characters; the last one shown is an ellipsis where something is missing.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_at_the_limit_is_whole() {
        assert_eq!(cut("退款进度", 4), "退款进度");
        assert_eq!(cut("退款进度表", 4), "退款进…");
    }

    #[test]
    fn every_level_is_cut_and_keys_are_not() {
        let long = "字".repeat(200);
        let card = json!({"sub_title_text": long, "task_id": long, "button_list": [{"text": long, "key": long}],
            "select_list": [{"option_list": [{"text": long, "id": long}]}]});
        let shown = shown(&card);
        let chars = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str).unwrap().chars().count();
        assert_eq!((chars("/sub_title_text"), chars("/button_list/0/text")), (160, 10));
        assert_eq!(chars("/select_list/0/option_list/0/text"), 16);
        assert_eq!((chars("/task_id"), chars("/button_list/0/key")), (200, 200));
    }
}
