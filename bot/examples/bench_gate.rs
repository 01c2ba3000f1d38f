//! Measures the calibrated chance on a folder of evaluation sets: `cargo run -p aijia --example bench_gate -- DATA`, or
//! `make bench-gate DATA=…`. Each question is a decision: was the first passage the right one? The chances are those of
//! a model that had not seen the question. With `AIJIA_ENCODER` the search goes by meaning too.

use std::collections::HashSet;
use std::path::Path;

use aijia::confidence::{Decision, Model, Quality, Signals, retrieval};
use aijia::meaning::Meaning;
use aijia::policy::Grounds;
use anyhow::{Context, ensure};
use knowledge::{Entry, HitTests, Index, Kind, Query, Release, Scope};
use serde::Deserialize;

/// The sets, and what the chances have to reach there; none where it is only shown.
const SETS: [(&str, Option<(f64, f64)>); 2] = [("aliyun_zh_qa", Some((0.83, 0.05))), ("aliyun_en_qa", None)];
/// Passages a question is compared with.
const PASSAGES: usize = 10;

#[derive(Deserialize)]
struct Document {
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Question {
    query: String,
    #[serde(default)]
    relevant: HashSet<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let meaning = std::env::var_os("AIJIA_ENCODER").map(|folder| Meaning::here(Path::new(&folder))).transpose()?;
    let data = std::env::args().nth(1).context("usage: bench_gate DATA, a folder of evaluation sets")?;
    let mut short = Vec::new();
    for (set, wanted) in SETS {
        let folder = Path::new(&data).join(set);
        if !folder.is_dir() {
            println!("{set}: not there");
            continue;
        }
        let quality = measured(&folder, meaning.as_ref()).await?;
        told(set, &quality);
        let reached = |(auroc, ece): (f64, f64)| quality.auroc.is_some_and(|a| a >= auroc) && quality.ece <= ece;
        if wanted.is_some_and(|wanted| !reached(wanted)) {
            short.push(set);
        }
    }
    ensure!(short.is_empty(), "short of AUROC .83 or ECE .05: {}", short.join(", "));
    Ok(())
}

async fn measured(folder: &Path, meaning: Option<&Meaning>) -> anyhow::Result<Quality> {
    let index = Index::build(lines::<Document>(&folder.join("docs.jsonl"))?.into_iter().map(entry));
    if let Some(meaning) = meaning {
        know(&index, meaning).await?;
    }
    let (scope, mut decisions) = (Scope::default(), Vec::new());
    for question in lines::<Question>(&folder.join("dev.jsonl"))? {
        let means = match meaning {
            Some(meaning) => meaning.of(&question.query).await,
            None => None,
        };
        let (text, meaning) = (question.query.as_str(), means.as_deref());
        let found = index.search(&Query { text, meaning, scope: &scope, now_ms: 0, limit: PASSAGES });
        let unchanged = found.hits.first().is_some_and(|hit| question.relevant.contains(&hit.entry));
        let signals = Signals::of(retrieval(text, &found), &Grounds::default(), 0.5);
        decisions.push(Decision { signals, unchanged });
    }
    let model = Model::learn(&decisions).context("too few questions to learn from")?;
    Ok(model.quality().clone())
}

/// Finds out what the entries mean, which takes minutes.
async fn know(index: &Index, meaning: &Meaning) -> anyhow::Result<()> {
    meaning.tell(index);
    while meaning.has_more() {
        let directions = meaning.directions(meaning.next()).await?;
        meaning.learn(directions);
    }
    meaning.tell(index);
    Ok(())
}

fn told(set: &str, quality: &Quality) {
    let auroc = quality.auroc.map_or("–".to_owned(), |auroc| format!("{auroc:.3}"));
    println!("{set}: AUROC {auroc}  ECE {:.3}  Brier {:.3}  ({} questions)", quality.ece, quality.brier, quality.count);
    let bins = quality.bins.iter().map(|bin| format!("{:.2}→{:.2}", bin.chance, bin.good));
    println!("  chance → right: {}", bins.collect::<Vec<_>>().join("  "));
}

fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn entry(document: Document) -> Entry {
    Entry {
        id: document.id,
        version: 1,
        file_id: None,
        kind: Kind::General,
        title: document.title,
        questions: Vec::new(),
        answer: document.text,
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
