//! Files of knowledge that were handed in: read, and later put in use, outside of any transaction.

use super::knowledge::person as person_now;
use crate::app::App;
use crate::case::Say;
use crate::knowledge_desk::{FileReport, Outcome, uploads as desk};
use crate::policy::{self, Power};
use crate::store::Tx;
use crate::store::knowledge::uploads::{self, Upload};
use crate::store::queue::{Door, Row};
use crate::surface::Address;
use crate::worker::{Job, apply};

/// Reads a file, once.
pub(super) async fn read(app: &App, row: Row, number: i64) -> anyhow::Result<()> {
    let Some(upload) = load(app, number).await?.filter(|upload| upload.report.is_none()) else {
        return super::finished(app, row).await;
    };
    let Some(bytes) = bytes(app, &upload).await else { return lost(app, row, upload.to.clone(), &upload).await };
    let report = desk::read(app, &upload, bytes).await?;
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                desk::was_read(tx, &app, &upload, &report).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Puts in use what a file gave, as far as the person answers for it and still looks after knowledge.
pub(super) async fn publish(app: &App, row: Row, to: Address, person: String, number: i64) -> anyhow::Result<()> {
    let known = person_now(app, &person).await?;
    let permitted = known.filter(|person| policy::may(person, Power::ManageKnowledge, None).is_ok());
    let (Some(person), Some(upload)) = (permitted, load(app, number).await?) else {
        return super::finished(app, row).await;
    };
    let Some(bytes) = bytes(app, &upload).await else { return lost(app, row, to, &upload).await };
    let report = desk::publish(app, &upload, bytes, &person).await?;
    tell(app, row, to, published(&report)).await
}

fn published(report: &FileReport) -> Say {
    let waiting = report.entries.iter().filter(|told| told.waits).count();
    let held = report.held_back.len();
    let published = report.entries.iter().filter(|told| !told.waits && told.outcome != Outcome::Unchanged).count();
    let say = Say::new("kb.upload_published").with("file", &report.file).with("published", published);
    say.with("waiting", waiting.saturating_sub(held)).with("held", held)
}

async fn load(app: &App, number: i64) -> anyhow::Result<Option<Upload>> {
    app.store.read(move |tx| Box::pin(async move { Ok(uploads::load(tx, number).await?) })).await
}

/// The file; nothing where it is gone from the disk.
async fn bytes(app: &App, upload: &Upload) -> Option<Vec<u8>> {
    let read = app.blobs.get(upload.sha256.as_deref()?).await;
    read.inspect_err(|problem| tracing::warn!(problem = %format!("{problem:#}"), "a file that was handed in is gone"))
        .ok()
}

async fn lost(app: &App, row: Row, to: Address, upload: &Upload) -> anyhow::Result<()> {
    let file = upload.file.as_deref().unwrap_or_default();
    tell(app, row, to, Say::new("kb.upload_lost").with("file", file)).await
}

async fn tell(app: &App, row: Row, to: Address, say: Say) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store.commit(move |tx| Box::pin(async move { told(tx, &app, &row, to, say).await })).await
}

async fn told(tx: &mut Tx, app: &App, row: &Row, to: Address, say: Say) -> anyhow::Result<()> {
    let now = app.clock.now();
    Job::Say { to, say }.enqueue(tx, app, now).await?;
    apply::finish(tx, Door::Outbox, row, now).await
}
