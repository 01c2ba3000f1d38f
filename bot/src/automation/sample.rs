//! A share of what left without a person is reviewed by one who is not told that it left: the card is the one they would
//! have decided by. Their decision sends nothing. It is remembered like any other, and ends automation where it shows
//! that the drafts got worse.

use anyhow::Context;
use serde_json::json;

use super::opening::close_by_itself;
use crate::app::App;
use crate::case::{Case, Outcome as CardOutcome};
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::desk::{Channel, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::graduation::Watch;
use crate::store::desks::Applied;
use crate::store::outcomes::{self, Outcome};
use crate::store::samples::{self, Sample};
use crate::store::{Tx, automation, people, record};
use crate::worker::{Job, apply};

/// How long one reviewer has before another one is asked.
const ASK_AGAIN: Timestamp = 12 * HOUR;
/// How long to wait where nobody is there.
const NOBODY_THERE: Timestamp = 30 * MINUTE;

/// A case was answered without a person: noted, and perhaps drawn for a review. `shown` is the case as it would have waited
/// for one.
///
/// # Errors
/// When the database fails.
pub async fn left_by_itself(tx: &mut Tx, app: &App, desk: &Applied, shown: &Case) -> anyhow::Result<()> {
    let now = app.clock.now();
    outcomes::permitted(tx, shown, now).await?;
    let Some(intent) = shown.draft().map(|draft| draft.intent) else { return Ok(()) };
    let known = automation::load(tx, &shown.channel, intent.as_str()).await?;
    let watch = watch_over(tx, &known).await?.0;
    let share = watch.share(desk.desk.policy.auto.sample);
    if !is_drawn(&app.ids.random16()?, share) {
        return Ok(());
    }
    let id = app.ids.next(now)?;
    let sample = Sample {
        case_id: shown.id.clone(),
        generation: shown.generation,
        channel: shown.channel.clone(),
        intent: intent.as_str().into(),
        shown: serde_json::to_string(&Case { id: id.clone(), ..shown.clone() })?,
        id,
        asked: None,
        good: None,
        decided_by: None,
    };
    samples::draw(tx, &sample, now).await?;
    let payload = json!({ "sample": sample.id, "share": share });
    note(tx, app, shown, Kind::Sampled, Actor::System, payload).await?;
    Job::AskReview { sample: sample.id }.enqueue(tx, app, now).await
}

/// Whether random bytes are among the share of all that is drawn.
fn is_drawn(random: &[u8; 16], share: f64) -> bool {
    let place = u32::from_be_bytes([random[0], random[1], random[2], random[3]]);
    f64::from(place) < share * 2_f64.powi(32)
}

/// What the reviews since the opening say, and the reviews.
async fn watch_over(tx: &mut Tx, known: &automation::Automation) -> anyhow::Result<(Watch, Vec<bool>)> {
    let Some(since) = known.opened_at else { return Ok((Watch::default(), Vec::new())) };
    let reviews = samples::reviews(tx, &known.channel, &known.intent, since).await?;
    Ok((Watch::of(reviews.iter().copied()), reviews))
}

async fn note(
    tx: &mut Tx,
    app: &App,
    case: &Case,
    kind: Kind,
    actor: Actor,
    payload: serde_json::Value,
) -> anyhow::Result<()> {
    let entry = Entry { kind, actor, payload };
    record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await
}

/// The case on the card of a sample, under the sample's own id: nothing that decides about cases knows it.
///
/// # Errors
/// When the database fails or what is stored cannot be read.
pub async fn as_case(tx: &mut Tx, id: &str) -> anyhow::Result<Option<Case>> {
    match samples::load(tx, id).await? {
        Some(sample) => Ok(Some(shown(&sample)?)),
        None => Ok(None),
    }
}

fn shown(sample: &Sample) -> anyhow::Result<Case> {
    serde_json::from_str(&sample.shown).context("a sample that cannot be read")
}

/// Puts a sample before a reviewer who is there, and before another one where the first did not decide.
///
/// # Errors
/// When the database fails.
pub async fn ask(tx: &mut Tx, app: &App, id: &str) -> anyhow::Result<()> {
    let Some(sample) = samples::lock(tx, id).await?.filter(|sample| sample.good.is_none()) else { return Ok(()) };
    let (desk, now) = (app.desk(tx).await?, app.clock.now());
    let Some(channel) = desk.desk.channel(&sample.channel) else { return Ok(()) };
    let next = reviewer(tx, app, &desk, channel, sample.asked.as_deref()).await?;
    let again = Job::AskReview { sample: sample.id.clone() };
    let Some(person) = next else { return again.enqueue(tx, app, now + NOBODY_THERE).await };
    let Some(to) = app.address(person) else { return again.enqueue(tx, app, now + NOBODY_THERE).await };
    let passed_on = CardOutcome::PassedOn { to: Some(person.id.clone()) };
    apply::settle_cards(tx, app, &sample.id, &passed_on).await?;
    samples::asked(tx, &sample.id, &person.id).await?;
    apply::announce(tx, app, &shown(&sample)?, &person.id, &to).await?;
    again.enqueue(tx, app, now + ASK_AGAIN).await
}

/// A reviewer wants whoever is above to look at it.
///
/// # Errors
/// When the database fails.
pub async fn escalate(tx: &mut Tx, app: &App, desk: &Applied, sample: &Sample) -> anyhow::Result<()> {
    let above = desk.desk.channel(&sample.channel).and_then(|channel| channel.escalation_owner.clone());
    let Some((id, to)) = above.and_then(|id| Some((id.clone(), app.address_of(&desk.desk, &id)?))) else {
        return Ok(());
    };
    apply::settle_cards(tx, app, &sample.id, &CardOutcome::PassedOn { to: Some(id.clone()) }).await?;
    samples::asked(tx, &sample.id, &id).await?;
    apply::announce(tx, app, &shown(sample)?, &id, &to).await
}

/// One of the reviewers on duty, by chance; whoever was asked last only where nobody else is there.
async fn reviewer<'d>(
    tx: &mut Tx,
    app: &App,
    desk: &'d Applied,
    channel: &Channel,
    last: Option<&str>,
) -> anyhow::Result<Option<&'d Person>> {
    let off_duty = desk.desk.off_duty(channel, &people::duty_words(tx).await?, app.clock.now());
    let there = desk.desk.reviewers_on_duty(channel, &off_duty);
    let others: Vec<&String> = there.iter().filter(|id| Some(id.as_str()) != last).collect();
    let among = if others.is_empty() { there.iter().collect() } else { others };
    if among.is_empty() {
        return Ok(None);
    }
    let random = usize::from(app.ids.random16()?[0]);
    Ok(among.get(random % among.len()).and_then(|id| desk.desk.person(id)))
}

