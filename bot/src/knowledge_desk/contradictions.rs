//! Entries that answer the same question otherwise, and asking their owners which of them holds.

use std::collections::{HashMap, HashSet};

use knowledge::{Entry, question_key, says_more};
use serde::Serialize;

use super::care::{self, Cause};
use crate::app::App;
use crate::store::Tx;
use crate::store::knowledge as entries;

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

/// Entries by the questions they answer.
pub(super) struct Answering<'e>(HashMap<String, Vec<&'e Entry>>);

impl<'e> Answering<'e> {
    /// Those that are valid now.
    pub(super) fn of(known: impl IntoIterator<Item = &'e Entry>, now: i64) -> Self {
        let mut by_question: HashMap<String, Vec<&Entry>> = HashMap::new();
        for entry in known.into_iter().filter(|entry| !entry.kind.is_rule() && entry.is_valid_at(now)) {
            // A question that stands there twice is one.
            let questions: HashSet<String> = entry.questions.iter().map(|question| question_key(question)).collect();
            questions.into_iter().for_each(|question| by_question.entry(question).or_default().push(entry));
        }
        Self(by_question)
    }

    /// Those that answer one of an entry's questions at the same place, and say something else.
    pub(super) fn otherwise(&self, entry: &Entry) -> Vec<Other> {
        let mut found: Vec<&Entry> = Vec::new();
        for other in entry.questions.iter().filter_map(|question| self.0.get(&question_key(question))).flatten() {
            if contradicts(entry, other) && found.iter().all(|known| known.id != other.id) {
                found.push(other);
            }
        }
        found.into_iter().map(Other::from).collect()
    }
}

/// Whether two answers to one question cannot both stand.
fn contradicts(entry: &Entry, other: &Entry) -> bool {
    let meet = entry.scope.covers(&other.scope) || other.scope.covers(&entry.scope);
    let differ = || says_more(&other.answer, &[&entry.answer]) && says_more(&entry.answer, &[&other.answer]);
    other.id != entry.id && meet && differ()
}

/// Asks the owners of entries that answer the same question otherwise which of them holds.
///
/// # Errors
/// When the database fails.
pub(super) async fn ask_owners(tx: &mut Tx, app: &App, new: &Other, others: &[Other]) -> anyhow::Result<()> {
    let occasion = format!("{}:{}", new.entry, new.version);
    for other in others {
        let Some(known) = entries::version(tx, &other.entry, other.version).await? else { continue };
        care::raise(tx, app, Cause::Contradicted, &known, (&occasion, &new.title)).await?;
    }
    Ok(())
}
