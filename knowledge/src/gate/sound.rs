//! Words that only sound alike: homophones and pinyin, the latter for whole words or single syllables.
//!
//! Everything is written as the letters of its pinyin, without tones, and found there; what sounds alike by accident
//! is told from a disguise by the dictionary. Never more than a suspicion.

use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError};
use pinyin::{ToPinyin, ToPinyinMulti};

use super::MAX_MATCHES;
use super::cuts::Cuts;
use super::reading::{Gap, Reading};
use crate::text;

/// Readings of one character that are tried.
const READINGS: usize = 2;
/// Spellings of one word that are tried.
const SPELLINGS: usize = 8;
/// Longer words are not looked for by sound, in letters.
const MAX_LETTERS: usize = 24;

/// A word in one of its spellings.
#[derive(Debug)]
struct Spelling {
    /// Number of the word.
    word: usize,
    /// Where each letter's syllable ends, in bytes.
    ends: Vec<usize>,
}

/// All spellings of all words.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    /// The letters of each word that can be spelled.
    words: Vec<Vec<char>>,
    spellings: Vec<Spelling>,
    finder: Option<AhoCorasick>,
}

/// How the letters of a match differ from the word they sound like.
#[derive(Debug, Default)]
struct Difference {
    same: usize,
    /// Other characters of the same sound.
    changed: usize,
    /// Syllables written in Latin letters.
    spelled: usize,
}

impl Sounds {
    /// Prepares `words`, given by their letters; those with fewer than two Chinese characters are left out.
    pub(super) fn new(words: Vec<Vec<char>>) -> Result<Sounds, BuildError> {
        let mut texts = Vec::new();
        let mut spellings = Vec::new();
        for (word, letters) in words.iter().enumerate() {
            let chinese = letters.iter().filter(|&&c| text::is_cjk(c)).count();
            if chinese >= 2 && letters.len() <= MAX_LETTERS {
                for (spelled, ends) in spell(letters) {
                    texts.push(spelled);
                    spellings.push(Spelling { word, ends });
                }
            }
        }
        let finder = if texts.is_empty() { None } else { Some(AhoCorasick::new(&texts)?) };
        Ok(Sounds { words, spellings, finder })
    }

    /// The words that `reading` sounds like without saying them, with their letters.
    pub(super) fn find<'a>(
        &'a self,
        reading: &'a Reading,
        cuts: impl Fn() -> &'a Cuts + 'a,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        let (spoken, starts) = if self.finder.is_some() { speak(reading) } else { Default::default() };
        let matches = self.finder.iter().flat_map(move |finder| {
            let found: Vec<_> = finder
                .find_overlapping_iter(&spoken)
                .take(MAX_MATCHES)
                .map(|m| (m.pattern().as_usize(), m.range()))
                .collect();
            found
        });
        matches.filter_map(move |(pattern, bytes)| {
            let spelling = self.spellings.get(pattern)?;
            let word = self.words.get(spelling.word)?;
            let first = starts.binary_search(&bytes.start).ok()?;
            let last = starts.binary_search(&bytes.end).ok()?;
            let run = first..last;
            let difference = compare(reading, &run, &starts, spelling, word)?;
            let latin = reading.cuts_latin(first) || reading.cuts_latin(last);
            (!latin && difference.is_disguise() && is_apart(reading, &run, word, cuts()))
                .then_some((spelling.word, run))
        })
    }
}

impl Difference {
    /// Whether enough of the word is there to be recognised by a reader.
    fn is_disguise(&self) -> bool {
        match self.same + self.changed + self.spelled {
            _ if self.changed + self.spelled == 0 => false,
            2 => self.changed == 0 || (self.changed == 1 && self.same == 1),
            3 => self.changed <= 2 && self.changed < 1 + self.same + self.spelled,
            letters => self.changed < letters,
        }
    }
}

/// Whether no ordinary word explains the letters: those that differ are in no word of the dictionary, and short runs
/// share no word with their neighbours.
fn is_apart(reading: &Reading, run: &Range<usize>, word: &[char], cuts: &Cuts) -> bool {
    let letters = reading.letters.get(run.clone()).unwrap_or_default();
    let gaps = letters.iter().skip(1).map(|letter| letter.gap).max().unwrap_or(Gap::None);
    let same_length = letters.len() == word.len();
    let differs = |place: usize, c: char| text::is_cjk(c) && !(same_length && word.get(place) == Some(&c));
    let strangers = letters.iter().enumerate().filter(|(place, letter)| differs(*place, letter.char));
    let alone = if same_length {
        strangers.into_iter().all(|(place, _)| cuts.alone(run.start + place))
    } else {
        letters
            .iter()
            .zip(run.clone())
            .all(|(letter, at)| !text::is_cjk(letter.char) || word.contains(&letter.char) || cuts.alone(at))
    };
    let short = word.len() <= 3;
    let whole = cuts.edge(run.start) && cuts.edge(run.end);
    alone && (!short || (whole && gaps <= Gap::Hidden)) && gaps < Gap::Break
}

