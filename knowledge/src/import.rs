//! Files become items: XLSX, CSV, DOCX, PDF, HTML, Markdown and plain text.
//!
//! Nothing is guessed silently: what cannot become an item becomes a [`Problem`] with its place, and the rest of the
//! file still imports. Sizes are capped, duplicates within a file are reported and left out. The way of every format:
//! bytes to rows (`comma`, `sheet`) or to blocks (`docx`, `html`, `markdown`, `prose`, `pdf`), rows to drafts (`table`),
//! blocks to drafts (`outline`), drafts to items (`collector`).

mod block;
mod collector;
mod columns;
mod comma;
mod dates;
mod decode;
mod docx;
mod draft;
mod faq;
mod fault;
mod html;
mod markdown;
mod outline;
mod package;
mod pdf;
mod place;
mod prose;
mod sheet;
mod table;
mod xml;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{Caution, Entry, Forbids, HitTests, Kind, Release, Scope};
use collector::Collector;
pub use fault::Fault;
pub use pdf::pages as pdf_pages;
pub(crate) use place::file_of;
pub use place::{Place, Spot};

/// Largest file read, bytes.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Largest web page and Markdown file read, bytes: their readers need many times as much memory.
pub const MAX_PAGE_BYTES: usize = 5 * 1024 * 1024;
/// Most that is unpacked of one file, and most text that one sheet or PDF gives, bytes.
pub const MAX_UNPACKED_BYTES: usize = 64 * 1024 * 1024;
/// Most filled cells of a sheet.
pub const MAX_CELLS: usize = 500_000;
/// Columns of a table that are read.
pub const MAX_COLUMNS: u32 = 256;
/// Most pages of a PDF.
pub const MAX_PAGES: usize = 500;
/// Most entries of one file.
pub const MAX_ITEMS: usize = 50_000;
/// Longest answer, bytes of UTF-8.
pub const MAX_ANSWER_BYTES: usize = 20 * 1024;
/// Longest question or title, bytes of UTF-8.
pub const MAX_QUESTION_BYTES: usize = 1024;
/// Most questions of one entry.
pub const MAX_QUESTIONS: usize = 50;
/// Problems of one file that are listed one by one.
pub const MAX_PROBLEMS: usize = 1_000;

/// What holds where a file says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Person id of the owner; without it every row must name one.
    pub owner: Option<String>,
    /// Kind; `general` when `None`.
    pub kind: Option<Kind>,
    /// Where the entries apply; a file's own columns win.
    pub scope: Scope,
    /// Whose days a bare date means.
    pub timezone: Tz,
}

/// An entry that has no id and version yet. Fields as in [`crate::Entry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What tells it apart within its file: its id, else its first question, with what it is for where several ask the
    /// same. Not part of what it says.
    #[serde(skip)]
    pub key: String,
    /// Where it stands; [`Item::source`] is the same in words.
    #[serde(skip)]
    pub place: Place,
    /// The file's own id for it.
    pub file_id: Option<String>,
    /// What sort of knowledge it is.
    pub kind: Kind,
    /// Short name; the first question when the file gives none.
    pub title: String,
    /// At least one.
    pub questions: Vec<String>,
    /// Never empty, at most [`MAX_ANSWER_BYTES`].
    pub answer: String,
    /// Person id of the knowledge owner.
    pub owner: String,
    /// Where it applies.
    pub scope: Scope,
    /// First moment, Unix ms.
    pub valid_from: Option<i64>,
    /// Last moment, Unix ms.
    pub valid_until: Option<i64>,
    /// To be confirmed by, Unix ms.
    pub verify_by: Option<i64>,
    /// File and line.
    pub source: String,
    /// Questions that must, and must not, be answered with it.
    #[serde(default, skip_serializing_if = "HitTests::is_empty")]
    pub tests: HitTests,
    /// What must not be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbids: Option<Forbids>,
    /// What stands between it and a promise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<Caution>,
}

impl Item {
    /// The entry it becomes under an id and as a version.
    pub fn into_entry(self, id: String, version: i64) -> Entry {
        Entry {
            id,
            version,
            file_id: self.file_id,
            kind: self.kind,
            title: self.title,
            questions: self.questions,
            answer: self.answer,
            owner: self.owner,
            scope: self.scope,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            verify_by: self.verify_by,
            source: self.source,
            tests: self.tests,
            forbids: self.forbids,
            cautions: self.cautions,
            release: Release::default(),
        }
    }
}

/// Something in a file that did not become an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// What is wrong and what to do, in English; [`Problem::fault`] is the same for code and translations.
    pub what: String,
    /// The same as data.
    pub fault: Fault,
    /// The id or the question of the entry it would have been, where that much could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

impl Problem {
    /// A fault in its place.
    pub fn new(place: Place, fault: Fault, about: Option<String>) -> Problem {
        Problem { place, what: fault.to_string(), fault, about }
    }
}

