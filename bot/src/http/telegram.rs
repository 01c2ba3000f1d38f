//! The door Telegram delivers to, where it is not asked: prove, read, store, answer.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use channels::telegram::{BadWebhook, open_webhook};

use super::callback::{NotKept, kept, through};
use crate::app::App;
use crate::desk::ChannelKind;
use crate::metrics::Callback;
use crate::worker::{On, telegram_delivered};

const SECRET: &str = "x-telegram-bot-api-secret-token";

/// Stores one update. 2xx: it is kept, or nothing for us. Anything else: Telegram delivers it again.
pub(super) async fn receive(State(app): State<App>, request: Request) -> Response {
    let secret = request.headers().get(SECRET).cloned();
    through(app, request, |app, body| async move {
        received(&app, secret.as_ref().map(|secret| secret.as_bytes()), &body).await
    })
    .await
}

async fn received(app: &App, given: Option<&[u8]>, body: &[u8]) -> Result<(), NotKept> {
    let expected = app.telegram.as_ref().and_then(|ours| Some((&ours.bot, ours.webhook_secret.as_ref()?)));
    let Some((bot, secret)) = expected else { return Err((Callback::Refused, StatusCode::NOT_FOUND.into_response())) };
    let update = open_webhook(bot.id(), secret, given, body).map_err(|problem| {
        tracing::warn!(%problem, "a delivery of Telegram was refused");
        let status = match problem {
            BadWebhook::Secret => StatusCode::UNAUTHORIZED,
            BadWebhook::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BadWebhook::NoUpdate => StatusCode::BAD_REQUEST,
        };
        (Callback::Refused, status.into_response())
    })?;
    kept(app, &On::Only(ChannelKind::Telegram).to_string(), telegram_delivered(app.clone(), update)).await
}
