//! What customers want, told by the built-in words and by sentences the shop wrote down for each intent
//! (`[[intents]]` in `aijia.toml`). A sentence names a matter more exactly, or shows that it is riskier than its words
//! sound; it never makes a matter look more harmless.

use knowledge::{Direction, Example, Labels};

use crate::desk::{Desk, Taught};
use crate::meaning::{Directions, hash};
use crate::policy::{self, Intent};

/// How well an intent has to fit before it counts. On clinc150 (150 intents) 90 of 100 texts about one of them fit so well,
/// and 12 of 100 about something else.
const FITS: f32 = -0.1;
/// The same where the built-in words know an intent already.
const FITS_BETTER: f32 = 0.3;

/// What the shop's own sentences teach.
#[derive(Debug, Default)]
pub struct Understanding {
    labels: Option<Labels>,
    /// Whether what the sentences mean was learnt too.
    by_meaning: bool,
}

impl Understanding {
    /// Learns from a desk's sentences, by their words alone.
    pub fn by_words(desk: &Desk) -> Self {
        Self { labels: learn(desk, |_| None), by_meaning: false }
    }

    /// Learns from a desk's sentences and what they mean.
    pub fn by_meaning(desk: &Desk, meant: &Directions) -> Self {
        let numbers = |text: &str| meant.get(&hash(text))?.as_deref().map(Direction::numbers);
        Self { labels: learn(desk, numbers), by_meaning: true }
    }

    /// Whether something could be learnt from what the sentences mean that is not known yet.
    pub fn may_learn(&self) -> bool {
        self.labels.is_some() && !self.by_meaning
    }

    /// Whether it helps to know what a customer's words mean.
    pub fn asks_for_meaning(&self) -> bool {
        self.labels.is_some() && self.by_meaning
    }

    /// What texts are about, all of them together; `meant` holds what each of them means, where that is known.
    pub fn intent_of(&self, texts: &[String], meant: &[Option<Vec<f32>>]) -> Intent {
        let said = policy::intent_of(texts);
        let Some(labels) = &self.labels else { return said };
        let least = if said == Intent::Other { FITS } else { FITS_BETTER };
        let fitting = texts.iter().enumerate().filter_map(|(place, text)| {
            let guess = labels.guess(text, meant.get(place).and_then(Option::as_deref));
            Intent::named(guess.label).filter(|_| guess.fit > least)
        });
        // The strictest governs; between equals the shop's own sentences do.
        std::iter::once(said).chain(fitting).max_by_key(|intent| intent.risk()).unwrap_or(said)
    }
}

fn learn(desk: &Desk, numbers: impl Fn(&str) -> Option<Vec<f32>>) -> Option<Labels> {
    let sentences: Vec<(&str, &str)> = desk.intents.iter().flat_map(Taught::sentences).collect();
    let meant: Vec<Option<Vec<f32>>> = sentences.iter().map(|(_, text)| numbers(text)).collect();
    let examples = sentences.iter().zip(&meant);
    let examples = examples.map(|(&(label, text), meaning)| Example { text, label, meaning: meaning.as_deref() });
    Labels::learn(&examples.collect::<Vec<_>>())
}

#[cfg(test)]
#[path = "understanding_tests.rs"]
mod tests;
