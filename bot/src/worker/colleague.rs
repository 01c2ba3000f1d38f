//! What a colleague writes to the desk's Telegram bot in private. It is no customer's message. Until cards and commands
//! come this way too, they are told what this bot is and where to go on.

use channels::telegram::{Heard, Me, Update};

use super::{Job, apply};
use crate::app::App;
use crate::case::Say;
use crate::store::queue::{Door, Row};

/// Answers one update of a colleague; a press or a change of theirs asks for no answer.
pub(super) async fn did(app: &App, row: Row, person: i64, update: Update) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                // In private everything is for this bot, whatever its name.
                let me = Me { id: update.bot, username: String::new() };
                let desk = app.desk(tx).await?;
                if let (Some(Heard::Said(said)), Some(known)) =
                    (update.heard(&me), desk.desk.person_by_telegram(person))
                {
                    let say = Say::new("told.telegram_colleague").with_person("name", &known.id);
                    Job::SayOnTelegram { chat: said.place.chat, say }.enqueue(tx, &app, now).await?;
                }
                apply::finish(tx, Door::Inbox, &row, now).await
            })
        })
        .await
}
