//! A person shows a path in the guarded browser, and what they do there is written down for a draft of a recipe. Nothing
//! that writes leaves it: what would have is written down instead.

use std::time::Duration;

use serde_json::json;

use super::sign_in::{SigningIn, trouble};
use super::watch::Rule;
use super::{Browser, Opening};
use crate::recipe::Shown;
use crate::trouble::Trouble;

/// What tells what happens on a page.
const RECORD: &str = include_str!("record.js");
/// The world it is in, which no script of a page reaches.
const WORLD: &str = "record";
/// By which it tells.
const BINDING: &str = "shown";
/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// A browser in the hands of somebody who shows a path. What changes in the account's profile is forgotten.
pub struct Showing(SigningIn);

impl Showing {
    /// Opens the account's site at `path`, with the account signed in, in a window where `visible` is set. Scripts may
    /// send POSTs to the paths `asks`, which a person knows to only ask something.
    ///
    /// # Errors
    /// Where the browser does not start, or the site cannot be reached.
    pub async fn open(opening: Opening<'_>, path: &str, visible: bool, asks: Vec<String>) -> Result<Showing, Trouble> {
        let browser = Browser::start(opening, visible).await?;
        let origin = browser.account.origin().to_owned();
        let address = format!("{origin}{path}");
        let tab = browser.tab(Rule::Shown { origin, asks }, PATIENCE).await?;
        let record = json!({ "source": RECORD, "worldName": WORLD });
        for (method, params) in [
            ("Runtime.enable", json!({})),
            ("Runtime.addBinding", json!({ "name": BINDING, "executionContextName": WORLD })),
            ("Page.addScriptToEvaluateOnNewDocument", record),
        ] {
            tab.ask(method, params).await.map_err(trouble)?;
        }
        tab.go(&address).await.map_err(trouble)?;
        Ok(Showing(SigningIn::with(tab, browser)))
    }

    /// What the person does it with.
    pub fn person(&self) -> &SigningIn {
        &self.0
    }

    /// Everything shown so far, in order.
    pub fn shown(&self) -> Vec<Shown> {
        self.0.tab().watch().shown()
    }
}
