use proptest::prelude::*;

use super::*;

fn key(act: Act) -> Key {
    Key { case: 81, version: 2, code: "7f3k".to_owned(), act }
}

#[test]
fn a_key_is_readable_and_short() {
    assert_eq!(key(Act::Send).encode(), "send:81:2:7f3k");
    let longest = Key { case: i64::MIN, version: i64::MIN, ..key(Act::ConfirmReject) }.encode();
    assert!(longest.is_ascii() && longest.len() <= 64, "{longest}");
}

#[test]
fn any_other_spelling_is_refused() {
    let others = [
        "",
        "send",
        "send:81:2",
        "send:81:2:7f3k:",
        "send:81:2:7f3k:x",
        " send:81:2:7f3k",
        "Send:81:2:7f3k",
        "sent:81:2:7f3k",
        "send:+81:2:7f3k",
        "send:081:2:7f3k",
        "send:81:02:7f3k",
        "send:-0:2:7f3k",
        "send: 81:2:7f3k",
        "send:８１:2:7f3k",
        "send:9223372036854775808:2:7f3k",
        "send:81:2:7F3K",
        "send:81:2:7f3",
        "send:81:2:7f3kk",
        "send:81:2:7f0k",
        "send:81:2:七七",
        "none:81:2:7f3k",
        "settled",
        "settled:",
        "settled:x",
        "settled:081",
        "settled:81:2",
    ];
    for other in others {
        assert_eq!(Key::parse(other), Err(BadKey::Malformed), "{other:?}");
    }
}

#[test]
fn the_button_of_a_settled_card_says_so() {
    assert_eq!(Key::parse(&settled_key(81)), Err(BadKey::Settled { case: 81 }));
}

#[test]
fn codes_have_no_look_alikes_and_follow_the_digest() {
    let mut digest = [0; 32];
    assert_eq!(code_of(&digest), "2222");
    digest[7] = 31;
    assert_eq!(code_of(&digest), "2322");
    assert_eq!(code_of(&[0xff; 32]), "h8ap");
    assert!(!ALPHABET.iter().any(|byte| b"0o1li".contains(byte)));
    assert_eq!(ALPHABET.len(), 36 - 5);
    assert!(is_code("7f3k") && !is_code("7F3k") && !is_code("7f3") && !is_code("7f3l"));
}

proptest! {
    #[test]
    fn keys_read_back(case: i64, version: i64, digest: [u8; 32], act in proptest::sample::select(Act::ALL)) {
        let key = Key { case, version, code: code_of(&digest), act };
        prop_assert!(is_code(&key.code));
        prop_assert_eq!(Key::parse(&key.encode()), Ok(key));
    }

    #[test]
    fn what_is_read_is_what_was_written(text in "(send|edit|reject|settled)?[:0-9a-z+ -]{0,24}") {
        if let Ok(key) = Key::parse(&text) {
            prop_assert_eq!(key.encode(), text);
        }
    }
}
