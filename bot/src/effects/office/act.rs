//! Doing something in a back office: the form is filled in and shown; what was approved is claimed with the form filled in
//! again, handed in once, and read back. An answer that does not come is *unknown*, goes to a person, and is never
//! repeated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backoffice::{Finding, Inputs, Job as Running, Plan, Recipe, Stopped, Submitted, Unsent};
use serde_json::{Value, json};

use super::look::{End, Run, keep_pictures, why};
use super::settled::{self, Came};
use super::{NoOffice, Office, Offices, is_over};
use crate::action_desk::{Planned, allowed, holds, remember};
use crate::app::App;
use crate::case::Unseen;
use crate::config;
use crate::effects::reply::still_ours;
use crate::effects::{finished, left_to_another};
use crate::evidence::{Actor, Kind};
use crate::policy::{self, Power};
use crate::store::actions::{self, Action, ActionState};
use crate::store::pauses::{self, Matter};
use crate::store::queue::{self, Door, Row};
use crate::store::{Tx, back_office};
use crate::view::View;

/// Times an outcome is written down before its worker gives up and the action becomes unknown.
const SETTLE_TRIES: u64 = 4;

/// An action with everything it takes to carry it out.
pub(super) struct Errand {
    pub(super) action: Action,
    pub(super) office: Arc<Office>,
    pub(super) recipe: Recipe,
    inputs: Inputs,
}

/// Fills in what somebody asked for, and shows it to whoever may approve it.
pub(in crate::effects) async fn prepare_action(app: &App, row: Row, id: String) -> anyhow::Result<()> {
    let Some(action) = action_in(app, &id, ActionState::Preparing).await? else { return finished(app, row).await };
    let case = action.case_id.clone();
    let errand = match errand(app, action.clone()).await? {
        Ok(errand) => errand,
        Err(problem) => return settle(app, row, action, Came::NotPossible(problem.to_string())).await,
    };
    let filled = app.offices.fill_in(&errand.office, &errand.recipe, &errand.inputs, app.clock.now()).await;
    let came = match filled {
        Ok(plan) => Came::Planned(Box::new(kept_plan(app, &errand, &case, &plan).await?)),
        Err(Ok(stopped)) => stopped_at(app, &errand, stopped).await?,
        Err(Err(NoOffice::Elsewhere(_))) => return left_to_another(app, row).await,
        Err(Err(problem)) => Came::NotPossible(problem.to_string()),
    };
    settle(app, row, errand.action, came).await
}

/// Hands in what was approved.
pub(in crate::effects) async fn submit_action(app: &App, row: Row, id: String) -> anyhow::Result<()> {
    if let Some(lost) = action_in(app, &id, ActionState::Submitting).await? {
        // Whoever claimed it died: nobody knows what became of it, and it is never handed in again.
        let run = lost_run(app, &lost).await?;
        return settle(app, row, lost, Came::Unknown { status: None, pictures: Vec::new(), run }).await;
    }
    let Some(action) = action_in(app, &id, ActionState::Approved).await? else { return finished(app, row).await };
    let hash = action.authority().map(|authority| authority.hash).unwrap_or_default();
    let errand = match errand(app, action.clone()).await? {
        Ok(errand) => errand,
        Err(problem) => return settle(app, row, action, Came::NotPossible(problem.to_string())).await,
    };
    let mut trouble = None;
    let claiming = claim(app, row.clone(), id);
    let claim = async {
        claiming.await.unwrap_or_else(|problem| {
            trouble = Some(problem);
            false
        })
    };
    let submitted = app.offices.hand_in(&errand, &hash, claim, app.clock.now()).await;
    if let Some(problem) = trouble {
        // No evidence, no effect: nothing was handed in, and it is tried again.
        return Err(problem);
    }
    let came = match submitted {
        Ok(submitted) => came_to(app, &errand, submitted).await?,
        Err(NoOffice::Elsewhere(_)) => return left_to_another(app, row).await,
        Err(problem) => Came::NotPossible(problem.to_string()),
    };
    settle(app, row, errand.action, came).await
}

/// The action, where it stands as it should.
async fn action_in(app: &App, id: &str, state: ActionState) -> anyhow::Result<Option<Action>> {
    let id = id.to_owned();
    let found = app.store.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(actions::load(tx, &id).await?) })
    });
    Ok(found.await?.filter(|action| action.state == state))
}

