//! Cards on colleagues' phones: posted, turned into what became of them, turned into a question.

use cards::Card;
use futures::future::BoxFuture;

use super::{Meant, Told, next_address, paced, say, told, undelivered, untold};
use crate::app::App;
use crate::case::{Level, Outcome, Say};
use crate::chaos;
use crate::chat;
use crate::clock::Timestamp;
use crate::effects::surface::{Missed, NotChanged, Rendered, Way};
use crate::effects::{MOST_ATTEMPTS, backoff, finished, later, not_before, pictures};
use crate::store::queue::{self, Door, Rank, Row};
use crate::store::{self, Tx, cases};
use crate::surface::{Address, Surface};
use crate::view::View;
use crate::worker::{Job, Question, apply, deal};

/// Makes an announced card appear, with the whole draft above it where the card is too small.
pub(in crate::effects) async fn post_card(app: &App, row: Row, task_id: String, to: Address) -> anyhow::Result<()> {
    let Some((posting, (card, words))) = announced(app, &task_id).await? else { return finished(app, row).await };
    let Some(way) = Way::to(app, &to) else { return elsewhere(app, row, posting, super::no_way(&to)).await };
    let pictures = pictures::unseen(app, &posting).await?;
    let above = way.render(&card, words, &task_id).above().len();
    // All or nothing: half a draft above no card helps nobody.
    if let Some(when) = paced(app, &to, pictures.len() + above + 1, Rank::Then).await? {
        return not_before(app, row, when).await;
    }
    // A task id is good for one request only: one whose answer got lost cannot be used again.
    chaos::point("posting.before_name");
    let task_id = if row.attempts > 1 { renamed(app, &posting, &task_id, row.attempts).await? } else { task_id };
    let rendered = way.render(&card, words, &task_id);
    for picture in pictures {
        pictures::show(app, &way, &picture).await;
    }
    chaos::point("posting.before_post");
    match deliver(&way, &rendered, &task_id).await {
        Ok(response_code) => posted(app, row, task_id, response_code).await,
        Err(Missed::NotBefore(wait)) => not_before(app, row, app.clock.now() + wait).await,
        Err(Missed::NotYet(problem)) if row.attempts < MOST_ATTEMPTS => later(app, row, problem).await,
        Err(missed) => elsewhere(app, row, posting, missed).await,
    }
}

/// A card that one surface did not take goes to where else its person is reached; where that is nowhere, it waits while
/// the surface is down.
async fn elsewhere(app: &App, row: Row, posting: store::cards::Posting, missed: Missed) -> anyhow::Result<()> {
    let (down, problem) = match missed {
        Missed::Down(problem) => (true, problem),
        Missed::NotBefore(_) => (true, "the platform wants to be left alone".to_owned()),
        Missed::NotYet(problem) | Missed::Never(problem) => (false, problem),
    };
    tracing::warn!(surface = %posting.to.surface.as_str(), %problem, "a card was not delivered");
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                let others = others(tx, &app, &posting).await?;
                match others.is_empty() {
                    false => moved(tx, &app, &posting, &others, down).await?,
                    true if down => {
                        let due = now + backoff(row.attempts);
                        return Ok(queue::later(tx, Door::Outbox, &row, due, &problem).await?);
                    }
                    true => {
                        unseen(tx, &app, &posting).await?;
                        undelivered(tx, &app, &posting.to, problem).await?;
                    }
                }
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

/// Who can be asked where a posting did not appear: its person on their next surface, or everybody of a group by themselves.
async fn others(tx: &mut Tx, app: &App, posting: &store::cards::Posting) -> anyhow::Result<Vec<(String, Address)>> {
    if !posting.to.is_group() {
        let next = next_address(tx, app, &posting.to).await?;
        return Ok(next.map(|other| (posting.person.clone(), other)).into_iter().collect());
    }
    let desk = app.desk(tx).await?;
    let case = cases::load(tx, &posting.case_id).await?;
    let channel = case.and_then(|case| desk.desk.channel(&case.channel));
    let members = channel.map_or(&[][..], |channel| &channel.permitted).iter().filter_map(|id| desk.desk.person(id));
    let alone = members.filter_map(|person| Some((person.id.clone(), app.address(person)?)));
    Ok(alone.filter(|(_, own)| own.surface == Surface::Telegram).collect())
}

/// Another surface takes over, and says so where the first one is down.
async fn moved(
    tx: &mut Tx,
    app: &App,
    posting: &store::cards::Posting,
    others: &[(String, Address)],
    down: bool,
) -> anyhow::Result<()> {
    store::cards::lost(tx, posting).await?;
    let case = View::load(tx, app, &posting.case_id).await?.case;
    if case.version != posting.version {
        return Ok(());
    }
    let say = Say::new("told.took_over").with("number", case.number).with_key("surface", posting.to.surface.key());
    for (person, other) in others {
        if down {
            Job::Inform { to: other.clone(), say: say.clone() }.enqueue(tx, app, app.clock.now()).await?;
        }
        apply::announce(tx, app, &case, person, other).await?;
    }
    Ok(())
}

/// Where the card was the last one on its way, nobody can decide about the case: what follows when nobody does follows
/// at once. The last level waits for its time, because nobody is behind it.
async fn unseen(tx: &mut Tx, app: &App, posting: &store::cards::Posting) -> anyhow::Result<()> {
    store::cards::lost(tx, posting).await?;
    let Some(case) = cases::load(tx, &posting.case_id).await? else { return Ok(()) };
    let nobody = store::cards::open(tx, &case.id).await?.is_empty();
    let asks_reviewers = case.version == posting.version && case.level() == Some(Level::Reviewers);
    match case.due() {
        Some(due) if nobody && asks_reviewers => deal::expired(tx, app, &case.id, due).await,
        _ => Ok(()),
    }
}

type Drawn = (Card, &'static cards::words::Words);

/// The announced posting and its card, unless something newer made it needless.
async fn announced(app: &App, task_id: &str) -> anyhow::Result<Option<(store::cards::Posting, Drawn)>> {
    let (reader, task_id) = (app.clone(), task_id.to_owned());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(posting) = store::cards::announced(tx, &task_id).await? else { return Ok(None) };
                let view = View::load(tx, &reader, &posting.case_id).await?;
                if posting.version != view.case.version {
                    return Ok(None);
                }
                let page = reader.page_url(view.case.number);
                Ok(view.card(page).map(|card| (posting, (card, view.words()))))
            })
        })
        .await
}

