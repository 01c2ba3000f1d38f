//! What can happen to a case.

use channels::Spent;
use serde::{Deserialize, Serialize};

use super::{Citation, Draft, Lost, Rejection};
use crate::clock::Timestamp;
use crate::policy::{self, Verdict};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The customer wrote.
    CustomerSaid {
        /// The message's sequence number in the conversation.
        seq: i64,
        /// When the customer wrote it, by the platform's clock.
        at: Timestamp,
        /// It adds nothing to the question: 好的, 在吗, an emoji.
        adds_nothing: bool,
        /// It asks for a person.
        wants_person: bool,
        /// The words, for the record; they can be erased there.
        text: String,
    },
    /// The customer took a message back; its text is already erased.
    CustomerRecalled {
        /// The message's sequence number.
        seq: i64,
        /// Whether any readable, unanswered message is left.
        anything_left: bool,
    },
    /// Drafting finished.
    Drafted {
        /// The drafting it belongs to.
        generation: i64,
        /// What came of it.
        drafted: Drafted,
    },
    /// A person decided something about the case.
    Tapped(Tap),
    /// A waiting case is given to a reviewer.
    Dealt {
        /// The reviewer.
        to: String,
    },
    /// The holder is off duty, may not decide any more, or a pause covers the case.
    PutBack {
        /// Who has room for it, if anybody has.
        to: Option<String>,
    },
    /// A case waits, and there is nobody left whose turn it could be.
    Undealt,
    /// Nobody decided in time.
    ReviewExpired {
        /// The time limit that passed.
        due: Timestamp,
    },
    /// The platform's window closed.
    WindowEnded,
    /// The deciding part of the configuration changed.
    PolicyChanged,
    /// The facts in a draft do not count any more.
    EvidenceStale {
        /// The draft's version.
        version: i64,
    },
    /// What the case's draft rests on is no longer in use.
    KnowledgeChanged,
    /// A servicer was seen typing, or took the session in the platform's own client.
    ServicerActive {
        /// The person's id, or the WeCom member id nobody configured.
        who: String,
    },
    /// The platform ended the session.
    SessionEnded,
    /// The platform answered our wish to hand the session over.
    SessionMoved {
        /// Who has it now.
        to: super::SessionOwner,
    },
    /// A worker asks to let the next part out.
    Claim {
        /// The part, counted from 0.
        part: usize,
        /// A pause in scope was declared after the approval, even if it was lifted since.
        paused_since_approval: bool,
    },
    /// The fate of a claimed part is known, or known to be unknown.
    Settled {
        /// The part, counted from 0.
        part: usize,
        /// Its fate.
        result: PartResult,
    },
    /// The fate of a request that was given up as unknown turned up after all.
    SettledLate {
        /// The platform's message id it carried.
        msgid: String,
        /// The part of its reply, counted from 0.
        part: usize,
        /// Its fate.
        result: PartResult,
    },
    /// A worker died with a claimed part and asks whether it may still be let out, under the same id, to learn what
    /// became of it.
    Probe {
        /// The part, counted from 0.
        part: usize,
        /// A pause in scope was declared after the approval, even if it was lifted since.
        paused_since_approval: bool,
    },
    /// Everything about the customer is erased.
    CustomerErased {
        /// Who had it done.
        by: String,
    },
    /// The channel took a part of a reply and now says that it does not know whether it was delivered.
    DeliveryUnknown {
        /// The request that carried it.
        lost: Lost,
        /// The words it carried.
        text: String,
    },
    /// The platform accepted a reply and now says it was not delivered.
    NotDelivered {
        /// The message id it names.
        msgid: String,
        /// The platform's number for the reason (wecom 94670, `fail_type`).
        fail_type: i64,
    },
}

impl Event {
    /// What a customer's message of a kind (`text`, `image`, …) is to a case.
    pub fn customer_said(seq: i64, at: Timestamp, kind: &str, text: String) -> Self {
        let words = kind == "text";
        let (adds_nothing, wants_person) = (words && policy::adds_nothing(&text), words && policy::wants_person(&text));
        Self::CustomerSaid { seq, at, adds_nothing, wants_person, text }
    }
}

/// What came of drafting.
#[derive(Debug, Clone, PartialEq)]
pub enum Drafted {
    /// A reply to show. Its version and digest are given by `step`.
    Reply(Box<Draft>),
    /// No reply may be shown: this is for people only.
    HumanOnly(Box<Draft>),
    /// The shop's knowledge has no answer: a draft without parts, which says how the question was judged.
    NoAnswer(Box<Draft>),
    /// It could not be tried.
    Failed {
        /// What went wrong, for the record.
        why: String,
    },
}

impl Drafted {
    /// What the draft rests on.
    pub fn citations(&self) -> &[Citation] {
        match self {
            Self::Reply(draft) | Self::HumanOnly(draft) | Self::NoAnswer(draft) => &draft.citations,
            Self::Failed { .. } => &[],
        }
    }
}

/// A decision by a person, from a card, a page or a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Tap {
    /// The person's id.
    pub person: String,
    /// The draft version they saw.
    pub version: i64,
    /// The code they saw; none where nothing could be sent.
    pub code: String,
    /// What they decided.
    pub decision: Decision,
}

/// What a person can decide.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Send exactly what was shown.
    Send,
    /// Replace the text.
    Edit {
        /// The new messages, already cleaned.
        parts: Vec<String>,
        /// How the policy judges them.
        verdict: Verdict,
    },
    /// Ask for a new draft.
    Rewrite(cards::Hint),
    /// Look the facts up again, and draft anew.
    LookAgain,
    /// Reject, with a reason.
    Reject(Rejection),
    /// Ask the next level.
    Escalate,
    /// Answer in person.
    TakeOver,
    /// Give a taken conversation back to the bot.
    GiveBack,
    /// Say that what nobody knew about arrived.
    Delivered,
    /// Say that it did not, and send exactly what was shown again.
    SendAgain,
    /// Say that it does not matter any more.
    Drop,
}

impl Decision {
    /// The button this decision is.
    pub fn act(&self) -> cards::Act {
        match self {
            Self::Send => cards::Act::Send,
            Self::Edit { .. } | Self::Rewrite(_) => cards::Act::Edit,
            Self::LookAgain => cards::Act::LookAgain,
            Self::Reject(_) => cards::Act::Reject,
            Self::Escalate => cards::Act::Escalate,
            Self::TakeOver | Self::GiveBack => cards::Act::TakeOver,
            Self::Delivered => cards::Act::Delivered,
            Self::SendAgain => cards::Act::SendAgain,
            Self::Drop => cards::Act::Drop,
        }
    }
}

/// The fate of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum PartResult {
    /// The platform accepted it.
    Accepted,
    /// A colleague has it on their phone, to send it by hand.
    HandedOut,
    /// It did not arrive: the platform refused it, or it never left.
    Failed {
        /// The platform's code; 0 when it never left.
        code: i64,
        /// What the platform says is used up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spent: Option<Spent>,
    },
    /// The platform did nothing and asks to come back later (a rate limit): it is tried again under the same id, after
    /// a fresh claim.
    PutOff {
        /// The platform's code.
        code: i64,
        /// How long it wants to be left alone, where it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_ms: Option<Timestamp>,
    },
    /// Nobody knows.
    Unknown,
}

/// Who a message goes to on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The account we write as.
    pub account: String,
    /// The customer's id there.
    pub customer: String,
}
