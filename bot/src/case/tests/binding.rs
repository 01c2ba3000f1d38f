//! What binds a decision to bytes: the digest, its code, and which texts can be a reply at all.

use proptest::prelude::*;

use super::shapes::*;
use crate::case::{Author, Case, Decision, Event, Refusal, State, Tap, digest};
use crate::clock::MINUTE;
use crate::evidence::{Actor, Kind};

fn parts(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// Computed by another program from the definition: the format must never change under recorded approvals.
#[test]
fn the_digest_is_the_recorded_one() {
    let parts = parts(&["您好，支持七天无理由退货。", "运费由我们承担。"]);
    let expected = "4f7243e5efc1e38449fc7922a8caa3de14f1259449f75ad02b944ac87ac25abd";
    assert_eq!(digest("talk-1", 7, 3, "p1", &parts), expected);
}

#[test]
fn every_field_changes_the_digest() {
    let two = parts(&["ab", "c"]);
    let base = digest("talk-1", 7, 3, "p1", &two);
    let others = [
        digest("talk-2", 7, 3, "p1", &two),
        digest("talk-1", 8, 3, "p1", &two),
        digest("talk-1", 7, 4, "p1", &two),
        digest("talk-1", 3, 7, "p1", &two),
        digest("talk-1", 7, 3, "p2", &two),
        digest("talk-1", 7, 3, "p1", &parts(&["a", "bc"])),
        digest("talk-1", 7, 3, "p1", &parts(&["abc"])),
        digest("talk-1", 7, 3, "p1", &parts(&["c", "ab"])),
        digest("talk-1", 7, 3, "p1", &parts(&["ab", "c", ""])),
        digest("talk-1", 7, 3, "p1", &parts(&["ab", "c "])),
        digest("talk-1", 7, 3, "p1", &parts(&["ab", "C"])),
        digest("talk-1", 7, 3, "p1ab", &parts(&["c"])),
        digest("talk-1p1", 7, 3, "", &two),
        digest("talk-1", 7, 3, "p1", &[]),
    ];
    let mut all: Vec<&String> = others.iter().chain([&base]).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), others.len() + 1, "two different drafts have one digest");
}

proptest! {
    /// However a text is cut into parts, other cuts are other drafts; the same draft has the same digest.
    #[test]
    fn no_two_ways_to_cut_a_text_look_alike(text in "[a-c]{0,6}", cuts in prop::collection::vec(0..6_usize, 0..3), other in prop::collection::vec(0..6_usize, 0..3)) {
        let (one, two) = (cut(&text, cuts), cut(&text, other));
        let same = digest("talk-1", 1, 1, "p1", &one) == digest("talk-1", 1, 1, "p1", &two);
        prop_assert_eq!(same, one == two);
    }
}

fn cut(text: &str, mut at: Vec<usize>) -> Vec<String> {
    at.iter_mut().for_each(|at| *at = (*at).min(text.len()));
    at.sort_unstable();
    let starts = std::iter::once(0).chain(at.iter().copied());
    let ends = at.iter().copied().chain(std::iter::once(text.len()));
    starts.zip(ends).map(|(start, end)| text[start..end].to_owned()).collect()
}

#[test]
fn a_code_belongs_to_what_is_shown() {
    let mut case = review();
    let State::AwaitingReview(review) = &mut case.state else { panic!("{:?}", case.state) };
    let code = review.draft.code();
    assert!(cards::is_code(&code));
    review.draft.digest = "not a digest".into();
    let stranger = review.draft.code();
    assert_ne!(stranger, code, "a digest nobody computed matches no card");
    let shown = after(&self::review(), &said_nothing(2));
    assert_ne!(shown.code(), self::review().code(), "the same text as a new version has a new code");
    let (stuck, raised) = (asked_for_person(), after(&asked_for_person(), &said(3)));
    assert!(cards::is_code(&stuck.code()));
    assert_ne!(stuck.code(), raised.code());
    for nothing_shown in [drafting(), approved(), taken_over(), answered()] {
        assert_eq!(nothing_shown.code(), "", "{:?}", nothing_shown.state);
    }
}

