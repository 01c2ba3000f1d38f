//! Importing files as shops make them, and files made to harm.

#![cfg(test)]

mod harm;
mod mutated;
mod office;
mod real;

use chrono_tz::Asia::Shanghai;
use knowledge::Scope;
use knowledge::import::{Defaults, Imported, Item, Problem};

fn defaults() -> Defaults {
    Defaults { owner: Some("sunmei".into()), kind: None, scope: Scope::default(), timezone: Shanghai }
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Title and answer of every item.
fn said(imported: &Imported) -> Vec<(&str, &str)> {
    imported.items.iter().map(|item| (item.title.as_str(), item.answer.as_str())).collect()
}

/// Place and code of every problem.
fn told(problems: &[Problem]) -> Vec<String> {
    let code = |problem: &Problem| serde_json::to_value(&problem.fault).unwrap()["code"].as_str().unwrap().to_owned();
    problems.iter().map(|problem| format!("{}: {}", problem.place, code(problem))).collect()
}

fn item<'a>(imported: &'a Imported, question: &str) -> &'a Item {
    let found = imported.items.iter().find(|item| item.questions.iter().any(|asked| asked == question));
    found.unwrap_or_else(|| panic!("{question} is not among {:?}", said(imported)))
}
