//! This program among those that share the database: it shows signs of life, takes over what those leave who show none,
//! and lets go of what it holds itself without working on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::app::App;
use crate::clock::{SECOND, Timestamp};
use crate::store::queue::{self, Held};
use crate::store::{Tx, instances};

/// Between two heartbeats.
const BEAT_EVERY: Timestamp = 3 * SECOND;
/// An instance whose count stands still for so long is gone. One that was only frozen finds its claims taken.
const GONE_AFTER: Timestamp = 15 * SECOND;
/// How long a claimed row that nobody here works on is left alone: its claim may just be on its way.
const FORGOTTEN_AFTER: Timestamp = 10 * SECOND;

/// This program, and what it knows of the others.
pub struct Instance {
    id: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    beat_at: Option<Timestamp>,
    /// The other instances: their heartbeats, and since when we have seen that count.
    others: BTreeMap<String, (i64, Timestamp)>,
    /// Rows being worked here.
    working: BTreeSet<String>,
    /// Rows that are ours and that nobody here works on, and since when.
    forgotten: BTreeMap<Held, Timestamp>,
}

impl Instance {
    /// An instance with an id of its own.
    pub fn new(id: String) -> Self {
        Self { id, known: Mutex::default() }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time for a heartbeat; asking counts as one.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut known = self.known();
        let due = known.beat_at.is_none_or(|at| now >= at + BEAT_EVERY);
        if due {
            known.beat_at = Some(now);
        }
        due
    }

    /// What has been ours for a while although nobody works on it.
    fn forgotten(&self, held: Vec<Held>, now: Timestamp) -> Vec<Held> {
        let mut known = self.known();
        let idle = held.into_iter().filter(|(_, id, _)| !known.working.contains(id));
        let idle: Vec<Held> = idle.collect();
        let since = |held: &Held| known.forgotten.get(held).copied().unwrap_or(now);
        let next: BTreeMap<Held, Timestamp> = idle.into_iter().map(|held| (held.clone(), since(&held))).collect();
        known.forgotten = next;
        let long = known.forgotten.iter().filter(|(_, since)| now >= **since + FORGOTTEN_AFTER);
        long.map(|(held, _)| held.clone()).collect()
    }
}

/// Says that a row is being worked here, until it is dropped.
pub(super) struct Working {
    app: App,
    row: String,
}

impl Working {
    pub(super) fn on(app: &App, row: &str) -> Self {
        app.instance.known().working.insert(row.to_owned());
        Self { app: app.clone(), row: row.to_owned() }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.app.instance.known().working.remove(&self.row);
    }
}

/// Shows a sign of life when it is time, and looks after what nobody works on any more; says whether there was any.
///
/// # Errors
/// When the database fails.
pub async fn show_life(app: &App) -> anyhow::Result<bool> {
    let now = app.clock.steady();
    if !app.instance.is_due(now) {
        return Ok(false);
    }
    let (beating, known) = (app.clone(), app.instance.known().others.clone());
    let round = app.store.commit(move |tx| Box::pin(async move { beat(tx, &beating, known, now).await })).await?;
    app.instance.known().others = round.others;
    let forgotten = app.instance.forgotten(round.held, now);
    let any = round.freed > 0 || !forgotten.is_empty();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                for held in &forgotten {
                    queue::let_go(tx, held).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(any)
}

/// What one heartbeat saw.
struct Round {
    others: BTreeMap<String, (i64, Timestamp)>,
    freed: u64,
    held: Vec<Held>,
}

async fn beat(
    tx: &mut Tx,
    app: &App,
    known: BTreeMap<String, (i64, Timestamp)>,
    now: Timestamp,
) -> anyhow::Result<Round> {
    instances::beat(tx, app.instance.id(), app.clock.now()).await?;
    let mut others = BTreeMap::new();
    for (id, beats) in instances::all(tx).await?.into_iter().filter(|(id, _)| id != app.instance.id()) {
        let since = known.get(&id).filter(|(seen, _)| *seen == beats).map_or(now, |(_, since)| *since);
        if now >= since + GONE_AFTER && instances::give_up(tx, &id, beats).await? {
            tracing::warn!(instance = %id, "an instance shows no sign of life: its work is taken over");
        } else {
            others.insert(id, (beats, since));
        }
    }
    let freed = instances::free_what_nobody_has(tx).await?;
    Ok(Round { others, freed, held: queue::held_by(tx, app.instance.id()).await? })
}

/// Begins to work. Whoever is alone on the database takes everything over that was under way when the last program on
/// it ended; where several work side by side, those in whose place this one is (`before`) are gone, and others are noticed
/// by their silence.
///
/// # Errors
/// When the database fails.
pub async fn begin(app: &App, before: Vec<String>) -> anyhow::Result<()> {
    let (id, now, alone) = (app.instance.id().to_owned(), app.clock.now(), !app.store.is_shared());
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                instances::beat(tx, &id, now).await?;
                if alone {
                    instances::only(tx, &id).await?;
                }
                for gone in &before {
                    instances::leave(tx, gone).await?;
                }
                if alone || !before.is_empty() {
                    instances::free_what_nobody_has(tx).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Ends to work: what is still ours is free for others at once.
///
/// # Errors
/// When the database fails; then the others notice by our silence.
pub async fn end(app: &App) -> anyhow::Result<()> {
    let id = app.instance.id().to_owned();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                instances::leave(tx, &id).await?;
                instances::free_what_nobody_has(tx).await?;
                Ok(())
            })
        })
        .await
}
