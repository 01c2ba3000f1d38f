//! Nothing leaves after the acknowledgement of a pause, but what the acknowledgement names.

use std::collections::{BTreeMap, BTreeSet};

use aijia::evidence::Kind;
use serde_json::Value;
use simulator::{Api, Call, LedgerRow};

use super::Findings;
use super::sends::authorities;
use crate::evidence::{Entry, Evidence};
use crate::shop::Shop;

/// The word every acknowledgement of a pause begins with.
const ACKNOWLEDGED: &str = "已暂停";

/// A pause from the moment its acknowledgement reached the platform.
struct Pause<'a> {
    entry: &'a Entry,
    /// The ledger's row of the acknowledgement.
    acknowledged: u64,
    /// When it was lifted, in milliseconds.
    lifted: Option<i64>,
    /// The cases that the acknowledgement names, by number.
    named: BTreeSet<&'a str>,
}

pub(super) fn judge(ledger: &[LedgerRow], evidence: &Evidence, shop: &Shop, findings: &mut Findings) {
    let pauses = pauses(ledger, evidence);
    findings.pauses = pauses.len();
    let numbers = numbers(evidence);
    let cases = cases_of_messages(evidence);
    for row in ledger.iter().filter(|row| row.call == Call::Api(Api::KfSendMsg)) {
        let account = row.body["open_kfid"].as_str().unwrap_or_default();
        let case = row.body["msgid"].as_str().and_then(|msgid| cases.get(msgid));
        let number = case.and_then(|(case, _)| numbers.get(case)).cloned().unwrap_or_default();
        for pause in &pauses {
            let chain = case.map(|(_, chain)| *chain).unwrap_or_default();
            let covers = covers(pause.entry, shop, account, chain);
            let after = row.seq > pause.acknowledged && pause.lifted.is_none_or(|lifted| row.at_ms < lifted);
            if covers && after && !pause.named.contains(number.as_str()) {
                let (chain, seq) = (&pause.entry.chain, pause.entry.seq);
                findings.after_pause.push(format!("ledger {} ({number}) after the pause {chain} #{seq}", row.seq));
            }
        }
    }
}

fn pauses<'a>(ledger: &'a [LedgerRow], evidence: &'a Evidence) -> Vec<Pause<'a>> {
    let lifted: BTreeMap<&str, i64> =
        evidence.of(Kind::Resumed).filter_map(|entry| Some((entry.payload["pause"].as_str()?, entry.at_ms))).collect();
    let pause = |entry: &'a Entry| {
        let id = entry.payload["pause"].as_str()?;
        let named = entry.payload["in_flight"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let acknowledged = acknowledgement(ledger, entry)?;
        Some(Pause { entry, acknowledged, lifted: lifted.get(id).copied(), named })
    };
    evidence.of(Kind::Paused).filter_map(pause).collect()
}

/// The first acknowledgement that the platform took for whoever paused, after the pause was recorded.
fn acknowledgement(ledger: &[LedgerRow], pause: &Entry) -> Option<u64> {
    let person = pause.person()?;
    let said = |row: &&LedgerRow| {
        let to = row.body["touser"].as_str().unwrap_or_default();
        let text = row.body.pointer("/text/content").and_then(Value::as_str).unwrap_or_default();
        row.accepted
            && row.call == Call::Api(Api::MessageSend)
            && row.at_ms >= pause.at_ms
            && to.eq_ignore_ascii_case(person)
            && text.starts_with(ACKNOWLEDGED)
    };
    ledger.iter().find(said).map(|row| row.seq)
}

fn covers(pause: &Entry, shop: &Shop, account: &str, chain: &str) -> bool {
    match pause.payload["scope"].as_str() {
        Some("everything") => true,
        Some("channel") => {
            let named = pause.payload["target"].as_str().unwrap_or_default();
            (0..shop.channels).any(|n| shop.channel(n) == named && shop.account(n) == account)
        }
        _ => pause.chain == chain,
    }
}

/// `#` and the number of each case.
fn numbers(evidence: &Evidence) -> BTreeMap<&str, String> {
    let number = |entry: &Entry| format!("#{}", entry.payload["number"].as_i64().unwrap_or(0));
    evidence.of(Kind::CaseOpened).filter_map(|entry| Some((entry.case.as_deref()?, number(entry)))).collect()
}

/// The case and the chain of each message id.
fn cases_of_messages<'a>(evidence: &'a Evidence) -> BTreeMap<String, (&'a str, &'a str)> {
    let of = |decided: &'a Entry| (decided.case.as_deref().unwrap_or_default(), decided.chain.as_str());
    authorities(evidence).into_iter().map(|(msgid, authority)| (msgid, of(authority.decided))).collect()
}
