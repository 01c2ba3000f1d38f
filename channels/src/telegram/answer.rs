//! What an answer of the Bot API says, shaped by what may be done next.

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::fate::Fate;
use crate::http::{chain, read_capped, shorten};

/// A call that did not succeed. No variant ever holds the token or a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Telegram did nothing and says so. What it would refuse without doubt is refused here in the same way, unsent.
    #[error("Telegram refused with {code}: {message}")]
    Refused {
        /// `error_code`.
        code: i64,
        /// What it means.
        why: Refusal,
        /// `description`, shortened; for people only.
        message: String,
    },
    /// Telegram did nothing and may do the same later (429).
    #[error("Telegram wants to be left alone")]
    PutOff {
        /// How long, in milliseconds, where it says so: for this chat at least.
        wait_ms: Option<i64>,
    },
    /// It never left this host, or a gateway turned it away: nothing was done.
    #[error("not sent: {why}")]
    NotSent {
        /// For people only.
        why: String,
    },
    /// It left and nothing readable came back: it may or may not have been done. There is no id to ask by.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// For people only.
        why: String,
    },
}

/// What a refusal means. The Bot API tells refusals apart by English words only; whatever is not known here is
/// [`Refusal::Content`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The token is wrong, or somebody else reads this bot's updates: nothing works until an operator mends it.
    Setup,
    /// The person blocked the bot, never wrote to it or is gone; the bot is no longer in the group.
    Gone,
    /// The group has another id by now.
    Moved {
        /// Which.
        to: i64,
    },
    /// The message to change is not there any more, or may no longer be changed.
    MessageGone,
    /// The topic is not there any more, or closed.
    TopicGone,
    /// The message says that already.
    NotModified,
    /// The press was too long ago to be answered.
    TooLate,
    /// The file has more bytes than a bot may fetch, or than we take.
    TooLarge,
    /// These contents can never pass.
    Content,
}

/// By lower-case words of the description.
const KNOWN: [(&str, Refusal); 17] = [
    ("file is too big", Refusal::TooLarge),
    ("message is not modified", Refusal::NotModified),
    ("query is too old", Refusal::TooLate),
    ("query id is invalid", Refusal::TooLate),
    ("message to edit not found", Refusal::MessageGone),
    ("message can't be edited", Refusal::MessageGone),
    ("message_id_invalid", Refusal::MessageGone),
    ("message thread not found", Refusal::TopicGone),
    ("topic_closed", Refusal::TopicGone),
    ("topic_deleted", Refusal::TopicGone),
    ("chat not found", Refusal::Gone),
    ("user not found", Refusal::Gone),
    ("peer_id_invalid", Refusal::Gone),
    ("input_user_deactivated", Refusal::Gone),
    ("group chat was deactivated", Refusal::Gone),
    ("chat_write_forbidden", Refusal::Gone),
    ("not enough rights to send", Refusal::Gone),
];

impl CallError {
    /// What may be believed of a message to a customer that ended so.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused { code, why: Refusal::Setup, .. } => Fate::PutOff { code: *code, wait_ms: None },
            Self::Refused { code, .. } => Fate::Refused { code: *code, spent: None },
            Self::PutOff { wait_ms } => Fate::PutOff { code: TOO_MANY, wait_ms: *wait_ms },
            Self::NotSent { .. } => Fate::NotSent,
            Self::Unknown { .. } => Fate::Unknown,
        }
    }

    /// What a refusal means; nothing for what was not refused.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { why, .. } => Some(*why),
            Self::PutOff { .. } | Self::NotSent { .. } | Self::Unknown { .. } => None,
        }
    }

    /// A refusal of our own, where Telegram's is certain.
    pub(super) fn content(message: impl Into<String>) -> Self {
        Self::Refused { code: BAD_REQUEST, why: Refusal::Content, message: message.into() }
    }

    /// A file of more than `cap` bytes.
    pub(super) fn too_large(cap: usize) -> Self {
        let message = format!("the file has more than {cap} bytes");
        Self::Refused { code: BAD_REQUEST, why: Refusal::TooLarge, message }
    }

    pub(super) fn not_sent(why: impl Into<String>) -> Self {
        Self::NotSent { why: why.into() }
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// A failure before an answer's head was read. Only an error of building or connecting proves that nothing left.
    pub(super) fn from_request(error: reqwest::Error) -> Self {
        let nothing_left = error.is_builder() || error.is_connect();
        let why = chain(error);
        if nothing_left { Self::NotSent { why } } else { Self::Unknown { why } }
    }

    /// Without the token, should it have been echoed, and short. In this order: half a token would not be found.
    pub(super) fn scrubbed(mut self, token: &SecretString) -> Self {
        let text = match &mut self {
            Self::Refused { message, .. } => message,
            Self::NotSent { why } | Self::Unknown { why } => why,
            Self::PutOff { .. } => return self,
        };
        *text = shorten(&text.replace(token.expose_secret(), "[redacted]"));
        self
    }
}

impl<T> From<&Result<T, CallError>> for Fate {
    fn from(result: &Result<T, CallError>) -> Fate {
        result.as_ref().map_or_else(CallError::fate, |_| Fate::Accepted)
    }
}

const BAD_REQUEST: i64 = 400;
const TOO_MANY: i64 = 429;

/// `{ok, result}` or `{ok, error_code, description, parameters}`.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<i64>,
    description: Option<String>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    retry_after: Option<i64>,
    migrate_to_chat_id: Option<i64>,
}

/// The `result` of an answer. Behind 5xx and 408 anything may have happened, whatever the body says; a 4xx that does not
/// come from Telegram is a gateway's, which turned the call away.
pub(super) async fn read(response: reqwest::Response, cap: usize) -> Result<Value, CallError> {
    let status = response.status();
    let code = i64::from(status.as_u16());
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Err(CallError::unknown(format!("HTTP status {code}")));
    }
    let bytes = read_capped(response, cap).await.map_err(String::from);
    let envelope = bytes.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|_| "the answer is not JSON".into()));
    match envelope {
        Ok(Envelope { ok: true, result, .. }) if status.is_success() => Ok(result),
        Ok(refusal) if !refusal.ok => Err(refused(refusal, code)),
        _ if status == StatusCode::TOO_MANY_REQUESTS => Err(CallError::PutOff { wait_ms: None }),
        _ if status.is_client_error() => Err(CallError::not_sent(format!("HTTP status {code}"))),
        Ok(_) => Err(CallError::unknown(format!("HTTP status {code}"))),
        Err(why) => Err(CallError::unknown(why)),
    }
}

fn refused(envelope: Envelope, status: i64) -> CallError {
    let Envelope { error_code, description, parameters, .. } = envelope;
    let (code, message) = (error_code.unwrap_or(status), description.unwrap_or_default());
    if code == TOO_MANY {
        let wait_ms = parameters.retry_after.filter(|secs| *secs >= 0).map(|secs| secs.saturating_mul(1_000));
        return CallError::PutOff { wait_ms };
    }
    // Said by the server behind the door, which may have begun.
    if code >= 500 {
        return CallError::unknown(format!("{code}: {message}"));
    }
    let why = match parameters.migrate_to_chat_id {
        Some(to) => Refusal::Moved { to },
        None => meaning(code, &message),
    };
    CallError::Refused { code, why, message }
}

fn meaning(code: i64, description: &str) -> Refusal {
    match code {
        401 | 404 | 409 => Refusal::Setup,
        403 => Refusal::Gone,
        _ => {
            let words = description.to_lowercase();
            KNOWN.iter().find(|(known, _)| words.contains(known)).map_or(Refusal::Content, |(_, why)| *why)
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
