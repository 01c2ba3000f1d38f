//! Every word a person sees, per locale, embedded into the program.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::UnknownName;

/// A language we have all the words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Locale {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Locale {
    /// Every locale.
    pub const ALL: &'static [Self] = &[Self::ZhCn, Self::En];

    /// The name in configuration: `zh-CN`, `en`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// The locale's files by name.
    fn files(self) -> [(&'static str, &'static str); 8] {
        match self {
            Self::ZhCn => [
                ("card", include_str!("../locales/zh-CN/card.toml")),
                ("chat", include_str!("../locales/zh-CN/chat.toml")),
                ("fault", include_str!("../locales/zh-CN/fault.toml")),
                ("kb", include_str!("../locales/zh-CN/kb.toml")),
                ("page", include_str!("../locales/zh-CN/page.toml")),
                ("policy", include_str!("../locales/zh-CN/policy.toml")),
                ("replay", include_str!("../locales/zh-CN/replay.toml")),
                ("report", include_str!("../locales/zh-CN/report.toml")),
            ],
            Self::En => [
                ("card", include_str!("../locales/en/card.toml")),
                ("chat", include_str!("../locales/en/chat.toml")),
                ("fault", include_str!("../locales/en/fault.toml")),
                ("kb", include_str!("../locales/en/kb.toml")),
                ("page", include_str!("../locales/en/page.toml")),
                ("policy", include_str!("../locales/en/policy.toml")),
                ("replay", include_str!("../locales/en/replay.toml")),
                ("report", include_str!("../locales/en/report.toml")),
            ],
        }
    }
}

impl FromStr for Locale {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.iter().copied().find(|locale| locale.as_str() == name).ok_or(UnknownName("locale"))
    }
}

/// The words of one locale: dotted key (`table.name`) to text with `{placeholders}`.
#[derive(Debug, Clone)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// Loads a locale. The files are part of the program and a test reads them all, so that a broken one cannot ship;
    /// a broken one would show its keys.
    pub fn load(locale: Locale) -> Self {
        let mut words = BTreeMap::new();
        for (_, file) in locale.files() {
            flatten("", file.parse::<toml::Table>().unwrap_or_default(), &mut words);
        }
        Self(words)
    }

    /// The text of a key with `{name}` replaced by the argument of that name.
    ///
    /// An unknown key returns itself and an unknown placeholder stays: a person sees that something is missing. What
    /// an argument says is never read as a placeholder, so customer text cannot pull other arguments in.
    pub fn text(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.0.get(key).map_or_else(|| key.to_owned(), |text| fill(text, args))
    }

    /// Whether the locale has the key; for tests that compare the keys a program uses with the keys there are.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Every key, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Moves the strings of nested tables into `words` under dotted keys; anything else in a file is left out.
fn flatten(prefix: &str, table: toml::Table, words: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::String(text) => {
                words.insert(key, text);
            }
            toml::Value::Table(inner) => flatten(&key, inner, words),
            _ => {}
        }
    }
}

/// Replaces placeholders in one pass from left to right.
fn fill(text: &str, args: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match argument(after, args) {
            Some((value, following)) => {
                filled.push_str(value);
                rest = following;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The value of the placeholder that `after` starts with (its brace already taken), and what follows it.
fn argument<'a>(after: &'a str, args: &[(&str, &'a str)]) -> Option<(&'a str, &'a str)> {
    let (name, following) = after.split_once('}')?;
    let (_, value) = args.iter().find(|(known, _)| *known == name)?;
    Some((value, following))
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
