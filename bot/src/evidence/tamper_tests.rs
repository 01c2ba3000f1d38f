//! Whoever touches a chain is found, and the place is named.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const CHAIN: &str = "conversation:c1";
const LEN: i64 = 7;

fn salt(seq: i64) -> [u8; 32] {
    let mut salt = [0xA5; 32];
    salt[..8].copy_from_slice(&seq.to_be_bytes());
    salt
}

/// Seals `entry` after the last of `chain`.
fn append(chain: &mut Vec<StoredRecord>, entry: &Entry) {
    let head = chain.last().map(|stored| stored.record.head());
    let salt = salt(head.map_or(1, |head| head.seq + 1));
    let case = (!chain.len().is_multiple_of(3)).then(|| format!("case-{}", chain.len() / 3));
    let at_ms = 1_767_225_600_000 + chain.len() as i64 * 1_000;
    let record = seal(CHAIN, head.as_ref(), at_ms, case.as_deref(), entry, salt);
    chain.push(StoredRecord { record, content: Some(Content { salt, payload: canonical(&entry.payload) }) });
}

fn entry(index: i64) -> Entry {
    let kinds = [Kind::CustomerSaid, Kind::Drafted, Kind::Judged, Kind::CardPosted, Kind::Decided, Kind::SendClaimed];
    let actors = [Actor::Customer, Actor::System, Actor::Policy("9f2c".into()), Actor::Person("lihua".into())];
    Entry {
        kind: kinds[index as usize % kinds.len()],
        actor: actors[index as usize % actors.len()].clone(),
        payload: json!({ "text": format!("七天无理由 {index}"), "n": index, "ok": true }),
    }
}

fn chain(len: i64) -> Vec<StoredRecord> {
    let mut chain = Vec::new();
    (0..len).for_each(|index| append(&mut chain, &entry(index)));
    chain
}

fn leaves(chain: &[StoredRecord]) -> impl Iterator<Item = (u64, Digest)> {
    chain.iter().map(|stored| (stored.record.seq as u64 - 1, stored.record.hash))
}

/// Checks rows as a reader of a table or a file does.
fn check(rows: Vec<Row>) -> Result<Head, BadPlace> {
    verify_chain(CHAIN, rows)
}

fn place(outcome: Result<Head, BadPlace>) -> (i64, Fault) {
    let bad = outcome.expect_err("tampering was not found");
    assert_eq!(bad.chain, CHAIN);
    (bad.seq, bad.what)
}

#[test]
fn an_untouched_chain_is_good_in_every_form() {
    let chain = chain(LEN);
    let head = chain.last().unwrap().record.head();
    assert_eq!(verify_chain(CHAIN, chain.clone()), Ok(head));
    assert_eq!(check(chain.iter().cloned().map(Row::from).collect()), Ok(head));
    let lines: Vec<String> = chain.iter().map(|stored| serde_json::to_string(stored).unwrap()).collect();
    let read: Vec<StoredRecord> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, chain);
}

#[test]
fn numbers_that_print_differently_elsewhere_are_kept_as_bytes() {
    let mut chain = Vec::new();
    let payload = json!({ "confidence": 0.1_f64 + 0.2, "tiny": 5e-324, "huge": u64::MAX, "whole": 1.0 });
    append(&mut chain, &Entry { kind: Kind::Judged, actor: Actor::System, payload });
    assert!(verify_chain(CHAIN, chain).is_ok());
}

#[test]
fn removal_swap_repetition_and_foreign_entries_are_named() {
    let good = chain(LEN);
    for at in 0..good.len() - 1 {
        let seq = at as i64 + 1;
        let mut removed = good.clone();
        removed.remove(at);
        assert_eq!(place(verify_chain(CHAIN, removed)), (seq, Fault::Gap { found: seq + 1 }));
        let mut swapped = good.clone();
        swapped.swap(at, at + 1);
        assert_eq!(place(verify_chain(CHAIN, swapped)), (seq, Fault::Reordered { found: seq + 1 }));
        let mut twice = good.clone();
        twice.insert(at + 1, good[at].clone());
        assert_eq!(place(verify_chain(CHAIN, twice)), (seq + 1, Fault::Reordered { found: seq }));
        let mut foreign = good.clone();
        foreign[at].record.chain = "desk".into();
        assert_eq!(place(verify_chain(CHAIN, foreign)), (seq, Fault::OtherChain { found: "desk".into() }));
    }
    assert_eq!(place(check(Vec::new())), (1, Fault::Empty));
}

