//! The customer's pictures, shown to a colleague before the card that is about them.

use super::surface::Way;
use crate::app::App;
use crate::store::{cards, conversations};

/// Pictures a colleague gets at once; the review page has all of them.
const MOST: usize = 3;

/// The pictures a posting is about that its person has not been shown with an earlier card of the case.
pub(super) async fn unseen(app: &App, posting: &cards::Posting) -> anyhow::Result<Vec<String>> {
    let posting = posting.clone();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                if cards::shown_before(tx, &posting).await? {
                    return Ok(Vec::new());
                }
                let Some(case) = crate::store::cases::load(tx, &posting.case_id).await? else { return Ok(Vec::new()) };
                let asked = conversations::unanswered(tx, &case.conversation).await?;
                let pictures = asked.into_iter().filter(|m| m.kind == "image").filter_map(|m| m.media_sha256);
                Ok(pictures.take(MOST).collect())
            })
        })
        .await
}

/// Shows a picture. One that cannot be shown is on the review page all the same.
pub(super) async fn show(app: &App, way: &Way<'_>, sha256: &str) {
    let bytes = match app.blobs.get(sha256).await {
        Ok(bytes) => bytes,
        Err(problem) => return tracing::warn!(problem = %format!("{problem:#}"), "a picture cannot be read"),
    };
    if let Err(missed) = way.picture(&bytes).await {
        tracing::warn!(?missed, "a picture could not be shown");
    }
}
