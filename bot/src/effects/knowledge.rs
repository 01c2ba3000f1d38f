//! What takes a while to find out about the knowledge, and what a change of it does to drafts on their way.

use cards::words::Words;

use crate::app::App;
use crate::case::{Event, Say};
use crate::desk::Person;
use crate::knowledge_desk::life::{Keeper, Refused};
use crate::knowledge_desk::publishing::{self, Difference, Prepared};
use crate::store::knowledge::{self as entries, uses};
use crate::store::queue::{Door, Row};
use crate::store::{Tx, cases};
use crate::surface::Address;
use crate::worker::{Job, apply};

/// Differences that are shown in chat; the command line has them all.
const SHOWN: usize = 8;
/// Characters of an answer that is shown.
const ANSWER: usize = 60;

/// What somebody wants put in use.
pub(super) struct Wish {
    /// The person's id.
    pub(super) person: String,
    /// The entry's number or id.
    pub(super) entry: String,
    /// Ids of the channels; empty means every channel.
    pub(super) only: Vec<String>,
    /// The code of what was shown.
    pub(super) code: Option<String>,
}

/// A draft that rests on what is no longer in use is written anew.
pub(super) async fn changed(app: &App, row: Row, case: String) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let known = cases::load(tx, &case).await?;
                let cited = known.as_ref().and_then(|case| case.draft()).map(|draft| draft.citations.clone());
                if !uses::all_in_use(tx, &cited.unwrap_or_default()).await? {
                    // A refusal means that it no longer matters.
                    let _ = apply::apply(tx, &app, &case, &Event::KnowledgeChanged).await?;
                }
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Shows what putting an entry in use would change, and does it once that was seen.
pub(super) async fn publish(app: &App, row: Row, to: Address, wish: Wish) -> anyhow::Result<()> {
    let Some(person) = person(app, &wish.person).await? else { return super::finished(app, row).await };
    let prepared = publishing::prepare(app, &person, &wish.entry, wish.only.clone()).await?;
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let answer = match prepared {
                    Ok(prepared) if wish.code.as_ref() == Some(&prepared.code()) => {
                        act(tx, &app, &person, &prepared).await?
                    }
                    Ok(prepared) => preview(tx, &app, &prepared).await?,
                    Err(refused) => said(tx, &app, &refused.say()).await?,
                };
                let now = app.clock.now();
                Job::Text { to, text: answer }.enqueue(tx, &app, now).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

/// A person of the desk, as it is configured now.
pub(super) async fn person(app: &App, id: &str) -> anyhow::Result<Option<Person>> {
    let (reader, id) = (app.clone(), id.to_owned());
    app.store.read(move |tx| Box::pin(async move { Ok(reader.desk(tx).await?.desk.person(&id).cloned()) })).await
}

async fn act(tx: &mut Tx, app: &App, person: &Person, prepared: &Prepared) -> anyhow::Result<String> {
    let desk = app.desk(tx).await?;
    let done = Keeper { tx, app, desk: &desk, person }.publish(prepared).await?;
    let say = done.unwrap_or_else(|refused: Refused| refused.say());
    Ok(say.in_words(desk.words(), &desk.desk))
}

async fn said(tx: &mut Tx, app: &App, say: &Say) -> anyhow::Result<String> {
    let desk = app.desk(tx).await?;
    Ok(say.in_words(desk.words(), &desk.desk))
}

async fn preview(tx: &mut Tx, app: &App, prepared: &Prepared) -> anyhow::Result<String> {
    let desk = app.desk(tx).await?;
    let number = entries::number(tx, &prepared.entry.id).await?;
    let words = desk.words();
    let mut lines = what_if(prepared, number, words, SHOWN);
    let on: String = prepared.only.iter().map(|channel| format!(" {channel}")).collect();
    let (number, code) = (number.to_string(), prepared.code());
    lines.push(words.text("kb.publish_with", &[("number", &number), ("channels", &on), ("code", &code)]));
    Ok(lines.join("\n"))
}

/// What putting a version in use would change, in words.
pub(crate) fn what_if(prepared: &Prepared, number: i64, words: &Words, most: usize) -> Vec<String> {
    let (number, version) = (number.to_string(), prepared.entry.version.to_string());
    let (asked, different) = (prepared.asked.to_string(), prepared.differences.len().to_string());
    let title = prepared.entry.title.as_str();
    let head =
        [("number", &*number), ("version", &version), ("title", title), ("asked", &asked), ("different", &different)];
    let mut lines = vec![words.text("kb.what_if", &head)];
    lines.extend(prepared.differences.iter().take(most).map(|difference| compared(difference, words)));
    let others: Vec<&str> = prepared.contradicts.iter().map(|other| other.title.as_str()).collect();
    if !others.is_empty() {
        lines.push(words.text("kb.contradicts", &[("others", &others.join("、"))]));
    }
    if let Some(measured) = &prepared.measured {
        let (texts, marked) = (measured.texts.to_string(), measured.marked.to_string());
        let blocked = measured.blocked.to_string();
        lines.push(words.text("kb.measured", &[("texts", &texts), ("marked", &marked), ("blocked", &blocked)]));
    }
    lines
}

fn compared(difference: &Difference, words: &Words) -> String {
    let nothing = || words.text("kb.no_answer", &[]);
    let shown = |answer: &Option<String>| answer.as_deref().map_or_else(nothing, |text| cards::fit(text, ANSWER));
    let (question, before, after) =
        (cards::one_line(&difference.question), shown(&difference.before), shown(&difference.after));
    words.text("kb.difference", &[("question", &question), ("before", &before), ("after", &after)])
}
