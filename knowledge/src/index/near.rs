//! Words that were meant: typing errors, homophones and pinyin lead to the words of titles and questions.
//!
//! Only what no entry has is looked up here, and only as a whole word: `tuikuan` and 退宽 lead to 退款, `refnud` to
//! `refund`. Words are kept as hashes of their sound, and of their letters with one left out.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use pinyin::ToPinyin;

use super::terms::AsIs;
use crate::text::{self, Token};

/// Letters of a Latin word from which on one may be wrong, and up to which that is looked for.
const LATIN: std::ops::RangeInclusive<usize> = 5..=20;
/// Characters of a Chinese word that has a sound of its own.
const CHINESE: std::ops::RangeInclusive<usize> = 2..=4;

/// Terms by what is like them.
#[derive(Debug, Default)]
pub(super) struct Near {
    terms: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
}

/// In which way two words are alike.
#[derive(Hash)]
enum Like<'a> {
    Sound(&'a str),
    Letters(&'a str),
}

impl Like<'_> {
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Near {
    /// Makes the term `number` findable by words like `token`.
    pub(super) fn learn(&mut self, token: Token<'_>, number: u32) {
        if let Some(sound) = sound(token.text) {
            self.terms.entry(Like::Sound(&sound).key()).or_insert(number);
        } else if is_latin(token.text) {
            for shorter in with_one_left_out(token.text) {
                self.terms.entry(Like::Letters(&shorter).key()).or_insert(number);
            }
        }
    }

    /// Nothing more is learnt.
    pub(super) fn shrink(&mut self) {
        self.terms.shrink_to_fit();
    }

    /// The term that was meant by `token`, which no entry has.
    pub(super) fn meant(&self, token: Token<'_>) -> Option<u32> {
        let term = |like: Like<'_>| self.terms.get(&like.key()).copied();
        match sound(token.text) {
            Some(sound) => term(Like::Sound(&sound)),
            None if !is_latin(token.text) => None,
            None => term(Like::Sound(token.text))
                .or_else(|| with_one_left_out(token.text).find_map(|shorter| term(Like::Letters(&shorter)))),
        }
    }
}

fn is_latin(word: &str) -> bool {
    LATIN.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// The pinyin of a Chinese word, in the form in which Latin words are looked up; `None` for other words.
fn sound(word: &str) -> Option<String> {
    if !CHINESE.contains(&word.chars().count()) {
        return None;
    }
    let mut sound = String::new();
    for c in word.chars() {
        text::push_syllable(&mut sound, c.to_pinyin()?.plain());
    }
    Some(text::stemmed(&sound))
}

/// The word itself, and the word without each of its letters.
fn with_one_left_out(word: &str) -> impl Iterator<Item = String> + '_ {
    (0..=word.len()).map(move |out| word.char_indices().filter(|(at, _)| *at != out).map(|(_, c)| c).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Class;

    fn token(text: &str) -> Token<'_> {
        Token { class: Class::Word, text, weight: 1.0 }
    }

    #[test]
    fn what_is_typed_wrongly_leads_to_what_was_meant() {
        let mut near = Near::default();
        for (number, word) in ["退款", "refund", "申请"].into_iter().enumerate() {
            near.learn(token(word), number as u32);
        }
        let meant = |word: &str| near.meant(token(word));
        assert_eq!(["退宽", "tuikuan"].map(meant), [Some(0); 2]);
        assert_eq!(["refnud", "refun", "refunnd", "rafund"].map(meant), [Some(1); 4]);
        assert_eq!(meant(&text::stemmed("shenqing")), Some(2), "as it stands in canonical text");
        assert_eq!(["发货", "raffle", "m1010", "退"].map(meant), [None; 4]);
    }
}
