//! What comes in, polled or delivered: one value for both, to be stored before anything else happens.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;
use teloxide_core::payloads::{
    DeleteWebhook, DeleteWebhookSetters as _, GetUpdates, GetUpdatesSetters as _, SetWebhook, SetWebhookSetters as _,
};
use teloxide_core::types::{self, AllowedUpdate};
use url::Url;

use super::answer::CallError;
use super::client::{Bot, CALL_LIMIT, Limits};

/// Largest body of one webhook request, in bytes; the largest update has about 64 KiB.
pub const MAX_UPDATE: usize = 1024 * 1024;
/// Largest answer of `getUpdates`: a hundred of them.
const PAGE_CAP: usize = 16 * 1024 * 1024;
/// Longest wait of one poll, in seconds; the public server cuts longer ones.
const LONGEST_POLL: u32 = 50;
/// Longest secret of a webhook.
const SECRET_MAX: usize = 256;
/// What we want to be told; anything else never leaves Telegram.
const WANTED: [AllowedUpdate; 4] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember];

/// One update as it arrived. Stored as JSON: names and shapes are part of the stored format.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The bot it is for.
    pub bot: i64,
    /// `update_id`: rises, but begins anew at any number after a week of silence. Known again by (bot, id) it must be
    /// for a day, as long as Telegram keeps what was not confirmed.
    pub id: i64,
    /// The whole of it.
    json: String,
}

impl std::fmt::Debug for Update {
    /// Without what people wrote.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update").field("bot", &self.bot).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Update {
    fn of(bot: i64, update: &Value) -> Option<Self> {
        let id = update.get("update_id")?.as_i64()?;
        Some(Self { bot, id, json: update.to_string() })
    }

    pub(super) fn typed(&self) -> Option<types::Update> {
        serde_json::from_str(&self.json).ok()
    }

    pub(super) fn raw(&self) -> Option<Value> {
        serde_json::from_str(&self.json).ok()
    }
}

/// Where an update comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The private chat with a person, by their user id.
    Private {
        /// Who.
        person: i64,
    },
    /// A group or a channel.
    Group,
    /// No chat that is known here.
    Elsewhere,
}

/// Where in an update its chat is.
const CHATS: [&str; 4] =
    ["/message/chat", "/edited_message/chat", "/callback_query/message/chat", "/my_chat_member/chat"];

impl Update {
    /// Where it comes from, read from the JSON: whatever else in it is newer than teloxide.
    pub fn origin(&self) -> Origin {
        let update = self.raw().unwrap_or_default();
        let chats: Vec<&Value> = CHATS.iter().filter_map(|place| update.pointer(place)).collect();
        // Telegram puts one thing into an update; in two, nobody knows whose the other one is.
        let [chat] = chats[..] else { return Origin::Elsewhere };
        match (chat.get("type").and_then(Value::as_str), chat.get("id").and_then(Value::as_i64)) {
            (Some("private"), Some(person)) => Origin::Private { person },
            (Some(_), Some(_)) => Origin::Group,
            _ => Origin::Elsewhere,
        }
    }
}

/// What a webhook's requests prove themselves by: 1 to 256 of `[A-Za-z0-9_-]`.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// Reads one; nothing where Telegram would not take it.
    pub fn new(secret: &SecretString) -> Option<Self> {
        let text = secret.expose_secret();
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (plain && (1..=SECRET_MAX).contains(&text.len())).then(|| Self(secret.clone()))
    }
}

/// Why a webhook request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWebhook {
    /// `X-Telegram-Bot-Api-Secret-Token` is missing or wrong (401).
    #[error("the secret is missing or wrong")]
    Secret,
    /// The body is longer than [`MAX_UPDATE`] (413).
    #[error("the body has more than {MAX_UPDATE} bytes")]
    TooLarge,
    /// The body is no update (400).
    #[error("the body is no update")]
    NoUpdate,
}

/// One request to the webhook of `bot`: verified, then read. `header` is `X-Telegram-Bot-Api-Secret-Token`, the whole
/// proof there is: nothing of the body is signed. Compared in a time that does not tell where the two differ.
///
/// # Errors
/// [`BadWebhook`], see there.
pub fn open_webhook(bot: i64, secret: &Secret, header: Option<&[u8]>, body: &[u8]) -> Result<Update, BadWebhook> {
    let own = secret.0.expose_secret().as_bytes();
    if !bool::from(own.ct_eq(header.unwrap_or_default())) {
        return Err(BadWebhook::Secret);
    }
    if body.len() > MAX_UPDATE {
        return Err(BadWebhook::TooLarge);
    }
    let update: Value = serde_json::from_slice(body).map_err(|_| BadWebhook::NoUpdate)?;
    Update::of(bot, &update).ok_or(BadWebhook::NoUpdate)
}

/// Where Telegram delivers to.
#[derive(Clone, Debug)]
pub struct Webhook<'a> {
    /// `https`, on port 443, 80, 88 or 8443.
    pub url: Url,
    /// What its requests carry.
    pub secret: &'a Secret,
    /// Requests at the same time, 1 to 100.
    pub connections: u8,
}

impl Bot {
    /// One poll: up to `limit` (1 to 100) updates from `offset` on, waiting up to `wait_secs` (at most 50) for the first.
    /// An `offset` confirms everything before it, for good: give the last one's id + 1, and only after they are stored.
    /// Without one, everything that is not confirmed.
    ///
    /// # Errors
    /// [`CallError`]; [`Refusal::Setup`](super::Refusal::Setup) with 409 means that a webhook is set, or that another
    /// program polls this bot.
    pub async fn poll(&self, offset: Option<i64>, limit: u8, wait_secs: u32) -> Result<Vec<Update>, CallError> {
        let wait = wait_secs.min(LONGEST_POLL);
        let mut get = GetUpdates::new().limit(limit.clamp(1, 100)).timeout(wait).allowed_updates(WANTED);
        get.offset = offset.map(i32::try_from).transpose().map_err(|_| CallError::not_sent("no such offset"))?;
        let time = CALL_LIMIT + Duration::from_secs(u64::from(wait));
        let page = self.call(&get, Limits { time, bytes: PAGE_CAP, until: None }).await?;
        let updates = page.as_array().ok_or_else(|| CallError::unknown("getUpdates gave no list"))?;
        Ok(updates.iter().filter_map(|update| Update::of(self.id(), update)).collect())
    }

    /// Has updates delivered from now on; polling ends with 409.
    ///
    /// # Errors
    /// [`CallError`]. Setting it again is harmless.
    pub async fn set_webhook(&self, webhook: Webhook<'_>) -> Result<(), CallError> {
        let set = SetWebhook::new(webhook.url)
            .secret_token(webhook.secret.0.expose_secret())
            .max_connections(webhook.connections.clamp(1, 100))
            .allowed_updates(WANTED);
        self.call(&set, Limits::USUAL).await.map(drop)
    }

    /// Ends the delivery; what waits is kept for polling.
    ///
    /// # Errors
    /// [`CallError`]. Deleting it again is harmless.
    pub async fn delete_webhook(&self) -> Result<(), CallError> {
        self.call(&DeleteWebhook::new().drop_pending_updates(false), Limits::USUAL).await.map(drop)
    }
}

#[cfg(test)]
#[path = "updates_tests.rs"]
mod tests;
