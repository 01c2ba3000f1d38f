//! Another system that speaks Standard Webhooks with the bot: it tells what customers write, and takes replies. Signatures
//! are computed here from the specification, not by the bot's own code.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::watch;

use crate::clock::Clock;

/// Seconds a timestamp may be off.
const TOLERANCE: i64 = 300;

/// What the next request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Takes the reply and answers 200.
    Taken,
    /// Takes the reply, and the answer gets lost on its way (a gateway's 502).
    TakenAndLost,
    /// Does nothing and answers this status, with `retry-after` where there are seconds.
    Refused(u16, Option<u32>),
}

/// A reply as the customers' side shows it: once, however often it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// `webhook-id`.
    pub id: String,
    /// `data.conversation_id`.
    pub conversation: String,
    /// `data.thread_kind`.
    pub thread: String,
    /// `data.kind`.
    pub kind: String,
    /// `data.text`.
    pub text: String,
}

/// A running system on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Integrator {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: Arc<watch::Sender<()>>,
}

struct Shared {
    key: Vec<u8>,
    clock: Clock,
    http: reqwest::Client,
    state: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Where the bot takes events.
    door: String,
    events: u64,
    answers: VecDeque<Answer>,
    replies: BTreeMap<String, (u64, Reply)>,
    tries: Vec<String>,
    refused: Vec<String>,
    /// Of a thousand answers, how many get lost by chance.
    loses: u64,
    luck: u64,
    /// The ids of the requests whose answer got lost.
    lost: Vec<String>,
}

impl Kept {
    /// What the next request is answered with.
    fn next_answer(&mut self) -> Answer {
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        self.luck = self.luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (self.luck >> 33) % 1_000 < self.loses { Answer::TakenAndLost } else { Answer::Taken }
    }
}

