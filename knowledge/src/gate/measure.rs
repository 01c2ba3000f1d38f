//! How often a list is wrong on texts that are known to be harmless: the shop's own past ones.

use std::collections::HashMap;

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
        let mut measured = Measured { texts: 0, marked: 0, blocked: 0, words: Vec::new() };
        let mut counts: HashMap<String, usize> = HashMap::new();
        for text in texts {
            let marks = self.look(text);
            measured.texts += 1;
            measured.marked += usize::from(!marks.is_empty());
            measured.blocked += usize::from(marks.iter().any(|mark| mark.severity == Severity::Block));
            let mut words: Vec<String> = marks.into_iter().map(|mark| mark.word).collect();
            words.sort();
            words.dedup();
            for word in words {
                *counts.entry(word).or_default() += 1;
            }
        }
        measured.words = counts.into_iter().collect();
        measured.words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        measured
    }
}
