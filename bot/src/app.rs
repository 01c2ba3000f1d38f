//! What the running program has in its hands: the store, the clock, the wire, and what is derived from the
//! store and kept at hand.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use anyhow::Context;
use cards::words::{Locale, Words};
use channels::{official, telegram, wecom};
use knowledge::Index;
use tokio::sync::Semaphore;

use crate::aibot::Aibot;
use crate::blobs::Blobs;
use crate::chances::{self, Chances};
use crate::chart::Charts;
use crate::clock::{Clock, Ids, MINUTE, Timestamp};
use crate::desk::{Channel, Desk, Person};
use crate::drafting::{Lexicon, Model, Sense};
use crate::effects::Offices;
use crate::evidence::SigningKey;
use crate::meaning::Meaning;
use crate::metrics::Metrics;
use crate::policy::{self, Intent};
use crate::store::desks::Applied;
use crate::store::pauses::{self, Pause};
use crate::store::{self, Store, Tx, outcomes};
use crate::surface::{Address, Surface};
use crate::understanding::Understanding;
use crate::webhooks::Webhooks;
use crate::worker::{Instance, Receipts};

/// Callbacks that wait to be stored at most; more are told to come again.
const CALLBACKS: usize = 1_024;

/// What the running program has in its hands. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`]: what it was made of, and what it keeps beside that.
pub struct Parts {
    settings: Settings,
    /// Attachments.
    pub blobs: Blobs,
    /// When the worker last looked after things that have time.
    pub chores_at: AtomicI64,
    /// What is counted.
    pub metrics: Metrics,
    /// Callbacks that may be stored at the same time.
    pub callbacks: Semaphore,
    /// Whether the program is about to end: it asks for no more work.
    pub ending: AtomicBool,
    /// Callbacks on their way into the store.
    pub receipts: Receipts,
    cached: RwLock<Cached>,
}

#[derive(Default, Clone)]
struct Cached {
    desk: Option<Arc<Applied>>,
    knowledge: Option<(String, Arc<Known>)>,
    /// By the version of the configuration it was learnt from.
    understanding: Option<(String, Arc<Understanding>)>,
    chances: Arc<Chances>,
    /// When the decisions were last looked at.
    looked_at: Timestamp,
}

/// What is derived from the published knowledge.
#[derive(Debug)]
pub struct Known {
    /// Finds what answers a question.
    pub index: Index,
    /// Finds what must not be said.
    pub lexicon: Lexicon,
}

/// The wire to Telegram.
pub struct Telegram {
    /// The bot.
    pub bot: telegram::Bot,
    /// What deliveries prove themselves by; without it, the bot is asked.
    pub webhook_secret: Option<telegram::Secret>,
    /// Signs the buttons of colleagues' cards.
    pub buttons: telegram::ButtonKey,
    /// The bot's name, by which commands in groups are addressed, once Telegram has said it.
    pub username: OnceLock<String>,
    /// Whether Telegram was told by this program how updates come.
    pub arranged: AtomicBool,
    /// Whether somebody was told that Telegram gives nothing, and it has given nothing since.
    pub troubled: AtomicBool,
}

impl Telegram {
    /// Whether there is something to ask Telegram for: updates, or that they be delivered.
    pub(crate) fn has_to_be_asked(&self) -> bool {
        self.webhook_secret.is_none() || !self.arranged.load(Ordering::Relaxed)
    }

    /// Whether it was in trouble already; it is from now on.
    pub(crate) fn was_troubled(&self) -> bool {
        self.troubled.swap(true, Ordering::Relaxed)
    }
}

/// The wire to a WeChat Official Account.
pub struct Official {
    /// Sends and fetches.
    pub account: official::Account,
    /// Opens callbacks.
    pub door: official::Door,
    /// The account's id.
    pub app_id: String,
}

