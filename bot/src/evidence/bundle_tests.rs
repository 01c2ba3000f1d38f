//! Bundles: what was put in verifies, and whatever is touched is found.

use serde_json::json;

use super::*;

/// A chain of two cases of one conversation, in a tree with another chain.
fn bundle() -> (Bundle, SigningKey) {
    let key = SigningKey::from_seed([7; 32]).unwrap();
    let (mut prev, mut rows, mut leaves) = (None, Vec::new(), Vec::new());
    for n in 0..12_u8 {
        let case = if n < 5 { "first" } else { "second" };
        let entry =
            Entry { kind: Kind::CustomerSaid, actor: Actor::Customer, payload: json!({ "text": "话", "n": n }) };
        let record = seal("conversation:c", prev.as_ref(), 1_000 + i64::from(n), Some(case), &entry, [n; 32]);
        prev = Some(record.head());
        leaves.push(leaf_hash(&[n]));
        let content = Content { salt: [n; 32], payload: canonical(&entry.payload) };
        rows.push((Row::from(StoredRecord { record: record.clone(), content: Some(content) }), leaves.len() as u64));
        leaves.push(record.hash);
    }
    let tree: Tree = leaves.iter().copied().collect();
    let checkpoint = key.sign("shop", &tree, 2_000);
    (Bundle::of("second", 8, rows, &leaves, &checkpoint, &key.verifying_key()), key)
}

#[test]
fn a_bundle_proves_its_case_and_keeps_the_others_to_itself() {
    let (bundle, key) = bundle();
    let read: Bundle = serde_json::from_str(&serde_json::to_string(&bundle).unwrap()).unwrap();
    assert_eq!(read.verify(Some(&key.verifying_key())).map(|sealed| sealed.size), Ok(24));
    let shown = |case: &str| {
        let of = read.entries.iter().filter(|proven| proven.entry.case.as_deref() == Some(case));
        of.filter(|proven| proven.entry.payload.is_some()).count()
    };
    assert_eq!((shown("first"), shown("second")), (0, 7));
}

#[test]
fn whatever_is_touched_is_found() {
    type Touch = fn(&mut Bundle);
    type Expected = fn(&BadBundle) -> bool;
    let touches: [(Touch, Expected); 10] = [
        (|b| b.format = "another/1".into(), |bad| *bad == BadBundle::UnknownFormat),
        (|b| b.key = "00".repeat(32), |bad| matches!(bad, BadBundle::Checkpoint(BadCheckpoint::OtherKey))),
        (|b| b.checkpoint = b.checkpoint.replace("size=24", "size=25"), |bad| matches!(bad, BadBundle::Checkpoint(_))),
        (|b| b.entries[8].entry.payload = Some("{}".into()), |bad| matches!(bad, BadBundle::Chain(_))),
        (|b| b.entries[2].entry.at_ms += 1, |bad| matches!(bad, BadBundle::Chain(_))),
        (|b| drop(b.entries.remove(6)), |bad| matches!(bad, BadBundle::Chain(_))),
        (|b| b.entries[9].entry.payload = None, |bad| matches!(bad, BadBundle::Chain(_))),
        (|b| b.entries[7].leaf = 3, |bad| *bad == BadBundle::NotInTree { seq: 8 }),
        (|b| drop(b.entries[7].proof.pop()), |bad| *bad == BadBundle::NotInTree { seq: 8 }),
        (|b| b.case = "third".into(), |bad| *bad == BadBundle::NoCase),
    ];
    for (n, (touch, expected)) in touches.into_iter().enumerate() {
        let (mut bundle, _) = bundle();
        touch(&mut bundle);
        let found = bundle.verify(None);
        assert!(found.as_ref().is_err_and(expected), "touch {n}: {found:?}");
    }
}

#[test]
fn another_key_than_wanted_is_refused() {
    let (bundle, _) = bundle();
    let other = SigningKey::from_seed([8; 32]).unwrap().verifying_key();
    assert_eq!(bundle.verify(Some(&other)).map(|_| ()), Err(BadBundle::OtherKey));
}
