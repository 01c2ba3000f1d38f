//! The usual ways of searching, measured in the same run: what the index has to beat.

use std::collections::HashMap;

use crate::set::Document;

/// Everything a scorer knows: for each term its passages with their parts of the score.
pub(crate) struct Baseline {
    lists: HashMap<String, Vec<(u32, f32)>>,
    documents: usize,
    cut: fn(&str) -> Vec<String>,
}

impl Baseline {
    /// BM25 over single Chinese characters and pairs, and Latin words.
    pub(crate) fn bm25(documents: &[Document]) -> Baseline {
        const K1: f32 = 1.5;
        const B: f32 = 0.75;
        let counts: Vec<HashMap<String, f32>> = documents.iter().map(|d| counted(characters, d)).collect();
        let lengths: Vec<f32> = counts.iter().map(|counts| counts.values().sum()).collect();
        let average = lengths.iter().sum::<f32>() / lengths.len().max(1) as f32;
        let weigh = |count: f32, with: f32, place: usize| {
            let rarity = (1.0 + (documents.len() as f32 - with + 0.5) / (with + 0.5)).ln();
            rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * lengths[place] / average))
        };
        Baseline { lists: lists(counts, weigh), documents: documents.len(), cut: characters }
    }

    /// Cosine of TF-IDF vectors over runs of one to three characters.
    pub(crate) fn cosine(documents: &[Document]) -> Baseline {
        let counts: Vec<HashMap<String, f32>> = documents.iter().map(|d| counted(runs, d)).collect();
        // Rarity enters twice, in the passage and in the question.
        let rarity = |with: f32| ((1.0 + documents.len() as f32) / (1.0 + with)).ln() + 1.0;
        let mut baseline = Baseline {
            lists: lists(counts, |count, with, _| (1.0 + count.ln()) * rarity(with)),
            documents: documents.len(),
            cut: runs,
        };
        let mut norms = vec![0.0f32; documents.len()];
        for &(place, weight) in baseline.lists.values().flatten() {
            norms[place as usize] += weight * weight;
        }
        for list in baseline.lists.values_mut() {
            let rarity = rarity(list.len() as f32);
            list.iter_mut().for_each(|(place, weight)| *weight *= rarity / norms[*place as usize].sqrt());
        }
        baseline
    }

    /// Numbers of the ten best passages, best first.
    pub(crate) fn search(&self, question: &str) -> Vec<usize> {
        let mut scores = vec![0.0f32; self.documents];
        let terms = (self.cut)(question).into_iter().collect::<std::collections::HashSet<_>>();
        for &(place, weight) in terms.iter().filter_map(|term| self.lists.get(term)).flatten() {
            scores[place as usize] += weight;
        }
        let mut order: Vec<usize> = (0..scores.len()).filter(|&place| scores[place] > 0.0).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        order.truncate(10);
        order
    }
}

fn counted(cut: fn(&str) -> Vec<String>, document: &Document) -> HashMap<String, f32> {
    let mut counts = HashMap::new();
    for term in cut(&format!("{}\n{}", document.title, document.text)) {
        *counts.entry(term).or_default() += 1.0;
    }
    counts
}

fn lists(
    counts: Vec<HashMap<String, f32>>,
    weigh: impl Fn(f32, f32, usize) -> f32,
) -> HashMap<String, Vec<(u32, f32)>> {
    let mut lists: HashMap<String, Vec<(u32, f32)>> = HashMap::new();
    for (place, counts) in counts.into_iter().enumerate() {
        for (term, count) in counts {
            lists.entry(term).or_default().push((place as u32, count));
        }
    }
    for list in lists.values_mut() {
        let with = list.len() as f32;
        list.iter_mut().for_each(|(place, count)| *count = weigh(*count, with, *place as usize));
    }
    lists
}

fn is_chinese(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// Stretches of Chinese characters and of other letters and digits, in lower case.
fn stretches(text: &str) -> Vec<Vec<char>> {
    let mut stretches: Vec<Vec<char>> = Vec::new();
    let mut last = None;
    for c in text.chars().flat_map(char::to_lowercase) {
        let kind = c.is_alphanumeric().then(|| is_chinese(c));
        match (kind, stretches.last_mut()) {
            (None, _) => {}
            (Some(_), Some(stretch)) if kind == last => stretch.push(c),
            _ => stretches.push(vec![c]),
        }
        last = kind;
    }
    stretches
}

fn characters(text: &str) -> Vec<String> {
    let cut = |stretch: Vec<char>| -> Vec<String> {
        if !stretch.first().copied().is_some_and(is_chinese) {
            return vec![stretch.iter().collect()];
        }
        [1, 2].iter().flat_map(|&size| stretch.windows(size)).map(|run| run.iter().collect()).collect()
    };
    stretches(text).into_iter().flat_map(cut).collect()
}

fn runs(text: &str) -> Vec<String> {
    let cut = |stretch: Vec<char>| -> Vec<String> {
        [1, 2, 3].iter().flat_map(|&size| stretch.windows(size)).map(|run| run.iter().collect()).collect()
    };
    stretches(text).into_iter().flat_map(cut).collect()
}
