//! The rules of the house (ARCHITECTURE.md), read from the sources themselves. A rule is a function from a source
//! to faults; each is enforced on the whole workspace and shown to fail on a bad snippet.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot read the sources says so and stops")]

mod source;

use std::collections::BTreeSet;

use source::{Named, Source, fault, manifest, members, root, sources};

/// Our crates by the name code uses, with the folder they live in.
const CRATES: &[(&str, &str)] = &[
    ("aijia", "bot"),
    ("backoffice", "backoffice"),
    ("cards", "cards"),
    ("channels", "channels"),
    ("knowledge", "knowledge"),
    ("simulator", "simulator"),
    ("stories", "tests"),
    ("campaigns", "tests/campaigns"),
    ("fuzz", "tests/fuzz"),
    ("simulation", "tests/simulation"),
];

/// What each member may import of ours; nothing else.
const IMPORTS: &[(&str, &[&str])] = &[
    // The simulator in its tests and measurements only.
    ("backoffice", &["simulator"]),
    ("bot", &["backoffice", "channels", "cards", "knowledge", "simulator"]),
    ("cards", &[]),
    ("channels", &["cards"]),
    ("knowledge", &[]),
    ("simulator", &["channels"]),
    ("tests", &["aijia", "channels", "cards", "knowledge", "simulator"]),
    ("tests/campaigns", &["aijia", "channels", "cards", "simulator"]),
    ("tests/fuzz", &["aijia", "channels", "cards", "knowledge"]),
    // The core's sources are compiled into it; it must not carry anything that acts.
    ("tests/simulation", &["cards", "channels"]),
];

/// The modules of the bot that compute and touch nothing.
const PURE: &[&str] = &["bot/src/case", "bot/src/policy", "bot/src/evidence", "bot/src/command"];
/// What a pure module does not name: our own modules that act, and crates that do.
const ACTING: &[&str] = &["store", "worker", "effects", "http", "app", "cli", "chat", "start", "demo", "view"];
const OUTSIDE: &[&str] = &["sqlx", "tokio", "reqwest", "axum", "async_openai"];

/// Where outward calls may stand: the effects, the readers of the wire, the model's client, setting up and trying out.
const OUTWARD: &[&str] = &[
    "bot/src/effects",
    "bot/src/worker/sync",
    "bot/src/drafting",
    "bot/src/start",
    "bot/src/cli",
    "bot/src/demo",
    "bot/src/http/review",
];
/// Calls of the wire that reach a customer or a colleague.
const CALLS: &[&str] = &[
    "send_text",
    "send_markdown",
    "send_image",
    "send_picture",
    "send_file",
    "send_card",
    "send_prompt",
    "update_card",
    "answer_press",
    "send_on_event",
];

/// Where the time may be asked of the machine.
const CLOCKS: &[&str] = &["bot/src/clock", "simulator/src/clock"];

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const MEDIAN_LINES: usize = 12;
const MAIN_LINES: usize = 40;

fn enforce(rule: impl Fn(&Source) -> Vec<String>) {
    let faults: Vec<String> = sources().iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

/// The lines at which a rule faults an invented source.
fn caught(rule: impl Fn(&Source) -> Vec<String>, path: &str, text: &str) -> Vec<usize> {
    let faults = rule(&Source::invented(path, text));
    let line = |fault: &String| fault.split(':').nth(1).and_then(|line| line.parse().ok());
    faults.iter().map(|fault| line(fault).unwrap_or_else(|| panic!("no line in {fault}"))).collect()
}

fn allowed(member: &str) -> &'static [&'static str] {
    IMPORTS.iter().find(|(known, _)| *known == member).map_or(&[], |(_, imports)| imports)
}

// --- imports

fn imports(source: &Source) -> Vec<String> {
    let allowed = allowed(source.member());
    let own = |name: &str| CRATES.iter().any(|(known, folder)| *known == name && *folder == source.member());
    let named = source.paths().into_iter().filter(|path| {
        let first = path.segments[0].as_str();
        CRATES.iter().any(|(known, _)| *known == first) && !own(first) && !local(source, first)
    });
    let fault_of = |path: Named| {
        let first = path.segments[0].as_str();
        let why = if !allowed.contains(&first) {
            format!("{} must not import {first}; a word lives with its lowest owner", source.member())
        } else if source.member() == "simulator" && !source.is_test() && !path.starts(&["channels", "wecom", "crypt"]) {
            "the simulator may use channels::wecom::crypt only; it is a second opinion on the rest".to_owned()
        } else if first == "simulator" && source.member() == "bot" && !source.is_in("bot/src/demo") && !source.is_test()
        {
            "only bot/src/demo may use the simulator, so that `aijia serve` carries nothing of it".to_owned()
        } else if first == "simulator" && source.member() == "backoffice" && !source.is_test() {
            "only the tests and measurements of backoffice may use the simulator".to_owned()
        } else {
            return None;
        };
        Some(fault(source, path.line, &format!("{}: {why}", path.text())))
    };
    named.filter_map(fault_of).collect()
}

