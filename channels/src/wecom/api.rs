//! One app's or 公众号's authenticated client: token, request, answer, and an error that says what may have happened.
//!
//! The token travels in the query string, so no URL ever reaches a log or an error from here.

mod error;
mod media;
mod share;
mod token;

pub use error::ApiError;
pub use media::{Media, MediaKind};
pub use share::{Lent, Pending, Shared, Token};

use reqwest::StatusCode;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use token::{Fresh, TokenCache};
use url::Url;

use super::json;
use crate::http;

/// The present time in Unix seconds, asked whenever it is needed.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Longest wait for the whole of a customer send, or of fetching a token.
pub(crate) const SEND_LIMIT: Duration = Duration::from_secs(4);
/// Longest wait for any other JSON call.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a file in or out: up to 20 MB.
const MEDIA_LIMIT: Duration = Duration::from_secs(30);
/// Largest JSON answer read; a full `sync_msg` page of 1000 long texts is about 4 MB.
const JSON_CAP: usize = 16 * 1024 * 1024;
/// Codes that say the token is dead: nothing was done, ask for another one (wecom 90313).
const TOKEN_REFUSALS: [i64; 3] = [40014, 42001, 40001];

/// The code that says that an API was called too often (wecom 90312).
const FREQUENCY: i64 = 45009;
/// Calls that take no room here: customer sends take theirs before they are claimed ([`Api::admit`]), messages to
/// members have limits of their own.
const UNCOUNTED: [&str; 4] = ["kf/send_msg", "kf/send_msg_on_event", "message/send", "message/custom/send"];

/// What one app needs to speak. An access token belongs to (corp, secret), so every app has its own [`Api`].
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Base address, e.g. `https://qyapi.weixin.qq.com/cgi-bin`.
    pub base: String,
    /// Corp id (`ww…`).
    pub corp_id: String,
    /// The app's secret.
    pub secret: SecretString,
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The base address is no plain `http(s)://host[:port]/path`.
    #[error("the API base must be http(s)://host/path without user, query or fragment")]
    Base,
    /// The corp id is empty.
    #[error("the WeCom corp id is empty")]
    CorpId,
    /// The app id is empty.
    #[error("the official account's app id is empty")]
    AppId,
    /// The secret is empty.
    #[error("the app secret is empty")]
    Secret,
    /// The HTTP client could not be built: no TLS provider installed, or no root certificates on this host.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}

/// Whose tokens a client speaks with, and how they are had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// A corp's app: `gettoken` (wecom 91039).
    Corp,
    /// A 公众号: `stable_token` in its normal mode. Whoever else asks for it gets the same token, where a second `token`
    /// would end the first (developers.weixin.qq.com, getStableAccessToken).
    Official,
}

/// One app's client. Share it in an [`Arc`]; it holds the only copy of the app's token in this process.
pub struct Api {
    http: reqwest::Client,
    base: Url,
    issuer: Issuer,
    /// Corp id or app id.
    id: String,
    secret: SecretString,
    clock: Clock,
    tokens: TokenCache,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base.as_str()).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a call sends.
pub(crate) enum Body<'a> {
    /// A GET.
    None,
    /// A POST of UTF-8 JSON.
    Json(&'a Value),
    /// A POST of a prepared multipart form.
    Form { content_type: &'a str, bytes: &'a [u8] },
}

/// What a call expects back.
#[derive(Clone, Copy)]
enum Expect {
    /// With `errcode` 0.
    Json,
    /// With `errcode` 0 or none: a 公众号 leaves it out where something else in the answer says that it succeeded.
    Bare,
    File {
        cap: usize,
    },
}

struct Call<'a> {
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Body<'a>,
    expect: Expect,
    limit: Duration,
    /// No request begins after it.
    until: Option<Instant>,
}

/// A readable answer that is not a refusal.
enum Answer {
    Json(Value),
    File(Media),
}

