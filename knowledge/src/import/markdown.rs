//! Markdown: a heading is the question, the text below it the answer.
//!
//! A heading with text of its own becomes an entry; one with only headings below it gives them its name as the first
//! part of their title (`退货 > 运费谁出？`). Further wordings of the question follow after `|`. Attributes in braces set
//! fields for the heading and everything under it: `## 禁用词 {kind=forbidden owner=wangwu}`, and `{#id}` the entry's
//! own id. Front matter (`key: value` lines between `---`) does the same for the file. The answer is written as plain
//! text, because that is what a chat shows: marks of emphasis go, lists, tables and code stay readable.

use pulldown_cmark::{Event, HeadingLevel, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::draft::{Collector, Draft, Field};
use plain::Plain;

mod plain;

/// Separates the parts of a title.
const PATH: &str = " > ";

/// Reads all sections into `collector`.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut sections = Sections { text, counted: (0, 1), ..Sections::default() };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        sections.take(event, range.start, collector);
    }
    sections.close(collector);
}

/// What is being read at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Body,
    Heading,
    FrontMatter,
}

/// A heading that is open: the sections below it belong to it.
struct Open {
    level: HeadingLevel,
    name: String,
    inherited: Draft,
}

/// The walk over the file.
#[derive(Default)]
struct Sections<'a> {
    text: &'a str,
    /// Byte offset up to which lines were counted, and the line there.
    counted: (usize, u64),
    place: Place,
    front_matter: String,
    file: Draft,
    path: Vec<Open>,
    current: Option<(u64, Draft)>,
    heading: String,
    body: Plain,
}

impl Sections<'_> {
    fn take(&mut self, event: Event<'_>, offset: usize, collector: &mut Collector<'_>) {
        match event {
            Event::Start(Tag::Heading { level, id, attrs, .. }) => {
                self.close(collector);
                let draft = self.open(level, id.as_deref(), &attrs);
                self.current = Some((self.line(offset), draft));
                self.place = Place::Heading;
            }
            Event::End(TagEnd::Heading(_)) => self.name(),
            Event::Start(Tag::MetadataBlock(MetadataBlockKind::YamlStyle)) => self.place = Place::FrontMatter,
            Event::End(TagEnd::MetadataBlock(_)) => self.defaults(),
            event => match self.place {
                Place::Heading => push_words(&event, &mut self.heading),
                Place::FrontMatter => push_words(&event, &mut self.front_matter),
                Place::Body => self.body.push(&event),
            },
        }
    }

    /// Leaves the headings that do not contain one of `level`, and starts its draft.
    fn open(&mut self, level: HeadingLevel, id: Option<&str>, attrs: &[Attribute<'_>]) -> Draft {
        while self.path.last().is_some_and(|open| open.level >= level) {
            self.path.pop();
        }
        let mut draft = self.path.last().map_or(&self.file, |open| &open.inherited).clone();
        for (name, value) in attrs {
            if let (Some(field), Some(value)) = (Field::named(name), value) {
                draft.set(field, value);
            }
        }
        self.path.push(Open { level, name: String::new(), inherited: draft.inherited() });
        draft.set(Field::Id, id.unwrap_or_default());
        draft
    }

    /// The heading's words are complete.
    fn name(&mut self) {
        self.place = Place::Body;
        let heading = std::mem::take(&mut self.heading);
        if let Some((_, draft)) = &mut self.current {
            draft.ask(&heading);
            if let (Some(open), Some(first)) = (self.path.last_mut(), draft.questions.first()) {
                open.name.clone_from(first);
            }
            let names: Vec<_> = self.path.iter().map(|open| open.name.as_str()).filter(|n| !n.is_empty()).collect();
            draft.title = names.join(PATH);
        }
    }

    /// The front matter is complete.
    fn defaults(&mut self) {
        self.place = Place::Body;
        for line in std::mem::take(&mut self.front_matter).lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            // An id for the whole file would be given to its first entry only: not a default.
            if let Some(field) = Field::named(name).filter(|field| *field != Field::Id) {
                self.file.set(field, value.trim().trim_matches(['"', '\'']));
            }
        }
    }

    /// The text under the current heading is complete. Text above the first heading is an introduction: no entry.
    fn close(&mut self, collector: &mut Collector<'_>) {
        let answer = std::mem::take(&mut self.body).finish();
        if let Some((line, mut draft)) = self.current.take()
            && !answer.trim().is_empty()
        {
            draft.answer = answer;
            collector.add(line, draft);
        }
    }

    /// Line of the byte `offset`, from 1; offsets only grow.
    fn line(&mut self, offset: usize) -> u64 {
        let (from, line) = self.counted;
        let newlines = self.text.as_bytes().get(from..offset).unwrap_or_default().iter().filter(|b| **b == b'\n');
        self.counted = (from.max(offset), line + newlines.count() as u64);
        self.counted.1
    }
}

/// A heading attribute as the parser gives it: name and value.
type Attribute<'a> = (pulldown_cmark::CowStr<'a>, Option<pulldown_cmark::CowStr<'a>>);

/// Adds what `event` says in words, without any marks.
fn push_words(event: &Event<'_>, into: &mut String) {
    match event {
        Event::Text(text) | Event::Code(text) => into.push_str(text),
        Event::SoftBreak | Event::HardBreak => into.push(' '),
        _ => {}
    }
}
