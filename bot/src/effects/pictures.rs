//! Pictures shown to a colleague before the card that is about them: what the back office showed, and the customer's own.

use super::surface::Way;
use crate::app::App;
use crate::case::Case;
use crate::store::{Tx, cards, conversations};

/// Pictures a colleague gets at once; the review page has all of them.
const MOST: usize = 3;

/// The pictures a posting is about that its person has not been shown with an earlier card of the case.
pub(super) async fn unseen(app: &App, posting: &cards::Posting) -> anyhow::Result<Vec<String>> {
    let posting = posting.clone();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(case) = crate::store::cases::load(tx, &posting.case_id).await? else { return Ok(Vec::new()) };
                let mut pictures = looked_up(tx, &posting, &case).await?;
                if !cards::shown_before(tx, &posting).await? {
                    let asked = conversations::unanswered(tx, &case.conversation).await?;
                    pictures.extend(asked.into_iter().filter(|m| m.kind == "image").filter_map(|m| m.media_sha256));
                }
                pictures.truncate(MOST);
                Ok(pictures)
            })
        })
        .await
}

/// The first picture of what was looked up for the draft, unless the person was shown a card since.
async fn looked_up(tx: &mut Tx, posting: &cards::Posting, case: &Case) -> anyhow::Result<Vec<String>> {
    let Some(look_up) = case.draft().and_then(|draft| draft.look_up.as_ref()) else { return Ok(Vec::new()) };
    if cards::shown_since(tx, posting, look_up.at).await? {
        return Ok(Vec::new());
    }
    Ok(look_up.pictures().first().cloned().into_iter().collect())
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
