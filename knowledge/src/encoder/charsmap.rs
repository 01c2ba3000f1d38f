//! How SentencePiece writes a text before it cuts it: a table from character sequences to what they are read as, in a
//! double array (darts-clone), with the replacements behind it.

/// What a blank is written as.
const BLANK: &str = "\u{2581}";

/// The table; without one every character stands for itself.
#[derive(Debug, Default)]
pub(super) struct Charsmap {
    units: Vec<u32>,
    replacements: Vec<u8>,
}

fn has_leaf(unit: u32) -> bool {
    unit & 0x100 != 0
}

fn label(unit: u32) -> u32 {
    unit & 0x8000_00ff
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 0x200) >> 6)) as usize
}

impl Charsmap {
    /// Reads a table: the size of the double array, the array, the replacements. Nothing where it breaks off.
    pub(super) fn parse(bytes: &[u8]) -> Option<Charsmap> {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let (array, replacements) = rest.split_at_checked(size)?;
        let units = array.chunks_exact(4).map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]));
        Some(Charsmap { units: units.collect(), replacements: replacements.to_vec() })
    }

    /// The text as it is cut: characters replaced, one mark for every run of blanks, one in front.
    pub(super) fn normalized(&self, text: &str) -> String {
        let (mut written, mut rest, mut after_blank) = (String::new(), text, true);
        while !rest.is_empty() {
            let (read, length) = self.first(rest);
            for c in read.chars() {
                if c != ' ' {
                    written.push(c);
                } else if !after_blank {
                    written.push_str(BLANK);
                }
                after_blank = c == ' ';
            }
            rest = &rest[length..];
        }
        let written = written.trim_end_matches(BLANK);
        if written.is_empty() { String::new() } else { [BLANK, written].concat() }
    }

    /// What the beginning of `text` is read as, and the bytes it takes there: the longest sequence of the table, else a
    /// character.
    fn first<'a>(&'a self, text: &'a str) -> (&'a str, usize) {
        let found = self.longest(text.as_bytes()).and_then(|(place, length)| Some((self.replacement(place)?, length)));
        found.filter(|(_, length)| text.is_char_boundary(*length)).unwrap_or_else(|| {
            let length = text.chars().next().map_or(1, char::len_utf8);
            (&text[..length], length)
        })
    }

    /// The longest sequence of the table that `bytes` begin with: the place of its replacement, and its length.
    fn longest(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let mut at = offset(*self.units.first()?);
        let mut found = None;
        for (place, byte) in bytes.iter().enumerate() {
            at ^= usize::from(*byte);
            let unit = *self.units.get(at)?;
            if label(unit) != u32::from(*byte) {
                break;
            }
            at ^= offset(unit);
            if has_leaf(unit) {
                found = self.units.get(at).map(|leaf| ((leaf & 0x7fff_ffff) as usize, place + 1));
            }
        }
        found
    }

    fn replacement(&self, place: usize) -> Option<&str> {
        let from = self.replacements.get(place..)?;
        let end = from.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&from[..end]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_become_marks_and_stand_between_words_only() {
        let plain = Charsmap::default();
        assert_eq!(plain.normalized("  包邮 吗  "), "\u{2581}包邮\u{2581}吗");
        assert_eq!(plain.normalized("   "), "");
    }

    #[test]
    fn a_broken_table_is_none_and_a_strange_one_harms_nobody() {
        assert!(Charsmap::parse(&[]).is_none() && Charsmap::parse(&[9, 0, 0, 0, 1]).is_none());
        let strange = [&8u32.to_le_bytes()[..], &[0xff; 8], &[0xff; 3]].concat();
        assert_eq!(Charsmap::parse(&strange).unwrap().normalized("包邮"), "\u{2581}包邮");
    }
}
