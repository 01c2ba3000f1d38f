//! What was looked up and done in the back office for a case: the facts, the pictures, and where and how they were seen.

use serde::Serialize;
use serde_json::Value;

use super::page::moment;
use crate::evidence::Kind;
use crate::policy;
use crate::store::record::Told;
use crate::view::View;

/// Look-ups shown at most; the record has all of them.
const SHOWN: usize = 5;

/// A look-up in the back office.
#[derive(Debug, Serialize)]
pub(super) struct LookUpShown {
    title: String,
    at: String,
    order: String,
    /// What was seen; nothing where it could not be seen.
    facts: Vec<FactShown>,
    /// SHA-256 of the pictures, in hex.
    pictures: Vec<String>,
    /// The address of the last page.
    url: String,
    account: String,
    /// The recipe, its number and the beginning of its hash.
    recipe: String,
    /// Requests of the pages, and how many of them were stopped.
    requests: Option<(u64, u64)>,
    /// Whether nothing was found.
    nothing: bool,
}

/// A fact, and how long it counts.
#[derive(Debug, Serialize)]
struct FactShown {
    name: String,
    said: String,
    /// Until when it counts; nothing where that was not kept.
    until: Option<String>,
    /// Whether it does not count any more.
    over: bool,
}

/// The look-ups on a case's record, the newest first.
pub(super) fn of(view: &View, told: &[Told]) -> Vec<LookUpShown> {
    let looked = told.iter().rev().filter(|told| seen(told));
    looked.filter_map(|told| told.payload.as_ref()).take(SHOWN).map(|payload| shown(view, payload)).collect()
}

/// Whether an entry tells what was seen in the back office.
fn seen(told: &Told) -> bool {
    matches!(told.kind, Kind::LookedUp | Kind::ActionPlanned | Kind::ActionSettled)
}

/// Whether an entry of the record is of a look-up, or of an action, with this picture.
pub(super) fn has_picture(told: &Told, sha256: &str) -> bool {
    let payload = told.payload.as_ref().filter(|_| seen(told) || told.kind == Kind::RefundPackCollected);
    let parts = payload.into_iter().flat_map(|payload| payload["parts"].as_array().into_iter().flatten());
    payload.into_iter().chain(parts).any(|payload| pictures(payload).iter().any(|picture| picture == sha256))
}

fn pictures(payload: &Value) -> Vec<String> {
    let listed = payload["pictures"].as_array().into_iter().flatten().map(|picture| &picture["sha256"]);
    listed.chain([&payload["picture"]]).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A look-up as it is on record.
pub(super) fn shown(view: &View, payload: &Value) -> LookUpShown {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let recipe = &payload["recipe"];
    let hash: String = text(&recipe["hash"]).chars().take(8).collect();
    let pages = payload["pages"].as_array().and_then(|pages| pages.last()).map(|page| text(&page["url"]));
    let requests = &payload["requests"];
    LookUpShown {
        title: text(&payload["title"]),
        at: moment(view, payload["at"].as_i64().unwrap_or_default()),
        order: policy::masked(&text(&payload["order"])),
        facts: facts(view, payload),
        pictures: pictures(payload),
        url: pages.unwrap_or_else(|| text(&payload["url"])),
        account: text(&payload["account"]),
        recipe: format!("{} v{} ({hash})", text(&recipe["name"]), recipe["version"]),
        requests: requests["all"].as_u64().zip(requests["stopped"].as_u64()),
        nothing: payload["outcome"] != "found",
    }
}

fn facts(view: &View, payload: &Value) -> Vec<FactShown> {
    let fact = |(name, said): (&String, &Value)| {
        let until = payload["until"][name].as_i64();
        FactShown {
            name: name.clone(),
            said: said.as_str().unwrap_or_default().to_owned(),
            until: until.map(|until| moment(view, until)),
            over: until.is_some_and(|until| until <= view.now),
        }
    };
    payload["said"].as_object().into_iter().flatten().map(fact).collect()
}
