//! The drafter behind an OpenAI-compatible server, spoken to through `async-openai`.
//!
//! That client would read answers of any length, write those it cannot read into the log, customers' words included,
//! and try again for as long as a server asks for. So it sends through [`exchange`], which hands it nothing but
//! completions of a bearable size. What may do better the next time is tried once more, all within one patience: the
//! built-in drafter stands behind it.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use knowledge::{Found, Hit};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use tower::BoxError;
use url::{Host, Url};

use super::placeholders::{BLANK, Placeholders};
use super::{
    Example, Proposal, Usage, Wish, citation_of, clean, confidence_in, in_parts, prompt, wants_another_passage,
};
use crate::case::{Citation, Translation};
use crate::policy::unfounded;

/// Time for one answer, all of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of that, time for the connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MOST_BYTES: usize = 256 * 1024;
/// Characters of a reply; a longer one would be no chat message any more.
const MOST_CHARS: usize = 600;

/// A language model that drafts.
#[derive(Debug)]
pub struct Model {
    client: Client<OpenAIConfig>,
    name: String,
    patience: Duration,
    /// Whether the server may be asked for an answer in the form of an object: until it refuses that.
    gives_objects: AtomicBool,
}

/// Why a model gave no draft. Neither says a word of what was asked or answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The server did not answer as one; trying later may help.
    #[error("the model is unavailable: {0}")]
    Unavailable(Outage),
    /// It answered, and the answer must not be used.
    #[error("the model's answer is unusable: {0}")]
    Unusable(Flaw),
}

impl DraftError {
    /// Whether the next try may do better: the server was in trouble, or what came was no JSON.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(outage) => matches!(outage, Outage::Status(500..) | Outage::Broken(_)),
            Self::Unusable(flaw) => *flaw == Flaw::NotJson,
        }
    }
}

/// Why a server did not answer as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outage {
    /// It answered with this status.
    Status(u16),
    /// The connection broke.
    Broken(String),
    /// Anything else.
    Other(String),
}

impl Outage {
    /// Whether the server says that it does not understand what it is asked.
    fn is_about_the_request(&self) -> bool {
        matches!(self, Self::Status(400 | 422))
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Broken(why) | Self::Other(why) => f.write_str(why),
        }
    }
}

impl From<String> for Outage {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

impl From<&str> for Outage {
    fn from(why: &str) -> Self {
        Self::Other(why.to_owned())
    }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Not the object that was asked for.
    #[error("it is not the JSON that was asked for")]
    NotJson,
    /// The model declined, or found no answer in the passages.
    #[error("it says nothing")]
    NoAnswer,
    /// It rests on none of the passages.
    #[error("it cites no passage it was given")]
    NoCitation,
    /// It has a number, an amount, a link or an address that its passages do not have.
    #[error("it says what its passages do not say")]
    NotGrounded,
    /// It has a blank of an example in it.
    #[error("it leaves something out that an example left out")]
    Blank,
    /// A reviewer wanted it shorter, and it is not.
    #[error("it is no shorter than before")]
    NoShorter,
    /// The attachment is none that a model takes.
    #[error("it is no attachment that a model takes")]
    Unreadable,
    /// It is too long for a reply.
    #[error("it is too long")]
    TooLong,
    /// A person would not see all of it.
    #[error("it hides something")]
    Hidden,
    /// It wants something done, and a model has no hands.
    #[error("it asks for tools, and there are none for a model")]
    AsksToAct,
}

/// What is asked for; everything else is left to the server's defaults, which all of them have.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: &'a Value,
    /// What most servers can do; a schema is refused by some, and what it would ask for is looked at here anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
}

/// The part of a completion that is read; servers differ in everything else.
#[derive(Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    pub(super) choices: Vec<Choice>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) usage: Option<Usage>,
}

/// What a server counted, where it can be read: an odd count costs nobody their draft.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

#[derive(Deserialize)]
pub(super) struct Choice {
    pub(super) message: Message,
}

