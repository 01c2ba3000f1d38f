//! Erasing what entries say: the chain still verifies, and says that it was erased, by whom and why.

use serde_json::Value;

use super::{Row, append};
use crate::app::App;
use crate::args;
use crate::evidence::{Actor, Entry, Kind};
use crate::store::Tx;

/// Why a customer's words go when they take them back.
const TAKEN_BACK: &str = "the customer took the message back";
/// Why everything about a customer goes.
const ASKED_FOR: &str = "everything about the customer was erased";

/// Erases what a customer said from the record, and every draft that came with a translation of their words; the chain
/// still verifies, and says that it was erased.
///
/// # Errors
/// When the database fails.
pub async fn erase_message(tx: &mut Tx, app: &App, chain: &str, message_seq: i64) -> anyhow::Result<()> {
    for kind in [Kind::CustomerSaid, Kind::MediaRead] {
        erase(tx, app, chain, kind, |payload| payload["seq"] == message_seq).await?;
    }
    erase(tx, app, chain, Kind::Drafted, |payload| !payload["translation"].is_null()).await?;
    Ok(())
}

/// Erases what was looked up about an order that is named in a text which its author took back, and what was collected
/// beside that text. Gives what was erased.
///
/// # Errors
/// When the database fails.
pub async fn erase_look_ups(tx: &mut Tx, app: &App, chain: &str, text: &str) -> anyhow::Result<Vec<Value>> {
    let named = |payload: &Value| payload["order"].as_str().is_some_and(|order| text.contains(order));
    let beside = |payload: &Value| payload["claim"].as_array().into_iter().flatten().any(|said| said["text"] == text);
    let mut gone = erase(tx, app, chain, Kind::LookedUp, named).await?;
    gone.extend(erase(tx, app, chain, Kind::RefundPackCollected, |pack| named(pack) || beside(pack)).await?);
    Ok(gone)
}

/// Erases what an example holds that was made of a case.
///
/// # Errors
/// When the database fails.
pub async fn erase_example(tx: &mut Tx, app: &App, chain: &str, number: i64) -> anyhow::Result<()> {
    erase(tx, app, chain, Kind::ExampleConsented, |payload| payload["number"] == number).await.map(drop)
}

/// Erases what every entry of a chain says, as one act of a person's. Gives what was erased.
///
/// # Errors
/// When the database fails.
pub async fn erase_chain(tx: &mut Tx, app: &App, chain: &str, by: &str) -> anyhow::Result<Vec<String>> {
    erase_rows(tx, app, chain, by, |_| true).await
}

/// Erases what those entries of a chain say that have one of these words in them, as one act of a person's.
///
/// # Errors
/// When the database fails.
pub async fn erase_naming(tx: &mut Tx, app: &App, chain: &str, by: &str, words: &[String]) -> anyhow::Result<()> {
    erase_rows(tx, app, chain, by, |payload| words.iter().any(|word| payload.contains(word.as_str()))).await.map(drop)
}

async fn erase(
    tx: &mut Tx,
    app: &App,
    chain: &str,
    kind: Kind,
    wanted: impl Fn(&Value) -> bool,
) -> anyhow::Result<Vec<Value>> {
    let mut gone = Vec::new();
    for row in written(tx, chain).await?.into_iter().filter(|row| row.kind == kind.as_str()) {
        let payload: Value = serde_json::from_str(row.payload.as_deref().unwrap_or("null"))?;
        if !wanted(&payload) {
            continue;
        }
        let erased = Entry::erased(Actor::Customer, &[row.seq], TAKEN_BACK);
        append(tx, app, chain, row.case_id.as_deref(), &erased).await?;
        take_away(tx, chain, row.seq).await?;
        gone.push(payload);
    }
    Ok(gone)
}

async fn erase_rows(
    tx: &mut Tx,
    app: &App,
    chain: &str,
    by: &str,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<Vec<String>> {
    let rows = written(tx, chain).await?.into_iter().filter(|row| row.kind != Kind::Erased.as_str());
    let named = rows.filter_map(|row| Some((row.seq, row.payload.filter(|payload| wanted(payload))?)));
    let (seqs, payloads): (Vec<i64>, Vec<String>) = named.unzip();
    if !seqs.is_empty() {
        let erased = Entry::erased(Actor::Person(by.to_owned()), &seqs, ASKED_FOR);
        append(tx, app, chain, None, &erased).await?;
    }
    for seq in seqs {
        take_away(tx, chain, seq).await?;
    }
    Ok(payloads)
}

/// The entries of a chain that still say something.
async fn written(tx: &mut Tx, chain: &str) -> sqlx::Result<Vec<Row>> {
    let sql = "SELECT chain, seq, at_ms, case_id, kind, actor, commitment, prev, hash, format, salt, payload
               FROM evidence WHERE chain = $1 AND payload IS NOT NULL ORDER BY seq";
    tx.all(sql, args![chain]).await
}

async fn take_away(tx: &mut Tx, chain: &str, seq: i64) -> sqlx::Result<()> {
    let sql = "UPDATE evidence SET salt = NULL, payload = NULL WHERE chain = $1 AND seq = $2";
    tx.run(sql, args![chain, seq]).await.map(drop)
}
