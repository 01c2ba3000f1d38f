//! Files in parts (wecom 101463).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::ledger::Cmd;
use crate::body::Fields;
use crate::clock::{DAY_MS, MINUTE_MS};
use crate::errcode::Errcode;
use crate::tokens::Window;

const MAX_PARTS: i64 = 100;
const PART_BYTES: usize = 512 * 1024;
/// How long an upload may take.
const SESSION_MS: i64 = 30 * MINUTE_MS;
/// How long a `media_id` lives.
const MEDIA_MS: i64 = 3 * DAY_MS;
/// Uploads in a minute and in an hour.
const RATE: (usize, usize) = (30, 1_000);

/// A finished upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// What it is used by.
    pub media_id: String,
    /// `image`, `voice`, `video` or `file`.
    pub kind: String,
    /// Its name.
    pub filename: String,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
}

struct Begun {
    kind: String,
    filename: String,
    total: i64,
    parts: i64,
    md5: Option<String>,
    at_ms: i64,
    received: BTreeMap<i64, Vec<u8>>,
}

/// Every upload so far.
#[derive(Default)]
pub(crate) struct Uploads {
    begun: BTreeMap<String, Begun>,
    rate: Window,
    pub(crate) finished: Vec<Uploaded>,
}

impl Uploads {
    /// One step of an upload; `id` is fresh.
    pub(crate) fn step(&mut self, cmd: Cmd, body: &Value, id: String, now: i64) -> Result<Value, Errcode> {
        match cmd {
            Cmd::UploadInit => self.begin(body, id, now),
            Cmd::UploadChunk => self.part(body, now),
            _ => self.finish(body, id, now),
        }
    }

    /// Whether a `media_id` can be sent as that kind.
    pub(crate) fn usable(&self, kind: &str, media_id: &str, now: i64) -> Result<(), Errcode> {
        let found = self.finished.iter().find(|media| media.media_id == media_id);
        let usable = found.is_some_and(|media| media.kind == kind && now - media.at_ms <= MEDIA_MS);
        if usable { Ok(()) } else { Err(Errcode::MEDIA_ID) }
    }

    fn begin(&mut self, body: &Value, id: String, now: i64) -> Result<Value, Errcode> {
        let fields = Fields::new(body, &["type", "filename", "total_size", "total_chunks", "md5"])?;
        let kind = fields.required("type", Errcode::MEDIA_TYPE)?.to_owned();
        let most = match kind.as_str() {
            "image" | "video" => 10 << 20,
            "voice" => 2 << 20,
            "file" => 20 << 20,
            _ => return Err(Errcode::MEDIA_TYPE),
        };
        let total = fields.int("total_size")?.filter(|total| *total > 0).ok_or(Errcode::FILE_SIZE)?;
        if total > most {
            return Err(Errcode::MEDIA_BIG);
        }
        let parts = fields.int_in("total_chunks", 1..=MAX_PARTS, 0)?;
        let filename = fields.required("filename", Errcode::PARAMETER)?.to_owned();
        let md5 = fields.text("md5")?.map(str::to_owned);
        if !self.rate.admit(now, RATE.0, RATE.1) {
            return Err(Errcode::FREQUENCY);
        }
        let begun = Begun { kind, filename, total, parts, md5, at_ms: now, received: BTreeMap::new() };
        self.begun.insert(id.clone(), begun);
        Ok(json!({ "upload_id": id }))
    }

    fn session(&mut self, fields: &Fields<'_>, now: i64) -> Result<&mut Begun, Errcode> {
        let id = fields.required("upload_id", Errcode::PARAMETER)?;
        self.begun.get_mut(id).filter(|begun| now - begun.at_ms <= SESSION_MS).ok_or(Errcode::PARAMETER)
    }

    fn part(&mut self, body: &Value, now: i64) -> Result<Value, Errcode> {
        let fields = Fields::new(body, &["upload_id", "chunk_index", "base64_data"])?;
        let data = STANDARD.decode(fields.required("base64_data", Errcode::MEDIA_MISSING)?);
        let data = data.map_err(|_| Errcode::PARAMETER)?;
        let begun = self.session(&fields, now)?;
        let index = fields.int("chunk_index")?.filter(|index| (0..begun.parts).contains(index));
        let index = index.ok_or(Errcode::PARAMETER)?;
        if data.len() > PART_BYTES {
            return Err(Errcode::MEDIA_BIG);
        }
        begun.received.insert(index, data);
        Ok(Value::Null)
    }

    fn finish(&mut self, body: &Value, id: String, now: i64) -> Result<Value, Errcode> {
        let fields = Fields::new(body, &["upload_id"])?;
        let begun = self.session(&fields, now)?;
        if begun.received.len() as i64 != begun.parts {
            return Err(Errcode::MEDIA_MISSING);
        }
        let bytes: Vec<u8> = begun.received.values().flatten().copied().collect();
        let whole = bytes.len() as i64 == begun.total;
        let same = begun.md5.as_ref().is_none_or(|md5| *md5 == hex::encode(Md5::digest(&bytes)));
        if !whole || !same {
            return Err(Errcode::FILE_SIZE);
        }
        if !looks_like(&begun.kind, &bytes) {
            return Err(Errcode::FILE_TYPE);
        }
        let (kind, filename) = (begun.kind.clone(), begun.filename.clone());
        let media_id = format!("media-{id}");
        let answer = json!({"type": kind, "media_id": media_id, "created_at": now / 1_000});
        self.finished.push(Uploaded { media_id, kind, filename, bytes, at_ms: now });
        self.begun.remove(fields.required("upload_id", Errcode::PARAMETER)?);
        Ok(answer)
    }
}

fn looks_like(kind: &str, bytes: &[u8]) -> bool {
    match kind {
        "image" => bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff"),
        "voice" => bytes.starts_with(b"#!AMR"),
        _ => true,
    }
}
