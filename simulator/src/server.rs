//! The HTTP side: one handler reads a call, lets the world answer it under its lock, writes the ledger, disturbs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Multipart, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::{Answer, Answered, Api, Request, Upload};
use crate::errcode::Errcode;
use crate::faults::{Fault, Lost};
use crate::ledger::{Call, LedgerRow};
use crate::oauth::{self, Page};
use crate::wire::Hangup;
use crate::world::World;
use crate::{Shared, app, kf, media, tokens};

const BODY_BYTES: usize = 32 * 1024 * 1024;

/// Query parameters that never reach the ledger.
const SECRETS: [&str; 3] = ["access_token", "corpsecret", "code"];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/cgi-bin/{*path}", any(call).layer(DefaultBodyLimit::max(BODY_BYTES)))
        .route("/connect/oauth2/authorize", get(authorize))
        .with_state(shared)
}

async fn authorize(State(shared): State<Arc<Shared>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    match oauth::authorize(&mut shared.world(), &query) {
        Page::Redirect(to) => Redirect::to(&to).into_response(),
        Page::Choice(html) => Html(html).into_response(),
        Page::Wrong(parameter) => (StatusCode::BAD_REQUEST, format!("parameter: {parameter}")).into_response(),
    }
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    method: Method,
    Path(path): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(api) = Api::from_path(&path) else { return unknown_path(&shared, &path) };
    let request = read(api, query, &headers, body).await;
    let (answer, fault) = handle(&shared, &method, api, request);
    respond(&shared, &hangup, answer, fault).await
}

fn unknown_path(shared: &Shared, path: &str) -> Response {
    let mut world = shared.world();
    let (at_ms, body) = (world.now(), json!({"path": path}));
    let call = Call::UnknownPath;
    world.ledger.append(LedgerRow {
        seq: 0,
        at_ms,
        call,
        accepted: false,
        errcode: 404,
        body,
        answer: Value::Null,
        fault: None,
    });
    StatusCode::NOT_FOUND.into_response()
}

/// What arrived: the request, and the errcode where its body cannot be read at all.
struct Arrived {
    request: Request,
    malformed: Option<Errcode>,
}

async fn read(api: Api, query: BTreeMap<String, String>, headers: &HeaderMap, body: Bytes) -> Arrived {
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).map(str::to_owned);
    let mut request = Request { api, query, body: Value::Null, upload: None, range };
    if api == Api::MediaUpload {
        request.upload = multipart(headers, body).await;
        return Arrived { request, malformed: None };
    }
    let parsed = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let malformed = parsed.is_err().then_some(Errcode::PARAMETER);
    request.body = parsed.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    Arrived { request, malformed }
}

/// The part named `media`; `None` where there is none.
pub(crate) async fn multipart(headers: &HeaderMap, body: Bytes) -> Option<Upload> {
    let mut request = axum::http::Request::new(Body::from(body));
    request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
    DefaultBodyLimit::max(BODY_BYTES).apply(&mut request);
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    while let Some(part) = parts.next_field().await.ok()? {
        if part.name() == Some("media") {
            let filename = part.file_name().map(str::to_owned);
            return Some(Upload { filename, bytes: part.bytes().await.ok()?.to_vec() });
        }
    }
    None
}

/// Everything that happens to a call under the lock. No answer is given where a fault kept the call away.
fn handle(shared: &Shared, method: &Method, api: Api, arrived: Arrived) -> (Option<Answered>, Option<Fault>) {
    let mut guard = shared.world();
    let world = &mut *guard;
    let fault = world.faults.take(api, &mut world.rng);
    let answered = match fault {
        Some(Fault::Refuse(code)) => Some(Err(code)),
        Some(Fault::Before(_)) => None,
        _ => Some(perform(world, method, &arrived)),
    };
    let row = row(world, api, &arrived.request, answered.as_ref(), fault);
    world.ledger.append(row);
    (answered, fault)
}

fn perform(world: &mut World, method: &Method, arrived: &Arrived) -> Answered {
    let request = &arrived.request;
    if !request.api.takes(method) {
        return Err(Errcode::PARAMETER);
    }
    tokens::check(world, request)?;
    tokens::count(world, request.api)?;
    arrived.malformed.map_or(Ok(()), Err)?;
    dispatch(world, request)
}

