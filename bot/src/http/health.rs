//! Is it alive, is it working, and in figures.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::clock::{SECOND, Timestamp};
use crate::desk::ChannelKind;
use crate::store::queue::Waiting;
use crate::store::turns::Depth;
use crate::store::{accounts, cases, instances, pauses, queue, sends, turns};
use crate::worker::sync_lag;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers, a configuration is in force, customers' messages are being read, and the program is not about
/// to end.
pub(super) async fn ready(State(app): State<App>) -> Response {
    if app.ending.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending\n").into_response();
    }
    match figures(&app).await {
        Ok(f) if f.sync_lag_ms > sync_lag(f.accounts) => {
            (StatusCode::SERVICE_UNAVAILABLE, "customers' messages are not being read\n").into_response()
        }
        Ok(_) => "ready\n".into_response(),
        Err(problem) => {
            tracing::warn!(problem = %format!("{problem:#}"), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}

/// Figures in the OpenMetrics text format; no customer's or colleague's words.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let Ok(figures) = figures(&app).await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let mut lines = vec!["# TYPE aijia_cases gauge".to_owned()];
    lines.extend(figures.cases.iter().map(|(state, count)| format!("aijia_cases{{state=\"{state}\"}} {count}")));
    let Depth { waiting, held, overdue } = figures.queue;
    lines.push("# TYPE aijia_queue_cases gauge".to_owned());
    let queue = [("waiting", waiting), ("held", held), ("overdue", overdue)];
    lines.extend(queue.map(|(stand, count)| format!("aijia_queue_cases{{stand=\"{stand}\"}} {count}")));
    lines.push(format!("# TYPE aijia_due_rows gauge\naijia_due_rows {}", figures.due));
    lines.push("# TYPE aijia_waiting_rows gauge".to_owned());
    lines.extend(figures.waiting.iter().map(|w| format!("aijia_waiting_rows{{kind=\"{}\"}} {}", w.kind, w.count)));
    lines.push("# TYPE aijia_oldest_waiting_seconds gauge".to_owned());
    lines.extend(figures.waiting.iter().map(|w| {
        format!("aijia_oldest_waiting_seconds{{kind=\"{}\"}} {}", w.kind, (figures.now - w.oldest).max(0) / SECOND)
    }));
    lines.push(format!("# TYPE aijia_unknown_sends gauge\naijia_unknown_sends {}", figures.unknown_sends));
    lines.push(format!("# TYPE aijia_instances gauge\naijia_instances {}", figures.instances));
    lines.push(format!("# TYPE aijia_pauses gauge\naijia_pauses {}", figures.pauses));
    lines.push(format!("# TYPE aijia_sync_lag_ms gauge\naijia_sync_lag_ms {}", figures.sync_lag_ms));
    let kind = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (kind, lines.join("\n") + "\n" + &app.metrics.text()).into_response()
}

struct Figures {
    cases: Vec<(String, i64)>,
    queue: Depth,
    due: i64,
    waiting: Vec<Waiting>,
    unknown_sends: i64,
    instances: usize,
    pauses: usize,
    sync_lag_ms: i64,
    accounts: usize,
    now: Timestamp,
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
                let read: Vec<_> = read.into_iter().filter(|(account, _)| in_use(account)).map(|(_, at)| at).collect();
                Ok(Figures {
                    cases: cases::counts(tx).await?,
                    queue: turns::depth(tx, None).await?,
                    due: queue::due_count(tx, now).await?,
                    waiting: queue::waiting(tx, now).await?,
                    unknown_sends: sends::unknown_count(tx).await?,
                    instances: instances::all(tx).await?.len(),
                    now,
                    pauses: pauses::in_force(tx).await?.len(),
                    sync_lag_ms: read.iter().min().map_or(0, |at| now - at),
                    accounts: read.len(),
                })
            })
        })
        .await
}
