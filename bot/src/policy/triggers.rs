//! The table of trigger words: which phrases, on which side, mean which risk and who decides.

use std::collections::BTreeSet;

use cards::Risk;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plain::{Plain, Word};
use super::{Finding, Reason, Route, Trigger};

const BUILTIN: &str = include_str!("triggers.toml");

/// Words of a row a reason names.
const NAMED: usize = 8;
/// Shortest word of a table: one character alone means too many things.
const SHORTEST: usize = 2;
/// Triggers found by facts alone; every other one needs a row, or a table would switch it off.
const BY_FACTS: [Trigger; 3] = [Trigger::Rt06, Trigger::Rt12, Trigger::Rt14];

/// The trigger words in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Triggers {
    rows: Vec<Row>,
    version: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    written: Written,
    words: Vec<Word>,
    except: Vec<Word>,
}

/// A row as it is written in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    trigger: Trigger,
    risk: Risk,
    route: Route,
    side: Side,
    words: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    except: Vec<String>,
    /// For the people who edit the table; decides nothing.
    #[serde(default, skip_serializing)]
    note: String,
}

/// Whose words a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Customer,
    Draft,
    Both,
}

/// The file: nothing but rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    row: Vec<toml::Spanned<toml::Value>>,
}

impl Triggers {
    /// The table the program is delivered with.
    pub fn builtin() -> Self {
        // A test reads the shipped table. Should it ever be broken, everything is found, never nothing.
        Self::parse(BUILTIN).unwrap_or_else(|_| Self::everything())
    }

    /// Reads a table.
    ///
    /// # Errors
    /// Every problem of the file as a sentence: unknown keys or names, words that cannot be compared, an id used
    /// twice, triggers that no row speaks for (a table replaces the built-in one and must not switch one off), and rows
    /// that would let through what always needs somebody.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let file: File = toml::from_str(text).map_err(|error| vec![whole_file(text, &error)])?;
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        for (index, value) in file.row.into_iter().enumerate() {
            let line = line_of(text, value.span().start);
            let value = value.into_inner();
            let name = value.get("id").and_then(toml::Value::as_str).map(|id| format!(" ({id})")).unwrap_or_default();
            match row(value, line) {
                Ok(row) => rows.push(row),
                Err(found) => problems.extend(found.iter().map(|p| format!("row {}{name}: {p}", index + 1))),
            }
        }
        if problems.is_empty() {
            problems = as_a_whole(&rows);
        }
        if problems.is_empty() { Ok(Self::of(rows)) } else { Err(problems) }
    }

    /// Lower-case hex SHA-256 of everything in the table that decides; comments, notes and layout do not count.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn of(rows: Vec<Row>) -> Self {
        let written: Vec<&Written> = rows.iter().map(|row| &row.written).collect();
        // Plain strings and lists always become JSON; an empty text would only make versions look equal.
        let canonical = serde_json::to_vec(&written).unwrap_or_default();
        Self { version: hex::encode(Sha256::digest(canonical)), rows }
    }

    /// The table that sends everything to a supervisor.
    fn everything() -> Self {
        let written = Written {
            id: "unreadable_table".into(),
            trigger: Trigger::Rt06,
            risk: Risk::High,
            route: Route::Review(super::Level::Supervisor),
            side: Side::Both,
            words: Vec::new(),
            except: Vec::new(),
            note: String::new(),
        };
        Self::of(vec![Row { written, words: vec![Word::Anywhere(String::new())], except: Vec::new() }])
    }

    /// What the table finds in the customer's texts and in the reply's parts.
    pub(super) fn findings(&self, customer: &[String], draft: &[String]) -> Vec<Finding> {
        let plain = |texts: &[String]| texts.iter().map(|text| Plain::new(text)).collect::<Vec<_>>();
        let (customer, draft) = (plain(customer), plain(draft));
        self.rows.iter().filter_map(|row| row.finding(&customer, &draft)).collect()
    }
}

