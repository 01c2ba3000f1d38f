//! Somebody asks for something to be done in the back office: nothing is written for that, a form is filled in.

use std::collections::BTreeMap;

use serde_json::json;

use super::answer::{self, Answer, NotSaid};
use crate::case::Say;
use crate::chat::Desk;
use crate::config;
use crate::desk::{Action as Configured, BackOffice};
use crate::policy::{self, Given, Power};
use crate::store::actions::{self, Action, ActionState};
use crate::store::{Tx, back_office};
use crate::view::View;
use crate::worker::Job;

/// What may be asked for about a case.
pub(crate) fn offered(view: &View) -> Vec<&Configured> {
    let office = view.channel().and_then(|channel| Some((channel, view.desk.desk.back_office(&channel.store)?)));
    office.map(|(channel, office)| policy::offers(office, channel, view.intent_now())).unwrap_or_default()
}

/// Somebody asks for an action, by its name or label; without one they are told what there is.
///
/// # Errors
/// When the database fails.
pub(crate) async fn wish(desk: &mut Desk<'_, '_>, n: i64, name: Option<&str>, text: &str) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    if let Err(denied) = policy::may(desk.person, Power::Decide, view.channel()) {
        return desk.denied(&denied).await;
    }
    let Some(name) = name else { return list(desk, &view).await };
    let (Some(channel), Some(office)) = (view.channel(), office_of(&view)) else {
        return refuse(desk, &view, name, "refused.action_not_configured").await;
    };
    let configured = match policy::offer(office, channel, view.intent_now(), name) {
        Ok(configured) => configured,
        Err(not) => return refuse(desk, &view, name, not.key()).await,
    };
    let Some(order) = order_of(desk.tx, &view, office).await? else {
        return refuse(desk, &view, name, "refused.action_no_order").await;
    };
    let answer = match said(desk, &view, configured, text).await? {
        Ok(answer) => answer,
        Err(not) => return not_said(desk, &view, name, not).await,
    };
    let inputs = filled(desk, &view, configured, Words { order: &order, text, answer: answer.as_ref() });
    let action = begun(desk, &view, configured, inputs).await?;
    let cites = answer.map(|answer| serde_json::to_string(&answer.citation)).transpose()?;
    let action = Action { cites, ..action };
    prepare(desk, &action, configured.label()).await
}

fn office_of(view: &View) -> Option<&BackOffice> {
    view.desk.desk.back_office(&view.channel()?.store)
}

async fn list(desk: &mut Desk<'_, '_>, view: &View) -> anyhow::Result<()> {
    let names: Vec<String> =
        offered(view).iter().map(|action| format!("{}（{}）", action.label(), action.name)).collect();
    let key = if names.is_empty() { "action.none" } else { "action.offered" };
    desk.say(Say::new(key).with("number", view.case.number).with("actions", names.join("、"))).await
}

/// Refused before there was an action: said, and on the case's record.
async fn refuse(desk: &mut Desk<'_, '_>, view: &View, name: &str, key: &str) -> anyhow::Result<()> {
    desk.refused_wish(&view.case, key, json!({ "action": name })).await
}

/// The order the customer named, where a look-up found it to be theirs.
async fn order_of(tx: &mut Tx, view: &View, office: &BackOffice) -> anyhow::Result<Option<String>> {
    let Some(order) = policy::order_number(&view.customer_texts(), office.order_digits) else { return Ok(None) };
    let owner = back_office::owner_of_order(tx, &office.id, &order).await?;
    Ok((owner.as_deref() == Some(view.conversation.id.as_str())).then_some(order))
}

/// The published answer an action says; nothing where it says none.
async fn said(
    desk: &mut Desk<'_, '_>,
    view: &View,
    configured: &Configured,
    text: &str,
) -> anyhow::Result<Result<Option<Answer>, NotSaid>> {
    if !configured.answers() {
        return Ok(Ok(None));
    }
    Ok(answer::meant(desk.tx, desk.app, view, text).await?.map(Some))
}

/// Why no answer is said, with those there are to choose from.
async fn not_said(desk: &mut Desk<'_, '_>, view: &View, name: &str, not: NotSaid) -> anyhow::Result<()> {
    refuse(desk, view, name, not.key()).await?;
    let cited = answer::cited(desk.tx, view).await?;
    if not != NotSaid::Which || cited.is_empty() {
        return Ok(());
    }
    desk.say(Say::new("action.answers_cited").with("number", view.case.number).with("answers", cited.join("、"))).await
}

/// What fills a form, besides what is known of the case.
struct Words<'a> {
    order: &'a str,
    /// What whoever asked typed.
    text: &'a str,
    answer: Option<&'a Answer>,
}

fn filled(desk: &Desk<'_, '_>, view: &View, configured: &Configured, words: Words<'_>) -> BTreeMap<String, String> {
    let customer = view.customer_texts().pop().unwrap_or_default();
    let fact = view.fact().unwrap_or_default();
    let given = Given {
        case: view.case.number,
        text: words.text.trim(),
        customer: &cards::one_line(&customer),
        fact,
        by: &desk.person.name,
        answer: words.answer.map_or("", |answer| &answer.text),
    };
    let inputs = configured.inputs.iter().map(|(name, words)| (name.clone(), given.fill(words)));
    inputs.chain([(config::ORDER.to_owned(), words.order.to_owned())]).collect()
}

async fn begun(
    desk: &mut Desk<'_, '_>,
    view: &View,
    configured: &Configured,
    inputs: BTreeMap<String, String>,
) -> anyhow::Result<Action> {
    let now = desk.app.clock.now();
    Ok(Action {
        id: desk.app.ids.next(now)?,
        number: actions::next_number(desk.tx).await?,
        case_id: view.case.id.clone(),
        conversation: view.case.conversation.clone(),
        channel: view.case.channel.clone(),
        store: view.channel().map(|channel| channel.store.clone()).unwrap_or_default(),
        name: configured.name.clone(),
        recipe: configured.recipe.clone(),
        inputs: serde_json::to_string(&inputs)?,
        cites: None,
        asked_by: desk.person.id.clone(),
        asked_at: now,
        undoes: None,
        state: ActionState::Preparing,
        round: 0,
        plan: None,
        authority: None,
        claimed_at: None,
        outcome: None,
    })
}

/// Has a form filled in, unless its recipe is stopped.
pub(super) async fn prepare(desk: &mut Desk<'_, '_>, action: &Action, label: &str) -> anyhow::Result<()> {
    let say = |key: &str| Say::new(key).with("action", action.number).with("title", label);
    let runs = back_office::runs_of(desk.tx, &action.store, &action.recipe).await?;
    if runs.is_some_and(|runs| runs.stopped_at.is_some()) {
        return desk.say(say("action.recipe_stopped")).await;
    }
    actions::add(desk.tx, action).await?;
    let job = Job::PrepareAction { action: action.id.clone() };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    desk.say(say("action.preparing")).await
}
