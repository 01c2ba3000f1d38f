//! Before a version is put in use: its own tests, and what customers of late would hear differently.

use std::sync::Arc;

use knowledge::{Entry, Gate, Hit, HitTests, Index, Measured, Query, Scope, WordList};
use sha2::{Digest, Sha256};

use super::contradictions::{Answering, Other};
use super::life::{Refused, answers_for, may_be_released, named};
use super::{asked_on, scope_on};
use crate::app::{App, Known};
use crate::desk::Person;
use crate::drafting::LEAST_CONFIDENCE;
use crate::meaning::Meant;
use crate::store::conversations::{self, Asked};
use crate::store::desks::Applied;
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};

/// Messages of customers, and replies, that are looked through, the newest ones.
pub(super) const LOOKED_THROUGH: i64 = 5_000;
/// Of them those that are answered with and without the change.
const ANSWERED_BOTH_WAYS: usize = 500;
/// How far down in a search an entry is still near a question.
const NEAR: usize = 5;

/// A version that may be put in use, and what that would change.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The version.
    pub entry: StoredEntry,
    /// Ids of the channels; empty means every channel.
    pub only: Vec<String>,
    /// The published knowledge it was compared with.
    pub edition: Option<String>,
    /// How many questions were answered both ways.
    pub asked: usize,
    /// Those that would be answered otherwise.
    pub differences: Vec<Difference>,
    /// Entries that answer the same question otherwise.
    pub contradicts: Vec<Other>,
    /// Of a list of forbidden words: what it would mark in replies that were fine.
    pub measured: Option<Measured>,
}

/// A customer's question that would be answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The customer's words.
    pub question: String,
    /// What is answered now; nothing where nothing is.
    pub before: Option<String>,
    /// What would be answered.
    pub after: Option<String>,
}

impl Prepared {
    /// Whether it is a list of forbidden words that would have stopped replies which were sent.
    pub fn stops_replies(&self) -> bool {
        self.measured.as_ref().is_some_and(|measured| measured.blocked > 0)
    }

    /// Four characters that stand for what was shown: this version, on these channels, beside everything else that is in
    /// use.
    pub fn code(&self) -> String {
        let shown = (&self.entry.id, self.entry.version, &self.entry.body, &self.only, &self.edition);
        let bytes = serde_json::to_vec(&shown).unwrap_or_default();
        cards::code_of(&Sha256::digest(bytes).into())
    }
}

/// Everything the comparison is about, as it stood in one transaction.
struct Before {
    desk: Arc<Applied>,
    stored: StoredEntry,
    entry: Entry,
    edition: Option<String>,
    in_use: Vec<Entry>,
    known: Arc<Known>,
    asked: Vec<Asked>,
    said: Vec<String>,
}

/// Looks whether a person may put an entry's newest version in use on these channels, and what that would change.
///
/// # Errors
/// When the database fails.
pub async fn prepare(
    app: &App,
    person: &Person,
    name: &str,
    only: Vec<String>,
) -> anyhow::Result<Result<Prepared, Refused>> {
    let before = match look(app, person, name, &only).await? {
        Ok(before) => before,
        Err(refused) => return Ok(Err(refused)),
    };
    let now = app.clock.now();
    let staged = tokio::task::spawn_blocking(move || stage(before, only, now)).await?;
    let meant = meant(app, &staged).await;
    tokio::task::spawn_blocking(move || compare(staged, &meant, now)).await.map_err(anyhow::Error::from)
}

async fn look(app: &App, person: &Person, name: &str, only: &[String]) -> anyhow::Result<Result<Before, Refused>> {
    let (reader, person, name, only) = (app.clone(), person.clone(), name.to_owned(), only.to_owned());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(id) = named(tx, &name).await? else { return Ok(Err(Refused::Unknown(name))) };
                let Some(stored) = entries::newest(tx, &id).await? else { return Ok(Err(Refused::Unknown(name))) };
                let desk = reader.desk(tx).await?;
                let entry = match releasable(&stored, &person, &only, &desk, reader.clock.now()) {
                    Ok(entry) => entry,
                    Err(refused) => return Ok(Err(refused)),
                };
                Ok(Ok(Before {
                    desk,
                    stored,
                    entry,
                    edition: entries::edition(tx).await?,
                    in_use: entries::in_use(tx).await?,
                    known: reader.known(tx).await?,
                    asked: conversations::newest_questions(tx, LOOKED_THROUGH).await?,
                    said: conversations::newest_replies(tx, LOOKED_THROUGH).await?,
                }))
            })
        })
        .await
}

