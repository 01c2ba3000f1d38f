//! The review page: everything about a case on one page as wide as a phone, a form for a new text, and, for people
//! who signed in, sending. Rendered here and complete without JavaScript.
//!
//! Opening a page decides nothing and uses nothing up, because chat programs open links by themselves. A link from a
//! chat shows one case to one person and takes one new text; it never approves. Who signed in through WeCom can do
//! what their powers allow, looked up again at each request.

mod basis;
mod decide;
mod form;
mod look_up;
mod media;
mod pack;
mod page;
mod report;
mod seal;
mod sign_in;
mod story;
mod trouble;
mod visitor;

#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod sample;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use sha2::{Digest, Sha256};

pub use report::give_report_link;
pub use seal::{Seal, Session};
pub(super) use visitor::param;

use crate::app::App;
use crate::case::Case;
use crate::clock::{MINUTE, Timestamp};
use crate::store::Tx;
use crate::store::people::{self, Link};
use page::Page;
use trouble::Trouble;
use visitor::Asking;

/// How long a link from a chat is good for.
const LINK_LIVES: Timestamp = 10 * MINUTE;

/// The review pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/review/page.css", get(super::render::style))
        .route("/review/oauth/callback", get(sign_in::back))
        .route("/review/report", get(report::show))
        .route("/review/report/{picture}", get(report::picture))
        .route("/review/{number}", get(show))
        .route("/review/{number}/media/{sha256}", get(media::give))
        .route("/review/{number}/edit", post(decide::edit).get(to_page))
        .route("/review/{number}/send", post(decide::send).get(to_page))
        .route("/review/{number}/resolve", post(decide::resolve).get(to_page))
}

/// A link to a case's page for one person: shows the case and takes one new text for the version of now, within ten
/// minutes. Only the hash of its token is stored. None where no public address is configured.
///
/// # Errors
/// When the database fails or the system gives no randomness.
pub async fn give_link(tx: &mut Tx, app: &App, person: &str, case: &Case) -> anyhow::Result<Option<String>> {
    let Some(page) = app.page_url(case.number) else { return Ok(None) };
    let token = hex::encode(app.ids.random32()?);
    let link = Link {
        person: person.into(),
        case_id: case.id.clone(),
        version: case.version,
        until: app.clock.now() + LINK_LIVES,
        used_at: None,
    };
    people::add_link(tx, &token_hash(&token), &link).await?;
    Ok(Some(format!("{page}?t={token}")))
}

/// What is stored of a link's token.
pub(super) fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// The path all pages are under, as the browser sees it: a proxy in front may add something.
pub(super) fn base(app: &App) -> String {
    let outside = app.public_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let path = outside.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    format!("{path}/review")
}

/// The page of a case.
async fn show(
    State(app): State<App>,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asking = Asking::read(&app, &number, query.as_deref(), &headers);
    match look(&app, asking.clone()).await {
        Ok(page) => page.response(),
        Err(trouble) if trouble.ends_with_sign_in() && sign_in::is_possible(&app) => {
            sign_in::begin(&app, asking.number, &headers)
        }
        Err(trouble) => trouble::answer(&app, &trouble, asking.number, &[]).await,
    }
}

async fn look(app: &App, asking: Asking) -> Result<Page, Trouble> {
    let reader = app.clone();
    trouble::in_read(app, move |tx| {
        Box::pin(async move {
            let visitor = asking.visitor(tx, &reader).await?;
            let view = asking.view(tx, &reader, &visitor).await?;
            tracing::info!(case = view.case.number, person = %visitor.person, "a review page was opened");
            page::build(tx, &reader, &view, &visitor, &page::Extra::default()).await
        })
    })
    .await
}

/// Where somebody ends who types or reloads the address a form was sent to.
async fn to_page(State(app): State<App>, Path(number): Path<String>) -> Response {
    let number = number.parse::<i64>().unwrap_or_default();
    Redirect::to(&format!("{}/{number}", base(&app))).into_response()
}
