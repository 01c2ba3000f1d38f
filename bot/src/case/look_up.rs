//! What was looked up in the shop's back office before a reply was drafted.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What a draft's facts come from, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// The order, masked; nothing where the customer named none.
    pub order: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Looked,
    /// The number of the order's parcel, where it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
}

/// What came of a look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "looked", rename_all = "snake_case")]
pub enum Looked {
    /// Facts, with what proves them.
    Found {
        /// In a line.
        fact: String,
        /// From when on it does not count any more.
        stale_at: Timestamp,
        /// SHA-256 of the pictures, in hex.
        pictures: Vec<String>,
    },
    /// The shop has no such order.
    NotFound,
    /// The customer named no order: they are asked, and nothing was opened.
    NoOrder,
    /// The order belongs to another customer: nothing was opened.
    NotTheirs,
    /// It could not be looked up: the draft goes on without facts.
    Unseen(Unseen),
}

/// Why nothing was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unseen {
    /// The recipe is stopped until a person has looked.
    Stopped,
    /// A person has to sign in.
    SignedOut,
    /// The account lacks a right.
    NoPermission,
    /// The platform wants to see a person.
    Verification,
    /// The page is not the one the recipe knows.
    Changed,
    /// Something came up in front of the page.
    Dialog,
    /// It took too long.
    Slow,
    /// The page does not work.
    Broken,
    /// There is no browser, or it does not work.
    NoBrowser,
    /// Something was handed in, and nobody knows what became of it.
    NoAnswer,
}

impl Unseen {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Stopped,
        Self::SignedOut,
        Self::NoPermission,
        Self::Verification,
        Self::Changed,
        Self::Dialog,
        Self::Slow,
        Self::Broken,
        Self::NoBrowser,
        Self::NoAnswer,
    ];

    /// The name in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::SignedOut => "signed_out",
            Self::NoPermission => "no_permission",
            Self::Verification => "verification",
            Self::Changed => "changed",
            Self::Dialog => "dialog",
            Self::Slow => "slow",
            Self::Broken => "broken",
            Self::NoBrowser => "no_browser",
            Self::NoAnswer => "no_answer",
        }
    }

    /// The reason with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unseen| unseen.as_str() == name)
    }

    /// The locale key of the reason in a few words.
    pub fn key(self) -> &'static str {
        match self {
            Self::Stopped => "unseen.stopped",
            Self::SignedOut => "unseen.signed_out",
            Self::NoPermission => "unseen.no_permission",
            Self::Verification => "unseen.verification",
            Self::Changed => "unseen.changed",
            Self::Dialog => "unseen.dialog",
            Self::Slow => "unseen.slow",
            Self::Broken => "unseen.broken",
            Self::NoBrowser => "unseen.no_browser",
            Self::NoAnswer => "unseen.no_answer",
        }
    }
}

impl Unseen {
    /// The locale key of what a person has to do about it.
    pub fn todo_key(self) -> &'static str {
        match self {
            Self::SignedOut => "unseen_todo.sign_in",
            Self::NoPermission => "unseen_todo.permission",
            Self::Verification => "unseen_todo.verification",
            Self::Changed | Self::Dialog => "unseen_todo.page",
            Self::Slow | Self::Broken | Self::NoBrowser | Self::Stopped => "unseen_todo.test",
            Self::NoAnswer => "unseen_todo.verify",
        }
    }
}

impl LookUp {
    /// From when on its facts do not count any more, where it has any.
    pub fn stale_at(&self) -> Option<Timestamp> {
        match self.outcome {
            Looked::Found { stale_at, .. } => Some(stale_at),
            _ => None,
        }
    }

    /// Its pictures, by SHA-256 in hex.
    pub fn pictures(&self) -> &[String] {
        match &self.outcome {
            Looked::Found { pictures, .. } => pictures,
            _ => &[],
        }
    }
}
