//! A real browser, told what to do through its DevTools pipe (Chromium's `--remote-debugging-pipe`: JSON messages, each
//! ended by a zero byte, on descriptors 3 and 4).

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

/// Longest wait for anything the browser does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser with one page.
pub(super) struct Chromium {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: String,
    next: u64,
    /// Everything that happened unasked since the last look.
    events: Vec<Value>,
    _folder: tempfile::TempDir,
}

/// What a page did besides being shown.
#[derive(Debug, Default)]
pub(super) struct Did {
    /// Dialogs, console lines and exceptions: what only a script does.
    pub(super) scripts: Vec<String>,
    /// What the content security policy had to stop.
    pub(super) violations: Vec<String>,
    /// Addresses asked for, besides the page's own.
    pub(super) asked: Vec<String>,
}

/// The browser's program; none where it is not installed. In continuous integration it has to be.
pub(super) fn program() -> anyhow::Result<Option<&'static str>> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new("sh")
            .args(["-c", &format!("command -v {name}")])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    });
    ensure!(found.is_some() || std::env::var_os("CI").is_none(), "no Chromium here; run scripts/setup-test");
    Ok(found)
}

impl Chromium {
    pub(super) fn start(program: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        ensure!(Command::new("mkfifo").args([&to, &from]).status()?.success(), "mkfifo failed");
        let child = run(program, folder.path())?;
        // In the order in which the shell opens them: each waits for the other end.
        let writer = OpenOptions::new().write(true).open(&to)?;
        let reader = BufReader::new(File::open(&from)?);
        let (tell, hear) = mpsc::channel();
        std::thread::spawn(move || {
            for message in reader.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { continue };
                if tell.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            to: writer,
            from: hear,
            session: String::new(),
            next: 0,
            events: Vec::new(),
            _folder: folder,
        };
        browser.open_page()?;
        Ok(browser)
    }

    fn open_page(&mut self) -> anyhow::Result<()> {
        let target = self.ask("Target.createTarget", json!({"url": "about:blank"}))?["targetId"].clone();
        let attached = self.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}))?;
        self.session = attached["sessionId"].as_str().context("a session")?.to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.ask(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(())
    }

    /// Sends a command and waits for its answer.
    fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.to.write_all(message.to_string().as_bytes())?;
        self.to.write_all(&[0])?;
        loop {
            let heard = self.hear()?;
            if heard["id"] == self.next {
                ensure!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return Ok(heard["result"].clone());
            }
        }
    }

    /// The next message; an event is kept, and a dialog is closed, since it holds up everything.
    fn hear(&mut self) -> anyhow::Result<Value> {
        let heard = self.from.recv_timeout(PATIENCE).context("Chromium says nothing")?;
        if heard["method"] == "Page.javascriptDialogOpening" {
            let close = json!({"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": false}, "sessionId": self.session});
            self.to.write_all(close.to_string().as_bytes())?;
            self.to.write_all(&[0])?;
        }
        if heard["method"].is_string() {
            self.events.push(heard.clone());
        }
        Ok(heard)
    }

    /// Opens an address and waits until all of it is there.
    pub(super) fn open(&mut self, url: &str) -> anyhow::Result<()> {
        self.events.clear();
        self.ask("Page.navigate", json!({"url": url}))?;
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.hear()?;
        }
        Ok(())
    }

    /// The value of an expression on the page, as JSON.
    pub(super) fn value(&mut self, expression: &str) -> anyhow::Result<Value> {
        let asked = json!({"expression": expression, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", asked)?;
        if answer["exceptionDetails"].is_object() {
            bail!("{expression}: {}", answer["exceptionDetails"]);
        }
        Ok(answer["result"]["value"].clone())
    }

    /// What the page opened last did, the addresses of its own origin left out.
    pub(super) fn did(&mut self, origin: &str) -> Did {
        let mut did = Did::default();
        for event in &self.events {
            let (method, params) = (event["method"].as_str().unwrap_or_default(), &event["params"]);
            let address = params["request"]["url"].as_str().unwrap_or_default();
            match method {
                "Log.entryAdded" if params["entry"]["source"] == "security" => did.violations.push(params.to_string()),
                "Log.entryAdded"
                    if params["entry"]["text"].as_str().is_some_and(|t| t.contains("Content Security Policy")) =>
                {
                    did.violations.push(params.to_string());
                }
                "Page.javascriptDialogOpening" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => {
                    did.scripts.push(params.to_string());
                }
                "Network.requestWillBeSent" if !address.starts_with(origin) => did.asked.push(address.to_owned()),
                _ => {}
            }
        }
        did
    }
}

/// The program with both pipes, through a shell that gives them their numbers.
fn run(program: &str, folder: &Path) -> anyhow::Result<Child> {
    let quiet = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-extensions --no-first-run \
                 --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe";
    let line = format!("exec {program} {quiet} --user-data-dir=\"$1/profile\" about:blank 3<\"$1/to\" 4>\"$1/from\"");
    let mut command = Command::new("sh");
    command.args(["-c", &line, "sh"]).arg(folder).env("HOME", folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("Chromium does not start")
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
