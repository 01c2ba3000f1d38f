//! What a callback says, as elements: XML or JSON, as the account's console says. The fields have the same names in both.

use crate::wecom::callback::BadCallback;
use crate::wecom::xml::{self, Element};
use serde_json::Value;

/// Deepest nesting read of JSON; callbacks need three.
const MAX_DEPTH: usize = 8;

/// Reads one document.
pub(super) fn read(document: &[u8]) -> Result<Element, BadCallback> {
    let text = std::str::from_utf8(document).map_err(|_| BadCallback::Content("not UTF-8"))?;
    if text.trim_start().starts_with('{') {
        let value = serde_json::from_str(text).map_err(|_| BadCallback::Content("not well-formed JSON"))?;
        let mut root = Element { name: "xml".into(), ..Element::default() };
        fill(&mut root, value, MAX_DEPTH);
        return Ok(root);
    }
    Ok(xml::parse(text)?)
}

/// What lies deeper than `depth` is left out: nobody reads it.
fn fill(element: &mut Element, value: Value, depth: usize) {
    match value {
        Value::String(text) => element.text = text,
        Value::Number(number) => element.text = number.to_string(),
        Value::Bool(flag) => element.text = u8::from(flag).to_string(),
        Value::Object(fields) if depth > 0 => {
            for (name, value) in fields {
                add(element, &name, value, depth - 1);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::Null => {}
    }
}

/// A list is an element for each of its items, as in XML.
fn add(parent: &mut Element, name: &str, value: Value, depth: usize) {
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    for item in items {
        let mut child = Element { name: name.to_owned(), ..Element::default() };
        fill(&mut child, item, depth);
        parent.children.push(child);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_say_the_same() {
        let xml = b"<xml><A><![CDATA[x]]></A><N>7</N><L>1</L><L>2</L><O><P>y</P></O></xml>";
        let json = br#"{"A":"x","N":7,"L":["1",2],"O":{"P":"y"}}"#;
        let by_name = |document: &[u8]| {
            let mut root = read(document).unwrap();
            root.children.sort_by(|a, b| a.name.cmp(&b.name));
            root
        };
        assert_eq!(by_name(xml), by_name(json));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for broken in [&b"{"[..], b"{} {}", b"[]", b"", b"<xml>", b"\xff", b"<!DOCTYPE x><xml/>"] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert!(read(deep.as_bytes()).is_ok());
        let bottomless = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        assert!(read(bottomless.as_bytes()).is_err());
    }
}