/// Whether the source itself brings a module of this name into scope (`use crate::store::knowledge`, `mod cards`).
fn local(source: &Source, name: &str) -> bool {
    let declared = [format!("mod {name};"), format!("mod {name} {{")];
    let brought = |path: &Named| path.segments.last().is_some_and(|last| last == name) && path.segments[0] == "crate";
    declared.iter().any(|line| source.text.contains(line.as_str())) || source.paths().iter().any(brought)
}

#[test]
fn crates_import_only_what_they_may() {
    enforce(imports);
}

#[test]
fn manifests_declare_only_what_they_may() {
    for member in members() {
        assert!(IMPORTS.iter().any(|(known, _)| *known == member), "{member}/Cargo.toml: add {member} to IMPORTS");
        let manifest = manifest(&member);
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.get(table).and_then(|t| t.as_table()).into_iter().flat_map(|t| t.keys());
            let ours = names.filter(|name| CRATES.iter().any(|(known, _)| known == name));
            let bad: Vec<&String> = ours.filter(|name| !allowed(&member).contains(&name.as_str())).collect();
            assert!(bad.is_empty(), "{member}/Cargo.toml:1: [{table}] must not name {bad:?}");
        }
    }
    let backoffice = manifest("backoffice")["dependencies"].as_table().is_some_and(|t| t.contains_key("simulator"));
    assert!(!backoffice, "backoffice/Cargo.toml:1: the simulator is for its tests: [dev-dependencies]");
    let simulator = &manifest("bot")["dependencies"]["simulator"];
    let optional = simulator.get("optional").and_then(|o| o.as_bool());
    assert_eq!(optional, Some(true), "bot/Cargo.toml:1: the simulator comes with the feature `demo` only");
}

#[test]
fn a_forbidden_import_is_caught() {
    let text = "use std::fmt;\nuse channels::wecom::kf::Kf;\nfn f() { knowledge::Index::build(vec![]); }\n";
    assert_eq!(caught(imports, "cards/src/x.rs", text), [2, 3]);
    let text = "use channels::wecom::{crypt::Crypt, kf::Kf};\n";
    assert_eq!(caught(imports, "simulator/src/x.rs", text), [1]);
    assert_eq!(caught(imports, "bot/src/worker/x.rs", "fn f() { ::simulator::World::new() }"), [1]);
    assert_eq!(caught(imports, "backoffice/src/run.rs", "use simulator::seller::Seller;\nuse cards::Card;"), [1, 2]);
    assert_eq!(caught(imports, "backoffice/tests/x.rs", "use simulator::seller::Seller;"), [0; 0]);
    assert_eq!(caught(imports, "channels/src/x.rs", "use cards::Card;\nuse crate::wecom;"), [0; 0]);
}

// --- pure modules

fn purity(source: &Source) -> Vec<String> {
    if source.is_test() || !PURE.iter().any(|module| source.is_in(module)) {
        return Vec::new();
    }
    let acts = |path: &Named| {
        OUTSIDE.contains(&path.segments[0].as_str()) || ACTING.iter().any(|module| path.starts(&["crate", module]))
    };
    let why = "is not for a pure module: take what it gives as an argument, and return what it should do";
    source.paths().iter().filter(|p| acts(p)).map(|p| fault(source, p.line, &format!("{} {why}", p.text()))).collect()
}

#[test]
fn pure_modules_touch_nothing() {
    enforce(purity);
}

#[test]
fn an_impure_module_is_caught() {
    let text = "use crate::{clock::Timestamp, store::Tx};\nuse super::super::worker;\nfn f() { tokio::spawn(g()) }\n";
    assert_eq!(caught(purity, "bot/src/case/step.rs", text), [1, 2, 3]);
    assert_eq!(caught(purity, "bot/src/policy.rs", "use super::http::router;"), [1]);
    assert_eq!(caught(purity, "bot/src/worker/apply.rs", text), [0; 0]);
    assert_eq!(caught(purity, "bot/src/case/human.rs", "use super::step::Step;\nuse crate::desk::Desk;"), [0; 0]);
}

// --- SQL

fn sql(source: &Source) -> Vec<String> {
    if source.is_test() || source.is_in("bot/src/store") {
        return Vec::new();
    }
    let paths = source.paths().into_iter().filter(|path| path.segments[0] == "sqlx").map(|path| path.line);
    let texts = source.words().into_iter().filter(|word| is_sql(&word.text)).map(|word| word.line);
    let what = "SQL lives in bot/src/store only: add a function there";
    paths.chain(texts).map(|line| fault(source, line, what)).collect()
}

