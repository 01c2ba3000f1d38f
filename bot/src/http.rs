//! The HTTP edge: callbacks in, pages out. Verified, stored, answered; everything else happens later.

mod callback;
mod health;
mod official;
mod render;
mod review;
mod server;
mod telegram;
mod upload;
mod webhook;

pub use review::{Seal, Session, give_link, give_report_link};
pub use server::serve;
pub use upload::{give_link as give_upload_link, hand_in as hand_in_file};

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;

/// Largest request body, in bytes: callbacks and review forms are far smaller.
const BODY: usize = 256 << 10;
/// The platform gives up after five seconds; so do we, a little earlier.
const ANSWER_WITHIN: Duration = Duration::from_millis(4500);

/// Every page and callback of the program.
pub fn router(app: App) -> Router {
    // A machine calls here, thousands of times a second: no headers for browsers, and a clock only where it waits.
    let callbacks = Router::new()
        .route("/callback/wecom", get(callback::verify).post(callback::receive))
        .route("/callback/webhook/{channel}", post(webhook::receive))
        .route("/callback/telegram", post(telegram::receive))
        .route("/callback/official", get(official::verify).post(official::receive))
        .layer((CatchPanicLayer::new(), DefaultBodyLimit::max(BODY)));
    let pages = Router::new()
        .merge(review::routes())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics));
    let uploads = for_browsers(upload::routes(), upload::WITHIN, upload::BODY);
    for_browsers(pages, ANSWER_WITHIN, BODY).merge(uploads).merge(callbacks).with_state(app)
}

/// Pages for people: with headers for browsers, a time to be answered in, and a largest body in bytes.
fn for_browsers(pages: Router<App>, within: Duration, body: usize) -> Router<App> {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    // One stack, the outermost first: each `layer` of its own costs every request a box.
    pages.layer((
        CatchPanicLayer::new(),
        header(header::X_FRAME_OPTIONS, "DENY"),
        header(header::REFERRER_POLICY, "no-referrer"),
        header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, within),
        DefaultBodyLimit::max(body),
    ))
}
