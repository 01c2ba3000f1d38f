//! The filled cells of one sheet, and its rows with merged cells spread out.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{Workbook, rich_text};
use crate::import::columns::letters;
use crate::import::table::{Cell, Row};
use crate::import::xml::{Node, Tag, Xml};
use crate::import::{Fault, MAX_CELLS, MAX_COLUMNS, MAX_UNPACKED_BYTES};

/// Rows a sheet can have.
const MAX_ROWS: u32 = 1_048_576;

/// What a repeated cell costs beside its text, bytes.
const COPY_BYTES: usize = 32;

/// Row and column, from 0.
type Position = (u32, u32);

/// What a sheet holds: only cells that say something, whatever size it declares.
#[derive(Default)]
pub(super) struct Grid {
    cells: BTreeMap<u32, BTreeMap<u32, Rc<str>>>,
    /// The last cell of a merged one, by its first.
    merged: HashMap<Position, Position>,
    filled: usize,
    text_bytes: usize,
}

/// Reads the cells and merged cells of a sheet.
pub(super) fn read(xml: &mut Xml<'_>, workbook: &Workbook) -> Result<Grid, Fault> {
    let mut grid = Grid::default();
    let mut next: Position = (0, 0);
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "row" => {
                let row = tag.number::<u32>("r").and_then(|row| row.checked_sub(1));
                next = (row.unwrap_or(next.0), 0);
            }
            Node::Open(tag) if tag.name() == "c" => {
                let at = tag.attribute("r").as_deref().and_then(position).unwrap_or(next);
                let text = value(xml, &tag, workbook)?;
                grid.put(at, text)?;
                next = (at.0, at.1.saturating_add(1));
            }
            Node::Open(tag) if tag.name() == "mergeCell" => grid.merge(&tag)?,
            Node::Close(tag) if tag.name() == "row" => next = (next.0.saturating_add(1), 0),
            Node::End => return Ok(grid),
            _ => {}
        }
    }
}

impl Grid {
    fn put(&mut self, at: Position, text: Option<Rc<str>>) -> Result<(), Fault> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(()) };
        let (row, column) = at;
        if column >= MAX_COLUMNS || row >= MAX_ROWS {
            return Err(Fault::TooManyColumns { cell: format!("{}{}", letters(column as usize), u64::from(row) + 1) });
        }
        self.filled += 1;
        self.text_bytes = self.text_bytes.saturating_add(text.len());
        if self.filled > MAX_CELLS || self.text_bytes > MAX_UNPACKED_BYTES {
            return Err(Fault::TooManyCells);
        }
        self.cells.entry(row).or_default().insert(column, text);
        Ok(())
    }

    fn merge(&mut self, tag: &Tag<'_>) -> Result<(), Fault> {
        let range = tag.attribute("ref").unwrap_or_default();
        let Some((first, last)) = range.split_once(':') else { return Ok(()) };
        if let (Some(first), Some(last)) = (position(first), position(last)) {
            self.merged.insert(first, last);
        }
        if self.merged.len() > MAX_CELLS { Err(Fault::TooManyCells) } else { Ok(()) }
    }

    /// The rows with anything in them, from the top.
    pub(super) fn rows(&self) -> Rows<'_> {
        let copies = MAX_UNPACKED_BYTES.saturating_sub(self.text_bytes);
        Rows { grid: self, rows: self.cells.iter(), open: Vec::new(), copies }
    }
}

/// Gives one row after the other.
pub(super) struct Rows<'a> {
    grid: &'a Grid,
    rows: std::collections::btree_map::Iter<'a, u32, BTreeMap<u32, Rc<str>>>,
    /// By column: the merged cell that covers it, until which row, and whether it began further left.
    open: Vec<Option<(u32, Rc<str>, bool)>>,
    /// Bytes that merged cells may still repeat.
    copies: usize,
}

