//! Watches over every target of a browser: each one is held before its first line runs, gets its interception, and only
//! then goes on. Every request that a page makes is judged here.

mod targets;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use url::Url;

use super::pipe::{Event, Pipe};
use super::relay::Relay;
use super::watch::{Gate, Leave, Watch};
use crate::reach::{Barred, Request, Resource, Use};

pub(crate) use targets::{AUTO_ATTACH, auto_attach};

/// How long the browser has to say that a request failed whose connection was cut.
const GIVING_UP: Duration = Duration::from_secs(5);

/// The watch over one browser.
pub(crate) struct Warden {
    pipe: Arc<Pipe>,
    relay: Arc<Relay>,
    book: Mutex<Book>,
    /// A page waits to be claimed.
    came: Notify,
}

#[derive(Default)]
struct Book {
    /// The tab that a session belongs to, by session; none for what no tab of ours owns.
    sessions: HashMap<String, Option<Arc<Watch>>>,
    /// Tabs by target.
    tabs: HashMap<String, Arc<Watch>>,
    /// Sessions of pages that came while one of ours was being opened, by target.
    held: HashMap<String, String>,
    /// How many tabs are being opened.
    opening: usize,
    /// Whether the browser has only just started: the page it brings along is left alone.
    started: bool,
}

impl Warden {
    /// Watches from now on.
    pub(crate) fn post(pipe: Arc<Pipe>, relay: Arc<Relay>, mut events: mpsc::UnboundedReceiver<Event>) -> Arc<Warden> {
        let warden = Arc::new(Warden { pipe, relay, book: Mutex::default(), came: Notify::new() });
        let watching = Arc::downgrade(&warden);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let Some(warden) = watching.upgrade() else { return };
                warden.happened(&event);
            }
            // The browser ended: nobody waits for it any longer.
            if let Some(warden) = watching.upgrade() {
                warden.book().tabs.values().for_each(|tab| tab.ended());
            }
        });
        warden
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happened(&self, event: &Event) {
        match event.method.as_str() {
            "Target.attachedToTarget" => self.attached(event),
            "Target.detachedFromTarget" => self.detached(event),
            "Fetch.requestPaused" => self.paused(event),
            _ => self.told(event),
        }
    }

    fn owner(&self, session: &str) -> Option<Arc<Watch>> {
        self.book().sessions.get(session).cloned().flatten()
    }

    fn told(&self, event: &Event) {
        let Some(tab) = self.owner(&event.session) else { return };
        let (params, main) = (&event.params, tab.session() == event.session);
        match event.method.as_str() {
            "Page.lifecycleEvent" if main && params["name"] == "load" => {
                tab.loaded(params["frameId"].as_str(), params["loaderId"].as_str());
            }
            "Page.frameNavigated" if main && params["frame"]["parentId"].is_null() => {
                tab.committed(params["frame"]["loaderId"].as_str());
            }
            "Runtime.bindingCalled" if main => tab.told(params["payload"].as_str().unwrap_or_default()),
            "Page.javascriptDialogOpening" => tab.dialog(params["type"].as_str().unwrap_or("dialog")),
            "Inspector.targetCrashed" => tab.ended(),
            "Network.webSocketCreated" | "Network.webTransportCreated" => {
                tab.tainted(params["url"].as_str().unwrap_or_default());
            }
            "Network.responseReceived" => self.answered(&tab, params, &params["response"]),
            "Network.requestWillBeSent" if params["redirectResponse"].is_object() => {
                self.answered(&tab, params, &params["redirectResponse"]);
            }
            "Network.loadingFailed" => {
                let request = params["requestId"].as_str().unwrap_or_default();
                self.over(&tab, request);
                tab.failed(request);
            }
            _ => {}
        }
    }

    fn answered(&self, tab: &Watch, params: &Value, response: &Value) {
        let request = params["requestId"].as_str().unwrap_or_default();
        self.over(tab, request);
        tab.answered(request, response["status"].as_u64());
    }

    /// A request is over. The browser does not repeat it any more: if it was the write, other connections may carry
    /// again, before anybody learns of it.
    fn over(&self, tab: &Watch, network: &str) {
        if tab.wrote(network) {
            self.relay.widen();
        }
    }

    /// A page is about to ask for something.
    fn paused(&self, event: &Event) {
        let params = &event.params;
        let id = params["requestId"].as_str().unwrap_or_default();
        let tab = self.owner(&event.session);
        let network = params["networkId"].as_str().unwrap_or_default();
        if let (Some(tab), true) = (&tab, params["redirectedRequestId"].is_string()) {
            self.over(tab, network);
        }
        let leave = tab.as_ref().map_or(Leave::Stopped, |tab| judged(tab, params));
        if leave == Leave::Once {
            self.relay.narrow();
        }
        if leave == Leave::Stopped {
            let stopped = json!({ "requestId": id, "errorReason": "BlockedByClient" });
            self.pipe.tell(&event.session, "Fetch.failRequest", stopped);
        } else {
            self.pipe.tell(&event.session, "Fetch.continueRequest", json!({ "requestId": id }));
        }
    }

    /// Gives up a write that left and was not answered: nothing of it reaches the shop any more. Unless the browser says
    /// in time that it gave it up as well, it is of no more use.
    pub(crate) async fn abandon(&self, tab: &Watch) {
        self.relay.shut();
        let _ = tokio::time::timeout(GIVING_UP, tab.until(|tab| !matches!(tab.gate(), Gate::Left(_)))).await;
    }
}

fn judged(tab: &Watch, params: &Value) -> Leave {
    let request = &params["request"];
    let (method, address) = (request["method"].as_str().unwrap_or("?"), request["url"].as_str().unwrap_or_default());
    let Ok(url) = Url::parse(address) else {
        tab.stop(method, address, Barred::Scheme);
        return Leave::Stopped;
    };
    let body = body(request);
    let headers = request["headers"].as_object();
    let upgrade = headers.is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("upgrade")));
    let main = params["frameId"].as_str() == Some(tab.target());
    let used = used(params["resourceType"].as_str().unwrap_or_default(), main);
    let network = params["networkId"].as_str().unwrap_or_default();
    tab.judge(&Request { method, url: &url, used, body: body.as_deref(), upgrade }, network)
}

/// The body of a request; nothing where there is none, or it cannot be seen as a whole.
fn body(request: &Value) -> Option<Vec<u8>> {
    if request["hasPostData"].as_bool() != Some(true) {
        return None;
    }
    let entries = request["postDataEntries"].as_array()?;
    let bytes: Option<Vec<Vec<u8>>> =
        entries.iter().map(|entry| STANDARD.decode(entry["bytes"].as_str()?).ok()).collect();
    bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| bytes.concat())
}

fn used(kind: &str, main: bool) -> Use {
    match kind {
        "Document" if main => Use::Document,
        "Document" => Use::Resource(Resource::Frame),
        "Stylesheet" => Use::Resource(Resource::Stylesheet),
        "Script" => Use::Resource(Resource::Script),
        "Image" => Use::Resource(Resource::Image),
        "Font" => Use::Resource(Resource::Font),
        "Media" => Use::Resource(Resource::Media),
        "XHR" | "Fetch" => Use::Ask,
        _ => Use::Other,
    }
}
