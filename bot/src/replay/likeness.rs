//! How near a draft comes to what a person really sent.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::policy;
use crate::report;

/// Share of the characters that may differ where the facts are the same and a person would hardly have changed anything.
const ALIKE: f64 = 0.2;

/// A draft beside a person's reply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Likeness {
    /// What the comparison comes to.
    pub verdict: Compared,
    /// Characters that would have to change, of the longer one's: 0 for equal texts, 1 for texts with nothing in common.
    pub distance: f64,
}

/// What the comparison of a draft with a person's reply comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The same words, whatever their width, blanks and punctuation.
    Same,
    /// Nearly the same words, and every number, date, code, link, promise and yes or no of either is the other's too.
    Alike,
    /// The same facts in other words, or no facts at all.
    Reworded,
    /// One says something that the other does not say.
    OtherFacts,
}

impl Compared {
    /// Whether a reviewer would most likely have sent the draft as it was.
    pub fn is_good(self) -> bool {
        self <= Self::Alike
    }
}

/// Compares a draft's parts with a person's messages.
pub fn compare(draft: &[String], person: &[String]) -> Likeness {
    let (ours, theirs) = (bare(draft), bare(person));
    let distance = share(&ours, &theirs);
    let verdict = if ours == theirs {
        Compared::Same
    } else if !says_nothing_else(draft, person) || !says_nothing_else(person, draft) {
        Compared::OtherFacts
    } else if distance <= ALIKE {
        Compared::Alike
    } else {
        Compared::Reworded
    };
    Likeness { verdict, distance }
}

fn says_nothing_else(one: &[String], other: &[String]) -> bool {
    let sources: Vec<&str> = other.iter().map(String::as_str).collect();
    policy::unfounded(one, &sources).is_empty()
}

/// The letters and digits alone, in one width and case.
fn bare(texts: &[String]) -> String {
    let letters = texts.iter().flat_map(|text| text.nfkc()).filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn share(one: &str, other: &str) -> f64 {
    let longer = one.chars().count().max(other.chars().count()).min(report::COMPARED);
    let share = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    // To three places, so that the files are read easily.
    if longer == 0 { 0.0 } else { (share(report::distance(one, other)) / share(longer) * 1_000.0).round() / 1_000.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(draft: &str, person: &str) -> Compared {
        compare(&[draft.to_owned()], &[person.to_owned()]).verdict
    }

    #[test]
    fn facts_weigh_more_than_words() {
        assert_eq!(compared("满 99 元包邮，48 小时内发货。", "满99元包邮,48小时内发货"), Compared::Same);
        assert_eq!(compared("亲，满 99 元包邮，48 小时内发货。", "满99元包邮，48小时内发货哦"), Compared::Alike);
        assert_eq!(compared("满 99 元包邮，48 小时内发货。", "满 59 元包邮，48 小时内发货。"), Compared::OtherFacts);
        assert_eq!(compared("这款是纯棉的，可以机洗。", "面料都是棉，洗衣机洗没问题的亲亲"), Compared::Reworded);
    }

    #[test]
    fn what_only_the_person_knew_is_another_fact() {
        assert_eq!(compared("发货以后可以查物流。", "已经发货，单号 SF1234567890。"), Compared::OtherFacts);
    }

    #[test]
    fn the_distance_is_a_share() {
        assert_eq!(compare(&["包邮".into()], &["包邮".into()]).distance, 0.0);
        assert_eq!(compare(&["包邮".into()], &["退货".into()]).distance, 1.0);
    }
}
