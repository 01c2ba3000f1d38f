//! Starts Chromium with its pipe, and makes sure that nothing of it outlives us.

use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::den::Den;
use super::find::Chromium;
use crate::trouble::Trouble;

/// Gives the browser its pipe as descriptors 3 and 4. Once the browser has ended, waits until nobody holds the other end
/// of the pipe any more, and removes the den: so it goes even where we are killed. Our end closing ends the browser. It gets
/// what processor time others leave: a callback is answered first.
const SHELL: &str = r#"den=$1; shift; exec 3<&0 4>&1 </dev/null >/dev/null 2>&1
nice -n 10 "$@"; exec 4>&-; cat <&3; rm -rf -- "$den""#;

/// What Chromium does besides showing pages, and what lets pages speak past the interception of requests. A frame with a
/// process of its own (a sandboxed or a foreign one) may speak before its interception is there: frames stay in the
/// page's process. Nothing foreign is in them that a recipe does not name.
const FEATURES: [&str; 21] = [
    "IsolateOrigins",
    "IsolateSandboxedIframes",
    "site-per-process",
    "BackForwardCache",
    "ServiceWorkerAutoPreload",
    "Reporting",
    "DocumentReporting",
    "NetworkErrorLogging",
    "FetchLaterAPI",
    "FedCm",
    "Prerender2",
    "AttributionReportingAPI",
    "PrivacySandboxAdsAPIs",
    "DeviceBoundSessions",
    "BackgroundFetch",
    "Translate",
    "OptimizationHints",
    "MediaRouter",
    "AutofillServerCommunication",
    "DialMediaRouteProvider",
    "CertificateTransparencyComponentUpdater",
];

const SWITCHES: [&str; 34] = [
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-service-autorun",
    "--noerrdialogs",
    "--mute-audio",
    "--hide-scrollbars",
    "--deny-permission-prompts",
    "--disable-auto-reload",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-blink-features=FetchLaterAPI,SharedWorker",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-http2",
    "--disable-notifications",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-site-isolation-trials",
    "--disable-sync",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--metrics-recording-only",
    "--password-store=basic",
    "--proxy-bypass-list=<-loopback>",
    "--lang=zh-CN",
    "--window-size=1280,900",
];

/// A running browser and its den.
pub(crate) struct Process {
    child: Child,
    den: Den,
}

impl Process {
    /// Starts it; gives the ends of its pipe.
    pub(crate) fn start(
        chromium: &Chromium,
        den: Den,
        proxy: std::net::SocketAddr,
        visible: bool,
    ) -> Result<(Process, ChildStdin, ChildStdout), Trouble> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SHELL, "sh"]).arg(den.path()).arg(chromium.program()).args(SWITCHES);
        command.arg(format!("--user-data-dir={}", den.profile().display()));
        command.arg(format!("--proxy-server=socks5://{proxy}"));
        command.arg(format!("--disable-features={}", FEATURES.join(",")));
        if !visible {
            command.arg("--headless=new");
        }
        // Chromium has no sandbox for root. A service runs as a user of its own.
        if rustix::process::geteuid().is_root() {
            command.arg("--no-sandbox");
        }
        surroundings(&mut command, den.path(), &den.tmp(), visible);
        command.arg("about:blank").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(Trouble::system("starting Chromium"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { return Err(Trouble::Gone) };
        Ok((Process { child, den }, to, from))
    }

    pub(crate) fn den(&self) -> &Den {
        &self.den
    }

    /// The number of the browser's process group.
    pub(crate) fn group(&self) -> Option<u32> {
        self.child.id()
    }
}

/// Nothing of our own environment but what a window needs; everything it writes by itself goes into the den.
fn surroundings(command: &mut Command, den: &Path, tmp: &Path, visible: bool) {
    command.current_dir(den).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8").env("TZ", "Asia/Shanghai");
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, den);
    }
    command.env("TMPDIR", tmp);
    let window = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"];
    for (name, value) in window.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))) {
        if visible {
            command.env(name, value);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        // Its zombie is taken by the runtime, or by whoever outlives us.
        let _ = self.child.try_wait();
    }
}
