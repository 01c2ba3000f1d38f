//! Versions of what was configured: one of what decides about drafts, one of everything else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::desk::{AutoPolicy, BackOffice, Channel, Desk, DraftingBudgets, Notice, Person, Policy, Settings, Weekly};
use crate::evidence::canonical;

/// Digits shown of a version.
const SHORT: usize = 16;
/// Characters shown of a setting.
const LEAF: usize = 60;

/// The version of the deciding part: the policy, the trigger words in force (`triggers`: their table's text),
/// each channel's store, mode, allowed actions and required reviews,
/// what is looked up where, and what the shop teaches about its customers' words. 64 hexadecimal digits.
///
/// A draft is approved under this version; a new one voids open cards. People, names and hours do not change it,
/// nor does the order of channels or of lists.
pub fn policy_version(desk: &Desk, triggers: &str) -> String {
    hash(&deciding_part(desk, triggers))
}

fn deciding_part(desk: &Desk, triggers: &str) -> Value {
    let Policy { confidence, high_value_cents, triggers: _, auto } = &desk.policy;
    let mut channels: Vec<&Channel> = desk.channels.iter().collect();
    channels.sort_by(|a, b| a.id.cmp(&b.id));
    let mut part = json!({
        "policy": { "confidence": confidence, "high_value_cents": high_value_cents },
        "triggers": triggers,
        "channels": channels.into_iter().map(deciding).collect::<Vec<_>>(),
    });
    // Only where there are some: desks without have the version they always had.
    if *auto != AutoPolicy::default() {
        part["auto"] = json!(auto);
    }
    if !desk.stores.is_empty() {
        let mut stores: Vec<&BackOffice> = desk.stores.iter().collect();
        stores.sort_by(|a, b| a.id.cmp(&b.id));
        part["stores"] = json!(stores);
    }
    if !desk.intents.is_empty() {
        part["intents"] = json!(desk.intents);
    }
    part
}

/// A desk that decides as an earlier one did. A channel which that one did not have decides as it does.
pub fn deciding_as(mut desk: Desk, earlier: &Desk) -> Desk {
    desk.policy.clone_from(&earlier.policy);
    desk.stores.clone_from(&earlier.stores);
    desk.intents.clone_from(&earlier.intents);
    for channel in &mut desk.channels {
        let Some(before) = earlier.channel(&channel.id) else { continue };
        let Channel { store, platform, region, mode, allowed_actions, review_required, .. } = before.clone();
        *channel = Channel { store, platform, region, mode, allowed_actions, review_required, ..channel.clone() };
    }
    desk
}

/// What decides otherwise in the second of two desks, each with the version of its trigger words: `place: before → after`, by
/// the configuration's own names.
pub fn policy_changes(before: (&Desk, &str), after: (&Desk, &str)) -> Vec<String> {
    let [before, after] = [before, after].map(|(desk, triggers)| {
        let mut leaves = BTreeMap::new();
        collect_leaves(&deciding_part(desk, short_version(triggers)), String::new(), &mut leaves);
        leaves
    });
    let places: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let shown = |leaves: &BTreeMap<String, String>, place: &String| {
        leaves.get(place).map_or("–".to_owned(), |leaf| cut(leaf))
    };
    let changed = places.into_iter().filter(|place| before.get(*place) != after.get(*place));
    changed.map(|place| format!("{place}: {} → {}", shown(&before, place), shown(&after, place))).collect()
}

/// Everything a value holds by its place; tables of a list go by their id.
fn collect_leaves(value: &Value, place: String, leaves: &mut BTreeMap<String, String>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| collect_leaves(field, below(name), leaves)),
        Value::Array(items) if items.iter().any(|item| item["id"].is_string()) => {
            items.iter().for_each(|item| collect_leaves(item, below(item["id"].as_str().unwrap_or("?")), leaves));
        }
        Value::String(text) => drop(leaves.insert(place, text.clone())),
        other => drop(leaves.insert(place, other.to_string())),
    }
}

fn cut(leaf: &str) -> String {
    let shown: String = leaf.chars().take(LEAF).collect();
    if shown.len() < leaf.len() { format!("{shown}…") } else { shown }
}

fn deciding(channel: &Channel) -> Value {
    let mut told = json!({
        "id": channel.id,
        "store": channel.store,
        "mode": channel.mode,
        "allowed_actions": sorted(&channel.allowed_actions),
        "review_required": sorted(&channel.review_required),
    });
    for (name, place) in [("platform", &channel.platform), ("region", &channel.region)] {
        if let Some(place) = place {
            told[name] = json!(place);
        }
    }
    told
}

/// The version of everything that does not decide about drafts: the model's budgets, people and their roles, who is responsible for
/// which channel, names, hours, accounts, notices. 64 hexadecimal digits.
pub fn people_version(desk: &Desk) -> String {
    let Settings { locale, timezone, review_minutes, open_cards, waiting_minutes, .. } = &desk.desk;
    let Settings { currency, quiet_seconds, quiet_at_most_seconds, weekly_report, alarms_to, .. } = &desk.desk;
    let mut told = json!({
        "desk": {
            "locale": locale, "timezone": timezone, "review_minutes": review_minutes, "currency": currency,
            "open_cards": open_cards, "waiting_minutes": waiting_minutes,
            "quiet_seconds": quiet_seconds, "quiet_at_most_seconds": quiet_at_most_seconds, "alarms_to": alarms_to,
        },
        "people": desk.people.iter().map(person).collect::<Vec<_>>(),
        "channels": desk.channels.iter().map(responsible).collect::<Vec<_>>(),
        "triggers": desk.policy.triggers,
    });
    // Only where it is set: desks without have the version they always had.
    if desk.drafting != DraftingBudgets::default() {
        told["drafting"] = json!(desk.drafting);
    }
    // Only where it is another one: desks that leave it have the version they always had.
    if *weekly_report != Weekly::default() {
        told["desk"]["weekly_report"] = json!(weekly_report);
    }
    hash(&told)
}

fn person(person: &Person) -> Value {
    let Person { id, name, wecom, telegram, surfaces, roles, hours } = person;
    let mut told =
        json!({ "id": id, "name": name, "wecom": wecom, "telegram": telegram, "roles": roles, "hours": hours });
    if !surfaces.is_empty() {
        told["surfaces"] = json!(surfaces);
    }
    told
}

fn responsible(channel: &Channel) -> Value {
    let notices = &channel.notices;
    let mut part = json!({
        "id": channel.id,
        "kind": channel.kind,
        "account": channel.account,
        "name": channel.name,
        "owner": channel.owner,
        "permitted": channel.permitted,
        "escalation_owner": channel.escalation_owner,
        "dispatch": channel.dispatch,
        "hours": channel.hours,
        "notices": [notice(&notices.welcome), notice(&notices.received), notice(&notices.handover)],
    });
    // Only where there is one: channels without have the version they always had.
    if let Some(group) = &channel.telegram_group {
        part["telegram_group"] = json!(group);
    }
    if let Some(url) = &channel.url {
        part["url"] = json!([url, channel.private]);
    }
    part
}

fn notice(notice: &Option<Notice>) -> Value {
    notice.as_ref().map_or(Value::Null, |n| json!([n.text, n.approved_by, n.sha256]))
}

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<_> = names.iter().collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn hash(part: &Value) -> String {
    hex::encode(Sha256::digest(canonical(part)))
}

/// The part of a version shown to people.
pub fn short_version(version: &str) -> &str {
    version.get(..SHORT).unwrap_or(version)
}

#[cfg(test)]
#[path = "version_tests.rs"]
mod tests;
