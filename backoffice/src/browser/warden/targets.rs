//! Targets as they come and go: tabs of ours, their frames and workers, and what a page opens by itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::pipe::{Event, Pipe};
use super::super::watch::Watch;
use super::{Book, Warden};
use crate::reach::Barred;

/// What runs before a page's own scripts.
const PAGE: &str = include_str!("../page.js");

/// Every target is attached to and held before it runs.
pub(crate) const AUTO_ATTACH: &str = "Target.setAutoAttach";

/// The parameters of [`AUTO_ATTACH`].
pub(crate) fn auto_attach() -> Value {
    // A plain filter would ask for tabs and their pages together, which is refused.
    // The browser's own surface is no page's.
    let left_out = ["browser", "tab", "browser_ui"].map(|kind| json!({ "type": kind, "exclude": true }));
    let filter: Vec<Value> = left_out.into_iter().chain([json!({})]).collect();
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": filter })
}

/// What becomes of a target that was attached to.
enum Fate {
    /// It runs, watched.
    Runs,
    /// It waits until it is known whether it is ours.
    Waits,
    /// It never runs.
    Ends,
}

impl Warden {
    /// The browser is set up; pages that come from now on are ours or popups.
    pub(crate) fn started(&self) {
        self.book().started = true;
    }

    /// A tab of ours is about to be opened.
    pub(crate) fn opening(&self) {
        self.book().opening += 1;
    }

    /// The tab that was to be opened, once its page is there: the one with this target, and no other one that came
    /// meanwhile. Gives nothing where there is no target, or it does not come.
    pub(crate) async fn opened(&self, target: Option<&str>, patience: Duration) -> Option<Arc<Watch>> {
        let tab = match target {
            Some(target) => tokio::time::timeout(patience, self.claimed(target)).await.ok(),
            None => None,
        };
        let strangers = self.book().no_longer_opening();
        strangers.iter().for_each(|target| self.close(target));
        tab
    }

    async fn claimed(&self, target: &str) -> Arc<Watch> {
        loop {
            let came = self.came.notified();
            tokio::pin!(came);
            // What comes between the look and the waiting is not missed.
            came.as_mut().enable();
            if let Some(tab) = self.book().claim(target) {
                return tab;
            }
            came.await;
        }
    }

    /// Ends a tab, with everything that it opened.
    pub(crate) fn close(&self, target: &str) {
        self.book().tabs.remove(target);
        self.pipe.tell("", "Target.closeTarget", json!({ "targetId": target }));
    }

    pub(super) fn attached(&self, event: &Event) {
        let (session, info) = (event.params["sessionId"].as_str(), &event.params["targetInfo"]);
        let (Some(session), Some(target)) = (session, info["targetId"].as_str()) else { return };
        let kind = info["type"].as_str().unwrap_or_default();
        // Before anybody can claim it: whoever does lets it go on.
        set_up(&self.pipe, session, kind);
        match self.note(event, session, target, kind, info) {
            Fate::Runs => self.pipe.tell(session, "Runtime.runIfWaitingForDebugger", json!({})),
            Fate::Waits => self.came.notify_waiters(),
            Fate::Ends => self.close(target),
        }
    }

    fn note(&self, event: &Event, session: &str, target: &str, kind: &str, info: &Value) -> Fate {
        let mut book = self.book();
        let parent = book.sessions.get(&event.session).cloned().flatten();
        let fate = match kind {
            "page" if !book.started => Fate::Runs,
            "page" if book.opening > 0 && info["openerId"].is_null() => {
                book.held.insert(target.to_owned(), session.to_owned());
                Fate::Waits
            }
            // Frames have no process of their own, see `launch`: one that has never runs.
            "worker" if parent.is_some() => Fate::Runs,
            _ => {
                blame(&book, parent.as_deref(), info, kind);
                Fate::Ends
            }
        };
        book.sessions.insert(session.to_owned(), parent);
        fate
    }

    pub(super) fn detached(&self, event: &Event) {
        if let Some(session) = event.params["sessionId"].as_str() {
            let mut book = self.book();
            let owner = book.sessions.remove(session).flatten();
            owner.filter(|tab| tab.session() == session).into_iter().for_each(|tab| tab.ended());
        }
    }
}

impl Book {
    /// Makes the page with this target a tab of ours, if it is there.
    fn claim(&mut self, target: &str) -> Option<Arc<Watch>> {
        let session = self.held.remove(target)?;
        let tab = Arc::new(Watch::new(target, &session));
        self.sessions.insert(session, Some(tab.clone()));
        self.tabs.insert(target.to_owned(), tab.clone());
        Some(tab)
    }

    /// One tab less is being opened. Gives the pages that waited, where none is any more: nobody asked for them.
    fn no_longer_opening(&mut self) -> Vec<String> {
        self.opening = self.opening.saturating_sub(1);
        if self.opening > 0 {
            return Vec::new();
        }
        self.held.drain().map(|(target, _)| target).collect()
    }
}

/// Writes down, for the tab it came from, that something was not let run.
fn blame(book: &Book, parent: Option<&Watch>, info: &Value, kind: &str) {
    let opener = info["openerId"].as_str().and_then(|opener| book.tabs.get(opener));
    let address = info["url"].as_str().unwrap_or_default();
    match parent.or(opener.map(Arc::as_ref)) {
        Some(tab) => tab.stop(kind, address, Barred::Connection),
        None => book.tabs.values().for_each(|tab| tab.stop(kind, address, Barred::Connection)),
    }
}

/// Commands on one session keep their order: all of this is in force before the target goes on. What a kind of target
/// does not know it refuses, and that is well.
fn set_up(pipe: &Pipe, session: &str, kind: &str) {
    let everything = json!({ "patterns": [{ "urlPattern": "*", "requestStage": "Request" }] });
    pipe.tell(session, "Fetch.enable", everything);
    pipe.tell(session, "Network.enable", json!({ "maxPostDataSize": 65_536 }));
    pipe.tell(session, "Network.setBypassServiceWorker", json!({ "bypass": true }));
    pipe.tell(session, "Inspector.enable", json!({}));
    if kind == "page" {
        pipe.tell(session, "Page.enable", json!({}));
        let before = json!({ "source": PAGE, "runImmediately": true });
        pipe.tell(session, "Page.addScriptToEvaluateOnNewDocument", before);
    } else {
        pipe.tell(session, "Runtime.evaluate", json!({ "expression": PAGE }));
    }
    pipe.tell(session, super::AUTO_ATTACH, auto_attach());
}
