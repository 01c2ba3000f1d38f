//! What is wrong in a file, in the words of people who read no English. The command line has the reader's own words.

use cards::words::Words;
use knowledge::import::{self, Fault, Place, Problem, Spot};
use serde_json::Value;

/// Limits the sentences name.
const LIMITS: [(&str, usize); 7] = [
    ("max_cells", import::MAX_CELLS),
    ("max_columns", import::MAX_COLUMNS as usize),
    ("max_items", import::MAX_ITEMS),
    ("max_pages", import::MAX_PAGES),
    ("max_questions", import::MAX_QUESTIONS),
    ("max_answer", import::MAX_ANSWER_BYTES),
    ("max_question", import::MAX_QUESTION_BYTES),
];

/// A problem with its place, on one line.
pub(super) fn in_words(problem: &Problem, words: &Words) -> String {
    let place = place(&problem.place, words);
    let reason = reason(&problem.fault, words);
    if place.is_empty() { reason } else { words.text("kb.fault_at", &[("place", &place), ("reason", &reason)]) }
}

/// What is wrong, and what to do about it.
pub fn reason(fault: &Fault, words: &Words) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(fault) else { return fault.to_string() };
    let Some(Value::String(code)) = fields.remove("code") else { return fault.to_string() };
    let limits = LIMITS.iter().map(|(name, limit)| ((*name).to_owned(), limit.to_string()));
    let filled: Vec<(String, String)> =
        fields.into_iter().map(|(name, value)| (name, plain(&value))).chain(limits).collect();
    let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    words.text(&["fault.", &code].concat(), &filled)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), cards::one_line)
}

/// Where it stands in its file, which everybody knows already.
fn place(place: &Place, words: &Words) -> String {
    let sheet = place.sheet.as_ref().map(|sheet| words.text("kb.place_sheet", &[("sheet", sheet)]));
    let heading = place.heading.clone();
    let spot = match (&place.cell, place.spot) {
        (Some(cell), _) => Some(cell.clone()),
        (None, Some(spot)) => Some(spot_in_words(spot, words)),
        (None, None) => None,
    };
    let column = place.column.as_ref().filter(|_| place.cell.is_none());
    let column = column.map(|column| words.text("kb.place_column", &[("column", column)]));
    [sheet, heading, spot, column].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn spot_in_words(spot: Spot, words: &Words) -> String {
    let (key, number) = match spot {
        Spot::Line(line) => ("kb.place_line", line),
        Spot::Row(row) => ("kb.place_row", row),
        Spot::Paragraph(paragraph) => ("kb.place_paragraph", paragraph),
        Spot::Page(page) => ("kb.place_page", page),
    };
    words.text(key, &[("number", &number.to_string())])
}

#[cfg(test)]
mod tests {
    use cards::words::Locale;
    use knowledge::import::Defaults;

    use super::*;

    /// Every fault the reader knows, by its code, with what it says more of.
    fn known() -> Vec<(String, Vec<String>)> {
        let source = include_str!("../../../knowledge/src/import/fault.rs");
        let faults = source.split("pub enum Fault {").nth(1).unwrap().split("\n}\n").next().unwrap();
        let mut known: Vec<(String, Vec<String>)> = Vec::new();
        for line in faults.lines() {
            let name: String = line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let depth = line.len() - line.trim_start().len();
            match name.chars().next() {
                Some('A'..='Z') if depth == 4 => known.push((snake(&name), Vec::new())),
                Some('a'..='z') if depth == 8 && line.contains(':') => known.last_mut().unwrap().1.push(name),
                _ => {}
            }
        }
        known
    }

    fn snake(name: &str) -> String {
        let mut snake = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        snake
    }

    #[test]
    fn every_fault_has_words_that_name_only_what_it_says() {
        let known = known();
        assert!(known.len() > 30, "the search found only {}", known.len());
        for words in Locale::ALL.iter().map(|locale| Words::load(*locale)) {
            let mut keys: Vec<&str> = words.keys().filter_map(|key| key.strip_prefix("fault.")).collect();
            for (code, fields) in &known {
                let limits = LIMITS.iter().map(|(name, _)| (*name, "x"));
                let word = ("word", "x");
                let filled: Vec<(&str, &str)> =
                    fields.iter().map(|field| (field.as_str(), "x")).chain(limits).chain([word]).collect();
                let text = words.text(&format!("fault.{code}"), &filled);
                assert!(!text.contains(['{', '}']) && text != format!("fault.{code}"), "{code}: {text}");
                keys.retain(|key| key != code);
            }
            assert!(keys.is_empty(), "no fault is called {keys:?}");
        }
    }

    #[test]
    fn a_broken_row_is_told_with_its_place_and_what_to_do() {
        let defaults = Defaults {
            owner: Some("sunmei".into()),
            kind: None,
            scope: knowledge::Scope::default(),
            timezone: chrono_tz::Asia::Shanghai,
        };
        let file = "问题,答案,失效日期\n保修多久,一年,\n能退吗,能,不知道\n,没有问题,\n";
        let read = import::read("售后.csv", file.as_bytes(), &defaults);
        let told = |locale| -> Vec<String> {
            let words = Words::load(locale);
            read.problems.iter().map(|problem| in_words(problem, &words)).collect()
        };
        let chinese = told(Locale::ZhCn);
        assert_eq!(chinese.len(), 2, "{chinese:?}");
        assert!(chinese[0].starts_with("第 3 行") && chinese[0].contains("不知道"), "{chinese:?}");
        assert!(chinese[1].starts_with("第 4 行") && !chinese[1].contains("fault."), "{chinese:?}");
        assert!(told(Locale::En)[0].starts_with("line 3"), "{:?}", told(Locale::En));
    }
}
