//! Cutting a text into the word pieces a model knows (SentencePiece, unigram): of all ways the one whose pieces are most
//! usual together.

use std::ops::Range;

use super::charsmap::Charsmap;

/// The number of what no piece is.
const UNKNOWN: u32 = 0;
/// The numbers of the marks around a text.
pub(super) const BEGIN: u32 = 1;
pub(super) const END: u32 = 2;
/// How much less usual an unknown character is than the rarest piece.
const UNKNOWN_PENALTY: f32 = 10.0;

/// The pieces of a model.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Sorted by their bytes.
    pieces: Vec<Piece>,
    /// Score of an unknown character.
    unknown: f32,
    charsmap: Charsmap,
}

#[derive(Debug)]
struct Piece {
    text: Box<str>,
    score: f32,
    number: u32,
}

/// The best way to a place in a text: its score, and the piece it ends with.
#[derive(Debug, Clone, Copy)]
struct Way {
    score: f32,
    from: usize,
    number: u32,
}

impl Pieces {
    /// Reads a model: a protocol buffer with the pieces (field 1, each with its text and score) and how texts are written
    /// before they are cut (field 3, with the table in its field 2). Nothing where it is none.
    pub(super) fn parse(model: &[u8]) -> Option<Pieces> {
        let mut pieces = Vec::new();
        let mut charsmap = None;
        for (field, value) in fields(model)? {
            match field {
                1 => {
                    let (text, score) = piece(value)?;
                    pieces.push(Piece { text, score, number: u32::try_from(pieces.len()).ok()? });
                }
                3 => {
                    let table = fields(value)?.into_iter().find(|(field, _)| *field == 2);
                    charsmap = Some(Charsmap::parse(table?.1)?);
                }
                _ => {}
            }
        }
        let rarest = pieces.iter().map(|piece| piece.score).reduce(f32::min)?;
        pieces.sort_by(|a, b| a.text.cmp(&b.text));
        Some(Pieces { pieces, unknown: rarest - UNKNOWN_PENALTY, charsmap: charsmap.unwrap_or_default() })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The numbers of the pieces of `text`.
    pub(super) fn read(&self, text: &str) -> Vec<u32> {
        let text = self.charsmap.normalized(text);
        if text.is_empty() {
            return vec![UNKNOWN];
        }
        let ways = self.ways(&text);
        let mut numbers = Vec::new();
        let mut at = text.len();
        while at > 0 {
            let way = ways[at];
            numbers.push(way.number);
            at = way.from;
        }
        numbers.reverse();
        numbers
    }

    /// The best way to every place in `text`; places within a character keep none.
    fn ways(&self, text: &str) -> Vec<Way> {
        let mut ways = vec![Way { score: f32::NEG_INFINITY, from: 0, number: UNKNOWN }; text.len() + 1];
        ways[0].score = 0.0;
        for (from, c) in text.char_indices() {
            let score = ways[from].score;
            let mut better = |to: usize, way: Way| {
                if way.score > ways[to].score {
                    ways[to] = way;
                }
            };
            let single = from + c.len_utf8();
            let mut known = false;
            for (to, piece) in self.beginning(text, from) {
                known |= to == single;
                better(to, Way { score: score + piece.score, from, number: piece.number });
            }
            if !known {
                better(single, Way { score: score + self.unknown, from, number: UNKNOWN });
            }
        }
        ways
    }

    /// The pieces that stand in `text` at `from`, each with where it ends, the shortest first.
    fn beginning<'a>(&'a self, text: &'a str, from: usize) -> impl Iterator<Item = (usize, &'a Piece)> {
        let mut among = 0..self.pieces.len();
        let bytes = text.as_bytes()[from..].iter().enumerate();
        bytes
            .map_while(move |(depth, byte)| {
                among = self.with_byte(&among, depth, *byte);
                let shortest = self.pieces.get(among.clone())?.first()?;
                Some((from + depth + 1, shortest, depth + 1))
            })
            .filter(|(_, piece, length)| piece.text.len() == *length)
            .map(|(to, piece, _)| (to, piece))
    }

    /// Of pieces that are the same up to `depth`, those that go on with `byte`.
    fn with_byte(&self, among: &Range<usize>, depth: usize, byte: u8) -> Range<usize> {
        let pieces = &self.pieces[among.clone()];
        let at = |piece: &Piece| piece.text.as_bytes().get(depth).copied();
        let first = pieces.partition_point(|piece| at(piece).is_none_or(|there| there < byte));
        let last = pieces.partition_point(|piece| at(piece).is_none_or(|there| there <= byte));
        among.start + first..among.start + last
    }
}

/// A piece's text and score.
fn piece(message: &[u8]) -> Option<(Box<str>, f32)> {
    let (mut text, mut score) = (None, 0.0);
    for (field, value) in fields(message)? {
        match field {
            1 => text = Some(std::str::from_utf8(value).ok()?),
            2 => score = f32::from_le_bytes(value.try_into().ok()?),
            _ => {}
        }
    }
    Some((text?.into(), score))
}

/// The fields of a protocol buffer message with their bytes; numbers of variable length are passed over.
fn fields(message: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let (mut rest, mut found) = (message, Vec::new());
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let length = match tag & 7 {
            0 => {
                varint(&mut rest)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut rest)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (value, after) = rest.split_at_checked(length)?;
        found.push((tag >> 3, value));
        rest = after;
    }
    Some(found)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * place).min(63);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model of these pieces, as SentencePiece writes it.
    fn model(pieces: &[(&str, f32)]) -> Vec<u8> {
        let mut model = Vec::new();
        for (text, score) in pieces {
            let mut piece = vec![0x0a, text.len() as u8];
            piece.extend(text.as_bytes());
            piece.push(0x15);
            piece.extend(score.to_le_bytes());
            model.extend([0x0a, piece.len() as u8]);
            model.extend(piece);
        }
        model
    }

    #[test]
    fn the_most_usual_pieces_are_found() {
        let all = [
            ("<unk>", 0.0),
            ("<s>", 0.0),
            ("</s>", 0.0),
            ("\u{2581}", -2.0),
            ("包", -3.0),
            ("包邮", -4.0),
            ("邮", -3.0),
            ("吗", -1.0),
        ];
        let pieces = Pieces::parse(&model(&all)).unwrap();
        assert_eq!(pieces.read("包邮吗"), [3, 5, 7]);
        assert_eq!(pieces.read("邮包？"), [3, 6, 4, UNKNOWN]);
        assert_eq!(pieces.read(" "), [UNKNOWN]);
    }

    #[test]
    fn a_message_that_breaks_off_is_none() {
        let whole = model(&[("包", -3.0)]);
        assert!(Pieces::parse(&whole[..whole.len() - 2]).is_none());
        assert!(fields(&[0xff; 20]).is_none() && fields(&[0x0b]).is_none());
    }
}
