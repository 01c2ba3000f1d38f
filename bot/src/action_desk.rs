//! What is done in a shop's back office for a case: somebody asks for it, the form is filled in and shown, somebody
//! approves exactly that, it is handed in once, and whoever approved sees what became of it.
//!
//! Outward calls are `effects/office/act.rs`; here is what people do about an action, and what they are shown.

mod answer;
mod decide;
mod shown;
mod wish;

pub(crate) use answer::holds;
pub(crate) use decide::{allowed, pressed};
pub(crate) use shown::{card, pictures, settled, state_key};
pub(crate) use wish::{offered, wish};

use cards::Risk;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::case::{Citation, Say};
use crate::clock::Timestamp;
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::Intent;
use crate::store::actions::Action;
use crate::store::desks::Applied;
use crate::store::knowledge::care;
use crate::store::{Tx, record};
use crate::worker::{Job, apply};

/// What would be done, as it is shown and approved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Planned {
    /// What an approval binds: the hash of the plan.
    pub(crate) hash: String,
    /// What the recipe is called.
    pub(crate) title: String,
    /// The order's number.
    pub(crate) order: String,
    /// What stands in the form's fields, in order.
    pub(crate) fields: Vec<String>,
    /// SHA-256 of the pictures of the filled form, in hex.
    pub(crate) pictures: Vec<String>,
    /// What the page said then, in a line; may be empty.
    #[serde(default)]
    pub(crate) seen: String,
    /// When it was filled in.
    pub(crate) at: Timestamp,
    /// What the customer wanted then.
    pub(crate) intent: Intent,
    /// What was known about the order then, in a line; may be empty.
    pub(crate) fact: String,
    /// How the case was judged then.
    pub(crate) risk: Risk,
    /// Whether a recipe is there that takes it back.
    pub(crate) undo: Option<String>,
}

/// Whose approval an action is handed in by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Authority {
    /// The person's id.
    pub(crate) person: String,
    /// When.
    pub(crate) at: Timestamp,
    /// The hash that was approved.
    pub(crate) hash: String,
    /// How often the pause register had been turned then.
    pub(crate) turn: i64,
}

/// What became of an action that was claimed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The HTTP status of the answer.
    pub(crate) status: Option<u16>,
    /// What the shop showed afterwards: SHA-256 of pictures, in hex.
    pub(crate) pictures: Vec<String>,
    /// Who said what became of it, and when, where nobody else knew.
    pub(crate) said_by: Option<(String, Timestamp)>,
}

impl Action {
    /// What would be done, once it was prepared.
    pub(crate) fn planned(&self) -> Option<Planned> {
        self.plan.as_deref().and_then(|plan| serde_json::from_str(plan).ok())
    }

    /// The published answer that it says.
    pub(crate) fn citation(&self) -> Option<Citation> {
        self.cites.as_deref().and_then(|cites| serde_json::from_str(cites).ok())
    }

    /// Whose approval stands.
    pub(crate) fn authority(&self) -> Option<Authority> {
        self.authority.as_deref().and_then(|authority| serde_json::from_str(authority).ok())
    }

    /// What became of it.
    pub(crate) fn came_to(&self) -> Outcome {
        self.outcome.as_deref().and_then(|outcome| serde_json::from_str(outcome).ok()).unwrap_or_default()
    }

    /// The code of what is shown for a decision now.
    pub(crate) fn code(&self) -> String {
        let hash = self.planned().map(|planned| planned.hash).unwrap_or_default();
        cards::code_of(&Sha256::digest(format!("{}\0{hash}\0{}\0{}", self.id, self.round, self.state.as_str())).into())
    }

    /// A sentence about it.
    pub(crate) fn say(&self, key: &str) -> Say {
        let title = self.planned().map_or_else(|| self.name.clone(), |planned| planned.title);
        Say::new(key).with("action", self.number).with("title", title)
    }
}

/// Puts something that happened to an action on the record of its case.
///
/// # Errors
/// When the database fails: then nothing of the transaction may happen either.
pub(crate) async fn remember(
    tx: &mut Tx,
    app: &App,
    action: &Action,
    (kind, actor): (Kind, Actor),
    more: Value,
) -> anyhow::Result<()> {
    let mut payload = json!({ "action": action.number, "name": action.name, "store": action.store,
        "recipe_name": action.recipe, "cites": action.citation() });
    if let (Some(all), Value::Object(more)) = (payload.as_object_mut(), more) {
        all.extend(more);
    }
    let entry = Entry { kind, actor, payload };
    record::append(tx, app, &record::chain_of(&action.conversation), Some(&action.case_id), &entry).await
}

/// Shows an action, as it stands, to a person.
///
/// # Errors
/// When the database fails.
pub(crate) async fn show(tx: &mut Tx, app: &App, desk: &Applied, action: &Action, person: &str) -> anyhow::Result<()> {
    let Some(to) = app.address_of(&desk.desk, person) else { return Ok(()) };
    let card = apply::Beside { about: care::About::Action, subject: action.id.clone(), code: action.code() };
    apply::announce_beside(tx, app, card, person, &to).await
}

/// Every card of an action turns into how it stands now.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settle_cards(tx: &mut Tx, app: &App, action: &Action) -> anyhow::Result<()> {
    for posting in care::open_cards(tx, &action.id).await? {
        Job::SettleCare { task_id: posting.task_id, to: posting.to }.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(())
}
