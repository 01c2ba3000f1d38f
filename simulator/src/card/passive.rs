//! The card inside a passive reply (wecom 90241): CamelCase elements, lists repeated, to the JSON of the API.

use serde_json::{Map, Value};

use crate::xml::Element;

/// The JSON of a `TemplateCard` element.
pub(crate) fn card_of(element: &Element) -> Value {
    let mut map = Map::new();
    for child in &element.children {
        let name = json_name(&child.name);
        if is_list(&child.name) {
            let list = map.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(value_of(child));
            }
        } else {
            map.insert(name, value_of(child));
        }
    }
    Value::Object(map)
}

fn value_of(element: &Element) -> Value {
    if !element.children.is_empty() {
        return card_of(element);
    }
    let text = element.text.trim();
    match element.name.as_str() {
        "Type" | "DescColor" | "Style" | "Mode" => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        "AspectRatio" => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        "Disable" | "IsChecked" => flag(text),
        _ => element.text.as_str().into(),
    }
}

fn flag(text: &str) -> Value {
    match text {
        "true" | "1" => true.into(),
        "false" | "0" => false.into(),
        _ => text.into(),
    }
}

fn is_list(name: &str) -> bool {
    matches!(
        name,
        "ActionList"
            | "HorizontalContentList"
            | "JumpList"
            | "VerticalContentList"
            | "OptionList"
            | "ButtonList"
            | "SelectList"
    )
}

fn json_name(name: &str) -> String {
    match name {
        "KeyName" => "keyname".to_owned(),
        "UserId" => "userid".to_owned(),
        "AppId" => "appid".to_owned(),
        "PagePath" => "pagepath".to_owned(),
        "CheckBox" => "checkbox".to_owned(),
        other => snake(other),
    }
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;
    use serde_json::json;

    #[test]
    fn a_card_of_repeated_elements() {
        let text = "<TemplateCard><CardType>button_interaction</CardType><MainTitle><Title>已发</Title></MainTitle>\
            <ButtonList><Text>好</Text><Style>2</Style><Key>7</Key></ButtonList>\
            <HorizontalContentList><KeyName>订单</KeyName><Value>4471</Value></HorizontalContentList>\
            <ButtonSelection><QuestionKey>q</QuestionKey><Disable>true</Disable>\
            <OptionList><Id>1</Id><Text>甲</Text></OptionList></ButtonSelection></TemplateCard>";
        let card = card_of(&parse(text).unwrap());
        let expected = json!({"card_type": "button_interaction", "main_title": {"title": "已发"},
            "button_list": [{"text": "好", "style": 2, "key": "7"}],
            "horizontal_content_list": [{"keyname": "订单", "value": "4471"}],
            "button_selection": {"question_key": "q", "disable": true, "option_list": [{"id": "1", "text": "甲"}]}});
        assert_eq!(card, expected);
    }
}
