//! How a workbook shows numbers: prices, percentages and dates as the shop sees them.

use std::collections::HashMap;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::import::Fault;
use crate::import::xml::{Node, Xml};

/// Formats of a workbook at most; Excel allows 65,490.
const MAX_FORMATS: usize = 70_000;
/// Digits of a number that are certain.
const DIGITS: usize = 15;
/// The last day a workbook can name: 9999-12-31.
const LAST_DAY: f64 = 2_958_465.0;

/// How a number is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    /// As it is.
    General,
    /// `prefix`, the number with so many decimals, `suffix`.
    Number { prefix: String, decimals: usize, grouped: bool, percent: bool, suffix: String },
    /// A day or a time of day, in Chinese words or in digits.
    Date { chinese: bool },
}

/// The formats of the cells' styles, in their order.
pub(super) fn read(xml: &mut Xml<'_>) -> Result<Vec<Format>, Fault> {
    let mut codes: HashMap<u32, Format> = HashMap::new();
    let (mut formats, mut inside) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "numFmt" => {
                let code = tag.attribute("formatCode").unwrap_or_default();
                codes.extend(tag.number("numFmtId").map(|id| (id, Format::of(&code))));
            }
            Node::Open(tag) if tag.name() == "cellXfs" => inside = true,
            Node::Open(tag) if inside && tag.name() == "xf" => {
                let id = tag.number("numFmtId").unwrap_or(0);
                formats.push(codes.get(&id).cloned().unwrap_or_else(|| Format::built_in(id)));
            }
            Node::Close(tag) if tag.name() == "cellXfs" => inside = false,
            Node::End => return Ok(formats),
            _ => {}
        }
        if codes.len() > MAX_FORMATS || formats.len() > MAX_FORMATS {
            return Err(Fault::Damaged { reason: format!("more than {MAX_FORMATS} formats") });
        }
    }
}

impl Format {
    /// ECMA-376 part 1, 18.8.30: the formats that need no code; 27 to 36 and 50 to 58 are the Chinese dates.
    fn built_in(id: u32) -> Format {
        match id {
            1 => Format::of("0"),
            2 => Format::of("0.00"),
            3 | 37 | 38 => Format::of("#,##0"),
            4 | 39 | 40 => Format::of("#,##0.00"),
            5 | 6 | 42 => Format::of("¥#,##0"),
            7 | 8 | 44 => Format::of("¥#,##0.00"),
            9 => Format::of("0%"),
            10 => Format::of("0.00%"),
            14..=22 | 45..=47 => Format::Date { chinese: false },
            27..=36 | 50..=58 => Format::Date { chinese: true },
            _ => Format::General,
        }
    }

    /// The format of a code; one that is not understood shows the number as it is.
    fn of(code: &str) -> Format {
        let mut scan = Scan::default();
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            match c {
                // Further sections are for negative numbers, zero and text.
                ';' => break,
                '"' => scan.literal(&chars.by_ref().take_while(|c| *c != '"').collect::<String>()),
                '\\' => scan.literal(&chars.next().map(String::from).unwrap_or_default()),
                '[' => scan.bracket(&chars.by_ref().take_while(|c| *c != ']').collect::<String>()),
                // Blank space as wide as the next character, or filled with it.
                '_' | '*' => drop(chars.next()),
                '0' | '#' | '.' | ',' => scan.digit(c),
                '%' => scan.percent = true,
                'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' => scan.date = true,
                '?' | '/' | '@' | 'E' | 'e' | 'G' if !scan.date => return Format::General,
                c => scan.literal(&c.to_string()),
            }
        }
        scan.format()
    }

    /// The number in this format.
    pub(super) fn show(&self, number: f64, from_1904: bool) -> String {
        match self {
            Format::Date { chinese } => date(number, *chinese, from_1904).unwrap_or_else(|| general(number)),
            Format::Number { prefix, decimals, grouped, percent, suffix } if number.abs() < 1e15 => {
                let number = if *percent { number * 100.0 } else { number };
                let shown = format!("{:.*}", decimals, number.abs());
                let shown = if *grouped { group(&shown) } else { shown };
                let sign = if number < 0.0 && shown.contains(|c| ('1'..='9').contains(&c)) { "-" } else { "" };
                let mark = if *percent { "%" } else { "" };
                format!("{sign}{}{shown}{mark}{}", prefix.trim_start(), suffix.trim_end())
            }
            Format::Number { .. } | Format::General => general(number),
        }
    }
}

/// A code being read.
#[derive(Default)]
struct Scan {
    prefix: String,
    suffix: String,
    digits: bool,
    point: bool,
    decimals: usize,
    grouped: bool,
    percent: bool,
    date: bool,
    chinese: bool,
}

impl Scan {
    fn literal(&mut self, text: &str) {
        self.chinese |= text.contains(['年', '月', '日', '时']);
        if self.digits { self.suffix.push_str(text) } else { self.prefix.push_str(text) }
    }

