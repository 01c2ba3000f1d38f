//! What stands in the way of answering an intent without a person.

use cards::Risk;
use cards::words::Words;

use super::tally;
use crate::app::App;
use crate::checklist::{self, Point};
use crate::confidence;
use crate::desk::{Channel, Mode};
use crate::policy::{self, Intent, Power};
use crate::store::desks::Applied;
use crate::store::{Tx, outcomes};

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// Replies are carried over by hand there.
    ByHand,
    /// The channel's mode is not `auto`.
    Mode,
    /// The channel does not list replies among its actions.
    NotListed,
    /// The channel wants a person for this intent.
    Reviewed,
    /// The intent's risk is not low.
    Risk,
    /// There is no second person who could agree.
    Alone,
    /// A point of the launch checklist fails.
    Unready(Point),
    /// So many decisions are missing before chances are known.
    Cold(usize),
    /// So many good decisions in a row are missing.
    Unproved(u32),
}

impl Obstacle {
    /// The obstacle in words, with what to do about it.
    pub fn told(&self, words: &Words) -> String {
        let plain = |key: &str| words.text(key, &[]);
        match self {
            Self::ByHand => plain("auto.by_hand"),
            Self::Mode => plain("auto.mode"),
            Self::NotListed => plain("auto.not_listed"),
            Self::Reviewed => plain("auto.reviewed"),
            Self::Risk => plain("auto.risk"),
            Self::Alone => plain("auto.alone"),
            Self::Unready(point) => words.text("auto.unready", &[("point", &point.told(words))]),
            Self::Cold(missing) => words.text("auto.cold", &[("missing", &missing.to_string())]),
            Self::Unproved(missing) => words.text("auto.unproved", &[("missing", &missing.to_string())]),
        }
    }
}

/// Everything that stands in the way of answering an intent on a channel without a person.
///
/// # Errors
/// When the database fails.
pub async fn obstacles(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    channel: &Channel,
    intent: Intent,
) -> anyhow::Result<Vec<Obstacle>> {
    let mut found = configured(desk, channel, intent);
    let points = checklist::points(tx, app).await?;
    found.extend(points.into_iter().filter(|point| !point.passed).map(Obstacle::Unready));
    let decided = usize::try_from(outcomes::count(tx).await?)?;
    let cold = confidence::LEAST.saturating_sub(decided);
    if cold > 0 {
        found.push(Obstacle::Cold(cold));
    }
    let missing = tally(tx, &channel.id, intent).await?.missing(desk.desk.policy.auto.bad_rate);
    if missing > 0 {
        found.push(Obstacle::Unproved(missing));
    }
    Ok(found)
}

/// What the configuration has against it.
fn configured(desk: &Applied, channel: &Channel, intent: Intent) -> Vec<Obstacle> {
    let could_agree =
        desk.desk.people.iter().filter(|person| policy::may(person, Power::SetMode, None).is_ok()).count();
    let against = [
        (channel.is_by_hand(), Obstacle::ByHand),
        (channel.mode != Mode::Auto, Obstacle::Mode),
        (!channel.allowed_actions.iter().any(|action| action == policy::REPLY), Obstacle::NotListed),
        (channel.review_required.iter().any(|name| name == intent.as_str()), Obstacle::Reviewed),
        (intent.risk() != Risk::Low, Obstacle::Risk),
        (could_agree < 2, Obstacle::Alone),
    ];
    against.into_iter().filter(|(holds, _)| *holds).map(|(_, obstacle)| obstacle).collect()
}
