//! One row or section on its way to an item: shared by all formats, so that all are checked alike.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::dates::{self, Edge};
use super::{
    Defaults, Fault, Imported, Item, MAX_ANSWER_BYTES, MAX_PROBLEMS, MAX_QUESTION_BYTES, MAX_QUESTIONS, Problem,
};
use crate::{Kind, Scope, text};

/// A field that a file can set beside question and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Kind,
    Owner,
    Store,
    Platform,
    Region,
    Language,
    ValidFrom,
    ValidUntil,
    VerifyBy,
}

impl Field {
    /// The field of a column or attribute name, without regard to case.
    pub(super) fn named(name: &str) -> Option<Field> {
        Some(match name.trim().to_lowercase().as_str() {
            "id" | "编号" => Field::Id,
            "kind" | "类型" => Field::Kind,
            "owner" | "负责人" => Field::Owner,
            "store" | "店铺" => Field::Store,
            "platform" | "平台" => Field::Platform,
            "region" | "地区" => Field::Region,
            "language" | "语言" => Field::Language,
            "valid_from" | "生效日期" => Field::ValidFrom,
            "valid_until" | "失效日期" => Field::ValidUntil,
            "verify_by" | "复核日期" => Field::VerifyBy,
            _ => return None,
        })
    }
}

/// A row or section as written.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) questions: Vec<String>,
    pub(super) answer: String,
    id: Option<String>,
    kind: Option<String>,
    owner: Option<String>,
    scope: Scope,
    valid_from: Option<String>,
    valid_until: Option<String>,
    verify_by: Option<String>,
}

impl Draft {
    /// Sets `field`; blank text sets nothing, so that defaults hold.
    pub(super) fn set(&mut self, field: Field, value: &str) {
        let value = clean(value);
        if value.is_empty() {
            return;
        }
        let slot = match field {
            Field::Id => &mut self.id,
            Field::Kind => &mut self.kind,
            Field::Owner => &mut self.owner,
            Field::Store => &mut self.scope.store,
            Field::Platform => &mut self.scope.platform,
            Field::Region => &mut self.scope.region,
            Field::Language => &mut self.scope.language,
            Field::ValidFrom => &mut self.valid_from,
            Field::ValidUntil => &mut self.valid_until,
            Field::VerifyBy => &mut self.verify_by,
        };
        *slot = Some(value);
    }

    /// Several questions in one text, separated by line breaks or `|`.
    pub(super) fn ask(&mut self, questions: &str) {
        let separate = questions.split(['\n', '|', '｜']).map(clean).filter(|question| !question.is_empty());
        for question in separate {
            // Beyond the limit the draft is refused anyway: no need to look for repeats.
            if self.questions.len() > MAX_QUESTIONS || !self.questions.contains(&question) {
                self.questions.push(question);
            }
        }
    }

    /// What this draft hands down to nested ones: everything but its id and its own words.
    pub(super) fn inherited(&self) -> Draft {
        Draft { id: None, title: String::new(), questions: Vec::new(), answer: String::new(), ..self.clone() }
    }
}

/// Text without control characters and outer blanks; line breaks and tabs stay.
fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|&c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
    kept.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')).to_owned()
}

