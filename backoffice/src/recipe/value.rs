//! Typed facts, read from what a page writes.

use std::collections::BTreeMap;

use chrono::{FixedOffset, NaiveDateTime, TimeZone};
use serde::{Deserialize, Serialize};

/// Most rows of a table.
pub const MOST_ROWS: usize = 200;

/// What a fact is, with its unit.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// Words, at most so many characters.
    Text(usize),
    /// One of these words.
    Choice(Vec<String>),
    /// A whole number of this unit, such as `件`.
    Integer(String),
    /// An amount in this currency (ISO 4217).
    Money(String),
    /// A moment.
    Time {
        /// As the page writes it, in the notation of `strftime`.
        format: String,
        /// The page's time zone as `+08:00`.
        zone: String,
    },
    /// Rows of named columns.
    Table(BTreeMap<String, Kind>),
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Words.
    Text(String),
    /// One of the recipe's words.
    Choice(String),
    /// A whole number.
    Integer {
        /// How many.
        amount: i64,
        /// Of what.
        unit: String,
    },
    /// An amount.
    Money {
        /// In hundredths.
        cents: i64,
        /// Of this currency.
        currency: String,
    },
    /// A moment.
    Time {
        /// Milliseconds since 1970.
        unix_ms: i64,
    },
    /// Rows.
    Table(Vec<BTreeMap<String, Value>>),
}

/// A text that is not what the recipe says it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not {expected}")]
pub struct Misread {
    /// What was expected.
    pub expected: String,
}

impl Kind {
    /// The fact that a text states.
    ///
    /// # Errors
    /// [`Misread`] where the text states nothing of this kind, and for a table, which is no text.
    pub fn read(&self, text: &str) -> Result<Value, Misread> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let value = match self {
            Kind::Text(longest) => (text.chars().count() <= *longest).then_some(Value::Text(text)),
            Kind::Choice(choices) => choices.contains(&text).then_some(Value::Choice(text)),
            Kind::Integer(unit) => {
                let number = text.strip_suffix(unit.as_str()).unwrap_or(&text).trim();
                number.parse().ok().map(|amount| Value::Integer { amount, unit: unit.clone() })
            }
            Kind::Money(currency) => cents(&text).map(|cents| Value::Money { cents, currency: currency.clone() }),
            Kind::Time { format, zone } => moment(&text, format, zone).map(|unix_ms| Value::Time { unix_ms }),
            Kind::Table(_) => None,
        };
        value.ok_or_else(|| Misread { expected: self.words() })
    }

    fn words(&self) -> String {
        match self {
            Kind::Text(longest) => format!("a text of at most {longest} characters"),
            Kind::Choice(choices) => format!("one of {}", choices.join(" · ")),
            Kind::Integer(unit) => format!("a whole number of {unit}"),
            Kind::Money(currency) => format!("an amount in {currency}"),
            Kind::Time { format, .. } => format!("a time written as {format}"),
            Kind::Table(_) => "a table".to_owned(),
        }
    }

    /// What cannot be meant.
    pub(super) fn fault(&self, within_table: bool) -> Option<String> {
        match self {
            Kind::Text(longest) if !(1..=2_000).contains(longest) => Some("a text has 1 to 2000 characters".into()),
            Kind::Choice(choices) if choices.is_empty() || choices.iter().any(|c| c.trim() != c || c.is_empty()) => {
                Some("name the words that the page may say, without spaces around them".into())
            }
            Kind::Integer(unit) if unit.trim().is_empty() => Some("name the unit, as in integer = \"件\"".into()),
            Kind::Money(currency) if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) => {
                Some("name the currency by its ISO 4217 code, as in money = \"CNY\"".into())
            }
            Kind::Time { format, zone } => time_fault(format, zone),
            Kind::Table(_) if within_table => Some("a table's columns are no tables".into()),
            Kind::Table(columns) if columns.is_empty() => Some("name the table's columns".into()),
            Kind::Table(columns) => columns.values().find_map(|kind| kind.fault(true)),
            _ => None,
        }
    }
}

fn time_fault(format: &str, zone: &str) -> Option<String> {
    if offset(zone).is_none() {
        return Some("write the zone as \"+08:00\"".into());
    }
    let complete = ["%Y", "%m", "%d", "%H", "%M"].iter().all(|part| format.contains(part));
    (!complete).then(|| "a time's format has at least %Y, %m, %d, %H and %M".into())
}

/// An amount such as `¥1,299.00`, `-¥5`, `1299 元`; nothing where it could be read in two ways.
fn cents(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix(['-', '−']).map_or((1, text), |rest| (-1, rest.trim_start()));
    let text = text.trim_start_matches(['¥', '￥', '$', '€']).trim_end_matches('元').trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = groups.clone().next().is_none() || first.len() <= 3;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(first) || !grouped || !groups.all(|g| g.len() == 3 && digits(g)) || !digits(part) || part.len() > 2 {
        return None;
    }
    let whole: i64 = whole.replace(',', "").parse().ok()?;
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(part)?.checked_mul(sign)
}

fn moment(text: &str, format: &str, zone: &str) -> Option<i64> {
    let naive = NaiveDateTime::parse_from_str(text, format).ok()?;
    Some(offset(zone)?.from_local_datetime(&naive).single()?.timestamp_millis())
}

fn offset(zone: &str) -> Option<FixedOffset> {
    zone.parse().ok().filter(|_| zone.len() == 6)
}
