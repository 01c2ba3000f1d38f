//! WeCom's AI bots (智能机器人) over their long connection (wecom 101463): one bot on a WebSocket server of its own, and the
//! members who talk to it.
//!
//! It refuses what WeCom refuses. One connection is live: a second subscriber evicts the first. What members do while
//! nobody is subscribed is lost and never sent again, as far as the documents say. Codes that the documents leave open are
//! those seen in the field: 93019 no such bot, 853000 a wrong secret, 93006 no such chat, 846605 nothing to answer any
//! more, 846608 a stream that is over, 846609 not subscribed; everything malformed is 40058.

mod answers;
mod card;
mod faults;
mod ledger;
mod members;
mod server;
mod upload;
mod world;

pub use faults::Fault;
pub use ledger::{Cmd, Happened, Row};
pub use members::Told;
pub use upload::Uploaded;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Clock;
use world::World;

/// A running bot platform on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct AiBot {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: Arc<watch::Sender<()>>,
}

/// What the server and the handle share.
pub(crate) struct Shared {
    world: Mutex<World>,
    stopped: watch::Receiver<()>,
}

impl Shared {
    /// The world, locked. Nothing may await while it is held.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AiBot {
    /// Serves one bot on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where no socket can be had.
    pub async fn start(bot_id: &str, secret: &str, clock: Clock) -> anyhow::Result<AiBot> {
        // The bot's clients cannot be built without a provider; one that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let origin = format!("http://{address}");
        let world = Mutex::new(World::new(bot_id, secret, &origin, clock));
        let shared = Arc::new(Shared { world, stopped });
        let router = server::router(shared.clone());
        let mut until = shared.stopped.clone();
        tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(async move {
                // An error means that the handle is gone, which is the end.
                let _ = until.changed().await;
            });
            let _ = serve.await;
        });
        Ok(AiBot { shared, address, _stop: Arc::new(stop) })
    }

    /// Where the bot connects to.
    pub fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// Whether a connection is subscribed.
    pub fn subscribed(&self) -> bool {
        self.world().live().is_some()
    }

    /// How many connections ever subscribed.
    pub fn subscriptions(&self) -> u64 {
        self.world().subscriptions
    }

    /// Everything that happened so far, oldest first.
    pub fn ledger(&self) -> Vec<Row> {
        self.world().ledger.clone()
    }

    /// The bodies of every accepted command of that kind, whether or not its answer got lost.
    pub fn accepted(&self, cmd: Cmd) -> Vec<Value> {
        let done = |row: &Row| row.happened == Happened::Command(cmd) && row.accepted;
        self.world().ledger.iter().filter(|row| done(row)).map(|row| row.body.clone()).collect()
    }

    /// What was pushed to a chat, in order.
    pub fn pushed(&self, chatid: &str) -> Vec<Value> {
        self.accepted(Cmd::SendMsg).into_iter().filter(|body| body["chatid"] == chatid).collect()
    }

    /// A card as that member sees it now; `None` where there is none.
    pub fn card(&self, userid: &str, task_id: &str) -> Option<Value> {
        self.world().cards.get(task_id).and_then(|card| card.shown_to(userid)).cloned()
    }

    /// Every look that a card ever had, oldest first, whoever saw it.
    pub fn card_history(&self, task_id: &str) -> Vec<Value> {
        self.world().cards.get(task_id).map(card::Posted::history).unwrap_or_default()
    }

    /// The text of the stream that replied to that message, and whether it was finished.
    pub fn streamed(&self, msgid: &str) -> Option<(String, bool)> {
        self.world().streamed(msgid)
    }

    /// Every finished upload.
    pub fn uploads(&self) -> Vec<Uploaded> {
        self.world().uploads.finished.clone()
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

#[cfg(test)]
mod campaign_tests;
#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod tests;
