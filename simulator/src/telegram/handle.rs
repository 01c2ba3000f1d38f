//! The handle on the simulated Telegram.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::calls::{Call, Method, Row};
use super::faults::TelegramFaults;
use super::room::Message;
use super::world::{PressAnswer, World};
use super::{push, server};
use crate::clock::Clock;
use crate::stop::StopOnDrop;
use crate::wire::{Hangup, Listener};

/// A bot as BotFather made it.
#[derive(Clone, Debug)]
pub struct BotAccount {
    /// `<id>:<secret>`.
    pub token: String,
    /// Without `@`.
    pub username: String,
    /// Whether it hears only what is meant for it in groups: commands, replies to it, and its name.
    pub privacy: bool,
}

impl BotAccount {
    /// The id in its token; 0 where there is none.
    pub fn id(&self) -> i64 {
        self.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(0)
    }

    pub(super) fn user(&self) -> Value {
        json!({"id": self.id(), "is_bot": true, "first_name": self.username, "username": self.username})
    }
}

/// How much a bot may send; above it 429.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages in any second, over all chats.
    pub all_per_second: usize,
    /// Messages in any second, in one chat.
    pub chat_per_second: usize,
    /// Messages in any minute, in one group.
    pub group_per_minute: usize,
}

impl Default for Limits {
    /// What Telegram's questions and answers say (<https://core.telegram.org/bots/faq>), to the letter.
    fn default() -> Self {
        Self { all_per_second: 30, chat_per_second: 1, group_per_minute: 20 }
    }
}

impl Limits {
    /// None at all.
    pub const NONE: Self =
        Self { all_per_second: usize::MAX, chat_per_second: usize::MAX, group_per_minute: usize::MAX };
}

/// What a test chooses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bots.
    pub bots: Vec<BotAccount>,
    /// How much they may send.
    pub limits: Limits,
    /// The world's time. Only how long a poll waits is real time.
    pub clock: Clock,
    /// Everything that is random derives from this.
    pub seed: u64,
}

impl Default for Settings {
    /// One bot, `aijia_bot`.
    fn default() -> Self {
        let bot = BotAccount {
            token: "7001:simulated_bot_secret".to_owned(),
            username: "aijia_bot".to_owned(),
            privacy: true,
        };
        Self { bots: vec![bot], limits: Limits::default(), clock: Clock::system(), seed: 0 }
    }
}

/// A running Telegram on 127.0.0.1. Clones share it; it ends with [`Telegram::shutdown`] or with the last clone.
#[derive(Clone)]
pub struct Telegram {
    pub(super) shared: Arc<Shared>,
    stop: Arc<StopOnDrop>,
}

/// What the server and the handle share.
pub(super) struct Shared {
    world: Mutex<World>,
    /// Changes with everything that a poll or a delivery may wait for.
    pub(super) news: watch::Sender<u64>,
    pub(super) client: reqwest::Client,
    origin: String,
    stopped: watch::Receiver<bool>,
}

impl Shared {
    /// The world, locked. Nothing may await while it is held.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for something new.
    pub(super) fn wake(&self) {
        self.news.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Completes when the simulator ends.
    pub(super) async fn until_stopped(&self) {
        until(self.stopped.clone()).await;
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

impl Telegram {
    /// Binds a free port of 127.0.0.1 and serves the Bot API.
    ///
    /// # Errors
    /// Where no socket can be had.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        // Clients cannot be built without a provider; one that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().context("building the webhook client")?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("binding 127.0.0.1")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = watch::channel(false);
        let (news, _) = watch::channel(0);
        let world = Mutex::new(World::new(settings));
        let shared = Arc::new(Shared { world, news, client, origin, stopped });
        let stop_signal = until(shared.stopped.clone());
        let service = server::router(shared.clone()).into_make_service_with_connect_info::<Hangup>();
        let serving = axum::serve(Listener(listener), service).with_graceful_shutdown(stop_signal);
        tokio::spawn(async move { serving.await });
        tokio::spawn(push::deliver(shared.clone()));
        Ok(Self { shared, stop: Arc::new(StopOnDrop(stop)) })
    }

    /// Stops serving; calls that hang end.
    pub fn shutdown(&self) {
        self.stop.0.send_replace(true);
    }

    /// The value for `TELEGRAM_API_BASE`.
    pub fn api_base(&self) -> String {
        self.shared.origin.clone()
    }

    /// The world's time.
    pub fn clock(&self) -> Clock {
        self.world().settings.clock.clone()
    }

    /// What a test puts in the way of calls.
    pub fn faults(&self) -> TelegramFaults<'_> {
        TelegramFaults { telegram: self }
    }

    /// Everything that happened so far, oldest first.
    pub fn ledger(&self) -> Vec<Row> {
        self.world().rows.clone()
    }

    /// How many calls of `method` reached the platform, refused ones and disturbed ones included.
    pub fn count(&self, method: Method) -> usize {
        self.world().rows.iter().filter(|row| row.call == Call::Method(method)).count()
    }

    /// Every message that a bot got through, in order, as it stands now, whether or not its answer got lost.
    pub fn sent(&self) -> Vec<Message> {
        self.world().messages.iter().filter(|message| message.by_bot).cloned().collect()
    }

    /// Every message, people's too.
    pub fn messages(&self) -> Vec<Message> {
        self.world().messages.clone()
    }

    /// Everybody on Telegram, with their names.
    pub fn people(&self) -> Vec<(i64, String)> {
        self.world().people.iter().map(|(id, name)| (*id, name.clone())).collect()
    }

    /// The bots, with their names.
    pub fn bots(&self) -> Vec<(i64, String)> {
        self.world().bots.iter().map(|(id, bot)| (*id, bot.account.username.clone())).collect()
    }

    /// The bytes of a file that was sent.
    pub fn file(&self, file_id: &str) -> Option<Vec<u8>> {
        self.world().files.iter().find(|file| file.id == file_id).map(|file| file.bytes.clone())
    }

    /// What a bot answered to a press, once it did.
    pub fn answer(&self, query: &str) -> Option<PressAnswer> {
        self.world().presses.get(query)?.answer.clone()
    }

    /// How many updates wait for this bot.
    pub fn waiting(&self, bot: i64) -> usize {
        self.world().bots.get(&bot).map_or(0, |state| state.queue.len())
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}
