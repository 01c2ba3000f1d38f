//! Pausing and resuming. Pausing is easy and acts at once; resuming is explicit, and for the whole desk it
//! takes two people.

mod target;

use std::collections::BTreeSet;

use cards::PauseScope;
use serde_json::json;

use target::Target;
pub(super) use target::scope_named;

use super::{Desk, act};
use crate::case::{Case, Say};
use crate::chaos;
use crate::clock::{MINUTE, Timestamp};
use crate::command::ScopeArg;
use crate::desk::{Person, Role};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Power};
use crate::store::actions::{self, Action};
use crate::store::pauses::{self, Pause, Place, Scope};
use crate::store::{cases, conversations, record, sends};
use crate::worker::{Job, apply};

/// How long the first of two people's wish to resume stands.
const WISH_STANDS: Timestamp = 10 * MINUTE;

/// A pause from a card, with the scope chosen there. Its card comes back as it stands then, to whoever may see it.
///
/// # Errors
/// When the database fails.
pub async fn pause_from_card(desk: &mut Desk<'_, '_>, case: &Case, scope: PauseScope) -> anyhow::Result<()> {
    let scope = match scope {
        PauseScope::Conversation => Scope::Conversation(case.conversation.clone()),
        PauseScope::Channel => Scope::Channel(case.channel.clone()),
        PauseScope::Everything => Scope::Everything,
    };
    let declared = declare(desk, vec![Target { scope, channel: case.channel.clone() }], String::new()).await?;
    let sees = policy::may(desk.person, Power::SeeCase, desk.desk.desk.channel(&case.channel)).is_ok();
    if declared && sees {
        apply::announce(desk.tx, desk.app, case, &desk.person.id, desk.from).await?;
    }
    Ok(())
}

pub(super) async fn pause(desk: &mut Desk<'_, '_>, scope: Option<ScopeArg>, why: Option<String>) -> anyhow::Result<()> {
    let (scope, why) = target::without_reason(desk, scope, why.unwrap_or_default()).await?;
    let targets = target::resolve(desk, scope).await?;
    if targets.is_empty() {
        return Ok(());
    }
    declare(desk, targets, why).await.map(drop)
}

/// The targets the person has the power for; what is denied is said, and on record.
async fn permitted(
    desk: &mut Desk<'_, '_>,
    targets: Vec<Target>,
    power: fn(&Scope) -> Power,
) -> anyhow::Result<Vec<Target>> {
    let mut allowed = Vec::new();
    let mut denied = None;
    for target in targets {
        match policy::may(desk.person, power(&target.scope), desk.desk.desk.channel(&target.channel)) {
            Ok(()) => allowed.push(target),
            Err(why) => denied = Some(why),
        }
    }
    if let Some(denied) = denied {
        desk.denied(&denied).await?;
    }
    Ok(allowed)
}

/// Pauses what the person may pause; whether that was anything.
async fn declare(desk: &mut Desk<'_, '_>, targets: Vec<Target>, why: String) -> anyhow::Result<bool> {
    let targets = permitted(desk, targets, target::power_to_pause).await?;
    if targets.is_empty() {
        return Ok(false);
    }
    let now = desk.app.clock.now();
    let mut under_way = BTreeSet::new();
    for Target { scope, .. } in &targets {
        let id = desk.app.ids.next(now)?;
        pauses::declare(desk.tx, &id, scope, &desk.person.id, &why, now).await?;
        chaos::point("pausing.declared");
        let in_flight = in_flight(desk, scope).await?;
        let (name, target) = scope.parts();
        let payload = json!({ "pause": id, "scope": name, "target": target, "why": why, "in_flight": in_flight });
        record_act(desk, scope, Kind::Paused, payload).await?;
        under_way.extend(in_flight);
    }
    act::deal(desk).await?;
    acknowledge(desk, &targets, &under_way).await?;
    chaos::point("pausing.acknowledged");
    tell_others(desk, &targets, "told.paused_by", &[]).await?;
    Ok(true)
}

