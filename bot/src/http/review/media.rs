//! Attachments of the case's own conversation, and pictures of what was looked up for it: pictures to look at, anything
//! else to download.

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::look_up;
use super::trouble::{self, Trouble};
use super::visitor::Asking;
use crate::app::App;
use crate::store::conversations::Message;
use crate::store::record;
use crate::view::View;

/// Media types a browser may show; everything else is downloaded.
const SHOWN: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Gives an attachment to whoever may see the case.
pub(super) async fn give(
    State(app): State<App>,
    Path((number, sha256)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asking = Asking::read(&app, &number, query.as_deref(), &headers);
    match find(&app, asking, sha256).await {
        Ok((bytes, media_type)) => file(bytes, &media_type),
        Err(trouble) => {
            if let Trouble::Broken(problem) = trouble {
                tracing::warn!(problem = %format!("{problem:#}"), "an attachment could not be given");
            }
            StatusCode::NOT_FOUND.into_response()
        }
    }
}

async fn find(app: &App, asking: Asking, sha256: String) -> Result<(Vec<u8>, String), Trouble> {
    let reader = app.clone();
    let wanted = sha256.clone();
    let media_type = trouble::in_read(app, move |tx| {
        Box::pin(async move {
            let visitor = asking.visitor(tx, &reader).await?;
            let view = asking.view(tx, &reader, &visitor).await?;
            if let Some(found) = attachment(&view, &wanted) {
                return Ok(found.media_type.clone().unwrap_or_default());
            }
            let told = record::of_case(tx, &view.case.id).await?;
            let seen = told.iter().any(|told| look_up::has_picture(told, &wanted));
            if seen { Ok("image/png".to_owned()) } else { Err(Trouble::NoSuchCase) }
        })
    })
    .await?;
    Ok((app.blobs.get(&sha256).await?, media_type))
}

/// The message with this attachment, in this conversation only.
fn attachment<'a>(view: &'a View, sha256: &str) -> Option<&'a Message> {
    view.messages.iter().find(|m| !m.recalled && m.media_sha256.as_deref() == Some(sha256))
}

fn file(bytes: Vec<u8>, media_type: &str) -> Response {
    let shown = shown_type(media_type);
    let header = HeaderValue::from_static;
    let headers = [
        (CONTENT_TYPE, header(shown.unwrap_or("application/octet-stream"))),
        (CONTENT_DISPOSITION, header(if shown.is_some() { "inline" } else { "attachment" })),
        // Should a browser take a file for a page after all, it is an empty one.
        (CONTENT_SECURITY_POLICY, header("default-src 'none'; sandbox")),
        (CACHE_CONTROL, header("no-store")),
    ];
    (headers, bytes).into_response()
}

/// The type to show an attachment as, if it may be shown.
pub(super) fn shown_type(media_type: &str) -> Option<&'static str> {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    let plain = if plain.eq_ignore_ascii_case("image/jpg") { "image/jpeg" } else { plain };
    SHOWN.into_iter().find(|known| known.eq_ignore_ascii_case(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_shown() {
        assert_eq!(shown_type("image/PNG"), Some("image/png"));
        assert_eq!(shown_type("image/jpg; charset=x"), Some("image/jpeg"));
        for other in ["image/svg+xml", "text/html", "application/pdf", "", "audio/amr", "image/png, text/html"] {
            assert_eq!(shown_type(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_shown_is_downloaded_and_never_guessed() {
        let response = file(b"<script>".to_vec(), "text/html");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/octet-stream");
        assert_eq!(response.headers()[CONTENT_DISPOSITION], "attachment");
        assert!(response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    }
}
