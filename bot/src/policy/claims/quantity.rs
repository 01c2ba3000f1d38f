//! Every quantity of a text: amounts, dates, times, durations, sizes, counts.

use super::folded::Folded;
use super::number::{self, Number};
use super::token;
use super::unit::{self, Dimension};

/// A number with what it measures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantity {
    pub(super) dimension: Dimension,
    /// In the dimension's base.
    pub(super) value: f64,
    /// As it was written.
    pub(super) raw: f64,
    /// Whether it is a limit.
    pub(super) bound: Bound,
    /// Where it stands.
    pub(super) span: (usize, usize),
}

/// Which side of a quantity is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Exact,
    /// 内, 前, 最多.
    Within,
    /// 后, 以上, 至少.
    Beyond,
}

impl Bound {
    /// Whether one bound says the opposite of the other.
    pub(super) fn opposes(self, other: Self) -> bool {
        self != other && self != Self::Exact && other != Self::Exact
    }
}

const WITHIN_BEHIND: &[&str] = &["内", "以内", "之内", "前", "以前", "之前", "以下", "封顶"];
const BEYOND_BEHIND: &[&str] = &["后", "以后", "之后", "以上", "起"];
const WITHIN_BEFORE: &[&str] = &["不超过", "最多", "至多", "最晚", "最迟", "within", "up to", "at most"];
const BEYOND_BEFORE: &[&str] = &["超过", "超出", "至少", "最少", "不少于", "最低", "at least", "more than", "after"];
/// Between the two numbers of a range.
const RANGES: &[&str] = &["-", "–", "—", "~", "至", "到", "或", "、", "/", "to"];

impl Quantity {
    /// Whether this one, of a source, says what `claimed` says. A number without a unit says less than one with it, and
    /// money is often written without.
    pub(super) fn founds(&self, claimed: &Self) -> bool {
        let equal = |a: f64, b: f64| (a - b).abs() < 1e-9 * a.abs().max(1.0);
        match (self.dimension, claimed.dimension) {
            (known, said) if known == said => equal(self.value, claimed.value),
            (Dimension::Percent, Dimension::Discount) => {
                equal(self.value, 100.0 - 10.0 * claimed.value) && self.raw < 0.0
            }
            (_, Dimension::Bare) | (Dimension::Bare, Dimension::Money) => equal(self.raw, claimed.raw),
            (Dimension::Date, Dimension::Month) => equal((self.value / 100.0).floor(), claimed.value),
            (Dimension::Date, Dimension::Day) => equal(self.value % 100.0, claimed.value),
            _ => false,
        }
    }
}

