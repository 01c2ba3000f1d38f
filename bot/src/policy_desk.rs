//! Which policy was in force when, and taking the one in force back: what decided before it decides again, beside the
//! people, names and hours of now. To what was taken back nothing goes back any more.

use anyhow::Context;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::clock::Timestamp;
use crate::config::{self, ConfigError};
use crate::desk::{Desk, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::start;
use crate::store::desks::{self, Applied, Version};
use crate::store::{Tx, pauses, record};

/// A time in which one policy was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its version.
    pub policy: String,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end; none where it goes on.
    pub until: Option<Timestamp>,
    /// Whether somebody took it back.
    pub taken_back: bool,
}

/// The policies there were, newest first.
///
/// # Errors
/// When the database fails.
pub async fn periods(tx: &mut Tx) -> anyhow::Result<Vec<Period>> {
    let versions = desks::versions(tx).await?;
    let mut until = None;
    let runs = versions.chunk_by(|newer, older| newer.policy == older.policy);
    let period = |run: &[Version]| {
        let (newest, oldest) = (run.first()?, run.last()?);
        let taken_back = newest.taken_back_at.is_some();
        let ended = until.replace(oldest.applied_at);
        Some(Period { policy: newest.policy.clone(), from: oldest.applied_at, until: ended, taken_back })
    };
    Ok(runs.filter_map(period).collect())
}

/// What taking the policy in force back would put in its place.
#[derive(Debug)]
pub struct Earlier {
    current: Applied,
    desk: Desk,
    triggers: Option<String>,
    /// The version that would decide.
    pub policy: String,
    /// Since when that one was in force.
    pub since: Timestamp,
    /// What would be otherwise, as `place: now → then`, in the configuration's own names.
    pub changes: Vec<String>,
}

/// Why the policy in force cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stays {
    /// There is none to go back to.
    NothingEarlier,
    /// The one before does not fit to what is configured beside it now.
    DoesNotFit(ConfigError),
}

impl Earlier {
    /// The policy before the one in force, of those that nobody took back. Claims under way end first, and new ones wait for
    /// the end of the transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(tx: &mut Tx) -> anyhow::Result<Result<Self, Stays>> {
        pauses::hold_alone(tx).await?;
        let current = desks::current(tx).await?.context("no configuration was applied yet")?;
        let versions = desks::versions(tx).await?;
        let taken_back = |policy: &str| versions.iter().any(|v| v.policy == policy && v.taken_back_at.is_some());
        let other = |policy: &str| policy != current.policy && !taken_back(policy);
        for version in versions.iter().filter(|version| other(&version.policy)) {
            let found = Self::of(tx, &current, version).await?;
            // Under another policy's name it may decide as the one in force does: for a channel that is gone by now.
            if other(&found.policy) {
                return Ok(match config::check(&found.desk).into_iter().next() {
                    None => Ok(found),
                    Some(problem) => Err(Stays::DoesNotFit(problem)),
                });
            }
        }
        Ok(Err(Stays::NothingEarlier))
    }

    async fn of(tx: &mut Tx, current: &Applied, version: &Version) -> anyhow::Result<Self> {
        let (earlier, triggers) = desks::with_triggers(tx, &version.id).await?.context("a version is gone")?;
        let desk = config::deciding_as(current.desk.clone(), &earlier.desk);
        let policy = config::policy_version(&desk, earlier.triggers.version());
        let changes =
            config::policy_changes((&current.desk, current.triggers.version()), (&desk, earlier.triggers.version()));
        Ok(Self { current: current.clone(), desk, triggers, policy, since: version.applied_at, changes })
    }

    /// The version in force.
    pub fn current(&self) -> &str {
        &self.current.policy
    }

    /// Four characters that stand for exactly this: what is in force, and what would be.
    pub fn code(&self) -> String {
        cards::code_of(&Sha256::digest(format!("{}\0{}", self.current.id, self.policy)).into())
    }

    /// Puts it in force. What people were shown under the other one is drafted anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_in_force(self, tx: &mut Tx, app: &App, by: &Person) -> anyhow::Result<()> {
        let now = app.clock.now();
        desks::take_back(tx, &self.current.policy, now).await?;
        let payload = json!({ "taken_back": self.current.policy, "in_force": self.policy, "changes": self.changes });
        let entry = Entry { kind: Kind::PolicyTakenBack, actor: Actor::Person(by.id.clone()), payload };
        record::append(tx, app, record::DESK, None, &entry).await?;
        start::put_together(tx, app, self.desk, self.triggers, self.current).await
    }
}
