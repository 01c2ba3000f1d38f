//! Markdown: a heading is the question, the text below it the answer.
//!
//! A heading with text of its own becomes an entry; one with only headings below it gives them its name as the first
//! part of their title (`退货 > 运费谁出？`). Further wordings of the question follow after `|`. Attributes in braces set
//! fields for the heading and everything under it: `## 禁用词 {kind=forbidden owner=wangwu}`, and `{#id}` the entry's
//! own id. Front matter (`key: value` lines between `---`) does the same for the file. The answer is written as plain
//! text, because that is what a chat shows: marks of emphasis go, lists, tables and code stay readable. A table whose
//! header names a question and an answer is a list of entries.

use pulldown_cmark::{CowStr, Event, HeadingLevel, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::block::{Block, Placed};
use super::collector::Collector;
use super::draft::Field;
use super::outline::{self, Asking};
use super::place::Spot;
use super::table::Row;
use plain::Plain;

mod plain;

/// Reads all sections into `collector`.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut file = File { text, counted: (0, 1), ..File::default() };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        file.take(event, range.start);
    }
    outline::read(file.blocks, Asking::HeadingsOnly, collector);
}

/// What is being read at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Body,
    Heading,
    FrontMatter,
    Table,
}

/// The walk over the file.
#[derive(Default)]
struct File<'a> {
    text: &'a str,
    /// Byte offset up to which lines were counted, and the line there.
    counted: (usize, u64),
    blocks: Vec<Placed>,
    reading: Reading,
    /// Elements of the body that are open.
    depth: usize,
    /// Where the outermost of them, the heading or the row began.
    line: u64,
    /// A heading's or the front matter's words.
    words: String,
    fields: Vec<(Field, String)>,
    body: Plain,
    cells: Vec<String>,
    rows: Vec<(Spot, Row)>,
}

impl File<'_> {
    fn take(&mut self, event: Event<'_>, offset: usize) {
        match event {
            Event::Start(Tag::Heading { id, attrs, .. }) => {
                self.begin(Reading::Heading, offset);
                self.fields = attributes(id, attrs);
            }
            Event::End(TagEnd::Heading(level)) => self.heading(level),
            Event::Start(Tag::MetadataBlock(MetadataBlockKind::YamlStyle)) => self.begin(Reading::FrontMatter, offset),
            Event::End(TagEnd::MetadataBlock(_)) => self.front_matter(),
            Event::Start(Tag::Table(_)) if self.depth == 0 => self.begin(Reading::Table, offset),
            event => match self.reading {
                Reading::Heading | Reading::FrontMatter => push_words(&event, &mut self.words),
                Reading::Table => self.table(&event, offset),
                Reading::Body => self.body(&event, offset),
            },
        }
    }

    fn begin(&mut self, reading: Reading, offset: usize) {
        self.line = self.line_of(offset);
        self.reading = reading;
        self.words.clear();
    }

    /// The heading's words are complete.
    fn heading(&mut self, level: HeadingLevel) {
        self.reading = Reading::Body;
        let (text, fields) = (std::mem::take(&mut self.words), std::mem::take(&mut self.fields));
        self.put(Block::Heading { level: level as u8, text, fields });
    }

    /// The front matter is complete.
    fn front_matter(&mut self) {
        self.reading = Reading::Body;
        let words = std::mem::take(&mut self.words);
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            // An id for the whole file would be given to its first entry only: not a default.
            let field = Field::named(name).filter(|field| *field != Field::Id)?;
            Some((field, value.trim().trim_matches(['"', '\'']).to_owned()))
        };
        self.put(Block::Fields(words.lines().filter_map(field).collect()));
    }

    /// One more event of a table outside lists and quotations.
    fn table(&mut self, event: &Event<'_>, offset: usize) {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                self.line = self.line_of(offset);
                self.cells.clear();
            }
            Event::End(TagEnd::TableCell) => self.cells.push(std::mem::take(&mut self.body).finish()),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => {
                self.rows.push((Spot::Line(self.line), Row::plain(self.cells.iter().map(String::as_str))));
            }
            Event::End(TagEnd::Table) => {
                self.reading = Reading::Body;
                let rows = std::mem::take(&mut self.rows);
                self.put(Block::Table(rows));
            }
            Event::Start(Tag::TableCell) => {}
            event => self.body.push(event),
        }
    }

    /// One more event of the text; an element that is complete on the outermost level is a block.
    fn body(&mut self, event: &Event<'_>, offset: usize) {
        if self.depth == 0 {
            self.line = self.line_of(offset);
        }
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.body.push(event);
        if self.depth == 0 {
            let text = std::mem::take(&mut self.body).finish();
            if !text.is_empty() {
                self.put(Block::Text { text, tight: false });
            }
        }
    }

    fn put(&mut self, block: Block) {
        self.blocks.push(Placed { spot: Spot::Line(self.line), block });
    }

    /// Line of the byte `offset`, from 1; offsets only grow.
    fn line_of(&mut self, offset: usize) -> u64 {
        let (from, line) = self.counted;
        let newlines = self.text.as_bytes().get(from..offset).unwrap_or_default().iter().filter(|b| **b == b'\n');
        self.counted = (from.max(offset), line + newlines.count() as u64);
        self.counted.1
    }
}

/// The fields a heading sets: its id, and its attributes in braces.
fn attributes(id: Option<CowStr<'_>>, attributes: Vec<(CowStr<'_>, Option<CowStr<'_>>)>) -> Vec<(Field, String)> {
    let named = |(name, value): (CowStr<'_>, Option<CowStr<'_>>)| Some((Field::named(&name)?, value?.into_string()));
    let id = id.map(|id| (Field::Id, id.into_string()));
    attributes.into_iter().filter_map(named).filter(|(field, _)| *field != Field::Id).chain(id).collect()
}

/// Adds what `event` says in words, without any marks.
fn push_words(event: &Event<'_>, into: &mut String) {
    match event {
        Event::Text(text) | Event::Code(text) => into.push_str(text),
        Event::SoftBreak | Event::HardBreak => into.push(' '),
        _ => {}
    }
}
