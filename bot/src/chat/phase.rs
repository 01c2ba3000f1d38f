//! How far the bot goes, what it still lacks to go further, and what the drafts taught.

use cards::Risk;
use serde_json::json;

use super::{Desk, spending};
use crate::automation::{self, Obstacle, Opened};
use crate::case::Say;
use crate::checklist;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::command::Place;
use crate::config::short_version;
use crate::desk::{Channel, Mode, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::http;
use crate::policy::{self, Intent, Power};
use crate::report::{self, Warning};
use crate::store::automation as store;
use crate::store::desks::Applied;
use crate::store::{outcomes, record, samples};
use crate::worker::{Job, apply};

/// Unanswered questions a report names.
const MISSING: i64 = 5;

/// What holds the bot: the gate with its threshold, each channel's mode and who is above, what leaves without a person, and
/// where every action is told.
pub(super) async fn controls(desk: &mut Desk<'_, '_>) -> anyhow::Result<Vec<String>> {
    let (words, applied, now) = (desk.desk.words(), desk.desk, desk.app.clock.now());
    let threshold = format!("{:.2}", applied.desk.policy.confidence);
    let mut lines =
        vec![words.text("status.gate", &[("policy", short_version(&applied.policy)), ("threshold", &threshold)])];
    for channel in &applied.desk.channels {
        let mode = words.text(mode_key(channel.mode), &[]);
        let owner = applied.desk.name_of(channel.escalation_owner.as_deref().unwrap_or_default());
        let places = [("channel", channel.label()), ("mode", mode.as_str()), ("owner", owner)];
        lines.push(words.text("status.channel", &places));
        lines.extend(automatic(desk, channel, now).await?);
    }
    lines.extend(spending::today(desk).await?);
    lines.push(words.text("status.record", &[]));
    Ok(lines)
}

/// What leaves without a person on a channel, how much did in a day, and how much of it nobody has reviewed yet.
async fn automatic(desk: &mut Desk<'_, '_>, channel: &Channel, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let words = desk.desk.words();
    let open = store::open_on(desk.tx, &channel.id).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let named = |names: Vec<&String>| {
        let names = names.into_iter().map(|name| words.text(&format!("intent.{name}"), &[]));
        names.collect::<Vec<_>>().join("、")
    };
    let sum = |counted: Vec<(String, String, i64)>| {
        let here = counted.into_iter().filter(|(on, ..)| *on == channel.id);
        here.map(|(.., count)| count).sum::<i64>().to_string()
    };
    let sent = sum(outcomes::permitted_since(desk.tx, now - 24 * HOUR).await?);
    let waiting = sum(samples::waiting(desk.tx, now + 1).await?);
    let intents = named(open.iter().collect());
    let places = [("intents", intents.as_str()), ("count", &sent), ("waiting", &waiting)];
    let mut lines = vec![words.text("status.auto", &places)];
    let unwatched = automation::unwatched(desk.tx, now).await?;
    let rests = |name: &&String| unwatched.iter().any(|(on, of)| *on == channel.id && of == *name);
    let resting = named(open.iter().filter(rests).collect());
    if !resting.is_empty() {
        lines.push(words.text("status.resting", &[("intents", &resting)]));
    }
    Ok(lines)
}

/// The mode of each channel, what leaves there without a person, and how many good drafts each other intent still needs.
pub(super) async fn mode(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let tallies = outcomes::tallies(desk.tx).await?;
    let mut lines = vec![words.text("mode.head", &[])];
    for channel in &desk.desk.desk.channels {
        let mode = words.text(mode_key(channel.mode), &[]);
        lines.push(words.text("mode.channel", &[("channel", channel.label()), ("mode", &mode)]));
        for (_, intent, good, bad) in tallies.iter().filter(|(id, ..)| *id == channel.id) {
            if let Some(intent) = Intent::named(intent) {
                lines.push(intent_line(desk, channel, intent, (*good, *bad)).await?);
            }
        }
    }
    lines.push(words.text("mode.how", &[]));
    desk.text(lines.join("\n")).await
}

/// How one intent stands: open, or what is missing.
async fn intent_line(
    desk: &mut Desk<'_, '_>,
    channel: &Channel,
    intent: Intent,
    (good, bad): (i64, i64),
) -> anyhow::Result<String> {
    let words = desk.desk.words();
    let named = words.text(intent.key(), &[]);
    let known = store::load(desk.tx, &channel.id, intent.as_str()).await?;
    if known.opened_at.is_some() {
        return Ok(words.text("mode.open", &[("intent", &named)]));
    }
    let (good, bad) = (good.to_string(), bad.to_string());
    let counted = [("intent", named.as_str()), ("good", &good), ("bad", &bad)];
    if intent.risk() != Risk::Low {
        return Ok(words.text("mode.never", &counted));
    }
    let tally = automation::tally(desk.tx, &channel.id, intent).await?;
    let missing = tally.missing(desk.desk.desk.policy.auto.bad_rate).to_string();
    let counted: Vec<(&str, &str)> = counted.into_iter().chain([("missing", missing.as_str())]).collect();
    Ok(words.text("mode.intent", &counted))
}

/// Answer an intent without a person, or with one again.
pub(super) async fn set_mode(desk: &mut Desk<'_, '_>, place: &Place, auto: bool) -> anyhow::Result<()> {
    let applied = desk.desk;
    let Some(channel) = channel_named(applied, &place.channel) else {
        return desk.say(Say::new("told.no_such_channel").with("name", &place.channel)).await;
    };
    let Some(intent) = intent_named(applied, &place.intent) else {
        return desk.say(Say::new("told.no_such_intent").with("name", &place.intent)).await;
    };
    // Whoever may stop a channel may stop a part of it.
    let power = if auto { Power::SetMode } else { Power::PauseChannel };
    if let Err(denied) = policy::may(desk.person, power, Some(channel)) {
        return desk.denied(&denied).await;
    }
    if auto { open(desk, channel, intent).await } else { close(desk, channel, intent).await }
}

/// The channel somebody means, by id or by name.
fn channel_named<'d>(applied: &'d Applied, name: &str) -> Option<&'d Channel> {
    applied.desk.channels.iter().find(|channel| channel.id == name || channel.label() == name)
}

