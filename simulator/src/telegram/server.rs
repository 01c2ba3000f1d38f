//! The HTTP side: reads a call, lets the world answer it under its lock, writes the ledger, disturbs.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method as Verb, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::calls::{Answered, Call, Method, Refused, Row};
use super::fields::Fields;
use super::handle::Shared;
use super::world::World;
use super::{edit, poll, send};
use crate::faults::{Fault, Lost};
use crate::wire::Hangup;

const BODY_BYTES: usize = 64 * 1024 * 1024;
/// Largest file that `getFile` gives out.
const FILE_BYTES: usize = 20 * 1024 * 1024;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(call).layer(DefaultBodyLimit::max(BODY_BYTES)).with_state(shared)
}

/// What an address leads to.
enum Door {
    Api { bot: i64, method: Method },
    File { bot: i64, path: String },
    Unknown(Refused),
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let door = door(&shared.world(), uri.path());
    match door {
        Door::Unknown(refused) => {
            note(&shared, 0, Call::Unknown, Value::Null, Some(&Err(refused.clone())), None);
            written(Err(refused))
        }
        Door::File { bot, path } => file(&shared, bot, &path),
        Door::Api { bot, method } if verb == Verb::POST => {
            api(&shared, &hangup, bot, method, Fields::read(&headers, body).await).await
        }
        Door::Api { .. } => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn door(world: &World, path: &str) -> Door {
    let not_found = || Refused::numbered(404);
    let (file, rest) = match path.strip_prefix("/file/bot") {
        Some(rest) => (true, rest),
        None => (false, path.strip_prefix("/bot").unwrap_or_default()),
    };
    let Some((token, rest)) = rest.split_once('/').filter(|(token, _)| token.contains(':')) else {
        return Door::Unknown(not_found());
    };
    let Some(bot) = world.bots.values().find(|bot| bot.account.token == token).map(|bot| bot.account.id()) else {
        return Door::Unknown(Refused::numbered(401));
    };
    match Method::named(rest) {
        _ if file => Door::File { bot, path: rest.replace("%2F", "/").replace("%2f", "/") },
        Some(method) => Door::Api { bot, method },
        None => Door::Unknown(Refused { description: "Not Found: method not found".to_owned(), ..not_found() }),
    }
}

async fn api(shared: &Shared, hangup: &Hangup, bot: i64, method: Method, fields: Result<Fields, Refused>) -> Response {
    let fault = {
        let world = &mut *shared.world();
        world.faults.take(method, &mut world.rng)
    };
    let body = fields.as_ref().map_or(Value::Null, |fields| Value::Object(fields.values.clone()));
    let answered = match fault {
        Some(Fault::Refuse(code)) => Some(Err(Refused::numbered(code.0))),
        Some(Fault::Before(_)) => None,
        _ => Some(perform(shared, bot, method, fields).await),
    };
    note(shared, bot, Call::Method(method), body, answered.as_ref(), fault);
    respond(shared, hangup, answered, fault).await
}

async fn perform(shared: &Shared, bot: i64, method: Method, fields: Result<Fields, Refused>) -> Answered {
    let fields = fields?;
    fields.check(method)?;
    if method == Method::GetUpdates {
        return poll::updates(shared, bot, &fields).await;
    }
    let answered = dispatch(&mut shared.world(), bot, method, &fields);
    shared.wake();
    answered
}

fn dispatch(world: &mut World, bot: i64, method: Method, fields: &Fields) -> Answered {
    match method {
        Method::GetMe => me(world, bot),
        Method::SetWebhook => poll::set_webhook(world, bot, fields),
        Method::DeleteWebhook => poll::delete_webhook(world, bot, fields),
        Method::SendMessage => send::message(world, bot, fields),
        Method::SendPhoto => send::photo(world, bot, fields),
        Method::EditMessageText => edit::text(world, bot, fields),
        Method::AnswerCallbackQuery => edit::answer(world, bot, fields),
        Method::GetFile => get_file(world, bot, fields),
        Method::GetUpdates | Method::Download => Err(Refused::numbered(404)),
    }
}

fn me(world: &World, bot: i64) -> Answered {
    let state = world.bots.get(&bot).ok_or_else(|| Refused::numbered(401))?;
    let mut me = state.account.user();
    me["can_join_groups"] = true.into();
    me["can_read_all_group_messages"] = (!state.account.privacy).into();
    me["supports_inline_queries"] = false.into();
    Ok(me)
}

fn get_file(world: &World, bot: i64, fields: &Fields) -> Answered {
    let id = fields.text("file_id")?.unwrap_or_default();
    let wrong = || Refused::bad("wrong file_id or the file is temporarily unavailable");
    let file = world.files.iter().find(|file| file.bot == bot && file.id == id).ok_or_else(wrong)?;
    if file.bytes.len() > FILE_BYTES {
        return Err(Refused::bad("file is too big"));
    }
    Ok(
        json!({"file_id": id, "file_unique_id": format!("u{id}"), "file_size": file.bytes.len(), "file_path": file.path}),
    )
}

fn file(shared: &Shared, bot: i64, path: &str) -> Response {
    let found = {
        let world = shared.world();
        world.files.iter().find(|file| file.bot == bot && file.path == path).map(|file| file.bytes.clone())
    };
    let answered = match &found {
        Some(bytes) => Ok(json!({"bytes": bytes.len()})),
        None => Err(Refused::numbered(404)),
    };
    note(shared, bot, Call::Method(Method::Download), json!({"path": path}), Some(&answered), None);
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

fn note(shared: &Shared, bot: i64, call: Call, body: Value, answered: Option<&Answered>, fault: Option<Fault>) {
    let (accepted, code, answer) = match answered {
        None => (false, 0, Value::Null),
        Some(Ok(result)) => (true, 200, result.clone()),
        Some(Err(refused)) => (false, i64::from(refused.code), refused.description.as_str().into()),
    };
    let mut world = shared.world();
    let at_ms = world.now();
    world.append(Row { seq: 0, at_ms, bot, call, accepted, code, body, answer, fault });
}

async fn respond(shared: &Shared, hangup: &Hangup, answered: Option<Answered>, fault: Option<Fault>) -> Response {
    match fault {
        Some(Fault::Before(lost) | Fault::After(lost)) => return lose(shared, hangup, lost).await,
        Some(Fault::Slow(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::Refuse(_)) | None => {}
    }
    answered.map_or_else(|| StatusCode::OK.into_response(), written)
}

async fn lose(shared: &Shared, hangup: &Hangup, lost: Lost) -> Response {
    match lost {
        Lost::Hang => {
            shared.until_stopped().await;
            hangup.cut();
        }
        Lost::Drop => hangup.cut(),
        Lost::BadGateway => {
            return (StatusCode::BAD_GATEWAY, Html("<html><h1>502 Bad Gateway</h1></html>")).into_response();
        }
        Lost::Garbage => return Html("<!doctype html>\u{fffd}{\"ok\":").into_response(),
    }
    StatusCode::OK.into_response()
}

fn written(answered: Answered) -> Response {
    match answered {
        Ok(result) => Json(json!({"ok": true, "result": result})).into_response(),
        Err(Refused { code, description, retry_after }) => {
            let mut body = json!({"ok": false, "error_code": code, "description": description});
            if let Some(seconds) = retry_after {
                body["parameters"] = json!({"retry_after": seconds});
            }
            (StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
        }
    }
}
