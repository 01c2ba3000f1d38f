//! The card an owner of knowledge gets: a piece of it needs to be looked at.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::key::{BadKey, is_code, number};
use crate::names::CareAct;

/// What a button of a care card starts with; no act of a case is called so.
const CARE: &str = "kb";

/// What a care card is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CareTopic {
    /// A piece of knowledge, or a file of it.
    #[default]
    Knowledge,
    /// What is to be answered without a person.
    Automation,
    /// Whether whoever stands above a channel is reached.
    Escalation,
}

impl CareTopic {
    /// The locale key of what stands at the head of its cards.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Knowledge => "care.source",
            Self::Automation => "care.automation",
            Self::Escalation => "care.escalation",
        }
    }
}

/// A piece of knowledge, a file of it, or a proposal, as whoever has to look at it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareCard {
    /// What it is about.
    #[serde(default)]
    pub topic: CareTopic,
    /// The number people call it by; 0 for what has none.
    pub number: i64,
    /// Its version.
    pub version: i64,
    /// What ties a press to what was shown.
    pub code: String,
    /// What people call it, and its title.
    pub title: String,
    /// Why it has to be looked at.
    pub cause: String,
    /// What it says, and what else there is to know.
    pub text: String,
    /// What can be done; the first is what usually is.
    pub acts: Vec<CareAct>,
}

/// What a button of a care card carries, and gives back when pressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CareKey {
    /// The number of the entry.
    pub number: i64,
    /// The version that was shown.
    pub version: i64,
    /// The code of what was shown.
    pub code: String,
    /// What to do.
    pub act: CareAct,
}

impl CareKey {
    /// The `event_key` of a button, `kb:confirm:12:3:7f3k`.
    pub fn encode(&self) -> String {
        self.to_string()
    }

    /// Reads what [`CareKey::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`BadKey::Malformed`] for whatever else it is.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut fields = text.split(':');
        let read = [fields.next(), fields.next(), fields.next(), fields.next(), fields.next(), fields.next()];
        match read {
            [Some(CARE), Some(act), Some(entry), Some(version), Some(code), None] if is_code(code) => Ok(Self {
                number: number(entry)?,
                version: number(version)?,
                code: code.to_owned(),
                act: act.parse().map_err(|_| BadKey::Malformed)?,
            }),
            _ => Err(BadKey::Malformed),
        }
    }
}

impl fmt::Display for CareKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{CARE}:{}:{}:{}:{}", self.act.as_str(), self.number, self.version, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_is_none_of_a_case() {
        for act in CareAct::ALL {
            let key = CareKey { number: 12, version: 3, code: "7f3k".into(), act: *act };
            assert_eq!(CareKey::parse(&key.encode()), Ok(key.clone()));
            assert_eq!(crate::Key::parse(&key.encode()), Err(BadKey::Malformed));
        }
        for forged in
            ["kb:confirm:12:3:7f3", "kb:confirm:+12:3:7f3k", "kb:send:12:3:7f3k", "kb:confirm:12:3:7f3k:x", ""]
        {
            assert_eq!(CareKey::parse(forged), Err(BadKey::Malformed), "{forged}");
        }
    }
}
