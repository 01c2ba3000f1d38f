//! Telling an edit that says something else from one that only says it otherwise.

use std::collections::BTreeSet;

use crate::Synonyms;
use crate::text::{Canonical, Class, fold};

/// New words from which on an edit says more than its source, and their share of all its words.
const NEW_WORDS: usize = 2;
const NEW_SHARE: f64 = 0.2;
/// What turns a statement round.
const NEGATIONS: &str = "不没无未非别莫勿";
const ENGLISH_NEGATIONS: [&str; 6] = ["not", "no", "never", "without", "cannot", "n't"];

/// Whether `edited` says something that its sources do not: a figure, a denial, or several words of its own. Greetings,
/// excuses and another order of words are tone.
pub fn says_more(edited: &str, sources: &[&str]) -> bool {
    let sources = sources.join("\n");
    let (said, known) = (words(edited), words(&sources));
    let new: Vec<&String> = said.difference(&known).collect();
    let figure = |word: &&&String| word.chars().any(|c| c.is_ascii_digit());
    let many = new.len() >= NEW_WORDS && new.len() as f64 >= NEW_SHARE * said.len() as f64;
    many || new.iter().any(|word| figure(&word)) || denials(edited) > denials(&sources)
}

/// The meaningful words of a text, synonyms by the name of their group.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    Canonical::new(text).tokens(Synonyms::builtin(), |token| match token.class {
        Class::Concept => {
            words.insert(format!("#{}", token.text));
        }
        Class::Word if token.weight >= 1.0 => {
            words.insert(token.text.to_owned());
        }
        _ => {}
    });
    words
}

fn denials(text: &str) -> usize {
    let text = fold(text);
    let chinese = text.chars().filter(|c| NEGATIONS.contains(*c)).count();
    chinese + ENGLISH_NEGATIONS.iter().map(|word| text.matches(word).count()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "羊毛衫轻微起球是正常的，建议用附赠的小刷子轻轻扫掉，不影响穿着。";

    #[test]
    fn another_tone_says_nothing_more() {
        for edited in
            [SOURCE, "亲，轻微起球是正常的哦，用附赠的小刷子轻轻扫掉就好～", "您好！小刷子轻轻扫掉起球，不影响穿着。"]
        {
            assert!(!says_more(edited, &[SOURCE]), "{edited}");
        }
    }

    #[test]
    fn figures_denials_and_new_facts_do() {
        for edited in [
            "轻微起球是正常的，30 天内起球可以换新。",
            "羊毛衫不会起球，不掉毛，不影响穿着。",
            "起球请寄回仓库，由质检中心免费处理。",
        ] {
            assert!(says_more(edited, &[SOURCE]), "{edited}");
        }
    }
}
