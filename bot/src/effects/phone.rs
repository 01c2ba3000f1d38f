//! Messages and cards to the people of the desk. Repeating one harms nobody; losing one delays a customer,
//! so what cannot be delivered is said aloud.

use cards::wecom::Posting;
use cards::{Card, wecom};
use channels::wecom::api::ApiError;
use futures::future::BoxFuture;
use serde_json::json;

use super::{finished, later, not_before, pictures, worth_repeating};
use crate::app::{App, Wecom};
use crate::case::{Level, Outcome, Say};
use crate::chaos;
use crate::chat;
use crate::clock::{HOUR, Timestamp};
use crate::evidence::{Actor, Entry, Kind};
use crate::store::queue::{Door, Rank, Row};
use crate::store::{self, Tx, cases, queue, record};
use crate::view::View;
use crate::worker::{Job, Question, apply, deal};

/// How long a card can be changed after it was posted (wecom 94888).
const CARD_LIFE: i64 = 72 * HOUR;
/// Messages a story takes at most; the review page has the rest.
const STORY_MESSAGES: usize = 8;

pub(super) async fn say(app: &App, row: Row, member: String, say: Say, rank: Rank) -> anyhow::Result<()> {
    let reader = app.clone();
    let text = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let desk = reader.desk(tx).await?;
                Ok(say.in_words(desk.words(), &desk.desk))
            })
        })
        .await?;
    tell(app, row, member, text, rank).await
}

pub(super) async fn text(app: &App, row: Row, member: String, text: String) -> anyhow::Result<()> {
    tell(app, row, member, text, Rank::First).await
}

async fn tell(app: &App, row: Row, member: String, text: String, rank: Rank) -> anyhow::Result<()> {
    match told(app, &row, &member, &text, rank).await? {
        Told::Yes => finished(app, row).await,
        otherwise => untold(app, row, member, otherwise).await,
    }
}

/// What came of telling somebody something.
enum Told {
    Yes,
    /// The platform would drop it before this time.
    NotBefore(Timestamp),
    /// It may work later.
    NotYet(String),
    Never(String),
}

async fn told(app: &App, row: &Row, member: &str, text: &str, rank: Rank) -> anyhow::Result<Told> {
    let Some(wecom) = &app.wecom else { return Ok(Told::Yes) };
    let pieces = channels::wecom::kf::split_for_kf(text);
    if let Some(when) = paced(app, member, row, pieces.len(), rank).await? {
        return Ok(Told::NotBefore(when));
    }
    chaos::point("text.before");
    for piece in pieces {
        match wecom.app.send_text(member, &piece).await {
            Ok(sent) if sent.reached(member) => {}
            Ok(_) => return Ok(Told::Never("the platform does not know this member".into())),
            Err(error) if worth_repeating(&error, row.attempts) => return Ok(Told::NotYet(error.to_string())),
            Err(error) => return Ok(Told::Never(error.to_string())),
        }
    }
    Ok(Told::Yes)
}

async fn untold(app: &App, row: Row, member: String, told: Told) -> anyhow::Result<()> {
    match told {
        Told::Yes => finished(app, row).await,
        Told::NotBefore(when) => not_before(app, row, when).await,
        Told::NotYet(problem) => later(app, row, problem).await,
        Told::Never(problem) => give_up(app, row, member, problem).await,
    }
}

/// Counts messages before they leave, all or none: what the platform would drop silently is never sent, and what
/// belongs together leaves together.
async fn paced(app: &App, member: &str, row: &Row, messages: usize, rank: Rank) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    let ids = (0..messages).map(|_| Ok(format!("{}-{}", row.id, app.ids.next(now)?)));
    let ids = ids.collect::<anyhow::Result<Vec<String>>>()?;
    let member = member.to_owned();
    app.store
        .commit(move |tx| -> BoxFuture<'_, anyhow::Result<Option<Timestamp>>> {
            Box::pin(async move { Ok(queue::pace(tx, &member, &ids, rank, now).await?) })
        })
        .await
}

