//! Learns the weights of the ranking: softmax regression over the candidates of every question, the right ones
//! against the rest. Prints what it gives on questions that were left out, then `weights.txt`.

use std::path::Path;

use knowledge::{Index, Query, Scope};

use crate::Failure;
use crate::meaning::Meaning;
use crate::set::{Document, Question, entry, lines};

/// Sets that are learnt from: support passages without questions of their own.
const SETS: [&str; 2] = ["aliyun_zh_qa", "aliyun_en_qa"];
const FOLDS: usize = 5;
/// Keeps the weights small.
const SHRINK: f64 = 0.03;
const STEPS: usize = 300;
const RATE: f64 = 0.2;

/// The candidates of one question: their features and which are right.
struct Case {
    rows: Vec<Vec<f64>>,
    right: Vec<bool>,
}

pub(crate) fn train(data: &Path, meaning: &Meaning) -> Result<(), Failure> {
    let mut sets = Vec::new();
    for set in SETS {
        sets.push((set, cases(&data.join(set), meaning)?));
    }
    let spread = spread(sets.iter().flat_map(|(_, cases)| cases).flat_map(|case| &case.rows));
    for case in sets.iter_mut().flat_map(|(_, cases)| cases) {
        case.rows.iter_mut().for_each(|row| row.iter_mut().zip(&spread).for_each(|(value, spread)| *value /= spread));
    }
    for (set, cases) in &sets {
        let there = cases.iter().filter(|case| case.right.contains(&true)).count();
        println!("# {set}: a right answer is among the candidates of {there} of {} questions", cases.len());
        // Learnt from the other folds of this set and all of the other sets.
        let others = || sets.iter().filter(|(other, _)| other != set).flat_map(|(_, cases)| cases);
        let mut ranks = Vec::new();
        for fold in 0..FOLDS {
            let (kept, left_out): (Vec<_>, Vec<_>) = cases.iter().enumerate().partition(|(n, _)| n % FOLDS != fold);
            let weights = learn(&kept.iter().map(|(_, case)| *case).chain(others()).collect::<Vec<_>>());
            ranks.extend(left_out.iter().map(|(_, case)| rank(case, &weights)));
        }
        report(&format!("# {set}, left out in turn"), &ranks);
        let weights = learn(&others().collect::<Vec<_>>());
        report(
            &format!("# {set}, learnt from the others"),
            &cases.iter().map(|c| rank(c, &weights)).collect::<Vec<_>>(),
        );
    }
    let weights = learn(&sets.iter().flat_map(|(_, cases)| cases).collect::<Vec<_>>());
    println!("# feature, weight, weight of its share of the highest among the candidates");
    let places = Index::FEATURES.len();
    for (place, name) in Index::FEATURES.iter().enumerate() {
        let weight = |place: usize| weights[place] / spread[place];
        println!("{name} {:.3} {:.3}", weight(place), weight(place + places));
    }
    Ok(())
}

fn cases(folder: &Path, meaning: &Meaning) -> Result<Vec<Case>, Failure> {
    let documents: Vec<Document> = lines(&folder.join("docs.jsonl"))?;
    let questions: Vec<Question> = lines(&folder.join("dev.jsonl"))?;
    let index = Index::build(documents.iter().map(entry));
    meaning.tell(&index)?;
    let scope = Scope::default();
    let case = |question: &Question| {
        let means = meaning.of(&question.query)?;
        let looked_at = index.close_look(&Query {
            text: &question.query,
            meaning: means.as_deref(),
            scope: &scope,
            now_ms: 0,
            limit: 10,
        });
        let right = looked_at.iter().map(|(id, _)| question.relevant.contains(*id)).collect();
        Ok(Case { rows: with_shares(looked_at.into_iter().map(|(_, row)| row).collect()), right })
    };
    questions.iter().filter(|question| question.answerable).map(case).collect()
}

