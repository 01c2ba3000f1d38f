//! Temporary media (wecom 90253, 90254): three days, exact limits, errors as JSON at HTTP 200.

use std::collections::BTreeMap;

use serde_json::json;

use crate::api::{Answer, Answered, Request, Upload};
use crate::clock::{DAY_MS, SECOND_MS};
use crate::errcode::Errcode;
use crate::world::World;

const LIFE_MS: i64 = 3 * DAY_MS;
/// Files of this many bytes or fewer are refused.
const SMALLEST: usize = 5;
const MIB: usize = 1024 * 1024;
/// Above this a download needs a `Range`.
const LARGEST_GET: usize = 20 * MIB;

/// What kind of medium an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// JPG or PNG.
    Image,
    /// AMR.
    Voice,
    /// MP4.
    Video,
    /// Anything.
    File,
}

impl MediaKind {
    /// The wire name: `image`, `voice`, `video`, `file`.
    pub fn name(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Voice => "voice",
            MediaKind::Video => "video",
            MediaKind::File => "file",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<MediaKind> {
        [MediaKind::Image, MediaKind::Voice, MediaKind::Video, MediaKind::File]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    fn largest_upload(self) -> usize {
        match self {
            MediaKind::Image | MediaKind::Video => 10 * MIB,
            MediaKind::Voice => 2 * MIB,
            MediaKind::File => 20 * MIB,
        }
    }

    /// The largest medium that a customer can send; above it a hint in words arrives (wecom 94670).
    pub(crate) fn largest_received(self) -> usize {
        match self {
            MediaKind::Image | MediaKind::Voice => 2 * MIB,
            MediaKind::Video => 10 * MIB,
            MediaKind::File => 20 * MIB,
        }
    }

    fn has_form(self, bytes: &[u8]) -> bool {
        match self {
            MediaKind::Image => bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff"),
            MediaKind::Voice => bytes.starts_with(b"#!AMR"),
            MediaKind::Video => bytes.get(4..8) == Some(b"ftyp".as_slice()),
            MediaKind::File => true,
        }
    }
}

/// A stored medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// Its kind.
    pub kind: MediaKind,
    /// The name that people see.
    pub filename: String,
    /// The content.
    pub bytes: Vec<u8>,
    pub(crate) created_ms: i64,
}

/// All media by id. Expired ones stay, so that the phones can still show them.
#[derive(Default)]
pub(crate) struct MediaStore {
    media: BTreeMap<String, Medium>,
}

impl MediaStore {
    pub(crate) fn get(&self, id: &str) -> Option<&Medium> {
        self.media.get(id)
    }

    fn alive(&self, id: &str, now: i64) -> Result<&Medium, Errcode> {
        let medium = self.media.get(id).ok_or(Errcode::MEDIA_ID)?;
        if medium.created_ms + LIFE_MS > now { Ok(medium) } else { Err(Errcode::MEDIA_ID) }
    }
}

/// Keeps a medium and gives its id.
pub(crate) fn store(world: &mut World, kind: MediaKind, filename: &str, bytes: Vec<u8>) -> String {
    let id = world.id("3_media_");
    let medium = Medium { kind, filename: filename.to_owned(), bytes, created_ms: world.now() };
    world.media.media.insert(id.clone(), medium);
    id
}

/// Checks that `id` is a living medium of that kind: 40007 unknown or older than 3 days, 40004 another kind.
pub(crate) fn check(world: &World, id: &str, kind: MediaKind) -> Result<(), Errcode> {
    let medium = world.media.alive(id, world.now())?;
    if medium.kind == kind { Ok(()) } else { Err(Errcode::MEDIA_TYPE) }
}

/// `media/upload`.
pub(crate) fn upload(world: &mut World, request: &Request) -> Answered {
    let kind = request.query("type").and_then(MediaKind::from_name).ok_or(Errcode::MEDIA_TYPE)?;
    let Upload { filename, bytes } = request.upload.as_ref().ok_or(Errcode::MEDIA_MISSING)?;
    let filename = filename.as_deref().filter(|name| !name.is_empty()).ok_or(Errcode::MEDIA_MISSING)?;
    match bytes.len() {
        0 => return Err(Errcode::MEDIA_EMPTY),
        length if length <= SMALLEST => return Err(Errcode::FILE_SIZE),
        length if length > kind.largest_upload() => return Err(Errcode::MEDIA_BIG),
        _ => {}
    }
    if !kind.has_form(bytes) {
        return Err(Errcode::FILE_TYPE);
    }
    let id = store(world, kind, filename, bytes.clone());
    let created_at = (world.now() / SECOND_MS).to_string();
    Ok(Answer::Json(json!({"type": kind.name(), "media_id": id, "created_at": created_at})))
}

/// `media/get`, whole or a `Range`.
pub(crate) fn get(world: &World, request: &Request) -> Answered {
    let id = request.query("media_id").ok_or(Errcode::MEDIA_ID_MISSING)?;
    let medium = world.media.alive(id, world.now())?;
    let filename = medium.filename.clone();
    match request.range.as_deref() {
        None if medium.bytes.len() > LARGEST_GET => Err(Errcode::FILE_RANGE),
        None => Ok(Answer::File { filename, bytes: medium.bytes.clone(), partial: None }),
        Some(range) => {
            let (first, last) = span(range, medium.bytes.len()).ok_or(Errcode::PARAMETER)?;
            let partial = Some(format!("bytes {first}-{last}/{}", medium.bytes.len()));
            Ok(Answer::File { filename, bytes: medium.bytes[first..=last].to_vec(), partial })
        }
    }
}

/// The first and last byte of `bytes=a-b` or `bytes=a-`.
fn span(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first: usize = first.parse().ok()?;
    let last =
        if last.is_empty() { length.checked_sub(1)? } else { last.parse::<usize>().ok()?.min(length.checked_sub(1)?) };
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(span("bytes=0-3", 10), Some((0, 3)));
        assert_eq!(span("bytes=4-", 10), Some((4, 9)));
        assert_eq!(span("bytes=4-99", 10), Some((4, 9)));
        for wrong in ["bytes=10-", "bytes=5-4", "0-3", "bytes=x-3", "bytes=-3"] {
            assert_eq!(span(wrong, 10), None, "{wrong}");
        }
        assert_eq!(span("bytes=0-", 0), None);
    }

    #[test]
    fn forms_are_sniffed() {
        assert!(MediaKind::Image.has_form(b"\xff\xd8\xff\xe0"));
        assert!(!MediaKind::Image.has_form(b"GIF89a") && !MediaKind::Voice.has_form(b"RIFF"));
        assert!(MediaKind::Video.has_form(b"\0\0\0\x18ftypmp42"));
    }
}
