//! Forgetting what nobody needs any more: done rows, ended links and edits, old callback digests.

use crate::app::App;
use crate::chaos;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::store::{desks, queue, tokens};

/// How often the desk is tidied.
const EVERY: Timestamp = HOUR;
/// How long done rows stay, for whoever wants to look.
const KEPT: Timestamp = 7 * DAY;

/// Tidies when it is time.
///
/// # Errors
/// When the database fails.
pub(super) async fn when_due(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let last = app.store.read(|tx| Box::pin(async move { Ok(desks::value(tx, "tidied_at").await?) })).await?;
    if last.and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|at| now < at + EVERY) {
        return Ok(());
    }
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                queue::tidy(tx, now, now - KEPT).await?;
                tokens::tidy(tx, now).await?;
                chaos::point("tidy.in_unit");
                Ok(desks::set_value(tx, "tidied_at", &now.to_string()).await?)
            })
        })
        .await
}
