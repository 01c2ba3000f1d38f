//! The table.

use campaigns::database::On;
use campaigns::latency::Latencies;
use serde::Serialize;

/// One measured thing.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The database, where one was involved.
    pub database: Option<&'static str>,
    /// What was measured.
    pub item: &'static str,
    /// The figure, with its unit.
    pub measured: String,
    /// What it should be, where there is a goal.
    pub goal: Option<&'static str>,
    /// Whether it is.
    pub met: Option<bool>,
}

/// Everything measured so far.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a figure without a goal.
    pub fn add(&mut self, on: Option<On>, item: &'static str, measured: String) {
        self.push(Figure { database: on.map(name), item, measured, goal: None, met: None });
    }

    /// Adds a figure with its goal.
    pub fn judge(&mut self, on: Option<On>, item: &'static str, measured: String, goal: &'static str, met: bool) {
        self.push(Figure { database: on.map(name), item, measured, goal: Some(goal), met: Some(met) });
    }

    fn push(&mut self, figure: Figure) {
        eprintln!("bench: {}", line(&figure));
        self.0.push(figure);
    }

    /// Prints the table, or a JSON object a line.
    pub fn print(&self, json: bool) {
        if !json {
            println!("{}", machine());
            println!("{:<11}{:<46}{:<54}{:<22}", "database", "measured", "figure", "goal");
        }
        for figure in &self.0 {
            match serde_json::to_string(figure) {
                Ok(object) if json => println!("{object}"),
                _ => println!("{}", line(figure)),
            }
        }
    }
}

fn line(figure: &Figure) -> String {
    let met = match figure.met {
        None => "",
        Some(true) => " met",
        Some(false) => " MISSED",
    };
    let goal = figure.goal.unwrap_or_default();
    format!("{:<11}{:<46}{:<54}{goal}{met}", figure.database.unwrap_or("-"), figure.item, figure.measured)
}

/// What the table calls a database.
fn name(on: On) -> &'static str {
    match on {
        On::Sqlite => "SQLite",
        On::Postgres => "PostgreSQL",
    }
}

/// Latencies in milliseconds as the table shows them.
pub fn spread(latencies: &Latencies) -> String {
    let [p50, p99, p999, most] = latencies.summary();
    format!("p50 {p50:.1} · p99 {p99:.1} · p99.9 {p999:.1} · max {most:.1} ms (n {})", latencies.count())
}

/// The 99th percentile in milliseconds.
pub fn p99(latencies: &Latencies) -> f64 {
    latencies.summary()[1]
}

/// What all of it ran on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    let gib = kib.and_then(|kib| kib.trim().parse::<u64>().ok()).map_or(0, |kib| kib >> 20);
    let build = if cfg!(debug_assertions) { "this generator: dev build" } else { "this generator: release build" };
    format!("{cores} cores, {gib} GiB; generator, simulated platform and program share them; {build}")
}
