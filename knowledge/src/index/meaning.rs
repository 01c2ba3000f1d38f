//! Finding by what texts mean: the direction of a question beside the directions of what entries say.
//!
//! Any encoder will do. What counts is not how alike two directions are, which is another number with every encoder, but
//! how far that lies between unrelated texts and the same text.

use std::sync::Arc;

use super::passage;
use super::{Index, Indexed};

/// Own questions of an entry that are looked at.
const QUESTIONS: usize = 8;
/// Characters of a passage, and passages of an answer that are looked at.
const PASSAGE: usize = 120;
const PASSAGES: usize = 4;
/// However alike unrelated texts are to an encoder, something is left between them and the same text.
const MOST_UNRELATED: f32 = 0.95;
/// Sentences that have nothing to do with each other.
const UNRELATED: &str = include_str!("unrelated.txt");

/// Where a text points, a byte a number: what is kept of what an encoder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direction(Box<[i8]>);

impl Direction {
    /// The direction of an encoder's numbers; nothing where they point nowhere.
    pub fn of(numbers: &[f32]) -> Option<Direction> {
        let most = numbers.iter().fold(0.0f32, |most, number| most.max(number.abs()));
        let usable = most.is_normal() && numbers.iter().all(|number| number.is_finite());
        usable.then(|| Direction(numbers.iter().map(|number| (number / most * 127.0).round() as i8).collect()))
    }

    /// What [`Direction::bytes`] gave; nothing where it points nowhere.
    pub fn from_bytes(bytes: &[u8]) -> Option<Direction> {
        let numbers: Box<[i8]> = bytes.iter().map(|byte| byte.cast_signed()).collect();
        numbers.iter().any(|number| *number != 0).then_some(Direction(numbers))
    }

    /// For keeping it.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().map(|number| number.cast_unsigned()).collect()
    }

    /// Where it points, of no length in particular.
    pub fn numbers(&self) -> Vec<f32> {
        self.0.iter().map(|number| f32::from(*number)).collect()
    }

    /// How alike it is to a question's, -1 to 1.
    fn alike(&self, length: f32, asked: &Steps) -> f32 {
        // Whole numbers: a processor takes eight of them at once. The sum stays far below what fits, even of 8,000.
        let sum: i32 = self.0.iter().zip(&asked.0).map(|(number, step)| i32::from(*number) * i32::from(*step)).sum();
        sum as f32 / (length * STEPS)
    }
}

/// Steps from the zero to the one.
const STEPS: f32 = 2_000.0;

/// Numbers of length 1, in whole steps.
struct Steps(Vec<i16>);

impl Steps {
    /// Nothing where the numbers point nowhere.
    fn of(numbers: &[f32]) -> Option<Steps> {
        let length = length(numbers);
        let steps = |length: f32| numbers.iter().map(|number| (number / length * STEPS).round() as i16).collect();
        length.is_normal().then(|| Steps(steps(length)))
    }
}

/// The directions of what entries say.
#[derive(Debug, Default)]
pub struct Meanings {
    width: usize,
    rows: Vec<Row>,
    /// How alike unrelated texts are.
    unrelated: f32,
}

#[derive(Debug)]
struct Row {
    doc: u32,
    direction: Arc<Direction>,
    length: f32,
}

/// A text of an entry, to be given a direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The entry's place in the index it comes from.
    doc: u32,
    /// The text.
    pub text: String,
}

impl Meanings {
    /// Sentences whose directions say how alike unrelated texts are with an encoder.
    pub fn unrelated_texts() -> impl Iterator<Item = &'static str> {
        UNRELATED.lines().filter(|line| !line.is_empty())
    }

    /// Directions of those faces that have one, all of one encoder; `unrelated` are those of
    /// [`Meanings::unrelated_texts`].
    pub fn new<'a>(
        faces: impl IntoIterator<Item = (&'a Face, Arc<Direction>)>,
        unrelated: &[Arc<Direction>],
    ) -> Meanings {
        let mut meanings = Meanings { unrelated: mean_likeness(unrelated), ..Meanings::default() };
        for (face, direction) in faces {
            meanings.push(face.doc, direction);
        }
        meanings
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn push(&mut self, doc: u32, direction: Arc<Direction>) {
        let width = if self.is_empty() { direction.0.len() } else { self.width };
        // A direction of another encoder cannot be compared.
        if direction.0.len() == width {
            self.width = width;
            let length = length(&direction.numbers());
            self.rows.push(Row { doc, direction, length });
        }
    }

    /// How near every entry is to what a question's numbers say, 0 to 1: 0 where it is as far as unrelated texts are.
    pub(super) fn nearness(&self, numbers: &[f32], entries: usize) -> Vec<f32> {
        let mut near = vec![0.0f32; entries];
        let Some(asked) = Steps::of(numbers).filter(|asked| asked.0.len() == self.width) else { return near };
        for row in &self.rows {
            if let Some(near) = near.get_mut(row.doc as usize) {
                *near = near.max(self.between(row.direction.alike(row.length, &asked)));
            }
        }
        near
    }

    /// Where a likeness lies between that of unrelated texts and that of the same text.
    fn between(&self, alike: f32) -> f32 {
        ((alike - self.unrelated) / (1.0 - self.unrelated).max(f32::EPSILON)).clamp(0.0, 1.0)
    }
}