#[test]
fn every_field_is_covered() {
    type Touch = fn(&mut Row);
    let touches: [(Touch, Fault); 12] = [
        (|row| row.at_ms += 1, Fault::Altered),
        (|row| row.case = None, Fault::Altered),
        (|row| row.case = Some(String::new()), Fault::Altered),
        (|row| row.kind = "rejected".into(), Fault::Altered),
        (|row| row.kind = "approved".into(), Fault::Unreadable { field: Field::Kind }),
        (|row| row.actor = "person:sunmei".into(), Fault::Altered),
        (|row| row.actor = "lihua".into(), Fault::Unreadable { field: Field::Actor }),
        (|row| row.commitment = "0".repeat(64), Fault::Altered),
        (|row| row.prev = "0".repeat(64), Fault::WrongPrev),
        (|row| row.hash = row.hash.to_uppercase(), Fault::Unreadable { field: Field::Hash }),
        (|row| row.format = 2, Fault::UnknownFormat { found: 2 }),
        (|row| row.payload = row.payload.take().map(|text| text.replace(':', ": ")), Fault::PayloadAltered),
    ];
    for (touch, fault) in touches {
        let mut rows: Vec<Row> = chain(LEN).into_iter().map(Row::from).collect();
        touch(&mut rows[4]);
        assert_eq!(place(check(rows)), (5, fault));
    }
}

#[test]
fn a_replaced_entry_breaks_the_link_behind_it() {
    let mut touched = chain(LEN);
    touched[3].record.at_ms += 60_000;
    touched[3].record.hash = touched[3].record.computed_hash();
    assert_eq!(place(verify_chain(CHAIN, touched)), (5, Fault::WrongPrev));
}

#[test]
fn an_erased_payload_needs_a_mark_behind_it() {
    let mut erased = chain(LEN);
    erased[2].content = None;
    erased[4].content = None;
    assert_eq!(place(verify_chain(CHAIN, erased.clone())), (3, Fault::PayloadMissing));
    let mark = |seqs: &[i64]| Entry::erased(Actor::Person("chenjie".into()), seqs, "asked for by the customer");
    append(&mut erased, &mark(&[3]));
    assert_eq!(place(verify_chain(CHAIN, erased.clone())), (5, Fault::PayloadMissing));
    append(&mut erased, &mark(&[5, 1]));
    assert_eq!(verify_chain(CHAIN, erased.clone()), Ok(erased[8].record.head()));
    erased[8].content = None;
    assert_eq!(place(verify_chain(CHAIN, erased)), (5, Fault::PayloadMissing));
}

#[test]
fn a_mark_erases_nothing_that_comes_later() {
    let mut marked = chain(2);
    append(&mut marked, &Entry::erased(Actor::System, &[4], "too early"));
    append(&mut marked, &entry(3));
    marked[3].content = None;
    assert_eq!(place(verify_chain(CHAIN, marked)), (4, Fault::PayloadMissing));
}

#[test]
fn half_an_erasure_is_none() {
    let mut row = Row::from(chain(1).remove(0));
    row.payload = None;
    assert_eq!(place(check(vec![row.clone()])), (1, Fault::Unreadable { field: Field::Payload }));
    row.salt = None;
    row.payload = Some("{}".into());
    assert_eq!(place(check(vec![row])), (1, Fault::Unreadable { field: Field::Salt }));
}

#[test]
fn an_unreadable_row_does_not_hide_an_earlier_fault() {
    let mut rows: Vec<Row> = chain(LEN).into_iter().map(Row::from).collect();
    rows[5].hash = "none".into();
    assert_eq!(place(check(rows.clone())), (6, Fault::Unreadable { field: Field::Hash }));
    rows[1].at_ms += 1;
    assert_eq!(place(check(rows)), (2, Fault::Altered));
}

#[test]
fn a_bad_place_is_named_in_one_line() {
    let mut rows = chain(LEN);
    rows[4].record.at_ms += 1;
    let bad = verify_chain(CHAIN, rows).unwrap_err();
    assert_eq!(bad.to_string(), "conversation:c1 #5: a field was altered");
}

/// Near misses for the fields that are hashes.
const HEX: &[char] = &['0', '1', '7', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'A', 'F'];

/// A row's fields of text, to be changed at any character.
fn texts(row: &mut Row) -> Vec<&mut String> {
    let Row { chain, case, kind, actor, commitment, prev, hash, salt, payload, .. } = row;
    let always = [chain, kind, actor, commitment, prev, hash];
    always.into_iter().chain(case).chain(salt).chain(payload).collect()
}

