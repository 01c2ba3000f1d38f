//! The vectors were computed by script and checked against the reference libraries of Standard Webhooks. Their keys are
//! public: never use them.

use proptest::prelude::*;

use super::*;

const ONE: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const TWO: &str = "whsec_7PhO9Z1uNHKtNuFLiagLTJHwKhrRexX/sV0/WVex34o=";
const THREE: &str = "whsec_paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWl";
const FIRST: &[u8] = br#"{"type":"message.created","timestamp":"2026-01-01T00:00:00Z","data":{"text":"hello"}}"#;
const FIRST_SIGNED: &str = "v1,VXvwTw6i1PjKHsp1I1BvxfObEBytXv1fKjBcvErHl9w=";
/// With a number that another writer would write differently, and a line feed at its end.
const SECOND: &str = "{\"type\":\"message.created\",\"timestamp\":\"2026-01-02T00:00:00Z\",\"data\":{\"text\":\"我的快递到哪了？\",\"n\":1.50}}\n";
const SECOND_SIGNED: &str = "v1,/ieLcJVQE697W99SBw0vPvXMRTE570LONY/ry/rMKWo=";
const BOTH_SIGNED: &str =
    "v1,PxC6xRwbgiRwLu+Kw9X2zsU0/t3ZLOfAlvX23h6Q9z8= v1,/ieLcJVQE697W99SBw0vPvXMRTE570LONY/ry/rMKWo=";

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn first(signature: &str) -> Headers<'_> {
    Headers { id: "msg_demo_0001", timestamp: "1767225600", signature }
}

fn checked(key_text: &str, headers: Headers<'_>, body: &[u8], now: i64) -> Result<(), BadSignature> {
    verify(&[key(key_text)], headers, body, now)
}

#[test]
fn the_vectors_are_signed_and_verified() {
    assert_eq!(FIRST.len(), 85);
    assert_eq!(key(ONE).sign("msg_demo_0001", 1_767_225_600, FIRST), FIRST_SIGNED);
    assert_eq!(SECOND.len(), 114);
    assert_eq!(key(TWO).sign("msg_demo_0002", 1_767_312_000, SECOND.as_bytes()), SECOND_SIGNED);
    let empty = "v1,N3RFNAv5ZTLYbQ2BY9okIlebAnU19EsBqlnIFSft/gs=";
    assert_eq!(key(THREE).sign("msg_demo_0003", 1_767_398_400, b""), empty);
    assert_eq!(checked(ONE, first(FIRST_SIGNED), FIRST, 1_767_225_600), Ok(()));
    let third = Headers { id: "msg_demo_0003", timestamp: "1767398400", signature: empty };
    assert_eq!(checked(THREE, third, b"", 1_767_398_400), Ok(()));
}

#[test]
fn either_key_verifies_while_keys_are_changed() {
    let headers = Headers { id: "msg_demo_0002", timestamp: "1767312000", signature: BOTH_SIGNED };
    for text in [ONE, TWO] {
        assert_eq!(checked(text, headers, SECOND.as_bytes(), 1_767_312_000), Ok(()));
    }
    let only_new = Headers { signature: SECOND_SIGNED, ..headers };
    assert_eq!(verify(&[key(ONE), key(TWO)], only_new, SECOND.as_bytes(), 1_767_312_000), Ok(()));
    assert_eq!(checked(ONE, only_new, SECOND.as_bytes(), 1_767_312_000), Err(BadSignature::NoMatch));
}

#[test]
fn the_tolerance_is_inclusive() {
    for (late, answer) in [
        (0, Ok(())),
        (300, Ok(())),
        (-300, Ok(())),
        (301, Err(BadSignature::TooOld)),
        (-301, Err(BadSignature::TooNew)),
    ] {
        assert_eq!(checked(ONE, first(FIRST_SIGNED), FIRST, 1_767_225_600 + late), answer, "{late} s");
    }
}

