//! Trying a recipe out: the capture test, in chat and on the command line.

use std::collections::BTreeMap;

use backoffice::{Fact, Finding, Inputs, Oddity, Picture, Plan, Recipe, Recipes, Stopped, WrongInput};
use serde_json::json;

use super::look::{End, Run, why};
use super::{NoOffice, Offices, keep};
use crate::app::App;
use crate::case::{Say, Unseen};
use crate::clock::Timestamp;
use crate::config;
use crate::desk::{Action, BackOffice};
use crate::effects::surface::Way;
use crate::effects::{left_to_another, pictures};
use crate::policy::Given;
use crate::store::queue::{Door, Row};
use crate::surface::Address;
use crate::worker::{Job, apply};

/// What came of trying a recipe out.
#[derive(Debug)]
pub enum Trial {
    /// It went through.
    Passed {
        /// What was found, in a line.
        fact: String,
        /// Every fact by what people call it, with its unit.
        said: Vec<(String, String)>,
        /// What was seen.
        pictures: Vec<Picture>,
        /// How long it took, in milliseconds.
        took_ms: i64,
    },
    /// The shop has no such order.
    NotFound,
    /// It stopped.
    Stopped {
        /// Why, to people.
        why: Unseen,
        /// Why, exactly, and at which line of the recipe.
        exactly: String,
        /// What was seen.
        picture: Option<Picture>,
    },
}

impl Offices {
    /// Tries a recipe out on an order. One that writes fills its form in, and hands nothing in.
    ///
    /// # Errors
    /// Where it cannot be tried.
    pub async fn try_out(
        &self,
        config: &BackOffice,
        recipe: &str,
        order: &str,
        now: Timestamp,
    ) -> Result<Trial, NoOffice> {
        let office = self.office(config).await?;
        let Some(recipe) = office.recipes.get(recipe) else {
            let names: Vec<&str> = office.recipes.iter().map(|recipe| recipe.id.name.as_str()).collect();
            return Err(NoOffice::Unusable(format!("{recipe} is no recipe here: use one of {}", names.join(", "))));
        };
        let tried = if recipe.reads() {
            self.look_up(&office, recipe, order, now).await.map(|found| read(recipe, found))
        } else {
            let wrong = |wrong: WrongInput| NoOffice::Unusable(wrong.to_string());
            let inputs = Inputs::new(recipe, sample(config, &office.recipes, recipe, order)).map_err(wrong)?;
            self.fill_in(&office, recipe, &inputs, now).await.map(filled)
        };
        match tried {
            Ok(passed) => Ok(passed),
            Err(Ok(Stopped::NotFound(_))) => Ok(Trial::NotFound),
            Err(Ok(Stopped::Abnormal(oddity, sight))) => Ok(Trial::Stopped {
                why: why(&oddity),
                exactly: format!("{} (line {} of the recipe)", exactly(&oddity), sight.line),
                picture: sight.picture,
            }),
            Err(Ok(Stopped::Trouble(trouble))) => Err(trouble.into()),
            Err(Err(problem)) => Err(problem),
        }
    }
}

fn read(recipe: &Recipe, found: Finding) -> Trial {
    let said = |(name, fact): (&String, &Fact)| (recipe.label(name).to_owned(), recipe.in_words(name, &fact.value));
    Trial::Passed {
        fact: recipe.on_card(&found.facts),
        said: found.facts.iter().map(said).collect(),
        took_ms: i64::try_from(found.took_ms).unwrap_or(i64::MAX),
        pictures: found.pictures,
    }
}

fn filled(plan: Plan) -> Trial {
    let values: Vec<&str> = plan.fields.iter().map(|field| field.value.as_str()).collect();
    Trial::Passed {
        fact: values.join(" / "),
        said: plan.fields.iter().map(|field| (field.selector.clone(), field.value.clone())).collect(),
        took_ms: i64::try_from(plan.before.took_ms).unwrap_or(i64::MAX),
        pictures: plan.before.pictures,
    }
}

/// What stands for a person's words in a form that is filled in for a trial.
const SAMPLE: Given<'static> =
    Given { case: 0, text: "test", customer: "test", fact: "test", by: "test", answer: "test" };

