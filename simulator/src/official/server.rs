//! The HTTP side: reads a call, lets the platform answer it under its lock, writes the ledger, disturbs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::api::{Answer, Call, Request, perform};
use super::{Row, Shared};
use crate::errcode::Errcode;
use crate::faults::Fault;
use crate::server::{file, lose, multipart};
use crate::wire::Hangup;

const BODY_BYTES: usize = 16 * 1024 * 1024;
/// What never reaches the ledger.
const SECRETS: [&str; 2] = ["access_token", "secret"];

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/cgi-bin/{*path}", any(call).layer(DefaultBodyLimit::max(BODY_BYTES))).with_state(shared)
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
    let Some(call) = Call::at(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let (body, upload) = match call {
        Call::Upload => (None, multipart(&headers, body).await),
        _ => (serde_json::from_slice(&body).ok(), None),
    };
    let (answer, fault) = handle(&shared, &Request { call, method, query, body, upload });
    match fault {
        Some(Fault::Before(lost) | Fault::After(lost)) => return lose(shared.until_stopped(), &hangup, lost).await,
        Some(Fault::Slow(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::Refuse(_)) | None => {}
    }
    written(&shared, answer)
}

fn handle(shared: &Shared, request: &Request) -> (Option<Result<Answer, Errcode>>, Option<Fault>) {
    let mut kept = shared.kept();
    let fault = kept.faults.get_mut(&request.call).and_then(std::collections::VecDeque::pop_front);
    let answer = match fault {
        Some(Fault::Refuse(code)) => Some(Err(code)),
        Some(Fault::Before(_)) => None,
        _ => Some(perform(shared, &mut kept, request)),
    };
    let errcode = answer.as_ref().map(|answer| answer.as_ref().err().map_or(0, |code| code.0));
    kept.ledger.push(Row { at_ms: shared.now(), call: request.call, errcode, body: noted(request), fault });
    (answer, fault)
}

fn noted(request: &Request) -> Value {
    let public = |name: &str| !SECRETS.contains(&name);
    match &request.body {
        Some(Value::Object(fields)) => {
            Value::Object(fields.iter().filter(|(name, _)| public(name)).map(|(n, v)| (n.clone(), v.clone())).collect())
        }
        Some(other) => other.clone(),
        None => {
            let query = request.query.iter().filter(|(name, _)| public(name));
            Value::Object(query.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect())
        }
    }
}

fn written(shared: &Shared, answer: Option<Result<Answer, Errcode>>) -> Response {
    match answer {
        Some(Ok(Answer::Data(fields))) => Json(fields).into_response(),
        Some(Ok(Answer::Done)) => Json(json!({ "errcode": 0, "errmsg": "ok" })).into_response(),
        Some(Ok(Answer::File { filename, bytes })) => file(&filename, bytes, None),
        Some(Err(Errcode(code))) => {
            let rid = shared.kept().rng.hex();
            Json(json!({ "errcode": code, "errmsg": format!("refused rid: {rid}") })).into_response()
        }
        None => StatusCode::OK.into_response(),
    }
}
