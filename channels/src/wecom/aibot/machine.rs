//! The long connection without sockets and clocks: frames and moments in, frames and events out (wecom 101463).
//!
//! Moments are milliseconds of a clock that never goes back. Whoever drives it carries out every [`Output`], in order, and
//! calls [`Machine::tick`] at [`Machine::wake_ms`] at the latest.

mod lanes;

use super::Timing;
use super::frame::{self, Frame};
use super::incoming::{Incoming, What};
use crate::wecom::api::ApiError;
use lanes::{Lanes, Request, not_sent, too_late};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// `aibot websocket not subscribed`: the socket is open and the subscription is lost; nothing was done.
const NOT_SUBSCRIBED: i64 = 846_609;

/// What a caller is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Subscribed: from now on everything arrives.
    Subscribed {
        /// For how long nobody listened: what members said and pressed in between is lost, because the platform does not
        /// send it again. `None` the first time, when only the caller knows.
        gap: Option<Duration>,
    },
    /// A member did something.
    Callback(Box<Callback>),
    /// The connection is gone, and is being opened anew.
    Lost,
    /// Another connection subscribed: the last event. Whoever holds the bot's lease connects again, and nobody else: two
    /// that fight evict each other without end.
    Evicted,
    /// The platform does not take the subscription: the last event.
    Refused {
        /// `errcode`: 93019 no such bot, 853000 a wrong secret.
        code: i64,
    },
}

/// What a member did, and what may be answered to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// For the answer.
    pub reply: ReplyTo,
    /// What it is.
    pub incoming: Incoming,
}

/// What an answer is bound to. It dies with its connection and is of no use to another process: afterwards the way is a
/// push ([`Instead::Push`](super::Instead::Push)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    req_id: String,
    subscription: u64,
    to: Answerable,
    by_ms: Option<u64>,
}

/// Which command answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answerable {
    /// A message: `aibot_respond_msg`, any number of frames.
    Message,
    /// A press on a card: `aibot_respond_update_msg`, once.
    Tap,
    /// An entry: `aibot_respond_welcome_msg`, once.
    Entry,
    /// Anything else: nothing.
    Nothing,
}

impl Answerable {
    fn of(what: &What) -> Answerable {
        match what {
            What::Tap(_) => Answerable::Tap,
            What::Entered => Answerable::Entry,
            What::Text(_) | What::Image(_) | What::Mixed(_) | What::Voice(_) | What::File(_) | What::Video(_) => {
                Answerable::Message
            }
            What::Feedback { .. } | What::Disconnected | What::Other(_) => Answerable::Nothing,
        }
    }

    fn cmd(self) -> Option<&'static str> {
        match self {
            Answerable::Message => Some("aibot_respond_msg"),
            Answerable::Tap => Some("aibot_respond_update_msg"),
            Answerable::Entry => Some("aibot_respond_welcome_msg"),
            Answerable::Nothing => None,
        }
    }
}

/// What the caller knows a command by.
pub(super) type Ticket = u64;

