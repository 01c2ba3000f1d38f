//! Cutting a long text into parts a channel takes: counted in the channel's unit, cut where a reader would pause.

use crate::abilities::TextLimit;

/// Where a cut may fall, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    Paragraph,
    Line,
    Sentence,
    Clause,
    Word,
}

const BEST_FIRST: [Pause; 5] = [Pause::Paragraph, Pause::Line, Pause::Sentence, Pause::Clause, Pause::Word];

/// Parts within the limit, cut at the end of a paragraph, a line, a sentence, a clause or a word, and inside a word only
/// if there is no other way; never inside a character. Nothing but white space at the cuts is lost. A blank text has no
/// parts. A limit below the longest character counts as that.
pub fn split(text: &str, limit: TextLimit) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !limit.holds(rest) {
        let (part, after) = rest.split_at(cut(rest, limit));
        parts.push(part.trim_end().to_owned());
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// Where to cut a text longer than one part, in bytes: the best pause in the second half of the window, then the best
/// anywhere, then any place that does not tear a character apart.
fn cut(text: &str, limit: TextLimit) -> usize {
    let window = window(text, limit);
    let pauses = pauses(text, window);
    let last = |pause: Pause, from: usize| pauses.iter().rev().find(|(at, p)| *p == pause && *at > from).map(|p| p.0);
    let best = |from: usize| BEST_FIRST.iter().find_map(|&pause| last(pause, from));
    best(window / 2).or_else(|| best(0)).unwrap_or_else(|| hard_cut(text, window))
}

/// The end of the longest beginning within the limit, in bytes; at least one character.
fn window(text: &str, limit: TextLimit) -> usize {
    let units = |c: char| match limit {
        TextLimit::Bytes(_) => c.len_utf8(),
        TextLimit::Utf16(_) => c.len_utf16(),
    };
    let mut left = limit.most();
    for (at, c) in text.char_indices() {
        match left.checked_sub(units(c)) {
            Some(rest) => left = rest,
            None => return at.max(text.chars().next().map_or(0, char::len_utf8)),
        }
    }
    text.len()
}

/// Every place in `text` up to and including `window` where a reader pauses, in order.
fn pauses(text: &str, window: usize) -> Vec<(usize, Pause)> {
    let mut found = Vec::new();
    for (at, c) in text[..window].char_indices() {
        let end = at + c.len_utf8();
        if let Some(pause) = pause_after(c, &text[end..]) {
            found.push((end, pause));
        }
    }
    found
}

fn pause_after(c: char, rest: &str) -> Option<Pause> {
    let next = rest.chars().next();
    let before_space = next.is_none_or(char::is_whitespace);
    // A closing quote or a second mark belongs to the sentence it ends.
    let closed = !next.is_some_and(|n| "”’」』）)！？。…!?\"".contains(n));
    match c {
        '\n' if rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n') => Some(Pause::Paragraph),
        '\n' => Some(Pause::Line),
        '。' | '！' | '？' | '…' if closed => Some(Pause::Sentence),
        '.' | '!' | '?' if before_space => Some(Pause::Sentence),
        '；' | '，' | '、' | '：' | '）' | '”' | '」' | '』' if closed => Some(Pause::Clause),
        ';' | ',' | ':' if before_space => Some(Pause::Clause),
        c if c.is_whitespace() => Some(Pause::Word),
        _ => None,
    }
}

/// The last place not in the middle of an emoji sequence or before a combining mark; `window` itself if all are.
fn hard_cut(text: &str, window: usize) -> usize {
    let mut at = window;
    while at > 0 {
        let joined = text[at..].chars().next().is_some_and(continues) || text[..at].ends_with('\u{200d}');
        if !joined {
            return at;
        }
        at = text.floor_char_boundary(at - 1);
    }
    window
}

/// Joiners, variation selectors, skin tones and combining marks: they belong to the character before.
fn continues(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}')
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
