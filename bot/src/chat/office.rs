//! The back offices in chat: how their recipes fare, trying one out, letting a stopped one run again.

use serde_json::json;

use super::Desk;
use crate::case::{Say, Unseen};
use crate::command::OfficeArg;
use crate::desk::BackOffice;
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Denied, Power};
use crate::store::{back_office, record};
use crate::view::local;
use crate::worker::Job;

pub(super) async fn on(desk: &mut Desk<'_, '_>, wanted: OfficeArg) -> anyhow::Result<()> {
    match wanted {
        OfficeArg::List => list(desk).await,
        OfficeArg::Test { store, recipe, order } => test(desk, store, recipe, order).await,
        OfficeArg::Resume { store, recipe } => resume(desk, &store, &recipe).await,
    }
}

/// The recipes that are used, and those that ran, each with how it fares.
async fn list(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let visible = |office: &&BackOffice| may(desk, &office.id, Power::SeeQueue).is_ok();
    let offices: Vec<BackOffice> = desk.desk.desk.stores.iter().filter(visible).cloned().collect();
    if offices.is_empty() {
        return desk.say(Say::new("office.none")).await;
    }
    let mut lines: Vec<String> = desk.app.offices.missing().into_iter().map(str::to_owned).collect();
    for office in offices {
        lines.push(words.text("office.store", &[("store", &office.id), ("site", &office.site)]));
        for recipe in office.recipes_in_use() {
            lines.push(line(desk, &office.id, recipe).await?);
        }
    }
    lines.push(words.text("office.how", &[]));
    desk.text(lines.join("\n")).await
}

async fn line(desk: &mut Desk<'_, '_>, store: &str, recipe: &str) -> anyhow::Result<String> {
    let words = desk.desk.words();
    let runs = back_office::runs_of(desk.tx, store, recipe).await?;
    let at = |at: i64| local(at, &desk.desk.desk.desk.timezone, "%m-%d %H:%M");
    let Some(runs) = runs else { return Ok(words.text("office.never", &[("recipe", recipe)])) };
    let why = runs.why.as_deref().and_then(Unseen::named).map(|why| words.text(why.key(), &[])).unwrap_or_default();
    Ok(match (runs.stopped_at, runs.ran_at) {
        (Some(stopped), _) => {
            let key = if runs.passed_since() { "office.stopped_passed" } else { "office.stopped" };
            words.text(key, &[("recipe", recipe), ("at", &at(stopped)), ("why", &why)])
        }
        (None, Some(ran)) => {
            let seconds = format!("{:.1}", runs.took_ms.unwrap_or_default() as f64 / 1_000.0);
            words.text("office.ran", &[("recipe", recipe), ("at", &at(ran)), ("seconds", &seconds)])
        }
        (None, None) => words.text("office.never", &[("recipe", recipe)]),
    })
}

async fn test(desk: &mut Desk<'_, '_>, store: String, recipe: String, order: String) -> anyhow::Result<()> {
    if !permitted(desk, &store).await? {
        return Ok(());
    }
    desk.say(Say::new("office.trying").with("store", &store).with("recipe", &recipe)).await?;
    let job = Job::TestRecipe { to: desk.from.clone(), store, recipe, order };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}

async fn resume(desk: &mut Desk<'_, '_>, store: &str, recipe: &str) -> anyhow::Result<()> {
    if !permitted(desk, store).await? {
        return Ok(());
    }
    let say = |key: &str| Say::new(key).with("store", store).with("recipe", recipe);
    let runs = back_office::runs_of(desk.tx, store, recipe).await?.filter(|runs| runs.stopped_at.is_some());
    match runs {
        None => desk.say(say("office.not_stopped")).await,
        Some(runs) if !runs.passed_since() => desk.say(say("office.test_first")).await,
        Some(_) => {
            back_office::resume(desk.tx, store, recipe).await?;
            let actor = Actor::Person(desk.person.id.clone());
            let payload = json!({ "store": store, "recipe": recipe });
            let entry = Entry { kind: Kind::RecipeResumed, actor, payload };
            record::append(desk.tx, desk.app, record::DESK, None, &entry).await?;
            desk.say(say("office.resumed")).await
        }
    }
}

/// Whether the person may try out and resume on this store; they are told where not.
async fn permitted(desk: &mut Desk<'_, '_>, store: &str) -> anyhow::Result<bool> {
    if desk.desk.desk.back_office(store).is_none() {
        desk.say(Say::new("office.no_such_store").with("store", store)).await?;
        return Ok(false);
    }
    match may(desk, store, Power::ResumeChannel) {
        Ok(()) => Ok(true),
        Err(denied) => desk.denied(&denied).await.map(|()| false),
    }
}

/// Whether the person has a power on one of the store's channels.
fn may(desk: &Desk<'_, '_>, store: &str, power: Power) -> Result<(), Denied> {
    let channels = desk.desk.desk.channels.iter().filter(|channel| channel.store == store);
    let mut asked = channels.map(|channel| policy::may(desk.person, power, Some(channel)));
    let first = asked.next().unwrap_or_else(|| policy::may(desk.person, power, None));
    first.or_else(|denied| asked.find(Result::is_ok).unwrap_or(Err(denied)))
}
