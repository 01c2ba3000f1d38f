//! The small closed vocabularies of a card. Each has a stable name for keys and storage, and a label per locale.

use serde::{Deserialize, Serialize};

use crate::words::Words;

/// The id of the drop-down option that stands for "nothing chosen".
///
/// WeCom pre-selects the first option of a drop-down whenever `selected_id` is absent or wrong, so without this one
/// every 发送 would carry a rewrite hint, and every 确认拒绝 a reason nobody gave. No enum here parses it:
/// whoever reads a selection gets [`UnknownName`], which means that the person chose nothing.
pub const NO_CHOICE: &str = "none";

/// A name that is not in the vocabulary it was read for (named in the field). The text itself is not kept: it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {0}")]
pub struct UnknownName(pub &'static str);

/// Declares a closed vocabulary: the enum, `ALL`, `as_str`, `FromStr`, and `label`, whose key is `table.name`.
macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident in $table:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order a person is shown them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, as in keys, storage and serde.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What a person reads.
            pub fn label(self, words: &Words) -> String {
                words.text(match self { $(Self::$variant => concat!($table, ".", $text),)+ }, &[])
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownName($table)),
                }
            }
        }
    };
}

vocabulary! {
    /// How much can go wrong if the answer is wrong; ordered, `Abnormal` (something does not add up) above all.
    Risk in "risk" {
        /// Routine.
        Low = "low",
        /// Wants a look.
        Medium = "medium",
        /// Money, promises, law, or an unhappy customer.
        High = "high",
        /// The facts contradict each other, or an attack is suspected.
        Abnormal = "abnormal",
    }
}

vocabulary! {
    /// What somebody does with a piece of knowledge, or with a file of it, that has to be looked at.
    CareAct in "care" {
        /// It still holds.
        Confirm = "confirm",
        /// It has to say something else.
        Edit = "edit",
        /// It must not be used any more.
        Disable = "disable",
        /// What a file gave is put in use.
        Publish = "publish",
        /// What a file gave waits.
        Leave = "leave",
        /// 同意开启: what a colleague proposed to answer without a person is.
        Agree = "agree",
        /// 不开启: it is not.
        Decline = "decline",
        /// 收到: whoever stands above a channel has the test card.
        Received = "received",
    }
}

vocabulary! {
    /// What a person does with a plan for the back office, and with what became of it.
    PlanAct in "plan" {
        /// Do it, exactly as shown.
        Approve = "approve",
        /// Do not.
        Drop = "drop",
        /// It stands in the shop, says whoever has looked.
        Happened = "happened",
        /// It does not.
        NotHappened = "not_happened",
        /// Take it back: a plan of its own.
        Undo = "undo",
    }
}

vocabulary! {
    /// Why a person refuses a draft (requirement HR-04, and `Other`).
    RejectReason in "reason" {
        /// The knowledge to answer is not there.
        MissingKnowledge = "missing_knowledge",
        /// The knowledge is there and no longer true.
        OutdatedKnowledge = "outdated_knowledge",
        /// The answer holds on another channel, not on this one.
        WrongChannel = "wrong_channel",
        /// The back office should have been looked at first.
        MissingCheck = "missing_check",
        /// The risk was judged too low or too high.
        WrongRisk = "wrong_risk",
        /// It does not sound like the brand.
        OffBrandTone = "off_brand_tone",
        /// The wording says something that is not so.
        InaccurateLanguage = "inaccurate_language",
        /// A person has to talk to this customer.
        NeedsHuman = "needs_human",
        /// None of the eight.
        Other = "other",
    }
}

vocabulary! {
    /// How far a pause reaches.
    PauseScope in "scope" {
        /// This conversation.
        Conversation = "conversation",
        /// The channel this conversation is on.
        Channel = "channel",
        /// The whole desk.
        Everything = "everything",
    }
}

vocabulary! {
    /// How the next draft should differ. Acts only together with [`Act::Edit`].
    Hint in "hint" {
        /// Say it in fewer words.
        Shorter = "shorter",
        /// Say it more gently.
        Softer = "softer",
        /// Say what it rests on.
        AddFacts = "add_facts",
        /// Another rule applies.
        ChangeRule = "change_rule",
        /// It promises or says what must not be said.
        NotCompliant = "not_compliant",
        /// The facts are wrong.
        FactsWrong = "facts_wrong",
        /// Name the parcel's number, as the evidence has it.
        AddNumber = "add_number",
    }
}

impl Hint {
    /// What a card offers, at most six; the parcel's number where the evidence has one.
    pub fn offered(with_number: bool) -> &'static [Self] {
        use Hint::{AddFacts, AddNumber, ChangeRule, FactsWrong, NotCompliant, Shorter, Softer};
        if with_number {
            &[Shorter, Softer, AddNumber, ChangeRule, NotCompliant, FactsWrong]
        } else {
            &[Shorter, Softer, AddFacts, ChangeRule, NotCompliant, FactsWrong]
        }
    }
}

vocabulary! {
    /// What a button does.
    Act in "act" {
        /// 发送: this version, as shown, to the customer.
        Send = "send",
        /// 改: another text, or another draft after a [`Hint`].
        Edit = "edit",
        /// 转上级: the next holder decides.
        Escalate = "escalate",
        /// 接手: the presser talks to the customer.
        TakeOver = "take_over",
        /// 拒绝: asks the reason, decides nothing yet.
        Reject = "reject",
        /// 暂停: asks the scope, decides nothing yet.
        Pause = "pause",
        /// 已确认送达: what nobody knew about arrived, says the presser.
        Delivered = "delivered",
        /// 没送到，重发: it did not, and exactly what is shown leaves again.
        SendAgain = "send_again",
        /// 放弃: it does not matter any more.
        Drop = "drop",
        /// 确认拒绝, on the card that asks the [`RejectReason`].
        ConfirmReject = "confirm_reject",
        /// 确认暂停, on the card that asks the [`PauseScope`].
        ConfirmPause = "confirm_pause",
        /// 重新取证: the facts in the draft are looked up again.
        LookAgain = "look_again",
    }
}

vocabulary! {
    /// The kinds of rows under a draft.
    RowLabel in "row" {
        /// 依据: the knowledge entry and its version.
        Basis = "basis",
        /// 订单: the order, masked.
        Order = "order",
        /// 取证: what was looked up, and how long ago.
        Evidence = "evidence",
        /// 风险: why it was not answered automatically.
        Risk = "risk",
        /// 上文: what went before, in a line.
        History = "history",
        /// 负责: who owns or holds it.
        Owner = "owner",
        /// 发出: when a request left whose answer is missing, and which part of how many it carried.
        Sent = "sent",
        /// 交出: the same of what a colleague was handed, to send it by hand.
        HandedOut = "handed_out",
        /// 账号: the account it left from.
        Account = "account",
        /// 批准: who had approved it.
        Approved = "approved",
        /// 可发至: until when the platform takes messages.
        Until = "until",
        /// 可做: what may be done in the back office, and how to ask for it.
        Actions = "actions",
        /// 译文: what the customer said, translated for the reviewer.
        Translation = "translation",
    }
}
