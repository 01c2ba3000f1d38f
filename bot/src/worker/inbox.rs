//! What the world said, from the moment it is stored until its case knows.

use std::fmt;

use channels::wecom::callback::{CardTap, Incoming, MemberContent};
use channels::wecom::kf::KfMessage;
use channels::{Arrival, BETWEEN_IDS};
use serde::{Deserialize, Serialize};

use super::customer::{self, Place};
use super::reviewer;
use crate::app::App;
use crate::desk::{Channel, ChannelKind, Desk};
use crate::store::queue::{Rank, Row};
use crate::store::{self, Tx, queue};
use crate::surface::{Address, Attached, SentFile, Surface};

/// Something the world said, as stored in the inbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Inbound {
    /// A colleague wrote, tapped or chose.
    Member {
        /// What they did.
        incoming: Incoming,
    },
    /// A colleague wrote or pressed, on another surface than the app.
    Colleague {
        /// Where, and who.
        address: Address,
        /// What they did.
        deed: Deed,
    },
    /// Something happened in a conversation, on a channel with a door of its own.
    Arrived {
        /// The channel's id.
        channel: String,
        /// What happened.
        arrival: Arrival,
    },
    /// Something happened in a customer-service conversation of WeCom.
    Customer {
        /// The account it was read from.
        account: String,
        /// What happened.
        message: KfMessage,
        /// It is older than the desk's first minutes: stored, shown, not answered.
        backlog: bool,
    },
}

/// What a colleague did, on whatever surface.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// They wrote, spoke, or chose from the menu.
    Said(String),
    /// They wrote under a quotation.
    SaidUnder {
        /// What they wrote.
        text: String,
        /// The words quoted.
        quoted: String,
    },
    /// They sent a picture.
    Picture {
        /// The words with it; empty where there are none.
        caption: String,
        /// The picture.
        picture: Attached,
    },
    /// They sent a file.
    File(SentFile),
    /// They sent something the desk cannot read.
    Unreadable,
    /// They pressed a button of a card.
    Pressed(Pressed),
    /// Nothing the desk answers.
    Nothing,
}

/// A press on a card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pressed {
    /// The posting.
    pub task_id: String,
    /// What the button says ([`cards::Key`]).
    pub event_key: String,
    /// Questions of the card and the options chosen.
    pub selected: Vec<(String, Vec<String>)>,
    /// What the card may be changed by from now on.
    pub code: Option<String>,
}

/// Which channel something arrived on.
#[derive(Debug, Clone)]
pub enum On {
    /// The webhook channel with this id.
    Webhook(String),
    /// The one channel of a kind of which there is one account.
    Only(ChannelKind),
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(id) => write!(f, "a channel of kind \"webhook\" with the id {id:?}"),
            Self::Only(kind) => write!(f, "a channel of kind {:?}", kind.as_str()),
        }
    }
}

impl On {
    fn channel<'d>(&self, desk: &'d Desk) -> Option<&'d Channel> {
        match self {
            Self::Webhook(id) => desk.channel(id).filter(|channel| channel.kind == ChannelKind::Webhook),
            Self::Only(kind) => desk.channel_of_kind(*kind),
        }
    }
}

/// Stores what arrived on a channel with a door of its own, all of it or nothing; false where no such channel is
/// configured. What came in a request that was stored before, by its `replay_key`, is not stored again.
///
/// # Errors
/// When the database fails; whoever sent it then sends it again.
pub async fn arrived(app: App, on: On, replay_key: Option<String>, arrivals: Vec<Arrival>) -> anyhow::Result<bool> {
    let store = app.store.clone();
    let kept = store.commit(move |tx| {
        Box::pin(async move {
            let desk = app.desk(tx).await?;
            let Some(channel) = on.channel(&desk.desk) else { return Ok(false) };
            let key: Vec<&str> = replay_key.iter().map(String::as_str).collect();
            if key.is_empty() || !queue::first_seen(tx, &key).await?.is_empty() {
                for arrival in arrivals {
                    store_arrival(tx, &app, &channel.id, arrival).await?;
                }
            }
            Ok(true)
        })
    });
    store::ahead(kept).await
}