/// What a reviewer says about a sample.
#[derive(Debug, Clone, Copy)]
pub struct Reviewed<'a> {
    /// What they would have made of the draft.
    pub outcome: Outcome,
    /// Why they would have rejected it.
    pub reason: Option<&'a str>,
    /// Characters they would have changed.
    pub distance: Option<i64>,
}

/// A reviewer decided about a sample; false where it was decided before. Ends automation in the same transaction where this
/// shows that the drafts got worse. The sample is locked by the caller.
///
/// # Errors
/// When the database fails.
pub async fn reviewed(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    (sample, by): (&Sample, &Person),
    said: Reviewed<'_>,
) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let good = said.outcome == Outcome::Unchanged;
    if !samples::decide(tx, &sample.id, good, &by.id, now).await? {
        return Ok(false);
    }
    // Before the record: whoever claims holds the one, then the other.
    let mut known = automation::lock(tx, &sample.channel, &sample.intent).await?;
    let case = Case { id: sample.case_id.clone(), ..shown(sample)? };
    let Reviewed { outcome, reason, distance } = said;
    outcomes::decided(tx, &case, outcomes::Decided { outcome, reason, distance, by: &by.id }, now).await?;
    let payload = json!({ "sample": sample.id, "outcome": outcome, "reason": reason, "distance": distance });
    note(tx, app, &case, Kind::SampleReviewed, Actor::Person(by.id.clone()), payload).await?;
    apply::settle_cards(tx, app, &sample.id, &CardOutcome::Reviewed { by: by.id.clone(), good }).await?;
    let (watch, reviews) = watch_over(tx, &known).await?;
    if watch.has_dropped() {
        close_by_itself(tx, app, desk, &mut known, &reviews).await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_drawn_by_the_bytes_alone() {
        let bytes = |first: u32| {
            let mut random = [0; 16];
            random[..4].copy_from_slice(&first.to_be_bytes());
            random
        };
        let tenth = u32::MAX / 10;
        assert!(is_drawn(&bytes(0), 0.1) && is_drawn(&bytes(tenth), 0.1) && !is_drawn(&bytes(tenth + 1), 0.1));
        assert!(is_drawn(&bytes(u32::MAX), 1.0) && !is_drawn(&bytes(0), 0.0));
    }
}
