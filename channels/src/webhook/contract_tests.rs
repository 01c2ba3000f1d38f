//! Whether the published contract (`docs/webhook/openapi.json`) says what is read and written here: what its schemas allow
//! is read, what they forbid is refused, and what is sent is what they describe.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::event::read;

static CONTRACT: std::sync::LazyLock<Value> =
    std::sync::LazyLock::new(|| serde_json::from_str(include_str!("../../../docs/webhook/openapi.json")).unwrap());

/// The words of JSON Schema that [`fits`] knows; the contract uses no others.
const KNOWN: [&str; 19] = [
    "$ref",
    "type",
    "properties",
    "required",
    "oneOf",
    "anyOf",
    "enum",
    "const",
    "items",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "format",
    "default",
    "description",
    "discriminator",
];

fn schema(name: &str) -> &'static Value {
    &CONTRACT["components"]["schemas"][name]
}

fn resolved(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(place) => CONTRACT.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} is nowhere")),
        None => schema,
    }
}

fn list(value: &'static Value) -> &'static [Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a value fits a schema, as far as the contract's words go.
fn fits(schema: &'static Value, value: &Value) -> bool {
    let schema = resolved(schema);
    let words = schema.as_object().unwrap();
    assert!(words.keys().all(|word| KNOWN.contains(&word.as_str())), "a word nobody checks: {schema}");
    let one_of = list(&schema["oneOf"]).iter().filter(|one| fits(one, value)).count();
    let any_of = list(&schema["anyOf"]).iter().any(|one| fits(one, value));
    (!words.contains_key("oneOf") || one_of == 1)
        && (!words.contains_key("anyOf") || any_of)
        && words.get("const").is_none_or(|only| only == value)
        && words.get("enum").is_none_or(|all| all.as_array().unwrap().contains(value))
        && is_a(schema, value)
        && within(schema, value)
        && has_its_fields(schema, value)
}

fn is_a(schema: &Value, value: &Value) -> bool {
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return true,
    };
    kinds.into_iter().any(|kind| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        other => panic!("a type nobody checks: {other}"),
    })
}

fn within(schema: &Value, value: &Value) -> bool {
    let bound = |word: &str| schema[word].as_i64();
    let chars = value.as_str().map(|text| text.chars().count() as i64);
    let items = value.as_array().map(|items| items.len() as i64);
    let moment = schema["format"] == "date-time";
    let is_moment = |text: &str| chrono::DateTime::parse_from_rfc3339(text).is_ok();
    !(chars.is_some_and(|chars| bound("minLength").is_some_and(|least| chars < least))
        || chars.is_some_and(|chars| bound("maxLength").is_some_and(|most| chars > most))
        || items.is_some_and(|items| bound("minItems").is_some_and(|least| items < least))
        || items.is_some_and(|items| bound("maxItems").is_some_and(|most| items > most))
        || value.as_i64().is_some_and(|n| bound("minimum").is_some_and(|least| n < least))
        || value.as_i64().is_some_and(|n| bound("maximum").is_some_and(|most| n > most))
        || moment && !value.as_str().is_some_and(is_moment))
}

fn has_its_fields(schema: &'static Value, value: &Value) -> bool {
    if let Some(items) = value.as_array() {
        return schema.get("items").is_none_or(|one| items.iter().all(|item| fits(one, item)));
    }
    let Some(fields) = value.as_object() else { return true };
    let required = list(&schema["required"]).iter().filter_map(Value::as_str);
    let known = schema["properties"].as_object();
    required.into_iter().all(|name| fields.contains_key(name))
        && fields.iter().all(|(name, field)| known.and_then(|k| k.get(name)).is_none_or(|one| fits(one, field)))
}

/// Values at the edges of a schema, and just beyond.
fn samples(schema: &'static Value) -> Vec<Value> {
    let schema = resolved(schema);
    let strange = || vec![json!({"a": 1}), json!(["a"]), json!(""), json!("strange"), json!(-1), json!(1.5)];
    let mut all = strange();
    all.extend(list(&schema["enum"]).iter().cloned());
    all.extend(schema.get("const").cloned());
    all.extend(["minimum", "maximum"].iter().filter_map(|word| schema[*word].as_i64()).flat_map(around));
    if schema["format"] == "date-time" {
        all.extend([json!("2026-11-30T10:00:00+08:00"), json!("2026-11-30"), json!("2026-11-30T02:00:00Z")]);
    }
    if schema["type"] == "boolean" {
        all.extend([json!(true), json!(false)]);
    }
    if let Some(most) = schema["maxItems"].as_i64() {
        let one = json!({"url": "https://cdn.example/1.png"});
        all.extend(around(most).filter_map(|n| usize::try_from(n.as_i64()?).ok()).map(|n| json!(vec![one.clone(); n])));
    }
    let inner = schema["properties"].as_object().into_iter().flatten();
    all.extend(inner.flat_map(|(name, one)| samples(one).into_iter().map(move |value| json!({name.as_str(): value}))));
    all
}

