//! What the platform knows of the bot, behind one lock.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::card::Posted;
use super::faults::{Fault, FaultPlan};
use super::ledger::{Cmd, Happened, Row};
use super::server::Out;
use super::upload::Uploads;
use crate::body::Fields;
use crate::clock::{Clock, MINUTE_MS};
use crate::errcode::Errcode;
use crate::rng::Rng;
use crate::tokens::Window;

/// Messages to one chat in a minute and in an hour.
const CHAT_RATE: (usize, usize) = (30, 1_000);
/// How long an attachment's address lives.
const FILE_MS: i64 = 5 * MINUTE_MS;
/// Pings and answers name no callback; this many characters are enough for any id.
const REQ_ID_BYTES: usize = 256;

/// A socket.
pub(crate) struct Connection {
    out: UnboundedSender<Out>,
    pub(crate) subscribed: bool,
    pub(crate) half_dead: bool,
    /// Ids of commands seen: one that comes twice is refused.
    seen: BTreeSet<String>,
}

/// What a member did, as far as it can be answered.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) kind: Kind,
    pub(crate) msgid: String,
    pub(crate) chatid: String,
    pub(crate) connection: u64,
    pub(crate) at_ms: i64,
    pub(crate) answered: bool,
    pub(crate) stream: Option<Stream>,
}

/// What it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    /// With the card's `task_id`.
    Tap(String),
    Entry,
    Feedback,
}

/// The stream that replies to a message.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: String,
    pub(crate) began_ms: i64,
    pub(crate) content: String,
    pub(crate) finished: bool,
}

/// An attachment that can be fetched.
struct File {
    disposition: Option<String>,
    sealed: Vec<u8>,
    at_ms: i64,
}

/// Everything that the platform knows. Nothing awaits while it is locked.
pub(crate) struct World {
    bot_id: String,
    secret: String,
    origin: String,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    numbers: u64,
    pub(crate) away: bool,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) subscriptions: u64,
    pub(crate) faults: FaultPlan,
    pub(crate) ledger: Vec<Row>,
    /// By `req_id`.
    pub(crate) heard: BTreeMap<String, Heard>,
    /// Chats that talked to the bot, and whether it is a group.
    pub(crate) chats: BTreeMap<String, bool>,
    /// The day on which each member last entered.
    pub(crate) entered: BTreeMap<String, i64>,
    /// By `task_id`.
    pub(crate) cards: BTreeMap<String, Posted>,
    pub(crate) uploads: Uploads,
    files: BTreeMap<String, File>,
    rates: BTreeMap<String, Window>,
}

