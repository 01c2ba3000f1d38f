//! Names: which the configuration knows, and which of them somebody may have meant.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// The keys the table of a struct may have, as its `Deserialize` states them.
pub(super) fn keys_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    // The answer is an error by construction: nothing is there to be read.
    let _ = T::deserialize(AskForKeys(&mut keys));
    keys
}

struct AskForKeys<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for AskForKeys<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("asked for keys only"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = keys;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// What to do about a name nobody knows: the nearest known one, or all of them.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.is_empty() => "take it out".to_owned(),
        None => format!("use one of {}", known.join(", ")),
    }
}

/// The known name `name` most likely was meant to be, unless none is near.
pub(super) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let name = name.to_lowercase();
    let far = name.chars().count() / 3 + 1;
    let distances = known.iter().map(|candidate| (distance(&name, &candidate.to_lowercase()), *candidate));
    distances.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= far).map(|(_, meant)| meant)
}

/// How many characters have to be put in, taken out or replaced (Levenshtein); a swap of neighbours counts two.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{Desk, Person, Settings};

    #[test]
    fn keys_are_those_of_the_struct() {
        assert_eq!(keys_of::<Desk>(), ["desk", "people", "channels", "stores", "intents", "policy", "drafting"]);
        assert_eq!(keys_of::<Person>(), ["id", "name", "wecom", "telegram", "surfaces", "roles", "hours"]);
        assert!(keys_of::<Settings>().contains(&"quiet_at_most_seconds"), "a struct with defaults");
        assert_eq!(keys_of::<String>(), [""; 0]);
    }

    #[test]
    fn distances() {
        for (a, b, steps) in
            [("", "", 0), ("", "abc", 3), ("lihua", "lihau", 2), ("kitten", "sitting", 3), ("中", "文", 1)]
        {
            assert_eq!(distance(a, b), steps, "{a} {b}");
            assert_eq!(distance(b, a), steps, "{b} {a}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["lihua", "zhaoliu", "wangwu"];
        assert_eq!(nearest("lihau", &known), Some("lihua"));
        assert_eq!(nearest("WangWu", &known), Some("wangwu"));
        assert_eq!(nearest("sunmei", &known), None);
        assert_eq!(nearest("x", &[]), None);
        assert_eq!(hint("zhaolu", &known), r#"did you mean "zhaoliu"?"#);
        assert_eq!(hint("somebody", &known), "use one of lihua, zhaoliu, wangwu");
        assert_eq!(hint("somebody", &[]), "take it out");
    }
}
