//! The report's page: its figures in words and its pictures, for one person, behind a link from chat that is signed and
//! ends within a day. Drawn anew each time it is looked at; looking uses nothing up.

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use cards::words::Locale;
use serde::Serialize;

use super::base;
use super::seal::Seal;
use super::trouble::{self, Trouble};
use super::visitor::{SESSION_COOKIE, cookies, param};
use crate::app::App;
use crate::clock::{DAY, Timestamp};
use crate::http::render;
use crate::policy::{self, Power};
use crate::report::{self, WEEK, Warning};
use crate::store::Tx;
use crate::store::desks::Applied;
use crate::view::local;

/// How long a link is good for.
const LINK_LIVES: Timestamp = DAY;
/// Unanswered questions that are named.
const MISSING: i64 = 20;

/// A link to the page of the week that ends at `until`, for one person. None where no public address is configured.
pub fn give_report_link(app: &App, person: &str, until: Timestamp) -> Option<String> {
    let outside = app.public_url.as_deref()?.trim_end_matches('/');
    let token = Seal::new(&app.cookie_key).report(person, until, app.clock.now() + LINK_LIVES);
    Some(format!("{outside}/review/report?t={token}"))
}

/// What the page shows.
#[derive(Debug, Serialize)]
struct Page {
    #[serde(skip)]
    locale: Locale,
    base: String,
    lang: &'static str,
    /// The week it is about.
    span: String,
    /// What speaks against taking its figures for success.
    warning: Option<String>,
    /// The figures in words.
    lines: Vec<String>,
    pictures: Vec<Picture>,
}

#[derive(Debug, Serialize)]
struct Picture {
    title: String,
    address: String,
}

/// A request with a good link: for whom, and for which week.
struct Asking {
    token: String,
    person: String,
    until: Timestamp,
}

impl Asking {
    /// A link that was passed on to somebody who signed in as another person is no right of theirs.
    fn read(app: &App, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Trouble> {
        let (seal, now) = (Seal::new(&app.cookie_key), app.clock.now());
        let token = param(query, "t").unwrap_or_default();
        let (person, until) = seal.read_report(&token, now).ok_or(Trouble::LinkOver)?;
        let mut sessions = cookies(headers, SESSION_COOKIE).filter_map(|cookie| seal.read_session(cookie, now));
        if sessions.any(|session| session.person != person) {
            return Err(Trouble::LinkOver);
        }
        Ok(Self { token, person, until })
    }

    /// Whether the person still may read the record everywhere.
    fn permitted(&self, desk: &Applied) -> Result<(), Trouble> {
        let person = desk.desk.person(&self.person).ok_or(Trouble::NotOnList)?;
        policy::may(person, Power::ReadEvidence, None).map_err(|denied| Trouble::NotPermitted(denied.key()))
    }
}

/// The page.
pub(super) async fn show(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    match look(&app, query.as_deref(), &headers).await {
        Ok(page) => render::html(StatusCode::OK, page.locale, "report.html", &page),
        Err(trouble) => trouble::answer(&app, &trouble, 0, &[]).await,
    }
}

async fn look(app: &App, query: Option<&str>, headers: &HeaderMap) -> Result<Page, Trouble> {
    let asking = Asking::read(app, query, headers)?;
    let reader = app.clone();
    trouble::in_read(app, move |tx| Box::pin(async move { build(tx, &reader, &asking).await })).await
}

async fn build(tx: &mut Tx, app: &App, asking: &Asking) -> Result<Page, Trouble> {
    let desk = app.desk(tx).await?;
    asking.permitted(&desk)?;
    tracing::info!(person = %asking.person, "a report was looked at");
    let (until, from, words) = (asking.until, asking.until - WEEK, desk.words());
    let confidence = app.known_chances().quality().cloned();
    let counted = report::gather(tx, (from, until), MISSING, confidence).await?;
    let before = report::gather(tx, (from - WEEK, from), 0, None).await?;
    let warning = Warning::of(&counted, &before).map(|warning| warning.say(&counted, words));
    let told = report::told(&counted, words, &desk.desk, WEEK / DAY);
    let locale: Locale = desk.desk.desk.locale.parse().unwrap_or_default();
    let day = |at| local(at, &desk.desk.desk.timezone, "%m-%d %H:%M");
    Ok(Page {
        locale,
        base: base(app),
        lang: locale.as_str(),
        span: format!("{} – {}", day(from), day(until - 1)),
        warning: warning.map(|say| say.in_words(words, &desk.desk)),
        lines: told.lines().skip(1).map(str::to_owned).collect(),
        pictures: pictures(tx, app, &desk, asking).await?,
    })
}

/// Where the pictures are; none where they cannot be drawn.
async fn pictures(tx: &mut Tx, app: &App, desk: &Applied, asking: &Asking) -> Result<Vec<Picture>, Trouble> {
    if app.charts.missing().is_some() {
        return Ok(Vec::new());
    }
    let bars = report::week_in_bars(tx, desk, asking.until).await?;
    let address = |place: usize| format!("{}/report/{place}?t={}", base(app), asking.token);
    let numbered = bars.into_iter().enumerate();
    Ok(numbered.map(|(place, bars)| Picture { title: bars.title, address: address(place) }).collect())
}

/// One of the page's pictures.
pub(super) async fn picture(
    State(app): State<App>,
    Path(place): Path<usize>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match drawn(&app, place, query.as_deref(), &headers).await {
        Ok(Some(png)) => ([(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "no-store")], png).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(trouble) => trouble::answer(&app, &trouble, 0, &[]).await,
    }
}

async fn drawn(app: &App, place: usize, query: Option<&str>, headers: &HeaderMap) -> Result<Option<Vec<u8>>, Trouble> {
    let asking = Asking::read(app, query, headers)?;
    let reader = app.clone();
    let bars = trouble::in_read(app, move |tx| {
        Box::pin(async move {
            let desk = reader.desk(tx).await?;
            asking.permitted(&desk)?;
            Ok(report::week_in_bars(tx, &desk, asking.until).await?)
        })
    });
    let Some(bars) = bars.await?.into_iter().nth(place) else { return Ok(None) };
    let drawn = report::draw(app, vec![bars]).await?;
    Ok(drawn.into_iter().next())
}
