//! One tab: goes to addresses, looks, types, clicks, takes pictures. It decides nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::pipe::Pipe;
use super::warden::Warden;
use super::watch::{Disturbance, Rule, Watch};
use crate::trouble::Trouble;

/// The functions that look at a page.
const LOOK: &str = include_str!("look.js");
/// Longest wait for the answer to a command.
const COMMAND: Duration = Duration::from_secs(10);
/// Longest wait for each part of a last look.
const LAST_LOOK: Duration = Duration::from_secs(3);
/// How often a page is looked at while something is waited for.
const GLANCE: Duration = Duration::from_millis(40);
/// Most pixels of a picture's height.
const TALLEST: f64 = 6_000.0;

/// Why a tab cannot go on.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Something got in the way.
    Disturbed(Disturbance),
    /// It took too long.
    Slow,
    /// An address could not be loaded; the browser's own word.
    Unreachable(String),
    /// The browser does not do what it should.
    Trouble(Trouble),
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Halt {
        match trouble {
            Trouble::Silent(_) => Halt::Slow,
            other => Halt::Trouble(other),
        }
    }
}

/// A picture of a page, or a part of one.
pub(crate) struct Shot {
    pub(crate) png: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// An open tab; it is closed when dropped.
pub(crate) struct Tab {
    pipe: Arc<Pipe>,
    warden: Arc<Warden>,
    watch: Arc<Watch>,
    /// The world of our own in the document that is shown.
    world: Mutex<Option<u64>>,
    /// When everything has to be over.
    deadline: Instant,
    /// Whether the run is over, and a last picture is taken in spite of everything.
    over: AtomicBool,
}

impl Tab {
    /// A new empty tab that lives for at most `life`.
    pub(crate) async fn open(pipe: &Arc<Pipe>, warden: &Arc<Warden>, life: Duration) -> Result<Tab, Trouble> {
        warden.opening();
        // A window of its own: what is in the background is not drawn.
        let blank = json!({ "url": "about:blank", "newWindow": true });
        let made = pipe.ask("", "Target.createTarget", blank, COMMAND).await;
        let target = made.as_ref().ok().and_then(|made| made["targetId"].as_str());
        let watch = warden.opened(target, COMMAND).await;
        let watch = made.map(|_| watch)?.ok_or(Trouble::Silent("Target.attachedToTarget"))?;
        let (pipe, warden) = (pipe.clone(), warden.clone());
        let (world, deadline, over) = (Mutex::new(None), Instant::now() + life, AtomicBool::new(false));
        let tab = Tab { pipe, warden, watch, world, deadline, over };
        // One after the other: Chromium's renderer crashes where it is sent away before it has the focus.
        for (method, params) in [
            ("Page.setLifecycleEventsEnabled", json!({ "enabled": true })),
            ("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
            ("Runtime.runIfWaitingForDebugger", json!({})),
        ] {
            tab.pipe.ask(tab.watch.session(), method, params, COMMAND).await?;
        }
        Ok(tab)
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Carries `work` out unless something gets in the way or the time is over.
    async fn guarded<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Halt> {
        if self.over.load(Ordering::Relaxed) {
            return Ok(tokio::time::timeout(LAST_LOOK, work).await.map_err(|_| Halt::Slow)??);
        }
        tokio::select! {
            biased;
            () = self.watch.until(|watch| watch.disturbance().is_some()) => Err(self.disturbed()),
            done = tokio::time::timeout_at(self.deadline, work) => Ok(done.map_err(|_| Halt::Slow)??),
        }
    }

    fn disturbed(&self) -> Halt {
        match self.watch.disturbance() {
            Some(Disturbance::Ended) | None => Halt::Trouble(Trouble::Gone),
            Some(other) => Halt::Disturbed(other),
        }
    }

    pub(crate) async fn ask(&self, method: &'static str, params: Value) -> Result<Value, Halt> {
        self.guarded(self.pipe.ask(self.watch.session(), method, params, COMMAND)).await
    }

    /// Goes to an address and waits until everything there has loaded.
    pub(crate) async fn go(&self, url: &str) -> Result<(), Halt> {
        let before = self.watch.document();
        let gone = self.ask("Page.navigate", json!({ "url": url })).await?;
        if let Some(error) = gone["errorText"].as_str() {
            return Err(Halt::Unreachable(error.to_owned()));
        }
        self.arrive(before.as_deref()).await
    }

    /// Waits until another document than `before` is shown and has loaded.
    pub(crate) async fn arrive(&self, before: Option<&str>) -> Result<(), Halt> {
        let loaded = self.watch.until(|watch| watch.is_loaded_after(before));
        self.guarded(async {
            loaded.await;
            Ok(())
        })
        .await?;
        self.world.lock().await.take();
        Ok(())
    }

    /// The value of a function of `look.js`, called with these arguments.
    pub(crate) async fn look<T: DeserializeOwned>(&self, function: &str, arguments: &Value) -> Result<T, Halt> {
        let arguments = arguments.as_array().map_or(&[][..], Vec::as_slice);
        let arguments: Vec<String> = arguments.iter().map(Value::to_string).collect();
        let expression = format!("look.{function}({})", arguments.join(","));
        let value = match self.evaluate(&expression).await {
            // Another document has come, and its world is a new one.
            Err(Halt::Trouble(Trouble::Refused { .. })) => {
                self.world.lock().await.take();
                self.evaluate(&expression).await?
            }
            other => other?,
        };
        let unreadable = |error: serde_json::Error| Trouble::Refused { method: "look", why: error.to_string() };
        serde_json::from_value(value).map_err(|error| Halt::Trouble(unreadable(error)))
    }

    async fn evaluate(&self, expression: &str) -> Result<Value, Halt> {
        let world = self.world().await?;
        let asked = json!({ "expression": expression, "contextId": world, "returnByValue": true });
        let mut answer = self.ask("Runtime.evaluate", asked).await?;
        if answer["exceptionDetails"].is_object() {
            let why = answer["exceptionDetails"]["exception"]["description"].as_str().unwrap_or("it failed");
            let why = why.lines().next().unwrap_or_default().chars().take(200).collect();
            return Err(Halt::Trouble(Trouble::Refused { method: "Runtime.evaluate", why }));
        }
        Ok(answer["result"]["value"].take())
    }

    async fn world(&self) -> Result<u64, Halt> {
        let mut world = self.world.lock().await;
        if let Some(world) = *world {
            return Ok(world);
        }
        let made = json!({ "frameId": self.watch.target(), "worldName": "look" });
        let made = self.ask("Page.createIsolatedWorld", made).await?;
        let id = made["executionContextId"].as_u64().ok_or(Trouble::Silent("Page.createIsolatedWorld"))?;
        self.ask("Runtime.evaluate", json!({ "expression": LOOK, "contextId": id })).await?;
        *world = Some(id);
        Ok(id)
    }

    /// Looks again and again until `done` says what was found.
    pub(crate) async fn wait<T: DeserializeOwned, D>(
        &self,
        function: &str,
        arguments: &Value,
        done: impl Fn(T) -> Option<D>,
    ) -> Result<D, Halt> {
        loop {
            if let Some(found) = done(self.look(function, arguments).await?) {
                return Ok(found);
            }
            if Instant::now() + GLANCE >= self.deadline {
                return Err(Halt::Slow);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Presses and releases the left button.
    pub(crate) async fn click(&self, x: f64, y: f64) -> Result<(), Halt> {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Types into whatever has the focus.
    pub(crate) async fn type_in(&self, text: &str) -> Result<(), Halt> {
        self.ask("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Gives up a write that left and was not answered.
    pub(crate) async fn abandon_write(&self) {
        self.warden.abandon(&self.watch).await;
    }

    /// How long there is still time.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Where the tab is and what is to be seen there, as far as it can still be found out. Nothing leaves the tab any
    /// more, and a box in front of it is cancelled, since nothing can be seen behind it.
    pub(crate) async fn last_look(&self, covered: &[&str]) -> (String, Option<Shot>) {
        self.watch.rule(Rule::Nothing);
        self.over.store(true, Ordering::Relaxed);
        if matches!(self.watch.disturbance(), Some(Disturbance::Dialog(_))) {
            let _ = self.ask("Page.handleJavaScriptDialog", json!({ "accept": false })).await;
        }
        if self.look::<Value>("cover", &json!([covered])).await.is_err() {
            return (String::new(), None);
        }
        let state: Result<Value, Halt> = self.look("state", &json!([[]])).await;
        let url = state.ok().and_then(|state| state["url"].as_str().map(str::to_owned)).unwrap_or_default();
        (url, self.picture(None).await.ok())
    }

    /// A picture of a box of the page, in CSS pixels; of the whole page where there is none.
    pub(crate) async fn picture(&self, area: Option<Area>) -> Result<Shot, Halt> {
        let area = match area {
            Some(area) => area,
            None => {
                let size = self.ask("Page.getLayoutMetrics", json!({})).await?["cssContentSize"].take();
                let side = |name: &str| size[name].as_f64().unwrap_or(1.0);
                Area { x: 0.0, y: 0.0, width: side("width"), height: side("height") }
            }
        };
        let (width, height) = (area.width.clamp(1.0, 4_000.0).ceil(), area.height.clamp(1.0, TALLEST).ceil());
        let clip = json!({ "x": area.x, "y": area.y, "width": width, "height": height, "scale": 1 });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.ask("Page.captureScreenshot", asked).await?;
        let png = taken["data"].as_str().and_then(|data| STANDARD.decode(data).ok());
        let png = png.ok_or(Trouble::Silent("Page.captureScreenshot"))?;
        let (width, height) = size(&png).ok_or(Trouble::Silent("Page.captureScreenshot"))?;
        Ok(Shot { png, width, height })
    }
}

/// A box of a page, in CSS pixels.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Width and height of a PNG, from its first chunk.
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    png.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    Some((side(16)?, side(20)?))
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.warden.close(self.watch.target());
    }
}
