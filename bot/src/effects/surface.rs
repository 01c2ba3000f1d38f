//! The ways to colleagues' phones, one for each surface, each to the letter of its platform.

mod aibot;
mod app;
pub(super) mod telegram;

use cards::Card;
use cards::words::Words;

use crate::aibot::Aibot;
use crate::app::{App, Telegram, Wecom, words};
use crate::clock::Timestamp;
use crate::surface::{Address, Surface, TelegramChat};

/// A way to one person's phone.
pub(super) enum Way<'a> {
    /// The WeCom app: a member's id.
    App(&'a Wecom, &'a str),
    /// The AI bot: a member's id.
    Aibot(&'a Aibot, &'a str),
    /// Telegram: a private chat, or a group's.
    Telegram(&'a Telegram, TelegramChat),
}

/// Why something did not reach a phone.
#[derive(Debug)]
pub(super) enum Missed {
    /// The platform wants to be left alone for so many milliseconds.
    NotBefore(Timestamp),
    /// It may work later.
    NotYet(String),
    /// The surface itself is down: another one of the person's takes over, and where there is none it waits.
    Down(String),
    /// Never by this way.
    Never(String),
}

/// Why a card was not changed.
pub(super) enum NotChanged {
    /// Nothing left: it may be tried again with the same code.
    NotYet(String),
    /// It cannot be changed any more, or nobody knows: words still reach the person.
    Never,
}

/// A card as a surface takes it.
pub(super) enum Rendered {
    /// For both of WeCom's.
    Wecom(cards::wecom::Posting),
    /// For Telegram.
    Telegram(cards::telegram::Posting),
}

impl Rendered {
    /// Messages above the card.
    pub(super) fn above(&self) -> &[String] {
        match self {
            Self::Wecom(posting) => &posting.above,
            Self::Telegram(posting) => &posting.above,
        }
    }
}

impl<'a> Way<'a> {
    /// The way to an address; nothing where this program does not have the surface.
    pub(super) fn to(app: &'a App, to: &'a Address) -> Option<Self> {
        match to.surface {
            Surface::WecomApp => app.wecom.as_ref().map(|wecom| Self::App(wecom, &to.id)),
            Surface::WecomAibot => app.aibot.as_ref().map(|aibot| Self::Aibot(aibot, &to.id)),
            Surface::Telegram => {
                app.telegram.as_ref().zip(to.id.parse().ok()).map(|(own, chat)| Self::Telegram(own, chat))
            }
        }
    }

    /// A text in the messages this surface takes it in.
    pub(super) fn split(&self, text: &str) -> Vec<String> {
        match self {
            Self::App(..) => channels::wecom::kf::split_for_kf(text),
            Self::Aibot(..) => aibot::split(text),
            Self::Telegram(..) => telegram::split(text),
        }
    }

    /// Says one message.
    pub(super) async fn text(&self, text: &str) -> Result<(), Missed> {
        match self {
            Self::App(wecom, member) => app::text(wecom, member, text).await,
            Self::Aibot(aibot, member) => aibot::text(aibot, member, text).await,
            Self::Telegram(own, chat) => telegram::text(own, *chat, text).await,
        }
    }

    /// Shows a stretch of a draft, byte for byte, in one message above its card.
    pub(super) async fn draft(&self, message: &str) -> Result<(), Missed> {
        match self {
            Self::Aibot(aibot, member) => aibot::draft(aibot, member, message).await,
            Self::App(..) | Self::Telegram(..) => self.text(message).await,
        }
    }

    /// Asks for the next message: where the surface has a way to say so, it is opened as a reply.
    pub(super) async fn prompt(&self, text: &str) -> Result<(), Missed> {
        match self {
            Self::Telegram(own, chat) => telegram::prompt(own, *chat, text).await,
            Self::App(..) | Self::Aibot(..) => self.text(text).await,
        }
    }

    /// Shows a picture. One that cannot be shown is on the review page all the same.
    pub(super) async fn picture(&self, bytes: &[u8]) -> Result<(), Missed> {
        match self {
            Self::App(wecom, member) => app::picture(wecom, member, bytes).await,
            Self::Aibot(aibot, member) => aibot::picture(aibot, member, bytes).await,
            Self::Telegram(own, chat) => telegram::picture(own, *chat, bytes).await,
        }
    }

    /// A card as this surface takes it.
    pub(super) fn render(&self, card: &Card, words: &Words, task_id: &str) -> Rendered {
        match self {
            Self::App(..) | Self::Aibot(..) => Rendered::Wecom(cards::wecom::post(card, words, task_id)),
            Self::Telegram(..) => Rendered::Telegram(cards::telegram::post(card, words)),
        }
    }

    /// Posts a card without what goes above it; gives the code that changes it, where there is one before a tap.
    pub(super) async fn post(&self, rendered: &Rendered, task_id: &str) -> Result<Option<String>, Missed> {
        match (self, rendered) {
            (Self::App(wecom, member), Rendered::Wecom(posting)) => {
                app::post(wecom, member, &posting.template_card).await
            }
            (Self::Aibot(aibot, member), Rendered::Wecom(posting)) => {
                aibot::post(aibot, member, &posting.template_card).await.map(|()| None)
            }
            (Self::Telegram(own, chat), Rendered::Telegram(posting)) => {
                telegram::post(own, *chat, posting, task_id).await.map(Some)
            }
            _ => Err(Missed::Never("the card was drawn for another surface".into())),
        }
    }

    /// Turns a posted card into another one, by its code.
    pub(super) async fn change(&self, code: &str, card: &Card, words: &Words, task_id: &str) -> Result<(), NotChanged> {
        match self {
            Self::App(wecom, member) => {
                app::change(wecom, member, code, &cards::wecom::settle(card, words, task_id)).await
            }
            Self::Aibot(aibot, member) => {
                aibot::change(aibot, member, code, &cards::wecom::settle(card, words, task_id)).await
            }
            Self::Telegram(own, chat) => {
                telegram::change(own, *chat, code, &cards::telegram::post(card, words), task_id).await
            }
        }
    }
}

/// Turns a card that was tapped on the AI bot into one sentence (a locale's `key`), unless the tap was answered already.
pub(crate) async fn answer_tap(app: &App, token: &str, from: &Address, key: &str, task_id: &str, number: i64) {
    let Some(aibot) = &app.aibot else { return };
    let words = words(app.known_locale());
    let (title, desc) = (words.text(key, &[]), format!("#{number}"));
    let card = Card::Settled { number, title, desc, text: String::new() };
    // An answer that came meanwhile says more; one that cannot be given any more is said in words.
    let _ = aibot::change(aibot, &from.id, token, &cards::wecom::settle(&card, words, task_id)).await;
}