fn dispatch(world: &mut World, request: &Request) -> Answered {
    match request.api {
        Api::GetToken => tokens::get_token(world, request),
        Api::MessageSend => app::send::send(world, request),
        Api::UpdateTemplateCard => app::update::update(world, request),
        Api::MessageRecall => app::send::recall(world, request),
        Api::MediaUpload => media::upload(world, request),
        Api::MediaGet => media::get(world, request),
        Api::MenuCreate => app::menu::create(world, request),
        Api::MenuGet => app::menu::get(world, request),
        Api::MenuDelete => app::menu::delete(world, request),
        Api::AgentGet => app::directory::agent(world, request),
        Api::UserGet => app::directory::user(world, request),
        Api::KfSyncMsg => kf::sync::sync(world, request),
        Api::KfSendMsg => kf::send::send(world, request),
        Api::KfSendMsgOnEvent => kf::send::send_on_event(world, request),
        Api::KfStateGet => kf::state::get(world, request),
        Api::KfStateTrans => kf::state::trans(world, request),
        Api::KfServicerList => kf::directory::servicers(world, request),
        Api::KfAccountList => kf::directory::accounts(world, request),
        Api::KfCustomerBatchGet => kf::directory::customers(world, request),
        Api::AuthGetUserInfo => oauth::user_info(world, request),
    }
}

fn row(world: &World, api: Api, request: &Request, answered: Option<&Answered>, fault: Option<Fault>) -> LedgerRow {
    let (accepted, errcode, answer) = match answered {
        None => (false, 0, Value::Null),
        Some(Err(code)) => (false, code.0, Value::Null),
        Some(Ok(Answer::File { filename, bytes, .. })) => {
            (true, 0, json!({"filename": filename, "bytes": bytes.len()}))
        }
        Some(Ok(Answer::Json(_))) if api == Api::GetToken => (true, 0, Value::Null),
        Some(Ok(Answer::Json(answer))) => (true, 0, answer.clone()),
    };
    let (at_ms, body) = (world.now(), noted(request));
    LedgerRow { seq: 0, at_ms, call: Call::Api(api), accepted, errcode, body, answer, fault }
}

fn noted(request: &Request) -> Value {
    let public = request.query.iter().filter(|(name, _)| !SECRETS.contains(&name.as_str()));
    let query = || public.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    match &request.upload {
        Some(Upload { filename, bytes }) => {
            let sha256 = hex::encode(Sha256::digest(bytes));
            json!({"type": request.query("type"), "filename": filename, "bytes": bytes.len(), "sha256": sha256})
        }
        None if request.body.is_null() => Value::Object(query()),
        None => request.body.clone(),
    }
}

async fn respond(shared: &Shared, hangup: &Hangup, answer: Option<Answered>, fault: Option<Fault>) -> Response {
    match fault {
        Some(Fault::Before(lost) | Fault::After(lost)) => lose(shared.until_stopped(), hangup, lost).await,
        Some(Fault::Slow(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            written(shared, answer)
        }
        Some(Fault::Refuse(_)) | None => written(shared, answer),
    }
}

/// What the caller sees of a lost answer.
pub(crate) async fn lose(stopped: impl Future<Output = ()>, hangup: &Hangup, lost: Lost) -> Response {
    match lost {
        Lost::Hang => {
            stopped.await;
            hangup.cut();
        }
        Lost::Drop => hangup.cut(),
        Lost::BadGateway => {
            return (StatusCode::BAD_GATEWAY, Html("<html><h1>502 Bad Gateway</h1></html>")).into_response();
        }
        Lost::Garbage => return Html("<!doctype html>\u{fffd}{\"errcode\":").into_response(),
    }
    StatusCode::OK.into_response()
}

fn written(shared: &Shared, answer: Option<Answered>) -> Response {
    match answer {
        Some(Ok(Answer::File { filename, bytes, partial })) => file(&filename, bytes, partial),
        Some(Ok(Answer::Json(mut fields))) => {
            fields["errcode"] = 0.into();
            fields["errmsg"] = "ok".into();
            Json(fields).into_response()
        }
        Some(Err(code)) => Json(code.answer(shared.world().rng.next())).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

pub(crate) fn file(filename: &str, bytes: Vec<u8>, partial: Option<String>) -> Response {
    let kind = match filename.rsplit_once('.').map(|(_, extension)| extension) {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("amr") => "voice/amr",
        _ => "application/octet-stream",
    };
    let disposition = format!("attachment; filename=\"{}\"", filename.replace(['"', '\r', '\n'], "_"));
    let disposition = HeaderValue::from_bytes(disposition.as_bytes()).ok();
    let mut response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    response.headers_mut().extend(disposition.map(|value| (header::CONTENT_DISPOSITION, value)));
    if let Some(range) = partial.and_then(|range| HeaderValue::try_from(range).ok()) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}
