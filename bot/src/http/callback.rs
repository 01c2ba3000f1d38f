//! WeCom's callbacks: verify, store, answer. One generic refusal for everything that does not verify.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use channels::Arrival;
use channels::wecom::callback;
use channels::wecom::crypt::Crypt;
use serde_json::json;

use crate::app::App;
use crate::chaos;
use crate::clock::SECOND;
use crate::metrics::Callback;
use crate::mistake::{self, Mistake};
use crate::worker::{self, On};

/// Answers the URL check: the decrypted `echostr`, as it is (wecom 90238).
pub(super) async fn verify(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let Some(crypt) = crypt(&app) else { return StatusCode::NOT_FOUND.into_response() };
    match callback::verify_url(crypt, query.as_deref().unwrap_or_default(), app.clock.now() / SECOND) {
        Ok(plain) => plain.into_response(),
        Err(problem) => refused(&problem),
    }
}

/// How long a callback may take to arrive: with the time to store it, the platform's five seconds are not over.
const READ_WITHIN: Duration = Duration::from_millis(2_500);

/// How long a callback may take to be stored. What takes longer is delivered again, and known by then.
const STORED_WITHIN: Duration = Duration::from_secs(2);

/// Stores a callback and answers with nothing, within the platform's five seconds. Where it cannot be
/// stored it is not acknowledged, so that the platform delivers it again.
pub(super) async fn receive(State(app): State<App>, RawQuery(query): RawQuery, request: Request) -> Response {
    let query = query.unwrap_or_default();
    through(app, request, |app, body| async move { received(&app, &query, &body).await }).await
}

/// Why a callback is not kept: how it is counted, and what is answered.
pub(super) type NotKept = (Callback, Response);

/// The way of every callback: its body arrives in time or not at all, `received` verifies and stores it, and the answer is
/// counted, and empty where it is kept.
pub(super) async fn through<R>(app: App, request: Request, received: impl FnOnce(App, Bytes) -> R) -> Response
where
    R: Future<Output = Result<(), NotKept>>,
{
    let body = match body_of(request).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let began = Instant::now();
    let (outcome, answer) = match received(app.clone(), body).await {
        Ok(()) => {
            chaos::point("callback.stored");
            (Callback::Stored, StatusCode::OK.into_response())
        }
        Err(not_kept) => not_kept,
    };
    app.metrics.callback(outcome, began.elapsed());
    answer
}

async fn body_of(request: Request) -> Result<Bytes, Response> {
    match tokio::time::timeout(READ_WITHIN, Bytes::from_request(request, &())).await {
        Ok(body) => body.map_err(IntoResponse::into_response),
        Err(_) => Err((StatusCode::SERVICE_UNAVAILABLE, "the request took too long\n").into_response()),
    }
}

/// What opens WeCom's callbacks, where there are any.
fn crypt(app: &App) -> Option<&Crypt> {
    app.wecom.as_ref()?.crypt.as_ref()
}

async fn received(app: &App, query: &str, body: &[u8]) -> Result<(), NotKept> {
    let Some(crypt) = crypt(app) else { return Err((Callback::Refused, StatusCode::NOT_FOUND.into_response())) };
    let received = callback::receive(crypt, query, body, app.clock.now() / SECOND)
        .map_err(|problem| (Callback::Refused, refused(&problem)))?;
    if mistake::made(Mistake::AckBeforeCommit) {
        let app = app.clone();
        tokio::spawn(async move { worker::receive(&app, received).await });
        return Ok(());
    }
    stored(app, worker::receive(app, received)).await
}

/// Stores what arrived on a channel with a door of its own. Where no such channel is configured nothing is kept, and
/// nothing acknowledged.
pub(super) async fn arrived(
    app: &App,
    on: On,
    replay_key: Option<String>,
    arrivals: Vec<Arrival>,
) -> Result<(), NotKept> {
    let said = on.to_string();
    kept(app, &said, worker::arrived(app.clone(), on, replay_key, arrivals)).await
}

/// Waits for the storing of what arrived; where it says that the channel `said` is not configured, nothing is acknowledged.
pub(super) async fn kept(
    app: &App,
    said: &str,
    storing: impl Future<Output = anyhow::Result<bool>>,
) -> Result<(), NotKept> {
    if stored(app, storing).await? {
        return Ok(());
    }
    tracing::warn!(channel = %said, "something arrived for a channel that is not configured");
    let said = json!({ "error": format!("{said} is not configured") });
    Err((Callback::Refused, (StatusCode::NOT_FOUND, axum::Json(said)).into_response()))
}

/// What comes of storing a callback, in the time and the room there is for that.
async fn stored<T>(app: &App, storing: impl Future<Output = anyhow::Result<T>>) -> Result<T, NotKept> {
    let later = |outcome| (outcome, (StatusCode::SERVICE_UNAVAILABLE, "not now\n").into_response());
    let _room = app.callbacks.try_acquire().map_err(|_| later(Callback::Full))?;
    chaos::point("callback.verified");
    match tokio::time::timeout(STORED_WITHIN, storing).await {
        Ok(Ok(stored)) => Ok(stored),
        Ok(Err(problem)) => {
            tracing::error!(problem = %format!("{problem:#}"), "a callback could not be stored");
            Err(later(Callback::Failed))
        }
        Err(_) => {
            tracing::error!("a callback could not be stored in time");
            Err(later(Callback::Late))
        }
    }
}

/// The same answer for every reason: what failed is for our log, not for whoever sent it.
pub(super) fn refused(problem: &callback::BadCallback) -> Response {
    tracing::warn!(%problem, "a callback was refused");
    (StatusCode::BAD_REQUEST, "bad request").into_response()
}