proptest! {
    #[test]
    fn any_changed_byte_of_any_text_is_found_where_it_is(
        at in 0..LEN, text in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(),
        new in prop_oneof![any::<char>(), prop::char::range(' ', '~'), prop::sample::select(HEX)],
    ) {
        let mut rows: Vec<Row> = chain(LEN).into_iter().map(Row::from).collect();
        let mut texts = texts(&mut rows[at as usize]);
        let pick = text.index(texts.len());
        let touched: &mut String = texts[pick];
        let before: Vec<char> = touched.chars().collect();
        let place_of = byte.index(before.len());
        prop_assume!(before[place_of] != new);
        *touched = before.iter().enumerate().map(|(i, &c)| if i == place_of { new } else { c }).collect();
        prop_assert_eq!(place_seq(check(rows)), Some(at + 1));
    }

    #[test]
    fn any_changed_number_is_found_where_it_is(at in 0..LEN, field in 0..3, new in any::<i64>()) {
        let mut rows: Vec<Row> = chain(LEN).into_iter().map(Row::from).collect();
        let row = &mut rows[at as usize];
        let touched = match field { 0 => &mut row.seq, 1 => &mut row.at_ms, _ => &mut row.format };
        prop_assume!(*touched != new);
        *touched = new;
        prop_assert_eq!(place_seq(check(rows)), Some(at + 1));
    }

    #[test]
    fn any_removal_is_found(at in 0..LEN - 1, count in 1..LEN) {
        let mut touched = chain(LEN);
        let (from, to) = (at as usize, ((at + count) as usize).min(touched.len() - 1));
        touched.drain(from..to);
        prop_assert_eq!(place_seq(verify_chain(CHAIN, touched)), Some(at + 1));
    }

    #[test]
    fn any_order_but_the_right_one_is_found(order in Just((0..LEN as usize).collect::<Vec<_>>()).prop_shuffle()) {
        let good = chain(LEN);
        let shuffled = order.iter().map(|&i| good[i].clone());
        let first = order.iter().enumerate().find(|(place, i)| place != *i).map(|(place, _)| place as i64 + 1);
        prop_assert_eq!(place_seq(verify_chain(CHAIN, shuffled)), first);
    }

    #[test]
    fn a_cut_tail_is_found_by_a_checkpoint(keep in 0..20_i64, lost in 1..20_i64, unsigned in 0..20_i64) {
        let signed = keep + lost;
        let full = chain(signed + unsigned);
        let key = SigningKey::from_seed([1; 32]).unwrap();
        let tree: Tree = full[..signed as usize].iter().map(|stored| stored.record.hash).collect();
        let checkpoint = key.sign("shop", &tree, 1);
        let cut = &full[..keep as usize];
        let expected = Err(TreeFault::Truncated { have: keep as u64, signed: signed as u64 });
        prop_assert_eq!(verify_tree(leaves(cut), [&checkpoint]), expected);
        prop_assert!(verify_tree(leaves(&full), [&checkpoint]).is_ok());
    }

    #[test]
    fn a_rewritten_chain_is_found_by_a_checkpoint(from in 0..12_usize) {
        let full = chain(12);
        let key = SigningKey::from_seed([1; 32]).unwrap();
        let tree_at = |size: usize| -> Tree { full[..size].iter().map(|stored| stored.record.hash).collect() };
        let checkpoints: Vec<_> = [4, 8, 12].map(|size| key.sign("shop", &tree_at(size), 1)).into();
        let mut rewritten = full[..from].to_vec();
        (from..12).for_each(|index| append(&mut rewritten, &entry(index as i64 + 1)));
        prop_assert!(verify_chain(CHAIN, rewritten.clone()).is_ok(), "the chain alone cannot see it");
        let stretch = (from / 4 * 4) as u64;
        let expected = Err(TreeFault::Replaced { from: stretch, to: stretch + 3 });
        prop_assert_eq!(verify_tree(leaves(&rewritten), &checkpoints), expected);
    }
}

#[test]
fn a_missing_leaf_is_named() {
    let mut cut: Vec<_> = leaves(&chain(LEN)).collect();
    cut.remove(3);
    assert_eq!(verify_tree(cut, []), Err(TreeFault::Missing { leaf: 3 }));
}

fn place_seq(outcome: Result<Head, BadPlace>) -> Option<i64> {
    outcome.err().map(|bad| bad.seq)
}
