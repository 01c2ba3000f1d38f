//! A card that only wants to be acknowledged: proof that whoever stands above a channel is reached, and looks.

use cards::{Card, CareAct, CareCard, CareKey, CareTopic};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::case::Say;
use crate::chat::Desk;
use crate::desk::{Channel, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::store::desks::Applied;
use crate::store::knowledge::care::{self, About, CarePosting};
use crate::store::{Tx, record};
use crate::worker::{Job, Pressed, apply};

/// Sends everybody who stands above a channel a card to acknowledge. Gives the names of those it went to.
///
/// # Errors
/// When the database fails.
pub async fn ask(tx: &mut Tx, app: &App, desk: &Applied) -> anyhow::Result<Vec<String>> {
    let reached = desk.desk.people.iter().filter(|person| channels_below(desk, person).next().is_some());
    let mut asked = Vec::new();
    for person in reached {
        let Some(to) = app.address(person) else { continue };
        let subject = format!("{}@{}", person.id, app.clock.now());
        let random = hex::encode(app.ids.random16()?);
        let code = cards::code_of(&Sha256::digest(format!("{subject}\0{random}")).into());
        apply::announce_beside(tx, app, apply::Beside { about: About::Drill, subject, code }, &person.id, &to).await?;
        asked.push(person.name.clone());
    }
    Ok(asked)
}

/// The channels that a person stands above.
fn channels_below<'d>(desk: &'d Applied, person: &'d Person) -> impl Iterator<Item = &'d Channel> {
    desk.desk.channels.iter().filter(|channel| channel.escalation_owner.as_deref() == Some(person.id.as_str()))
}

/// The card to acknowledge; nothing once its person stands above no channel.
///
/// # Errors
/// When the database fails.
pub(crate) async fn card(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let desk = app.desk(tx).await?;
    let Some(person) = desk.desk.person(&posting.person) else { return Ok(None) };
    let channels: Vec<&str> = channels_below(&desk, person).map(Channel::label).collect();
    if channels.is_empty() {
        return Ok(None);
    }
    let words = desk.words();
    Ok(Some(Card::Care(CareCard {
        topic: CareTopic::Escalation,
        number: 0,
        version: 0,
        code: posting.code.clone(),
        title: words.text("drill.title", &[]),
        cause: words.text("drill.cause", &[]),
        text: words.text("drill.text", &[("channels", &channels.join("、"))]),
        acts: vec![CareAct::Received],
    })))
}

/// What a card turns into that was acknowledged.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settled(tx: &mut Tx, app: &App) -> anyhow::Result<Card> {
    let desk = app.desk(tx).await?;
    let (title, desc) = (desk.words().text("settled.received", &[]), desk.words().text("drill.title", &[]));
    Ok(Card::Settled { number: 0, title, desc, text: String::new() })
}

/// Somebody pressed 收到: it counts for the person the card went to, on record.
///
/// # Errors
/// When the database fails.
pub(crate) async fn pressed(desk: &mut Desk<'_, '_>, key: &CareKey, tap: &Pressed) -> anyhow::Result<()> {
    let posting = care::card(desk.tx, &tap.task_id).await?;
    let known = posting.filter(|posting| posting.about == About::Drill && posting.code == key.code);
    let Some(posting) = known.filter(|posting| posting.person == desk.person.id && posting.state != "gone") else {
        return desk.old_card(&tap.event_key).await;
    };
    care::tapped(desk.tx, &posting.task_id, tap.code.as_deref(), desk.app.clock.now()).await?;
    let channels: Vec<&str> = channels_below(desk.desk, desk.person).map(|channel| channel.id.as_str()).collect();
    let actor = Actor::Person(desk.person.id.clone());
    let entry = Entry { kind: Kind::EscalationTested, actor, payload: json!({ "channels": channels }) };
    record::append(desk.tx, desk.app, record::DESK, None, &entry).await?;
    let job = Job::SettleCare { task_id: posting.task_id, to: posting.to };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    desk.say(Say::new("drill.thanks")).await
}
