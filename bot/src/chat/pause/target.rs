//! What somebody means by the scope of a pause, who may speak for it, and what it is called.

use crate::case::Say;
use crate::chat::Desk;
use crate::command::ScopeArg;
use crate::desk::Channel;
use crate::policy::Power;
use crate::store::pauses::{self, Place, Scope};
use crate::store::{cases, conversations};

/// A scope, and the channel whose people may speak for it; none for what is of no single channel.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) scope: Scope,
    pub(super) channel: String,
}

impl Target {
    fn of_no_channel(scope: Scope) -> Self {
        Self { scope, channel: String::new() }
    }
}

/// In a hurry people write the reason where the scope goes: then all of it stops.
pub(super) async fn without_reason(
    desk: &mut Desk<'_, '_>,
    scope: Option<ScopeArg>,
    why: String,
) -> anyhow::Result<(Option<ScopeArg>, String)> {
    let longer = |name: &str| format!("{name} {why}").trim().to_owned();
    Ok(match scope {
        Some(ScopeArg::Channel(name)) if channels_named(desk, &name).is_empty() => {
            (Some(ScopeArg::Everything), longer(&name))
        }
        Some(ScopeArg::HighRisk(Some(name))) if places_named(desk, &name).await?.is_empty() => {
            (Some(ScopeArg::HighRisk(None)), longer(&name))
        }
        scope => (scope, why),
    })
}

/// The scopes somebody named; where there are none, they are told.
pub(super) async fn resolve(desk: &mut Desk<'_, '_>, scope: Option<ScopeArg>) -> anyhow::Result<Vec<Target>> {
    match scope.unwrap_or(ScopeArg::Everything) {
        ScopeArg::Everything => Ok(vec![Target::of_no_channel(Scope::Everything)]),
        ScopeArg::HighRisk(None) => Ok(vec![Target::of_no_channel(Scope::HighRisk(Place::Everywhere))]),
        ScopeArg::HighRisk(Some(name)) => {
            let targets = places_named(desk, &name).await?;
            or_told(desk, targets, Say::new("told.no_such_place").with("name", name)).await
        }
        ScopeArg::Channel(name) => {
            let channels = channels_named(desk, &name).into_iter();
            let targets = channels.map(|id| Target { scope: Scope::Channel(id.clone()), channel: id }).collect();
            or_told(desk, targets, Say::new("told.no_such_channel").with("name", name)).await
        }
        ScopeArg::Conversation(number) => {
            let case = cases::by_number(desk.tx, number).await?;
            let target =
                case.map(|case| Target { scope: Scope::Conversation(case.conversation), channel: case.channel });
            let none = Say::new("told.no_such_case").with("number", number);
            or_told(desk, target.into_iter().collect(), none).await
        }
    }
}

async fn or_told(desk: &mut Desk<'_, '_>, targets: Vec<Target>, none: Say) -> anyhow::Result<Vec<Target>> {
    if targets.is_empty() {
        desk.say(none).await?;
    }
    Ok(targets)
}

/// The channels somebody means: by id, by name, or all of a store.
fn channels_named(desk: &Desk<'_, '_>, name: &str) -> Vec<String> {
    let meant = |c: &&Channel| c.id == name || c.label() == name || c.store == name;
    desk.desk.desk.channels.iter().filter(meant).map(|channel| channel.id.clone()).collect()
}

/// Where somebody means to hold what is of high risk: in a region, else on channels.
async fn places_named(desk: &mut Desk<'_, '_>, name: &str) -> anyhow::Result<Vec<Target>> {
    if let Some(region) = region_named_so(desk, name).await? {
        return Ok(vec![Target::of_no_channel(Scope::HighRisk(Place::Region(region)))]);
    }
    let on = |id: String| Target { scope: Scope::HighRisk(Place::Channel(id.clone())), channel: id };
    Ok(channels_named(desk, name).into_iter().map(on).collect())
}

/// The region of this name that a pause is in force for, which has to be found again even when nothing else names it any
/// more; else one that a channel has, or the knowledge knows.
async fn region_named_so(desk: &mut Desk<'_, '_>, name: &str) -> anyhow::Result<Option<String>> {
    let held = pauses::in_force(desk.tx).await?.into_iter().filter_map(|pause| match pause.covers() {
        Some(Scope::HighRisk(Place::Region(region))) => Some(region),
        _ => None,
    });
    let on_channels = desk.desk.desk.channels.iter().filter_map(|channel| channel.region.clone());
    if let Some(region) = held.chain(on_channels).find(|region| is_called(region, name)) {
        return Ok(Some(region));
    }
    let known = desk.app.known(desk.tx).await?;
    Ok(known.index.region_in(name).filter(|region| is_called(region, name)).map(str::to_owned))
}

