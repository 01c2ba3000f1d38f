//! Callbacks: real encrypted HTTP requests to the bot, tried again as WeCom tries again (wecom 90238).

use axum::http::StatusCode;
use channels::wecom::crypt::Signed;
use serde_json::{Value, json};

use crate::Shared;
use crate::app::reply::{Cause, Reply, apply_reply};
use crate::clock::SECOND_MS;
use crate::impossible::Impossible;
use crate::ledger::{Call, CallbackKind, LedgerRow};
use crate::oauth::percent;
use crate::rng::Rng;
use crate::settings::Nonce;
use crate::world::World;
use crate::xml::{self, Content, Style};

/// Answers longer than this are not read.
const REPLY_BYTES: usize = 1024 * 1024;

/// What became of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The HTTP status of the last attempt; `None` where no answer came.
    pub status: Option<u16>,
    /// The passive reply of the last attempt, opened; empty where there was none. Where it could not be opened, raw.
    pub body: String,
    /// What the reply did on the member's phone.
    pub reply: Reply,
    /// How many times it was tried again (0 to 2).
    pub retries: u32,
    /// The ledger rows of the attempts.
    pub rows: Vec<u64>,
}

impl Delivery {
    /// Whether the bot took it.
    pub fn accepted(&self) -> bool {
        self.status == Some(200)
    }
}

/// A callback that is about to leave.
pub(crate) struct Event {
    pub(crate) kind: CallbackKind,
    /// The document before encryption.
    pub(crate) xml: String,
    /// Whose phone a passive reply changes.
    pub(crate) cause: Option<Cause>,
}

/// The common head of every callback of the app, and these elements after it, written as the switches say.
pub(crate) fn compose(world: &mut World, from: Option<&str>, more: Vec<(&'static str, Content)>) -> String {
    let mut elements = vec![("ToUserName", Content::Text(world.settings.corp_id.clone()))];
    elements.extend(from.map(|userid| ("FromUserName", Content::Text(userid.to_owned()))));
    elements.push(("CreateTime", Content::Number(world.now() / SECOND_MS)));
    elements.extend(more);
    let cdata = world.settings.switches.cdata;
    let shuffle = world.settings.switches.shuffled_elements.then_some(&mut world.rng);
    xml::document(elements, Style { cdata, shuffle })
}

/// What a request is sealed with.
#[derive(Clone, Debug)]
struct Envelope {
    timestamp: String,
    nonce: String,
    random: [u8; 16],
}

impl Envelope {
    fn fresh(rng: &mut Rng, now: i64) -> Envelope {
        // Ten digits, as WeCom's nonces are.
        let nonce = format!("{:010}", rng.below(10_000_000_000));
        Envelope { timestamp: (now / SECOND_MS).to_string(), nonce, random: rng.bytes16() }
    }

    fn noted(body: &Value) -> Option<Envelope> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let random = hex::decode(text("random")?).ok()?.try_into().ok()?;
        Some(Envelope { timestamp: text("timestamp")?, nonce: text("nonce")?, random })
    }
}

/// The answer of one attempt.
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) raw: String,
}

impl Shared {
    /// Sends the event until the bot answers 200, three times at most.
    pub(crate) async fn deliver(&self, event: &Event) -> Result<Delivery, Impossible> {
        self.deliver_in(event, None).await
    }

    async fn deliver_in(&self, event: &Event, first: Option<Envelope>) -> Result<Delivery, Impossible> {
        let attempts = self.world().settings.callback_attempts.max(1);
        let mut envelope = first.unwrap_or_else(|| self.envelope());
        let mut rows = Vec::new();
        let mut attempt = 1;
        loop {
            let url = self.world().callback_url.clone().ok_or(Impossible::NoCallback)?;
            let answer = self.post(&url, event, &envelope).await;
            let (row, reply, body) = self.note(event, &envelope, attempt, &answer);
            rows.push(row);
            if answer.status == Some(200) || attempt >= attempts {
                return Ok(Delivery { status: answer.status, body, reply, retries: attempt - 1, rows });
            }
            attempt += 1;
            if self.world().settings.switches.retry_nonce == Nonce::Changed {
                envelope = self.envelope();
            }
        }
    }

    fn envelope(&self) -> Envelope {
        let mut world = self.world();
        let now = world.now();
        Envelope::fresh(&mut world.rng, now)
    }

    async fn post(&self, url: &str, event: &Event, envelope: &Envelope) -> Answer {
        let Envelope { timestamp, nonce, random } = envelope;
        let sealed = self.crypt.seal(event.xml.as_bytes(), *random, timestamp, nonce);
        let (corp_id, agent_id) = (&self.corp_id, self.agent_id);
        let body = format!(
            "<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><AgentID><![CDATA[{agent_id}]]></AgentID>\
             <Encrypt><![CDATA[{}]]></Encrypt></xml>",
            sealed.encrypt
        );
        let url =
            with_query(url, &[("msg_signature", &sealed.msg_signature), ("timestamp", timestamp), ("nonce", nonce)]);
        let request = self.client.post(url).header("content-type", "text/xml").body(body);
        answer_of(request.timeout(self.callback_timeout)).await
    }

