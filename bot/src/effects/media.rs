//! Attachments from customers: fetched at once, because the platform forgets them.

use serde_json::json;

use super::fetched::Fetched;
use super::wire::Wire;
use super::{MOST_ATTEMPTS, finished, later};
use crate::app::App;
use crate::evidence::{Actor, Entry, Kind};
use crate::store::queue::{Door, Row};
use crate::store::{Tx, conversations, record};
use crate::worker::apply;

/// Largest attachment kept, in bytes (the platform's own limit for files, wecom 90253).
const CAP: usize = 20 << 20;

pub(super) async fn fetch(app: &App, row: Row, conversation: String, seq: i64, media_id: String) -> anyhow::Result<()> {
    let Some(wire) = Wire::of(app, &conversation).await? else { return finished(app, row).await };
    match wire.fetch(app, &media_id, CAP).await {
        Fetched::Here { bytes, content_type, .. } => {
            let sha256 = app.blobs.put(&bytes).await?;
            stored(app, row, conversation, seq, Ok((sha256, content_type))).await
        }
        Fetched::NotYet(problem) if row.attempts < MOST_ATTEMPTS => later(app, row, problem).await,
        Fetched::NotYet(problem) | Fetched::Never(problem) => stored(app, row, conversation, seq, Err(problem)).await,
        Fetched::TooLarge => stored(app, row, conversation, seq, Err(format!("more than {CAP} bytes"))).await,
    }
}

async fn stored(
    app: &App,
    row: Row,
    conversation: String,
    seq: i64,
    fetched: Result<(String, String), String>,
) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let payload = match &fetched {
                    Ok((sha256, media_type)) => {
                        if !conversations::media_stored(tx, &conversation, seq, sha256, media_type).await? {
                            // Taken back while it was fetched.
                            forget(tx, &app, sha256).await?;
                            return apply::finish(tx, Door::Outbox, &row, app.clock.now()).await;
                        }
                        json!({ "seq": seq, "sha256": sha256, "type": media_type })
                    }
                    Err(error) => json!({ "seq": seq, "lost": error }),
                };
                let entry = Entry { kind: Kind::MediaStored, actor: Actor::System, payload };
                record::append(tx, &app, &record::chain_of(&conversation), None, &entry).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Removes an attachment no message has any more.
pub(crate) async fn forget(tx: &mut Tx, app: &App, sha256: &str) -> anyhow::Result<()> {
    if conversations::has_media(tx, sha256).await? {
        return Ok(());
    }
    app.blobs.remove(sha256).await
}
