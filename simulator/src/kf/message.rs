//! The content of a message to a customer (wecom 94677): types, limits, and how the customer's phone shows it.

use serde_json::Value;

use crate::body::{Fields, cut_bytes};
use crate::errcode::Errcode;
use crate::media::{self, MediaKind};
use crate::settings::LongText;
use crate::world::World;

/// Texts above this are cut or refused.
pub(crate) const TEXT_BYTES: usize = 2048;
const MENU_TEXT_BYTES: usize = 1024;

/// A message that was checked, as the phone shows it.
pub(crate) struct Shown {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) media_id: Option<String>,
}

/// Every field that holds the content of some type.
pub(crate) const PAYLOADS: [&str; 8] = ["text", "image", "voice", "video", "file", "link", "msgmenu", "location"];

/// Checks the content that `msgtype` names; a body has the object of its own type and no other.
pub(crate) fn read(world: &World, body: &Fields<'_>) -> Result<Shown, Errcode> {
    let named = body.required("msgtype", Errcode::MESSAGE_TYPE)?;
    let kind = PAYLOADS.into_iter().find(|kind| *kind == named).ok_or(Errcode::MESSAGE_TYPE)?;
    if PAYLOADS.into_iter().any(|other| other != kind && body.get(other).is_some()) {
        return Err(Errcode::PARAMETER);
    }
    let shown = |text: String| Shown { kind, text, media_id: None };
    match kind {
        "text" => text(world, body).map(shown),
        "link" => link(world, body).map(shown),
        "msgmenu" => menu(body).map(shown),
        "location" => location(body).map(shown),
        _ => medium(world, body, kind),
    }
}

fn text(world: &World, body: &Fields<'_>) -> Result<String, Errcode> {
    let object = body.object("text", &["content"])?.ok_or(Errcode::TEXT_EMPTY)?;
    let content = object.required("content", Errcode::TEXT_EMPTY)?;
    match world.settings.switches.long_text {
        LongText::Refused if content.len() > TEXT_BYTES => Err(Errcode::TEXT_LONG),
        _ => Ok(cut_bytes(content, TEXT_BYTES).to_owned()),
    }
}

fn medium(world: &World, body: &Fields<'_>, kind: &'static str) -> Result<Shown, Errcode> {
    let object = body.object(kind, &["media_id"])?.ok_or(Errcode::MEDIA_ID)?;
    let id = object.required("media_id", Errcode::MEDIA_ID)?;
    media::check(world, id, MediaKind::from_name(kind).ok_or(Errcode::MESSAGE_TYPE)?)?;
    let text = world.media.get(id).map(|medium| medium.filename.clone()).unwrap_or_default();
    Ok(Shown { kind, text, media_id: Some(id.to_owned()) })
}

fn limited<'a>(fields: &Fields<'a>, key: &str, max: usize) -> Result<&'a str, Errcode> {
    let text = fields.text(key)?.unwrap_or_default();
    if text.len() <= max { Ok(text) } else { Err(Errcode::TEXT_LONG) }
}

fn link(world: &World, body: &Fields<'_>) -> Result<String, Errcode> {
    let link = body.object("link", &["title", "desc", "url", "thumb_media_id"])?.ok_or(Errcode::PARAMETER)?;
    let title = limited(&link, "title", 128)?;
    limited(&link, "desc", 512)?;
    let url = limited(&link, "url", 2048)?;
    media::check(world, link.required("thumb_media_id", Errcode::MEDIA_ID)?, MediaKind::Image)?;
    match url.starts_with("http://") || url.starts_with("https://") {
        _ if title.is_empty() => Err(Errcode::PARAMETER),
        false => Err(Errcode::URL_SCHEME),
        true => Ok(format!("{title} {url}")),
    }
}

fn location(body: &Fields<'_>) -> Result<String, Errcode> {
    let place = body.object("location", &["name", "address", "latitude", "longitude"])?.ok_or(Errcode::PARAMETER)?;
    let degree = |key: &str| place.get(key).and_then(Value::as_f64).ok_or(Errcode::PARAMETER);
    let (latitude, longitude) = (degree("latitude")?, degree("longitude")?);
    Ok(format!("{} {latitude},{longitude}", place.text("name")?.unwrap_or_default()).trim().to_owned())
}

/// The menu's lines, as the phone shows them.
fn menu(body: &Fields<'_>) -> Result<String, Errcode> {
    let menu = body.object("msgmenu", &["head_content", "list", "tail_content"])?.ok_or(Errcode::PARAMETER)?;
    let items = menu.list("list")?;
    if items.len() > 10 {
        return Err(Errcode::KF_MENU_LIST);
    }
    let mut lines = vec![limited(&menu, "head_content", MENU_TEXT_BYTES)?];
    for item in items {
        lines.push(menu_item(item)?);
    }
    lines.push(limited(&menu, "tail_content", MENU_TEXT_BYTES)?);
    lines.retain(|line| !line.is_empty());
    if lines.is_empty() { Err(Errcode::TEXT_EMPTY) } else { Ok(lines.join("\n")) }
}

fn menu_item(item: &Value) -> Result<&str, Errcode> {
    let item = Fields::new(item, &["type", "click", "view", "miniprogram", "text"])?;
    let inner = |key: &str, known: &[&str]| item.object(key, known)?.ok_or(Errcode::PARAMETER);
    match item.required("type", Errcode::KF_MENU_TYPE)? {
        "click" => {
            let click = inner("click", &["id", "content"])?;
            limited(&click, "id", 64)?;
            limited(&click, "content", 128)
        }
        "view" => {
            let view = inner("view", &["url", "content"])?;
            limited(&view, "url", 2048)?;
            limited(&view, "content", 1024)
        }
        "miniprogram" => limited(&inner("miniprogram", &["appid", "pagepath", "content"])?, "content", 1024),
        "text" => limited(&inner("text", &["content", "no_newline"])?, "content", 256),
        _ => Err(Errcode::KF_MENU_TYPE),
    }
}
