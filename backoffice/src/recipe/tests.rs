use std::path::Path as FilePath;

use super::*;
use crate::Inputs;

const ORDER: &str = include_str!("../../recipes/order.toml");
const NOTE: &str = include_str!("../../recipes/note.toml");

/// The faults of a recipe in which one text was replaced.
fn faults(recipe: &str, old: &str, new: &str) -> Vec<Fault> {
    assert!(recipe.contains(old), "{old} is not in the recipe");
    Recipe::parse(&recipe.replacen(old, new, 1)).err().unwrap_or_default()
}

fn line_of(recipe: &str, text: &str) -> usize {
    recipe.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn the_recipes_that_come_along_are_right() {
    let recipes = Recipes::read(&FilePath::new(env!("CARGO_MANIFEST_DIR")).join("recipes")).unwrap();
    let names: Vec<&str> = recipes.iter().map(|recipe| recipe.id.name.as_str()).collect();
    assert_eq!(names, ["aftersale", "logistics", "note", "order", "order-search", "reply", "tag", "untag"]);
}

#[test]
fn the_hash_is_of_every_byte() {
    let hash = |text: &str| Recipe::parse(text).unwrap().id.hash;
    assert_eq!(hash(ORDER), hash(ORDER));
    assert_ne!(hash(ORDER), hash(&format!("{ORDER}\n")));
    assert_eq!(hash(ORDER).len(), 64);
}

#[test]
fn what_cannot_be_meant_is_refused_where_it_stands() {
    for (recipe, old, new, field, words) in [
        (ORDER, "name = \"order\"\nversion", "name = \"Order 1\"\nversion", "name", "small letters"),
        (ORDER, "version = 1", "version = 0", "version", "from 1"),
        (ORDER, "accounts = [\"flagship\"]", "accounts = [\"*\"]", "accounts", "no `*`"),
        (ORDER, "seconds = 20", "seconds = 3600", "seconds", "1 to 120"),
        (ORDER, "\".buyer-name\"", "\"[buyer\"", "blur", "bracket"),
        (ORDER, "money = \"CNY\"", "money = \"元\"", "output.is", "ISO 4217"),
        (ORDER, "integer = \"件\"", "integer = \"\"", "output.is", "unit"),
        (ORDER, "zone = \"+08:00\"", "zone = \"CST\"", "output.is", "+08:00"),
        (ORDER, "%H:%M:%S", "%H", "output.is", "%M"),
        (ORDER, "max_age_minutes = 5", "max_age_minutes = 100000", "output.max_age_minutes", "1440"),
        (ORDER, "\"/orders/{order}\"", "\"/orders/{number}\"", "page.at", "{number} is no input"),
        (ORDER, "open = { page = \"order\" }", "open = { page = \"orders\" }", "open.page", "no [[page]] named orders"),
        (ORDER, "open = { page = \"order\" }", "wait_for = { selector = \"#order\" }", "step", "first step opens"),
        (ORDER, "text = \"{order}\"", "text = \"1\"", "input.name", "another one's page"),
        (ORDER, "output = \"paid\"", "output = \"status\"", "output.name", "exactly one step"),
        (ORDER, "output = \"paid\"", "output = \"sum\"", "read.output", "no [[output]] named sum"),
        (ORDER, "count = \".item-count\", ", "", "read_table.columns", "exactly the columns"),
        (ORDER, "name = \"page\" }", "name = \"order\" }", "screenshot.name", "already"),
        (ORDER, "verification = [\"#captcha\"]", "verification = []", "signs.verification", "at least one"),
        (ORDER, "fingerprints = [\"", "fingerprints = [\"x", "page.fingerprints", "16 hex"),
        (NOTE, "method = \"POST\"", "method = \"GET\"", "write.method", "POST, PUT"),
        (NOTE, "kind = \"write\"", "kind = \"read\"", "submit", "cannot submit"),
        (
            NOTE,
            "open = { page = \"order\" }",
            "assert = { selector = \"p\", text = \"x\" }",
            "submit",
            "open a page and assert",
        ),
    ] {
        let faults = faults(recipe, old, new);
        let found = faults.iter().find(|fault| fault.field == field);
        let found = found.unwrap_or_else(|| panic!("{new}: no fault at {field}: {faults:?}"));
        assert!(found.what.contains(words), "{new}: {found}");
        assert!(found.line >= 1 && found.line <= recipe.lines().count(), "{new}: {found}");
    }
}

#[test]
fn a_fault_names_its_line() {
    let fault = faults(ORDER, "output = \"paid\"", "output = \"sum\"").into_iter().find(|f| f.field == "read.output");
    let line = line_of(ORDER, "output = \"paid\"");
    assert!(fault.is_some_and(|fault| fault.line == line || fault.line + 1 == line), "the step or its heading");
    let fault = &faults(ORDER, "version = 1", "version = 0")[0];
    assert_eq!(fault.to_string(), format!("line {}: version: count from 1", line_of(ORDER, "version = 1")));
}

#[test]
fn an_unknown_key_or_step_is_a_fault_with_its_line() {
    for (old, new, word) in [
        ("seconds = 20", "seconds = 20\nretries = 3", "retries"),
        ("optional = true", "optinal = true", "optinal"),
        ("read = { output = \"status\",", "press = { output = \"status\",", "press"),
        ("read = { output = \"status\",", "read = { outputs = \"status\",", "outputs"),
        ("dialog = ", "popup = ", "popup"),
        ("path = \"/static/*\"", "path = \"/static/*\", host = \"x\"", "host"),
        ("money = \"CNY\"", "money = \"CNY\", text = 3", ""),
        ("version = 1", "version = \"1\"", ""),
        ("path = \"/static/*\"", "path = \"static/*\"", "begins with"),
        ("path = \"/static/*\"", "path = \"/static/../*\"", "plain"),
        ("path = \"/orders/{order}\"", "path = \"/orders/{order\"", "without `}`"),
    ] {
        let faults = faults(ORDER, old, new);
        assert_eq!(faults.len(), 1, "{new}: {faults:?}");
        let line = line_of(ORDER, old);
        assert!(faults[0].line.abs_diff(line) <= 1, "{new}: line {} instead of {line}", faults[0].line);
        assert!(faults[0].what.contains(word), "{new}: {}", faults[0]);
    }
}

#[test]
fn a_read_recipe_has_nothing_that_writes() {
    let with_submit = format!("{ORDER}\n[[step]]\nsubmit = {{ selector = \"#refund\" }}\n");
    let faults = Recipe::parse(&with_submit).unwrap_err();
    assert!(faults.iter().any(|fault| fault.field == "submit"), "{faults:?}");
    let with_write =
        ORDER.replace("[signs]", "[write]\nmethod = \"POST\"\nat = { path = \"/x\" }\nbody = { form = {} }\n\n[signs]");
    assert!(Recipe::parse(&with_write).unwrap_err().iter().any(|fault| fault.field == "write"));
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        let query = format!("[[query]]\nmethod = \"{method}\"\nat = {{ path = \"/x\" }}\n\n[signs]");
        assert!(Recipe::parse(&ORDER.replace("[signs]", &query)).unwrap_err()[0].field == "query.method", "{method}");
    }
    let query = "[[query]]\nmethod = \"POST\"\nat = { path = \"/x\" }\n\n[signs]";
    assert!(Recipe::parse(&ORDER.replace("[signs]", query)).unwrap_err()[0].what.contains("states its body"));
}

