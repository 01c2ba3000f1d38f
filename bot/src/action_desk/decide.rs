//! What people decide about an action: to do it exactly as shown, to leave it, to take it back, or what became of it.

use cards::{PlanAct, PlanKey};
use serde_json::json;

use super::wish::prepare;
use super::{Authority, Outcome, Planned, holds, remember, settle_cards};
use crate::case::{Refusal, Say};
use crate::chat::Desk;
use crate::evidence::{Actor, Kind};
use crate::policy::{self, Power};
use crate::store::actions::{self, Action, ActionState};
use crate::store::knowledge::care::{self, About};
use crate::store::pauses::{self, Matter};
use crate::store::{back_office, cases};
use crate::worker::{Job, Pressed};

/// What a press came to: what is said, or why it did nothing.
type Pressing = anyhow::Result<Result<Say, Say>>;

/// Somebody pressed a button of an action's card: once, and late presses are told.
///
/// # Errors
/// When the database fails.
pub(crate) async fn pressed(desk: &mut Desk<'_, '_>, key: &PlanKey, tap: &Pressed) -> anyhow::Result<()> {
    // Before any row is kept from others: a pause waits for whoever holds the register.
    pauses::hold(desk.tx).await?;
    let posting = care::card(desk.tx, &tap.task_id).await?;
    let Some(posting) = posting.filter(|posting| posting.about == About::Action && posting.code == key.code) else {
        return desk.old_card(&tap.event_key).await;
    };
    care::tapped(desk.tx, &posting.task_id, tap.code.as_deref(), desk.app.clock.now()).await?;
    let action = actions::take(desk.tx, &posting.care).await?.filter(|action| action.number == key.number);
    let Some(action) = action else { return desk.old_card(&tap.event_key).await };
    if action.code() != key.code {
        Job::SettleCare { task_id: posting.task_id, to: posting.to }
            .enqueue(desk.tx, desk.app, desk.app.clock.now())
            .await?;
        return refused(desk, &action, key.act, overtaken(&action)).await;
    }
    let came_to = match key.act {
        PlanAct::Approve => approve(desk, &action).await?,
        PlanAct::Drop => drop_it(desk, &action).await?,
        PlanAct::Happened => resolve(desk, &action, ActionState::Happened).await?,
        PlanAct::NotHappened => resolve(desk, &action, ActionState::NotHappened).await?,
        PlanAct::Undo => return undo(desk, &action).await,
    };
    match came_to {
        Ok(said) => {
            settle_cards(desk.tx, desk.app, &action).await?;
            desk.say(said).await
        }
        Err(said) => refused(desk, &action, key.act, said).await,
    }
}

/// The card was about something else than there is now.
fn overtaken(action: &Action) -> Say {
    action.say("action.overtaken").with_key("state", super::shown::state_key(action.state))
}

/// A press that did nothing: said, and on the case's record.
async fn refused(desk: &mut Desk<'_, '_>, action: &Action, act: PlanAct, say: Say) -> anyhow::Result<()> {
    let actor = Actor::Person(desk.person.id.clone());
    let more = json!({ "refusal": say.key, "act": act, "round": action.round });
    remember(desk.tx, desk.app, action, (Kind::Refused, actor), more).await?;
    desk.say(say).await
}

async fn approve(desk: &mut Desk<'_, '_>, action: &Action) -> Pressing {
    let Some(planned) = action.planned().filter(|_| action.state == ActionState::Waiting) else {
        return Ok(Err(overtaken(action)));
    };
    if let Some(obstacle) = obstacle(desk, action, &planned).await? {
        return Ok(Err(obstacle));
    }
    let (person, at) = (desk.person.id.clone(), desk.app.clock.now());
    let authority = Authority { person, at, hash: planned.hash, turn: pauses::turn(desk.tx).await? };
    if !actions::approved(desk.tx, &action.id, &serde_json::to_string(&authority)?).await? {
        return Ok(Err(overtaken(action)));
    }
    let actor = Actor::Person(desk.person.id.clone());
    let more = json!({ "authority": authority, "round": action.round });
    remember(desk.tx, desk.app, action, (Kind::ActionApproved, actor), more).await?;
    let job = Job::SubmitAction { action: action.id.clone() };
    job.enqueue(desk.tx, desk.app, at).await?;
    Ok(Ok(action.say("action.approved")))
}

