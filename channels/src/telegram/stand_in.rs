//! For tests: a server on a free port that answers as it is told and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{Bot, Me, Settings};

pub(super) const TOKEN: &str = "7001:AAHsecret_secret-secret";
pub(super) const BOT: i64 = 7001;

/// One request as it arrived: its path and its body.
pub(super) type Seen = (String, Vec<u8>);
/// The answer to a path.
type Script = Arc<dyn Fn(&str) -> Response + Send + Sync>;

#[derive(Clone)]
struct Told {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Script,
}

pub(super) struct StandIn {
    told: Told,
    pub(super) base: String,
}

impl StandIn {
    /// Answers what the script says to a path.
    pub(super) async fn start(script: impl Fn(&str) -> Response + Send + Sync + 'static) -> Self {
        let told = Told { seen: Arc::default(), script: Arc::new(script) };
        let app = axum::Router::new().fallback(answer).with_state(told.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { told, base }
    }

    /// Answers everything with this status and body.
    pub(super) async fn answering(status: u16, body: &'static str) -> Self {
        Self::start(move |_| json(status, body)).await
    }

    pub(super) fn bot(&self) -> Bot {
        bot(&self.base)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.told.seen.lock().unwrap().clone()
    }

    /// The only request: its path and its JSON.
    pub(super) fn only(&self) -> (String, Value) {
        let [(path, body)] = &self.seen()[..] else { panic!("{:?}", self.seen()) };
        (path.clone(), serde_json::from_slice(body).unwrap())
    }
}

async fn answer(State(told): State<Told>, uri: Uri, body: Bytes) -> Response {
    told.seen.lock().unwrap().push((uri.path().to_owned(), body.to_vec()));
    (told.script)(uri.path())
}

pub(super) fn bot(base: &str) -> Bot {
    // Every test installs it; all but the first find it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Bot::new(Settings { base: base.to_owned(), token: TOKEN.into() }).unwrap()
}

pub(super) fn me() -> Me {
    Me { id: BOT, username: "aijia_bot".to_owned() }
}

pub(super) fn json(status: u16, body: &'static str) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) const SENT: &str = r#"{"ok":true,"result":{"message_id":55,"date":1,"chat":{"id":42,"type":"private"}}}"#;

pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}