#[test]
fn all_of_a_folder_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), ORDER).unwrap();
    std::fs::write(folder.path().join("readme.md"), "no recipe").unwrap();
    assert_eq!(Recipes::read(folder.path()).unwrap().iter().count(), 1);
    std::fs::write(folder.path().join("b.toml"), ORDER).unwrap();
    std::fs::write(folder.path().join("c.toml"), "name = 1").unwrap();
    std::fs::write(folder.path().join("d.toml"), NOTE.replace("[write]", "[write]\nundo = \"note-remove\"")).unwrap();
    let wrong = Recipes::read(folder.path()).unwrap_err().to_string();
    for words in
        ["b.toml: line 1: there is another recipe of this name", "c.toml: line 1:", "note-remove, which is not here"]
    {
        assert!(wrong.contains(words), "{wrong}");
    }
    let missing = Recipes::read(&folder.path().join("nowhere")).unwrap_err().to_string();
    assert!(missing.contains("cannot be read"), "{missing}");
}

#[test]
fn inputs_are_checked_before_anything_is_opened() {
    let recipe = Recipe::parse(ORDER).unwrap();
    let taken = |value: &str| Inputs::new(&recipe, [("order", value)]);
    assert_eq!(taken("202611280000010417").unwrap().get("order"), "202611280000010417");
    for wrong in ["", "12a", "1/../2", "1%2f2", "１２", "1 2", &"1".repeat(25)] {
        assert!(taken(wrong).is_err(), "{wrong}");
    }
    assert!(Inputs::new(&recipe, [("order", "1"), ("by", "x")]).unwrap_err().to_string().contains("takes no `by`"));
    assert!(Inputs::new(&recipe, [("", ""); 0]).unwrap_err().to_string().contains("needs `order`"));
    let note = Recipe::parse(NOTE).unwrap();
    assert!(Inputs::new(&note, [("order", "1"), ("note", "a\nb")]).is_ok());
    assert!(Inputs::new(&note, [("order", "1"), ("note", "a\u{7}b")]).is_err());
}

