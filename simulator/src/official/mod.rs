//! A 公众号 (WeChat Official Account) as a strict platform with a ledger: it gives tokens, takes messages to customers as
//! far as their own acts allow, and calls the bot in any of its three modes, again where no answer comes.
//!
//! Facts are from the pages under `https://developers.weixin.qq.com/doc/service/`, named by their last part.

mod acts;
mod api;
mod callbacks;
mod people;
mod server;
mod tokens;

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use channels::wecom::crypt::Crypt;
use serde_json::Value;
use tokio::sync::watch;

pub use acts::Delivery;
pub use api::Call;
pub use callbacks::Knock;

use crate::clock::Clock;
use crate::errcode::Errcode;
use crate::faults::Fault;
use crate::rng::Rng;
use crate::settings::Nonce;
use crate::simulator::until;
use crate::stop::StopOnDrop;
use crate::wire::{Hangup, Listener};

/// 消息加解密方式, as the console has it ("push/encryption").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 明文模式.
    Clear,
    /// 兼容模式: clear text with a ciphertext beside it.
    Compatible,
    /// 安全模式.
    Safe,
}

/// 数据格式 of the callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// As most accounts have it.
    Xml,
    /// As new ones can have it.
    Json,
}

/// One account.
#[derive(Clone, Debug)]
pub struct Settings {
    /// App id.
    pub app_id: String,
    /// 原始 ID: `ToUserName` of every callback.
    pub original_id: String,
    /// The account's secret.
    pub secret: String,
    /// The token of the callback address.
    pub token: String,
    /// Its `EncodingAESKey`: 43 characters.
    pub aes_key: String,
    /// How callbacks are sealed.
    pub mode: Mode,
    /// How callbacks are written.
    pub notation: Notation,
    /// Whether a callback that is tried again keeps nonce and signature; not documented.
    pub retry_nonce: Nonce,
    /// How long a callback may take, in real time; the platform gives 5 s.
    pub callback_timeout: Duration,
    /// The code for a send to who has unfollowed: 45015 says so, 43004 is documented for it too.
    pub unfollowed: Errcode,
    /// Everything that is random derives from this.
    pub seed: u64,
    /// The world's time.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            app_id: "wx7c1e0b5a94d2f638".to_owned(),
            original_id: "gh_3d5f81a0c7e2".to_owned(),
            secret: "simulated-account-secret".to_owned(),
            token: "simulatedToken".to_owned(),
            aes_key: "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR".to_owned(),
            mode: Mode::Safe,
            notation: Notation::Xml,
            retry_nonce: Nonce::Same,
            callback_timeout: Duration::from_secs(5),
            unfollowed: api::OUT_OF_TIME,
            seed: 0,
            clock: Clock::system(),
        }
    }
}

/// One call that reached the platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// What.
    pub call: Call,
    /// 0 where the platform did it, even if its answer got lost; the errcode where it refused; nothing where a fault kept
    /// the call away.
    pub errcode: Option<i64>,
    /// The JSON body, or the query, without token and secret.
    pub body: Value,
    /// The fault that a test put in the way.
    pub fault: Option<Fault>,
}

/// A message to a customer that the platform accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// To whom.
    pub openid: String,
    /// `text` or `image`.
    pub kind: String,
    /// The words, or the media id.
    pub content: String,
}

/// A running platform on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Official {
    shared: Arc<Shared>,
    _stop: Arc<StopOnDrop>,
}

struct Shared {
    settings: Settings,
    base: String,
    crypt: Crypt,
    http: reqwest::Client,
    stopped: watch::Receiver<bool>,
    kept: Mutex<Kept>,
}

struct Kept {
    rng: Rng,
    /// Where the bot takes callbacks.
    door: Option<String>,
    tokens: tokens::Tokens,
    people: people::People,
    media: BTreeMap<String, api::Medium>,
    faults: BTreeMap<Call, VecDeque<Fault>>,
    ledger: Vec<Row>,
    knocks: Vec<Knock>,
    bubbles: Vec<String>,
}

