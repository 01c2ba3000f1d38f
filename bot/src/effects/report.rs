//! The pictures of a report, drawn where nobody waits for them, and kept before they are shown.

use crate::app::App;
use crate::clock::Timestamp;
use crate::report;
use crate::store::queue::{Door, Row};
use crate::surface::Address;
use crate::worker::{Job, apply};

/// Draws the pictures of the week that ends at `until`, and has them shown one after another.
pub(super) async fn draw(app: &App, row: Row, to: Address, until: Timestamp) -> anyhow::Result<()> {
    let mut kept = Vec::new();
    for picture in drawn(app, until).await? {
        kept.push(app.blobs.put(&picture).await?);
    }
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                for picture in kept {
                    Job::Show { to: to.clone(), picture }.enqueue(tx, &app, now).await?;
                }
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

async fn drawn(app: &App, until: Timestamp) -> anyhow::Result<Vec<Vec<u8>>> {
    let reader = app.clone();
    let bars = app.store.read(move |tx| {
        Box::pin(async move {
            let desk = reader.desk(tx).await?;
            report::week_in_bars(tx, &desk, until).await
        })
    });
    Ok(report::draw(app, bars.await?).await.unwrap_or_else(|problem| {
        tracing::warn!(%problem, "the report comes without pictures");
        Vec::new()
    }))
}
