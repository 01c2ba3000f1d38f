//! What is said about what was found: to the colleague on a card, to the customer in a draft.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use super::value::{Kind, Value};
use super::{Output, Recipe};
use crate::run::Fact;

/// Rows of a table that are put into words.
const ROWS: usize = 5;

/// A sentence with `{outputs}` in it; `{output.column}` is a column of a table's first row.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Sentence(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Output { name: String, column: Option<String> },
}

impl TryFrom<String> for Sentence {
    type Error = String;

    fn try_from(text: String) -> Result<Sentence, String> {
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or("`{` without `}`: write an output's name as {name}")?;
            let (name, column) = place.split_once('.').map_or((place, None), |(name, column)| (name, Some(column)));
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Output { name: name.to_owned(), column: column.map(str::to_owned) });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Sentence(parts))
    }
}

impl Sentence {
    /// The first place that no output fills, as it is written.
    pub(super) fn unfilled(&self, outputs: &[&Output]) -> Option<String> {
        self.0.iter().find_map(|part| match part {
            Part::Output { name, column } => {
                let kind = outputs.iter().find(|output| output.name == *name).map(|output| &output.is);
                let filled = match (kind, column) {
                    (Some(Kind::Table(columns)), Some(column)) => columns.contains_key(column),
                    (Some(Kind::Table(_)) | None, _) | (Some(_), Some(_)) => false,
                    (Some(_), None) => true,
                };
                let place = column.as_ref().map_or_else(|| name.clone(), |column| format!("{name}.{column}"));
                (!filled).then(|| format!("{{{place}}}"))
            }
            Part::Text(_) => None,
        })
    }

    /// The sentence; nothing where the page left something out that it needs.
    fn say(&self, recipe: &Recipe, facts: &BTreeMap<String, Fact>) -> Option<String> {
        let part = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Output { name, column } => {
                let kind = &recipe.outputs.iter().find(|output| output.name == *name)?.is;
                let value = &facts.get(name)?.value;
                match (kind, value, column) {
                    (Kind::Table(kinds), Value::Table(rows), Some(column)) => {
                        Some(kinds.get(column)?.say(rows.first()?.get(column)?))
                    }
                    _ => Some(kind.say(value)),
                }
            }
        };
        self.0.iter().map(part).collect()
    }
}

impl Recipe {
    /// What was found, in a line for a colleague; the recipe's title where it has no words of its own.
    pub fn on_card(&self, facts: &BTreeMap<String, Fact>) -> String {
        let said = self.card.as_ref().and_then(|sentence| sentence.say(self, facts));
        said.unwrap_or_else(|| self.title.clone())
    }

    /// What was found, in the words of the shop to a customer; nothing where the recipe has none, or not enough is known.
    pub fn to_customer(&self, facts: &BTreeMap<String, Fact>) -> Option<String> {
        self.reply.as_ref()?.say(self, facts)
    }

    /// What people call a fact.
    pub fn label<'a>(&'a self, name: &'a str) -> &'a str {
        let output = self.outputs.iter().find(|output| output.name == name);
        output.and_then(|output| output.label.as_deref()).unwrap_or(name)
    }

    /// A fact in words, with its unit.
    pub fn in_words(&self, name: &str, value: &Value) -> String {
        self.outputs.iter().find(|output| output.name == name).map(|output| output.is.say(value)).unwrap_or_default()
    }
}

impl Kind {
    /// A fact of this kind in words.
    fn say(&self, value: &Value) -> String {
        match (self, value) {
            (_, Value::Text(text) | Value::Choice(text)) => text.clone(),
            (_, Value::Integer { amount, unit }) => format!("{amount} {unit}"),
            (_, Value::Money { cents, currency }) => money(*cents, currency),
            (Kind::Time { zone, .. }, Value::Time { unix_ms }) => moment(*unix_ms, zone),
            (_, Value::Time { unix_ms }) => moment(*unix_ms, "+00:00"),
            (Kind::Table(kinds), Value::Table(rows)) => {
                let said = |(name, value): (&String, &Value)| kinds.get(name).map(|kind| kind.say(value));
                let line = |row: &BTreeMap<String, Value>| row.iter().filter_map(said).collect::<Vec<_>>().join(" ");
                rows.iter().take(ROWS).map(line).collect::<Vec<_>>().join("；")
            }
            (_, Value::Table(_)) => String::new(),
        }
    }
}

fn money(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let (whole, part) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    match currency {
        "CNY" => format!("{sign}¥{whole}.{part:02}"),
        other => format!("{sign}{whole}.{part:02} {other}"),
    }
}

fn moment(unix_ms: i64, zone: &str) -> String {
    let zone: Option<FixedOffset> = zone.parse().ok();
    let at = DateTime::from_timestamp_millis(unix_ms).unwrap_or_default();
    zone.map_or_else(|| at.naive_utc(), |zone| at.with_timezone(&zone).naive_local()).format("%m-%d %H:%M").to_string()
}
