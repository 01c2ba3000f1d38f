//! Handing in a file of knowledge: a page for one person and one file, which afterwards shows what the file gave.
//!
//! Opening it uses nothing up, because chat programs open links by themselves. The token is looked at before the file is
//! read, and what is handed in only waits: it is put in use by a word of its person, on a card or in chat.

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use cards::words::{Locale, Words};
use knowledge::Kind;
use knowledge::import::{Format, MAX_FILE_BYTES};
use serde::Serialize;

use super::render::{self, Notice};
use super::review::{base, param, token_hash};
use crate::app::App;
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::knowledge_desk::{self, uploads as desk};
use crate::policy::{self, Power};
use crate::store::Tx;
use crate::store::knowledge::uploads::{self, HandedIn, Upload};
use crate::surface::Address;
use crate::worker::Job;

/// Largest body: a file, and what a form writes around it, in bytes.
pub(super) const BODY: usize = MAX_FILE_BYTES + (64 << 10);
/// How long a file may take: a few megabytes over a slow line.
pub(super) const WITHIN: Duration = Duration::from_secs(120);
/// How long a page takes a file.
const TAKES: Timestamp = 30 * MINUTE;
/// How long afterwards it shows what the file gave.
const SHOWS: Timestamp = DAY;

/// The upload page.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/knowledge/upload", get(show).post(take))
}

/// A page that takes one file of one person within half an hour; its address goes to them alone. Only the hash of its
/// token is stored. None where no public address is configured.
///
/// # Errors
/// When the database fails or the system gives no randomness.
pub async fn give_link(tx: &mut Tx, app: &App, person: &str, to: &Address) -> anyhow::Result<Option<String>> {
    if app.public_url.is_none() {
        return Ok(None);
    }
    let token = hex::encode(app.ids.random32()?);
    uploads::give(tx, &token_hash(&token), person, to, app.clock.now() + TAKES).await?;
    Ok(address(app, &token))
}

/// Hands in a file that somebody sent in their chat, to be read later; its page takes no other file, and shows for a day
/// what this one gave. None where no public address is configured.
///
/// # Errors
/// When the database fails or the system gives no randomness.
pub async fn hand_in(
    tx: &mut Tx,
    app: &App,
    person: &str,
    to: &Address,
    handed: &HandedIn,
) -> anyhow::Result<Option<String>> {
    let (token, now) = (hex::encode(app.ids.random32()?), app.clock.now());
    uploads::give(tx, &token_hash(&token), person, to, now + TAKES).await?;
    let upload = uploads::by_token(tx, &token_hash(&token)).await?.context("the page that was just given")?;
    take_in(tx, app, upload.number, handed).await?;
    Ok(address(app, &token))
}

/// Takes a page's one file, to be read later; false where it took one before, or is too old.
async fn take_in(tx: &mut Tx, app: &App, upload: i64, handed: &HandedIn) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let first = uploads::hand_in(tx, upload, handed, now).await?;
    if first {
        Job::ReadUpload { upload }.enqueue(tx, app, now).await?;
    }
    Ok(first)
}

/// Where the page with this token is, for whoever is outside.
fn address(app: &App, token: &str) -> Option<String> {
    let outside = app.public_url.as_ref()?;
    Some(format!("{}/knowledge/upload?t={token}", outside.trim_end_matches('/')))
}

/// What the page shows.
#[derive(Debug, Serialize)]
struct Page {
    base: String,
    lang: &'static str,
    /// Where its form goes, and where it is looked at again.
    address: String,
    /// What went wrong with the last try.
    alert: Option<String>,
    /// The file that was handed in.
    file: Option<String>,
    /// What it gave, once it was read.
    reading: Option<Shown>,
    /// What entries that name no kind may be.
    kinds: Vec<Choice>,
}

#[derive(Debug, Serialize)]
struct Shown {
    given: String,
    waits: bool,
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Choice {
    name: &'static str,
    label: String,
    usual: bool,
}

/// Why there is no page, or why no file was taken.
enum Trouble {
    /// Too old, used, or never given.
    Over,
    /// Whoever it was given to may not look after knowledge any more.
    Denied,
    /// The file cannot be taken: why, in words for the form.
    Refused(Box<Upload>, StatusCode, String),
    /// Something of ours failed; nothing was done.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(problem: anyhow::Error) -> Self {
        Self::Broken(problem)
    }
}

/// A request by its token, and the language to answer in.
struct Asking {
    app: App,
    token: String,
    locale: Locale,
}

async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let asking = Asking::read(app, query.as_deref()).await;
    match asking.upload().await {
        Ok(upload) => asking.page(StatusCode::OK, &upload, None),
        Err(trouble) => asking.trouble(trouble),
    }
}

async fn take(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let asking = Asking::read(app, query.as_deref()).await;
    match asking.taken(form).await {
        Ok(()) => Redirect::to(&asking.address()).into_response(),
        Err(trouble) => asking.trouble(trouble),
    }
}

impl Asking {
    async fn read(app: App, query: Option<&str>) -> Self {
        let token = param(query, "t").unwrap_or_default();
        let reader = app.clone();
        // The desk's language, even when the database does not answer.
        let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await;
        let locale = desk.ok().and_then(|desk| desk.desk.desk.locale.parse().ok()).unwrap_or_default();
        Self { app, token, locale }
    }