/// Everything it takes, as things are configured now; why it cannot be done, where it cannot.
async fn errand(app: &App, action: Action) -> anyhow::Result<Result<Errand, NoOffice>> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| {
        let reader = reader.clone();
        Box::pin(async move { reader.desk(tx).await })
    });
    let desk = desk.await?;
    let Some(config) = desk.desk.back_office(&action.store) else {
        return Ok(Err(NoOffice::Unusable(format!("{} has no back office any more", action.store))));
    };
    let office = match app.offices.office(config).await {
        Ok(office) => office,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(recipe) = office.recipes.get(&action.recipe).cloned() else {
        return Ok(Err(NoOffice::Unusable(format!("{} is no recipe any more", action.recipe))));
    };
    let given: BTreeMap<String, String> = serde_json::from_str(&action.inputs)?;
    // What takes something back may need less than what did it.
    let needed = given.into_iter().filter(|(name, _)| recipe.inputs.iter().any(|input| input.name == *name));
    Ok(match Inputs::new(&recipe, needed) {
        Ok(inputs) => Ok(Errand { action, office, recipe, inputs }),
        Err(wrong) => Err(NoOffice::Unusable(wrong.to_string())),
    })
}

impl Offices {
    /// Fills a form in, and hands nothing in.
    pub(super) async fn fill_in(
        &self,
        office: &Office,
        recipe: &Recipe,
        inputs: &Inputs,
        now: i64,
    ) -> Result<Plan, Result<Stopped, NoOffice>> {
        let browser = office.browser(&self.settings, now).await.map_err(Err)?;
        let plan = backoffice::prepare(Running { browser: &browser, recipe, inputs, now_ms: now }).await;
        if plan.as_ref().is_err_and(is_over) {
            office.end(&self.settings, &browser).await;
        }
        plan.map_err(Ok)
    }

    async fn hand_in(
        &self,
        errand: &Errand,
        hash: &str,
        claim: impl Future<Output = bool>,
        now: i64,
    ) -> Result<Submitted, NoOffice> {
        let Errand { office, recipe, inputs, .. } = errand;
        let browser = office.browser(&self.settings, now).await?;
        let running = Running { browser: &browser, recipe, inputs, now_ms: now };
        let submitted = backoffice::submit(running, hash, claim).await;
        if matches!(&submitted, Submitted::NotSent(Unsent::Stopped(stopped)) if is_over(stopped)) {
            office.end(&self.settings, &browser).await;
        }
        Ok(submitted)
    }
}

/// Asks, last of all before the click, whether it may be handed in: from the commit on it may be on its way.
async fn claim(app: &App, row: Row, id: String) -> anyhow::Result<bool> {
    let app = app.clone();
    let store = app.store.clone();
    let claimed = store.commit(move |tx| {
        Box::pin(async move {
            // Holds the pause register still before anything else is locked.
            still_ours(tx, &app, &row).await?;
            let action = actions::take(tx, &id).await?.filter(|action| action.state == ActionState::Approved);
            let Some(action) = action else { return Ok(false) };
            if let Some(why) = void(tx, &app, &action).await? {
                settled::back_to_review(tx, &app, &action, why).await?;
                return Ok(false);
            }
            let claimed = actions::claim(tx, &id, app.clock.now()).await?;
            let more = json!({ "authority": action.authority(), "round": action.round });
            remember(tx, &app, &action, (Kind::ActionClaimed, Actor::System), more).await?;
            Ok(claimed)
        })
    });
    let claimed = claimed.await?;
    Ok(claimed)
}

