//! Checkpoints: what is written reads back, and nothing else does.

use proptest::prelude::*;

use super::super::merkle::leaf_hash;
use super::*;

fn key() -> SigningKey {
    SigningKey::from_seed([7; 32]).unwrap()
}

fn tree(size: u64) -> Tree {
    (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

#[test]
fn a_checkpoint_survives_a_chat_and_a_file() {
    let checkpoint = key().sign("shanchajia", &tree(5), 1_767_225_600_000);
    let line = checkpoint.to_string();
    assert!(!line.contains('\n'));
    assert!(line.starts_with("aijia-checkpoint/1 origin=shanchajia size=5 root="), "{line}");
    let read = Checkpoint::parse(&format!("{line}\r\n")).unwrap();
    assert_eq!(read, checkpoint);
    assert_eq!(read.verify(&key().verifying_key()), Ok(()));
}

#[test]
fn an_origin_cannot_break_the_line() {
    for (origin, written) in [
        ("山茶家 flag\nship", "----flag-ship"),
        ("a=b size=9", "a-b-size-9"),
        ("x.y:8080/z@w", "x.y:8080/z@w"),
        ("", ""),
    ] {
        let checkpoint = key().sign(origin, &tree(1), 0);
        assert_eq!(checkpoint.origin, written);
        assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    }
    assert_eq!(key().sign(&"a".repeat(1_000), &tree(1), 0).origin.len(), ORIGIN_MAX);
}

#[test]
fn another_key_is_told_from_a_forgery() {
    let checkpoint = key().sign("shop", &tree(5), 1);
    let other = SigningKey::from_seed([8; 32]).unwrap();
    assert_eq!(checkpoint.verify(&other.verifying_key()), Err(BadCheckpoint::OtherKey));
    let claimed = Checkpoint { key_id: other.verifying_key().id(), ..checkpoint.clone() };
    assert_eq!(claimed.verify(&other.verifying_key()), Err(BadCheckpoint::BadSignature));
    let grown = Checkpoint { size: 6, ..checkpoint };
    assert_eq!(grown.verify(&key().verifying_key()), Err(BadCheckpoint::BadSignature));
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    let line = key().sign("shop", &tree(5), 1).to_string();
    for bad in [
        String::new(),
        line.replace("checkpoint/1", "checkpoint/2"),
        line.replace("size=5", "size=05"),
        line.replace("size=5", "size=+5"),
        line.replace("size=5", "size=-5"),
        line.replace(" size", "  size"),
        line.replace("origin", "Origin"),
        line.split(" sig=").next().unwrap().to_owned(),
        format!("{line} more"),
        format!("{line}\n{line}"),
    ] {
        assert_eq!(Checkpoint::parse(&bad), Err(BadCheckpoint::Unreadable), "{bad}");
    }
}

#[test]
fn a_rolled_back_record_is_older_than_its_checkpoint() {
    let checkpoint = key().sign("shop", &tree(5), 1);
    assert!(checkpoint.newer_than(&tree(4)));
    assert!(!checkpoint.newer_than(&tree(5)));
    assert!(!checkpoint.newer_than(&tree(6)));
}

#[test]
fn keys_are_written_and_never_shown() {
    let public = key().verifying_key();
    assert_eq!(public.to_string().parse(), Ok(public));
    assert_eq!("xy".parse::<VerifyingKey>(), Err(BadKey));
    assert_eq!(format!("{:?}", key()), format!("SigningKey({})", public.id()));
}

proptest! {
    #[test]
    fn any_changed_byte_of_the_line_is_found(pick in any::<prop::sample::Index>(), new in 0x20_u8..0x7f) {
        let line = key().sign("shop", &tree(9), 1_767_225_600_000).to_string();
        let mut bytes = line.clone().into_bytes();
        let at = pick.index(bytes.len());
        prop_assume!(bytes[at] != new);
        bytes[at] = new;
        let changed = String::from_utf8(bytes).unwrap();
        let trusted = Checkpoint::parse(&changed).and_then(|c| c.verify(&key().verifying_key()));
        // White space around the line is not part of it.
        prop_assert!(trusted.is_err() || changed.trim() == line);
    }
}
