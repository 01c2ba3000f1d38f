//! What the world said, from the moment it is stored until its case knows.

use channels::wecom::callback::Incoming;
use channels::wecom::kf::KfMessage;
use serde::{Deserialize, Serialize};

use super::{customer, reviewer};
use crate::app::App;
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
    /// Something happened in a customer-service conversation.
    Customer {
        /// The account it was read from.
        account: String,
        /// What happened.
        message: KfMessage,
        /// It is older than the desk's first minutes: stored, shown, not answered.
        backlog: bool,
    },
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
        Inbound::Customer { account, message, backlog } => customer::did(app, row, account, message, backlog).await,
    }
}
