//! Past conversations, read from what shops can export: a message a line, as JSON objects or as CSV with a header row.

mod column;
mod row;

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::desk::Desk;
use column::Column;
use row::Row;

/// Bytes of a file that are read: some million messages.
pub const MOST_BYTES: u64 = 1 << 30;

/// A conversation as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its id in the file.
    pub id: String,
    /// The channel's id.
    pub channel: String,
    /// What was said, oldest first.
    pub said: Vec<Said>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: Speaker,
    /// What it is: `text`, `image`, `voice` or `file`.
    pub kind: &'static str,
    /// The words.
    pub text: String,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The customer.
    Customer,
    /// A person of the shop.
    Shop,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: Flaw,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It is no JSON object.
    NotJson,
    /// It cannot be read as CSV.
    NotCsv,
    /// It does not say which conversation it belongs to.
    NoConversation,
    /// When it was written is missing, or no time.
    NoTime(String),
    /// Who wrote it is missing, or neither the customer nor a person of the shop.
    NoSpeaker(String),
    /// It says nothing.
    NoText,
    /// It has more characters than a chat message.
    TooLong,
    /// It names no channel, and there are several.
    NoChannel,
    /// There is no such channel.
    UnknownChannel(String),
}

impl Flaw {
    /// The locale key of what is wrong and what to do, and the value it is about.
    pub fn key(&self) -> (&'static str, &str) {
        match self {
            Self::NotJson => ("replay.not_json", ""),
            Self::NotCsv => ("replay.not_csv", ""),
            Self::NoConversation => ("replay.no_conversation", ""),
            Self::NoTime(value) => ("replay.no_time", value),
            Self::NoSpeaker(value) => ("replay.no_speaker", value),
            Self::NoText => ("replay.no_text", ""),
            Self::TooLong => ("replay.too_long", ""),
            Self::NoChannel => ("replay.no_channel", ""),
            Self::UnknownChannel(value) => ("replay.unknown_channel", value),
        }
    }
}

/// Why nothing of a file could be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its letters are in no known encoding.
    #[error("the file is no text in UTF-8, GBK, Big5 or UTF-16: export it again as UTF-8")]
    Encoding,
    /// Its first row names too few columns.
    #[error(
        "the file has no column {0}: the first row has to name conversation, at, from and text (会话、时间、发送方、内容)"
    )]
    Header(&'static str),
}

/// A file's conversations and the lines that could not be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// Conversations, by their first line.
    pub conversations: Vec<Past>,
    /// Lines left out.
    pub refused: Vec<Refused>,
}

/// Reads a file. `channel` is where conversations were held whose lines name no channel; without it, the desk's only one.
///
/// # Errors
/// When nothing of it can be read.
pub fn read(bytes: &[u8], desk: &Desk, channel: Option<&str>) -> Result<Read, Unreadable> {
    let text = knowledge::import::text(bytes).ok_or(Unreadable::Encoding)?;
    let mut reading = Reading { desk, channel, found: BTreeMap::new(), refused: Vec::new() };
    if text.trim_start().starts_with('{') {
        reading.objects(&text);
    } else {
        reading.table(&text)?;
    }
    Ok(reading.done())
}

struct Reading<'a> {
    desk: &'a Desk,
    channel: Option<&'a str>,
    found: BTreeMap<(String, String), Vec<Said>>,
    refused: Vec<Refused>,
}

impl Reading<'_> {
    fn objects(&mut self, text: &str) {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line_number = at as u64 + 1;
            match serde_json::from_str::<Map<String, Value>>(line) {
                Ok(object) => self.take(line_number, Row::of_object(&object)),
                Err(_) => self.refuse(line_number, Flaw::NotJson),
            }
        }
    }

    fn table(&mut self, text: &str) -> Result<(), Unreadable> {
        let delimiter = column::delimiter(text);
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut records = reader.records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        let columns: Vec<Option<Column>> = header.iter().map(Column::named).collect();
        column::all_needed(&columns).map_err(Unreadable::Header)?;
        for record in records {
            match record {
                Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(record) => self.take(line_of(&record), Row::of_record(&columns, &record)),
                Err(problem) => self.refuse(problem.position().map_or(0, csv::Position::line), Flaw::NotCsv),
            }
        }
        Ok(())
    }

    fn take(&mut self, line: u64, row: Row) {
        match row.said(line, self.desk, self.channel) {
            Ok((place, said)) => self.found.entry(place).or_default().push(said),
            Err(why) => self.refuse(line, why),
        }
    }

    fn refuse(&mut self, line: u64, why: Flaw) {
        self.refused.push(Refused { line, why });
    }

    fn done(self) -> Read {
        let mut conversations: Vec<Past> = self
            .found
            .into_iter()
            .map(|((channel, id), mut said)| {
                said.sort_by_key(|said| (said.at, said.line));
                Past { id, channel, said }
            })
            .collect();
        conversations.sort_by_key(|past| past.said.iter().map(|said| said.line).min());
        Read { conversations, refused: self.refused }
    }
}

fn line_of(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

#[cfg(test)]
#[path = "past/tests.rs"]
mod tests;
