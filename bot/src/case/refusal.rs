//! Why a tap changed nothing: data for the record, and words for the person.

use serde::{Deserialize, Serialize};

use super::{Decided, Say};
use crate::policy::Denied;

/// Why an event changed nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The person may not do this here.
    NotPermitted(Denied),
    /// Nobody is configured with this id any more.
    UnknownPerson,
    /// Somebody decided about this version before.
    AlreadyDecided(Decided),
    /// The same person already decided exactly this: done, not an error.
    AlreadyDone(Decided),
    /// The card shows an older version.
    Outdated {
        /// The version people see now, 0 when none.
        current: i64,
    },
    /// The code does not belong to what is shown now.
    WrongCode,
    /// The case is with somebody else now.
    NotTheHolder,
    /// A colleague carries the words over by hand, and only they decide.
    CarriedBy {
        /// Who.
        asker: String,
    },
    /// There is no draft to send.
    NothingToSend,
    /// A pause covers this conversation.
    Paused {
        /// Who paused.
        by: String,
    },
    /// The facts in the draft do not count any more.
    StaleEvidence,
    /// The platform does not accept enough messages any more.
    QuotaGone,
    /// The case is finished.
    Closed,
    /// The case is handed over to a person.
    HandedOver {
        /// Who answers.
        to: String,
    },
    /// The reply is already on its way.
    OnItsWay,
    /// The bot is drafting; nothing is shown yet.
    StillDrafting,
    /// There is no level above.
    NobodyAbove,
    /// The customer asked for a person and still waits for one.
    CustomerWaits,
    /// The platform has not answered yet to whom the session goes.
    SessionMoving,
    /// The text is empty, too long or in too many parts.
    BadText,
    /// Nobody knows whether the last part arrived: that comes first.
    InDoubt,
    /// A colleague has the last part in their hands: that comes first.
    InHand,
    /// Nothing is in doubt here.
    NothingInDoubt,
    /// A late result or deadline that no longer matters.
    Overtaken,
}

impl Refusal {
    /// What the person is told.
    pub fn say(&self, number: i64) -> Say {
        let say = Say::new(self.key()).with("number", number);
        match self {
            Self::AlreadyDecided(d) | Self::AlreadyDone(d) => {
                say.with_person("by", &d.by).with_key("act", act_key(d.act, d.by_hand))
            }
            Self::Paused { by } => say.with_person("by", by),
            Self::HandedOver { to } => say.with_person("by", to),
            Self::CarriedBy { asker } => say.with_person("by", asker),
            Self::NotPermitted(denied) => Say { key: denied.key().into(), ..say },
            _ => say,
        }
    }

    /// The sentence's locale key.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NotPermitted(_) => "refused.not_permitted",
            Self::UnknownPerson => "refused.unknown_person",
            Self::AlreadyDecided(_) => "refused.already_decided",
            Self::AlreadyDone(_) => "refused.already_done",
            Self::Outdated { .. } => "refused.outdated",
            Self::WrongCode => "refused.wrong_code",
            Self::NotTheHolder => "refused.not_the_holder",
            Self::CarriedBy { .. } => "refused.carried_by",
            Self::NothingToSend => "refused.nothing_to_send",
            Self::Paused { .. } => "refused.paused",
            Self::StaleEvidence => "refused.stale_evidence",
            Self::QuotaGone => "refused.quota_gone",
            Self::Closed => "refused.closed",
            Self::HandedOver { .. } => "refused.handed_over",
            Self::OnItsWay => "refused.on_its_way",
            Self::StillDrafting => "refused.still_drafting",
            Self::NobodyAbove => "refused.nobody_above",
            Self::CustomerWaits => "refused.customer_waits",
            Self::SessionMoving => "refused.session_moving",
            Self::BadText => "refused.bad_text",
            Self::InDoubt => "refused.in_doubt",
            Self::InHand => "refused.in_hand",
            Self::NothingInDoubt => "refused.nothing_in_doubt",
            Self::Overtaken => "refused.overtaken",
        }
    }
}

/// The locale key of a decision in the past tense; of some in other words where a colleague carries the reply by hand.
pub fn act_key(act: cards::Act, by_hand: bool) -> &'static str {
    match act {
        cards::Act::Send if by_hand => "done.copy",
        cards::Act::Delivered if by_hand => "done.said_sent",
        cards::Act::SendAgain if by_hand => "done.copy_again",
        cards::Act::Send => "done.send",
        cards::Act::Edit => "done.edit",
        cards::Act::LookAgain => "done.look_again",
        cards::Act::Escalate => "done.escalate",
        cards::Act::TakeOver => "done.take_over",
        cards::Act::Reject | cards::Act::ConfirmReject => "done.reject",
        cards::Act::Pause | cards::Act::ConfirmPause => "done.pause",
        cards::Act::Delivered => "done.delivered",
        cards::Act::SendAgain => "done.send_again",
        cards::Act::Drop => "done.drop",
    }
}