/// What one file gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// What can become entries, in file order.
    pub items: Vec<Item>,
    /// What could not and should have, in file order.
    pub problems: Vec<Problem>,
    /// What was left aside without harm: columns nobody knows, hidden sheets, pages without text.
    pub skipped: Vec<Problem>,
}

impl Imported {
    /// A file that is refused as a whole.
    pub fn refused(name: &str, fault: Fault) -> Imported {
        let place = Place { file: name.to_owned(), ..Place::default() };
        Imported { problems: vec![Problem::new(place, fault, None)], ..Imported::default() }
    }
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A workbook.
    Xlsx,
    /// Columns with commas, semicolons or tabs between them.
    Csv,
    /// A document.
    Docx,
    /// Pages.
    Pdf,
    /// A web page.
    Html,
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
}

impl Format {
    /// The format of a file by the extension of its name.
    ///
    /// # Errors
    /// When files of this name cannot be read, with what to do about it.
    pub fn of(name: &str) -> Result<Format, Fault> {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "xlsx" | "xlsm" => Ok(Format::Xlsx),
            "csv" | "tsv" => Ok(Format::Csv),
            "docx" => Ok(Format::Docx),
            "pdf" => Ok(Format::Pdf),
            "html" | "htm" => Ok(Format::Html),
            "md" | "markdown" => Ok(Format::Markdown),
            "txt" => Ok(Format::Text),
            "xls" | "doc" | "et" | "wps" => Err(Fault::OldOffice),
            _ => Err(Fault::Format { extension }),
        }
    }

    /// The extension of a file whose name has none, by what it holds; `None` for text, which may be of several formats.
    pub fn extension_of(bytes: &[u8]) -> Option<&'static str> {
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        match bytes {
            [b'%', b'P', b'D', b'F', b'-', ..] => Some("pdf"),
            [0xD0, 0xCF, 0x11, 0xE0, ..] => Some("xls"),
            // The names of its parts stand in a package as they are.
            [b'P', b'K', 3, 4, ..] if holds(b"word/document.xml") => Some("docx"),
            [b'P', b'K', 3, 4, ..] if holds(b"xl/workbook.xml") => Some("xlsx"),
            _ => None,
        }
    }

    /// Largest file of this format that is read.
    fn max_bytes(self) -> usize {
        match self {
            Format::Html | Format::Markdown => MAX_PAGE_BYTES,
            Format::Xlsx | Format::Csv | Format::Docx | Format::Pdf | Format::Text => MAX_FILE_BYTES,
        }
    }
}

/// The text of a file in UTF-8, UTF-16 with a mark, GB18030 or Big5, with `\n` line ends; none in another encoding.
pub fn text(bytes: &[u8]) -> Option<String> {
    decode::text(bytes)
}

/// Unix milliseconds of a moment as people write it (`2026-12-31 18:00`, `2026年12月31日`, RFC 3339), of a bare date its
/// first.
pub fn moment(text: &str, timezone: Tz) -> Option<i64> {
    dates::parse(text, dates::Edge::Start, timezone)
}

/// Reads one file. `name` is shown in places, and its extension decides the format.
///
/// A PDF is refused here ([`Fault::PdfApart`]): its text comes from [`pdf_pages`], run in a process of its own, and is
/// read by [`read_pages`].
pub fn read(name: &str, bytes: &[u8], defaults: &Defaults) -> Imported {
    let format = match Format::of(name) {
        Ok(format) => format,
        Err(fault) => return Imported::refused(name, fault),
    };
    let limit = format.max_bytes();
    if bytes.len() > limit {
        return Imported::refused(name, Fault::FileTooLarge { bytes: bytes.len() as u64, limit });
    }
    let mut collector = Collector::new(name, defaults);
    match format {
        Format::Xlsx => sheet::read(bytes, &mut collector),
        Format::Docx => docx::read(bytes, &mut collector),
        Format::Csv => with_text(bytes, &mut collector, comma::read),
        Format::Html => with_text(bytes, &mut collector, html::read),
        Format::Markdown => with_text(bytes, &mut collector, markdown::read),
        Format::Text => with_text(bytes, &mut collector, prose::read),
        Format::Pdf => collector.refuse_part(Fault::PdfApart),
    }
    collector.finish()
}

/// Reads the pages of a PDF, as [`pdf_pages`] gave them.
pub fn read_pages(name: &str, pages: &[String], defaults: &Defaults) -> Imported {
    let mut collector = Collector::new(name, defaults);
    pdf::read(pages, &mut collector);
    collector.finish()
}

/// Decodes the file for `reader`, or records that it is not text.
fn with_text(bytes: &[u8], collector: &mut Collector<'_>, reader: fn(&str, &mut Collector<'_>)) {
    match decode::text(bytes) {
        Some(text) => reader(&text, collector),
        None => collector.refuse_part(Fault::Encoding),
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
