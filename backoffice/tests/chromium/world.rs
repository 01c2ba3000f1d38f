//! A shop with its back office, a person who signed in there once, and the browser.

use std::path::Path;
use std::time::Duration;

use backoffice::{
    Account, Browser, Chromium, Finding, Inputs, Job, Opening, Plan, ProfileKey, Recipe, Recipes, SigningIn, Stopped,
    Submitted,
};
use simulator::seller::{Seller, Settings, Write};

/// Milliseconds since 1970 at which every run begins.
pub const NOW: i64 = 1_795_000_000_000;
const MEMORY: &str = "/dev/shm";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Shop {
    pub seller: Seller,
    pub account: Account,
    pub recipes: Recipes,
    pub profile: Vec<u8>,
    chromium: Chromium,
    key: ProfileKey,
    /// How many writes a person's signing in made: pages send figures home where nobody stops them.
    before: usize,
}

/// Chromium; nothing where there is none, with the line that installs it. In continuous integration it has to be there.
pub fn chromium() -> Option<Chromium> {
    let named = std::env::var_os("AIJIA_CHROMIUM");
    let path = std::env::var_os("PATH").unwrap_or_default();
    match Chromium::find(named.as_deref().map(Path::new), &path) {
        Ok(chromium) => Some(chromium),
        Err(missing) if std::env::var_os("CI").is_some() => panic!("{missing}"),
        Err(missing) => {
            eprintln!("NOT TRIED in a browser: {missing}");
            None
        }
    }
}

pub fn recipes() -> Recipes {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    Recipes::read(&folder).unwrap_or_else(|wrong| panic!("{wrong}"))
}

impl Shop {
    /// A shop in which a person has signed in; nothing where there is no browser to do so.
    pub async fn open() -> Option<Shop> {
        let chromium = chromium()?;
        let seller = Seller::start(Settings::default()).await.unwrap();
        let account = Account::new("flagship", &seller.origin(), true).unwrap();
        let key = ProfileKey::new([7; 32]).unwrap();
        let mut shop = Shop { seller, account, recipes: recipes(), profile: Vec::new(), chromium, key, before: 0 };
        shop.profile = shop.sign_in().await;
        shop.before = shop.seller.writes().len();
        Some(shop)
    }

    async fn sign_in(&self) -> Vec<u8> {
        let person = SigningIn::open(Opening { profile: None, ..self.opening() }, "/login", false).await.unwrap();
        let settings = self.seller.settings();
        assert!(person.picture().await.unwrap().starts_with(b"\x89PNG"));
        person.type_in(&settings.user).await.unwrap();
        person.tab_key().await.unwrap();
        person.type_in(&settings.password).await.unwrap();
        person.enter().await.unwrap();
        assert_eq!(person.address().await.unwrap(), format!("{}/orders", self.seller.origin()));
        // Both pages send their figures home: what comes later is not the person's any more.
        let figures = async {
            while self.seller.writes().len() < 2 {
                person.address().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, figures).await.unwrap();
        person.finish(&self.key, [1; 12]).await.unwrap()
    }

    pub fn opening(&self) -> Opening<'_> {
        Opening {
            chromium: &self.chromium,
            account: &self.account,
            recipes: &self.recipes,
            profile: Some(&self.profile),
            key: &self.key,
            memory: Path::new(MEMORY),
        }
    }

    pub async fn browser(&self) -> Browser {
        Browser::open(self.opening()).await.unwrap()
    }

    pub fn key(&self) -> &ProfileKey {
        &self.key
    }

    pub fn recipe(&self, name: &str) -> &Recipe {
        self.recipes.get(name).unwrap()
    }

    /// Looks something up about an order.
    pub async fn look_up(&self, browser: &Browser, recipe: &str, order: &str) -> Result<Finding, Stopped> {
        let recipe = self.recipe(recipe);
        let inputs = Inputs::new(recipe, [("order", order)]).unwrap();
        backoffice::look_up(Job { browser, recipe, inputs: &inputs, now_ms: NOW }).await
    }

    /// The writes that reached the shop since the person signed in.
    pub fn writes(&self) -> Vec<Write> {
        self.seller.writes().split_off(self.before)
    }
}

pub async fn prepared(browser: &Browser, recipe: &Recipe, inputs: &Inputs) -> Result<Plan, Stopped> {
    backoffice::prepare(Job { browser, recipe, inputs, now_ms: NOW }).await
}

pub async fn submitted(browser: &Browser, recipe: &Recipe, inputs: &Inputs, hash: &str) -> Submitted {
    backoffice::submit(Job { browser, recipe, inputs, now_ms: NOW }, hash, async { true }).await
}
