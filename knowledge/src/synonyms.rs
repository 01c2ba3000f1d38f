//! Synonym groups: what a customer calls 免邮费 and the shop 包邮.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use crate::text::{Canonical, is_whole};

static BUILTIN: LazyLock<Synonyms> =
    LazyLock::new(|| Synonyms::parse(include_str!("synonyms.toml")).unwrap_or_else(|_| Synonyms::empty()));

/// Groups of words that mean the same, looked up in any text.
#[derive(Debug, Clone)]
pub struct Synonyms {
    names: Vec<String>,
    /// Canonical form and groups of each pattern of `finder`, in its order.
    members: Vec<(String, Vec<usize>)>,
    finder: Option<AhoCorasick>,
}

/// A synonyms could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SynonymsError {
    /// Not TOML of the form `[groups]` with lists of words.
    #[error("cannot read the synonyms: {0}")]
    Toml(#[from] toml::de::Error),
    /// A group has no members, or one without letters and digits.
    #[error("group '{0}' has an empty member or none")]
    Empty(String),
    /// Too many words for the matcher.
    #[error("cannot build the synonyms: {0}")]
    Build(#[from] aho_corasick::BuildError),
}

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: BTreeMap<String, Vec<String>>,
}

impl Synonyms {
    /// The synonyms shipped with the program: `synonyms.toml`, e-commerce in Chinese and English.
    pub fn builtin() -> &'static Synonyms {
        &BUILTIN
    }

    /// A synonyms without any group.
    pub fn empty() -> Synonyms {
        Synonyms { names: Vec::new(), members: Vec::new(), finder: None }
    }

    /// Reads TOML: `[groups]`, and in it `name = ["member", …]`.
    pub fn parse(toml: &str) -> Result<Synonyms, SynonymsError> {
        let file: File = toml::from_str(toml)?;
        let mut groups_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut names = Vec::with_capacity(file.groups.len());
        for (name, members) in file.groups {
            let forms: Vec<_> = members.iter().map(|member| Canonical::new(member).text).collect();
            if forms.is_empty() || forms.iter().any(String::is_empty) {
                return Err(SynonymsError::Empty(name));
            }
            for form in forms {
                groups_of.entry(form).or_default().push(names.len());
            }
            names.push(name);
        }
        let members: Vec<_> = groups_of.into_iter().collect();
        let finder =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(members.iter().map(|m| &m.0))?;
        Ok(Synonyms { names, members, finder: Some(finder) })
    }

    /// Groups found in canonical text with the bytes that named them, leftmost and longest first.
    pub(crate) fn find(&self, canonical: &str) -> Vec<(&str, Range<usize>)> {
        let Some(finder) = &self.finder else { return Vec::new() };
        finder
            .find_iter(canonical)
            .filter(|found| is_whole(canonical, found.range()))
            .filter_map(|found| Some((self.members.get(found.pattern().as_usize())?, found.range())))
            .flat_map(|((_, groups), span)| groups.iter().map(move |&group| (group, span.clone())))
            .filter_map(|(group, span)| Some((self.names.get(group)?.as_str(), span)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str) -> Vec<&'static str> {
        Synonyms::builtin().find(&Canonical::new(text).text).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_shipped_synonyms_is_readable() {
        let synonyms = Synonyms::parse(include_str!("synonyms.toml")).unwrap();
        assert!(synonyms.names.len() > 40);
    }

    #[test]
    fn members_lead_to_their_group() {
        assert_eq!(groups("你们家免邮费吗"), ["free_shipping"]);
        assert_eq!(groups("满多少包郵？"), ["free_shipping"]);
        assert_eq!(groups("Can I get refunds?"), ["refund"]);
        assert_eq!(groups("退换货"), ["exchange", "return_goods"]);
        assert_eq!(groups("今天天气真好"), Vec::<&str>::new());
    }

    #[test]
    fn latin_members_match_whole_words_only() {
        assert_eq!(groups("a tracksuit from Washington"), Vec::<&str>::new());
        assert_eq!(groups("track it"), ["tracking"]);
    }

    #[test]
    fn the_longest_member_wins() {
        assert_eq!(groups("运费险"), ["freight_insurance"]);
    }

    #[test]
    fn a_bad_synonyms_is_refused() {
        assert!(matches!(Synonyms::parse("[groups]\na = []"), Err(SynonymsError::Empty(name)) if name == "a"));
        assert!(matches!(Synonyms::parse("[groups]\na = [\"？\"]"), Err(SynonymsError::Empty(_))));
        assert!(matches!(Synonyms::parse("groups = 1"), Err(SynonymsError::Toml(_))));
    }
}
