//! What an action came to is written down, and whoever has to know is told or asked.

use serde_json::{Value, json};

use super::act::KeptPlan;
use super::keep::kept;
use super::look::Run;
use crate::action_desk::{Outcome, Planned, allowed, remember, settle_cards, show};
use crate::app::App;
use crate::case::{Say, Unseen};
use crate::evidence::{Actor, Kind};
use crate::policy;
use crate::store::actions::{self, Action, ActionState};
use crate::store::desks::Applied;
use crate::store::{Tx, cases};
use crate::worker::apply;

/// What an action came to.
pub(super) enum Came {
    /// The form is filled in, and not handed in.
    Planned(Box<KeptPlan>),
    /// It stands in the shop, as was read back.
    Done { status: u16, pictures: Vec<String>, after: Value },
    /// The shop refused it.
    Refused { status: u16, pictures: Vec<String> },
    /// It may have been handed in, and nobody knows; the recipe is stopped.
    Unknown { status: Option<u16>, pictures: Vec<String>, run: Option<Run> },
    /// It was not claimed, or the claim was too old to act on.
    NotClaimed,
    /// What would be handed in is not what was approved.
    PlanChanged(Box<KeptPlan>),
    /// Something on the page was not as it should be; the recipe is stopped.
    Stopped { why: Unseen, run: Run },
    /// The shop has no such thing.
    NotFound,
    /// There is no way to do it now.
    NotPossible(String),
}

/// Writes down what an action came to. Nothing but what it came to may still be known only here.
pub(super) async fn settle(tx: &mut Tx, app: &App, action: &Action, came: &Came) -> anyhow::Result<()> {
    match came {
        Came::Planned(kept) => planned(tx, app, action, kept).await,
        Came::Done { status, pictures, after } => {
            let came_to = (ActionState::Done, Some(*status), pictures.clone());
            answered(tx, app, action, came_to, after.clone()).await
        }
        Came::Refused { status, pictures } => {
            let came_to = (ActionState::Refused, Some(*status), pictures.clone());
            answered(tx, app, action, came_to, Value::Null).await
        }
        Came::Unknown { status, pictures, run } => {
            let came_to = (ActionState::Unknown, *status, pictures.clone());
            answered(tx, app, action, came_to, Value::Null).await?;
            stop(tx, app, action, run.as_ref()).await
        }
        // Where it was not claimed at all, that was written down when the claim was refused.
        Came::NotClaimed if action.state == ActionState::Submitting => {
            back_to_review(tx, app, action, "too_late").await
        }
        Came::NotClaimed => Ok(()),
        Came::PlanChanged(kept) => changed(tx, app, action, kept).await,
        Came::Stopped { why, run } => {
            let say = action.say("action.stopped").with_key("why", why.key());
            not_done(tx, app, action, say, json!({ "why": why, "seen": run.payload })).await?;
            stop(tx, app, action, Some(run)).await
        }
        Came::NotFound => {
            not_done(tx, app, action, action.say("action.not_found"), json!({ "why": "not_found" })).await
        }
        Came::NotPossible(problem) => {
            let say = action.say("action.not_possible").with("problem", problem);
            not_done(tx, app, action, say, json!({ "why": "not_possible", "problem": problem })).await
        }
    }
}

/// A recipe is stopped for the store where something was not as it should be, or has no answer.
async fn stop(tx: &mut Tx, app: &App, action: &Action, run: Option<&Run>) -> anyhow::Result<()> {
    let Some(run) = run else { return Ok(()) };
    let case = cases::load(tx, &action.case_id).await?;
    kept(tx, app, case.as_ref(), run).await
}

async fn planned(tx: &mut Tx, app: &App, action: &Action, plan: &KeptPlan) -> anyhow::Result<()> {
    if action.state != ActionState::Preparing {
        return Ok(());
    }
    let desk = app.desk(tx).await?;
    let approved_here = allowed(&desk.desk, action, &plan.planned).is_some();
    let state = if approved_here { ActionState::Waiting } else { ActionState::Filled };
    let shown = plan_shown(tx, app, action, plan, state).await?;
    stop(tx, app, action, Some(&plan.run)).await?;
    let whom = approver(&desk, &shown, &plan.planned);
    if whom != shown.asked_by {
        let say = shown.say("action.to_above").with_person("to", &whom);
        tell(tx, app, &desk, &shown.asked_by, &say).await?;
    }
    show(tx, app, &desk, &shown, &whom).await
}

/// Stores a plan for a decision, on record before anybody sees it.
async fn plan_shown(
    tx: &mut Tx,
    app: &App,
    action: &Action,
    plan: &KeptPlan,
    state: ActionState,
) -> anyhow::Result<Action> {
    actions::planned(tx, &action.id, state, &serde_json::to_string(&plan.planned)?).await?;
    remember(tx, app, action, (Kind::ActionPlanned, Actor::System), plan.run.payload.clone()).await?;
    Ok(actions::load(tx, &action.id).await?.unwrap_or_else(|| action.clone()))
}

/// Who decides about it: whoever asked for it where they may, else whoever is above.
fn approver(desk: &Applied, action: &Action, planned: &Planned) -> String {
    let Some((power, channel)) = allowed(&desk.desk, action, planned) else { return action.asked_by.clone() };
    let may =
        desk.desk.person(&action.asked_by).is_some_and(|person| policy::may(person, power, Some(channel)).is_ok());
    match &channel.escalation_owner {
        Some(owner) if !may => owner.clone(),
        _ => action.asked_by.clone(),
    }
}

