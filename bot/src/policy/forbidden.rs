//! Words that must not be said, as they were found in a reply. Looking for them is not this module's: what was found comes
//! in as data, and tightens a verdict.

use cards::Risk;
use serde::{Deserialize, Serialize};

use super::{Level, Reason, Route, Trigger, Verdict};

/// A word of a list of what must not be said, found in a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForbiddenWord {
    /// The word, as it is listed.
    pub word: String,
    /// The list: an entry's id, or the program's own.
    pub list: String,
    /// How bad it is.
    pub severity: Severity,
    /// Why it must not be said.
    pub reason: String,
    /// What to say instead.
    pub instead: Option<String>,
    /// The part of the reply, from 0.
    pub part: usize,
    /// Bytes of that part.
    pub span: (usize, usize),
}

/// How bad it is to find a word; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It may be a disguise: it is marked, and never more than that.
    Suspicion,
    /// A person has to decide, whatever else is known.
    Review,
    /// What the bot wrote with it is never sent.
    Block,
}

impl Severity {
    /// The name of the finding in a verdict.
    fn rule(self) -> &'static str {
        match self {
            Self::Suspicion => "forbidden_suspicion",
            Self::Review => "forbidden_review",
            Self::Block => "forbidden_block",
        }
    }
}

/// Who wrote what is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenBy {
    /// The bot.
    Bot,
    /// A person.
    Person,
}

impl Verdict {
    /// The verdict with what was found in the reply.
    ///
    /// Each finding is a reason, and no permit stands beside it. What a person wrote with a blocked word goes to
    /// the level above, who sees the word: whoever wrote it does not approve it, unless they decide there themselves.
    #[must_use]
    pub fn with_words(mut self, found: Vec<ForbiddenWord>, by: WrittenBy) -> Self {
        for severity in [Severity::Block, Severity::Review, Severity::Suspicion] {
            let of_it = found.iter().filter(|word| word.severity == severity);
            let mut words: Vec<String> = of_it.map(|word| word.word.clone()).collect();
            words.dedup();
            if !words.is_empty() {
                self.reasons.push(Reason { trigger: Trigger::Rt13, rule: severity.rule().into(), words });
            }
        }
        let worst = found.iter().map(|word| word.severity).max();
        if worst.is_some() {
            self.route = self.route.max(Route::Review(Level::Reviewer));
        }
        if worst >= Some(Severity::Review) {
            self.risk = self.risk.max(Risk::Medium);
        }
        if worst == Some(Severity::Block) && by == WrittenBy::Person {
            self.route = self.route.max(Route::Review(Level::Supervisor));
        }
        self.words = found;
        self
    }

    /// Whether a word was found with which nothing the bot wrote may be sent.
    pub fn is_blocked(&self) -> bool {
        self.words.iter().any(|word| word.severity == Severity::Block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(severity: Severity) -> Vec<ForbiddenWord> {
        let (word, list, reason) = ("全网最低".into(), "starter".into(), "绝对化用语".into());
        vec![ForbiddenWord { word, list, severity, reason, instead: None, part: 0, span: (0, 12) }]
    }

    fn fine() -> Verdict {
        let route = Route::Review(Level::Reviewer);
        Verdict { route, risk: Risk::Low, reasons: Vec::new(), holds: Vec::new(), words: Vec::new() }
    }

    #[test]
    fn suspicion_marks_and_does_no_more() {
        let verdict = fine().with_words(found(Severity::Suspicion), WrittenBy::Bot);
        assert_eq!((verdict.route, verdict.risk), (fine().route, Risk::Low));
        assert!(!verdict.is_blocked() && verdict.reasons.len() == 1, "no permit beside a finding: {verdict:?}");
    }

    #[test]
    fn no_permit_stands_beside_a_word() {
        let permitted = Verdict { route: Route::Permit, ..fine() };
        for severity in [Severity::Suspicion, Severity::Review, Severity::Block] {
            let verdict = permitted.clone().with_words(found(severity), WrittenBy::Bot);
            assert_eq!(verdict.route, Route::Review(Level::Reviewer), "{severity:?}");
        }
        assert_eq!(permitted.clone().with_words(Vec::new(), WrittenBy::Bot), permitted);
    }

    #[test]
    fn a_word_for_review_is_no_routine() {
        let verdict = fine().with_words(found(Severity::Review), WrittenBy::Bot);
        assert_eq!((verdict.route, verdict.risk, verdict.is_blocked()), (fine().route, Risk::Medium, false));
    }

    #[test]
    fn a_blocked_word_stops_the_bot_and_takes_a_person_one_level_up() {
        let bot = fine().with_words(found(Severity::Block), WrittenBy::Bot);
        assert!(bot.is_blocked() && bot.route == fine().route);
        let person = fine().with_words(found(Severity::Block), WrittenBy::Person);
        assert_eq!((person.route, person.risk), (Route::Review(Level::Supervisor), Risk::Medium));
    }

    #[test]
    fn nothing_found_changes_nothing() {
        assert_eq!(fine().with_words(Vec::new(), WrittenBy::Person), fine());
    }
}