#[test]
fn facts_are_read_with_their_units_or_not_at_all() {
    let money = Kind::Money("CNY".to_owned());
    let cents = |text: &str| match money.read(text) {
        Ok(Value::Money { cents, .. }) => Some(cents),
        _ => None,
    };
    for (text, expected) in [
        ("¥1,299.00", 129_900),
        ("￥0.5", 50),
        ("-¥12", -1_200),
        (" 1299 元 ", 129_900),
        ("¥12,345,678.90", 1_234_567_890),
    ] {
        assert_eq!(cents(text), Some(expected), "{text}");
    }
    for text in ["", "¥", "1,29", "12,99.00", "1.234", "1.2.3", "约 100", "¥1 299", "1e5", "١٢", "99999999999999999999"]
    {
        assert_eq!(cents(text), None, "{text}");
    }
    let time = |zone: &str| Kind::Time { format: "%Y-%m-%d %H:%M".to_owned(), zone: zone.to_owned() };
    assert_eq!(time("+08:00").read("2026-11-28 10:30"), Ok(Value::Time { unix_ms: 1_795_833_000_000 }));
    assert_eq!(time("+00:00").read("2026-11-28 10:30"), Ok(Value::Time { unix_ms: 1_795_861_800_000 }));
    assert!(time("+08:00").read("2026-02-30 10:30").is_err() && time("+08:00").read("昨天").is_err());
    let pieces = Kind::Integer("件".to_owned());
    assert_eq!(pieces.read("2 件"), Ok(Value::Integer { amount: 2, unit: "件".to_owned() }));
    assert!(pieces.read("2 双").is_err() && pieces.read("两件").is_err());
    assert!(Kind::Choice(vec!["已发货".to_owned()]).read("已发货（部分）").is_err());
    assert!(Kind::Text(3).read("四个字了").is_err());
}

#[test]
fn what_was_found_is_put_into_words_or_nothing_is_said() {
    let recipe = Recipe::parse(include_str!("../../recipes/logistics.toml")).unwrap();
    let fact = |value| crate::Fact { value, stale_at_ms: 0 };
    let row = [("at", Value::Time { unix_ms: 1_795_572_000_000 }), ("what", Value::Text("已发往武汉".into()))];
    let row = row.map(|(name, value)| (name.to_owned(), value)).into();
    let mut facts: BTreeMap<String, crate::Fact> = [
        ("carrier".to_owned(), fact(Value::Text("中通快递".into()))),
        ("parcel".to_owned(), fact(Value::Text("ZT1".into()))),
        ("events".to_owned(), fact(Value::Table(vec![row]))),
    ]
    .into();
    assert_eq!(recipe.on_card(&facts), "中通快递 已发往武汉");
    assert_eq!(
        recipe.to_customer(&facts).unwrap(),
        "您好，您的订单由中通快递承运（运单号 ZT1），最新物流：11-25 10:00 已发往武汉。"
    );
    facts.insert("events".to_owned(), fact(Value::Table(Vec::new())));
    assert_eq!((recipe.on_card(&facts).as_str(), recipe.to_customer(&facts)), ("查物流", None));
}

#[test]
fn a_sentence_names_outputs_only() {
    for (wrong, place) in [("{nobody}", "{nobody}"), ("{events}", "{events}"), ("{carrier.x}", "{carrier.x}")] {
        let text = include_str!("../../recipes/logistics.toml").replace("{carrier} {events.what}", wrong);
        let faults = Recipe::parse(&text).unwrap_err();
        assert!(faults[0].field == "card" && faults[0].what.contains(place) && faults[0].line == 5, "{faults:?}");
    }
}
