//! What every outgoing client here does alike: which addresses it takes, how it connects, how much it reads, and what it
//! says about a failure.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

/// Longest wait for a connection.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Idle connections are dropped before the platform's side forgets them, so that fewer sends end as unknown.
const IDLE_LIMIT: Duration = Duration::from_secs(20);
/// Longest message kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// A platform's base address: `http(s)://host[:port]/path` without user, query or fragment.
pub(crate) fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

/// A client for calls below `base`. A rustls provider must be installed in the process before.
pub(crate) fn client(base: &Url) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("aijia/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT)
        .pool_idle_timeout(IDLE_LIMIT)
        .redirect(reqwest::redirect::Policy::none());
    // A proxy of the environment is for the outside; a stand-in on this host is reached directly.
    if is_loopback(base) { builder.no_proxy().build() } else { builder.build() }
}

/// Whether an address leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

/// Why an answer's body could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    /// It has more than so many bytes.
    #[error("answer of more than {0} bytes")]
    TooLarge(usize),
    /// The connection broke; why, for people.
    #[error("{0}")]
    Broken(String),
}

impl From<Unread> for String {
    fn from(unread: Unread) -> Self {
        unread.to_string()
    }
}

/// An answer's body of at most `cap` bytes; no more than that is read.
///
/// # Errors
/// Why it could not be had.
pub(crate) async fn read_capped(mut response: reqwest::Response, cap: usize) -> Result<Vec<u8>, Unread> {
    if response.content_length().is_some_and(|length| length > cap as u64) {
        return Err(Unread::TooLarge(cap));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Unread::Broken(chain(error)))? {
        if bytes.len() + chunk.len() > cap {
            return Err(Unread::TooLarge(cap));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// An error and its causes in one line, without the URL.
pub(crate) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// The beginning of a message, where it is long.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