/// What may be under way right now, within the scope: `#` and the case's number, else the customer.
async fn in_flight(desk: &mut Desk<'_, '_>, scope: &Scope) -> anyhow::Result<BTreeSet<String>> {
    let mut numbers = actions_under_way(desk, scope).await?;
    // What a colleague was handed cannot be called back: they may still send it.
    let in_hand = sends::in_hand(desk.tx).await?;
    for send in sends::in_flight(desk.tx).await?.into_iter().chain(in_hand) {
        let Some(open) = conversations::load(desk.tx, &send.conversation).await? else { continue };
        // A greeting belongs to no case: its customer is named instead.
        let case = cases::load(desk.tx, &send.case_id).await?;
        let concerned = !matches!(scope, Scope::HighRisk(_)) || case.as_ref().is_some_and(Case::is_high_risk);
        if concerned && target::reaches(desk, scope, &open.channel, &open.id) {
            numbers.insert(case.map_or_else(|| open.called().to_owned(), |case| format!("#{}", case.number)));
        }
    }
    Ok(numbers)
}

/// Actions in back offices that may be on their way, within the scope: `A` and the action's number.
async fn actions_under_way(desk: &mut Desk<'_, '_>, scope: &Scope) -> anyhow::Result<BTreeSet<String>> {
    let under_way = actions::under_way(desk.tx).await?;
    let covered = |action: &Action| target::reaches(desk, scope, &action.channel, &action.conversation);
    Ok(under_way.iter().filter(|action| covered(action)).map(|action| format!("A{}", action.number)).collect())
}

async fn record_act(
    desk: &mut Desk<'_, '_>,
    scope: &Scope,
    kind: Kind,
    payload: serde_json::Value,
) -> anyhow::Result<()> {
    let chain = match scope {
        Scope::Conversation(conversation) => record::chain_of(conversation),
        _ => record::DESK.to_owned(),
    };
    let entry = Entry { kind, actor: Actor::Person(desk.person.id.clone()), payload };
    record::append(desk.tx, desk.app, &chain, None, &entry).await
}

async fn acknowledge(desk: &mut Desk<'_, '_>, targets: &[Target], in_flight: &BTreeSet<String>) -> anyhow::Result<()> {
    let list = in_flight.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let key = if in_flight.is_empty() { "told.paused" } else { "told.paused_in_flight" };
    let scope = target::named(desk, targets).await?;
    desk.say(Say::new(key).with("scope", scope).with("in_flight", list)).await
}

/// Whether somebody's cards stop working, and work again, with this scope.
fn concerns(desk: &Desk<'_, '_>, person: &Person, target: &Target) -> bool {
    let channel = desk.desk.desk.channel(&target.channel);
    let wide = matches!(target.scope, Scope::Everything | Scope::HighRisk(Place::Everywhere | Place::Region(_)));
    let here =
        channel.is_some_and(|c| c.permitted.contains(&person.id) || c.escalation_owner.as_ref() == Some(&person.id));
    let works = person.roles.iter().any(|role| matches!(role, Role::Reviewer | Role::Supervisor | Role::Admin));
    works && (wide || here)
}

/// Everybody whom the scopes concern hears it, and whoever paused them.
async fn tell_others(
    desk: &mut Desk<'_, '_>,
    targets: &[Target],
    key: &str,
    paused_by: &[(Scope, String)],
) -> anyhow::Result<()> {
    let applied = desk.desk;
    for person in applied.desk.people.iter().filter(|p| p.id != desk.person.id) {
        let declared = |t: &Target| paused_by.iter().any(|(scope, by)| *scope == t.scope && *by == person.id);
        let theirs = targets.iter().filter(|t| concerns(desk, person, t) || declared(t));
        let theirs: Vec<Target> = theirs.cloned().collect();
        let Some(to) = desk.app.address(person).filter(|_| !theirs.is_empty()) else { continue };
        let scope = target::named(desk, &theirs).await?;
        let say = Say::new(key).with_person("by", &desk.person.id).with("scope", scope);
        let inform = Job::Inform { to, say };
        inform.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    }
    Ok(())
}

