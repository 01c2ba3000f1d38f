//! Documents of all formats become entries: a heading with text is a question and its answer, and so are `问：`/`答：`,
//! a short paragraph with a question mark, and every row of a table with a header.

use super::Fault;
use super::block::{Block, Placed, table_text};
use super::collector::Collector;
use super::draft::{Draft, Field, PATH};
use super::faq::{self, Mark};
use super::place::Spot;
use super::table::{Row, Table, has_header};

/// Whether paragraphs that end with a question mark may be questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// The format has headings that everybody uses.
    HeadingsOnly,
    /// Where nothing else marks questions, such paragraphs do.
    Paragraphs,
}

/// Turns the document into drafts.
pub(super) fn read(document: Vec<Placed>, asking: Asking, collector: &mut Collector<'_>) {
    let marked = document.iter().any(|placed| matches!(&placed.block, Block::Text { text, .. } if has_question(text)));
    let headed = document.iter().any(|placed| matches!(placed.block, Block::Heading { .. }));
    let paragraphs = asking == Asking::Paragraphs && !marked;
    let mut outline = Outline {
        collector,
        paragraphs,
        asks: paragraphs && !headed,
        file: Draft::default(),
        path: Vec::new(),
        current: None,
        added: false,
    };
    let says = !document.is_empty();
    for Placed { spot, block } in document {
        outline.take(spot, block);
    }
    outline.close();
    if says && !outline.added {
        outline.collector.refuse_part(Fault::NoStructure);
    }
}

fn has_question(text: &str) -> bool {
    text.lines().any(|line| matches!(faq::mark(line), Some(Mark::Question(_))))
}

/// A heading that is open: what follows belongs to it.
struct Open {
    level: u8,
    name: String,
    inherited: Draft,
}

/// The question that is being answered.
struct Current {
    spot: Spot,
    draft: Draft,
    /// A heading may have nothing below it; a marked question may not.
    marked: bool,
    answer: String,
}

/// The walk over the document.
struct Outline<'a, 'd> {
    collector: &'a mut Collector<'d>,
    /// Whether paragraphs may ask at all, and whether they do in this section.
    paragraphs: bool,
    asks: bool,
    file: Draft,
    path: Vec<Open>,
    current: Option<Current>,
    /// Whether anything was found that could be an entry.
    added: bool,
}

impl Outline<'_, '_> {
    fn take(&mut self, spot: Spot, block: Block) {
        match block {
            Block::Fields(fields) => fields.iter().for_each(|(field, value)| self.file.set(*field, value)),
            Block::Heading { level, text, fields } => self.heading(spot, level, &text, &fields),
            Block::Text { text, tight } => self.text(spot, &text, tight),
            Block::Table(rows) => self.table(&rows),
        }
    }

    /// Leaves the headings that do not contain one of `level`, and asks what it says.
    fn heading(&mut self, spot: Spot, level: u8, text: &str, fields: &[(Field, String)]) {
        self.close();
        self.path.truncate(self.path.iter().position(|open| open.level >= level).unwrap_or(self.path.len()));
        let mut draft = self.inherited();
        fields.iter().filter(|(field, _)| *field != Field::Id).for_each(|(field, value)| draft.set(*field, value));
        let inherited = draft.inherited();
        fields.iter().filter(|(field, _)| *field == Field::Id).for_each(|(field, value)| draft.set(*field, value));
        let asked = match faq::mark(text) {
            Some(Mark::Question(asked)) => asked,
            _ => text,
        };
        draft.ask(asked);
        draft.below(&self.above());
        let name = draft.question().unwrap_or_default().to_owned();
        self.asks = self.paragraphs && faq::question(&name).is_none();
        self.path.push(Open { level, name, inherited });
        self.current = Some(Current { spot, draft, marked: false, answer: String::new() });
    }

    fn text(&mut self, spot: Spot, text: &str, tight: bool) {
        let mut tight = tight;
        for (at, line) in text.lines().enumerate() {
            let spot = match spot {
                Spot::Line(first) => Spot::Line(first + at as u64),
                other => other,
            };
            match faq::mark(line) {
                Some(Mark::Question(question)) => self.ask(spot, question),
                Some(Mark::Answer(answer)) => self.answer(spot, answer),
                None => self.line(spot, line, at == 0, tight),
            }
            tight = true;
        }
    }

    /// A line without a mark: a question of its own, or more of the answer. Text above everything is an introduction.
    fn line(&mut self, spot: Spot, line: &str, begins: bool, tight: bool) {
        let asked = faq::question(line).filter(|_| self.asks && begins);
        if let Some(question) = asked {
            return self.ask(spot, question);
        }
        let Some(current) = &mut self.current else { return };
        // What a section says first decides whether its paragraphs ask or tell.
        self.asks &= current.marked;
        if !current.answer.is_empty() {
            current.answer.push_str(if tight { "\n" } else { "\n\n" });
        }
        current.answer.push_str(line.trim_end());
    }

    /// A question, or one more wording of the one that has no answer yet.
    fn ask(&mut self, spot: Spot, question: &str) {
        if let Some(current) =
            self.current.as_mut().filter(|c| c.marked && c.answer.is_empty() && !c.draft.is_answered())
        {
            return current.draft.ask(question);
        }
        self.close();
        let mut draft = self.inherited();
        draft.ask(question);
        draft.below(&self.above());
        self.current = Some(Current { spot, draft, marked: true, answer: String::new() });
    }

    /// The answer begins, or one more.
    fn answer(&mut self, spot: Spot, answer: &str) {
        let Some(current) = &mut self.current else {
            self.added = true;
            return self.collector.refuse(spot, Fault::NoQuestion);
        };
        current.draft.answer(&std::mem::take(&mut current.answer));
        current.answer.push_str(answer);
    }

    /// A table with a header is a list of entries; any other belongs to the answer.
    fn table(&mut self, rows: &[(Spot, Row)]) {
        if !has_header(rows.iter().map(|(_, row)| row)) {
            if let Some(current) = &mut self.current {
                self.asks &= current.marked;
                if !current.answer.is_empty() {
                    current.answer.push_str("\n\n");
                }
                current.answer.push_str(&table_text(rows));
            }
            return;
        }
        self.close();
        self.added = true;
        let mut table = Table::below(self.above(), self.inherited());
        rows.iter().for_each(|(spot, row)| table.take(*spot, row, self.collector));
        table.finish(self.collector);
    }

    /// The current question has its whole answer.
    fn close(&mut self) {
        let Some(Current { spot, mut draft, marked, answer }) = self.current.take() else { return };
        draft.answer(&answer);
        if marked || draft.is_answered() {
            self.added = true;
            self.collector.enter_heading(&self.above());
            self.collector.add(spot, draft);
            self.collector.enter_heading("");
        }
    }

    /// What everything here takes from the headings above it.
    fn inherited(&self) -> Draft {
        self.path.last().map_or(&self.file, |open| &open.inherited).inherited()
    }

    /// The names of the headings above.
    fn above(&self) -> String {
        let names: Vec<_> = self.path.iter().map(|open| open.name.as_str()).filter(|name| !name.is_empty()).collect();
        names.join(PATH)
    }
}
