//! What the files of an import meet: the knowledge in use, and what the shop replied of late. Read once for all of them, when
//! it is first needed; what the import itself puts in use is known from then on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use knowledge::import::Item;
use knowledge::{Entry, Gate, Index, Measured, WordList};

use super::versions::identity;
use crate::app::App;
use crate::knowledge_desk::contradictions::{Answering, Contradiction, Other};
use crate::knowledge_desk::publishing;
use crate::meaning::Meant;
use crate::store::{conversations, knowledge as entries};

/// The knowledge in use, what the import leaves for review, and the shop's newest replies.
pub(super) struct Beside {
    app: App,
    in_use: Option<Arc<Entries>>,
    waiting: Arc<Entries>,
    replies: Option<Arc<Vec<String>>>,
}

/// Entries, also by the questions they answer.
#[derive(Clone)]
struct Entries {
    entries: Vec<Arc<Entry>>,
    answering: Answering<Arc<Entry>>,
}

impl Beside {
    /// Nothing is read yet.
    pub(super) fn new(app: &App) -> Self {
        Self { app: app.clone(), in_use: None, waiting: Arc::new(Entries::new(Vec::new(), 0)), replies: None }
    }

    /// Tries the tests the items of a file bring with them on the knowledge as it would be, and those of the knowledge in use
    /// that the items may take the answer from, by the words alone: a file may have thousands. Gives those that fail, by the
    /// ids of the items' entries.
    pub(super) async fn failures(
        &mut self,
        file: &str,
        items: &[Item],
    ) -> anyhow::Result<HashMap<String, Vec<String>>> {
        let (in_use, now) = (self.in_use().await?, self.app.clock.now());
        if items.iter().all(|item| item.tests.is_empty()) && !in_use.has_tests() {
            return Ok(HashMap::new());
        }
        let new: Vec<Entry> = items.iter().map(|item| item.clone().into_entry(identity(file, item), 0)).collect();
        let failures = tokio::task::spawn_blocking(move || failing(&in_use, &new, now));
        Ok(failures.await?)
    }

    /// Entries of one file that answer a question otherwise than those in use, than what the files before it left for
    /// review, or than each other.
    pub(super) async fn contradictions(&mut self, said: Vec<Arc<Entry>>) -> anyhow::Result<Vec<Contradiction>> {
        let (in_use, waiting, now) = (self.in_use().await?, self.waiting.clone(), self.app.clock.now());
        Ok(tokio::task::spawn_blocking(move || contradicting([&in_use, &waiting], &said, now)).await?)
    }

    /// Goes on with these versions in use instead of the others of their entries.
    pub(super) async fn replace(&mut self, new: Vec<Arc<Entry>>) -> anyhow::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.in_use().await?;
        let now = self.app.clock.now();
        if let Some(in_use) = &mut self.in_use {
            Arc::make_mut(in_use).replace(new, now);
        }
        Ok(())
    }

    /// Goes on with these versions waiting for their owners' review.
    pub(super) fn leave(&mut self, new: Vec<Arc<Entry>>) {
        let now = self.app.clock.now();
        Arc::make_mut(&mut self.waiting).replace(new, now);
    }

    /// What the lists of forbidden words among the items of a file would do to the shop's newest replies; nothing where
    /// there are no lists.
    pub(super) async fn measured(&mut self, file: &str, items: &[Item]) -> anyhow::Result<Option<Measured>> {
        let rules = items.iter().filter(|item| item.forbids.is_some());
        let rules = rules.map(|item| item.clone().into_entry(identity(file, item), 0));
        let lists: Vec<WordList> = rules.filter_map(|rule| WordList::of_rule(&rule)).collect();
        if lists.is_empty() {
            return Ok(None);
        }
        let replies = self.replies().await?;
        let measure = move || Gate::new(&lists).map(|gate| gate.measure(replies.iter().map(String::as_str)));
        Ok(Some(tokio::task::spawn_blocking(measure).await??))
    }

    async fn in_use(&mut self) -> anyhow::Result<Arc<Entries>> {
        if let Some(known) = &self.in_use {
            return Ok(known.clone());
        }
        let read = self.app.store.read(|tx| Box::pin(async move { Ok(entries::in_use(tx).await?) })).await?;
        let known = Arc::new(Entries::new(read.into_iter().map(Arc::new).collect(), self.app.clock.now()));
        self.in_use = Some(known.clone());
        Ok(known)
    }

    async fn replies(&mut self) -> anyhow::Result<Arc<Vec<String>>> {
        if let Some(known) = &self.replies {
            return Ok(known.clone());
        }
        let read = self.app.store.read(|tx| {
            Box::pin(async move { Ok(conversations::newest_replies(tx, publishing::LOOKED_THROUGH).await?) })
        });
        let known = Arc::new(read.await?);
        self.replies = Some(known.clone());
        Ok(known)
    }
}

