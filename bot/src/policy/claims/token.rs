//! What has to stand in a source to the letter: codes, long numbers, sizes by letters, digits nobody can read.

use super::folded::Folded;
use super::unit;

/// Digits from which on a number is an order's, a parcel's, a phone's: never an amount.
const LONG: usize = 7;
/// Sizes by letters, with the one name each has here.
const SIZES: &[(&str, &str)] = &[
    ("xs", "xs"),
    ("s", "s"),
    ("m", "m"),
    ("l", "l"),
    ("xl", "xl"),
    ("xxl", "2xl"),
    ("xxxl", "3xl"),
    ("2xl", "2xl"),
    ("3xl", "3xl"),
    ("4xl", "4xl"),
    ("xxxxl", "4xl"),
];

/// Days by their distance, a line for each.
const DAYS: &[&[&str]] = &[
    &["当天", "当日", "same day"],
    &["次日", "隔天", "第二天", "隔日", "next day"],
    &["今天", "今日", "今儿", "today"],
    &["今晚", "tonight"],
    &["明天", "明日", "tomorrow"],
    &["后天"],
];

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) value: String,
    pub(super) span: (usize, usize),
}

/// What a token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An order, a phone, an article.
    Code,
    /// A size by letters.
    Size,
    /// A day of the week, or one by its distance.
    Day,
}

/// Every one of a text, in order.
pub(super) fn all(text: &Folded) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match read(text, at) {
            Some(token) => {
                at = token.span.1;
                found.push(token);
            }
            None => at += word_at(text, at).unwrap_or(1).max(1),
        }
    }
    found
}

/// The place behind a token that begins at `at`, if one does: its digits are no quantity.
pub(super) fn whole(text: &Folded, at: usize) -> Option<usize> {
    read(text, at).map(|token| token.span.1)
}

fn read(text: &Folded, at: usize) -> Option<Token> {
    let c = text.at(at)?;
    if c.is_numeric() && !c.is_ascii_digit() && !"零〇一二三四五六七八九十百千万两半亿".contains(c) {
        return Some(Token { kind: TokenKind::Code, value: c.to_string(), span: (at, at + 1) });
    }
    if let Some(day) = weekday(text, at).or_else(|| day(text, at)) {
        return Some(day);
    }
    if text.before(at).is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    long_number(text, at).or_else(|| code(text, at))
}

/// 周一, 星期天.
fn weekday(text: &Folded, at: usize) -> Option<Token> {
    let word = ["周", "星期", "礼拜"].into_iter().find(|word| text.has_at(at, word))?;
    let place = at + word.chars().count();
    let day = text.at(place).filter(|c| "一二三四五六日天".contains(*c))?;
    let day = if day == '天' { '日' } else { day };
    let numbered = text.before(at).is_some_and(|c| c.is_ascii_digit() || "一二三四五六七八九十两半".contains(c));
    (!numbered).then(|| Token { kind: TokenKind::Day, value: format!("周{day}"), span: (at, place + 1) })
}

/// 当天, 次日, 明天.
fn day(text: &Folded, at: usize) -> Option<Token> {
    DAYS.iter().find_map(|words| {
        let word = words.iter().find(|word| text.has_at(at, word))?;
        let value = words.first().copied().unwrap_or_default().to_owned();
        Some(Token { kind: TokenKind::Day, value, span: (at, at + word.chars().count()) })
    })
}

/// A run of digits too long for an amount, with or without blanks and hyphens in it.
fn long_number(text: &Folded, at: usize) -> Option<Token> {
    if is_date(text, at) {
        return None;
    }
    let mut digits = String::new();
    let mut end = at;
    while let Some(c) = text.at(end) {
        let goes_on = text.at(end + 1).is_some_and(|c| c.is_ascii_digit());
        match c {
            '0'..='9' => digits.push(c),
            '-' | ' ' if goes_on && digits.len() >= 3 => {}
            _ => break,
        }
        end += 1;
    }
    let letters = text.at(end).is_some_and(|c| c.is_ascii_alphabetic());
    let token = Token { kind: TokenKind::Code, value: digits, span: (at, end) };
    (token.value.len() >= LONG && !letters).then_some(token)
}

/// 2026-12-05.
fn is_date(text: &Folded, at: usize) -> bool {
    let shape = "dddd-dd-dd";
    let fits = |(place, mark): (usize, char)| match mark {
        'd' => text.at(at + place).is_some_and(|c| c.is_ascii_digit()),
        mark => text.at(at + place) == Some(mark),
    };
    shape.chars().enumerate().all(fits) && !text.at(at + shape.len()).is_some_and(|c| c.is_ascii_digit() || c == '-')
}

/// Letters and digits together that are no number with its unit, and sizes.
fn code(text: &Folded, at: usize) -> Option<Token> {
    let length = word_at(text, at)?;
    let word: String = text.slice(at, at + length).iter().collect();
    let sized = SIZES.iter().find(|(written, _)| *written == word).map(|(_, size)| (*size).to_owned());
    let spoken = text.before(at).is_some_and(|c| matches!(c, '\'' | '’'))
        || text.at(at + length).is_some_and(|c| matches!(c, '\'' | '’'));
    let span = (at, at + length);
    if let Some(value) = sized.filter(|_| !spoken) {
        return Some(Token { kind: TokenKind::Size, value, span });
    }
    if let Some((letters, value)) = size_before_measure(text, at, &word) {
        return Some(Token { kind: TokenKind::Size, value, span: (at, at + letters) });
    }
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let mixed = word.chars().any(|c| c.is_ascii_digit()) && word.chars().any(|c| c.is_ascii_alphabetic());
    let with_unit = digits > 0 && unit::read(text, at + digits).is_some_and(|(.., end)| end == at + length);
    (mixed && !with_unit).then_some(Token { kind: TokenKind::Code, value: word, span })
}

/// The size in front of its measure where no blank is between them: S112cm.
fn size_before_measure(text: &Folded, at: usize, word: &str) -> Option<(usize, String)> {
    let letters = word.chars().take_while(char::is_ascii_alphabetic).count();
    let digits = word.chars().skip(letters).take_while(char::is_ascii_digit).count();
    let size = SIZES.iter().find(|(written, _)| word.get(..letters) == Some(written))?.1;
    let (.., end) = unit::read(text, at + letters + digits)?;
    (letters > 0 && digits > 0 && end == at + word.len()).then(|| (letters, size.to_owned()))
}

/// Length of the run of letters and digits that begins at `at`.
fn word_at(text: &Folded, at: usize) -> Option<usize> {
    let length = text.slice(at, text.len()).iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    (length > 0).then_some(length)
}
