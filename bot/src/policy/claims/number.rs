//! Numbers as people write them: 39.9, 1,299, 三十五, 一百二, 半.

use super::folded::Folded;

/// A number read from a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    /// The place behind it.
    pub(super) end: usize,
    /// Written in Chinese numerals.
    pub(super) in_words: bool,
    /// Digits it was written with.
    pub(super) digits: usize,
}

/// The number that begins at `start`.
pub(super) fn read(text: &Folded, start: usize) -> Option<Number> {
    let first = text.at(start)?;
    if first.is_ascii_digit() {
        return Some(in_digits(text, start));
    }
    in_words(text, start)
}

fn in_digits(text: &Folded, start: usize) -> Number {
    let mut written = String::new();
    let mut at = start;
    let is_digit = |at: usize| text.at(at).is_some_and(|c| c.is_ascii_digit());
    while let Some(c) = text.at(at) {
        let groups = c == ',' && (1..=3).all(|more| is_digit(at + more)) && !is_digit(at + 4) && !written.contains('.');
        match c {
            '0'..='9' => written.push(c),
            '.' if is_digit(at + 1) && !written.contains('.') => written.push(c),
            ',' if groups => {}
            _ => break,
        }
        at += 1;
    }
    let (factor, end) = scale(text, at);
    Number { value: written.parse::<f64>().unwrap_or(f64::NAN) * factor, end, in_words: false, digits: written.len() }
}

/// 万 and 千 behind digits: 3 万.
fn scale(text: &Folded, at: usize) -> (f64, usize) {
    let place = text.past_blanks(at);
    match text.at(place) {
        Some('万') => (10_000.0, place + 1),
        Some('千') if !matches!(text.at(place + 1), Some('克' | '米')) => (1_000.0, place + 1),
        _ => (1.0, at),
    }
}

fn digit(c: char) -> Option<f64> {
    let value = "零一二三四五六七八九".chars().zip(0_u8..).find(|(numeral, _)| *numeral == c).map(|(_, value)| value);
    value
        .or(match c {
            '〇' => Some(0),
            '两' => Some(2),
            _ => None,
        })
        .map(f64::from)
}

fn power(c: char) -> Option<f64> {
    match c {
        '十' => Some(10.0),
        '百' => Some(100.0),
        '千' => Some(1_000.0),
        _ => None,
    }
}

fn in_words(text: &Folded, start: usize) -> Option<Number> {
    let first = text.at(start)?;
    if first == '半' {
        return Some(Number { value: 0.5, end: start + 1, in_words: true, digits: 1 });
    }
    if digit(first).is_none() && first != '十' {
        return None;
    }
    let mut reading = Reading::default();
    let mut at = start;
    while let Some(c) = text.at(at) {
        if !reading.takes(c) {
            break;
        }
        at += 1;
    }
    Some(Number { value: reading.value(), end: at, in_words: true, digits: at - start })
}

/// A number in Chinese numerals while it is read.
#[derive(Default)]
struct Reading {
    /// Everything above 万.
    high: f64,
    /// The section below.
    low: f64,
    /// Digits not yet multiplied.
    digits: Option<f64>,
    /// The last power of ten: 一百二 is 120.
    last: f64,
}

impl Reading {
    fn takes(&mut self, c: char) -> bool {
        if let Some(value) = digit(c) {
            // 九五 is 95; after a power the digit stands for itself.
            self.digits = Some(self.digits.map_or(value, |digits| digits * 10.0 + value));
            if c == '零' {
                self.last = 0.0;
            }
        } else if let Some(power) = power(c) {
            self.low += self.digits.take().unwrap_or(1.0) * power;
            self.last = power;
        } else if c == '万' {
            self.high = (self.high + self.low + self.digits.take().unwrap_or(0.0)) * 10_000.0;
            (self.low, self.last) = (0.0, 10_000.0);
        } else {
            return false;
        }
        true
    }

    fn value(&self) -> f64 {
        let rest = self.digits.unwrap_or(0.0);
        let short = self.last >= 100.0 && (1.0..10.0).contains(&rest);
        self.high + self.low + if short { rest * self.last / 10.0 } else { rest }
    }
}
