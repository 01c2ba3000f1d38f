//! Webhook deliveries at full size: `cargo run -p stories --example deliveries -- --deliveries 100000`, on SQLite, or on the
//! PostgreSQL database of `DATABASE_URL`, which must be empty. Prints what was seen, and fails where anything was carried
//! or kept twice, lost, or unknown without a card.

#[path = "../src/deliveries.rs"]
mod deliveries;

use std::time::Instant;

use aijia::config::Database;
use anyhow::{Context, ensure};
use deliveries::Deliveries;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let goal = goal()?;
    let folder = tempfile::tempdir()?;
    let database = match std::env::var("DATABASE_URL") {
        Ok(url) => Database::Postgres(url),
        Err(_) => Database::Sqlite(folder.path().join("aijia.db")),
    };
    let began = Instant::now();
    let seen = Deliveries::open(database, folder.path(), goal).await?.work().await?;
    println!("{seen} real_time={:?}", began.elapsed());
    ensure!(seen.holds(), "something did not hold");
    Ok(())
}

fn goal() -> anyhow::Result<usize> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => Ok(100_000),
        Some("--deliveries") => Ok(arguments.next().context("--deliveries needs a number")?.parse()?),
        Some(other) => anyhow::bail!("{other} is not known: use --deliveries"),
    }
}
