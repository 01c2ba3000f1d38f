//! Measures search on an evaluation folder: `cargo run -p knowledge --example evaluate -- FOLDER [DOCS_FOLDER]`.
//!
//! The folder holds `docs.jsonl` (id, title, text) and `dev.jsonl` (id, query, relevant, answerable); with `train.jsonl`
//! (text, label) instead of documents, every label is an entry whose questions are its training texts. Prints
//! recall@1, recall@5, MRR@10, the AUC of the confidence, and times.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use knowledge::{Entry, Index, Kind, Query, Scope};
use serde::Deserialize;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Document {
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Labelled {
    text: String,
    label: String,
}

#[derive(Deserialize)]
struct Question {
    query: String,
    #[serde(default)]
    relevant: Vec<String>,
    label: Option<String>,
    #[serde(default = "yes")]
    answerable: bool,
}

fn yes() -> bool {
    true
}

/// What one question gave: rank of the first right answer from 1, confidence, time.
struct Outcome {
    rank: Option<usize>,
    confidence: f64,
    answerable: bool,
    micros: f64,
}

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).ok_or("usage: evaluate FOLDER [DOCS_FOLDER]")?;
    let documents = std::env::args().nth(2).unwrap_or_else(|| folder.clone());
    let started = Instant::now();
    knowledge::warm_up();
    println!("dictionary    {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    let entries = entries(Path::new(&documents))?;
    let started = Instant::now();
    let index = Index::build(entries);
    println!("index         {} entries in {:.1} s", index.len(), started.elapsed().as_secs_f64());
    let questions: Vec<Question> = lines(&Path::new(&folder).join("dev.jsonl"))?;
    report(&questions.iter().map(|question| ask(&index, question)).collect::<Vec<_>>());
    Ok(())
}

fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, Failure> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn entries(folder: &Path) -> Result<Vec<Entry>, Failure> {
    let documents = folder.join("docs.jsonl");
    if documents.exists() {
        let documents: Vec<Document> = lines(&documents)?;
        return Ok(documents.into_iter().map(|d| entry(d.id, d.title, Vec::new(), d.text)).collect());
    }
    let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in lines::<Labelled>(&folder.join("train.jsonl"))? {
        labels.entry(row.label).or_default().push(row.text);
    }
    Ok(labels.into_iter().map(|(label, texts)| entry(label.clone(), label, texts, String::new())).collect())
}

fn entry(id: String, title: String, questions: Vec<String>, answer: String) -> Entry {
    Entry {
        id,
        version: 1,
        file_id: None,
        kind: Kind::General,
        title,
        questions,
        answer,
        owner: "sunmei".into(),
        scope: Scope::default(),
        valid_from: None,
        valid_until: None,
        verify_by: None,
        source: String::new(),
    }
}

fn ask(index: &Index, question: &Question) -> Outcome {
    let right: HashMap<&str, ()> =
        question.relevant.iter().chain(&question.label).map(|id| (id.as_str(), ())).collect();
    let started = Instant::now();
    let found = index.search(&Query { text: &question.query, scope: &Scope::default(), now_ms: 0, limit: 10 });
    let micros = started.elapsed().as_secs_f64() * 1e6;
    let rank = found.hits.iter().position(|hit| right.contains_key(hit.entry.as_str())).map(|place| place + 1);
    Outcome { rank, confidence: found.confidence, answerable: question.answerable, micros }
}

fn report(outcomes: &[Outcome]) {
    let asked: Vec<_> = outcomes.iter().filter(|o| o.answerable).collect();
    let share = |limit: usize| {
        asked.iter().filter(|o| o.rank.is_some_and(|rank| rank <= limit)).count() as f64 / asked.len().max(1) as f64
    };
    let mrr =
        asked.iter().filter_map(|o| o.rank).map(|rank| 1.0 / rank as f64).sum::<f64>() / asked.len().max(1) as f64;
    println!("questions     {} answerable, {} not", asked.len(), outcomes.len() - asked.len());
    println!("recall@1      {:.3}\nrecall@5      {:.3}\nMRR@10        {mrr:.3}", share(1), share(5));
    let auc = |kind: fn(&Outcome) -> bool| auc(outcomes, kind).map_or("–".to_owned(), |auc| format!("{auc:.3}"));
    println!("AUC           {} (answerable or not)", auc(|o| o.answerable));
    println!("AUC           {} (first hit right or not)", auc(|o| o.rank == Some(1)));
    let mut micros: Vec<f64> = outcomes.iter().map(|o| o.micros).collect();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros.get((micros.len() as f64 * share) as usize).copied().unwrap_or_default() / 1e3;
    println!("search        p50 {:.2} ms, p99 {:.2} ms", at(0.5), at(0.99));
    calibration(outcomes);
}

/// Probability that a question of the first kind has more confidence than one of the second, if there are both.
fn auc(outcomes: &[Outcome], first_kind: fn(&Outcome) -> bool) -> Option<f64> {
    let (yes, no): (Vec<_>, Vec<_>) = outcomes.iter().partition(|o| first_kind(o));
    let pairs = yes.len() * no.len();
    let won = |a: &Outcome, b: &Outcome| match a.confidence.total_cmp(&b.confidence) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let sum: f64 = yes.iter().flat_map(|a| no.iter().map(move |b| won(a, b))).sum();
    (pairs > 0).then(|| sum / pairs as f64)
}

/// Confidence against how often the first hit was right, in steps of 0.1.
fn calibration(outcomes: &[Outcome]) {
    println!("confidence    questions  first hit right");
    for step in 0..10 {
        let inside: Vec<_> = outcomes.iter().filter(|o| ((o.confidence * 10.0) as usize).min(9) == step).collect();
        let right = inside.iter().filter(|o| o.rank == Some(1)).count();
        if !inside.is_empty() {
            println!(
                "{:.1}–{:.1}  {:12}  {:.2}",
                step as f64 / 10.0,
                (step + 1) as f64 / 10.0,
                inside.len(),
                right as f64 / inside.len() as f64
            );
        }
    }
}
