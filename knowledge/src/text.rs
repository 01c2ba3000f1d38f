//! Words: how text is folded and cut into the tokens that are indexed and searched.
//!
//! Folding is NFKC, lower case, traditional to simplified, no invisible characters. Chinese runs become dictionary
//! words and character pairs; other runs become stemmed words. Synonym groups of the [`Synonyms`] add one token for the
//! group wherever a member stands.

mod stem;
mod stop;
mod variants;

use std::ops::Range;
use std::sync::LazyLock;

use jieba_rs::Jieba;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::Synonyms;

/// The dictionary (350,000 words) loads once per process; see [`warm_up`].
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// Loads the segmentation dictionary now instead of at the first index or search.
///
/// Takes about 0.1 s with an optimised dictionary crate, and 35 MB; call it at start-up.
pub fn warm_up() {
    LazyLock::force(&JIEBA);
}

/// What a token stands for; tokens of different classes never match each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A dictionary word, a stemmed word or a number.
    Word,
    /// Two neighbouring Chinese characters.
    Gram,
    /// A synonym group.
    Concept,
}

/// One token with the part of its weight that depends on the text it stands in (0..=1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) class: Class,
    pub(crate) text: &'a str,
    pub(crate) weight: f32,
}

/// Weight of a pair with one character of a stop word.
const HALF_STOP: f32 = 0.6;
/// Weight of a token whose meaning a synonym group already carries.
const IN_CONCEPT: f32 = 0.7;

/// NFKC, lower case, simplified, without invisible characters.
pub(crate) fn fold(text: &str) -> String {
    if text.chars().all(folds_alone) {
        return text.chars().flat_map(fold_char).collect();
    }
    text.nfkc().flat_map(char::to_lowercase).map(variants::simplified).filter(|&c| !is_invisible(c)).collect()
}

/// Characters that never combine with their neighbours, as far as that is plain without a look into tables.
fn folds_alone(c: char) -> bool {
    c.is_ascii()
        || is_cjk(c)
        || matches!(c, '\u{2010}'..='\u{2026}' | '\u{3000}'..='\u{3029}' | '\u{ff00}'..='\u{ff5e}')
}

/// The folded form of one character, which may be none or several.
pub(crate) fn fold_char(c: char) -> impl Iterator<Item = char> {
    let plain = c.is_ascii() || matches!(c, '\u{4e00}'..='\u{9fff}');
    let folded = plain.then(|| variants::simplified(c.to_ascii_lowercase()));
    folded.into_iter().chain((!plain).then(|| compatible(c)).into_iter().flatten())
}

fn compatible(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c)
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(variants::simplified)
        .filter(|&c| !is_invisible(c) && !is_combining_mark(c))
}

/// A Latin word in the form in which it stands in canonical text.
pub(crate) fn stemmed(word: &str) -> String {
    stem::stem(word).into_owned()
}

/// Adds a syllable of plain pinyin to `spelled` as people type it.
pub(crate) fn push_syllable(spelled: &mut String, syllable: &str) {
    spelled.extend(syllable.chars().map(|c| if c == 'ü' { 'v' } else { c }));
}

/// The dictionary's words of folded `text`, one behind the other.
pub(crate) fn cut(text: &str) -> impl Iterator<Item = &str> {
    JIEBA.cut(text, false).into_iter().map(|word| word.word)
}

/// Folded letters and digits only: equal for texts that differ in spacing and punctuation.
pub(crate) fn compact(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Characters that a reader does not see and a customer did not mean.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{3164}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Scripts written without blanks between words.
pub(crate) fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '々' | '〇')
}

/// A piece of the canonical text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    at: Range<usize>,
    cjk: bool,
    stop: bool,
}

/// Text in the form in which words and synonym groups are looked up: folded runs, stemmed, one blank between them.
#[derive(Debug, Default)]
pub(crate) struct Canonical {
    pub(crate) text: String,
    runs: Vec<Run>,
}

impl Canonical {
    pub(crate) fn new(text: &str) -> Canonical {
        let folded = fold(text);
        let mut canonical = Canonical { text: String::with_capacity(folded.len()), runs: Vec::new() };
        let mut rest = folded.as_str();
        while let Some(first) = rest.chars().next() {
            let (run, after) = rest.split_at(run_length(rest, first));
            if first.is_alphanumeric() {
                canonical.push_run(run, is_cjk(first));
            }
            rest = after;
        }
        canonical
    }

