//! What may leave by itself, as `aijia::automation` keeps it.

use serde_json::json;

use super::Store;
use crate::clock::Timestamp;
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::Intent;

impl Store {
    /// Opens or closes what is routine on a channel. The record of decisions does not exist here: it always allows it.
    pub fn automate(&mut self, channel: usize, open: bool, now: Timestamp) {
        self.open[channel] = if open { vec![Intent::Other] } else { Vec::new() };
        let (kind, by) = if open { (Kind::AutomationOpened, "qianwei") } else { (Kind::AutomationClosed, "lihua") };
        let payload = json!({ "channel": channel, "intent": Intent::Other, "first": "chenjie" });
        self.record(None, None, Entry { kind, actor: Actor::Person(by.into()), payload }, now);
    }
}
