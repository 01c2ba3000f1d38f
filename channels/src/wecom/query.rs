//! The query string of a callback: percent-decoding and nothing else. A form decoder would turn the `+` of base64 into a
//! space, and a lenient one would let two readers of the same request see different values.

use std::collections::BTreeMap;

/// Longest raw query accepted; an echostr is a few hundred characters.
const MAX_QUERY: usize = 4096;

/// Values by name, each name once.
#[derive(Debug)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// `None` if anything is malformed, a name comes twice, or the query is too long.
    pub(crate) fn parse(raw: &str) -> Option<Query> {
        if raw.len() > MAX_QUERY {
            return None;
        }
        let mut values = BTreeMap::new();
        for pair in raw.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if values.insert(percent_decode(name)?, percent_decode(value)?).is_some() {
                return None;
            }
        }
        Some(Query(values))
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = if first == b'%' {
            let (digits, after) = tail.split_at_checked(2)?;
            let mut byte = [0];
            hex::decode_to_slice(digits, &mut byte).ok()?;
            bytes.push(byte[0]);
            after
        } else {
            bytes.push(first);
            tail
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_stays_plus_and_percent_is_decoded_once() {
        let query = Query::parse("a=x+y%2Bz&b=%252B&c&d=").unwrap();
        assert_eq!(query.get("a"), Some("x+y+z"));
        assert_eq!(query.get("b"), Some("%2B"));
        assert_eq!(query.get("c"), Some(""));
        assert_eq!(query.get("d"), Some(""));
        assert_eq!(query.get("e"), None);
    }

    #[test]
    fn malformed_and_doubled_queries_are_refused() {
        for raw in ["a=%", "a=%2", "a=%zz", "a=%+1", "a=%ff", "a=1&a=1", "a=1&%61=2"] {
            assert!(Query::parse(raw).is_none(), "{raw}");
        }
        assert!(Query::parse(&format!("a={}", "x".repeat(MAX_QUERY))).is_none());
    }
}