/// What stands in the way of an approval, if anything does.
async fn obstacle(desk: &mut Desk<'_, '_>, action: &Action, planned: &Planned) -> anyhow::Result<Option<Say>> {
    let high_risk = match permitted(desk, action, planned) {
        Ok(power) => power == Power::DecideHighRisk,
        Err(say) => return Ok(Some(say)),
    };
    if !holds(desk.tx, desk.app, desk.desk, action).await? {
        return Ok(Some(action.say("action.answer_withdrawn")));
    }
    let matter = Matter::risky(&action.channel, &action.conversation, high_risk, &desk.desk.desk);
    if let Some(pause) = pauses::covering(desk.tx, matter).await? {
        let number = cases::load(desk.tx, &action.case_id).await?.map_or(0, |case| case.number);
        return Ok(Some(Refusal::Paused { by: pause.person }.say(number)));
    }
    let runs = back_office::runs_of(desk.tx, &action.store, &action.recipe).await?;
    let stopped = runs.is_some_and(|runs| runs.stopped_at.is_some());
    Ok(stopped.then(|| action.say("action.recipe_stopped")))
}

/// The power by which the person may approve it here, as things are configured now.
fn permitted(desk: &Desk<'_, '_>, action: &Action, planned: &Planned) -> Result<Power, Say> {
    match allowed(&desk.desk.desk, action, planned) {
        None => Err(action.say("action.not_allowed")),
        Some((power, channel)) => match policy::may(desk.person, power, Some(channel)) {
            Ok(()) => Ok(power),
            Err(denied) => Err(Say::new(denied.key())),
        },
    }
}

/// The power that approves an action and the channel it is for, as long as it may be handed in there.
pub(crate) fn allowed<'a>(
    desk: &'a crate::desk::Desk,
    action: &Action,
    planned: &Planned,
) -> Option<(Power, &'a crate::desk::Channel)> {
    let (channel, office) = (desk.channel(&action.channel)?, desk.back_office(&action.store)?);
    let configured = policy::offer(office, channel, planned.intent, &action.name).ok()?;
    policy::hands_in(office).then(|| (policy::power_to_approve(configured, planned.risk), channel))
}

async fn drop_it(desk: &mut Desk<'_, '_>, action: &Action) -> Pressing {
    let channel = desk.desk.desk.channel(&action.channel);
    if let Err(denied) = policy::may(desk.person, Power::Decide, channel) {
        return Ok(Err(Say::new(denied.key())));
    }
    if !actions::settle(desk.tx, &action.id, ActionState::Waiting, ActionState::Dropped, None).await? {
        return Ok(Err(overtaken(action)));
    }
    let actor = Actor::Person(desk.person.id.clone());
    remember(desk.tx, desk.app, action, (Kind::ActionDropped, actor), json!({ "round": action.round })).await?;
    Ok(Ok(action.say("action.dropped")))
}

/// A person has looked in the shop what became of it.
async fn resolve(desk: &mut Desk<'_, '_>, action: &Action, how: ActionState) -> Pressing {
    let channel = desk.desk.desk.channel(&action.channel);
    if let Err(denied) = policy::may(desk.person, Power::Decide, channel) {
        return Ok(Err(Say::new(denied.key())));
    }
    let said_by = Some((desk.person.id.clone(), desk.app.clock.now()));
    let outcome = serde_json::to_string(&Outcome { said_by, ..action.came_to() })?;
    if !actions::settle(desk.tx, &action.id, ActionState::Unknown, how, Some(&outcome)).await? {
        return Ok(Err(overtaken(action)));
    }
    let actor = Actor::Person(desk.person.id.clone());
    remember(desk.tx, desk.app, action, (Kind::ActionResolved, actor), json!({ "how": how.as_str() })).await?;
    let key = if how == ActionState::Happened { "action.happened" } else { "action.not_happened" };
    Ok(Ok(action.say(key)))
}

/// Taking back is an action of its own: prepared, shown and approved like any other.
async fn undo(desk: &mut Desk<'_, '_>, action: &Action) -> anyhow::Result<()> {
    let recipe = action.planned().and_then(|planned| planned.undo);
    let (Some(recipe), ActionState::Done) = (recipe, action.state) else {
        return refused(desk, action, PlanAct::Undo, overtaken(action)).await;
    };
    let channel = desk.desk.desk.channel(&action.channel);
    if let Err(denied) = policy::may(desk.person, Power::Decide, channel) {
        return refused(desk, action, PlanAct::Undo, Say::new(denied.key())).await;
    }
    if actions::is_undone(desk.tx, &action.id).await? {
        return refused(desk, action, PlanAct::Undo, action.say("action.undone_already")).await;
    }
    let now = desk.app.clock.now();
    let undoing = Action {
        id: desk.app.ids.next(now)?,
        number: actions::next_number(desk.tx).await?,
        recipe,
        asked_by: desk.person.id.clone(),
        asked_at: now,
        undoes: Some(action.id.clone()),
        ..action.clone().anew()
    };
    let title = action.planned().map(|planned| planned.title).unwrap_or_default();
    let label = desk.desk.words().text("action.undo_of", &[("title", &title)]);
    prepare(desk, &undoing, &label).await
}
