//! Reading `aijia.toml`: first its words, then whether they fit together.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::check::check;
use super::names::{hint, keys_of};
use super::{ConfigError, one_line};
use crate::desk::{
    AutoPolicy, BackOffice, Channel, DailyBudget, Desk, DraftingBudgets, Notice, Notices, Person, Policy, Settings,
    Taught,
};

/// Largest file read, in bytes.
const FILE_MAX: usize = 1 << 20;

/// Reads the desk's configuration from `text`; `file_name` is what errors call it.
///
/// # Errors
/// All mistakes of one kind at once: first whether it is TOML, then unknown keys, then values of the wrong
/// type, then what does not fit together.
pub fn parse_desk(text: &str, file_name: &str) -> Result<Desk, Vec<ConfigError>> {
    let file = File { text, name: file_name };
    if text.len() > FILE_MAX {
        return Err(vec![ConfigError::new(file_name, "is larger than 1 MiB", "check that it is the right file")]);
    }
    let (document, problems) = DeTable::parse_recoverable(text);
    if !problems.is_empty() {
        return Err(problems.iter().map(|problem| file.not_toml(problem)).collect());
    }
    let unknown = file.unknown_keys(document.get_ref());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let desk = toml::from_str(text).map_err(|problem| vec![file.wrong_type(&problem)])?;
    let errors = check(&desk);
    if errors.is_empty() { Ok(desk) } else { Err(errors) }
}

struct File<'t> {
    text: &'t str,
    name: &'t str,
}

type Tables<'t, 'i> = Vec<&'t DeTable<'i>>;

impl File<'_> {
    fn unknown_keys(&self, root: &DeTable<'_>) -> Vec<ConfigError> {
        let channels = inside(&[root], "channels");
        let notices = inside(&channels, "notices");
        let notice = keys_of::<Notices>().iter().flat_map(|kind| inside(&notices, kind)).collect();
        let mut errors = Vec::new();
        let policy = inside(&[root], "policy");
        let drafting = inside(&[root], "drafting");
        let levels: [(Tables<'_, '_>, _); 13] = [
            (vec![root], keys_of::<Desk>()),
            (inside(&[root], "desk"), keys_of::<Settings>()),
            (inside(&[root], "people"), keys_of::<Person>()),
            (channels, keys_of::<Channel>()),
            (notices, keys_of::<Notices>()),
            (notice, keys_of::<Notice>()),
            (inside(&[root], "stores"), keys_of::<BackOffice>()),
            (inside(&[root], "intents"), keys_of::<Taught>()),
            (inside(&policy, "auto"), keys_of::<AutoPolicy>()),
            (policy, keys_of::<Policy>()),
            (inside(&drafting, "customer"), keys_of::<DailyBudget>()),
            (inside(&drafting, "desk"), keys_of::<DailyBudget>()),
            (drafting, keys_of::<DraftingBudgets>()),
        ];
        for (tables, known) in levels {
            let keys = tables.iter().flat_map(|table| table.keys());
            let unknown = keys.filter(|key| !known.contains(&key.get_ref().as_ref()));
            errors.extend(unknown.map(|key| (key.span().start, self.unknown_key(key, known))));
        }
        errors.sort_by_key(|(start, _)| *start);
        errors.into_iter().map(|(_, error)| error).collect()
    }

    fn unknown_key(&self, key: &Spanned<std::borrow::Cow<'_, str>>, known: &[&str]) -> ConfigError {
        let name = key.get_ref();
        ConfigError::new(self.place(Some(key.span())), format!("unknown key {name:?}"), hint(name, known))
    }

    fn not_toml(&self, problem: &Error) -> ConfigError {
        let what = format!("is not valid TOML ({})", one_line(problem.message()));
        ConfigError::new(self.place(problem.span()), what, "correct the line")
    }

    fn wrong_type(&self, problem: &Error) -> ConfigError {
        let message = problem.message();
        let what = match problem.span().and_then(|span| self.key_at(&span)) {
            Some(key) => format!("{key}: {message}"),
            None => message.to_owned(),
        };
        ConfigError::new(self.place(problem.span()), what, meant(message))
    }

    /// The line a place is in.
    fn place(&self, span: Option<Range<usize>>) -> String {
        let before = span.and_then(|span| self.text.get(..span.start));
        match before {
            Some(before) => format!("{} line {}", self.name, before.matches('\n').count() + 1),
            None => self.name.to_owned(),
        }
    }

    /// The key whose value begins at a place, if it stands on the same line.
    fn key_at(&self, span: &Range<usize>) -> Option<&str> {
        let line = self.text.get(..span.start)?.rsplit('\n').next()?;
        let (key, _) = line.split_once('=')?;
        Some(key.trim())
    }
}

/// What to do about a message of serde: it quotes the word found and the words it knows.
fn meant(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next() {
        Some(found) if message.starts_with("unknown variant") => hint(found, &quoted.collect::<Vec<_>>()),
        Some(missing) if message.starts_with("missing field") => format!("add {missing} = …"),
        _ => "correct the value".to_owned(),
    }
}

/// The tables under this key of these tables, whether it holds one or a list.
fn inside<'t, 'i>(tables: &[&'t DeTable<'i>], key: &str) -> Tables<'t, 'i> {
    let values = tables.iter().filter_map(|table| table.get(key)).map(Spanned::get_ref);
    values.flat_map(|value| tables_of(value)).collect()
}

fn tables_of<'t, 'i>(value: &'t DeValue<'i>) -> Tables<'t, 'i> {
    match value {
        DeValue::Table(table) => vec![table],
        DeValue::Array(items) => items.iter().filter_map(|item| item.get_ref().as_table()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
