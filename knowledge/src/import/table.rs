//! CSV: a header row names the columns, in any order; comma, semicolon or tab between them.

use csv::{ReaderBuilder, StringRecord};

use super::Fault;
use super::draft::{Collector, Draft, Field};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Question,
    Answer,
    Title,
    Other(Field),
    Unknown,
}

impl Column {
    fn named(name: &str) -> Column {
        match name.trim().to_lowercase().as_str() {
            "question" | "questions" | "问题" => Column::Question,
            "answer" | "答案" | "回复" => Column::Answer,
            "title" | "标题" => Column::Title,
            other => Field::named(other).map_or(Column::Unknown, Column::Other),
        }
    }
}

/// Reads all rows into `collector`; rows without any text are skipped.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(text)).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    for record in reader.records() {
        match (record, &columns) {
            (Ok(row), _) if row.iter().all(|cell| cell.trim().is_empty()) => {}
            (Ok(row), Some(columns)) => collector.add(line(&row, text), draft(&row, columns)),
            (Ok(row), None) => match header(&row, line(&row, text), collector) {
                Some(named) => columns = Some(named),
                None => return collector.refuse(line(&row, text), Fault::Header),
            },
            (Err(error), _) => return collector.refuse_file(Fault::Csv { reason: error.to_string() }),
        }
    }
}

/// The separator under which most names of the first row are known columns.
fn delimiter(text: &str) -> u8 {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let known = |separator: u8| {
        let names = first.split(separator as char).map(|name| Column::named(name.trim().trim_matches('"')));
        names.filter(|column| *column != Column::Unknown).count()
    };
    // `max_by_key` keeps the last of equals, so the comma stands last.
    [b'\t', b';', b','].into_iter().max_by_key(|&separator| known(separator)).unwrap_or(b',')
}

/// The columns of the header row, or `None` if an entry could not be made of them.
fn header(row: &StringRecord, line: u64, collector: &mut Collector<'_>) -> Option<Vec<Column>> {
    let columns: Vec<_> = row.iter().map(Column::named).collect();
    let has = |wanted: Column| columns.contains(&wanted);
    if !has(Column::Answer) || !(has(Column::Question) || has(Column::Title)) {
        return None;
    }
    for (name, column) in row.iter().zip(&columns) {
        if *column == Column::Unknown && !name.trim().is_empty() {
            collector.refuse(line, Fault::Column { name: name.trim().to_owned() });
        }
    }
    Some(columns)
}

fn draft(row: &StringRecord, columns: &[Column]) -> Draft {
    let mut draft = Draft::default();
    for (cell, column) in row.iter().zip(columns) {
        match column {
            Column::Question => draft.ask(cell),
            Column::Answer => draft.answer = cell.to_owned(),
            Column::Title => draft.title = cell.to_owned(),
            Column::Other(field) => draft.set(*field, cell),
            Column::Unknown => {}
        }
    }
    draft
}

/// Line on which the row starts, from 1. The reader's position lies before the empty lines it skipped.
fn line(row: &StringRecord, text: &str) -> u64 {
    let Some(position) = row.position() else { return 1 };
    let rest = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    position.line() + rest.iter().take_while(|&&byte| byte == b'\n').count() as u64
}
