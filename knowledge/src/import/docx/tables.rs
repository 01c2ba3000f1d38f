//! Tables of a document, with cells merged across columns and rows.

use std::rc::Rc;

use crate::import::place::Spot;
use crate::import::table::{Cell, Row};
use crate::import::xml::Tag;
use crate::import::{MAX_CELLS, MAX_COLUMNS, MAX_UNPACKED_BYTES};

/// The table being read. A table inside a cell is text of that cell.
#[derive(Default)]
pub(super) struct Tables {
    depth: usize,
    rows: Vec<(Spot, Row)>,
    row: Row,
    text: String,
    span: usize,
    /// The cell goes on from the one above.
    continued: bool,
    /// Cells, and bytes of text, that merged cells have repeated in this document.
    repeated: (usize, usize),
}

impl Tables {
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "tbl" => self.depth += 1,
            _ if self.depth != 1 => {}
            "tr" => self.row = Row::default(),
            "tc" => (self.text, self.span, self.continued) = (String::new(), 1, false),
            "gridSpan" => self.span = tag.number("val").unwrap_or(1),
            "vMerge" => self.continued = tag.attribute("val").is_none_or(|value| value != "restart"),
            _ => {}
        }
    }

    /// A paragraph inside a cell.
    pub(super) fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    /// An element ended; the rows of the table, once it is complete. `counted` goes on by one for each row.
    pub(super) fn close(&mut self, name: &str, counted: &mut u64) -> Option<Vec<(Spot, Row)>> {
        match name {
            "tbl" => {
                self.depth = self.depth.saturating_sub(1);
                return (self.depth == 0).then(|| std::mem::take(&mut self.rows));
            }
            _ if self.depth != 1 => {}
            "tc" => self.cell(),
            _ => {
                *counted += 1;
                self.rows.push((Spot::Paragraph(*counted), std::mem::take(&mut self.row)));
            }
        }
        None
    }

    fn cell(&mut self) {
        let at = self.row.cells.len();
        let continued = self.continued && self.repeated.1 < MAX_UNPACKED_BYTES;
        let above = self.rows.last().and_then(|(_, row)| row.cells.get(at)).filter(|_| continued);
        let text: Rc<str> = above.map_or_else(|| self.text.trim().into(), |cell| cell.text.clone());
        let room = if self.repeated.0 < MAX_CELLS { (MAX_COLUMNS as usize).saturating_sub(at).max(1) } else { 1 };
        let (above, span) = (above.is_some(), self.span.clamp(1, room));
        let copies = if above { span } else { span - 1 };
        self.repeated = (self.repeated.0 + copies, self.repeated.1.saturating_add(copies.saturating_mul(text.len())));
        for nth in 0..span {
            self.row.cells.push(Cell { text: text.clone(), above, left: nth > 0 });
        }
    }
}
