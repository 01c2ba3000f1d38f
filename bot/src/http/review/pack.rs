//! What was collected to decide about a refund, as it is on record.

use serde::Serialize;
use serde_json::Value;

use super::look_up::{self, LookUpShown};
use super::page::moment;
use crate::case::{LookUp, Looked};
use crate::effects;
use crate::evidence::{Actor, Kind};
use crate::policy::{Contradiction, Intent};
use crate::store::record::Told;
use crate::view::View;

/// The material for a refund.
#[derive(Debug, Serialize)]
pub(super) struct PackShown {
    at: String,
    by: String,
    claim: Vec<Claim>,
    parts: Vec<LookUpShown>,
    /// What is not there, and why.
    missing: Vec<String>,
    contradictions: Vec<Contradiction>,
    rules: Vec<Rule>,
}

/// What the customer said.
#[derive(Debug, Serialize)]
struct Claim {
    at: String,
    text: String,
}

/// A published rule that applies.
#[derive(Debug, Serialize)]
struct Rule {
    title: String,
    version: i64,
    owner: String,
    answer: String,
}

/// The newest of a case's record.
pub(super) fn of(view: &View, told: &[Told]) -> Option<PackShown> {
    let newest = told.iter().rev().find(|told| told.kind == Kind::RefundPackCollected)?;
    let payload = newest.payload.as_ref()?;
    let by = match &newest.actor {
        Actor::Person(id) => view.desk.desk.name_of(id).to_owned(),
        other => other.to_string(),
    };
    let each = |name: &str| payload[name].as_array().into_iter().flatten();
    Some(PackShown {
        at: moment(view, newest.at_ms),
        by,
        claim: each("claim").map(|said| claim(view, said)).collect(),
        parts: each("parts").map(|part| look_up::shown(view, part)).collect(),
        missing: each("missing").map(|missing| why_missing(view, missing)).collect(),
        contradictions: each("contradictions").filter_map(|one| serde_json::from_value(one.clone()).ok()).collect(),
        rules: each("rules").map(|hit| rule(view, hit)).collect(),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A message; an attachment by what it is.
fn claim(view: &View, said: &Value) -> Claim {
    Claim { at: moment(view, said["at"].as_i64().unwrap_or_default()), text: text(&said["text"]) }
}

fn why_missing(view: &View, missing: &Value) -> String {
    let intent = missing["intent"].as_str().and_then(Intent::named).unwrap_or(Intent::Other);
    let looked: Option<Looked> = serde_json::from_value(missing["outcome"].clone()).ok();
    let at = missing["at"].as_i64().unwrap_or_default();
    let look_up = looked.map(|outcome| LookUp { order: None, at, outcome, parcel: None });
    effects::part_of_pack(view, intent, look_up.as_ref())
}

fn rule(view: &View, hit: &Value) -> Rule {
    Rule {
        title: text(&hit["title"]),
        version: hit["version"].as_i64().unwrap_or_default(),
        owner: view.desk.desk.name_of(hit["owner"].as_str().unwrap_or_default()).to_owned(),
        answer: text(&hit["answer"]),
    }
}
