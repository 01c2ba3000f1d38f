//! Phones that are not on WeCom's own wires: a customer on Telegram, and colleagues in the chat with the AI bot. They are
//! shown in the shapes of the page's other chats (`view.rs`).

use axum::extract::{Query, State};
use axum::{body::Bytes, http::HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Done, Failure, Json, Member, Tap, With, Words, picture};
use crate::aibot::{AiBot, Cmd, Happened, Row, Told};
use crate::telegram::{Medium, Message, Room, Spot, Telegram};

/// What a demo has besides WeCom's customer service and app.
#[derive(Clone)]
pub struct Elsewhere {
    /// Where customers can be instead.
    pub telegram: Telegram,
    /// Where colleagues can be instead.
    pub aibot: AiBot,
}

impl Elsewhere {
    /// Adds both to the state of WeCom's phones: Telegram's customers, and `bot_items` for each member.
    pub(super) fn add_to(&self, state: &mut Value) {
        if let Some(customers) = state["customers"].as_array_mut() {
            customers.extend(telegram_chats(&self.telegram));
        }
        let ledger = self.aibot.ledger();
        for member in state["members"].as_array_mut().into_iter().flatten() {
            let userid = member["userid"].as_str().unwrap_or_default().to_owned();
            member["bot_items"] = json!(bot_items(&self.aibot, &ledger, &userid));
        }
    }

    /// A picture or a file that was sent on either.
    pub(super) fn media(&self, id: &str) -> Option<Vec<u8>> {
        let uploaded = || self.aibot.uploads().into_iter().find(|upload| upload.media_id == id);
        self.telegram.file(id).or_else(|| uploaded().map(|upload| upload.bytes))
    }
}

/// One chat for each person and bot that talk in private.
fn telegram_chats(telegram: &Telegram) -> Vec<Value> {
    let messages = telegram.messages();
    let mut chats = Vec::new();
    for (user, name) in telegram.people() {
        for (bot, username) in telegram.bots() {
            let room = Room::Private { bot, user };
            let lines: Vec<Value> = messages.iter().filter(|m| m.spot.room == room).map(telegram_line).collect();
            chats.push(json!({"app": "telegram", "id": user.to_string(), "name": name, "account": bot.to_string(),
                "account_name": format!("@{username}"), "session_state": null, "quota_left": null, "lines": lines}));
        }
    }
    chats
}

fn telegram_line(message: &Message) -> Value {
    let media =
        message.attachment.as_ref().map(|file| json!({"id": file.file_id, "kind": file.kind, "filename": null}));
    let kind = match message.attachment.as_ref().map(|file| file.kind) {
        None => "text",
        Some("photo") => "image",
        Some("document") => "file",
        Some(other) => other,
    };
    json!({"msgid": message.id.to_string(), "from": if message.by_bot { "shop" } else { "customer" }, "kind": kind,
        "text": message.text, "at_ms": message.at_ms, "recalled": false, "media": media})
}

/// What stands in a member's chat with the bot, oldest first.
fn bot_items(aibot: &AiBot, ledger: &[Row], userid: &str) -> Vec<Value> {
    let theirs: Vec<&Row> = ledger.iter().filter(|row| is_theirs(row, userid)).collect();
    let answers = |row: &Row| row.accepted && theirs.iter().any(|asked| asked.req_id == row.req_id);
    let shown = |row: &Row| match row.happened {
        Happened::Callback if is_theirs(row, userid) => own_words(row),
        Happened::Command(Cmd::SendMsg) if row.accepted && row.body["chatid"] == userid => said(aibot, row, userid),
        Happened::Command(Cmd::RespondMsg | Cmd::RespondWelcome) if answers(row) => said(aibot, row, userid),
        _ => None,
    };
    ledger.iter().filter_map(shown).collect()
}

fn is_theirs(row: &Row, userid: &str) -> bool {
    row.happened == Happened::Callback && row.body["from"]["userid"] == userid && row.body["chattype"] == "single"
}

