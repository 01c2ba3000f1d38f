//! `make chaos`: does its worst to the real program and counts what that cost. Exit code 1 where anything was lost,
//! done twice, done unasked or forgotten; the run is then kept for a look.

use std::path::PathBuf;
use std::process::ExitCode;

use campaigns::faults::headline::{self, Headline};
use campaigns::faults::{ALL, Campaign, Context, Row, Tier, shim};
use campaigns::{instance, table};
use clap::Parser;
use futures::StreamExt;
use futures::stream;

/// The campaigns against the real program.
#[derive(Parser)]
struct Arguments {
    /// How much: short within six minutes, full within an hour, long as it takes
    #[arg(long, value_enum, default_value = "short")]
    tier: Tier,
    /// Repeats a run: every draw derives from it. Without it, one is made up and printed
    #[arg(long)]
    seed: Option<u64>,
    /// Only these campaigns, by name, with commas between them
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Trials of each campaign instead of the tier's
    #[arg(long)]
    trials: Option<u64>,
    /// Campaigns at the same time
    #[arg(long, default_value_t = 6)]
    lanes: usize,
    /// Also the headline, alone and at the end; with --only headline nothing else
    #[arg(long)]
    headline: bool,
    /// Messages a second of the headline instead of the tier's
    #[arg(long)]
    rate: Option<f64>,
    /// Seconds of the headline instead of the tier's
    #[arg(long)]
    seconds: Option<u64>,
    /// Where the result goes as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(&arguments)));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("chaos: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything held.
async fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let scratch = std::env::temp_dir().join(format!("aijia-chaos-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let context = Context {
        tier: arguments.tier,
        seed: arguments.seed.unwrap_or_else(made_up),
        binary: instance::beside()?,
        shim: shim::build(&scratch)?,
        trials: arguments.trials,
    };
    println!("seed {} (again: make chaos SEED={})", context.seed, context.seed);
    println!("{}", table::HEAD);
    let chosen = chosen(arguments)?;
    let mut results: Vec<(&str, anyhow::Result<Row>)> = stream::iter(chosen)
        .map(|campaign| async { (campaign.name, (campaign.run)(&context).await) })
        .buffer_unordered(arguments.lanes.max(1))
        .inspect(|(name, result)| tell(name, result))
        .collect()
        .await;
    if arguments.headline || arguments.only.iter().any(|name| name == "headline") {
        let mut headline = Headline::of(arguments.tier);
        headline.per_second = arguments.rate.unwrap_or(headline.per_second);
        headline.how_long = arguments.seconds.map_or(headline.how_long, std::time::Duration::from_secs);
        let result = headline::run(&context, headline).await;
        tell("headline", &result);
        results.push(("headline", result));
    }
    std::fs::remove_dir_all(&scratch)?;
    conclude(arguments, &context, &results)
}

fn tell(name: &str, result: &anyhow::Result<Row>) {
    match result {
        Ok(row) => {
            println!("{}", table::line(row));
            table::notes(row).iter().for_each(|note| println!("             {note}"));
            let bad = row.outcome.findings.violations().take(10);
            bad.for_each(|(kind, line)| println!("  !! {kind}: {line}"));
        }
        Err(problem) => println!("{name:<12} BROKEN: {problem:#}"),
    }
}

fn conclude(arguments: &Arguments, context: &Context, results: &[(&str, anyhow::Result<Row>)]) -> anyhow::Result<bool> {
    let rows: Vec<&Row> = results.iter().filter_map(|(_, result)| result.as_ref().ok()).collect();
    let held = rows.len() == results.len() && rows.iter().all(|row| row.outcome.findings.clean());
    if let Some(path) = &arguments.json {
        let rows: Vec<_> = rows.iter().map(|row| table::json(row)).collect();
        let all = serde_json::json!({ "seed": context.seed, "held": held, "rows": rows });
        std::fs::write(path, serde_json::to_string_pretty(&all)?)?;
    }
    let verdict = if held { "held" } else { "DID NOT HOLD" };
    println!("{verdict}: {} campaigns, seed {}", results.len(), context.seed);
    Ok(held)
}

/// The campaigns that were asked for, and can be run here.
fn chosen(arguments: &Arguments) -> anyhow::Result<Vec<&'static Campaign>> {
    let known = |name: &str| name == "headline" || ALL.iter().any(|campaign| campaign.name == name);
    if let Some(unknown) = arguments.only.iter().find(|name| !known(name)) {
        let names: Vec<&str> = ALL.iter().map(|campaign| campaign.name).collect();
        anyhow::bail!("there is no campaign {unknown}; there are {} and headline", names.join(", "));
    }
    let postgres = std::env::var_os("TEST_POSTGRES_URL").is_some();
    let wanted = |campaign: &&Campaign| arguments.only.is_empty() || arguments.only.iter().any(|n| n == campaign.name);
    let (can, cannot): (Vec<_>, Vec<_>) = ALL.iter().filter(wanted).partition(|c| postgres || !c.postgres);
    for campaign in cannot {
        println!("{:<12} SKIPPED: TEST_POSTGRES_URL is not set (scripts/with-postgres sets it)", campaign.name);
    }
    Ok(can)
}

fn made_up() -> u64 {
    // Any number will do: it is printed.
    u64::try_from(simulator::Clock::system().now_ms()).unwrap_or(0) % 1_000_000_007
}
