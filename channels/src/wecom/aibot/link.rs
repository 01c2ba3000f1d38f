//! The loop around the machine: one task owns the socket, reads, writes and waits.

use super::frame::MAX_FRAME;
use super::incoming::Chat;
use super::machine::{Answerable, Command, Event, Identity, Machine, Output, ReplyTo, Text, Ticket};
use super::outgoing::{Message, Stream, Welcome, update_body};
use super::timing::Timing;
use crate::http::is_loopback;
use crate::wecom::api::ApiError;
use futures::{SinkExt, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message as Packet;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

/// Events that wait for a slow caller; above it the socket is no longer read.
const MAX_EVENTS: usize = 1_024;
/// Longest wait for a socket to take a frame; one that takes none is dead.
const WRITE_LIMIT: Duration = Duration::from_secs(3);
/// Longest wait for a farewell.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);
/// How long the loop sleeps where nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

/// What a connection needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// [`OFFICIAL_URL`](super::OFFICIAL_URL), or a stand-in on this host.
    pub url: String,
    /// The bot's id, as the console shows it.
    pub bot_id: String,
    /// Its secret for the long connection.
    pub secret: SecretString,
    /// How long to wait for what.
    pub timing: Timing,
    /// A random number, drawn anew for every connection: ids are made from it, and waits vary by it.
    pub seed: u64,
}

/// Which setting cannot be used. The message never quotes the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address is no `wss://host…`.
    #[error("the AI bot's address must be wss://host (ws:// only to this machine), without user, query or fragment")]
    Url,
    /// The bot id is empty.
    #[error("the AI bot's id is empty")]
    BotId,
    /// The secret is empty.
    #[error("the AI bot's secret is empty")]
    Secret,
    /// The HTTP client for files could not be built.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}

/// The speaking end. Cheap to clone; the connection ends with the last clone, or with [`Events`].
#[derive(Debug, Clone)]
pub struct Link {
    asks: mpsc::Sender<Ask>,
}

/// The listening end.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Event>,
}

impl Events {
    /// The next event; `None` when the connection is over for good. What was heard before a connection was lost comes
    /// before [`Event::Lost`].
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

#[derive(Debug)]
enum Ask {
    Say(Command, oneshot::Sender<Result<Value, ApiError>>),
    Stop,
}

/// Begins to connect, and keeps connected until it is evicted, refused or shut down. Must be called within a Tokio
/// runtime. A rustls provider must be installed in the process before.
///
/// # Errors
/// [`SettingsError`] names the setting that cannot be used.
pub fn connect(settings: Settings) -> Result<(Link, Events), SettingsError> {
    let Settings { url, bot_id, secret, timing, seed } = settings;
    let url = checked(&url)?;
    if bot_id.trim().is_empty() {
        return Err(SettingsError::BotId);
    }
    if secret.expose_secret().trim().is_empty() {
        return Err(SettingsError::Secret);
    }
    let (asks, asked) = mpsc::channel(64);
    let (tell, events) = mpsc::channel(64);
    let machine = Machine::new(Identity { bot_id, secret }, timing, seed, 0);
    tokio::spawn(Driver::new(machine, url, asked, tell).run());
    Ok((Link { asks }, Events { events }))
}

/// Whether an address can be connected to.
///
/// # Errors
/// [`SettingsError::Url`].
pub fn check_url(address: &str) -> Result<(), SettingsError> {
    checked(address).map(drop)
}

fn checked(address: &str) -> Result<Url, SettingsError> {
    let url = Url::parse(address.trim()).map_err(|_| SettingsError::Url)?;
    let secure = url.scheme() == "wss" || (url.scheme() == "ws" && is_loopback(&url));
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.has_host();
    if secure && plain { Ok(url) } else { Err(SettingsError::Url) }
}

impl Link {
    /// Replies to a message, within 24 h and on the same connection.
    ///
    /// # Errors
    /// [`ApiError`]; see [`instead`](super::instead).
    pub async fn respond(&self, to: &ReplyTo, message: &Message) -> Result<(), ApiError> {
        self.reply(to, Answerable::Message, message.body()?).await
    }

    /// Sends the next frame of a stream that replies to a message. Frames of one callback leave one after the other, each
    /// after the answer to the one before; an unknown one is made good by the next, which holds the whole text.
    ///
    /// # Errors
    /// [`ApiError`]; see [`instead`](super::instead).
    pub async fn stream(&self, to: &ReplyTo, frame: &Stream) -> Result<(), ApiError> {
        self.reply(to, Answerable::Message, frame.body()?).await
    }

    /// Answers an entry, within 5 s and once.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn welcome(&self, to: &ReplyTo, welcome: &Welcome) -> Result<(), ApiError> {
        self.reply(to, Answerable::Entry, welcome.body()?).await
    }

