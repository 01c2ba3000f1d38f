//! Pausing and resuming. Pausing is easy and acts at once; resuming is explicit, and for the whole desk it
//! takes two people.

use std::collections::BTreeSet;

use cards::PauseScope;
use serde_json::json;

use super::Desk;
use crate::case::{Case, Say};
use crate::command::ScopeArg;
use crate::desk::{Channel, Role};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Power};
use crate::store::pauses::{self, Pause, Scope};
use crate::store::{cases, record, sends};
use crate::worker::apply;

/// A pause from a card, with the scope chosen there.
///
/// # Errors
/// When the database fails.
pub async fn pause_from_card(desk: &mut Desk<'_, '_>, case: &Case, scope: PauseScope) -> anyhow::Result<()> {
    let scope = match scope {
        PauseScope::Conversation => Scope::Conversation(case.conversation.clone()),
        PauseScope::Channel => Scope::Channel(case.channel.clone()),
        PauseScope::Everything => Scope::Everything,
    };
    declare(desk, scope, &case.channel, String::new()).await?;
    apply::announce(desk.tx, desk.app, case, &desk.person.id, desk.member).await
}

pub(super) async fn pause(desk: &mut Desk<'_, '_>, scope: Option<ScopeArg>, why: Option<String>) -> anyhow::Result<()> {
    let why = why.unwrap_or_default();
    // In a hurry people write the reason where the scope goes: then everything stops.
    if let Some(ScopeArg::Channel(name)) = &scope
        && channel_named(desk, name).is_none()
    {
        let why = format!("{name} {why}");
        return declare(desk, Scope::Everything, "", why.trim().to_owned()).await;
    }
    let Some((scope, channel)) = resolve(desk, scope).await? else { return Ok(()) };
    declare(desk, scope, &channel, why).await
}

fn channel_named<'a>(desk: &'a Desk<'_, '_>, name: &str) -> Option<&'a Channel> {
    desk.desk.desk.channels.iter().find(|c| c.id == name || c.label() == name || c.store == name)
}

/// The scope somebody named, and the channel whose people may speak for it.
async fn resolve(desk: &mut Desk<'_, '_>, scope: Option<ScopeArg>) -> anyhow::Result<Option<(Scope, String)>> {
    match scope.unwrap_or(ScopeArg::Everything) {
        ScopeArg::Everything => Ok(Some((Scope::Everything, String::new()))),
        ScopeArg::Channel(name) => {
            let Some(channel) = channel_named(desk, &name).map(|c| c.id.clone()) else {
                desk.say(Say::new("told.no_such_channel").with("name", name)).await?;
                return Ok(None);
            };
            Ok(Some((Scope::Channel(channel.clone()), channel)))
        }
        ScopeArg::Conversation(number) => {
            let Some(case) = cases::by_number(desk.tx, number).await? else {
                desk.say(Say::new("told.no_such_case").with("number", number)).await?;
                return Ok(None);
            };
            Ok(Some((Scope::Conversation(case.conversation), case.channel)))
        }
    }
}

async fn declare(desk: &mut Desk<'_, '_>, scope: Scope, channel: &str, why: String) -> anyhow::Result<()> {
    let power = match scope {
        Scope::Everything => Power::PauseEverything,
        Scope::Channel(_) => Power::PauseChannel,
        Scope::Conversation(_) => Power::PauseConversation,
    };
    if let Err(denied) = policy::may(desk.person, power, desk.desk.desk.channel(channel)) {
        return desk.denied(&denied).await;
    }
    let now = desk.app.clock.now();
    let id = desk.app.ids.next(now)?;
    pauses::declare(desk.tx, &id, &scope, &desk.person.id, &why, now).await?;
    let in_flight = in_flight(desk, &scope).await?;
    let (name, target) = scope.parts();
    let payload = json!({ "pause": id, "scope": name, "target": target, "why": why, "in_flight": in_flight });
    record_act(desk, &scope, Kind::Paused, payload).await?;
    acknowledge(desk, &scope, &in_flight).await?;
    tell_others(desk, &scope, channel).await
}

