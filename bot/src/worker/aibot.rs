//! Listening to the AI bot. One instance holds its connection, by a lease; what members say and press there is stored
//! before anything else happens. The platform sends nothing twice, so what cannot be stored is said to whoever pressed.

use std::time::Duration;

use cards::Key;
use channels::wecom::aibot::{Attachment, Callback, Chat, Event, Events, Incoming, Piece, Quote, What};
use tokio::sync::watch;
use tokio::time::Instant;

use super::apply;
use super::inbox::{Deed, Pressed, store_deed};
use crate::aibot::Aibot;
use crate::app::App;
use crate::case::Say;
use crate::clock::{MINUTE, Timestamp};
use crate::effects;
use crate::store::{self, accounts};
use crate::surface::{Address, Attached, SentFile, Surface};

/// How long one look listens.
const WAIT: Duration = Duration::from_secs(1);
/// How long nobody connects again after another program took the bot over, or the platform refused it.
const AFTER_THE_END: Timestamp = 10 * MINUTE;
/// How long after a tap its card says that the tap is being worked on: within the five seconds it can be changed in.
const STILL_WORKING: Duration = Duration::from_millis(3_500);
/// How long a deed is tried to be stored, and how often: its tap can still be answered then.
const KEPT_WITHIN: Duration = Duration::from_secs(4);
const BETWEEN_TRIES: Duration = Duration::from_millis(300);

/// Listens until told to stop.
pub(super) async fn listen_until(app: App, mut stop: watch::Receiver<bool>) {
    if app.aibot.is_none() {
        return;
    }
    while !*stop.borrow() {
        let listened = async {
            if let Err(problem) = super::caught(listen(&app, WAIT)).await {
                tracing::error!(problem = %format!("{problem:#}"), "the AI bot could not be listened to");
                tokio::time::sleep(WAIT).await;
            }
        };
        tokio::select! {
            () = listened => {}
            _ = stop.changed() => {}
        }
    }
    if let Some(link) = app.aibot.as_ref().and_then(Aibot::link) {
        link.shutdown().await;
    }
}

/// Holds the connection where it is this instance's to hold, and takes in what is heard within `wait`; says whether
/// anything was.
///
/// # Errors
/// When the database fails, or the settings cannot be used.
pub async fn listen(app: &App, wait: Duration) -> anyhow::Result<bool> {
    let Some(aibot) = &app.aibot else { return Ok(false) };
    let Ok(mut heard) = aibot.heard.try_lock() else { return Ok(false) };
    let ours = match is_ours(app, aibot).await {
        // Whoever pressed is told that it was not kept, also while the database is gone.
        Err(problem) if heard.is_some() => {
            tracing::error!(problem = %format!("{problem:#}"), "the AI bot's lease could not be looked at");
            true
        }
        looked => looked?,
    };
    if !ours {
        if let Some(link) = aibot.link() {
            link.shutdown().await;
        }
        *heard = None;
        aibot.not_ours();
        tokio::time::sleep(wait).await;
        return Ok(false);
    }
    if heard.is_none() && aibot.may_connect(app.clock.now()) {
        *heard = Some(aibot.connect(app.ids.random64()?)?);
    }
    let Some(events) = heard.as_mut() else {
        tokio::time::sleep(wait).await;
        return Ok(false);
    };
    let (any, over) = take_in(app, aibot, events, wait).await?;
    if over {
        *heard = None;
    }
    Ok(any)
}

/// Whether this instance holds the connection, from now on or still.
async fn is_ours(app: &App, aibot: &Aibot) -> anyhow::Result<bool> {
    let (name, me, now) = (format!("aibot:{}", aibot.id()), app.instance.id().to_owned(), app.clock.now());
    let claimed = app
        .store
        .commit(move |tx| Box::pin(async move { Ok(accounts::claim_apart(tx, &name, &me, now).await?.is_some()) }));
    let ours = claimed.await?;
    if ours {
        aibot.is_ours(now);
    }
    Ok(ours)
}

/// Takes in what is heard within `wait`; whether anything was, and whether the connection is over.
async fn take_in(app: &App, aibot: &Aibot, events: &mut Events, wait: Duration) -> anyhow::Result<(bool, bool)> {
    let (mut any, mut wait) = (false, wait);
    while let Ok(event) = tokio::time::timeout(wait, events.next()).await {
        // What came together is taken in together.
        wait = Duration::ZERO;
        match event {
            Some(event) => {
                any = true;
                happened(app, aibot, event).await?;
            }
            None => {
                aibot.over(app.clock.now(), app.clock.now() + AFTER_THE_END);
                return Ok((any, true));
            }
        }
    }
    Ok((any, false))
}

async fn happened(app: &App, aibot: &Aibot, event: Event) -> anyhow::Result<()> {
    match event {
        Event::Subscribed { gap } => {
            tracing::info!(gap_ms = gap.map(|gap| gap.as_millis()), "the AI bot is connected");
            aibot.up();
            Ok(())
        }
        Event::Lost => {
            aibot.away(app.clock.now());
            Ok(())
        }
        Event::Callback(callback) => {
            heard(app, aibot, *callback).await;
            Ok(())
        }
        Event::Evicted => ended(app, Say::new("told.aibot_evicted")).await,
        Event::Refused { code } => ended(app, Say::new("told.aibot_refused").with("code", code)).await,
    }
}

/// The connection is over for now, and somebody has to see to it.
async fn ended(app: &App, say: Say) -> anyhow::Result<()> {
    tracing::error!(key = %say.key, "the AI bot's connection has ended");
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let desk = app.desk(tx).await?;
                apply::alarm(tx, &app, &desk, &say).await
            })
        })
        .await
}

