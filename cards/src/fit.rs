//! Cutting text to a slot: always visibly, never inside a number or a composed character.

use crate::hidden::reveal;

/// What stands for what was left out.
pub(crate) const ELLIPSIS: char = '…';
/// How far back [`split`] looks for a good place, in characters: it must come forward even in a page of digits.
const LOOK_BACK: usize = 64;

/// The text if it has at most `limit` characters (字: `char`s, as WeCom's limits count), else its beginning and `…`,
/// together at most `limit`. A number or a composed emoji that does not fit whole is left out whole.
pub fn fit(text: &str, limit: usize) -> String {
    if count(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(1) else { return String::new() };
    format!("{}{ELLIPSIS}", cut(text, room).trim_end())
}

/// Characters in a text.
pub(crate) fn count(text: &str) -> usize {
    text.chars().count()
}

/// The longest beginning of at most `limit` characters that ends at a good place; may be empty.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text };
    text.get(..good_end(text, end, usize::MAX).unwrap_or(0)).unwrap_or_default()
}

/// Pieces of at most `bytes` bytes that joined are the text, byte for byte. Characters are never split: where a single
/// one is larger than `bytes` the piece is that character.
pub(crate) fn split(text: &str, bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > bytes {
        let most = rest.floor_char_boundary(bytes).max(rest.chars().next().map_or(0, char::len_utf8));
        let (piece, following) = rest.split_at(good_end(rest, most, LOOK_BACK).unwrap_or(most));
        pieces.push(piece);
        rest = following;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// A text for a slot of one line: line breaks and tabs become spaces, invisible characters are written out, ends are
/// trimmed.
pub fn one_line(text: &str) -> String {
    let flat: String = reveal(text).chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    flat.trim().to_owned()
}

/// The last place at or before `end` (a character boundary) and after the start where text may be cut, at most `back`
/// characters back.
fn good_end(text: &str, end: usize, back: usize) -> Option<usize> {
    let head = text.get(..end)?;
    let earlier = head.char_indices().rev().map(|(at, _)| at);
    std::iter::once(end).chain(earlier).take(back).find(|at| *at > 0 && may_cut(text, *at))
}

/// Whether the characters around a place can be torn apart.
fn may_cut(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    match (before.chars().next_back(), after.chars().next()) {
        (Some(before), Some(after)) => !is_composed(before, after) && !is_number(before, after),
        _ => true,
    }
}

/// Whether two neighbours draw as one character: accents, emoji with variations, skin tones, joiners, flags.
fn is_composed(before: char, after: char) -> bool {
    let joins = matches!(after,
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
    let flag = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    joins || before == '\u{200d}' || (flag(before) && flag(after))
}

/// Whether two neighbours may belong to one number: `12.50`, `14:03`, `¥9`, `30%`.
fn is_number(before: char, after: char) -> bool {
    let inside = |c: char| matches!(c, '.' | ',' | ':' | '-' | '/');
    match (before.is_numeric(), after.is_numeric()) {
        (true, true) => true,
        (true, false) => inside(after) || after == '%',
        (false, true) => inside(before) || matches!(before, '¥' | '￥' | '$'),
        (false, false) => false,
    }
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