impl Api {
    /// Builds the client; opens no connection. A rustls provider must be installed in the process before.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    pub fn new(settings: ApiSettings, clock: Clock) -> Result<Api, SettingsError> {
        let ApiSettings { base, corp_id, secret } = settings;
        Api::of(Issuer::Corp, &base, corp_id, secret, clock)
    }

    /// The client of the app or account with that id.
    pub(crate) fn of(
        issuer: Issuer,
        base: &str,
        id: String,
        secret: SecretString,
        clock: Clock,
    ) -> Result<Api, SettingsError> {
        let base = http::base(base).ok_or(SettingsError::Base)?;
        if id.trim().is_empty() {
            return Err(if issuer == Issuer::Corp { SettingsError::CorpId } else { SettingsError::AppId });
        }
        if secret.expose_secret().trim().is_empty() {
            return Err(SettingsError::Secret);
        }
        let http = http::client(&base).map_err(|e| SettingsError::Client(http::chain(e)))?;
        Ok(Api { http, base, issuer, id, secret, clock, tokens: TokenCache::default() })
    }

    /// The same client as one of several processes that speak for this app.
    #[must_use]
    pub fn sharing(mut self, shared: Arc<dyn Shared>) -> Api {
        self.tokens.shared = Some(shared);
        self
    }

    /// Takes room for one call of `path` within the limits all processes share; every call but a customer send does so
    /// by itself. Without room, when there may be some, in Unix milliseconds.
    ///
    /// # Errors
    /// That time.
    pub async fn admit(&self, path: &str) -> Result<(), i64> {
        match &self.tokens.shared {
            Some(shared) => shared.admit(path).await,
            None => Ok(()),
        }
    }

    /// The corp this app belongs to.
    pub fn corp_id(&self) -> &str {
        &self.id
    }

    /// Gets a token if none is held: whether corp id, secret and network are right.
    ///
    /// # Errors
    /// The platform's own refusal of `gettoken`, e.g. 40001 wrong secret, 40013 wrong corp id, 60020 address not trusted.
    pub async fn check(&self) -> Result<(), ApiError> {
        self.tokens.get(&self.clock, || self.fetch_token()).await.map(drop)
    }

    /// A GET with the token added.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ApiError> {
        self.json(Call { path, query, body: Body::None, expect: self.data(), limit: CALL_LIMIT, until: None }).await
    }

    /// A POST of JSON with the token added, within `limit`.
    pub(crate) async fn post(&self, path: &str, body: &Value, limit: Duration) -> Result<Value, ApiError> {
        self.json(Call { path, query: &[], body: Body::Json(body), expect: Expect::Json, limit, until: None }).await
    }

    /// A POST of JSON within [`SEND_LIMIT`] that is not begun after `until`, nor repeated with a new token then.
    pub(crate) async fn post_until(&self, path: &str, body: &Value, until: Instant) -> Result<Value, ApiError> {
        let (body, until) = (Body::Json(body), Some(until));
        self.json(Call { path, query: &[], body, expect: Expect::Json, limit: SEND_LIMIT, until }).await
    }

    /// A POST with further query parameters.
    pub(crate) async fn post_to(&self, path: &str, query: &[(&str, &str)], body: Body<'_>) -> Result<Value, ApiError> {
        let limit = if matches!(body, Body::Form { .. }) { MEDIA_LIMIT } else { CALL_LIMIT };
        self.json(Call { path, query, body, expect: self.data(), limit, until: None }).await
    }

    /// What answers that bring data look like. Acts, which bring nothing else, always say `errcode`.
    fn data(&self) -> Expect {
        match self.issuer {
            Issuer::Corp => Expect::Json,
            Issuer::Official => Expect::Bare,
        }
    }

    /// A GET of a file of at most `cap` bytes.
    async fn file(&self, path: &str, query: &[(&str, &str)], cap: usize) -> Result<Media, ApiError> {
        let call =
            Call { path, query, body: Body::None, expect: Expect::File { cap }, limit: MEDIA_LIMIT, until: None };
        match self.exchange(&call).await? {
            Answer::File(media) => Ok(media),
            Answer::Json(_) => Err(ApiError::unknown("text instead of a file")),
        }
    }

    async fn json(&self, call: Call<'_>) -> Result<Value, ApiError> {
        match self.exchange(&call).await? {
            Answer::Json(value) => Ok(value),
            Answer::File(_) => Err(ApiError::unknown("a file instead of JSON")),
        }
    }

    /// One call; once more with a new token if the platform says that ours is dead. A dead token means that nothing was
    /// done, so this holds for sends too.
    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, ApiError> {
        if !UNCOUNTED.contains(&call.path) && self.admit(call.path).await.is_err() {
            return Err(ApiError::NotSent { why: format!("the platform's limit of {} is reached", call.path) });
        }
        let answer = self.with_token(call).await;
        if let (Err(ApiError::Refused { code: FREQUENCY, .. }), Some(shared)) = (&answer, &self.tokens.shared) {
            shared.exhausted(call.path).await;
        }
        answer
    }

    async fn with_token(&self, call: &Call<'_>) -> Result<Answer, ApiError> {
        let token = self.token().await?;
        match self.once(call, &token).await {
            Err(ApiError::Refused { code, .. }) if TOKEN_REFUSALS.contains(&code) => {
                self.tokens.invalidate(&token).await;
                let token = self.token().await?;
                self.once(call, &token).await
            }
            other => other,
        }
    }

    async fn token(&self) -> Result<SecretString, ApiError> {
        let got = self.tokens.get(&self.clock, || self.fetch_token()).await;
        got.map_err(|e| ApiError::NotSent { why: format!("no access token: {e}") })
    }

    async fn once(&self, call: &Call<'_>, token: &SecretString) -> Result<Answer, ApiError> {
        let mut url = self.url(call.path);
        url.query_pairs_mut().append_pair("access_token", token.expose_secret()).extend_pairs(call.query);
        let request = match call.body {
            Body::None => self.http.get(url),
            Body::Json(value) => self.http.post(url).json(value),
            Body::Form { content_type, bytes } => {
                self.http.post(url).header(CONTENT_TYPE, content_type).body(bytes.to_vec())
            }
        };
        // Asked as late as can be: a process that slept until now must not begin what others have given up.
        if call.until.is_some_and(|until| Instant::now() > until) {
            return Err(ApiError::NotSent { why: "it is too late to begin".into() });
        }
        let result = answer(request.timeout(call.limit), call.expect).await;
        result.map_err(|e| e.scrubbed(&[token, &self.secret]))
    }

    /// A new token, in the way of the issuer.
    async fn fetch_token(&self) -> Result<Fresh, ApiError> {
        let result = answer(self.token_request().timeout(SEND_LIMIT), self.data()).await;
        let Answer::Json(body) = result.map_err(|e| e.scrubbed(&[&self.secret]))? else {
            return Err(ApiError::unknown("a file instead of a token"));
        };
        let value = json::text(&body, "access_token").ok_or_else(|| ApiError::unknown("no token in the answer"))?;
        Ok(Fresh { value: value.into(), expires_in: json::int(&body, "expires_in").unwrap_or(7200) })
    }

    fn token_request(&self) -> reqwest::RequestBuilder {
        let secret = self.secret.expose_secret();
        match self.issuer {
            Issuer::Corp => {
                let mut url = self.url("gettoken");
                url.query_pairs_mut().append_pair("corpid", &self.id).append_pair("corpsecret", secret);
                self.http.get(url)
            }
            Issuer::Official => self.http.post(self.url("stable_token")).json(&serde_json::json!({
                "grant_type": "client_credential", "appid": self.id, "secret": secret, "force_refresh": false,
            })),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }
}

