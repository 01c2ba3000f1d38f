//! What a text is about, learnt from labelled examples: a linear support vector machine for each label, over words, pieces
//! of words and, where an encoder says it, meaning. A few examples for each label are enough to be useful, and ten
//! thousand are learnt in seconds.

mod features;
mod machine;

use features::{Features, Vector};

/// A text with what it is about.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// What somebody said.
    pub text: &'a str,
    /// What it is about.
    pub label: &'a str,
    /// What an encoder says that it means; given for all examples, or for none.
    pub meaning: Option<&'a [f32]>,
}

/// The label that fits a text best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess<'l> {
    /// The label.
    pub label: &'l str,
    /// How well it fits: about 1 where the text is like its own examples, about −1 where it is like none, around 0 between.
    pub fit: f32,
}

/// Tells what texts are about.
#[derive(Debug, Clone)]
pub struct Labels {
    names: Vec<String>,
    features: Features,
    /// The weight of each feature for each label, label by label for one feature.
    weights: Vec<f32>,
    /// What speaks for each label before a text is looked at.
    bias: Vec<f32>,
}

impl Labels {
    /// Learns from examples; two runs over the same examples learn the same. Without at least two labels nothing can be
    /// told apart.
    pub fn learn(examples: &[Example<'_>]) -> Option<Self> {
        let mut names: Vec<String> = examples.iter().map(|example| example.label.to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < 2 {
            return None;
        }
        let (features, vectors) = Features::learn(examples);
        let labels: Vec<&str> = examples.iter().map(|example| example.label).collect();
        let (mut weights, mut bias) = (vec![0.0; features.len() * names.len()], vec![0.0; names.len()]);
        for (place, name) in names.iter().enumerate() {
            let own: Vec<bool> = labels.iter().map(|label| label == name).collect();
            let learnt = machine::separate(&vectors, &own, features.len());
            bias[place] = learnt.bias;
            for (feature, weight) in learnt.weights.into_iter().enumerate() {
                weights[feature * names.len() + place] = weight;
            }
        }
        Some(Self { names, features, weights, bias })
    }

    /// The label that fits best. Without `meaning` the words decide alone.
    pub fn guess(&self, text: &str, meaning: Option<&[f32]>) -> Guess<'_> {
        let mut fits = self.bias.clone();
        for &(feature, value) in &self.features.of(text, meaning) {
            let weights = &self.weights[feature * fits.len()..][..fits.len()];
            fits.iter_mut().zip(weights).for_each(|(fit, weight)| *fit += weight * value);
        }
        let best = fits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(Guess { label: "", fit: f32::MIN }, |(place, &fit)| Guess { label: &self.names[place], fit })
    }
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