    /// Writes the ledger row of one attempt and shows its reply on the phone.
    fn note(&self, event: &Event, envelope: &Envelope, attempt: u32, answer: &Answer) -> (u64, Reply, String) {
        let mut world = self.world();
        let (reply, body) = match answer.status {
            Some(200) => self.reply(&mut world, event, &answer.raw),
            _ => (Reply::Empty, answer.raw.clone()),
        };
        let noted = json!({"xml": event.xml, "attempt": attempt, "timestamp": envelope.timestamp,
            "nonce": envelope.nonce, "random": hex::encode(envelope.random), "reply": body,
            "from": event.cause.as_ref().map(|cause| &cause.userid),
            "card": event.cause.as_ref().and_then(|cause| cause.msgid.as_ref())});
        let row = callback_row(world.now(), Call::Callback(event.kind), answer.status, noted);
        (world.ledger.append(row), reply, body)
    }

    fn reply(&self, world: &mut World, event: &Event, raw: &str) -> (Reply, String) {
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed == "success" {
            return (Reply::Empty, String::new());
        }
        match self.opened(trimmed) {
            Some(plain) => (apply_reply(world, event.cause.as_ref(), &plain), plain),
            None => (Reply::Unreadable, raw.to_owned()),
        }
    }

    fn opened(&self, raw: &str) -> Option<String> {
        let root = xml::parse(raw)?;
        let signed = Signed {
            msg_signature: root.field("MsgSignature")?,
            timestamp: root.field("TimeStamp")?,
            nonce: root.field("Nonce")?,
        };
        String::from_utf8(self.crypt.open(&signed, root.field("Encrypt")?).ok()?).ok()
    }

    /// Sends the callback of an earlier ledger row once more, as it was or sealed anew.
    pub(crate) async fn redeliver(&self, seq: u64, nonce: Nonce) -> Result<Delivery, Impossible> {
        let (event, envelope) = self.earlier(seq).ok_or(Impossible::NotCallback(seq))?;
        let envelope = if nonce == Nonce::Same { envelope } else { self.envelope() };
        self.deliver_in(&event, Some(envelope)).await
    }

    fn earlier(&self, seq: u64) -> Option<(Event, Envelope)> {
        let world = self.world();
        let row = world.ledger.row(seq)?;
        let Call::Callback(kind) = row.call else { return None };
        let text = |key: &str| row.body.get(key).and_then(Value::as_str).map(str::to_owned);
        let cause = text("from").map(|userid| Cause { userid, msgid: text("card") });
        Some((Event { kind, xml: text("xml")?, cause }, Envelope::noted(&row.body)?))
    }

    /// The console's check of the callback URL (wecom 90968): the bot has to answer the opened `echostr`, nothing else.
    pub(crate) async fn verify(&self) -> Result<(), Impossible> {
        let url = self.world().callback_url.clone().ok_or(Impossible::NoCallback)?;
        let (plain, query) = self.echo();
        let joint = if url.contains('?') { '&' } else { '?' };
        let request = self.client.get(format!("{url}{joint}{query}")).timeout(self.callback_timeout);
        let answer = answer_of(request).await;
        let right = answer.status == Some(200) && answer.raw == plain;
        let mut world = self.world();
        let mut row = callback_row(world.now(), Call::UrlCheck, answer.status, json!({"reply": answer.raw}));
        row.accepted = right;
        world.ledger.append(row);
        let said = || format!("status {:?}, {} bytes instead of {}", answer.status, answer.raw.len(), plain.len());
        if right { Ok(()) } else { Err(Impossible::Verification(said())) }
    }

    /// A text to be echoed and the query that carries it: its base64 has a `+`, as every so many of WeCom's have.
    fn echo(&self) -> (String, String) {
        loop {
            let envelope = self.envelope();
            let plain = self.world().rng.next().to_string();
            let sealed = self.crypt.seal(plain.as_bytes(), envelope.random, &envelope.timestamp, &envelope.nonce);
            if !sealed.encrypt.contains('+') {
                continue;
            }
            let mut echostr = percent(&sealed.encrypt);
            if self.world().settings.switches.literal_plus {
                echostr = echostr.replace("%2B", "+");
            }
            let Envelope { timestamp, nonce, .. } = envelope;
            let signature = sealed.msg_signature;
            let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={echostr}");
            return (plain, query);
        }
    }
}

pub(crate) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
    format!("{url}{joint}{}", query.join("&"))
}

pub(crate) async fn answer_of(request: reqwest::RequestBuilder) -> Answer {
    let Ok(response) = request.send().await else { return Answer { status: None, raw: String::new() } };
    let status = response.status().as_u16();
    match response.bytes().await {
        Ok(bytes) if bytes.len() <= REPLY_BYTES => {
            Answer { status: Some(status), raw: String::from_utf8_lossy(&bytes).into_owned() }
        }
        _ => Answer { status: None, raw: String::new() },
    }
}

fn callback_row(at_ms: i64, call: Call, status: Option<u16>, body: Value) -> LedgerRow {
    let accepted = status == Some(StatusCode::OK.as_u16());
    let errcode = status.map_or(0, i64::from);
    LedgerRow { seq: 0, at_ms, call, accepted, errcode, body, answer: Value::Null, fault: None }
}