fn own_words(row: &Row) -> Option<Value> {
    Some(item(row, "own", row.body["text"]["content"].as_str()?))
}

fn said(aibot: &AiBot, row: &Row, userid: &str) -> Option<Value> {
    match row.body["msgtype"].as_str()? {
        "template_card" => Some(card(aibot, row, userid)),
        "stream" => row.body["stream"]["finish"].as_bool()?.then(|| item(row, "markdown", text(row, "stream"))),
        kind @ ("image" | "file") => {
            let mut shown = item(row, kind, "");
            shown["media"] = json!({"id": row.body[kind]["media_id"], "kind": kind, "filename": null});
            Some(shown)
        }
        kind => Some(item(row, kind, text(row, kind))),
    }
}

fn text<'a>(row: &'a Row, kind: &str) -> &'a str {
    row.body[kind]["content"].as_str().unwrap_or_default()
}

/// A card as it looks now: with `replace_text` its buttons are grey.
fn card(aibot: &AiBot, row: &Row, userid: &str) -> Value {
    let task_id = row.body["template_card"]["task_id"].as_str().unwrap_or_default();
    let now = aibot.card(userid, task_id).unwrap_or_else(|| row.body["template_card"].clone());
    let mut shown = item(row, "card", "");
    shown["task_id"] = json!(task_id);
    shown["disabled"] = json!(now.get("replace_text").is_some());
    shown["caption"] = now.get("replace_text").cloned().unwrap_or_default();
    shown["card"] = now;
    shown
}

fn item(row: &Row, kind: &str, text: &str) -> Value {
    json!({"id": row.seq, "msgid": row.req_id, "at_ms": row.at_ms, "kind": kind, "text": text, "card": null,
        "task_id": null, "tapped": null, "disabled": false, "caption": null, "media": null})
}

/// Somebody on Telegram, in private with a bot.
#[derive(Deserialize)]
pub(super) struct Private {
    /// The person, in digits.
    id: String,
    /// The bot, in digits.
    account: String,
}

impl Private {
    fn spot(&self) -> Result<(i64, Spot), Failure> {
        let number = |text: &str| text.parse().map_err(|_| Failure::unknown("no such chat"));
        let (user, bot) = (number(&self.id)?, number(&self.account)?);
        Ok((user, Spot::private(bot, user)))
    }
}

pub(super) async fn telegram_say(State(on): State<Elsewhere>, Json(body): Json<With<Private, Words>>) -> Done {
    let (user, spot) = body.who.spot()?;
    let msgid = on.telegram.say(user, spot, &body.what.text)?;
    Ok(axum::Json(json!({ "msgid": msgid })))
}

pub(super) async fn telegram_image(
    State(on): State<Elsewhere>,
    Query(who): Query<Private>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Done {
    let (user, spot) = who.spot()?;
    let msgid = on.telegram.send(user, spot, Medium::Photo(picture(&headers, &bytes)?), "")?;
    Ok(axum::Json(json!({ "msgid": msgid })))
}

pub(super) async fn aibot_say(State(on): State<Elsewhere>, Json(body): Json<With<Member, Words>>) -> Done {
    Ok(told(&on.aibot.says(&body.who.userid, &body.what.text)))
}

pub(super) async fn aibot_tap(State(on): State<Elsewhere>, Json(body): Json<With<Member, Tap>>) -> Done {
    let With { who, what } = body;
    Ok(told(&on.aibot.taps(&who.userid, &what.task_id, &what.key, &what.choices())?))
}

pub(super) async fn aibot_enter(State(on): State<Elsewhere>, Json(who): Json<Member>) -> Done {
    let entered = on.aibot.enters(&who.userid);
    Ok(entered.as_ref().map_or_else(|| axum::Json(json!({})), told))
}

/// `{delivered, status}` as for the app: the connection either hears it or nobody does.
fn told(told: &Told) -> axum::Json<Value> {
    axum::Json(json!({"delivered": told.told, "status": null}))
}
