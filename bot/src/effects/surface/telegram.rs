//! Telegram, in a private chat or a group (Bot API: sendMessage, sendPhoto, editMessageText, ForceReply).

use std::time::{Duration, Instant};

use cards::telegram::{Button, Does, Posting, Span};
use channels::telegram::{self, Answer, CallError, Image, MAX_ANSWER, Place, Prompt, Refusal, Rich, Sealed};

use super::{Missed, NotChanged};
use crate::app::Telegram;
use crate::surface::TelegramChat;

/// UTF-16 units of a message, with room to spare.
const UNITS: usize = 4_000;
/// A call that has waited so long for its turn is not begun any more: its job comes again.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn split(text: &str) -> Vec<String> {
    channels::split(text, channels::TextLimit::Utf16(UNITS))
}

pub(super) async fn text(own: &Telegram, chat: TelegramChat, text: &str) -> Result<(), Missed> {
    own.bot.send_card(place(chat), &Rich::from(text), &[], until()).await.map(drop).map_err(missed)
}

pub(super) async fn prompt(own: &Telegram, chat: TelegramChat, text: &str) -> Result<(), Missed> {
    let prompt = Prompt { text: &Rich::from(text), placeholder: None };
    own.bot.send_prompt(place(chat), prompt, until()).await.map(drop).map_err(missed)
}

pub(super) async fn picture(own: &Telegram, chat: TelegramChat, bytes: &[u8]) -> Result<(), Missed> {
    let image = Image { name: "customer.jpg", bytes };
    own.bot.send_picture(place(chat), image, &Rich::new(), &[], until()).await.map(drop).map_err(missed)
}

/// Gives the message's id, by which the card is changed.
pub(super) async fn post(
    own: &Telegram,
    chat: TelegramChat,
    posting: &Posting,
    task_id: &str,
) -> Result<String, Missed> {
    let rows = rows(own, chat, posting, task_id).ok_or_else(|| Missed::Never("a button cannot be made".into()))?;
    let sent = own.bot.send_card(place(chat), &rich(posting), &rows, until()).await.map_err(missed)?;
    Ok(sent.to_string())
}

/// Changing twice is changing once: whatever did not work for now may be tried again.
pub(super) async fn change(
    own: &Telegram,
    chat: TelegramChat,
    code: &str,
    posting: &Posting,
    task_id: &str,
) -> Result<(), NotChanged> {
    let message = code.parse().map_err(|_| NotChanged::Never)?;
    let rows = rows(own, chat, posting, task_id).ok_or(NotChanged::Never)?;
    match own.bot.update_card(chat.chat, message, &rich(posting), &rows, until()).await {
        Ok(()) => Ok(()),
        Err(CallError::Refused { .. }) => Err(NotChanged::Never),
        Err(error) => Err(NotChanged::NotYet(error.to_string())),
    }
}

/// Stops the spinning of a button, in silence or with words that have to be closed. Too late is as good as done.
pub(in crate::effects) async fn answer_press(own: &Telegram, press: &str, alert: Option<&str>) {
    let alert = alert.map(|words| words.chars().take(MAX_ANSWER).collect::<String>());
    let answer = alert.as_deref().map_or(Answer::Silent, Answer::Alert);
    if let Err(error) = own.bot.answer_press(press, answer, until()).await {
        tracing::info!(%error, "a pressed button goes on spinning");
    }
}

fn place(chat: TelegramChat) -> Place {
    Place { chat: chat.chat, topic: chat.topic }
}

fn until() -> Instant {
    Instant::now() + PATIENCE
}

fn rich(posting: &Posting) -> Rich {
    posting.text.iter().fold(Rich::new(), |rich, span| match span {
        Span::Plain(text) => rich.plain(text),
        Span::Bold(text) => rich.bold(text),
        Span::Quote(text) => rich.quote(text),
    })
}

/// The buttons, each signed for this chat; nothing where one cannot be made.
fn rows(own: &Telegram, chat: TelegramChat, posting: &Posting, task_id: &str) -> Option<Vec<Vec<telegram::Button>>> {
    let row = |row: &Vec<Button>| row.iter().map(|button| signed(own, chat, button, task_id)).collect();
    posting.rows.iter().map(row).collect()
}

fn signed(own: &Telegram, chat: TelegramChat, button: &Button, task_id: &str) -> Option<telegram::Button> {
    match &button.does {
        Does::Open(url) => Some(telegram::Button::open(&*button.label, url.parse().ok()?)),
        Does::Press(press) => {
            let sealed = Sealed { action: press.number(), version: 0, card: task_id.to_owned() };
            Some(telegram::Button::data(&*button.label, own.buttons.seal(chat.chat, &sealed).ok()?))
        }
    }
}

fn missed(error: CallError) -> Missed {
    match error {
        CallError::PutOff { wait_ms: Some(wait) } => Missed::NotBefore(wait),
        CallError::Refused { why: Refusal::Setup, message, .. } => Missed::Down(message),
        CallError::Refused { message, .. } => Missed::Never(message),
        CallError::PutOff { wait_ms: None } | CallError::NotSent { .. } | CallError::Unknown { .. } => {
            Missed::NotYet(error.to_string())
        }
    }
}
