//! Messages and cards to the people of the desk. Repeating one harms nobody; losing one delays a customer,
//! so what cannot be delivered is said aloud.

mod card;
mod care;

pub(super) use card::{ask, post_card, settle_card};
pub(super) use care::{post_care, settle_care};

use futures::future::BoxFuture;
use serde_json::json;

use super::surface::{self, Missed, Way};
use super::{MOST_ATTEMPTS, finished, later, not_before};
use crate::app::App;
use crate::case::Say;
use crate::chaos;
use crate::chat;
use crate::clock::{HOUR, Timestamp};
use crate::evidence::{Actor, Entry, Kind};
use crate::knowledge_desk::care as knowledge_care;
use crate::store::queue::{self, Door, Rank, Row};
use crate::store::{Tx, people, record};
use crate::surface::Address;
use crate::view::View;
use crate::worker::{Job, apply};

/// Messages a story takes at most; the review page has the rest.
const STORY_MESSAGES: usize = 8;

/// How words are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// To be read.
    ToTell,
    /// To be answered by the next message.
    ToAsk,
}

pub(super) async fn say(app: &App, row: Row, to: Address, say: Say, rank: Rank) -> anyhow::Result<()> {
    let text = in_words(app, say).await?;
    tell(app, row, to, text, rank, Meant::ToTell).await
}

/// Asks for the next message.
pub(super) async fn prompt(app: &App, row: Row, to: Address, say: Say) -> anyhow::Result<()> {
    let text = in_words(app, say).await?;
    tell(app, row, to, text, Rank::First, Meant::ToAsk).await
}

/// Stops the spinning of a button that was pressed on Telegram; where it does nothing, with the reason.
pub(super) async fn answer_press(app: &App, row: Row, press: String, alert: Option<Say>) -> anyhow::Result<()> {
    let alert = match alert {
        Some(say) => Some(in_words(app, say).await?),
        None => None,
    };
    if let Some(own) = &app.telegram {
        surface::telegram::answer_press(own, &press, alert.as_deref()).await;
    }
    finished(app, row).await
}

async fn in_words(app: &App, say: Say) -> anyhow::Result<String> {
    let reader = app.clone();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let desk = reader.desk(tx).await?;
                Ok(say.in_words(desk.words(), &desk.desk))
            })
        })
        .await
}

/// Shows a picture; one that cannot be shown is no loss, since what it is about is said in words.
pub(super) async fn picture(app: &App, row: Row, to: Address, picture: String) -> anyhow::Result<()> {
    let Some(way) = Way::to(app, &to) else { return finished(app, row).await };
    if let Some(when) = paced(app, &to, 1, Rank::First).await? {
        return not_before(app, row, when).await;
    }
    super::pictures::show(app, &way, &picture).await;
    finished(app, row).await
}

pub(super) async fn text(app: &App, row: Row, to: Address, text: String) -> anyhow::Result<()> {
    tell(app, row, to, text, Rank::First, Meant::ToTell).await
}

async fn tell(app: &App, row: Row, to: Address, text: String, rank: Rank, meant: Meant) -> anyhow::Result<()> {
    let told = told(app, &to, &text, rank, meant).await?;
    match told {
        Told::Yes => finished(app, row).await,
        otherwise => untold(app, row, to, otherwise).await,
    }
}

/// What came of telling somebody something.
enum Told {
    Yes,
    /// The platform would drop it before this time.
    NotBefore(Timestamp),
    Missed(Missed),
}

async fn told(app: &App, to: &Address, text: &str, rank: Rank, meant: Meant) -> anyhow::Result<Told> {
    let Some(way) = Way::to(app, to) else { return Ok(Told::Missed(no_way(to))) };
    let pieces = way.split(text);
    if let Some(when) = paced(app, to, pieces.len(), rank).await? {
        return Ok(Told::NotBefore(when));
    }
    chaos::point("text.before");
    for piece in pieces {
        let said = if meant == Meant::ToAsk { way.prompt(&piece).await } else { way.text(&piece).await };
        if let Err(missed) = said {
            return Ok(Told::Missed(missed));
        }
    }
    Ok(Told::Yes)
}

fn no_way(to: &Address) -> Missed {
    Missed::Never(format!("{} is not configured", to.surface.as_str()))
}