pub(super) async fn resume(desk: &mut Desk<'_, '_>, scope: Option<ScopeArg>) -> anyhow::Result<()> {
    // Two who resume at the same time are two people.
    pauses::hold_alone(desk.tx).await?;
    let named_targets = target::resolve(desk, scope).await?;
    if named_targets.is_empty() {
        return Ok(());
    }
    let targets = permitted(desk, named_targets, target::power_to_resume).await?;
    if targets.is_empty() {
        return Ok(());
    }
    let in_force = pauses::in_force(desk.tx).await?;
    let (mut resumed, mut paused_by) = (Vec::new(), Vec::new());
    for target in targets {
        let (name, id) = target.scope.parts();
        let matching: Vec<&Pause> = in_force.iter().filter(|p| p.scope == name && p.target == id).collect();
        if target.scope == Scope::Everything && !matching.is_empty() && !second_person(desk, &matching) {
            return want(desk, &target, &matching).await;
        }
        for pause in &matching {
            lift(desk, &target.scope, pause).await?;
            paused_by.push((target.scope.clone(), pause.person.clone()));
        }
        if !matching.is_empty() {
            resumed.push(target);
        }
    }
    if resumed.is_empty() {
        return desk.say(Say::new("told.not_paused")).await;
    }
    act::deal(desk).await?;
    let scope = target::named(desk, &resumed).await?;
    desk.say(Say::new("told.resumed").with("scope", scope)).await?;
    tell_others(desk, &resumed, "told.resumed_by", &paused_by).await
}

/// Whoever asked to lift a pause, as long as the wish stands.
fn wished<'a>(desk: &Desk<'_, '_>, pause: &'a Pause) -> Option<&'a str> {
    let stands = pause.resume_wanted_at.is_some_and(|at| desk.app.clock.now() - at <= WISH_STANDS);
    pause.resume_wanted_by.as_deref().filter(|_| stands)
}

/// Whether somebody else already asked for the same.
fn second_person(desk: &Desk<'_, '_>, pauses: &[&Pause]) -> bool {
    pauses.iter().all(|pause| wished(desk, pause).is_some_and(|by| by != desk.person.id))
}

/// The first of two people: on record, and the others who could be the second hear of it, once.
async fn want(desk: &mut Desk<'_, '_>, target: &Target, pauses: &[&Pause]) -> anyhow::Result<()> {
    let now = desk.app.clock.now();
    let again = pauses.iter().all(|pause| wished(desk, pause) == Some(desk.person.id.as_str()));
    for pause in pauses {
        pauses::want_resume(desk.tx, &pause.id, &desk.person.id, now).await?;
        record_act(desk, &target.scope, Kind::ResumeWanted, json!({ "pause": pause.id })).await?;
    }
    let scope = target::named(desk, std::slice::from_ref(target)).await?;
    desk.say(Say::new("told.resume_needs_second").with("scope", &scope)).await?;
    let could = |p: &&Person| p.id != desk.person.id && policy::may(p, Power::ResumeEverything, None).is_ok();
    let others = desk.desk.desk.people.iter().filter(could).filter_map(|p| desk.app.address(p));
    let say = Say::new("told.resume_wanted").with_person("by", &desk.person.id).with("scope", scope);
    for to in others.collect::<Vec<_>>().into_iter().filter(|_| !again) {
        apply::queue_say(desk.tx, desk.app, &to, &say, now).await?;
    }
    Ok(())
}

async fn lift(desk: &mut Desk<'_, '_>, scope: &Scope, pause: &Pause) -> anyhow::Result<()> {
    pauses::lift(desk.tx, &pause.id, &desk.person.id, desk.app.clock.now()).await?;
    chaos::point("resume.lifted");
    let payload = json!({ "pause": pause.id, "first": pause.resume_wanted_by });
    record_act(desk, scope, Kind::Resumed, payload).await
}