/// Every quantity of a text, in order.
pub(super) fn all(text: &Folded) -> Vec<Quantity> {
    let mut found: Vec<Quantity> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match one(text, at) {
            Some((quantities, end)) => {
                found.extend(quantities);
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
    found
}

/// What begins at `at`: quantities and the place behind them. Codes are passed over whole.
fn one(text: &Folded, at: usize) -> Option<(Vec<Quantity>, usize)> {
    let c = text.at(at)?;
    if c.is_ascii_alphanumeric()
        && let Some(end) = token::whole(text, at)
    {
        return Some((Vec::new(), end));
    }
    if text.has_at(at, "百分之") {
        let number = number::read(text, at + 3)?;
        let percent = quantity(text, Dimension::Percent, number.value, number.value, (at, number.end));
        return Some((vec![percent], number.end));
    }
    if text.has_at(at, "半价") {
        return Some((vec![quantity(text, Dimension::Discount, 5.0, 5.0, (at, at + 2))], at + 2));
    }
    let number = number::read(text, at).filter(|number| !is_ordinal(text, at, number))?;
    date(text, at, number)
        .or_else(|| clock(text, at, number))
        .or_else(|| range(text, at, number))
        .or_else(|| measured(text, at, number).map(|quantity| (vec![quantity.clone()], quantity.span.1)))
        .or(Some((Vec::new(), number.end)))
}

fn quantity(text: &Folded, dimension: Dimension, value: f64, raw: f64, span: (usize, usize)) -> Quantity {
    Quantity { dimension, value, raw, bound: bound(text, span), span }
}

fn bound(text: &Folded, (from, to): (usize, usize)) -> Bound {
    let blank = from.checked_sub(1).filter(|place| text.at(*place) == Some(' '));
    let start = blank.unwrap_or(from);
    let before = |words: &[&str]| words.iter().any(|word| text.has_before(start, word));
    let behind = |words: &[&str]| words.iter().any(|word| text.has_at(text.past_blanks(to), word));
    if behind(BEYOND_BEHIND) && !behind(WITHIN_BEHIND) || (before(BEYOND_BEFORE) && !before(WITHIN_BEFORE)) {
        Bound::Beyond
    } else if behind(WITHIN_BEHIND) || before(WITHIN_BEFORE) {
        Bound::Within
    } else {
        Bound::Exact
    }
}

/// The number of a list's item, or 第一.
fn is_ordinal(text: &Folded, at: usize, number: &Number) -> bool {
    let line_starts = text.before(at).is_none_or(|c| c == '\n');
    let clause_starts = line_starts || text.before(at).is_some_and(|c| "，,。：:".contains(c));
    let marked = match text.at(number.end) {
        Some('.') => clause_starts && !text.at(number.end + 1).is_some_and(|c| c.is_ascii_digit()),
        Some('、' | ')') => line_starts,
        _ => false,
    };
    (marked && number.value < 20.0) || (number.in_words && text.before(at) == Some('第'))
}

/// 2026 年 12 月 5 日, 2026-12-05, 12 月 5 日, 12 月, 5 号.
fn date(text: &Folded, at: usize, first: Number) -> Option<(Vec<Quantity>, usize)> {
    let year = (1_900.0..2_200.0).contains(&first.value) && first.digits == 4;
    if year && let Some((month, day, end)) = month_and_day(text, first.end) {
        let year = quantity(text, Dimension::Year, first.value, first.value, (at, first.end));
        let value = month * 100.0 + day;
        return Some((vec![year, quantity(text, Dimension::Date, value, value, (at, end))], end));
    }
    let mark = text.past_blanks(first.end);
    if year && text.at(mark) == Some('年') {
        return Some((vec![quantity(text, Dimension::Year, first.value, first.value, (at, mark + 1))], mark + 1));
    }
    if text.at(mark) == Some('月') && (1.0..=12.0).contains(&first.value) {
        return Some(from_month(text, at, first, mark + 1));
    }
    let day_marked = text.at(mark) == Some('号') && !matches!(text.at(mark + 1), Some('码' | '店' | '线' | '楼'));
    let in_month =
        text.at(mark) == Some('日') && !["内", "以内", "之内", "无理由"].iter().any(|word| text.has_at(mark + 1, word));
    if text.at(mark) == Some('日') && !in_month {
        let days = quantity(text, Dimension::Time, first.value * 86_400.0, first.value, (at, mark + 1));
        return Some((vec![days], mark + 1));
    }
    (day_marked || in_month)
        .then(|| (vec![quantity(text, Dimension::Day, first.value, first.value, (at, mark + 1))], mark + 1))
}

/// A month, and the day behind it if there is one.
fn from_month(text: &Folded, at: usize, month: Number, behind: usize) -> (Vec<Quantity>, usize) {
    let day = number::read(text, text.past_blanks(behind)).and_then(|day| {
        let mark = text.past_blanks(day.end);
        matches!(text.at(mark), Some('日' | '号')).then_some((day.value, mark + 1))
    });
    match day {
        Some((day, end)) => {
            let value = month.value * 100.0 + day;
            (vec![quantity(text, Dimension::Date, value, value, (at, end))], end)
        }
        None => (vec![quantity(text, Dimension::Month, month.value, month.value, (at, behind))], behind),
    }
}

/// Month and day behind a year: 年 12 月 5 日, -12-05, /12/5, .12.5.
fn month_and_day(text: &Folded, at: usize) -> Option<(f64, f64, usize)> {
    let mark = text.past_blanks(at);
    let between = text.at(mark).filter(|c| matches!(c, '年' | '-' | '/' | '.'))?;
    let month = number::read(text, text.past_blanks(mark + 1))?;
    let second = text.past_blanks(month.end);
    let expected = if between == '年' { '月' } else { between };
    // 2026.12.5 was read as 12.5.
    if between == '.' && text.at(second) != Some('.') {
        return decimal_date(month);
    }
    text.at(second).filter(|c| *c == expected)?;
    let day = number::read(text, text.past_blanks(second + 1))?;
    let end = text.past_blanks(day.end);
    let end = if matches!(text.at(end), Some('日' | '号')) { end + 1 } else { day.end };
    Some((month.value, day.value, end))
}

fn decimal_date(number: Number) -> Option<(f64, f64, usize)> {
    let written = number.value.to_string();
    let (month, day) = written.split_once('.')?;
    Some((month.parse().ok()?, day.parse().ok()?, number.end))
}

/// 16:00, 下午 4 点半.
fn clock(text: &Folded, at: usize, hour: Number) -> Option<(Vec<Quantity>, usize)> {
    if hour.value > 24.0 {
        return None;
    }
    let mark = text.past_blanks(hour.end);
    let colon = text.at(hour.end) == Some(':');
    let minutes =
        number::read(text, hour.end + 1).filter(|minutes| colon && minutes.digits == 2 && minutes.value < 60.0);
    let (minutes, end) = match minutes {
        Some(minutes) => (minutes.value, minutes.end),
        None if text.at(mark) == Some('点') && is_time(text, at, mark, hour) => past_the_hour(text, mark + 1),
        None => return None,
    };
    let afternoon = ["下午", "晚上", "傍晚", "晚"]
        .iter()
        .any(|word| text.has_before(at, word) || text.has_before(at.saturating_sub(1), word));
    let hours = if afternoon && hour.value < 12.0 { hour.value + 12.0 } else { hour.value };
    let value = hours * 60.0 + minutes;
    Some((vec![quantity(text, Dimension::Clock, value, value, (at, end))], end))
}

/// 三点 is a time only where something says so: 三点建议 is not.
fn is_time(text: &Folded, at: usize, mark: usize, hour: Number) -> bool {
    let day = ["上午", "下午", "早上", "晚上", "中午", "凌晨", "每天", "早", "晚", "到", "至"];
    let told = day.iter().any(|word| text.has_before(at, word) || text.has_before(at.saturating_sub(1), word));
    let goes_on = ["前", "后", "半", "钟", "之", "以", "到", "至", "整", "下班", "上班"]
        .iter()
        .any(|word| text.has_at(mark + 1, word));
    told || goes_on || (!hour.in_words && !text.has_at(mark + 1, "建议"))
}

/// 半, or minutes, behind 点.
fn past_the_hour(text: &Folded, at: usize) -> (f64, usize) {
    if text.at(at) == Some('半') {
        return (30.0, at + 1);
    }
    let minutes = number::read(text, at).filter(|minutes| text.at(minutes.end) == Some('分'));
    minutes.map_or((0.0, at), |minutes| (minutes.value, minutes.end + 1))
}

/// 2–3 天: the unit is both numbers'.
fn range(text: &Folded, at: usize, first: Number) -> Option<(Vec<Quantity>, usize)> {
    let mark = text.past_blanks(first.end);
    let word = RANGES.iter().find(|word| text.has_at(mark, word))?;
    let second_at = text.past_blanks(mark + word.chars().count());
    let second = number::read(text, second_at)?;
    if token::whole(text, second_at).is_some() {
        return None;
    }
    let (dimension, factor, end) = unit::read(text, second.end)?;
    let scaled = |number: Number| value_of(dimension, number.value, factor);
    let low =
        Quantity { bound: Bound::Exact, ..quantity(text, dimension, scaled(first), first.value, (at, first.end)) };
    let high = quantity(text, dimension, scaled(second), second.value, (second_at, end));
    Some((vec![low, high], end))
}

fn value_of(dimension: Dimension, raw: f64, factor: f64) -> f64 {
    // 85 折 is 8.5 折.
    if dimension == Dimension::Discount && raw >= 10.0 { raw / 10.0 } else { raw * factor }
}

/// A number with the unit behind it, or the currency before it, or alone.
fn measured(text: &Folded, at: usize, number: Number) -> Option<Quantity> {
    let prefix = ["¥", "￥", "rmb", "cny"].iter().find(|word| text.has_before(at, word));
    let dollars = text.before(at) == Some('$');
    let unit = unit::read(text, number.end);
    let span = |end| (at, end);
    if dollars || prefix.is_some() {
        let dimension = if dollars { Dimension::Foreign("usd") } else { Dimension::Money };
        let end = unit.filter(|(unit, ..)| *unit == dimension).map_or(number.end, |(.., end)| end);
        return Some(quantity(text, dimension, number.value, number.value, span(end)));
    }
    match unit {
        Some((Dimension::Count(_), ..)) if number.in_words && (number.value < 1.5) => None,
        Some((Dimension::Money, factor, end)) => Some(money(text, number.value * factor, (at, end))),
        Some((dimension, factor, end)) => {
            let raw = if is_negative(text, at, dimension) { -number.value } else { number.value };
            Some(quantity(text, dimension, value_of(dimension, raw, factor), raw, span(end)))
        }
        None if number.in_words => None,
        None => Some(quantity(text, Dimension::Bare, number.value, number.value, span(number.end))),
    }
}

/// An amount, with the tenths that are said behind it: 三十九块九.
fn money(text: &Folded, amount: f64, (from, to): (usize, usize)) -> Quantity {
    let tenths = number::read(text, to).filter(|tenths| {
        let alone = unit::read(text, tenths.end).is_none() && text.at(to) != Some('半');
        alone && text.has_before(to, "块") && tenths.end == to + 1
    });
    let (value, end) = tenths.map_or((amount, to), |tenths| (amount + tenths.value / 10.0, tenths.end));
    quantity(text, Dimension::Money, value, value, (from, end))
}

fn is_negative(text: &Folded, at: usize, dimension: Dimension) -> bool {
    let minus = matches!(text.before(at), Some('-' | '−')) || text.has_before(at, "零下");
    let free = at.checked_sub(2).and_then(|place| text.at(place)).is_none_or(|c| !c.is_alphanumeric() || !c.is_ascii());
    dimension == Dimension::Degrees && minus && free
}
