//! The whole state of the simulated platform, behind one lock.

use std::collections::BTreeMap;

use crate::api::Api;
use crate::app::App;
use crate::faults::FaultPlan;
use crate::kf::Kf;
use crate::ledger::Ledger;
use crate::media::MediaStore;
use crate::oauth::OauthCodes;
use crate::rng::Rng;
use crate::settings::Settings;
use crate::tokens::{Tokens, Window};

/// Everything that the platform knows. Nothing awaits while it is locked.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) rng: Rng,
    pub(crate) callback_url: Option<String>,
    pub(crate) hold_doorbells: bool,
    pub(crate) tokens: Tokens,
    pub(crate) traffic: BTreeMap<Api, Window>,
    pub(crate) faults: FaultPlan<Api>,
    pub(crate) ledger: Ledger,
    pub(crate) media: MediaStore,
    pub(crate) oauth: OauthCodes,
    pub(crate) app: App,
    pub(crate) kf: Kf,
    ids: u64,
}

impl World {
    pub(crate) fn new(settings: Settings) -> World {
        World {
            rng: Rng::new(settings.seed),
            callback_url: settings.callback_url.clone(),
            settings,
            hold_doorbells: false,
            tokens: Tokens::default(),
            traffic: BTreeMap::new(),
            faults: FaultPlan::default(),
            ledger: Ledger::default(),
            media: MediaStore::default(),
            oauth: OauthCodes::default(),
            app: App::default(),
            kf: Kf::default(),
            ids: 0,
        }
    }

    /// Milliseconds since 1970 on the world's clock.
    pub(crate) fn now(&self) -> i64 {
        self.settings.clock.now_ms()
    }

    /// A number never given before, from 1.
    pub(crate) fn number(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// An opaque id: `prefix`, a random part, and a number that makes it unique.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let number = self.number();
        format!("{prefix}{:08x}{number:x}", self.rng.next() >> 32)
    }
}
