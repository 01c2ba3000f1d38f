//! Hands in what was approved: once, and never again by itself.

use std::time::{Duration, Instant};

use super::Job;
use super::evidence::{Finding, Oddity, Sight, Stopped};
use super::plan::Plan;
use super::steps::{Obstacle, Run};
use crate::browser::{Gate, Halt};
use crate::recipe::Act;

/// How long a click may take to become a request.
const CLICK: Duration = Duration::from_secs(5);
/// A claim older than this is not acted on: a process that slept between claim and click gives up.
const CLAIM_IS_GOOD_FOR: Duration = Duration::from_secs(2);

/// What became of an approved write.
#[derive(Debug)]
pub enum Submitted {
    /// It left once, was answered, and stands in the shop.
    Done {
        /// The state before, which is what was approved.
        plan: Box<Plan>,
        /// The HTTP status it was answered with.
        status: u16,
        /// The state after, read from the shop again.
        after: Box<Finding>,
    },
    /// It left once, and the shop refused it.
    Refused {
        /// What was approved.
        plan: Box<Plan>,
        /// The HTTP status it was answered with: 400 to 499.
        status: u16,
        /// What the shop shows afterwards.
        after: Result<Box<Finding>, Stopped>,
    },
    /// Nothing left the browser.
    NotSent(Unsent),
    /// It left, and nobody knows what became of it. A person has to look, and this recipe has to be paused.
    Unknown {
        /// What was approved.
        plan: Box<Plan>,
        /// The HTTP status it was answered with, if it was.
        status: Option<u16>,
        /// What the shop shows afterwards: a hint for the person, not an answer.
        after: Result<Box<Finding>, Stopped>,
    },
}

/// Why nothing was handed in.
#[derive(Debug)]
pub enum Unsent {
    /// Something was in the way.
    Stopped(Stopped),
    /// What would be handed in now is not what was approved: a new decision is needed.
    PlanChanged(Box<Plan>),
    /// The claim was not given, or came too late to act on.
    NotClaimed,
}

/// Why nothing was handed in, within a run.
enum Obstructed {
    Obstacle(Obstacle),
    NotClaimed,
}

impl From<Obstacle> for Obstructed {
    fn from(obstacle: Obstacle) -> Obstructed {
        Obstructed::Obstacle(obstacle)
    }
}

impl From<Halt> for Obstructed {
    fn from(halt: Halt) -> Obstructed {
        Obstructed::Obstacle(halt.into())
    }
}

/// Fills the form in again, and hands it in if that gives exactly the plan with the hash `approved` and `claim` says yes:
/// it is asked last of all, with the form filled in, directly before the click. While this runs, nothing else runs in the
/// browser.
pub async fn submit(job: Job<'_>, approved: &str, claim: impl Future<Output = bool>) -> Submitted {
    let (plan, gate) = match attempt(job, approved, claim).await {
        Ok(attempted) => attempted,
        Err(unsent) => return Submitted::NotSent(unsent),
    };
    let after = read_back(job).await.map(Box::new);
    match (gate, after) {
        (Gate::Answered(status @ 200..=399), Ok(after)) => Submitted::Done { plan, status, after },
        (Gate::Answered(status @ 400..=499), after) => Submitted::Refused { plan, status, after },
        (Gate::Answered(status), after) => Submitted::Unknown { plan, status: Some(status), after },
        (_, after) => Submitted::Unknown { plan, status: None, after },
    }
}

/// Everything up to the answer. An error means that no write has left.
async fn attempt(job: Job<'_>, approved: &str, claim: impl Future<Output = bool>) -> Result<(Box<Plan>, Gate), Unsent> {
    let stopped = |trouble| Unsent::Stopped(Stopped::Trouble(trouble));
    let _turn = job.browser.alone().await.map_err(stopped)?;
    let mut run = job.begin().await.map_err(stopped)?;
    let at = job.recipe.submit_at().unwrap_or(job.recipe.steps.len());
    run.all(job.recipe.steps.get(..at).unwrap_or_default()).await.map_err(Unsent::Stopped)?;
    let plan = Box::new(run.plan().await.map_err(Unsent::Stopped)?);
    if plan.hash != approved {
        return Err(Unsent::PlanChanged(plan));
    }
    let (line, selector) = match job.recipe.steps.get(at).map(|step| (step.line, &step.act)) {
        Some((line, Act::Submit { selector })) => (line, selector),
        _ => return Err(Unsent::Stopped(nothing_left(&run, 0).await)),
    };
    match hand_in(&run, selector, claim).await {
        Ok(Gate::Shut | Gate::Open) => Err(Unsent::Stopped(nothing_left(&run, line).await)),
        Ok(gate) => Ok((plan, gate)),
        Err(Obstructed::NotClaimed) => Err(Unsent::NotClaimed),
        Err(Obstructed::Obstacle(obstacle)) => Err(Unsent::Stopped(run.stopped(line, obstacle).await)),
    }
}

/// Clicks with the gate open, and waits for the answer. An error means that no write has left.
async fn hand_in(run: &Run<'_>, selector: &str, claim: impl Future<Output = bool>) -> Result<Gate, Obstructed> {
    run.glance().await?;
    let point = run.point(selector).await?;
    // From before the claim on: one that took long to be given is as old as one that was slept on.
    let asked = Instant::now();
    if !claim.await || asked.elapsed() > CLAIM_IS_GOOD_FOR {
        return Err(Obstructed::NotClaimed);
    }
    let watch = run.tab.watch();
    watch.open_gate();
    let clicked = run.tab.click(point.x, point.y).await;
    let _ = tokio::time::timeout(CLICK, watch.until(|w| w.gate() != Gate::Open || w.disturbance().is_some())).await;
    // From here on no write can leave that has not left yet.
    let gate = watch.shut_gate();
    if gate == Gate::Shut {
        clicked?;
        return match watch.disturbance() {
            Some(disturbance) => Err(Halt::Disturbed(disturbance).into()),
            None => Ok(gate),
        };
    }
    let settled = watch.until(|w| !matches!(w.gate(), Gate::Left(_)) || w.disturbance().is_some());
    let _ = tokio::time::timeout(run.tab.time_left(), settled).await;
    if matches!(watch.gate(), Gate::Left(_)) {
        run.tab.abandon_write().await;
    }
    Ok(watch.gate())
}

async fn nothing_left(run: &Run<'_>, line: usize) -> Stopped {
    let why = "the click led to no request that the recipe names".to_owned();
    let sight: Sight = run.sight(line, true).await;
    Stopped::Abnormal(Oddity::Broken { why }, Box::new(sight))
}

/// What the shop shows afterwards, in a tab that has handed nothing in and cannot.
async fn read_back(job: Job<'_>) -> Result<Finding, Stopped> {
    let _turn = job.browser.shared().await?;
    let mut run = job.begin().await?;
    let after = job.recipe.submit_at().map_or(0, |at| at + 1);
    run.all(job.recipe.steps.get(after..).unwrap_or_default()).await?;
    run.finding().await
}
