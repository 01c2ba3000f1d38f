use proptest::prelude::*;

use super::*;
use crate::clock::{HOUR, MINUTE};

const NOW: Timestamp = 1_764_000_000_000;
const NONCE: &str = "00112233445566778899aabbccddeeff";

fn seal() -> Seal {
    Seal::new(&[7; 32])
}

#[test]
fn a_session_gives_its_person_until_it_ends() {
    let cookie = seal().session("李华 x;y", NOW + 8 * HOUR);
    let read = |now| seal().read_session(&cookie, now).map(|s| s.person);
    assert_eq!(read(NOW).as_deref(), Some("李华 x;y"));
    assert_eq!(read(NOW + 8 * HOUR - 1).as_deref(), Some("李华 x;y"));
    assert_eq!(read(NOW + 8 * HOUR), None);
    assert!(cookie.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.'), "safe in a cookie: {cookie}");
}

#[test]
fn another_key_reads_nothing() {
    let other = Seal::new(&[8; 32]);
    assert_eq!(other.read_session(&seal().session("lihua", NOW + HOUR), NOW), None);
    assert_eq!(other.read_state(&seal().state(81, NONCE, NOW + HOUR), NONCE, NOW), None);
    assert!(!other.is_form_token("session:x", 81, &seal().form_token("session:x", 81)));
}

#[test]
fn a_longer_life_cannot_be_written_into_a_session() {
    let cookie = seal().session("lihua", NOW + HOUR);
    let longer = cookie.replace(&(NOW + HOUR).to_string(), &(NOW + 100 * HOUR).to_string());
    assert_ne!(cookie, longer);
    assert_eq!(seal().read_session(&longer, NOW), None);
}

#[test]
fn another_person_cannot_be_written_into_a_session() {
    let cookie = seal().session("lihua", NOW + HOUR);
    let other = cookie.replace(&hex::encode("lihua"), &hex::encode("admin"));
    assert_eq!(seal().read_session(&other, NOW), None);
}

#[test]
fn a_report_is_for_its_person_and_its_week_until_it_ends() {
    let token = seal().report("chenjie", NOW, NOW + HOUR);
    assert_eq!(seal().read_report(&token, NOW), Some(("chenjie".to_owned(), NOW)));
    assert_eq!(seal().read_report(&token, NOW + HOUR), None);
    let forged = [
        token.replace(&hex::encode("chenjie"), &hex::encode("lihua")),
        token.replacen(&NOW.to_string(), &(NOW - HOUR).to_string(), 1),
        token.replace(&(NOW + HOUR).to_string(), &(NOW + 9 * HOUR).to_string()),
        seal().session("chenjie", NOW + HOUR),
    ];
    for other in forged {
        assert_eq!(seal().read_report(&other, NOW), None, "{other}");
    }
    assert!(token.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.'), "safe in an address: {token}");
}

#[test]
fn a_state_leads_to_its_case_in_its_own_browser_only() {
    let state = seal().state(81, NONCE, NOW + 10 * MINUTE);
    assert!(state.len() <= 128 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "wecom 91022: {state}");
    assert_eq!(seal().read_state(&state, NONCE, NOW), Some(81));
    assert_eq!(seal().read_state(&state, "ffeeddccbbaa99887766554433221100", NOW), None);
    assert_eq!(seal().read_state(&state, "", NOW), None);
    assert_eq!(seal().read_state(&state, NONCE, NOW + 10 * MINUTE), None);
}

#[test]
fn a_state_does_not_lead_to_another_case() {
    let state = seal().state(81, NONCE, NOW + MINUTE);
    let other = format!("{:016x}{}", 82, &state[16..]);
    assert_eq!(seal().read_state(&other, NONCE, NOW), None);
}

#[test]
fn a_form_token_fits_one_right_and_one_case() {
    let token = seal().form_token("link:aa", 81);
    assert!(seal().is_form_token("link:aa", 81, &token));
    assert!(!seal().is_form_token("link:ab", 81, &token));
    assert!(!seal().is_form_token("session:aa", 81, &token));
    assert!(!seal().is_form_token("link:aa", 82, &token));
    assert!(!seal().is_form_token("link:aa", 81, ""));
}

#[test]
fn a_signature_for_one_purpose_is_none_for_another() {
    let tag = |purpose| seal().tag(purpose, &["a", "1"]);
    assert_ne!(tag(Purpose::Session), tag(Purpose::Form));
    assert_ne!(tag(Purpose::SignIn), tag(Purpose::Form));
}

#[test]
fn fields_do_not_run_into_each_other() {
    assert_ne!(message(Purpose::Form, &["ab", "c"]), message(Purpose::Form, &["a", "bc"]));
    assert_ne!(message(Purpose::Form, &["a", ""]), message(Purpose::Form, &["a"]));
}

proptest! {
    #[test]
    fn no_changed_character_gets_through(at in 0_usize..200, with in "[0-9a-f.]") {
        let cookie = seal().session("lihua", NOW + HOUR);
        let mut changed = cookie.clone();
        let at = at % cookie.len();
        changed.replace_range(at..=at, &with);
        prop_assume!(changed != cookie);
        prop_assert_eq!(seal().read_session(&changed, NOW), None);
    }

    #[test]
    fn nothing_made_up_gets_through(text in ".{0,200}") {
        prop_assert_eq!(seal().read_session(&text, NOW), None);
        prop_assert_eq!(seal().read_state(&text, NONCE, NOW), None);
        prop_assert!(!seal().is_form_token("link:aa", 81, &text));
    }
}
