//! DOCX: headings by their styles, lists by their numbering, tables with merged cells; changes as accepted.

use super::Fault;
use super::block::{Block, Placed};
use super::collector::Collector;
use super::outline::{self, Asking};
use super::package::{Package, Relation};
use super::place::Spot;
use super::xml::{Node, Tag, Xml};
use lists::Lists;
use styles::{Style, Styles};
use tables::Tables;

mod lists;
mod styles;
mod tables;

/// Deepest list that is still indented: a chat is narrow.
const MAX_INDENT: usize = 4;

/// Reads the document into `collector`.
pub(super) fn read(bytes: &[u8], collector: &mut Collector<'_>) {
    match document(bytes) {
        Ok(blocks) => outline::read(blocks, Asking::Paragraphs, collector),
        Err(fault) => collector.refuse_part(fault),
    }
}

fn document(bytes: &[u8]) -> Result<Vec<Placed>, Fault> {
    let mut package = Package::open(bytes, "docx")?;
    let main = package.main_part("word/document.xml")?;
    let text = package.part(&main)?.ok_or(Fault::NotPackage { expected: "docx" })?;
    let relations = package.relations(&main)?;
    let mut part = |kind: &str| {
        let target = relations.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str());
        target.map_or(Ok(None), |name| package.part(name)).map(Option::unwrap_or_default)
    };
    let styles = Styles::read(&mut Xml::new("the styles", &part("styles")?))?;
    let lists = Lists::read(&mut Xml::new("the numbering", &part("numbering")?))?;
    let mut body = Body::new(&relations, styles, lists);
    let mut xml = Xml::new(&main, &text);
    while body.step(&mut xml)? {}
    Ok(body.blocks)
}

/// A paragraph being read.
#[derive(Default)]
struct Paragraph {
    style: Option<String>,
    /// Outline level of the paragraph itself, from 0.
    outline: Option<u8>,
    /// Level in a list, and the list.
    level: usize,
    list: Option<String>,
    text: String,
    /// Links that are open: where their words began, and where they lead.
    links: Vec<(usize, String)>,
}

/// The walk over the document.
struct Body<'a> {
    relations: &'a [Relation],
    styles: Styles,
    lists: Lists,
    blocks: Vec<Placed>,
    /// Paragraphs seen, and rows of tables.
    counted: u64,
    /// A text box is a paragraph inside another one.
    paragraphs: Vec<Paragraph>,
    tables: Tables,
    in_run: bool,
    in_text: bool,
    /// An empty paragraph came before.
    gap: bool,
}

impl<'a> Body<'a> {
    fn new(relations: &'a [Relation], styles: Styles, lists: Lists) -> Body<'a> {
        Body {
            relations,
            styles,
            lists,
            blocks: Vec::new(),
            counted: 0,
            paragraphs: Vec::new(),
            tables: Tables::default(),
            in_run: false,
            in_text: false,
            gap: false,
        }
    }

    /// Reads on; whether there is more.
    fn step(&mut self, xml: &mut Xml<'_>) -> Result<bool, Fault> {
        match xml.next()? {
            // What was deleted or moved away, and what stands in for what only newer programs can show.
            Node::Open(tag) if matches!(tag.name(), "del" | "moveFrom" | "Fallback") => xml.skip()?,
            Node::Open(tag) => self.open(&tag),
            Node::Close(tag) => self.close(tag.name()),
            Node::Text(text) if self.in_text => self.push(&text),
            Node::Text(_) => {}
            Node::End => return Ok(false),
        }
        Ok(true)
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "r" => self.in_run = true,
            "t" => self.in_text = true,
            "tab" if self.in_run => self.push("\t"),
            "br" | "cr" if tag.attribute("type").is_none_or(|kind| kind == "textWrapping") => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "hyperlink" => self.link(tag),
            "tbl" | "tr" | "tc" | "gridSpan" | "vMerge" => self.tables.open(tag),
            name => {
                let Some(paragraph) = self.paragraphs.last_mut() else { return };
                match name {
                    "pStyle" => paragraph.style = tag.attribute("val"),
                    "outlineLvl" => paragraph.outline = tag.number("val"),
                    "ilvl" => paragraph.level = tag.number("val").unwrap_or(0),
                    "numId" => paragraph.list = tag.attribute("val"),
                    _ => {}
                }
            }
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => self.paragraph(),
            "r" => self.in_run = false,
            "t" => self.in_text = false,
            "hyperlink" => self.unlink(),
            "tc" | "tr" | "tbl" => {
                let rows = self.tables.close(name, &mut self.counted);
                if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
                    let spot = rows.first().map_or(Spot::Paragraph(self.counted), |(spot, _)| *spot);
                    self.blocks.push(Placed { spot, block: Block::Table(rows) });
                    self.gap = true;
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn link(&mut self, tag: &Tag<'_>) {
        let id = tag.attribute("id").unwrap_or_default();
        let target = self.relations.iter().find(|relation| relation.external && relation.id == id);
        if let Some(paragraph) = self.paragraphs.last_mut() {
            let target = target.map(|relation| relation.target.clone()).unwrap_or_default();
            paragraph.links.push((paragraph.text.len(), target));
        }
    }

    /// A chat has no links behind words: the address follows them, unless it is what was written.
    fn unlink(&mut self) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let Some((start, target)) = paragraph.links.pop() else { return };
        let shown = paragraph.text.get(start..).unwrap_or_default();
        if !target.is_empty() && !shown.contains(target.trim_start_matches("mailto:")) {
            paragraph.text.push_str(&format!(" ({target})"));
        }
    }

    /// The paragraph is complete.
    fn paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        let text = paragraph.text.trim();
        if self.tables.is_open() {
            return self.tables.line(text);
        }
        if text.is_empty() {
            self.gap = true;
            return;
        }
        self.counted += 1;
        let tight = !std::mem::take(&mut self.gap);
        let block = match self.styles.of(paragraph.style.as_deref(), paragraph.outline) {
            Style::Contents => return,
            Style::Heading(level) => Block::Heading { level, text: text.replace('\n', " "), fields: Vec::new() },
            Style::Text => Block::Text { text: self.item(&paragraph, text), tight },
        };
        self.blocks.push(Placed { spot: Spot::Paragraph(self.counted), block });
    }

    /// The text with the number or bullet the list gives it.
    fn item(&mut self, paragraph: &Paragraph, text: &str) -> String {
        let own = paragraph.list.as_ref().map(|list| (list.as_str(), paragraph.level));
        let Some((list, level)) = own.or_else(|| self.styles.list(paragraph.style.as_deref())) else {
            return text.to_owned();
        };
        match self.lists.mark(list, level) {
            Some(mark) => format!("{}{mark} {text}", "  ".repeat(level.min(MAX_INDENT))),
            None => text.to_owned(),
        }
    }
}
