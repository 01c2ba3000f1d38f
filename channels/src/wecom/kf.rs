//! 微信客服: the customers' side (wecom 94670, 94677, 95122, 94669, 94661, 95159).

mod arrival;
mod fate;
mod message;

pub use arrival::ABILITIES;
pub use message::{KfBody, KfEvent, KfMessage, Origin};

use super::api::{Api, ApiError, CALL_LIMIT, Media};
use super::json;
use crate::abilities::TextLimit;
use crate::split::split;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Most items of one `sync_msg` page.
pub const MAX_PAGE: u32 = 1000;
/// Most customers of one `batchget`.
const MAX_BATCH: usize = 100;
/// Longest `msgid` of our own, in bytes.
const MAX_MSGID: usize = 32;

/// Longest text of one customer message, in UTF-8 bytes: about 680 汉字 (wecom 94677).
pub const MAX_PART_BYTES: usize = 2048;

/// Parts that a customer send accepts; see [`split`].
pub fn split_for_kf(text: &str) -> Vec<String> {
    split(text, TextLimit::Bytes(MAX_PART_BYTES))
}

/// The 微信客服 calls of one app. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Kf {
    api: Arc<Api>,
}

/// One page of `sync_msg`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Store it in the same transaction as the messages; pass it next time.
    pub next_cursor: String,
    /// Ask again at once. A page may be empty and still have more.
    pub has_more: bool,
    /// In the platform's order.
    pub messages: Vec<KfMessage>,
}

/// Who answers a customer at present (wecom 94669).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// 0: new, nobody yet; the API may send.
    Untreated,
    /// 1: the smart assistant, that is us; the API may send.
    Assistant,
    /// 2: waiting in the pool for a servicer.
    Pool,
    /// 3: a human servicer.
    Servicer,
    /// 4: ended, or entered without having written.
    Ended,
    /// A state this version does not know.
    Other(i64),
}

impl ServiceState {
    /// From the platform's number.
    pub fn from_code(code: i64) -> ServiceState {
        match code {
            0 => ServiceState::Untreated,
            1 => ServiceState::Assistant,
            2 => ServiceState::Pool,
            3 => ServiceState::Servicer,
            4 => ServiceState::Ended,
            other => ServiceState::Other(other),
        }
    }

    /// Whether `send_msg` is accepted (otherwise 95018).
    pub fn api_may_send(self) -> bool {
        matches!(self, ServiceState::Untreated | ServiceState::Assistant)
    }
}

/// The state of one customer's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// Who answers.
    pub state: ServiceState,
    /// The servicer, in [`ServiceState::Servicer`].
    pub servicer: Option<String>,
}

/// Where a session is moved. From 0 and 1 only pool and servicer are possible, from 3 another servicer or the end
/// (otherwise 95016).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer<'a> {
    /// To this member, who must be receiving (otherwise 95014, 95019).
    Servicer(&'a str),
    /// To the waiting pool.
    Pool,
    /// Ends the session.
    End,
}

/// One entry of an account's servicer list (wecom 94645).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Servicer {
    /// A member.
    Member {
        /// Who.
        userid: String,
        /// Whether conversations may be given to them now.
        receiving: bool,
    },
    /// All members of a department.
    Department {
        /// Department id.
        id: i64,
    },
}

/// A 微信客服 account (wecom 94661).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KfAccount {
    /// Its id (`wk…`).
    pub open_kfid: String,
    /// What customers see.
    pub name: String,
    /// Address of its picture.
    pub avatar: Option<String>,
    /// Whether this app may send for it (`manage_privilege`; otherwise 48007); `None` if the platform does not say.
    pub managed: Option<bool>,
}

/// A customer's public face (wecom 95159).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Id (`wm…`).
    pub external_userid: String,
    /// Chosen by the customer: untrusted text.
    pub nickname: String,
    /// Address of the picture.
    pub avatar: Option<String>,
    /// Joins the same person across channels, where an official account is bound.
    pub unionid: Option<String>,
}

/// Why a customer send was refused, as data for the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendRefusal {
    /// 95001: five messages were sent since the customer's last one.
    QuotaSpent,
    /// 95002, 95031: the customer's last message is more than 48 h old.
    WindowClosed,
    /// 95018: a person or the pool has the session, or the window is closed.
    NotAllowedInState,
    /// 95013: the session ended.
    SessionEnded,
    /// 45009, 45033: later.
    RateLimited,
    /// Anything else; see the code.
    Other,
}