impl Entries {
    fn new(entries: Vec<Arc<Entry>>, now: i64) -> Self {
        let answering = Answering::of(entries.iter().cloned(), now);
        Self { entries, answering }
    }

    fn has_tests(&self) -> bool {
        self.entries.iter().any(|entry| !entry.tests.find.is_empty())
    }

    fn replace(&mut self, new: Vec<Arc<Entry>>, now: i64) {
        let ids: HashSet<&str> = new.iter().map(|entry| entry.id.as_str()).collect();
        for older in self.entries.extract_if(.., |known| ids.contains(known.id.as_str())) {
            self.answering.remove(&older);
        }
        for entry in new {
            self.answering.add(entry.clone(), now);
            self.entries.push(entry);
        }
    }
}

/// The new entries' own tests that fail with them in use, and those of others that they take, by the new ones' ids.
fn failing(in_use: &Entries, new: &[Entry], now: i64) -> HashMap<String, Vec<String>> {
    let ids: HashSet<&str> = new.iter().map(|entry| entry.id.as_str()).collect();
    let others = || in_use.entries.iter().filter(|entry| !ids.contains(entry.id.as_str()));
    let with = Index::build(others().map(|entry| Entry::clone(entry)).chain(new.iter().cloned()));
    let meant = Meant::new();
    let mut failing: HashMap<String, Vec<String>> = HashMap::new();
    for entry in new {
        let own = publishing::failures(&with, entry, std::slice::from_ref(&entry.scope), &meant, now);
        failing.entry(entry.id.clone()).or_default().extend(own);
    }
    if in_use.has_tests() {
        let before = Index::build(in_use.entries.iter().map(|entry| Entry::clone(entry)));
        let scopes = |other: &Entry| [other.scope.clone()];
        let taken = others().flat_map(|other| publishing::taken([&before, &with], other, &scopes(other), &meant, now));
        for (by, test) in taken.filter(|(by, _)| ids.contains(by.as_str())) {
            failing.entry(by).or_default().push(test);
        }
    }
    failing.retain(|_, failures| !failures.is_empty());
    failing
}

fn contradicting(known: [&Entries; 2], said: &[Arc<Entry>], now: i64) -> Vec<Contradiction> {
    let new: HashSet<&str> = said.iter().map(|entry| entry.id.as_str()).collect();
    let beside = Answering::of(said.iter().cloned(), now);
    let contradiction = |entry: &Arc<Entry>| {
        let known = known.iter().flat_map(|known| known.answering.otherwise(entry));
        let known = known.filter(|other| !new.contains(other.entry.as_str()));
        // Two of one file contradict each other once.
        let own = beside.otherwise(entry).into_iter().filter(|other| other.entry < entry.id);
        let others = each_once(known.chain(own));
        (!others.is_empty()).then(|| Contradiction { new: Other::from(&**entry), others })
    };
    said.iter().filter_map(contradiction).collect()
}

/// One version of each entry: the first, which is in use where any is.
fn each_once(others: impl Iterator<Item = Other>) -> Vec<Other> {
    let mut seen = HashSet::new();
    others.filter(|other| seen.insert(other.entry.clone())).collect()
}
