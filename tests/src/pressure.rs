//! More than can be done at once: who cannot be stored is told so at once, and who writes a hundred messages a second
//! slows nobody else down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aijia::args;
use aijia::evidence::Kind;
use aijia::worker;
use anyhow::{Context, ensure};
use sqlx::Connection;
use tokio::sync::Barrier;

use crate::story;
use crate::world::{FLAGSHIP, World};

const FACT: &str = "羊毛衫会起球吗？";

/// Somebody else writes to the database and does not let go: SQLite's one lock, or PostgreSQL's inbox.
enum Holder {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Holder {
    async fn take(world: &World) -> anyhow::Result<Self> {
        let url = world.database_url();
        if url.starts_with("postgres") {
            let mut held = sqlx::PgConnection::connect(&url).await?;
            sqlx::query("BEGIN").execute(&mut held).await?;
            sqlx::query("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE").execute(&mut held).await?;
            return Ok(Self::Postgres(held));
        }
        let mut held = sqlx::SqliteConnection::connect(&url).await?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut held).await?;
        Ok(Self::Sqlite(held))
    }

    async fn let_go(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(mut held) => sqlx::query("ROLLBACK").execute(&mut held).await.map(drop)?,
            Self::Postgres(mut held) => sqlx::query("ROLLBACK").execute(&mut held).await.map(drop)?,
        }
        Ok(())
    }
}

story!(
    /// While nothing can be stored, no callback is acknowledged, and each is told so within two seconds; delivered again
    /// afterwards it has its one effect.
    what_cannot_be_stored_is_not_acknowledged,
    |world| {
        let holder = Holder::take(world).await?;
        let began = Instant::now();
        let refused = world.sim.says("LiHua", "/whoami").await?;
        // The platform tries three times.
        ensure!(!refused.accepted(), "nothing was stored");
        ensure!(began.elapsed() < Duration::from_secs(9), "answered after {:?}", began.elapsed());
        holder.let_go().await?;
        let row = refused.rows.last().copied().unwrap_or_default();
        ensure!(world.sim.redeliver(row, simulator::Nonce::Same).await?.accepted());
        ensure!(world.sim.redeliver(row, simulator::Nonce::Changed).await?.accepted());
        world.settle().await?;
        let told = world.sim.inbox("LiHua").iter().filter(|item| item.text.contains("李华")).count();
        ensure!(told == 1, "answered {told} times");
        let metrics = reqwest::get(format!("{}/metrics", world.address)).await?.text().await?;
        ensure!(metrics.contains("aijia_callbacks_total{outcome=\"stored\"}"), "{metrics}");
        ensure!(metrics.contains("aijia_callbacks_total{outcome=\"late\"}"), "{metrics}");
    }
);

/// The numbers of these customers' cases, as far as the desk knows them.
async fn numbers(world: &World, customers: &[String]) -> anyhow::Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for customer in customers {
        numbers.extend(world.number_of(customer).await?);
    }
    Ok(numbers)
}

/// Five customers ask; how many rounds until the desk knows all of them, and how many more until their cards are there.
async fn rounds(world: &mut World, names: &str) -> anyhow::Result<(usize, usize)> {
    let customers: Vec<String> = (0..5).map(|n| format!("wm{names}{n}")).collect();
    for customer in &customers {
        world.sim.add_customer(customer, "顾客");
        world.sim.customer_says(FLAGSHIP, customer, FACT).await?;
    }
    let mut until_known = 0;
    while numbers(world, &customers).await?.len() < 5 {
        worker::tick(&world.app).await?;
        until_known += 1;
        ensure!(until_known < 100, "the desk does not know them after {until_known} rounds");
    }
    let numbers = numbers(world, &customers).await?;
    world.clock.advance(4_000);
    world.sim_clock.advance(4_000);
    let mut until_cards = 0;
    while !numbers.iter().all(|number| world.card_of("LiHua", *number).is_ok()) {
        worker::tick(&world.app).await?;
        until_cards += 1;
        ensure!(until_cards < 100, "no cards after {until_cards} rounds");
    }
    Ok((until_known, until_cards))
}

