//! A language-model server with the OpenAI wire format whose behaviour a test chooses.
//!
//! It answers `POST /v1/chat/completions`, `POST /v1/embeddings`, `POST /v1/audio/transcriptions` and `GET /v1/models`, refuses
//! what the real service refuses, and writes every request and every answer into an append-only ledger.
//! Answers depend on the request alone: no clock, no randomness.

mod answer;
mod dialect;
mod embedding;
mod request;
mod senses;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

use answer::Completion;
pub use dialect::Dialect;
use request::{ChatRequest, EmbeddingRequest, Refused};

/// Bytes of `Behaviour::Broken(BrokenKind::HugeBody)`'s answer text.
pub const HUGE_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of an answer that the ledger keeps; longer answers are cut.
pub const LEDGER_BODY_BYTES: usize = 64 * 1024;

/// What the server does with valid requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers from the first passage in the prompt and cites it.
    Honest,
    /// Like `Honest`, after a wait.
    Slow {
        /// Milliseconds between the request and the answer.
        ms: u64,
    },
    /// Like `Honest`, without saying how many tokens it took.
    Uncounted,
    /// Does what an attacker would want: promises money, claims an approval, obeys instructions found in the
    /// prompt, cites a passage that does not exist, adds fields and tool calls nobody asked for.
    Hostile,
    /// Answers with exactly this message content, in a well-formed completion.
    Says(String),
    /// Like `Honest`, in the manner of one kind of server.
    Speaks(Dialect),
    /// Fails in one particular way.
    Broken(BrokenKind),
    /// Fails so when it is asked for the first time, and is `Honest` from then on.
    Stumbles(BrokenKind),
    /// 429 with `Retry-After: 1`.
    RateLimited,
}

/// The ways in which `Behaviour::Broken` fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenKind {
    /// HTTP 500 with the usual error object.
    Http500,
    /// HTTP 200 with an HTML page.
    Garbage,
    /// HTTP 200 with the first half of a completion.
    TruncatedJson,
    /// A completion without choices.
    EmptyChoices,
    /// A well-formed completion whose content is prose where JSON was asked for.
    Prose,
    /// A completion without content and with `refusal` set.
    Refuses,
    /// HTTP 200, half a completion, and the connection breaks.
    CutsOff,
    /// HTTP 200 and a body that goes on for as long as somebody reads it.
    Endless,
    /// Takes the request and never answers.
    Hangs,
    /// A well-formed completion of [`HUGE_BODY_BYTES`].
    HugeBody,
}

/// Which address was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/audio/transcriptions`
    Transcriptions,
    /// `GET /v1/models`
    Models,
}

/// One line of the ledger. `number` joins a request with its answer and counts from 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A request arrived. The Authorization header is never kept.
    Asked {
        /// Position among the requests.
        number: u64,
        /// The address called.
        endpoint: Endpoint,
        /// The JSON body; a string where it was not JSON, null where there was none.
        body: Value,
    },
    /// An answer left. A request that hangs has none.
    Answered {
        /// The request's number.
        number: u64,
        /// HTTP status.
        status: u16,
        /// The body as sent, cut to [`LEDGER_BODY_BYTES`].
        body: String,
    },
}

/// A running server on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct FakeModel {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: Arc<watch::Sender<()>>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    /// Wordings that mean the same to its embeddings, each with the one they are read as.
    alike: Mutex<Vec<(String, String)>>,
    /// What it sees in every picture, and what it hears in every voice.
    senses: Mutex<Senses>,
    ledger: Mutex<Ledger>,
    stopped: watch::Receiver<()>,
}

#[derive(Default)]
struct Senses {
    sees: String,
    hears: String,
}

#[derive(Default)]
struct Ledger {
    asked: u64,
    entries: Vec<Entry>,
}

