//! Files of knowledge that were handed in: fetched where they came by chat, read, and later put in use, outside of any
//! transaction.

use knowledge::Kind;
use knowledge::import::MAX_FILE_BYTES;

use super::MOST_ATTEMPTS;
use super::fetched::Fetched;
use super::knowledge::person as person_now;
use crate::app::App;
use crate::case::Say;
use crate::http;
use crate::knowledge_desk::uploads::{self as desk, NotTaken};
use crate::knowledge_desk::{FileReport, Outcome};
use crate::policy::{self, Power};
use crate::store::Tx;
use crate::store::knowledge::uploads::{self, HandedIn, Upload};
use crate::store::queue::{Door, Row};
use crate::surface::{Address, SentFile};
use crate::worker::{Job, apply};

/// Fetches a file that somebody sent in their chat, and hands it in.
pub(super) async fn fetch(app: &App, row: Row, to: Address, person: String, file: SentFile) -> anyhow::Result<()> {
    let (bytes, own) = match Fetched::from_colleague(app, &file.attached, MAX_FILE_BYTES).await {
        Fetched::Here { bytes, name, .. } => (bytes, name),
        Fetched::NotYet(problem) if row.attempts < MOST_ATTEMPTS => return super::later(app, row, problem).await,
        Fetched::TooLarge => return not_taken(app, row, to, file.name.unwrap_or_default(), NotTaken::TooLarge).await,
        Fetched::NotYet(problem) | Fetched::Never(problem) => {
            tracing::warn!(%problem, "a file that a colleague sent could not be fetched");
            return not_taken(app, row, to, file.name.unwrap_or_default(), NotTaken::Lost).await;
        }
    };
    let name = desk::name_of(file.name.or(own).as_deref().unwrap_or_default(), &bytes);
    match NotTaken::of_name(&name) {
        Some(why) => not_taken(app, row, to, name, why).await,
        None => taken(app, row, to, person, name, &bytes).await,
    }
}

/// Keeps a file, to be read next, and says so to whoever sent it.
async fn taken(app: &App, row: Row, to: Address, person: String, file: String, bytes: &[u8]) -> anyhow::Result<()> {
    let sha256 = app.blobs.put(bytes).await?;
    let handed = HandedIn { file, kind: Kind::General.as_str().to_owned(), sha256 };
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let page = http::hand_in_file(tx, &app, &person, &to, &handed).await?;
                let key = if page.is_some() { "kb.file_taken_page" } else { "kb.file_taken" };
                let say = Say::new(key).with("file", &handed.file).with("url", page.unwrap_or_default());
                told(tx, &app, &row, to, say).await
            })
        })
        .await
}

/// Says why a file is not taken.
async fn not_taken(app: &App, row: Row, to: Address, file: String, why: NotTaken) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let text = why.told(&desk::clean_name(&file), app.desk(tx).await?.words());
                Job::Text { to, text }.enqueue(tx, &app, app.clock.now()).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

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
    let held = report.held_back.len() + report.held_lists.len();
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
