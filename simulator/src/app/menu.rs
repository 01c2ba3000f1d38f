//! `menu/create|get|delete` (wecom 90231).

use serde_json::{Value, json};

use crate::api::{Answer, Answered, Request};
use crate::body::Fields;
use crate::errcode::Errcode;
use crate::world::World;

const KEY_BYTES: usize = 128;
const URL_BYTES: usize = 1024;

/// The codes of one level of the menu.
struct Level {
    name_bytes: usize,
    kind: Errcode,
    name: Errcode,
    key: Errcode,
    url: Errcode,
}

const TOP: Level = Level {
    name_bytes: 16,
    kind: Errcode::MENU_TYPE,
    name: Errcode::MENU_NAME,
    key: Errcode::MENU_KEY,
    url: Errcode::MENU_URL,
};
const SUB: Level = Level {
    name_bytes: 40,
    kind: Errcode::SUB_MENU_TYPE,
    name: Errcode::SUB_MENU_NAME,
    key: Errcode::SUB_MENU_KEY,
    url: Errcode::SUB_MENU_URL,
};

/// The `agentid` of the query has to be the app's.
pub(crate) fn check_agent(world: &World, request: &Request) -> Result<(), Errcode> {
    let agent: i64 = request.query("agentid").and_then(|text| text.parse().ok()).ok_or(Errcode::AGENT_ID)?;
    if agent == world.settings.agent_id { Ok(()) } else { Err(Errcode::NOT_OF_TOKEN) }
}

/// `menu/create`.
pub(crate) fn create(world: &mut World, request: &Request) -> Answered {
    check_agent(world, request)?;
    let buttons = Fields::new(&request.body, &["button"])?.list("button")?;
    if !(1..=3).contains(&buttons.len()) {
        return Err(Errcode::MENU_COUNT);
    }
    buttons.iter().try_for_each(top_button)?;
    world.app.menu = Some(request.body.clone());
    Ok(Answer::Json(json!({})))
}

fn top_button(value: &Value) -> Result<(), Errcode> {
    let subs = value.get("sub_button").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if subs.is_empty() {
        return leaf(value, &TOP);
    }
    let button = Fields::new(value, &["name", "sub_button"])?;
    name(&button, &TOP)?;
    if subs.len() > 5 {
        return Err(Errcode::SUB_MENU_COUNT);
    }
    subs.iter().try_for_each(|sub| leaf(sub, &SUB))
}

fn name(button: &Fields<'_>, level: &Level) -> Result<(), Errcode> {
    let name = button.required("name", level.name)?;
    if name.len() <= level.name_bytes { Ok(()) } else { Err(level.name) }
}

fn leaf(value: &Value, level: &Level) -> Result<(), Errcode> {
    let button = Fields::new(value, &["name", "type", "key", "url", "appid", "pagepath", "sub_button"])?;
    name(&button, level)?;
    match button.required("type", level.kind)? {
        "view" => {
            let url = button.required("url", level.url)?;
            match url.starts_with("http://") || url.starts_with("https://") {
                _ if url.len() > URL_BYTES => Err(level.url),
                false => Err(Errcode::MENU_URL_FORM),
                true => Ok(()),
            }
        }
        "view_miniprogram" => button.required("appid", Errcode::APP_ID).map(|_| ()),
        "click" | "scancode_push" | "scancode_waitmsg" | "pic_sysphoto" | "pic_photo_or_album" | "pic_weixin"
        | "location_select" => {
            let key = button.required("key", level.key)?;
            if key.len() <= KEY_BYTES { Ok(()) } else { Err(level.key) }
        }
        _ => Err(level.kind),
    }
}

/// `menu/get`: 46003 without a menu.
pub(crate) fn get(world: &World, request: &Request) -> Answered {
    check_agent(world, request)?;
    world.app.menu.clone().map(Answer::Json).ok_or(Errcode::NO_MENU)
}

/// `menu/delete`.
pub(crate) fn delete(world: &mut World, request: &Request) -> Answered {
    check_agent(world, request)?;
    world.app.menu = None;
    Ok(Answer::Json(json!({})))
}

/// Whether the menu has a clickable entry with that key.
pub(crate) fn has_key(menu: Option<&Value>, key: &str) -> bool {
    let buttons = |value: &Value, list: &str| value.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let hit = |button: &Value| button["type"] == "click" && button["key"] == key;
    let tops = menu.map(|menu| buttons(menu, "button")).unwrap_or_default();
    tops.iter().any(|top| hit(top) || buttons(top, "sub_button").iter().any(hit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(button: &Value) -> i64 {
        top_button(button).err().map_or(0, |code| code.0)
    }

    #[test]
    fn limits_of_both_levels() {
        let click = |name: &str| json!({"name": name, "type": "click", "key": "k"});
        assert_eq!((code(&click("待审队列列")), code(&click("待审队列列表"))), (0, 40018));
        let sub = |n: usize, name: &str| json!({"name": "更多", "sub_button": vec![click(name); n]});
        assert_eq!((code(&sub(5, "一级以下可以长一些")), code(&sub(6, "x"))), (0, 40023));
        assert_eq!(code(&sub(1, &"长".repeat(14))), 40025);
    }

    #[test]
    fn leaves_need_what_their_type_needs() {
        assert_eq!(code(&json!({"name": "a", "type": "click"})), 40019);
        assert_eq!(code(&json!({"name": "a", "type": "tap", "key": "k"})), 40017);
        assert_eq!(code(&json!({"name": "a", "type": "view", "url": "desk.example.com"})), 40055);
        assert_eq!(code(&json!({"name": "a", "type": "view", "url": format!("https://{}", "x".repeat(1024))})), 40020);
        assert_eq!(code(&json!({"name": "a", "colour": "red", "type": "click", "key": "k"})), 40058);
    }

    #[test]
    fn keys_are_found_on_both_levels() {
        let menu = json!({"button": [{"name": "a", "type": "click", "key": "top"},
            {"name": "b", "sub_button": [{"name": "c", "type": "click", "key": "sub"}]}]});
        assert!(has_key(Some(&menu), "top") && has_key(Some(&menu), "sub"));
        assert!(!has_key(Some(&menu), "other") && !has_key(None, "top"));
    }
}