/// A command of the caller.
#[derive(Debug)]
pub(super) enum Command {
    /// The answer of this kind to a callback.
    Reply(ReplyTo, Answerable, Value),
    /// A command of our own.
    Own(&'static str, Value),
    /// A step of an upload, which may take longer.
    Upload(&'static str, Value),
}

/// A frame to be written. It may hold the secret or what was said.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

/// What is to be done outside.
#[derive(Debug, PartialEq)]
pub(super) enum Output {
    /// Open a socket.
    Open,
    /// Close the socket, or stop opening one.
    Close,
    /// Write a frame to the socket.
    Write(Text),
    /// Tell the caller.
    Tell(Event),
    /// Answer the caller.
    Answer(Ticket, Result<Value, ApiError>),
}

/// Who subscribes.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) bot_id: String,
    pub(super) secret: SecretString,
}

#[derive(Debug)]
enum State {
    Waiting { until_ms: u64 },
    Opening { until_ms: u64 },
    Subscribing { req_id: String, until_ms: u64 },
    Live(Live),
    Over,
}

#[derive(Debug)]
struct Live {
    since_ms: u64,
    /// The last sign of life.
    heard_ms: u64,
    /// The last ping.
    pinged_ms: u64,
    /// Pings without a sign of life since.
    missed_pings: u32,
    /// Commands in a row without an answer.
    missed_answers: u32,
}

/// The long connection.
#[derive(Debug)]
pub(super) struct Machine {
    identity: Identity,
    timing: Timing,
    /// Makes ids of this process unlike any other's, and waits random.
    seed: u64,
    drawn: u64,
    state: State,
    lanes: Lanes,
    subscription: u64,
    failures: u32,
    refusals: u32,
    /// When a subscribed connection last showed life.
    listened_ms: Option<u64>,
    out: VecDeque<Output>,
}

impl Machine {
    /// Opens its socket at the first tick. `seed` must be random.
    pub(super) fn new(identity: Identity, timing: Timing, seed: u64, now_ms: u64) -> Machine {
        Machine {
            identity,
            timing,
            seed,
            drawn: 0,
            state: State::Waiting { until_ms: now_ms },
            lanes: Lanes::default(),
            subscription: 0,
            failures: 0,
            refusals: 0,
            listened_ms: None,
            out: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Whether it is over for good.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// When to tick at the latest.
    pub(super) fn wake_ms(&self) -> Option<u64> {
        match &self.state {
            State::Waiting { until_ms } | State::Opening { until_ms } | State::Subscribing { until_ms, .. } => {
                Some(*until_ms)
            }
            State::Live(live) => {
                let ping = live.ping_due_ms(self.timing.ping_ms);
                Some(self.lanes.wake_ms().map_or(ping, |lanes| lanes.min(ping)))
            }
            State::Over => None,
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now_ms: u64) {
        match &self.state {
            State::Waiting { until_ms } if *until_ms <= now_ms => {
                self.state = State::Opening { until_ms: now_ms.saturating_add(self.timing.open_ms) };
                self.out.push_back(Output::Open);
            }
            State::Opening { until_ms } | State::Subscribing { until_ms, .. } if *until_ms <= now_ms => {
                self.lost(now_ms)
            }
            State::Live(_) => self.keep_alive(now_ms),
            _ => {}
        }
    }

    /// The socket is open.
    pub(super) fn opened(&mut self, now_ms: u64) {
        if !matches!(self.state, State::Opening { .. }) {
            return;
        }
        let req_id = self.own_id("sub");
        let Identity { bot_id, secret } = &self.identity;
        let body = json!({ "bot_id": bot_id, "secret": secret.expose_secret() });
        self.out.push_back(Output::Write(Text(frame::write("aibot_subscribe", &req_id, &body))));
        self.state = State::Subscribing { req_id, until_ms: now_ms.saturating_add(self.timing.subscribe_ms) };
    }

    /// The socket could not be opened, or is closed.
    pub(super) fn closed(&mut self, now_ms: u64) {
        if !matches!(self.state, State::Over | State::Waiting { .. }) {
            self.lost(now_ms);
        }
    }

    /// A frame came.
    pub(super) fn received(&mut self, text: &str, now_ms: u64) {
        if let State::Live(live) = &mut self.state {
            live.heard_ms = now_ms;
            live.missed_pings = 0;
        }
        match (frame::read(text), &self.state) {
            (Some(Frame::Ack { req_id, code, .. }), State::Subscribing { req_id: ours, .. }) if req_id == *ours => {
                self.subscribed(code, now_ms);
            }
            (Some(Frame::Ack { req_id, code, message, body }), State::Live(_)) => {
                self.answered(&req_id, code, &message, body, now_ms);
            }
            (Some(Frame::Callback { req_id, body }), State::Live(_)) => self.called(req_id, &body, now_ms),
            _ => {}
        }
    }

    /// The caller wants something said.
    pub(super) fn ask(&mut self, ticket: Ticket, command: Command, now_ms: u64) {
        if !matches!(self.state, State::Live(_)) {
            self.out.push_back(Output::Answer(ticket, not_sent("the bot is not connected")));
            return;
        }
        let Timing { answer_ms, upload_ms, .. } = self.timing;
        let mut own = |cmd, body, answer_ms| Request {
            ticket,
            cmd,
            req_id: self.own_id("out"),
            body,
            answer_ms,
            begin_by_ms: None,
        };
        let request = match command {
            Command::Own(cmd, body) => own(cmd, body, answer_ms),
            Command::Upload(cmd, body) => own(cmd, body, upload_ms),
            Command::Reply(to, by, body) => {
                match to.to.cmd().filter(|_| to.to == by && to.subscription == self.subscription) {
                    Some(cmd) => Request { ticket, cmd, req_id: to.req_id, body, answer_ms, begin_by_ms: to.by_ms },
                    None => {
                        self.out.push_back(Output::Answer(ticket, too_late()));
                        return;
                    }
                }
            }
        };
        self.lanes.take(request, now_ms, &mut self.out);
    }

    /// The caller wants no more.
    pub(super) fn stop(&mut self) {
        self.end(None);
    }

    fn subscribed(&mut self, code: i64, now_ms: u64) {
        if code != 0 {
            self.refusals += 1;
            if self.refusals >= self.timing.refusals {
                self.end(Some(Event::Refused { code }));
            } else {
                self.lost(now_ms);
            }
            return;
        }
        self.refusals = 0;
        self.subscription += 1;
        let gap = self.listened_ms.map(|at| Duration::from_millis(now_ms.saturating_sub(at)));
        self.state = State::Live(Live {
            since_ms: now_ms,
            heard_ms: now_ms,
            pinged_ms: now_ms,
            missed_pings: 0,
            missed_answers: 0,
        });
        self.out.push_back(Output::Tell(Event::Subscribed { gap }));
    }

    fn answered(&mut self, req_id: &str, code: i64, message: &str, body: Value, now_ms: u64) {
        let result = match code {
            0 => Ok(body),
            NOT_SUBSCRIBED => not_sent("the subscription was lost"),
            code => Err(ApiError::refused(code, message).scrubbed(&[&self.identity.secret])),
        };
        let expected = self.lanes.answered(req_id, result, now_ms, &mut self.out);
        if let (true, State::Live(live)) = (expected, &mut self.state) {
            live.missed_answers = 0;
        }
        if code == NOT_SUBSCRIBED {
            self.lost(now_ms);
        }
    }

    fn called(&mut self, req_id: String, body: &Value, now_ms: u64) {
        let incoming = Incoming::read(body);
        if incoming.what == What::Disconnected {
            self.end(Some(Event::Evicted));
            return;
        }
        let to = Answerable::of(&incoming.what);
        let windowed = matches!(to, Answerable::Tap | Answerable::Entry);
        let by_ms = windowed.then(|| now_ms.saturating_add(self.timing.window_ms));
        let reply = ReplyTo { req_id, subscription: self.subscription, to, by_ms };
        self.out.push_back(Output::Tell(Event::Callback(Box::new(Callback { reply, incoming }))));
    }

    /// Gives up late commands, and pings; lets go of a socket that shows no life.
    fn keep_alive(&mut self, now_ms: u64) {
        let given_up = self.lanes.expire(now_ms, &mut self.out);
        let State::Live(live) = &mut self.state else { return };
        live.missed_answers = live.missed_answers.saturating_add(given_up);
        if live.missed_answers >= self.timing.missed_answers {
            return self.lost(now_ms);
        }
        if now_ms < live.ping_due_ms(self.timing.ping_ms) {
            return;
        }
        if live.missed_pings >= self.timing.missed_pings {
            return self.lost(now_ms);
        }
        live.missed_pings += 1;
        live.pinged_ms = now_ms;
        let req_id = self.own_id("ping");
        self.out.push_back(Output::Write(Text(frame::write("ping", &req_id, &Value::Null))));
    }

    fn lost(&mut self, now_ms: u64) {
        self.lanes.fail(&mut self.out);
        self.out.push_back(Output::Close);
        if let State::Live(live) = &self.state {
            if now_ms.saturating_sub(live.since_ms) >= self.timing.steady_ms {
                self.failures = 0;
            }
            self.listened_ms = Some(live.heard_ms);
            self.out.push_back(Output::Tell(Event::Lost));
        }
        let random = self.random();
        let wait_ms = self.timing.wait_ms(self.failures, random);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Waiting { until_ms: now_ms.saturating_add(wait_ms) };
    }

    fn end(&mut self, event: Option<Event>) {
        if self.is_over() {
            return;
        }
        self.lanes.fail(&mut self.out);
        self.out.push_back(Output::Close);
        self.out.extend(event.map(Output::Tell));
        self.state = State::Over;
    }

    /// An id that no process used before.
    fn own_id(&mut self, kind: &str) -> String {
        self.drawn += 1;
        format!("{kind}-{:016x}-{}", self.seed, self.drawn)
    }

    /// SplitMix64 over the seed (Steele, Lea, Flood 2014).
    fn random(&mut self) -> u64 {
        self.drawn += 1;
        let mut word = self.seed.wrapping_add(self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Live {
    /// When the next ping is due: so long after the last sign of life, and after the last ping.
    fn ping_due_ms(&self, every_ms: u64) -> u64 {
        self.heard_ms.max(self.pinged_ms).saturating_add(every_ms)
    }
}

#[cfg(test)]
#[path = "machine/properties.rs"]
mod properties;
#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