/// Why an approval does not count any more, if it does not: the name of the reason.
async fn void(tx: &mut Tx, app: &App, action: &Action) -> anyhow::Result<Option<&'static str>> {
    let (Some(planned), Some(authority)) = (action.planned(), action.authority()) else {
        return Ok(Some("plan_changed"));
    };
    if planned.hash != authority.hash {
        return Ok(Some("plan_changed"));
    }
    pauses::hold(tx).await?;
    let desk = app.desk(tx).await?;
    let Some((power, channel)) = allowed(&desk.desk, action, &planned) else { return Ok(Some("policy_changed")) };
    let high_risk = power == Power::DecideHighRisk;
    let matter = Matter::risky(&action.channel, &action.conversation, high_risk, &desk.desk);
    let covered = pauses::covering(tx, matter).await?.is_some();
    if covered || pauses::covered_since(tx, matter, authority.turn).await? {
        return Ok(Some("paused"));
    }
    let may = |person| policy::may(person, power, Some(channel)).is_ok();
    if !desk.desk.person(&authority.person).is_some_and(may) {
        return Ok(Some("right_lost"));
    }
    if !holds(tx, app, &desk, action).await? {
        return Ok(Some("answer_withdrawn"));
    }
    let runs = back_office::runs_of(tx, &action.store, &action.recipe).await?;
    Ok(runs.is_some_and(|runs| runs.stopped_at.is_some()).then_some("recipe_stopped"))
}

/// A plan as it is shown and stored, and on record.
pub(super) struct KeptPlan {
    pub(super) planned: Planned,
    pub(super) run: Run,
}

async fn kept_plan(app: &App, errand: &Errand, case: &str, plan: &Plan) -> anyhow::Result<KeptPlan> {
    let Errand { office, recipe, .. } = errand;
    let pictures = keep_pictures(app, &plan.before.pictures).await?;
    let log = app.blobs.put(&serde_json::to_vec(&plan.before.asked)?).await?;
    let (reader, case) = (app.clone(), case.to_owned());
    let view = app.store.read(move |tx| {
        let (reader, case) = (reader.clone(), case.clone());
        Box::pin(async move { View::load(tx, &reader, &case).await })
    });
    let view = view.await?;
    let planned = Planned {
        hash: plan.hash.clone(),
        title: recipe.title.clone(),
        order: plan.before.inputs.get(config::ORDER).cloned().unwrap_or_default(),
        fields: plan.fields.iter().map(|field| labelled(recipe, &plan.before, &field.value)).collect(),
        seen: seen_before(recipe, &plan.before),
        pictures,
        at: app.clock.now(),
        intent: errand.action.planned().map_or_else(|| view.intent_now(), |before| before.intent),
        fact: view.fact().unwrap_or_default().to_owned(),
        risk: view.case.draft().map_or(cards::Risk::Low, |draft| draft.verdict.risk),
        undo: recipe.undo().map(str::to_owned),
    };
    let payload = payload_of(recipe, plan, &planned, &log);
    let took = i64::try_from(plan.before.took_ms).unwrap_or(i64::MAX);
    Ok(KeptPlan { run: Run::of(office, recipe, planned.at, payload, End::Through(took, None)), planned })
}

/// What the page said when the form was filled in; a plan binds it.
fn seen_before(recipe: &Recipe, before: &Finding) -> String {
    if before.facts.is_empty() { String::new() } else { recipe.on_card(&before.facts) }
}

/// What stands in a field, behind what people call it where that is known.
fn labelled(recipe: &Recipe, before: &Finding, value: &str) -> String {
    let input = recipe.inputs.iter().find(|input| before.inputs.get(&input.name).is_some_and(|given| given == value));
    match input.and_then(|input| input.label.as_deref()) {
        Some(label) => format!("{label}：{value}"),
        None => value.to_owned(),
    }
}

fn payload_of(recipe: &Recipe, plan: &Plan, planned: &Planned, log: &str) -> Value {
    let before = &plan.before;
    let said: BTreeMap<String, &String> =
        planned.fields.iter().enumerate().map(|(at, field)| ((at + 1).to_string(), field)).collect();
    let stopped = before.asked.iter().filter(|asked| asked.barred.is_some()).count();
    json!({
        "recipe": before.recipe, "title": recipe.title, "account": before.account, "order": planned.order,
        "outcome": "found", "at": planned.at, "took_ms": before.took_ms, "pages": before.pages, "hash": plan.hash,
        "inputs": before.inputs, "fields": plan.fields, "said": said, "facts": before.facts,
        "pictures": before.pictures, "log_sha256": log, "intent": planned.intent, "risk": planned.risk,
        "fact": planned.fact, "requests": { "all": before.asked.len() + before.asked_more, "stopped": stopped },
    })
}

