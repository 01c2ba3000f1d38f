//! The close look: what a candidate's own text says about the question, in numbers the ranking is learnt over.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::indexed::Indexed;
use super::passage;
use super::terms::{Wanted, WantedTerm};
use crate::text::{Canonical, Class, fold, is_whole};

/// What is known about a candidate; [`NAMES`] says what each number is. All but `length` lie between 0 and 1.
pub(super) type Features = [f32; NAMES.len()];

/// Places of features that are asked for by name.
pub(super) const LEXICAL: usize = 0;
pub(super) const COVER: usize = 4;
pub(super) const MEANING: usize = 13;
/// The one that [`super::document`] fills in.
pub(super) const DOCUMENT: usize = 14;

/// The features in their order.
pub(super) const NAMES: [&str; 15] = [
    // BM25F score of the whole entry as a share of the highest one possible.
    "lexical", // BM25 of the answer alone by words, and by pairs of Chinese characters.
    "words", "pairs", // Weight of the question's terms in the last part of the title's path.
    "heading",
    // Weight of the question's terms anywhere in the entry, in its best sentence, and in its first one.
    "cover", "sentence", "opening",
    // The longest piece of the question that stands in it word for word.
    "verbatim", // Logarithm of the answer's length.
    "length",
    // The answer has the form that the question asks for: yes or no, steps, a reason, a definition.
    "whether", "how", "why", "what",    // How near it is to what the question means, where that is known.
    "meaning", // The share of all candidates' `lexical` that those out of its document have together.
    "document",
];

/// Most characters of an answer that are looked at.
const MAX_CHARS: usize = 2_000;
/// Most characters of a question whose wording is compared.
const MAX_RUN: usize = 64;
/// BM25's constants for single fields.
const SATURATION: f32 = 1.5;
const LENGTH: f32 = 0.75;

/// A question prepared for looking at many candidates.
#[derive(Debug)]
pub(super) struct Looker {
    finder: Option<AhoCorasick>,
    /// In the order of the finder's.
    patterns: Vec<Pattern>,
    total: f32,
    wording: Wording,
    asks: Asks,
    /// Mean length of an answer in characters, at least 1.
    average: f32,
}

/// A term of the question as it is looked for in texts.
#[derive(Debug, Clone, Copy)]
struct Pattern {
    class: Class,
    weight: f32,
    /// It must not be a part of a longer word.
    whole: bool,
}

/// What form of answer a question asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Asks {
    whether: bool,
    how: bool,
    why: bool,
    what: bool,
}

/// How often each of the question's terms stands in a text.
type Counts = Vec<u16>;

impl Looker {
    pub(super) fn new(question: &str, wanted: &Wanted, average: f32) -> Looker {
        let words = wanted.terms.iter().filter(|term| term.class != Class::Concept);
        let pattern =
            |term: &WantedTerm| Pattern { class: term.class, weight: term.weight, whole: term.text.is_ascii() };
        let patterns = words.clone().map(pattern).collect();
        let texts: Vec<&str> = words.map(|term| term.text.as_ref()).collect();
        let builder = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&texts);
        let wording = Wording::new(&Canonical::new(question).text);
        Looker {
            finder: builder.ok(),
            patterns,
            total: wanted.total,
            wording,
            asks: Asks::of(&fold(question)),
            average,
        }
    }

    /// The features of `entry` by itself; `lexical` and `cover` are known from the postings, `meaning` from its directions.
    pub(super) fn look(&self, entry: &Indexed, lexical: f32, cover: f32, meaning: f32) -> Features {
        let answer = shortened(&entry.answer);
        // An entry with questions of its own is compared by them: see `questions`.
        let title = if entry.questions.is_empty() { &*entry.title } else { "" };
        let heading = title.rsplit(" > ").next().unwrap_or_default();
        let sentences = passage::sentences(answer);
        let mut body = vec![0u16; self.patterns.len()];
        let (mut best, mut first) = (0.0f32, 0.0);
        let mut run = 0;
        for (number, sentence) in sentences.iter().enumerate() {
            let text = canonical(answer, sentence);
            let counts = self.count(&text);
            let says = self.weight_of(&counts);
            best = best.max(says);
            if number == 0 {
                first = says;
            }
            body.iter_mut().zip(&counts).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
            run = run.max(self.wording.longest_in(&text));
        }
        let length = answer.chars().count();
        let form = self.asks.answered_by(answer);
        [
            lexical,
            self.bm25(Class::Word, &body, length),
            self.bm25(Class::Gram, &body, length),
            self.weight_of(&self.count(&Canonical::new(heading).text)),
            cover,
            best,
            first,
            run as f32 / self.wording.chars.len().max(1) as f32,
            (1.0 + length as f32).ln(),
            f32::from(u8::from(form.whether)),
            f32::from(u8::from(form.how)),
            f32::from(u8::from(form.why)),
            f32::from(u8::from(form.what)),
            meaning,
            // Only seen beside the others.
            0.0,
        ]
    }

    fn count(&self, canonical: &str) -> Counts {
        let mut counts = vec![0u16; self.patterns.len()];
        for found in self.finder.iter().flat_map(|finder| finder.find_overlapping_iter(canonical)) {
            let pattern = found.pattern().as_usize();
            let whole = self.patterns.get(pattern).is_some_and(|pattern| pattern.whole);
            if let Some(count) = counts.get_mut(pattern).filter(|_| !whole || is_whole(canonical, found.range())) {
                *count = count.saturating_add(1);
            }
        }
        counts
    }

    /// Share of the question's weight that is there at all.
    fn weight_of(&self, counts: &Counts) -> f32 {
        let there = self.patterns.iter().zip(counts).filter(|(_, count)| **count > 0);
        share(there.map(|(pattern, _)| pattern.weight).sum(), self.total)
    }

    /// BM25 of the terms of `class` alone.
    fn bm25(&self, class: Class, counts: &Counts, length: usize) -> f32 {
        let norm = SATURATION * (1.0 - LENGTH + LENGTH * length as f32 / self.average);
        let terms = self.patterns.iter().zip(counts).filter(|(pattern, _)| pattern.class == class);
        let (score, total) = terms.fold((0.0, 0.0), |(score, total), (pattern, &count)| {
            let count = f32::from(count);
            (score + pattern.weight * count / (count + norm), total + pattern.weight)
        });
        share(score, total)
    }
}

