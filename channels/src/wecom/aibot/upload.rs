//! A file in parts (wecom 101463): announced with its MD5, sent in numbered parts, finished for a `media_id`.

use super::link::Link;
use super::machine::Command;
use crate::wecom::api::{ApiError, MediaKind};
use crate::wecom::json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

/// Most parts.
const MAX_PARTS: usize = 100;
/// Smallest part but the last, in bytes; a part may have 512 KiB. Small parts keep pings from waiting behind them.
const PART: usize = 64 * 1024;
/// Tries of one part: a part may be sent again, in any order.
const TRIES: u32 = 3;
/// Longest file name, in bytes; not documented.
const NAME_BYTES: usize = 200;

impl Link {
    /// Uploads a file and returns its `media_id`, which lives three days and can be used any number of times. Nobody sees
    /// an upload, so whatever its outcome, it may be done again from the start.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn upload(&self, kind: MediaKind, filename: &str, bytes: &[u8]) -> Result<String, ApiError> {
        let limit = kind.limit_bytes();
        if bytes.is_empty() || bytes.len() > limit {
            return Err(ApiError::refused(40006, format!("not sent: {} bytes, must be 1 to {limit}", bytes.len())));
        }
        let parts: Vec<&[u8]> = bytes.chunks(part_size(bytes.len())).collect();
        let body = json!({
            "type": kind.name(), "filename": filename.get(..filename.floor_char_boundary(NAME_BYTES)),
            "total_size": bytes.len(), "total_chunks": parts.len(), "md5": hex::encode(Md5::digest(bytes)),
        });
        let begun = self.step("aibot_upload_media_init", body).await?;
        let id = json::text(&begun, "upload_id").ok_or_else(|| ApiError::unknown("init gave no upload_id"))?;
        for (index, part) in parts.into_iter().enumerate() {
            self.part(&id, index, part).await?;
        }
        let done = self.step("aibot_upload_media_finish", json!({ "upload_id": id })).await?;
        json::text(&done, "media_id").ok_or_else(|| ApiError::unknown("finish gave no media_id"))
    }

    /// One part; again while nobody knows whether it arrived. Indexes begin at 0, as in the official SDK's code.
    async fn part(&self, upload_id: &str, index: usize, bytes: &[u8]) -> Result<(), ApiError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let body = json!({ "upload_id": upload_id, "chunk_index": index, "base64_data": STANDARD.encode(bytes) });
            match self.step("aibot_upload_media_chunk", body).await {
                Err(ApiError::Unknown { .. }) if tries < TRIES => {}
                other => return other.map(drop),
            }
        }
    }

    async fn step(&self, cmd: &'static str, body: Value) -> Result<Value, ApiError> {
        self.ask(Command::Upload(cmd, body)).await
    }
}

fn part_size(total: usize) -> usize {
    PART.max(total.div_ceil(MAX_PARTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_fits_into_a_hundred_parts_of_half_a_mebibyte() {
        for kind in [MediaKind::Image, MediaKind::Voice, MediaKind::Video, MediaKind::File] {
            for total in [1, PART, PART + 1, kind.limit_bytes()] {
                let size = part_size(total);
                assert!(size <= 512 * 1024 && total.div_ceil(size) <= MAX_PARTS, "{total}");
            }
        }
    }
}