impl Integrator {
    /// Starts one that shares `secret` (`whsec_…`) with the bot.
    ///
    /// # Errors
    /// Where the secret is no secret, or no port is free.
    pub async fn start(secret: &str, clock: Clock) -> anyhow::Result<Self> {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_"))?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared { key, clock, http, state: Mutex::default() });
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/replies", post(take)).with_state(shared.clone());
        let (stop, mut stopped) = watch::channel(());
        tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(async move {
                let _ = stopped.changed().await;
            });
            let _ = serve.await;
        });
        Ok(Self { shared, address, _stop: Arc::new(stop) })
    }

    /// Where it takes replies.
    pub fn url(&self) -> String {
        format!("http://{}/replies", self.address)
    }

    /// Where the bot takes its events from now on.
    pub fn knock_at(&self, door: &str) {
        self.shared.kept().door = door.to_owned();
    }

    /// What the next replies are answered with, in order; everything after them is taken.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.kept().answers.extend(answers);
    }

    /// From now on so many of a thousand answers get lost, where [`Integrator::answers`] says nothing else.
    pub fn loses(&self, of_a_thousand: u64) {
        self.shared.kept().loses = of_a_thousand;
    }

    /// Tells that a customer wrote; gives the HTTP status.
    ///
    /// # Errors
    /// Where the bot does not answer at all.
    pub async fn customer_says(&self, conversation: &str, message: &str, text: &str) -> anyhow::Result<u16> {
        let data = json!({
            "channel_account": "miniprogram", "conversation_id": conversation, "thread_kind": "dm",
            "message_id": message, "customer": {"id": format!("u-{conversation}"), "display_name": "小满"},
            "sender_role": "customer", "text": text,
        });
        self.tell("message.created", data).await
    }

    /// Tells something; gives the HTTP status.
    ///
    /// # Errors
    /// Where the bot does not answer at all.
    pub async fn tell(&self, kind: &str, data: Value) -> anyhow::Result<u16> {
        let id = {
            let mut kept = self.shared.kept();
            kept.events += 1;
            format!("evt_{}", kept.events)
        };
        self.tell_as(&id, kind, data).await
    }

    /// Tells something under this `webhook-id`, which may have been used before.
    ///
    /// # Errors
    /// Where the bot does not answer at all.
    pub async fn tell_as(&self, id: &str, kind: &str, data: Value) -> anyhow::Result<u16> {
        let door = self.shared.kept().door.clone();
        self.tell_at(&door, id, kind, data).await
    }

    /// Tells something at a door of the bot, which may have several.
    ///
    /// # Errors
    /// Where the bot does not answer at all.
    pub async fn tell_at(&self, door: &str, id: &str, kind: &str, data: Value) -> anyhow::Result<u16> {
        let at = self.shared.clock.now_ms() / 1_000;
        let timestamp = rfc3339(at);
        let body = json!({ "type": kind, "timestamp": timestamp, "data": data }).to_string();
        let signature = format!("v1,{}", STANDARD.encode(self.shared.mac(id, &at.to_string(), body.as_bytes())?));
        let request = self.shared.http.post(door).header("content-type", "application/json").header("webhook-id", id);
        let request = request.header("webhook-timestamp", at.to_string()).header("webhook-signature", signature);
        Ok(request.body(body).send().await?.status().as_u16())
    }

    /// The replies it took, each once, in the order in which they first came.
    pub fn replies(&self) -> Vec<Reply> {
        let mut replies: Vec<_> = self.shared.kept().replies.values().cloned().collect();
        replies.sort_by_key(|(order, _)| *order);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    /// The replies it took after the first `so_many`, in no order.
    pub fn replies_after(&self, so_many: usize) -> Vec<Reply> {
        let kept = self.shared.kept();
        let newer = kept.replies.values().filter(|(order, _)| *order >= so_many as u64);
        newer.map(|(_, reply)| reply.clone()).collect()
    }

    /// How many replies it took, each counted once.
    pub fn carried(&self) -> usize {
        self.shared.kept().replies.len()
    }

    /// The `webhook-id` of every request whose answer got lost, in order.
    pub fn lost(&self) -> Vec<String> {
        self.shared.kept().lost.clone()
    }

    /// The `webhook-id` of every request that verified, in order.
    pub fn tries(&self) -> Vec<String> {
        self.shared.kept().tries.clone()
    }

    /// Why requests were refused that no real system would take. Must stay empty.
    pub fn refused(&self) -> Vec<String> {
        self.shared.kept().refused.clone()
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key)?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// What a request says, once everything about it is right; else what is wrong.
    fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Reply, String> {
        let header = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).ok_or_else(|| format!("no {name}"))
        };
        let (id, timestamp, given) =
            (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        let at: i64 = timestamp.parse().map_err(|_| format!("the timestamp is {timestamp:?}"))?;
        if (self.clock.now_ms() / 1_000 - at).abs() > TOLERANCE {
            return Err(format!("the timestamp {at} is not of now"));
        }
        let own = self.mac(&id, &timestamp, body).map_err(|e| e.to_string())?;
        let own = format!("v1,{}", STANDARD.encode(own));
        if !given.split(' ').any(|entry| entry == own) {
            return Err("no signature verifies".to_owned());
        }
        let event: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        let text =
            |name: &str| event["data"][name].as_str().map(str::to_owned).ok_or_else(|| format!("no data.{name}"));
        if event["type"] != "reply.approved" || text("reply_id")? != id {
            return Err(format!("not a reply under its own id: {event}"));
        }
        let (conversation, thread) = (text("conversation_id")?, text("thread_kind")?);
        Ok(Reply { id, conversation, thread, kind: text("kind")?, text: text("text")? })
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let reply = match shared.read(&headers, &body) {
        Ok(reply) => reply,
        Err(wrong) => {
            shared.kept().refused.push(wrong);
            return StatusCode::BAD_REQUEST.into_response();
        }
    };
    let mut kept = shared.kept();
    kept.tries.push(reply.id.clone());
    let answer = kept.next_answer();
    if let Answer::Refused(status, wait) = answer {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return match wait {
            Some(seconds) => (status, [("retry-after", seconds.to_string())]).into_response(),
            None => status.into_response(),
        };
    }
    let order = kept.replies.len() as u64;
    let id = reply.id.clone();
    kept.replies.entry(id.clone()).or_insert((order, reply));
    match answer {
        Answer::TakenAndLost => {
            kept.lost.push(id);
            StatusCode::BAD_GATEWAY.into_response()
        }
        Answer::Taken | Answer::Refused(..) => StatusCode::OK.into_response(),
    }
}

/// Unix seconds as RFC 3339 writes them (Howard Hinnant's `civil_from_days`).
fn rfc3339(at_secs: i64) -> String {
    let (days, second) = (at_secs.div_euclid(86_400), at_secs.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_standard_says() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_917_600), "2026-11-29T02:00:00Z");
        assert_eq!(rfc3339(1_709_210_096), "2024-02-29T12:34:56Z");
    }
}