fn around(edge: i64) -> impl Iterator<Item = Value> {
    [edge - 1, edge, edge + 1].into_iter().map(|n| json!(n))
}

fn examples(pointer: &str) -> &'static Map<String, Value> {
    CONTRACT.pointer(pointer).and_then(Value::as_object).unwrap()
}

const IN: &str = "/paths/~1callback~1webhook~1{channel}/post/requestBody/content/application~1json/examples";
const OUT: &str = "/webhooks/reply.approved/post/requestBody/content/application~1json/examples";

fn is_read(event: &Value) -> bool {
    read("evt_1", event.to_string().as_bytes()).is_ok()
}

#[test]
fn every_example_is_allowed_and_read_and_every_type_has_one() {
    let mut kinds = BTreeSet::new();
    for (name, example) in examples(IN) {
        let event = &example["value"];
        assert!(fits(schema("Event"), event), "{name} is not what the contract allows");
        assert_eq!(read("evt_1", event.to_string().as_bytes()).err(), None, "{name}");
        kinds.insert(event["type"].as_str().unwrap());
    }
    assert_eq!(kinds.len(), list(&schema("Event")["oneOf"]).len(), "{kinds:?}");
}

/// One field of an example at a time is left out, or set to what lies at its schema's edges and beyond them.
#[test]
fn the_contract_and_the_reader_agree_about_every_field() {
    let all: Vec<Value> = examples(IN).values().flat_map(|example| variations(&example["value"])).collect();
    let (allowed, forbidden): (Vec<_>, Vec<_>) = all.iter().partition(|event| fits(schema("Event"), event));
    assert!(allowed.len() > 100 && forbidden.len() > 100, "{} allowed, {} forbidden", allowed.len(), forbidden.len());
    let refused: Vec<_> = allowed.into_iter().filter(|event| !is_read(event)).collect();
    assert!(refused.is_empty(), "allowed, and not read: {refused:#?}");
    let taken: Vec<_> = forbidden.into_iter().filter(|event| is_read(event)).collect();
    assert!(taken.is_empty(), "forbidden, and read: {taken:#?}");
}

fn variations(event: &Value) -> Vec<Value> {
    let kind = event["type"].as_str().unwrap();
    let of_kind = |one: &&'static Value| resolved(one)["properties"]["type"]["const"] == kind;
    let own = resolved(list(&schema("Event")["oneOf"]).iter().find(of_kind).unwrap());
    let mut all = vec![event.clone()];
    for name in ["type", "timestamp", "data"] {
        let mut less = event.clone();
        less.as_object_mut().unwrap().remove(name);
        all.push(less);
    }
    for (name, field) in own["properties"]["data"]["properties"].as_object().unwrap() {
        let mut less = event.clone();
        less["data"].as_object_mut().unwrap().remove(name);
        all.push(less);
        for value in samples(field) {
            let mut other = event.clone();
            other["data"][name] = value;
            all.push(other);
        }
    }
    let mut more = event.clone();
    more["data"]["new_field"] = json!({"of": ["a", "later", "version"]});
    all.push(more);
    all
}

#[test]
fn what_is_sent_is_what_the_contract_describes() {
    for (conversation, example) in [("c-81".to_owned(), true), (crate::Thread::Comment.key("post-7#19"), false)] {
        let message = super::send::Message {
            id: "5f2a0c66d1f04f6e9a8b7c6d5e4f3a2b",
            kind: "reply",
            account: "miniprogram",
            conversation: &conversation,
            text: "可以机洗，请用洗衣袋。",
        };
        let sent: Value = serde_json::from_slice(&super::send::body(message, 1_796_004_020)).unwrap();
        assert!(fits(schema("Reply"), &sent), "{sent}");
        let described = schema("Reply")["properties"]["data"]["properties"].as_object().unwrap();
        assert!(sent["data"].as_object().unwrap().keys().all(|name| described.contains_key(name)), "{sent}");
        assert_eq!(sent == examples(OUT)["reply"]["value"], example, "{sent}");
    }
}
