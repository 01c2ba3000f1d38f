//! Erasing what was confirmed: everything in one unit of work, or nothing of it yet.

use anyhow::Context;

use super::files;
use crate::app::App;
use crate::case::{Case, Ending, Event, Fill, Outcome, State};
use crate::knowledge_desk::care;
use crate::store::conversations::{self, Conversation};
use crate::store::erasure::{self as store, LegalHold};
use crate::store::{Tx, cases, pauses, queue, record};
use crate::worker::apply;

/// Characters from which on words are looked for outside their conversation: shorter ones are everybody's.
const TELLING: usize = 6;

/// What came of it.
pub(crate) enum CarriedOut {
    /// Nothing of the customer is kept any more.
    Done,
    /// That was so before.
    Already,
    /// Something of theirs is under way: it comes to its end first.
    NotYet,
    /// Their data must stay.
    Held(LegalHold),
}

/// Erases everything of the customer of a conversation. An open case is closed, and what was not let out yet never leaves;
/// what may be on its way is waited for. Files go last: whoever is killed before the commit finds them named still, and
/// does it all once more.
///
/// # Errors
/// When the database fails, or the disk refuses.
pub(crate) async fn carry_out(tx: &mut Tx, app: &App, conversation: &str, by: &str) -> anyhow::Result<CarriedOut> {
    pauses::hold(tx).await?;
    let open = conversations::lock(tx, conversation, app.clock.now()).await?.context("no such conversation")?;
    if open.erased_at.is_some() {
        return Ok(CarriedOut::Already);
    }
    if let Some(hold) = store::held(tx, &open.id).await? {
        return Ok(CarriedOut::Held(hold));
    }
    if store::under_way(tx, &open.id).await? > 0 || !close(tx, app, &open, by).await? {
        return Ok(CarriedOut::NotYet);
    }
    let files = files::of(tx, app, &open.id).await?;
    let words = words(tx, &open).await?;
    withdraw_samples(tx, app, &open).await?;
    let corrected = store::unask(tx, &open.id).await?;
    let now = app.clock.now();
    store::empty(tx, &open, now).await?;
    queue::forget_words(tx, &words, &open.customer, now).await?;
    for entry in corrected {
        care::ask_about_next(tx, app, &entry).await?;
    }
    record::erase_chain(tx, app, &record::chain_of(&open.id), by).await?;
    record::erase_naming(tx, app, record::DESK, by, &words).await?;
    files::remove_all(tx, app, &files).await?;
    Ok(CarriedOut::Done)
}

/// Ends the open case, if there is one; false where a message may be on its way.
async fn close(tx: &mut Tx, app: &App, open: &Conversation, by: &str) -> anyhow::Result<bool> {
    let case = match &open.case_id {
        Some(id) => cases::load(tx, id).await?.filter(|case| !case.is_closed()),
        None => None,
    };
    let Some(case) = case else { return Ok(true) };
    let event = Event::CustomerErased { by: by.to_owned() };
    Ok(apply::apply(tx, app, &case.id, &event).await?.is_ok())
}

/// What nobody reviewed yet is not asked about any more; what somebody did only counts.
async fn withdraw_samples(tx: &mut Tx, app: &App, open: &Conversation) -> anyhow::Result<()> {
    for (sample, shown, waits) in store::samples(tx, &open.id).await? {
        if waits {
            apply::settle_cards(tx, app, &sample, &Outcome::Erased).await?;
            store::undraw(tx, &sample).await?;
            continue;
        }
        let shown: Case = serde_json::from_str(&shown).context("a sample that cannot be read")?;
        let counted = Case { state: State::Closed { ending: Ending::Erased }, ..shown };
        store::show_instead(tx, &sample, &serde_json::to_string(&counted)?).await?;
    }
    Ok(())
}

/// By what copies outside the conversation are told, as they stand in JSON: what was said, the customer's id, and their name
/// where a sentence is filled with it.
async fn words(tx: &mut Tx, open: &Conversation) -> anyhow::Result<Vec<String>> {
    let said = store::said(tx, &open.id).await?.into_iter().map(|(body, _)| body);
    let telling = said.filter(|text| text.chars().count() >= TELLING).chain([open.customer.clone()]);
    let unquoted = |text: String| text.trim_matches('"').to_owned();
    let mut words: Vec<String> =
        telling.map(|text| serde_json::to_string(&text).map(unquoted)).collect::<Result<_, _>>()?;
    if let Some(name) = &open.name {
        words.push(serde_json::to_string(&("customer", Fill::Text(name.clone())))?);
    }
    Ok(words)
}
