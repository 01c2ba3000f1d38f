//! Telling whether a customer asks two things at once.

use crate::policy::adds_nothing;

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

/// The questions to search for: two when the customer plainly asks two things, else everything in one.
pub fn questions(texts: &[String]) -> Vec<String> {
    let sentences = texts.iter().flat_map(|text| text.split_inclusive(['？', '?', '。', '！', '!', '\n']));
    let said: Vec<&str> = sentences.map(str::trim).filter(|sentence| !adds_nothing(sentence)).collect();
    match said.as_slice() {
        [first, second] if asks(first) && asks(second) => vec![(*first).to_owned(), (*second).to_owned()],
        _ => vec![texts.join("\n")],
    }
}

fn asks(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    sentence.chars().filter(|c| c.is_alphanumeric()).count() >= LEAST
        && ASKING.iter().any(|sign| sentence.contains(sign))
        && !LEANING.iter().any(|start| sentence.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(texts: &[&str]) -> Vec<String> {
        questions(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn two_questions_are_two() {
        assert_eq!(split(&["包邮吗？几天能到？"]), ["包邮吗？", "几天能到？"]);
        assert_eq!(split(&["在吗", "羊毛衫会起球吗", "退款多久到账"]), ["羊毛衫会起球吗", "退款多久到账"]);
        assert_eq!(split(&["Do you ship abroad? How long does it take?"]).len(), 2);
    }

    #[test]
    fn everything_else_is_one() {
        for texts in [
            &["包邮吗？"][..],
            &["昨天买的毛衣破了。能退吗？"],
            &["毛衣会起球吗？那会缩水吗？"],
            &["包邮吗？几天到？能退吗？"],
            &["你好", "谢谢"],
            &[],
        ] {
            assert_eq!(split(texts), [texts.join("\n")], "{texts:?}");
        }
    }
}