#[test]
fn nothing_but_the_signed_bytes_is_taken() {
    let now = 1_767_225_600;
    let mut other = FIRST.to_vec();
    other[20] ^= 1;
    assert_eq!(checked(ONE, first(FIRST_SIGNED), &other, now), Err(BadSignature::NoMatch));
    assert_eq!(checked(TWO, first(FIRST_SIGNED), FIRST, now), Err(BadSignature::NoMatch));
    let renamed = Headers { id: "msg_demo_0002", ..first(FIRST_SIGNED) };
    assert_eq!(checked(ONE, renamed, FIRST, now), Err(BadSignature::NoMatch));
    let later = Headers { timestamp: "1767225601", ..first(FIRST_SIGNED) };
    assert_eq!(checked(ONE, later, FIRST, now), Err(BadSignature::NoMatch));
    assert_eq!(verify(&[], first(FIRST_SIGNED), FIRST, now), Err(BadSignature::NoMatch));
    let rewritten = SECOND.replace("1.50", "1.5");
    let second = Headers { id: "msg_demo_0002", timestamp: "1767312000", signature: SECOND_SIGNED };
    assert_eq!(checked(TWO, second, rewritten.as_bytes(), 1_767_312_000), Err(BadSignature::NoMatch));
    assert_eq!(checked(TWO, second, SECOND.trim_end().as_bytes(), 1_767_312_000), Err(BadSignature::NoMatch));
}

#[test]
fn other_versions_and_broken_entries_are_passed_over() {
    let now = 1_767_225_600;
    let with = |before: &str| format!("{before} {FIRST_SIGNED}");
    for before in ["v1a,AAAA", "nonsense", "v1,", "v1,%%%", "", "v1,VXvwTw6i1PjKHsp1"] {
        assert_eq!(checked(ONE, first(&with(before)), FIRST, now), Ok(()), "{before:?}");
    }
    for alone in ["", "v1", FIRST_SIGNED.trim_start_matches("v1,"), &FIRST_SIGNED.replace("v1", "v2")] {
        assert_eq!(checked(ONE, first(alone), FIRST, now), Err(BadSignature::NoMatch), "{alone:?}");
    }
    let unpadded = FIRST_SIGNED.trim_end_matches('=');
    assert_eq!(checked(ONE, first(unpadded), FIRST, now), Ok(()));
}

#[test]
fn ids_and_timestamps_have_one_form() {
    let signed = |id: &'static str, timestamp: &'static str| {
        checked(ONE, Headers { id, timestamp, signature: FIRST_SIGNED }, FIRST, 1_767_225_600)
    };
    for id in ["", "a.b", "a b", "信", "a\n"] {
        assert_eq!(signed(id, "1767225600"), Err(BadSignature::Id), "{id:?}");
    }
    for timestamp in ["", "+1767225600", "-1", "1767225600.0", " 1767225600", "1e9", "99999999999999999999"] {
        assert_eq!(signed("msg_demo_0001", timestamp), Err(BadSignature::Timestamp), "{timestamp:?}");
    }
}

#[test]
fn keys_are_read_with_and_without_prefix_and_padding_and_never_shown() {
    let bare = ONE.trim_start_matches("whsec_").trim_end_matches('=');
    let again = key(bare).sign("msg_demo_0001", 1_767_225_600, FIRST);
    assert_eq!(again, FIRST_SIGNED);
    assert_eq!(Key::parse("whsec_").err(), Some(KeyError::Length { found: 0 }));
    assert_eq!(Key::parse("whsec_AAAA").err(), Some(KeyError::Length { found: 3 }));
    assert_eq!(Key::parse("whsec_密钥").err(), Some(KeyError::Encoding));
    assert!(!format!("{:?}", key(ONE)).contains("AAEC"));
}

proptest! {
    #[test]
    fn what_is_signed_is_verified_and_nothing_panics(
        secret in proptest::collection::vec(any::<u8>(), 24..=64),
        id in "[!-~]{1,40}",
        body in proptest::collection::vec(any::<u8>(), 0..300),
        noise in "\\PC{0,60}",
        at in 0_i64..4_000_000_000,
    ) {
        let key = Key::parse(&BASE64.encode(&secret)).unwrap();
        let id = id.replace('.', "_");
        let signature = format!("{noise} {}", key.sign(&id, at, &body));
        let timestamp = at.to_string();
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        prop_assert_eq!(verify(std::slice::from_ref(&key), headers, &body, at), Ok(()));
        let _ = verify(std::slice::from_ref(&key), Headers { id: &noise, timestamp: &noise, signature: &noise }, &body, at);
    }
}
