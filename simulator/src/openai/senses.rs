//! Pictures in chats, and voices to be transcribed: what a request must look like, and what is seen and heard.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::{HeaderMap, Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::request::Refused;

/// Largest body of a request with a picture or a voice, in bytes.
pub(super) const BODY_BYTES: usize = 25 << 20;
/// The names of files that are transcribed end so.
const HEARD: [&str; 9] = ["amr", "silk", "flac", "mp3", "mp4", "m4a", "ogg", "wav", "webm"];
/// The kinds of pictures that are seen.
const SEEN: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// Whether a picture's address is one that can be seen: bytes in the request itself, of a known kind.
pub(super) fn check_picture(place: &str, url: &str) -> Result<(), Refused> {
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match data {
        Some((kind, bytes)) if SEEN.contains(&kind) && STANDARD.decode(bytes).is_ok_and(|bytes| !bytes.is_empty()) => {
            Ok(())
        }
        _ => Err(Refused::invalid(place, "You uploaded an unsupported image.")),
    }
}

/// A request for a transcription that passed, as the ledger keeps it.
pub(super) async fn transcription(headers: &HeaderMap, body: Bytes) -> Result<Value, Refused> {
    let fields =
        fields(headers, body).await.ok_or_else(|| Refused::invalid("body", "Could not parse multipart form"))?;
    let text = |name: &str| fields.iter().find(|field| field.name == name);
    let model = text("model").map(|field| String::from_utf8_lossy(&field.bytes).into_owned()).unwrap_or_default();
    if model.trim().is_empty() {
        return Err(Refused::invalid("model", "you must provide a model parameter"));
    }
    if let Some(odd) = fields.iter().find(|field| !["model", "file", "response_format"].contains(&field.name.as_str()))
    {
        return Err(Refused::invalid(&odd.name, "Unrecognized request argument supplied"));
    }
    if text("response_format").is_some_and(|format| format.bytes.as_ref() != b"json") {
        return Err(Refused::invalid("response_format", "This server answers json."));
    }
    let file = text("file").filter(|file| !file.bytes.is_empty());
    let file = file.ok_or_else(|| Refused::invalid("file", "Invalid file format."))?;
    let ending = file.filename.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    if !HEARD.contains(&ending) {
        return Err(Refused::invalid("file", format!("Invalid file format. Supported formats: {HEARD:?}")));
    }
    Ok(json!({ "model": model, "filename": file.filename, "type": file.kind, "bytes": file.bytes.len() }))
}

struct Field {
    name: String,
    filename: String,
    kind: String,
    bytes: Bytes,
}

async fn fields(headers: &HeaderMap, body: Bytes) -> Option<Vec<Field>> {
    let mut request = Request::new(Body::from(body));
    request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
    DefaultBodyLimit::max(BODY_BYTES).apply(&mut request);
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.ok()? {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let (name, filename, kind) = (text(part.name()), text(part.file_name()), text(part.content_type()));
        fields.push(Field { name, filename, kind, bytes: part.bytes().await.ok()? });
    }
    Some(fields)
}
