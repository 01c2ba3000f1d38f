//! Every way to write that a browser has, on one page: each ends at `/w/NAME`, or, where it is a GET with an effect, at
//! `/act/NAME`.

/// The names of the ways, those that need a secure or a newer surrounding than some browsers have included.
pub const WAYS: [&str; 53] = [
    "button",
    "form-post",
    "form-request-submit",
    "form-popup",
    "form-multipart",
    "form-text-plain",
    "form-get",
    "fetch-post",
    "fetch-put",
    "fetch-patch",
    "fetch-delete",
    "fetch-keepalive",
    "fetch-no-cors",
    "fetch-preflight",
    "xhr-post",
    "xhr-put",
    "xhr-sync",
    "beacon-text",
    "beacon-blob",
    "beacon-form",
    "ping",
    "csp-report",
    "srcdoc-fetch",
    "blank-fetch",
    "cross-site-frame",
    "sandbox-form",
    "sandbox-fetch",
    "pagehide-beacon",
    "popup-fetch",
    "popup-page",
    "noopener-page",
    "worker-fetch",
    "worker-xhr",
    "worker-blob",
    "worker-nested",
    "shared-worker",
    "service-worker",
    "websocket",
    "websocket-worker",
    "websocket-blank-frame",
    "fetch-later",
    "get-image",
    "get-fetch",
    "get-frame",
    "get-prefetch",
    "get-style",
    "get-script",
    "get-import",
    "get-background",
    "get-video",
    "get-object",
    "get-event-source",
    "get-download",
];

/// The page. Where `abroad` is the same site under another name, for what crosses sites.
pub(super) fn page(abroad: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>写入方式</title></head><body>\
         <main id=\"ways\"><h1>所有写入方式</h1><p>订单 <span id=\"order-no\">202611280000010417</span></p>\
         <p id=\"state\">进行中</p><button id=\"go\" type=\"button\">全部执行</button></main>\
         <script>const abroad = {abroad:?};</script><script src=\"/static/ways.js\"></script></body></html>"
    )
}

/// What the page runs.
pub(super) const SCRIPT: &str = include_str!("ways.js");
/// The worker's.
pub(super) const WORKER: &str = "const w = (p) => '/w/' + p;\n\
    fetch(w('worker-fetch'), { method: 'POST', body: 'x' }).catch(() => {});\n\
    try { const x = new XMLHttpRequest(); x.open('POST', w('worker-xhr')); x.send('x'); } catch {}\n\
    try { const s = new WebSocket(location.origin.replace('http', 'ws') + '/socket/websocket-worker'); s.onopen = () => s.send('x'); } catch {}\n\
    try { new Worker('/static/nested.js'); } catch {}\n";
/// The worker of the worker.
pub(super) const NESTED: &str = "fetch('/w/worker-nested', { method: 'POST', body: 'x' }).catch(() => {});";
/// The shared worker's.
pub(super) const SHARED: &str = "fetch('/w/shared-worker', { method: 'POST', body: 'x' }).catch(() => {});";
/// The service worker's.
pub(super) const SERVICE: &str = "self.addEventListener('install', (event) => event.waitUntil(\
    fetch('/w/service-worker', { method: 'POST', body: 'x' }).catch(() => {})));";
