//! What is on a card, before any surface's limits.

use serde::{Deserialize, Serialize};

use crate::care::CareCard;
use crate::hidden::{hides_link, reveal};
use crate::names::{Act, Hint, Risk, RowLabel};
use crate::plan::PlanCard;
use crate::words::Words;

/// One of the cards a reviewer can meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "built, rendered and dropped one at a time")]
pub enum Card {
    /// A draft that waits for a decision, or a case without a draft that waits for a person.
    Review(ReviewCard),
    /// What the presser's card turns into after 拒绝: one of the reasons, then 确认拒绝.
    AskReason {
        /// The case number.
        number: i64,
        /// The version that would be refused.
        version: i64,
        /// That version's code.
        code: String,
    },
    /// What the presser's card turns into after 暂停: one of the scopes, then 确认暂停.
    AskPause {
        /// The case number.
        number: i64,
        /// The version that was looked at.
        version: i64,
        /// That version's code.
        code: String,
    },
    /// A piece of knowledge its owner has to look at.
    Care(CareCard),
    /// What would be done in the back office, or was.
    Plan(PlanCard),
    /// What a card turns into once there is nothing left to decide on it.
    Settled {
        /// The case number.
        number: i64,
        /// What was decided, by whom and when: `已发 · 李华 14:03 · 9 秒`.
        title: String,
        /// One more line, may be empty.
        desc: String,
        /// The longer story, may be empty.
        text: String,
    },
}

impl Card {
    /// The number of the case, of the entry, or of the action.
    pub fn number(&self) -> i64 {
        match self {
            Self::Review(review) => review.number,
            Self::Care(care) => care.number,
            Self::Plan(plan) => plan.number,
            Self::AskReason { number, .. } | Self::AskPause { number, .. } | Self::Settled { number, .. } => *number,
        }
    }
}

/// A case as its reviewer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewCard {
    /// The desk's short number of the case.
    pub number: i64,
    /// The draft version; what a press decides about.
    pub version: i64,
    /// The 4-character code of that version's digest, see [`crate::code_of`].
    pub code: String,
    /// The shop's label.
    pub shop: String,
    /// The place in the holder's queue: this one, of so many waiting.
    pub place: Option<(u32, u32)>,
    /// What the customer wants, as people call it.
    pub intent: String,
    /// The judged risk.
    pub risk: Risk,
    /// The review time has passed.
    pub overdue: bool,
    /// Seconds until the review time passes.
    pub seconds_left: Option<i64>,
    /// How many messages the platform still lets us send in this conversation.
    pub quota_left: Option<u32>,
    /// The customer's last words, of any length: cut to the quote area, with `…` and the number of characters left out.
    pub customer: String,
    /// How many pictures, voices and files came with them.
    pub attachments: u32,
    /// The parts of the draft, each one message to the customer. `None`: there is nothing to send, a person is needed.
    pub body: Option<Vec<String>>,
    /// Why nothing can be sent, or what to mind before deciding.
    pub note: Option<String>,
    /// At most six; further ones are not shown.
    pub rows: Vec<Row>,
    /// The rewrite hints that are offered. They show only where 改 is among the acts.
    pub hints: Vec<Hint>,
    /// The buttons; the first is the primary one. `Send` and `SendAgain` show only when there is a draft; confirmations never do.
    pub acts: Vec<Act>,
    /// Whether a colleague carries the reply over by hand: some buttons are called otherwise.
    #[serde(default)]
    pub by_hand: bool,
    /// The page with everything, http or https.
    pub page_url: Option<String>,
}

/// A labelled line under the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What kind of line.
    pub label: RowLabel,
    /// What it says; cut to the slot with `…`, never within a number. An empty one is not shown.
    pub value: String,
    /// What a tap on it opens, http or https.
    pub link: Option<String>,
}

impl ReviewCard {
    /// What a button of this card is called: 复制 for 发送 where the reply is carried by hand, 已发送 for 已确认送达, 再发一遍
    /// for 没送到，重发.
    pub fn label(&self, act: Act, words: &Words) -> String {
        match act {
            Act::Send if self.by_hand => words.text("by_hand.send", &[]),
            Act::Delivered if self.by_hand => words.text("by_hand.delivered", &[]),
            Act::SendAgain if self.by_hand => words.text("by_hand.send_again", &[]),
            _ => act.label(words),
        }
    }

    /// Whether a 发送 or 重发 button may show: there is a draft, no part of it is blank, and a person would see all of it.
    pub fn sendable(&self) -> bool {
        self.body.as_deref().is_some_and(|parts| !parts.is_empty() && parts.iter().all(|part| showable(part)))
    }
}

/// Whether a person who reads the text sees everything in it.
///
/// Not so: characters that act on the text without being seen, and links written with another text than their target,
/// which WeCom renders in messages. Blank text is nothing to see either.
pub fn showable(part: &str) -> bool {
    !part.trim().is_empty() && !hides_link(part) && reveal(part) == part
}
