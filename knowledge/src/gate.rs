//! What must not be said: forbidden claims and sensitive words, also in disguise.
//!
//! A text is read without its dress ([`reading`]: width, case, traditional characters, what stands between letters,
//! look-alikes), then once more with halves of characters put together ([`parts`]) and once by sound ([`sound`]).
//! What was only put together is at most a matter for review, what only sounds alike at most a suspicion. Words of
//! everyday service (没有, 电话, 购买, 客服 …) are never looked for, whatever a list says.

mod cuts;
mod measure;
mod parts;
mod reading;
mod sound;
mod words;

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Serialize;

pub use measure::Measured;
pub use words::{Group, Said, Severity, WordList, WordListError};

use cuts::Cuts;
use reading::{Gap, Reading};
use sound::Sounds;

/// Most marks for one text.
const MAX_MARKS: usize = 200;
/// Most matches of one text that are looked at, so that no list and no text together take forever.
const MAX_MATCHES: usize = 20_000;
/// Harmless longer words that begin before a match and are looked at.
const MAX_NEAR: usize = 64;
/// Words up to this many letters are told from parts of ordinary words.
const SHORT: usize = 3;

static STARTER: LazyLock<Gate> =
    LazyLock::new(|| WordList::starter().ok().and_then(|list| Gate::new(&[list]).ok()).unwrap_or_default());

/// Words of everyday service, folded.
static ORDINARY: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lines = include_str!("gate/ordinary.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).map(|word| Reading::new(word).text).collect()
});

/// Looks for the words of several lists. Cheap to share, not to make: build it once.
#[derive(Debug, Default)]
pub struct Gate {
    groups: Vec<Held>,
    words: Vec<Word>,
    finder: Option<AhoCorasick>,
    sounds: Sounds,
    /// Longer words that make a shorter one harmless, and the group each is for.
    harmless: Option<AhoCorasick>,
    harmless_for: Vec<usize>,
    left_out: Vec<LeftOut>,
}

/// A group with the list it is from.
#[derive(Debug)]
struct Held {
    list: String,
    group: Group,
    /// [`Group::before`], folded.
    before: Vec<String>,
}

/// A word that is looked for.
#[derive(Debug)]
struct Word {
    listed: String,
    group: usize,
    letters: usize,
    /// Letters that have a gap before them in the list, too.
    gaps: Vec<usize>,
    /// See [`Group::alone`].
    alone: bool,
    /// Letters and digits of ASCII only.
    latin: bool,
}

/// A word that is not looked for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// As it is listed.
    pub word: String,
    /// The list it is from.
    pub list: String,
    /// Why.
    pub why: Why,
}

/// Why a listed word is not looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is a word of everyday service: it would hit nearly every conversation.
    Ordinary,
    /// One letter, or two Latin ones: it stands in too many other words.
    Short,
}

/// How a word was hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disguise {
    /// Not at all, but for width, case, traditional characters, look-alikes or what stands between letters.
    None,
    /// A character was written as its two halves.
    Halves,
    /// It only sounds like the word.
    Sound,
}

/// A place in a text that must not be said, or may be meant so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// Bytes of the text, on character bounds.
    pub span: Range<usize>,
    /// The word as it is listed.
    pub word: String,
    /// The list it is from.
    pub list: String,
    /// How bad it is: at most [`Severity::Review`] for halves, never more than [`Severity::Suspicion`] by sound.
    pub severity: Severity,
    /// How it was hidden.
    pub disguise: Disguise,
    /// Why it must not be said.
    pub reason: Said,
    /// What to say instead.
    pub instead: Option<Said>,
}

