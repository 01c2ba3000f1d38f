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

/// What an edited reply says in place of each of these answers: its lines, each by the answer it has most words in common
/// with. A line that has none in common goes with the line before it.
pub fn said_instead(edited: &str, answers: &[&str]) -> Vec<String> {
    let known: Vec<BTreeSet<String>> = answers.iter().map(|answer| words(answer)).collect();
    let mut instead: Vec<Vec<&str>> = vec![Vec::new(); answers.len()];
    let mut place = 0;
    for line in edited.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let said = words(line);
        let common = known.iter().map(|known| known.intersection(&said).count());
        // Of equals the first.
        let best = common.enumerate().rev().max_by_key(|(_, common)| *common);
        place = best.filter(|(_, common)| *common > 0).map_or(place, |(at, _)| at);
        instead.iter_mut().skip(place).take(1).for_each(|lines| lines.push(line));
    }
    instead.into_iter().map(|lines| lines.join("\n")).collect()
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
    fn lines_stand_in_place_of_what_they_are_most_like() {
        let answers = ["退货运费由顾客承担，质量问题由我们承担。", "退款 1–3 个工作日到账。"];
        let edited = "您好，退货运费一律由我们承担。\n退款 24 小时内到账。\n\n祝您愉快";
        let instead = ["您好，退货运费一律由我们承担。", "退款 24 小时内到账。\n祝您愉快"];
        assert_eq!(said_instead(edited, &answers), instead);
        assert_eq!(said_instead("退款 24 小时内到账。", &answers), ["", "退款 24 小时内到账。"]);
        assert_eq!(said_instead("祝您愉快", &answers), ["祝您愉快", ""]);
        assert!(said_instead("祝您愉快", &[]).is_empty());
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
