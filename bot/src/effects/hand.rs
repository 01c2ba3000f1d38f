//! Handing an approved reply to the colleague who has the customer's chat before them, to be copied and sent by hand.

use std::sync::Arc;
use std::time::Instant;

use channels::Fate;

use super::phone::paced;
use super::surface::{Missed, Way};
use crate::app::App;
use crate::case::{Approval, Say};
use crate::clock::Timestamp;
use crate::desk::Channel;
use crate::store::desks::Applied;
use crate::store::queue::Rank;
use crate::store::sends::Send;
use crate::surface::Address;

/// Messages a part takes on a phone at most: who approved it, and the words alone.
const MESSAGES: usize = 2;

/// The colleague who carries a customer's replies over.
pub(super) struct Hand {
    asker: String,
    /// Where they are reached, the first choice first.
    addresses: Vec<Address>,
    desk: Arc<Applied>,
}

impl Hand {
    /// Whoever asked for this customer; nobody where they are not configured any more, or the channel is another.
    pub(super) fn of(app: &App, desk: &Arc<Applied>, channel: &Channel, customer: &str) -> Option<Self> {
        let asker = channel.asker_of(customer)?;
        let addresses = app.addresses(desk.desk.person(asker)?);
        Some(Self { asker: asker.to_owned(), addresses, desk: desk.clone() })
    }

    /// Whether there is any way to them.
    pub(super) fn is_reachable(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// Takes room on their phone; else when to ask again.
    pub(super) async fn admit(&self, app: &App) -> anyhow::Result<Result<(), Timestamp>> {
        let Some(to) = self.addresses.first() else { return Ok(Ok(())) };
        Ok(paced(app, to, MESSAGES, Rank::First).await?.map_or(Ok(()), Err))
    }

    /// Gives them the words on the first of their surfaces that can be reached, with a line before them where somebody
    /// else approved. Whatever may not have arrived is given again later: it is a colleague's phone.
    pub(super) async fn give(&self, app: &App, send: &Send, until: Instant) -> Fate {
        let mut hopeless = true;
        for way in self.addresses.iter().filter_map(|address| Way::to(app, address)) {
            if Instant::now() >= until {
                return Fate::PutOff { code: 0, wait_ms: None };
            }
            match self.give_by(&way, send).await {
                Ok(()) => return Fate::HandedOut,
                Err(Missed::NotBefore(wait)) => return Fate::PutOff { code: 0, wait_ms: Some(wait) },
                Err(Missed::Never(problem)) => tracing::warn!(send = %send.id, %problem, "a reply was not handed out"),
                Err(Missed::NotYet(problem) | Missed::Down(problem)) => {
                    tracing::warn!(send = %send.id, %problem, "a reply could not be handed out yet");
                    hopeless = false;
                }
            }
        }
        if hopeless { Fate::NotSent } else { Fate::PutOff { code: 0, wait_ms: None } }
    }

    async fn give_by(&self, way: &Way<'_>, send: &Send) -> Result<(), Missed> {
        let approver = serde_json::from_str::<Approval>(&send.authority).map(|approval| approval.person);
        if let Some(by) = approver.ok().filter(|person| *person != self.asker) {
            let line = Say::new("told.approved_by_other").with_person("by", &by);
            way.text(&line.in_words(self.desk.words(), &self.desk.desk)).await?;
        }
        way.to_copy(&send.body).await
    }
}
