//! Files from outside: what came of fetching one, from wherever it was sent.

use channels::telegram::{CallError, Refusal};
use channels::wecom::aibot::FetchError;
use channels::wecom::api::{ApiError, Media};

use super::refused_for_good;
use crate::app::{App, Telegram};
use crate::surface::Attached;

/// What came of fetching a file.
pub(super) enum Fetched {
    Here {
        bytes: Vec<u8>,
        content_type: String,
        /// Its name, where whoever gives it says one.
        name: Option<String>,
    },
    /// It may work later.
    NotYet(String),
    /// It has more bytes than are taken.
    TooLarge,
    Never(String),
}

impl Fetched {
    /// What WeCom gave.
    pub(super) fn of(answer: Result<Media, ApiError>) -> Self {
        match answer {
            Ok(media) => Self::Here { bytes: media.bytes, content_type: media.content_type, name: media.filename },
            Err(error) if refused_for_good(&error) => Self::Never(error.to_string()),
            Err(error) => Self::NotYet(error.to_string()),
        }
    }

    /// A file on Telegram, of at most `cap` bytes.
    pub(super) async fn from_telegram(telegram: &Telegram, file_id: &str, cap: usize) -> Self {
        match telegram.bot.download(file_id, cap).await {
            Ok(bytes) => Self::Here { content_type: media_type(&bytes).to_owned(), bytes, name: None },
            Err(CallError::Refused { why: Refusal::TooLarge, .. }) => Self::TooLarge,
            Err(CallError::Refused { message, .. }) => Self::Never(message),
            Err(error) => Self::NotYet(error.to_string()),
        }
    }

    /// What a colleague attached, from where they sent it, of at most `cap` bytes.
    pub(super) async fn from_colleague(app: &App, attached: &Attached, cap: usize) -> Self {
        match (attached, &app.wecom, &app.aibot, &app.telegram) {
            (Attached::WecomApp(media_id), Some(wecom), ..) => Self::of(wecom.app.media(media_id, cap).await),
            (Attached::WecomAibot(file), _, Some(aibot), _) => Self::from_aibot(aibot.files.fetch(file, cap).await),
            (Attached::Telegram(file_id), .., Some(telegram)) => Self::from_telegram(telegram, file_id, cap).await,
            _ => Self::Never("where it was sent is not set up any more".to_owned()),
        }
    }

    fn from_aibot(answer: Result<Media, FetchError>) -> Self {
        match answer {
            // The server calls it a stream of bytes.
            Ok(Media { bytes, filename, .. }) => {
                Self::Here { content_type: media_type(&bytes).to_owned(), bytes, name: filename }
            }
            Err(FetchError::TooLarge(_)) => Self::TooLarge,
            Err(FetchError::Never(why)) => Self::Never(why),
            Err(FetchError::NotYet(why)) => Self::NotYet(why),
        }
    }
}

/// What a file without a type of its own is, by how it begins.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        _ => "application/octet-stream",
    }
}
