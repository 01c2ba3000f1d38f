//! Messages to customers. There is no key that would keep a repeated message from arriving twice.

use std::time::Instant;

use reqwest::multipart::{Form, Part};
use serde_json::Value;
use teloxide_core::payloads::{SendMessage, SendMessageSetters as _};
use teloxide_core::types::{ChatId, LinkPreviewOptions};

use super::answer::CallError;
use super::client::{Bot, Limits};
use crate::abilities::TextLimit;

/// Longest text. Sources disagree on whether Telegram counts characters or UTF-16 units; no text has fewer units than
/// characters, so what holds in units holds in both.
pub const MAX_TEXT: usize = 4096;
/// Longest caption, counted likewise.
pub const MAX_CAPTION: usize = 1024;
/// Largest picture to be uploaded, in bytes.
pub const MAX_IMAGE: usize = 10 * 1024 * 1024;

/// A picture to be sent.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    /// Its file name.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Bot {
    /// Sends one text to a customer ([`Arrival::customer`](crate::Arrival)), as it is: without markup, and without the
    /// preview of a link, which nobody approved. Gives the message's id. Not begun after `until`.
    ///
    /// # Errors
    /// [`CallError`]; see [`CallError::fate`].
    pub async fn send_text(&self, customer: &str, text: &str, until: Instant) -> Result<i32, CallError> {
        fits(text, MAX_TEXT)?;
        let send = SendMessage::new(ChatId(chat(customer)?), text).link_preview_options(NO_PREVIEW);
        message_id(&self.call(&send, Limits::until(until)).await?)
    }

    /// Sends one picture to a customer, with a caption or an empty one. Gives the message's id. Not begun after `until`.
    ///
    /// # Errors
    /// [`CallError`]; see [`CallError::fate`].
    pub async fn send_image(
        &self,
        customer: &str,
        image: Image<'_>,
        caption: &str,
        until: Instant,
    ) -> Result<i32, CallError> {
        let mut form = Form::new().text("chat_id", chat(customer)?.to_string());
        if !caption.is_empty() {
            fits(caption, MAX_CAPTION)?;
            form = form.text("caption", caption.to_owned());
        }
        self.send_photo(form, image, until).await
    }

    /// `sendPhoto`: these fields, and a picture.
    pub(super) async fn send_photo(&self, form: Form, image: Image<'_>, until: Instant) -> Result<i32, CallError> {
        if image.bytes.is_empty() || image.bytes.len() > MAX_IMAGE {
            return Err(CallError::content(format!("not sent: a picture has 1 to {MAX_IMAGE} bytes")));
        }
        let part = Part::bytes(image.bytes.to_vec()).file_name(image.name.to_owned());
        message_id(&self.upload("SendPhoto", form.part("photo", part), Limits::until(until)).await?)
    }
}

/// Whatever stands behind a link changes without anybody's approval.
pub(super) const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

fn chat(customer: &str) -> Result<i64, CallError> {
    customer.parse().map_err(|_| CallError::content("not sent: the customer's id is no chat of Telegram's"))
}

/// Refuses what Telegram would: it never cuts a text.
pub(super) fn fits(text: &str, most: usize) -> Result<(), CallError> {
    let limit = TextLimit::Utf16(most);
    if text.trim().is_empty() {
        return Err(CallError::content("not sent: empty text"));
    }
    if limit.holds(text) {
        return Ok(());
    }
    Err(CallError::content(format!("not sent: {} UTF-16 units, at most {most}", limit.length(text))))
}

/// The id in a sent message. The rest of it is what we said ourselves.
pub(super) fn message_id(message: &Value) -> Result<i32, CallError> {
    let id = message.get("message_id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
    id.ok_or_else(|| CallError::unknown("the answer has no message_id"))
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
