//! Markdown events to the plain text a chat can show.

use pulldown_cmark::{Event, Tag, TagEnd};

/// Deepest list that is still indented: a chat is narrow, and a hostile file nests without end.
const MAX_INDENT: usize = 4;

/// Plain text under construction.
#[derive(Default)]
pub(super) struct Plain {
    text: String,
    /// One per open list: the next number, or `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Targets of open links.
    links: Vec<String>,
    /// Length of `text` where the open links began.
    link_starts: Vec<usize>,
    cells: usize,
}

impl Plain {
    pub(super) fn push(&mut self, event: &Event<'_>) {
        match event {
            Event::Text(text) | Event::Code(text) => self.text.push_str(text),
            // Chinese text is wrapped without blanks, so a wrapped line stays a line.
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Rule => self.paragraph(),
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(*tag),
            _ => {}
        }
    }

    pub(super) fn finish(self) -> String {
        let lines: Vec<_> = self.text.trim().lines().map(str::trim_end).collect();
        lines.join("\n")
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph if self.lists.is_empty() => self.paragraph(),
            Tag::BlockQuote(_) | Tag::CodeBlock(_) | Tag::Table(_) => self.paragraph(),
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.paragraph();
                }
                self.lists.push(*first);
            }
            Tag::Item => self.item(),
            Tag::TableHead | Tag::TableRow => self.row(),
            Tag::TableCell => self.cell(),
            Tag::Link { dest_url, .. } => {
                self.links.push(dest_url.to_string());
                self.link_starts.push(self.text.len());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::Paragraph if !self.lists.is_empty() => self.new_line(),
            TagEnd::Link => self.link(),
            _ => {}
        }
    }

    /// Ends the line and leaves an empty one, unless nothing was written yet.
    fn paragraph(&mut self) {
        let written = self.text.trim_end().len();
        self.text.truncate(written);
        if written > 0 {
            self.text.push_str("\n\n");
        }
    }

    fn new_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn item(&mut self) {
        self.new_line();
        let depth = self.lists.len().saturating_sub(1).min(MAX_INDENT);
        self.text.push_str(&"  ".repeat(depth));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&format!("{number}. "));
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str("- "),
        }
    }

    fn row(&mut self) {
        self.new_line();
        self.cells = 0;
    }

    fn cell(&mut self) {
        if self.cells > 0 {
            self.text.push_str(" | ");
        }
        self.cells += 1;
    }

    /// A chat has no links behind words: the address follows them, unless it is what was written.
    fn link(&mut self) {
        let (Some(target), Some(start)) = (self.links.pop(), self.link_starts.pop()) else { return };
        let shown = self.text.get(start..).unwrap_or_default();
        if !target.is_empty() && !target.starts_with('#') && !shown.contains(target.trim_start_matches("mailto:")) {
            self.text.push_str(&format!(" ({target})"));
        }
    }
}
