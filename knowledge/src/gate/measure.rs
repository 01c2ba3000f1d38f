//! How often a list is wrong on texts that are known to be harmless: the shop's own past ones.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Gate, Severity};

/// What a gate marks in texts that were fine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Texts looked at.
    pub texts: usize,
    /// Of them those with a mark of any severity.
    pub marked: usize,
    /// Of them those with a mark that blocks.
    pub blocked: usize,
    /// The words that were found and in how many texts, most first.
    pub words: Vec<(String, usize)>,
    /// The lists that block and in how many texts, most first.
    pub blocking: Vec<(String, usize)>,
}

impl Measured {
    /// Share of texts with a mark, 0 to 1; 0 without texts.
    pub fn rate(&self) -> f64 {
        if self.texts == 0 { 0.0 } else { self.marked as f64 / self.texts as f64 }
    }
}

impl Gate {
    /// Looks at `texts` that were sent and found fine. A list whose rate is high must not block: see
    /// [`super::WordList::at_most`] and [`super::WordList::without`].
    pub fn measure<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Measured {
        let mut measured = Measured { texts: 0, marked: 0, blocked: 0, words: Vec::new(), blocking: Vec::new() };
        let (mut words, mut lists) = (Counts::default(), Counts::default());
        for text in texts {
            let marks = self.look(text);
            let blocks = || marks.iter().filter(|mark| mark.severity == Severity::Block);
            measured.texts += 1;
            measured.marked += usize::from(!marks.is_empty());
            measured.blocked += usize::from(blocks().next().is_some());
            words.count(marks.iter().map(|mark| mark.word.as_str()));
            lists.count(blocks().map(|mark| mark.list.as_str()));
        }
        (measured.words, measured.blocking) = (words.most_first(), lists.most_first());
        measured
    }
}

/// In how many texts each name was found.
#[derive(Default)]
struct Counts(HashMap<String, usize>);

impl Counts {
    /// Counts the names found in one text, each once.
    fn count<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names.collect::<HashSet<_>>() {
            *self.0.entry(name.to_owned()).or_default() += 1;
        }
    }

    fn most_first(self) -> Vec<(String, usize)> {
        let mut counted: Vec<(String, usize)> = self.0.into_iter().collect();
        counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counted
    }
}