fn is_sql(literal: &str) -> bool {
    let text = literal.trim_start_matches('r').trim_start_matches('#');
    let Some(text) = text.strip_prefix('"') else { return false };
    let first = text.trim_start().split(|c: char| !c.is_ascii_uppercase()).next().unwrap_or_default();
    let alone = text.trim_start()[first.len()..].starts_with([' ', '\\', '\n']);
    alone && ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "BEGIN"].contains(&first)
}

#[test]
fn sql_is_in_the_store_only() {
    enforce(sql);
}

#[test]
fn sql_elsewhere_is_caught() {
    let text = "fn f() { q(\"SELECT 1\"); }\nuse sqlx::Row;\n// \"SELECT 2\"\n/// UPDATE me\nfn g() { q(r#\"DELETE FROM t\"#); h(\"SELECTED\") }\n";
    assert_eq!(caught(sql, "bot/src/view.rs", text), [2, 1, 5]);
    assert_eq!(caught(sql, "bot/src/store/cases.rs", text), [0; 0]);
}

// --- the way out

fn outward(source: &Source) -> Vec<String> {
    if source.is_test() || source.member() != "bot" || OUTWARD.iter().any(|module| source.is_in(module)) {
        return Vec::new();
    }
    let crates = source.paths().into_iter().filter(|p| matches!(p.segments[0].as_str(), "reqwest" | "async_openai"));
    let mut lines: Vec<usize> = crates.map(|path| path.line).collect();
    let words = source.words();
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let calls = (1..words.len()).filter(|at| text(at - 1) == ".");
    let reaches_out = |at: &usize| CALLS.contains(&text(*at)) || (text(*at) == "kf" && text(at + 1) == ".");
    lines.extend(calls.filter(reaches_out).map(|at| words[at].line));
    let what = "outward calls leave from bot/src/effects only: enqueue a Job instead";
    lines.into_iter().map(|line| fault(source, line, what)).collect()
}

#[test]
fn outward_calls_are_in_the_effects_only() {
    enforce(outward);
}

#[test]
fn an_outward_call_elsewhere_is_caught() {
    let text =
        "use reqwest::Client;\nasync fn f(w: &W) { w.app.send_card(m, c).await }\nfn g(w: &W) { w.kf.transfer() }\n";
    assert_eq!(caught(outward, "bot/src/worker/apply.rs", text), [1, 2, 3]);
    assert_eq!(caught(outward, "bot/src/effects/phone.rs", text), [0; 0]);
}

// --- sizes

fn file_size(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let most = if source.path == "bot/src/main.rs" { MAIN_LINES } else { FILE_LINES };
    let what = format!("{lines} lines, at most {most}: split the file by what it is about");
    if lines > most { vec![fault(source, most + 1, &what)] } else { Vec::new() }
}

fn function_size(source: &Source) -> Vec<String> {
    let long = source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES);
    let what = |f: &source::Function| {
        format!("{} has {} lines, at most {FUNCTION_LINES}: a function does one thing", f.name, f.lines)
    };
    long.map(|function| fault(source, function.line, &what(&function))).collect()
}

#[test]
fn files_are_small() {
    enforce(file_size);
}

#[test]
fn functions_are_small() {
    enforce(function_size);
    let of = |source: &Source| source.functions().into_iter().filter(|f| !f.test).map(|f| f.lines).collect::<Vec<_>>();
    let mut lines: Vec<usize> = sources().iter().filter(|source| !source.is_test()).flat_map(of).collect();
    lines.sort_unstable();
    let at = |share: usize| lines[(lines.len() - 1) * share / 100];
    let (median, p90, most) = (at(50), at(90), at(100));
    println!("{} functions: median {median} lines, 90% within {p90}, longest {most}", lines.len());
    assert!(median <= MEDIAN_LINES, "bot/src:1: the median function has {median} lines, at most {MEDIAN_LINES}");
}

#[test]
fn what_is_too_long_is_caught() {
    let long = format!("fn short() {{}}\nimpl X {{\n fn long() {{\n{}}}\n}}\n", "step();\n".repeat(FUNCTION_LINES));
    assert_eq!(caught(function_size, "bot/src/x.rs", &long), [3]);
    let fits = format!("fn f() {{\n{}}}\n", "step();\n".repeat(FUNCTION_LINES - 2));
    assert_eq!(caught(function_size, "bot/src/x.rs", &fits), [0; 0]);
    assert_eq!(caught(file_size, "cards/src/x.rs", &"\n".repeat(FILE_LINES + 1)), [FILE_LINES + 1]);
    assert_eq!(caught(file_size, "cards/src/x.rs", &"\n".repeat(FILE_LINES)), [0; 0]);
    assert_eq!(caught(file_size, "bot/src/main.rs", &"\n".repeat(MAIN_LINES + 1)), [MAIN_LINES + 1]);
}

