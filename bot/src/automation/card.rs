//! The card by which the second of two people opens automation, or does not.

use cards::{Card, CareAct, CareCard, CareTopic};
use sha2::{Digest, Sha256};

use super::tally;
use crate::app::App;
use crate::clock::Timestamp;
use crate::desk::{Channel, Person};
use crate::policy::{self, Intent, Power};
use crate::store::Tx;
use crate::store::automation::{self, Automation};
use crate::store::desks::Applied;
use crate::store::knowledge::care::{self, About, CarePosting};
use crate::worker::{Job, apply};

/// What can be done about a proposal.
const ACTS: [CareAct; 2] = [CareAct::Agree, CareAct::Decline];

/// Somebody's wish that an intent be answered without a person on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The channel's id.
    pub(crate) channel: String,
    /// What customers want there.
    pub(crate) intent: Intent,
    /// When it was proposed: a later proposal is another one.
    pub(crate) at: Timestamp,
}

impl Proposal {
    /// The proposal that stands for an intent on a channel, if one does.
    pub(super) fn standing(known: &Automation) -> Option<Self> {
        let intent = Intent::named(&known.intent)?;
        let at = known.proposed_at.filter(|_| known.proposed_by.is_some())?;
        Some(Self { channel: known.channel.clone(), intent, at })
    }

    /// The proposal that a card is about.
    pub(crate) fn of(posting: &CarePosting) -> Option<Self> {
        let (place, at) = posting.care.split_once('@')?;
        let (channel, intent) = place.split_once('/')?;
        Some(Self { channel: channel.to_owned(), intent: Intent::named(intent)?, at: at.parse().ok()? })
    }

    fn id(&self) -> String {
        format!("{}/{}@{}", self.channel, self.intent.as_str(), self.at)
    }

    /// Whether it still waits for a second person, by how it stands now.
    pub(crate) fn waits(&self, known: &Automation) -> bool {
        known.opened_at.is_none() && Self::standing(known).as_ref() == Some(self)
    }
}

/// Asks everybody else who may open automation, once for each proposal.
///
/// # Errors
/// When the database fails.
pub(super) async fn ask(tx: &mut Tx, app: &App, desk: &Applied, known: &Automation) -> anyhow::Result<()> {
    let Some(proposal) = Proposal::standing(known) else { return Ok(()) };
    let id = proposal.id();
    if !care::open_cards(tx, &id).await?.is_empty() {
        return Ok(());
    }
    let proposer = known.proposed_by.as_deref().unwrap_or_default();
    let decides = |person: &&Person| person.id != proposer && policy::may(person, Power::SetMode, None).is_ok();
    let asked = desk.desk.people.iter().filter(decides).filter_map(|person| Some((person, app.address(person)?)));
    for (person, to) in asked.collect::<Vec<_>>() {
        let shown = hex::encode(app.ids.random16()?);
        let code = cards::code_of(&Sha256::digest(format!("{id}\0{shown}")).into());
        let card = apply::Beside { about: About::Opening, subject: id.clone(), code };
        apply::announce_beside(tx, app, card, &person.id, &to).await?;
    }
    Ok(())
}

/// Turns the cards of a proposal that is over into what became of it.
///
/// # Errors
/// When the database fails.
pub(super) async fn settle(tx: &mut Tx, app: &App, over: Option<Proposal>) -> anyhow::Result<()> {
    let Some(proposal) = over else { return Ok(()) };
    for posting in care::open_cards(tx, &proposal.id()).await? {
        let job = Job::SettleCare { task_id: posting.task_id, to: posting.to };
        job.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(())
}

/// The card of a proposal; nothing once it is over.
///
/// # Errors
/// When the database fails.
pub(crate) async fn card(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(proposal) = Proposal::of(posting) else { return Ok(None) };
    let known = automation::load(tx, &proposal.channel, proposal.intent.as_str()).await?;
    if !proposal.waits(&known) {
        return Ok(None);
    }
    let desk = app.desk(tx).await?;
    let words = desk.words();
    let counted = tally(tx, &proposal.channel, proposal.intent).await?;
    let by = desk.desk.name_of(known.proposed_by.as_deref().unwrap_or_default());
    let (good, bad) = (counted.good.to_string(), counted.bad.to_string());
    let limit = format!("{:.1}%", desk.desk.policy.auto.bad_rate * 100.0);
    Ok(Some(Card::Care(CareCard {
        topic: CareTopic::Automation,
        number: 0,
        version: 0,
        code: posting.code.clone(),
        title: title(&desk, &proposal),
        cause: words.text("auto.card_cause", &[("by", by)]),
        text: words.text("auto.card_text", &[("good", &good), ("bad", &bad), ("limit", &limit)]),
        acts: ACTS.to_vec(),
    })))
}

/// What a settled card says.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settled(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(proposal) = Proposal::of(posting) else { return Ok(None) };
    let known = automation::load(tx, &proposal.channel, proposal.intent.as_str()).await?;
    if proposal.waits(&known) {
        return Ok(None);
    }
    let desk = app.desk(tx).await?;
    let key = if known.opened_at.is_some() { "settled.opened" } else { "settled.not_opened" };
    let outcome = desk.words().text(key, &[]);
    Ok(Some(Card::Settled { number: 0, title: outcome, desc: title(&desk, &proposal), text: String::new() }))
}

fn title(desk: &Applied, proposal: &Proposal) -> String {
    let channel = desk.desk.channel(&proposal.channel).map_or(proposal.channel.as_str(), Channel::label);
    let intent = desk.words().text(proposal.intent.key(), &[]);
    desk.words().text("auto.card_title", &[("channel", channel), ("intent", &intent)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_names_the_proposal_it_is_about() {
        let known = Automation {
            channel: "flagship".into(),
            intent: "product".into(),
            proposed_by: Some("chenjie".into()),
            proposed_at: Some(7),
            ..Automation::default()
        };
        let proposal = Proposal::standing(&known).unwrap();
        let posting = CarePosting {
            task_id: String::new(),
            about: About::Opening,
            care: proposal.id(),
            person: String::new(),
            to: "WangWu".parse().unwrap(),
            code: String::new(),
            state: String::new(),
            response_code: None,
        };
        assert_eq!(Proposal::of(&posting), Some(proposal.clone()));
        assert!(proposal.waits(&known));
        for over in [
            Automation { opened_at: Some(9), ..known.clone() },
            Automation { proposed_at: Some(8), ..known.clone() },
            Automation { proposed_by: None, ..known },
        ] {
            assert!(!proposal.waits(&over), "{over:?}");
        }
    }
}
