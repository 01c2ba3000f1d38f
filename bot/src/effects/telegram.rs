//! Sentences to colleagues on Telegram.

use std::time::{Duration, Instant};

use channels::telegram::CallError;

use super::{MOST_ATTEMPTS, finished, later, not_before};
use crate::app::App;
use crate::case::Say;
use crate::clock::SECOND;
use crate::store::queue::Row;

/// A request that was not begun by then is left to the next try.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);

/// Says a sentence. There is no id by which it could be asked about: what may have arrived is not said again.
pub(super) async fn say(app: &App, row: Row, chat: i64, say: Say) -> anyhow::Result<()> {
    let Some(telegram) = &app.telegram else { return finished(app, row).await };
    let reader = app.clone();
    let text = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let desk = reader.desk(tx).await?;
                Ok(say.in_words(desk.words(), &desk.desk))
            })
        })
        .await?;
    match telegram.bot.send_text(&chat.to_string(), &text, Instant::now() + BEGIN_WITHIN).await {
        Err(CallError::PutOff { wait_ms }) => not_before(app, row, app.clock.now() + wait_ms.unwrap_or(SECOND)).await,
        Err(CallError::NotSent { why }) if row.attempts < MOST_ATTEMPTS => later(app, row, why).await,
        Err(problem) => {
            tracing::warn!(%problem, "a colleague was not told on Telegram");
            finished(app, row).await
        }
        Ok(_) => finished(app, row).await,
    }
}
