//! Recall, confidence and time of search on every set, beside the usual ways.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use knowledge::{Index, Query, Scope};
use serde::Deserialize;

use crate::Failure;
use crate::baseline::Baseline;
use crate::meaning::Meaning;
use crate::set::{Document, Question, auroc, entry, lines, quantile, share};

/// Sets of questions, each with the set its passages are in.
const SETS: [(&str, &str); 4] = [
    ("aliyun_zh_qa", "aliyun_zh_qa"),
    ("aliyun_en_qa", "aliyun_en_qa"),
    ("aliyun_zh_to_en", "aliyun_en_qa"),
    ("tau2_banking_en", "tau2_banking_en"),
];

/// Where the right answers of one system stand.
#[derive(Default)]
struct Ranks {
    /// From 1; `None` if not among the first ten.
    ranks: Vec<Option<usize>>,
    micros: Vec<f64>,
}

impl Ranks {
    fn add(&mut self, rank: Option<usize>, started: Instant) {
        self.micros.push(started.elapsed().as_secs_f64() * 1e6);
        self.ranks.push(rank);
    }

    fn report(&mut self, system: &str) {
        let within = |most: usize| {
            share(self.ranks.iter().filter(|rank| rank.is_some_and(|rank| rank <= most)).count(), self.ranks.len())
        };
        let reciprocal = self.ranks.iter().flatten().map(|&rank| 1.0 / rank as f64).sum::<f64>();
        let (one, five) = (within(1), within(5));
        let mrr = reciprocal / self.ranks.len().max(1) as f64;
        let (p50, p99) = (quantile(&mut self.micros, 0.5) / 1e3, quantile(&mut self.micros, 0.99) / 1e3);
        println!("  {system:<22} {one:.3}  {five:.3}  {mrr:.3}   {p50:6.2} ms  {p99:6.2} ms");
    }
}

pub(crate) fn measure(data: &Path, meaning: &Meaning) -> Result<(), Failure> {
    for (set, passages) in SETS {
        let (questions, documents) = (data.join(set).join("dev.jsonl"), data.join(passages).join("docs.jsonl"));
        if questions.is_file() && documents.is_file() {
            passages_of(set, &lines(&questions)?, &lines(&documents)?, meaning)?;
        }
    }
    let naughty = data.join("blns/dev.jsonl");
    if naughty.is_file() {
        println!("blns: {} strings survive the gate and the search", survivors(&lines(&naughty)?));
    }
    Ok(())
}

fn passages_of(set: &str, questions: &[Question], documents: &[Document], meaning: &Meaning) -> Result<(), Failure> {
    let started = Instant::now();
    let index = Index::build(documents.iter().map(entry));
    println!("{set}: {} passages indexed in {:.2} s", index.len(), started.elapsed().as_secs_f64());
    meaning.tell(&index)?;
    println!("                         R@1    R@5    MRR@10      p50        p99");
    let mut kinds: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
    for question in questions.iter().filter(|question| question.answerable) {
        kinds.entry(question.kind.as_str()).or_default().push(question);
    }
    let (bm25, cosine) = (Baseline::bm25(documents), Baseline::cosine(documents));
    for (kind, questions) in kinds {
        let (mut ours, mut by_bm25, mut by_cosine) = (Ranks::default(), Ranks::default(), Ranks::default());
        for question in questions {
            let right = |id: &str| question.relevant.contains(id);
            let started = Instant::now();
            let means = meaning.of(&question.query)?;
            let found = index.search(&Query { meaning: means.as_deref(), ..ask(&question.query) });
            ours.add(found.hits.iter().position(|hit| right(&hit.entry)).map(|place| place + 1), started);
            for (baseline, ranks) in [(&bm25, &mut by_bm25), (&cosine, &mut by_cosine)] {
                let started = Instant::now();
                let found = baseline.search(&question.query);
                ranks.add(found.iter().position(|&place| right(&documents[place].id)).map(|place| place + 1), started);
            }
        }
        ours.report(&format!("aijia {kind}"));
        by_bm25.report(&format!("BM25 characters {kind}"));
        by_cosine.report(&format!("TF-IDF cosine {kind}"));
    }
    confidence(&index, questions, meaning)
}

fn ask(text: &str) -> Query<'_> {
    static ANYWHERE: std::sync::LazyLock<Scope> = std::sync::LazyLock::new(Scope::default);
    Query { text, meaning: None, scope: &ANYWHERE, now_ms: 0, limit: 10 }
}

/// Whether the confidence tells answerable questions from others, and right first hits from wrong ones.
fn confidence(index: &Index, questions: &[Question], meaning: &Meaning) -> Result<(), Failure> {
    let (mut answerable, mut not, mut right, mut wrong) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for question in questions {
        let means = meaning.of(&question.query)?;
        let found = index.search(&Query { meaning: means.as_deref(), ..ask(&question.query) });
        let kind = if question.answerable { &mut answerable } else { &mut not };
        kind.push(found.confidence);
        let is_right = found.hits.first().is_some_and(|hit| question.relevant.contains(&hit.entry));
        let kind = if is_right { &mut right } else { &mut wrong };
        kind.push(found.confidence);
    }
    let shown = |auroc: Option<f64>| auroc.map_or("–".to_owned(), |auroc| format!("{auroc:.3}"));
    println!(
        "  AUROC answerable or not {} ({} of {} are), first hit right or not {}",
        shown(auroc(&answerable, &not)),
        answerable.len(),
        questions.len(),
        shown(auroc(&right, &wrong))
    );
    calibration(&right, &wrong);
    Ok(())
}

/// Confidence against how often the first hit was right, in steps of 0.2.
fn calibration(right: &[f64], wrong: &[f64]) {
    let inside = |values: &[f64], step: usize| values.iter().filter(|&&v| ((v * 5.0) as usize).min(4) == step).count();
    let steps = (0..5).map(|step| {
        let (right, wrong) = (inside(right, step), inside(wrong, step));
        format!("{:.1}+: {:.2} of {}", step as f64 / 5.0, share(right, right + wrong), right + wrong)
    });
    println!("  right by confidence: {}", steps.collect::<Vec<_>>().join(", "));
}

/// A string that breaks programs.
#[derive(Deserialize)]
struct Naughty {
    #[serde(alias = "query", alias = "string")]
    text: String,
}

fn survivors(strings: &[Naughty]) -> usize {
    let index =
        Index::build([entry(&Document { id: "a".into(), title: "运费".into(), text: "满 99 元包邮。".into() })]);
    let survives = |text: &str| {
        let marks = knowledge::Gate::starter().look(text);
        index.search(&ask(text)).confidence <= 1.0 && marks.iter().all(|mark| text.get(mark.span.clone()).is_some())
    };
    strings.iter().filter(|string| survives(&string.text)).count()
}
