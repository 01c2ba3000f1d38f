//! A text with some of it set off. What is set off is said beside the text and not in it, so that nothing anybody wrote
//! can become markup.

use teloxide_core::types::{MessageEntity, MessageEntityKind};
use url::Url;

/// Most parts of one text that Telegram sets off.
const MAX_ENTITIES: usize = 100;

/// A text for people to read, built from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rich {
    text: String,
    units: usize,
    entities: Vec<MessageEntity>,
}

impl Rich {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// As it is.
    #[must_use]
    pub fn plain(mut self, text: &str) -> Self {
        self.units += text.encode_utf16().count();
        self.text.push_str(text);
        self
    }

    /// Bold.
    #[must_use]
    pub fn bold(self, text: &str) -> Self {
        self.set_off(text, MessageEntityKind::Bold)
    }

    /// In a fixed width, and copied by a tap.
    #[must_use]
    pub fn code(self, text: &str) -> Self {
        self.set_off(text, MessageEntityKind::Code)
    }

    /// As somebody else's words.
    #[must_use]
    pub fn quote(self, text: &str) -> Self {
        self.set_off(text, MessageEntityKind::Blockquote)
    }

    /// Somebody's name, so that they are told: the one a selective [`Prompt`](super::Prompt) is for.
    #[must_use]
    pub fn mention(self, user: i64, name: &str) -> Self {
        match Url::parse(&format!("tg://user?id={user}")) {
            Ok(url) => self.set_off(name, MessageEntityKind::TextLink { url }),
            Err(_) => self.plain(name),
        }
    }

    /// The words alone.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn entities(&self) -> &[MessageEntity] {
        &self.entities
    }

    fn set_off(mut self, text: &str, kind: MessageEntityKind) -> Self {
        let start = self.units;
        self = self.plain(text);
        if self.units > start && self.entities.len() < MAX_ENTITIES {
            self.entities.push(MessageEntity::new(kind, start, self.units - start));
        }
        self
    }
}

impl From<&str> for Rich {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_utf_16() {
        let rich = Rich::new().plain("😀 ").bold("<b>退款</b>").plain("\n").quote("a & b").mention(7, "李华").bold("");
        assert_eq!(rich.text(), "😀 <b>退款</b>\na & b李华");
        let places: Vec<_> = rich.entities().iter().map(|entity| (entity.offset, entity.length)).collect();
        assert_eq!(places, [(3, 9), (13, 5), (18, 2)]);
        let json = serde_json::to_value(rich.entities()).unwrap();
        assert_eq!(json[0], serde_json::json!({"type": "bold", "offset": 3, "length": 9}));
        assert_eq!(json[2]["url"], "tg://user?id=7");
    }
}
