//! Every back office that does not fit together has its line.

use super::*;
use crate::config::parse_desk;
use crate::policy::Intent;

/// The back office of the example, whose marks of comments are taken away.
fn example() -> String {
    let text = include_str!("../../../aijia.example.toml");
    let from = text.find("# [[stores]]").expect("the example has a back office");
    let lines = text[from..].lines().take_while(|line| line.starts_with('#'));
    let bare = lines.map(|line| line.trim_start_matches('#').trim_start());
    format!(
        "{text}\n{}",
        bare.filter(|line| line.starts_with('[') || line.contains(" = ")).collect::<Vec<_>>().join("\n")
    )
}

fn lines(from: &str, to: &str) -> Vec<String> {
    let text = example();
    let (before, office) = text.rsplit_once("[[stores]]").expect("a back office");
    assert!(office.contains(from), "{office}");
    let text = format!("{before}[[stores]]{}", office.replacen(from, to, 1));
    parse_desk(&text, "aijia.toml").err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn office(look_ups: &str) -> BackOffice {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backoffice/recipes");
    let text = format!(
        "id = \"flagship\"\nsite = \"https://seller.example.com\"\nrecipes = {:?}\nlook_ups = {look_ups}",
        recipes.to_string_lossy()
    );
    toml::from_str(&text).expect("a back office")
}

#[test]
fn the_example_is_right() {
    let desk = parse_desk(&example(), "aijia.toml").expect("the example");
    let office = desk.back_office("flagship").expect("its back office");
    assert_eq!(office.recipe_for(Intent::OrderStatus), Some("logistics"));
    assert_eq!((office.recipe_for(Intent::Product), office.account()), (None, "flagship"));
}

#[test]
fn what_does_not_fit_has_its_line() {
    let table = [
        (r#"id = "flagship""#, r#"id = "flagshop""#, "no channel serves this store"),
        ("https://seller.example.com", "http://seller.example.com", "the site is not usable"),
        ("https://seller.example.com", "https://10.0.0.1", "the site is not usable"),
        (r#"sign_in = "/login""#, r#"sign_in = "login""#, "sign_in is"),
        ("[16, 20]", "[20, 16]", "order_digits is [20, 16]"),
        ("[16, 20]", "[3, 20]", "order_digits is [3, 20]"),
        ("order_status =", "order_state =", "order_state"),
        ("private =", "privat =", "unknown key \"privat\""),
        ("https://shop.example.com", "http://shop.example.com", "the base of the API is"),
        (r#"sender_phone = "2417""#, r#"sender_phone = "24-17""#, "sender_phone is no phone"),
        (r#"sender_phone = "2417""#, r#"base = "http://poll.example.com""#, "the base of kuaidi100 is"),
        (r#"kind = "shopify""#, r#"kind = "magento""#, "magento"),
        (r#"mode = "read_only""#, r#"mode = "auto""#, "mode is \"auto\""),
        (r#"name = "tag""#, r#"name = "Tag""#, "the name is not usable"),
        (r#"name = "tag""#, r#"name = "note""#, "the name is used twice"),
        ("（#{case} {by}）", "{when}", "nothing fills {when}"),
    ];
    for (from, to, what) in table {
        let lines = lines(from, to);
        assert!(lines.len() == 1 && lines[0].contains(what), "{from} -> {to}: {lines:?}");
    }
}

#[test]
fn look_ups_name_recipes_that_look() {
    assert!(read_recipes(&office("{ order_status = \"logistics\" }"), Path::new("")).is_ok());
    let wrong = |look_ups: &str| {
        let errors = read_recipes(&office(look_ups), Path::new("")).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(wrong("{ order_status = \"logistic\" }").contains("did you mean \"logistics\""));
    assert!(wrong("{ order_status = \"note\" }").contains("which writes"));
    let elsewhere = BackOffice { account: Some("outlet".into()), ..office("{ order_status = \"logistics\" }") };
    let errors = read_recipes(&elsewhere, Path::new("")).err().unwrap_or_default();
    assert!(errors[0].to_string().contains("not for the account \"outlet\""), "{}", errors[0]);
    let acts = |action: &str| {
        let text = format!("name = \"note\"\n{action}");
        let actions = vec![toml::from_str(&text).expect("an action")];
        let errors = read_recipes(&BackOffice { actions, ..office("{}") }, Path::new("")).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(acts("recipe = \"note\"\ninputs = { note = \"{text}\" }"), "");
    assert_eq!(acts("recipe = \"reply\"\ninputs = { answer = \"{answer}\" }"), "");
    let free = acts("recipe = \"reply\"\ninputs = { answer = \"{answer} {text}\" }");
    assert!(free.contains("takes only a published answer"), "{free}");
    assert!(acts("recipe = \"note\"\ninputs = { note = \"{answer}\" }").contains("published = true"));
    assert!(acts("recipe = \"order\"").contains("which only reads"));
    assert!(acts("recipe = \"nota\"").contains("did you mean \"note\""));
    assert!(acts("recipe = \"note\"").contains("which takes note, order, and is given order"));
    let nowhere = BackOffice { recipes: "/nonexistent".into(), ..elsewhere };
    assert!(read_recipes(&nowhere, Path::new("")).is_err());
}
