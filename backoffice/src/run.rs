//! Recipes at work: a look-up gives a finding with its evidence, or stops at the first oddity, having touched nothing
//! more. A write is prepared and left unsubmitted; submitting is a call of its own, for an approved plan.

mod evidence;
mod plan;
mod steps;
mod submit;

use std::time::{Duration, Instant};

pub use evidence::{Fact, Finding, Oddity, PageSeen, Picture, Sight, Stopped};
pub use plan::{Field, Plan};
pub(crate) use steps::State;
pub use submit::{Submitted, Unsent, submit};

use crate::browser::{Browser, Rule};
use crate::inputs::Inputs;
use crate::reach::Reach;
use crate::recipe::{Purpose, Recipe};
use crate::trouble::Trouble;
use steps::Run;

/// A recipe's run on one account's site.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The browser of the account.
    pub browser: &'a Browser,
    /// What is done.
    pub recipe: &'a Recipe,
    /// With what.
    pub inputs: &'a Inputs,
    /// The time now, in milliseconds since 1970.
    pub now_ms: i64,
}

impl<'a> Job<'a> {
    /// Opens the tab in which the recipe runs.
    async fn begin(&self) -> Result<Run<'a>, Trouble> {
        let account = self.browser.account();
        if !self.recipe.accounts.iter().any(|id| id == account.id()) {
            let (recipe, account) = (self.recipe.id.name.clone(), account.id().to_owned());
            return Err(Trouble::NotForAccount { recipe, account });
        }
        let reach = Reach::new(self.recipe, self.inputs, account.origin());
        let life = Duration::from_secs(u64::from(self.recipe.seconds));
        // Opening a tab is part of how long it takes: where several run at once, a good part.
        let began = Instant::now();
        let tab = self.browser.tab(Rule::Recipe(Box::new(reach.clone())), life).await?;
        Ok(Run::new(*self, tab, reach, began))
    }
}

/// Runs a recipe that reads. Several may run at once; they wait for each other where there are more than
/// [`crate::MOST_TABS`].
///
/// # Errors
/// [`Stopped`]: there is nothing of what was asked for, something on the page is not as it should be, or the browser
/// does not work.
pub async fn look_up(job: Job<'_>) -> Result<Finding, Stopped> {
    let _turn = job.browser.shared().await?;
    let mut run = job.begin().await?;
    match job.recipe.purpose {
        Purpose::Read => run.all(&job.recipe.steps).await?,
        // A write recipe gives its facts in the course of its plan.
        Purpose::Write(_) => {
            return Err(Stopped::Trouble(Trouble::Refused { method: "look_up", why: "it writes".into() }));
        }
    }
    run.finding().await
}

/// Fills in what a write recipe hands in, and stops before it is handed in. Nothing is written: while this runs, no
/// request that writes can leave the browser.
///
/// # Errors
/// As [`look_up`].
pub async fn prepare(job: Job<'_>) -> Result<Plan, Stopped> {
    let _turn = job.browser.shared().await?;
    let mut run = job.begin().await?;
    let before = job.recipe.submit_at().unwrap_or_default();
    run.all(job.recipe.steps.get(..before).unwrap_or_default()).await?;
    run.plan().await
}
