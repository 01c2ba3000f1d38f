//! What a card on the reviewers' side needs, as plain values: messages with buttons, their changes, answers to presses, and
//! prompts whose reply is told apart from everything else that is written.

use std::time::Instant;

use reqwest::multipart::Form;
use serde::Serialize;
use teloxide_core::payloads::{
    AnswerCallbackQuery, AnswerCallbackQuerySetters as _, EditMessageText, EditMessageTextSetters as _, SendMessage,
    SendMessageSetters as _,
};
use teloxide_core::types::{
    CallbackQueryId, ChatId, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, MessageId, ThreadId,
};
use url::Url;

use super::answer::{CallError, Refusal};
use super::client::{Bot, Limits};
use super::rich::Rich;
use super::send::{Image, MAX_CAPTION, MAX_TEXT, NO_PREVIEW, fits, message_id};

/// Longest data of a button, in bytes.
pub const MAX_DATA: usize = 64;
/// Longest answer to a press, in UTF-16 units.
pub const MAX_ANSWER: usize = 200;
/// Longest placeholder of a prompt, in UTF-16 units.
const MAX_PLACEHOLDER: usize = 64;
/// Most buttons under one message.
const MAX_BUTTONS: usize = 100;

/// A chat, and the topic in it where it has topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// A person's id, or a group's, which is negative.
    pub chat: i64,
    /// `message_thread_id`.
    pub topic: Option<i32>,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// Comes back as [`Pressed`](super::Pressed) with this data, of 1 to 64 bytes ([`ButtonKey`](super::ButtonKey)).
    Data(String),
    /// Opens an address.
    Open(Url),
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What is written on it.
    pub label: String,
    /// What it does.
    pub press: Press,
}

impl Button {
    /// One that comes back with `data`.
    pub fn data(label: impl Into<String>, data: impl Into<String>) -> Self {
        Self { label: label.into(), press: Press::Data(data.into()) }
    }

    /// One that opens `url`.
    pub fn open(label: impl Into<String>, url: Url) -> Self {
        Self { label: label.into(), press: Press::Open(url) }
    }
}

/// How a press is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The button stops spinning.
    Silent,
    /// Words that pass by, at most [`MAX_ANSWER`] units.
    Passing(&'a str),
    /// Words that have to be closed.
    Alert(&'a str),
}

/// A message that the next thing to be written should reply to.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// What it says; in a group it mentions ([`Rich::mention`]) whom it is for, and only they see the reply opened.
    pub text: &'a Rich,
    /// What the empty field says, 1 to 64 units.
    pub placeholder: Option<&'a str>,
}

impl Bot {
    /// Sends a message with rows of buttons, none where there are none. Gives its id. Not begun after `until`.
    ///
    /// # Errors
    /// [`CallError`]; repeating an unknown one may show the card twice.
    pub async fn send_card(
        &self,
        place: Place,
        text: &Rich,
        buttons: &[Vec<Button>],
        until: Instant,
    ) -> Result<i32, CallError> {
        let mut send = message(place, text)?;
        if !buttons.is_empty() {
            send = send.reply_markup(keyboard(buttons)?);
        }
        message_id(&self.call(&send, Limits::until(until)).await?)
    }