impl World {
    pub(crate) fn new(bot_id: &str, secret: &str, origin: &str, clock: Clock) -> World {
        World {
            bot_id: bot_id.to_owned(),
            secret: secret.to_owned(),
            origin: origin.to_owned(),
            clock,
            rng: Rng::new(7),
            numbers: 0,
            away: false,
            connections: BTreeMap::new(),
            subscriptions: 0,
            faults: FaultPlan::default(),
            ledger: Vec::new(),
            heard: BTreeMap::new(),
            chats: BTreeMap::new(),
            entered: BTreeMap::new(),
            cards: BTreeMap::new(),
            uploads: Uploads::default(),
            files: BTreeMap::new(),
            rates: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// An id never given before.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        format!("{prefix}{:08x}{:x}", self.rng.next() >> 32, self.numbers)
    }

    /// The id of the subscribed connection.
    pub(crate) fn live(&self) -> Option<u64> {
        self.connections.iter().find(|(_, connection)| connection.subscribed).map(|(id, _)| *id)
    }

    pub(crate) fn connected(&mut self, out: UnboundedSender<Out>) -> u64 {
        self.numbers += 1;
        let connection = Connection { out, subscribed: false, half_dead: false, seen: BTreeSet::new() };
        self.connections.insert(self.numbers, connection);
        self.numbers
    }

    pub(crate) fn disconnected(&mut self, id: u64) {
        self.connections.remove(&id);
    }

    pub(crate) fn end_all(&mut self, how: Out) {
        for connection in std::mem::take(&mut self.connections).into_values() {
            // It may have ended by itself.
            let _ = connection.out.send(how.clone());
        }
    }

    /// Tells the subscribed connection that it is replaced, and closes it.
    pub(crate) fn evict(&mut self) {
        let Some(connection) = self.live().and_then(|id| self.connections.remove(&id)) else { return };
        let req_id = self.id("d");
        let event = json!({"msgid": req_id, "aibotid": self.bot_id, "msgtype": "event",
            "create_time": self.now() / 1_000, "event": {"eventtype": "disconnected_event"}});
        if !connection.half_dead {
            let _ = connection.out.send(Out::Text(callback("aibot_event_callback", &req_id, &event)));
        }
        let _ = connection.out.send(Out::Close);
    }

    /// Gives the subscribed connection a callback; whether there was one that heard it. It is not sent again.
    pub(crate) fn call_back(&mut self, kind: Kind, chatid: &str, mut body: Value) -> (String, bool) {
        let (req_id, msgid) = (self.id("cb"), self.id("m"));
        body["msgid"] = json!(msgid);
        body["aibotid"] = json!(self.bot_id);
        let cmd = if body["msgtype"] == "event" { "aibot_event_callback" } else { "aibot_msg_callback" };
        let frame = callback(cmd, &req_id, &body);
        let live = self.live().filter(|id| self.connections.get(id).is_some_and(|c| !c.half_dead));
        let told = live.is_some_and(|id| self.send(id, Out::Text(frame)));
        let (connection, at_ms) = (live.unwrap_or(0), self.now());
        if told {
            let (msgid, chatid) = (msgid.clone(), chatid.to_owned());
            let heard = Heard { kind, msgid, chatid, connection, at_ms, answered: false, stream: None };
            self.heard.insert(req_id.clone(), heard);
        }
        self.record(connection, Happened::Callback, Errcode::OK, &req_id, body, None);
        if let Some(row) = self.ledger.last_mut() {
            row.accepted = told;
        }
        (msgid, told)
    }

    fn send(&self, connection: u64, out: Out) -> bool {
        self.connections.get(&connection).is_some_and(|connection| connection.out.send(out).is_ok())
    }

    /// A frame of the bot.
    pub(crate) fn frame(&mut self, connection: u64, text: &str) {
        if self.connections.get(&connection).is_none_or(|connection| connection.half_dead) {
            return;
        }
        match read(text) {
            Ok((cmd, req_id, body)) => self.command(connection, cmd, &req_id, &body),
            Err((req_id, code)) => {
                self.record(connection, Happened::Strange, code, &req_id, Value::Null, None);
                self.send(connection, Out::Text(answer(&req_id, code, Value::Null)));
            }
        }
    }

    fn command(&mut self, connection: u64, cmd: Cmd, req_id: &str, body: &Value) {
        let fault = self.faults.take(cmd);
        match fault {
            Some(Fault::CutBefore) => {
                self.record(connection, Happened::Command(cmd), Errcode::BUSY, req_id, shown(body), fault);
                return self.cut(connection);
            }
            Some(Fault::HalfDead) => {
                self.record(connection, Happened::Command(cmd), Errcode::BUSY, req_id, shown(body), fault);
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.half_dead = true;
                }
                return;
            }
            _ => {}
        }
        let result = match fault {
            Some(Fault::Refuse(code)) => Err(code),
            _ => self.admit(connection, cmd, req_id).and_then(|()| self.carry_out(connection, cmd, req_id, body)),
        };
        let (code, back) = match result {
            Ok(back) => (Errcode::OK, back),
            Err(code) => (code, Value::Null),
        };
        self.record(connection, Happened::Command(cmd), code, req_id, shown(body), fault);
        let text = answer(req_id, code, back);
        match fault {
            Some(Fault::CutAfter) => self.cut(connection),
            Some(Fault::NoAnswer) => {}
            Some(Fault::Slow(ms)) => drop(self.send(connection, Out::Later(ms, text))),
            _ => drop(self.send(connection, Out::Text(text))),
        }
    }

    /// Subscribed first, and every id of the bot's own only once.
    fn admit(&mut self, id: u64, cmd: Cmd, req_id: &str) -> Result<(), Errcode> {
        let connection = self.connections.get_mut(&id).ok_or(Errcode::NOT_SUBSCRIBED)?;
        match (cmd, connection.subscribed) {
            (Cmd::Subscribe, true) => return Err(Errcode::PARAMETER),
            (Cmd::Subscribe, false) | (_, true) => {}
            (_, false) => return Err(Errcode::NOT_SUBSCRIBED),
        }
        let fresh = cmd.answers() || connection.seen.insert(req_id.to_owned());
        if fresh { Ok(()) } else { Err(Errcode::REQ_ID) }
    }

    fn carry_out(&mut self, connection: u64, cmd: Cmd, req_id: &str, body: &Value) -> Result<Value, Errcode> {
        match cmd {
            Cmd::Subscribe => self.subscribe(connection, body),
            Cmd::Ping => {
                if body.is_null() {
                    Ok(Value::Null)
                } else {
                    Err(Errcode::PARAMETER)
                }
            }
            Cmd::RespondMsg => self.respond(connection, req_id, body),
            Cmd::RespondWelcome => self.welcome(connection, req_id, body),
            Cmd::RespondUpdate => self.update(connection, req_id, body),
            Cmd::SendMsg => self.push(body),
            Cmd::UploadInit | Cmd::UploadChunk | Cmd::UploadFinish => {
                let now = self.now();
                let id = self.id("u");
                self.uploads.step(cmd, body, id, now)
            }
        }
    }

