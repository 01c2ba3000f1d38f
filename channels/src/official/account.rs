//! What is sent from a 公众号, and what it says of a customer.

use super::MAX_TEXT;
use super::arrival::is_id;
use crate::wecom::api::{Api, ApiError, CALL_LIMIT, Clock, Issuer, Media, MediaKind, SettingsError, Shared};
use crate::wecom::json;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// The call whose room under the platform's limits is taken before a send is claimed.
const SEND: &str = "message/custom/send";

/// What one account needs to speak.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Base address, e.g. `https://api.weixin.qq.com/cgi-bin`.
    pub base: String,
    /// App id (`wx…`).
    pub app_id: String,
    /// The account's secret.
    pub secret: SecretString,
}

/// One account's client, with the only copy of its token in this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Account {
    api: Arc<Api>,
}

/// What the platform says of a customer. Names and pictures it has not said since 2021-12-27.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// Whether they follow the account. Of who does not, nothing else is known.
    pub subscribed: bool,
    /// Since when, in Unix seconds.
    pub subscribed_at_secs: Option<i64>,
    /// The language of their WeChat, e.g. `zh_CN`, where it is said.
    pub language: Option<String>,
    /// Joins the same person across the accounts of one open-platform account.
    pub unionid: Option<String>,
}

impl Account {
    /// Builds the client; opens no connection. A rustls provider must be installed in the process before. `shared` is what
    /// several processes that speak for this account have in common.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    pub fn new(
        settings: AccountSettings,
        clock: Clock,
        shared: Option<Arc<dyn Shared>>,
    ) -> Result<Account, SettingsError> {
        let AccountSettings { base, app_id, secret } = settings;
        let api = Api::of(Issuer::Official, &base, app_id, secret, clock)?;
        let api = match shared {
            Some(shared) => api.sharing(shared),
            None => api,
        };
        Ok(Account { api: Arc::new(api) })
    }

    /// Gets a token if none is held: whether app id, secret and network are right.
    ///
    /// # Errors
    /// The platform's own refusal, e.g. 40125 or 40001 wrong secret, 40013 wrong app id, 40164 address not on the list.
    pub async fn check(&self) -> Result<(), ApiError> {
        self.api.check().await
    }

    /// Takes room for one send within the limits all processes share, before it is claimed; without room, when there may
    /// be some, in Unix milliseconds.
    ///
    /// # Errors
    /// That time.
    pub async fn admit(&self) -> Result<(), i64> {
        self.api.admit(SEND).await
    }

    /// Sends one text of 1 to [`MAX_TEXT`] bytes to a customer, unless `until` has passed. There is no idempotency key:
    /// an [`ApiError::Unknown`] may have been delivered and must not be repeated.
    ///
    /// # Errors
    /// [`ApiError`]; see [`Fate::of_official`](crate::Fate::of_official).
    pub async fn send_text(&self, openid: &str, text: &str, until: Instant) -> Result<(), ApiError> {
        match text.len() {
            0 => return Err(ApiError::refused(44004, "not sent: empty text")),
            1..=MAX_TEXT => {}
            n => return Err(ApiError::refused(45002, format!("not sent: {n} bytes, at most {MAX_TEXT}"))),
        }
        self.send(openid, "text", json!({ "content": text }), until).await
    }

    /// Sends a picture that was uploaded before. As [`Account::send_text`].
    ///
    /// # Errors
    /// [`ApiError`]; 40007 means that the id is unknown or more than three days old.
    pub async fn send_image(&self, openid: &str, media_id: &str, until: Instant) -> Result<(), ApiError> {
        self.send(openid, "image", json!({ "media_id": media_id }), until).await
    }

    async fn send(&self, openid: &str, kind: &str, content: Value, until: Instant) -> Result<(), ApiError> {
        check_openid(openid)?;
        let mut body = json!({ "touser": openid, "msgtype": kind });
        body[kind] = content;
        self.api.post_until(SEND, &body, until).await.map(drop)
    }

    /// Uploads a picture of 6 bytes to 10 MB (JPG, PNG or GIF) and returns its id, good for three days and any number of
    /// sends ("api_uploadtempmedia").
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn upload_image(&self, filename: &str, bytes: &[u8]) -> Result<String, ApiError> {
        self.api.upload(MediaKind::Image, filename, bytes).await
    }

    /// Shows or hides 对方正在输入. It lasts 15 seconds, and a message ends it ("api_typing"). A courtesy: whatever comes
    /// back, nothing depends on it.
    ///
    /// # Errors
    /// [`ApiError`]; 45080 the customer has not written within 30 seconds, 45081 it is shown already.
    pub async fn typing(&self, openid: &str, shown: bool) -> Result<(), ApiError> {
        check_openid(openid)?;
        let command = if shown { "Typing" } else { "CancelTyping" };
        let body = json!({ "touser": openid, "command": command });
        self.api.post("message/custom/typing", &body, CALL_LIMIT).await.map(drop)
    }

    /// A picture or a voice a customer sent, of at most `cap_bytes`. Media ids live three days: fetch on receipt.
    ///
    /// # Errors
    /// [`ApiError`]; 40007 means that the id is unknown or too old. A file over the cap, and a video, of which the platform
    /// gives an address only, are [`ApiError::Unknown`].
    pub async fn media(&self, media_id: &str, cap_bytes: usize) -> Result<Media, ApiError> {
        self.api.download(media_id, cap_bytes).await
    }

    /// What the platform says of a customer ("api_userinfo").
    ///
    /// # Errors
    /// [`ApiError`]; 40003 means that the openid is not one of this account.
    pub async fn follower(&self, openid: &str) -> Result<Follower, ApiError> {
        check_openid(openid)?;
        let answer = self.api.get("user/info", &[("openid", openid), ("lang", "zh_CN")]).await?;
        let subscribed = json::int(&answer, "subscribe").ok_or_else(|| ApiError::unknown("no subscribe"))? == 1;
        Ok(Follower {
            subscribed,
            subscribed_at_secs: json::int(&answer, "subscribe_time").filter(|_| subscribed),
            language: json::text(&answer, "language").filter(|_| subscribed),
            unionid: json::text(&answer, "unionid"),
        })
    }
}

fn check_openid(openid: &str) -> Result<(), ApiError> {
    if is_id(openid) { Ok(()) } else { Err(ApiError::refused(40003, "not sent: not an openid")) }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