/// What a recipe that writes is given for a trial: what the action that uses it, or is taken back by it, would give.
fn sample(config: &BackOffice, recipes: &Recipes, recipe: &Recipe, order: &str) -> BTreeMap<String, String> {
    let name = &recipe.id.name;
    let undoes = |action: &&Action| recipes.get(&action.recipe).and_then(Recipe::undo) == Some(name.as_str());
    let action = config.actions.iter().find(|action| action.recipe == *name || undoes(action));
    let inputs = action.into_iter().flat_map(|action| &action.inputs);
    let filled = inputs.map(|(name, words)| (name.clone(), SAMPLE.fill(words)));
    let taken = |(name, _): &(String, String)| recipe.inputs.iter().any(|input| input.name == *name);
    filled.chain([(config::ORDER.to_owned(), order.to_owned())]).filter(taken).collect()
}

/// An oddity for whoever corrects the recipe.
fn exactly(oddity: &Oddity) -> String {
    serde_json::to_value(oddity).map(|value| value.to_string()).unwrap_or_default()
}

/// A recipe that somebody wants tried out in chat.
#[derive(Debug, Clone)]
pub(in crate::effects) struct Wanted {
    /// Who, and where they are told.
    pub(in crate::effects) to: Address,
    pub(in crate::effects) store: String,
    pub(in crate::effects) recipe: String,
    pub(in crate::effects) order: String,
}

/// Tries a recipe out, and says what came of it.
pub(in crate::effects) async fn test(app: &App, row: Row, wanted: Wanted) -> anyhow::Result<()> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    let config = desk.desk.back_office(&wanted.store).cloned();
    let now = app.clock.now();
    let tried = match &config {
        Some(config) => app.offices.try_out(config, &wanted.recipe, &wanted.order, now).await,
        None => Err(NoOffice::Unusable(wanted.store.clone())),
    };
    if matches!(tried, Err(NoOffice::Elsewhere(_))) {
        return left_to_another(app, row).await;
    }
    let (say, run) = told(app, &wanted, now, tried).await?;
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                if let Some(run) = &run {
                    keep::kept(tx, &app, None, run).await?;
                }
                Job::Say { to: wanted.to, say }.enqueue(tx, &app, app.clock.now()).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// What is said about a trial, after its picture was shown, and what becomes of the recipe.
async fn told(
    app: &App,
    wanted: &Wanted,
    now: Timestamp,
    tried: Result<Trial, NoOffice>,
) -> anyhow::Result<(Say, Option<Run>)> {
    let say = |key: &str| Say::new(key).with("store", &wanted.store).with("recipe", &wanted.recipe);
    let run = |end| Run {
        store: wanted.store.clone(),
        recipe: wanted.recipe.clone(),
        title: wanted.recipe.clone(),
        at: now,
        payload: json!(null),
        end,
    };
    Ok(match tried {
        Ok(Trial::Passed { fact, pictures, took_ms, .. }) => {
            show(app, &wanted.to, pictures.first()).await?;
            let seconds = format!("{:.1}", took_ms as f64 / 1_000.0);
            let passed = say("told.recipe_passed").with("fact", fact).with("seconds", seconds);
            (passed, Some(run(End::Through(took_ms, None))))
        }
        Ok(Trial::NotFound) => (say("told.recipe_no_order"), None),
        Ok(Trial::Stopped { why, picture, .. }) => {
            let kept = show(app, &wanted.to, picture.as_ref()).await?;
            let failed = say("told.recipe_failed").with_key("why", why.key()).with_key("todo", why.todo_key());
            (failed, Some(run(End::Stop(why, kept))))
        }
        Err(problem) => (say("told.recipe_untried").with("problem", problem), None),
    })
}

/// Keeps a picture and shows it to whoever wanted the trial.
async fn show(app: &App, to: &Address, picture: Option<&Picture>) -> anyhow::Result<Option<String>> {
    let Some(picture) = picture else { return Ok(None) };
    let kept = app.blobs.put(&picture.png).await?;
    if let Some(way) = Way::to(app, to) {
        pictures::show(app, &way, &kept).await;
    }
    Ok(Some(kept))
}