/// Numbers of the cases whose message may be under way right now, within the scope.
async fn in_flight(desk: &mut Desk<'_, '_>, scope: &Scope) -> anyhow::Result<BTreeSet<i64>> {
    let mut numbers = BTreeSet::new();
    for send in sends::in_flight(desk.tx).await? {
        let Some(case) = cases::load(desk.tx, &send.case_id).await? else { continue };
        let covered = match scope {
            Scope::Everything => true,
            Scope::Channel(channel) => *channel == case.channel,
            Scope::Conversation(conversation) => *conversation == case.conversation,
        };
        if covered {
            numbers.insert(case.number);
        }
    }
    Ok(numbers)
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

async fn acknowledge(desk: &mut Desk<'_, '_>, scope: &Scope, in_flight: &BTreeSet<i64>) -> anyhow::Result<()> {
    let list = in_flight.iter().map(|n| format!("#{n}")).collect::<Vec<_>>().join(" ");
    let key = if in_flight.is_empty() { "told.paused" } else { "told.paused_in_flight" };
    let say = named(desk, Say::new(key), scope).await?;
    desk.say(say.with("in_flight", list)).await
}

/// Fills in what the scope is called.
async fn named(desk: &mut Desk<'_, '_>, say: Say, scope: &Scope) -> anyhow::Result<Say> {
    Ok(match scope {
        Scope::Everything => say.with_key("scope", "pause.everything"),
        Scope::Channel(id) => say.with("scope", desk.desk.desk.channel(id).map_or(id.as_str(), Channel::label)),
        Scope::Conversation(id) => {
            let newest = crate::store::conversations::load(desk.tx, id).await?.and_then(|c| c.case_id);
            let case = match newest {
                Some(case) => cases::load(desk.tx, &case).await?,
                None => None,
            };
            say.with("scope", case.map_or_else(|| id.clone(), |c| format!("#{}", c.number)))
        }
    })
}

/// Everybody whose cards stop working hears it.
async fn tell_others(desk: &mut Desk<'_, '_>, scope: &Scope, channel: &str) -> anyhow::Result<()> {
    let whole_desk = *scope == Scope::Everything;
    let concerned = |person: &&crate::desk::Person| {
        let here = desk
            .desk
            .desk
            .channel(channel)
            .is_some_and(|c| c.permitted.contains(&person.id) || c.escalation_owner.as_ref() == Some(&person.id));
        let works = person.roles.iter().any(|role| matches!(role, Role::Reviewer | Role::Supervisor | Role::Admin));
        person.id != desk.person.id && works && (whole_desk || here)
    };
    let members: Vec<String> = desk.desk.desk.people.iter().filter(concerned).filter_map(|p| p.wecom.clone()).collect();
    let say = named(desk, Say::new("told.paused_by").with_person("by", &desk.person.id), scope).await?;
    for member in members {
        apply::queue_say(desk.tx, desk.app, &member, &say, desk.app.clock.now()).await?;
    }
    Ok(())
}

pub(super) async fn resume(desk: &mut Desk<'_, '_>, scope: Option<ScopeArg>) -> anyhow::Result<()> {
    let Some((scope, channel)) = resolve(desk, scope).await? else { return Ok(()) };
    let power = match scope {
        Scope::Everything => Power::ResumeEverything,
        Scope::Channel(_) => Power::ResumeChannel,
        Scope::Conversation(_) => Power::ResumeConversation,
    };
    if let Err(denied) = policy::may(desk.person, power, desk.desk.desk.channel(&channel)) {
        return desk.denied(&denied).await;
    }
    let (name, target) = scope.parts();
    let in_force = pauses::in_force(desk.tx).await?;
    let matching: Vec<Pause> = in_force.into_iter().filter(|p| p.scope == name && p.target == target).collect();
    if matching.is_empty() {
        return desk.say(Say::new("told.not_paused")).await;
    }
    let waits = scope == Scope::Everything && !second_person(desk, &matching);
    for pause in &matching {
        lift(desk, &scope, pause, waits).await?;
    }
    let key = if waits { "told.resume_needs_second" } else { "told.resumed" };
    let say = named(desk, Say::new(key), &scope).await?;
    desk.say(say).await
}

/// Whether somebody else already asked for the same.
fn second_person(desk: &Desk<'_, '_>, pauses: &[Pause]) -> bool {
    pauses.iter().all(|pause| pause.resume_wanted_by.as_ref().is_some_and(|by| *by != desk.person.id))
}

async fn lift(desk: &mut Desk<'_, '_>, scope: &Scope, pause: &Pause, waits: bool) -> anyhow::Result<()> {
    let now = desk.app.clock.now();
    if waits {
        return Ok(pauses::want_resume(desk.tx, &pause.id, &desk.person.id, now).await?);
    }
    pauses::lift(desk.tx, &pause.id, &desk.person.id, now).await?;
    let payload = json!({ "pause": pause.id, "first": pause.resume_wanted_by });
    record_act(desk, scope, Kind::Resumed, payload).await
}