/// What was claimed has an outcome, or is given up as unknown. A worker that was taken for gone may still know better.
async fn answered(
    tx: &mut Tx,
    app: &App,
    action: &Action,
    (to, status, pictures): (ActionState, Option<u16>, Vec<String>),
    after: Value,
) -> anyhow::Result<()> {
    let outcome = Outcome { status, pictures, said_by: None };
    let written = serde_json::to_string(&outcome)?;
    let late = to != ActionState::Unknown;
    let settled = actions::settle(tx, &action.id, ActionState::Submitting, to, Some(&written)).await?
        || (late && actions::settle(tx, &action.id, ActionState::Unknown, to, Some(&written)).await?);
    if !settled && !late {
        return Ok(());
    }
    let planned = action.planned();
    // What a person said meanwhile stands; what the shop answered is on record beside it.
    let more = json!({ "result": to.as_str(), "status": status, "after": after, "outcome": "found",
        "too_late": !settled, "at": app.clock.now(), "title": planned.as_ref().map(|planned| &planned.title),
        "order": planned.as_ref().map(|planned| &planned.order),
        "pictures": outcome.pictures.iter().map(|sha256| json!({ "sha256": sha256 })).collect::<Vec<_>>() });
    remember(tx, app, action, (Kind::ActionSettled, Actor::System), more).await?;
    let Some(action) = actions::load(tx, &action.id).await?.filter(|_| settled) else { return Ok(()) };
    settle_cards(tx, app, &action).await?;
    tell_outcome(tx, app, &action).await
}

/// Whoever approved it sees what became of it; where nobody knows, whoever is above is asked too.
async fn tell_outcome(tx: &mut Tx, app: &App, action: &Action) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let approver = action.authority().map_or_else(|| action.asked_by.clone(), |authority| authority.person);
    show(tx, app, &desk, action, &approver).await?;
    let channel = desk.desk.channel(&action.channel);
    match (action.state, channel.and_then(|channel| channel.escalation_owner.as_ref())) {
        (ActionState::Unknown, Some(above)) if *above != approver => show(tx, app, &desk, action, above).await?,
        _ => {}
    }
    if action.asked_by != approver && action.state == ActionState::Done {
        tell(tx, app, &desk, &action.asked_by, &action.say("action.done")).await?;
    }
    Ok(())
}

/// An approval lost its force before it was used: what was approved is shown again.
pub(super) async fn back_to_review(tx: &mut Tx, app: &App, action: &Action, why: &'static str) -> anyhow::Result<()> {
    let (Some(plan), approver) = (&action.plan, action.authority().map(|authority| authority.person)) else {
        return Ok(());
    };
    remember(tx, app, action, (Kind::AuthorityVoided, Actor::System), json!({ "why": why })).await?;
    actions::planned(tx, &action.id, ActionState::Waiting, plan).await?;
    let Some(again) = actions::load(tx, &action.id).await? else { return Ok(()) };
    shown_again(tx, app, &again, approver, why).await
}

/// What would be handed in is not what was approved: nothing was, and the new plan needs a decision of its own.
async fn changed(tx: &mut Tx, app: &App, action: &Action, plan: &KeptPlan) -> anyhow::Result<()> {
    if action.state != ActionState::Approved {
        return Ok(());
    }
    let approver = action.authority().map(|authority| authority.person);
    remember(tx, app, action, (Kind::AuthorityVoided, Actor::System), json!({ "why": "plan_changed" })).await?;
    let again = plan_shown(tx, app, action, plan, ActionState::Waiting).await?;
    shown_again(tx, app, &again, approver, "plan_changed").await
}

async fn shown_again(
    tx: &mut Tx,
    app: &App,
    action: &Action,
    approver: Option<String>,
    why: &str,
) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let approver = approver.unwrap_or_else(|| action.asked_by.clone());
    settle_cards(tx, app, action).await?;
    let say = action.say("action.voided").with_key("why", &format!("voided.{why}"));
    tell(tx, app, &desk, &approver, &say).await?;
    show(tx, app, &desk, action, &approver).await
}

/// Nothing was handed in, and it is over: whoever wants it asks again.
async fn not_done(tx: &mut Tx, app: &App, action: &Action, say: Say, why: Value) -> anyhow::Result<()> {
    let from = action.state;
    let open = matches!(from, ActionState::Preparing | ActionState::Approved | ActionState::Submitting);
    if !open || !actions::settle(tx, &action.id, from, ActionState::Stopped, None).await? {
        return Ok(());
    }
    let more = json!({ "result": "not_sent", "why": why });
    remember(tx, app, action, (Kind::ActionSettled, Actor::System), more).await?;
    settle_cards(tx, app, action).await?;
    let whom = action.authority().map_or_else(|| action.asked_by.clone(), |authority| authority.person);
    let desk = app.desk(tx).await?;
    tell(tx, app, &desk, &whom, &say).await
}

async fn tell(tx: &mut Tx, app: &App, desk: &Applied, person: &str, say: &Say) -> anyhow::Result<()> {
    match app.address_of(&desk.desk, person) {
        Some(to) => apply::queue_say(tx, app, &to, say, app.clock.now()).await,
        None => Ok(()),
    }
}
