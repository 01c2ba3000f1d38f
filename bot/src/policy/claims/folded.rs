//! A text as claims are looked for in it, each character with its place in what was written.

use unicode_normalization::UnicodeNormalization;

/// A text in compatibility form and lower case. Places are counted in its characters.
pub(super) struct Folded {
    chars: Vec<char>,
    /// Byte range in the written text, for each character.
    written: Vec<(usize, usize)>,
    text: String,
}

impl Folded {
    pub(super) fn new(text: &str) -> Self {
        let mut folded = Self { chars: Vec::new(), written: Vec::new(), text: text.to_owned() };
        for (at, written) in text.char_indices() {
            for c in std::iter::once(written).nfkc().flat_map(char::to_lowercase) {
                folded.chars.push(simplified(c));
                folded.written.push((at, at + written.len_utf8()));
            }
        }
        folded
    }

    pub(super) fn chars(&self) -> &[char] {
        &self.chars
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    pub(super) fn at(&self, place: usize) -> Option<char> {
        self.chars.get(place).copied()
    }

    pub(super) fn before(&self, place: usize) -> Option<char> {
        place.checked_sub(1).and_then(|place| self.at(place))
    }

    /// Whether `word` stands at `place`.
    pub(super) fn has_at(&self, place: usize, word: &str) -> bool {
        let rest = self.chars.get(place..).unwrap_or_default();
        let mut seen = rest.iter();
        word.chars().all(|c| seen.next() == Some(&c))
    }

    /// Whether `word` ends right before `place`.
    pub(super) fn has_before(&self, place: usize, word: &str) -> bool {
        place.checked_sub(word.chars().count()).is_some_and(|start| self.has_at(start, word))
    }

    /// The next place from `place` on that is no blank.
    pub(super) fn past_blanks(&self, mut place: usize) -> usize {
        while self.at(place).is_some_and(|c| c == ' ') {
            place += 1;
        }
        place
    }

    /// The characters of a range.
    pub(super) fn slice(&self, from: usize, to: usize) -> &[char] {
        self.chars.get(from..to.min(self.chars.len())).unwrap_or_default()
    }

    /// What was written in a range, without blanks at its ends.
    pub(super) fn words(&self, from: usize, to: usize) -> String {
        let start = self.written.get(from).map_or(0, |(start, _)| *start);
        let end = to.checked_sub(1).and_then(|last| self.written.get(last)).map_or(start, |(_, end)| *end);
        self.text.get(start..end).unwrap_or_default().trim().to_owned()
    }
}

/// The traditional forms that matter to numbers and promises.
fn simplified(c: char) -> char {
    const FORMS: &str = "兩两萬万億亿壹一貳二贰二叁三參三肆四伍五陸六陆六柒七捌八玖九拾十佰百仟千圓元塊块個个時时鐘钟點点號号級级條条雙双張张無无沒没別别費费";
    let mut pairs = FORMS.chars();
    while let (Some(written), Some(read)) = (pairs.next(), pairs.next()) {
        if written == c {
            return read;
        }
    }
    c
}
