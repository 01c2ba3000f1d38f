//! What a step wants done. Effects are stored with the step and carried out afterwards.

use serde::{Deserialize, Serialize};

use super::{BY_ITSELF, Case, Citation};
use crate::clock::Timestamp;
use crate::desk::{Desk, NoticeKind};

/// Something to be done because of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Look for an answer at `at`.
    Draft {
        /// The drafting it belongs to.
        generation: i64,
        /// Not before.
        at: Timestamp,
    },
    /// Post the case's current card to a person.
    PostCard {
        /// The person's id.
        person: String,
    },
    /// Give waiting cases to reviewers with room.
    Deal,
    /// Tell a person the whole story before the card.
    TellStory {
        /// The person's id.
        person: String,
    },
    /// Turn every open card of the case into what became of it.
    SettleCards(Outcome),
    /// Say something to a person.
    Tell {
        /// The person's id.
        person: String,
        /// What.
        say: Say,
    },
    /// Tell whoever watches over the desk.
    Alarm {
        /// What.
        say: Say,
    },
    /// Ask the next level at `due`.
    ReviewDeadline {
        /// The time limit.
        due: Timestamp,
    },
    /// Close the case at `at` if it is still open.
    WindowDeadline {
        /// When the window closes.
        at: Timestamp,
    },
    /// The facts in this version of the draft stop counting at `at`.
    EvidenceStale {
        /// The draft's version.
        version: i64,
        /// When.
        at: Timestamp,
    },
    /// Let a part out, after claiming it.
    Send {
        /// The part, counted from 0.
        part: usize,
        /// Not before.
        at: Timestamp,
    },
    /// Note what a person says about a request whose answer is missing.
    Resolve {
        /// The platform's message id it carried.
        msgid: String,
        /// What became of it.
        how: super::Resolution,
        /// Who says so.
        person: String,
    },
    /// Give the platform's session to a person.
    TransferSession {
        /// The person's id.
        person: String,
    },
    /// End the platform's session, so that the customer's next message reaches the bot again.
    EndSession,
    /// Send the channel's fixed text of this kind, if one was approved.
    Notice(NoticeKind),
    /// The customer's messages up to this one are answered.
    Answered {
        /// Sequence number of the last of them.
        up_to: i64,
    },
    /// Remember a question the knowledge does not answer.
    RecordGap,
    /// Note that the case was answered without a person; perhaps somebody looks at it afterwards.
    LeftByItself {
        /// The case as it would have waited for a review.
        shown: Box<Case>,
    },
    /// Propose the edited reply to the knowledge's owner.
    ProposeKnowledge {
        /// The edited reply.
        text: String,
        /// What the draft rested on.
        citations: Vec<Citation>,
    },
}

/// What became of the cards of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody decided.
    Decided {
        /// The button.
        act: cards::Act,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Something newer replaces the card.
    Updated,
    /// The time limit passed and the next level was asked.
    Expired,
    /// The holder's time passed, or they are not there: somebody else gets the case.
    PassedOn {
        /// Who; nobody yet when all have their hands full.
        to: Option<String>,
    },
    /// The platform's window closed.
    WindowLost,
    /// Somebody answers in the platform's own client.
    TakenOver {
        /// Who.
        by: String,
    },
    /// Somebody reviewed what had left without a person.
    Reviewed {
        /// Who.
        by: String,
        /// Whether they would have sent it.
        good: bool,
    },
    /// The customer's data were erased.
    Erased,
}

/// A sentence by locale key, put into words when it is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    /// The locale key.
    pub key: String,
    /// What fills the sentence's places.
    pub args: Vec<(String, Fill)>,
}

/// What fills a place of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// These words.
    Text(String),
    /// The words of another locale key.
    Key(String),
    /// The name of the person with this id.
    Person(String),
}

impl Say {
    /// The sentence `key` without places to fill.
    pub fn new(key: &str) -> Self {
        Self { key: key.into(), args: Vec::new() }
    }

    /// Fills the place `name` with these words.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.args.push((name.into(), Fill::Text(value.to_string())));
        self
    }

    /// Fills the place `name` with the words of `key`.
    pub fn with_key(mut self, name: &str, key: &str) -> Self {
        self.args.push((name.into(), Fill::Key(key.into())));
        self
    }

    /// Fills the place `name` with a person's name.
    pub fn with_person(mut self, name: &str, id: &str) -> Self {
        self.args.push((name.into(), Fill::Person(id.into())));
        self
    }

    /// The sentence in the words of a locale.
    pub fn in_words(&self, words: &cards::words::Words, desk: &Desk) -> String {
        let filled = self.args.iter().map(|(name, fill)| match fill {
            Fill::Text(text) => (name.as_str(), text.clone()),
            Fill::Key(key) => (name.as_str(), words.text(key, &[])),
            Fill::Person(id) if id == BY_ITSELF => (name.as_str(), words.text("actor.system", &[])),
            Fill::Person(id) => (name.as_str(), desk.name_of(id).to_owned()),
        });
        let filled: Vec<(&str, String)> = filled.collect();
        let args: Vec<(&str, &str)> = filled.iter().map(|(name, text)| (*name, text.as_str())).collect();
        words.text(&self.key, &args)
    }
}