#[derive(Default, Deserialize)]
pub(super) struct Message {
    pub(super) content: Option<String>,
    /// What it would like done. Nothing is offered, and nothing is done.
    #[serde(default, deserialize_with = "lenient")]
    tool_calls: Option<Vec<Value>>,
}

impl Message {
    /// Its words, where it is only words.
    fn words(self) -> Result<String, Flaw> {
        match self.tool_calls {
            Some(calls) if !calls.is_empty() => Err(Flaw::AsksToAct),
            _ => self.content.ok_or(Flaw::NoAnswer),
        }
    }
}

impl Model {
    /// A model at a server's base address, such as `https://api.openai.com/v1`.
    ///
    /// # Errors
    /// When the address is none, the key cannot be sent, or no client can be built.
    pub fn new(base_url: &str, api_key: SecretString, model: &str) -> Result<Self, DraftError> {
        Self::with_patience(base_url, api_key, model, PATIENCE)
    }

    fn with_patience(base: &str, key: SecretString, name: &str, patience: Duration) -> Result<Self, DraftError> {
        let base = base.trim_end_matches('/');
        let url =
            Url::parse(base).map_err(|error| DraftError::Unavailable(format!("bad base address: {error}").into()))?;
        let http = connection(&url, patience)?;
        let through = http.clone();
        let client = Client::build(http, settings(base, &key)?).with_http_service(tower::service_fn(move |request| {
            exchange::<Completion>(through.clone(), request, MOST_BYTES)
        }));
        Ok(Self { client, name: name.to_owned(), patience, gives_objects: AtomicBool::new(true) })
    }

    /// Drafts an answer to a question. The proposal is [`DraftError::Unavailable`] when the server does not answer in
    /// time, [`DraftError::Unusable`] when its answer is not one that may be shown.
    pub async fn draft(&self, question: &Question<'_>) -> Answered {
        let mut usage = Usage::default();
        let tries = async {
            let first = self.answer(question).await;
            usage += first.usage;
            if !first.proposal.as_ref().is_err_and(DraftError::may_pass) {
                return first.proposal;
            }
            let second = self.answer(question).await;
            usage += second.usage;
            second.proposal
        };
        let proposal = tokio::time::timeout(self.patience, tries).await;
        let late = |_| Err(DraftError::Unavailable("there was no answer in time".into()));
        Answered { proposal: proposal.unwrap_or_else(late), usage }
    }

    /// One try.
    async fn answer(&self, question: &Question<'_>) -> Answered {
        let (message, counted) = match self.ask(&question.messages).await {
            Ok(answer) => answer,
            // What never answered is not counted; what answered badly is, as it was expected.
            Err(error @ DraftError::Unavailable(_)) => {
                return Answered { proposal: Err(error), usage: Usage::default() };
            }
            Err(error) => return Answered { proposal: Err(error), usage: question.expected() },
        };
        let estimated = || Usage::estimated(&question.text(), message.content.as_deref().unwrap_or_default());
        let usage = counted.filter(|usage| usage.is_sound()).unwrap_or_else(estimated);
        let content = message.words().map_err(DraftError::Unusable);
        Answered { proposal: content.and_then(|content| question.read(&content, &self.name)), usage }
    }

    /// What the model said, if anything, and what the server counted. A server that knows no form for an answer is asked
    /// without one from then on.
    async fn ask(&self, messages: &Value) -> Result<(Message, Option<Usage>), DraftError> {
        let as_object = self.gives_objects.load(Ordering::Relaxed);
        let completion = match self.complete(messages, as_object).await {
            Err(DraftError::Unavailable(outage)) if as_object && outage.is_about_the_request() => {
                let completion = self.complete(messages, false).await?;
                self.gives_objects.store(false, Ordering::Relaxed);
                completion
            }
            completed => completed?,
        };
        let said = completion.choices.into_iter().next().map(|choice| choice.message);
        Ok((said.unwrap_or_default(), completion.usage))
    }

    async fn complete(&self, messages: &Value, as_object: bool) -> Result<Completion, DraftError> {
        let response_format = as_object.then(|| json!({ "type": "json_object" }));
        let request = Request { model: &self.name, messages, response_format };
        self.client.chat().create_byot(request).await.map_err(without_words)
    }
}

