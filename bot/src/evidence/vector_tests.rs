//! The fixed examples for other implementations: whoever changes the format has to change them knowingly.

use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    format: u8,
    canonical: Vec<Canonical>,
    commitment: Commitment,
    chain: Chain,
    tree: Vec<Root>,
    checkpoint: Signed,
}

#[derive(Deserialize)]
struct Canonical {
    payload: Value,
    text: String,
}

#[derive(Deserialize)]
struct Commitment {
    salt: String,
    payload: String,
    commitment: String,
}

#[derive(Deserialize)]
struct Chain {
    name: String,
    rows: Vec<Row>,
    encoded_first: String,
    head: String,
}

#[derive(Deserialize)]
struct Root {
    leaves: Vec<String>,
    root: String,
}

#[derive(Deserialize)]
struct Signed {
    seed: String,
    public_key: String,
    line: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn digest(hex: &str) -> Digest {
    digest_from_hex(hex).unwrap()
}

#[test]
fn payloads_are_written_as_fixed() {
    assert_eq!(vectors().format, FORMAT);
    for example in vectors().canonical {
        assert_eq!(canonical(&example.payload), example.text);
    }
    let example = vectors().commitment;
    assert_eq!(commit(&digest(&example.salt), &example.payload), digest(&example.commitment));
}

#[test]
fn entries_are_hashed_as_fixed() {
    let chain = vectors().chain;
    let mut prev: Option<Head> = None;
    for row in &chain.rows {
        let stored = StoredRecord::try_from(row.clone()).unwrap();
        let Content { salt, payload } = stored.content.unwrap();
        let (kind, actor) = (stored.record.kind, stored.record.actor.clone());
        let entry = Entry { kind, actor, payload: serde_json::from_str(&payload).unwrap() };
        let sealed = seal(&chain.name, prev.as_ref(), row.at_ms, row.case.as_deref(), &entry, salt);
        assert_eq!(sealed, stored.record);
        prev = Some(sealed.head());
    }
    assert_eq!(prev.map(|head| head.hash), Some(digest(&chain.head)));
    assert_eq!(leaf_hash(&hex::decode(chain.encoded_first).unwrap()), digest(&chain.rows[0].hash));
    assert_eq!(verify_chain(&chain.name, chain.rows).ok(), prev);
}

#[test]
fn trees_grow_as_fixed() {
    for example in vectors().tree {
        let tree: Tree = example.leaves.iter().map(|leaf| digest(leaf)).collect();
        assert_eq!(hex::encode(tree.root()), example.root, "{} leaves", example.leaves.len());
    }
}

#[test]
fn checkpoints_are_signed_as_fixed() {
    let example = vectors().checkpoint;
    let key = SigningKey::from_seed(digest(&example.seed)).unwrap();
    assert_eq!(key.verifying_key().to_string(), example.public_key);
    let tree: Tree = vectors().chain.rows.iter().map(|row| digest(&row.hash)).collect();
    assert_eq!(key.sign("shanchajia", &tree, 1_767_225_660_000).to_string(), example.line);
    let read: Checkpoint = example.line.parse().unwrap();
    assert_eq!(read.verify(&key.verifying_key()), Ok(()));
}
