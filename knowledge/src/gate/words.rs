//! Lists of what must not be said: the file's form, and the lists that come with the program.

use serde::Deserialize;

use crate::Entry;

/// How bad it is to find a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It may be a disguise: a person should look.
    Suspicion,
    /// A person has to decide.
    Review,
    /// It must not be said.
    Block,
}

/// A list of words and claims. All words are written as people write them; spelling, width and disguise do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordList {
    /// What the list is called.
    pub name: String,
    /// Its words, those of one kind together.
    #[serde(rename = "group", default)]
    pub groups: Vec<Group>,
}

/// Words that are forbidden for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// How bad it is.
    pub severity: Severity,
    /// Why, for the person who reads the card.
    pub reason: Said,
    /// What to say instead.
    pub instead: Option<Said>,
    /// Words that are never harmless but in [`Group::harmless`].
    #[serde(default)]
    pub words: Vec<String>,
    /// Words that claim something only where they end a phrase (最好！) or stand before one of [`Group::before`]
    /// (最好的面料), and are ordinary elsewhere (最好先量一下).
    #[serde(default)]
    pub alone: Vec<String>,
    /// What makes a claim of a word of [`Group::alone`].
    #[serde(default)]
    pub before: Vec<String>,
    /// Longer words in which the group's words are harmless.
    #[serde(default)]
    pub harmless: Vec<String>,
    /// Whether short words must not share a letter with an ordinary word beside them (性服务 in 弹性服务).
    #[serde(default)]
    pub whole: bool,
}

/// Something said to people, in the interface's languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(untagged)]
pub enum Said {
    /// In the shop's own words.
    Once(String),
    /// In every language of the interface.
    Both {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
}

impl Said {
    /// The words in `language` (`en`, or Chinese for everything else).
    pub fn in_language(&self, language: &str) -> &str {
        match self {
            Said::Once(text) => text,
            Said::Both { en, .. } if language.starts_with("en") => en,
            Said::Both { zh, .. } => zh,
        }
    }
}

/// A list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WordListError {
    /// Not TOML of the form described at [`WordList`].
    #[error("cannot read the word list: {0}")]
    Toml(#[from] toml::de::Error),
    /// A group without a word.
    #[error("word list '{0}' has a group without words: give it 'words' or 'alone'")]
    Empty(String),
}

impl WordList {
    /// Reads a list from TOML: `name`, and `[[group]]`s with the fields of [`Group`].
    pub fn parse(toml: &str) -> Result<WordList, WordListError> {
        let list: WordList = toml::from_str(toml)?;
        if list.groups.iter().any(|group| group.words.is_empty() && group.alone.is_empty()) {
            return Err(WordListError::Empty(list.name));
        }
        Ok(list)
    }

    /// A list of bare words from elsewhere, one a line; what follows a tab is not read.
    ///
    /// Such lists are never curated for a shop, so their short words have to stand apart from ordinary ones.
    pub fn bare(name: &str, severity: Severity, reason: Said, lines: &str) -> WordList {
        let word = |line: &str| line.split('\t').next().unwrap_or_default().trim().to_owned();
        let words = lines.lines().map(word).filter(|word| !word.is_empty()).collect();
        let group = Group {
            severity,
            reason,
            instead: None,
            words,
            alone: Vec::new(),
            before: Vec::new(),
            harmless: Vec::new(),
            whole: true,
        };
        WordList { name: name.to_owned(), groups: vec![group] }
    }

    /// The list a rule of the shop is: called by the entry's id, its answer the reason. None where it names no words.
    pub fn of_rule(rule: &Entry) -> Option<WordList> {
        let forbids = rule.forbids.as_ref()?;
        let lines = forbids.words.join("\n");
        let mut list = WordList::bare(&rule.id, forbids.severity, Said::Once(rule.answer.clone()), &lines);
        list.groups.iter_mut().for_each(|group| group.instead = forbids.instead.clone().map(Said::Once));
        Some(list)
    }

    /// The list with nothing worse than `severity`: for lists that were not measured on the shop's own texts yet.
    #[must_use]
    pub fn at_most(mut self, severity: Severity) -> WordList {
        for group in &mut self.groups {
            group.severity = group.severity.min(severity);
        }
        self
    }

    /// The list without `words`: for those that [`crate::Gate::measure`] found in ordinary texts.
    #[must_use]
    pub fn without(mut self, words: &[String]) -> WordList {
        for group in &mut self.groups {
            group.words.retain(|word| !words.contains(word));
            group.alone.retain(|word| !words.contains(word));
        }
        self.groups.retain(|group| !group.words.is_empty() || !group.alone.is_empty());
        self
    }

    /// What the program forbids by itself: see `starter.toml`.
    pub fn starter() -> Result<WordList, WordListError> {
        WordList::parse(include_str!("starter.toml"))
    }
}