/// Stores one thing that arrived on a channel with a door of its own.
///
/// # Errors
/// When the database fails.
pub(crate) async fn store_arrival(tx: &mut Tx, app: &App, channel: &str, arrival: Arrival) -> anyhow::Result<()> {
    let now = app.clock.now();
    let lane = format!("in:{channel}:{}", arrival.customer.as_deref().unwrap_or_default());
    let dedup = format!("{lane}{BETWEEN_IDS}{}", arrival.id);
    let body = serde_json::to_string(&Inbound::Arrived { channel: channel.to_owned(), arrival })?;
    queue::receive(tx, &app.ids.next(now)?, &dedup, (&lane, Rank::Then), &body, now).await?;
    Ok(())
}

/// Stores what a member did, to be worked soon.
pub(super) async fn store_member(tx: &mut Tx, app: &App, key: &str, incoming: Incoming) -> anyhow::Result<()> {
    let now = app.clock.now();
    let lane = format!("from:{}", member_of(&incoming).unwrap_or_default().to_ascii_lowercase());
    let body = serde_json::to_string(&Inbound::Member { incoming })?;
    queue::receive(tx, &app.ids.next(now)?, &format!("member:{key}"), (&lane, Rank::First), &body, now).await?;
    Ok(())
}

/// Stores what a colleague did, to be worked soon; once for each `key`.
pub(super) async fn store_deed(tx: &mut Tx, app: &App, key: &str, from: &Address, deed: Deed) -> anyhow::Result<()> {
    let now = app.clock.now();
    let lane = format!("from:{}", from.lane());
    let body = serde_json::to_string(&Inbound::Colleague { address: from.clone(), deed })?;
    queue::receive(tx, &app.ids.next(now)?, &format!("member:{key}"), (&lane, Rank::First), &body, now).await?;
    Ok(())
}

/// What a member did in the app.
fn deed_in_app(incoming: Incoming) -> Deed {
    match incoming {
        Incoming::Message(message) => match message.content {
            MemberContent::Text(text) => Deed::Said(text),
            MemberContent::Voice { recognition: Some(text), .. } => Deed::Said(text),
            MemberContent::Image { media_id, .. } => {
                Deed::Picture { caption: String::new(), picture: Attached::WecomApp(media_id) }
            }
            _ => Deed::Unreadable,
        },
        Incoming::CardTap(CardTap { task_id, event_key, selected, response_code, .. }) => {
            Deed::Pressed(Pressed { task_id, event_key, selected, code: response_code })
        }
        Incoming::MenuClick { key, .. } => Deed::Said(key),
        _ => Deed::Nothing,
    }
}

/// The member who did it, where it was a member.
fn member_of(incoming: &Incoming) -> Option<&str> {
    match incoming {
        Incoming::Message(message) => Some(&message.userid),
        Incoming::CardTap(tap) | Incoming::CardMenu(tap) => Some(&tap.userid),
        Incoming::MenuClick { userid, .. } | Incoming::Entered { userid } => Some(userid),
        Incoming::Other { userid, .. } => userid.as_deref(),
        Incoming::Doorbell { .. } | Incoming::KfAccounts(_) => None,
    }
}

/// Handles one claimed row of the inbox.
///
/// # Errors
/// When the database fails; the row is then handled again.
pub(super) async fn handle(app: &App, row: Row) -> anyhow::Result<()> {
    match serde_json::from_str(&row.body)? {
        Inbound::Member { incoming } => {
            let from = Address::new(Surface::WecomApp, member_of(&incoming).unwrap_or_default());
            reviewer::did(app, row, from, deed_in_app(incoming)).await
        }
        Inbound::Colleague { address, deed } => reviewer::did(app, row, address, deed).await,
        Inbound::Customer { account, message, backlog } => {
            customer::did(app, row, Place::Account(account), message.into(), backlog).await
        }
        Inbound::Arrived { channel, arrival } => customer::did(app, row, Place::Channel(channel), arrival, false).await,
    }
}
