//! What was said in the conversation, and what the record tells about the case.

use serde::Serialize;

use super::media;
use super::page::{moment, say};
use crate::store::conversations::{Author, Message};
use crate::view::View;

/// One message of the conversation.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    side: Author,
    who: String,
    at: String,
    text: String,
    recalled: bool,
    media: Option<Media>,
}

/// An attachment.
#[derive(Debug, Serialize)]
pub(super) struct Media {
    label: String,
    sha256: Option<String>,
    /// It is being fetched from the platform.
    coming: bool,
    picture: bool,
}

/// The customer's messages nobody answered; the newest one when all are answered.
pub(super) fn asked(view: &View) -> Vec<Said> {
    let theirs: Vec<&Message> = view.messages.iter().filter(|m| m.author() == Author::Customer).collect();
    let open: Vec<&Message> = theirs.iter().copied().filter(|m| !m.answered).collect();
    let shown = if open.is_empty() { theirs.last().copied().into_iter().collect() } else { open };
    shown.into_iter().map(|m| said(view, m)).collect()
}

/// The newest messages of the conversation, oldest first.
pub(super) fn history(view: &View) -> Vec<Said> {
    view.messages.iter().map(|m| said(view, m)).collect()
}

fn said(view: &View, message: &Message) -> Said {
    let who = match message.author() {
        Author::Customer => "from_customer",
        Author::Shop => "from_shop",
        Author::Servicer => "from_servicer",
    };
    let text = match (message.recalled, message.failed) {
        (true, _) => String::new(),
        (false, true) => view.words().text("story.not_delivered", &[("line", &cards::reveal(&message.body))]),
        (false, false) => match view.reading(message) {
            Some(reading) => cards::reveal(&format!("{}\n{reading}", message.body)).trim().to_owned(),
            None => cards::reveal(&message.body).into_owned(),
        },
    };
    Said {
        side: message.author(),
        who: say(view.words(), who, &[]),
        at: moment(view, message.at),
        text,
        recalled: message.recalled,
        media: (message.kind != "text" && !message.recalled).then(|| attachment(view, message)),
    }
}

fn attachment(view: &View, message: &Message) -> Media {
    let named = ["page.kind_", &message.kind].concat();
    let words = view.words();
    Media {
        label: words.text(if words.has(&named) { &named } else { "page.kind_other" }, &[]),
        sha256: message.media_sha256.clone(),
        coming: message.media_id.is_some() && message.media_sha256.is_none(),
        picture: message.media_type.as_deref().is_some_and(|t| media::shown_type(t).is_some()),
    }
}