impl FakeModel {
    /// Starts on a free port of 127.0.0.1. Fails where no socket can be had.
    pub async fn start(behaviour: Behaviour) -> anyhow::Result<FakeModel> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            alike: Mutex::default(),
            senses: Mutex::default(),
            ledger: Mutex::new(Ledger::default()),
            stopped: stopped.clone(),
        });
        let server = axum::serve(listener, routes(shared.clone())).with_graceful_shutdown(until_dropped(stopped));
        tokio::spawn(async move { server.await });
        Ok(FakeModel { shared, address, _stop: Arc::new(stop) })
    }

    /// The value for `OPENAI_BASE_URL`: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Changes what the next requests meet; a request under way keeps what it began with.
    pub fn behave(&self, behaviour: Behaviour) {
        *locked(&self.shared.behaviour) = behaviour;
    }

    /// From now on its embeddings read `wording` as `meant`.
    pub fn reads_as(&self, wording: &str, meant: &str) {
        locked(&self.shared.alike).push((wording.to_owned(), meant.to_owned()));
    }

    /// From now on it sees this in every picture.
    pub fn sees(&self, what: &str) {
        locked(&self.shared.senses).sees = what.to_owned();
    }

    /// From now on it hears this in every voice.
    pub fn hears(&self, what: &str) {
        locked(&self.shared.senses).hears = what.to_owned();
    }

    /// The voices it was asked to transcribe: model, name of the file, media type, bytes.
    pub fn transcriptions(&self) -> Vec<Value> {
        let heard = |entry| match entry {
            Entry::Asked { endpoint: Endpoint::Transcriptions, body, .. } => Some(body),
            _ => None,
        };
        self.ledger().into_iter().filter_map(heard).collect()
    }

    /// All requests and answers so far, in the order in which they happened.
    pub fn ledger(&self) -> Vec<Entry> {
        locked(&self.shared.ledger).entries.clone()
    }

    /// The texts whose meaning was asked for so far.
    pub fn embedded(&self) -> Vec<String> {
        let inputs = |entry| match entry {
            Entry::Asked { endpoint: Endpoint::Embeddings, body, .. } => body["input"].as_array().cloned(),
            _ => None,
        };
        let texts = self.ledger().into_iter().filter_map(inputs).flatten();
        texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    }

    /// The JSON bodies of the chat requests so far.
    pub fn chats(&self) -> Vec<Value> {
        let chat = |entry| match entry {
            Entry::Asked { endpoint: Endpoint::Chat, body, .. } => Some(body),
            _ => None,
        };
        self.ledger().into_iter().filter_map(chat).collect()
    }
}

/// Completes when the last `FakeModel` is gone.
async fn until_dropped(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn asked(&self, endpoint: Endpoint, body: &[u8]) -> u64 {
        let mut ledger = locked(&self.ledger);
        ledger.asked += 1;
        let number = ledger.asked;
        ledger.entries.push(Entry::Asked { number, endpoint, body: as_json(body) });
        number
    }

    fn answered(&self, number: u64, reply: Reply) -> Response {
        let body = cut(&reply.body, LEDGER_BODY_BYTES).to_owned();
        locked(&self.ledger).entries.push(Entry::Answered { number, status: reply.status.as_u16(), body });
        reply.into_response()
    }
}

fn as_json(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Fails, but only after the connection had its turn: otherwise not even the status line would leave.
async fn break_off() -> Result<Bytes, std::io::Error> {
    tokio::task::yield_now().await;
    Err(std::io::Error::other("cut"))
}

/// An answer before it becomes an HTTP response, so that the ledger sees the same bytes.
struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    end: End,
}

/// What follows the last byte of `Reply::body`.
enum End {
    Proper,
    Cut,
    Never(watch::Receiver<()>),
}

impl End {
    fn after(self, body: String) -> Body {
        let sent = |body: String| stream::iter([Ok(Bytes::from(body))]);
        match self {
            End::Proper => Body::from(body),
            End::Cut => Body::from_stream(sent(body).chain(stream::once(break_off()))),
            End::Never(stopped) => {
                let more = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096])));
                Body::from_stream(sent(body).chain(more).take_until(Box::pin(until_dropped(stopped))))
            }
        }
    }
}

impl Reply {
    fn json(status: StatusCode, body: &Value) -> Reply {
        Reply { status, content_type: "application/json", body: body.to_string(), end: End::Proper }
    }

