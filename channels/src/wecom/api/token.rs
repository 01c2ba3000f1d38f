//! The access token: fetched by one caller at a time, shared by all, replaced before it ends (wecom 91039).

use super::share::{Lent, Shared, Token};
use super::{ApiError, Clock};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// A token is replaced this long before its end, in seconds.
const MARGIN_SECS: i64 = 300;
/// After the platform refused to give a token (wrong secret, untrusted address), nobody asks again for this long:
/// repeated wrong secrets get the address blocked for an hour.
const REFUSED_HOLD_SECS: i64 = 60;
/// While the held token still works, a failed replacement is tried again after this long.
const REPLACE_HOLD_SECS: i64 = 30;

/// What `gettoken` gave.
pub(super) struct Fresh {
    pub(super) value: SecretString,
    pub(super) expires_in: i64,
}

impl Fresh {
    fn token(self, now: i64) -> Token {
        let life = self.expires_in.max(0);
        let replace_at = now + life - MARGIN_SECS.min(life / 2);
        Token { value: self.value, replace_at, ends_at: now + life }
    }
}

struct Failure {
    error: ApiError,
    hold_until: i64,
}

#[derive(Default)]
struct Slot {
    token: Option<Token>,
    failure: Option<Failure>,
    /// The last token the platform refused: another process may still hand it out.
    refused: Option<SecretString>,
}

/// One app's token.
#[derive(Default)]
pub(super) struct TokenCache {
    slot: Mutex<Slot>,
    /// Fetches that ended, well or not: tells a waiter whether the failure it finds happened while it waited.
    fetches: AtomicU64,
    /// Those who use the same token.
    pub(super) shared: Option<Arc<dyn Shared>>,
}

impl TokenCache {
    /// The held token, another process's, or a fetched one. Callers that waited for a fetch share its outcome, failure
    /// included.
    pub(super) async fn get<F>(&self, clock: &Clock, fetch: impl FnOnce() -> F) -> Result<SecretString, ApiError>
    where
        F: Future<Output = Result<Fresh, ApiError>>,
    {
        if herd() {
            return self.get_alone(clock, fetch).await;
        }
        let before = self.fetches.load(Ordering::Acquire);
        let mut slot = self.slot.lock().await;
        let now = clock();
        if let Some(token) = slot.token.as_ref().filter(|t| now < t.replace_at) {
            return Ok(token.value.clone());
        }
        let waited = self.fetches.load(Ordering::Acquire) != before;
        if let Some(failure) = slot.failure.as_ref().filter(|f| waited || now < f.hold_until) {
            return slot.still_usable(now).ok_or_else(|| failure.error.clone());
        }
        let got = self.lent_or_fetched(slot.refused.as_ref(), clock, fetch).await;
        self.fetches.fetch_add(1, Ordering::Release);
        slot.settle(got, clock())
    }

    async fn lent_or_fetched<F>(
        &self,
        refused: Option<&SecretString>,
        clock: &Clock,
        fetch: impl FnOnce() -> F,
    ) -> Result<Token, ApiError>
    where
        F: Future<Output = Result<Fresh, ApiError>>,
    {
        let Some(shared) = &self.shared else { return Ok(fetch().await?.token(clock())) };
        match shared.token(refused).await {
            Lent::Token(token) => Ok(token),
            Lent::Nothing(why) => Err(ApiError::NotSent { why }),
            Lent::Fetch => {
                let fetched = fetch().await.map(|fresh| fresh.token(clock()));
                shared.fetched(fetched.as_ref().ok()).await;
                fetched
            }
        }
    }

    /// What the mistake `refresh-herd` does: whoever finds no token fetches one, all at once.
    async fn get_alone<F>(&self, clock: &Clock, fetch: impl FnOnce() -> F) -> Result<SecretString, ApiError>
    where
        F: Future<Output = Result<Fresh, ApiError>>,
    {
        let held = self.slot.lock().await.token.as_ref().filter(|t| clock() < t.replace_at).map(|t| t.value.clone());
        match held {
            Some(token) => Ok(token),
            None => {
                let fetched = fetch().await.map(|fresh| fresh.token(clock()));
                self.slot.lock().await.settle(fetched, clock())
            }
        }
    }

    /// Forgets the token if it still is the one that was refused; a newer one stays.
    pub(super) async fn invalidate(&self, refused: &SecretString) {
        let mut slot = self.slot.lock().await;
        if slot.token.as_ref().is_some_and(|t| t.value.expose_secret() == refused.expose_secret()) {
            slot.token = None;
            slot.refused = Some(refused.clone());
        }
    }
}

/// Whether the known mistake `refresh-herd` is made: in test builds with the feature `chaos` only.
fn herd() -> bool {
    cfg!(feature = "chaos") && std::env::var("AIJIA_MISTAKE").is_ok_and(|made| made == "refresh-herd")
}

impl Slot {
    fn still_usable(&self, now: i64) -> Option<SecretString> {
        self.token.as_ref().filter(|t| now < t.ends_at).map(|t| t.value.clone())
    }

    fn settle(&mut self, got: Result<Token, ApiError>, now: i64) -> Result<SecretString, ApiError> {
        match got {
            Ok(token) => {
                let value = token.value.clone();
                (self.token, self.failure) = (Some(token), None);
                Ok(value)
            }
            Err(error) => {
                let usable = self.still_usable(now);
                self.failure =
                    Some(Failure { hold_until: now + hold_secs(&error, usable.is_some()), error: error.clone() });
                usable.ok_or(error)
            }
        }
    }
}

fn hold_secs(error: &ApiError, usable: bool) -> i64 {
    match error {
        _ if usable => REPLACE_HOLD_SECS,
        ApiError::Refused { code, .. } if *code != -1 => REFUSED_HOLD_SECS,
        _ => 0,
    }
}
