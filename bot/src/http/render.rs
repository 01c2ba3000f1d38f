//! Pages from templates. Everything put into one is escaped; every word comes from the locale files through `t`.

use std::sync::OnceLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cards::words::{Locale, Words};
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, Error, UndefinedBehavior};
use serde::Serialize;

/// The templates. Names end in `.html`, which is what makes minijinja escape.
const TEMPLATES: [(&str, &str); 6] = [
    ("layout.html", include_str!("pages/layout.html")),
    ("parts.html", include_str!("pages/parts.html")),
    ("case.html", include_str!("pages/case.html")),
    ("notice.html", include_str!("pages/notice.html")),
    ("upload.html", include_str!("pages/upload.html")),
    ("report.html", include_str!("pages/report.html")),
];
const STYLE: &str = include_str!("pages/page.css");
/// Nothing but our own style and pictures, no script at all, and forms only to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// A page that only says something.
#[derive(Debug, Default, Serialize)]
pub(super) struct Notice {
    /// The path all pages are under.
    pub(super) base: String,
    /// Language of the page.
    pub(super) lang: &'static str,
    /// What happened.
    pub(super) title: String,
    /// What that means, and what to do.
    pub(super) text: String,
    /// Where to go on.
    pub(super) onward: Option<String>,
    /// A text that was written and not used, given back in its parts.
    pub(super) kept: Vec<String>,
    /// Whether it went well.
    pub(super) good: bool,
}

/// Answers with a notice.
pub(super) fn notice(status: StatusCode, locale: Locale, notice: &Notice) -> Response {
    html(status, locale, "notice.html", notice)
}

/// The pages' style.
pub(super) async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, STYLE).into_response()
}

/// Keeps a response out of every cache.
pub(super) fn never_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers with a template filled in.
pub(super) fn html(status: StatusCode, locale: Locale, template: &str, context: &impl Serialize) -> Response {
    match text(locale, template, context) {
        Ok(text) => {
            let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
            never_stored((status, headers, text).into_response())
        }
        Err(problem) => {
            tracing::error!(%problem, template, "a template failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be shown\n").into_response()
        }
    }
}

/// A template filled in.
///
/// # Errors
/// When the template is broken or asks for something the context does not have.
fn text(locale: Locale, template: &str, context: &impl Serialize) -> Result<String, Error> {
    environment(locale).get_template(template)?.render(Serde(context))
}

fn environment(locale: Locale) -> &'static Environment<'static> {
    static CHINESE: OnceLock<Environment<'static>> = OnceLock::new();
    static ENGLISH: OnceLock<Environment<'static>> = OnceLock::new();
    match locale {
        Locale::ZhCn => CHINESE.get_or_init(|| prepare(locale)),
        Locale::En => ENGLISH.get_or_init(|| prepare(locale)),
    }
}

fn prepare(locale: Locale) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_function("t", move |key: &str, args: Kwargs| say(crate::app::words(locale), key, &args));
    for (name, source) in TEMPLATES {
        // The templates are part of the program and a test renders them all, so that a broken one cannot ship.
        if let Err(problem) = environment.add_template(name, source) {
            tracing::error!(%problem, name, "a template is broken");
        }
    }
    environment
}

/// The page's words of a key, with its places filled.
fn say(words: &Words, key: &str, args: &Kwargs) -> Result<String, Error> {
    let names: Vec<&str> = args.args().collect();
    let filled: Vec<(&str, String)> =
        names.into_iter().map(|name| Ok((name, args.get::<Value>(name)?.to_string()))).collect::<Result<_, Error>>()?;
    let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(words.text(&["page.", key].concat(), &filled))
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