/// How the letters `run` spell `word`, or `None` if their syllables begin and end elsewhere.
fn compare(
    reading: &Reading,
    run: &Range<usize>,
    starts: &[usize],
    spelling: &Spelling,
    word: &[char],
) -> Option<Difference> {
    let base = *starts.get(run.start)?;
    let mut difference = Difference::default();
    // The syllable being read and how far its letters were read.
    let mut syllable = 0usize;
    for at in run.clone() {
        let letter = reading.letters.get(at)?.char;
        let (from, to) = (starts.get(at)? - base, starts.get(at + 1)? - base);
        let begin = syllable.checked_sub(1).map_or(Some(0), |before: usize| spelling.ends.get(before).copied())?;
        let end = *spelling.ends.get(syllable)?;
        let wanted = *word.get(syllable)?;
        if text::is_cjk(letter) {
            if (from, to) != (begin, end) {
                return None;
            }
            if letter == wanted {
                difference.same += 1
            } else {
                difference.changed += 1
            }
            syllable += 1;
        } else if to == end {
            if letter == wanted {
                difference.same += 1
            } else {
                difference.spelled += 1
            }
            syllable += 1;
        } else if to > end {
            return None;
        }
    }
    (syllable == word.len()).then_some(difference)
}

/// The pinyin of a reading and where each letter's begins; one start more for the end.
fn speak(reading: &Reading) -> (String, Vec<usize>) {
    let mut spoken = String::with_capacity(reading.text.len() * 2);
    let mut starts = Vec::with_capacity(reading.letters.len() + 1);
    for letter in &reading.letters {
        starts.push(spoken.len());
        match letter.char.to_pinyin() {
            Some(syllable) => text::push_syllable(&mut spoken, syllable.plain()),
            None => spoken.push(letter.char),
        }
    }
    starts.push(spoken.len());
    (spoken, starts)
}

/// The spellings of a word, with the end of each letter's syllable.
fn spell(letters: &[char]) -> Vec<(String, Vec<usize>)> {
    let mut spellings = vec![(String::new(), Vec::new())];
    for &letter in letters {
        let sounds = sounds_of(letter);
        let room = if spellings.len() * sounds.len() > SPELLINGS { 1 } else { READINGS };
        spellings = spellings
            .iter()
            .flat_map(|(spelled, ends)| {
                sounds.iter().take(room).map(move |sound| {
                    let longer = format!("{spelled}{sound}");
                    let ends = ends.iter().copied().chain([longer.len()]).collect();
                    (longer, ends)
                })
            })
            .collect();
    }
    spellings
}

/// The commonest sounds of a letter, or the letter itself.
fn sounds_of(letter: char) -> Vec<String> {
    let mut sounds: Vec<String> = Vec::new();
    for reading in letter.to_pinyin_multi().into_iter().flatten() {
        let mut sound = String::new();
        text::push_syllable(&mut sound, reading.plain());
        if !sounds.contains(&sound) && sounds.len() < READINGS {
            sounds.push(sound);
        }
    }
    if sounds.is_empty() {
        sounds.push(letter.to_string());
    }
    sounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], original: &str) -> Vec<String> {
        let sounds = Sounds::new(words.iter().map(|word| word.chars().collect()).collect()).unwrap();
        let reading = Reading::new(original);
        let cuts = Cuts::new(&reading);
        sounds.find(&reading, || &cuts).map(|(_, run)| original[reading.span(&run)].to_owned()).collect()
    }

    #[test]
    fn homophones_and_pinyin_are_heard() {
        let words = ["最佳", "代开发票", "六位qq", "绝对安全"];
        assert_eq!(found(&words, "本品罪佳，建议"), ["罪佳"]);
        assert_eq!(found(&words, "本品zui佳，建议"), ["zui佳"]);
        assert_eq!(found(&words, "可以daikaifapiao吗"), ["daikaifapiao"]);
        assert_eq!(found(&words, "代开发飘"), ["代开发飘"]);
        assert_eq!(found(&words, "瘤位QQ"), ["瘤位QQ"]);
        assert_eq!(found(&words, "决对暗全的"), ["决对暗全"]);
    }

    #[test]
    fn what_ordinary_words_explain_is_not() {
        assert!(found(&["最佳"], "最佳").is_empty(), "said, not only heard");
        assert!(found(&["全职"], "安全值班").is_empty());
        assert!(found(&["公事"], "公示期为七天").is_empty());
        assert!(found(&["救市"], "这就是您的订单").is_empty());
        assert!(found(&["西安"], "the xianxia").is_empty(), "a part of a Latin word");
    }

    #[test]
    fn syllables_must_begin_where_the_word_has_them() {
        assert!(found(&["西安案"], "先案").is_empty());
        assert_eq!(spell(&['银', '行']).len(), 2);
    }
}
