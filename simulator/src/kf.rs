//! Customer service (微信客服): accounts, customers, sessions, and what the customers' phones show.

pub(crate) mod customer;
pub(crate) mod directory;
pub(crate) mod message;
pub(crate) mod send;
pub(crate) mod state;
pub(crate) mod sync;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::{HOUR_MS, SECOND_MS};
use crate::errcode::Errcode;
use crate::tokens::Window;
use crate::world::World;

/// A customer's message opens this window (wecom 94677).
pub(crate) const WINDOW_MS: i64 = 48 * HOUR_MS;
/// Messages that the shop may send within it.
pub const QUOTA: u32 = 5;

/// The state of a session (wecom 94669); the numbers are the wire's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// 0: new, untreated.
    New,
    /// 1: handled by the smart assistant, i.e. the bot.
    Assistant,
    /// 2: in the waiting pool.
    Pool,
    /// 3: with a human servicer.
    Human,
    /// 4: ended, or the customer entered without writing.
    Ended,
}

impl SessionState {
    /// The wire's number.
    pub fn number(self) -> i64 {
        match self {
            SessionState::New => 0,
            SessionState::Assistant => 1,
            SessionState::Pool => 2,
            SessionState::Human => 3,
            SessionState::Ended => 4,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<SessionState> {
        use SessionState::{Assistant, Ended, Human, New, Pool};
        [New, Assistant, Pool, Human, Ended].into_iter().find(|state| state.number() == number)
    }
}

/// Who a line on the customer's phone is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The customer.
    Customer,
    /// The shop, through the API.
    Shop,
    /// An employee in the WeCom client.
    Servicer,
}

impl Speaker {
    /// `customer`, `shop` or `servicer`.
    pub fn name(self) -> &'static str {
        match self {
            Speaker::Customer => "customer",
            Speaker::Shop => "shop",
            Speaker::Servicer => "servicer",
        }
    }
}

/// One line on the customer's phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// Who wrote it.
    pub from: Speaker,
    /// The words as shown, cut to 2,048 bytes; of a file its name.
    pub text: String,
    /// The wire's `msgtype`: `text`, `image`, `voice`, `video`, `file`, `link`, `msgmenu`, `location`.
    pub kind: &'static str,
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// The message's id.
    pub msgid: String,
    /// The account it was written to or from.
    pub open_kfid: String,
    /// Of a picture, voice, video or file.
    pub media_id: Option<String>,
    /// Taken back by its author.
    pub recalled: bool,
    /// Accepted from the shop and not delivered (`msg_send_fail`); the customer does not see it.
    pub failed: bool,
}

pub(crate) struct Servicer {
    pub(crate) userid: String,
    pub(crate) receiving: bool,
}

pub(crate) struct Account {
    pub(crate) name: String,
    servicers: BTreeMap<String, Servicer>,
    /// What `sync_msg` gives out, oldest first.
    queue: Vec<Queued>,
    used_msgids: BTreeSet<String>,
    tokenless: Window,
    gave_empty_page: bool,
    /// New sessions go to people, as a misconfigured account does.
    routes_to_people: bool,
}

struct Queued {
    at_ms: i64,
    item: Value,
}

pub(crate) struct Customer {
    pub(crate) nickname: String,
    pub(crate) lines: Vec<ChatLine>,
}

/// One customer at one account.
pub(crate) struct Session {
    state: SessionState,
    servicer: Option<String>,
    last_customer_ms: Option<i64>,
    last_shop_ms: Option<i64>,
    sent: u32,
}

impl Session {
    /// The state as of `now`: 48 hours after the customer's last message a session is over.
    pub(crate) fn state(&self, now: i64) -> SessionState {
        if self.window_open(now) { self.state } else { SessionState::Ended }
    }

    pub(crate) fn window_open(&self, now: i64) -> bool {
        self.last_customer_ms.is_some_and(|at| now - at <= WINDOW_MS)
    }

    /// Messages that the shop may still send.
    pub(crate) fn quota_left(&self, now: i64) -> u32 {
        if self.window_open(now) { QUOTA.saturating_sub(self.sent) } else { 0 }
    }
}

struct EventCode {
    open_kfid: String,
    external_userid: String,
    expires_ms: i64,
    used: bool,
    /// The state in which the message has to find the session; `None` for the welcome.
    state: Option<SessionState>,
    takes_menu: bool,
}

