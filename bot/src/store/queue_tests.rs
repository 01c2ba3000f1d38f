//! What is asked all the time is asked of an index, and a lane is served in its order whoever asks.

use super::*;
use crate::config::Database;
use crate::store::Store;

async fn store(name: &str) -> Store {
    let folder = std::env::temp_dir().join(format!("aijia-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    Store::open(&Database::Sqlite(folder.join("aijia.db"))).await.expect("a folder that can be written")
}

/// How SQLite goes about a query.
async fn plan(store: &Store, sql: &'static str, args: crate::store::Args) -> String {
    let plan = store.read(move |tx| {
        Box::pin(async move {
            let steps: Vec<(i64, i64, i64, String)> = tx.all(sql, args).await?;
            Ok(steps.into_iter().map(|(.., step)| step).collect::<Vec<_>>().join("\n"))
        })
    });
    plan.await.expect("a plan")
}

#[tokio::test]
async fn hot_queries_use_their_indexes() {
    let store = store("plans").await;
    let claim = || args![0_i64, "me", 24_i64, 1_i64];
    for (sql, args, index) in [
        (concat!("EXPLAIN QUERY PLAN ", claim_sql!("inbox", "id IN (", ")")), claim(), "inbox_heads"),
        (concat!("EXPLAIN QUERY PLAN ", claim_sql!("outbox", "id IN (", ")")), claim(), "outbox_heads"),
        ("EXPLAIN QUERY PLAN SELECT MIN(id) FROM outbox WHERE lane = 'x' AND done_at IS NULL", args![], "outbox_lanes"),
        ("EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE owner = 'me'", args![], "outbox_owned"),
        (
            "EXPLAIN QUERY PLAN SELECT kind, COUNT(*), MIN(due_at) FROM outbox WHERE done_at IS NULL AND due_at <= 0
             GROUP BY kind",
            args![],
            "outbox_waiting",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT body FROM cases WHERE channel = 'kf' AND queue_rank IS NOT NULL
             AND (queue_rank, waits_since, number) > (0, 0, 0) ORDER BY queue_rank, waits_since, number LIMIT 8",
            args![],
            "cases_waiting",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT holder, channel, COUNT(*) FROM cases WHERE holder IS NOT NULL
             GROUP BY holder, channel",
            args![],
            "COVERING INDEX cases_held",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE kind = 'deal' AND done_at IS NULL AND id <> 'me'
             ORDER BY due_at LIMIT 100",
            args![],
            "outbox_waiting",
        ),
    ] {
        let plan = plan(&store, sql, args).await;
        assert!(plan.contains(index), "{index} is not used for {sql}:\n{plan}");
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "sorted anew: {sql}:\n{plan}");
    }
}

#[tokio::test]
async fn a_lane_is_served_in_order_by_one_at_a_time() -> anyhow::Result<()> {
    let store = store("lanes").await;
    let served = store.commit(|tx| {
        Box::pin(async move {
            for (id, lane) in [("1", "a"), ("2", "a"), ("3", "b"), ("4", "a")] {
                receive(tx, id, id, (lane, Rank::Then), "", 0).await?;
            }
            Ok(())
        })
    });
    served.await?;
    let claim = async |who: &'static str| -> anyhow::Result<Vec<Row>> {
        store.commit(move |tx| Box::pin(async move { Ok(claim(tx, Door::Inbox, who, 1, Rank::Then, 9).await?) })).await
    };
    let ids = |rows: &[Row]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>().join(" ");
    let first = claim("one").await?;
    assert_eq!((ids(&first), ids(&claim("two").await?)), ("1 3".into(), String::new()));
    let (one, three) = (first[0].clone(), first[1].clone());
    store.commit(move |tx| Box::pin(async move { Ok(done(tx, Door::Inbox, &one, 2).await?) })).await?;
    let second = claim("two").await?;
    assert_eq!(ids(&second), "2");
    let two = second[0].clone();
    store.commit(move |tx| Box::pin(async move { Ok(later(tx, Door::Inbox, &two, 50, "not now").await?) })).await?;
    assert_eq!(ids(&claim("one").await?), "", "what the world said keeps its order");
    let held = store.commit(|tx| Box::pin(async move { Ok(held_by(tx, "one").await?) })).await?;
    assert_eq!(held, [("inbox".to_owned(), "3".to_owned(), 1)]);
    store
        .commit(|tx| Box::pin(async move { let_go(tx, &("inbox".into(), "3".into(), 1)).await.map_err(Into::into) }))
        .await?;
    let late = store.commit(move |tx| Box::pin(async move { Ok(done(tx, Door::Inbox, &three, 3).await?) })).await?;
    assert!(!late, "whoever lost a row does not finish it");
    assert_eq!(ids(&claim("two").await?), "3");
    Ok(())
}
