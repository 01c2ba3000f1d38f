//! What an entry says: what happened, through whom, with which particulars.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

/// Something that happened, as the core tells it; [`super::seal()`] turns it into a link of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What happened.
    pub kind: Kind,
    /// Through whom.
    pub actor: Actor,
    /// The particulars. They can be erased later; kind and actor cannot.
    pub payload: Value,
}

impl Entry {
    /// The mark that payloads of this chain were erased: without it a missing payload is a fault.
    /// `seqs` are sequence numbers of earlier entries; `why` must hold no personal data, it stays.
    pub fn erased(actor: Actor, seqs: &[i64], why: &str) -> Self {
        Self { kind: Kind::Erased, actor, payload: json!({ "seqs": seqs, "why": why }) }
    }
}

/// A name read from a record that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a known name")]
pub struct UnknownName(pub String);

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name in the record; never changes, the hashes depend on it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }

        impl FromStr for Kind {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                match name {
                    $($name => Ok(Self::$kind),)*
                    other => Err(UnknownName(other.to_owned())),
                }
            }
        }
    };
}

kinds! {
    /// A customer wrote.
    CustomerSaid = "customer_said",
    /// Facts were looked up in the shop's back office, or could not be.
    LookedUp = "looked_up",
    /// A recipe of the back office was stopped until a person has looked.
    RecipeStopped = "recipe_stopped",
    /// A person let a recipe run again.
    RecipeResumed = "recipe_resumed",
    /// A customer took a message back.
    CustomerRecalled = "customer_recalled",
    /// A reply was drafted, or drafting failed.
    Drafted = "drafted",
    /// The policy judged a draft.
    Judged = "judged",
    /// A card was accepted for a person.
    CardPosted = "card_posted",
    /// A person approved exactly these bytes.
    Decided = "decided",
    /// A person changed a draft, or asked for a change.
    Edited = "edited",
    /// A person rejected a draft.
    Rejected = "rejected",
    /// A case went to the next level.
    Escalated = "escalated",
    /// A case was given to a reviewer whose turn it is, or taken from one who is not there.
    Dealt = "dealt",
    /// A person took a case over.
    TakenOver = "taken_over",
    /// A person gave a case back.
    GivenBack = "given_back",
    /// Something was paused.
    Paused = "paused",
    /// Something was resumed.
    Resumed = "resumed",
    /// A person wants to resume what takes a second person to resume.
    ResumeWanted = "resume_wanted",
    /// A person went on or off duty.
    DutyChanged = "duty_changed",
    /// A tap or a command was refused.
    Refused = "refused",
    /// A person approved faster than anybody reads.
    HastyApprovals = "hasty_approvals",
    /// Nobody decided in time.
    Expired = "expired",
    /// A draft was replaced before it was decided.
    Superseded = "superseded",
    /// The platform's window to answer closed.
    WindowLost = "window_lost",
    /// A reply is ready to be sent.
    SendReady = "send_ready",
    /// A send was claimed: from here on it may be in flight.
    SendClaimed = "send_claimed",
    /// The outcome of a send.
    SendSettled = "send_settled",
    /// A claimed send whose worker died was asked about, under its own id.
    SendProbed = "send_probed",
    /// A person said what became of a send whose answer is missing.
    SendResolved = "send_resolved",
    /// A part of an approved reply may be handed to a colleague from here on, who sends it by hand.
    HandOutClaimed = "hand_out_claimed",
    /// Whether the colleague has it. Nothing says that they sent it.
    HandOutSettled = "hand_out_settled",
    /// The colleague said what became of it.
    HandOutResolved = "hand_out_resolved",
    /// A fixed text was sent.
    NoticeSent = "notice_sent",
    /// A conversation was handed to a person on the platform.
    HandOver = "hand_over",
    /// A person was seen answering on the platform.
    ServicerTyped = "servicer_typed",
    /// An approval lost its force before it was used.
    AuthorityVoided = "authority_voided",
    /// The knowledge had no answer.
    KnowledgeGap = "knowledge_gap",
    /// Published knowledge changed.
    KnowledgeChanged = "knowledge_changed",
    /// A configuration came into force.
    ConfigApplied = "config_applied",
    /// Something did not reach a person.
    DeliveryFailed = "delivery_failed",
    /// An attachment was stored.
    MediaStored = "media_stored",
    /// A model said what a picture shows, or what a voice says.
    MediaRead = "media_read",
    /// A case was opened.
    CaseOpened = "case_opened",
    /// A case was closed.
    CaseClosed = "case_closed",
    /// Payloads of this chain were erased: see [`Entry::erased`].
    Erased = "erased",
    /// A part of the record was exported.
    Exported = "exported",
    /// A checkpoint was signed.
    Checkpoint = "checkpoint",
    /// Somebody has to look.
    Alarm = "alarm",
    /// The policy let exactly these bytes out, without a person.
    Permitted = "permitted",
    /// A person wants an intent to be answered without a person, which takes a second one to say so.
    AutomationProposed = "automation_proposed",
    /// A second person agreed.
    AutomationOpened = "automation_opened",
    /// A person, or what reviews afterwards showed, ended it.
    AutomationClosed = "automation_closed",
    /// What left without a person is to be reviewed.
    Sampled = "sampled",
    /// A person reviewed what had left without one.
    SampleReviewed = "sample_reviewed",
    /// Something to be done in the back office was prepared: a form filled in, and not handed in.
    ActionPlanned = "action_planned",
    /// A person approved exactly this plan.
    ActionApproved = "action_approved",
    /// A person does not want it done.
    ActionDropped = "action_dropped",
    /// An approved action was claimed: from here on it may be handed in.
    ActionClaimed = "action_claimed",
    /// What became of it.
    ActionSettled = "action_settled",
    /// A person said what became of an action whose answer is missing.
    ActionResolved = "action_resolved",
    /// The owner of a channel lets the drafter take a reply as an example of manner.
    ExampleConsented = "example_consented",
    /// An example was taken back, or went with the words it was made of.
    ExampleWithdrawn = "example_withdrawn",
    /// The sample of a week was drawn.
    QaDrawn = "qa_drawn",
    /// A person scored how a case was dealt with.
    QaScored = "qa_scored",
    /// Whoever stands above a channel acknowledged a test card.
    EscalationTested = "escalation_tested",
    /// A person wants everything about a customer erased, and confirmed what that is.
    ErasureAsked = "erasure_asked",
    /// A person keeps a customer's data from being erased, for a reason of law.
    HoldPlaced = "hold_placed",
    /// A person ended that.
    HoldLifted = "hold_lifted",
    /// What a person needs to decide about a refund was collected for them.
    RefundPackCollected = "refund_pack_collected",
    /// A person took the policy in force back: what decided before it decides again.
    PolicyTakenBack = "policy_taken_back",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Through whom something happened. Written `system`, `customer`, `person:ID` or `policy:VERSION`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// The program.
    System,
    /// The customer of the conversation.
    Customer,
    /// A person, by id.
    Person(String),
    /// The policy, by version.
    Policy(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Customer => f.write_str("customer"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Policy(version) => write!(f, "policy:{version}"),
        }
    }
}

