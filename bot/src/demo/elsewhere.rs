//! The rest of the demo's world: customers on Telegram, the AI bot, and the switch that moves the team there and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulator::Clock;
use simulator::aibot::AiBot;
use simulator::phone::Elsewhere;
use simulator::telegram::{self, BotAccount, Spot, Telegram};

use super::stage;
use crate::app::App;
use crate::surface::Surface;
use crate::{config, start};

const BOT_ID: &str = "aibDemo";
const BOT_SECRET: &str = "demo-aibot-secret";
const TOKEN: &str = "7001:demo_bot_secret";
const CUSTOMERS: [(i64, &str); 2] = [(70_001, "小雨"), (70_002, "Olivia")];
/// The channel of Telegram's customers, for the demo's configuration file.
const CHANNEL: &str = include_str!("../../demo/telegram.toml");

/// Starts Telegram and the AI bot, with everybody who is there.
pub(super) async fn begin(clock: &Clock) -> anyhow::Result<Elsewhere> {
    let settings = telegram::Settings { bots: vec![bot()], clock: clock.clone(), ..telegram::Settings::default() };
    let telegram = Telegram::start(settings).await?;
    CUSTOMERS.iter().for_each(|(id, name)| telegram.add_person(*id, name));
    let aibot = AiBot::start(BOT_ID, BOT_SECRET, clock.clone()).await?;
    // Whoever never opened the bot's chat cannot be written to.
    stage::members().for_each(|member| drop(aibot.enters(member)));
    Ok(Elsewhere { telegram, aibot })
}

/// A customer on Telegram, and their chat with the bot.
pub(super) fn customer() -> (i64, Spot) {
    let (customer, _) = CUSTOMERS[0];
    (customer, Spot::private(bot().id(), customer))
}

/// The bot of Telegram's simulation.
fn bot() -> BotAccount {
    BotAccount { token: TOKEN.to_owned(), username: "aijia_bot".to_owned(), privacy: true }
}

/// What the program has to know of it.
pub(super) fn environment(elsewhere: &Elsewhere) -> Vec<(&'static str, String)> {
    vec![
        ("TELEGRAM_BOT_TOKEN", TOKEN.to_owned()),
        ("TELEGRAM_API_BASE", elsewhere.telegram.api_base()),
        ("WECOM_AIBOT_ID", BOT_ID.to_owned()),
        ("WECOM_AIBOT_SECRET", BOT_SECRET.to_owned()),
        ("WECOM_AIBOT_URL", elsewhere.aibot.url()),
    ]
}

/// The demo's configuration file: the shop's, its back `office`, and Telegram's channel.
pub(super) fn desk(office: &str) -> String {
    [stage::DESK, office, CHANNEL].concat()
}

/// The switch of the phones' page: `POST /phone/reviewers` with `{"surface": "wecom_app" | "wecom_aibot"}`.
pub(super) fn switch(app: App, desk: String) -> Router {
    let switch = Switch { app, desk: desk.into(), times: Arc::default() };
    Router::new().route("/phone/reviewers", post(reviewers)).with_state(switch)
}

#[derive(Clone)]
struct Switch {
    app: App,
    desk: Arc<str>,
    times: Arc<AtomicU32>,
}

#[derive(Deserialize)]
struct Reviewers {
    surface: Surface,
}

async fn reviewers(State(switch): State<Switch>, Json(wanted): Json<Reviewers>) -> (StatusCode, Json<Value>) {
    let times = switch.times.fetch_add(1, Ordering::Relaxed) + 1;
    match move_team(&switch.app, &switch.desk, wanted.surface, times).await {
        Ok(()) => (StatusCode::OK, Json(json!({}))),
        Err(problem) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": format!("{problem:#}") }))),
    }
}

/// From now on the team of the desk configured by `text` gets its cards on `surface` first: a configuration applied to the
/// running desk. How many times it was moved makes each content new: the same would not be applied twice.
///
/// # Errors
/// When the database fails.
pub(super) async fn move_team(app: &App, text: &str, surface: Surface, times: u32) -> anyhow::Result<()> {
    let mut desk = config::parse_desk(text, "aijia.toml").map_err(start::BadConfig)?;
    let mut order = vec![surface, Surface::WecomApp];
    order.dedup();
    let team = desk.people.iter_mut().filter(|person| person.wecom.is_some());
    team.for_each(|person| person.surfaces.clone_from(&order));
    let content = format!("{text}\n# the team is moved to {} ({times})", surface.as_str());
    start::apply_desk(app, desk, hex::encode(Sha256::digest(content))).await?;
    Ok(())
}
