//! Unanswered questions that mean the same are counted together; questions in the same words are one.

use crate::Synonyms;
use crate::text::{Canonical, Class, compact};

/// Longest key, characters.
const MAX_KEY_CHARS: usize = 120;

/// The key by which unanswered questions are grouped: their meaningful words without order, politeness and spelling
/// variants, synonyms by the name of their group. Deterministic, and never empty for text with a letter or digit.
pub fn gap_key(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    Canonical::new(text).tokens(Synonyms::builtin(), |token| match token.class {
        Class::Concept => words.push(format!("#{}", token.text)),
        // A word inside a synonym group is what the group stands for already.
        Class::Word if token.weight >= 1.0 => words.push(token.text.to_owned()),
        _ => {}
    });
    words.sort();
    words.dedup();
    let key = if words.is_empty() { compact(text) } else { words.join(" ") };
    key.chars().take(MAX_KEY_CHARS).collect()
}

/// The key of a question that is asked in the same words: equal where only blanks, signs, width or script differ.
pub fn question_key(text: &str) -> String {
    compact(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_of_one_question_share_a_key() {
        assert_eq!(gap_key("请问包邮吗？"), gap_key("你们 免邮费 吗"));
        assert_eq!(gap_key("How do I get a refund?"), gap_key("refunds please"));
        assert_eq!(gap_key("運費多少"), gap_key("运费是多少呢~"));
    }

    #[test]
    fn different_questions_do_not() {
        assert_ne!(gap_key("这件毛衣会起球吗"), gap_key("这件毛衣会缩水吗"));
    }

    #[test]
    fn the_same_words_share_a_question_key() {
        assert_eq!(question_key("運費多少？"), question_key("运费 多少"));
        assert_ne!(question_key("什么时候发货"), question_key("发货了没有"));
    }

    #[test]
    fn there_is_a_key_for_everything_said() {
        assert_eq!(gap_key("在吗？"), "在吗");
        assert_eq!(gap_key("？？"), "");
        assert!(gap_key(&"羽绒服".repeat(500)).chars().count() <= MAX_KEY_CHARS);
    }
}
