//! Where colleagues meet the desk. A person may be reached on several surfaces; a card goes to one of them.

use std::fmt;
use std::str::FromStr;

use channels::telegram::RATES;
use channels::wecom::aibot::{Attachment, LIMITS};
use serde::{Deserialize, Serialize};

use crate::clock::HOUR;

/// Where a colleague sees cards and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// The WeCom AI bot (智能机器人), over its long connection.
    WecomAibot,
    /// The self-built WeCom app.
    WecomApp,
    /// A Telegram bot, in a private chat.
    Telegram,
}

/// A picture or file that a colleague sent, by what it is fetched with where it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attached {
    /// Its `media_id`.
    WecomApp(String),
    /// Its address, good for five minutes, and its key.
    WecomAibot(Attachment),
    /// Its `file_id`.
    Telegram(String),
}

/// A file that a colleague sent in a chat with the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// What it is fetched with.
    pub attached: Attached,
    /// Its name, where that is known before it is fetched: untrusted.
    pub name: Option<String>,
    /// Its size in bytes, where that is known before it is fetched.
    pub bytes: Option<u64>,
    /// Whether others are in that chat.
    pub in_group: bool,
}

/// What a surface can do with a card, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardAbilities {
    /// Whether a card can be changed at any time, and not only as the answer to a tap.
    pub unasked_update: bool,
    /// How long after a tap its card can be changed, in milliseconds; `None`: no such limit.
    pub tap_window_ms: Option<i64>,
    /// Whether rows of a card may carry a file.
    pub attachment_rows: bool,
    /// Whether a button may open an address.
    pub url_buttons: bool,
    /// How long after its posting a card can be changed, in milliseconds; `None`: as long as there is a way to.
    pub card_life_ms: Option<i64>,
    /// Whether what changes a card may be used again.
    pub reusable_code: bool,
}

impl Surface {
    /// In the order in which a person is reached who wished for none: the bot is there because somebody set it up.
    pub const ALL: [Self; 3] = [Self::WecomAibot, Self::WecomApp, Self::Telegram];

    /// What it can do with a card (wecom 101032, 90236, 94888; Telegram `editMessageText`).
    pub fn abilities(self) -> CardAbilities {
        match self {
            Self::WecomAibot => CardAbilities {
                unasked_update: LIMITS.unasked_update,
                tap_window_ms: i64::try_from(LIMITS.update_window_ms).ok(),
                attachment_rows: LIMITS.attachment_rows,
                url_buttons: LIMITS.url_buttons,
                card_life_ms: None,
                reusable_code: false,
            },
            Self::WecomApp => CardAbilities {
                unasked_update: true,
                tap_window_ms: None,
                attachment_rows: true,
                url_buttons: true,
                card_life_ms: Some(72 * HOUR),
                reusable_code: false,
            },
            Self::Telegram => CardAbilities {
                unasked_update: true,
                tap_window_ms: None,
                attachment_rows: false,
                url_buttons: true,
                card_life_ms: None,
                reusable_code: true,
            },
        }
    }

    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WecomAibot => "wecom_aibot",
            Self::WecomApp => "wecom_app",
            Self::Telegram => "telegram",
        }
    }

    /// What people call it: a key of the locale files.
    pub fn key(self) -> &'static str {
        match self {
            Self::WecomAibot => "surface.wecom_aibot",
            Self::WecomApp => "surface.wecom_app",
            Self::Telegram => "surface.telegram",
        }
    }

    /// What stands before the id in an address; the app came first and has nothing.
    fn prefix(self) -> &'static str {
        match self {
            Self::WecomAibot => "aibot:",
            Self::WecomApp => "",
            Self::Telegram => "telegram:",
        }
    }
}

/// Where one person is reached: a surface, and who they are there. Written and stored as `aibot:LiHua`, `telegram:80001`,
/// or a member's id alone for the app: no member's id has a colon (wecom 90195).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address {
    /// Where.
    pub surface: Surface,
    /// Who: a member's id, or a Telegram user's.
    pub id: String,
}

impl Address {
    /// A person on a surface.
    pub fn new(surface: Surface, id: impl Into<String>) -> Self {
        Self { surface, id: id.into() }
    }

