//! What continuous integration plays: the seeds that failed once, then many more.

#![allow(clippy::expect_used, clippy::panic, reason = "a test in which something does not hold says so and stops")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use simulation::evidence::{Row, verify_chain};
use simulation::{Figures, run};

/// Seeds of every build; `make simulate SEEDS=100000` plays more.
const SEEDS: u64 = 5_000;

/// Plays seeds on all cores; the first failure is told with the end of its trace.
fn hold(seeds: impl Iterator<Item = u64> + Send) -> Figures {
    let (seeds, all, failed) = (Mutex::new(seeds), Mutex::new(Figures::default()), AtomicU64::new(0));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let play = || {
            let next = || seeds.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some(seed) = next().filter(|_| failed.load(Ordering::Relaxed) == 0) {
                match run(seed, false) {
                    Ok(outcome) => all.lock().unwrap_or_else(PoisonError::into_inner).add(&outcome.figures),
                    Err(failure) => failed.store(failure.seed, Ordering::Relaxed),
                }
            }
        };
        (0..threads).for_each(|_| drop(scope.spawn(play)));
    });
    let seed = failed.load(Ordering::Relaxed);
    if seed > 0 {
        let failure = run(seed, true).expect_err("the same seed fails again");
        let trace = failure.outcome.trace;
        let end = trace[trace.len().saturating_sub(60)..].join("\n");
        panic!("{end}\nseed {seed}: {}\nagain: make simulate SEED={seed}", failure.what);
    }
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn what_failed_once_holds() {
    let listed = include_str!("../regressions.txt").lines().filter(|line| !line.starts_with('#'));
    let seeds: Vec<u64> = listed.map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
    assert!(!seeds.is_empty());
    hold(seeds.into_iter());
}

/// Everything that must hold is checked after each step of each run; and the runs get everywhere, since a check of what
/// never happens would say nothing.
#[test]
fn whatever_happens_nothing_is_lost_nothing_is_sent_twice_and_nothing_without_authority() {
    let figures = hold(1..=SEEDS);
    println!("{figures:?}");
    let missing: Vec<&str> = WANTED.iter().copied().filter(|wanted| !figures.entries.contains_key(*wanted)).collect();
    assert_eq!(missing, [""; 0], "of {figures:?}");
    let counts = [figures.messages, figures.taps, figures.accepted, figures.unknown, figures.pauses, figures.kills];
    assert!(counts.iter().all(|count| *count > 500), "{figures:?}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [1, 77, 4_242] {
        let traced = || match run(seed, true) {
            Ok(outcome) => outcome.trace,
            Err(failure) => failure.outcome.trace,
        };
        let first = traced();
        assert!(first.len() > 200, "seed {seed} has {} lines", first.len());
        assert!(first == traced(), "seed {seed} is not the same run twice");
    }
}

/// The core's hashes are those of the published examples, here as well.
#[test]
fn the_chain_is_that_of_the_published_examples() {
    let examples = include_str!("../../../bot/src/evidence/vectors.json");
    let examples: serde_json::Value = serde_json::from_str(examples).unwrap();
    let rows: Vec<Row> = serde_json::from_value(examples["chain"]["rows"].clone()).unwrap();
    let name = examples["chain"]["name"].as_str().unwrap();
    let head = verify_chain(name, rows).map(|head| hex::encode(head.hash));
    assert_eq!(head.as_deref(), Ok(examples["chain"]["head"].as_str().unwrap()));
}

/// Entries and refusals that the runs have to reach.
const WANTED: [&str; 44] = [
    "alarm",
    "authority_voided",
    "case_closed",
    "case_opened",
    "config_applied",
    "customer_recalled",
    "customer_said",
    "decided",
    "delivery_failed",
    "drafted",
    "duty_changed",
    "edited",
    "erased",
    "escalated",
    "expired",
    "given_back",
    "hand_over",
    "judged",
    "knowledge_gap",
    "paused",
    "rejected",
    "resume_wanted",
    "resumed",
    "send_claimed",
    "send_settled",
    "servicer_typed",
    "superseded",
    "taken_over",
    "window_lost",
    "refused.already_decided",
    "refused.already_done",
    "refused.bad_text",
    "refused.closed",
    "refused.handed_over",
    "refused.not_permitted",
    "refused.not_the_holder",
    "refused.nothing_to_send",
    "refused.on_its_way",
    "refused.outdated",
    "refused.paused",
    "refused.quota_gone",
    "refused.still_drafting",
    "refused.unknown_person",
    "refused.wrong_code",
];
