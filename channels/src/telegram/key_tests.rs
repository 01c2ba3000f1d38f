use proptest::prelude::*;

use super::*;

const GROUP: i64 = -1_001_234_567_890;

fn key(byte: u8) -> ButtonKey {
    ButtonKey::new(&vec![byte; 32].into()).unwrap()
}

fn sealed(card: &str) -> Sealed {
    Sealed { action: 2, version: 3, card: card.to_owned() }
}

#[test]
fn the_format_stays_as_it_is() {
    // Buttons of an earlier release hang under messages for as long as people scroll.
    let data = key(7).seal(GROUP, &sealed("81:7f3k")).unwrap();
    // Computed apart, by another program.
    assert_eq!(data, "AQIAAAADODE6N2YzaymoSzLLj6A4_X6afhDoAQ");
    assert_eq!(key(7).open(GROUP, &data), Ok(sealed("81:7f3k")));
}

#[test]
fn the_longest_fills_the_64_bytes() {
    let longest = sealed(&"x".repeat(MAX_CARD));
    let data = key(7).seal(GROUP, &longest).unwrap();
    assert_eq!(data.len(), super::super::MAX_DATA);
    assert_eq!(key(7).open(GROUP, &data), Ok(longest));
    assert_eq!(key(7).seal(GROUP, &sealed(&"x".repeat(MAX_CARD + 1))), Err(KeyError::Card));
    assert_eq!(key(7).seal(GROUP, &sealed("")), Err(KeyError::Card));
    assert_eq!(ButtonKey::new(&vec![1; 15].into()).err(), Some(KeyError::Short));
}

#[test]
fn a_button_copied_to_another_chat_is_refused() {
    let data = key(7).seal(GROUP, &sealed("81")).unwrap();
    for chat in [-GROUP, GROUP + 1, 42, 0] {
        assert_eq!(key(7).open(chat, &data), Err(NotOurs), "{chat}");
    }
    assert_eq!(key(8).open(GROUP, &data), Err(NotOurs));
}

#[test]
fn every_change_is_refused() {
    let data = key(7).seal(GROUP, &sealed("81:7f3k")).unwrap();
    for at in 0..data.len() {
        for other in ['A', 'B', '_', '-', '9', '='] {
            let mut changed: Vec<char> = data.chars().collect();
            let was = std::mem::replace(&mut changed[at], other);
            let changed: String = changed.into_iter().collect();
            assert_eq!(key(7).open(GROUP, &changed).is_ok(), was == other, "{at} {other}");
        }
        assert_eq!(key(7).open(GROUP, &data[..at]), Err(NotOurs));
    }
    assert_eq!(key(7).open(GROUP, &format!("{data}A")), Err(NotOurs));
    assert_eq!(key(7).open(GROUP, &format!("{data}=")), Err(NotOurs));
}

#[test]
fn another_format_under_the_same_key_is_refused() {
    for body in [&[2, 2, 0, 0, 0, 3, b'8'][..], &[1, 2, 0], &[]] {
        let data = URL_SAFE_NO_PAD.encode([body, &key(7).tag(GROUP, body)].concat());
        assert_eq!(key(7).open(GROUP, &data), Err(NotOurs), "{body:?}");
    }
}

proptest! {
    #[test]
    fn what_was_sealed_comes_back(action: u8, version: u32, card in "[a-z0-9:甲]{1,9}", chat: i64) {
        let sealed = Sealed { action, version, card };
        let data = key(7).seal(chat, &sealed).unwrap();
        prop_assert!(data.len() <= 64 && data.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        prop_assert_eq!(key(7).open(chat, &data), Ok(sealed));
    }

    #[test]
    fn nothing_else_opens(data in "[A-Za-z0-9_=-]{0,80}", chat: i64) {
        prop_assert_eq!(key(7).open(chat, &data), Err(NotOurs));
    }
}