story!(
    /// One customer writes a hundred and fifty messages at once. The others are read and get their cards in as many rounds as
    /// if nobody had.
    a_flood_slows_nobody_else,
    |world| {
        let calm = rounds(world, "Calm").await?;
        world.settle().await?;
        world.wait(Duration::from_secs(61)).await?;
        world.sim.add_customer("wmFlood", "话多的顾客");
        for n in 0..150 {
            world.sim.customer_says(FLAGSHIP, "wmFlood", &format!("第 {n} 条：在吗？羊毛衫会起球吗？")).await?;
        }
        let flooded = rounds(world, "Other").await?;
        // The page with everybody's messages is read in the same round; the flooding customer has one card, too.
        ensure!(flooded.0 <= calm.0 + 1, "known after {} rounds and not {}", flooded.0, calm.0);
        ensure!(flooded.1 <= calm.1 + 1, "cards after {} rounds and not {}", flooded.1, calm.1);
        world.settle().await?;
        for _ in 0..3 {
            world.wait(Duration::from_secs(20)).await?;
        }
        let number = world.number_of("wmFlood").await?.context("the flood is a case")?;
        let drafts = world.record(number).await?.iter().filter(|told| told.kind == Kind::Drafted).count();
        ensure!(drafts <= 4, "{drafts} drafts were written for one customer's flood");
    }
);

/// Takes two locks with a meeting in between, and says how often it was run.
async fn crossing(world: &World, met: &Arc<Barrier>, locks: [&'static str; 2]) -> anyhow::Result<usize> {
    let (met, runs) = (met.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = runs.clone();
    let crossed = world.app.store.commit(move |tx| {
        Box::pin(async move {
            tx.run("SELECT pg_advisory_xact_lock(CAST($1 AS BIGINT))", args![locks[0]]).await?;
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                met.wait().await;
            }
            tx.run("SELECT pg_advisory_xact_lock(CAST($1 AS BIGINT))", args![locks[1]]).await?;
            Ok(())
        })
    });
    crossed.await?;
    Ok(runs.load(Ordering::SeqCst))
}

story!(
    /// Two units stand in each other's way: PostgreSQL ends one of them, which is run again, and both are kept.
    a_deadlocks_victim_is_run_again,
    |world| {
        if world.app.store.is_shared() {
            let met = Arc::new(Barrier::new(2));
            let (one, two) = tokio::join!(crossing(world, &met, ["1", "2"]), crossing(world, &met, ["2", "1"]));
            ensure!(one? + two? == 3, "one of them is run twice");
        }
    }
);

story!(
    /// PostgreSQL ends every connection, as a restart does: others are made, and the desk goes on.
    lost_connections_are_made_anew,
    |world| {
        if world.app.store.is_shared() {
            let mut admin = sqlx::PgConnection::connect(&world.database_url()).await?;
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            sqlx::query(end).execute(&mut admin).await?;
            world.customer_says(FACT).await?;
            ensure!(world.has_open_card("LiHua"));
        }
    }
);

/// Waits until no transaction of this database is left alone; false when one still is.
async fn none_is_left_alone(admin: &mut sqlx::PgConnection) -> anyhow::Result<bool> {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity
               WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    for _ in 0..100 {
        if sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *admin).await? == 0 {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(false)
}

story!(
    /// Callers give units up at every moment, as an edge does whose client hung up: no transaction is left behind.
    units_given_up_half_way_leave_no_transaction,
    |world| {
        if world.app.store.is_shared() {
            let mut admin = sqlx::PgConnection::connect(&world.database_url()).await?;
            for patience in (0..100).map(|n| Duration::from_micros(10 * n)) {
                let began = Instant::now();
                let mut unit = Box::pin(world.app.store.commit(|tx| {
                    Box::pin(async move { Ok(tx.run("UPDATE kv SET value = value", args![]).await?) })
                }));
                while began.elapsed() < patience && futures::poll!(&mut unit).is_pending() {
                    tokio::task::yield_now().await;
                }
                drop(unit);
                ensure!(none_is_left_alone(&mut admin).await?, "given up after {patience:?}: left in a transaction");
            }
        }
    }
);

story!(
    /// Another instance keeps the register of pauses for longer than a lock is waited for: a start waits for it.
    a_start_waits_its_turn,
    |world| {
        if world.app.store.is_shared() {
            let mut other = sqlx::PgConnection::connect(&world.database_url()).await?;
            sqlx::query("BEGIN").execute(&mut other).await?;
            sqlx::query("SELECT pg_advisory_xact_lock_shared(20261126)").execute(&mut other).await?;
            let busy = async {
                tokio::time::sleep(Duration::from_millis(5_500)).await;
                sqlx::query("COMMIT").execute(&mut other).await
            };
            let (started, done) = tokio::join!(world.another_instance(78), busy);
            done?;
            started.context("a start gave up")?;
        }
    }
);
