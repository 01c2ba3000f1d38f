//! Lenient reading of the platform's JSON: a number may come as a string, a field may be absent or blank.

use serde_json::Value;

/// A non-blank string field, or a number in its decimal form.
pub(crate) fn text(object: &Value, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A whole number, also if it came as a string.
pub(crate) fn int(object: &Value, name: &str) -> Option<i64> {
    match object.get(name)? {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.trim().parse().ok(),
        Value::Bool(b) => Some(i64::from(*b)),
        _ => None,
    }
}

/// A number with a fraction, also if it came as a string.
pub(crate) fn float(object: &Value, name: &str) -> Option<f64> {
    match object.get(name)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// The items of an array field; none if it is absent or null.
pub(crate) fn items<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The strings of an array field.
pub(crate) fn texts(object: &Value, name: &str) -> Vec<String> {
    items(object, name).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// The whole numbers of an array field.
pub(crate) fn ints(object: &Value, name: &str) -> Vec<i64> {
    items(object, name).iter().filter_map(Value::as_i64).collect()
}