/// Gathers items and problems of one file.
pub(super) struct Collector<'a> {
    name: &'a str,
    defaults: &'a Defaults,
    found: Imported,
    /// Problems beyond [`MAX_PROBLEMS`].
    unnamed: usize,
    seen_ids: HashMap<String, String>,
    seen_questions: HashMap<(String, Kind, Scope), String>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(name: &'a str, defaults: &'a Defaults) -> Collector<'a> {
        let found = Imported::default();
        Collector { name, defaults, found, unnamed: 0, seen_ids: HashMap::new(), seen_questions: HashMap::new() }
    }

    /// Records a fault of the whole file.
    pub(super) fn refuse_file(&mut self, fault: Fault) {
        self.problem(self.name.to_owned(), fault);
    }

    /// Records a fault at `line` (from 1).
    pub(super) fn refuse(&mut self, line: u64, fault: Fault) {
        self.problem(self.place(line), fault);
    }

    /// Turns the draft found at `line` into an item, or into a problem.
    pub(super) fn add(&mut self, line: u64, draft: Draft) {
        let place = self.place(line);
        match self.item(&place, draft).and_then(|item| self.remember(&place, item)) {
            Ok(item) => self.found.items.push(item),
            Err(fault) => self.problem(place, fault),
        }
    }

    pub(super) fn finish(mut self) -> Imported {
        if self.found.items.is_empty() && self.found.problems.is_empty() {
            self.refuse_file(Fault::Nothing);
        }
        if self.unnamed > 0 {
            let fault = Fault::More { count: self.unnamed };
            self.found.problems.push(Problem { place: self.name.to_owned(), what: fault.to_string(), fault });
        }
        self.found
    }

    fn place(&self, line: u64) -> String {
        format!("{} line {line}", self.name)
    }

    fn problem(&mut self, place: String, fault: Fault) {
        if self.found.problems.len() < MAX_PROBLEMS {
            self.found.problems.push(Problem { place, what: fault.to_string(), fault });
        } else {
            self.unnamed += 1;
        }
    }

    fn item(&self, place: &str, draft: Draft) -> Result<Item, Fault> {
        let (title, questions, answer) = words(&draft)?;
        let owner = draft.owner.or_else(|| self.defaults.owner.clone()).ok_or(Fault::NoOwner)?;
        let kind = match draft.kind {
            Some(word) => word.parse()?,
            None => self.defaults.kind.unwrap_or(Kind::General),
        };
        let timezone = self.defaults.timezone;
        let valid_from = date("valid_from", draft.valid_from, Edge::Start, timezone)?;
        let valid_until = date("valid_until", draft.valid_until, Edge::End, timezone)?;
        if matches!((valid_from, valid_until), (Some(from), Some(until)) if until < from) {
            return Err(Fault::DateOrder);
        }
        Ok(Item {
            file_id: draft.id,
            kind,
            title,
            questions,
            answer,
            owner,
            scope: self.defaults.scope.clone().with(draft.scope),
            valid_from,
            valid_until,
            verify_by: date("verify_by", draft.verify_by, Edge::End, timezone)?,
            source: place.to_owned(),
        })
    }

    /// Refuses what this file said before: an id twice, or a question twice for the same kind and scope.
    fn remember(&mut self, place: &str, item: Item) -> Result<Item, Fault> {
        if let Some(first) = item.file_id.as_ref().and_then(|id| self.seen_ids.get(id)) {
            return Err(Fault::DuplicateId { first: first.clone() });
        }
        let keys: Vec<_> = item.questions.iter().map(|q| (text::compact(q), item.kind, item.scope.clone())).collect();
        // A campaign may change its answer from one period to the next, so only undated repeats are duplicates.
        let dated = item.valid_from.is_some() || item.valid_until.is_some();
        if let Some(first) = keys.iter().find_map(|key| self.seen_questions.get(key)).filter(|_| !dated) {
            return Err(Fault::DuplicateQuestion { first: first.clone() });
        }
        self.seen_questions.extend(keys.into_iter().map(|key| (key, place.to_owned())));
        self.seen_ids.extend(item.file_id.clone().map(|id| (id, place.to_owned())));
        Ok(item)
    }
}

/// Title, questions and answer, complete and within their limits.
fn words(draft: &Draft) -> Result<(String, Vec<String>, String), Fault> {
    let mut questions = draft.questions.clone();
    let mut title = clean(&draft.title);
    if questions.is_empty() && !title.is_empty() {
        questions.push(title.clone());
    }
    let first = questions.first().ok_or(Fault::NoQuestion)?;
    if title.is_empty() {
        title.clone_from(first);
    }
    if questions.len() > MAX_QUESTIONS {
        return Err(Fault::TooManyQuestions { count: questions.len() });
    }
    let longest = questions.iter().chain([&title]).map(String::len).max().unwrap_or_default();
    if longest > MAX_QUESTION_BYTES {
        return Err(Fault::QuestionTooLong { bytes: longest });
    }
    match clean(&draft.answer) {
        answer if answer.is_empty() => Err(Fault::NoAnswer),
        answer if answer.len() > MAX_ANSWER_BYTES => Err(Fault::AnswerTooLong { bytes: answer.len() }),
        answer => Ok((title, questions, answer)),
    }
}

fn date(field: &'static str, value: Option<String>, edge: Edge, timezone: Tz) -> Result<Option<i64>, Fault> {
    let Some(value) = value else { return Ok(None) };
    dates::parse(&value, edge, timezone).map(Some).ok_or(Fault::Date { field, value })
}
