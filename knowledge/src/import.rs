//! Files become items: CSV and Markdown, in UTF-8, UTF-16 or GB18030.
//!
//! Nothing is guessed silently: what cannot become an item becomes a [`Problem`] with its place, and the rest of the
//! file still imports. Sizes are capped, duplicates within a file are reported and left out.

mod dates;
mod decode;
mod draft;
mod fault;
mod markdown;
mod table;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{Kind, Scope};
use draft::Collector;
pub use fault::Fault;

/// Largest file read, bytes.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
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
}

/// Something in a file that did not become an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, e.g. `faq.csv line 12`.
    pub place: String,
    /// What is wrong and what to do, in English; [`Problem::fault`] is the same for code and translations.
    pub what: String,
    /// The same as data.
    pub fault: Fault,
}

/// What one file gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// What can become entries, in file order.
    pub items: Vec<Item>,
    /// What could not, in file order.
    pub problems: Vec<Problem>,
}

/// Reads one file. `name` is shown in places and its extension decides the format: `csv`, `tsv`, `md`, `markdown`.
pub fn read(name: &str, bytes: &[u8], defaults: &Defaults) -> Imported {
    let mut collector = Collector::new(name, defaults);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    if bytes.len() > MAX_FILE_BYTES {
        collector.refuse_file(Fault::FileTooLarge { bytes: bytes.len() });
        return collector.finish();
    }
    match extension.as_str() {
        "csv" | "tsv" => with_text(bytes, &mut collector, table::read),
        "md" | "markdown" => with_text(bytes, &mut collector, markdown::read),
        _ => collector.refuse_file(Fault::Format { extension }),
    }
    collector.finish()
}

/// Decodes the file for `reader`, or records that it is not text.
fn with_text(bytes: &[u8], collector: &mut Collector<'_>, reader: fn(&str, &mut Collector<'_>)) {
    match decode::text(bytes) {
        Some(text) => reader(&text, collector),
        None => collector.refuse_file(Fault::Encoding),
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
