//! Recipes: fixed lists of typed steps over the pages of a back office, written as TOML, checked before they run.
//!
//! A recipe names everything that it may touch. What a page says never chooses a step, and a page that is not the one the
//! recipe was written for stops it. A recipe's version is the SHA-256 of its file: what was approved is what runs.

mod check;
mod draft;
mod pattern;
mod sentence;
mod shelf;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use draft::{Draft, Shown};
pub(crate) use pattern::parameters_match;
pub use pattern::{Body, Expected, Json, Path, Template};
pub use sentence::Sentence;
pub use shelf::{Recipes, Unreadable};
pub use value::{Kind, MOST_ROWS, Misread, Value};

use crate::inputs::InputKind;
use crate::reach::Resource;

/// Longest recipe file, in bytes.
pub const LONGEST_FILE: usize = 64 * 1024;
/// Most steps of a recipe.
pub const MOST_STEPS: usize = 60;

/// A recipe that passed every check.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Name, version and hash.
    pub id: RecipeId,
    /// What it is called on a card.
    pub title: String,
    /// What was found, in a line for a colleague.
    pub card: Option<Sentence>,
    /// What was found, in the shop's words to a customer.
    pub reply: Option<Sentence>,
    /// Whether it only looks.
    pub purpose: Purpose,
    /// The accounts that may run it, by id.
    pub accounts: Vec<String>,
    /// What it is given.
    pub inputs: Vec<Input>,
    /// What it finds out.
    pub outputs: Vec<Output>,
    /// The documents that it may open.
    pub pages: Vec<Page>,
    /// What these documents may load.
    pub resources: Vec<Allowed>,
    /// Requests that ask something of the server, by method, path and body.
    pub queries: Vec<Endpoint>,
    /// How to see that something is in the way.
    pub signs: Signs,
    /// Selectors of what is covered before a picture is taken.
    pub blur: Vec<String>,
    /// Longest run as a whole, in seconds.
    pub seconds: u32,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// Which recipe exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipeId {
    /// Its name.
    pub name: String,
    /// Its number, for people.
    pub version: u32,
    /// SHA-256 of its file, in hex: what decides.
    pub hash: String,
}

/// What a recipe is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// It looks, and nothing else can leave the browser.
    Read,
    /// It fills in a form and stops; submitting is a decision of its own.
    Write(Write),
}

/// The one request by which a recipe writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// `POST`, `PUT`, …; any other request is stopped.
    pub method: String,
    /// Where it goes.
    pub at: Place,
    /// What it says.
    pub body: Body,
    /// The recipe that takes it back.
    pub undo: Option<String>,
}

/// Something a recipe is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its name in `{braces}`.
    pub name: String,
    /// What people call it; its name where there is nothing.
    pub label: Option<String>,
    /// What it may be.
    pub kind: InputKind,
    /// Most characters.
    pub longest: usize,
    /// Whether it may only be an answer that the shop has published, word for word.
    #[serde(default)]
    pub published: bool,
}

/// A fact that a recipe finds out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What people call it; its name where there is nothing.
    pub label: Option<String>,
    /// How the page writes it, and its unit.
    pub is: Kind,
    /// How long it counts, in minutes.
    pub max_age_minutes: u32,
    /// Whether the page may leave it out.
    #[serde(default)]
    pub optional: bool,
}

/// A document that a recipe may open.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Its name within the recipe.
    pub name: String,
    /// Where it is.
    pub at: Place,
    /// The part of the document that has to be as it was.
    pub root: String,
    /// What that part may look like: see [`crate::fingerprint`].
    pub fingerprints: Vec<String>,
}

/// A part of a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// `https://host[:port]`; the account's own origin where there is none.
    pub origin: Option<String>,
    /// Its path.
    pub path: Path,
    /// The parameters that an address may have, no others.
    #[serde(default)]
    pub parameters: BTreeMap<String, Expected>,
}