/// A message that cannot be delivered: on record, and said to whoever watches over the desk.
async fn give_up(app: &App, row: Row, member: String, problem: String) -> anyhow::Result<()> {
    tracing::warn!(%member, %problem, "a message to a colleague was not delivered");
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                undelivered(tx, &app, &member, problem).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

async fn undelivered(tx: &mut Tx, app: &App, member: &str, problem: String) -> anyhow::Result<()> {
    let payload = json!({ "member": member, "problem": problem });
    let entry = Entry { kind: Kind::DeliveryFailed, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    warn_watcher(tx, app, member).await
}

async fn warn_watcher(tx: &mut Tx, app: &App, member: &str) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let watcher = desk.desk.watcher().and_then(|p| p.wecom.clone()).unwrap_or_default();
    if watcher.eq_ignore_ascii_case(member) {
        return Ok(());
    }
    apply::alarm(tx, app, &desk, &Say::new("told.unreachable").with("member", member)).await
}

/// Makes an announced card appear, with the whole draft above it where the card is too small.
pub(super) async fn post_card(app: &App, row: Row, task_id: String, member: String) -> anyhow::Result<()> {
    let Some(wecom_app) = &app.wecom else { return finished(app, row).await };
    let Some((posting, card)) = announced(app, &task_id).await? else { return finished(app, row).await };
    let pictures = pictures::unseen(app, &posting).await?;
    let above = wecom::post(&card.0, card.1, &task_id).above.len();
    // All or nothing: half a draft above no card helps nobody.
    if let Some(when) = paced(app, &member, &row, pictures.len() + above + 1, Rank::Then).await? {
        return not_before(app, row, when).await;
    }
    // A task id is good for one request only: one whose answer got lost cannot be used again.
    chaos::point("posting.before_name");
    let task_id = if row.attempts > 1 { renamed(app, &posting, &task_id, row.attempts).await? } else { task_id };
    let rendered = wecom::post(&card.0, card.1, &task_id);
    for picture in pictures {
        pictures::show(app, wecom_app, &member, &picture).await;
    }
    chaos::point("posting.before_post");
    match deliver(wecom_app, &member, &rendered).await {
        Ok(response_code) => posted(app, row, task_id, response_code).await,
        Err(error) if worth_repeating(&error, row.attempts) => later(app, row, error.to_string()).await,
        Err(error) => no_card(app, row, posting, error.to_string()).await,
    }
}

/// A card that the platform will not take: on record, said to whoever watches over the desk, and the case goes on.
async fn no_card(app: &App, row: Row, posting: store::cards::Posting, problem: String) -> anyhow::Result<()> {
    tracing::warn!(member = %posting.member, %problem, "a card was not delivered");
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                unseen(tx, &app, &posting).await?;
                undelivered(tx, &app, &posting.member, problem).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
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

type Rendered = (Card, &'static cards::words::Words);

/// The announced posting and its card, unless something newer made it needless.
async fn announced(app: &App, task_id: &str) -> anyhow::Result<Option<(store::cards::Posting, Rendered)>> {
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

async fn deliver(wire: &Wecom, member: &str, rendered: &Posting) -> Result<Option<String>, ApiError> {
    let unreachable = || ApiError::Refused { code: 81013, message: "the platform does not know this member".into() };
    // 发送 is on the card: it leaves only after every word of the draft was accepted for this person.
    for text in &rendered.above {
        let sent = wire.app.send_text(member, text).await?;
        if !sent.reached(member) {
            return Err(unreachable());
        }
    }
    chaos::point("posting.above_posted");
    let sent = wire.app.send_card(member, &rendered.template_card).await?;
    chaos::point("posting.posted");
    if sent.reached(member) { Ok(sent.response_code) } else { Err(unreachable()) }
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
        let job = Job::SettleCard { task_id: posting.task_id.clone(), member: posting.member.clone() };
        job.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(())
}

/// Turns a card into what became of it. A card too old to be changed is answered by a new message.
pub(super) async fn settle_card(app: &App, row: Row, task_id: String, member: String) -> anyhow::Result<()> {
    let Some(wire) = &app.wecom else { return finished(app, row).await };
    let Some((code, card)) = to_settle(app, &task_id).await? else { return finished(app, row).await };
    let (card, words) = card;
    let title = match &card {
        Card::Settled { title, desc, .. } => format!("{desc} {title}"),
        _ => String::new(),
    };
    let Some(code) = code else { return settled_in_words(app, row, task_id, member, title).await };
    let body = wecom::settle(&card, words, &task_id);
    chaos::point("settle_card.before");
    match wire.app.update_card(std::slice::from_ref(&member), &code, &body).await {
        Ok(unchanged) if unchanged.is_empty() => settled(app, row, task_id).await,
        Err(error) if matches!(error, ApiError::NotSent { .. }) => {
            put_code_back(app, &task_id, &code).await?;
            later(app, row, error.to_string()).await
        }
        // The code is spent, too old, not for this phone, or nobody knows: the words still reach the person.
        Ok(_) | Err(_) => settled_in_words(app, row, task_id, member, title).await,
    }
}

async fn settled_in_words(app: &App, row: Row, task_id: String, member: String, text: String) -> anyhow::Result<()> {
    match told(app, &row, &member, &text, Rank::First).await? {
        Told::Yes => settled(app, row, task_id).await,
        otherwise => untold(app, row, member, otherwise).await,
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

type ToSettle = (Option<String>, Rendered);

/// The code that changes the card, taken so that nobody uses it twice, and what the card becomes.
async fn to_settle(app: &App, task_id: &str) -> anyhow::Result<Option<ToSettle>> {
    let (app, task_id) = (app.clone(), task_id.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let Some(posting) = store::cards::load(tx, &task_id).await? else { return Ok(None) };
                if posting.posted_at.is_none() || posting.state == "gone" {
                    return Ok(None);
                }
                let outcome = posting.outcome.as_deref().and_then(|o| serde_json::from_str::<Outcome>(o).ok());
                let Some(outcome) = outcome else { return Ok(None) };
                let view = View::load(tx, &app, &posting.case_id).await?;
                let now = app.clock.now();
                let code = store::cards::take_code(tx, &task_id).await?;
                let code = code.filter(|(_, posted_at)| now - posted_at < CARD_LIFE).map(|(code, _)| code);
                if code.is_none() && store::cards::known(tx, &posting).await? {
                    store::cards::gone(tx, &task_id).await?;
                    return Ok(None);
                }
                Ok(Some((code, (view.settled(&outcome), view.words()))))
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
pub(super) async fn ask(
    app: &App,
    row: Row,
    task_id: String,
    member: String,
    question: Question,
) -> anyhow::Result<()> {
    let Some(wire) = &app.wecom else { return finished(app, row).await };
    let Some((code, card, words)) = to_ask(app, &task_id, question).await? else { return finished(app, row).await };
    let body = wecom::settle(&card, words, &task_id);
    match wire.app.update_card(std::slice::from_ref(&member), &code, &body).await {
        Ok(unchanged) if unchanged.is_empty() => finished(app, row).await,
        Err(error) if matches!(error, ApiError::NotSent { .. }) => {
            put_code_back(app, &task_id, &code).await?;
            later(app, row, error.to_string()).await
        }
        Ok(_) | Err(_) => say(app, row, member, Say::new("told.ask_again"), Rank::First).await,
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

/// Tells the whole story of a case.
pub(super) async fn story(app: &App, row: Row, case: String, member: String, person: String) -> anyhow::Result<()> {
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
        Some(story) => tell(app, row, member, story, Rank::Then).await,
        None => finished(app, row).await,
    }
}
