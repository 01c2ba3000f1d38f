//! Replies to an integrator: a signed request, the same id over all tries, no redirects, and no way into places that a web
//! request from here must not reach.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use reqwest::StatusCode;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::json;
use url::{Host, Url};

use super::sign::Key;
use crate::arrival::Thread;
use crate::fate::Fate;

/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Longest wait for an answer, from the first byte on; Standard Webhooks asks for 15 to 30 s, a lease here is shorter.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// The status of an endpoint that takes nothing any more (Standard Webhooks: "the consumer should be disabled").
pub const GONE: i64 = 410;
/// Longest pause that an endpoint can ask for.
const LONGEST_PAUSE_MS: i64 = 3_600_000;

/// Where an integrator takes replies, and how they are signed.
#[derive(Clone)]
pub struct Endpoint {
    http: reqwest::Client,
    url: Url,
    keys: Arc<[Key]>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The address is no `http(s)://host…` without user and fragment.
    #[error("the address must be https://host/path (http:// only to this machine or a private network)")]
    Url,
    /// The address leads to this machine or a private network, and that was not allowed.
    #[error("the address leads into a private network; private = true on the channel allows that")]
    Private,
    /// The address leads where no request must go, e.g. to a cloud's metadata.
    #[error("the address leads to a link-local or reserved network")]
    Forbidden,
    /// There is no key to sign with.
    #[error("there is no secret to sign with")]
    NoKey,
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}

/// Where requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Into the Internet only.
    Public,
    /// Also to this machine and into private networks.
    Private,
}

impl Reach {
    /// Whether a request may go there. What belongs to the link, such as the metadata service of a cloud, never may.
    fn allows(self, ip: IpAddr) -> bool {
        match kind_of(ip) {
            Net::Public => true,
            Net::Private => self == Self::Private,
            Net::Forbidden => false,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Net {
    Public,
    Private,
    Forbidden,
}

/// Alibaba Cloud's metadata service, in a range that belongs to carriers.
const METADATA: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(100, 100, 100, 200));

fn kind_of(ip: IpAddr) -> Net {
    let ip = ip.to_canonical();
    if ip == METADATA {
        return Net::Forbidden;
    }
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let carrier = a == 100 && (64..128).contains(&b);
            if v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast() || a == 0 || a >= 240
            {
                Net::Forbidden
            } else if v4.is_loopback() || v4.is_private() || carrier {
                Net::Private
            } else {
                Net::Public
            }
        }
        IpAddr::V6(v6) => {
            // An address of the old Internet in a translator's clothes may be anything.
            let translated = matches!(v6.segments(), [0x64, 0xff9b, ..]);
            if translated || v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local() {
                Net::Forbidden
            } else if v6.is_loopback() || v6.is_unique_local() {
                Net::Private
            } else {
                Net::Public
            }
        }
    }
}

/// Resolves names and leaves out every address that must not be reached: what is connected to is what was looked at.
struct Guard(Reach);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no address that may be reached".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A part of a reply, or a notice.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its id: the same over all tries, and the `reply_id` of what is said about it later.
    pub id: &'a str,
    /// `reply`, or which notice.
    pub kind: &'a str,
    /// The channel's account.
    pub account: &'a str,
    /// The conversation, as [`Thread::key`] names it.
    pub conversation: &'a str,
    /// The words.
    pub text: &'a str,
}

impl Endpoint {
    /// Opens no connection. A rustls provider must be installed in the process before.
    ///
    /// # Errors
    /// [`EndpointError`] names what is wrong.
    pub fn new(address: &str, keys: Vec<Key>, reach: Reach) -> Result<Self, EndpointError> {
        let url = checked(address, reach)?;
        if keys.is_empty() {
            return Err(EndpointError::NoKey);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Guard(reach)))
            .build()
            .map_err(|error| EndpointError::Client(error.without_url().to_string()))?;
        Ok(Self { http, url, keys: keys.into() })
    }

    /// Sends one try of a message, unless it is later than `until`. `now_secs` is Unix time.
    pub async fn send(&self, message: Message<'_>, now_secs: i64, until: Instant) -> Fate {
        let body = body(message, now_secs);
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Fate::NotSent;
        }
        let signatures: Vec<String> = self.keys.iter().map(|key| key.sign(message.id, now_secs, &body)).collect();
        let request = self
            .http
            .post(self.url.clone())
            .timeout(ANSWER_LIMIT)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", now_secs.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        match request.send().await {
            Ok(answer) => fate(answer.status(), answer.headers()),
            Err(error) if error.is_builder() || error.is_connect() => Fate::NotSent,
            Err(_) => Fate::Unknown,
        }
    }
}

/// The event `reply.approved`.
pub(super) fn body(message: Message<'_>, now_secs: i64) -> Vec<u8> {
    let timestamp = DateTime::from_timestamp(now_secs, 0).unwrap_or_default().to_rfc3339();
    let Message { id, kind, account, conversation, text } = message;
    let (thread, conversation) = Thread::of(conversation);
    let thread_kind = match thread {
        Thread::Direct => "dm",
        Thread::Comment => "comment",
    };
    let data = json!({
        "reply_id": id, "kind": kind, "account": account, "conversation_id": conversation,
        "thread_kind": thread_kind, "text": text,
    });
    json!({ "type": "reply.approved", "timestamp": timestamp, "data": data }).to_string().into_bytes()
}

/// What an answer says (Standard Webhooks, "Operational considerations"): 2xx is taken, 410 never comes back, everything
/// else is a try that failed. Only a refusal says that nothing was done: behind 5xx and 408 anything may have happened.
fn fate(status: StatusCode, headers: &HeaderMap) -> Fate {
    let code = i64::from(status.as_u16());
    let wait_ms = retry_after_ms(headers);
    if status.is_success() {
        return Fate::Accepted;
    }
    match status {
        StatusCode::GONE => Fate::Refused { code, spent: None },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Fate::PutOff { code, wait_ms },
        StatusCode::REQUEST_TIMEOUT => Fate::Unknown,
        other if other.is_server_error() => Fate::Unknown,
        _ => Fate::PutOff { code, wait_ms },
    }
}

/// Whole seconds only; a date says nothing without knowing the other side's clock.
fn retry_after_ms(headers: &HeaderMap) -> Option<i64> {
    let seconds: i64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds >= 0).then(|| seconds.saturating_mul(1_000).min(LONGEST_PAUSE_MS))
}

/// Whether replies could be sent to this address.
///
/// # Errors
/// [`EndpointError`] names what is wrong.
pub fn check(address: &str, reach: Reach) -> Result<(), EndpointError> {
    checked(address, reach).map(drop)
}

/// The address, once it is known to be one a request may go to. Names are looked at again whenever they are resolved.
fn checked(address: &str, reach: Reach) -> Result<Url, EndpointError> {
    let url = Url::parse(address).map_err(|_| EndpointError::Url)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        Some(Host::Domain("")) => return Err(EndpointError::Url),
        Some(Host::Domain(_)) => None,
        None => return Err(EndpointError::Url),
    };
    let secure = url.scheme() == "https" || (url.scheme() == "http" && reach == Reach::Private);
    if !plain || !secure {
        return Err(EndpointError::Url);
    }
    match ip.map(kind_of) {
        Some(Net::Forbidden) => Err(EndpointError::Forbidden),
        Some(Net::Private) if reach == Reach::Public => Err(EndpointError::Private),
        _ => Ok(url),
    }
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