/// The intent somebody means, by its name in the record or on cards.
fn intent_named(applied: &Applied, name: &str) -> Option<Intent> {
    let called = |intent: &Intent| applied.words().text(intent.key(), &[]).eq_ignore_ascii_case(name);
    Intent::named(&name.to_ascii_lowercase()).or_else(|| Intent::ALL.iter().copied().find(called))
}

pub(super) async fn open(desk: &mut Desk<'_, '_>, channel: &Channel, intent: Intent) -> anyhow::Result<()> {
    let opened = automation::open(desk.tx, desk.app, desk.desk, desk.person, (channel, intent)).await?;
    let say = |key| Say::new(key).with("channel", channel.label()).with_key("intent", intent.key());
    match opened {
        Opened::Refused(obstacles) => refuse(desk, &say("auto.refused"), &obstacles).await,
        Opened::Already => desk.say(say("auto.already")).await,
        // The others get a card each.
        Opened::Proposed => desk.say(say("auto.proposed")).await,
        Opened::Now => {
            desk.say(say("auto.opened")).await?;
            tell_others(desk, say("auto.opened_by")).await
        }
    }
}

/// What stands in the way, said and on record.
async fn refuse(desk: &mut Desk<'_, '_>, head: &Say, obstacles: &[Obstacle]) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let lines: Vec<String> = obstacles.iter().map(|obstacle| obstacle.told(words)).collect();
    let payload = json!({ "refusal": head.key, "against": lines });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(desk.person.id.clone()), payload };
    record::append(desk.tx, desk.app, record::DESK, None, &entry).await?;
    desk.text(format!("{}\n{}", head.in_words(words, &desk.desk.desk), lines.join("\n"))).await
}

pub(super) async fn close(desk: &mut Desk<'_, '_>, channel: &Channel, intent: Intent) -> anyhow::Result<()> {
    let closed = automation::close(desk.tx, desk.app, desk.person, &channel.id, intent).await?;
    let say = |key| Say::new(key).with("channel", channel.label()).with_key("intent", intent.key());
    if !closed {
        return desk.say(say("auto.not_open")).await;
    }
    desk.say(say("auto.closed")).await?;
    tell_others(desk, say("auto.closed_by")).await
}

/// Everybody else who may decide how far the bot goes hears who did it.
pub(super) async fn tell_others(desk: &mut Desk<'_, '_>, say: Say) -> anyhow::Result<()> {
    let (say, now) = (say.with_person("by", &desk.person.id), desk.app.clock.now());
    let decides = |person: &&Person| person.id != desk.person.id && policy::may(person, Power::SetMode, None).is_ok();
    let others = desk.desk.desk.people.iter().filter(decides).filter_map(|person| desk.app.address(person));
    for to in others.collect::<Vec<_>>() {
        apply::queue_say(desk.tx, desk.app, &to, &say, now).await?;
    }
    Ok(())
}

fn mode_key(mode: Mode) -> &'static str {
    match mode {
        Mode::ReadOnly => "page.mode_read_only",
        Mode::Draft => "page.mode_draft",
        Mode::Reviewed => "page.mode_reviewed",
        Mode::Auto => "page.mode_auto",
    }
}

/// The eight points, and what to do about those that fail.
pub(super) async fn checklist(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let points = checklist::points(desk.tx, desk.app).await?;
    let mut lines = vec![words.text("checklist.head", &[])];
    lines.extend(points.iter().map(|point| point.told(words)));
    desk.text(lines.join("\n")).await
}

/// What the drafts of the last week taught, for whoever may read the record everywhere.
pub(super) async fn report(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::ReadEvidence, None) {
        return desk.denied(&denied).await;
    }
    let now = desk.app.clock.now();
    // Up to this moment, and what happened in it.
    let until = now + 1;
    let from = until - report::WEEK;
    let confidence = desk.app.known_chances().quality().cloned();
    let counted = report::gather(desk.tx, (from, until), MISSING, confidence).await?;
    let before = report::gather(desk.tx, (from - report::WEEK, from), 0, None).await?;
    let warning = Warning::of(&counted, &before).map(|warning| warning.say(&counted, desk.desk.words()));
    if let Some(say) = warning {
        desk.say(say).await?;
    }
    let mut told = report::told(&counted, desk.desk.words(), &desk.desk.desk, report::WEEK / DAY);
    if let Some(url) = http::give_report_link(desk.app, &desk.person.id, until) {
        told = format!("{told}\n{}", desk.desk.words().text("report.page", &[("url", &url)]));
    }
    if counted.became.decided == 0 {
        return desk.text(told).await;
    }
    if desk.app.charts.missing().is_some() {
        return desk.text(format!("{told}\n{}", desk.desk.words().text("report.no_font", &[]))).await;
    }
    desk.text(told).await?;
    Job::Draw { to: desk.from.clone(), until }.enqueue(desk.tx, desk.app, now).await
}