/// Sends and reads. Everything after the connection stood is [`ApiError::Unknown`] unless the platform
/// answered, or a gateway turned the request away with a 4xx.
async fn answer(request: reqwest::RequestBuilder, expect: Expect) -> Result<Answer, ApiError> {
    let response = request.send().await.map_err(ApiError::from_request)?;
    let status = response.status();
    // Turned away at the door; only 408 says that somebody had begun to listen.
    if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
        return Err(ApiError::NotSent { why: format!("HTTP status {}", status.as_u16()) });
    }
    if !status.is_success() {
        return Err(ApiError::unknown(format!("HTTP status {}", status.as_u16())));
    }
    let content_type = header(response.headers(), &CONTENT_TYPE).unwrap_or_default();
    let disposition = header(response.headers(), &CONTENT_DISPOSITION);
    let cap = match expect {
        Expect::File { cap } => cap,
        Expect::Json | Expect::Bare => JSON_CAP,
    };
    let bytes = http::read_capped(response, cap).await.map_err(ApiError::unknown)?;
    // Errors of a file call come as JSON with status 200 (wecom 90254); a file is named, or typed as no text.
    if matches!(expect, Expect::File { .. }) && (disposition.is_some() || !media::is_text(&content_type)) {
        return Ok(Answer::File(Media::new(bytes, disposition.as_deref(), content_type)));
    }
    readable(&bytes, matches!(expect, Expect::Bare)).map(Answer::Json)
}

/// The JSON of an answer whose `errcode` is 0, or absent where it may be.
fn readable(bytes: &[u8], bare: bool) -> Result<Value, ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| ApiError::unknown("the answer is not JSON"))?;
    if bare && value.is_object() && value.get("errcode").is_none() {
        return Ok(value);
    }
    let code = json::int(&value, "errcode").ok_or_else(|| ApiError::unknown("the answer has no errcode"))?;
    let message = json::text(&value, "errmsg").unwrap_or_default();
    if code != 0 {
        return Err(ApiError::refused(code, message));
    }
    if message.to_ascii_lowercase().contains("warning") {
        tracing::warn!("the platform accepted a request it read only in part");
    }
    Ok(value)
}

/// A header as text; file names may be raw UTF-8.
pub(super) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

#[cfg(test)]
#[path = "api/fate_tests.rs"]
mod fate_tests;
#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