// --- things unfinished, and names that say nothing

fn unfinished(source: &Source) -> Vec<String> {
    let words = source.words();
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let bad = (0..words.len()).filter(|at| {
        (matches!(text(*at), "todo" | "unimplemented") && text(at + 1) == "!") || text(*at) == "#[ignore]"
    });
    bad.map(|at| fault(source, words[at].line, &format!("{}: finish it, or leave it out", text(at)))).collect()
}

fn module_names(source: &Source) -> Vec<String> {
    const EMPTY: &[&str] = &["utils", "util", "common", "core", "types", "helpers", "misc"];
    let what = |name: &str| format!("`{name}` says nothing: name the module by what it is about");
    let in_path = source.path.split(['/', '.']).find(|part| EMPTY.contains(part));
    let mut faults: Vec<String> = in_path.map(|name| fault(source, 1, &what(name))).into_iter().collect();
    let words = source.words();
    let declared = words.windows(2).filter(|pair| pair[0].text == "mod" && EMPTY.contains(&pair[1].text.as_str()));
    faults.extend(declared.map(|pair| fault(source, pair[1].line, &what(&pair[1].text))));
    faults
}

#[test]
fn nothing_is_left_unfinished() {
    enforce(unfinished);
}

#[test]
fn modules_are_named_by_what_they_are_about() {
    enforce(module_names);
}

#[test]
fn what_is_unfinished_or_badly_named_is_caught() {
    let text = "fn f() { todo!() }\nfn g() { unimplemented!(\"later\") }\n#[test]\n#[ignore = \"slow\"]\nfn h() {}\n// todo!()\nlet todo = 1;\n";
    assert_eq!(caught(unfinished, "cards/src/x.rs", text), [1, 2, 4]);
    assert_eq!(caught(module_names, "bot/src/utils.rs", ""), [1]);
    assert_eq!(caught(module_names, "bot/src/core/x.rs", "fn f() {}\npub mod common;\n"), [1, 2]);
    assert_eq!(caught(module_names, "bot/src/case.rs", "use std::core_of;\nmod typeset;"), [0; 0]);
}

// --- time

fn clock(source: &Source) -> Vec<String> {
    const ASKED: &[[&str; 2]] =
        &[["SystemTime", "now"], ["Utc", "now"], ["Local", "now"], ["Uuid", "now_v7"], ["Uuid", "new_v4"]];
    if CLOCKS.iter().any(|clock| source.is_in(clock)) {
        return Vec::new();
    }
    let asks = |path: &Named| ASKED.iter().any(|asked| path.has(asked));
    let what = "time and ids are passed in: take a `Timestamp`, or ask `Clock` and `Ids`";
    source.paths().iter().filter(|p| asks(p)).map(|p| fault(source, p.line, what)).collect()
}

#[test]
fn time_is_asked_of_the_clock_only() {
    enforce(clock);
}

#[test]
fn a_look_at_the_machines_clock_is_caught() {
    let text = "fn f() { std::time::SystemTime::now() }\nfn g() { let now = Utc::now; }\nuse std::time::Instant;\n";
    assert_eq!(caught(clock, "bot/src/worker.rs", text), [1, 2]);
    assert_eq!(caught(clock, "bot/src/clock.rs", text), [0; 0]);
}

// --- migrations

fn unpaired(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Vec<String> {
    let only = |here: &BTreeSet<String>, there: &BTreeSet<String>, name: &str, other: &str| {
        let missing = here.difference(there);
        missing.map(|f| format!("migrations/{name}/{f}:1: write migrations/{other}/{f} too")).collect::<Vec<_>>()
    };
    [only(sqlite, postgres, "sqlite", "postgres"), only(postgres, sqlite, "postgres", "sqlite")].concat()
}

#[test]
fn both_databases_have_the_same_migrations() {
    let files = |name: &str| -> BTreeSet<String> {
        let folder = std::fs::read_dir(root().join("migrations").join(name)).expect("a folder of migrations");
        folder.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    };
    let (sqlite, postgres) = (files("sqlite"), files("postgres"));
    assert!(!sqlite.is_empty(), "migrations/sqlite:1: no migrations");
    assert_eq!(unpaired(&sqlite, &postgres), Vec::<String>::new());
}

#[test]
fn a_migration_for_one_database_only_is_caught() {
    let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let found = unpaired(&files(&["1.sql", "2.sql"]), &files(&["1.sql", "3.sql"]));
    assert_eq!(found.len(), 2);
    assert!(found[0].contains("postgres/2.sql too") && found[1].contains("sqlite/3.sql too"), "{found:?}");
}
