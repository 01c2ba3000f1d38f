//! What can be wrong with a file or a row.

use serde::Serialize;

use super::{MAX_ANSWER_BYTES, MAX_FILE_BYTES, MAX_QUESTION_BYTES, MAX_QUESTIONS};
use crate::UnknownKind;

/// What is wrong. The text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("the file has {bytes} bytes, the limit is {MAX_FILE_BYTES}: split it")]
    FileTooLarge {
        /// Size found.
        bytes: usize,
    },
    /// Not a format this crate reads.
    #[error("cannot read '.{extension}' files: save it as CSV or Markdown")]
    Format {
        /// Lower-case extension, may be empty.
        extension: String,
    },
    /// Neither UTF-8, UTF-16 with a mark, nor GB18030.
    #[error("the text is neither UTF-8 nor GB18030: save it as UTF-8")]
    Encoding,
    /// The CSV reader gave up on a row.
    #[error("cannot be read as CSV: {reason}")]
    Csv {
        /// The reader's words.
        reason: String,
    },
    /// No column for the answer, or neither question nor title.
    #[error("the first row must name the columns 'question' and 'answer'")]
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
    #[error("no answer: fill in the column 'answer'")]
    NoAnswer,
    /// Nobody owns the entry.
    #[error("no owner: fill in 'owner' with a person's id, or name one for the whole import with --owner")]
    NoOwner,
    /// The kind is not known.
    #[error(transparent)]
    #[serde(serialize_with = "kind_only")]
    Kind(#[from] UnknownKind),
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
    #[error("same question, kind and scope as {first}: merge the two")]
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
