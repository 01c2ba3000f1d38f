//! What documents of all formats are made of, in reading order.

use super::MAX_ANSWER_BYTES;
use super::draft::Field;
use super::place::Spot;
use super::table::Row;

/// A piece of a document and where it begins.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) spot: Spot,
    pub(super) block: Block,
}

/// A piece of a document.
#[derive(Debug)]
pub(super) enum Block {
    /// Fields for the whole document.
    Fields(Vec<(Field, String)>),
    /// A heading, from level 1, with fields for everything under it.
    Heading { level: u8, text: String, fields: Vec<(Field, String)> },
    /// A paragraph or a line of a list.
    Text {
        text: String,
        /// Whether it follows what is before it without an empty line.
        tight: bool,
    },
    /// A table; each row with its own place.
    Table(Vec<(Spot, Row)>),
}

/// What a table says in a chat: a line a row. What is too long for an answer is cut where it is too long already.
pub(super) fn table_text(rows: &[(Spot, Row)]) -> String {
    let mut text = String::new();
    for (_, row) in rows {
        let shown = row.cells.iter().filter(|cell| !cell.left).map(|cell| cell.text.trim().replace('\n', " "));
        let line = shown.collect::<Vec<_>>().join(" | ");
        let line = line.trim_end_matches([' ', '|']);
        if line.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
        if text.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    text
}
