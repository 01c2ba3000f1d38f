//! Signing in, which only a person does: in a window, or where there is no screen, by pictures.

use std::time::Duration;

use serde_json::json;

use super::profile::ProfileKey;
use super::tab::{Halt, Tab};
use super::watch::Rule;
use super::{Browser, Opening};
use crate::trouble::Trouble;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long another page may take to come.
const ANOTHER_PAGE: Duration = Duration::from_secs(20);
/// How long a page may take to focus a field by itself.
const UNTIL_FOCUSED: Duration = Duration::from_secs(5);

/// A browser in a person's hands. It reaches the account's own site, however the person likes, and nothing else.
pub struct SigningIn {
    tab: Tab,
    browser: Browser,
}

impl SigningIn {
    /// A person with a tab that is open already.
    pub(super) fn with(tab: Tab, browser: Browser) -> SigningIn {
        SigningIn { tab, browser }
    }

    pub(super) fn tab(&self) -> &Tab {
        &self.tab
    }

    /// Opens the account's site at `path`, in a window where `visible` is set.
    ///
    /// # Errors
    /// Where the browser does not start, or the site cannot be reached.
    pub async fn open(opening: Opening<'_>, path: &str, visible: bool) -> Result<SigningIn, Trouble> {
        let browser = Browser::start(opening, visible).await?;
        let origin = browser.account.origin().to_owned();
        let tab = browser.tab(Rule::Person(vec![origin.clone()]), PATIENCE).await?;
        tab.go(&format!("{origin}{path}")).await.map_err(trouble)?;
        Ok(SigningIn { tab, browser })
    }

    /// What the person sees, as a PNG.
    ///
    /// # Errors
    /// Where the browser ended.
    pub async fn picture(&self) -> Result<Vec<u8>, Trouble> {
        Ok(self.tab.picture(None).await.map_err(trouble)?.png)
    }

    /// Where the person is.
    ///
    /// # Errors
    /// Where the browser ended.
    pub async fn address(&self) -> Result<String, Trouble> {
        let state: crate::run::State = self.tab.look("state", &json!([[]])).await.map_err(trouble)?;
        Ok(state.url)
    }

    /// The person goes to a path of the site.
    ///
    /// # Errors
    /// Where the browser ended, or it cannot be reached.
    pub async fn go(&self, path: &str) -> Result<(), Trouble> {
        self.tab.go(&format!("{}{path}", self.browser.account.origin())).await.map_err(trouble)
    }

    /// The person clicks, at a place of the picture in pixels.
    ///
    /// # Errors
    /// Where the browser ended.
    pub async fn click(&self, x: f64, y: f64) -> Result<(), Trouble> {
        self.tab.click(x, y).await.map_err(trouble)
    }

    /// The person types, into whatever was clicked on. A page may focus a field by itself, which it does when it is
    /// drawn, a little after it has loaded.
    ///
    /// # Errors
    /// Where nothing on the page has the focus, or the browser ended.
    pub async fn type_in(&self, text: &str) -> Result<(), Trouble> {
        let nothing = json!([]);
        let focused = self.tab.wait("focused", &nothing, |focused: bool| focused.then_some(()));
        let focused = tokio::time::timeout(UNTIL_FOCUSED, focused).await.map_err(|_| Trouble::NothingFocused)?;
        focused.map_err(trouble)?;
        self.tab.type_in(text).await.map_err(trouble)
    }

    /// The person presses ⇥.
    ///
    /// # Errors
    /// Where the browser ended.
    pub async fn tab_key(&self) -> Result<(), Trouble> {
        self.press("Tab", "", 9).await
    }

    /// The person presses ⏎; waits for the page that comes of it, where one does.
    ///
    /// # Errors
    /// Where the browser ended.
    pub async fn enter(&self) -> Result<(), Trouble> {
        let before = self.tab.watch().document();
        self.press("Enter", "\r", 13).await?;
        tokio::time::timeout(ANOTHER_PAGE, self.tab.arrive(before.as_deref()))
            .await
            .map_or(Ok(()), |came| came.map_err(trouble))
    }

    async fn press(&self, key: &str, text: &str, code: u8) -> Result<(), Trouble> {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.tab.ask("Input.dispatchKeyEvent", event).await.map_err(trouble)?;
        }
        Ok(())
    }

    /// The person is done: seals the profile, as [`Browser::close`] does.
    ///
    /// # Errors
    /// As [`Browser::close`].
    pub async fn finish(self, key: &ProfileKey, nonce: [u8; 12]) -> Result<Vec<u8>, Trouble> {
        drop(self.tab);
        self.browser.close(key, nonce).await
    }
}

pub(super) fn trouble(halt: Halt) -> Trouble {
    match halt {
        Halt::Trouble(trouble) => trouble,
        Halt::Slow => Trouble::Silent("the page"),
        Halt::Unreachable(why) => Trouble::Refused { method: "Page.navigate", why },
        Halt::Disturbed(_) => Trouble::Gone,
    }
}
