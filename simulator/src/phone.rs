//! The demo's phones: a page with the customers' chat and the reviewers' WeCom, driven by the simulator.
//!
//! The page polls `GET /phone/state` and posts what a person types and taps; every tap leaves the simulator as a
//! real encrypted callback. All bodies are JSON, so that no other web page can post here without asking first.

mod asset;
mod elsewhere;

pub use elsewhere::Elsewhere;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRef, FromRequest, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Delivery, Impossible, Simulator};

/// Largest picture that a customer can send, in bytes (wecom 94670: larger ones arrive as a hint in words).
pub const MAX_IMAGE_BYTES: usize = 2 * 1024 * 1024;

/// What the page's phones are connected to.
#[derive(Clone)]
struct Phones {
    wecom: Simulator,
    elsewhere: Option<Elsewhere>,
}

impl FromRef<Phones> for Simulator {
    fn from_ref(phones: &Phones) -> Self {
        phones.wecom.clone()
    }
}

/// The phone page and what it needs, to be merged into or served as the demo's own site.
pub fn router(wecom: Simulator) -> Router {
    on_wecom().with_state(Phones { wecom, elsewhere: None })
}

/// The same page, whose customers can be on Telegram and whose colleagues in the chat with the AI bot as well.
pub fn router_with(wecom: Simulator, elsewhere: Elsewhere) -> Router {
    let more = Router::new()
        .route("/phone/telegram/say", post(elsewhere::telegram_say))
        .route("/phone/telegram/image", post(elsewhere::telegram_image).layer(DefaultBodyLimit::max(MAX_IMAGE_BYTES)))
        .route("/phone/aibot/say", post(elsewhere::aibot_say))
        .route("/phone/aibot/tap", post(elsewhere::aibot_tap))
        .route("/phone/aibot/enter", post(elsewhere::aibot_enter))
        .with_state(elsewhere.clone());
    on_wecom().with_state(Phones { wecom, elsewhere: Some(elsewhere) }).merge(more)
}

fn on_wecom() -> Router<Phones> {
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
}

/// What went wrong, for the page's small black box: `{error, reason}`, where `reason` is null or a key of the page's words.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    said: String,
    reason: Option<&'static str>,
}

impl Failure {
    fn new(status: StatusCode, said: &str) -> Failure {
        Failure { status, said: said.to_owned(), reason: None }
    }

    fn unknown(said: &str) -> Failure {
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, said)
    }
}

impl From<Impossible> for Failure {
    fn from(why: Impossible) -> Failure {
        let reason = match why {
            Impossible::Closed(_) => Some("impossible_closed"),
            Impossible::NoCallback => Some("impossible_no_callback"),
            Impossible::Message(_) => Some("impossible_message"),
            _ => None,
        };
        Failure { status: StatusCode::UNPROCESSABLE_ENTITY, said: why.to_string(), reason }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, axum::Json(json!({"error": self.said, "reason": self.reason}))).into_response()
    }
}

/// `axum::Json` that refuses in the page's own shape.
struct Json<T>(T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Failure> {
        let read: Result<axum::Json<T>, JsonRejection> = axum::Json::from_request(request, state).await;
        read.map(|axum::Json(body)| Json(body)).map_err(|why| Failure::new(why.status(), &why.body_text()))
    }
}

/// What the page knows already.
#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    known: String,
}

