//! A text as numbers: its words and pairs of words, pieces of its words, and what it means.

use std::collections::HashMap;

use super::Example;
use crate::text::{fold, is_cjk};

/// A text's features with their values, each feature once.
pub(super) type Vector = Vec<(usize, f32)>;

/// Letters a piece of a word has.
const PIECES: std::ops::RangeInclusive<usize> = 2..=5;
/// How much what a text means weighs beside its words (1).
const MEANING: f32 = 2.0;

/// What is counted in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Words,
    Pieces,
}

/// The features of the examples, and how much each of them tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Features {
    words: Vocabulary,
    pieces: Vocabulary,
    /// How many numbers say what a text means; they stand behind the others.
    meaning: usize,
}

#[derive(Debug, Clone, Default)]
struct Vocabulary {
    /// The place of each feature among those of its group.
    places: HashMap<String, usize>,
    /// The rarer, the more it tells.
    tells: Vec<f32>,
}

impl Features {
    /// The features of examples, and the examples as numbers.
    pub(super) fn learn(examples: &[Example<'_>]) -> (Self, Vec<Vector>) {
        let features = Self {
            words: Vocabulary::learn(examples, Group::Words),
            pieces: Vocabulary::learn(examples, Group::Pieces),
            meaning: examples.iter().filter_map(|example| example.meaning).map(<[f32]>::len).max().unwrap_or(0),
        };
        let vectors = examples.iter().map(|example| features.of(example.text, example.meaning)).collect();
        (features, vectors)
    }

    pub(super) fn len(&self) -> usize {
        self.words.tells.len() + self.pieces.tells.len() + self.meaning
    }

    /// A text as numbers; what no example had is left out.
    pub(super) fn of(&self, text: &str, meaning: Option<&[f32]>) -> Vector {
        let mut vector = self.words.of(text, Group::Words);
        let before = self.words.tells.len();
        vector.extend(self.pieces.of(text, Group::Pieces).into_iter().map(|(place, value)| (before + place, value)));
        let before = before + self.pieces.tells.len();
        let means = meaning.filter(|means| means.len() == self.meaning).unwrap_or_default();
        let scale = MEANING / means.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        vector.extend(means.iter().enumerate().map(|(place, value)| (before + place, value * scale)));
        vector
    }
}

impl Vocabulary {
    fn learn(examples: &[Example<'_>], group: Group) -> Self {
        let (mut places, mut texts) = (HashMap::new(), Vec::<f32>::new());
        for example in examples {
            for name in counted(example.text, group).into_keys() {
                let place = *places.entry(name).or_insert(texts.len());
                if place == texts.len() {
                    texts.push(0.0);
                }
                texts[place] += 1.0;
            }
        }
        let all = examples.len() as f32;
        Self { places, tells: texts.into_iter().map(|texts| ((1.0 + all) / (1.0 + texts)).ln() + 1.0).collect() }
    }

    /// What is known of a text, of length 1 as a whole.
    fn of(&self, text: &str, group: Group) -> Vector {
        let mut vector: Vector = counted(text, group)
            .into_iter()
            .filter_map(|(name, times)| {
                let place = *self.places.get(&name)?;
                Some((place, (1.0 + (times as f32).ln()) * self.tells[place]))
            })
            .collect();
        vector.sort_unstable_by_key(|(place, _)| *place);
        let length = vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|(_, value)| *value /= length);
        vector
    }
}

/// How often each feature of a group stands in a text.
fn counted(text: &str, group: Group) -> std::collections::BTreeMap<String, usize> {
    let mut counts = std::collections::BTreeMap::new();
    let text = fold(text);
    let words = words(&text);
    let mut count = |name: String| *counts.entry(name).or_default() += 1;
    match group {
        Group::Words => {
            words.iter().for_each(|word| count((*word).to_owned()));
            words.windows(2).for_each(|pair| count(pair.join(" ")));
        }
        Group::Pieces => {
            words
                .windows(3)
                .filter(|three| three.iter().all(|w| is_one_sign(w)))
                .for_each(|three| count(three.concat()));
            words.iter().filter(|word| !is_one_sign(word)).for_each(|word| pieces(word, &mut count));
        }
    }
    counts
}

/// The words of a folded text; each Chinese sign is one.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() && !is_cjk(c) {
            start.get_or_insert(at);
            continue;
        }
        words.extend(start.take().map(|from| &text[from..at]));
        if is_cjk(c) {
            words.push(&text[at..at + c.len_utf8()]);
        }
    }
    words.extend(start.map(|from| &text[from..]));
    words
}

fn is_one_sign(word: &str) -> bool {
    word.chars().next().is_some_and(is_cjk)
}

/// The pieces of a word, its two ends marked.
fn pieces(word: &str, count: &mut impl FnMut(String)) {
    let marked: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
    for length in PIECES {
        marked.windows(length).for_each(|piece| count(piece.iter().collect()));
    }
}