    fn words(&self) -> &'static Words {
        crate::app::words(self.locale)
    }

    /// Relative, so that it holds behind a proxy that adds a path.
    fn address(&self) -> String {
        format!("?t={}", url::form_urlencoded::byte_serialize(self.token.as_bytes()).collect::<String>())
    }

    /// The page the token is for, while it is good and its person may look after knowledge.
    async fn upload(&self) -> Result<Upload, Trouble> {
        let (app, hash) = (self.app.clone(), token_hash(&self.token));
        let found = self.app.store.read(move |tx| {
            Box::pin(async move {
                let Some(upload) = uploads::by_token(tx, &hash).await? else { return Ok(None) };
                let desk = app.desk(tx).await?;
                let person = desk.desk.person(&upload.person);
                let permitted = person.is_some_and(|p| policy::may(p, Power::ManageKnowledge, None).is_ok());
                Ok(Some((upload, permitted)))
            })
        });
        let (upload, permitted) = found.await?.ok_or(Trouble::Over)?;
        let good = upload.until + if upload.file.is_some() { SHOWS } else { 0 };
        if self.app.clock.now() >= good {
            return Err(Trouble::Over);
        }
        if permitted { Ok(upload) } else { Err(Trouble::Denied) }
    }

    /// Takes the file, to be read later.
    async fn taken(&self, form: Result<Multipart, MultipartRejection>) -> Result<(), Trouble> {
        let upload = self.upload().await?;
        if upload.file.is_some() {
            return Err(Trouble::Over);
        }
        let (status, why) = match file_of(form).await {
            Ok(file) => match Format::of(&file.name) {
                Ok(_) => return self.keep(&upload, file).await,
                Err(fault) => {
                    (StatusCode::UNSUPPORTED_MEDIA_TYPE, knowledge_desk::fault_in_words(&fault, self.words()))
                }
            },
            Err((status, key)) => (status, self.words().text(key, &[])),
        };
        Err(Trouble::Refused(Box::new(upload), status, why))
    }

    async fn keep(&self, upload: &Upload, file: File) -> Result<(), Trouble> {
        let sha256 = self.app.blobs.put(&file.bytes).await?;
        let handed = HandedIn { file: file.name, kind: file.kind.as_str().to_owned(), sha256 };
        let (app, number) = (self.app.clone(), upload.number);
        let store = &self.app.store;
        let taken = store.commit(move |tx| Box::pin(async move { take_in(tx, &app, number, &handed).await }));
        if taken.await? { Ok(()) } else { Err(Trouble::Over) }
    }

    fn page(&self, status: StatusCode, upload: &Upload, alert: Option<String>) -> Response {
        let words = self.words();
        let shown = |reading: desk::Reading| Shown {
            given: reading.given(words),
            waits: reading.waiting > 0,
            lines: reading.lines,
        };
        let page = Page {
            base: base(&self.app),
            lang: self.locale.as_str(),
            address: self.address(),
            alert,
            file: upload.file.clone(),
            reading: desk::reading(upload).map(shown),
            kinds: kinds(words),
        };
        render::html(status, self.locale, "upload.html", &page)
    }

    fn trouble(&self, trouble: Trouble) -> Response {
        let (status, title, text) = match trouble {
            Trouble::Refused(upload, status, why) => return self.page(status, &upload, Some(why)),
            Trouble::Over => (StatusCode::GONE, "page.upload_over", "page.upload_over_do"),
            Trouble::Denied => (StatusCode::FORBIDDEN, "page.upload_denied", "page.upload_denied_do"),
            Trouble::Broken(problem) => {
                tracing::error!(problem = %format!("{problem:#}"), "a file could not be taken in");
                (StatusCode::INTERNAL_SERVER_ERROR, "page.broken", "page.broken_do")
            }
        };
        let words = self.words();
        let (title, text) = (words.text(title, &[]), words.text(text, &[]));
        let notice = Notice { base: base(&self.app), lang: self.locale.as_str(), title, text, ..Notice::default() };
        render::notice(status, self.locale, &notice)
    }
}

/// Every kind, with the usual one chosen.
fn kinds(words: &Words) -> Vec<Choice> {
    let choice = |kind: &Kind| Choice {
        name: kind.as_str(),
        label: words.text(&["page.entry_", kind.as_str()].concat(), &[]),
        usual: *kind == Kind::General,
    };
    Kind::ALL.iter().map(choice).collect()
}

/// A file as the form brings it.
struct File {
    name: String,
    kind: Kind,
    bytes: Vec<u8>,
}

/// The file of the form; otherwise the status and the words to answer with.
async fn file_of(form: Result<Multipart, MultipartRejection>) -> Result<File, (StatusCode, &'static str)> {
    const NONE: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "page.upload_none");
    let mut form = form.map_err(|_| NONE)?;
    let (mut kind, mut file) = (Kind::General, None);
    while let Some(field) = form.next_field().await.map_err(why)? {
        match field.name() {
            Some("kind") => kind = field.text().await.map_err(why)?.parse().map_err(|_| NONE)?,
            Some("file") if file.is_none() => {
                let name = desk::clean_name(field.file_name().unwrap_or_default());
                file = Some((name, field.bytes().await.map_err(why)?.to_vec()));
            }
            _ => {}
        }
    }
    match file {
        Some((name, bytes)) if !name.is_empty() && !bytes.is_empty() => Ok(File { name, kind, bytes }),
        _ => Err(NONE),
    }
}

fn why(problem: MultipartError) -> (StatusCode, &'static str) {
    match problem.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (StatusCode::PAYLOAD_TOO_LARGE, "page.upload_large"),
        _ => (StatusCode::BAD_REQUEST, "page.upload_none"),
    }
}
