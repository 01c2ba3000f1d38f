//! What the oracle is told, in the order in which it became durable or visible.

use crate::case::Decision;
use crate::clock::Timestamp;
use crate::evidence::Entry;

/// The platform's id of a message we send.
pub type WireId = String;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An entry was stored.
    Entry {
        /// The conversation's chain; none for the desk's.
        conversation: Option<usize>,
        /// The case it belongs to.
        case: Option<usize>,
        /// What it says.
        entry: Entry,
    },
    /// The first byte of a request to a customer left.
    RequestBegan {
        /// To whom.
        conversation: usize,
        /// Its message id.
        id: WireId,
        /// The exact words.
        body: String,
    },
    /// The platform accepted a message.
    Accepted {
        /// For whom.
        conversation: usize,
        /// Its message id.
        id: WireId,
        /// The exact words.
        body: String,
    },
    /// A pause was declared.
    Paused {
        /// What it covers.
        scope: Scope,
        /// The messages its acknowledgement names.
        in_flight: Vec<WireId>,
    },
    /// A pause was lifted.
    Lifted {
        /// What it covered.
        scope: Scope,
        /// Who asked first, where two have to.
        first: Option<String>,
        /// Who lifted it.
        by: String,
    },
    /// The cursor of an account was stored.
    CursorMoved {
        /// The account.
        account: usize,
        /// Where it is now.
        to: usize,
    },
    /// A colleague pressed something on a phone that shows this.
    Pressed(Press),
    /// A callback was answered with success.
    Acknowledged {
        /// The callback's content.
        no: u64,
    },
    /// What a callback said has had its effect.
    Handled {
        /// The callback's content.
        no: u64,
    },
}

/// What a pause covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Everything,
    /// A channel.
    Channel(usize),
    /// A conversation.
    Conversation(usize),
}

impl Scope {
    /// Whether it covers a conversation of a channel.
    pub fn covers(self, channel: usize, conversation: usize) -> bool {
        match self {
            Self::Everything => true,
            Self::Channel(at) => at == channel,
            Self::Conversation(at) => at == conversation,
        }
    }
}

/// A decision as it was made on a phone.
#[derive(Debug, Clone)]
pub struct Press {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub person: String,
    /// About which case.
    pub case: usize,
    /// The version on show.
    pub version: i64,
    /// The code they gave: that of what was on show, unless they made one up.
    pub code: String,
    /// The words on show.
    pub shown: Vec<String>,
    /// What was decided.
    pub decision: Decision,
}
