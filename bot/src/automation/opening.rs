//! Opening takes two people, closing one.

use serde_json::json;

use super::card::{self, Proposal};
use super::{Obstacle, obstacles, tally};
use crate::app::App;
use crate::case::Say;
use crate::clock::{HOUR, Timestamp};
use crate::desk::{Channel, Mode, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Intent, Power};
use crate::store::automation::{self, Automation};
use crate::store::desks::Applied;
use crate::store::{Tx, record};
use crate::worker::apply;

/// How long the first of two people's proposal stands.
const PROPOSAL_STANDS: Timestamp = 24 * HOUR;

/// What came of somebody's wish to open.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// Something stands in the way.
    Refused(Vec<Obstacle>),
    /// A second person has to agree.
    Proposed,
    /// It is open.
    Now,
    /// It was open before.
    Already,
}

/// Somebody wants an intent on a channel to be answered without a person. The first of two proposes, the second opens;
/// both times everything is asked that could stand in the way.
///
/// # Errors
/// When the database fails.
pub async fn open(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    person: &Person,
    (channel, intent): (&Channel, Intent),
) -> anyhow::Result<Opened> {
    let mut known = automation::lock(tx, &channel.id, intent.as_str()).await?;
    if known.opened_at.is_some() {
        return Ok(Opened::Already);
    }
    let against = obstacles(tx, app, desk, channel, intent).await?;
    if !against.is_empty() {
        return Ok(Opened::Refused(against));
    }
    let now = app.clock.now();
    match proposer(desk, &known, now).map(str::to_owned) {
        Some(first) if first != person.id => {
            let agreed = Proposal::standing(&known);
            (known.opened_at, known.proposed_by, known.proposed_at) = (Some(now), None, None);
            put_down(tx, app, desk, &known, (Kind::AutomationOpened, person, Some(first))).await?;
            card::settle(tx, app, agreed).await?;
            Ok(Opened::Now)
        }
        first => {
            if first.is_none() {
                let lapsed = Proposal::standing(&known);
                card::settle(tx, app, lapsed).await?;
                (known.proposed_by, known.proposed_at) = (Some(person.id.clone()), Some(now));
            }
            put_down(tx, app, desk, &known, (Kind::AutomationProposed, person, None)).await?;
            card::ask(tx, app, desk, &known).await?;
            Ok(Opened::Proposed)
        }
    }
}

/// Whoever proposed it, as long as that stands and they may still do so.
fn proposer<'a>(desk: &Applied, known: &'a Automation, now: Timestamp) -> Option<&'a str> {
    let stands = known.proposed_at.is_some_and(|at| now - at <= PROPOSAL_STANDS);
    let may = |id: &&str| desk.desk.person(id).is_some_and(|person| policy::may(person, Power::SetMode, None).is_ok());
    known.proposed_by.as_deref().filter(|_| stands).filter(may)
}

async fn put_down(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    known: &Automation,
    (kind, person, first): (Kind, &Person, Option<String>),
) -> anyhow::Result<()> {
    automation::save(tx, known).await?;
    let Automation { channel, intent, .. } = known;
    let counted = match Intent::named(intent) {
        Some(intent) => tally(tx, channel, intent).await?,
        None => Default::default(),
    };
    let payload = json!({
        "channel": channel, "intent": intent, "first": first, "policy": desk.policy,
        "good": counted.good, "bad": counted.bad, "bad_rate": desk.desk.policy.auto.bad_rate,
    });
    let entry = Entry { kind, actor: Actor::Person(person.id.clone()), payload };
    record::append(tx, app, record::DESK, None, &entry).await
}

/// Ends it at once; false where it was neither open nor proposed.
///
/// # Errors
/// When the database fails.
pub async fn close(tx: &mut Tx, app: &App, person: &Person, channel: &str, intent: Intent) -> anyhow::Result<bool> {
    let known = automation::lock(tx, channel, intent.as_str()).await?;
    end(tx, app, known, (Actor::Person(person.id.clone()), "person")).await
}

/// Ends what is open or proposed, and says whether anything was.
async fn end(tx: &mut Tx, app: &App, known: Automation, (actor, why): (Actor, &str)) -> anyhow::Result<bool> {
    if known.opened_at.is_none() && known.proposed_by.is_none() {
        return Ok(false);
    }
    card::settle(tx, app, Proposal::standing(&known)).await?;
    let ended = Automation { opened_at: None, proposed_by: None, proposed_at: None, ..known };
    automation::save(tx, &ended).await?;
    let payload = json!({ "channel": ended.channel, "intent": ended.intent, "why": why });
    let entry = Entry { kind: Kind::AutomationClosed, actor, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    Ok(true)
}

/// Ends it on channels whose mode no longer is `auto`: set back later, two people have to say so again.
///
/// # Errors
/// When the database fails.
pub async fn close_unset(tx: &mut Tx, app: &App, desk: &Applied) -> anyhow::Result<()> {
    let is_auto = |id: &str| desk.desk.channel(id).is_some_and(|channel| channel.mode == Mode::Auto);
    for open in automation::all(tx).await?.into_iter().filter(|known| !is_auto(&known.channel)) {
        let known = automation::lock(tx, &open.channel, &open.intent).await?;
        end(tx, app, known, (Actor::System, "mode")).await?;
    }
    Ok(())
}

/// Ends it because reviews of what left show that it got worse. What was decided before says nothing any more; people are
/// told, and only two of them open it again. Locked by the caller.
///
/// # Errors
/// When the database fails.
pub(super) async fn close_by_itself(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    known: &mut Automation,
    reviews: &[bool],
) -> anyhow::Result<()> {
    let now = app.clock.now();
    (known.opened_at, known.counts_from) = (None, now);
    automation::save(tx, known).await?;
    let bad = reviews.iter().filter(|good| !**good).count();
    let Automation { channel, intent, .. } = &*known;
    let payload =
        json!({ "channel": channel, "intent": intent, "why": "dropped", "reviews": reviews.len(), "bad": bad });
    let entry = Entry { kind: Kind::AutomationClosed, actor: Actor::Policy(desk.policy.clone()), payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    let named = desk.desk.channel(channel).map_or(channel.as_str(), Channel::label);
    let say = Say::new("told.automation_dropped")
        .with("channel", named)
        .with_key("intent", &format!("intent.{intent}"))
        .with("bad", bad)
        .with("reviews", reviews.len());
    tell_those_above(tx, app, desk, channel, &say).await
}

/// Says something to everybody who may open automation, and to whoever answers for the channel.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_those_above(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    channel: &str,
    say: &Say,
) -> anyhow::Result<()> {
    let channel = desk.desk.channel(channel);
    let answers = |person: &Person| {
        let ids = channel.map(|channel| [&channel.owner, &channel.escalation_owner]);
        ids.into_iter().flatten().any(|id| id.as_ref() == Some(&person.id))
    };
    let above = |person: &&Person| answers(person) || policy::may(person, Power::SetMode, channel).is_ok();
    for to in desk.desk.people.iter().filter(above).filter_map(|person| app.address(person)) {
        apply::queue_say(tx, app, &to, say, app.clock.now()).await?;
    }
    Ok(())
}
