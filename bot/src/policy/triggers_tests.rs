//! The table of triggers as a file that people edit.

use super::super::Level;
use super::*;

const NEEDED: [&str; 11] =
    ["RT-01", "RT-02", "RT-03", "RT-04", "RT-05", "RT-07", "RT-08", "RT-09", "RT-10", "RT-11", "RT-13"];

fn row(id: &str, trigger: &str, more: &str) -> String {
    format!(
        "[[row]]\nid = \"{id}\"\ntrigger = \"{trigger}\"\nrisk = \"high\"\nroute = \"supervisor\"\nside = \"both\"\n{more}\n"
    )
}

/// A complete table with this row in front.
fn table(first: &str) -> String {
    let rest = NEEDED.iter().enumerate().map(|(at, trigger)| row(&format!("r{at}"), trigger, "words = [\"某某\"]"));
    first.to_owned() + &rest.collect::<String>()
}

fn problems(text: &str) -> Vec<String> {
    Triggers::parse(text).expect_err("a broken table")
}

#[test]
fn the_shipped_table_is_sound_and_speaks_for_every_trigger() {
    let text = include_str!("triggers.toml");
    let parsed = Triggers::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(Triggers::builtin(), parsed);
    assert!(Triggers::builtin().findings(&["包邮吗".into()], &[]).is_empty());
}

#[test]
fn the_shipped_table_has_no_word_twice_in_a_row() {
    let table: toml::Table = include_str!("triggers.toml").parse().expect("TOML");
    for row in table["row"].as_array().expect("rows") {
        let words = row["words"].as_array().expect("words");
        let mut seen = std::collections::BTreeSet::new();
        let twice: Vec<_> = words.iter().filter(|word| !seen.insert(word.as_str())).collect();
        assert!(twice.is_empty(), "{:?}: {twice:?}", row["id"]);
    }
}

#[test]
fn a_table_says_what_is_wrong_with_it() {
    let cases = [
        (row("a", "RT-99", "words = [\"退款\"]"), "row 1 (a): unknown variant `RT-99`"),
        (row("a", "RT-01", "words = [\"退款\"]\ncolour = 1"), "row 1 (a): unknown field `colour`"),
        (row("a", "RT-01", ""), "row 1 (a): missing field `words`"),
        (row("a", "RT-01", "words = []"), "row 1 (a): words is empty: such a row finds nothing"),
        (row("a", "RT-01", "words = [\"退\"]"), "row 1 (a): word '退' needs at least 2 letters or digits"),
        (row("a", "RT-01", "words = [\"退款\"]\nexcept = [\"!!\"]"), "row 1 (a): word '!!' needs"),
        (row("A b", "RT-01", "words = [\"退款\"]"), "row 1 (A b): id 'A b' must be made of"),
        (row("r0", "RT-01", "words = [\"退款\"]"), "id 'r0' is used twice"),
        ("rows = 1\n".to_owned(), "line 1: unknown field `rows`"),
    ];
    for (first, problem) in cases {
        let found = problems(&table(&first));
        assert!(found.iter().any(|p| p.starts_with(problem)), "{problem}: {found:?}");
    }
    assert!(problems("[[row]\n")[0].starts_with("line 1: "), "{:?}", problems("[[row]\n"));
}

#[test]
fn no_row_lowers_what_always_needs_somebody() {
    let with = |trigger: &str, risk: &str, route: &str| {
        let row = row("a", trigger, "words = [\"某事\"]").replace("high", risk).replace("supervisor", route);
        Triggers::parse(&table(&row)).err().map(|problems| problems.join("; "))
    };
    for (trigger, risk, route, problem) in [
        ("RT-01", "low", "reviewer", "rows of RT-01 are at least \"medium\""),
        ("RT-02", "medium", "reviewer", "rows of RT-02 are at least \"high\""),
        ("RT-07", "medium", "supervisor", "rows of RT-07 are at least \"high\""),
        ("RT-01", "high", "reviewer", "high risk needs route"),
        ("RT-13", "abnormal", "reviewer", "high risk needs route"),
        ("RT-01", "medium", "permit", "route \"permit\" is not for tables"),
    ] {
        let found = with(trigger, risk, route).unwrap_or_default();
        assert!(
            found.starts_with("row 1 (a): line 1: ") && found.contains(problem),
            "{trigger} {risk} {route}: {found}"
        );
    }
    assert_eq!(with("RT-01", "medium", "reviewer"), None);
}

#[test]
fn every_problem_is_told_at_once() {
    let two = row("a", "RT-99", "words = [\"退款\"]") + &row("b", "RT-01", "words = [\"!\"]");
    assert_eq!(problems(&table(&two)).len(), 2);
}

#[test]
fn no_trigger_can_be_switched_off_by_leaving_it_out() {
    let found = problems("");
    assert_eq!(found.len(), NEEDED.len());
    assert_eq!(found[0], "no row for RT-01: every table needs one");
}

#[test]
fn the_version_changes_with_what_decides_and_only_with_that() {
    let version = |text: &str| Triggers::parse(text).expect("a table").version().to_owned();
    let plain = table(&row("a", "RT-01", "words = [\"退款\"]"));
    assert_eq!(version(&plain), version(&format!("# a comment\n\n{plain}")));
    assert_eq!(version(&plain), version(&table(&row("a", "RT-01", "words = [\"退款\"]\nnote = \"why\""))));
    assert_ne!(version(&plain), version(&table(&row("a", "RT-01", "words = [\"退款\", \"退钱\"]"))));
    assert_ne!(version(&plain), version(&table(&row("a", "RT-02", "words = [\"退款\"]"))));
    assert_eq!(version(&plain).len(), 64);
}

#[test]
fn sides_and_exceptions_hold() {
    let found = |more: &str, customer: &str, draft: &str| {
        let text = table(&row("a", "RT-01", more));
        let table = Triggers::parse(&text).expect("a table");
        table.findings(&[customer.to_owned()], &[draft.to_owned()]).len()
    };
    assert_eq!(found("words = [\"退款\"]", "退款", "好"), 1);
    assert_eq!(found("words = [\"退款\"]", "好", "退款"), 1);
    assert_eq!(found("words = [\"退款\"]\nexcept = [\"退款式\"]", "退款式", "好"), 0);
    assert_eq!(found("words = [\"退款\"]\nexcept = [\"退款式\"]", "退款式，我要退款", "好"), 1);
    let draft_only = table("").replace("side = \"both\"", "side = \"draft\"");
    let table = Triggers::parse(&draft_only).expect("a table");
    assert!(table.findings(&["某某".into()], &[]).is_empty() && !table.findings(&[], &["某某".into()]).is_empty());
}

#[test]
fn a_table_that_cannot_be_read_finds_everything() {
    let everything = Triggers::everything();
    let found = everything.findings(&["包邮吗".into()], &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].route == Route::Review(Level::Supervisor) && found[0].risk == Risk::High);
}
