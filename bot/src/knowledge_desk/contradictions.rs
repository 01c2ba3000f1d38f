//! Entries that answer the same question otherwise, and asking their owners which of them holds.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};

use knowledge::{Entry, question_key, says_more};
use serde::Serialize;

use super::care::{self, Cause};
use crate::app::App;
use crate::store::Tx;
use crate::store::knowledge::{self as entries, EntryState};

/// A version of an entry, as it is told of beside another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Its id.
    pub entry: String,
    /// Its version.
    pub version: i64,
    /// Its title.
    pub title: String,
}

impl From<&Entry> for Other {
    fn from(entry: &Entry) -> Self {
        Self { entry: entry.id.clone(), version: entry.version, title: entry.title.clone() }
    }
}

/// An entry, and those that answer one of its questions otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The entry.
    pub new: Other,
    /// The others.
    pub others: Vec<Other>,
}

impl Contradiction {
    /// What the others are called.
    pub fn titles(&self) -> String {
        self.others.iter().map(|other| other.title.as_str()).collect::<Vec<_>>().join("、")
    }
}

/// Entries, borrowed or shared, by the questions they answer.
#[derive(Clone)]
pub(super) struct Answering<E>(HashMap<String, Vec<E>>);

impl<E: Borrow<Entry> + Clone> Answering<E> {
    /// Those that are valid now.
    pub(super) fn of(known: impl IntoIterator<Item = E>, now: i64) -> Self {
        let mut answering = Self(HashMap::new());
        known.into_iter().for_each(|entry| answering.add(entry, now));
        answering
    }

    /// Adds an entry, where it is valid now.
    pub(super) fn add(&mut self, entry: E, now: i64) {
        if entry.borrow().kind.is_rule() || !entry.borrow().is_valid_at(now) {
            return;
        }
        for question in questions(entry.borrow()) {
            self.0.entry(question).or_default().push(entry.clone());
        }
    }

    /// Takes an entry out, in every version.
    pub(super) fn remove(&mut self, entry: &Entry) {
        for question in questions(entry) {
            if let Some(known) = self.0.get_mut(&question) {
                known.retain(|known| known.borrow().id != entry.id);
            }
        }
    }

    /// Those that answer one of an entry's questions at the same place, and say something else.
    pub(super) fn otherwise(&self, entry: &Entry) -> Vec<Other> {
        let mut found: Vec<&Entry> = Vec::new();
        for other in questions(entry).iter().filter_map(|question| self.0.get(question)).flatten() {
            let other = other.borrow();
            if contradicts(entry, other) && found.iter().all(|known| known.id != other.id) {
                found.push(other);
            }
        }
        found.into_iter().map(Other::from).collect()
    }
}

/// An entry's questions as they are compared, in order; one that stands there twice is one.
fn questions(entry: &Entry) -> BTreeSet<String> {
    entry.questions.iter().map(|question| question_key(question)).collect()
}

/// Whether two answers to one question cannot both stand.
fn contradicts(entry: &Entry, other: &Entry) -> bool {
    let meet = entry.scope.covers(&other.scope) || other.scope.covers(&entry.scope);
    let differ = || says_more(&other.answer, &[&entry.answer]) && says_more(&entry.answer, &[&other.answer]);
    other.id != entry.id && meet && differ()
}

/// Asks the owners of entries in use that answer the same question otherwise which of them holds.
///
/// # Errors
/// When the database fails.
pub(super) async fn ask_owners(tx: &mut Tx, app: &App, new: &Other, others: &[Other]) -> anyhow::Result<()> {
    let occasion = format!("{}:{}", new.entry, new.version);
    for other in others {
        let known = entries::version(tx, &other.entry, other.version).await?;
        let Some(known) = known.filter(|known| known.state == EntryState::Published) else { continue };
        care::raise(tx, app, Cause::Contradicted, &known, (&occasion, &new.title)).await?;
    }
    Ok(())
}