    fn refused(refused: &Refused) -> Reply {
        Reply::json(refused.status, &refused.body())
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let limited = self.status == StatusCode::TOO_MANY_REQUESTS;
        let body = self.end.after(self.body);
        let mut response = (self.status, [(header::CONTENT_TYPE, self.content_type)], body).into_response();
        if limited {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/audio/transcriptions", post(transcriptions))
        .route("/v1/models", get(models))
        .layer(DefaultBodyLimit::max(senses::BODY_BYTES))
        .with_state(shared)
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let number = shared.asked(Endpoint::Chat, &body);
    let reply = match request::authorised(&headers).and_then(|()| ChatRequest::parse(&headers, &body)) {
        Ok(request) => behave(&shared, number, &request).await,
        Err(refused) => Reply::refused(&refused),
    };
    shared.answered(number, reply)
}

async fn behave(shared: &Shared, number: u64, request: &ChatRequest) -> Reply {
    let behaviour = locked(&shared.behaviour).clone();
    let said = || if request.sees { locked(&shared.senses).sees.clone() } else { answer::honest(request) };
    let honest = || Completion::of(number, request, said());
    match behaviour {
        Behaviour::Honest => completed(honest()),
        Behaviour::Uncounted => completed(honest().uncounted()),
        Behaviour::Slow { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            completed(honest())
        }
        Behaviour::Hostile => completed(answer::hostile_completion(number, request)),
        Behaviour::Says(content) => completed(Completion::of(number, request, content)),
        Behaviour::Speaks(dialect) => dialect::spoken(dialect, request, honest()),
        Behaviour::Broken(kind) => broken(shared, kind, honest()).await,
        Behaviour::Stumbles(kind) if number == 1 => broken(shared, kind, honest()).await,
        Behaviour::Stumbles(_) => completed(honest()),
        Behaviour::RateLimited => Reply::refused(&Refused::rate_limited()),
    }
}

fn completed(completion: Completion) -> Reply {
    Reply::json(StatusCode::OK, &completion.into_json())
}

async fn broken(shared: &Shared, kind: BrokenKind, completion: Completion) -> Reply {
    match kind {
        BrokenKind::Http500 => Reply::refused(&Refused::server_error()),
        BrokenKind::Garbage => garbage(),
        BrokenKind::TruncatedJson => truncated(completed(completion)),
        BrokenKind::EmptyChoices => completed(completion.without_choices()),
        BrokenKind::Prose => completed(completion.saying("好的,我这就帮您处理~ (this is not JSON)".to_owned())),
        BrokenKind::Refuses => completed(completion.refusing()),
        BrokenKind::CutsOff => Reply { end: End::Cut, ..truncated(completed(completion)) },
        BrokenKind::Endless => Reply { end: End::Never(shared.stopped.clone()), ..truncated(completed(completion)) },
        BrokenKind::Hangs => {
            until_dropped(shared.stopped.clone()).await;
            Reply::refused(&Refused::server_error())
        }
        BrokenKind::HugeBody => completed(completion.saying("啊".repeat(HUGE_BODY_BYTES / 3 + 1))),
    }
}

fn garbage() -> Reply {
    let body = "<!doctype html><title>502</title><h1>upstream</h1>".to_owned();
    Reply { status: StatusCode::OK, content_type: "text/html", body, end: End::Proper }
}

fn truncated(reply: Reply) -> Reply {
    let body = cut(&reply.body, reply.body.len() / 2).to_owned();
    Reply { body, ..reply }
}

async fn transcriptions(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let passed = match request::authorised(&headers) {
        Ok(()) => senses::transcription(&headers, body).await,
        Err(refused) => Err(refused),
    };
    let number = shared.asked(Endpoint::Transcriptions, passed.as_ref().unwrap_or(&Value::Null).to_string().as_bytes());
    let behaviour = locked(&shared.behaviour).clone();
    let reply = match (passed, behaviour) {
        (Ok(_), Behaviour::RateLimited) => Reply::refused(&Refused::rate_limited()),
        (Ok(_), Behaviour::Broken(_)) => garbage(),
        (Ok(_), _) => Reply::json(StatusCode::OK, &json!({ "text": locked(&shared.senses).hears.clone() })),
        (Err(refused), _) => Reply::refused(&refused),
    };
    shared.answered(number, reply)
}

async fn embeddings(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let number = shared.asked(Endpoint::Embeddings, &body);
    let reply = match request::authorised(&headers).and_then(|()| EmbeddingRequest::parse(&headers, &body)) {
        Ok(request) => embed(&shared, &request).await,
        Err(refused) => Reply::refused(&refused),
    };
    shared.answered(number, reply)
}

async fn embed(shared: &Shared, request: &EmbeddingRequest) -> Reply {
    let answer = Reply::json(StatusCode::OK, &embedding::response(request, &locked(&shared.alike)));
    let behaviour = locked(&shared.behaviour).clone();
    match behaviour {
        Behaviour::Honest
        | Behaviour::Uncounted
        | Behaviour::Hostile
        | Behaviour::Says(_)
        | Behaviour::Speaks(_)
        | Behaviour::Stumbles(_) => answer,
        Behaviour::Slow { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            answer
        }
        Behaviour::RateLimited => Reply::refused(&Refused::rate_limited()),
        Behaviour::Broken(BrokenKind::Hangs) => {
            until_dropped(shared.stopped.clone()).await;
            Reply::refused(&Refused::server_error())
        }
        Behaviour::Broken(BrokenKind::Garbage) => garbage(),
        Behaviour::Broken(BrokenKind::TruncatedJson) => truncated(answer),
        Behaviour::Broken(_) => Reply::refused(&Refused::server_error()),
    }
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let number = shared.asked(Endpoint::Models, &[]);
    let model = |id| json!({"id": id, "object": "model", "created": answer::CREATED, "owned_by": "simulator"});
    let reply = match request::authorised(&headers) {
        Ok(()) => Reply::json(
            StatusCode::OK,
            &json!({"object": "list", "data": [model("fake-chat"), model("fake-embedding")]}),
        ),
        Err(refused) => Reply::refused(&refused),
    };
    shared.answered(number, reply)
}

#[cfg(test)]
#[path = "openai_tests.rs"]
mod tests;
