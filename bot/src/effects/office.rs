//! The stores' back offices: one guarded browser for each store's account, opened when it is needed, closed when it has
//! been idle, its profile sealed beside the data in between.

mod act;
mod api;
mod keep;
mod look;
mod pack;
mod profile;
mod seats;
mod settled;
mod trial;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backoffice::recipe::Shown;
use backoffice::{
    Account, Browser, Chromium, Finding, Inputs, Job, Opening, ProfileKey, Recipe, Recipes, Showing, SigningIn,
    Stopped, Trouble,
};
use secrecy::SecretString;
use tokio::sync::{Mutex, Semaphore};

pub(super) use act::{prepare_action, submit_action};
pub(crate) use keep::forget;
pub(super) use keep::{discard, keep};
pub(super) use look::{Parcel, Reply, Sight, before_drafting};
pub(crate) use pack::part_of_pack;
pub(super) use pack::{PackWish, collect_pack};
use profile::Profile;
pub use seats::Seats;
pub use trial::Trial;
pub(super) use trial::{Wanted, test};

use crate::clock::{Ids, MINUTE, Timestamp};
use crate::config;
use crate::desk::BackOffice;

/// How long a browser waits for the next look-up before it is closed.
const IDLE: Timestamp = 10 * MINUTE;
/// Most look-ups at once for each core.
const LOOK_UPS_PER_CORE: usize = 2;
/// Where a profile lies while its browser runs.
const MEMORY: &str = "/dev/shm";

/// What the back offices of this program need.
pub struct Settings {
    /// The browser's program; why there is none, where there is none.
    pub chromium: Result<Chromium, String>,
    /// What profiles are sealed with.
    pub key: [u8; 32],
    /// Where sealed profiles are kept.
    pub profiles: PathBuf,
    /// What the recipes' folders are relative to.
    pub base: PathBuf,
    /// What shop systems' APIs are asked with, by store.
    pub api_keys: BTreeMap<String, SecretString>,
    /// What logistics services are asked with, by store.
    pub tracking_keys: BTreeMap<String, SecretString>,
    /// Which browsers are this program's.
    pub seats: Seats,
}

/// The back offices of this program.
pub struct Offices {
    settings: Settings,
    open: Mutex<HashMap<String, Arc<Office>>>,
    /// Whether nothing is looked at by intention.
    closed: bool,
    /// Look-ups at once, whatever the store: what renders pages must leave the machine to who answers callbacks.
    places: Semaphore,
}

/// A store's back office as it is configured, with its browser where one runs.
pub(super) struct Office {
    config: BackOffice,
    account: Account,
    recipes: Recipes,
    profile: Profile,
    warm: Mutex<Option<Warm>>,
}

/// A browser that runs.
struct Warm {
    browser: Arc<Browser>,
    used_at: Timestamp,
    /// The sealed profile it began with.
    began_with: Vec<u8>,
}

