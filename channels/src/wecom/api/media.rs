//! Files in and out (wecom 90253 upload, 90254 get).

use super::{Api, ApiError, Body};
use crate::wecom::json;
use sha2::{Digest, Sha256};

/// Smallest file the platform takes is larger than this, in bytes.
const UPLOAD_FLOOR: usize = 5;
/// Longest file name kept, in bytes.
const NAME_BYTES: usize = 200;

/// The four kinds of temporary media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// JPG or PNG, at most 10 MB.
    Image,
    /// AMR, at most 2 MB and 60 s.
    Voice,
    /// MP4, at most 10 MB.
    Video,
    /// Anything, at most 20 MB.
    File,
}

impl MediaKind {
    /// Largest upload, in bytes.
    pub fn limit_bytes(self) -> usize {
        match self {
            MediaKind::Voice => 2 << 20,
            MediaKind::Image | MediaKind::Video => 10 << 20,
            MediaKind::File => 20 << 20,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Voice => "voice",
            MediaKind::Video => "video",
            MediaKind::File => "file",
        }
    }
}

/// A downloaded file. The content type is what the platform says; sniff before trusting it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its name, without any path.
    pub filename: Option<String>,
    /// Its declared type, empty if none was declared.
    pub content_type: String,
}

impl Media {
    pub(crate) fn new(bytes: Vec<u8>, disposition: Option<&str>, content_type: String) -> Media {
        Media { bytes, filename: disposition.and_then(filename_in), content_type }
    }
}

impl Api {
    /// Uploads a temporary file and returns its media id, valid three days and usable any number of times.
    pub(crate) async fn upload(&self, kind: MediaKind, filename: &str, bytes: &[u8]) -> Result<String, ApiError> {
        if bytes.len() <= UPLOAD_FLOOR {
            return Err(ApiError::refused(40006, format!("not sent: {} bytes, must be more than 5", bytes.len())));
        }
        if bytes.len() > kind.limit_bytes() {
            let limit = kind.limit_bytes();
            return Err(ApiError::refused(45001, format!("not sent: {} bytes, at most {limit}", bytes.len())));
        }
        let (content_type, form) = multipart(filename, bytes);
        let body = Body::Form { content_type: &content_type, bytes: &form };
        let answer = self.post_to("media/upload", &[("type", kind.name())], body).await?;
        json::text(&answer, "media_id").ok_or_else(|| ApiError::unknown("upload gave no media_id"))
    }

    /// Downloads a temporary file of at most `cap_bytes`. A refusal that comes as JSON instead of the file is an error.
    pub(crate) async fn download(&self, media_id: &str, cap_bytes: usize) -> Result<Media, ApiError> {
        self.file("media/get", &[("media_id", media_id)], cap_bytes).await
    }
}

/// JSON or plain text, or nothing declared: where an error would hide.
pub(super) fn is_text(content_type: &str) -> bool {
    let kind = content_type.trim().to_ascii_lowercase();
    kind.is_empty() || kind.starts_with("application/json") || kind.starts_with("text/")
}

/// A form of one part named `media`. The name goes raw in UTF-8: the platform does not understand `filename*=`.
fn multipart(filename: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    // The hash of a file does not occur in that file.
    let boundary = format!("aijia{}", &hex::encode(Sha256::digest(bytes))[..32]);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{}\"; filelength={}\r\n\
         Content-Type: application/octet-stream\r\n\r\n",
        safe_name(filename).unwrap_or_else(|| "file".to_owned()),
        bytes.len()
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let form = [head.as_bytes(), bytes, tail.as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), form)
}

/// The name in a `Content-Disposition`, cleaned. The one that says its encoding (RFC 6266) goes first; the plain one is
/// written raw or with `%` (wecom 100719 leaves it open).
fn filename_in(disposition: &str) -> Option<String> {
    let encoded = parameter(disposition, "filename*=").and_then(|value| value.rsplit_once('\'')).map(|(_, name)| name);
    let name = encoded.or_else(|| parameter(disposition, "filename="))?;
    safe_name(&percent_decoded(name))
}

/// What follows `name` in a header's value, without its quotes.
fn parameter<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let at = header.to_ascii_lowercase().find(name)?;
    let value = header.get(at + name.len()..)?.trim_start();
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split(';').next().map(str::trim),
    }
}

/// The text whose bytes are written `%E5`; unchanged where that gives no text.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.first_chunk::<2>().filter(|_| first == b'%').and_then(|pair| hex::decode(pair).ok());
        bytes.push(pair.as_ref().and_then(|byte| byte.first().copied()).unwrap_or(first));
        rest = after.get(if pair.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// A file name without path, quotes or control characters; `None` if nothing is left.
fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let mut clean: String = last.chars().filter(|c| !c.is_control() && *c != '"').collect();
    clean.truncate(clean.floor_char_boundary(NAME_BYTES));
    let clean = clean.trim();
    (!clean.is_empty() && clean != "." && clean != "..").then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_cleaned() {
        let name = |d: &str| filename_in(d);
        assert_eq!(name(r#"attachment; filename="x.jpg""#), Some("x.jpg".into()));
        assert_eq!(name("attachment; FileName=发票.pdf; size=3"), Some("发票.pdf".into()));
        assert_eq!(name(r#"attachment; filename="../../etc/passwd""#), Some("passwd".into()));
        assert_eq!(name(r#"attachment; filename="..""#), None);
        assert_eq!(name("attachment"), None);
        let both = "attachment; filename=\"_.csv\"; filename*=UTF-8''%E5%94%AE%E5%90%8E%20v2.csv";
        assert_eq!(name(both), Some("售后 v2.csv".into()), "the one that says its encoding");
        assert_eq!(name("attachment; filename=\"%E5%94%AE.csv\""), Some("售.csv".into()));
        assert_eq!(name("attachment; filename=\"100%.csv\""), Some("100%.csv".into()));
        assert_eq!(name("attachment; filename=%FF%FE.csv"), Some("%FF%FE.csv".into()), "no text");
        assert_eq!(name("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"), Some("passwd".into()));
        assert_eq!(safe_name("a\r\nb\"c.txt"), Some("abc.txt".into()));
        assert!(safe_name(&"长".repeat(200)).unwrap().len() <= NAME_BYTES);
    }

    #[test]
    fn the_form_is_one_part_named_media() {
        let (kind, form) = multipart("截图.png", b"123456");
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = String::from_utf8(form).unwrap();
        assert_eq!(
            text,
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"截图.png\"; filelength=6\r\n\
                 Content-Type: application/octet-stream\r\n\r\n123456\r\n--{boundary}--\r\n"
            )
        );
    }

    #[test]
    fn text_types_are_where_errors_hide() {
        assert!(is_text("") && is_text("application/json; charset=UTF-8") && is_text("Text/Plain"));
        assert!(!is_text("image/jpeg") && !is_text("application/octet-stream"));
    }
}