    fn subscribe(&mut self, id: u64, body: &Value) -> Result<Value, Errcode> {
        let fields = Fields::new(body, &["bot_id", "secret", "scene", "plug_version"])?;
        if fields.required("bot_id", Errcode::BOT_ID)? != self.bot_id {
            return Err(Errcode::BOT_ID);
        }
        if fields.required("secret", Errcode::BOT_SECRET)? != self.secret {
            return Err(Errcode::BOT_SECRET);
        }
        self.evict();
        self.subscriptions += 1;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.subscribed = true;
        }
        Ok(Value::Null)
    }

    /// Counts a message to a chat; 45009 above the limits.
    pub(crate) fn count(&mut self, chatid: &str) -> Result<(), Errcode> {
        let (now, (minute, hour)) = (self.now(), CHAT_RATE);
        let admitted = self.rates.entry(chatid.to_owned()).or_default().admit(now, minute, hour);
        if admitted { Ok(()) } else { Err(Errcode::FREQUENCY) }
    }

    fn cut(&mut self, connection: u64) {
        self.send(connection, Out::Cut);
        self.connections.remove(&connection);
    }

    fn record(
        &mut self,
        connection: u64,
        happened: Happened,
        code: Errcode,
        req_id: &str,
        body: Value,
        fault: Option<Fault>,
    ) {
        self.ledger.push(Row {
            seq: self.ledger.len() as u64 + 1,
            at_ms: self.now(),
            connection,
            happened,
            accepted: code == Errcode::OK,
            errcode: code.0,
            req_id: req_id.to_owned(),
            body,
            fault,
        });
    }

    /// Keeps an attachment; gives its address.
    pub(crate) fn keep_file(&mut self, name: &str, sealed: Vec<u8>) -> String {
        let id = self.id("f");
        let (disposition, at_ms) = (disposition(name, self.files.len()), self.now());
        self.files.insert(id.clone(), File { disposition, sealed, at_ms });
        format!("{}/file/{id}", self.origin)
    }

    /// What says its name, and the ciphertext, within five minutes.
    pub(crate) fn file(&self, id: &str) -> Option<(Option<String>, Vec<u8>)> {
        let file = self.files.get(id).filter(|file| self.now() - file.at_ms <= FILE_MS)?;
        Some((file.disposition.clone(), file.sealed.clone()))
    }

    pub(crate) fn streamed(&self, msgid: &str) -> Option<(String, bool)> {
        let heard = self.heard.values().find(|heard| heard.msgid == msgid)?;
        heard.stream.as_ref().map(|stream| (stream.content.clone(), stream.finished))
    }
}

/// The `Content-Disposition` of the `number`-th file. The documentation leaves open how it writes a name that is not ASCII:
/// each way comes in turn. None for a file without a name.
fn disposition(name: &str, number: usize) -> Option<String> {
    let encoded = || {
        let byte = |byte: u8| match byte {
            b'.' | b'-' | b'_' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        name.bytes().map(byte).collect::<String>()
    };
    if name.is_empty() {
        return None;
    }
    Some(match number % 3 {
        0 => format!("attachment; filename=\"{name}\""),
        1 => format!("attachment; filename=\"{}\"", encoded()),
        _ => format!("attachment; filename=\"file\"; filename*=UTF-8''{}", encoded()),
    })
}

/// A frame that is a command, or the `req_id` and code of what is wrong with it.
fn read(text: &str) -> Result<(Cmd, String, Value), (String, Errcode)> {
    let frame: Value = serde_json::from_str(text).map_err(|_| (String::new(), Errcode::PARAMETER))?;
    let req_id = frame.pointer("/headers/req_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if req_id.is_empty() || req_id.len() > REQ_ID_BYTES {
        return Err((String::new(), Errcode::REQ_ID));
    }
    let wrong = |code: Errcode| (req_id.clone(), code);
    let fields = Fields::new(&frame, &["cmd", "headers", "body"]).map_err(wrong)?;
    fields.object("headers", &["req_id"]).map_err(wrong)?;
    let cmd = fields.required("cmd", Errcode::PARAMETER).map_err(wrong)?;
    let cmd = Cmd::from_name(cmd).ok_or_else(|| wrong(Errcode::PARAMETER))?;
    Ok((cmd, req_id.clone(), fields.get("body").cloned().unwrap_or_default()))
}

fn callback(cmd: &str, req_id: &str, body: &Value) -> String {
    json!({"cmd": cmd, "headers": {"req_id": req_id}, "body": body}).to_string()
}

fn answer(req_id: &str, code: Errcode, body: Value) -> String {
    let mut answer = json!({"headers": {"req_id": req_id}, "errcode": code.0, "errmsg": code.says()});
    if !body.is_null() {
        answer["body"] = body;
    }
    answer.to_string()
}

/// A body for the ledger.
fn shown(body: &Value) -> Value {
    let mut shown = body.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("secret");
        if let Some(data) = fields.get_mut("base64_data") {
            *data = json!(data.as_str().unwrap_or_default().len());
        }
    }
    shown
}
