//! Recall and false positives of the gate, per disguise.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use knowledge::{Gate, Mark, Said, Severity, WordList};
use serde::Deserialize;

use crate::Failure;
use crate::set::{Document, lines, quantile, share};

/// A sentence with or without something forbidden.
#[derive(Deserialize)]
struct Sentence {
    query: String,
    label: u8,
    variant: String,
}

pub(crate) fn measure(data: &Path) -> Result<(), Failure> {
    let sensitive = data.join("sensitive_gate_zh");
    if sensitive.is_dir() {
        let words = std::fs::read_to_string(sensitive.join("lexicon.tsv"))?;
        let list = WordList::bare("public list", Severity::Review, Said::Once("测试".into()), &words);
        let gate = Gate::new(std::slice::from_ref(&list))?;
        report("sensitive_gate_zh, the public list as it is", &gate, &lines(&sensitive.join("dev.jsonl"))?);
        println!("  {} of {} words are left out as ordinary or short", gate.left_out().len(), words.lines().count());
        let past = data.join("aliyun_zh_qa/docs.jsonl");
        if past.is_file() {
            let past: Vec<Document> = lines(&past)?;
            let measured = gate.measure(past.iter().flat_map(|document| document.text.lines()));
            println!("  on {} past lines it marks {:.2} %", measured.texts, measured.rate() * 100.0);
            let common: Vec<String> =
                measured.words.iter().filter(|(_, texts)| *texts >= 3).map(|(word, _)| word.clone()).collect();
            let gate = Gate::new(&[list.without(&common)])?;
            let title = format!("sensitive_gate_zh, without {} words common in the past", common.len());
            report(&title, &gate, &lines(&sensitive.join("dev.jsonl"))?);
        }
    }
    let advertising = data.join("adlaw_gate_zh/dev.jsonl");
    if advertising.is_file() {
        report("adlaw_gate_zh, the starter list", Gate::starter(), &lines(&advertising)?);
    }
    speed(data)
}

fn report(title: &str, gate: &Gate, sentences: &[Sentence]) {
    println!("{title}: {} words", gate.len());
    let mut kinds: BTreeMap<(u8, &str), (usize, usize)> = BTreeMap::new();
    let mut micros = Vec::with_capacity(sentences.len());
    let show = std::env::var_os("BENCH_MISTAKES").is_some();
    for sentence in sentences {
        let started = Instant::now();
        let marks = gate.look(&sentence.query);
        micros.push(started.elapsed().as_secs_f64() * 1e6);
        let (all, marked) = kinds.entry((1 - sentence.label, sentence.variant.as_str())).or_default();
        *all += 1;
        *marked += usize::from(!marks.is_empty());
        if show && marks.is_empty() == (sentence.label == 1) {
            mistake(sentence, &marks);
        }
    }
    for ((harmless, kind), (all, marked)) in &kinds {
        let what = if *harmless == 1 { "false" } else { "found" };
        println!("  {kind:<12} {what} {:.3}  ({marked} of {all})", share(*marked, *all));
    }
    let sum = |harmless: u8| {
        kinds.iter().filter(|(kind, _)| kind.0 == harmless).fold((0, 0), |sum, (_, n)| (sum.0 + n.0, sum.1 + n.1))
    };
    let ((bad, found), (good, wrong)) = (sum(0), sum(1));
    let f1 = 2.0 * found as f64 / (bad + found + wrong).max(1) as f64;
    println!("  recall {:.3}, false positives {:.4}, F1 {f1:.3}", share(found, bad), share(wrong, good));
    println!("  per message p50 {:.0} µs, p99 {:.0} µs", quantile(&mut micros, 0.5), quantile(&mut micros, 0.99));
}

fn mistake(sentence: &Sentence, marks: &[Mark]) {
    let words: Vec<&str> = marks.iter().map(|mark| mark.word.as_str()).collect();
    println!("  ! {} {} {words:?}", sentence.variant, sentence.query);
}

/// Throughput with 60,000 words: those of the public list and made-up ones.
fn speed(data: &Path) -> Result<(), Failure> {
    let text: String = match std::fs::read_to_string(data.join("aliyun_zh_qa/docs.jsonl")) {
        Ok(text) => text.chars().take(1_000_000).collect(),
        Err(_) => return Ok(()),
    };
    let letters: Vec<char> = text.chars().filter(|c| ('\u{4e00}'..'\u{9fff}').contains(c)).collect();
    let mut words = std::fs::read_to_string(data.join("sensitive_gate_zh/lexicon.tsv")).unwrap_or_default();
    let mut seed = 42u64;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below.max(1)
    };
    for _ in 0..60_000 {
        for _ in 0..2 + draw(4) {
            words.push(letters.get(draw(letters.len())).copied().unwrap_or('字'));
        }
        words.push('\n');
    }
    let started = Instant::now();
    let gate = Gate::new(&[WordList::bare("many", Severity::Review, Said::Once("测试".into()), &words)])?;
    println!("{} words are ready in {:.2} s", gate.len(), started.elapsed().as_secs_f64());
    let started = Instant::now();
    let marked = text.lines().filter(|line| !gate.look(line).is_empty()).count();
    let seconds = started.elapsed().as_secs_f64();
    println!("  {:.1} MB/s ({marked} lines marked)", text.len() as f64 / 1e6 / seconds);
    Ok(())
}
