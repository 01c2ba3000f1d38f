//! A page's elements and words become blocks. What surrounds the content is left out.

use super::tables::Tables;
use crate::import::block::{Block, Placed};
use crate::import::place::Spot;

/// Elements that are no content: scripts, styles, and what every page of a site repeats.
const LEFT_OUT: &[&str] = &[
    "script", "style", "noscript", "template", "title", "textarea", "iframe", "noembed", "noframes", "xmp", "nav",
    "header", "footer", "aside", "button", "select", "svg", "object", "math", "canvas",
];
/// Elements that stand on a line of their own.
const LINES: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "body",
    "html",
    "head",
    "ul",
    "ol",
    "dl",
    "blockquote",
    "figure",
    "figcaption",
    "details",
    "form",
    "fieldset",
    "center",
    "address",
    "hr",
    "pre",
    "menu",
    "dd",
];
/// Elements that are read as headings below all others: what they name is explained behind them.
const NAMES: &[&str] = &["dt", "summary"];
/// Their level.
const NAME_LEVEL: u8 = 7;
/// Deepest list that is still indented: a chat is narrow.
const MAX_INDENT: usize = 4;
/// Open elements that are remembered; a hostile page opens more and closes none.
const MAX_OPEN: usize = 10_000;

/// The first character that is written without blanks between words.
const FIRST_WIDE: char = '\u{2e80}';

/// What the words being gathered will be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    Item,
    Heading(u8),
}

/// What stands between two words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Blank {
    #[default]
    Nothing,
    Space,
    /// The source goes on in a new line: Chinese text has no blank there.
    Line,
}

/// The page as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Page {
    blocks: Vec<Placed>,
    kind: Kind,
    /// Where the words began.
    line: u64,
    words: String,
    /// What stands between the words so far and the next.
    blank: Blank,
    /// Open elements that are left out.
    left_out: Vec<String>,
    /// One per open list: the next number, or `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Where the words of open links began, and where they lead.
    links: Vec<(usize, String)>,
    preformatted: usize,
    tables: Tables,
}

impl Page {
    /// An element begins in `line`.
    pub(super) fn open(&mut self, name: &str, attribute: &dyn Fn(&str) -> Option<String>, line: u64) {
        if LEFT_OUT.contains(&name) && self.left_out.len() < MAX_OPEN {
            self.left_out.push(name.to_owned());
        }
        if !self.left_out.is_empty() {
            return;
        }
        match name {
            "br" => self.words.push('\n'),
            "a" if self.links.len() < MAX_OPEN => {
                self.links.push((self.words.len(), attribute("href").unwrap_or_default()));
            }
            "table" => self.open_table(line),
            "tr" | "td" | "th" if self.tables.is_open() => self.cell(name, attribute, line),
            "li" => self.start(Kind::Item, line),
            name => {
                if matches!(name, "ul" | "ol" | "menu") && self.lists.len() < MAX_OPEN {
                    self.flush(line);
                    self.lists.push((name == "ol").then_some(1));
                }
                self.preformatted += usize::from(name == "pre");
                match heading(name) {
                    Some(level) => self.start(Kind::Heading(level), line),
                    None if LINES.contains(&name) => self.start(Kind::Text, line),
                    None => {}
                }
            }
        }
    }

    /// An element ends.
    pub(super) fn close(&mut self, name: &str) {
        if !self.left_out.is_empty() {
            if let Some(at) = self.left_out.iter().rposition(|open| open == name) {
                self.left_out.truncate(at);
            }
            return;
        }
        match name {
            "a" => self.unlink(),
            "table" => self.close_table(),
            "td" | "th" | "tr" if self.tables.is_open() => self.end_of_cell(name),
            "ul" | "ol" | "menu" => {
                self.flush(self.line);
                self.lists.pop();
            }
            name => {
                self.preformatted = self.preformatted.saturating_sub(usize::from(name == "pre"));
                if heading(name).is_some() || LINES.contains(&name) || name == "li" {
                    self.start(Kind::Text, self.line);
                }
            }
        }
    }

    /// Words, with blanks and line ends as they stand in the source.
    pub(super) fn text(&mut self, text: &str) {
        if !self.left_out.is_empty() {
            return;
        }
        if self.preformatted > 0 {
            return self.words.push_str(text);
        }
        for piece in text.split_inclusive(is_blank) {
            let word = piece.trim_end_matches(is_blank);
            if let Some(first) = word.chars().next() {
                if self.needs_blank(first) {
                    self.words.push(' ');
                }
                self.words.push_str(word);
                self.blank = Blank::Nothing;
            }
            let behind = match piece.get(word.len()..) {
                Some("") | None => Blank::Nothing,
                Some(blank) if blank.contains('\n') => Blank::Line,
                Some(_) => Blank::Space,
            };
            self.blank = self.blank.max(behind);
        }
    }

