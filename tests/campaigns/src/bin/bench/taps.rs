//! From a tap to the customer: taps, the record and the platform's ledger put side by side.

use std::collections::BTreeMap;
use std::time::Duration;

use aijia::evidence::Kind;
use campaigns::audit::message_id;
use campaigns::evidence::Evidence;
use campaigns::latency::Latencies;
use campaigns::reviewers::Tap;
use cards::Act;
use simulator::Simulator;

/// From each deciding tap until the platform had answered our send; `began_ms` is the wall time the taps count from,
/// `answers_after` how long the platform takes to answer.
pub fn until_sent(
    sim: &Simulator,
    evidence: &Evidence,
    taps: &[Tap],
    began_ms: i64,
    answers_after: Duration,
) -> Latencies {
    let accepted: BTreeMap<String, i64> =
        sim.accepted_kf_sends().into_iter().map(|send| (send.msgid, send.at_ms)).collect();
    let numbers: BTreeMap<&str, i64> = evidence
        .of(Kind::CaseOpened)
        .filter_map(|entry| Some((entry.case.as_deref()?, entry.payload["number"].as_i64()?)))
        .collect();
    let mut first: BTreeMap<(i64, i64), Duration> = BTreeMap::new();
    for tap in taps.iter().filter(|tap| tap.key.act == Act::Send) {
        let asked = first.entry((tap.key.case, tap.key.version)).or_insert(tap.asked);
        *asked = (*asked).min(tap.asked);
    }
    let sends = evidence.of(Kind::Decided).filter(|entry| entry.payload["decision"] == "send");
    let took = sends.filter_map(|decided| {
        let case = decided.case.as_deref()?;
        let version = decided.payload["version"].as_i64()?;
        let sent = accepted.get(&message_id(case, version, 0, decided.payload["parts"][0].as_str()?))?;
        let tapped = first.get(&(*numbers.get(case)?, version))?;
        let tapped_ms = began_ms + i64::try_from(tapped.as_millis()).ok()?;
        Some(Duration::from_millis(u64::try_from(sent - tapped_ms).unwrap_or(0)) + answers_after)
    });
    took.collect()
}
