//! XLSX: every sheet that can be seen is a table.
//!
//! An own reader: it has to hold limits on what a hostile workbook declares, and to show numbers as the shop sees
//! them (`¥199.00`, not `199`), which needs the cells' formats.

use std::rc::Rc;

use super::collector::Collector;
use super::package::Package;
use super::place::Spot;
use super::table::Table;
use super::xml::{Node, Xml};
use super::{Fault, MAX_CELLS};
use format::Format;

mod format;
mod grid;

/// What the cells of all sheets refer to.
struct Workbook {
    strings: Vec<Rc<str>>,
    /// By the number a cell gives for its style.
    formats: Vec<Format>,
    /// Whether days are counted from 1904.
    from_1904: bool,
}

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    hidden: bool,
    relation: String,
}

/// Reads all sheets into `collector`.
pub(super) fn read(bytes: &[u8], collector: &mut Collector<'_>) {
    if let Err(fault) = workbook(bytes, collector) {
        collector.refuse_part(fault);
    }
}

fn workbook(bytes: &[u8], collector: &mut Collector<'_>) -> Result<(), Fault> {
    let mut package = Package::open(bytes, "xlsx")?;
    let main = package.main_part("xl/workbook.xml")?;
    let text = package.part(&main)?.ok_or(Fault::NotPackage { expected: "xlsx" })?;
    let (listed, from_1904) = sheets(&main, &text)?;
    let relations = package.relations(&main)?;
    let part_of = |kind: &str| relations.iter().find(|r| r.kind == kind).map(|r| r.target.as_str());
    let shared = part_of("sharedStrings").map(|name| package.part(name).map(|text| (name, text))).transpose()?;
    let styles = part_of("styles").map(|name| package.part(name).map(|text| (name, text))).transpose()?;
    let strings = match shared {
        Some((name, Some(text))) => strings(&mut Xml::new(name, &text))?,
        _ => Vec::new(),
    };
    let formats = match styles {
        Some((name, Some(text))) => format::read(&mut Xml::new(name, &text))?,
        _ => Vec::new(),
    };
    let workbook = Workbook { strings, formats, from_1904 };
    for sheet in listed {
        let target = relations.iter().find(|relation| relation.id == sheet.relation && relation.kind == "worksheet");
        match target {
            // A chart, a macro sheet of old: no cells.
            None => {}
            Some(_) if sheet.hidden => collector.skip_sheet(&sheet.name, Fault::HiddenSheet),
            Some(target) => {
                collector.enter_sheet(&sheet.name);
                let text = package.part(&target.target)?.unwrap_or_default();
                if let Err(fault) = table(&target.target, &text, &workbook, collector) {
                    collector.refuse_part(fault);
                }
            }
        }
    }
    Ok(())
}

fn table(part: &str, text: &str, workbook: &Workbook, collector: &mut Collector<'_>) -> Result<(), Fault> {
    let grid = grid::read(&mut Xml::new(part, text), workbook)?;
    let mut table = Table::default();
    let mut rows = grid.rows();
    while let Some((number, row)) = rows.next_row()? {
        table.take(Spot::Row(u64::from(number) + 1), &row, collector);
    }
    table.finish(collector);
    Ok(())
}

/// The sheets in their order, and whether days count from 1904.
fn sheets(part: &str, text: &str) -> Result<(Vec<Listed>, bool), Fault> {
    let (mut listed, mut from_1904) = (Vec::new(), false);
    let mut xml = Xml::new(part, text);
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "sheet" => listed.push(Listed {
                name: tag.attribute("name").unwrap_or_default(),
                hidden: tag.attribute("state").is_some_and(|state| state != "visible"),
                relation: tag.attribute("id").unwrap_or_default(),
            }),
            Node::Open(tag) if tag.name() == "workbookPr" => {
                from_1904 = tag.attribute("date1904").is_some_and(|value| value == "1" || value == "true");
            }
            Node::End => return Ok((listed, from_1904)),
            _ => {}
        }
    }
}

/// The texts that cells refer to by number.
fn strings(xml: &mut Xml<'_>) -> Result<Vec<Rc<str>>, Fault> {
    let mut strings: Vec<Rc<str>> = Vec::new();
    while xml.next_open("si")?.is_some() {
        if strings.len() >= MAX_CELLS {
            return Err(Fault::TooManyCells);
        }
        strings.push(rich_text(xml, "si")?.into());
    }
    Ok(strings)
}

/// The text up to the end of the element `name`, of all its runs; not how it is pronounced.
fn rich_text(xml: &mut Xml<'_>, name: &str) -> Result<String, Fault> {
    let (mut text, mut inside) = (String::new(), false);
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "t" => inside = true,
            Node::Open(tag) if tag.name() == "rPh" => xml.skip()?,
            Node::Text(piece) if inside => text.push_str(&piece),
            Node::Close(tag) if tag.name() == "t" => inside = false,
            Node::Close(tag) if tag.name() == name => return Ok(text),
            Node::End => return Ok(text),
            _ => {}
        }
    }
}
