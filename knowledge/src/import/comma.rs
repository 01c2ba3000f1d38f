//! CSV: comma, semicolon or tab between the columns.

use csv::{ReaderBuilder, StringRecord};

use super::Fault;
use super::collector::Collector;
use super::columns::Column;
use super::place::Spot;
use super::table::{Row, Table};

/// Lines that are looked at for the separator.
const SEPARATOR_LINES: usize = 20;

/// Reads all rows into `collector`; rows without any text are skipped.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(text)).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut table = Table::default();
    for record in reader.records() {
        match record {
            Ok(record) => table.take(Spot::Line(line(&record, text)), &Row::plain(record.iter()), collector),
            Err(error) => return collector.refuse_part(Fault::Csv { reason: error.to_string() }),
        }
    }
    table.finish(collector);
}

/// The separator under which most names of one of the first rows are known columns.
fn delimiter(text: &str) -> u8 {
    let names = |line: &str, separator: u8| {
        let names = line.split(separator as char).map(|name| Column::named(name.trim().trim_matches('"')));
        names.filter(|column| *column != Column::Unknown).count()
    };
    let known = |separator: u8| {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).take(SEPARATOR_LINES);
        lines.map(|line| names(line, separator)).max().unwrap_or_default()
    };
    // `max_by_key` keeps the last of equals, so the comma stands last.
    [b'\t', b';', b','].into_iter().max_by_key(|&separator| known(separator)).unwrap_or(b',')
}

/// Line on which the row starts, from 1. The reader's position lies before the empty lines it skipped.
fn line(row: &StringRecord, text: &str) -> u64 {
    let Some(position) = row.position() else { return 1 };
    let rest = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    position.line() + rest.iter().take_while(|&&byte| byte == b'\n').count() as u64
}
