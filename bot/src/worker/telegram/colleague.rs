//! What colleagues do in their private chat with the bot.

use cards::Key;
use cards::telegram::Press;
use channels::telegram::{Heard, Me, Pressed, Said, Update, Words};

use crate::app::{App, Telegram};
use crate::desk::Desk;
use crate::store::{Tx, cards as postings, cases};
use crate::surface::{Address, Surface};
use crate::worker::Job;
use crate::worker::inbox::{self, Deed, store_deed};

/// Stores what a colleague did; false where it is nobody's deed who is configured, and a customer's therefore.
///
/// # Errors
/// When the database fails.
pub(super) async fn store(
    tx: &mut Tx,
    app: &App,
    own: &Telegram,
    desk: &Desk,
    update: &Update,
) -> anyhow::Result<bool> {
    // In a private chat nobody has to name the bot.
    let me = Me { id: own.bot.id(), username: String::new() };
    match update.heard(&me) {
        Some(Heard::Pressed(press)) => {
            pressed(tx, app, own, press).await?;
            Ok(true)
        }
        Some(Heard::Said(said)) if said.place.chat == said.user => said_privately(tx, app, desk, said).await,
        _ => unreadable(tx, app, desk, update).await,
    }
}

/// A button that was pressed stops spinning, whoever pressed it; only one of ours, in the chat it was shown in, is a deed.
async fn pressed(tx: &mut Tx, app: &App, own: &Telegram, press: Pressed) -> anyhow::Result<()> {
    Job::AnswerPress { press: press.id.clone() }.enqueue(tx, app, app.clock.now()).await?;
    let Ok(sealed) = own.buttons.open(press.place.chat, &press.data) else {
        tracing::warn!("a press on Telegram carried no button of ours");
        return Ok(());
    };
    let Some((act, chosen)) = Press::from_number(sealed.action).map(Press::said) else { return Ok(()) };
    let shown = postings::load(tx, &sealed.card).await?;
    let event_key = match &shown {
        Some(posting) => cases::load(tx, &posting.case_id).await?.map(|case| Key {
            case: case.number,
            version: posting.version,
            code: posting.code.clone(),
            act,
        }),
        None => None,
    };
    let deed = Deed::Pressed(inbox::Pressed {
        task_id: sealed.card,
        event_key: event_key.map(|key| key.encode()).unwrap_or_default(),
        selected: chosen.map(|(question, option)| (question.to_owned(), vec![option.to_owned()])).into_iter().collect(),
        code: Some(press.message.to_string()),
    });
    store_deed(tx, app, &format!("telegram:press:{}", press.id), &at(press.user), deed).await
}

async fn said_privately(tx: &mut Tx, app: &App, desk: &Desk, said: Said) -> anyhow::Result<bool> {
    let from = at(said.user);
    if desk.person_at(&from).is_none() {
        return Ok(false);
    }
    let text = match said.words {
        Words::Command { name, rest } => format!("/{name} {rest}").trim_end().to_owned(),
        Words::Reply { text, .. } | Words::Text(text) => text,
    };
    let key = format!("telegram:said:{}:{}", said.place.chat, said.message);
    store_deed(tx, app, &key, &from, Deed::Said(text)).await?;
    Ok(true)
}

/// A colleague's picture or file is no customer's.
async fn unreadable(tx: &mut Tx, app: &App, desk: &Desk, update: &Update) -> anyhow::Result<bool> {
    let Some(arrival) = update.arrival() else { return Ok(false) };
    let from = arrival.customer.as_deref().map(|id| Address::new(Surface::Telegram, id));
    let Some(from) = from.filter(|from| desk.person_at(from).is_some()) else { return Ok(false) };
    store_deed(tx, app, &format!("telegram:other:{}", arrival.id), &from, Deed::Unreadable).await?;
    Ok(true)
}

fn at(user: i64) -> Address {
    Address::new(Surface::Telegram, user.to_string())
}
