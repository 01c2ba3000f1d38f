//! `make bench`: what one machine does, measured on the real program and printed as one table.
//!
//! The load is an open loop: every latency counts from the scheduled time, so that a stall shows. The generator, the
//! simulated platform and the program share the machine, and the table says so.

mod acks;
mod copies;
mod day;
mod edge;
mod figures;
mod http;
mod million;
mod naive;
mod office;
mod process;
mod sessions;
mod taps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use campaigns::database::On;
use clap::Parser;

use figures::Figures;

/// Measures the program and prints one table.
#[derive(Parser, Clone, Debug)]
struct Asked {
    /// How long the steady load lasts; everything else takes its share of it
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Cases in the database when it is killed
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// How many of them are open
    #[arg(long, default_value_t = 100_000)]
    open: u64,
    /// How often it is killed
    #[arg(long, default_value_t = 5)]
    kills: u64,
    /// How often everything is paused
    #[arg(long, default_value_t = 20)]
    pauses: usize,
    /// Messages a second of the steady load
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Messages a second of the burst
    #[arg(long, default_value_t = 1_000.0)]
    burst: f64,
    /// Only these parts: edge, acks, day, million, office
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The program, built without the simulator; beside this one unless named
    #[arg(long)]
    program: Option<PathBuf>,
    /// A JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

impl Asked {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    /// A share of the steady load's time.
    fn share(&self, of_a_hundred: u64) -> Duration {
        Duration::from_millis(self.seconds * 10 * of_a_hundred)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let asked = Asked::parse();
    let mut figures = Figures::default();
    let measured = measure(&asked, &mut figures).await;
    figures.print(asked.json);
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(asked: &Asked, figures: &mut Figures) -> anyhow::Result<()> {
    if asked.wants("edge") {
        edge::measure(asked, figures).await?;
    }
    if asked.wants("office") {
        office::measure(asked, figures).await?;
    }
    for on in databases() {
        if asked.wants("acks") {
            acks::measure(asked, on, figures).await?;
        }
        if asked.wants("day") {
            day::measure(asked, on, figures).await?;
        }
        if asked.wants("million") {
            million::measure(asked, on, figures).await?;
        }
    }
    Ok(())
}

/// SQLite always; PostgreSQL where there is a server.
fn databases() -> Vec<On> {
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(_) => vec![On::Sqlite, On::Postgres],
        Err(_) => {
            eprintln!("bench: not on PostgreSQL: TEST_POSTGRES_URL is not set (scripts/with-postgres sets it)");
            vec![On::Sqlite]
        }
    }
}
