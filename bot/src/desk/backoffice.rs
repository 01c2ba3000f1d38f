//! What is configured about a store's back office.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Desk, Mode};
use crate::policy::Intent;

/// A store's back office, where the bot looks orders up, and where it does what people approve.
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
    /// The shop system's own API, where orders are asked for before any page is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<OrderApi>,
    /// Where parcels are asked for, once the API named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kuaidi100: Option<Kuaidi100>,
    /// How far actions go: not at all, filled in and left, or handed in once somebody approved them.
    #[serde(default, skip_serializing_if = "only_reads")]
    pub mode: Mode,
    /// What may be done for a case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// A shop system's own API, asked with a key that only reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderApi {
    /// Whose.
    pub kind: ApiKind,
    /// Where it is: `https://host`, with a path where the shop is below one.
    pub base: String,
    /// The intents it is asked for.
    #[serde(default = "order_status")]
    pub intents: Vec<Intent>,
}

/// The APIs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiKind {
    /// WooCommerce's REST API.
    Woocommerce,
    /// Shopify's Admin API.
    Shopify,
}

impl ApiKind {
    /// Its name in the configuration and in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Woocommerce => "woocommerce",
            Self::Shopify => "shopify",
        }
    }
}

/// Kuaidi100 (快递100), which knows where parcels are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kuaidi100 {
    /// Where parcels are asked for.
    #[serde(default = "kuaidi100_base")]
    pub base: String,
    /// Where carriers are recognised by a parcel's number.
    #[serde(default = "kuaidi100_recognition")]
    pub recognition: String,
    /// The sender's phone, or its last four digits: SF and ZTO tell nothing without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_phone: Option<String>,
}

fn kuaidi100_base() -> String {
    "https://poll.kuaidi100.com".to_owned()
}

fn kuaidi100_recognition() -> String {
    "https://www.kuaidi100.com".to_owned()
}

fn order_status() -> Vec<Intent> {
    vec![Intent::OrderStatus]
}

/// Something that may be done in the back office for a case, once somebody asked for it and approved it as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name, as channels allow it and as people type it.
    pub name: String,
    /// What people call it; its name when absent.
    #[serde(default)]
    pub label: Option<String>,
    /// The recipe that does it, of kind `write`.
    pub recipe: String,
    /// The intents it is offered for; every one, when empty.
    #[serde(default)]
    pub intents: Vec<Intent>,
    /// What the recipe is given besides the order: words, with places in braces to be filled from the case.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// Whether it needs whoever may decide about high risk, whatever the case.
    #[serde(default)]
    pub high_risk: bool,
}

/// What an input is given that takes a published answer: its words and nothing else.
pub const ANSWER: &str = "{answer}";

impl Action {
    /// What people call it.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Whether it says a published answer.
    pub fn answers(&self) -> bool {
        self.inputs.values().any(|words| words == ANSWER)
    }

    /// Whether somebody means this one.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.label() == name
    }
}

fn sign_in() -> String {
    "/login".to_owned()
}

fn order_digits() -> (u32, u32) {
    (12, 24)
}

fn only_reads(mode: &Mode) -> bool {
    *mode == Mode::ReadOnly
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

    /// Whether anything is looked up for an intent.
    pub fn looks_up(&self, intent: Intent) -> bool {
        self.recipe_for(intent).is_some() || self.api.as_ref().is_some_and(|api| api.intents.contains(&intent))
    }

    /// The action with this name or label.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.is_called(name))
    }

    /// The names of the recipes that are used, each once, in order.
    pub fn recipes_in_use(&self) -> Vec<&str> {
        let all = self.look_ups.values().map(String::as_str).chain(self.actions.iter().map(|a| a.recipe.as_str()));
        all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

impl Desk {
    /// The back office of a store.
    pub fn back_office(&self, store: &str) -> Option<&BackOffice> {
        self.stores.iter().find(|office| office.id == store)
    }
}
