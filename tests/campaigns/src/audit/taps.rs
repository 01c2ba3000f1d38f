//! Every press that was acknowledged was decided or refused, and each draft version has one winner, as a
//! compare-and-set register has.

use std::collections::{BTreeMap, BTreeSet};

use aijia::evidence::Kind;
use cards::Act;
use serde_json::Value;
use simulator::{Api, Call, LedgerRow};

use crate::evidence::{Entry, Evidence};
use crate::reviewers::Tap;
use crate::single_winner::{Answer, Operation, linearizable};

/// Taps on 发送 that were answered 200 and that the record says nothing of.
pub fn lost(evidence: &Evidence, taps: &[Tap]) -> Vec<String> {
    let numbers = numbers(evidence);
    let mut told: BTreeSet<(i64, i64, String)> = BTreeSet::new();
    for entry in evidence.of(Kind::Decided).chain(evidence.of(Kind::Refused)) {
        let number = entry.case.as_deref().and_then(|case| numbers.get(case));
        if let (Some(number), Some(person)) = (number, entry.person()) {
            told.insert((*number, entry.payload["version"].as_i64().unwrap_or(0), person.to_lowercase()));
        }
    }
    let sent = taps.iter().filter(|tap| tap.key.act == Act::Send && tap.status == Some(200));
    let silent = sent.filter(|tap| !told.contains(&(tap.key.case, tap.key.version, tap.member.to_lowercase())));
    silent.map(|tap| format!("the tap of {} on {} came to nothing", tap.member, tap.key)).collect()
}

/// The presses of 发送 on each draft version, by case number and version, with what each was answered.
pub type Histories = BTreeMap<(i64, i64), Vec<Operation>>;

/// Draft versions whose presses no order explains.
pub fn disputed(histories: &Histories) -> Vec<String> {
    let bad = histories.iter().filter(|(_, history)| !linearizable(history));
    bad.map(|((case, version), history)| format!("case {case} version {version}: {history:?}")).collect()
}

/// A press of a person on a version, by case number and version.
type Press = (i64, i64, String);

/// For each draft version: who pressed 发送 when, when their phone showed what became of it, and what that was.
pub fn histories(ledger: &[LedgerRow], evidence: &Evidence, taps: &[Tap]) -> Histories {
    let mut presses: BTreeMap<Press, Vec<&Tap>> = BTreeMap::new();
    for tap in taps.iter().filter(|tap| tap.key.act == Act::Send) {
        presses.entry((tap.key.case, tap.key.version, tap.member.to_lowercase())).or_default().push(tap);
    }
    let shown = redrawn(ledger);
    let mut histories = Histories::new();
    for ((case, version, person), answers) in answers(evidence) {
        let Some(taps) = presses.get(&(case, version, person.clone())) else { continue };
        let asked = taps.iter().map(|tap| tap.at_ms).min().unwrap_or(0);
        let last = taps.iter().map(|tap| tap.at_ms).max().unwrap_or(0);
        // One person's presses are answered in their order; the redrawn card answers the last of them at the latest, unless
        // it was redrawn for another reason before the answer was made.
        let redrawn = taps.first().and_then(|tap| shown.get(tap.task.as_str())).filter(|at| **at >= last).copied();
        let operation = |(answer, made): (Answer, i64)| {
            let answered = redrawn.filter(|at| *at >= made);
            Operation { by: person.clone(), asked, answered, answer }
        };
        histories.entry((case, version)).or_default().extend(answers.into_iter().map(operation));
    }
    histories
}

/// When each card was redrawn for the last time, by task id.
fn redrawn(ledger: &[LedgerRow]) -> BTreeMap<&str, i64> {
    let updates = ledger.iter().filter(|row| row.accepted && row.call == Call::Api(Api::UpdateTemplateCard));
    let mut shown = BTreeMap::new();
    for row in updates {
        if let Some(task) = row.body.pointer("/template_card/task_id").and_then(Value::as_str) {
            shown.insert(task, row.at_ms);
        }
    }
    shown
}

/// What each press was answered, and when that went on record.
fn answers(evidence: &Evidence) -> BTreeMap<Press, Vec<(Answer, i64)>> {
    let numbers = numbers(evidence);
    let mut answers: BTreeMap<Press, Vec<(Answer, i64)>> = BTreeMap::new();
    for entry in evidence.of(Kind::Decided).chain(evidence.of(Kind::Refused)) {
        let number = entry.case.as_deref().and_then(|case| numbers.get(case)).copied();
        if let (Some(number), Some(person), Some(answer)) = (number, entry.person(), answer(entry)) {
            let version = entry.payload["version"].as_i64().unwrap_or(0);
            answers.entry((number, version, person.to_lowercase())).or_default().push((answer, entry.at_ms));
        }
    }
    answers
}

/// What an entry says about one press of 发送; nothing where it is about something else.
fn answer(entry: &Entry) -> Option<Answer> {
    if entry.kind == Kind::Decided {
        return (entry.payload["decision"] == "send").then_some(Answer::Won);
    }
    let refusal = &entry.payload["refusal"];
    let too_late = refusal["refusal"] == "already_decided" || refusal["refusal"] == "already_done";
    let about_sending = entry.payload["act"] == "send" && refusal["act"] == "send";
    let winner = refusal["by"].as_str().filter(|_| too_late && about_sending);
    winner.map(|winner| Answer::LostTo(winner.to_lowercase()))
}

fn numbers(evidence: &Evidence) -> BTreeMap<&str, i64> {
    let number = |entry: &Entry| entry.payload["number"].as_i64();
    evidence.of(Kind::CaseOpened).filter_map(|e| Some((e.case.as_deref()?, number(e)?))).collect()
}
