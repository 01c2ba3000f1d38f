//! What may still be sent to a customer.

use channels::ReplyWindow;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Messages of the quota never spent on replies: a person must still be able to say something.
pub const KEPT_FOR_HANDOVER: i64 = 1;

/// What may still be sent to the customer, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When the platform stops accepting messages; none where it goes on for ever.
    pub ends_at: Option<Timestamp>,
    /// Messages it still accepts until then; none where it does not count.
    pub quota_left: Option<i64>,
}

impl Window {
    /// The window a customer's message at `said_at` opens on a channel with this rule.
    pub fn opened(said_at: Timestamp, rule: Option<ReplyWindow>) -> Self {
        Self { ends_at: rule.map(|rule| said_at + rule.lasts_ms), quota_left: rule.map(|rule| rule.messages) }
    }

    /// Whether the platform accepts nothing any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|ends_at| now >= ends_at)
    }

    /// Whether `parts` messages can be sent now with one kept for the hand-over.
    pub fn allows(&self, parts: usize, now: Timestamp) -> bool {
        !self.is_over(now) && self.quota_left.is_none_or(|left| left - KEPT_FOR_HANDOVER >= parts as i64)
    }

    /// Messages a reply may use; none where nobody counts.
    pub fn for_replies(&self) -> Option<u32> {
        self.quota_left.map(|left| u32::try_from(left - KEPT_FOR_HANDOVER).unwrap_or(0))
    }

    /// One message leaves.
    pub(crate) fn spend(&mut self) {
        self.quota_left = self.quota_left.map(|left| left - 1);
    }

    /// A message did not leave after all.
    pub(super) fn give_back(&mut self, rule: Option<ReplyWindow>) {
        let most = rule.map_or(i64::MAX, |rule| rule.messages);
        self.quota_left = self.quota_left.map(|left| (left + 1).min(most));
    }
}