/// The entry, where this person may put it in use there from the state it is in.
fn releasable(
    stored: &StoredEntry,
    person: &Person,
    only: &[String],
    desk: &Applied,
    now: i64,
) -> Result<Entry, Refused> {
    answers_for(person, stored)?;
    let wider = stored.state == EntryState::Published && stored.only() != only;
    let waits = matches!(stored.state, EntryState::Draft | EntryState::Submitted | EntryState::Disabled);
    let entry = stored.entry().filter(|_| wider || waits).ok_or(Refused::NotNow(stored.state))?;
    may_be_released(&entry, only, &desk.desk, now)?;
    Ok(entry)
}

/// The knowledge with the version in it, and the questions both are tried on.
struct Staged {
    before: Before,
    only: Vec<String>,
    with: Index,
    near: Vec<Asked>,
    /// Other entries with tests that the version says something about.
    beside: Vec<Entry>,
    contradicts: Vec<Other>,
}

fn stage(mut before: Before, only: Vec<String>, now: i64) -> Staged {
    let mut released = before.entry.clone();
    released.release.only.clone_from(&only);
    let contradicts = Answering::of(&before.in_use, now).otherwise(&before.entry);
    let alone = Index::build([before.entry.clone()]);
    let beside = beside(&before.entry, &alone, &before.in_use, now);
    let with = Index::build(replaced(std::mem::take(&mut before.in_use), released));
    let near = near(&before.entry, [&alone, &before.known.index], &before.asked, &before.desk, now);
    Staged { near: near.into_iter().cloned().collect(), before, only, with, beside, contradicts }
}

/// What the questions mean that it is tried on; nothing where nothing says so.
async fn meant(app: &App, staged: &Staged) -> Meant {
    let Some(meaning) = &app.meaning else { return Meant::new() };
    let tested = [&staged.before.entry].into_iter().chain(&staged.beside).map(|entry| &entry.tests);
    let tests = tested.flat_map(|tests| tests.find.iter().chain(&tests.miss)).map(|test| bare(test).to_owned());
    let new = Index::build([staged.before.entry.clone()]).faces();
    let texts = tests.chain(staged.near.iter().map(|asked| asked.text.clone())).collect();
    meaning.of_all(&app.store, texts, &staged.with, &new).await.unwrap_or_else(|problem| {
        tracing::warn!(problem = %format!("{problem:#}"), "a version is tried by the words alone");
        Meant::new()
    })
}

fn compare(staged: Staged, meant: &Meant, now: i64) -> Result<Prepared, Refused> {
    let Staged { before, only, with, near, beside, contradicts } = staged;
    let Before { desk, stored, entry, edition, known, said, .. } = before;
    let index = &known.index;
    let mut failures = failures(&with, &entry, &scopes_of(&entry, &only, &desk), meant, now);
    for other in &beside {
        let scopes = scopes_of(other, &other.release.only, &desk);
        let taken = taken([index, &with], other, &scopes, meant, now);
        failures.extend(taken.into_iter().filter(|(by, _)| *by == entry.id).map(|(_, test)| test));
    }
    if !failures.is_empty() {
        return Err(Refused::TestsFail(failures));
    }
    let differences = near.iter().filter_map(|asked| difference([index, &with], asked, &desk, meant, now)).collect();
    let measured = WordList::of_rule(&entry).and_then(|list| Gate::new(&[list]).ok());
    let measured = measured.map(|gate| gate.measure(said.iter().map(String::as_str)));
    Ok(Prepared { entry: stored, only, edition, asked: near.len(), differences, contradicts, measured })
}

/// The knowledge with this version in place of the others on the channels it is released on.
fn replaced(mut in_use: Vec<Entry>, new: Entry) -> Vec<Entry> {
    if new.release.only.is_empty() {
        in_use.retain(|entry| entry.id != new.id);
    }
    for older in in_use.iter_mut().filter(|entry| entry.id == new.id) {
        older.release.except.extend(new.release.only.iter().cloned());
    }
    in_use.push(new);
    in_use
}

/// Where an entry is tested: on each channel it is released on, else wherever it applies.
fn scopes_of(entry: &Entry, only: &[String], desk: &Applied) -> Vec<Scope> {
    let on = only.iter().map(|id| scope_on(desk.desk.channel(id)).with(entry.scope.clone()));
    let on: Vec<Scope> = on.collect();
    if on.is_empty() { vec![entry.scope.clone()] } else { on }
}

