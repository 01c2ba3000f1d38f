//! The demo's phones: a page with the customer's WeChat and the reviewers' WeCom, driven by the simulator.
//!
//! The page polls `GET /phone/state` and posts what a person types and taps; every tap leaves the simulator as a
//! real encrypted callback. All bodies are JSON, so that no other web page can post here without asking first.

mod asset;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Simulator;

/// Largest picture that a customer can send, in bytes (wecom 94670: larger ones arrive as a hint in words).
pub const MAX_IMAGE_BYTES: usize = 2 * 1024 * 1024;

/// The phone page and what it needs, to be merged into or served as the demo's own site.
pub fn router(sim: Simulator) -> Router {
    Router::new()
        .route("/", get(asset::page))
        .route("/phone/{file}", get(asset::file))
        .route("/phone/words/{file}", get(asset::words))
        .route("/phone/state", get(state))
        .route("/phone/media/{id}", get(media))
        .route("/phone/customer/say", post(customer_say))
        .route("/phone/customer/image", post(customer_image).layer(DefaultBodyLimit::max(MAX_IMAGE_BYTES)))
        .route("/phone/customer/recall", post(customer_recall))
        .route("/phone/customer/enter", post(customer_enter))
        .route("/phone/member/tap", post(member_tap))
        .route("/phone/member/say", post(member_say))
        .route("/phone/member/menu", post(member_menu))
        .route("/phone/member/enter", post(member_enter))
        .with_state(sim)
}

/// What went wrong, for the page's small black box.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    said: String,
}

impl Failure {
    fn refused(why: impl std::fmt::Display) -> Failure {
        Failure { status: StatusCode::UNPROCESSABLE_ENTITY, said: why.to_string() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, axum::Json(json!({"error": self.said}))).into_response()
    }
}

/// `axum::Json` that refuses in the page's own shape.
struct Json<T>(T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Failure> {
        let read: Result<axum::Json<T>, JsonRejection> = axum::Json::from_request(request, state).await;
        read.map(|axum::Json(body)| Json(body))
            .map_err(|why| Failure { status: why.status(), said: why.body_text() })
    }
}

/// What the page knows already.
#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    known: String,
}

/// `GET /phone/state?known=ETAG`: the state, or 204 where nothing changed since that version.
async fn state(State(sim): State<Simulator>, Query(Known { known }): Query<Known>) -> Response {
    let body = sim.state_for_phone().to_string();
    let version = hex::encode(&Sha256::digest(body.as_bytes())[..12]);
    let headers = [(header::ETAG, version.clone()), (header::CACHE_CONTROL, "no-store".to_owned())];
    if known == version {
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    (headers, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Which customer, at which account.
#[derive(Deserialize)]
struct Customer {
    open_kfid: String,
    external_userid: String,
}

#[derive(Deserialize)]
struct CustomerSays {
    #[serde(flatten)]
    who: Customer,
    text: String,
}

#[derive(Deserialize)]
struct Recall {
    msgid: String,
}

#[derive(Deserialize)]
struct MemberSays {
    userid: String,
    text: String,
}

#[derive(Deserialize)]
struct MemberMenu {
    userid: String,
    key: String,
}

#[derive(Deserialize)]
struct MemberEnters {
    userid: String,
}

#[derive(Deserialize)]
struct Tap {
    userid: String,
    task_id: String,
    key: String,
    #[serde(default)]
    selected: Vec<Selected>,
}

#[derive(Deserialize)]
struct Selected {
    question_key: String,
    option_id: String,
}

/// The picture type that the first bytes show; nothing else is ever served as a picture.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &'static str); 3] =
        [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif")];
    kinds.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
}
