//! Which of the shop's own replies a model is shown as examples of its manner.

use std::collections::BTreeSet;

/// Examples in one prompt.
const MOST: usize = 3;
/// Characters of each side of an example: longer ones are none, so that a prompt stays small.
pub const LONGEST: usize = 300;
/// Share of the words in either question that both have to have.
const NEAR: f64 = 0.1;

/// A reply of this shop and what it answered, without what is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The number of the case it was.
    pub number: i64,
    /// The customer's words.
    pub question: String,
    /// The shop's words.
    pub answer: String,
}

/// The few whose questions are nearest to this one, the nearest first; of equally near ones those that come first.
pub fn nearest(question: &str, known: Vec<Example>) -> Vec<Example> {
    let asked = words(question);
    let fits = |text: &str| text.chars().count() <= LONGEST;
    let known = known.into_iter().filter(|example| fits(&example.question) && fits(&example.answer));
    let mut near: Vec<(f64, Example)> =
        known.map(|example| (shared(&asked, &words(&example.question)), example)).collect();
    near.retain(|(share, _)| *share >= NEAR);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().take(MOST).map(|(_, example)| example).collect()
}

/// The words of a question that matter, synonyms as one.
fn words(question: &str) -> BTreeSet<String> {
    knowledge::gap_key(question).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The share of the words of both that both have.
fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let count = |words: usize| f64::from(u32::try_from(words).unwrap_or(u32::MAX));
    let all = one.union(other).count();
    if all == 0 { 0.0 } else { count(one.intersection(other).count()) / count(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(question: &str, answer: &str) -> Example {
        Example { number: 1, question: question.into(), answer: answer.into() }
    }

    fn answers(question: &str, known: &[Example]) -> Vec<String> {
        nearest(question, known.to_vec()).into_iter().map(|example| example.answer).collect()
    }

    #[test]
    fn the_nearest_come_first_and_what_is_about_something_else_does_not_come() {
        let known = [example("发票怎么开", "发票"), example("羊毛衫怎么洗", "洗"), example("羊毛衫会起球吗", "球")];
        assert_eq!(answers("羊毛衫会不会起球", &known), ["球", "洗"]);
        assert_eq!(answers("包邮吗", &known), [""; 0]);
        assert_eq!(answers("", &known), [""; 0]);
    }

    #[test]
    fn a_prompt_stays_small() {
        let long = "洗".repeat(LONGEST + 1);
        let many: Vec<Example> = (0..9).map(|at| example("羊毛衫怎么洗", &format!("{at}"))).collect();
        assert_eq!(answers("羊毛衫怎么洗", &many), ["0", "1", "2"]);
        assert_eq!(answers("羊毛衫怎么洗", &[example("羊毛衫怎么洗", &long), example(&long, "答")]), [""; 0]);
    }
}
