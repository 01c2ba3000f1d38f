//! What the same disk does for whoever commits each message alone: the yardstick of durable acknowledgements.

use std::time::{Duration, Instant};

use campaigns::database::{Database, On};
use campaigns::world::World;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS naive (digest TEXT PRIMARY KEY, body TEXT NOT NULL)";
const INSERT: &str = "INSERT INTO naive (digest, body) VALUES ($1, $2)";

/// Commits a second, one row of 1 KB each, on a database beside the program's own.
pub async fn rate(world: &World, how_long: Duration) -> anyhow::Result<f64> {
    match (&world.database, world.plan.on) {
        (Database::Postgres(there), On::Postgres) => postgres(there.url.as_str(), how_long).await,
        _ => sqlite(&world.folder.join("naive.db"), how_long).await,
    }
}

async fn sqlite(path: &std::path::Path, how_long: Duration) -> anyhow::Result<f64> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut one: SqliteConnection = options.connect().await?;
    sqlx::query(TABLE).execute(&mut one).await?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < how_long {
        sqlx::query(INSERT).bind(count.to_string()).bind("x".repeat(1_024)).execute(&mut one).await?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    one.close().await?;
    Ok(rate)
}

async fn postgres(url: &str, how_long: Duration) -> anyhow::Result<f64> {
    let mut one = PgConnection::connect(url).await?;
    sqlx::query(TABLE).execute(&mut one).await?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < how_long {
        sqlx::query(INSERT).bind(count.to_string()).bind("x".repeat(1_024)).execute(&mut one).await?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    one.close().await?;
    Ok(rate)
}