/// Why a back office cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum NoOffice {
    /// There is no browser.
    #[error("{0}")]
    NoBrowser(String),
    /// Nobody has signed in.
    #[error("nobody has signed in to the back office of {0}: run `aijia backoffice login {0}`")]
    NotSignedIn(String),
    /// Another program has the store's browser.
    #[error("another program has the browser of {0}: ask it in chat, or wait until its browser has closed")]
    Elsewhere(String),
    /// The configuration or a recipe cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The browser does not work.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The system fails.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl Offices {
    /// No browser runs yet.
    pub fn new(settings: Settings) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let places = Semaphore::new(LOOK_UPS_PER_CORE * cores);
        Self { settings, open: Mutex::default(), closed: false, places }
    }

    /// Of a program that looks at nothing: what it would look up stays unseen.
    pub fn closed(seats: Seats) -> Self {
        let settings = Settings {
            chromium: Err("this program looks at no back office".into()),
            key: [0; 32],
            profiles: PathBuf::new(),
            base: PathBuf::new(),
            seats,
            api_keys: BTreeMap::new(),
            tracking_keys: BTreeMap::new(),
        };
        Self { closed: true, ..Self::new(settings) }
    }

    /// Whether nothing is looked at, and nobody expects it.
    fn is_closed(&self) -> bool {
        self.closed
    }

    /// Why nothing can be looked up on this machine, where nothing can.
    pub fn missing(&self) -> Option<&str> {
        self.settings.chromium.as_ref().err().map(String::as_str)
    }

    /// What a store's API is asked with.
    fn api_key(&self, store: &str) -> Option<&SecretString> {
        self.settings.api_keys.get(store)
    }

    /// What a store's logistics service is asked with.
    fn tracking_key(&self, store: &str) -> Option<&SecretString> {
        self.settings.tracking_keys.get(store)
    }

    /// What is in the way of looking anything up in a back office, if anything is.
    pub async fn problem(&self, config: &BackOffice) -> Option<NoOffice> {
        let signed_in = async {
            self.chromium()?;
            let office = self.office(config).await?;
            office.profile.read()?.map(drop).ok_or_else(|| NoOffice::NotSignedIn(config.id.clone()))
        };
        signed_in.await.err()
    }

    /// The back office as it is configured now; an earlier one with another configuration ends.
    async fn office(&self, config: &BackOffice) -> Result<Arc<Office>, NoOffice> {
        let mut open = self.open.lock().await;
        if let Some(office) = open.get(&config.id).filter(|office| office.config == *config) {
            return Ok(office.clone());
        }
        let office = Arc::new(Office::configured(config, &self.settings)?);
        open.insert(config.id.clone(), office.clone());
        Ok(office)
    }

    /// Runs a recipe that reads; once more where the browser had ended meanwhile.
    async fn look_up(
        &self,
        office: &Office,
        recipe: &Recipe,
        order: &str,
        now: Timestamp,
    ) -> Result<Finding, Result<Stopped, NoOffice>> {
        match self.look_up_once(office, recipe, order, now).await {
            Err(Ok(Stopped::Trouble(Trouble::Gone))) => self.look_up_once(office, recipe, order, now).await,
            looked => looked,
        }
    }

    async fn look_up_once(
        &self,
        office: &Office,
        recipe: &Recipe,
        order: &str,
        now: Timestamp,
    ) -> Result<Finding, Result<Stopped, NoOffice>> {
        let wrong = |wrong: backoffice::WrongInput| Err(NoOffice::Unusable(wrong.to_string()));
        let inputs = Inputs::new(recipe, [(config::ORDER, order)]).map_err(wrong)?;
        let place = self.places.acquire().await;
        let _place = place.map_err(|problem| Err(NoOffice::Unusable(problem.to_string())))?;
        let browser = office.browser(&self.settings, now).await.map_err(Err)?;
        let job = Job { browser: &browser, recipe, inputs: &inputs, now_ms: now };
        let found = backoffice::look_up(job).await;
        if found.as_ref().is_err_and(is_over) {
            // It is of no more use; the next look-up begins with whatever a person has signed in by then.
            office.end(&self.settings, &browser).await;
        }
        found.map_err(Ok)
    }

    /// A browser in which a person signs in, at the store's page for it.
    ///
    /// # Errors
    /// Where there is no browser, or the site cannot be reached.
    pub async fn sign_in(&self, config: &BackOffice, visible: bool) -> Result<SigningIn, NoOffice> {
        let office = self.office(config).await?;
        let key = ProfileKey::new(self.settings.key)?;
        let opening = office.opening(self.chromium()?, &key, None);
        Ok(SigningIn::open(opening, &config.sign_in, visible).await?)
    }

    /// A browser in which a person shows a path, beginning at `path`, signed in as the account is. Scripts may send POSTs
    /// to the paths `asks`. The store's browser is theirs until [`Self::was_shown`].
    ///
    /// # Errors
    /// Where there is no browser, nobody has signed in, another program has it, or the site cannot be reached.
    pub async fn show(
        &self,
        config: &BackOffice,
        path: &str,
        visible: bool,
        asks: Vec<String>,
    ) -> Result<Showing, NoOffice> {
        let office = self.office(config).await?;
        let (chromium, key) = (self.chromium()?, ProfileKey::new(self.settings.key)?);
        let Some(sealed) = office.profile.read()? else { return Err(NoOffice::NotSignedIn(config.id.clone())) };
        self.settings.seats.take(&config.id).await?;
        match Showing::open(office.opening(chromium, &key, Some(&sealed)), path, visible, asks).await {
            Ok(showing) => Ok(showing),
            Err(problem) => {
                self.settings.seats.leave(&config.id).await?;
                Err(problem.into())
            }
        }
    }

    /// A person has shown a path: gives what they showed, and ends their browser.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn was_shown(&self, config: &BackOffice, showing: Showing) -> Result<Vec<Shown>, NoOffice> {
        let shown = showing.shown();
        drop(showing);
        self.settings.seats.leave(&config.id).await?;
        Ok(shown)
    }

    /// The person has signed in: keeps what keeps them signed in.
    ///
    /// # Errors
    /// Where they are still at the sign-in page, the browser does not end in time, or the disk refuses.
    pub async fn signed_in(&self, config: &BackOffice, person: SigningIn, ids: &Ids) -> Result<(), NoOffice> {
        let office = self.office(config).await?;
        let page = person.address().await?;
        let place = page.split(['?', '#']).next().unwrap_or_default();
        if place == [office.account.origin(), &config.sign_in].concat() {
            return Err(NoOffice::NotSignedIn(config.id.clone()));
        }
        let sealed = person.finish(&ProfileKey::new(self.settings.key)?, nonce(ids)?).await?;
        *office.warm.lock().await = None;
        Ok(office.profile.write(&sealed)?)
    }

    /// Closes browsers that nobody used for a while; all of them where the program ends.
    pub(crate) async fn tidy(&self, ids: &Ids, now: Timestamp, ends: bool) {
        let open: Vec<Arc<Office>> = self.open.lock().await.values().cloned().collect();
        for office in open {
            if let Err(problem) = office.close_idle(&self.settings, ids, now, ends).await {
                tracing::warn!(store = office.config.id, %problem, "a browser was not closed in order");
            }
        }
    }

    fn chromium(&self) -> Result<&Chromium, NoOffice> {
        self.settings.chromium.as_ref().map_err(|missing| NoOffice::NoBrowser(missing.clone()))
    }
}