impl Index {
    /// The texts its entries can be found by, each to be given a direction.
    pub fn faces(&self) -> Vec<Face> {
        let faces = |(doc, entry): (usize, &Indexed)| {
            texts(entry).into_iter().map(move |text| Face { doc: doc as u32, text }).collect::<Vec<_>>()
        };
        self.entries.iter().enumerate().flat_map(faces).collect()
    }

    /// From now on questions that come with a direction are compared with these as well.
    pub fn know(&self, meanings: Meanings) {
        *self.meanings.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(meanings);
    }

    pub(super) fn meanings(&self) -> Arc<Meanings> {
        self.meanings.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// What an entry says: its questions, and its answer in passages under its title.
fn texts(entry: &Indexed) -> Vec<String> {
    let title = entry.title.rsplit(" > ").next().unwrap_or_default();
    let under = |passage: String| if title.is_empty() { passage } else { format!("{title} {passage}") };
    let questions = entry.questions.iter().take(QUESTIONS).map(|question| question.to_string());
    questions.chain(passages(&entry.answer).into_iter().map(under)).collect()
}

/// The first passages of an answer, of whole sentences.
fn passages(answer: &str) -> Vec<String> {
    let mut passages = vec![String::new()];
    for sentence in passage::sentences(answer).into_iter().filter_map(|span| answer.get(span)) {
        let length = passages.last().map_or(0, |passage| passage.chars().count());
        if length > 0 && length + sentence.chars().count() > PASSAGE {
            passages.push(String::new());
        }
        if passages.len() > PASSAGES {
            break;
        }
        passages.iter_mut().last().into_iter().for_each(|passage| passage.push_str(sentence));
    }
    passages.retain(|passage| !passage.trim().is_empty());
    passages.truncate(PASSAGES);
    passages
}

fn length(numbers: &[f32]) -> f32 {
    numbers.iter().map(|number| number * number).sum::<f32>().sqrt()
}

/// How alike directions are on average; not at all where there are too few to say.
fn mean_likeness(directions: &[Arc<Direction>]) -> f32 {
    let units: Vec<Steps> = directions.iter().filter_map(|direction| Steps::of(&direction.numbers())).collect();
    let others = |at: usize| directions.iter().enumerate().filter(move |(other, _)| *other != at);
    let pairs = units.iter().enumerate().flat_map(|(at, unit)| {
        others(at).map(move |(_, other)| other.alike(length(&other.numbers()), unit)).collect::<Vec<_>>()
    });
    let (sum, count) = pairs.fold((0.0, 0), |(sum, count), alike| (sum + alike, count + 1));
    if count == 0 { 0.0 } else { (sum / count as f32).clamp(0.0, MOST_UNRELATED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(doc: u32) -> Face {
        Face { doc, text: String::new() }
    }

    fn direction(numbers: &[f32]) -> Arc<Direction> {
        Arc::new(Direction::of(numbers).unwrap())
    }

    #[test]
    fn nearness_lies_between_unrelated_and_the_same() {
        let faces = [face(0), face(1), face(1)];
        let directions: [&[f32]; 3] = [&[2.0, 0.0, 0.0], &[0.0, 3.0, 0.0], &[0.6, 0.8, 0.0]];
        let unrelated = [direction(&[1.0, 0.0, 0.0]), direction(&[0.5, 0.866, 0.0])];
        let meanings = Meanings::new(faces.iter().zip(directions.map(direction)), &unrelated);
        let near = meanings.nearness(&[10.0, 0.0, 0.0], 3);
        assert!((near[0] - 1.0).abs() < 0.01, "the same, however long: {near:?}");
        assert!((near[1] - 0.2).abs() < 0.02, "its best face, 0.6, between 0.5 and 1: {near:?}");
        assert_eq!(near[2], 0.0);
    }

    #[test]
    fn what_cannot_be_compared_is_far() {
        let faces = [face(0), face(1)];
        let meanings = Meanings::new(faces.iter().zip([direction(&[1.0, 0.0]), direction(&[1.0, 0.0, 0.0])]), &[]);
        assert_eq!(meanings.nearness(&[1.0, 0.0], 3), [1.0, 0.0, 0.0]);
        for strange in [&[1.0, 0.0, 0.0][..], &[0.0, 0.0], &[f32::INFINITY, 1.0], &[f32::NAN, 1.0], &[]] {
            assert_eq!(meanings.nearness(strange, 3), [0.0, 0.0, 0.0], "{strange:?}");
            assert!(strange.len() == 3 || Direction::of(strange).is_none());
        }
    }

    #[test]
    fn a_direction_is_kept_in_bytes() {
        let direction = Direction::of(&[0.5, -0.25, 0.0]).unwrap();
        assert_eq!(Direction::from_bytes(&direction.bytes()), Some(direction));
        assert_eq!(Direction::from_bytes(&[0, 0]), None);
    }

    #[test]
    fn an_entry_is_known_by_its_questions_and_the_passages_of_its_answer() {
        let long = "这一句刚好二十个字左右就这么多了吧。".repeat(40);
        let shown = passages(&long);
        assert_eq!(shown.len(), PASSAGES);
        assert!(shown.iter().all(|passage| passage.chars().count() <= PASSAGE && passage.ends_with('。')), "{shown:?}");
        assert_eq!(passages("短。"), ["短。"]);
        assert!(passages(" \n ").is_empty());
    }
}