/// The tests of an entry that fail, in the words they were written in.
pub(super) fn failures(index: &Index, entry: &Entry, scopes: &[Scope], meant: &Meant, now: i64) -> Vec<String> {
    let HitTests { find, miss } = &entry.tests;
    // What is not yet in force is tested as of its first day.
    let now = entry.valid_from.map_or(now, |from| from.max(now));
    let is_answer = |test: &str, scope: &Scope| {
        let answer = answer(index, test, scope, meant, now);
        answer.is_some_and(|hit| hit.entry == entry.id && hit.version == entry.version)
    };
    let unfound = find.iter().filter(|test| scopes.iter().any(|scope| !is_answer(test, scope)));
    let found = miss.iter().filter(|test| scopes.iter().any(|scope| is_answer(test, scope)));
    unfound.map(|test| format!("✗ {test}")).chain(found.map(|test| format!("✗ ≠ {test}"))).collect()
}

/// The tests of another entry that fail because of what is new in the second of two indexes: questions which that entry
/// has to answer, and which something else would answer. Each with the id of what takes it, in the words it was written in,
/// and with whose it is.
pub(super) fn taken(
    [before, with]: [&Index; 2],
    other: &Entry,
    scopes: &[Scope],
    meant: &Meant,
    now: i64,
) -> Vec<(String, String)> {
    let taker = |test: &String| {
        let now_is = |index: &Index, scope: &Scope| answer(index, test, scope, meant, now).map(|hit| hit.entry);
        let own = scopes.iter().filter(|scope| now_is(before, scope).as_ref() == Some(&other.id));
        let mut takers = own.filter_map(|scope| now_is(with, scope)).filter(|taker| *taker != other.id);
        takers.next().map(|taker| (taker, format!("✗ {test}（{}）", other.title)))
    };
    other.tests.find.iter().filter_map(taker).collect()
}

/// What an index answers a test's question with, if it is as sure of it as a draft has to be.
fn answer(index: &Index, test: &str, scope: &Scope, meant: &Meant, now: i64) -> Option<Hit> {
    let text = bare(test);
    let query = Query { text, meaning: meant.get(text).map(Vec::as_slice), scope, now_ms: now, limit: 1 };
    let found = index.search(&query);
    found.hits.into_iter().next().filter(|_| found.confidence >= LEAST_CONFIDENCE)
}

/// The entries in use one of whose tests asks for something that a new one, `alone` in an index, says anything about.
fn beside(entry: &Entry, alone: &Index, in_use: &[Entry], now: i64) -> Vec<Entry> {
    let about = |test: &String| {
        let query = Query { text: bare(test), meaning: None, scope: &entry.scope, now_ms: now, limit: 1 };
        !alone.search(&query).hits.is_empty()
    };
    let touched = |other: &&Entry| other.id != entry.id && other.tests.find.iter().any(about);
    in_use.iter().filter(touched).cloned().collect()
}

/// A test's question without what stands in brackets before it.
fn bare(test: &str) -> &str {
    let named = test.trim().strip_prefix('【').and_then(|rest| rest.split_once('】'));
    named.map_or(test, |(_, question)| question)
}

/// The newest questions that have something to do with an entry, `alone` in an index, or with the version of it in use.
fn near<'a>(
    entry: &Entry,
    [alone, index]: [&Index; 2],
    asked: &'a [Asked],
    desk: &Applied,
    now: i64,
) -> Vec<&'a Asked> {
    let touches = |asked: &&Asked| {
        let scope = asked_on(desk.desk.channel(&asked.channel), &asked.text, index);
        let query = Query { text: &asked.text, meaning: None, scope: &scope, now_ms: now, limit: NEAR };
        !alone.search(&query).hits.is_empty() || index.search(&query).hits.iter().any(|hit| hit.entry == entry.id)
    };
    asked.iter().filter(touches).take(ANSWERED_BOTH_WAYS).collect()
}

fn difference(both: [&Index; 2], asked: &Asked, desk: &Applied, meant: &Meant, now: i64) -> Option<Difference> {
    let scope = asked_on(desk.desk.channel(&asked.channel), &asked.text, both[1]);
    let meaning = meant.get(&asked.text).map(Vec::as_slice);
    let query = Query { text: &asked.text, meaning, scope: &scope, now_ms: now, limit: 1 };
    let [before, after] = both.map(|index| {
        let found = index.search(&query);
        found.hits.into_iter().next().filter(|_| found.confidence >= LEAST_CONFIDENCE).map(|hit| hit.text)
    });
    (before != after).then(|| Difference { question: asked.text.clone(), before, after })
}
