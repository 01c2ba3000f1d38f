//! An address that takes no replies any more (410): its channel is paused by the system, on record and on every instance,
//! until a permitted person resumes it or another address is configured.

use anyhow::Context;
use serde_json::json;

use super::{Job, apply};
use crate::app::App;
use crate::case::Say;
use crate::desk::{Channel, Desk};
use crate::evidence::{Actor, Entry, Kind};
use crate::store::desks::Applied;
use crate::store::pauses::{self, Pause, Scope};
use crate::store::{Tx, record};

/// Pauses a channel whose address takes nothing any more, once, and tells its people what to do.
///
/// # Errors
/// When the database fails.
pub async fn pause(app: &App, channel: &str) -> anyhow::Result<()> {
    let (app, channel) = (app.clone(), channel.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                pauses::hold_alone(tx).await?;
                let desk = app.desk(tx).await?;
                match desk.desk.channel(&channel) {
                    Some(channel) if paused_by_itself(tx, &channel.id).await?.is_empty() => {
                        declare(tx, &app, &desk, channel).await
                    }
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// The pauses of a channel that the program declared by itself.
///
/// # Errors
/// When the database fails.
pub async fn paused_by_itself(tx: &mut Tx, channel: &str) -> anyhow::Result<Vec<Pause>> {
    let ours = |p: &Pause| p.scope == "channel" && p.target == channel && p.person == pauses::BY_ITSELF;
    Ok(pauses::in_force(tx).await?.into_iter().filter(ours).collect())
}

async fn declare(tx: &mut Tx, app: &App, desk: &Applied, channel: &Channel) -> anyhow::Result<()> {
    let now = app.clock.now();
    let (id, scope) = (app.ids.next(now)?, Scope::Channel(channel.id.clone()));
    let why = desk.words().text("told.gone_why", &[("channel", &channel.id)]);
    pauses::declare(tx, &id, &scope, pauses::BY_ITSELF, &why, now).await?;
    let payload = json!({ "pause": id, "scope": "channel", "target": channel.id, "why": "gone", "in_flight": [] });
    let entry = Entry { kind: Kind::Paused, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    tracing::error!(channel = %channel.id, "the address takes no replies any more: the channel is paused");
    let say = Say::new("told.gone").with("channel", channel.label()).with("id", &channel.id);
    apply::alarm(tx, app, desk, &say).await?;
    tell(tx, app, &desk.desk, channel, &say).await?;
    Job::Deal { because: channel.id.clone() }.enqueue(tx, app, now).await
}

/// Everybody whose cards stop working hears it, or that they work again.
async fn tell(tx: &mut Tx, app: &App, desk: &Desk, channel: &Channel, say: &Say) -> anyhow::Result<()> {
    let watcher = desk.watcher().map(|person| person.id.as_str());
    let here = |id: &str| channel.permitted.iter().chain(&channel.escalation_owner).any(|person| person == id);
    let people = desk.people.iter().filter(|person| here(&person.id) && Some(person.id.as_str()) != watcher);
    for to in people.filter_map(|person| app.address(person)) {
        Job::Inform { to, say: say.clone() }.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(())
}

/// Lifts such pauses of channels that send to another address from now on. The register is held alone by the caller.
///
/// # Errors
/// When the database fails.
pub async fn mended(tx: &mut Tx, app: &App, before: &Desk, after: &Desk) -> anyhow::Result<()> {
    let now = app.clock.now();
    for channel in &after.channels {
        let moved = before.channel(&channel.id).is_some_and(|old| old.url != channel.url);
        if !moved {
            continue;
        }
        for pause in paused_by_itself(tx, &channel.id).await? {
            pauses::lift(tx, &pause.id, pauses::BY_ITSELF, now).await.context("a pause could not be lifted")?;
            let payload = json!({ "pause": pause.id, "why": "another_address" });
            let entry = Entry { kind: Kind::Resumed, actor: Actor::System, payload };
            record::append(tx, app, record::DESK, None, &entry).await?;
            let say = Say::new("told.gone_mended").with("channel", channel.label());
            tell(tx, app, after, channel, &say).await?;
        }
    }
    Ok(())
}
