//! One customer need being answered. Pure: [`step`] takes a case, what happened and the rules in force,
//! and says what the case becomes, what goes on record and what has to be done. It performs nothing.

mod authority;
mod customer;
mod doubt;
mod draft;
mod effect;
mod event;
mod hand;
mod human;
mod in_turn;
mod look_up;
mod refusal;
mod sending;
mod step;
mod window;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use authority::{Approval, Authority, Permit};
pub use doubt::{Doubt, Lost, Resolution};
pub use draft::{Author, Citation, Draft, NoModel, Shortcoming, Translation, digest};
pub use effect::{Effect, Fill, Outcome, Say};
pub use event::{Decision, Drafted, Event, PartResult, Recipient, Tap};
pub use in_turn::{InTurn, Roster};
pub use look_up::{LookUp, Looked, Unseen};
pub use refusal::{Refusal, act_key};
pub use sending::message_id;
pub use step::{Automation, BY_ITSELF, PausedBy, Rules, Step, step};
pub use window::{KEPT_FOR_HANDOVER, Window};

use cards::{RejectReason, Risk};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// One customer need being answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Unique id.
    pub id: String,
    /// The desk's short number, never reused.
    pub number: i64,
    /// The conversation it belongs to.
    pub conversation: String,
    /// Channel id.
    pub channel: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The case it follows, when the customer came back.
    pub follows: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Highest draft version ever shown.
    pub version: i64,
    /// Counts draftings, so that a late one is recognised.
    pub generation: i64,
    /// Sequence number of the newest customer message.
    pub watermark: i64,
    /// The customer's message budget.
    pub window: Window,
    /// The last decision taken, for people who come too late.
    pub last_decision: Option<Decided>,
    /// The strictest level any judgement of this case asked for: what was high risk once stays with whoever may
    /// decide about it, even when the customer's next words are harmless.
    pub least: Level,
    /// Who was asked, and until when: the customer's next words do not restart the clock.
    pub asked: Option<(Level, Timestamp)>,
    /// Who asked for the customer, where a colleague carries the words over by hand: the only reviewer, since they have
    /// the customer's chat before them.
    #[serde(default)]
    pub asker: Option<String>,
    /// Who has it, where reviewers take cases by turn.
    #[serde(default)]
    pub in_turn: InTurn,
    /// Whether a reply was sent of which nobody knows if it arrived, and no person has decided since.
    pub doubtful: bool,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The bot is looking for an answer, after the customer has stopped typing.
    Drafting(Drafting),
    /// A draft waits for a person.
    AwaitingReview(Review),
    /// There is nothing to send; a person has to act.
    NeedsPerson(Stuck),
    /// A decision was taken; the reply is on its way.
    Sending(Sending),
    /// Nobody knows whether a part of the reply arrived; a person says. Also while a colleague has it in their hands.
    Unknown(Doubt),
    /// A person answers in the platform's own client; the bot is silent.
    HandedOver {
        /// Who answers, as far as we know: a person's id, or a WeCom member id nobody configured.
        to: String,
        /// Whether the platform's session is theirs too.
        session: SessionOwner,
    },
    /// Finished, one way or another.
    Closed {
        /// How it ended.
        ending: Ending,
    },
}

impl State {
    /// The state's name in the record and in queries.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drafting(_) => "drafting",
            Self::AwaitingReview(_) => "awaiting_review",
            Self::NeedsPerson(_) => "needs_person",
            Self::Sending(_) => "sending",
            Self::Unknown(doubt) if doubt.by_hand.is_some() => "handed_out",
            Self::Unknown(_) => "unknown",
            Self::HandedOver { .. } => "handed_over",
            Self::Closed { .. } => "closed",
        }
    }
}

/// The bot is looking for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drafting {
    /// When the first unanswered message came: the longest wait counts from here.
    pub first_at: Timestamp,
    /// When drafting starts unless the customer goes on typing.
    pub start_at: Timestamp,
    /// What a reviewer asked the new draft to do better.
    pub hint: Option<cards::Hint>,
    /// The draft that is to be better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// A draft that a reviewer wants done better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// What it said.
    pub parts: Vec<String>,
    /// The entry it rested on most.
    pub entry: Option<String>,
}

/// A draft waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// What would be sent.
    pub draft: Draft,
    /// Who is asked.
    pub level: Level,
    /// When the next level is asked.
    pub due: Timestamp,
    /// Nobody at the last level has answered.
    pub overdue: bool,
}

