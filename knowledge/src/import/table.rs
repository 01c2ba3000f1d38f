//! Tables: a header row names the columns, in any order, and every row below it is an entry.
//!
//! Tables come from CSV files, sheets and documents, and look as people make them: a title above the header, blank
//! rows, headers of two rows, bands across the table that name what follows, cells that hold for several rows.

use std::rc::Rc;

use super::Fault;
use super::collector::Collector;
use super::columns::Columns;
use super::draft::{Draft, PATH};
use super::place::Spot;

/// Rows that are looked at for a header.
const HEADER_ROWS: usize = 20;

/// One row on its way in.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// What it says; a cell that belongs to a merged one says what that says.
    pub(super) text: Rc<str>,
    /// Belongs to the cell above.
    pub(super) above: bool,
    /// Belongs to the cell on the left.
    pub(super) left: bool,
}

impl Row {
    /// A row without merged cells.
    pub(super) fn plain<'a>(cells: impl Iterator<Item = &'a str>) -> Row {
        Row { cells: cells.map(|text| Cell { text: text.into(), ..Cell::default() }).collect() }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| &*cell.text)
    }

    /// The texts, with nothing for cells that repeat the one on their left: a header across columns names none.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| if cell.left { "" } else { &*cell.text })
    }

    fn is_blank(&self) -> bool {
        self.texts().all(|text| text.trim().is_empty())
    }

    /// What a row says that is one cell from side to side.
    fn band(&self) -> Option<&str> {
        let (first, rest) = self.cells.split_first()?;
        (!rest.is_empty() && rest.iter().all(|cell| cell.left)).then_some(first.text.trim())
    }
}

/// Whether one of the first rows is a header from which entries can be made.
pub(super) fn has_header<'a>(rows: impl Iterator<Item = &'a Row>) -> bool {
    let mut first = rows.take(HEADER_ROWS);
    first.any(|row| Columns::of(row.names()).is_some())
}

/// Reads a table row by row.
#[derive(Default)]
pub(super) struct Table {
    /// What every row takes where it says nothing itself.
    inherited: Draft,
    /// Names above the table: the first part of every title.
    path: String,
    columns: Option<Rc<Columns>>,
    /// Rows without a header so far, and where they began.
    searched: usize,
    first: Option<Spot>,
    /// Rows that continue the header may follow.
    heading: bool,
    band: String,
    pending: Option<(Spot, Draft)>,
}

impl Table {
    /// A table below `path`, whose rows take from `inherited` what they do not say.
    pub(super) fn below(path: String, inherited: Draft) -> Table {
        Table { path, inherited, ..Table::default() }
    }

    /// Reads the next row.
    pub(super) fn take(&mut self, spot: Spot, row: &Row, collector: &mut Collector<'_>) {
        if row.is_blank() {
            return;
        }
        match &mut self.columns {
            None => self.search(spot, row),
            Some(columns) if self.heading && continues(columns, row) => Rc::make_mut(columns).refine(row.names()),
            Some(_) => self.data(spot, row, collector),
        }
    }

    /// The table is complete.
    pub(super) fn finish(mut self, collector: &mut Collector<'_>) {
        self.flush(collector);
        match (&self.columns, self.first) {
            (None, Some(first)) => collector.refuse(first, Fault::Header),
            (Some(columns), Some(first)) if self.heading => note_unknown(columns, first, collector),
            _ => {}
        }
    }

    fn search(&mut self, spot: Spot, row: &Row) {
        if self.searched >= HEADER_ROWS {
            return;
        }
        self.searched += 1;
        self.columns = Columns::of(row.names()).map(Rc::new);
        self.heading = self.columns.is_some();
        if self.heading || self.first.is_none() {
            self.first = Some(spot);
        }
    }

    fn data(&mut self, spot: Spot, row: &Row, collector: &mut Collector<'_>) {
        let (Some(columns), Some(first)) = (self.columns.clone(), self.first) else { return };
        if std::mem::take(&mut self.heading) {
            note_unknown(&columns, first, collector);
        }
        if let Some(band) = row.band() {
            self.flush(collector);
            return band.clone_into(&mut self.band);
        }
        // The same header again, as on every printed page.
        if columns.are(row.names()) {
            return;
        }
        if !(self.pending.is_some() && continues(&columns, row)) {
            self.flush(collector);
            let mut draft = self.inherited.inherited();
            draft.columns = columns.clone();
            self.pending = Some((spot, draft));
        }
        if let Some((_, draft)) = &mut self.pending {
            row.texts().enumerate().for_each(|(at, text)| columns.fill(draft, at, text));
        }
    }

    fn flush(&mut self, collector: &mut Collector<'_>) {
        let Some((spot, mut draft)) = self.pending.take() else { return };
        let above: Vec<_> =
            [&self.path, &self.band].into_iter().map(String::as_str).filter(|n| !n.is_empty()).collect();
        draft.below(&above.join(PATH));
        collector.add(spot, draft);
    }
}

/// Whether a question or an answer of the row above goes on in this one: then both rows are one entry.
fn continues(columns: &Columns, row: &Row) -> bool {
    row.cells.iter().enumerate().any(|(at, cell)| cell.above && !cell.text.trim().is_empty() && columns.says(at))
}

fn note_unknown(columns: &Columns, header: Spot, collector: &mut Collector<'_>) {
    for (at, name) in columns.unknown() {
        collector.skip_column(header, at, name);
    }
}