impl FromStr for Actor {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            None if text == "customer" => Ok(Self::Customer),
            Some(("person", id)) => Ok(Self::Person(id.to_owned())),
            Some(("policy", version)) => Ok(Self::Policy(version.to_owned())),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_in_every_form() {
        for &kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            let spelled: String = format!("{kind:?}")
                .chars()
                .enumerate()
                .flat_map(|(i, c)| (i > 0 && c.is_uppercase()).then_some('_').into_iter().chain(c.to_lowercase()))
                .collect();
            assert_eq!(kind.as_str(), spelled);
        }
        assert_eq!("customer_Said".parse::<Kind>(), Err(UnknownName("customer_Said".into())));
    }

    #[test]
    fn actors_read_back_as_written() {
        for actor in [
            Actor::System,
            Actor::Customer,
            Actor::Person("lihua".into()),
            Actor::Person("odd:id".into()),
            Actor::Person(String::new()),
            Actor::Policy("3f0c".into()),
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor.clone()));
            let json = serde_json::to_string(&actor).unwrap();
            assert_eq!(serde_json::from_str::<Actor>(&json).unwrap(), actor);
        }
        for bad in ["", "System", "person", "people:x", "system:"] {
            assert!(bad.parse::<Actor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_erasure_names_what_it_erased() {
        let mark = Entry::erased(Actor::Person("chenjie".into()), &[2, 5], "customer's request");
        assert_eq!(mark.kind, Kind::Erased);
        assert_eq!(mark.payload, json!({ "seqs": [2, 5], "why": "customer's request" }));
    }
}