/// `GET /phone/state?known=ETAG`: the state, or 204 where nothing but the clock changed since that version.
async fn state(State(phones): State<Phones>, Query(Known { known }): Query<Known>) -> Response {
    let mut state = phones.wecom.state_for_phone();
    phones.elsewhere.iter().for_each(|elsewhere| elsewhere.add_to(&mut state));
    let version = version(&state);
    let headers = [(header::ETAG, version.clone()), (header::CACHE_CONTROL, "no-store".to_owned())];
    if known == version {
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    (headers, axum::Json(state)).into_response()
}

fn version(state: &Value) -> String {
    let mut timeless = state.clone();
    if let Some(fields) = timeless.as_object_mut() {
        fields.remove("now_ms");
    }
    hex::encode(&Sha256::digest(timeless.to_string().as_bytes())[..12])
}

/// `GET /phone/media/{id}`: a picture to look at, anything else to download.
async fn media(State(phones): State<Phones>, Path(id): Path<String>) -> Response {
    let own = phones.wecom.media(&id).map(|medium| medium.bytes);
    let found = own.or_else(|| phones.elsewhere.as_ref().and_then(|elsewhere| elsewhere.media(&id)));
    let Some(bytes) = found else { return StatusCode::NOT_FOUND.into_response() };
    match picture_type(&bytes) {
        Some(kind) => (asset::guards(kind), bytes).into_response(),
        None => {
            let download = [(header::CONTENT_DISPOSITION, "attachment")];
            (asset::guards("application/octet-stream"), download, bytes).into_response()
        }
    }
}

/// What an act answers.
type Done = Result<axum::Json<Value>, Failure>;

/// One JSON object with the fields of both.
#[derive(Deserialize)]
struct With<A, B> {
    #[serde(flatten)]
    who: A,
    #[serde(flatten)]
    what: B,
}

/// Which customer, at which account.
#[derive(Deserialize)]
struct Customer {
    open_kfid: String,
    external_userid: String,
}

/// Words that a customer or a member types.
#[derive(Deserialize)]
struct Words {
    text: String,
}

async fn customer_say(State(sim): State<Simulator>, Json(body): Json<With<Customer, Words>>) -> Done {
    let With { who, what } = body;
    let msgid = sim.customer_says(&who.open_kfid, &who.external_userid, &what.text).await?;
    Ok(axum::Json(json!({"msgid": msgid})))
}

/// The picture is the body; the customer is in the query. The type keeps other sites' forms out.
async fn customer_image(
    State(sim): State<Simulator>,
    Query(who): Query<Customer>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Done {
    let bytes = picture(&headers, &bytes)?;
    let msgid = sim.customer_sends_image(&who.open_kfid, &who.external_userid, bytes).await?;
    Ok(axum::Json(json!({"msgid": msgid})))
}

/// A body that is the picture its type announces.
fn picture(headers: &HeaderMap, bytes: &Bytes) -> Result<Vec<u8>, Failure> {
    let announced = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !matches!(announced, "image/png" | "image/jpeg") || picture_type(bytes) != Some(announced) {
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not a PNG or JPEG picture"));
    }
    Ok(bytes.to_vec())
}

#[derive(Deserialize)]
struct Recall {
    msgid: String,
}

async fn customer_recall(State(sim): State<Simulator>, Json(body): Json<Recall>) -> Done {
    sim.customer_recalls(&body.msgid).await?;
    Ok(axum::Json(json!({})))
}

async fn customer_enter(State(sim): State<Simulator>, Json(who): Json<Customer>) -> Done {
    let welcome_code = sim.customer_enters(&who.open_kfid, &who.external_userid).await?;
    Ok(axum::Json(json!({"welcome": welcome_code.is_some()})))
}

/// Which member.
#[derive(Deserialize)]
struct Member {
    userid: String,
}

/// A pressed button, with the choices made on the card.
#[derive(Deserialize)]
struct Tap {
    task_id: String,
    key: String,
    #[serde(default)]
    selected: Vec<Selected>,
}

impl Tap {
    /// Pairs of question and option.
    fn choices(&self) -> Vec<(&str, &str)> {
        self.selected.iter().map(|one| (one.question_key.as_str(), one.option_id.as_str())).collect()
    }
}

#[derive(Deserialize)]
struct Selected {
    question_key: String,
    option_id: String,
}

async fn member_tap(State(sim): State<Simulator>, Json(body): Json<With<Member, Tap>>) -> Done {
    let With { who, what } = body;
    Ok(delivered(&sim.tap(&who.userid, &what.task_id, &what.key, &what.choices()).await?))
}

async fn member_say(State(sim): State<Simulator>, Json(body): Json<With<Member, Words>>) -> Done {
    Ok(delivered(&sim.says(&body.who.userid, &body.what.text).await?))
}

#[derive(Deserialize)]
struct Menu {
    key: String,
}

async fn member_menu(State(sim): State<Simulator>, Json(body): Json<With<Member, Menu>>) -> Done {
    Ok(delivered(&sim.clicks_menu(&body.who.userid, &body.what.key).await?))
}

async fn member_enter(State(sim): State<Simulator>, Json(who): Json<Member>) -> Done {
    Ok(delivered(&sim.enters(&who.userid).await?))
}

/// `{delivered, status}`: whether the bot took the callback, and the last HTTP status (null without an answer).
fn delivered(delivery: &Delivery) -> axum::Json<Value> {
    axum::Json(json!({"delivered": delivery.accepted(), "status": delivery.status}))
}

/// The picture type that the first bytes show; nothing else is ever served as a picture.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &'static str); 3] =
        [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif")];
    kinds.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
}

#[cfg(test)]
#[path = "phone_tests.rs"]
mod tests;
