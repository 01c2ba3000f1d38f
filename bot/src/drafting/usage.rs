//! How much of a model an answer takes.

use std::ops::AddAssign;

use serde::Deserialize;

/// Tokens of an answer that is still to come, for what is set aside before.
const ANSWER: i64 = 800;

/// Tokens that were asked and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Usage {
    /// Asked.
    #[serde(rename = "prompt_tokens", default)]
    pub tokens_in: i64,
    /// Answered.
    #[serde(rename = "completion_tokens", default)]
    pub tokens_out: i64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.tokens_in = self.tokens_in.saturating_add(more.tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(more.tokens_out);
    }
}

impl Usage {
    /// What a question will take, before it is asked.
    pub(super) fn expected(question: &str) -> Self {
        Self { tokens_in: tokens(question), tokens_out: ANSWER }
    }

    /// What it took, where the server does not say: counted by characters.
    pub(super) fn estimated(question: &str, answer: &str) -> Self {
        Self { tokens_in: tokens(question), tokens_out: tokens(answer) }
    }

    /// What a server says it took, if that can be.
    pub(super) fn is_sound(self) -> bool {
        self.tokens_in > 0 && self.tokens_out >= 0
    }
}

/// A token for each character beyond ASCII, and for every four within it, rounded up.
fn tokens(text: &str) -> i64 {
    let ascii = text.chars().filter(char::is_ascii).count();
    let others = text.chars().count() - ascii;
    i64::try_from(others + ascii.div_ceil(4)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_estimated_by_characters() {
        assert_eq!([tokens(""), tokens("abcd"), tokens("abcde"), tokens("满 99 元")], [0, 1, 2, 3]);
        let usage: Usage = serde_json::from_str(r#"{"prompt_tokens":7,"total_tokens":9}"#).unwrap();
        assert_eq!(usage, Usage { tokens_in: 7, tokens_out: 0 });
        assert!(usage.is_sound() && !Usage::default().is_sound());
    }
}
