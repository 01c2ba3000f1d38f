//! `simulate`: many seeds, or one with its trace.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use simulation::{Failure, Figures, Outcome, run};

/// Plays the pure core under seeds, with every fault, and checks what must always hold after each step.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 5_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// One seed only, with its trace.
    #[arg(long)]
    seed: Option<u64>,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// Lines of a failing run's trace that are shown.
    #[arg(long, default_value_t = 60)]
    lines: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What did not hold is told with its seed below.
    std::panic::set_hook(Box::new(|_| {}));
    match arguments.seed {
        Some(seed) => one(seed),
        None => many(&arguments),
    }
}

fn one(seed: u64) -> ExitCode {
    let (outcome, what) = match run(seed, true) {
        Ok(outcome) => (outcome, None),
        Err(failure) => (failure.outcome, Some(failure.what)),
    };
    outcome.trace.iter().for_each(|line| println!("{line}"));
    match what {
        None => {
            println!("seed {seed}: {} steps, everything held", outcome.steps);
            ExitCode::SUCCESS
        }
        Some(what) => {
            println!("seed {seed}: after {} steps: {what}", outcome.steps);
            ExitCode::FAILURE
        }
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let begun = Instant::now();
    let (next, end) = (AtomicU64::new(arguments.from), arguments.from + arguments.seeds);
    let (all, failures) = (Mutex::new(Outcome::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| {
                let mut mine = Outcome::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let enough =
                        failures.lock().map_or(true, |failures: std::sync::MutexGuard<'_, Vec<_>>| failures.len() >= 3);
                    if seed >= end || enough {
                        break;
                    }
                    match run(seed, false) {
                        Ok(outcome) => add(&mut mine, outcome),
                        Err(failure) => drop(failures.lock().map(|mut failures| failures.push(*failure))),
                    }
                }
                drop(all.lock().map(|mut all| add(&mut all, mine)));
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    failures.iter().for_each(|failure| tell(failure, arguments.lines));
    let all = all.into_inner().unwrap_or_default();
    report(&all, arguments.seeds, failures.len(), begun.elapsed().as_secs_f64());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn add(all: &mut Outcome, one: Outcome) {
    all.steps += one.steps;
    all.figures.add(&one.figures);
}

/// The end of a failing run's trace, what did not hold, and how to see it again.
fn tell(failure: &Failure, lines: usize) {
    let trace = run(failure.seed, true).err().map(|failure| failure.outcome.trace).unwrap_or_default();
    trace.iter().skip(trace.len().saturating_sub(lines)).for_each(|line| println!("{line}"));
    println!("seed {} after {} steps: {}", failure.seed, failure.outcome.steps, failure.what);
    println!("again: make simulate SEED={}", failure.seed);
    println!();
}

fn report(all: &Outcome, seeds: u64, failed: usize, seconds: f64) {
    let Figures { messages, taps, requests, accepted, unknown, pauses, faults, kills, entries } = &all.figures;
    println!("{seeds} seeds, {} steps in {seconds:.1} s: {failed} failed", all.steps);
    println!("messages {messages}, taps {taps}, requests {requests}, accepted {accepted}, unknown {unknown}");
    println!("pauses {pauses}, faults {faults}, of them kills {kills}");
    let entries: Vec<String> = entries.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    println!("entries: {}", entries.join(", "));
}