    /// Whether a blank belongs between the words so far and `next`.
    fn needs_blank(&self, next: char) -> bool {
        let Some(last) = self.words.chars().next_back().filter(|last| *last != '\n') else { return false };
        match self.blank {
            Blank::Nothing => false,
            Blank::Space => true,
            Blank::Line => last < FIRST_WIDE || next < FIRST_WIDE,
        }
    }

    /// The blocks of the whole page.
    pub(super) fn finish(mut self) -> Vec<Placed> {
        self.close_table();
        self.flush(self.line);
        self.blocks
    }

    /// What was gathered is complete; `kind` begins.
    fn start(&mut self, kind: Kind, line: u64) {
        if self.tables.is_open() {
            // A heading in a cell means that the table only places things on the page.
            match kind {
                Kind::Heading(_) => self.dissolve(line),
                Kind::Text | Kind::Item => return self.tables.new_line(&mut self.words),
            }
        }
        self.flush(line);
        self.kind = kind;
    }

    fn flush(&mut self, line: u64) {
        let (words, kind) = (std::mem::take(&mut self.words), std::mem::take(&mut self.kind));
        let began = std::mem::replace(&mut self.line, line);
        self.blank = Blank::Nothing;
        self.links.clear();
        let text = words.trim();
        if text.is_empty() {
            return;
        }
        let block = match kind {
            Kind::Heading(level) => Block::Heading { level, text: text.replace('\n', " "), fields: Vec::new() },
            Kind::Item => Block::Text { text: self.item(text), tight: true },
            Kind::Text => Block::Text { text: text.to_owned(), tight: false },
        };
        self.blocks.push(Placed { spot: Spot::Line(began), block });
    }

    fn item(&mut self, text: &str) -> String {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(MAX_INDENT));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let line = format!("{indent}{number}. {text}");
                *number = number.saturating_add(1);
                line
            }
            _ => format!("{indent}- {text}"),
        }
    }

    /// A chat has no links behind words: the address follows them, unless it is what was written.
    fn unlink(&mut self) {
        let Some((start, target)) = self.links.pop() else { return };
        let shown = self.words.get(start..).unwrap_or_default();
        let leads_out = target.starts_with("http://") || target.starts_with("https://");
        if leads_out && !shown.trim().is_empty() && !shown.contains(&target) {
            self.words.push_str(&format!(" ({target})"));
        }
    }

    /// A table inside a table means that the outer one only places things on the page.
    fn open_table(&mut self, line: u64) {
        if self.tables.is_open() {
            self.dissolve(line);
        }
        self.flush(line);
        self.tables.open();
    }

    fn cell(&mut self, name: &str, attribute: &dyn Fn(&str) -> Option<String>, line: u64) {
        self.end_of_cell(name);
        if name == "tr" {
            return self.tables.row(line);
        }
        let span = |name: &str| attribute(name).and_then(|value| value.trim().parse().ok()).unwrap_or(1);
        self.tables.cell(span("colspan"), span("rowspan"), line);
    }

    fn end_of_cell(&mut self, name: &str) {
        let words = std::mem::take(&mut self.words);
        self.blank = Blank::Nothing;
        self.links.clear();
        self.tables.end(&words, name == "tr");
    }

    fn close_table(&mut self) {
        if !self.tables.is_open() {
            return;
        }
        self.end_of_cell("tr");
        let rows = self.tables.close();
        if let Some((spot, _)) = rows.first() {
            self.blocks.push(Placed { spot: *spot, block: Block::Table(rows) });
        }
    }

    /// What the open table held becomes text.
    fn dissolve(&mut self, line: u64) {
        let words = std::mem::take(&mut self.words);
        self.tables.end(&words, true);
        for (spot, row) in self.tables.close() {
            let cells = row.cells.iter().filter(|cell| !cell.left && !cell.above);
            let texts = cells.map(|cell| cell.text.trim()).filter(|text| !text.is_empty());
            let text = |text: &str| Placed { spot, block: Block::Text { text: text.to_owned(), tight: false } };
            self.blocks.extend(texts.map(text));
        }
        self.flush(line);
    }
}

fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{a0}'
}

fn heading(name: &str) -> Option<u8> {
    if NAMES.contains(&name) {
        return Some(NAME_LEVEL);
    }
    let level = name.strip_prefix('h')?.parse().ok()?;
    (1..=6).contains(&level).then_some(level)
}
