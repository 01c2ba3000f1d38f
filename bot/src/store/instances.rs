//! The programs that work on this database, and whether they still do. Each of them counts its own heartbeats here;
//! whether one is gone is judged by those who see its count stand still, so that no two clocks have to agree.

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// Counts one heartbeat of an instance; one that is not listed, because it is new or was given up, is listed again.
pub async fn beat(tx: &mut Tx, id: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO instances (id, beats, started_at, beat_at) VALUES ($1, 1, $2, $2)
               ON CONFLICT (id) DO UPDATE SET beats = instances.beats + 1, beat_at = excluded.beat_at";
    tx.run(sql, args![id, now]).await.map(drop)
}

/// Whether an instance is listed: what it claims is left to it.
pub async fn is_listed(tx: &mut Tx, id: &str) -> sqlx::Result<bool> {
    Ok(tx.one::<(String,)>("SELECT id FROM instances WHERE id = $1", args![id]).await?.is_some())
}

/// All instances with their heartbeats.
pub async fn all(tx: &mut Tx) -> sqlx::Result<Vec<(String, i64)>> {
    tx.all("SELECT id, beats FROM instances ORDER BY id", args![]).await
}

/// Gives up an instance whose count still is `beats`; false when it has moved since.
pub async fn give_up(tx: &mut Tx, id: &str, beats: i64) -> sqlx::Result<bool> {
    Ok(tx.run("DELETE FROM instances WHERE id = $1 AND beats = $2", args![id, beats]).await? == 1)
}

/// Takes an instance off the list that ends by itself.
pub async fn leave(tx: &mut Tx, id: &str) -> sqlx::Result<()> {
    tx.run("DELETE FROM instances WHERE id = $1", args![id]).await.map(drop)
}

/// Takes every other instance off the list: for whoever knows that nobody else works on this database.
pub async fn only(tx: &mut Tx, id: &str) -> sqlx::Result<()> {
    tx.run("DELETE FROM instances WHERE id <> $1", args![id]).await.map(drop)
}

/// Frees what belongs to instances that are gone, and says how much that was. A send that was under way is found by
/// whoever claims its row next: it becomes unknown, and is never sent again.
pub async fn free_what_nobody_has(tx: &mut Tx) -> sqlx::Result<u64> {
    let mut freed = 0;
    for sql in [
        "UPDATE inbox SET owner = NULL WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM instances)",
        "UPDATE outbox SET owner = NULL WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM instances)",
        "UPDATE accounts SET owner = NULL WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM instances)",
    ] {
        freed += tx.run(sql, args![]).await?;
    }
    if freed > 0 {
        tx.has_work();
    }
    Ok(freed)
}