    /// Sends a picture with a caption, empty or at most [`MAX_CAPTION`] units, and rows of buttons. Gives its id.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn send_picture(
        &self,
        place: Place,
        image: Image<'_>,
        caption: &Rich,
        buttons: &[Vec<Button>],
        until: Instant,
    ) -> Result<i32, CallError> {
        let mut form = Form::new().text("chat_id", place.chat.to_string());
        if let Some(topic) = place.topic {
            form = form.text("message_thread_id", topic.to_string());
        }
        if !caption.text().is_empty() {
            fits(caption.text(), MAX_CAPTION)?;
            form = form.text("caption", caption.text().to_owned()).text("caption_entities", json(caption.entities())?);
        }
        if !buttons.is_empty() {
            form = form.text("reply_markup", json(&keyboard(buttons)?)?);
        }
        self.send_photo(form, image, until).await
    }

    /// Gives a message of ours another text and other buttons; without rows it has none. Saying what it says already is
    /// done.
    ///
    /// # Errors
    /// [`CallError`]; with [`Refusal::MessageGone`] another card has to be sent. Repeating it is harmless.
    pub async fn update_card(
        &self,
        chat: i64,
        message: i32,
        text: &Rich,
        buttons: &[Vec<Button>],
        until: Instant,
    ) -> Result<(), CallError> {
        fits(text.text(), MAX_TEXT)?;
        let edit = EditMessageText::new(ChatId(chat), MessageId(message), text.text())
            .entities(text.entities().iter().cloned())
            .link_preview_options(NO_PREVIEW)
            .reply_markup(keyboard(buttons)?);
        let edited = self.call(&edit, Limits::until(until)).await;
        done_if(edited.map(drop), Refusal::NotModified)
    }

    /// Answers a press, so that its button stops spinning. Too late is as good as done: nothing spins any more.
    ///
    /// # Errors
    /// [`CallError`]. Repeating it is harmless.
    pub async fn answer_press(&self, id: &str, answer: Answer<'_>, until: Instant) -> Result<(), CallError> {
        let mut call = AnswerCallbackQuery::new(CallbackQueryId(id.to_owned()));
        if let Answer::Passing(words) | Answer::Alert(words) = answer {
            fits(words, MAX_ANSWER)?;
            call = call.text(words).show_alert(matches!(answer, Answer::Alert(_)));
        }
        let answered = self.call(&call, Limits::until(until)).await;
        done_if(answered.map(drop), Refusal::TooLate)
    }

    /// Asks for a reply: it comes as [`Words::Reply`](super::Words::Reply) to the id this gives.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn send_prompt(&self, place: Place, prompt: Prompt<'_>, until: Instant) -> Result<i32, CallError> {
        let mut force = ForceReply::new().selective();
        if let Some(placeholder) = prompt.placeholder {
            fits(placeholder, MAX_PLACEHOLDER)?;
            force = force.input_field_placeholder(placeholder.to_owned());
        }
        let send = message(place, prompt.text)?.reply_markup(force);
        message_id(&self.call(&send, Limits::until(until)).await?)
    }
}

fn message(place: Place, text: &Rich) -> Result<SendMessage, CallError> {
    fits(text.text(), MAX_TEXT)?;
    let mut send = SendMessage::new(ChatId(place.chat), text.text())
        .entities(text.entities().iter().cloned())
        .link_preview_options(NO_PREVIEW);
    send.message_thread_id = place.topic.map(|topic| ThreadId(MessageId(topic)));
    Ok(send)
}

fn keyboard(rows: &[Vec<Button>]) -> Result<InlineKeyboardMarkup, CallError> {
    if rows.iter().map(Vec::len).sum::<usize>() > MAX_BUTTONS {
        return Err(CallError::content(format!("not sent: at most {MAX_BUTTONS} buttons")));
    }
    let rows = rows.iter().map(|row| row.iter().map(key).collect::<Result<Vec<_>, _>>());
    Ok(InlineKeyboardMarkup::new(rows.collect::<Result<Vec<_>, _>>()?))
}

fn key(button: &Button) -> Result<InlineKeyboardButton, CallError> {
    if button.label.trim().is_empty() {
        return Err(CallError::content("not sent: a button without words"));
    }
    match &button.press {
        Press::Data(data) if (1..=MAX_DATA).contains(&data.len()) => {
            Ok(InlineKeyboardButton::callback(&*button.label, &**data))
        }
        Press::Data(_) => Err(CallError::content(format!("not sent: a button's data has 1 to {MAX_DATA} bytes"))),
        Press::Open(url) => Ok(InlineKeyboardButton::url(&*button.label, url.clone())),
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, CallError> {
    serde_json::to_string(value).map_err(|e| CallError::not_sent(e.to_string()))
}

fn done_if(result: Result<(), CallError>, harmless: Refusal) -> Result<(), CallError> {
    match result {
        Err(error) if error.refusal() == Some(harmless) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