/// What documents may load from a place.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// From where.
    pub at: Place,
    /// What.
    pub kinds: Vec<Resource>,
}

/// A request by method, place and body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `GET`, `POST`, …
    pub method: String,
    /// Where it goes.
    pub at: Place,
    /// What it says; nothing where there is none.
    pub body: Option<Body>,
}

/// Selectors that mean: stop.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signs {
    /// Where a shop sends who is signed out.
    #[serde(default)]
    pub signed_out_paths: Vec<Path>,
    /// On the page for who is signed out.
    pub signed_out: Vec<String>,
    /// Where the account lacks a right.
    pub no_permission: Vec<String>,
    /// Where the platform wants to see a person.
    pub verification: Vec<String>,
    /// What the shop shows where there is nothing of what was asked for: no such order.
    #[serde(default)]
    pub not_found: Vec<String>,
    /// A box in front of the page.
    #[serde(default)]
    pub dialog: Vec<String>,
}

/// A step and the line of the file where it stands.
#[derive(Clone, Debug)]
pub struct Step {
    /// The line, from 1.
    pub line: usize,
    /// What is done.
    pub act: Act,
}

/// What a step does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Goes to a page of the recipe and compares it with its fingerprint.
    Open {
        /// The page's name.
        page: String,
    },
    /// Waits until an element is there.
    WaitFor {
        /// Which.
        selector: String,
    },
    /// Types into a field, over whatever is there.
    Fill {
        /// Which.
        selector: String,
        /// What.
        value: Template,
    },
    /// Clicks.
    Click {
        /// On what.
        selector: String,
        /// The page it leads to.
        then: Option<String>,
    },
    /// Chooses from a list.
    Choose {
        /// Which list.
        selector: String,
        /// The words of the choice.
        option: Template,
    },
    /// Reads a fact.
    Read {
        /// Which.
        output: String,
        /// From where.
        selector: String,
        /// From an attribute instead of the text.
        attribute: Option<String>,
    },
    /// Reads a fact that has rows.
    ReadTable {
        /// Which.
        output: String,
        /// The rows.
        rows: String,
        /// Column and selector within the row.
        columns: BTreeMap<String, String>,
    },
    /// Takes a picture.
    Screenshot {
        /// Its name in the evidence.
        name: String,
        /// Of this element; of the whole page where there is none.
        selector: Option<String>,
    },
    /// Stops unless an element says this.
    Assert {
        /// Which.
        selector: String,
        /// What.
        text: Template,
    },
    /// Hands the form in; write recipes only, once.
    Submit {
        /// What is clicked.
        selector: String,
    },
}

/// What is wrong with a recipe, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The field, as in `step.selector`; empty where the file as a whole is meant.
    pub field: String,
    /// What to do.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "line {}: {}", self.line, self.what),
            field => write!(f, "line {}: {field}: {}", self.line, self.what),
        }
    }
}

impl Recipe {
    /// Reads a recipe and checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong with it, by line and field.
    pub fn parse(text: &str) -> Result<Recipe, Vec<Fault>> {
        check::recipe(text)
    }

    /// Whether it only looks.
    pub fn reads(&self) -> bool {
        matches!(self.purpose, Purpose::Read)
    }

    /// The recipe that takes back what this one writes, by name.
    pub fn undo(&self) -> Option<&str> {
        match &self.purpose {
            Purpose::Read => None,
            Purpose::Write(write) => write.undo.as_deref(),
        }
    }

    /// Whether this account may run it.
    pub fn is_for(&self, account: &str) -> bool {
        self.accounts.iter().any(|id| id == account)
    }

    /// The page of this name.
    pub(crate) fn page(&self, name: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.name == name)
    }

    /// Where the submit stands among the steps; none in a recipe that only reads.
    pub(crate) fn submit_at(&self) -> Option<usize> {
        self.steps.iter().position(|step| matches!(step.act, Act::Submit { .. }))
    }
}

impl fmt::Display for RecipeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} ({})", self.name, self.version, self.hash.get(..8).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
