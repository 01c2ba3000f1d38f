//! The door of webhook channels: verify, read, store, answer (Standard Webhooks).

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use channels::webhook::{event, sign};
use serde_json::json;

use super::callback::{NotKept, arrived, through};
use crate::app::App;
use crate::clock::SECOND;
use crate::metrics::Callback;
use crate::worker::On;

/// Stores what an integrator tells us. 2xx: it is kept. 4xx: it never will be, and for a body that verified the answer says
/// why. 5xx: send it again under the same `webhook-id`.
pub(super) async fn receive(
    State(app): State<App>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    through(app, request, |app, body| async move { received(&app, channel, &headers, &body).await }).await
}

async fn received(app: &App, channel: String, headers: &HeaderMap, body: &[u8]) -> Result<(), NotKept> {
    let id = header(headers, "webhook-id");
    let given = sign::Headers {
        id,
        timestamp: header(headers, "webhook-timestamp"),
        signature: header(headers, "webhook-signature"),
    };
    // A channel nobody knows has no keys, and is answered like a signature that is wrong.
    sign::verify(app.webhooks.keys(&channel), given, body, app.clock.now() / SECOND).map_err(|problem| {
        tracing::warn!(%problem, "a webhook was refused");
        (Callback::Refused, (StatusCode::UNAUTHORIZED, "the signature does not verify\n").into_response())
    })?;
    let arrivals = event::read(id, body).map_err(|problem| {
        let said = json!({ "error": problem.to_string() });
        (Callback::Refused, (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(said)).into_response())
    })?;
    arrived(app, On::Webhook(channel), None, arrivals).await
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
