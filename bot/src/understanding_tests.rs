use super::*;

fn desk(said: &[(Intent, &[&str])]) -> Desk {
    let intents =
        said.iter().map(|&(name, said)| Taught { name, said: said.iter().map(|&s| s.to_owned()).collect() }).collect();
    let mut desk: Desk = serde_json::from_str("{}").unwrap();
    desk.intents = intents;
    desk
}

fn taught() -> Understanding {
    Understanding::by_words(&desk(&[
        (Intent::Product, &["这个会扎肉吗", "贴身穿扎不扎", "刺挠不刺挠"]),
        (Intent::Complaint, &["你们这样我要找人说道说道", "这事没完", "等着瞧，没完"]),
        (Intent::Shipping, &["走哪家", "今天能走吗", "啥时候能走"]),
    ]))
}

fn of(understanding: &Understanding, texts: &[&str]) -> Intent {
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    understanding.intent_of(&texts, &[])
}

#[test]
fn without_sentences_the_built_in_words_decide() {
    let plain = Understanding::by_words(&desk(&[]));
    assert_eq!(of(&plain, &["会不会扎"]), Intent::Other);
    assert_eq!(of(&plain, &["什么时候发货"]), Intent::Shipping);
    assert!(!plain.may_learn() && !plain.asks_for_meaning());
}

#[test]
fn sentences_name_what_the_built_in_words_do_not_know() {
    assert_eq!(of(&taught(), &["穿着扎不扎肉"]), Intent::Product);
    assert_eq!(of(&taught(), &["今天走吗"]), Intent::Shipping);
}

#[test]
fn a_matter_never_looks_more_harmless_than_its_words() {
    assert_eq!(of(&taught(), &["扎肉，我要投诉"]), Intent::Complaint);
    assert_eq!(of(&taught(), &["贴身穿扎不扎", "退款"]), Intent::Refund);
}

#[test]
fn the_strictest_of_several_texts_governs() {
    assert_eq!(of(&taught(), &["今天能走吗", "这事没完"]), Intent::Complaint);
}

#[test]
fn what_fits_nowhere_stays_what_its_words_say() {
    assert_eq!(of(&taught(), &["你好"]), Intent::Greeting);
    assert_eq!(of(&taught(), &["能开发票吗"]), Intent::Invoice);
}