/// All of customer service.
#[derive(Default)]
pub(crate) struct Kf {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) customers: BTreeMap<String, Customer>,
    pub(crate) sessions: BTreeMap<(String, String), Session>,
    event_codes: BTreeMap<String, EventCode>,
    doorbell_tokens: BTreeMap<String, (String, i64)>,
    /// Whose line a `msgid` is, and which.
    line_of: BTreeMap<String, (String, usize)>,
}

impl Kf {
    pub(crate) fn add_account(&mut self, open_kfid: &str, name: &str) {
        let account = Account {
            name: name.to_owned(),
            servicers: BTreeMap::new(),
            queue: Vec::new(),
            used_msgids: BTreeSet::new(),
            tokenless: Window::default(),
            gave_empty_page: false,
            routes_to_people: false,
        };
        self.accounts.insert(open_kfid.to_owned(), account);
    }

    pub(crate) fn add_customer(&mut self, external_userid: &str, nickname: &str) {
        let customer = Customer { nickname: nickname.to_owned(), lines: Vec::new() };
        self.customers.insert(external_userid.to_owned(), customer);
    }

    pub(crate) fn session(&self, open_kfid: &str, external_userid: &str) -> Option<&Session> {
        self.sessions.get(&(open_kfid.to_owned(), external_userid.to_owned()))
    }

    pub(crate) fn session_mut(&mut self, open_kfid: &str, external_userid: &str) -> Option<&mut Session> {
        self.sessions.get_mut(&(open_kfid.to_owned(), external_userid.to_owned()))
    }

    /// The account; 95004 where its id is missing, 95000 where it is wrong.
    pub(crate) fn account(&mut self, open_kfid: Option<&str>) -> Result<&mut Account, Errcode> {
        let open_kfid = open_kfid.filter(|id| !id.is_empty()).ok_or(Errcode::KF_ACCOUNT_MISSING)?;
        self.accounts.get_mut(open_kfid).ok_or(Errcode::KF_ACCOUNT)
    }

    pub(crate) fn show_line(&mut self, external_userid: &str, line: ChatLine) {
        let Some(customer) = self.customers.get_mut(external_userid) else { return };
        self.line_of.insert(line.msgid.clone(), (external_userid.to_owned(), customer.lines.len()));
        customer.lines.push(line);
    }

    /// The account and the customer that an event code is for.
    pub(crate) fn event_code_target(&self, code: &str) -> Option<(String, String)> {
        let code = self.event_codes.get(code)?;
        Some((code.open_kfid.clone(), code.external_userid.clone()))
    }

    /// The line with that id and whose phone it is on.
    pub(crate) fn line_mut(&mut self, msgid: &str) -> Option<(String, &mut ChatLine)> {
        let (customer, at) = self.line_of.get(msgid)?.clone();
        let line = self.customers.get_mut(&customer)?.lines.get_mut(at)?;
        Some((customer, line))
    }
}

/// Queues an item for `sync_msg`.
pub(crate) fn queue(world: &mut World, open_kfid: &str, item: Value) {
    let at_ms = world.now();
    if let Some(account) = world.kf.accounts.get_mut(open_kfid) {
        account.queue.push(Queued { at_ms, item });
    }
}

/// Queues an event (origin 4): the account and the customer stand inside `event` only.
pub(crate) fn queue_event(
    world: &mut World,
    open_kfid: &str,
    external_userid: Option<&str>,
    kind: &str,
    mut event: Value,
) {
    event["event_type"] = kind.into();
    event["open_kfid"] = open_kfid.into();
    if let Some(customer) = external_userid {
        event["external_userid"] = customer.into();
    }
    let msgid = world.id("ev");
    let send_time = world.now() / SECOND_MS;
    let item = json!({"msgid": msgid, "send_time": send_time, "origin": 4, "msgtype": "event", "event": event});
    queue(world, open_kfid, item);
}

/// A fresh token for a doorbell: 10 minutes (wecom 94670).
pub(crate) fn doorbell_token(world: &mut World, open_kfid: &str) -> String {
    let token = world.id("ENC");
    let expires_ms = world.now() + 600 * SECOND_MS;
    world.kf.doorbell_tokens.insert(token.clone(), (open_kfid.to_owned(), expires_ms));
    token
}

/// 8 hex digits that tell accounts apart inside cursors.
fn mark(open_kfid: &str) -> String {
    hex::encode(&Sha256::digest(open_kfid.as_bytes())[..4])
}

#[cfg(test)]
#[path = "kf_tests.rs"]
mod tests;
