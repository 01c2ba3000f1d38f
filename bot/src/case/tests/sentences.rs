//! What people are told: sentences by key, put into words when they are said.

use std::collections::BTreeSet;

use cards::words::{Locale, Words};

use super::shapes::desk;
use crate::case::{Decided, Ending, Fill, Refusal, Say, Why, act_key};
use crate::policy::{Denied, DeniedWhy, Power};

fn decided() -> Decided {
    Decided { version: 3, act: cards::Act::Send, by: "lihua".into(), at: 0, by_hand: false }
}

fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::NotPermitted(Denied { power: Power::Decide, why: DeniedWhy::ReadsOnly }),
        Refusal::UnknownPerson,
        Refusal::AlreadyDecided(decided()),
        Refusal::AlreadyDone(decided()),
        Refusal::Outdated { current: 2 },
        Refusal::WrongCode,
        Refusal::NotTheHolder,
        Refusal::NothingToSend,
        Refusal::Paused { by: "chenjie".into() },
        Refusal::QuotaGone,
        Refusal::Closed,
        Refusal::HandedOver { to: "zhaoliu".into() },
        Refusal::OnItsWay,
        Refusal::StillDrafting,
        Refusal::NobodyAbove,
        Refusal::BadText,
        Refusal::InDoubt,
        Refusal::NothingInDoubt,
        Refusal::CarriedBy { asker: "zhaoliu".into() },
        Refusal::InHand,
        Refusal::Overtaken,
    ]
}

#[test]
fn every_refusal_has_words_of_its_own_that_leave_nothing_open() {
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        let mut said = BTreeSet::new();
        for refusal in refusals() {
            let say = refusal.say(81);
            assert!(words.has(&say.key), "{locale:?}: {}", say.key);
            assert!(words.has(refusal.key()), "{locale:?}: {}", refusal.key());
            let text = say.in_words(&words, &desk());
            assert!(!text.contains(['{', '}']), "{locale:?}: {text}");
            assert!(said.insert(text), "{refusal:?} is said like another");
        }
    }
}

#[test]
fn people_are_named_and_acts_are_in_words() {
    let words = Words::load(Locale::ZhCn);
    let text = Refusal::AlreadyDecided(decided()).say(81).in_words(&words, &desk());
    assert!(text.contains("#81"), "{text}");
    assert!(text.contains("LIHUA"), "the name, not the id: {text}");
    assert!(text.contains(&words.text("done.send", &[])), "{text}");
    let text = Refusal::HandedOver { to: "somebody".into() }.say(81).in_words(&words, &desk());
    assert!(text.contains("somebody"), "a member nobody configured is named by id: {text}");
}

#[test]
fn every_word_a_case_knows_is_in_every_language() {
    use cards::Act;
    let acts = Act::ALL.iter().flat_map(|act| [act_key(*act, false), act_key(*act, true)]);
    let endings = [Ending::Answered, Ending::Rejected, Ending::WindowLost, Ending::AnsweredByPerson, Ending::Withdrawn];
    let whys = [
        Why::NoAnswer,
        Why::HumanOnly,
        Why::AskedForPerson,
        Why::DraftFailed,
        Why::Rejected,
        Why::SendRefused,
        Why::SendUnknown,
        Why::NotDelivered,
        Why::Forbidden,
        Why::QuotaGone,
        Why::ReadOnly,
    ];
    let keys: Vec<&str> = acts.chain(endings.map(Ending::key)).chain(whys.map(Why::key)).collect();
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        let missing: Vec<&&str> = keys.iter().filter(|key| !words.has(key)).collect();
        assert!(missing.is_empty(), "{locale:?}: {missing:?}");
    }
}

#[test]
fn a_sentence_keeps_what_fills_it_apart() {
    let say = Say::new("told.done").with("number", 81).with_key("act", "done.send").with_person("by", "lihua");
    let fills = [
        ("number".to_owned(), Fill::Text("81".into())),
        ("act".to_owned(), Fill::Key("done.send".into())),
        ("by".to_owned(), Fill::Person("lihua".into())),
    ];
    assert_eq!(say.args, fills);
    let json = serde_json::to_string(&say).unwrap();
    assert_eq!(serde_json::from_str::<Say>(&json).unwrap(), say);
}

/// What a customer wrote fills a place as it is: it opens no other place.
#[test]
fn words_that_look_like_places_stay_words() {
    let words = Words::load(Locale::ZhCn);
    let text = Say::new("told.done").with("number", "{act}").with("act", "{number}").in_words(&words, &desk());
    assert_eq!(text, "#{act} {number}。");
}

#[test]
fn an_unknown_key_shows_itself() {
    let words = Words::load(Locale::En);
    assert_eq!(Say::new("no such sentence").in_words(&words, &desk()), "no such sentence");
}
