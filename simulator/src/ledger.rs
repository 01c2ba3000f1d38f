//! The append-only ledger: what reached the platform and what left it. Tests read it as the oracle.

use serde_json::Value;

use crate::api::Api;
use crate::faults::Fault;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// An API call of the bot.
    Api(Api),
    /// A call of a path that does not exist; the body has it.
    UnknownPath,
    /// One attempt at a callback to the bot.
    Callback(CallbackKind),
    /// The check of the callback URL.
    UrlCheck,
}

/// What a callback says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackKind {
    /// `kf_msg_or_event`: something waits in `kf/sync_msg`.
    Doorbell,
    /// `template_card_event`: a card's button.
    CardEvent,
    /// `template_card_menu_event`: an entry of a card's "…" menu.
    CardMenuEvent,
    /// A member wrote.
    Text,
    /// A member sent a picture.
    Image,
    /// A member used the app's menu.
    Click,
    /// A member opened the app.
    EnterAgent,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Position, from 1, without gaps.
    pub seq: u64,
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// What.
    pub call: Call,
    /// API: whether the platform did it. Callback: whether the bot answered 200.
    pub accepted: bool,
    /// API: the errcode. Callback: the HTTP status, 0 where no answer came.
    pub errcode: i64,
    /// API: the JSON body (of an upload `{type, filename, bytes, sha256}`, of a GET its query without secrets).
    /// Callback: `{xml, attempt, nonce, timestamp, random, reply, from, card}`: `reply` is the opened passive reply,
    /// `from` the member who caused it, `card` the message whose card was pressed.
    pub body: Value,
    /// API: what the platform answered, or would have answered where a fault lost the answer. Callback: null.
    pub answer: Value,
    /// The fault that a test put in the way.
    pub fault: Option<Fault>,
}

/// A message to a customer that the platform accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KfSend {
    /// The ledger row.
    pub seq: u64,
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// The caller's `msgid`, or the one that the platform gave.
    pub msgid: String,
    /// The customer's `external_userid`; of a send on an event code the customer that the code was for.
    pub touser: String,
    /// The account.
    pub open_kfid: String,
    /// The text as the caller sent it, uncut; empty for other types.
    pub text: String,
    /// The whole request body.
    pub body: Value,
    /// Whether it went through `kf/send_msg_on_event` and not `kf/send_msg`.
    pub on_event: bool,
}

/// A message to a member that the platform accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct AppMessage {
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// The platform's id, for a recall.
    pub msgid: String,
    /// The whole request body.
    pub body: Value,
    /// A card's `task_id`.
    pub task_id: Option<String>,
    /// Whether it was silently dropped for this member (more than 30 a minute or 1,000 an hour).
    pub dropped: bool,
}

/// The rows so far.
#[derive(Default)]
pub(crate) struct Ledger {
    rows: Vec<LedgerRow>,
}

impl Ledger {
    pub(crate) fn append(&mut self, mut row: LedgerRow) -> u64 {
        row.seq = self.rows.len() as u64 + 1;
        self.rows.push(row);
        self.rows.len() as u64
    }

    /// The rows after `seq`.
    pub(crate) fn after(&self, seq: u64) -> &[LedgerRow] {
        let skip = usize::try_from(seq).unwrap_or(usize::MAX).min(self.rows.len());
        &self.rows[skip..]
    }

    pub(crate) fn row(&self, seq: u64) -> Option<&LedgerRow> {
        self.rows.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at_ms: i64) -> LedgerRow {
        let call = Call::Api(Api::GetToken);
        LedgerRow {
            seq: 99,
            at_ms,
            call,
            accepted: true,
            errcode: 0,
            body: Value::Null,
            answer: Value::Null,
            fault: None,
        }
    }

    #[test]
    fn rows_are_numbered_by_the_ledger() {
        let mut ledger = Ledger::default();
        assert_eq!((ledger.append(row(1)), ledger.append(row(2))), (1, 2));
        assert_eq!(ledger.after(1).iter().map(|row| row.at_ms).collect::<Vec<_>>(), [2]);
        assert_eq!((ledger.after(9).len(), ledger.row(2).map(|row| row.seq), ledger.row(0)), (0, Some(2), None));
    }
}
