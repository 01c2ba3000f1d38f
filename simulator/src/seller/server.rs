//! The HTTP side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use serde_json::{Value, json};

use super::guises::dressed;
use super::ledger::{Effect, Hit};
use super::pages::{self, Page};
use super::writes::{self, Outcome, fields, write};
use super::{Guise, Shared, ways};
use crate::server::lose;
use crate::wire::Hangup;

type Site = State<Arc<Shared>>;

const BODY_BYTES: usize = 64 * 1024;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let pages = Router::new()
        .route("/orders", get(orders))
        .route("/orders/{no}", get(order))
        .route("/orders/{no}/logistics", get(logistics))
        .route("/orders/{no}/note", get(note_form))
        .route("/orders/{no}/tag", get(tag_form))
        .route("/orders/{no}/untag", get(untag_form))
        .route("/aftersales/{no}", get(after_sale))
        .route("/conversations/{no}", get(conversation))
        .layer(middleware::from_fn_with_state(shared.clone(), hampered));
    Router::new()
        .merge(pages)
        .route("/", get(|| async { Redirect::to("/orders") }))
        .route("/login", get(|State(s): Site| async move { shown(&s, &pages::sign_in(false)) }).post(sign_in))
        .route("/orders/{no}/notes", post(add_note))
        .route("/orders/{no}/untag", post(remove_tag))
        .route("/conversations/{no}/messages", post(answer_buyer))
        .route("/aftersales/{no}/refund", post(refund))
        .route("/api/orders/{no}/tags", post(add_tag))
        .route("/api/logistics/query", post(events))
        .route("/api/telemetry", post(telemetry))
        .route("/api/drafts", post(telemetry))
        .route("/visit/{what}", get(visit))
        .route("/ways", get(all_ways))
        .route("/w/{way}", any(way))
        .route("/act/{way}", any(way))
        .route("/socket/{way}", any(socket))
        .route("/frame/{way}", get(frame))
        .route("/static/{file}", get(asset))
        .route("/service.js", get(|| async { script(ways::SERVICE) }))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(shared.clone(), noted))
        .with_state(shared)
}

async fn noted(State(shared): Site, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let (method, target) = (request.method().to_string(), request.uri().to_string());
    shared.kept().ledger.hits.push(Hit { method, target, host });
    next.run(request).await
}

/// What gets in the way of whoever works here.
async fn hampered(State(shared): Site, request: Request, next: Next) -> Response {
    let guise = shared.kept().guise;
    match guise {
        Guise::Expired => return Redirect::to("/login").into_response(),
        Guise::Captcha => return shown(&shared, &pages::captcha()),
        Guise::Walled => return (StatusCode::FORBIDDEN, shown(&shared, &pages::wall())).into_response(),
        Guise::Broken => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Guise::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Guise::Usual | Guise::Redesigned | Guise::Alert | Guise::Overlay | Guise::Drifting(_) => {}
    }
    if token(&shared, request.headers()).is_none() {
        return Redirect::to("/login").into_response();
    }
    next.run(request).await
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("sid="))
}

/// The token of the forms of whoever asks; nothing where nobody is signed in.
fn token(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let session = session(headers)?;
    shared.kept().sessions.get(session).cloned()
}

fn shown(shared: &Shared, page: &Page) -> Response {
    let guise = shared.kept().guise;
    Html(dressed(pages::html(page, &shared.settings.user), guise, shared.port)).into_response()
}

async fn sign_in(State(shared): Site, body: Bytes) -> Response {
    let fields = fields(&body);
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    if field("user") != shared.settings.user || field("password") != shared.settings.password {
        return shown(&shared, &pages::sign_in(true));
    }
    let mut kept = shared.kept();
    let (sid, token) = (kept.rng.hex(), kept.rng.hex());
    kept.sessions.insert(sid.clone(), token);
    let cookie = format!("sid={sid}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/orders")).into_response()
}

async fn orders(State(shared): Site, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let keyword = query.get("keyword").map_or("", String::as_str);
    let page = {
        let kept = shared.kept();
        pages::orders(kept.orders.values().filter(|order| order.no.contains(keyword)), keyword)
    };
    shown(&shared, &page)
}

async fn order(State(shared): Site, Path(no): Path<String>) -> Response {
    let page = {
        let kept = shared.kept();
        let others = kept.orders.values().filter(|other| other.no != no);
        kept.orders.get(&no).map_or_else(|| pages::nothing("没有找到该订单"), |order| pages::order(order, others))
    };
    shown(&shared, &page)
}

async fn logistics(State(shared): Site, Path(no): Path<String>) -> Response {
    let page = shared.kept().orders.get(&no).map_or_else(|| pages::nothing("没有找到该订单"), pages::logistics);
    shown(&shared, &page)
}

async fn after_sale(State(shared): Site, headers: HeaderMap, Path(no): Path<String>) -> Response {
    let token = token(&shared, &headers).unwrap_or_default();
    let page = {
        let kept = shared.kept();
        let found = kept.orders.get(&no).and_then(|order| Some((order, order.after_sale.as_ref()?)));
        found.map_or_else(|| pages::nothing("该订单没有售后单"), |(order, case)| pages::after_sale(order, case, &token))
    };
    shown(&shared, &page)
}

async fn note_form(State(shared): Site, headers: HeaderMap, Path(no): Path<String>) -> Response {
    form(&shared, &headers, &no, pages::note_form)
}

async fn tag_form(State(shared): Site, headers: HeaderMap, Path(no): Path<String>) -> Response {
    form(&shared, &headers, &no, pages::tag_form)
}

