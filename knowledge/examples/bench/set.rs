//! Reading evaluation sets, and figures over what was measured.

use std::collections::HashSet;
use std::path::Path;

use knowledge::{Entry, HitTests, Kind, Release, Scope};
use serde::Deserialize;

use crate::Failure;

/// A passage that may answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) text: String,
}

/// A question with what answers it.
#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    pub(crate) query: String,
    #[serde(default)]
    pub(crate) relevant: HashSet<String>,
    #[serde(default = "yes")]
    pub(crate) answerable: bool,
    #[serde(default)]
    pub(crate) kind: String,
}

fn yes() -> bool {
    true
}

/// The rows of a file of JSON lines.
pub(crate) fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// An entry of nothing but its text, valid everywhere and always.
pub(crate) fn entry(document: &Document) -> Entry {
    Entry {
        id: document.id.clone(),
        version: 1,
        file_id: None,
        kind: Kind::General,
        title: document.title.clone(),
        questions: Vec::new(),
        answer: document.text.clone(),
        owner: "sunmei".into(),
        scope: Scope::default(),
        valid_from: None,
        valid_until: None,
        verify_by: None,
        source: String::new(),
        tests: HitTests::default(),
        forbids: None,
        cautions: Vec::new(),
        release: Release::default(),
    }
}

/// `part` of `whole`, 0 if there is nothing.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The value below which `share` of `values` lie; 0 without values.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// Probability that one of `yes` is above one of `no`; `None` without either.
pub(crate) fn auroc(yes: &[f64], no: &[f64]) -> Option<f64> {
    let pairs = yes.len() * no.len();
    let won = |a: f64, b: f64| match a.total_cmp(&b) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let sum: f64 = yes.iter().flat_map(|&a| no.iter().map(move |&b| won(a, b))).sum();
    (pairs > 0).then(|| sum / pairs as f64)
}
