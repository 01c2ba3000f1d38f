//! What the customer showed and said is read before a reply is drafted, where a model is set up for it. What nobody reads,
//! and what cannot be read, waits for a person as before.

use std::time::Instant;

use serde_json::json;

use super::{Wanted, budget};
use crate::app::App;
use crate::drafting::{Sense, Usage};
use crate::evidence::{Actor, Entry, Kind};
use crate::metrics::Asked;
use crate::store::conversations::{self, Message};
use crate::store::record;

/// Attachments that are read for one draft.
const MOST: usize = 3;

/// Reads what has not been read yet. Readings are kept with their messages, and on record.
///
/// # Errors
/// When the database fails.
pub(super) async fn read(app: &App, wanted: &mut Wanted) -> anyhow::Result<()> {
    let unread: Vec<usize> = (0..wanted.messages.len()).filter(|at| is_unread(app, wanted.messages.get(*at))).collect();
    for at in unread.into_iter().take(MOST) {
        let Some(message) = wanted.messages.get(at).cloned() else { continue };
        let reading = one(app, wanted, &message).await?;
        if let Some(message) = wanted.messages.get_mut(at) {
            message.reading = reading;
        }
    }
    Ok(())
}

fn is_unread(app: &App, message: Option<&Message>) -> bool {
    message.is_some_and(|message| {
        message.reading.is_none() && message.media_sha256.is_some() && sense(app, &message.kind).is_some()
    })
}

/// What reads attachments of a kind.
fn sense<'a>(app: &'a App, kind: &str) -> Option<&'a Sense> {
    match kind {
        "image" => app.eyes.as_ref(),
        "voice" => app.ears.as_ref(),
        _ => None,
    }
}

/// What one attachment shows or says; nothing where a budget is spent, or the model does not say.
async fn one(app: &App, wanted: &Wanted, message: &Message) -> anyhow::Result<Option<String>> {
    let (Some(sense), Some(sha256)) = (sense(app, &message.kind), &message.media_sha256) else { return Ok(None) };
    // Taken back in this moment, or lost with its folder: nobody has to wait for a draft because of that.
    let Ok(bytes) = app.blobs.get(sha256).await else { return Ok(None) };
    let Ok(aside) = budget::set_aside(app, &wanted.view, sense.expected()).await? else {
        app.metrics.model_asked(Asked::OverBudget, Usage::default());
        return Ok(None);
    };
    let began = Instant::now();
    let (read, usage) = sense.read(&bytes, message.media_type.as_deref().unwrap_or_default()).await;
    budget::settle(app, &wanted.view, aside, usage, began.elapsed()).await?;
    app.metrics.model_asked(Asked::of(read.as_ref().err()), usage);
    match read {
        Ok(text) => keep(app, message, sense.model(), text).await,
        Err(error) => {
            tracing::warn!(case = wanted.view.case.number, kind = message.kind, %error, "an attachment was not read");
            Ok(None)
        }
    }
}

/// Keeps a reading, unless its message was taken back meanwhile.
async fn keep(app: &App, message: &Message, model: &str, text: String) -> anyhow::Result<Option<String>> {
    let (app, message, kept) = (app.clone(), message.clone(), text.clone());
    let payload = json!({ "seq": message.seq, "kind": message.kind, "sha256": message.media_sha256, "text": text,
        "model": model });
    let store = app.store.clone();
    let stands = store.commit(move |tx| {
        let (app, message, payload, text) = (app.clone(), message.clone(), payload.clone(), text.clone());
        Box::pin(async move {
            if !conversations::was_read(tx, &message.conversation, message.seq, &text).await? {
                return Ok(false);
            }
            let entry = Entry { kind: Kind::MediaRead, actor: Actor::System, payload };
            let chain = record::chain_of(&message.conversation);
            record::append(tx, &app, &chain, message.case_id.as_deref(), &entry).await?;
            Ok(true)
        })
    });
    Ok(stands.await?.then_some(kept))
}
