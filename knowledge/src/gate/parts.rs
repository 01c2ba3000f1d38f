//! Characters written as their two halves: 女支 for 妓.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::reading::{Gap, Letter, Reading};

/// Lines of triples: left half, right half, the whole; lines with `#` say where they come from.
const LISTED: &str = include_str!("parts.txt");

static WHOLES: LazyLock<HashMap<(char, char), char>> = LazyLock::new(|| triples().collect());

fn triples() -> impl Iterator<Item = ((char, char), char)> {
    let mut chars = LISTED.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars);
    std::iter::from_fn(move || chars.next().zip(chars.next()).zip(chars.next()))
}

fn whole(left: &Letter, right: &Letter) -> Option<char> {
    if right.gap != Gap::None { None } else { WHOLES.get(&(left.char, right.char)).copied() }
}

/// `reading` with every pair of halves put together, or `None` where there is none.
///
/// A pair counts only if both halves are `alone`, in no word of the dictionary.
pub(super) fn joined(reading: &Reading, alone: impl Fn(usize) -> bool) -> Option<Reading> {
    let letters = &reading.letters;
    let joins = |at: usize| {
        let whole = letters.get(at).zip(letters.get(at + 1)).and_then(|(left, right)| whole(left, right))?;
        (alone(at) && alone(at + 1)).then_some(whole)
    };
    let first = (0..letters.len()).find(|&at| joins(at).is_some())?;
    let mut result = reading.sibling();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match (at >= first).then(|| joins(at)).flatten().zip(letters.get(at + 1)) {
            Some((whole, right)) => {
                result.push(Letter { char: whole, to: right.to, joined: true, ..letter });
                at += 2;
            }
            None => {
                result.push(letter);
                at += 1;
            }
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_put_together() {
        let reading = Reading::new("亻弋开发票");
        let whole = joined(&reading, |_| true).unwrap();
        assert_eq!(whole.text, "代开发票");
        assert_eq!(whole.span(&(0..1)), 0.."亻弋".len());
        assert!(whole.letters[0].joined && !whole.letters[1].joined);
        assert!(joined(&reading, |at| at != 1).is_none(), "a half that is part of a word stays");
        assert!(joined(&Reading::new("亻 弋"), |_| true).is_none());
        assert!(joined(&Reading::new("包邮吗"), |_| true).is_none());
    }

    #[test]
    fn the_list_is_made_of_triples() {
        assert!(triples().count() > 4_000);
        let chars = LISTED.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars).count();
        assert_eq!(chars % 3, 0);
    }
}
