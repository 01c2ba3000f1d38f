//! What colleagues do on Telegram: in their private chat with the bot, and in groups where a channel's cards are reviewed.

use cards::telegram::Press;
use cards::{CareAct, CareKey, Key, PlanAct, PlanKey};
use channels::What;
use channels::telegram::{Document, Heard, Me, Pressed, Said, Sealed, Update, Words};
use serde_json::json;

use crate::app::{App, Telegram};
use crate::case::Refusal;
use crate::desk::Desk;
use crate::evidence::{Actor, Entry, Kind};
use crate::knowledge_desk;
use crate::store::knowledge::care::{self, About};
use crate::store::{Tx, actions, cards as postings, record};
use crate::surface::{Address, Attached, SentFile, Surface};
use crate::view;
use crate::worker::Job;
use crate::worker::inbox::{self, Deed, store_deed};

/// Whether somebody is configured as a colleague.
pub(super) fn is_one(desk: &Desk, user: i64) -> bool {
    desk.person_at(&at(user)).is_some()
}

/// Stores what a colleague did in private.
///
/// # Errors
/// When the database fails.
pub(super) async fn store(tx: &mut Tx, app: &App, own: &Telegram, user: i64, update: &Update) -> anyhow::Result<()> {
    match update.heard(&me(own)) {
        Some(Heard::Pressed(press)) => pressed(tx, app, own, press).await,
        Some(Heard::Said(said)) => {
            let key = format!("telegram:said:{}:{}", said.place.chat, said.message);
            store_deed(tx, app, &key, &at(user), Deed::Said(words_of(said))).await
        }
        Some(Heard::Sent(document)) => file_sent(tx, app, document, false).await,
        // Pictures; leaving, blocking and coming back is no deed.
        None => match update.arrival() {
            Some(arrival) => {
                let key = format!("telegram:other:{}", arrival.id);
                store_deed(tx, app, &key, &at(user), without_words(arrival.what)).await
            }
            None => Ok(()),
        },
    }
}

/// A picture, with or without a caption; whatever else is not read.
fn without_words(what: What) -> Deed {
    match what {
        What::Said(channels::Said { kind, text: caption, attachment: Some(file) }) if kind == "image" => {
            Deed::Picture { caption, picture: Attached::Telegram(file) }
        }
        _ => Deed::Unreadable,
    }
}

/// Stores what happened in a group where cards are reviewed; false where it is nobody's here. Only presses, commands,
/// answers to the bot and files sent with either are heard, and only of people who are configured: what else is said there
/// is theirs.
///
/// # Errors
/// When the database fails.
pub(super) async fn store_of_group(
    tx: &mut Tx,
    app: &App,
    own: &Telegram,
    desk: &Desk,
    update: &Update,
) -> anyhow::Result<bool> {
    let heard = update.heard(&me(own));
    let chat = match &heard {
        Some(Heard::Pressed(press)) => press.place.chat,
        Some(Heard::Said(said)) => said.place.chat,
        Some(Heard::Sent(document)) => document.place.chat,
        None => return Ok(false),
    };
    if !desk.channels.iter().any(|channel| channel.telegram_group.is_some_and(|group| group.chat == chat)) {
        return Ok(false);
    }
    match heard {
        Some(Heard::Pressed(press)) if is_one(desk, press.user) => pressed(tx, app, own, press).await?,
        Some(Heard::Pressed(press)) => turned_away(tx, app, press).await?,
        Some(Heard::Said(said)) if is_one(desk, said.user) && !matches!(said.words, Words::Text(_)) => {
            let key = format!("telegram:said:{}:{}", said.place.chat, said.message);
            store_deed(tx, app, &key, &at(said.user), Deed::Said(words_of(said))).await?;
        }
        Some(Heard::Sent(document)) if is_one(desk, document.user) => file_sent(tx, app, document, true).await?,
        Some(Heard::Said(_) | Heard::Sent(_)) | None => return Ok(false),
    }
    Ok(true)
}

/// A file is told as a deed of its own, never as a caption's words.
async fn file_sent(tx: &mut Tx, app: &App, document: Document, in_group: bool) -> anyhow::Result<()> {
    let Document { place, user, message, file_id, name, bytes } = document;
    let file = SentFile { attached: Attached::Telegram(file_id), name, bytes, in_group };
    store_deed(tx, app, &format!("telegram:said:{}:{message}", place.chat), &at(user), Deed::File(file)).await
}

