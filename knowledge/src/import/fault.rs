//! What can be wrong with a file or a row.

use serde::Serialize;

use super::{
    MAX_ANSWER_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_ITEMS, MAX_PAGES, MAX_QUESTION_BYTES, MAX_QUESTIONS,
    MAX_UNPACKED_BYTES,
};
use crate::UnknownKind;

/// What is wrong. The text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// Larger than [`super::MAX_FILE_BYTES`], or [`super::MAX_PAGE_BYTES`] for its format.
    #[error("the file has {bytes} bytes, the limit is {limit}: split it")]
    FileTooLarge {
        /// Size found.
        bytes: u64,
        /// Largest size read.
        limit: usize,
    },
    /// Not a format this crate reads.
    #[error("cannot read '.{extension}' files: save it as XLSX, CSV, DOCX, PDF, HTML, Markdown or text")]
    Format {
        /// Lower-case extension, may be empty.
        extension: String,
    },
    /// A format of Office before 2007 or of WPS, whatever its name says.
    #[error(
        "this is an old Office or WPS format, or it is protected by a password: open it in Excel, Word or WPS, remove the password and save it as .xlsx or .docx"
    )]
    OldOffice,
    /// Named like an Office file, but not a package.
    #[error(
        "this is not a {expected} file inside, whatever its name says: open it in Excel, Word or WPS and save it as .{expected}"
    )]
    NotPackage {
        /// `xlsx` or `docx`.
        expected: &'static str,
    },
    /// A damaged package, or one made to harm.
    #[error("the file is damaged ({reason}): open it in Excel, Word or WPS and save it again")]
    Damaged {
        /// Which part, and what is wrong with it.
        reason: String,
    },
    /// Unpacks to more than [`MAX_UNPACKED_BYTES`].
    #[error(
        "what is inside unpacks to more than {MAX_UNPACKED_BYTES} bytes, the limit: remove pictures and unused sheets, or split it"
    )]
    Unpacked,
    /// Declares entities of its own: no office program writes that.
    #[error("part {part} declares a document type, which no office program writes: not read")]
    Doctype {
        /// The part of the package.
        part: String,
    },
    /// More cells, or more text in them, than is read.
    #[error(
        "the sheet has more than {MAX_CELLS} filled cells or {MAX_UNPACKED_BYTES} bytes of text, the limit: split it"
    )]
    TooManyCells,
    /// Cells beyond [`MAX_COLUMNS`].
    #[error("cell {cell} lies beyond the first {MAX_COLUMNS} columns, the limit: move what is needed to the left")]
    TooManyColumns {
        /// The first such cell.
        cell: String,
    },
    /// A hidden sheet.
    #[error("the sheet is hidden and was not read: show it to import it")]
    HiddenSheet,
    /// More entries than [`MAX_ITEMS`].
    #[error("a file may have {MAX_ITEMS} entries, the limit: split it")]
    TooManyItems,
    /// A PDF of pictures.
    #[error(
        "no text on its pages ({pages}): they are pictures (a scan). Export the text as DOCX or XLSX, or have it recognised (OCR) and save it as text"
    )]
    Scanned {
        /// Number of pages.
        pages: usize,
    },
    /// A page of a PDF without text, among others that have some.
    #[error("the page has no text: if it is a picture (a scan), what it says was not read")]
    BlankPage,
    /// A PDF that was given to the reader of all other formats: a fault of the program.
    #[error("a PDF is read by a process of its own")]
    PdfApart,
    /// A PDF with a password.
    #[error("the PDF is protected by a password: save it without one")]
    PdfPassword,
    /// A PDF with more pages than [`MAX_PAGES`].
    #[error("the PDF has {pages} pages, the limit is {MAX_PAGES}: split it")]
    PdfPages {
        /// Number of pages.
        pages: usize,
    },
    /// A PDF that is damaged, or whose reader broke on it.
    #[error("the PDF cannot be read ({reason}): save it as DOCX, or copy its text into a text file")]
    Pdf {
        /// What went wrong.
        reason: String,
    },
    /// A document without anything that could be a question.
    #[error("text without questions: give each question a heading style, or write 问： and 答： (Q: and A:) in front")]
    NoStructure,
    /// Neither UTF-8, UTF-16 with a mark, GB18030 nor Big5.
    #[error("the text is neither UTF-8 nor GB18030 nor Big5: save it as UTF-8")]
    Encoding,
    /// The CSV reader gave up on a row.
    #[error("cannot be read as CSV: {reason}")]
    Csv {
        /// The reader's words.
        reason: String,
    },
    /// No column for the answer, or neither question nor title.
    #[error("no row among the first twenty names the columns 'question' and 'answer' (问题, 答案)")]
    Header,
    /// A column nobody reads.
    #[error("column '{name}' is not known and was not read")]
    Column {
        /// As written in the file.
        name: String,
    },
    /// The file has no entries at all.
    #[error("nothing to import: no row or heading with an answer")]
    Nothing,
    /// No question and no title.
    #[error("no question: fill in the column 'question' or 'title'")]
    NoQuestion,
    /// No answer.
    #[error("no answer: fill in the column 'answer', or write it below the question")]
    NoAnswer,
    /// Nobody owns the entry.
    #[error("no owner: fill in 'owner' with a person's id, or name one for the whole import with --owner")]
    NoOwner,
    /// The owner is not among the people; found by who knows them.
    #[error("owner {owner} is nobody in the configuration; name one of [[people]]")]
    UnknownOwner {
        /// As written in the file.
        owner: String,
    },
    /// The kind is not known.
    #[error(transparent)]
    #[serde(serialize_with = "kind_only")]
    Kind(#[from] UnknownKind),
    /// How bad a word is cannot be read.
    #[error("'severity' is '{value}': write block, review or suspicion (禁止, 复核, 可疑)")]
    Severity {
        /// As written in the file.
        value: String,
    },
    /// What it cautions of cannot be read.
    #[error("'caution' is '{value}': write verify_first or review_needed (先核实, 须复核)")]
    Caution {
        /// As written in the file.
        value: String,
    },
    /// A date cannot be read.
    #[error("'{field}' has the date '{value}': write 2026-12-31, 2026/12/31 or 2026-12-31T18:00:00+08:00")]
    Date {
        /// Column name.
        field: &'static str,
        /// As written in the file.
        value: String,
    },
    /// It would never be valid.
    #[error("valid_until lies before valid_from")]
    DateOrder,
    /// A campaign that would go on for ever.
    #[error("a campaign must have an end: fill in valid_until (失效日期)")]
    CampaignEnd,
    /// Longer than [`MAX_ANSWER_BYTES`].
    #[error("the answer has {bytes} bytes, the limit is {MAX_ANSWER_BYTES}: split it")]
    AnswerTooLong {
        /// Size found.
        bytes: usize,
    },
    /// A question or title longer than [`MAX_QUESTION_BYTES`].
    #[error("a question or title has {bytes} bytes, the limit is {MAX_QUESTION_BYTES}")]
    QuestionTooLong {
        /// Size found.
        bytes: usize,
    },
    /// More than [`MAX_QUESTIONS`].
    #[error("{count} questions for one answer, the limit is {MAX_QUESTIONS}")]
    TooManyQuestions {
        /// Number found.
        count: usize,
    },
    /// The same questions were answered before in this file.
    #[error("same question, kind, scope and title as {first}: merge the two")]
    DuplicateQuestion {
        /// Place of the first.
        first: String,
    },
    /// The same id was used before in this file.
    #[error("same id as {first}: every id once")]
    DuplicateId {
        /// Place of the first.
        first: String,
    },
    /// More problems than [`super::MAX_PROBLEMS`].
    #[error("{count} more problems: mend the ones above first")]
    More {
        /// How many are not listed.
        count: usize,
    },
}

/// An unknown kind as `{"code":"kind","word":…}`.
fn kind_only<S: serde::Serializer>(kind: &UnknownKind, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("word", &kind.0)?;
    map.end()
}