/// What a model is asked, and what its answer is read with. Personal numbers are replaced on the way out and put back on
/// the way in.
pub struct Question<'a> {
    messages: Value,
    passages: Cow<'a, Found>,
    placeholders: Placeholders,
    wish: Option<Wish<'a>>,
}

/// What came of asking a model.
#[derive(Debug)]
pub struct Answered {
    /// The draft, or why there is none.
    pub proposal: Result<Proposal, DraftError>,
    /// What it took.
    pub usage: Usage,
}

impl<'a> Question<'a> {
    /// The customer's messages, among which recalled ones must not be, with the passages found, and examples of how the
    /// shop talks.
    pub fn new(customer: &[String], found: &'a Found, examples: &[Example], wish: Option<Wish<'a>>) -> Self {
        let mut placeholders = Placeholders::default();
        let mut hide = |texts: &[String]| texts.iter().map(|text| placeholders.hide(text)).collect::<Vec<_>>();
        let (customer, before) = (hide(customer), hide(wish.map(|wish| wish.before).unwrap_or_default()));
        let passages = without_the_first(found, wish);
        let asks = wish.map(|wish| Wish { before: &before, ..wish });
        Self { messages: prompt::messages(&customer, &passages, examples, asks), passages, placeholders, wish }
    }

    /// The same for a reviewer who reads `language`, which is not the customer's.
    pub fn translated_into(mut self, language: &str) -> Self {
        prompt::ask_for_translation(&mut self.messages, language);
        self
    }

    /// What it will take at most, or nearly.
    pub fn expected(&self) -> Usage {
        Usage::expected(&self.text())
    }

    fn text(&self) -> String {
        let messages = self.messages.as_array().map(Vec::as_slice).unwrap_or_default();
        messages.iter().filter_map(|message| message["content"].as_str()).collect()
    }

    fn read(&self, content: &str, model: &str) -> Result<Proposal, DraftError> {
        let proposal = restored(content, &self.passages, format!("openai:{model}"), &self.placeholders)?;
        match self.wish {
            Some(wish) if !wish.is_met_by(&proposal.parts) => Err(DraftError::Unusable(Flaw::NoShorter)),
            _ => Ok(proposal),
        }
    }
}

/// The passages a model is given: not the one a reviewer wants no more, and surer of none of them than what is left.
fn without_the_first<'a>(found: &'a Found, wish: Option<Wish<'_>>) -> Cow<'a, Found> {
    match wish {
        Some(wish) if wants_another_passage(wish.hint) => {
            let hits = found.hits.iter().skip(1).cloned().collect();
            Cow::Owned(Found { hits, confidence: confidence_in(found, 1) })
        }
        _ => Cow::Borrowed(found),
    }
}

/// The server and the key, and nothing of what the client would look for in the environment by itself.
pub(super) fn settings(base: &str, key: &SecretString) -> Result<OpenAIConfig, DraftError> {
    let key = key.expose_secret();
    // The client does not report such a key but panics.
    HeaderValue::from_str(key).map_err(|_| DraftError::Unavailable("the key cannot be sent".into()))?;
    Ok(OpenAIConfig::new().with_api_base(base).with_api_key(key).with_org_id("").with_project_id(""))
}

