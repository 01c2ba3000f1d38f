//! The AI bot (智能机器人) as this instance has it: its settings, and its connection while this instance holds it. One
//! instance does, by a lease; what can only leave by the connection waits for that one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use channels::wecom::aibot::{self, Events, Files, Link, ReplyTo, SettingsError, Timing};
use secrecy::SecretString;

use crate::clock::{SECOND, Timestamp};

/// How long the connection may be away before another surface takes over: a reconnect is over sooner.
pub const PATIENCE: Timestamp = 10 * SECOND;
/// Taps whose cards may still be changed, kept at most.
const MOST_TAPS: usize = 1_000;

/// What is needed to connect.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where, `wss://…`.
    pub url: String,
    /// The bot.
    pub id: String,
    /// What it proves itself by.
    pub secret: SecretString,
}

/// The AI bot.
pub struct Aibot {
    settings: Settings,
    /// What members attach.
    pub files: Files,
    held: Mutex<Held>,
    /// What is heard, by whoever listens: one at a time.
    pub(crate) heard: tokio::sync::Mutex<Option<Events>>,
}

/// What this instance has of the connection.
#[derive(Default)]
struct Held {
    /// Whether the connection is ours to hold; not while another instance holds it.
    ours: bool,
    link: Option<Link>,
    /// Since when it has been away; none while it is up.
    away_since: Option<Timestamp>,
    /// Not to be opened before.
    not_before: Timestamp,
    taps: BTreeMap<String, ReplyTo>,
}

impl Aibot {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// Where this machine cannot make connections safe.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        // A stand-in on this host may serve its files without encryption.
        let files = Files::new(settings.url.starts_with("ws://"))?;
        Ok(Self { settings, files, held: Mutex::default(), heard: tokio::sync::Mutex::new(None) })
    }

    /// The bot's id.
    pub fn id(&self) -> &str {
        &self.settings.id
    }

    /// The connection, while it is up.
    pub fn link(&self) -> Option<Link> {
        let held = self.held();
        held.link.clone().filter(|_| held.away_since.is_none())
    }

    /// Whether this instance carries out what needs the connection: it is up, or has been away for so long that another
    /// surface has to take over.
    pub fn serves(&self, now: Timestamp) -> bool {
        let held = self.held();
        held.ours && held.away_since.is_none_or(|since| now - since >= PATIENCE)
    }

    /// The connection is ours to hold, from now on or still.
    pub(crate) fn is_ours(&self, now: Timestamp) {
        let mut held = self.held();
        if !held.ours {
            (held.ours, held.away_since) = (true, Some(now));
        }
    }

    /// Whether the connection may be opened now.
    pub(crate) fn may_connect(&self, now: Timestamp) -> bool {
        now >= self.held().not_before
    }

    /// Another instance holds it.
    pub(crate) fn not_ours(&self) {
        *self.held() = Held::default();
    }

    /// Begins to connect. What is heard goes to whoever has the lock on `heard`.
    pub(crate) fn connect(&self, seed: u64) -> Result<Events, SettingsError> {
        let Settings { url, id, secret } = self.settings.clone();
        let settings = aibot::Settings { url, bot_id: id, secret, timing: Timing::default(), seed };
        let (link, events) = aibot::connect(settings)?;
        self.held().link = Some(link);
        Ok(events)
    }

    /// Subscribed.
    pub(crate) fn up(&self) {
        self.held().away_since = None;
    }

    /// The connection is lost, and is being opened anew.
    pub(crate) fn away(&self, now: Timestamp) {
        let mut held = self.held();
        held.away_since.get_or_insert(now);
        held.taps.clear();
    }

    /// The connection is over, and is not opened again before `until`.
    pub(crate) fn over(&self, now: Timestamp, until: Timestamp) {
        self.away(now);
        let mut held = self.held();
        (held.link, held.not_before) = (None, until);
    }

    /// A tap whose card may be changed: by its token, once.
    pub(crate) fn tapped(&self, token: &str, tap: ReplyTo) {
        let mut held = self.held();
        if held.taps.len() >= MOST_TAPS {
            held.taps.pop_first();
        }
        held.taps.insert(token.to_owned(), tap);
    }

    /// What a tap's card is changed by, for one user.
    pub(crate) fn take_tap(&self, token: &str) -> Option<ReplyTo> {
        self.held().taps.remove(token)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
