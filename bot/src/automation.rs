//! What may leave without a person, where: opened by two people on the record of decisions, closed by any one of them, or
//! by itself where reviews of what left show that it got worse.

mod card;
mod obstacle;
mod opening;
mod sample;

pub(crate) use card::{Proposal, card, settled};
pub use obstacle::{Obstacle, obstacles};
pub use opening::{Opened, close, close_unset, open};
pub use sample::{Reviewed, as_case, ask, escalate, left_by_itself, reviewed};

use crate::clock::{HOUR, Timestamp};
use crate::desk::{Channel, Mode};
use crate::graduation::Tally;
use crate::policy::Intent;
use crate::store::desks::Applied;
use crate::store::{Tx, automation, outcomes, samples};

/// How long a reply that left may wait for its review. Once one has waited longer, nobody watches: nothing of its kind
/// leaves by itself until it was reviewed.
const WATCHED_WITHIN: Timestamp = 48 * HOUR;

/// The intents that may be answered without a person on a channel.
///
/// # Errors
/// When the database fails.
pub async fn open_now(tx: &mut Tx, channel: &Channel, now: Timestamp) -> anyhow::Result<Vec<Intent>> {
    if channel.mode != Mode::Auto {
        return Ok(Vec::new());
    }
    let open = automation::open_on(tx, &channel.id).await?;
    watched(tx, channel, open, now).await
}

/// The same, and it stays so until this transaction ends: whoever closes waits for it.
///
/// # Errors
/// When the database fails.
pub async fn held_open(tx: &mut Tx, channel: &Channel, now: Timestamp) -> anyhow::Result<Vec<Intent>> {
    if channel.mode != Mode::Auto {
        return Ok(Vec::new());
    }
    let open = automation::held_open_on(tx, &channel.id).await?;
    watched(tx, channel, open, now).await
}

/// Those of which no reply waits too long for its review.
async fn watched(tx: &mut Tx, channel: &Channel, open: Vec<String>, now: Timestamp) -> anyhow::Result<Vec<Intent>> {
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let unwatched = unwatched(tx, now).await?;
    let is_watched = |intent: &&Intent| !unwatched.iter().any(|(on, of)| *on == channel.id && *of == intent.as_str());
    let open: Vec<Intent> = open.iter().filter_map(|name| Intent::named(name)).collect();
    Ok(open.iter().filter(is_watched).copied().collect())
}

/// Channel and intent of what waits too long for its review.
///
/// # Errors
/// When the database fails.
pub async fn unwatched(tx: &mut Tx, now: Timestamp) -> anyhow::Result<Vec<(String, String)>> {
    let waiting = samples::waiting(tx, now - WATCHED_WITHIN).await?;
    Ok(waiting.into_iter().map(|(channel, intent, _)| (channel, intent)).collect())
}

/// What stands under each message that leaves without a person.
pub fn notice(desk: &Applied) -> String {
    let own = desk.desk.policy.auto.notice.clone();
    own.unwrap_or_else(|| desk.words().text("auto.notice", &[]))
}

/// What decisions say about drafts of an intent on a channel that could have left without a person.
///
/// # Errors
/// When the database fails.
pub async fn tally(tx: &mut Tx, channel: &str, intent: Intent) -> anyhow::Result<Tally> {
    let from = automation::load(tx, channel, intent.as_str()).await?.counts_from;
    let (good, bad) = outcomes::eligible(tx, channel, intent.as_str(), from).await?;
    let count = |decisions: i64| u32::try_from(decisions).unwrap_or(u32::MAX);
    Ok(Tally { good: count(good), bad: count(bad) })
}
