//! Which row of a lane is next. The first undone row of a lane is its head, and only heads are claimed: looking for
//! work costs the same however much waits.

use std::collections::BTreeSet;

use super::Tx;
use super::queue::Door;
use crate::args;

/// Finds the heads of the lanes that were touched in this transaction; the last thing before its commit. Whoever adds to
/// a lane and whoever finishes in it do this one after the other, so that the later one sees what the earlier one left.
pub(super) async fn settle(tx: &mut Tx) -> anyhow::Result<()> {
    let touched = tx.touched();
    let alone = tx.either("", ALONE);
    if !touched.is_empty() && !alone.is_empty() {
        let names: BTreeSet<&str> = touched.iter().map(|(_, lane)| lane.as_str()).collect();
        tx.run(alone, args![serde_json::to_string(&names)?]).await?;
    }
    for door in [Door::Inbox, Door::Outbox] {
        let lanes: Vec<&str> = touched.iter().filter(|(of, _)| *of == door).map(|(_, lane)| lane.as_str()).collect();
        if !lanes.is_empty() {
            promote(tx, door, &serde_json::to_string(&lanes)?).await?;
        }
    }
    Ok(())
}

/// Sorted, so that two units never wait for each other; nothing else is locked afterwards.
const ALONE: &str = "SELECT pg_advisory_xact_lock(hashtextextended(lane, 20261128)) FROM (
    SELECT lane FROM json_array_elements_text(CAST($1 AS json)) AS listed (lane) ORDER BY lane) AS sorted";

/// A head in work is head already, and is left alone: its worker may hold it. As an array on PostgreSQL, which otherwise
/// may read the whole table to compare it with the few.
macro_rules! promote_sql {
    ($table:literal, $chosen:literal, $lanes:literal, $end:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET head = TRUE WHERE NOT head AND ",
            $chosen,
            "SELECT (SELECT MIN(id) FROM ",
            $table,
            " WHERE lane = listed.value AND done_at IS NULL) FROM ",
            $lanes,
            $end
        )
    };
}

macro_rules! promote_sqls {
    ($table:literal) => {
        (
            promote_sql!($table, "id IN (", "json_each($1) AS listed", ")"),
            promote_sql!(
                $table,
                "id = ANY (ARRAY (",
                "json_array_elements_text(CAST($1 AS json)) AS listed (value)",
                "))"
            ),
        )
    };
}

async fn promote(tx: &mut Tx, door: Door, lanes: &str) -> anyhow::Result<()> {
    let (sqlite, postgres) = match door {
        Door::Inbox => promote_sqls!("inbox"),
        Door::Outbox => promote_sqls!("outbox"),
    };
    tx.run(tx.either(sqlite, postgres), args![lanes]).await?;
    Ok(())
}