/// Every row with its values and their shares of the highest.
fn with_shares(rows: Vec<Vec<f32>>) -> Vec<Vec<f64>> {
    let places = rows.first().map_or(0, Vec::len);
    let highest: Vec<f32> =
        (0..places).map(|place| rows.iter().map(|row| row[place]).fold(Index::LEAST_HIGHEST, f32::max)).collect();
    let share = |value: f32, most: f32| if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
    let widen = |row: &Vec<f32>| {
        let shares = row.iter().zip(&highest).map(|(&value, &most)| share(value, most));
        row.iter().copied().chain(shares).map(f64::from).collect()
    };
    rows.iter().map(widen).collect()
}

/// Standard deviation of every column.
fn spread<'a>(rows: impl Iterator<Item = &'a Vec<f64>>) -> Vec<f64> {
    let rows: Vec<_> = rows.collect();
    let count = rows.len().max(1) as f64;
    (0..rows.first().map_or(0, |row| row.len()))
        .map(|place| {
            let mean = rows.iter().map(|row| row[place]).sum::<f64>() / count;
            let square = rows.iter().map(|row| (row[place] - mean).powi(2)).sum::<f64>() / count;
            square.sqrt().max(1e-6)
        })
        .collect()
}

/// Weights that make the right candidates likely, by Adam.
fn learn(cases: &[&Case]) -> Vec<f64> {
    let cases: Vec<&&Case> = cases.iter().filter(|case| case.right.contains(&true)).collect();
    let places = cases.first().map_or(0, |case| case.rows[0].len());
    let (mut weights, mut mean, mut square) = (vec![0.0; places], vec![0.0; places], vec![0.0; places]);
    for step in 1..=STEPS {
        let mut slope: Vec<f64> = weights.iter().map(|weight| SHRINK * weight).collect();
        for case in &cases {
            add_slope(case, &weights, 1.0 / cases.len() as f64, &mut slope);
        }
        let rate = if step * 3 > STEPS * 2 { RATE * 0.2 } else { RATE };
        for place in 0..places {
            mean[place] = 0.9 * mean[place] + 0.1 * slope[place];
            square[place] = 0.999 * square[place] + 0.001 * slope[place] * slope[place];
            let (m, s) =
                (mean[place] / (1.0 - 0.9f64.powi(step as i32)), square[place] / (1.0 - 0.999f64.powi(step as i32)));
            weights[place] -= rate * m / (s.sqrt() + 1e-8);
        }
    }
    weights
}

/// Adds how the loss of `case` grows with the weights.
fn add_slope(case: &Case, weights: &[f64], part: f64, slope: &mut [f64]) {
    let scores: Vec<f64> = case.rows.iter().map(|row| score(row, weights)).collect();
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let likely: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let all: f64 = likely.iter().sum();
    let good: f64 = likely.iter().zip(&case.right).filter(|(_, right)| **right).map(|(likely, _)| likely).sum();
    for ((row, likely), right) in case.rows.iter().zip(&likely).zip(&case.right) {
        let pull = likely / all - if *right { likely / (good + 1e-12) } else { 0.0 };
        slope.iter_mut().zip(row).for_each(|(slope, value)| *slope += part * pull * value);
    }
}

fn score(row: &[f64], weights: &[f64]) -> f64 {
    row.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// Place of the first right candidate, from 1.
fn rank(case: &Case, weights: &[f64]) -> Option<usize> {
    let scores: Vec<f64> = case.rows.iter().map(|row| score(row, weights)).collect();
    let best = scores.iter().zip(&case.right).filter(|(_, right)| **right).map(|(s, _)| *s).max_by(f64::total_cmp)?;
    Some(1 + scores.iter().filter(|&&score| score > best).count())
}

fn report(title: &str, ranks: &[Option<usize>]) {
    let within = |most: usize| ranks.iter().filter(|rank| rank.is_some_and(|rank| rank <= most)).count();
    let count = ranks.len().max(1) as f64;
    let mrr: f64 = ranks.iter().flatten().filter(|&&rank| rank <= 10).map(|&rank| 1.0 / rank as f64).sum();
    let (one, five) = (within(1) as f64 / count, within(5) as f64 / count);
    println!("{title}: recall@1 {one:.3}, recall@5 {five:.3}, MRR@10 {:.3}", mrr / count);
}
