//! The handle on the simulated world.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use channels::wecom::crypt::Crypt;
use tokio::sync::watch;

use crate::api::Api;
use crate::faults::Faults;
use crate::ledger::{AppMessage, Call, KfSend, LedgerRow};
use crate::media::Medium;
use crate::oauth::{self, Person};
use crate::settings::Settings;
use crate::stop::StopOnDrop;
use crate::wire::{Hangup, Listener};
use crate::world::World;
use crate::{clock::Clock, server};

/// A running WeCom on 127.0.0.1. Clones share it; it ends with [`Simulator::shutdown`] or with the last clone.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) shared: Arc<Shared>,
    _stop: Arc<StopOnDrop>,
}

/// What the server and the handle share.
pub(crate) struct Shared {
    world: Mutex<World>,
    origin: String,
    stopped: watch::Receiver<bool>,
    pub(crate) client: reqwest::Client,
    pub(crate) crypt: Crypt,
    pub(crate) corp_id: String,
    pub(crate) agent_id: i64,
    pub(crate) callback_timeout: Duration,
}

impl Shared {
    /// The world, locked. Nothing may await while it is held.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when the simulator ends.
    pub(crate) async fn until_stopped(&self) {
        until(self.stopped.clone()).await;
    }
}

pub(crate) async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

impl Simulator {
    /// Binds a free port of 127.0.0.1 and serves the API and the sign-in page.
    ///
    /// # Errors
    /// Where the callback settings make no key, or no socket can be had.
    pub async fn start(settings: Settings) -> anyhow::Result<Simulator> {
        // Clients cannot be built without a provider; one that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let crypt = Crypt::new(&settings.callback_token, &settings.callback_aes_key, &settings.corp_id)?;
        let client = reqwest::Client::builder().no_proxy().build().context("building the callback client")?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("binding 127.0.0.1")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            origin,
            stopped,
            client,
            crypt,
            corp_id: settings.corp_id.clone(),
            agent_id: settings.agent_id,
            callback_timeout: settings.callback_timeout,
            world: Mutex::new(World::new(settings)),
        });
        let stop_signal = until(shared.stopped.clone());
        let service = server::router(shared.clone()).into_make_service_with_connect_info::<Hangup>();
        let serving = axum::serve(Listener(listener), service).with_graceful_shutdown(stop_signal);
        tokio::spawn(async move { serving.await });
        Ok(Simulator { shared, _stop: Arc::new(StopOnDrop(stop)) })
    }

    /// Stops serving; calls that hang end.
    pub fn shutdown(&self) {
        self._stop.0.send_replace(true);
    }

    /// `http://127.0.0.1:PORT`: where the sign-in page `/connect/oauth2/authorize` is.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// The value for `WECOM_API_BASE`: the origin and `/cgi-bin`.
    pub fn api_base(&self) -> String {
        format!("{}/cgi-bin", self.shared.origin)
    }

    /// The phone page, to be mounted on another server.
    pub fn router(&self) -> Router {
        crate::phone::router(self.clone())
    }

    /// Where callbacks go from now on.
    pub fn set_callback_url(&self, url: &str) {
        self.world().callback_url = Some(url.to_owned());
    }

    /// The world's time.
    pub fn clock(&self) -> Clock {
        self.world().settings.clock.clone()
    }

    /// The settings that the world runs under.
    pub fn settings(&self) -> Settings {
        self.world().settings.clone()
    }

    /// What a test puts in the way of API calls.
    pub fn faults(&self) -> Faults<'_> {
        Faults::of(self)
    }

    /// A stored picture, voice, video or file, also after its three days.
    pub fn media(&self, media_id: &str) -> Option<Medium> {
        self.world().media.get(media_id).cloned()
    }

    /// A sign-in code for a member, as the authorize page gives it: once, 5 minutes.
    pub fn oauth_code(&self, userid: &str) -> String {
        oauth::code(&mut self.world(), Person::Member(userid.to_owned()))
    }

    /// A sign-in code of somebody who is no member.
    pub fn oauth_code_of_outsider(&self, external_userid: &str) -> String {
        oauth::code(&mut self.world(), Person::Outsider { external_userid: external_userid.to_owned() })
    }

    /// Whose phone opens the authorize page: it redirects at once as that member. `None` offers all members.
    pub fn sign_in_as(&self, userid: Option<&str>) {
        self.world().oauth.owner = userid.map(str::to_owned);
    }

    /// Everything that happened so far, oldest first.
    pub fn ledger(&self) -> Vec<LedgerRow> {
        self.ledger_after(0)
    }

    /// What happened after the row numbered `seq`.
    pub fn ledger_after(&self, seq: u64) -> Vec<LedgerRow> {
        self.world().ledger.after(seq).to_vec()
    }

    /// How many calls of `api` reached the platform, refused ones and disturbed ones included.
    pub fn count(&self, api: Api) -> usize {
        self.world().ledger.after(0).iter().filter(|row| row.call == Call::Api(api)).count()
    }

    /// Every message to a customer that the platform accepted, in order, whether or not its answer got lost.
    pub fn accepted_kf_sends(&self) -> Vec<KfSend> {
        let world = self.world();
        world.ledger.after(0).iter().filter_map(|row| kf_send(&world, row)).collect()
    }

    /// Every message to that member that the platform accepted, in order, silently dropped ones included.
    pub fn accepted_app_messages(&self, userid: &str) -> Vec<AppMessage> {
        self.world().app.accepted_for(userid)
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

fn kf_send(world: &World, row: &LedgerRow) -> Option<KfSend> {
    let on_event = match row.call {
        Call::Api(Api::KfSendMsg) => false,
        Call::Api(Api::KfSendMsgOnEvent) => true,
        _ => return None,
    };
    if !row.accepted {
        return None;
    }
    let text =
        |pointer: &str| row.body.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let (open_kfid, touser) = if on_event {
        world.kf.event_code_target(&text("/code")).unwrap_or_default()
    } else {
        (text("/open_kfid"), text("/touser"))
    };
    let msgid = row.answer.get("msgid").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let text = text("/text/content");
    Some(KfSend { seq: row.seq, at_ms: row.at_ms, msgid, touser, open_kfid, text, body: row.body.clone(), on_event })
}
