//! One line of an export, and the message it is.

use chrono_tz::Tz;
use csv::StringRecord;
use serde_json::{Map, Value};

use super::column::Column;
use super::{Flaw, Said, Speaker};
use crate::clock::{SECOND, Timestamp};
use crate::desk::Desk;

/// Characters of a message; what is longer is no chat message.
const MOST_CHARS: usize = 10_000;
/// Digits of a time in seconds since 1970; in milliseconds it has three more.
const SECONDS_DIGITS: usize = 10;

/// The values of a line, as they are written.
#[derive(Debug, Default)]
pub(super) struct Row {
    conversation: String,
    at: String,
    from: String,
    text: String,
    channel: String,
    kind: String,
}

impl Row {
    pub(super) fn of_object(object: &Map<String, Value>) -> Self {
        let mut row = Self::default();
        for (name, value) in object {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            row.set(Column::named(name), value);
        }
        row
    }

    pub(super) fn of_record(columns: &[Option<Column>], record: &StringRecord) -> Self {
        let mut row = Self::default();
        columns.iter().zip(record).for_each(|(column, cell)| row.set(*column, cell.to_owned()));
        row
    }

    fn set(&mut self, column: Option<Column>, value: String) {
        let place = match column {
            Some(Column::Conversation) => &mut self.conversation,
            Some(Column::At) => &mut self.at,
            Some(Column::From) => &mut self.from,
            Some(Column::Text) => &mut self.text,
            Some(Column::Channel) => &mut self.channel,
            Some(Column::Kind) => &mut self.kind,
            None => return,
        };
        *place = value;
    }

    /// The message, and its channel's and conversation's ids.
    pub(super) fn said(self, line: u64, desk: &Desk, channel: Option<&str>) -> Result<((String, String), Said), Flaw> {
        let conversation = self.conversation.trim().to_owned();
        if conversation.is_empty() {
            return Err(Flaw::NoConversation);
        }
        let by = speaker(&self.from).ok_or_else(|| Flaw::NoSpeaker(self.from.clone()))?;
        let at = moment(self.at.trim(), desk.zone()).ok_or_else(|| Flaw::NoTime(self.at.clone()))?;
        let kind = kind(&self.kind);
        let channel = channel_of(desk, self.channel.trim(), channel)?;
        if self.text.trim().is_empty() && kind == "text" {
            return Err(Flaw::NoText);
        }
        if self.text.chars().count() > MOST_CHARS {
            return Err(Flaw::TooLong);
        }
        Ok(((channel, conversation), Said { line, at, by, kind, text: self.text }))
    }
}

fn speaker(name: &str) -> Option<Speaker> {
    Some(match name.trim().to_lowercase().as_str() {
        "customer" | "user" | "buyer" | "客户" | "顾客" | "买家" | "用户" | "访客" => Speaker::Customer,
        "shop" | "agent" | "staff" | "seller" | "客服" | "人工" | "人工客服" | "坐席" | "店铺" | "商家" | "卖家" => {
            Speaker::Shop
        }
        _ => return None,
    })
}

fn kind(name: &str) -> &'static str {
    match name.trim().to_lowercase().as_str() {
        "" | "text" | "文本" | "文字" => "text",
        "image" | "picture" | "图片" => "image",
        "voice" | "audio" | "语音" => "voice",
        _ => "file",
    }
}

/// Seconds or milliseconds since 1970, or a time as people write it, on the shop's clock.
fn moment(text: &str, zone: Tz) -> Option<Timestamp> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: Timestamp = text.parse().ok()?;
        return match text.len() {
            SECONDS_DIGITS => number.checked_mul(SECOND),
            13 => Some(number),
            _ => None,
        };
    }
    knowledge::import::moment(text, zone)
}

fn channel_of(desk: &Desk, named: &str, otherwise: Option<&str>) -> Result<String, Flaw> {
    let name = if named.is_empty() { otherwise.unwrap_or_default() } else { named };
    let mut all = desk.channels.iter();
    match (name, desk.channels.as_slice()) {
        ("", [only]) => Ok(only.id.clone()),
        ("", _) => Err(Flaw::NoChannel),
        (name, _) => {
            let found = all.find(|channel| channel.id == name || channel.label() == name);
            found.map(|channel| channel.id.clone()).ok_or_else(|| Flaw::UnknownChannel(name.to_owned()))
        }
    }
}
