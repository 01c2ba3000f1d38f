//! Is it alive, is it working, and in figures.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::desk::ChannelKind;
use crate::store::{accounts, cases, pauses, queue};
use crate::worker::SYNC_LAG;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers, a configuration is in force, and customers' messages are being read.
pub(super) async fn ready(State(app): State<App>) -> Response {
    match figures(&app).await {
        Ok(f) if f.sync_lag_ms > SYNC_LAG => {
            (StatusCode::SERVICE_UNAVAILABLE, "customers' messages are not being read\n").into_response()
        }
        Ok(_) => "ready\n".into_response(),
        Err(problem) => {
            tracing::warn!(problem = %format!("{problem:#}"), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}

/// Figures in the Prometheus text format; no customer's or colleague's words.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let Ok(figures) = figures(&app).await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let mut lines = vec!["# TYPE aijia_cases gauge".to_owned()];
    lines.extend(figures.cases.iter().map(|(state, count)| format!("aijia_cases{{state=\"{state}\"}} {count}")));
    lines.push(format!("# TYPE aijia_due_rows gauge\naijia_due_rows {}", figures.due));
    lines.push(format!("# TYPE aijia_pauses gauge\naijia_pauses {}", figures.pauses));
    lines.push(format!("# TYPE aijia_sync_lag_ms gauge\naijia_sync_lag_ms {}", figures.sync_lag_ms));
    (StatusCode::OK, lines.join("\n") + "\n").into_response()
}

struct Figures {
    cases: Vec<(String, i64)>,
    due: i64,
    pauses: usize,
    sync_lag_ms: i64,
}

async fn figures(app: &App) -> anyhow::Result<Figures> {
    let reader = app.clone();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let now = reader.clock.now();
                let desk = reader.desk(tx).await?;
                let read = accounts::synced(tx).await?;
                let in_use = |account: &str| desk.desk.channel_by_account(ChannelKind::WecomKf, account).is_some();
                let oldest = read.into_iter().filter(|(account, _)| in_use(account)).map(|(_, at)| at).min();
                Ok(Figures {
                    cases: cases::counts(tx).await?,
                    due: queue::due_count(tx, now).await?,
                    pauses: pauses::in_force(tx).await?.len(),
                    sync_lag_ms: oldest.map_or(0, |at| now - at),
                })
            })
        })
        .await
}