impl Row {
    fn finding(&self, customer: &[Plain], draft: &[Plain]) -> Option<Finding> {
        let (asked, answered) = match self.written.side {
            Side::Customer => (customer, [].as_slice()),
            Side::Draft => ([].as_slice(), draft),
            Side::Both => (customer, draft),
        };
        let texts: Vec<&Plain> = asked.iter().chain(answered).collect();
        let found: BTreeSet<usize> = texts.into_iter().flat_map(|text| self.found_in(text)).collect();
        let words = found.iter().take(NAMED).filter_map(|&at| self.written.words.get(at).cloned()).collect();
        let Written { id, trigger, risk, route, .. } = &self.written;
        let reason = Reason { trigger: *trigger, rule: id.clone(), words };
        (!found.is_empty()).then_some(Finding { reason, risk: *risk, route: *route })
    }

    /// Places of the words that occur in a text.
    fn found_in(&self, text: &Plain) -> Vec<usize> {
        let places = |text: &Plain| (0..self.words.len()).filter(|&at| text.has(&self.words[at])).collect::<Vec<_>>();
        let found = places(text);
        // Few texts have any of a row's words: exceptions are cut out of those only.
        if found.is_empty() || self.except.is_empty() { found } else { places(&text.without(&self.except)) }
    }
}

fn row(value: toml::Value, line: usize) -> Result<Row, Vec<String>> {
    let written: Written = value.try_into().map_err(|error: toml::de::Error| vec![error.message().to_owned()])?;
    let mut problems = Vec::new();
    if written.id.is_empty() || !written.id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        problems.push(format!("id '{}' must be made of a-z, 0-9 and _", written.id));
    }
    if written.words.is_empty() {
        problems.push("words is empty: such a row finds nothing".to_owned());
    }
    problems.extend(too_lenient(&written).map(|problem| format!("line {line}: {problem}")));
    let words = comparable(&written.words, &mut problems);
    let except = comparable(&written.except, &mut problems);
    if problems.is_empty() { Ok(Row { written, words, except }) } else { Err(problems) }
}

/// The least risk a row of a trigger may have: what always needs a review is never low, and complaints, legal claims and
/// regulated advice are always high (requirement RK-03).
fn least_risk(trigger: Trigger) -> Risk {
    match trigger {
        Trigger::Rt02 | Trigger::Rt07 => Risk::High,
        _ => Risk::Medium,
    }
}

/// Why a row would lower a risk or a route below what they always are.
fn too_lenient(row: &Written) -> Option<String> {
    let Written { trigger, risk, route, .. } = row;
    let least = least_risk(*trigger);
    if *route == Route::Permit {
        return Some("route \"permit\" is not for tables: a table only asks for people".to_owned());
    }
    if *risk < least {
        let name = if least == Risk::High { "high" } else { "medium" };
        return Some(format!("risk cannot be lowered: rows of {} are at least \"{name}\"", trigger.as_str()));
    }
    let reviewer = *risk >= Risk::High && *route == Route::Review(super::Level::Reviewer);
    reviewer.then(|| "high risk needs route = \"supervisor\" or \"human_only\"".to_owned())
}

/// The comparable form of each word; complains about those that have none.
fn comparable(list: &[String], problems: &mut Vec<String>) -> Vec<Word> {
    let mut words = Vec::new();
    for word in list {
        match Word::new(word).filter(|form| form.len() >= SHORTEST) {
            Some(form) => words.push(form),
            None => problems.push(format!("word '{word}' needs at least {SHORTEST} letters or digits")),
        }
    }
    words
}

/// What is wrong with rows that are each fine.
fn as_a_whole(rows: &[Row]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let twice = rows.iter().filter(|row| !seen.insert(&row.written.id));
    let mut problems: Vec<String> = twice.map(|row| format!("id '{}' is used twice", row.written.id)).collect();
    let silent =
        |trigger: &&Trigger| !BY_FACTS.contains(trigger) && !rows.iter().any(|row| row.written.trigger == **trigger);
    let missing = Trigger::ALL.iter().filter(silent);
    problems.extend(missing.map(|t| format!("no row for {}: every table needs one", t.as_str())));
    problems
}

/// A problem of the file itself, with the line where it was met.
fn whole_file(text: &str, error: &toml::de::Error) -> String {
    format!("line {}: {}", line_of(text, error.span().map_or(0, |span| span.start)), error.message())
}

/// The line of a byte of the file, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

#[cfg(test)]
#[path = "triggers_tests.rs"]
mod tests;