/// `part` of `whole`, between 0 and 1.
pub(super) fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn shortened(answer: &str) -> &str {
    answer.char_indices().nth(MAX_CHARS).and_then(|(end, _)| answer.get(..end)).unwrap_or(answer)
}

fn canonical(answer: &str, sentence: &Range<usize>) -> String {
    Canonical::new(answer.get(sentence.clone()).unwrap_or_default()).text
}

/// The question's own wording, prepared for finding pieces of it.
#[derive(Debug)]
struct Wording {
    chars: Vec<char>,
    /// Bit i of entry n: character i may be one of those that fall on n.
    places: Box<[u64; 256]>,
}

impl Wording {
    fn new(canonical: &str) -> Wording {
        let chars: Vec<char> = canonical.chars().take(MAX_RUN).collect();
        let mut places = Box::new([0; 256]);
        for (place, &c) in chars.iter().enumerate() {
            places[slot(c)] |= 1 << place;
        }
        Wording { chars, places }
    }

    /// Characters of the longest piece that `text` has.
    fn longest_in(&self, text: &str) -> usize {
        // Entry i + 1: length of the piece that ends with character i and with the text's last character.
        let mut lengths = [0u8; MAX_RUN + 1];
        let (mut best, mut last) = (0, 0u64);
        for c in text.chars() {
            let mut matching = 0;
            let mut rest = self.places[slot(c)];
            // From the end, so that the piece before is still that of the character before.
            while rest != 0 {
                let place = rest.ilog2() as usize;
                rest ^= 1 << place;
                if self.chars.get(place) == Some(&c) {
                    lengths[place + 1] = lengths[place] + 1;
                    best = best.max(lengths[place + 1]);
                    matching |= 1 << place;
                }
            }
            let mut over = last & !matching;
            while over != 0 {
                lengths[over.ilog2() as usize + 1] = 0;
                over ^= 1 << over.ilog2();
            }
            last = matching;
        }
        usize::from(best)
    }
}

fn slot(c: char) -> usize {
    (u32::from(c) % 256) as usize
}

impl Asks {
    fn of(question: &str) -> Asks {
        let has = |words: &[&str]| words.iter().any(|word| question.contains(word));
        let begins = |words: &[&str]| words.iter().any(|word| question.starts_with(word));
        Asks {
            whether: has(&["吗", "是否", "能否", "可否", "可不可以", "能不能", "会不会", "有没有"])
                || begins(&["can ", "does ", "do ", "is ", "are ", "will ", "could "]),
            how: has(&["如何", "怎么", "怎样", "咋", "how to", "how do", "how can", "how should"]),
            why: has(&["为什么", "为何", "为啥", "原因", "why"]),
            what: has(&["什么是", "是什么", "啥是", "what is", "what are"]),
        }
    }

    /// The forms asked for that `answer` has.
    fn answered_by(self, answer: &str) -> Asks {
        let opening: String = answer.chars().take(120).collect::<String>().to_lowercase();
        let opening = opening.trim_start();
        let has = |words: &[&str]| words.iter().any(|word| answer.contains(word));
        let begins = |words: &[&str]| words.iter().any(|word| opening.starts_with(word));
        Asks {
            whether: self.whether
                && begins(&[
                    "可以", "不可", "能", "不", "是", "支持", "会", "有", "没有", "暂不", "目前", "yes", "no",
                    "you can",
                ]),
            how: self.how
                && (begins(&["1. ", "1、"]) || has(&["\n1. ", "\n1、", "步骤", "单击", "点击", "click", "Click"])),
            why: self.why && has(&["因为", "由于", "原因", "because", "cause", "due to"]),
            what: self.what
                && ["是一种", "是一款", "是指", "指的是", " is a", " are "].iter().any(|form| opening.contains(form)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_common_piece_is_found() {
        let longest = |wording: &str, text: &str| Wording::new(wording).longest_in(text);
        assert_eq!(longest("羊毛衫怎么洗", "羊毛衫要冷水洗"), 3);
        assert_eq!(longest("羊毛衫怎么洗", "毛衫，毛衫怎么，么洗"), 4);
        assert_eq!(longest("aab", "aaab"), 3);
        assert_eq!(longest("", "羊毛"), 0);
        assert_eq!(longest(&"洗".repeat(100), &"洗".repeat(200)), MAX_RUN);
    }

    #[test]
    fn an_answer_has_the_form_that_was_asked_for() {
        let answered = |question: &str, answer: &str| Asks::of(question).answered_by(answer);
        assert!(answered("可以退吗", "可以，7 天内。").whether && !answered("可以退吗", "请看页面。").whether);
        assert!(answered("怎么退", "1. 打开订单\n2. 申请").how && !answered("怎么退", "七天内。").how);
        assert!(answered("为什么起球", "由于摩擦。").why && answered("什么是运费险", "运费险是一种保险。").what);
        assert_eq!(answered("退货地址", "可以，1. 因为"), Asks::default());
    }
}