async fn untag_form(State(shared): Site, headers: HeaderMap, Path(no): Path<String>) -> Response {
    form(&shared, &headers, &no, pages::untag_form)
}

async fn conversation(State(shared): Site, headers: HeaderMap, Path(no): Path<String>) -> Response {
    form(&shared, &headers, &no, pages::conversation)
}

fn form(shared: &Shared, headers: &HeaderMap, no: &str, made: fn(&super::Order, &str) -> Page) -> Response {
    let token = token(shared, headers).unwrap_or_default();
    let order = shared.kept().orders.get(no).cloned();
    shown(shared, &order.map_or_else(|| pages::nothing("没有找到该订单"), |order| made(&order, &token)))
}

async fn add_note(
    State(shared): Site,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    Path(no): Path<String>,
    body: Bytes,
) -> Response {
    let back = format!("/orders/{no}");
    let effect = |text| Effect::Note { order: no, text };
    handed_in(&shared, (&hangup, &headers), (&body, "text"), effect, &back).await
}

async fn remove_tag(
    State(shared): Site,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    Path(no): Path<String>,
    body: Bytes,
) -> Response {
    let back = format!("/orders/{no}/untag");
    let effect = |tag| Effect::Untag { order: no, tag };
    handed_in(&shared, (&hangup, &headers), (&body, "tag"), effect, &back).await
}

async fn answer_buyer(
    State(shared): Site,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    Path(no): Path<String>,
    body: Bytes,
) -> Response {
    let back = format!("/conversations/{no}");
    let effect = |text| Effect::Reply { order: no, text };
    handed_in(&shared, (&hangup, &headers), (&body, "text"), effect, &back).await
}

/// A form with a token was handed in: what it does is in one of its fields, and leads back to a page.
async fn handed_in(
    shared: &Shared,
    (hangup, headers): (&Hangup, &HeaderMap),
    (body, name): (&Bytes, &str),
    effect: impl FnOnce(String) -> Effect,
    back: &str,
) -> Response {
    let fields = fields(body);
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value).to_owned();
    let outcome = write(shared, session(headers), &field("csrf"), effect(field(name)));
    answered(shared, hangup, outcome, Redirect::to(back).into_response()).await
}

async fn refund(
    State(shared): Site,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    Path(no): Path<String>,
    body: Bytes,
) -> Response {
    let token = fields(&body).into_iter().find(|(name, _)| name == "csrf").map(|(_, token)| token).unwrap_or_default();
    let outcome = write(&shared, session(&headers), &token, Effect::Refund { order: no.clone() });
    answered(&shared, &hangup, outcome, Redirect::to(&format!("/aftersales/{no}")).into_response()).await
}

async fn add_tag(
    State(shared): Site,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    Path(no): Path<String>,
    body: Bytes,
) -> Response {
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let outcome = write(&shared, session(&headers), &text("csrf"), Effect::Tag { order: no, tag: text("tag") });
    answered(&shared, &hangup, outcome, axum::Json(json!({ "ok": true })).into_response()).await
}

async fn answered(shared: &Shared, hangup: &Hangup, outcome: Outcome, done: Response) -> Response {
    match outcome {
        Outcome::Done => done,
        Outcome::ToSignIn => Redirect::to("/login").into_response(),
        Outcome::Refused(status) => (status, Html("<p class=\"error\">提交失败</p>")).into_response(),
        Outcome::Lost(lost) => {
            let mut stopped = shared.stopped.clone();
            let until = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            lose(until, hangup, lost).await
        }
    }
}

/// Asks where a parcel is: a POST that changes nothing.
async fn events(State(shared): Site, headers: HeaderMap, body: Bytes) -> Response {
    if token(&shared, &headers).is_none() {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "请先登录" }))).into_response();
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let kept = shared.kept();
    let order = asked["order"].as_str().and_then(|no| kept.orders.get(no));
    match order.and_then(|order| order.parcel.as_ref()) {
        Some(parcel) => axum::Json(json!({ "events": parcel.events })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn telemetry(State(shared): Site) -> StatusCode {
    writes::note(&shared, Effect::Telemetry);
    StatusCode::NO_CONTENT
}

async fn visit(State(shared): Site) -> Html<&'static str> {
    writes::note(&shared, Effect::Visit);
    Html("<p>已提醒买家付款</p>")
}

async fn all_ways(State(shared): Site) -> Response {
    let mut page = Html(ways::page(&format!("http://localhost:{}", shared.port))).into_response();
    let policy = HeaderValue::from_static("img-src 'self'; report-uri /w/csp-report");
    page.headers_mut().insert("content-security-policy-report-only", policy);
    page
}

async fn way(State(shared): Site, Path(way): Path<String>) -> StatusCode {
    writes::note(&shared, Effect::Way(way));
    StatusCode::NO_CONTENT
}

async fn socket(State(shared): Site, Path(way): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    writes::note(&shared, Effect::Way(way));
    upgrade.on_upgrade(|_| async {})
}

/// A page that writes as soon as it is there.
async fn frame(Path(way): Path<String>) -> Html<String> {
    let way: String = way.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    Html(format!("<!doctype html><script>fetch('/w/{way}', {{ method: 'POST', body: 'x' }})</script>"))
}

async fn asset(Path(file): Path<String>) -> Response {
    match file.as_str() {
        "app.css" => ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], pages::STYLE).into_response(),
        "app.js" => script(pages::SCRIPT),
        "ways.js" => script(ways::SCRIPT),
        "worker.js" => script(ways::WORKER),
        "nested.js" => script(ways::NESTED),
        "shared.js" => script(ways::SHARED),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn script(source: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], source).into_response()
}