/// Announces the posting under a new task id. What was sent under the old one may have appeared all the same.
async fn renamed(app: &App, posting: &store::cards::Posting, first: &str, attempt: i64) -> anyhow::Result<String> {
    let (posting, new) = (posting.clone(), format!("{first}-{attempt}"));
    let task_id = new.clone();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                // The same attempt again: a worker died between the name and the card.
                if store::cards::load(tx, &new).await?.is_some() {
                    return Ok(());
                }
                Ok(store::cards::announce_again(tx, &posting, &new, attempt).await?)
            })
        })
        .await?;
    Ok(task_id)
}

async fn deliver(way: &Way<'_>, rendered: &Rendered, task_id: &str) -> Result<Option<String>, Missed> {
    // 发送 is on the card: it leaves only after every word of the draft was accepted for this person.
    for message in rendered.above() {
        way.draft(message).await?;
    }
    chaos::point("posting.above_posted");
    let code = way.post(rendered, task_id).await?;
    chaos::point("posting.posted");
    Ok(code)
}

async fn posted(app: &App, row: Row, task_id: String, response_code: Option<String>) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                if let Some(announced) = store::cards::load(tx, &task_id).await? {
                    apply::lock(tx, &app, &announced.case_id).await?;
                }
                // A tap was faster than the answer: it brought a newer code, and everything else is done.
                chaos::point("posting.in_unit");
                let known = store::cards::load(tx, &task_id).await?.is_some_and(|p| p.posted_at.is_some());
                if !known && let Some(p) = store::cards::posted(tx, &task_id, response_code.as_deref(), now).await? {
                    app.metrics.card_posted();
                    shown(tx, &app, &p).await?;
                }
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