impl Shared {
    /// Nothing may await while it is held.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.settings.clock.now_ms()
    }

    async fn until_stopped(&self) {
        until(self.stopped.clone()).await;
    }
}

impl Official {
    /// Binds a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where the callback settings make no key, or no socket can be had.
    pub async fn start(settings: Settings) -> anyhow::Result<Official> {
        // Clients cannot be built without a provider; one that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let crypt = Crypt::new(&settings.token, &settings.aes_key, &settings.app_id)?;
        let http = reqwest::Client::builder().no_proxy().build().context("building the callback client")?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("binding 127.0.0.1")?;
        let base = format!("http://{}/cgi-bin", listener.local_addr()?);
        let (stop, stopped) = watch::channel(false);
        let kept = Mutex::new(Kept::new(&settings));
        let shared = Arc::new(Shared { settings, base, crypt, http, stopped: stopped.clone(), kept });
        let service = server::router(shared.clone()).into_make_service_with_connect_info::<Hangup>();
        let serving = axum::serve(Listener(listener), service).with_graceful_shutdown(until(stopped));
        tokio::spawn(async move { serving.await });
        Ok(Official { shared, _stop: Arc::new(StopOnDrop(stop)) })
    }

    /// The base of its API: the origin and `/cgi-bin`.
    pub fn api_base(&self) -> String {
        self.shared.base.clone()
    }

    /// The settings it runs under.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Where the bot takes callbacks from now on.
    pub fn knock_at(&self, door: &str) {
        self.shared.kept().door = Some(door.to_owned());
    }

    /// The next `times` calls of this kind meet `fault`; queued behind earlier ones.
    pub fn disturb(&self, call: Call, times: usize, fault: Fault) {
        self.shared.kept().faults.entry(call).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// Kills every access token before its time.
    pub fn revoke_tokens(&self) {
        self.shared.kept().tokens.revoke();
    }

    /// Everything that was asked of it, oldest first.
    pub fn ledger(&self) -> Vec<Row> {
        self.shared.kept().ledger.clone()
    }

    /// How many calls of this kind reached it, refused and disturbed ones included.
    pub fn count(&self, call: Call) -> usize {
        self.shared.kept().ledger.iter().filter(|row| row.call == call).count()
    }

    /// Every message that it accepted, in order, whether or not its answer got lost.
    pub fn accepted(&self) -> Vec<Sent> {
        self.shared.kept().ledger.iter().filter_map(sent).collect()
    }

    /// What a callback was answered with that its customer saw as 该公众号提供的服务出现故障. Must stay empty.
    pub fn bubbles(&self) -> Vec<String> {
        self.shared.kept().bubbles.clone()
    }

    /// A picture that was uploaded, or that a customer sent; also after its three days.
    pub fn media(&self, media_id: &str) -> Option<Vec<u8>> {
        self.shared.kept().media.get(media_id).map(|medium| medium.bytes.clone())
    }
}

impl Kept {
    fn new(settings: &Settings) -> Kept {
        Kept {
            rng: Rng::new(settings.seed),
            door: None,
            tokens: tokens::Tokens::default(),
            people: people::People::default(),
            media: BTreeMap::new(),
            faults: BTreeMap::new(),
            ledger: Vec::new(),
            knocks: Vec::new(),
            bubbles: Vec::new(),
        }
    }
}

fn sent(row: &Row) -> Option<Sent> {
    if row.call != Call::Send || row.errcode != Some(0) {
        return None;
    }
    let text = |pointer: &str| row.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let content = text("/text/content").or_else(|| text("/image/media_id"))?;
    Some(Sent { at_ms: row.at_ms, openid: text("/touser")?, kind: text("/msgtype")?, content })
}

#[cfg(test)]
mod http_tests;