    fn push_run(&mut self, run: &str, cjk: bool) {
        if cjk {
            return self.push(run, true, false);
        }
        for word in stem::parts(run) {
            self.push(&stem::stem(word), false, stop::is_stop(word));
        }
    }

    fn push(&mut self, run: &str, cjk: bool, stop: bool) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let start = self.text.len();
        self.text.push_str(run);
        self.runs.push(Run { at: start..self.text.len(), cjk, stop });
    }

    /// Calls `emit` for every token, stop words left out. Order is not promised.
    pub(crate) fn tokens(&self, synonyms: &Synonyms, mut emit: impl FnMut(Token<'_>)) {
        let concepts = synonyms.find(&self.text);
        for (name, _) in &concepts {
            emit(Token { class: Class::Concept, text: name, weight: 1.0 });
        }
        let mut weigh = |token: Token<'_>, at: Range<usize>| {
            let inside = concepts.iter().any(|(_, span)| span.start <= at.start && at.end <= span.end);
            emit(Token { weight: token.weight * if inside { IN_CONCEPT } else { 1.0 }, ..token });
        };
        for run in &self.runs {
            if run.cjk {
                self.cjk_tokens(run, &mut weigh);
            } else if !run.stop {
                weigh(Token { class: Class::Word, text: &self.text[run.at.clone()], weight: 1.0 }, run.at.clone());
            }
        }
    }

    /// Words, their dictionary parts, and pairs of one Chinese run.
    fn cjk_tokens(&self, run: &Run, emit: &mut impl FnMut(Token<'_>, Range<usize>)) {
        let text = &self.text[run.at.clone()];
        // Byte offset of each character and whether it belongs to a stop word; one entry more for the end.
        let mut chars: Vec<(usize, bool)> = Vec::with_capacity(text.len() / 3 + 1);
        let mut start = 0;
        for word in JIEBA.cut(text, false) {
            let is_stop = stop::is_stop(word.word);
            let first = chars.len();
            chars.extend(word.word.char_indices().map(|(i, _)| (start + i, is_stop)));
            if !is_stop {
                let bounds: Vec<usize> = chars[first..].iter().map(|c| c.0).chain([start + word.word.len()]).collect();
                words(text, run.at.start, &bounds, emit);
            }
            start += word.word.len();
        }
        chars.push((text.len(), true));
        for triple in chars.windows(3) {
            let &[(start, a), (_, b), (end, _)] = triple else { continue };
            let weight = match (a, b) {
                (true, true) => continue,
                (false, false) => 1.0,
                _ => HALF_STOP,
            };
            let at = run.at.start + start..run.at.start + end;
            emit(Token { class: Class::Gram, text: &text[start..end], weight }, at);
        }
    }
}

/// The word with the character bounds `bounds` in `text`, and the dictionary words inside it.
fn words(text: &str, offset: usize, bounds: &[usize], emit: &mut impl FnMut(Token<'_>, Range<usize>)) {
    let (Some(&start), Some(&end)) = (bounds.first(), bounds.last()) else { return };
    let mut word = |from: usize, to: usize| {
        emit(Token { class: Class::Word, text: &text[from..to], weight: 1.0 }, offset + from..offset + to);
    };
    word(start, end);
    for size in [2, 3] {
        for inner in bounds.windows(size + 1).filter(|_| bounds.len() > size + 1) {
            let (from, to) = (inner[0], inner[size]);
            if JIEBA.has_word(&text[from..to]) {
                word(from, to);
            }
        }
    }
}

/// Whether `span` of canonical `text` cuts no Latin word or number; Chinese may stand inside a run.
pub(crate) fn is_whole(text: &str, span: Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ').is_ascii_alphanumeric();
    let cuts_start = span.start > 0 && at(span.start) && at(span.start - 1);
    let cuts_end = span.end > 0 && at(span.end - 1) && at(span.end);
    !cuts_start && !cuts_end
}

/// Bytes of `rest` up to where its script changes; `first` is its first character.
fn run_length(rest: &str, first: char) -> usize {
    let script = |c: char| (c.is_alphanumeric(), is_cjk(c));
    let wanted = script(first);
    rest.char_indices()
        .find(|&(_, c)| script(c) != wanted && !(wanted == (true, false) && c == '\''))
        .map_or(rest.len(), |(i, _)| i)
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