async fn untold(app: &App, row: Row, to: Address, told: Told) -> anyhow::Result<()> {
    match told {
        Told::Yes => finished(app, row).await,
        Told::NotBefore(when) => not_before(app, row, when).await,
        Told::Missed(Missed::NotBefore(wait)) => not_before(app, row, app.clock.now() + wait).await,
        Told::Missed(Missed::NotYet(problem)) if row.attempts < MOST_ATTEMPTS => later(app, row, problem).await,
        Told::Missed(Missed::NotYet(problem) | Missed::Never(problem)) => give_up(app, row, to, problem, false).await,
        Told::Missed(Missed::Down(problem)) => give_up(app, row, to, problem, true).await,
    }
}

/// Counts messages before they leave, all or none: what the platform would drop silently is never sent, and what
/// belongs together leaves together.
pub(super) async fn paced(app: &App, to: &Address, messages: usize, rank: Rank) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    let ids = (0..messages).map(|_| app.ids.next(now)).collect::<anyhow::Result<Vec<String>>>()?;
    let (minute, hour) = rank.most();
    let most = (to.most_a_minute().map_or(minute, |most| most.min(minute)), hour);
    let to = to.to_string();
    app.store
        .commit(move |tx| -> BoxFuture<'_, anyhow::Result<Option<Timestamp>>> {
            Box::pin(async move { Ok(queue::pace(tx, &to, &ids, most, now).await?) })
        })
        .await
}

/// What cannot be delivered here goes to where else the person is reached. Where that is nowhere, it waits while the
/// surface is down (`down`); else it is on record, and said to whoever watches over the desk.
async fn give_up(app: &App, row: Row, to: Address, problem: String, down: bool) -> anyhow::Result<()> {
    tracing::warn!(to = %to.surface.as_str(), %problem, "a message to a colleague was not delivered");
    let job: Job = serde_json::from_str(&row.body)?;
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                match next_address(tx, &app, &to).await? {
                    Some(other) => {
                        if let Some(job) = job.elsewhere(other) {
                            job.enqueue(tx, &app, now).await?;
                        }
                    }
                    None if down => {
                        let due = now + super::backoff(row.attempts);
                        return Ok(queue::later(tx, Door::Outbox, &row, due, &problem).await?);
                    }
                    None => undelivered(tx, &app, &to, problem).await?,
                }
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

/// Where the person at this address is reached next, if anywhere.
async fn next_address(tx: &mut Tx, app: &App, missed: &Address) -> anyhow::Result<Option<Address>> {
    let desk = app.desk(tx).await?;
    let Some(person) = desk.desk.person_at(missed) else { return Ok(None) };
    let mut rest = app.addresses(person).into_iter().skip_while(|address| !address.is(missed));
    Ok(rest.nth(1))
}

async fn undelivered(tx: &mut Tx, app: &App, to: &Address, problem: String) -> anyhow::Result<()> {
    let payload = json!({ "member": to, "problem": problem });
    let entry = Entry { kind: Kind::DeliveryFailed, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    warn_watcher(tx, app, to).await
}

/// The watcher hears of somebody who cannot be reached once an hour, however much is lost meanwhile.
async fn warn_watcher(tx: &mut Tx, app: &App, to: &Address) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let now = app.clock.now();
    let watcher = app.watcher(&desk.desk).is_some_and(|watcher| watcher.is(to));
    if watcher || !people::unreachable_is_news(tx, &to.to_string(), now, now - HOUR).await? {
        return Ok(());
    }
    apply::alarm(tx, app, &desk, &Say::new("told.unreachable").with("member", to.to_string())).await
}

/// Tells the whole story of a case.
pub(super) async fn story(app: &App, row: Row, case: String, to: Address, person: String) -> anyhow::Result<()> {
    let reader = app.clone();
    let told = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let view = View::load(tx, &reader, &case).await?;
                let page = reader.page_url(view.case.number);
                let story = |view: &View| chat::shortened(view.words(), &view.story(), STORY_MESSAGES, page);
                Ok(view.may_see(&person).then(|| story(&view)))
            })
        })
        .await?;
    match told {
        Some(story) => tell(app, row, to, story, Rank::Then, Meant::ToTell).await,
        None => finished(app, row).await,
    }
}

/// Tells an owner of the corrections that wait for them by now.
pub(super) async fn corrections(app: &App, row: Row, to: Address, owner: String) -> anyhow::Result<()> {
    let waiting =
        app.store.read(move |tx| Box::pin(async move { knowledge_care::corrections(tx, &owner).await })).await?;
    match waiting {
        Some(waiting) => say(app, row, to, waiting, Rank::Then).await,
        None => finished(app, row).await,
    }
}
