//! The page's own files, inside the binary. Nothing is fetched from anywhere else.

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// Scripts and styles from here only, whatever a message may contain; pictures also from where a card's address says.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: blob: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static str,
}

const PAGE: Asset = Asset { name: "", kind: HTML, body: include_str!("page.html") };
const FILES: &[Asset] = &[
    Asset { name: "page.css", kind: CSS, body: include_str!("page.css") },
    Asset { name: "card.css", kind: CSS, body: include_str!("card.css") },
    Asset { name: "page.js", kind: SCRIPT, body: include_str!("page.js") },
    Asset { name: "handset.js", kind: SCRIPT, body: include_str!("handset.js") },
    Asset { name: "chat.js", kind: SCRIPT, body: include_str!("chat.js") },
    Asset { name: "card.js", kind: SCRIPT, body: include_str!("card.js") },
    Asset { name: "dom.js", kind: SCRIPT, body: include_str!("dom.js") },
    Asset { name: "state.js", kind: SCRIPT, body: include_str!("state.js") },
];
pub(super) const WORDS: [(&str, &str); 2] =
    [("zh-CN.json", include_str!("zh-CN.json")), ("en.json", include_str!("en.json"))];

/// Name and text of every script.
#[cfg(test)]
pub(super) fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().filter(|asset| asset.kind == SCRIPT).map(|asset| (asset.name, asset.body))
}

/// `GET /`
pub(super) async fn page() -> Response {
    served(PAGE.kind, PAGE.body)
}

/// `GET /phone/{file}`: a style sheet or a script.
pub(super) async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|asset| asset.name == name) {
        Some(asset) => served(asset.kind, asset.body),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /phone/words/{file}`: what the page says, in one language.
pub(super) async fn words(Path(name): Path<String>) -> Response {
    match WORDS.iter().find(|(file, _)| *file == name) {
        Some((_, body)) => served(JSON, body),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn served(kind: &'static str, body: &'static str) -> Response {
    (guards(kind), body).into_response()
}

/// Headers of everything a browser may show as a page of its own.
pub(super) fn guards(kind: &'static str) -> [(HeaderName, &'static str); 5] {
    [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ]
}
