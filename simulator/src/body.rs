//! Reading request bodies as strictly as the platform does: what is unknown or of the wrong type is 40058.

use serde_json::{Map, Value};

use crate::errcode::Errcode;

/// A JSON object that was checked for unknown fields.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Reads `value` as an object that has no fields but `known`.
    pub(crate) fn new(value: &'a Value, known: &[&str]) -> Result<Fields<'a>, Errcode> {
        let map = value.as_object().ok_or(Errcode::PARAMETER)?;
        let strange = map.keys().any(|key| !known.contains(&key.as_str()));
        if strange { Err(Errcode::PARAMETER) } else { Ok(Fields { map }) }
    }

    /// The field's value; null counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A text, where present.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Errcode> {
        self.get(key).map(|value| value.as_str().ok_or(Errcode::PARAMETER)).transpose()
    }

    /// A text that is there and not empty; else `missing`.
    pub(crate) fn required(&self, key: &str, missing: Errcode) -> Result<&'a str, Errcode> {
        self.text(key)?.filter(|text| !text.is_empty()).ok_or(missing)
    }

    /// An integer, where present.
    pub(crate) fn int(&self, key: &str) -> Result<Option<i64>, Errcode> {
        self.get(key).map(|value| value.as_i64().ok_or(Errcode::PARAMETER)).transpose()
    }

    /// An integer within `range`, or `default` where absent.
    pub(crate) fn int_in(&self, key: &str, range: std::ops::RangeInclusive<i64>, default: i64) -> Result<i64, Errcode> {
        let number = self.int(key)?.unwrap_or(default);
        if range.contains(&number) { Ok(number) } else { Err(Errcode::PARAMETER) }
    }

    /// A boolean, where present.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Errcode> {
        self.get(key).map(|value| value.as_bool().ok_or(Errcode::PARAMETER)).transpose()
    }

    /// A list, empty where absent.
    pub(crate) fn list(&self, key: &str) -> Result<&'a [Value], Errcode> {
        let list = self.get(key).map(|value| value.as_array().ok_or(Errcode::PARAMETER)).transpose()?;
        Ok(list.map_or(&[], Vec::as_slice))
    }

    /// A list of texts, empty where absent.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<&'a str>, Errcode> {
        self.list(key)?.iter().map(|value| value.as_str().ok_or(Errcode::PARAMETER)).collect()
    }

    /// The object in a field, checked for unknown fields.
    pub(crate) fn object(&self, key: &str, known: &[&str]) -> Result<Option<Fields<'a>>, Errcode> {
        self.get(key).map(|value| Fields::new(value, known)).transpose()
    }
}

/// Whether `text` is non-empty, at most `max` bytes, and of letters, digits and `extra` only.
pub(crate) fn is_name(text: &str, max: usize, extra: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    (1..=max).contains(&text.len()) && text.chars().all(allowed)
}

/// The first `max` bytes of `text`, not splitting a character.
pub(crate) fn cut_bytes(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_fields_and_wrong_types_are_refused() {
        let value = json!({"a": 1, "b": "x", "c": null});
        assert_eq!(Fields::new(&value, &["a"]).err(), Some(Errcode::PARAMETER));
        let fields = Fields::new(&value, &["a", "b", "c"]).unwrap();
        assert_eq!((fields.int("a"), fields.text("b"), fields.text("c")), (Ok(Some(1)), Ok(Some("x")), Ok(None)));
        assert_eq!((fields.text("a"), fields.int("b")), (Err(Errcode::PARAMETER), Err(Errcode::PARAMETER)));
        assert_eq!(fields.required("c", Errcode::TASK_ID), Err(Errcode::TASK_ID));
    }

    #[test]
    fn cutting_keeps_characters_whole() {
        assert_eq!(cut_bytes("退款", 4), "退");
        assert_eq!(cut_bytes("ab", 9), "ab");
    }

    #[test]
    fn names() {
        assert!(is_name("case-81_r@2", 128, "_-@") && !is_name("case 81", 128, "_-@"));
        assert!(!is_name("", 4, "") && !is_name("abcde", 4, ""));
    }
}
