use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::names::{Act, CareAct, Hint, PauseScope, PlanAct, RejectReason, Risk, RowLabel};

fn file_words(text: &str) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    flatten("", text.parse().expect("a locale file is TOML"), &mut words);
    words
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name).collect()
}

fn leaves(value: &toml::Value) -> usize {
    value.as_table().map_or(1, |table| table.values().map(leaves).sum())
}

#[test]
fn every_locale_has_the_same_keys_and_placeholders_in_every_file() {
    for locale in Locale::ALL {
        for ((name, ours), (_, chinese)) in locale.files().iter().zip(Locale::ZhCn.files()) {
            let (ours, chinese) = (file_words(ours), file_words(chinese));
            let keys = |words: &BTreeMap<String, String>| words.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&ours), keys(&chinese), "{} {name}", locale.as_str());
            for (key, text) in &ours {
                assert_eq!(placeholders(text), placeholders(&chinese[key]), "{} {key}", locale.as_str());
            }
        }
    }
}

#[test]
fn locale_files_hold_nothing_but_texts_and_no_key_twice() {
    for locale in Locale::ALL {
        let mut held = 0;
        for (name, text) in locale.files() {
            let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{} {name}: {error}", locale.as_str()));
            held += leaves(&toml::Value::Table(table));
            assert!(
                file_words(text).values().all(|text| !text.trim().is_empty()),
                "{} {name}: empty text",
                locale.as_str()
            );
        }
        assert_eq!(Words::load(*locale).keys().count(), held, "{}: a key twice, or no text", locale.as_str());
    }
}

/// The literals of the sources that look like a key of the card file.
fn literals(folder: &Path, tables: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            literals(&path, tables, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.to_string_lossy().ends_with("tests.rs")
        {
            let source = std::fs::read_to_string(&path).expect("a readable source");
            let keys = source.split('"').filter(|text| {
                let table = text.split_once('.').map(|(table, _)| table);
                table.is_some_and(|table| tables.contains(table))
                    && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'_' | b'.'))
            });
            found.extend(keys.map(str::to_owned));
        }
    }
}

#[test]
fn every_key_the_cards_use_exists_and_every_one_there_is_used() {
    let card = file_words(Locale::ZhCn.files()[0].1);
    let tables = card.keys().filter_map(|key| key.split_once('.')).map(|(table, _)| table.to_owned()).collect();
    let mut used = BTreeSet::new();
    literals(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &tables, &mut used);
    used.extend(Risk::ALL.iter().map(|value| format!("risk.{}", value.as_str())));
    used.extend(RejectReason::ALL.iter().map(|value| format!("reason.{}", value.as_str())));
    used.extend(PauseScope::ALL.iter().map(|value| format!("scope.{}", value.as_str())));
    used.extend(Hint::ALL.iter().map(|value| format!("hint.{}", value.as_str())));
    used.extend(Act::ALL.iter().map(|value| format!("act.{}", value.as_str())));
    used.extend(CareAct::ALL.iter().map(|value| format!("care.{}", value.as_str())));
    used.extend(PlanAct::ALL.iter().map(|value| format!("plan.{}", value.as_str())));
    used.extend(RowLabel::ALL.iter().map(|value| format!("row.{}", value.as_str())));
    assert_eq!(used, card.into_keys().collect());
}

#[test]
fn labels_stay_inside_their_slots_and_differ() {
    fn check(labels: Vec<String>, most: usize) {
        assert!(labels.iter().all(|label| (1..=most).contains(&label.chars().count())), "{labels:?}");
        assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), labels.len(), "{labels:?}");
    }
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        check(Risk::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        check(RejectReason::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        check(PauseScope::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        check(Hint::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        check(Act::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        let by_hand = ["send", "delivered", "send_again"].map(|act| words.text(&format!("by_hand.{act}"), &[]));
        check(Act::ALL.iter().map(|value| value.label(&words)).chain(by_hand).collect(), 10);
        check(CareAct::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        check(PlanAct::ALL.iter().map(|value| value.label(&words)).collect(), 10);
        check(RowLabel::ALL.iter().map(|value| value.label(&words)).collect(), 5);
    }
}

#[test]
fn names_read_back_and_no_choice_is_none_of_them() {
    assert!(RejectReason::ALL.iter().all(|value| value.as_str().parse() == Ok(*value)));
    assert!(Hint::ALL.iter().all(|value| value.as_str().parse() == Ok(*value)));
    assert!(PauseScope::ALL.iter().all(|value| value.as_str().parse() == Ok(*value)));
    assert!(Act::ALL.iter().all(|value| value.as_str().parse() == Ok(*value)));
    assert_eq!(crate::NO_CHOICE.parse::<Hint>(), Err(UnknownName("hint")));
    assert!(crate::NO_CHOICE.parse::<RejectReason>().is_err() && crate::NO_CHOICE.parse::<PauseScope>().is_err());
    assert!(Risk::Low < Risk::Medium && Risk::High < Risk::Abnormal);
    assert_eq!(serde_json::to_value(RejectReason::OffBrandTone).expect("serialises"), "off_brand_tone");
    assert_eq!((RejectReason::ALL.len(), Hint::offered(true).len(), Hint::offered(false).len()), (9, 6, 6));
}

#[test]
fn arguments_are_filled_once_and_never_read_as_placeholders() {
    assert_eq!(fill("剩 {clock}，{clock}", &[("clock", "2:40")]), "剩 2:40，2:40");
    assert_eq!(fill("{a}{b}", &[("a", "{b}"), ("b", "x")]), "{b}x");
    assert_eq!(fill("{unknown} {", &[("a", "x")]), "{unknown} {");
    assert_eq!(fill("{{a}}", &[("a", "x")]), "{x}");
    assert_eq!(fill("a}b", &[]), "a}b");
}

#[test]
fn an_unknown_key_shows_itself() {
    let words = Words::load(Locale::default());
    assert_eq!(words.text("no.such_key", &[("a", "b")]), "no.such_key");
    assert_eq!(words.text("act.send", &[]), "发送");
    assert!(words.has("act.send") && !words.has("no.such_key"));
}

#[test]
fn locales_are_named_as_in_the_configuration() {
    assert_eq!("zh-CN".parse(), Ok(Locale::ZhCn));
    assert_eq!("en".parse(), Ok(Locale::En));
    assert!("zh-cn".parse::<Locale>().is_err() && "".parse::<Locale>().is_err());
    assert_eq!(serde_json::to_value(Locale::ZhCn).expect("serialises"), Locale::ZhCn.as_str());
}
