//! What is configured about a store's back office.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Desk;
use crate::policy::Intent;

/// A store's back office, where the bot looks orders up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackOffice {
    /// The store, as channels name it.
    pub id: String,
    /// The account there, as recipes name it; the store's id when absent.
    #[serde(default)]
    pub account: Option<String>,
    /// Its site: `https://host`.
    pub site: String,
    /// Whether the site may be at an address that is not public.
    #[serde(default)]
    pub private: bool,
    /// The path of the page where a person signs in.
    #[serde(default = "sign_in")]
    pub sign_in: String,
    /// The folder with its recipes, relative to the configuration file.
    pub recipes: String,
    /// How many digits an order number has: least and most.
    #[serde(default = "order_digits")]
    pub order_digits: (u32, u32),
    /// Which recipe is run for which intent.
    #[serde(default)]
    pub look_ups: BTreeMap<Intent, String>,
}

fn sign_in() -> String {
    "/login".to_owned()
}

fn order_digits() -> (u32, u32) {
    (12, 24)
}

impl BackOffice {
    /// The account's id.
    pub fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(&self.id)
    }

    /// The recipe for an intent, if facts are looked up for it.
    pub fn recipe_for(&self, intent: Intent) -> Option<&str> {
        self.look_ups.get(&intent).map(String::as_str)
    }
}

impl Desk {
    /// The back office of a store.
    pub fn back_office(&self, store: &str) -> Option<&BackOffice> {
        self.stores.iter().find(|office| office.id == store)
    }
}
