//! Pictures and files of customers and colleagues.

use std::time::Duration;

use serde_json::Value;
use teloxide_core::payloads::GetFile;
use teloxide_core::types::FileId;

use super::answer::CallError;
use super::client::{Bot, Limits};

/// Largest file a bot can fetch from the public server, in bytes (`getFile`).
pub const MAX_DOWNLOAD: usize = 20 * 1024 * 1024;
/// Longest wait for one.
const FILE_LIMIT: Duration = Duration::from_secs(60);

impl Bot {
    /// A file by the id an update gave ([`Said::attachment`](crate::Said)); ids are this bot's own. At most `cap` bytes
    /// and [`MAX_DOWNLOAD`].
    ///
    /// # Errors
    /// [`CallError`]; too large is [`Refusal::TooLarge`](super::Refusal::TooLarge).
    pub async fn download(&self, file_id: &str, cap: usize) -> Result<Vec<u8>, CallError> {
        let cap = cap.min(MAX_DOWNLOAD);
        let file = self.call(&GetFile::new(FileId(file_id.to_owned())), Limits::USUAL).await?;
        if file.get("file_size").and_then(Value::as_u64).is_some_and(|size| size > cap as u64) {
            return Err(CallError::too_large(cap));
        }
        let path = file.get("file_path").and_then(Value::as_str);
        let path = path.ok_or_else(|| CallError::unknown("getFile gave no path"))?;
        self.file(path, Limits { time: FILE_LIMIT, bytes: cap, until: None }).await
    }
}
