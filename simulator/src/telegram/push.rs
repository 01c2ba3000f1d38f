//! Deliveries to webhooks: one after the other, each until the bot answers 2xx.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::calls::{Call, Row};
use super::handle::Shared;
use super::world::{Hook, Waiting};

/// Pause after a delivery that the bot did not take, in real time; Telegram's grow.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a bot may take, in real time; Telegram gives 60 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Until the simulator ends.
pub(super) async fn deliver(shared: Arc<Shared>) {
    let mut news = shared.news.subscribe();
    loop {
        news.mark_unchanged();
        let taken = match next(&shared) {
            Some((bot, hook, waiting)) => Some(one(&shared, bot, &hook, &waiting).await),
            None => None,
        };
        tokio::select! {
            () = pause(&mut news, taken) => {}
            () = shared.until_stopped() => return,
        }
    }
}

/// None after a delivery, a short one after one that failed, and where there is nothing to deliver until there is.
async fn pause(news: &mut watch::Receiver<u64>, taken: Option<bool>) {
    match taken {
        Some(true) => {}
        Some(false) => tokio::time::sleep(PAUSE).await,
        // An error means that the simulator is gone, which the caller hears too.
        None => drop(news.changed().await),
    }
}

/// The oldest update of a bot that has a webhook; the bot that waits longest first.
fn next(shared: &Shared) -> Option<(i64, Hook, Waiting)> {
    let mut world = shared.world();
    let bots: Vec<i64> = world.bots.keys().copied().collect();
    bots.into_iter().for_each(|bot| world.expire(bot));
    let waiting =
        world.bots.iter().filter_map(|(bot, state)| Some((*bot, state.webhook.clone()?, state.queue.front()?.clone())));
    waiting.min_by_key(|(_, _, waiting)| waiting.at_ms)
}

async fn one(shared: &Shared, bot: i64, hook: &Hook, waiting: &Waiting) -> bool {
    let mut request = shared.client.post(&hook.url).timeout(ANSWER_LIMIT);
    request = request.header("content-type", "application/json").body(waiting.update.to_string());
    if let Some(secret) = &hook.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
    let taken = (200..300).contains(&status);
    let mut world = shared.world();
    let at_ms = world.now();
    if taken && let Some(state) = world.bots.get_mut(&bot) {
        let front = state.queue.iter().position(|other| other.id == waiting.id);
        front.and_then(|at| state.queue.remove(at));
    }
    let (call, code, body) = (Call::Webhook, i64::from(status), waiting.update.clone());
    world.append(Row { seq: 0, at_ms, bot, call, accepted: taken, code, body, answer: Value::Null, fault: None });
    taken
}