/// The word lists could not be made ready.
#[derive(Debug, thiserror::Error)]
#[error("cannot look for the listed words: {0}")]
pub struct GateError(#[from] aho_corasick::BuildError);

/// A match before it is weighed.
#[derive(Debug, Clone)]
struct Match {
    word: usize,
    span: Range<usize>,
    disguise: Disguise,
}

impl Gate {
    /// The gate with nothing but the starter list of the program.
    pub fn starter() -> &'static Gate {
        &STARTER
    }

    /// A gate for all words of `lists`. What is not looked for is in [`Gate::left_out`].
    pub fn new(lists: &[WordList]) -> Result<Gate, GateError> {
        let mut gate = Gate::default();
        let mut texts = Vec::new();
        let mut harmless = Vec::new();
        for (list, group) in lists.iter().flat_map(|list| list.groups.iter().map(move |group| (list, group))) {
            let number = gate.groups.len();
            let words = group.words.iter().map(|word| (word, false));
            for (word, alone) in words.chain(group.alone.iter().map(|word| (word, true))) {
                texts.extend(gate.add(word, list, number, alone));
            }
            for longer in &group.harmless {
                harmless.push(Reading::new(longer).text);
                gate.harmless_for.push(number);
            }
            let before = group.before.iter().map(|word| Reading::new(word).text).filter(|word| !word.is_empty());
            gate.groups.push(Held { list: list.name.clone(), group: group.clone(), before: before.collect() });
        }
        gate.sounds = Sounds::new(texts.iter().map(|text| text.chars().collect()).collect())?;
        gate.finder = if texts.is_empty() { None } else { Some(AhoCorasick::new(&texts)?) };
        gate.harmless = if harmless.is_empty() { None } else { Some(AhoCorasick::new(&harmless)?) };
        Ok(gate)
    }

    /// Words that are listed and not looked for.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Number of words that are looked for.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes `listed` in and returns its letters, unless it is left out.
    fn add(&mut self, listed: &str, list: &WordList, group: usize, alone: bool) -> Option<String> {
        let Reading { text, letters, .. } = Reading::new(listed);
        let latin = text.is_ascii();
        let why = if letters.len() < 2 || (latin && letters.len() < 3) {
            Some(Why::Short)
        } else {
            ORDINARY.contains(&text).then_some(Why::Ordinary)
        };
        if let Some(why) = why {
            self.left_out.push(LeftOut { word: listed.to_owned(), list: list.name.clone(), why });
            return None;
        }
        let gaps = (1..letters.len()).filter(|&at| letters.get(at).is_some_and(|l| l.gap > Gap::Hidden)).collect();
        self.words.push(Word { listed: listed.to_owned(), group, letters: letters.len(), gaps, alone, latin });
        Some(text)
    }

    /// Everything in `text` that must not be said or may be meant so, in the order of the text.
    pub fn look(&self, text: &str) -> Vec<Mark> {
        self.look_with(text, |_| true)
    }

    /// The same by those lists only that are in force, by their names.
    pub fn look_with(&self, text: &str, in_force: impl Fn(&str) -> bool) -> Vec<Mark> {
        let reading = Reading::new(text);
        let cuts: OnceCell<Cuts> = OnceCell::new();
        let cuts = || cuts.get_or_init(|| Cuts::new(&reading));
        let mut matches = self.matches(&reading, &cuts);
        if let Some(joined) = parts::joined(&reading, |at| cuts().alone(at)) {
            let joined_cuts = Cuts::new(&joined);
            let put_together = self.matches(&joined, &|| &joined_cuts).into_iter().filter(|found| {
                let first = joined.letters.partition_point(|letter| letter.from < found.span.start);
                let mut inside = joined.letters.iter().skip(first).take_while(|letter| letter.to <= found.span.end);
                inside.any(|letter| letter.joined)
            });
            matches.extend(put_together.map(|found| Match { disguise: Disguise::Halves, ..found }));
        }
        for (word, run) in self.sounds.find(&reading, cuts).take(MAX_MATCHES) {
            if self.says_something(word, &reading, run.end) {
                matches.push(Match { word, span: reading.span(&run), disguise: Disguise::Sound });
            }
        }
        matches.retain(|found| self.list_of(found).is_some_and(&in_force));
        self.marks(matches, &reading)
    }

    /// The list a match is of.
    fn list_of(&self, found: &Match) -> Option<&str> {
        let word = self.words.get(found.word)?;
        self.groups.get(word.group).map(|held| held.list.as_str())
    }

    /// Words whose letters `reading` has.
    fn matches<'a>(&self, reading: &Reading, cuts: &dyn Fn() -> &'a Cuts) -> Vec<Match> {
        let found = self.finder.iter().flat_map(|finder| finder.find_overlapping_iter(&reading.text));
        found
            .take(MAX_MATCHES)
            .filter_map(|found| {
                let word = found.pattern().as_usize();
                let run = reading.letters_of(&found.range());
                let listed = self.words.get(word)?;
                let fits = !reading.cuts_latin(run.start)
                    && !reading.cuts_latin(run.end)
                    && self.stands_apart(listed, &run, reading, cuts)
                    && self.says_something(word, reading, run.end);
                fits.then(|| Match { word, span: reading.span(&run), disguise: Disguise::None })
            })
            .collect()
    }

    /// Whether the letters `run` are one word, for all that stands between them.
    fn stands_apart<'a>(
        &self,
        word: &Word,
        run: &Range<usize>,
        reading: &Reading,
        cuts: &dyn Fn() -> &'a Cuts,
    ) -> bool {
        let unlisted = (run.start + 1..run.end).filter(|at| !word.gaps.contains(&(at - run.start)));
        let gaps: Vec<Gap> = unlisted.map(|at| reading.gap_before(at)).collect();
        let spaced = gaps.iter().all(|&gap| gap > Gap::Hidden);
        let gap = gaps.iter().max().copied().unwrap_or(Gap::None);
        let whole = || cuts().edge(run.start) && cuts().edge(run.end);
        let long = word.letters >= SHORT && spaced;
        let held = self.groups.get(word.group);
        match gap {
            Gap::None => word.letters > SHORT || !held.is_some_and(|held| held.group.whole) || whole(),
            Gap::Hidden => true,
            Gap::Break => long && gaps.iter().all(|&gap| gap == Gap::Break),
            _ if word.latin => long,
            Gap::Signs => true,
            Gap::Loose => long || whole(),
        }
    }

    /// Whether a word that has to stand alone does so, `end` being the letter after it.
    fn says_something(&self, word: usize, reading: &Reading, end: usize) -> bool {
        const TRAILING: &str = "的哦呢啦呀了哟喔啊吧哈嘛噢";
        let Some((word, held)) = self.words.get(word).and_then(|word| Some((word, self.groups.get(word.group)?)))
        else {
            return false;
        };
        let mut at = end;
        loop {
            let claims = |rest: &str| held.before.iter().any(|before| rest.starts_with(before.as_str()));
            let rest = reading.letters.get(at).and_then(|letter| reading.text.get(letter.at..)).unwrap_or_default();
            if !word.alone || reading.gap_before(at) > Gap::Hidden || claims(rest) {
                return true;
            }
            if !rest.starts_with(|c| TRAILING.contains(c)) {
                return false;
            }
            at += 1;
        }
    }

    /// The matches that stand, the worst where several lie over each other, in the order of the text.
    fn marks(&self, mut matches: Vec<Match>, reading: &Reading) -> Vec<Mark> {
        if matches.is_empty() {
            return Vec::new();
        }
        let harmless = self.harmless_spans(reading);
        matches.retain(|found| !self.is_harmless(found, &harmless));
        matches.sort_by_key(|found| {
            let worst_and_longest = std::cmp::Reverse((self.severity(found), found.span.len()));
            (worst_and_longest, found.disguise, found.span.start, found.word)
        });
        let mut kept: Vec<Match> = Vec::new();
        for found in matches {
            if kept.len() < MAX_MARKS && !kept.iter().any(|other| covers(&other.span, &found.span)) {
                kept.push(found);
            }
        }
        kept.sort_by_key(|found| (found.span.start, found.span.end));
        kept.into_iter().filter_map(|found| self.mark(found)).collect()
    }

    /// How bad `found` is: what was only put together or only heard is never as bad as what was said.
    fn severity(&self, found: &Match) -> Severity {
        let most = match found.disguise {
            Disguise::None => Severity::Block,
            Disguise::Halves => Severity::Review,
            Disguise::Sound => Severity::Suspicion,
        };
        let held = self.words.get(found.word).and_then(|word| self.groups.get(word.group));
        held.map_or(most, |held| held.group.severity.min(most))
    }

    fn mark(&self, found: Match) -> Option<Mark> {
        let severity = self.severity(&found);
        let word = self.words.get(found.word)?;
        let Held { list, group, .. } = self.groups.get(word.group)?;
        Some(Mark {
            span: found.span,
            word: word.listed.clone(),
            list: list.clone(),
            severity,
            disguise: found.disguise,
            reason: group.reason.clone(),
            instead: group.instead.clone(),
        })
    }

    /// Whether one of `harmless`, in the order of the text, covers `found`.
    fn is_harmless(&self, found: &Match, harmless: &[(usize, Range<usize>)]) -> bool {
        let group = self.words.get(found.word).map(|word| word.group);
        let before = harmless.partition_point(|(_, span)| span.start <= found.span.start);
        let near = harmless.get(before.saturating_sub(MAX_NEAR)..before).unwrap_or_default();
        near.iter().any(|(for_group, span)| Some(*for_group) == group && covers(span, &found.span))
    }

    /// Where longer words make shorter ones of a group harmless, in the order of the text.
    fn harmless_spans(&self, reading: &Reading) -> Vec<(usize, Range<usize>)> {
        let found = self.harmless.iter().flat_map(|finder| finder.find_overlapping_iter(&reading.text));
        let span = |found: aho_corasick::Match| {
            let group = *self.harmless_for.get(found.pattern().as_usize())?;
            Some((group, reading.span(&reading.letters_of(&found.range()))))
        };
        let mut spans: Vec<(usize, Range<usize>)> = found.take(MAX_MATCHES).filter_map(span).collect();
        spans.sort_by_key(|(_, span)| span.start);
        spans
    }
}

fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
