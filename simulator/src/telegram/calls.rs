//! The calls of a bot, and the ledger of them.

use serde_json::Value;

use crate::faults::Fault;

/// One method of the Bot API, or the download of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `getMe`
    GetMe,
    /// `getUpdates`
    GetUpdates,
    /// `setWebhook`
    SetWebhook,
    /// `deleteWebhook`
    DeleteWebhook,
    /// `sendMessage`
    SendMessage,
    /// `sendPhoto`
    SendPhoto,
    /// `editMessageText`
    EditMessageText,
    /// `answerCallbackQuery`
    AnswerCallbackQuery,
    /// `getFile`
    GetFile,
    /// `GET /file/bot…`
    Download,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::GetMe,
        Self::GetUpdates,
        Self::SetWebhook,
        Self::DeleteWebhook,
        Self::SendMessage,
        Self::SendPhoto,
        Self::EditMessageText,
        Self::AnswerCallbackQuery,
        Self::GetFile,
        Self::Download,
    ];

    /// By its name, in any case of letters, as Telegram takes it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| *method != Self::Download && method.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::GetMe => "getMe",
            Self::GetUpdates => "getUpdates",
            Self::SetWebhook => "setWebhook",
            Self::DeleteWebhook => "deleteWebhook",
            Self::SendMessage => "sendMessage",
            Self::SendPhoto => "sendPhoto",
            Self::EditMessageText => "editMessageText",
            Self::AnswerCallbackQuery => "answerCallbackQuery",
            Self::GetFile => "getFile",
            Self::Download => "download",
        }
    }

    /// The fields it has; any other is refused.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::GetMe | Self::Download => &[],
            Self::GetUpdates => &["offset", "limit", "timeout", "allowed_updates"],
            Self::SetWebhook => {
                &["url", "secret_token", "max_connections", "allowed_updates", "drop_pending_updates", "ip_address"]
            }
            Self::DeleteWebhook => &["drop_pending_updates"],
            Self::SendMessage => &[
                "chat_id",
                "text",
                "message_thread_id",
                "entities",
                "link_preview_options",
                "reply_parameters",
                "reply_markup",
                "disable_notification",
                "protect_content",
            ],
            Self::SendPhoto => &[
                "chat_id",
                "photo",
                "caption",
                "caption_entities",
                "message_thread_id",
                "reply_parameters",
                "reply_markup",
                "disable_notification",
                "protect_content",
            ],
            Self::EditMessageText => {
                &["chat_id", "message_id", "text", "entities", "link_preview_options", "reply_markup"]
            }
            Self::AnswerCallbackQuery => &["callback_query_id", "text", "show_alert", "cache_time"],
            Self::GetFile => &["file_id"],
        }
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A bot's call.
    Method(Method),
    /// A bot's call of something that does not exist, or with a token that is none.
    Unknown,
    /// One try to deliver an update to a bot's webhook.
    Webhook,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position, from 1, without gaps.
    pub seq: u64,
    /// When, in milliseconds of the simulated clock; of a poll, when it was answered.
    pub at_ms: i64,
    /// The bot; 0 where its token is none.
    pub bot: i64,
    /// What.
    pub call: Call,
    /// Whether Telegram did it; of a delivery, whether the bot answered 2xx.
    pub accepted: bool,
    /// `error_code`, 200 where there is none; of a delivery the HTTP status, 0 where no answer came.
    pub code: i64,
    /// The fields, without files; of a delivery the update; of what does not exist its path without the token.
    pub body: Value,
    /// What Telegram answered, or would have where a fault lost it: its `result` or its `description`.
    pub answer: Value,
    /// The fault that a test put in the way.
    pub fault: Option<Fault>,
}

/// Why Telegram refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) retry_after: Option<i64>,
}

/// The `result` of a call, or why there is none.
pub(super) type Answered = Result<Value, Refused>;

impl Refused {
    pub(super) fn bad(words: impl std::fmt::Display) -> Self {
        Self { code: 400, description: format!("Bad Request: {words}"), retry_after: None }
    }

    pub(super) fn forbidden(words: &str) -> Self {
        Self { code: 403, description: format!("Forbidden: {words}"), retry_after: None }
    }

    pub(super) fn conflict(words: &str) -> Self {
        Self { code: 409, description: format!("Conflict: {words}"), retry_after: None }
    }

    pub(super) fn too_many(seconds: i64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        Self { code: 429, description, retry_after: Some(seconds) }
    }

    /// What a test wants refused by its number alone.
    pub(super) fn numbered(code: i64) -> Self {
        match code {
            401 => Self { code: 401, description: "Unauthorized".to_owned(), retry_after: None },
            403 => Self::forbidden("bot was blocked by the user"),
            404 => Self { code: 404, description: "Not Found".to_owned(), retry_after: None },
            409 => Self::conflict(
                "terminated by other getUpdates request; make sure that only one bot instance is running",
            ),
            429 => Self::too_many(3),
            500..600 => {
                let description = "Internal Server Error".to_owned();
                Self { code: u16::try_from(code).unwrap_or(500), description, retry_after: None }
            }
            _ => Self::bad("chat not found"),
        }
    }
}
