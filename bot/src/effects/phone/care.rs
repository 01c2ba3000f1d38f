//! Cards beside those of cases, about the knowledge and about actions in back offices: posted once, and turned into what
//! became of them.

use cards::Card;
use cards::words::Words;

use super::{Meant, Told, next_address, no_way, paced, told, undelivered, untold};
use crate::action_desk;
use crate::app::App;
use crate::automation;
use crate::drill;
use crate::effects::surface::{Missed, NotChanged, Rendered, Way};
use crate::effects::{MOST_ATTEMPTS, finished, later, not_before, pictures};
use crate::knowledge_desk::care as desk;
use crate::store::Tx;
use crate::store::knowledge::care::{self, About, CarePosting};
use crate::store::queue::{Door, Rank, Row};
use crate::surface::Address;
use crate::worker::apply;

/// A card as it is posted, with the pictures above it.
struct Drawn {
    posting: CarePosting,
    card: Card,
    words: &'static Words,
    pictures: Vec<String>,
}

/// Makes an announced card appear, unless it was settled on its way.
pub(in crate::effects) async fn post_care(app: &App, row: Row, task_id: String, to: Address) -> anyhow::Result<()> {
    let Some(drawn) = drawn(app, &task_id, row.attempts).await? else {
        return finished(app, row).await;
    };
    let Drawn { posting, card, words, pictures } = drawn;
    let Some(way) = Way::to(app, &to) else { return elsewhere(app, row, posting, no_way(&to)).await };
    let rendered = way.render(&card, words, &posting.task_id);
    let messages = pictures.len() + rendered.above().len() + 1;
    if let Some(when) = paced(app, &to, messages, Rank::Then).await? {
        return not_before(app, row, when).await;
    }
    match deliver(app, &way, &rendered, (&posting, &pictures)).await {
        Ok(code) => posted(app, row, posting, code).await,
        Err(Missed::NotBefore(wait)) => not_before(app, row, app.clock.now() + wait).await,
        Err(Missed::NotYet(problem) | Missed::Down(problem)) if row.attempts < MOST_ATTEMPTS => {
            later(app, row, problem).await
        }
        Err(missed) => elsewhere(app, row, posting, missed).await,
    }
}

/// A button that approves is on the card: it leaves only after every word of the plan was accepted for this person.
async fn deliver(
    app: &App,
    way: &Way<'_>,
    rendered: &Rendered,
    (posting, seen): (&CarePosting, &[String]),
) -> Result<Option<String>, Missed> {
    for picture in seen {
        pictures::show(app, way, picture).await;
    }
    for message in rendered.above() {
        way.text(message).await?;
    }
    way.post(rendered, &posting.task_id).await
}

/// The card to post. Each attempt has a task id of its own: one whose answer got lost cannot be used again.
async fn drawn(app: &App, task_id: &str, attempt: i64) -> anyhow::Result<Option<Drawn>> {
    let (app, first) = (app.clone(), task_id.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let Some(known) = care::card(tx, &first).await?.filter(|known| known.state == "posting") else {
                    return Ok(None);
                };
                let task_id = if attempt > 1 { format!("{first}-{attempt}") } else { first };
                let posting = CarePosting { task_id, ..known };
                if care::card(tx, &posting.task_id).await?.is_none() {
                    care::announce(tx, &posting).await?;
                }
                let words = app.desk(tx).await?.words();
                let Some((card, pictures)) = shown(tx, &app, &posting).await? else { return Ok(None) };
                Ok(Some(Drawn { posting, card, words, pictures }))
            })
        })
        .await
}

/// What a posting shows, and the pictures above it; nothing once it is overtaken.
async fn shown(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<(Card, Vec<String>)>> {
    Ok(match posting.about {
        About::Entry => desk::card(tx, app, posting).await?.map(|card| (card, Vec::new())),
        About::Action => match action_desk::card(tx, app, posting).await? {
            Some(card) => Some((card, action_desk::pictures(tx, posting).await?)),
            None => None,
        },
        About::Opening => automation::card(tx, app, posting).await?.map(|card| (card, Vec::new())),
        About::Drill => drill::card(tx, app, posting).await?.map(|card| (card, Vec::new())),
    })
}

async fn posted(app: &App, row: Row, posting: CarePosting, code: Option<String>) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                care::posted(tx, &posting.task_id, code.as_deref(), now).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

/// A card one surface did not take goes to where else its person is reached; where that is nowhere, somebody is told.
async fn elsewhere(app: &App, row: Row, posting: CarePosting, missed: Missed) -> anyhow::Result<()> {
    let problem = match missed {
        Missed::NotYet(problem) | Missed::Down(problem) | Missed::Never(problem) => problem,
        Missed::NotBefore(_) => "the platform wants to be left alone".to_owned(),
    };
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                care::gone(tx, &posting.task_id).await?;
                match next_address(tx, &app, &posting.to).await? {
                    Some(other) => {
                        let CarePosting { about, care: subject, code, person, .. } = posting;
                        let card = apply::Beside { about, subject, code };
                        apply::announce_beside(tx, &app, card, &person, &other).await?;
                    }
                    None => undelivered(tx, &app, &posting.to, problem).await?,
                }
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Turns a care card into what became of it; one that cannot be changed any more is answered in words.
pub(in crate::effects) async fn settle_care(app: &App, row: Row, task_id: String, to: Address) -> anyhow::Result<()> {
    let Some(way) = Way::to(app, &to) else { return finished(app, row).await };
    let Some((code, card, words)) = settled(app, &task_id).await? else { return finished(app, row).await };
    let changed = match code {
        Some(code) => way.change(&code, &card, words, &task_id).await,
        None => Err(NotChanged::Never),
    };
    if changed.is_ok() {
        return over(app, row, task_id).await;
    }
    let Card::Settled { title, desc, .. } = &card else { return finished(app, row).await };
    match told(app, &to, &format!("{desc} {title}"), Rank::Then, Meant::ToTell).await? {
        Told::Yes => over(app, row, task_id).await,
        otherwise => untold(app, row, to, otherwise).await,
    }
}

type Changed = (Option<String>, Card, &'static Words);

/// The code that changes a card, taken so that nobody uses it twice, and what the card becomes.
async fn settled(app: &App, task_id: &str) -> anyhow::Result<Option<Changed>> {
    let (app, task_id) = (app.clone(), task_id.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let Some(posting) = care::card(tx, &task_id).await?.filter(|posting| posting.state == "open") else {
                    return Ok(None);
                };
                let card = match posting.about {
                    About::Entry => desk::settled(tx, &app, &posting).await?,
                    About::Action => action_desk::settled(tx, &app, &posting).await?,
                    About::Opening => automation::settled(tx, &app, &posting).await?,
                    About::Drill => Some(drill::settled(tx, &app).await?),
                };
                let Some(card) = card else { return Ok(None) };
                let code = care::take_code(tx, &task_id).await?;
                Ok(Some((code, card, app.desk(tx).await?.words())))
            })
        })
        .await
}

async fn over(app: &App, row: Row, task_id: String) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                care::gone(tx, &task_id).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}