impl Office {
    fn configured(config: &BackOffice, settings: &Settings) -> Result<Self, NoOffice> {
        let unusable = |words: String| NoOffice::Unusable(words);
        let account = Account::new(config.account(), &config.site, config.private);
        let account = account.map_err(|wrong| unusable(wrong.to_string()))?;
        let recipes = config::read_recipes(config, &settings.base);
        let lines =
            |errors: Vec<config::ConfigError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let recipes = recipes.map_err(|errors| unusable(lines(errors)))?;
        let profile = Profile::of(&settings.profiles, &config.id);
        Ok(Self { config: config.clone(), account, recipes, profile, warm: Mutex::default() })
    }

    /// The store's browser, started where none runs.
    async fn browser(&self, settings: &Settings, now: Timestamp) -> Result<Arc<Browser>, NoOffice> {
        let chromium = settings.chromium.as_ref().map_err(|missing| NoOffice::NoBrowser(missing.clone()))?;
        let mut warm = self.warm.lock().await;
        if let Err(problem) = settings.seats.take(&self.config.id).await {
            // Whoever was taken for gone finds it with another one: what runs here is of no more use.
            warm.take_if(|_| matches!(problem, NoOffice::Elsewhere(_)));
            return Err(problem);
        }
        if let Some(warm) = warm.as_mut() {
            warm.used_at = now;
            return Ok(warm.browser.clone());
        }
        match self.start(chromium, settings, now).await {
            Ok(started) => Ok(warm.insert(started).browser.clone()),
            Err(problem) => {
                settings.seats.leave(&self.config.id).await?;
                Err(problem)
            }
        }
    }

    fn opening<'a>(&'a self, chromium: &'a Chromium, key: &'a ProfileKey, profile: Option<&'a [u8]>) -> Opening<'a> {
        Opening { chromium, account: &self.account, recipes: &self.recipes, profile, key, memory: Path::new(MEMORY) }
    }

    async fn start(&self, chromium: &Chromium, settings: &Settings, now: Timestamp) -> Result<Warm, NoOffice> {
        let Some(sealed) = self.profile.read()? else { return Err(NoOffice::NotSignedIn(self.config.id.clone())) };
        let key = ProfileKey::new(settings.key)?;
        let browser = Arc::new(Browser::open(self.opening(chromium, &key, Some(&sealed))).await?);
        Ok(Warm { browser, used_at: now, began_with: sealed })
    }

    /// The browser ends as soon as nobody looks into it any more, and what changed in its profile is forgotten.
    async fn end(&self, settings: &Settings, browser: &Arc<Browser>) {
        let mut warm = self.warm.lock().await;
        if warm.take_if(|warm| Arc::ptr_eq(&warm.browser, browser)).is_none() {
            return;
        }
        if let Err(problem) = settings.seats.leave(&self.config.id).await {
            tracing::warn!(store = self.config.id, %problem, "a browser's seat was not left");
        }
    }

    async fn close_idle(&self, settings: &Settings, ids: &Ids, now: Timestamp, ends: bool) -> Result<(), NoOffice> {
        let mut slot = self.warm.lock().await;
        let idle = slot.as_ref().is_some_and(|warm| ends || now >= warm.used_at + IDLE);
        let Some(warm) = slot.take_if(|_| idle) else { return Ok(()) };
        let browser = match Arc::try_unwrap(warm.browser) {
            Ok(browser) => browser,
            Err(browser) => {
                // Somebody looks into it right now.
                *slot = (!ends).then_some(Warm { browser, ..warm });
                return Ok(());
            }
        };
        let kept = self.keep_profile(browser, settings, ids, &warm.began_with).await;
        settings.seats.leave(&self.config.id).await.and(kept)
    }

    /// The browser ends, and what keeps the person signed in is sealed.
    async fn keep_profile(
        &self,
        browser: Browser,
        settings: &Settings,
        ids: &Ids,
        began_with: &[u8],
    ) -> Result<(), NoOffice> {
        let sealed = browser.close(&ProfileKey::new(settings.key)?, nonce(ids)?).await?;
        // A person may have signed in meanwhile, by another process: theirs is newer.
        if self.profile.read()?.as_deref() == Some(began_with) {
            self.profile.write(&sealed)?;
        }
        Ok(())
    }
}

/// Whether a browser is of no more use after this.
fn is_over(stopped: &Stopped) -> bool {
    use backoffice::Oddity::{NoPermission, SignedOut, Verification};
    matches!(stopped, Stopped::Trouble(_) | Stopped::Abnormal(SignedOut | NoPermission | Verification, _))
}

fn nonce(ids: &Ids) -> Result<[u8; 12], NoOffice> {
    let random = ids.random16().map_err(|problem| NoOffice::Unusable(problem.to_string()))?;
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
    Ok(nonce)
}