/// The wire to WeCom.
pub struct Wecom {
    /// Reviewers' side.
    pub app: wecom::app::App,
    /// Customers' side.
    pub kf: wecom::kf::Kf,
    /// Opens callbacks; none where nobody calls back.
    pub crypt: Option<wecom::crypt::Crypt>,
    /// The client of both, for what needs no wrapper of its own.
    pub api: Arc<wecom::api::Api>,
    /// Where the API is.
    pub api_base: String,
    /// The company's id.
    pub corp_id: String,
    /// The app's id.
    pub agent_id: i64,
    /// What this tenant answers when a message id is used twice, once it has been seen.
    pub duplicate_code: Option<i64>,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::ops::Deref for Parts {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

/// What an [`App`] is made of.
pub struct Settings {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Ids, salts and tokens.
    pub ids: Ids,
    /// This program among those that share the database.
    pub instance: Instance,
    /// WeCom, once it is configured.
    pub wecom: Option<Wecom>,
    /// Webhook channels.
    pub webhooks: Webhooks,
    /// Telegram, once it is configured.
    pub telegram: Option<Telegram>,
    /// The Official Account, once it is configured.
    pub official: Option<Official>,
    /// The AI bot, once it is configured.
    pub aibot: Option<Aibot>,
    /// The language model, once one is configured.
    pub model: Option<Model>,
    /// What says what customers' pictures show, once it is configured.
    pub eyes: Option<Sense>,
    /// What says what customers' voices say, once it is configured.
    pub ears: Option<Sense>,
    /// What says what texts mean, once something is configured.
    pub meaning: Option<Meaning>,
    /// The stores' back offices.
    pub offices: Offices,
    /// Draws the report's pictures.
    pub charts: Charts,
    /// Signs checkpoints.
    pub signing: SigningKey,
    /// Signs the review page's cookies.
    pub cookie_key: [u8; 32],
    /// Where attachments and checkpoints are kept.
    pub data_dir: PathBuf,
    /// Where people reach the review page.
    pub public_url: Option<String>,
}

impl App {
    /// Puts the program together.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Parts {
            blobs: Blobs::new(settings.data_dir.join("blobs")),
            metrics: settings.store.metrics().clone(),
            settings,
            chores_at: AtomicI64::new(i64::MIN),
            callbacks: Semaphore::new(CALLBACKS),
            ending: AtomicBool::new(false),
            receipts: Receipts::default(),
            cached: RwLock::default(),
        }))
    }

    /// The configuration in force in this transaction.
    ///
    /// # Errors
    /// When the database fails, or no configuration was ever applied.
    pub async fn desk(&self, tx: &mut Tx) -> anyhow::Result<Arc<Applied>> {
        let id = store::desks::current_id(tx).await?.context("no configuration was applied yet")?;
        if let Some(desk) = self.cached().desk.clone().filter(|d| d.id == id) {
            return Ok(desk);
        }
        let desk = Arc::new(store::desks::current(tx).await?.context("no configuration was applied yet")?);
        self.cache(|cached| cached.desk = Some(desk.clone()));
        Ok(desk)
    }

    /// The language of the desk as this program last saw it.
    pub fn known_locale(&self) -> Locale {
        let locale = self.cached().desk.and_then(|desk| desk.desk.desk.locale.parse().ok());
        locale.unwrap_or_default()
    }

    /// What is derived from the knowledge published in this transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known(&self, tx: &mut Tx) -> anyhow::Result<Arc<Known>> {
        let edition = store::knowledge::edition(tx).await?.unwrap_or_default();
        if let Some((_, known)) = self.cached().knowledge.filter(|(of, _)| *of == edition) {
            return Ok(known);
        }
        let in_use = store::knowledge::in_use(tx).await?;
        let rules = in_use.iter().filter(|entry| entry.forbids.is_some()).cloned().collect();
        let known = Arc::new(Known { index: Index::build(in_use), lexicon: Lexicon::new(rules) });
        if let Some(meaning) = &self.meaning {
            meaning.tell(&known.index);
        }
        self.cache(|cached| cached.knowledge = Some((edition, known.clone())));
        Ok(known)
    }

    /// What the shop's sentences for each intent teach. Learns outside of any transaction, since it may take a second.
    ///
    /// # Errors
    /// When the program is about to end.
    pub async fn understanding(&self, desk: &Arc<Applied>) -> anyhow::Result<Arc<Understanding>> {
        if let Some((_, known)) = self.cached().understanding.filter(|(of, _)| *of == desk.id) {
            return Ok(known);
        }
        let teaching = desk.clone();
        let learnt = tokio::task::spawn_blocking(move || Understanding::by_words(&teaching.desk)).await?;
        Ok(self.understands(desk, learnt))
    }

    /// What texts are about, as the built-in words and the shop's own sentences have it.
    ///
    /// # Errors
    /// When the program is about to end.
    pub async fn intent_of(&self, desk: &Arc<Applied>, texts: &[String]) -> anyhow::Result<Intent> {
        let understanding = self.understanding(desk).await?;
        let mut meant = Vec::new();
        for text in texts.iter().filter(|_| understanding.asks_for_meaning()) {
            meant.push(self.meaning_of(text).await);
        }
        Ok(understanding.intent_of(texts, &meant))
    }

    /// The same for a unit of work, which asks nobody and learns nothing: by the words, and by what this program has learnt
    /// from the shop's sentences so far.
    pub fn known_intent_of(&self, desk: &Applied, texts: &[String]) -> Intent {
        match self.cached().understanding.filter(|(of, _)| *of == desk.id) {
            Some((_, understanding)) => understanding.intent_of(texts, &[]),
            None => policy::intent_of(texts),
        }
    }

    /// Goes on with what was learnt from a configuration.
    pub fn understands(&self, desk: &Applied, learnt: Understanding) -> Arc<Understanding> {
        let learnt = Arc::new(learnt);
        self.cache(|cached| cached.understanding = Some((desk.id.clone(), learnt.clone())));
        learnt
    }

    /// What a customer's words mean; nothing where nothing says so.
    pub async fn meaning_of(&self, text: &str) -> Option<Vec<f32>> {
        match &self.meaning {
            Some(meaning) => meaning.of(text).await,
            None => None,
        }
    }

    /// What was learnt from the shop's decisions when a draft last needed it.
    pub fn known_chances(&self) -> Arc<Chances> {
        self.cached().chances
    }

    /// What the shop's decisions teach so far. Looks for new ones once a minute at most, and learns outside of any
    /// transaction, since both take their time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chances(&self) -> anyhow::Result<Arc<Chances>> {
        let (known, now) = (self.cached(), self.clock.now());
        if now - known.looked_at < MINUTE {
            return Ok(known.chances);
        }
        let learnt_before = known.chances.clone();
        let grown = self
            .store
            .read(move |tx| {
                Box::pin(async move {
                    let count = outcomes::count(tx).await?;
                    if !learnt_before.are_old(count) {
                        return Ok(None);
                    }
                    Ok(Some((count, outcomes::newest(tx, chances::REMEMBERED).await?)))
                })
            })
            .await?;
        let learnt = match grown {
            Some((count, newest)) => {
                tokio::task::spawn_blocking(move || Arc::new(Chances::learn(count, &newest))).await?
            }
            None => known.chances,
        };
        self.cache(|cached| (cached.chances, cached.looked_at) = (learnt.clone(), now));
        Ok(learnt)
    }

    /// Where a person is reached, the first choice first: of the surfaces they have, those this program has too.
    pub fn addresses(&self, person: &Person) -> Vec<Address> {
        person.addresses().into_iter().filter(|address| self.has(address.surface)).collect()
    }

    /// Where a person is reached at first.
    pub fn address(&self, person: &Person) -> Option<Address> {
        self.addresses(person).into_iter().next()
    }

    /// Where the person with this id is reached at first.
    pub fn address_of(&self, desk: &Desk, person: &str) -> Option<Address> {
        desk.person(person).and_then(|person| self.address(person))
    }

    /// Where whoever watches over the desk is reached at first.
    pub fn watcher(&self, desk: &Desk) -> Option<Address> {
        desk.watcher().and_then(|person| self.address(person))
    }

    /// Whether this program has a surface.
    pub fn has(&self, surface: Surface) -> bool {
        match surface {
            Surface::WecomAibot => self.aibot.is_some(),
            // Where no tap could come back, no card goes.
            Surface::WecomApp => self.wecom.as_ref().is_some_and(|wecom| wecom.crypt.is_some()),
            Surface::Telegram => self.telegram.is_some(),
        }
    }

    /// Whether this program can carry out now what needs the AI bot's connection.
    pub fn serves_aibot(&self) -> bool {
        self.aibot.as_ref().is_some_and(|aibot| aibot.serves(self.clock.now()))
    }

    /// The page with everything about a case.
    pub fn page_url(&self, number: i64) -> Option<String> {
        self.public_url.as_ref().map(|base| format!("{}/review/{number}", base.trim_end_matches('/')))
    }

    /// What the policy judges by on a channel.
    pub fn policy_rules<'a>(&self, desk: &'a Applied, channel: Option<&'a Channel>) -> policy::Rules<'a> {
        policy::Rules::new(&desk.desk.policy, &desk.triggers, channel)
    }

    fn cached(&self) -> Cached {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn cache(&self, change: impl FnOnce(&mut Cached)) {
        change(&mut self.cached.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Applied {
    /// The words of the desk's language.
    pub fn words(&self) -> &'static Words {
        words(self.desk.desk.locale.parse().unwrap_or_default())
    }

    /// Who paused, by name.
    pub fn paused_by(&self, pause: &Pause) -> String {
        match pause.person.as_str() {
            pauses::BY_ITSELF => self.words().text("actor.system", &[]),
            person => self.desk.name_of(person).to_owned(),
        }
    }
}

/// The words of a language, loaded once.
pub fn words(locale: Locale) -> &'static Words {
    static CHINESE: OnceLock<Words> = OnceLock::new();
    static ENGLISH: OnceLock<Words> = OnceLock::new();
    match locale {
        Locale::ZhCn => CHINESE.get_or_init(|| Words::load(Locale::ZhCn)),
        Locale::En => ENGLISH.get_or_init(|| Words::load(Locale::En)),
    }
}
