//! A shop's back office, seen through a guarded browser.
//!
//! * [`Recipes`]: what may be done there, as checked lists of typed steps.
//! * [`Browser`]: real Chromium with one account's profile. While a recipe reads, nothing that writes leaves it.
//! * [`look_up`]: runs a recipe and gives a [`Finding`]: typed facts, and what proves them.
//! * [`prepare`] fills a form in and stops; [`submit`] hands in what was approved, once.
//! * [`SigningIn`]: signing in, which only a person does.
//! * [`Showing`]: a person shows a path, and [`recipe::Draft`] makes it the draft of a recipe.
//!
//! A page that is not as the recipe knows it is a [`Stopped::Abnormal`]: nothing more was touched, and the caller pauses
//! the recipe for the account until a person has looked.
//!
//! What holds, and by what means:
//!
//! * A request leaves only if the recipe names it. Every target of the browser (tab, worker) is held before its
//!   first line runs and gets its interception first; what would get past that (WebSocket, WebTransport, WebRTC, shared
//!   and service workers) is taken away from pages. A WebSocket to the shop's own host cannot be told from other TLS by
//!   the network: that it was opened all the same ends the run as [`Oddity::Tainted`].
//! * A connection leaves only through a relay of ours, to hosts that recipes name, resolved there, and only to public
//!   addresses or the account's own.
//! * A GET with effects looks like any other: recipes name paths and parameters one by one.
//! * The profile is in memory while the browser runs, and sealed with AES-256-GCM when it is closed. Memory may be swapped
//!   out: run without swap, or with an encrypted one.

mod account;
pub mod address;
mod browser;
mod inputs;
pub mod reach;
pub mod recipe;
mod run;
mod trouble;

use sha2::{Digest, Sha256};

pub use account::{Account, WrongAccount};
pub use browser::{Asked, Browser, Chromium, MOST_TABS, Opening, ProfileKey, Showing, SigningIn};
pub use inputs::{InputKind, Inputs, WrongInput};
pub use recipe::{Recipe, RecipeId, Recipes, Value};
pub use run::{
    Fact, Field, Finding, Job, Oddity, PageSeen, Picture, Plan, Sight, Stopped, Submitted, Unsent, look_up, prepare,
    submit,
};
pub use trouble::Trouble;

/// The fingerprint of a page's skeleton: paths of tags, ids, classes, names and labels, sorted, each once. The first 16
/// hex digits of the SHA-256 over the paths, each ended by a line feed. Rows of a table and items of a list may come and
/// go and say anything; a renamed class, a moved field, another label changes it.
pub fn fingerprint(skeleton: &[String]) -> String {
    let mut hash = Sha256::new();
    for path in skeleton {
        hash.update(path.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize()).chars().take(16).collect()
}
