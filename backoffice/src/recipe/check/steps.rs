//! Whether the steps of a recipe can be carried out, and prove what they are there to prove.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{Checker, File, Word, is_name};
use crate::inputs::InputKind;
use crate::recipe::{Act, Kind, MOST_STEPS};

pub(super) fn check(checker: &mut Checker<'_>, file: &File) {
    let few = file.step.len() <= MOST_STEPS;
    checker.unless(few, &file.name, "step", "a recipe has at most 60 steps: split it");
    for step in &file.step {
        one(checker, file, step);
    }
    match file.step.first() {
        Some(step) if matches!(step.get_ref(), Act::Open { .. }) => {}
        Some(step) => checker.fault(step, "step", "the first step opens a page: open = { page = \"…\" }"),
        None => checker.fault(&file.name, "step", "write at least one [[step]]"),
    }
    pictures(checker, file);
    reads(checker, file);
    submits(checker, file);
    identities(checker, file);
}

fn one(checker: &mut Checker<'_>, file: &File, step: &Spanned<Act>) {
    match step.get_ref() {
        Act::Open { page } => leads(checker, file, step, "open.page", page, true),
        Act::WaitFor { selector } => checker.selector(step, "wait_for.selector", selector),
        Act::Submit { selector } => checker.selector(step, "submit.selector", selector),
        Act::Fill { selector, value } => {
            checker.selector(step, "fill.selector", selector);
            checker.named(file, step, "fill.value", value.names());
        }
        Act::Click { selector, then } => {
            checker.selector(step, "click.selector", selector);
            if let Some(page) = then {
                leads(checker, file, step, "click.then", page, false);
            }
        }
        Act::Choose { selector, option } => {
            checker.selector(step, "choose.selector", selector);
            checker.named(file, step, "choose.option", option.names());
        }
        Act::Read { output, selector, attribute } => {
            checker.selector(step, "read.selector", selector);
            let named = attribute.as_ref().is_none_or(|name| is_name(name, '-'));
            checker.unless(named, step, "read.attribute", "an attribute's name in small letters");
            reading(checker, file, step, "read.output", output);
        }
        Act::ReadTable { output, rows, columns } => {
            checker.selector(step, "read_table.rows", rows);
            for selector in columns.values() {
                checker.selector(step, "read_table.columns", selector);
            }
            reading(checker, file, step, "read_table.output", output);
        }
        Act::Screenshot { name, selector } => {
            checker.unless(is_name(name, '-'), step, "screenshot.name", "small letters, digits and `-`, at most 40");
            if let Some(selector) = selector {
                checker.selector(step, "screenshot.selector", selector);
            }
        }
        Act::Assert { selector, text } => {
            checker.selector(step, "assert.selector", selector);
            checker.named(file, step, "assert.text", text.names());
        }
    }
}

/// A page that a step names: it is one of the recipe's, and where it is opened, its address is complete.
fn leads(checker: &mut Checker<'_>, file: &File, step: &Spanned<Act>, field: &str, name: &str, opened: bool) {
    let page = file.page.iter().find(|page| page.get_ref().name == name);
    match page {
        None => checker.fault(step, field, format!("there is no [[page]] named {name}")),
        Some(page) if opened && page.get_ref().at.path.is_open() => {
            checker.fault(
                step,
                field,
                "a page with `*` in its path can be arrived at, not opened: name the path fully",
            );
        }
        Some(_) => {}
    }
}

/// What a reading step names: an output of the right shape, with the columns that the table has.
fn reading(checker: &mut Checker<'_>, file: &File, step: &Spanned<Act>, field: &str, name: &str) {
    let Some(output) = file.output.iter().find(|output| output.get_ref().name == name) else {
        return checker.fault(step, field, format!("there is no [[output]] named {name}"));
    };
    match (step.get_ref(), &output.get_ref().is) {
        (Act::ReadTable { columns, .. }, Kind::Table(kinds)) => {
            let same = columns.keys().eq(kinds.keys());
            checker.unless(same, step, "read_table.columns", "name exactly the columns of the output");
        }
        (Act::Read { .. }, Kind::Table(_)) => checker.fault(step, field, "a table is read by read_table"),
        (Act::ReadTable { .. }, _) => checker.fault(step, field, "only a table is read by read_table"),
        _ => {}
    }
}

fn pictures(checker: &mut Checker<'_>, file: &File) {
    let mut seen = BTreeMap::new();
    for step in &file.step {
        if let Act::Screenshot { name, .. } = step.get_ref() {
            let twice = seen.insert(name.as_str(), ()).is_some();
            checker.unless(!twice, step, "screenshot.name", "there is a picture of this name already");
        }
    }
    checker.unless(
        !seen.is_empty(),
        &file.name,
        "step",
        "take at least one screenshot: a fact without one proves little",
    );
}

/// Each output is read once.
fn reads(checker: &mut Checker<'_>, file: &File) {
    let read = |step: &Spanned<Act>, name: &str| match step.get_ref() {
        Act::Read { output, .. } | Act::ReadTable { output, .. } => output == name,
        _ => false,
    };
    for output in &file.output {
        let name = &output.get_ref().name;
        let times = file.step.iter().filter(|step| read(step, name)).count();
        checker.unless(times == 1, output, "output.name", "exactly one step reads each output");
    }
    let nothing = *file.kind.get_ref() == Word::Read && file.output.is_empty();
    checker.unless(!nothing, &file.name, "output", "a recipe of kind read finds something out: add an [[output]]");
}

/// A read recipe hands nothing in; a write recipe does so once, and then looks what became of it.
fn submits(checker: &mut Checker<'_>, file: &File) {
    let is_submit = |step: &Spanned<Act>| matches!(step.get_ref(), Act::Submit { .. });
    let at: Vec<usize> = (0..file.step.len()).filter(|at| file.step.get(*at).is_some_and(is_submit)).collect();
    match (file.kind.get_ref(), at.as_slice()) {
        (Word::Read, []) => {}
        (Word::Read, [first, ..]) => {
            let step = file.step.get(*first);
            let what = "a recipe of kind read cannot submit: remove the step, or make it a recipe of kind write";
            step.into_iter().for_each(|step| checker.fault(step, "submit", what));
        }
        (Word::Write, [at]) => {
            let after = file.step.get(at + 1..).unwrap_or_default();
            let opens = after.first().is_some_and(|step| matches!(step.get_ref(), Act::Open { .. }));
            let proves = after.iter().any(|step| matches!(step.get_ref(), Act::Assert { .. }));
            let step = file.step.get(*at);
            let what =
                "after the submit, open a page and assert what must stand there: that is how the result is known";
            step.into_iter().for_each(|step| checker.unless(opens && proves, step, "submit", what));
        }
        (Word::Write, _) => checker.fault(&file.kind, "kind", "a recipe of kind write has exactly one submit"),
    }
}

/// What identifies the case is looked for on the page, so that no other order's page can pass for it.
fn identities(checker: &mut Checker<'_>, file: &File) {
    let asserted = |name: &str| {
        file.step.iter().any(|step| match step.get_ref() {
            Act::Assert { text, .. } => text.names().any(|named| named == name),
            _ => false,
        })
    };
    for input in file.input.iter().filter(|input| input.get_ref().kind != InputKind::Text) {
        let name = &input.get_ref().name;
        let what =
            format!("add assert = {{ selector = \"…\", text = \"{{{name}}}\" }}: another one's page must not pass");
        checker.unless(asserted(name), input, "input.name", &what);
    }
}
