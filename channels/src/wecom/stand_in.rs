//! For tests: a server on a free port that answers as it is told and remembers what it was asked.

use super::api::{Api, ApiSettings, Clock};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const SECRET: &str = "SECRETxSECRETxSECRETxSECRET";

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The answer to a request, given how often its path was asked before.
type Script = Box<dyn Fn(&Seen, usize) -> Response + Send + Sync>;

struct Inner {
    script: Script,
    seen: Mutex<Vec<Seen>>,
}

#[derive(Clone)]
pub(crate) struct StandIn {
    inner: Arc<Inner>,
    base: String,
    pub(crate) now: Arc<AtomicI64>,
}

impl StandIn {
    pub(crate) async fn start(script: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> StandIn {
        let inner = Arc::new(Inner { script: Box::new(script), seen: Mutex::default() });
        let app = axum::Router::new().fallback(answer).with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        StandIn { inner, base, now: Arc::new(AtomicI64::new(1_700_000_000)) }
    }

    /// Gives tokens `TOKEN1x…`, `TOKEN2x…`, and this answer to everything else.
    pub(crate) async fn answering(body: &'static str) -> StandIn {
        StandIn::start(move |seen, n| if seen.path == "gettoken" { token(n) } else { json(body) }).await
    }

    pub(crate) fn api(&self) -> Arc<Api> {
        let now = self.now.clone();
        Arc::new(api(&self.base, Arc::new(move || now.load(Ordering::SeqCst))))
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().iter().filter(|s| s.path == path).cloned().collect()
    }

    /// The only request to that path, which must carry the first token.
    pub(crate) fn only(&self, path: &str) -> Seen {
        let seen = self.seen(path);
        assert_eq!(seen.len(), 1, "{path}");
        assert!(seen[0].query.starts_with("access_token=TOKEN1x"), "{}", seen[0].query);
        seen[0].clone()
    }
}

async fn answer(State(inner): State<Arc<Inner>>, uri: Uri, body: Bytes) -> Response {
    let path = uri.path().trim_start_matches("/cgi-bin/").to_owned();
    let seen = Seen { path, query: uri.query().unwrap_or_default().to_owned(), body: body.to_vec() };
    let before = {
        let mut all = inner.seen.lock().unwrap();
        let before = all.iter().filter(|s| s.path == seen.path).count();
        all.push(seen.clone());
        before
    };
    (inner.script)(&seen, before)
}

pub(crate) fn api(base: &str, clock: Clock) -> Api {
    // Every test installs it; all but the first find it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ApiSettings { base: base.to_owned(), corp_id: "ww0corp".into(), secret: SECRET.into() };
    Api::new(settings, clock).unwrap()
}

/// The `n`th token, counted from 0.
pub(crate) fn token(n: usize) -> Response {
    let value = token_value(n);
    let body = format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{value}","expires_in":7200}}"#);
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body).into_response()
}

pub(crate) fn token_value(n: usize) -> String {
    format!("TOKEN{}xTOKENxTOKEN", n + 1)
}

pub(crate) fn json(body: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body).into_response()
}

pub(crate) fn status(code: u16) -> Response {
    (StatusCode::from_u16(code).unwrap(), "<html>gateway</html>").into_response()
}
