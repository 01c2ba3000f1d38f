//! The callbacks of a 公众号: verify, store, answer with nothing. One generic refusal for everything that does not verify.

use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use channels::official::{self, Received};

use super::callback::{NotKept, arrived, refused, through};
use crate::app::App;
use crate::clock::SECOND;
use crate::desk::ChannelKind;
use crate::metrics::Callback;
use crate::worker::On;

/// Answers the URL check.
pub(super) async fn verify(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let Some(ours) = &app.official else { return StatusCode::NOT_FOUND.into_response() };
    match official::verify_url(&ours.door, query.as_deref().unwrap_or_default(), app.clock.now() / SECOND) {
        Ok(plain) => plain.into_response(),
        Err(problem) => refused(&problem),
    }
}

/// Stores a callback and answers with nothing, within the platform's five seconds; what is not stored is delivered
/// again, three times in all.
pub(super) async fn receive(State(app): State<App>, RawQuery(query): RawQuery, request: Request) -> Response {
    let query = query.unwrap_or_default();
    through(app, request, |app, body| async move { received(&app, &query, &body).await }).await
}

async fn received(app: &App, query: &str, body: &[u8]) -> Result<(), NotKept> {
    let Some(ours) = &app.official else { return Err((Callback::Refused, StatusCode::NOT_FOUND.into_response())) };
    let Received { replay_key, arrival } = official::receive(&ours.door, query, body, app.clock.now() / SECOND)
        .map_err(|problem| (Callback::Refused, refused(&problem)))?;
    arrived(app, On::Only(ChannelKind::Official), Some(replay_key), vec![arrival]).await
}