/// The approval and its entry name the bytes, the recipient, the policy and the newest message.
#[test]
fn an_approval_names_what_was_shown() {
    let shown = review();
    let event = tap(&shown, "lihua", Decision::Send);
    let step = InForce { turn: 4, ..InForce::new() }.step(&shown, &event).unwrap();
    let (State::AwaitingReview(review), State::Sending(sending)) = (&shown.state, &step.next.state) else {
        panic!("{:?}", step.next.state)
    };
    assert_eq!(sending.draft, review.draft);
    let approval = &sending.authority;
    let expected = ("lihua", NOW, 4, review.draft.digest.as_str());
    let approver = approval.approver().unwrap();
    assert_eq!((approver, approval.at(), approval.turn(), approval.digest()), expected);
    let [decided] = step.evidence.as_slice() else { panic!("{:?}", step.evidence) };
    assert_eq!((decided.kind, &decided.actor), (Kind::Decided, &Actor::Person("lihua".into())));
    let named = &decided.payload;
    assert_eq!(named["parts"], serde_json::json!(["一", "二"]));
    assert_eq!(named["conversation"], "talk-1");
    assert_eq!((&named["watermark"], &named["version"]), (&1.into(), &1.into()));
    assert_eq!((&named["policy"], &named["digest"]), (&"p1".into(), &review.draft.digest.clone().into()));
    assert_eq!(named["code"], review.draft.code());
}

#[test]
fn a_late_tap_is_told_who_decided() {
    let shown = review();
    let done = after(&shown, &tap(&shown, "lihua", Decision::Send));
    let again = InForce::new().step(&done, &tap(&shown, "lihua", Decision::Send));
    let Err(Refusal::AlreadyDone(decided)) = again else { panic!("{again:?}") };
    assert_eq!((decided.by.as_str(), decided.act, decided.version, decided.at), ("lihua", cards::Act::Send, 1, NOW));
    for (person, decision) in [("zhaoliu", Decision::Send), ("lihua", reject(false)), ("wangwu", Decision::TakeOver)] {
        let late = InForce::new().step(&done, &tap(&shown, person, decision));
        assert!(matches!(&late, Err(Refusal::AlreadyDecided(by)) if by.by == "lihua"), "{late:?}");
    }
}

#[test]
fn what_cannot_be_a_reply_is_refused() {
    let (full, over) = ("字".repeat(682), "字".repeat(683));
    let cases: [(&[&str], bool); 8] = [
        (&["好的"], true),
        (&["一", "二", "三"], true),
        (&[&full], true),
        (&[&over], false),
        (&[], false),
        (&["一", "二", "三", "四"], false),
        (&["一", ""], false),
        (&[" \n\u{3000}"], false),
    ];
    for (texts, fits) in cases {
        let shown = review();
        let edited = InForce::new().step(&shown, &tap(&shown, "lihua", edit(texts)));
        assert_eq!(edited.is_ok(), fits, "{texts:?}: {edited:?}");
        let brought = after(&drafting(), &drafted(1, reply(texts, REVIEWER)));
        assert_eq!(matches!(brought.state, State::AwaitingReview(_)), fits, "{texts:?}: {:?}", brought.state);
    }
}

/// An edit comes back as a new version that names its author, and the older card decides nothing any more.
#[test]
fn an_edit_must_be_approved_as_shown() {
    let shown = review();
    let step = InForce::new().step(&shown, &tap(&shown, "lihua", edit(&["改过"]))).unwrap();
    let State::AwaitingReview(edited) = &step.next.state else { panic!("{:?}", step.next.state) };
    assert_eq!(edited.draft.parts, ["改过"]);
    assert_eq!(edited.draft.author, Author::Person { id: "lihua".into() });
    assert_eq!(edited.draft.digest, digest("talk-1", 2, 1, "p1", &edited.draft.parts));
    let entry = &step.evidence[0];
    assert_eq!((&entry.payload["before"], &entry.payload["after"]), (&["一", "二"].into(), &["改过"].into()));
    let old = InForce::new().step(&step.next, &tap(&shown, "zhaoliu", Decision::Send));
    assert_eq!(old, Err(Refusal::Outdated { current: 2 }));
    let new_number_old_code = with_code(&step.next, &shown.code());
    assert_eq!(InForce::new().step(&step.next, &new_number_old_code), Err(Refusal::WrongCode));
}

fn with_code(case: &Case, code: &str) -> Event {
    let decision = Decision::Send;
    Event::Tapped(Tap { person: "lihua".into(), version: case.version, code: code.into(), decision })
}

/// What is shown is stamped with what is in force now, whatever drafting brought along.
#[test]
fn version_digest_and_watermark_are_given_by_the_core() {
    let mut draft = proposal(&["一"], REVIEWER);
    (draft.version, draft.watermark, draft.digest) = (99, 98, "forged".into());
    let next = after(&drafting(), &drafted(1, crate::case::Drafted::Reply(Box::new(draft))));
    let State::AwaitingReview(review) = &next.state else { panic!("{:?}", next.state) };
    assert_eq!((review.draft.version, review.draft.watermark, next.version), (1, 1, 1));
    assert_eq!(review.draft.digest, digest("talk-1", 1, 1, "p1", &review.draft.parts));
    assert_eq!(review.due, NOW + 10 * MINUTE);
}
