//! The AI bot, over its long connection (wecom 101463, 101031, 101032). Only the instance that holds the connection gets
//! here with it up; elsewhere it is down.

use channels::wecom::aibot::{Chat, LIMITS, Message, RATES, harmless, verbatim};
use channels::wecom::api::{ApiError, MediaKind};
use channels::{TextLimit, split as split_text};
use serde_json::Value;

use super::{Missed, NotChanged};
use crate::aibot::Aibot;

/// `chat does not exist`: the member never opened the bot, or is spelled otherwise.
const NO_CHAT: i64 = 93_006;

/// In pieces that leave room for what makes them harmless: full-width signs take three bytes.
pub(super) fn split(text: &str) -> Vec<String> {
    split_text(text, TextLimit::Bytes(RATES.text_bytes / 3))
}

pub(super) async fn text(aibot: &Aibot, member: &str, text: &str) -> Result<(), Missed> {
    push(aibot, member, Message::Markdown(harmless(text))).await
}

/// A stretch of a draft exactly as it is, between the line above it and the line below it.
pub(super) async fn draft(aibot: &Aibot, member: &str, message: &str) -> Result<(), Missed> {
    let lines = message.split_once('\n').and_then(|(head, rest)| Some((head, rest.rsplit_once('\n')?)));
    match lines {
        Some((head, (stretch, mark))) => {
            push(aibot, member, Message::Markdown(format!("{head}\n{}\n{mark}", verbatim(stretch)))).await
        }
        None => text(aibot, member, message).await,
    }
}

pub(super) async fn picture(aibot: &Aibot, member: &str, bytes: &[u8]) -> Result<(), Missed> {
    let link = aibot.link().ok_or_else(down)?;
    let media = link.upload(MediaKind::Image, "customer.jpg", bytes).await.map_err(missed)?;
    push(aibot, member, Message::Media(MediaKind::Image, media)).await
}

pub(super) async fn post(aibot: &Aibot, member: &str, card: &Value) -> Result<(), Missed> {
    push(aibot, member, Message::Card(card.clone())).await
}

/// Only the tap that gave the code can be answered, once and within seconds: whatever went wrong, words follow.
pub(super) async fn change(aibot: &Aibot, member: &str, code: &str, card: &Value) -> Result<(), NotChanged> {
    let (Some(link), Some(tap)) = (aibot.link(), aibot.take_tap(code)) else { return Err(NotChanged::Never) };
    let changed = link.update_card(&tap, card, &[member.to_owned()]).await;
    changed.map_err(|error| {
        tracing::info!(%error, window_ms = LIMITS.update_window_ms, "a card of the AI bot was not changed");
        NotChanged::Never
    })
}

async fn push(aibot: &Aibot, member: &str, message: Message) -> Result<(), Missed> {
    let link = aibot.link().ok_or_else(down)?;
    link.push(&Chat::Member(member.to_owned()), &message).await.map_err(missed)
}

fn down() -> Missed {
    Missed::Down("the AI bot is not connected".into())
}

fn missed(error: ApiError) -> Missed {
    match error.code() {
        Some(NO_CHAT) => Missed::Never(error.to_string()),
        _ => super::app::missed(error),
    }
}
