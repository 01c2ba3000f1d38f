//! How a bot gets its updates: by polling, or by a webhook; never both.

use std::time::Duration;

use serde_json::Value;

use super::calls::{Answered, Refused};
use super::fields::Fields;
use super::handle::Shared;
use super::world::{BotState, Hook, World};

/// Longest wait of one poll, in seconds.
const LONGEST: i64 = 50;
const OTHER_POLL: &str = "terminated by other getUpdates request; make sure that only one bot instance is running";
const HAS_WEBHOOK: &str =
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";

/// `getUpdates`: waits for the first update; a newer poll ends it.
pub(super) async fn updates(shared: &Shared, bot: i64, fields: &Fields) -> Answered {
    let seconds = fields.int("timeout")?.unwrap_or(0).clamp(0, LONGEST);
    let end = tokio::time::Instant::now() + Duration::from_secs(seconds.unsigned_abs());
    let mut news = shared.news.subscribe();
    let mine = begin(&mut shared.world(), bot, fields)?;
    shared.wake();
    loop {
        news.mark_unchanged();
        let page = page(&mut shared.world(), bot, fields, mine)?;
        let empty = page.as_array().is_none_or(Vec::is_empty);
        if !empty || tokio::time::Instant::now() >= end {
            return Ok(page);
        }
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep_until(end) => {}
            () = shared.until_stopped() => return Ok(page),
        }
    }
}

/// Takes the place of an older poll, and confirms what lies before the offset.
fn begin(world: &mut World, bot: i64, fields: &Fields) -> Result<u64, Refused> {
    world.expire(bot);
    let (offset, wants) = (fields.int("offset")?, fields.kinds()?);
    let state = state(world, bot)?;
    if state.webhook.is_some() {
        return Err(Refused::conflict(HAS_WEBHOOK));
    }
    if let Some(wants) = wants {
        state.wants = (!wants.is_empty()).then_some(wants);
    }
    match offset {
        Some(offset) if offset >= 0 => state.queue.retain(|waiting| waiting.id >= offset),
        // The last ones only; everything before them is forgotten.
        Some(last) => {
            let keep = usize::try_from(last.unsigned_abs()).unwrap_or(usize::MAX);
            let forget = state.queue.len().saturating_sub(keep);
            state.queue.drain(..forget);
        }
        None => {}
    }
    state.poll += 1;
    Ok(state.poll)
}

fn page(world: &mut World, bot: i64, fields: &Fields, mine: u64) -> Answered {
    let limit = fields.int("limit")?.unwrap_or(100);
    if !(1..=100).contains(&limit) {
        return Err(Refused::bad("limit must be between 1 and 100"));
    }
    let state = state(world, bot)?;
    if state.webhook.is_some() || state.poll != mine {
        return Err(Refused::conflict(OTHER_POLL));
    }
    let limit = usize::try_from(limit).unwrap_or(100);
    Ok(state.queue.iter().take(limit).map(|waiting| waiting.update.clone()).collect())
}

pub(super) fn set_webhook(world: &mut World, bot: i64, fields: &Fields) -> Answered {
    let url = fields.text("url")?.unwrap_or_default().to_owned();
    if url.is_empty() {
        return delete_webhook(world, bot, fields);
    }
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
        return Err(Refused::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    if fields.int("max_connections")?.is_some_and(|most| !(1..=100).contains(&most)) {
        return Err(Refused::bad("max_connections must be between 1 and 100"));
    }
    let secret = fields.text("secret_token")?.map(str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if secret.as_ref().is_some_and(|secret| secret.is_empty() || secret.len() > 256 || !secret.chars().all(plain)) {
        return Err(Refused::bad("secret token contains unallowed characters"));
    }
    let (wants, drop_pending) = (fields.kinds()?, fields.flag("drop_pending_updates")?);
    let state = state(world, bot)?;
    if let Some(wants) = wants {
        state.wants = (!wants.is_empty()).then_some(wants);
    }
    if drop_pending {
        state.queue.clear();
    }
    state.webhook = Some(Hook { url, secret });
    Ok(Value::Bool(true))
}

pub(super) fn delete_webhook(world: &mut World, bot: i64, fields: &Fields) -> Answered {
    let drop_pending = fields.flag("drop_pending_updates")?;
    let state = state(world, bot)?;
    state.webhook = None;
    if drop_pending {
        state.queue.clear();
    }
    Ok(Value::Bool(true))
}

fn state(world: &mut World, bot: i64) -> Result<&mut BotState, Refused> {
    world.bots.get_mut(&bot).ok_or_else(|| Refused::numbered(401))
}
