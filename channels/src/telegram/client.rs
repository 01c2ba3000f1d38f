//! One bot's calls. The token is part of every address, so no address ever reaches a log or an error from here.

use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Form;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use teloxide_core::payloads::GetMe;
use teloxide_core::requests::Payload;
use url::Url;

use super::answer::{self, CallError};
use crate::http::{self, Unread};

/// The public server.
pub const OFFICIAL: &str = "https://api.telegram.org";
/// Longest wait for the whole of a call.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(15);
/// Largest answer read, but for updates.
pub(super) const ANSWER_CAP: usize = 1024 * 1024;

/// What a bot needs to speak.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base address, [`OFFICIAL`] or a server of one's own.
    pub base: String,
    /// `<bot id>:<secret>`, as BotFather gives it.
    pub token: SecretString,
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The base address is no plain `http(s)://host[:port]/path`.
    #[error("the Telegram API base must be http(s)://host/path without user, query or fragment")]
    Base,
    /// The token is none. The message never quotes it.
    #[error("the Telegram token must be digits, a colon, and letters, digits, _ or -")]
    Token,
    /// The HTTP client could not be built: no TLS provider installed, or no root certificates on this host.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}

/// Who a bot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Its id, the first part of its token.
    pub id: i64,
    /// Its name, without `@`: commands in groups are addressed by it.
    pub username: String,
}

/// One bot's client. Share it in an [`Arc`](std::sync::Arc).
pub struct Bot {
    http: reqwest::Client,
    base: Url,
    token: SecretString,
    id: i64,
}

impl std::fmt::Debug for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bot").field("base", &self.base.as_str()).field("id", &self.id).finish_non_exhaustive()
    }
}

/// How long a call may take, and how much of an answer is read.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) time: Duration,
    pub(super) bytes: usize,
    /// No request begins after it.
    pub(super) until: Option<Instant>,
}

impl Limits {
    /// Of a call that may begin at any time.
    pub(super) const USUAL: Self = Self { time: CALL_LIMIT, bytes: ANSWER_CAP, until: None };

    /// Of a call that is not begun after `until`.
    pub(super) fn until(until: Instant) -> Self {
        Self { until: Some(until), ..Self::USUAL }
    }
}

impl Bot {
    /// Builds the client; opens no connection. A rustls provider must be installed in the process before.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let base = http::base(&settings.base).ok_or(SettingsError::Base)?;
        let id = bot_id(settings.token.expose_secret()).ok_or(SettingsError::Token)?;
        let client = http::client(&base).map_err(|e| SettingsError::Client(http::chain(e)))?;
        Ok(Self { http: client, base, token: settings.token, id })
    }

    /// The bot's id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Who the bot is: whether token and network are right.
    ///
    /// # Errors
    /// [`CallError`]; a wrong token is [`Refusal::Setup`](super::Refusal::Setup).
    pub async fn me(&self) -> Result<Me, CallError> {
        let me = self.call(&GetMe::new(), Limits::USUAL).await?;
        let id = me.get("id").and_then(Value::as_i64);
        let username = me.get("username").and_then(Value::as_str);
        match (id, username) {
            (Some(id), Some(username)) => Ok(Me { id, username: username.to_owned() }),
            _ => Err(CallError::unknown("getMe gave no id and username")),
        }
    }

    /// One call; its `result`.
    pub(super) async fn call<P: Payload + Serialize>(&self, payload: &P, limits: Limits) -> Result<Value, CallError> {
        let body = serde_json::to_vec(payload).map_err(|e| CallError::not_sent(e.to_string()))?;
        let request = self.http.post(self.url("bot", P::NAME)?).header(CONTENT_TYPE, "application/json").body(body);
        self.exchange(request, limits).await
    }

    /// One call with a file.
    pub(super) async fn upload(&self, method: &str, form: Form, limits: Limits) -> Result<Value, CallError> {
        let request = self.http.post(self.url("bot", method)?).multipart(form);
        self.exchange(request, limits).await
    }

    async fn exchange(&self, request: reqwest::RequestBuilder, limits: Limits) -> Result<Value, CallError> {
        let result = match self.begun(request, limits).await {
            Ok(response) => answer::read(response, limits.bytes).await,
            Err(error) => Err(error),
        };
        result.map_err(|error| error.scrubbed(&self.token))
    }

    async fn begun(&self, request: reqwest::RequestBuilder, limits: Limits) -> Result<reqwest::Response, CallError> {
        // Asked as late as can be: a process that slept until now must not begin what others have given up.
        if limits.until.is_some_and(|until| Instant::now() > until) {
            return Err(CallError::not_sent("it is too late to begin"));
        }
        request.timeout(limits.time).send().await.map_err(CallError::from_request)
    }

    /// A file's bytes, at most `cap` of them. `path` is what `getFile` said.
    pub(super) async fn file(&self, path: &str, limits: Limits) -> Result<Vec<u8>, CallError> {
        let request = self.http.get(self.url("file/bot", path)?);
        let result = match self.begun(request, limits).await {
            Ok(response) if response.status().is_success() => {
                http::read_capped(response, limits.bytes).await.map_err(|unread| match unread {
                    Unread::TooLarge(cap) => CallError::too_large(cap),
                    Unread::Broken(why) => CallError::unknown(why),
                })
            }
            Ok(response) => Err(CallError::unknown(format!("HTTP status {}", response.status().as_u16()))),
            Err(error) => Err(error),
        };
        result.map_err(|error| error.scrubbed(&self.token))
    }

    /// `{base}/{door}{token}/{path}`.
    fn url(&self, door: &str, path: &str) -> Result<Url, CallError> {
        let mut url = self.base.clone();
        let under = format!("{}/{door}{}/", self.base.path().trim_end_matches('/'), self.token.expose_secret());
        url.set_path(&format!("{under}{path}"));
        // A `..`, however it is written, would lead to another bot's files on a server of one's own.
        if url.path().starts_with(&under) { Ok(url) } else { Err(CallError::not_sent("the path leads elsewhere")) }
    }
}

/// The id in a token, where it is one. It becomes part of addresses, so nothing else may be in it.
fn bot_id(token: &str) -> Option<i64> {
    let (id, secret) = token.split_once(':')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let digits = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    (digits && !secret.is_empty() && secret.bytes().all(plain)).then(|| id.parse().ok())?
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