fn is_called(region: &str, name: &str) -> bool {
    region.to_lowercase() == name.to_lowercase()
}

/// The power to declare a pause.
pub(super) fn power_to_pause(scope: &Scope) -> Power {
    match scope {
        Scope::Everything | Scope::HighRisk(Place::Everywhere | Place::Region(_)) => Power::PauseEverything,
        Scope::Channel(_) | Scope::HighRisk(Place::Channel(_)) => Power::PauseChannel,
        Scope::Conversation(_) => Power::PauseConversation,
    }
}

/// The power to lift one.
pub(super) fn power_to_resume(scope: &Scope) -> Power {
    match scope {
        Scope::Everything | Scope::HighRisk(Place::Everywhere | Place::Region(_)) => Power::ResumeEverything,
        Scope::Channel(_) | Scope::HighRisk(Place::Channel(_)) => Power::ResumeChannel,
        Scope::Conversation(_) => Power::ResumeConversation,
    }
}

/// Whether something of a conversation may be within a scope; where a channel has no region, it may be in any.
pub(super) fn reaches(desk: &Desk<'_, '_>, scope: &Scope, channel: &str, conversation: &str) -> bool {
    match scope {
        Scope::Everything | Scope::HighRisk(Place::Everywhere) => true,
        Scope::Channel(id) | Scope::HighRisk(Place::Channel(id)) => id == channel,
        Scope::Conversation(id) => id == conversation,
        Scope::HighRisk(Place::Region(name)) => {
            let region = desk.desk.desk.channel(channel).and_then(|channel| channel.region.as_deref());
            region.is_none_or(|region| is_called(region, name))
        }
    }
}

/// What scopes are called.
pub(super) async fn named(desk: &mut Desk<'_, '_>, targets: &[Target]) -> anyhow::Result<String> {
    let mut names = Vec::new();
    for target in targets {
        names.push(scope_named(desk, &target.scope).await?);
    }
    Ok(names.join("、"))
}

/// What a scope is called.
///
/// # Errors
/// When the database fails.
pub(in crate::chat) async fn scope_named(desk: &mut Desk<'_, '_>, scope: &Scope) -> anyhow::Result<String> {
    let words = desk.desk.words();
    let held = |place: &str| words.text("pause.high_risk", &[("place", place)]);
    Ok(match scope {
        Scope::Everything => words.text("pause.everything", &[]),
        Scope::Channel(id) => channel_named(desk, id),
        Scope::Conversation(id) => conversation_named(desk, id).await?,
        Scope::HighRisk(Place::Everywhere) => held(&words.text("pause.everything", &[])),
        Scope::HighRisk(Place::Channel(id)) => held(&channel_named(desk, id)),
        Scope::HighRisk(Place::Region(name)) => held(&region_shown(desk, name)),
    })
}

fn channel_named(desk: &Desk<'_, '_>, id: &str) -> String {
    desk.desk.desk.channel(id).map_or_else(|| id.to_owned(), |channel| channel.label().to_owned())
}

/// A region with the channels that are all of it, so that whoever typed its name sees what they hold.
fn region_shown(desk: &Desk<'_, '_>, name: &str) -> String {
    let there = |channel: &&Channel| channel.region.as_deref().is_some_and(|region| is_called(region, name));
    let channels: Vec<&str> = desk.desk.desk.channels.iter().filter(there).map(Channel::label).collect();
    let key = if channels.is_empty() { "pause.region_by_words" } else { "pause.region" };
    desk.desk.words().text(key, &[("name", name), ("channels", &channels.join("、"))])
}

async fn conversation_named(desk: &mut Desk<'_, '_>, id: &str) -> anyhow::Result<String> {
    let newest = conversations::load(desk.tx, id).await?.and_then(|conversation| conversation.case_id);
    let case = match newest {
        Some(case) => cases::load(desk.tx, &case).await?,
        None => None,
    };
    Ok(case.map_or_else(|| id.to_owned(), |case| format!("#{}", case.number)))
}