/// Stores what a member did; a tap's card is told what becomes of it in time.
async fn heard(app: &App, aibot: &Aibot, callback: Callback) {
    let began = Instant::now();
    let Callback { reply, incoming } = callback;
    let from = Address::new(Surface::WecomAibot, incoming.userid.clone());
    let token = if incoming.msgid.is_empty() {
        app.ids.next(app.clock.now()).unwrap_or_default()
    } else {
        incoming.msgid.clone()
    };
    let tap = match &incoming.what {
        What::Tap(tap) => Some((tap.task_id.clone(), Key::parse(&tap.event_key).map_or(0, |key| key.case))),
        _ => None,
    };
    let Some(deed) = deed(incoming, &token) else { return };
    if tap.is_some() {
        aibot.tapped(&token, reply);
    }
    let stored = keep(app, &token, &from, &deed).await;
    match (stored, tap) {
        (true, Some((task_id, number))) => say_when_slow(app.clone(), began, token, from, task_id, number),
        (false, Some((task_id, number))) => {
            effects::answer_tap(app, &token, &from, "settled.not_kept", &task_id, number).await
        }
        (true | false, None) => {}
    }
}

/// What a member did, as the desk reads it; nothing for what is no deed.
fn deed(incoming: Incoming, token: &str) -> Option<Deed> {
    let in_group = matches!(incoming.chat, Chat::Group(_));
    let quoted = incoming.quote.map(words_quoted).filter(|quoted| !quoted.trim().is_empty());
    let said = |text: String| match quoted {
        Some(quoted) => Deed::SaidUnder { text, quoted },
        None => Deed::Said(text),
    };
    Some(match incoming.what {
        What::Text(text) if in_group => said(without_mention(&text).to_owned()),
        What::Text(text) | What::Voice(text) => said(text),
        What::Mixed(pieces) => mixed(pieces),
        What::Tap(tap) => Deed::Pressed(Pressed {
            task_id: tap.task_id,
            event_key: tap.event_key,
            selected: tap.selected,
            code: Some(token.to_owned()),
        }),
        What::Image(picture) => pictured(String::new(), picture),
        What::File(file) => {
            // Its name and size come with its bytes.
            Deed::File(SentFile { attached: Attached::WecomAibot(file), name: None, bytes: None, in_group })
        }
        What::Video(_) => Deed::Unreadable,
        What::Entered | What::Feedback { .. } | What::Disconnected | What::Other(_) => return None,
    })
}

/// The words of a quoted message; none where it has none.
fn words_quoted(quote: Quote) -> String {
    match quote {
        Quote::Text(text) => text,
        Quote::Mixed(pieces) => words_of(&pieces),
        Quote::Attached(_) | Quote::Other(_) => String::new(),
    }
}

/// In a group every message for the bot begins with its name.
fn without_mention(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix('@') {
        Some(mention) => mention.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start()),
        None => text,
    }
}

fn words_of(pieces: &[Piece]) -> String {
    let texts = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Image(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Words and pictures in one message; its first picture is taken.
fn mixed(pieces: Vec<Piece>) -> Deed {
    let caption = words_of(&pieces);
    let picture = pieces.into_iter().find_map(|piece| match piece {
        Piece::Image(picture) => Some(picture),
        Piece::Text(_) => None,
    });
    match picture {
        Some(picture) => pictured(caption, picture),
        None => Deed::Said(caption),
    }
}

fn pictured(caption: String, picture: Attachment) -> Deed {
    Deed::Picture { caption, picture: Attached::WecomAibot(picture) }
}

/// Stores a deed, for as long as its tap may be answered; whether it is kept.
async fn keep(app: &App, key: &str, from: &Address, deed: &Deed) -> bool {
    let keeping = async {
        while let Err(problem) = store(app, key, from, deed).await {
            tracing::error!(problem = %format!("{problem:#}"), "what a member did could not be stored");
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    };
    tokio::time::timeout(KEPT_WITHIN, keeping).await.is_ok()
}

async fn store(app: &App, key: &str, from: &Address, deed: &Deed) -> anyhow::Result<()> {
    let (app, key, from, deed) = (app.clone(), format!("aibot:{key}"), from.clone(), deed.clone());
    let store = app.store.clone();
    let kept = store.commit(move |tx| Box::pin(async move { store_deed(tx, &app, &key, &from, deed).await }));
    store::ahead(kept).await
}

/// Where nothing answered a tap in time, its card says that it is being worked on; what comes of it follows in words.
fn say_when_slow(app: App, began: Instant, token: String, from: Address, task_id: String, number: i64) {
    tokio::spawn(async move {
        tokio::time::sleep_until(began + STILL_WORKING).await;
        effects::answer_tap(&app, &token, &from, "settled.in_work", &task_id, number).await;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_whether_others_are_in_the_chat() {
        let sent = |chattype: &str| {
            let body = serde_json::json!({ "msgid": "m1", "from": {"userid": "SunMei"}, "chattype": chattype,
                "chatid": "wr1", "msgtype": "file", "file": {"url": "https://example.com/f"} });
            match deed(Incoming::read(&body), "m1") {
                Some(Deed::File(file)) => Some(file.in_group),
                _ => None,
            }
        };
        assert_eq!([sent("single"), sent("group")], [Some(false), Some(true)]);
    }

    #[test]
    fn a_mention_is_no_part_of_what_was_said() {
        assert_eq!(without_mention("@客服助手 /暂停 全部"), "/暂停 全部");
        assert_eq!(without_mention("@客服助手"), "");
        assert_eq!(without_mention("/status"), "/status");
    }
}