impl SendRefusal {
    /// From `errcode`.
    pub fn from_code(code: i64) -> SendRefusal {
        match code {
            95001 => SendRefusal::QuotaSpent,
            95002 | 95031 => SendRefusal::WindowClosed,
            95018 => SendRefusal::NotAllowedInState,
            95013 => SendRefusal::SessionEnded,
            45009 | 45033 => SendRefusal::RateLimited,
            _ => SendRefusal::Other,
        }
    }
}

impl Kf {
    /// The calls of the app `api` speaks for; the app must be listed in the console and hold the accounts.
    pub fn new(api: Arc<Api>) -> Kf {
        Kf { api }
    }

    /// One page of what happened in an account. Without a cursor it begins three days back; without the doorbell's token
    /// it is throttled strictly. `limit` is 1 to 1000. Our own sends never appear.
    ///
    /// An item that cannot be read becomes [`KfBody::Other`] with its raw JSON; it never costs the page.
    ///
    /// # Errors
    /// [`ApiError`]; 95007 means that the token is bad or older than ten minutes.
    pub async fn sync(
        &self,
        open_kfid: &str,
        cursor: Option<&str>,
        token: Option<&str>,
        limit: u32,
    ) -> Result<Page, ApiError> {
        let mut body = json!({ "open_kfid": open_kfid, "limit": limit.clamp(1, MAX_PAGE), "voice_format": 0 });
        insert(&mut body, "cursor", cursor.filter(|c| !c.is_empty()));
        insert(&mut body, "token", token.filter(|t| !t.is_empty()));
        let answer = self.api.post("kf/sync_msg", &body, CALL_LIMIT).await?;
        let has_more = json::int(&answer, "has_more") == Some(1);
        let next_cursor = match json::text(&answer, "next_cursor") {
            Some(next) => next,
            // Asking again with the same cursor would never end.
            None if has_more => return Err(ApiError::unknown("a page with more to come has no next_cursor")),
            None => cursor.unwrap_or_default().to_owned(),
        };
        let messages = json::items(&answer, "msg_list").iter().map(|raw| KfMessage::read(raw, open_kfid)).collect();
        Ok(Page { next_cursor, has_more, messages })
    }

    /// Sends one text to a customer, unless `until` has passed, and returns the platform's message id.
    ///
    /// `msgid` is the idempotency key: 1 to 32 of `[0-9A-Za-z_-]`, unique per account; the platform refuses a second use,
    /// so repeating an [`ApiError::Unknown`] with the same `msgid` cannot deliver twice. Accepted is not delivered: watch
    /// for [`KfEvent::SendFailed`].
    ///
    /// # Errors
    /// [`ApiError`]; see [`Fate`](crate::Fate) and [`SendRefusal`].
    pub async fn send_text(
        &self,
        touser: &str,
        open_kfid: &str,
        msgid: &str,
        text: &str,
        until: Instant,
    ) -> Result<String, ApiError> {
        check_msgid(msgid)?;
        check_text(text)?;
        let body = json!({
            "touser": touser, "open_kfid": open_kfid, "msgid": msgid, "msgtype": "text", "text": { "content": text },
        });
        let answer = self.api.post_until("kf/send_msg", &body, until).await?;
        Ok(json::text(&answer, "msgid").unwrap_or_else(|| msgid.to_owned()))
    }

    /// Sends one text on an event's code: a welcome or an end within 20 s, a hand-over within 48 h, each once.
    /// Returns the platform's message id if it gave one. Not begun after `until`.
    ///
    /// # Errors
    /// [`ApiError`]; see [`Fate`](crate::Fate).
    pub async fn send_on_event(
        &self,
        code: &str,
        msgid: Option<&str>,
        text: &str,
        until: Instant,
    ) -> Result<Option<String>, ApiError> {
        if let Some(id) = msgid {
            check_msgid(id)?;
        }
        check_text(text)?;
        let mut body = json!({ "code": code, "msgtype": "text", "text": { "content": text } });
        insert(&mut body, "msgid", msgid);
        let answer = self.api.post_until("kf/send_msg_on_event", &body, until).await?;
        Ok(json::text(&answer, "msgid").or_else(|| msgid.map(str::to_owned)))
    }