/// There is nothing to send; a person has to act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stuck {
    /// Why the bot cannot go on.
    pub why: Why,
    /// What was already tried or half sent, for the person to read.
    pub draft: Option<Draft>,
    /// Who is asked.
    pub level: Level,
    /// When the next level is asked.
    pub due: Timestamp,
    /// Nobody at the last level has answered.
    pub overdue: bool,
}

/// Why the bot cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The shop's knowledge has no answer.
    NoAnswer,
    /// The matter is for people only.
    HumanOnly,
    /// The customer asked for a person.
    AskedForPerson,
    /// Drafting failed for a technical reason.
    DraftFailed,
    /// A reviewer rejected the draft.
    Rejected,
    /// The platform refused the reply.
    SendRefused,
    /// The reply never left.
    NeverLeft,
    /// Nobody knows whether the reply arrived.
    SendUnknown,
    /// The platform accepted the reply and later said it was not delivered.
    NotDelivered,
    /// The message budget does not allow another reply.
    QuotaGone,
    /// The channel only reads.
    ReadOnly,
    /// What the bot wrote has a word that must not be said.
    Forbidden,
}

impl Why {
    /// The word's locale key.
    pub fn key(self) -> &'static str {
        match self {
            Self::NoAnswer => "why.no_answer",
            Self::HumanOnly => "why.human_only",
            Self::AskedForPerson => "why.asked_for_person",
            Self::DraftFailed => "why.draft_failed",
            Self::Rejected => "why.rejected",
            Self::SendRefused => "why.send_refused",
            Self::NeverLeft => "why.never_left",
            Self::SendUnknown => "why.send_unknown",
            Self::NotDelivered => "why.not_delivered",
            Self::QuotaGone => "why.quota_gone",
            Self::ReadOnly => "why.read_only",
            Self::Forbidden => "why.forbidden",
        }
    }
}

/// Who is asked to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The channel's reviewers on duty.
    Reviewers,
    /// The channel's escalation owner.
    EscalationOwner,
}

/// The reply is on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sending {
    /// What is sent.
    pub draft: Draft,
    /// By whose authority.
    #[serde(rename = "approval")]
    pub authority: Authority,
    /// What became of each part.
    pub parts: Vec<Part>,
    /// What the customer did after the first part was claimed: the reply is followed up.
    pub meanwhile: Meanwhile,
    /// When the newest part was let out; 0 before the first.
    #[serde(default)]
    pub claimed_at: Timestamp,
    /// How often the platform asked to come back later.
    #[serde(default)]
    pub put_off: u32,
}

/// What the customer did while a reply was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meanwhile {
    /// Nothing.
    Nothing,
    /// Wrote again.
    Said,
    /// Asked for a person.
    AskedForPerson,
}

impl Sending {
    /// The part that leaves next.
    pub fn next_part(&self) -> Option<usize> {
        self.parts.iter().position(|p| *p == Part::Waiting)
    }

    /// Whether a request may be under way right now.
    pub fn claimed(&self) -> bool {
        self.parts.contains(&Part::Claimed)
    }
}

/// What became of one part of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Not yet allowed out.
    Waiting,
    /// Its request may be under way.
    Claimed,
    /// The platform accepted it.
    Accepted,
    /// The platform refused it, or it never left: it did not arrive.
    Failed,
    /// Nobody knows.
    Unknown,
    /// A colleague has it on their phone, to send it by hand.
    HandedOut,
    /// They say that they sent it.
    SaidSent,
}

impl Part {
    /// Whether the customer has it, by the platform's word or a colleague's.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Accepted | Self::SaidSent)
    }
}

/// Why an approval lost its force before its bytes left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voided {
    /// A pause was declared.
    Paused,
    /// The approver lost the right.
    RightLost,
    /// The policy changed.
    PolicyChanged,
    /// What it rests on is no longer in use.
    KnowledgeChanged,
    /// The customer wrote again.
    CustomerWroteAgain,
    /// The customer asked for a person.
    AskedForPerson,
    /// The customer took a message back.
    CustomerRecalled,
    /// The case was closed.
    CaseClosed,
    /// The platform's window closed.
    WindowClosed,
    /// The message budget was spent.
    BudgetSpent,
    /// A servicer answers in the platform's own client.
    ServicerAnswers,
    /// Somebody took the case over.
    TakenOver,
    /// An earlier part did not arrive.
    PartNotArrived,
    /// Nobody knows whether an earlier part arrived.
    PartUnknown,
    /// The request it would have replaced turned out to have arrived.
    ArrivedAfterAll,
    /// The platform says that the reply was not delivered.
    NotDelivered,
    /// Nothing may leave by itself any more for what the customer wants.
    AutomationClosed,
}

