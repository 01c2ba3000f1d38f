//! The report of the week, by itself: to whoever decides how far the bot goes, and to whoever is above.

use super::{Job, apply};
use crate::app::App;
use crate::automation;
use crate::clock::Timestamp;
use crate::desk::{CalendarWeek, Desk, Person};
use crate::http;
use crate::policy::{self, Intent, Power};
use crate::qa::{self, Standing};
use crate::report::{self, Nearest, WEEK, Warning, Week};
use crate::store::desks::Applied;
use crate::store::knowledge as entries;
use crate::store::{self, Tx, desks, outcomes};
use crate::surface::Address;

/// The moment whose report was sent last, by name.
const SENT_FOR: &str = "weekly report for";
/// Unanswered questions that are looked at.
const MISSING: i64 = 5;

/// Sends the report when its moment came, one instance once. Gives whether it did.
///
/// # Errors
/// When the database fails.
pub(super) async fn when_due(app: &App) -> anyhow::Result<bool> {
    let (reader, now) = (app.clone(), app.clock.now());
    let looked = app.store.read(move |tx| Box::pin(async move { due(tx, &reader, now).await })).await?;
    if looked.is_none() {
        return Ok(false);
    }
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                entries::hold(tx, SENT_FOR).await?;
                // Another instance may have sent it in the meantime.
                let Some((moment, known)) = due(tx, &app, now).await? else { return Ok(false) };
                desks::set_value(tx, SENT_FOR, &moment.to_string()).await?;
                // A desk that has just begun has no week behind it.
                if known { send(tx, &app, moment).await } else { Ok(false) }
            })
        })
        .await
}

/// The moment whose report is due, and whether an earlier one was known.
async fn due(tx: &mut Tx, app: &App, now: Timestamp) -> anyhow::Result<Option<(Timestamp, bool)>> {
    if desks::current_id(tx).await?.is_none() {
        return Ok(None);
    }
    let desk = app.desk(tx).await?;
    let Some(moment) = desk.desk.desk.weekly_report.newest(now, desk.desk.zone()) else { return Ok(None) };
    let sent = desks::value(tx, SENT_FOR).await?.and_then(|at| at.parse::<Timestamp>().ok());
    Ok(sent.is_none_or(|sent| sent < moment).then_some((moment, sent.is_some())))
}

async fn send(tx: &mut Tx, app: &App, until: Timestamp) -> anyhow::Result<bool> {
    let desk = app.desk(tx).await?;
    let week = week(tx, app, &desk, until).await?;
    if week.now.became.drafts + week.before.became.drafts == 0 {
        return Ok(false);
    }
    let draws = week.now.became.decided > 0 && app.charts.missing().is_none();
    let (text, now) = (report::weekly(&week, desk.words()), app.clock.now());
    let to: Vec<(&Person, Address)> =
        addressees(&desk.desk).filter_map(|person| Some((person, app.address(person)?))).collect();
    for (person, to) in to.iter().cloned() {
        let text = with_link(app, &desk, person, (&text, until));
        Job::Text { to: to.clone(), text }.enqueue(tx, app, now).await?;
        if draws {
            Job::Draw { to, until }.enqueue(tx, app, now).await?;
        }
    }
    Ok(!to.is_empty())
}

/// The words with a link to the page, for whoever may look at it.
fn with_link(app: &App, desk: &Applied, person: &Person, (text, until): (&str, Timestamp)) -> String {
    let may_look = policy::may(person, Power::ReadEvidence, None).is_ok();
    match http::give_report_link(app, &person.id, until).filter(|_| may_look) {
        Some(url) => format!("{text}\n{}", desk.words().text("report.page", &[("url", &url)])),
        None => text.to_owned(),
    }
}

/// Admins, and whoever is above on a channel.
fn addressees(desk: &Desk) -> impl Iterator<Item = &Person> {
    let is_above = |person: &Person| {
        desk.channels.iter().any(|channel| channel.escalation_owner.as_ref().is_some_and(|id| *id == person.id))
    };
    desk.people.iter().filter(move |person| is_above(person) || policy::may(person, Power::SetMode, None).is_ok())
}

async fn week(tx: &mut Tx, app: &App, desk: &Applied, until: Timestamp) -> anyhow::Result<Week> {
    let confidence = app.known_chances().quality().cloned();
    let now = report::gather(tx, (until - WEEK, until), MISSING, confidence).await?;
    let before = report::gather(tx, (until - 2 * WEEK, until - WEEK), 0, None).await?;
    let warning = Warning::of(&now, &before).map(|warning| warning.say(&now, desk.words()));
    if let Some(say) = &warning {
        apply::alarm(tx, app, desk, say).await?;
    }
    let warning = warning.map(|say| say.in_words(desk.words(), &desk.desk));
    let nearest = nearest(tx, desk).await?;
    let qa = quality(tx, app, desk, until).await?;
    Ok(Week { now, before, nearest, warning, qa })
}

/// How the samples of the last two weeks that are over stand. The newest is drawn here where nobody has yet.
async fn quality(tx: &mut Tx, app: &App, desk: &Applied, until: Timestamp) -> anyhow::Result<Vec<Standing>> {
    let newest = CalendarWeek::last_over(until, desk.desk.zone());
    let before = newest.before().to_string();
    let samples = [
        (before.clone(), store::qa::of_week(tx, &before).await?),
        (newest.to_string(), qa::sample(tx, app, desk, newest).await?),
    ];
    let drawn = samples.into_iter().filter(|(_, items)| !items.is_empty());
    Ok(drawn.map(|(week, items)| Standing::of(&week, &items)).collect())
}

/// Of what people have decided about and what may some day be answered without a person, what lacks least.
async fn nearest(tx: &mut Tx, desk: &Applied) -> anyhow::Result<Option<Nearest>> {
    let mut found: Option<Nearest> = None;
    for (id, name, ..) in outcomes::tallies(tx).await? {
        let (Some(channel), Some(intent)) = (desk.desk.channel(&id), Intent::named(&name)) else { continue };
        if intent.risk() != cards::Risk::Low {
            continue;
        }
        let missing = automation::tally(tx, &id, intent).await?.missing(desk.desk.policy.auto.bad_rate);
        if found.as_ref().is_none_or(|nearest| missing < nearest.missing) {
            found = Some(Nearest { channel: channel.label().to_owned(), intent: intent.key(), missing });
        }
    }
    Ok(found)
}
