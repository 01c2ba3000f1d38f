//! The one way a payload is written down.

use serde_json::{Map, Value};

/// Writes a payload in its canonical form: no white space, the keys of every object sorted by their UTF-8
/// bytes, strings with only the escapes JSON demands, integers in full, other numbers in the shortest form
/// that reads back as the same number.
///
/// Keep these bytes: reading and printing them again need not give the same bytes in every library.
pub fn canonical(payload: &Value) -> String {
    let mut text = String::new();
    write(payload, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => write_object(members, text),
        Value::Array(items) => {
            text.push('[');
            write_all(items, text, write);
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_object(members: &Map<String, Value>, text: &mut String) {
    // A map may keep the order of insertion, depending on features other crates turn on.
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| key.as_bytes());
    text.push('{');
    write_all(sorted, text, |(key, value), text| {
        text.push_str(&Value::from(key.as_str()).to_string());
        text.push(':');
        write(value, text);
    });
    text.push('}');
}

fn write_all<T>(items: impl IntoIterator<Item = T>, text: &mut String, write_one: impl Fn(T, &mut String)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_one(item, text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth_and_nothing_is_spaced() {
        let payload = json!({ "b": [1, { "z": null, "a": true }], "a": "七天\n\"无\"理由/\u{1}", "é": 0.9, "Z": -3 });
        let text = canonical(&payload);
        assert_eq!(
            text,
            "{\"Z\":-3,\"a\":\"七天\\n\\\"无\\\"理由/\\u0001\",\"b\":[1,{\"a\":true,\"z\":null}],\"é\":0.9}"
        );
    }

    #[test]
    fn empty_things_stay_empty() {
        assert_eq!(canonical(&json!({ "a": {}, "b": [], "c": "" })), r#"{"a":{},"b":[],"c":""}"#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(".{0,4}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_says_exactly_the_payload(payload in any_json()) {
            let text = canonical(&payload);
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &payload);
            prop_assert_eq!(canonical(&read), text);
        }
    }
}
