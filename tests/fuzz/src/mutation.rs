//! Seeded mutations for the short form: what a fuzzer does without looking at coverage.

/// Longest input made, in bytes.
const LONGEST: usize = 8 * 1024;
/// Pieces that mean something to one of the readers.
const PIECES: &[&[u8]] = &[
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE",
    b"&#0;",
    b"&#x10ffff;",
    b"&lt;",
    b"<",
    b">",
    b"\"",
    b"'",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"=",
    b"&",
    b"%2B",
    b"+",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"\xf0\x9f\x91\xa9",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8d",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"9223372036854775808",
    b"1e309",
    b"null",
    b"true",
    b"p1",
    b"#1",
    b"/",
    "／".as_bytes(),
    "暂停".as_bytes(),
    "①".as_bytes(),
];

/// A source of mutations that is the same for the same seed.
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap_or(0) % limit.max(1)
    }

    /// One of the corpus, changed in up to eight places.
    pub(crate) fn mutation(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(8) {
            self.change(&mut input, corpus);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let to = at + self.below(input.len() - at + 1);
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.next().to_le_bytes()[3],
            2 => drop(input.drain(at..to)),
            3 => drop(input.splice(at..at, input[at..to].to_vec())),
            4 => drop(input.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
            5 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                drop(input.splice(at..to, other[from..].iter().copied()));
            }
            _ => input.truncate(to),
        }
    }
}
