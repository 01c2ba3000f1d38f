//! The guarded browser: real Chromium, one for each account, that asks for nothing but what a recipe names.

mod den;
mod find;
mod launch;
mod pipe;
mod profile;
mod relay;
mod showing;
mod sign_in;
mod tab;
mod warden;
mod watch;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit};
use url::{Host, Url};

pub use find::Chromium;
pub use profile::ProfileKey;
pub use showing::Showing;
pub use sign_in::SigningIn;
pub(crate) use tab::{Area, Halt, Tab};
pub use watch::Asked;
pub(crate) use watch::{Disturbance, Gate, Rule};

use crate::account::Account;
use crate::recipe::{Place, Recipes};
use crate::trouble::Trouble;
use den::Den;
use launch::Process;
use pipe::Pipe;
use relay::{Door, Relay};
use warden::Warden;

/// Most look-ups at once in one browser.
pub const MOST_TABS: usize = 4;
/// Longest wait for a browser that starts or ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a browser is opened with.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// The program.
    pub chromium: &'a Chromium,
    /// Whose browser it is.
    pub account: &'a Account,
    /// Everything that may run in it: no other hosts are reached.
    pub recipes: &'a Recipes,
    /// The sealed profile of an earlier [`Browser::close`]; nothing where nobody has signed in yet.
    pub profile: Option<&'a [u8]>,
    /// The key it is sealed with.
    pub key: &'a ProfileKey,
    /// A folder in memory, such as `/dev/shm`. The profile is there while the browser runs, and nowhere else.
    pub memory: &'a Path,
}

/// A running browser of one account. Dropping it ends it and forgets what changed in its profile.
pub struct Browser {
    // The order in which they end: the pipe's end ends the browser before its folder goes.
    warden: Arc<Warden>,
    pipe: Arc<Pipe>,
    process: Process,
    relay: Arc<Relay>,
    account: Account,
    tabs: Semaphore,
    /// Look-ups share the browser, a submit has it for itself.
    turn: RwLock<()>,
}

/// The right to use a tab, for as long as it is held.
pub(crate) struct Turn<'a> {
    _tab: SemaphorePermit<'a>,
    _turn: Share<'a>,
}

enum Share<'a> {
    Together(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'a, ()>),
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'a, ()>),
}

impl Browser {
    /// Starts a browser that nobody sees.
    ///
    /// # Errors
    /// Where it does not start, there is no memory for it, or the profile was sealed otherwise.
    pub async fn open(opening: Opening<'_>) -> Result<Browser, Trouble> {
        Browser::start(opening, false).await
    }

    async fn start(opening: Opening<'_>, visible: bool) -> Result<Browser, Trouble> {
        let den = Den::dig(opening.memory)?;
        if let Some(sealed) = opening.profile {
            profile::unseal(&den.profile(), opening.account.id(), opening.key, sealed)?;
        }
        let relay = Relay::open(doors(opening.account, opening.recipes)).await.map_err(Trouble::system("listening"))?;
        let relay = Arc::new(relay);
        let (process, to, from) = Process::start(opening.chromium, den, relay.address(), visible)?;
        let (pipe, events) = Pipe::open(to, from);
        let warden = Warden::post(pipe.clone(), relay.clone(), events);
        let account = opening.account.clone();
        let (tabs, turn) = (Semaphore::new(MOST_TABS), RwLock::new(()));
        let browser = Browser { warden, pipe, process, relay, account, tabs, turn };
        let no_files = json!({ "behavior": "deny" });
        browser.pipe.ask("", "Browser.setDownloadBehavior", no_files, PATIENCE).await?;
        browser.pipe.ask("", warden::AUTO_ATTACH, warden::auto_attach(), PATIENCE).await?;
        browser.warden.started();
        Ok(browser)
    }

    /// Ends the browser and seals what keeps a person signed in. `nonce` must never have been used with this key.
    ///
    /// # Errors
    /// Where it does not end in time, or its profile cannot be read; nothing of it is left all the same.
    pub async fn close(self, key: &ProfileKey, nonce: [u8; 12]) -> Result<Vec<u8>, Trouble> {
        // Its answer may be lost in its end.
        let _ = self.pipe.ask("", "Browser.close", json!({}), PATIENCE).await;
        let ended = tokio::time::timeout(PATIENCE, self.pipe.until_ended()).await;
        ended.map_err(|_| Trouble::Silent("Browser.close"))?;
        profile::seal(&self.process.den().profile(), self.account.id(), key, nonce)
    }

    /// Whose browser it is.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Where pages wanted to go over the network and were not let, as `host:port`, oldest first; at most 200.
    pub fn refused(&self) -> Vec<String> {
        self.relay.refused()
    }

    /// The number of the operating system's process group that the browser runs in; nothing once it has ended.
    pub fn process_group(&self) -> Option<u32> {
        self.process.group()
    }

    /// Waits for a place among the look-ups.
    pub(crate) async fn shared(&self) -> Result<Turn<'_>, Trouble> {
        let turn = self.turn.read().await;
        self.usable()?;
        let tab = self.tabs.acquire().await.map_err(|_| Trouble::Gone)?;
        Ok(Turn { _tab: tab, _turn: Share::Together(turn) })
    }

    /// Waits until nothing else runs.
    pub(crate) async fn alone(&self) -> Result<Turn<'_>, Trouble> {
        let turn = self.turn.write().await;
        self.usable()?;
        let tab = self.tabs.acquire().await.map_err(|_| Trouble::Gone)?;
        Ok(Turn { _tab: tab, _turn: Share::Alone(turn) })
    }

    /// A browser that may still repeat a write reaches nothing any more.
    fn usable(&self) -> Result<(), Trouble> {
        if self.relay.is_shut() { Err(Trouble::Gone) } else { Ok(()) }
    }

    /// A new empty tab under this rule.
    pub(crate) async fn tab(&self, rule: Rule, life: Duration) -> Result<Tab, Trouble> {
        let tab = Tab::open(&self.pipe, &self.warden, life).await?;
        tab.watch().rule(rule);
        Ok(tab)
    }
}

/// The hosts that the account's recipes may reach.
fn doors(account: &Account, recipes: &Recipes) -> BTreeSet<Door> {
    let foreign = |place: &Place| place.origin.clone();
    let mut origins: BTreeSet<String> = BTreeSet::new();
    for recipe in recipes.iter().filter(|recipe| recipe.accounts.iter().any(|id| id == account.id())) {
        origins.extend(recipe.pages.iter().filter_map(|page| foreign(&page.at)));
        origins.extend(recipe.resources.iter().filter_map(|allowed| foreign(&allowed.at)));
        origins.extend(recipe.queries.iter().filter_map(|query| foreign(&query.at)));
    }
    let own = door(account.origin(), account.is_private());
    origins.iter().filter_map(|origin| door(origin, false)).chain(own).collect()
}

fn door(origin: &str, private: bool) -> Option<Door> {
    let url = Url::parse(origin).ok()?;
    let host = match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    Some(Door { host, port: url.port_or_known_default()?, private })
}
