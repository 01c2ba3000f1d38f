//! The queue at its full size: `cargo run -p stories --example queue -- --cases 100000 --reviewers 200`, on SQLite, or
//! on the PostgreSQL database of `DATABASE_URL`, which must be empty. Prints what was seen, and fails where anybody
//! held too much, a case was held by two, or one was forgotten.

#[path = "../src/crowd.rs"]
mod crowd;

use std::time::Instant;

use aijia::config::Database;
use anyhow::{Context, ensure};
use crowd::{Crowd, Size};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let size = size()?;
    let folder = tempfile::tempdir()?;
    let database = match std::env::var("DATABASE_URL") {
        Ok(url) => Database::Postgres(url),
        Err(_) => Database::Sqlite(folder.path().join("aijia.db")),
    };
    let began = Instant::now();
    let crowd = Crowd::gather(database, folder.path(), size).await?;
    eprintln!("{} cases wait for {} reviewers after {:?}", size.cases, size.reviewers, began.elapsed());
    let seen = crowd.work(every_thousand(began)).await?;
    println!("{seen}\nreal time                           {:?}", began.elapsed());
    ensure!(seen.most_held <= 3 && seen.most_cards <= 3 && seen.held_by_two == 0 && seen.forgotten == 0);
    Ok(())
}

/// Tells when another thousand cases are done: at full size it takes its time.
fn every_thousand(began: Instant) -> impl FnMut(i64) {
    let mut told = i64::MAX;
    move |left| {
        if left / 1_000 < told / 1_000 {
            eprintln!("{left} cases left after {:?}", began.elapsed());
            told = left;
        }
    }
}

fn size() -> anyhow::Result<Size> {
    let mut size = Size { cases: 100_000, reviewers: 200 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} needs a number"))?.parse()?;
        match name.as_str() {
            "--cases" => size.cases = value,
            "--reviewers" => size.reviewers = value,
            _ => anyhow::bail!("{name} is not known: use --cases and --reviewers"),
        }
    }
    Ok(size)
}
