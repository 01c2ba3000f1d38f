//! What the world said, from the moment it is stored until its case knows.

use std::fmt;

use channels::telegram::Update;
use channels::wecom::callback::Incoming;
use channels::wecom::kf::KfMessage;
use channels::{Arrival, BETWEEN_IDS};
use serde::{Deserialize, Serialize};

use super::colleague;
use super::customer::{self, Place};
use super::reviewer;
use crate::app::App;
use crate::desk::{Channel, ChannelKind, Desk};
use crate::store::queue::{Rank, Row};
use crate::store::{Tx, queue};

/// Something the world said, as stored in the inbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Inbound {
    /// A colleague wrote, tapped or chose.
    Member {
        /// What they did.
        incoming: Incoming,
    },
    /// Something happened in a conversation, on a channel with a door of its own.
    Arrived {
        /// The channel's id.
        channel: String,
        /// What happened.
        arrival: Arrival,
    },
    /// A colleague did something with the desk's Telegram bot.
    Colleague {
        /// Their user id there.
        person: i64,
        /// What.
        update: Update,
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
    store
        .commit_ahead(move |tx| {
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
        })
        .await
}

pub(super) async fn store_arrival(tx: &mut Tx, app: &App, channel: &str, arrival: Arrival) -> anyhow::Result<()> {
    let now = app.clock.now();
    let lane = format!("in:{channel}:{}", arrival.customer.as_deref().unwrap_or_default());
    let dedup = format!("{lane}{BETWEEN_IDS}{}", arrival.id);
    let body = serde_json::to_string(&Inbound::Arrived { channel: channel.to_owned(), arrival })?;
    queue::receive(tx, &app.ids.next(now)?, &dedup, (&lane, Rank::Then), &body, now).await?;
    Ok(())
}

/// Stores what a colleague did on Telegram, to be worked soon.
pub(super) async fn store_colleague(tx: &mut Tx, app: &App, person: i64, update: &Update) -> anyhow::Result<()> {
    let now = app.clock.now();
    let (lane, dedup) = (format!("from:telegram:{person}"), format!("telegram:{}:{}", update.bot, update.id));
    let body = serde_json::to_string(&Inbound::Colleague { person, update: update.clone() })?;
    queue::receive(tx, &app.ids.next(now)?, &dedup, (&lane, Rank::First), &body, now).await?;
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

/// The member who did it, where it was a member.
pub(super) fn member_of(incoming: &Incoming) -> Option<&str> {
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
        Inbound::Member { incoming } => reviewer::did(app, row, incoming).await,
        Inbound::Colleague { person, update } => colleague::did(app, row, person, update).await,
        Inbound::Customer { account, message, backlog } => {
            customer::did(app, row, Place::Account(account), message.into(), backlog).await
        }
        Inbound::Arrived { channel, arrival } => customer::did(app, row, Place::Channel(channel), arrival, false).await,
    }
}