impl Rows<'_> {
    /// The next row and its number from 0.
    pub(super) fn next_row(&mut self) -> Result<Option<(u32, Row)>, Fault> {
        let Some((&number, filled)) = self.rows.next() else { return Ok(None) };
        let mut row = Row::default();
        let covered = self.open.iter().rposition(|open| matches!(open, Some((last, ..)) if *last >= number));
        let width = covered.map_or(0, |at| at + 1).max(filled.last_key_value().map_or(0, |(at, _)| *at as usize + 1));
        let mut column = 0_u32;
        while (column as usize) < width.max(row.cells.len()) {
            match filled.get(&column) {
                Some(text) => self.own(number, column, text, &mut row)?,
                None => self.covered(number, column as usize, &mut row)?,
            }
            column = u32::try_from(row.cells.len()).unwrap_or(u32::MAX);
        }
        Ok(Some((number, row)))
    }

    /// A cell with a text of its own, and what it is merged with on its right.
    fn own(&mut self, number: u32, column: u32, text: &Rc<str>, row: &mut Row) -> Result<(), Fault> {
        row.cells.push(Cell { text: text.clone(), above: false, left: false });
        let Some(&(last_row, last_column)) = self.grid.merged.get(&(number, column)) else { return Ok(()) };
        let last_column = last_column.min(MAX_COLUMNS - 1);
        for at in column..=last_column {
            if self.open.len() <= at as usize {
                self.open.resize(at as usize + 1, None);
            }
            if let Some(open) = self.open.get_mut(at as usize) {
                *open = (last_row > number).then(|| (last_row, text.clone(), at > column));
            }
            if at > column {
                self.copy(text)?;
                row.cells.push(Cell { text: text.clone(), above: false, left: true });
            }
        }
        Ok(())
    }

    /// A cell without a text of its own: nothing, or what the merged cell above says.
    fn covered(&mut self, number: u32, at: usize, row: &mut Row) -> Result<(), Fault> {
        let open = self.open.get(at).cloned().flatten().filter(|(last, ..)| *last >= number);
        row.cells.push(match open {
            Some((_, text, left)) => {
                self.copy(&text)?;
                Cell { text, above: true, left }
            }
            None => Cell::default(),
        });
        Ok(())
    }

    fn copy(&mut self, text: &str) -> Result<(), Fault> {
        self.copies = self.copies.checked_sub(text.len().max(COPY_BYTES)).ok_or(Fault::TooManyCells)?;
        Ok(())
    }
}

/// What a cell shows; nothing for an empty cell and for an error like `#REF!`, which nobody should read out.
fn value(xml: &mut Xml<'_>, cell: &Tag<'_>, workbook: &Workbook) -> Result<Option<Rc<str>>, Fault> {
    let (kind, style) = (cell.attribute("t").unwrap_or_default(), cell.number::<usize>("s").unwrap_or(0));
    let (mut stored, mut inline, mut inside) = (String::new(), None, false);
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "is" => inline = Some(rich_text(xml, "is")?),
            Node::Open(tag) if tag.name() == "v" => inside = true,
            Node::Open(_) => xml.skip()?,
            Node::Text(text) if inside => stored.push_str(&text),
            Node::Close(tag) if tag.name() == "c" => break,
            Node::Close(_) => inside = false,
            Node::End => break,
            Node::Text(_) => {}
        }
    }
    Ok(match kind.as_str() {
        "s" => stored.trim().parse::<usize>().ok().and_then(|at| workbook.strings.get(at)).cloned(),
        "inlineStr" => inline.map(Rc::from),
        "str" | "d" => Some(stored.into()),
        "b" => Some(if stored.trim() == "1" { "TRUE" } else { "FALSE" }.into()),
        "e" => None,
        _ => match (stored.trim().parse::<f64>(), workbook.formats.get(style)) {
            (Ok(number), Some(format)) => Some(format.show(number, workbook.from_1904).into()),
            (Ok(number), None) => Some(super::format::general(number).into()),
            (Err(_), _) => Some(stored.into()),
        },
    })
}

/// Row and column of `C12`, from 0.
fn position(reference: &str) -> Option<Position> {
    let reference = reference.replace('$', "");
    let digits = reference.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = reference.split_at(digits);
    let mut column = 0_u32;
    for letter in letters.chars() {
        let place = letter.to_digit(36).and_then(|digit| digit.checked_sub(9))?;
        column = column.checked_mul(26)?.checked_add(place)?;
    }
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}