/// In private nobody has to name the bot; in groups commands do, once its name is known.
fn me(own: &Telegram) -> Me {
    Me { id: own.bot.id(), username: own.username.get().cloned().unwrap_or_default() }
}

/// A button that was pressed stops spinning; only one of ours, in the chat it was shown in, is a deed.
async fn pressed(tx: &mut Tx, app: &App, own: &Telegram, press: Pressed) -> anyhow::Result<()> {
    let answer = Job::AnswerPress { press: press.id.clone(), alert: None };
    answer.enqueue(tx, app, app.clock.now()).await?;
    let Ok(sealed) = own.buttons.open(press.place.chat, &press.data) else {
        tracing::warn!("a press on Telegram carried no button of ours");
        return Ok(());
    };
    let Some(deed) = deed(tx, app, sealed, press.message).await? else { return Ok(()) };
    store_deed(tx, app, &format!("telegram:press:{}", press.id), &at(press.user), deed).await
}

/// What a button of ours says. Its case is that of the card it was shown on.
async fn deed(tx: &mut Tx, app: &App, sealed: Sealed, message: i32) -> anyhow::Result<Option<Deed>> {
    let press = Press::from_number(sealed.action);
    if let Some(Press::Care(act)) = press {
        return care_deed(tx, app, sealed.card, act, message).await.map(Some);
    }
    if let Some(Press::Plan(act)) = press {
        return plan_deed(tx, sealed.card, act, message).await.map(Some);
    }
    let Some((act, chosen)) = press.and_then(Press::said) else { return Ok(None) };
    let mut event_key = String::new();
    if let Some(posting) = postings::load(tx, &sealed.card).await?
        && let Some((case, _)) = view::on_card(tx, &posting.case_id).await?
    {
        event_key = Key { case: case.number, version: posting.version, code: posting.code, act }.encode();
    }
    let selected = chosen.map(|(question, option)| (question.to_owned(), vec![option.to_owned()]));
    Ok(Some(Deed::Pressed(inbox::Pressed {
        task_id: sealed.card,
        event_key,
        selected: selected.into_iter().collect(),
        code: Some(message.to_string()),
    })))
}

/// A press on a card about the knowledge.
async fn care_deed(tx: &mut Tx, app: &App, task_id: String, act: CareAct, message: i32) -> anyhow::Result<Deed> {
    let mut event_key = String::new();
    if let Some(posting) = care::card(tx, &task_id).await? {
        if matches!(posting.about, About::Opening | About::Drill) {
            event_key = CareKey { number: 0, version: 0, code: posting.code, act }.encode();
        } else if let Some(need) = care::load(tx, &posting.care).await? {
            let number = knowledge_desk::care::number(tx, app, &need).await?;
            event_key = CareKey { number, version: need.version, code: posting.code, act }.encode();
        }
    }
    let code = Some(message.to_string());
    Ok(Deed::Pressed(inbox::Pressed { task_id, event_key, selected: Vec::new(), code }))
}

/// A press on a card about something to be done in a back office.
async fn plan_deed(tx: &mut Tx, task_id: String, act: PlanAct, message: i32) -> anyhow::Result<Deed> {
    let mut event_key = String::new();
    if let Some(posting) = care::card(tx, &task_id).await?
        && let Some(action) = actions::load(tx, &posting.care).await?
    {
        event_key = PlanKey { number: action.number, code: posting.code, act }.encode();
    }
    let code = Some(message.to_string());
    Ok(Deed::Pressed(inbox::Pressed { task_id, event_key, selected: Vec::new(), code }))
}

/// Somebody in the group whom nobody configured: told so at the button, on record, and nothing else.
async fn turned_away(tx: &mut Tx, app: &App, press: Pressed) -> anyhow::Result<()> {
    let payload = json!({ "refusal": Refusal::UnknownPerson, "member": at(press.user), "what": "press" });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(at(press.user).to_string()), payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    let alert = Some(Refusal::UnknownPerson.say(0));
    Job::AnswerPress { press: press.id, alert }.enqueue(tx, app, app.clock.now()).await
}

fn words_of(said: Said) -> String {
    match said.words {
        Words::Command { name, rest } => format!("/{name} {rest}").trim_end().to_owned(),
        Words::Reply { text, .. } | Words::Text(text) => text,
    }
}

fn at(user: i64) -> Address {
    Address::new(Surface::Telegram, user.to_string())
}