pub(super) fn connection(url: &Url, patience: Duration) -> Result<reqwest::Client, DraftError> {
    // The program installs a TLS provider first; without one the client would not be built but panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("aijia/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none());
    // A proxy of the environment is for the outside; a server on this host is reached directly.
    let client = if is_here(url) { client.no_proxy() } else { client };
    client.build().map_err(unavailable)
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn unavailable(error: reqwest::Error) -> DraftError {
    let late = error.is_timeout();
    let why = error.without_url().to_string();
    DraftError::Unavailable(if late { Outage::Other(why) } else { Outage::Broken(why) })
}

/// What the client's error is to us. What it says is not repeated: it may quote the answer.
pub(super) fn without_words(error: OpenAIError) -> DraftError {
    match error {
        OpenAIError::Reqwest(error) => unavailable(error),
        OpenAIError::JSONDeserialize(..) => DraftError::Unusable(Flaw::NotJson),
        OpenAIError::Boxed(error) => match error.downcast::<DraftError>() {
            Ok(error) => *error,
            Err(_) => DraftError::Unavailable("no request was made".into()),
        },
        _ => DraftError::Unavailable("the client gave up".into()),
    }
}

/// Sends one request once and reads so many bytes of the answer at most. What it returns is a `T`; anything else is our
/// own error, so that the client has nothing to quote and no reason to try again.
pub(super) async fn exchange<T: DeserializeOwned>(
    http: reqwest::Client,
    request: HttpRequestFactory,
    most: usize,
) -> Result<reqwest::Response, BoxError> {
    let mut request = request.build().await?;
    if let Some(key) = request.headers_mut().get_mut(AUTHORIZATION) {
        key.set_sensitive(true);
    }
    let response = http.execute(request).await.map_err(unavailable)?;
    if !response.status().is_success() {
        return Err(DraftError::Unavailable(Outage::Status(response.status().as_u16())).into());
    }
    let bytes = read(response, most).await?;
    serde_json::from_slice::<T>(&bytes).map_err(|_| DraftError::Unusable(Flaw::NotJson))?;
    Ok(axum::http::Response::new(bytes).into())
}

/// The body, as long as it stays one an answer could have.
pub(super) async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, DraftError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
        if bytes.len() + chunk.len() > most {
            return Err(DraftError::Unusable(Flaw::TooLong));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What a model wrote, as a draft that rests on the passages it was given.
///
/// # Errors
/// [`DraftError::Unusable`] when it is not one that may be shown.
pub fn proposal(content: &str, found: &Found, drafter: String) -> Result<Proposal, DraftError> {
    restored(content, found, drafter, &Placeholders::default())
}

/// The same with what was hidden from the model put back.
fn restored(
    content: &str,
    found: &Found,
    drafter: String,
    placeholders: &Placeholders,
) -> Result<Proposal, DraftError> {
    let mut answer = prompt::read(content, found.hits.len())?;
    answer.text = placeholders.restore(&answer.text);
    let parts = usable(&answer, found)?;
    let confidence = answer.cited.iter().map(|place| confidence_in(found, *place)).fold(0.0, f64::max);
    let citations = answer.cited.iter().filter_map(|place| found.hits.get(*place)).map(whole).collect();
    let shown = |text: &str| Some(clean(&placeholders.restore(text))).filter(|text| cards::showable(text));
    let translation = answer
        .translation
        .as_ref()
        .and_then(|(asked, said)| Some(Translation { asked: shown(asked)?, said: Some(shown(said)?) }));
    Ok(Proposal { parts, citations, confidence, drafter, translation, ..Proposal::default() })
}

/// A model rests on all of a passage that it was given.
fn whole(hit: &Hit) -> Citation {
    citation_of(hit, (0, prompt::given(hit).len()))
}

/// The parts of an answer that may be shown to a reviewer.
fn usable(answer: &prompt::Answer, found: &Found) -> Result<Vec<String>, DraftError> {
    let text = clean(&answer.text);
    let cited = answer.cited.iter().filter_map(|place| found.hits.get(*place));
    let sources: Vec<&str> = cited.flat_map(|hit| [hit.text.as_str(), hit.title.as_str()]).collect();
    let flaw = if text.is_empty() {
        Flaw::NoAnswer
    } else if text.chars().count() > MOST_CHARS {
        Flaw::TooLong
    } else if !cards::showable(&text) {
        Flaw::Hidden
    } else if text.contains(BLANK) {
        Flaw::Blank
    } else if unfounded(std::slice::from_ref(&text), &sources).iter().any(|claim| claim.kind.is_invented()) {
        Flaw::NotGrounded
    } else {
        return in_parts(&[text]).ok_or(DraftError::Unusable(Flaw::TooLong));
    };
    Err(DraftError::Unusable(flaw))
}

#[cfg(test)]
#[cfg(feature = "demo")]
#[path = "model_tests.rs"]
mod tests;