    /// Whether two addresses reach the same person in the same place; members' ids are compared without case.
    pub fn is(&self, other: &Self) -> bool {
        self.surface == other.surface && self.id.eq_ignore_ascii_case(&other.id)
    }

    /// Messages in a minute that only this kind of address takes (Telegram: 20 in a group); `None`: what all take.
    pub fn most_a_minute(&self) -> Option<i64> {
        self.is_group().then_some(i64::from(RATES.group_per_minute))
    }

    /// Whether it reaches everybody of a group.
    pub fn is_group(&self) -> bool {
        self.surface == Surface::Telegram && self.id.parse().is_ok_and(TelegramChat::is_group)
    }

    /// What names the lanes of its jobs: one for however the id is spelled.
    pub fn lane(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.surface.prefix(), self.id)
    }
}

/// A chat on Telegram: somebody's private one by their id, or a group's, which is negative, with the topic in it where it
/// has topics. Written `-1001234567890/7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TelegramChat {
    /// `chat_id`.
    pub chat: i64,
    /// `message_thread_id`.
    pub topic: Option<i32>,
}

impl TelegramChat {
    /// Whether it is a group.
    pub fn is_group(self) -> bool {
        self.chat < 0
    }

    /// Where cards reach everybody in it.
    pub fn address(self) -> Address {
        Address::new(Surface::Telegram, self.to_string())
    }
}

impl fmt::Display for TelegramChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.topic {
            Some(topic) => write!(f, "{}/{topic}", self.chat),
            None => write!(f, "{}", self.chat),
        }
    }
}

impl FromStr for TelegramChat {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (chat, topic) = text.split_once('/').map_or((text, None), |(chat, topic)| (chat, Some(topic)));
        let topic = topic.map(|topic| topic.parse().map_err(|_| NoAddress)).transpose()?;
        Ok(Self { chat: chat.parse().map_err(|_| NoAddress)?, topic })
    }
}

impl From<TelegramChat> for String {
    fn from(chat: TelegramChat) -> Self {
        chat.to_string()
    }
}

impl TryFrom<String> for TelegramChat {
    type Error = NoAddress;

    fn try_from(text: String) -> Result<Self, NoAddress> {
        text.parse()
    }
}

/// It is not written as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address of a surface")]
pub struct NoAddress;

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let prefixed = [Surface::WecomAibot, Surface::Telegram].into_iter();
        let found = prefixed.filter_map(|surface| Some((surface, text.strip_prefix(surface.prefix())?))).next();
        let (surface, id) = found.unwrap_or((Surface::WecomApp, text));
        if id.is_empty() || id.contains(':') { Err(NoAddress) } else { Ok(Self::new(surface, id)) }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for Address {
    type Error = NoAddress;

    fn try_from(text: String) -> Result<Self, NoAddress> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for (surface, id) in
            [(Surface::WecomApp, "LiHua@x"), (Surface::WecomAibot, "LiHua"), (Surface::Telegram, "80001")]
        {
            let address = Address::new(surface, id);
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        assert_eq!("".parse::<Address>(), Err(NoAddress));
        assert_eq!("aibot:".parse::<Address>(), Err(NoAddress));
        assert_eq!("aibot:telegram:1".parse::<Address>(), Err(NoAddress));
    }

    #[test]
    fn a_group_may_have_topics() {
        for text in ["80001", "-1001234567890", "-1001234567890/7"] {
            let chat: TelegramChat = text.parse().unwrap();
            assert_eq!(chat.to_string(), text);
            assert_eq!(chat.is_group(), text.starts_with('-'));
        }
        for text in ["", "x", "1/", "1/x", "1/2/3"] {
            assert_eq!(text.parse::<TelegramChat>(), Err(NoAddress));
        }
    }

    #[test]
    fn members_are_compared_without_case_and_surfaces_are_not_mixed() {
        let app = Address::new(Surface::WecomApp, "LiHua");
        assert!(app.is(&Address::new(Surface::WecomApp, "lihua")));
        assert!(!app.is(&Address::new(Surface::WecomAibot, "LiHua")));
        assert_eq!(app.lane(), "lihua");
    }
}