/// A decision somebody took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// The draft version it was about.
    pub version: i64,
    /// The button.
    pub act: cards::Act,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether a colleague carries the reply over by hand.
    #[serde(default)]
    pub by_hand: bool,
}

/// Whose the platform's session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionOwner {
    /// The transfer is under way.
    Asked,
    /// The person's: they answer in WeCom's own client.
    Person,
    /// The waiting pool's: any servicer may take it.
    Pool,
    /// Still ours: the person answers through 改.
    Bot,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The customer got the approved reply.
    Answered,
    /// A person decided that no answer is due.
    Rejected,
    /// The platform's window closed first.
    WindowLost,
    /// A person answered in the platform's own client and the session ended.
    AnsweredByPerson,
    /// The customer took everything back.
    Withdrawn,
    /// Nobody knows whether the reply arrived, and a person said that it does not matter any more.
    Dropped,
    /// The customer's data were erased.
    Erased,
}

impl Ending {
    /// The ending's locale key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Answered => "ending.answered",
            Self::Rejected => "ending.rejected",
            Self::WindowLost => "ending.window_lost",
            Self::AnsweredByPerson => "ending.answered_by_person",
            Self::Withdrawn => "ending.withdrawn",
            Self::Dropped => "ending.dropped",
            Self::Erased => "ending.erased",
        }
    }
}

impl Case {
    /// The draft people can see now.
    pub fn draft(&self) -> Option<&Draft> {
        match &self.state {
            State::AwaitingReview(review) => Some(&review.draft),
            State::Sending(sending) => Some(&sending.draft),
            State::Unknown(doubt) => Some(&doubt.draft),
            State::NeedsPerson(stuck) => stuck.draft.as_ref(),
            _ => None,
        }
    }

    /// The four characters that stand for what people see now: of the draft, or of the situation where there is
    /// nothing to send. Empty when nothing is shown.
    pub fn code(&self) -> String {
        match &self.state {
            State::AwaitingReview(review) => review.draft.code(),
            State::Unknown(doubt) => doubt.draft.code(),
            State::NeedsPerson(_) => draft::code(&digest(&self.conversation, self.version, self.watermark, "", &[])),
            _ => String::new(),
        }
    }

    /// Whether anything that was judged about it so far is of high risk, or worse.
    pub fn is_high_risk(&self) -> bool {
        self.least == Level::EscalationOwner || self.draft().is_some_and(|draft| draft.verdict.risk >= Risk::High)
    }

    /// Who is asked now.
    pub fn level(&self) -> Option<Level> {
        match &self.state {
            State::AwaitingReview(review) => Some(review.level),
            State::NeedsPerson(stuck) => Some(stuck.level),
            State::Unknown(doubt) => Some(doubt.level),
            _ => None,
        }
    }

    /// When the next level is asked.
    pub fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::AwaitingReview(review) => Some(review.due),
            State::NeedsPerson(stuck) => Some(stuck.due),
            State::Unknown(doubt) => Some(doubt.due),
            _ => None,
        }
    }

    /// Moves the time at which the next level is asked.
    pub(crate) fn set_due(&mut self, at: Timestamp) {
        match &mut self.state {
            State::AwaitingReview(review) => review.due = at,
            State::NeedsPerson(stuck) => stuck.due = at,
            State::Unknown(doubt) => doubt.due = at,
            _ => {}
        }
    }

    /// Whether nobody at the last level has answered in time.
    pub fn overdue(&self) -> bool {
        match &self.state {
            State::AwaitingReview(review) => review.overdue,
            State::NeedsPerson(stuck) => stuck.overdue,
            State::Unknown(doubt) => doubt.overdue,
            _ => false,
        }
    }

    /// Whether the case is finished.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }
}

/// A reason for rejecting together with the person's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// From the list.
    pub reason: RejectReason,
    /// In the person's words.
    pub note: Option<String>,
    /// The person says that no answer is due.
    pub no_answer_due: bool,
}