    /// Changes the card that was pressed, within 5 s and once, for these members or for everybody who sees it. The card
    /// carries the `task_id` of the pressed one. Words to go with it are pushed.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn update_card(&self, to: &ReplyTo, card: &Value, userids: &[String]) -> Result<(), ApiError> {
        self.reply(to, Answerable::Tap, update_body(card, userids)).await
    }

    /// Says something unasked, to a member or group that has talked to the bot before.
    ///
    /// # Errors
    /// [`ApiError`]; 93006 means that there is no such chat.
    pub async fn push(&self, chat: &Chat, message: &Message) -> Result<(), ApiError> {
        self.ask(Command::Own("aibot_send_msg", message.pushed_to(chat)?)).await.map(drop)
    }

    /// Ends the connection; [`Events::next`] gives `None` once it is over.
    pub async fn shutdown(&self) {
        // An error means that it is over already.
        let _ = self.asks.send(Ask::Stop).await;
    }

    async fn reply(&self, to: &ReplyTo, by: Answerable, body: Value) -> Result<(), ApiError> {
        self.ask(Command::Reply(to.clone(), by, body)).await.map(drop)
    }

    pub(super) async fn ask(&self, command: Command) -> Result<Value, ApiError> {
        let (answer, answered) = oneshot::channel();
        let over = || ApiError::NotSent { why: "the connection is over".into() };
        self.asks.send(Ask::Say(command, answer)).await.map_err(|_| over())?;
        // The loop answers everything it took; where it died, nobody knows.
        answered.await.unwrap_or_else(|_| Err(ApiError::unknown("the connection's task ended")))
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Opening = Pin<Box<dyn Future<Output = Option<Socket>> + Send>>;

/// What the loop owns.
struct Driver {
    machine: Machine,
    url: Url,
    began: Instant,
    asks: mpsc::Receiver<Ask>,
    events: mpsc::Sender<Event>,
    opening: Option<Opening>,
    socket: Option<Socket>,
    told: VecDeque<Event>,
    answers: BTreeMap<Ticket, oneshot::Sender<Result<Value, ApiError>>>,
    tickets: Ticket,
}

impl Driver {
    fn new(machine: Machine, url: Url, asks: mpsc::Receiver<Ask>, events: mpsc::Sender<Event>) -> Driver {
        Driver {
            machine,
            url,
            began: Instant::now(),
            asks,
            events,
            opening: None,
            socket: None,
            told: VecDeque::new(),
            answers: BTreeMap::new(),
            tickets: 0,
        }
    }

    async fn run(mut self) {
        loop {
            self.carry_out().await;
            if self.machine.is_over() && self.told.is_empty() {
                break;
            }
            self.wait().await;
        }
        self.asks.close();
        while let Some(ask) = self.asks.recv().await {
            if let Ask::Say(command, answer) = ask {
                self.say(command, answer);
            }
        }
        self.carry_out().await;
    }

    /// Waits for one thing to happen, and lets it happen to the machine.
    async fn wait(&mut self) {
        let wake = match self.machine.wake_ms() {
            Some(ms) => self.began + Duration::from_millis(ms),
            None => Instant::now() + IDLE,
        };
        let readable = self.told.len() < MAX_EVENTS;
        let events = self.events.clone();
        tokio::select! {
            opened = opened(&mut self.opening), if self.opening.is_some() => {
                self.opening = None;
                self.socket = opened;
                let now = self.now_ms();
                if self.socket.is_some() { self.machine.opened(now) } else { self.machine.closed(now) }
            }
            packet = next_packet(&mut self.socket), if self.socket.is_some() && readable => self.read(packet),
            permit = events.reserve(), if !self.told.is_empty() => {
                match (permit, self.told.pop_front()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    // Nobody listens any more.
                    _ => { self.told.clear(); self.machine.stop(); }
                }
            }
            () = events.closed(), if self.told.is_empty() => self.machine.stop(),
            // Also when it is over: a caller that waits for an answer reads no events.
            ask = self.asks.recv(), if !(self.machine.is_over() && self.asks.is_closed()) => match ask {
                Some(Ask::Say(command, answer)) => self.say(command, answer),
                Some(Ask::Stop) | None => self.machine.stop(),
            },
            () = sleep_until(wake) => { let now = self.now_ms(); self.machine.tick(now); }
        }
    }

    fn read(&mut self, packet: Option<Packet>) {
        let now = self.now_ms();
        match packet {
            Some(Packet::Text(text)) => self.machine.received(text.as_str(), now),
            Some(Packet::Close(_)) | None => {
                self.socket = None;
                self.machine.closed(now);
            }
            // Pings of the WebSocket itself are answered by the library; the platform's are frames.
            Some(_) => {}
        }
    }

    fn say(&mut self, command: Command, answer: oneshot::Sender<Result<Value, ApiError>>) {
        self.tickets += 1;
        self.answers.insert(self.tickets, answer);
        let now = self.now_ms();
        self.machine.ask(self.tickets, command, now);
    }

    async fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll() {
            match output {
                Output::Open => self.opening = Some(Box::pin(open(self.url.clone()))),
                Output::Close => self.close().await,
                Output::Write(Text(text)) => self.write(text).await,
                Output::Tell(event) => self.told.push_back(event),
                Output::Answer(ticket, result) => {
                    // An error means that the caller did not wait.
                    let _ = self.answers.remove(&ticket).map(|answer| answer.send(result));
                }
            }
        }
    }

    async fn write(&mut self, text: String) {
        let Some(socket) = &mut self.socket else { return };
        let written = timeout(WRITE_LIMIT, socket.send(Packet::text(text))).await;
        if !matches!(written, Ok(Ok(()))) {
            self.socket = None;
            let now = self.now_ms();
            self.machine.closed(now);
        }
    }

    async fn close(&mut self) {
        self.opening = None;
        if let Some(mut socket) = self.socket.take() {
            // Politeness only: a dead socket takes no farewell.
            let _ = timeout(CLOSE_LIMIT, socket.close(None)).await;
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

async fn open(url: Url) -> Option<Socket> {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    match connect_async_with_config(url.as_str(), Some(config), true).await {
        Ok((socket, _)) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "the AI bot's connection could not be opened");
            None
        }
    }
}

async fn opened(opening: &mut Option<Opening>) -> Option<Socket> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}

/// The next packet; `None` when the socket is closed or broken.
async fn next_packet(socket: &mut Option<Socket>) -> Option<Packet> {
    match socket {
        Some(socket) => socket.next().await.and_then(Result::ok),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
