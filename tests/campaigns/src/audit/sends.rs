//! Every request to a customer: with whose authority, with which bytes, how often.

use std::collections::BTreeMap;

use aijia::evidence::Kind;
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::{Api, Call, LedgerRow};

use super::{Findings, Moment};
use crate::evidence::{Entry, Evidence};

/// A part of a reply that somebody approved.
pub(super) struct Authority<'a> {
    pub(super) decided: &'a Entry,
    /// The approved draft.
    digest: &'a str,
    part: usize,
    text: &'a str,
}

/// What became of one message id, by the ledger.
#[derive(Default)]
struct Requests<'a> {
    rows: Vec<&'a LedgerRow>,
}

pub(super) fn judge(
    ledger: &[LedgerRow],
    evidence: &Evidence,
    customers: &BTreeMap<&str, (&str, &str)>,
    moment: Moment,
    findings: &mut Findings,
) {
    let authorities = authorities(evidence);
    let notices = notices(evidence);
    let claims = by_part(evidence, Kind::SendClaimed);
    let outcomes = by_part(evidence, Kind::SendSettled);
    let mut asked: BTreeMap<&str, Requests> = BTreeMap::new();
    for row in ledger.iter().filter(|row| row.call == Call::Api(Api::KfSendMsg)) {
        findings.requests += 1;
        findings.accepted += usize::from(row.accepted);
        let msgid = row.body["msgid"].as_str().unwrap_or_default();
        asked.entry(msgid).or_default().rows.push(row);
    }
    for (msgid, requests) in &asked {
        let accepted = requests.rows.iter().filter(|row| row.accepted).count();
        if accepted > 1 {
            findings.duplicates.push(format!("{msgid} was accepted {accepted} times"));
        }
        let Some(authority) = authorities.get(*msgid) else {
            if !notices.contains_key(msgid) {
                findings.unauthorised.push(format!("{msgid} was approved by nobody"));
            }
            continue;
        };
        let case = authority.decided.case.as_deref().unwrap_or_default();
        let claim = claims
            .get(&(case, authority.part))
            .and_then(|claims| claims.iter().find(|claim| claim.payload["digest"].as_str() == Some(authority.digest)));
        for row in &requests.rows {
            if let Some(wrong) = objection(row, authority, claim.copied(), customers) {
                findings.unauthorised.push(format!("{msgid} (ledger {}): {wrong}", row.seq));
            }
        }
        let told = outcomes.get(&(case, authority.part)).map_or(0, Vec::len);
        if told == 0 && moment == Moment::Drained {
            findings.incomplete.push(format!("{msgid} left and has no outcome on record"));
        }
    }
    one_send_per_authority(&authorities, &asked, findings);
    if moment == Moment::Drained {
        outcomes_are_true(evidence, &authorities, &asked, findings);
    }
}

/// What speaks against a request.
fn objection(
    row: &LedgerRow,
    authority: &Authority,
    claim: Option<&Entry>,
    customers: &BTreeMap<&str, (&str, &str)>,
) -> Option<String> {
    let Some(claim) = claim else { return Some("it was never claimed".to_owned()) };
    let text = row.body.pointer("/text/content").and_then(Value::as_str).unwrap_or_default();
    if text != authority.text {
        return Some(format!("other bytes than approved: {text:?} for {:?}", authority.text));
    }
    if claim.payload["body_sha256"] != hex::encode(Sha256::digest(text)) {
        return Some("other bytes than claimed".to_owned());
    }
    let decided = authority.decided;
    if (decided.chain.as_str(), decided.seq) >= (claim.chain.as_str(), claim.seq) || decided.chain != claim.chain {
        return Some("claimed before it was approved".to_owned());
    }
    let to = (row.body["touser"].as_str().unwrap_or_default(), row.body["open_kfid"].as_str().unwrap_or_default());
    match customers.get(decided.chain.as_str()) {
        Some(whose) if *whose == to => None,
        Some(whose) => Some(format!("sent to {to:?}, approved for {whose:?}")),
        None => Some("approved in a chain that is no customer's".to_owned()),
    }
}

