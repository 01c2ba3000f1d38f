//! Telegram, in a private chat (Bot API: sendMessage, sendPhoto, editMessageText, ForceReply).

use std::time::{Duration, Instant};

use cards::telegram::{Button, Does, Posting, Span};
use channels::telegram::{self, Answer, CallError, Image, Place, Prompt, Refusal, Rich, Sealed};

use super::{Missed, NotChanged};
use crate::app::Telegram;

/// UTF-16 units of a message, with room to spare.
const UNITS: usize = 4_000;
/// A call that has waited so long for its turn is not begun any more: its job comes again.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn split(text: &str) -> Vec<String> {
    channels::split(text, channels::TextLimit::Utf16(UNITS))
}

pub(super) async fn text(own: &Telegram, user: i64, text: &str) -> Result<(), Missed> {
    own.bot.send_card(private(user), &Rich::from(text), &[], until()).await.map(drop).map_err(missed)
}

pub(super) async fn prompt(own: &Telegram, user: i64, text: &str) -> Result<(), Missed> {
    let prompt = Prompt { text: &Rich::from(text), placeholder: None };
    own.bot.send_prompt(private(user), prompt, until()).await.map(drop).map_err(missed)
}

pub(super) async fn picture(own: &Telegram, user: i64, bytes: &[u8]) -> Result<(), Missed> {
    let image = Image { name: "customer.jpg", bytes };
    own.bot.send_picture(private(user), image, &Rich::new(), &[], until()).await.map(drop).map_err(missed)
}

/// Gives the message's id, by which the card is changed.
pub(super) async fn post(own: &Telegram, user: i64, posting: &Posting, task_id: &str) -> Result<String, Missed> {
    let rows = rows(own, user, posting, task_id).ok_or_else(|| Missed::Never("a button cannot be made".into()))?;
    let sent = own.bot.send_card(private(user), &rich(posting), &rows, until()).await.map_err(missed)?;
    Ok(sent.to_string())
}

/// Changing twice is changing once: whatever did not work for now may be tried again.
pub(super) async fn change(
    own: &Telegram,
    user: i64,
    code: &str,
    posting: &Posting,
    task_id: &str,
) -> Result<(), NotChanged> {
    let message = code.parse().map_err(|_| NotChanged::Never)?;
    let rows = rows(own, user, posting, task_id).ok_or(NotChanged::Never)?;
    match own.bot.update_card(user, message, &rich(posting), &rows, until()).await {
        Ok(()) => Ok(()),
        Err(CallError::Refused { .. }) => Err(NotChanged::Never),
        Err(error) => Err(NotChanged::NotYet(error.to_string())),
    }
}

pub(super) async fn answer_press(own: &Telegram, press: &str) {
    if let Err(error) = own.bot.answer_press(press, Answer::Silent, until()).await {
        tracing::info!(%error, "a pressed button goes on spinning");
    }
}

fn private(user: i64) -> Place {
    Place { chat: user, topic: None }
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
fn rows(own: &Telegram, user: i64, posting: &Posting, task_id: &str) -> Option<Vec<Vec<telegram::Button>>> {
    let row = |row: &Vec<Button>| row.iter().map(|button| signed(own, user, button, task_id)).collect();
    posting.rows.iter().map(row).collect()
}

fn signed(own: &Telegram, user: i64, button: &Button, task_id: &str) -> Option<telegram::Button> {
    match &button.does {
        Does::Open(url) => Some(telegram::Button::open(&*button.label, url.parse().ok()?)),
        Does::Press(press) => {
            let sealed = Sealed { action: press.number(), version: 0, card: task_id.to_owned() };
            Some(telegram::Button::data(&*button.label, own.buttons.seal(user, &sealed).ok()?))
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
