//! Why there is no page, or why nothing was done: said in the reader's words, with a way on.

use crate::store;
use axum::http::StatusCode;
use axum::response::Response;
use cards::words::Locale;
use futures::future::BoxFuture;

use super::base;
use crate::app::App;
use crate::http::render::{self, Notice};
use crate::store::Tx;

/// Why there is no page, or why nothing was done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody we know; signing in would help.
    Stranger,
    /// The link is too old, or was never given.
    LinkOver,
    /// A text was handed in through the link before.
    LinkUsed,
    /// No case has this number.
    NoSuchCase,
    /// The person may not see the case; the locale key says which right is missing.
    NotPermitted(&'static str),
    /// The person is not, or no longer, configured.
    NotOnList,
    /// Signing in did not work, or was not begun in this browser.
    SignInFailed,
    /// The form did not come from our page, or from one of an earlier sign-in.
    StalePage,
    /// The form cannot be read, or is far too long.
    BadForm,
    /// Something of ours failed; nothing was done.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(problem: anyhow::Error) -> Self {
        Self::Broken(problem)
    }
}

impl From<store::Error> for Trouble {
    fn from(problem: store::Error) -> Self {
        Self::Broken(problem.into())
    }
}

impl Trouble {
    /// Whether signing in would lead to the page.
    pub(super) fn ends_with_sign_in(&self) -> bool {
        matches!(self, Self::Stranger | Self::LinkOver | Self::LinkUsed)
    }

    /// Whether opening the page again may help.
    fn may_pass(&self) -> bool {
        !matches!(self, Self::NoSuchCase | Self::NotPermitted(_) | Self::NotOnList)
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Stranger | Self::SignInFailed => StatusCode::UNAUTHORIZED,
            Self::LinkOver | Self::LinkUsed => StatusCode::GONE,
            Self::NoSuchCase => StatusCode::NOT_FOUND,
            Self::NotPermitted(_) | Self::NotOnList | Self::StalePage => StatusCode::FORBIDDEN,
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The locale keys of what happened and of what to do about it.
    fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::Stranger => ("page.stranger", "page.stranger_do"),
            Self::LinkOver => ("page.link_over", "page.link_do"),
            Self::LinkUsed => ("page.link_used", "page.link_do"),
            Self::NoSuchCase => ("page.no_such_case", "page.no_such_case_do"),
            Self::NotPermitted(denied) => ("page.not_permitted", denied),
            Self::NotOnList => ("page.not_permitted", "page.not_on_list_do"),
            Self::SignInFailed => ("page.sign_in_failed", "page.sign_in_failed_do"),
            Self::StalePage => ("page.stale_page", "page.stale_page_do"),
            Self::BadForm => ("page.bad_form", "page.bad_form_do"),
            Self::Broken(_) => ("page.broken", "page.broken_do"),
        }
    }
}

/// Says what is in the way of a case's page, and gives back what the person wrote.
pub(super) async fn answer(app: &App, trouble: &Trouble, number: i64, kept: &[String]) -> Response {
    if let Trouble::Broken(problem) = trouble {
        tracing::error!(problem = %format!("{problem:#}"), "a review page could not be shown");
    }
    let locale = locale(app).await;
    let words = crate::app::words(locale);
    let (title, text) = trouble.keys();
    let notice = Notice {
        base: base(app),
        lang: locale.as_str(),
        title: words.text(title, &[]),
        text: words.text(text, &[]),
        onward: (number > 0 && trouble.may_pass()).then(|| format!("{}/{number}", base(app))),
        kept: kept.iter().filter(|part| !part.trim().is_empty()).cloned().collect(),
        good: false,
    };
    render::notice(trouble.status(), locale, &notice)
}

/// The desk's language, even when the database does not answer.
async fn locale(app: &App) -> Locale {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await;
    desk.ok().and_then(|desk| desk.desk.desk.locale.parse().ok()).unwrap_or_default()
}

/// Reads in one moment.
pub(super) async fn in_read<T, F>(app: &App, unit: F) -> Result<T, Trouble>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Trouble>> + Send + 'static,
{
    app.store.read(move |tx| Box::pin(async move { kept(unit(tx).await) })).await?
}

/// Does something in one commit. What a [`Trouble`] left behind is kept, except of a broken one.
pub(super) async fn in_commit<T, F>(app: &App, unit: F) -> Result<T, Trouble>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Trouble>> + Clone + Send + 'static,
{
    app.store.commit(move |tx| Box::pin(async move { kept(unit(tx).await) })).await?
}

/// Only what is broken undoes a unit of work.
fn kept<T>(outcome: Result<T, Trouble>) -> anyhow::Result<Result<T, Trouble>> {
    match outcome {
        Err(Trouble::Broken(problem)) => Err(problem),
        outcome => Ok(outcome),
    }
}
