//! What would be sent, and the digest that binds a decision to it.

use cards::words::Words;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::LookUp;
use crate::clock::Timestamp;
use crate::desk::Desk;
use crate::policy::{Grounds, Intent, Verdict};

/// Bytes the platform accepts in one text message (wecom 94677).
const PART_BYTES: usize = 2048;
/// Messages one reply may have.
const MOST_PARTS: usize = 3;

/// A proposed reply, exactly as it would leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Counts what was shown for this case; every change is a new version.
    pub version: i64,
    /// One to three messages, in order.
    pub parts: Vec<String>,
    /// Hexadecimal SHA-256 of everything a decision binds, see [`digest`].
    pub digest: String,
    /// Sequence number of the newest customer message it answers.
    pub watermark: i64,
    /// Policy version it was judged under.
    pub policy: String,
    /// Who wrote it.
    pub author: Author,
    /// What it rests on.
    pub citations: Vec<Citation>,
    /// How the policy judged it.
    pub verdict: Verdict,
    /// How sure the drafter is, 0 to 1.
    pub confidence: f64,
    /// How it stands to its sources.
    #[serde(default)]
    pub grounds: Grounds,
    /// The chance that a reviewer sends it unchanged, as this shop's decisions have it; none while there are too few.
    #[serde(default)]
    pub chance: Option<f64>,
    /// What the customer wants.
    pub intent: Intent,
    /// An action the bot suggests, as text only.
    pub action: Option<String>,
    /// What was looked up for it in the back office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up: Option<LookUp>,
    /// What the customer said and what it says in the reviewer's language, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<Translation>,
    /// The message id of the request it is sent again for, where that got lost and a person says that it did not arrive.
    #[serde(default)]
    pub supersedes: Option<String>,
}

/// A model's translation for the reviewer: to work with, and never sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// What the customer said.
    pub asked: String,
    /// What the draft says; none where a person wrote it.
    pub said: Option<String>,
}

impl Translation {
    /// Both in words, a line each.
    pub fn told(&self, words: &Words) -> Vec<String> {
        let line = |key, text: &str| words.text(key, &[("text", &cards::one_line(text))]);
        let said = self.said.as_deref().map(|said| line("story.translated_reply", said));
        std::iter::once(line("story.translated", &self.asked)).chain(said).collect()
    }
}

impl Draft {
    /// The four characters printed at the end of every shown draft.
    pub fn code(&self) -> String {
        code(&self.digest)
    }

    /// From when on the facts in it do not count any more. What a person wrote is theirs to answer for.
    pub fn stale_at(&self) -> Option<Timestamp> {
        self.look_up.as_ref().and_then(LookUp::stale_at).filter(|_| matches!(self.author, Author::Bot { .. }))
    }

    /// Whether it rests on facts that do not count any more.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.stale_at().is_some_and(|at| at <= now)
    }
}

/// The four characters that stand for a digest.
pub(super) fn code(digest: &str) -> String {
    let mut bytes = [0; 32];
    // A digest we did not write ourselves does not decode; its code then matches no card.
    let _ = hex::decode_to_slice(digest, &mut bytes);
    cards::code_of(&bytes)
}

/// Whether these messages can be a reply: one to three, none empty, none longer than the platform takes.
pub(super) fn sendable(parts: &[String]) -> bool {
    let fits = |text: &String| !text.trim().is_empty() && text.len() <= PART_BYTES;
    (1..=MOST_PARTS).contains(&parts.len()) && parts.iter().all(fits)
}

/// A place in the knowledge a draft rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Entry id.
    pub entry: String,
    /// The entry's version.
    pub version: i64,
    /// The entry's title.
    pub title: String,
    /// Byte range in the entry's answer.
    pub span: (usize, usize),
    /// Person id of the entry's owner.
    pub owner: String,
    /// When the owner should have confirmed it, in Unix milliseconds.
    pub verify_by: Option<i64>,
    /// Until when it may be used, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// What its owner cautions of, whatever the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<Shortcoming>,
}

/// What is wrong with a piece of knowledge a draft rests on. None of it forbids that a person approves the draft; each is
/// said on the card, and no permit may rest on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortcoming {
    /// Nobody at the desk answers for it.
    Ownerless,
    /// Its time is over.
    Expired,
    /// Its owner should have confirmed it by now.
    Unverified,
    /// Nothing of it is promised before somebody has checked the single case.
    VerifyFirst,
    /// Whatever rests on it is looked at by a person.
    ReviewNeeded,
}

impl Shortcoming {
    /// The locale key of its short label.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ownerless => "kb.stale_ownerless",
            Self::Expired => "kb.stale_over",
            Self::Unverified => "kb.stale_unverified",
            Self::VerifyFirst => "kb.caution_verify_first",
            Self::ReviewNeeded => "kb.caution_review_needed",
        }
    }
}

impl Citation {
    /// What is wrong with it at `now`. What does not apply on the channel is never cited.
    pub fn shortcomings(&self, desk: &Desk, now: Timestamp) -> Vec<Shortcoming> {
        let past = |at: Option<i64>| at.is_some_and(|at| at < now);
        let found = [
            (desk.person(&self.owner).is_none(), Shortcoming::Ownerless),
            (past(self.valid_until), Shortcoming::Expired),
            (past(self.verify_by), Shortcoming::Unverified),
        ];
        let found = found.into_iter().filter(|(holds, _)| *holds).map(|(_, what)| what);
        found.chain(self.marked.iter().copied()).collect()
    }
}

impl Draft {
    /// What is wrong with the knowledge it rests on, each once: where there is anything, no permit may rest on it.
    pub fn shortcomings(&self, desk: &Desk, now: Timestamp) -> Vec<Shortcoming> {
        let mut found: Vec<Shortcoming> = self.citations.iter().flat_map(|c| c.shortcomings(desk, now)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Why the built-in drafter wrote although there is a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoModel {
    /// What the customer may cost today is spent.
    CustomerBudget,
    /// What the desk may cost today is spent.
    DeskBudget,
    /// It did not answer.
    Unavailable,
    /// It answered nothing that may be shown.
    Unusable,
    /// It asked for something to be done, which is no model's to ask.
    AskedToAct,
}

impl NoModel {
    /// The locale key of the reason in a few words.
    pub fn key(self) -> &'static str {
        match self {
            Self::CustomerBudget => "no_model.customer_budget",
            Self::DeskBudget => "no_model.desk_budget",
            Self::Unavailable => "no_model.unavailable",
            Self::Unusable => "no_model.unusable",
            Self::AskedToAct => "no_model.asked_to_act",
        }
    }
}

/// Who wrote a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Author {
    /// The built-in extractive drafter or a model, by name.
    Bot {
        /// `extractive`, or `openai:` and the model's name.
        drafter: String,
        /// Why the model did not write it, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        no_model: Option<NoModel>,
        /// Numbers of the cases whose replies a model was shown as examples of manner.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        examples: Vec<i64>,
    },
    /// A person, by id.
    Person {
        /// The person's id.
        id: String,
    },
}

/// Hexadecimal SHA-256 of the recipient (conversation), the newest customer message, the policy version,
/// the draft version and the exact parts, each with its length in front: what was shown is what is sent.
pub fn digest(conversation: &str, version: i64, watermark: i64, policy: &str, parts: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"aijia draft 1\0");
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(conversation.as_bytes());
    field(&version.to_be_bytes());
    field(&watermark.to_be_bytes());
    field(policy.as_bytes());
    parts.iter().for_each(|part| field(part.as_bytes()));
    hex::encode(hash.finalize())
}