/// Every approved part by the message id that its approval stands for.
pub(super) fn authorities(evidence: &Evidence) -> BTreeMap<String, Authority<'_>> {
    let mut found = BTreeMap::new();
    // 发送, and 重发 of what nobody knew about: a decision of its own, for a version of its own.
    let lets_out = |entry: &&Entry| entry.payload["decision"] == "send" || entry.payload["decision"] == "send_again";
    for decided in evidence.of(Kind::Decided).filter(lets_out) {
        let version = decided.payload["version"].as_i64().unwrap_or(0);
        let digest = decided.payload["digest"].as_str().unwrap_or_default();
        let texts = decided.payload["parts"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for (part, text) in texts.enumerate() {
            let case = decided.case.as_deref().unwrap_or_default();
            found.insert(message_id(case, version, part, text), Authority { decided, digest, part, text });
        }
    }
    found
}

/// The id that the intent gives a message: a case, a version, a part and its words.
pub fn message_id(case: &str, version: i64, part: usize, text: &str) -> String {
    let hash = Sha256::digest(format!("{case}\0{version}\0{part}\0{text}"));
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Fixed texts that were approved beforehand, by message id.
fn notices(evidence: &Evidence) -> BTreeMap<&str, &Entry> {
    evidence.of(Kind::NoticeSent).filter_map(|entry| Some((entry.payload["msgid"].as_str()?, entry))).collect()
}

fn by_part(evidence: &Evidence, kind: Kind) -> BTreeMap<(&str, usize), Vec<&Entry>> {
    let mut found: BTreeMap<(&str, usize), Vec<&Entry>> = BTreeMap::new();
    for entry in evidence.of(kind) {
        let part = entry.payload["part"].as_u64().and_then(|part| usize::try_from(part).ok());
        if let (Some(case), Some(part)) = (entry.case.as_deref(), part) {
            found.entry((case, part)).or_default().push(entry);
        }
    }
    found
}

/// An approval lets each of its parts out once, whatever id it has.
fn one_send_per_authority(
    authorities: &BTreeMap<String, Authority>,
    asked: &BTreeMap<&str, Requests>,
    findings: &mut Findings,
) {
    let mut sent: BTreeMap<(&str, i64, usize), Vec<&str>> = BTreeMap::new();
    for (msgid, authority) in authorities {
        let accepted = asked.get(msgid.as_str()).is_some_and(|requests| requests.rows.iter().any(|row| row.accepted));
        if accepted {
            let decided = authority.decided;
            sent.entry((&decided.chain, decided.seq, authority.part)).or_default().push(msgid);
        }
    }
    for ((chain, seq, part), ids) in sent.into_iter().filter(|(_, ids)| ids.len() > 1) {
        findings.duplicates.push(format!("{chain} #{seq} part {part} left as {ids:?}"));
    }
}

/// What the record calls accepted was accepted; what it calls unknown is counted.
fn outcomes_are_true(
    evidence: &Evidence,
    authorities: &BTreeMap<String, Authority>,
    asked: &BTreeMap<&str, Requests>,
    findings: &mut Findings,
) {
    let mut told: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for entry in evidence.of(Kind::SendSettled) {
        let (case, part) = (entry.case.as_deref().unwrap_or_default(), entry.payload["part"].as_u64());
        match entry.payload.pointer("/result/result").and_then(Value::as_str) {
            Some("unknown") => findings.unknowns += 1,
            Some("accepted") => {
                let part = part.and_then(|part| usize::try_from(part).ok()).unwrap_or(0);
                *told.entry((case, part)).or_default() += 1;
            }
            _ => {}
        }
    }
    let mut accepted: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for (msgid, authority) in authorities {
        let rows = asked.get(msgid.as_str()).map(|requests| requests.rows.as_slice()).unwrap_or_default();
        let case = authority.decided.case.as_deref().unwrap_or_default();
        *accepted.entry((case, authority.part)).or_default() += usize::from(rows.iter().any(|row| row.accepted));
    }
    for ((case, part), count) in told {
        let known = accepted.get(&(case, part)).copied().unwrap_or(0);
        if count > known {
            findings
                .incomplete
                .push(format!("{case} part {part} is {count} times accepted on record, {known} times sent"));
        }
    }
}
