//! WeCom's callbacks: verify, store, answer. One generic refusal for everything that does not verify.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use channels::wecom::callback;

use crate::app::App;
use crate::clock::SECOND;
use crate::worker;

/// Answers the URL check: the decrypted `echostr`, as it is (wecom 90238).
pub(super) async fn verify(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let Some(wecom) = &app.wecom else { return StatusCode::NOT_FOUND.into_response() };
    match callback::verify_url(&wecom.crypt, query.as_deref().unwrap_or_default(), app.clock.now() / SECOND) {
        Ok(plain) => plain.into_response(),
        Err(problem) => refused(&problem),
    }
}

/// Stores a callback and answers with nothing, within the platform's five seconds. Where it cannot be
/// stored it is not acknowledged, so that the platform delivers it again.
pub(super) async fn receive(State(app): State<App>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let Some(wecom) = &app.wecom else { return StatusCode::NOT_FOUND.into_response() };
    let query = query.unwrap_or_default();
    let received = match callback::receive(&wecom.crypt, &query, &body, app.clock.now() / SECOND) {
        Ok(received) => received,
        Err(problem) => return refused(&problem),
    };
    match worker::receive(&app, received).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(problem) => {
            tracing::error!(problem = %format!("{problem:#}"), "a callback could not be stored");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The same answer for every reason: what failed is for our log, not for whoever sent it.
fn refused(problem: &callback::BadCallback) -> Response {
    tracing::warn!(%problem, "a callback was refused");
    (StatusCode::BAD_REQUEST, "bad request").into_response()
}
