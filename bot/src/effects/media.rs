//! Attachments from customers: fetched at once, because the platform forgets them.

use channels::wecom::api::ApiError;
use serde_json::json;

use super::{finished, later, worth_repeating};
use crate::app::App;
use crate::evidence::{Actor, Entry, Kind};
use crate::store::queue::{Door, Row};
use crate::store::{Tx, conversations, record};
use crate::worker::apply;

/// Largest attachment kept, in bytes (the platform's own limit for files, wecom 90253).
const CAP: usize = 20 << 20;

pub(super) async fn fetch(app: &App, row: Row, conversation: String, seq: i64, media_id: String) -> anyhow::Result<()> {
    let Some(wecom) = &app.wecom else { return finished(app, row).await };
    match wecom.kf.media(&media_id, CAP).await {
        Ok(media) => {
            let sha256 = app.blobs.put(&media.bytes).await?;
            stored(app, row, conversation, seq, Ok((sha256, media.content_type))).await
        }
        Err(error) if worth_repeating(&error, row.attempts) => later(app, row, error.to_string()).await,
        Err(error) => stored(app, row, conversation, seq, Err(error)).await,
    }
}

async fn stored(
    app: &App,
    row: Row,
    conversation: String,
    seq: i64,
    fetched: Result<(String, String), ApiError>,
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
                    Err(error) => json!({ "seq": seq, "lost": error.to_string() }),
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