/// What the browser's word means for the action.
async fn came_to(app: &App, errand: &Errand, submitted: Submitted) -> anyhow::Result<Came> {
    Ok(match submitted {
        Submitted::Done { status, after, .. } => {
            Came::Done { status, pictures: keep_pictures(app, &after.pictures).await?, after: seen(&after) }
        }
        Submitted::Refused { status, after, .. } => {
            Came::Refused { status, pictures: pictures_after(app, &after).await? }
        }
        Submitted::Unknown { status, after, .. } => {
            let pictures = pictures_after(app, &after).await?;
            let run = no_answer(errand, app.clock.now(), pictures.first().cloned());
            Came::Unknown { status, pictures, run: Some(run) }
        }
        Submitted::NotSent(Unsent::NotClaimed) => Came::NotClaimed,
        Submitted::NotSent(Unsent::PlanChanged(plan)) => {
            let kept = kept_plan(app, errand, &errand.action.case_id, &plan).await?;
            Came::PlanChanged(Box::new(kept))
        }
        Submitted::NotSent(Unsent::Stopped(stopped)) => stopped_at(app, errand, stopped).await?,
    })
}

/// What proves that it stands in the shop.
fn seen(after: &Finding) -> Value {
    json!({ "pages": after.pages, "pictures": after.pictures, "text_sha256": after.text_sha256 })
}

async fn pictures_after(app: &App, after: &Result<Box<Finding>, Stopped>) -> anyhow::Result<Vec<String>> {
    match after {
        Ok(found) => keep_pictures(app, &found.pictures).await,
        Err(Stopped::Abnormal(_, sight) | Stopped::NotFound(sight)) => {
            keep_pictures(app, sight.picture.as_slice()).await
        }
        Err(Stopped::Trouble(_)) => Ok(Vec::new()),
    }
}

/// The recipe whose write has no answer is stopped for the store.
fn no_answer(errand: &Errand, at: i64, picture: Option<String>) -> Run {
    Run::of(&errand.office, &errand.recipe, at, Value::Null, End::Stop(Unseen::NoAnswer, picture))
}

async fn lost_run(app: &App, lost: &Action) -> anyhow::Result<Option<Run>> {
    let now = app.clock.now();
    Ok(errand(app, lost.clone()).await?.ok().map(|errand| no_answer(&errand, now, None)))
}

/// Something was in the way, and nothing was handed in.
async fn stopped_at(app: &App, errand: &Errand, stopped: Stopped) -> anyhow::Result<Came> {
    Ok(match stopped {
        Stopped::NotFound(_) => Came::NotFound,
        Stopped::Trouble(trouble) => Came::NotPossible(trouble.to_string()),
        Stopped::Abnormal(oddity, sight) => {
            let why = why(&oddity);
            let picture = keep_pictures(app, sight.picture.as_slice()).await?.pop();
            let payload = json!({ "oddity": oddity, "line": sight.line, "url": sight.url, "picture": picture });
            let end = End::Stop(why, picture);
            Came::Stopped { why, run: Run::of(&errand.office, &errand.recipe, sight.at_ms, payload, end) }
        }
    })
}

/// Writes down what an action came to. What the browser saw is held only here: a database that is busy for a moment must
/// not make it unknown.
async fn settle(app: &App, row: Row, action: Action, came: Came) -> anyhow::Result<()> {
    let came = Arc::new(came);
    for attempt in 1..SETTLE_TRIES {
        match settle_once(app, row.clone(), action.clone(), came.clone()).await {
            Ok(()) => return Ok(()),
            Err(problem) => {
                tracing::warn!(action = action.number, %problem, "an outcome could not be written down yet");
            }
        }
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
    }
    settle_once(app, row, action, came).await
}

async fn settle_once(app: &App, row: Row, action: Action, came: Arc<Came>) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                if let Some(action) = actions::take(tx, &action.id).await? {
                    settled::settle(tx, &app, &action, &came).await?;
                }
                // Somebody else has the row by now: what only this worker knows is kept all the same.
                if !queue::done(tx, Door::Outbox, &row, app.clock.now()).await? {
                    tracing::warn!(action = action.number, "an outcome came after its worker was taken for gone");
                }
                Ok(())
            })
        })
        .await
}
