//! What must not be said: the shop's own lists and the program's, looked for in a reply before anybody is shown it.

use knowledge::{Entry, Gate, Mark, Scope, WordList};

use crate::clock::Timestamp;
use crate::policy::{ForbiddenWord, Severity};

/// The lists in use, ready to be looked for.
#[derive(Debug, Default)]
pub struct Lexicon {
    gate: Gate,
    /// The shop's rules that name words: each is a list called by the entry's id.
    rules: Vec<Entry>,
}

impl Lexicon {
    /// The program's own list, and those of `rules`. One that cannot be made ready leaves the others.
    pub fn new(rules: Vec<Entry>) -> Self {
        let lists: Vec<WordList> =
            WordList::starter().into_iter().chain(rules.iter().filter_map(WordList::of_rule)).collect();
        match Gate::new(&lists) {
            Ok(gate) => Self { gate, rules },
            Err(error) => {
                tracing::error!(%error, "the shop's lists cannot be looked for: the program's own is");
                let gate = WordList::starter().ok().and_then(|list| Gate::new(&[list]).ok()).unwrap_or_default();
                Self { gate, rules: Vec::new() }
            }
        }
    }

    /// What the parts of a reply say that must not be said in `scope` at `now`, in the interface's `language`.
    pub fn look(&self, parts: &[String], scope: &Scope, now: Timestamp, language: &str) -> Vec<ForbiddenWord> {
        let in_force = |list: &str| {
            let rule = self.rules.iter().find(|rule| rule.id == list);
            rule.is_none_or(|rule| rule.is_valid_at(now) && rule.covers(scope))
        };
        let of_part = |(part, text): (usize, &String)| {
            let marks = self.gate.look_with(text, in_force);
            marks.into_iter().map(move |mark| found(mark, part, language)).collect::<Vec<_>>()
        };
        parts.iter().enumerate().flat_map(of_part).collect()
    }
}

fn found(mark: Mark, part: usize, language: &str) -> ForbiddenWord {
    ForbiddenWord {
        severity: match mark.severity {
            knowledge::Severity::Suspicion => Severity::Suspicion,
            knowledge::Severity::Review => Severity::Review,
            knowledge::Severity::Block => Severity::Block,
        },
        reason: mark.reason.in_language(language).to_owned(),
        instead: mark.instead.map(|instead| instead.in_language(language).to_owned()),
        span: (mark.span.start, mark.span.end),
        word: mark.word,
        list: mark.list,
        part,
    }
}

#[cfg(test)]
mod tests {
    use knowledge::import::{self, Defaults};

    use super::*;

    fn lexicon() -> Lexicon {
        let csv = "words,reason,instead,severity,store\n包邮到家,邮费按页面规则,满 99 元包邮,block,flagship\n秒发,发货时间不作保证,,review,\n";
        let defaults = Defaults {
            owner: Some("sunmei".into()),
            kind: None,
            scope: Scope::default(),
            timezone: chrono_tz::Asia::Shanghai,
        };
        let imported = import::read("禁用词.csv", csv.as_bytes(), &defaults);
        assert!(imported.problems.is_empty(), "{imported:?}");
        let entries = imported.items.into_iter().enumerate().map(|(n, item)| item.into_entry(format!("e{n}"), 1));
        Lexicon::new(entries.collect())
    }

    fn looked(text: &str, store: &str) -> Vec<(String, Severity, Option<String>)> {
        let scope = Scope { store: Some(store.into()), ..Scope::default() };
        let found = lexicon().look(&["您好".into(), text.into()], &scope, 0, "zh-CN");
        assert!(found.iter().all(|word| word.part == 1 && text.get(word.span.0..word.span.1).is_some()), "{found:?}");
        found.into_iter().map(|word| (word.word, word.severity, word.instead)).collect()
    }

    #[test]
    fn a_shops_words_hold_where_its_rule_applies() {
        let blocked = ("包邮到家".to_owned(), Severity::Block, Some("满 99 元包邮".to_owned()));
        assert_eq!(looked("全场包邮到家哦", "flagship"), [blocked]);
        assert!(looked("全场包邮到家哦", "outlet").is_empty());
        assert_eq!(looked("现在下单秒发", "outlet")[0].1, Severity::Review);
    }

    #[test]
    fn the_programs_own_list_holds_everywhere_and_sound_only_raises_suspicion() {
        assert_eq!(looked("这是全网最低价", "outlet")[0].1, Severity::Block);
        let sounded = looked("现在下单喵发", "outlet");
        assert!(sounded.iter().all(|(_, severity, _)| *severity == Severity::Suspicion), "{sounded:?}");
    }
}
