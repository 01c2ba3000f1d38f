//! Time and memory with as many passages as a large shop has.

use std::path::Path;
use std::time::Instant;

use knowledge::{Entry, Index, Query, Scope};

use crate::Failure;
use crate::set::{Document, Question, entry, lines, quantile};

/// Sentences of one made-up passage.
const SENTENCES: usize = 3;

pub(crate) fn measure(data: &Path) -> Result<(), Failure> {
    let folder = data.join("aliyun_zh_qa");
    if !folder.is_dir() {
        return Ok(());
    }
    let questions: Vec<Question> = lines(&folder.join("dev.jsonl"))?;
    for size in [10_000, 100_000] {
        let entries = entries(&folder.join("docs.jsonl"), size)?;
        let bytes: usize = entries.iter().map(|entry| entry.answer.len() + entry.title.len()).sum();
        let started = Instant::now();
        let index = Index::build(entries);
        let built = started.elapsed().as_secs_f64();
        let mut millis: Vec<f64> = questions.iter().map(|question| time(&index, &question.query)).collect();
        println!("{} passages of {} bytes: indexed in {built:.1} s", index.len(), bytes / size);
        println!(
            "  search p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms",
            quantile(&mut millis, 0.5),
            quantile(&mut millis, 0.99),
            quantile(&mut millis, 1.0)
        );
        println!("  the process holds {} MB, of them {} MB the texts", resident(), bytes / 1_000_000);
    }
    Ok(())
}

/// `size` made-up entries; what they are made of is not kept.
fn entries(documents: &Path, size: usize) -> Result<Vec<Entry>, Failure> {
    let documents: Vec<Document> = lines(documents)?;
    let mut entries = Vec::with_capacity(size);
    entries.extend(passages(&documents).take(size));
    Ok(entries)
}

/// Passages without end: sentences of the documents in new company, each passage different.
fn passages(documents: &[Document]) -> impl Iterator<Item = Entry> + '_ {
    let mut sentences: Vec<&str> = documents.iter().flat_map(|d| d.text.split_inclusive(['。', '\n'])).collect();
    sentences.retain(|sentence| sentence.chars().count() > 8);
    let mut seed = 7u64;
    (0..).map(move |number| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let first = (seed >> 33) as usize % sentences.len().max(1);
        let text: String = (0..SENTENCES).filter_map(|next| sentences.get(first + next * 17)).copied().collect();
        let title = documents.get(number % documents.len().max(1)).map_or("", |document| document.title.as_str());
        entry(&Document { id: format!("p{number}"), title: title.into(), text: format!("{text}编号 {number}。") })
    })
}

fn time(index: &Index, question: &str) -> f64 {
    let scope = Scope::default();
    let started = Instant::now();
    index.search(&Query { text: question, meaning: None, scope: &scope, now_ms: 0, limit: 10 });
    started.elapsed().as_secs_f64() * 1e3
}

/// Memory of this process in MB, 0 where the system does not say.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok()).unwrap_or(0) / 1024
}
