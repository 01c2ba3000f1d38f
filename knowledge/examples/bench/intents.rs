//! How often what a text is about is told rightly, from labelled examples.

use std::path::Path;
use std::time::Instant;

use knowledge::{Example, Labels};
use serde::Deserialize;

use crate::Failure;
use crate::meaning::Meaning;
use crate::set::{auroc, lines, quantile, share};

/// Sets of texts by what they are about.
const SETS: [&str; 2] = ["banking77", "clinc150"];
/// The label of texts that are about nothing that is taught.
const OUT_OF_SCOPE: &str = "oos";

pub(crate) fn measure(data: &Path, meaning: &Meaning) -> Result<(), Failure> {
    for set in SETS {
        let (train, dev) = (data.join(set).join("train.jsonl"), data.join(set).join("dev.jsonl"));
        if train.is_file() && dev.is_file() {
            intents(set, &lines(&train)?, &lines(&dev)?, meaning)?;
        }
    }
    Ok(())
}

/// A customer's words and what they are about.
#[derive(Deserialize)]
struct Labelled {
    #[serde(alias = "query")]
    text: String,
    label: String,
}

/// What is learnt from the training half, asked about the other, by words and with meaning.
fn intents(set: &str, train: &[Labelled], questions: &[Labelled], meaning: &Meaning) -> Result<(), Failure> {
    let taught: Vec<&Labelled> = train.iter().filter(|row| row.label != OUT_OF_SCOPE).collect();
    let all: Vec<&str> = taught.iter().copied().chain(questions).map(|row| row.text.as_str()).collect();
    told_apart(set, &taught, questions, &vec![None; all.len()])?;
    if let Some(means) = meaning.of_all(&all)? {
        let means: Vec<Option<&[f32]>> = means.iter().map(|means| Some(means.as_slice())).collect();
        told_apart(&format!("{set} with meaning"), &taught, questions, &means)?;
    }
    Ok(())
}

/// How often the label is right. Texts about nothing that is taught are told by how badly every label fits. `means` holds
/// what the taught texts mean, and then what the questions do.
fn told_apart(
    what: &str,
    taught: &[&Labelled],
    questions: &[Labelled],
    means: &[Option<&[f32]>],
) -> Result<(), Failure> {
    let started = Instant::now();
    let examples = taught.iter().zip(means);
    let examples: Vec<Example<'_>> =
        examples.map(|(row, meaning)| Example { text: &row.text, label: &row.label, meaning: *meaning }).collect();
    let labels = Labels::learn(&examples).ok_or("one label alone cannot be told apart")?;
    println!("{what}: {} texts learnt in {:.1} s", taught.len(), started.elapsed().as_secs_f64());
    let (mut right, mut inside, mut outside, mut micros) = (0, Vec::new(), Vec::new(), Vec::new());
    for (question, meaning) in questions.iter().zip(&means[taught.len()..]) {
        let started = Instant::now();
        let guess = labels.guess(&question.text, *meaning);
        micros.push(started.elapsed().as_secs_f64() * 1e6);
        right += usize::from(guess.label == question.label);
        let kind = if question.label == OUT_OF_SCOPE { &mut outside } else { &mut inside };
        kind.push(f64::from(guess.fit));
    }
    let scope = auroc(&inside, &outside).map_or("–".to_owned(), |auroc| format!("{auroc:.3}"));
    let (p50, p99) = (quantile(&mut micros, 0.5), quantile(&mut micros, 0.99));
    println!("  right {:.3}, in scope or not AUROC {scope}, {p50:.0} µs, p99 {p99:.0} µs", share(right, inside.len()));
    Ok(())
}
