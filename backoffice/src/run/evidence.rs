//! What a run proves.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::browser::Asked;
use crate::recipe::{RecipeId, Value};
use crate::trouble::Trouble;

/// A fact, and until when it counts.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Fact {
    /// What was read.
    pub value: Value,
    /// From this moment on it is stale, in milliseconds since 1970.
    pub stale_at_ms: i64,
}

/// A picture.
#[derive(Clone, Serialize, PartialEq, Eq)]
pub struct Picture {
    /// As the recipe names it.
    pub name: String,
    /// SHA-256 of the PNG, in hex.
    pub sha256: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The picture itself; not part of what is printed or serialised.
    #[serde(skip)]
    pub png: Vec<u8>,
}

impl Picture {
    pub(crate) fn new(name: &str, width: u32, height: u32, png: Vec<u8>) -> Picture {
        Picture { name: name.to_owned(), sha256: hex::encode(Sha256::digest(&png)), width, height, png }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}×{}, {} bytes)", self.name, self.width, self.height, self.png.len())
    }
}

/// A page that was opened and found as the recipe knows it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct PageSeen {
    /// Its name in the recipe.
    pub page: String,
    /// Its address.
    pub url: String,
    /// Its fingerprint.
    pub fingerprint: String,
}

/// What a look-up found, with everything that proves it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// By which recipe.
    pub recipe: RecipeId,
    /// On which account.
    pub account: String,
    /// With which inputs.
    pub inputs: BTreeMap<String, String>,
    /// When the last fact was read, in milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The pages, in the order in which they were opened.
    pub pages: Vec<PageSeen>,
    /// The facts by name; what the page left out is not there.
    pub facts: BTreeMap<String, Fact>,
    /// The pictures, in the order in which they were taken.
    pub pictures: Vec<Picture>,
    /// SHA-256 of the last page's text, white space collapsed, in hex.
    pub text_sha256: String,
    /// What the pages asked for, and what of it was stopped.
    pub asked: Vec<Asked>,
    /// How many requests more there were than are in `asked`.
    pub asked_more: usize,
}

impl Finding {
    /// Whether every fact still counts.
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        self.facts.values().all(|fact| now_ms < fact.stale_at_ms)
    }
}

/// What is not as it should be.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// A person has to sign in again.
    SignedOut,
    /// The account lacks a right.
    NoPermission,
    /// The platform wants to see a person.
    Verification,
    /// A page is not the one the recipe was written for.
    Changed {
        /// Which page.
        page: String,
        /// What it looks like now.
        fingerprint: String,
    },
    /// An element is not there, or not alone, or covered, or does not take what is typed.
    Unusable {
        /// Which element.
        selector: String,
    },
    /// What stands there is not what the recipe says it is.
    Misread {
        /// Which fact.
        output: String,
        /// What was expected.
        expected: String,
    },
    /// A page does not say what it has to say, as the number of the order that was asked for.
    Contradiction {
        /// Where.
        selector: String,
    },
    /// A box came up.
    Dialog {
        /// `alert`, `confirm`, …; `page` for one that is part of the page.
        kind: String,
    },
    /// It took longer than the recipe allows.
    Slow,
    /// A page could not be loaded, or its server failed.
    Broken {
        /// The HTTP status, or the browser's word.
        why: String,
    },
    /// The page led to where the recipe does not go.
    Elsewhere {
        /// Where it wanted to go.
        url: String,
    },
    /// The page opened a connection that nobody can look into.
    Tainted {
        /// Where to.
        url: String,
    },
}

/// What was to be seen where a run stopped.
#[derive(Clone, Debug, Serialize)]
pub struct Sight {
    /// By which recipe.
    pub recipe: RecipeId,
    /// On which account.
    pub account: String,
    /// The line of the recipe where it stopped.
    pub line: usize,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Where; empty where it is not known.
    pub url: String,
    /// The page, everything in its fields and tables covered; nothing where no picture could be taken.
    pub picture: Option<Picture>,
    /// What the pages asked for, and what of it was stopped.
    pub asked: Vec<Asked>,
    /// How many requests more there were than are in `asked`.
    pub asked_more: usize,
}

/// Why a run stopped. Nothing more was touched.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The shop has nothing of what was asked for. Nothing is wrong with the recipe.
    #[error("there is no such thing in the shop")]
    NotFound(Box<Sight>),
    /// Something is not as it should be: the recipe has to be paused for this account, and a person has to look.
    #[error("{0:?} at line {line}", line = .1.line)]
    Abnormal(Oddity, Box<Sight>),
    /// The browser does not work; the page had no part in it.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}
