//! What may be done with a version of an entry, and why it is not.

use crate::case::Say;
use crate::policy::Denied;
use crate::store::knowledge::EntryState;

/// What was done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Written: imported, changed in chat, or out of a correction.
    Drafted,
    /// Handed to its owner for review.
    Submitted,
    /// Put in use, on some channels or on all.
    Published,
    /// Switched off.
    Disabled,
    /// Taken back for an earlier version.
    RolledBack,
    /// In use again, because a later version was taken back.
    Restored,
    /// Said to hold still.
    Confirmed,
    /// A correction that became a version.
    Accepted,
    /// A correction nobody wants.
    Dismissed,
    /// Kept, though its file no longer holds it.
    Kept,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 10] = [
        Self::Drafted,
        Self::Submitted,
        Self::Published,
        Self::Disabled,
        Self::RolledBack,
        Self::Restored,
        Self::Confirmed,
        Self::Accepted,
        Self::Dismissed,
        Self::Kept,
    ];

    /// The act of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == name)
    }

    /// The name in the store, in the record, and behind `kb.act_`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::Submitted => "submitted",
            Self::Published => "published",
            Self::Disabled => "disabled",
            Self::RolledBack => "rolled_back",
            Self::Restored => "restored",
            Self::Confirmed => "confirmed",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Kept => "kept",
        }
    }
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no entry of this number or id.
    Unknown(String),
    /// The person may not look after knowledge.
    Denied(Denied),
    /// Only its owner or an admin may do this.
    NotYours {
        /// The owner's id.
        owner: String,
    },
    /// Its owner is nobody at this desk.
    Ownerless {
        /// As it is written in the entry.
        owner: String,
    },
    /// Not in this state.
    NotNow(EntryState),
    /// There is no earlier version that was in use.
    NothingEarlier,
    /// There is no such channel.
    NoChannel(String),
    /// The entry itself says that it does not apply there.
    OutOfScope(String),
    /// Its time is over.
    Expired,
    /// Its own tests fail.
    TestsFail(Vec<String>),
    /// Somebody else was faster, or the knowledge changed meanwhile.
    Overtaken,
    /// It would say nothing.
    Empty,
}

impl Refused {
    /// The sentence for whoever wanted it.
    pub fn say(&self) -> Say {
        match self {
            Self::Unknown(name) => Say::new("kb.unknown").with("name", name),
            Self::Denied(denied) => Say::new(denied.key()),
            Self::NotYours { owner } => Say::new("kb.not_yours").with_person("owner", owner),
            Self::Ownerless { owner } => Say::new("kb.ownerless").with("owner", owner),
            Self::NotNow(state) => Say::new("kb.not_now").with_key("state", state_key(*state)),
            Self::NothingEarlier => Say::new("kb.nothing_earlier"),
            Self::NoChannel(channel) => Say::new("kb.no_channel").with("channel", channel),
            Self::OutOfScope(channel) => Say::new("kb.out_of_scope").with("channel", channel),
            Self::Expired => Say::new("kb.over"),
            Self::TestsFail(failures) => Say::new("kb.tests_fail").with("failures", failures.join("\n")),
            Self::Overtaken => Say::new("kb.overtaken"),
            Self::Empty => Say::new("kb.empty"),
        }
    }
}

/// The locale key of a state's name.
pub fn state_key(state: EntryState) -> &'static str {
    match state {
        EntryState::Draft => "kb.state_draft",
        EntryState::Submitted => "kb.state_submitted",
        EntryState::Published => "kb.state_published",
        EntryState::Proposed => "kb.state_proposed",
        EntryState::Retired => "kb.state_retired",
        EntryState::Disabled => "kb.state_disabled",
        EntryState::Dismissed => "kb.state_dismissed",
    }
}
