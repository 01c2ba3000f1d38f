//! A disk that runs full in the middle of it all: what was said to be kept is kept, nothing else is, and it goes on.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::*;
use crate::args;
use crate::config::Database;
use crate::store::{Store, pauses, unit};

/// A row of some pages.
async fn put(store: &Store, id: String, text: String) -> anyhow::Result<()> {
    let put = store.commit(move |tx| {
        let args = args![id, text];
        Box::pin(async move { Ok(tx.run("INSERT INTO kv (name, value) VALUES ($1, $2)", args).await.map(drop)?) })
    });
    put.await
}

async fn kept(store: &Store) -> Vec<String> {
    let kept = store.read(|tx| {
        Box::pin(async move {
            let sql = "SELECT name FROM kv WHERE name LIKE 'row%' ORDER BY name";
            Ok(tx.all::<(String,)>(sql, args![]).await?.into_iter().map(|(name,)| name).collect())
        })
    });
    kept.await.expect("a database that can be read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_no_acknowledged_row_and_adds_none() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("aijia-full-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("aijia.db");
    let whole = Store::open(&Database::Sqlite(path.clone())).await?;
    let pages = SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(pages.clone()).await?;
    let (used,): (i64,) = sqlx::query_as("PRAGMA page_count").fetch_one(&pool).await?;
    // Room for some fifty rows of a page and a half each.
    let small = pages.pragma("max_page_count", (used + 75).to_string()).pragma("synchronous", "full");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(small.clone()).await?;
    let full = whole.writing_with(Writer::start(pool, small, Metrics::default()));
    let mut acknowledged = Vec::new();
    for n in 0..10 {
        acknowledged.push(format!("row{n:03}"));
        put(&full, format!("row{n:03}"), "x".repeat(6_000)).await?;
    }
    let mut writing = tokio::task::JoinSet::new();
    for n in 10..120 {
        let full = full.clone();
        writing.spawn(async move {
            let id = format!("row{n:03}");
            put(&full, id.clone(), "x".repeat(6_000)).await.ok().map(|()| id)
        });
    }
    acknowledged.extend(writing.join_all().await.into_iter().flatten());
    acknowledged.sort();
    assert!(acknowledged.len() < 60, "{} rows fit", acknowledged.len());
    assert_eq!(kept(&whole).await, acknowledged);
    full.commit(|tx| {
        Box::pin(async move { Ok(tx.run("DELETE FROM kv WHERE name LIKE 'row%'", args![]).await.map(drop)?) })
    })
    .await?;
    put(&full, "row999".into(), "small".into()).await?;
    assert_eq!(kept(&whole).await, ["row999"], "with room again it goes on");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[tokio::test]
async fn a_unit_that_fails_or_breaks_down_leaves_nothing_of_it() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("aijia-alone-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let store = Store::open(&Database::Sqlite(folder.join("aijia.db"))).await?;
    let nothing: Vec<i64> = Vec::new();
    let broken = store.commit(move |tx| {
        Box::pin(async move {
            tx.run("INSERT INTO kv (name, value) VALUES ('row1', '')", args![]).await?;
            Ok(nothing[nothing.len()])
        })
    });
    let failed = store.commit(|tx| {
        Box::pin(async move {
            tx.run("INSERT INTO kv (name, value) VALUES ('row2', '')", args![]).await?;
            anyhow::bail!("no")
        })
    });
    let good = put(&store, "row3".into(), String::new());
    let (broken, failed, good): (anyhow::Result<i64>, anyhow::Result<()>, _) = tokio::join!(broken, failed, good);
    assert!(broken.is_err_and(|problem| problem.to_string().contains("broke down")) && failed.is_err());
    good?;
    assert_eq!(kept(&store).await, ["row3"]);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

type Order = Arc<Mutex<Vec<&'static str>>>;

/// A unit that says when it was run.
async fn note(store: &Store, turn: Turn, order: &Order) -> anyhow::Result<()> {
    let order = order.clone();
    let name = if turn == Turn::Ahead { "ahead" } else { "behind" };
    let (unit, _) = unit::without_type(move |_| {
        Box::pin(async move {
            order.lock().unwrap_or_else(PoisonError::into_inner).push(name);
            Ok(())
        })
    });
    store.run(turn, unit).await
}

#[tokio::test]
async fn what_somebody_outside_waits_for_is_written_first() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("aijia-ahead-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let store = Store::open(&Database::Sqlite(folder.join("aijia.db"))).await?;
    let (begun, wait, order) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Order::default());
    let (tell, until) = (begun.clone(), wait.clone());
    let slow = store.commit(move |_| {
        Box::pin(async move {
            tell.notify_one();
            until.notified().await;
            Ok(())
        })
    });
    let others = async {
        begun.notified().await;
        let behind = futures::future::try_join_all((0..5).map(|_| note(&store, Turn::Behind, &order)));
        let go = async {
            // All the others are in the queue before the writer goes on.
            tokio::task::yield_now().await;
            wait.notify_one();
            Ok(())
        };
        tokio::try_join!(behind, note(&store, Turn::Ahead, &order), go)
    };
    tokio::try_join!(slow, others)?;
    let order = order.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(order, ["ahead", "behind", "behind", "behind", "behind", "behind"]);
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

/// How many pauses a unit sees that declares one meanwhile, and fails where it is to.
async fn declares(store: &Store, id: &'static str, fails: bool) -> anyhow::Result<(usize, usize)> {
    let seen = store.commit(move |tx| {
        Box::pin(async move {
            let before = pauses::in_force(tx).await?.len();
            pauses::declare(tx, id, &pauses::Scope::Everything, "amei", "", 1).await?;
            anyhow::ensure!(!fails, "no");
            Ok((before, pauses::in_force(tx).await?.len()))
        })
    });
    seen.await
}

#[tokio::test]
async fn what_is_read_once_for_many_units_is_read_again_after_a_change() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("aijia-seldom-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let store = Store::open(&Database::Sqlite(folder.join("aijia.db"))).await?;
    // They come together, and share a transaction.
    let units = [declares(&store, "p1", false), declares(&store, "p2", true), declares(&store, "p3", false)];
    let seen = futures::future::join_all(units).await;
    let seen: Vec<Option<(usize, usize)>> = seen.into_iter().map(Result::ok).collect();
    assert_eq!(seen, [Some((0, 1)), None, Some((1, 2))]);
    let turn = store.commit(|tx| Box::pin(async move { Ok(pauses::turn(tx).await?) })).await?;
    assert_eq!(turn, 2, "what was undone is not counted");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
