//! Gathers what one file gives: items, what was refused, and what was left aside.

use std::collections::HashMap;

use super::columns::letters;
use super::draft::Draft;
use super::place::{Place, Spot};
use super::{Defaults, Fault, Imported, Item, MAX_ITEMS, MAX_PROBLEMS, Problem};
use crate::{Kind, Scope, text};

/// What may be asked only once: a question, for one kind, scope and title.
type Asked = (String, Kind, Scope, String);

/// Gathers items and problems of one file.
pub(super) struct Collector<'a> {
    defaults: &'a Defaults,
    found: Imported,
    /// The place of the part being read: file, sheet, headings.
    part: Place,
    /// Problems beyond [`MAX_PROBLEMS`].
    unnamed: usize,
    seen_ids: HashMap<String, String>,
    seen_questions: HashMap<Asked, String>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(name: &str, defaults: &'a Defaults) -> Collector<'a> {
        let part = Place { file: name.to_owned(), ..Place::default() };
        let found = Imported::default();
        Collector { defaults, found, part, unnamed: 0, seen_ids: HashMap::new(), seen_questions: HashMap::new() }
    }

    /// What follows stands in this sheet.
    pub(super) fn enter_sheet(&mut self, name: &str) {
        self.part.sheet = Some(name.to_owned());
    }

    /// What follows stands below these headings.
    pub(super) fn enter_heading(&mut self, path: &str) {
        self.part.heading = (!path.is_empty()).then(|| path.to_owned());
    }

    /// Records a fault of the whole file, or of the whole sheet being read.
    pub(super) fn refuse_part(&mut self, fault: Fault) {
        self.problem(self.part.clone(), fault, None);
    }

    /// Records a fault at `spot`.
    pub(super) fn refuse(&mut self, spot: Spot, fault: Fault) {
        self.problem(self.place(spot), fault, None);
    }

    /// Records a sheet that is left aside.
    pub(super) fn skip_sheet(&mut self, name: &str, fault: Fault) {
        let place = Place { sheet: Some(name.to_owned()), ..self.part.clone() };
        self.skip(place, fault);
    }

    /// Records something at `spot` that is left aside.
    pub(super) fn skip_spot(&mut self, spot: Spot, fault: Fault) {
        self.skip(self.place(spot), fault);
    }

    /// Records a column of the table with its header at `spot` that is left aside.
    pub(super) fn skip_column(&mut self, spot: Spot, at: usize, name: &str) {
        let place = self.cell(spot, at, name);
        self.skip(place, Fault::Column { name: name.to_owned() });
    }

    /// Turns the draft found at `spot` into an item, or into a problem.
    pub(super) fn add(&mut self, spot: Spot, draft: Draft) {
        let place = self.place(spot);
        let (columns, key) = (draft.columns.clone(), draft.own_key());
        match draft.into_item(&place, self.defaults).and_then(|item| self.remember(&place, item)) {
            Ok(item) => self.found.items.push(item),
            Err(fault) => {
                let place = columns.blamed(&fault).map_or(place, |(at, name)| self.cell(spot, at, name));
                self.problem(place, fault, key);
            }
        }
    }

    /// Whether nothing more is taken from this file.
    fn is_full(&self) -> bool {
        self.found.items.len() >= MAX_ITEMS
    }

    pub(super) fn finish(mut self) -> Imported {
        self.part = Place { file: self.part.file, ..Place::default() };
        if self.found.items.is_empty() && self.found.problems.is_empty() {
            self.refuse_part(Fault::Nothing);
        }
        if self.unnamed > 0 {
            let fault = Fault::More { count: self.unnamed };
            self.found.problems.push(Problem::new(self.part.clone(), fault, None));
        }
        tell_apart(&mut self.found.items);
        self.found
    }

    fn place(&self, spot: Spot) -> Place {
        Place { spot: Some(spot), ..self.part.clone() }
    }

    /// The place of a cell: by its letters in a sheet, by its column's name elsewhere.
    fn cell(&self, spot: Spot, at: usize, name: &str) -> Place {
        let cell = match spot {
            Spot::Row(row) => Some(format!("{}{row}", letters(at))),
            _ => None,
        };
        let column = (!name.is_empty()).then(|| name.to_owned());
        Place { column, cell, ..self.place(spot) }
    }

    fn problem(&mut self, place: Place, fault: Fault, about: Option<String>) {
        if self.found.problems.len() < MAX_PROBLEMS {
            self.found.problems.push(Problem::new(place, fault, about));
        } else {
            self.unnamed += 1;
        }
    }

    fn skip(&mut self, place: Place, fault: Fault) {
        if self.found.skipped.len() < MAX_PROBLEMS {
            self.found.skipped.push(Problem::new(place, fault, None));
        }
    }

    /// Refuses what this file said before: an id twice, or a question twice for the same kind, scope and title; and
    /// what is too much for one file.
    fn remember(&mut self, place: &Place, item: Item) -> Result<Item, Fault> {
        if self.is_full() {
            return Err(Fault::TooManyItems);
        }
        if let Some(first) = item.file_id.as_ref().and_then(|id| self.seen_ids.get(id)) {
            return Err(Fault::DuplicateId { first: first.clone() });
        }
        let title = if item.questions.first() == Some(&item.title) { "" } else { &item.title };
        let asked = |q: &String| (text::compact(q), item.kind, item.scope.clone(), title.to_owned());
        let keys: Vec<Asked> = item.questions.iter().map(asked).collect();
        // A campaign may change its answer from one period to the next, so only undated repeats are duplicates.
        let dated = item.valid_from.is_some() || item.valid_until.is_some();
        if let Some(first) = keys.iter().find_map(|key| self.seen_questions.get(key)).filter(|_| !dated) {
            return Err(Fault::DuplicateQuestion { first: first.clone() });
        }
        self.seen_questions.extend(keys.into_iter().map(|key| (key, place.to_string())));
        self.seen_ids.extend(item.file_id.clone().map(|id| (id, place.to_string())));
        Ok(item)
    }
}

/// Gives every item its key: its id, else its question. Where several ask the same, all of them are told apart by what
/// they are for, so that the order of the file does not matter.
fn tell_apart(items: &mut [Item]) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for item in items.iter().filter(|item| item.file_id.is_none()) {
        *times.entry(asked(item).to_owned()).or_default() += 1;
    }
    for item in items {
        let question = asked(item).to_owned();
        item.key = match &item.file_id {
            Some(id) => id.clone(),
            None if times.get(&question).is_some_and(|times| *times > 1) => {
                let Scope { store, platform, region, language, channel } = &item.scope;
                let parts = [store, platform, region, language].into_iter().chain(channel.is_some().then_some(channel));
                let scope: Vec<&str> = parts.map(|part| part.as_deref().unwrap_or_default()).collect();
                let from = item.valid_from.unwrap_or_default().to_string();
                [&[question.as_str(), item.kind.as_str(), &item.title, &from][..], &scope[..]].concat().join("\u{1f}")
            }
            None => question,
        };
    }
}

fn asked(item: &Item) -> &str {
    item.questions.first().unwrap_or(&item.title)
}
