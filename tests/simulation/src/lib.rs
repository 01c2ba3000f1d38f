//! The pure core under seeds. The real `case::step`, `policy` and `evidence` decide; around them stand a model of our
//! store with its units, leases and lanes, three instances that work step by step, the platform, customers and
//! colleagues, and whatever can go wrong between any two steps. One seed is one run, the same every time; after each
//! step the oracle checks what must always hold.
//!
//! The model decides nothing the core decides: it only carries out. What it carries out is written after
//! `aijia::worker`, `aijia::effects` and `aijia::store`, and changes with them.

// The core's own unit tests run where the core lives.
#![cfg(not(test))]
#![allow(clippy::panic, reason = "a run in which something does not hold says so and stops")]

/// The program's own sources, compiled here once more: optimised, and without anything that acts.
#[path = "../../../bot/src"]
mod program {
    pub mod case;
    pub mod clock;
    pub mod desk;
    pub mod evidence;
    pub mod mistake;
    pub mod policy;
    pub mod surface;
}

mod handling;
mod happening;
mod judging;
mod luck;
mod oracle;
mod platform;
mod shop;
mod store;
mod worker;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use oracle::Figures;
pub use program::{case, clock, desk, evidence, mistake, policy, surface};
pub use world::{Outcome, World};

/// A run in which something did not hold.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
    /// The run up to there.
    pub outcome: Outcome,
}

/// Plays a seed.
///
/// # Errors
/// The first thing that did not hold.
pub fn run(seed: u64, traced: bool) -> Result<Outcome, Box<Failure>> {
    let mut world = World::new(seed, traced);
    let played = catch_unwind(AssertUnwindSafe(|| world.play()));
    let outcome = world.outcome();
    played.map(|()| outcome.clone()).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let what = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned();
        Box::new(Failure { seed, what, outcome })
    })
}