/// What a person was shown is on record; a card that was settled on its way is settled now.
async fn shown(tx: &mut Tx, app: &App, posting: &store::cards::Posting) -> anyhow::Result<()> {
    chat::card_appeared(tx, app, posting).await?;
    if posting.state == "settled" {
        let job = Job::SettleCard { task_id: posting.task_id.clone(), to: posting.to.clone() };
        job.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(())
}

/// Turns a card into what became of it. One that can no longer be changed is answered by a new message.
pub(in crate::effects) async fn settle_card(app: &App, row: Row, task_id: String, to: Address) -> anyhow::Result<()> {
    let Some(way) = Way::to(app, &to) else { return finished(app, row).await };
    let Some((code, (card, words))) = to_settle(app, &task_id).await? else { return finished(app, row).await };
    let title = match &card {
        Card::Settled { title, desc, .. } => format!("{desc} {title}"),
        _ => String::new(),
    };
    let Some(code) = code else { return settled_in_words(app, row, task_id, to, title).await };
    chaos::point("settle_card.before");
    match way.change(&code, &card, words, &task_id).await {
        Ok(()) => settled(app, row, task_id).await,
        Err(NotChanged::NotYet(problem)) => {
            put_code_back(app, &task_id, &code).await?;
            later(app, row, problem).await
        }
        Err(NotChanged::Never) => settled_in_words(app, row, task_id, to, title).await,
    }
}

async fn settled_in_words(app: &App, row: Row, task_id: String, to: Address, text: String) -> anyhow::Result<()> {
    match told(app, &to, &text, Rank::First, Meant::ToTell).await? {
        Told::Yes => settled(app, row, task_id).await,
        otherwise => untold(app, row, to, otherwise).await,
    }
}

/// The person knows what became of the card, and is not told again.
async fn settled(app: &App, row: Row, task_id: String) -> anyhow::Result<()> {
    chaos::point("settle_card.after");
    let now = app.clock.now();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                store::cards::gone(tx, &task_id).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

type ToSettle = (Option<String>, Drawn);

/// The code that changes the card, taken so that nobody uses it twice, and what the card becomes.
async fn to_settle(app: &App, task_id: &str) -> anyhow::Result<Option<ToSettle>> {
    let Some((posting, drawn)) = become_of(app, task_id).await? else { return Ok(None) };
    let now = app.clock.now();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                let code = store::cards::take_code(tx, &posting.task_id).await?;
                let life = posting.to.surface.abilities().card_life_ms;
                let alive = |(_, posted_at): &(String, Timestamp)| life.is_none_or(|life| now - posted_at < life);
                let code = code.filter(alive).map(|(code, _)| code);
                if code.is_none() && store::cards::known(tx, &posting).await? {
                    store::cards::gone(tx, &posting.task_id).await?;
                    return Ok(None);
                }
                Ok(Some((code, drawn)))
            })
        })
        .await
}

/// A card on a phone, and what it turns into.
async fn become_of(app: &App, task_id: &str) -> anyhow::Result<Option<(store::cards::Posting, Drawn)>> {
    let (reader, task_id) = (app.clone(), task_id.to_owned());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(posting) = store::cards::load(tx, &task_id).await? else { return Ok(None) };
                if posting.posted_at.is_none() || posting.state == "gone" {
                    return Ok(None);
                }
                let outcome = posting.outcome.as_deref().and_then(|o| serde_json::from_str::<Outcome>(o).ok());
                let Some(outcome) = outcome else { return Ok(None) };
                let view = View::load(tx, &reader, &posting.case_id).await?;
                Ok(Some((posting, (view.settled(&outcome), view.words()))))
            })
        })
        .await
}

async fn put_code_back(app: &App, task_id: &str, code: &str) -> anyhow::Result<()> {
    let (task_id, code) = (task_id.to_owned(), code.to_owned());
    app.store
        .commit(move |tx| -> BoxFuture<'_, anyhow::Result<()>> {
            Box::pin(async move { Ok(store::cards::put_code_back(tx, &task_id, &code).await?) })
        })
        .await
}

/// Turns the tapper's card into a question about the tap.
pub(in crate::effects) async fn ask(
    app: &App,
    row: Row,
    task_id: String,
    to: Address,
    question: Question,
) -> anyhow::Result<()> {
    let Some(way) = Way::to(app, &to) else { return finished(app, row).await };
    let Some((code, card, words)) = to_ask(app, &task_id, question).await? else { return finished(app, row).await };
    match way.change(&code, &card, words, &task_id).await {
        Ok(()) => {
            if to.surface.abilities().reusable_code {
                put_code_back(app, &task_id, &code).await?;
            }
            finished(app, row).await
        }
        Err(NotChanged::NotYet(problem)) => {
            put_code_back(app, &task_id, &code).await?;
            later(app, row, problem).await
        }
        Err(NotChanged::Never) => say(app, row, to, Say::new("told.ask_again"), Rank::First).await,
    }
}

type Asked = (String, Card, &'static cards::words::Words);

async fn to_ask(app: &App, task_id: &str, question: Question) -> anyhow::Result<Option<Asked>> {
    let (app, task_id) = (app.clone(), task_id.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let Some(posting) = store::cards::load(tx, &task_id).await? else { return Ok(None) };
                let Some((code, _)) = store::cards::take_code(tx, &task_id).await? else { return Ok(None) };
                let view = View::load(tx, &app, &posting.case_id).await?;
                let (number, version, shown) = (view.case.number, posting.version, posting.code);
                let card = match question {
                    Question::Reason => Card::AskReason { number, version, code: shown },
                    Question::Scope => Card::AskPause { number, version, code: shown },
                };
                Ok(Some((code, card, view.words())))
            })
        })
        .await
}