    /// Who answers this customer at present.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn state(&self, open_kfid: &str, external_userid: &str) -> Result<SessionState, ApiError> {
        let body = json!({ "open_kfid": open_kfid, "external_userid": external_userid });
        let answer = self.api.post("kf/service_state/get", &body, CALL_LIMIT).await?;
        let code = json::int(&answer, "service_state")
            .ok_or_else(|| ApiError::unknown("service_state/get gave no service_state"))?;
        Ok(SessionState { state: ServiceState::from_code(code), servicer: json::text(&answer, "servicer_userid") })
    }

    /// Moves a session; the returned code is for [`Kf::send_on_event`].
    ///
    /// # Errors
    /// [`ApiError`]; 95016 not possible from the present state, 95014 and 95019 the member cannot receive.
    pub async fn transfer(
        &self,
        open_kfid: &str,
        external_userid: &str,
        to: Transfer<'_>,
    ) -> Result<Option<String>, ApiError> {
        let (state, servicer) = match to {
            Transfer::Pool => (2, None),
            Transfer::Servicer(userid) => (3, Some(userid)),
            Transfer::End => (4, None),
        };
        let mut body = json!({ "open_kfid": open_kfid, "external_userid": external_userid, "service_state": state });
        insert(&mut body, "servicer_userid", servicer);
        let answer = self.api.post("kf/service_state/trans", &body, CALL_LIMIT).await?;
        Ok(json::text(&answer, "msg_code"))
    }

    /// Who may receive conversations of an account.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn servicers(&self, open_kfid: &str) -> Result<Vec<Servicer>, ApiError> {
        let answer = self.api.get("kf/servicer/list", &[("open_kfid", open_kfid)]).await?;
        Ok(json::items(&answer, "servicer_list").iter().filter_map(servicer).collect())
    }

    /// One page of the accounts; stop when fewer than `limit` (1 to 100) came.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn accounts(&self, offset: u32, limit: u32) -> Result<Vec<KfAccount>, ApiError> {
        let body = json!({ "offset": offset, "limit": limit.clamp(1, 100) });
        let answer = self.api.post("kf/account/list", &body, CALL_LIMIT).await?;
        Ok(json::items(&answer, "account_list").iter().filter_map(account).collect())
    }

    /// Names and pictures of customers active within 48 h; the others are missing from the answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn customers(&self, external_userids: &[String]) -> Result<Vec<Customer>, ApiError> {
        let mut customers = Vec::with_capacity(external_userids.len());
        for batch in external_userids.chunks(MAX_BATCH) {
            let body = json!({ "external_userid_list": batch, "need_enter_session_context": 0 });
            let answer = self.api.post("kf/customer/batchget", &body, CALL_LIMIT).await?;
            customers.extend(json::items(&answer, "customer_list").iter().filter_map(customer));
        }
        Ok(customers)
    }

    /// A file a customer sent, of at most `cap_bytes`. Media ids live three days: fetch on receipt.
    ///
    /// # Errors
    /// [`ApiError`]; 40007 means that the id is unknown or too old. A file over the cap is [`ApiError::Unknown`].
    pub async fn media(&self, media_id: &str, cap_bytes: usize) -> Result<Media, ApiError> {
        self.api.download(media_id, cap_bytes).await
    }
}

fn insert(body: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(value), Some(object)) = (value, body.as_object_mut()) {
        object.insert(name.to_owned(), value.into());
    }
}

fn check_msgid(msgid: &str) -> Result<(), ApiError> {
    let fits = (1..=MAX_MSGID).contains(&msgid.len())
        && msgid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(()) } else { Err(ApiError::refused(40058, "not sent: msgid is 1 to 32 of [0-9A-Za-z_-]")) }
}

fn check_text(text: &str) -> Result<(), ApiError> {
    match text.len() {
        0 => Err(ApiError::refused(44004, "not sent: empty text")),
        1..=MAX_PART_BYTES => Ok(()),
        n => Err(ApiError::refused(45002, format!("not sent: {n} bytes, at most {MAX_PART_BYTES}"))),
    }
}

fn servicer(item: &Value) -> Option<Servicer> {
    match json::text(item, "userid") {
        Some(userid) => Some(Servicer::Member { userid, receiving: json::int(item, "status") == Some(0) }),
        None => Some(Servicer::Department { id: json::int(item, "department_id")? }),
    }
}

fn account(item: &Value) -> Option<KfAccount> {
    Some(KfAccount {
        open_kfid: json::text(item, "open_kfid")?,
        name: json::text(item, "name").unwrap_or_default(),
        avatar: json::text(item, "avatar"),
        managed: json::int(item, "manage_privilege").map(|n| n != 0),
    })
}

fn customer(item: &Value) -> Option<Customer> {
    Some(Customer {
        external_userid: json::text(item, "external_userid")?,
        nickname: json::text(item, "nickname").unwrap_or_default(),
        avatar: json::text(item, "avatar"),
        unionid: json::text(item, "unionid"),
    })
}

#[cfg(test)]
#[path = "kf_tests.rs"]
mod tests;
