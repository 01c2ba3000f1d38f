//! Tables of a page, with cells across columns and rows.

use std::rc::Rc;

use crate::import::place::Spot;
use crate::import::table::{Cell, Row};
use crate::import::{MAX_CELLS, MAX_COLUMNS, MAX_UNPACKED_BYTES};

/// A cell that goes on in the rows below.
#[derive(Debug, Clone)]
struct Spanning {
    rows: usize,
    text: Rc<str>,
    left: bool,
}

/// The table being read.
#[derive(Debug, Default)]
pub(super) struct Tables {
    is_open: bool,
    rows: Vec<(Spot, Row)>,
    row: Option<(Spot, Row)>,
    /// Columns and rows of the open cell.
    cell: Option<(usize, usize)>,
    /// Lines of the open cell that are complete.
    text: String,
    /// By column.
    spanning: Vec<Option<Spanning>>,
    /// Cells, and bytes of text, that spanning cells have repeated on this page.
    repeated: (usize, usize),
}

impl Tables {
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn open(&mut self) {
        let repeated = self.repeated;
        *self = Tables { is_open: true, repeated, ..Tables::default() };
    }

    /// A row begins.
    pub(super) fn row(&mut self, line: u64) {
        self.end_row();
        self.row = Some((Spot::Line(line), Row::default()));
    }

    /// A cell begins, in a row that may not have been opened.
    pub(super) fn cell(&mut self, columns: usize, rows: usize, line: u64) {
        self.row.get_or_insert_with(|| (Spot::Line(line), Row::default()));
        self.cell = Some((columns, rows));
        self.text.clear();
    }

    /// A line of the cell is complete.
    pub(super) fn new_line(&mut self, words: &mut String) {
        let line = std::mem::take(words);
        if line.trim().is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line.trim());
    }

    /// The open cell ends with `words`, and with it the row if `row_ends`.
    pub(super) fn end(&mut self, words: &str, row_ends: bool) {
        self.new_line(&mut words.to_owned());
        if let Some((columns, rows)) = self.cell.take() {
            self.place(columns, rows);
        }
        if row_ends {
            self.end_row();
        }
    }

    /// The rows of the table, which is complete.
    pub(super) fn close(&mut self) -> Vec<(Spot, Row)> {
        self.end_row();
        self.is_open = false;
        std::mem::take(&mut self.rows)
    }

    fn end_row(&mut self) {
        let Some((spot, mut row)) = self.row.take() else { return };
        while self.covered(&mut row) {}
        self.rows.push((spot, row));
    }

    /// Puts the open cell behind those that reach down from above.
    fn place(&mut self, columns: usize, rows: usize) {
        let Some((spot, mut row)) = self.row.take() else { return };
        while self.covered(&mut row) {}
        let text: Rc<str> = std::mem::take(&mut self.text).into();
        let room = if self.may_repeat() { (MAX_COLUMNS as usize).saturating_sub(row.cells.len()).max(1) } else { 1 };
        for nth in 0..columns.clamp(1, room) {
            let at = row.cells.len();
            if self.spanning.len() <= at {
                self.spanning.resize(at + 1, None);
            }
            if let Some(spanning) = self.spanning.get_mut(at) {
                *spanning = (rows > 1).then(|| Spanning { rows: rows - 1, text: text.clone(), left: nth > 0 });
            }
            self.count(if nth > 0 { text.len() } else { 0 }, usize::from(nth > 0));
            row.cells.push(Cell { text: text.clone(), above: false, left: nth > 0 });
        }
        self.row = Some((spot, row));
    }

    /// Fills the next column from a cell above, if one reaches down to it.
    fn covered(&mut self, row: &mut Row) -> bool {
        let may_repeat = self.may_repeat();
        let Some(slot) = self.spanning.get_mut(row.cells.len()).filter(|_| may_repeat) else { return false };
        let Some(Spanning { rows, text, left }) = slot.take() else { return false };
        if rows > 1 {
            *slot = Some(Spanning { rows: rows - 1, text: text.clone(), left });
        }
        self.count(text.len(), 1);
        row.cells.push(Cell { text, above: true, left });
        true
    }

    fn may_repeat(&self) -> bool {
        self.repeated.0 < MAX_CELLS && self.repeated.1 < MAX_UNPACKED_BYTES
    }

    fn count(&mut self, bytes: usize, cells: usize) {
        self.repeated = (self.repeated.0 + cells, self.repeated.1.saturating_add(bytes));
    }
}
