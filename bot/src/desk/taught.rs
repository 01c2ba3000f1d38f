//! What the shop teaches about its customers' words.

use serde::{Deserialize, Serialize};

use crate::policy::Intent;

/// Sentences that customers say for one intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taught {
    /// The intent.
    pub name: Intent,
    /// What they say.
    pub said: Vec<String>,
}

impl Taught {
    /// Each sentence, with the intent's name before it.
    pub fn sentences(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.said.iter().map(|text| (self.name.as_str(), text.as_str()))
    }
}
