//! Telling whether a customer asks several things at once.

use std::collections::BTreeSet;

use knowledge::Found;

use crate::policy::adds_nothing;

/// Questions answered in one reply.
pub(super) const MOST_QUESTIONS: usize = 3;

/// Signs that a sentence asks by itself.
const ASKING: &[&str] = &[
    "吗",
    "么",
    "呢",
    "怎么",
    "多少",
    "多久",
    "几",
    "什么",
    "哪",
    "谁",
    "如何",
    "能不能",
    "可不可以",
    "是不是",
    "有没有",
    "会不会",
    "？",
    "?",
    "how",
    "what",
    "when",
    "where",
    "which",
    "can ",
    "do you",
    "is ",
    "are ",
];
/// A sentence of fewer characters leans on the one before it.
const LEAST: usize = 3;
/// Beginnings that lean on the sentence before.
const LEANING: &[&str] =
    &["那", "还", "它", "这", "为什么", "为啥", "怎么办", "可以吗", "行吗", "对吗", "是吗", "好吗"];

/// Characters of what asks by itself; anything shorter may go on about what was said before it.
const LEAST_CLAUSE: usize = 5;
/// What stands between clauses, and what a clause ends with.
const BETWEEN: [&str; 10] = ["，", ",", "、", "；", ";", "还有", "另外", "以及", "顺便", " and "];
const ENDS: [&str; 2] = ["吗", "呢"];
/// Confidence from which on a clause is answered by itself.
const SURE: f64 = 0.5;

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// One thing.
    Once(String),
    /// Several things, a sentence each.
    Plainly(Vec<String>),
    /// Perhaps several, a clause or a short sentence each: where each is answered by itself ([`are_answered_apart`]), and
    /// else one.
    Perhaps {
        /// The clauses.
        clauses: Vec<String>,
        /// Everything in one.
        whole: String,
    },
}

/// What the customer asks.
pub fn asked(texts: &[String]) -> Asked {
    let sentences = sentences(texts);
    let owned = |said: &[&str]| said.iter().map(|said| (*said).to_owned()).collect::<Vec<_>>();
    if is_several(&sentences, LEAST_CLAUSE) {
        return Asked::Plainly(owned(&sentences));
    }
    let clauses = if is_several(&sentences, LEAST) { owned(&sentences) } else { asking_clauses(&sentences) };
    let whole = texts.join("\n");
    if clauses.is_empty() { Asked::Once(whole) } else { Asked::Perhaps { clauses, whole } }
}

/// The clauses that ask, each behind what all of them are about; none where they are not several.
fn asking_clauses(sentences: &[&str]) -> Vec<String> {
    let clauses: Vec<String> = sentences.iter().flat_map(|sentence| clauses(sentence)).collect();
    let begin = clauses.iter().position(|clause| asks(clause, LEAST)).unwrap_or(clauses.len());
    let (about, asking) = clauses.split_at(begin);
    // Once it is said what all of it is about, a short question is one.
    if !is_several(asking, if about.is_empty() { LEAST_CLAUSE } else { LEAST }) {
        return Vec::new();
    }
    asking.iter().map(|clause| [about, std::slice::from_ref(clause)].concat().join(" ")).collect()
}

/// Whether what was found for each clause answers it by itself, by another entry.
pub fn are_answered_apart(found: &[Found]) -> bool {
    let sure = found.iter().filter(|found| found.confidence >= SURE);
    let entries: BTreeSet<&str> = sure.filter_map(|found| Some(found.hits.first()?.entry.as_str())).collect();
    entries.len() == found.len()
}

fn is_several(said: &[impl AsRef<str>], least: usize) -> bool {
    (2..=MOST_QUESTIONS).contains(&said.len()) && said.iter().all(|said| asks(said.as_ref(), least))
}

/// The sentences that say anything.
fn sentences(texts: &[String]) -> Vec<&str> {
    let sentences = texts.iter().flat_map(|text| text.split_inclusive(['？', '?', '。', '！', '!', '\n']));
    sentences.map(str::trim).filter(|sentence| !adds_nothing(sentence)).collect()
}

/// The clauses of a sentence that say anything.
fn clauses(sentence: &str) -> Vec<String> {
    let apart = BETWEEN.iter().fold(sentence.to_owned(), |text, between| text.replace(between, "\n"));
    let apart = ENDS.iter().fold(apart, |text, end| text.replace(end, &format!("{end}\n")));
    let is_chinese = apart.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let pieces = apart.split(|c| c == '\n' || (is_chinese && c == ' ')).map(str::trim);
    pieces.filter(|piece| piece.chars().any(char::is_alphanumeric) && !adds_nothing(piece)).map(str::to_owned).collect()
}

fn asks(sentence: &str, least: usize) -> bool {
    let sentence = sentence.to_lowercase();
    sentence.chars().filter(|c| c.is_alphanumeric()).count() >= least
        && ASKING.iter().any(|sign| sentence.contains(sign))
        && !LEANING.iter().any(|start| sentence.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_in(texts: &[&str]) -> Asked {
        asked(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn several_sentences_that_ask_are_several_questions() {
        let plainly = |texts: &[&str]| match asked_in(texts) {
            Asked::Plainly(questions) => questions,
            other => panic!("{texts:?}: {other:?}"),
        };
        assert_eq!(plainly(&["江浙沪包邮吗？几天能送到？"]), ["江浙沪包邮吗？", "几天能送到？"]);
        assert_eq!(plainly(&["在吗", "羊毛衫会起球吗", "退款多久到账"]), ["羊毛衫会起球吗", "退款多久到账"]);
        assert_eq!(plainly(&["江浙沪包邮吗？几天能送到？七天能退吗？"]).len(), 3);
        assert_eq!(plainly(&["Do you ship abroad? How long does it take?"]).len(), 2);
    }

    #[test]
    fn clauses_that_ask_may_be_questions() {
        let perhaps = |texts: &[&str]| match asked_in(texts) {
            Asked::Perhaps { clauses, whole } => {
                assert_eq!(whole, texts.join("\n"));
                clauses
            }
            other => panic!("{texts:?}: {other:?}"),
        };
        for text in ["退货运费谁出，退款多久到账", "退货运费谁出还有退款多久到账", "退货运费谁出 退款多久到账"]
        {
            assert_eq!(perhaps(&[text]), ["退货运费谁出", "退款多久到账"]);
        }
        assert_eq!(perhaps(&["我买的 M101，会起球吗怎么洗"]), ["我买的 M101 会起球吗", "我买的 M101 怎么洗"]);
        assert_eq!(perhaps(&["包邮吗？几天到？能退吗？"]), ["包邮吗？", "几天到？", "能退吗？"]);
        assert_eq!(perhaps(&["毛衣会起球吗？怎么洗？"]).len(), 2);
        assert_eq!(perhaps(&["how much is shipping and when will it arrive"]).len(), 2);
    }

    #[test]
    fn everything_else_is_one() {
        for texts in [
            &["包邮吗？"][..],
            &["昨天买的毛衣破了。能退吗？"],
            &["毛衣会起球吗？那会缩水吗？"],
            &["针织衫会起球吗怎么洗"],
            &["包邮吗？几天到？能退吗？多少钱？"],
            &["你好", "谢谢"],
            &["S、M 码有什么区别"],
            &[],
        ] {
            assert_eq!(asked_in(texts), Asked::Once(texts.join("\n")), "{texts:?}");
        }
    }
}
