//! A text as it is meant to be read: what only dresses it up is gone, and every letter knows where it came from.

use std::ops::Range;

use crate::text;

/// What stands between a letter and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Nothing.
    None,
    /// Something no reader sees.
    Hidden,
    /// Blanks, bars and brackets: what also stands between words.
    Loose,
    /// A few signs nobody writes between Chinese words: dots, stars, emoji.
    Signs,
    /// What ends a phrase, or too much to be one word still.
    Break,
}

/// One folded character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) char: char,
    /// Byte offset in [`Reading::text`].
    pub(super) at: usize,
    /// Bytes of the original it was read from; a character written as two halves covers both.
    pub(super) from: usize,
    pub(super) to: usize,
    /// What stands before it.
    pub(super) gap: Gap,
    /// Put together from two halves.
    pub(super) joined: bool,
}

/// Folded letters and digits without anything between them.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) text: String,
    pub(super) letters: Vec<Letter>,
    /// Whether something that is no letter follows the last letter, or the text ends.
    end: usize,
}

/// Most characters between two letters of one word.
const MAX_GAP: usize = 4;

impl Reading {
    pub(super) fn new(original: &str) -> Reading {
        let mut reading = Reading { end: original.len(), ..Reading::default() };
        reading.text.reserve(original.len());
        let (mut gap, mut width) = (Gap::None, 0);
        for (from, c) in original.char_indices() {
            let before = reading.letters.len();
            for folded in text::fold_char(c).map(likeness) {
                if folded.is_alphanumeric() {
                    let letter = Letter { char: folded, at: 0, from, to: from + c.len_utf8(), gap, joined: false };
                    reading.push(letter);
                    (gap, width) = (Gap::None, 0);
                } else {
                    width += 1;
                    gap = gap.max(if width > MAX_GAP { Gap::Break } else { gap_of(folded) });
                }
            }
            if reading.letters.len() == before {
                gap = gap.max(Gap::Hidden);
            }
        }
        reading
    }

    pub(super) fn push(&mut self, letter: Letter) {
        self.letters.push(Letter { at: self.text.len(), ..letter });
        self.text.push(letter.char);
    }

    /// An empty reading of the same original, to be filled.
    pub(super) fn sibling(&self) -> Reading {
        Reading { end: self.end, ..Reading::default() }
    }

    /// The letters that the bytes `found` of [`Reading::text`] consist of.
    pub(super) fn letters_of(&self, found: &Range<usize>) -> Range<usize> {
        let place = |at: usize| self.letters.partition_point(|letter| letter.at < at);
        place(found.start)..place(found.end)
    }

    /// The bytes of the original that the letters `run` were read from.
    pub(super) fn span(&self, run: &Range<usize>) -> Range<usize> {
        let first = self.letters.get(run.start).map_or(self.end, |letter| letter.from);
        let last = run.end.checked_sub(1).and_then(|last| self.letters.get(last)).map_or(first, |letter| letter.to);
        first..last.max(first)
    }

    /// What follows letter `at - 1`; a break at the end.
    pub(super) fn gap_before(&self, at: usize) -> Gap {
        self.letters.get(at).map_or(Gap::Break, |letter| letter.gap)
    }

    /// Whether a Latin word or number is cut at letter `at`.
    pub(super) fn cuts_latin(&self, at: usize) -> bool {
        let latin = |at: Option<usize>| {
            at.and_then(|at| self.letters.get(at)).is_some_and(|letter| letter.char.is_ascii_alphanumeric())
        };
        self.gap_before(at) <= Gap::Hidden && latin(at.checked_sub(1)) && latin(Some(at))
    }
}

fn gap_of(c: char) -> Gap {
    match c {
        '\n' | '\r' | '。' | '！' | '？' | '，' | '；' | '、' | '!' | '?' | ',' | ';' => Gap::Break,
        '|' | '/' | '\\' | '-' | '—' | ':' | '(' | ')' | '[' | ']' | '【' | '】' | '《' | '》' | '"' | '“' | '”'
        | '\'' => Gap::Loose,
        _ if c.is_whitespace() => Gap::Loose,
        _ => Gap::Signs,
    }
}

/// The Latin letter that `c` looks like, or `c` itself: squared and circled letters, Cyrillic, Greek.
fn likeness(c: char) -> char {
    const FROM: &str = "авекмнорстухіјѕһԁɡοαερικντυχωѵꮯ∂";
    const TO: &str = "abekmhopctyxijshdgoaepikvtuxwvcd";
    if c.is_ascii() || text::is_cjk(c) {
        return c;
    }
    let code = u32::from(c);
    let boxed = [0x1f130, 0x1f150, 0x1f170, 0x1f1e6].into_iter().find(|&first| (first..first + 26).contains(&code));
    if let Some(first) = boxed {
        return char::from_u32(u32::from('a') + code - first).unwrap_or(c);
    }
    FROM.chars().position(|from| from == c).and_then(|place| TO.chars().nth(place)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(original: &str) -> String {
        Reading::new(original).text
    }

    #[test]
    fn dress_is_taken_off() {
        assert_eq!(read("Ｖ 芯"), "v芯");
        assert_eq!(read("嬰\u{200b}兒*湯"), "婴儿汤");
        assert_eq!(read("①②🅰🇧 6️⃣"), "12ab6");
        assert_eq!(read("ѕех е\u{301}"), "sexe");
        assert_eq!(read("！？ 🙏"), "");
    }

    #[test]
    fn every_letter_knows_where_it_came_from() {
        let original = "a最 🔥佳。好";
        let reading = Reading::new(original);
        assert_eq!(&original[reading.span(&(1..3))], "最 🔥佳");
        assert_eq!(reading.letters_of(&("a".len().."a最佳".len())), 1..3);
        let gaps: Vec<Gap> = reading.letters.iter().map(|letter| letter.gap).collect();
        assert_eq!(gaps, [Gap::None, Gap::None, Gap::Signs, Gap::Break]);
        assert_eq!(reading.gap_before(4), Gap::Break);
    }

    #[test]
    fn the_look_alikes_are_pairs() {
        for (letter, c) in [('а', 'a'), ('х', 'x'), ('ο', 'o'), ('ν', 'v'), ('ѵ', 'v'), ('∂', 'd'), ('я', 'я')]
        {
            assert_eq!(likeness(letter), c);
        }
    }
}
