//! Orders asked for by a shop system's own API, with a key that only reads: preferred over pages, which the same facts
//! are read from where there is none, or where it does not answer.

mod kuaidi100;
mod seen;
mod shopify;
mod tracking;
mod woocommerce;

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::SecretString;
use seen::Seen;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::look::{End, Parcel, Question, Reply, Run, Sight};
use crate::app::App;
use crate::case::{Looked, Unseen};
use crate::clock::{MINUTE, Timestamp};
use crate::desk::{ApiKind, BackOffice, OrderApi};
use crate::view::View;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Most bytes of an answer that are read.
const LARGEST: usize = 512 * 1024;
/// How long an order's facts count.
const COUNTS_FOR: Timestamp = 30 * MINUTE;

/// An order as an API tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    /// How it stands.
    state: State,
    /// What was paid, in hundredths, and of which currency.
    paid: Option<(i64, String)>,
    /// When it was placed.
    placed_at: Option<Timestamp>,
    /// What was sent, the oldest first.
    parcels: Vec<Parcel>,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unpaid,
    Processing,
    PartlySent,
    Sent,
    Cancelled,
    Refunded,
    PartlyRefunded,
    Failed,
}

impl State {
    fn key(self) -> &'static str {
        match self {
            Self::Unpaid => "order_state.unpaid",
            Self::Processing => "order_state.processing",
            Self::PartlySent => "order_state.partly_sent",
            Self::Sent => "order_state.sent",
            Self::Cancelled => "order_state.cancelled",
            Self::Refunded => "order_state.refunded",
            Self::PartlyRefunded => "order_state.partly_refunded",
            Self::Failed => "order_state.failed",
        }
    }
}

/// Why an API has no order for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoOrder {
    /// There is none of this number.
    #[error("there is no such order")]
    NotFound,
    /// The key is not taken, or lacks a right.
    #[error("the key is not taken: {0}")]
    Denied(String),
    /// It does not answer, or not as it should.
    #[error("{0}")]
    Unavailable(String),
}

/// An answer: its order, the bytes it was read from, and the address they came from.
struct Answer {
    order: Order,
    raw: Vec<u8>,
    url: String,
}

/// Looks an order up where the store has an API for what is asked; nothing where it has none, or it does not answer and
/// a page may be looked at instead.
pub(super) async fn look(
    app: &App,
    view: &View,
    config: &BackOffice,
    question: &Question<'_>,
    now: Timestamp,
) -> anyhow::Result<Option<Sight>> {
    let Some(api) = config.api.as_ref().filter(|api| api.intents.contains(&question.intent)) else { return Ok(None) };
    let began = Instant::now();
    let asked = match app.offices.api_key(&config.id) {
        Some(key) => ask(api, key, question.order).await,
        None => Err(NoOrder::Denied(format!("STORE_API_KEYS has none for {}", config.id))),
    };
    match asked {
        Ok(answer) => found(app, view, config, question, (answer, began.elapsed(), now)).await.map(Some),
        Err(NoOrder::NotFound) => {
            let reply = Some(Reply::Ask("order_reply.not_found"));
            Ok(Some(Sight::without(question, now, Looked::NotFound, reply)))
        }
        Err(problem) => {
            tracing::warn!(store = config.id, %problem, "an order could not be asked for");
            let why = if matches!(problem, NoOrder::Denied(_)) { Unseen::NoPermission } else { Unseen::Broken };
            let instead = question.recipe.is_none();
            Ok(instead.then(|| Sight::without(question, now, Looked::Unseen(why), None)))
        }
    }
}

async fn ask(api: &OrderApi, key: &SecretString, number: &str) -> Result<Answer, NoOrder> {
    let client = client(&api.base)?;
    match api.kind {
        ApiKind::Woocommerce => woocommerce::order(&client, &api.base, key, number).await,
        ApiKind::Shopify => shopify::order(&client, &api.base, key, number).await,
    }
}

fn client(base: &str) -> Result<Client, NoOrder> {
    let here = url::Url::parse(base).is_ok_and(|url| url.host_str().is_some_and(|host| host == "127.0.0.1"));
    // The program installs a TLS provider first; without one the client would not be built but panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("aijia/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none());
    // A proxy of the environment is for the outside; a stand-in on this host is reached directly.
    let builder = if here { builder.no_proxy() } else { builder };
    builder.build().map_err(unavailable)
}