    /// `[$¥-804]` is a currency, `[h]` a time; colours, conditions and languages say nothing.
    fn bracket(&mut self, text: &str) {
        match text.strip_prefix('$') {
            Some(currency) => self.literal(currency.split('-').next().unwrap_or_default()),
            None => self.date |= matches!(text, "h" | "hh" | "m" | "mm" | "s" | "ss"),
        }
    }

    fn digit(&mut self, c: char) {
        self.digits = true;
        match c {
            '.' => self.point = true,
            ',' => self.grouped = true,
            '0' if self.point => self.decimals += 1,
            _ => {}
        }
    }

    fn format(self) -> Format {
        if self.date {
            return Format::Date { chinese: self.chinese };
        }
        if !self.digits || self.decimals > DIGITS {
            return Format::General;
        }
        let Scan { prefix, decimals, grouped, percent, suffix, .. } = self;
        Format::Number { prefix, decimals, grouped, percent, suffix }
    }
}

/// A number without format: the digits that are certain, nothing behind them.
pub(super) fn general(number: f64) -> String {
    let certain = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    if certain.abs() < 1e15 { format!("{certain}") } else { format!("{certain:e}") }
}

/// Digits in groups of three.
fn group(shown: &str) -> String {
    let (whole, rest) = shown.split_at(shown.find('.').unwrap_or(shown.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// The day and time of a serial number; a time alone below 1.
fn date(serial: f64, chinese: bool, from_1904: bool) -> Option<String> {
    if !(0.0..=LAST_DAY).contains(&serial) {
        return None;
    }
    // A time is exact to the second at best; rounding keeps 18:00 from becoming 17:59:59.
    let seconds = (serial * 86_400.0).round() as u64;
    let (days, seconds) = (seconds / 86_400, u32::try_from(seconds % 86_400).ok()?);
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)?;
    let clock = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    if days == 0 {
        return Some(time.format(clock).to_string());
    }
    let first = if from_1904 { NaiveDate::from_ymd_opt(1904, 1, 1) } else { NaiveDate::from_ymd_opt(1899, 12, 30) }?;
    // The 29th of February 1900, which never was, has a number: days before it are one too few.
    let early = u64::from(!from_1904 && days < 60);
    let moment = NaiveDateTime::new(first.checked_add_days(Days::new(days + early))?, time);
    let day = if chinese { "%Y年%-m月%-d日" } else { "%Y-%m-%d" };
    let form = if seconds == 0 { day.to_owned() } else { format!("{day} {clock}") };
    Some(moment.format(&form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, number: f64) -> String {
        Format::of(code).show(number, false)
    }

    #[test]
    fn prices_look_as_the_shop_sees_them() {
        assert_eq!(shown("\"¥\"#,##0.00", 1_299.0), "¥1,299.00");
        assert_eq!(shown("[$¥-804]#,##0.00;[Red]-#,##0.00", 199.5), "¥199.50");
        assert_eq!(shown("_ ¥* #,##0.00_ ", 199.0), "¥199.00");
        assert_eq!(shown("0.0\"元\"", 9.9), "9.9元");
        assert_eq!(shown("#,##0", 1_234_567.0), "1,234,567");
        assert_eq!(shown("0%", 0.15), "15%");
        assert_eq!(shown("0.00", -0.001), "0.00");
        assert_eq!(shown("\"¥\"0.00", -5.0), "-¥5.00");
    }

    #[test]
    fn a_number_without_format_has_no_invented_digits() {
        for (number, text) in [(199.0, "199"), (0.1 + 0.2, "0.3"), (19.9, "19.9"), (1e20, "1e20"), (-3.5, "-3.5")] {
            assert_eq!(general(number), text);
        }
        assert_eq!(shown("# ?/?", 0.5), "0.5");
        assert_eq!(shown("0.00E+00", 1_500.0), "1500");
    }

    #[test]
    fn days_and_times_are_read_from_their_numbers() {
        assert_eq!(shown("yyyy\\-mm\\-dd", 46_387.0), "2026-12-31");
        assert_eq!(shown("yyyy\"年\"m\"月\"d\"日\"", 46_387.0), "2026年12月31日");
        assert_eq!(shown("yyyy/m/d h:mm", 46_387.75), "2026-12-31 18:00");
        assert_eq!(shown("h:mm", 0.75), "18:00");
        assert_eq!(Format::built_in(31).show(46_387.0, false), "2026年12月31日");
        assert_eq!(Format::built_in(14).show(44_925.0, true), "2026-12-31");
        assert_eq!(Format::built_in(14).show(1.0, false), "1900-01-01");
        assert_eq!(Format::built_in(14).show(-1.0, false), "-1");
        assert_eq!(Format::built_in(14).show(1e300, false), general(1e300));
    }
}