fn unavailable(error: reqwest::Error) -> NoOrder {
    NoOrder::Unavailable(error.without_url().to_string())
}

/// Sends a request once, and reads its answer.
async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), NoOrder> {
    let mut answer = request.send().await.map_err(unavailable)?;
    let (status, mut body) = (answer.status(), Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(unavailable)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(NoOrder::Unavailable(format!("an answer of more than {LARGEST} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(NoOrder::Denied(status.to_string())),
        status => Ok((status, body)),
    }
}

fn json_of(body: &[u8]) -> Result<Value, NoOrder> {
    serde_json::from_slice(body).map_err(|_| NoOrder::Unavailable("the answer is no JSON".into()))
}

/// An amount as APIs write it, `259.00`, in hundredths.
fn hundredths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain(['0', '0']).take(2).collect();
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}

/// A moment as APIs write it; without a zone it is UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let zoned = chrono::DateTime::parse_from_rfc3339(text).ok();
    let bare = || text.parse::<chrono::NaiveDateTime>().ok().map(|time| time.and_utc().fixed_offset());
    zoned.or_else(bare).map(|time| time.timestamp_millis())
}

async fn found(
    app: &App,
    view: &View,
    config: &BackOffice,
    question: &Question<'_>,
    (answer, took, now): (Answer, Duration, Timestamp),
) -> anyhow::Result<Sight> {
    let raw = app.blobs.put(&answer.raw).await?;
    let parcel = asked_about(&answer.order.parcels, &view.customer_texts());
    let asked = match parcel {
        Some(parcel) => tracking::track(app, config, parcel).await?,
        None => None,
    };
    let seen = Seen { order: &answer.order, parcel, asked: asked.as_ref() };
    let shown = seen.shown(view);
    let said: serde_json::Map<String, Value> =
        shown.iter().map(|fact| (fact.label.clone(), json!(fact.said))).collect();
    // A parcel's way may have been asked for a while ago: the facts are as old as the oldest of them.
    let at = seen.track().map_or(now, |(_, asked_at)| now.min(asked_at));
    let until: serde_json::Map<String, Value> =
        shown.iter().map(|fact| (fact.label.clone(), json!(at + COUNTS_FOR))).collect();
    let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let title = view.words().text("order_state.title", &[]);
    let kind = config.api.as_ref().map(|api| api.kind.as_str()).unwrap_or_default();
    let payload = json!({
        "recipe": { "name": kind, "version": 1, "hash": "" }, "title": title, "account": config.account(),
        "order": question.order, "outcome": "found", "at": now, "took_ms": took, "url": answer.url, "said": said,
        "until": until,
        "pictures": [], "text_sha256": hex::encode(Sha256::digest(&answer.raw)), "log_sha256": raw,
        "tracking": seen.on_record(),
    });
    let fact = shown.iter().map(|fact| fact.said.as_str()).take(2).collect::<Vec<_>>().join(" ");
    let looked = Looked::Found { fact, stale_at: at + COUNTS_FOR, pictures: Vec::new() };
    let reply = Reply::Facts(seen.told(view));
    let run = Run {
        store: config.id.clone(),
        recipe: kind.to_owned(),
        title,
        at: now,
        payload,
        end: End::Through(took, Some(question.order.to_owned())),
    };
    Ok(Sight {
        order_cents: answer.order.paid.map(|(cents, _)| cents),
        shown,
        run: Some(run),
        ..Sight::without(question, at, looked, Some(reply)).with_parcel(parcel.cloned())
    })
}

/// The parcel the customer names, else the newest.
fn asked_about<'a>(parcels: &'a [Parcel], texts: &[String]) -> Option<&'a Parcel> {
    let named = |parcel: &&Parcel| texts.iter().any(|text| text.contains(&parcel.number));
    parcels.iter().find(named).or(parcels.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_moments_are_read_as_they_are_written() {
        for (text, cents) in [("259.00", Some(25_900)), ("259.5", Some(25_950)), ("1299", Some(129_900)), ("x", None)] {
            assert_eq!(hundredths(text), cents, "{text}");
        }
        assert_eq!(moment("2026-11-20T15:30:00Z"), Some(1_795_188_600_000));
        assert_eq!(moment("2026-11-20T15:30:00"), moment("2026-11-20T23:30:00+08:00"));
        assert_eq!(moment("yesterday"), None);
    }
}
