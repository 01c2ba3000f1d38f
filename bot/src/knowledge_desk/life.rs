//! An entry's life: who may move it on, and from where to where. Every act is in the record, with its actor and date.

use std::collections::BTreeSet;

use knowledge::Entry;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use super::act::{Act, Refused, state_key};
use super::contradictions::{self, Other};
use super::publishing::Prepared;
use crate::app::App;
use crate::case::Say;
use crate::desk::{Desk, Person, Role};
use crate::evidence::{self, Actor, Kind};
use crate::policy::{self, Power};
use crate::store::desks::Applied;
use crate::store::knowledge::{self as entries, EntryState, StoredEntry, acts, uses};
use crate::store::{Tx, record};
use crate::worker::Job;

/// Somebody who looks after the knowledge, in one unit of work.
pub struct Keeper<'a, 't> {
    /// The transaction.
    pub tx: &'t mut Tx,
    /// The program.
    pub app: &'a App,
    /// The configuration in force.
    pub desk: &'a Applied,
    /// Who.
    pub person: &'a Person,
}

/// What came of an act: a sentence about what was done, or why nothing was.
pub type Outcome = anyhow::Result<Result<Say, Refused>>;

impl Keeper<'_, '_> {
    /// Hands a draft to its owner. Knowledge nobody answers for stays where it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submit(&mut self, name: &str) -> Outcome {
        let found = match self.held(name).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        if found.state != EntryState::Draft {
            return Ok(Err(Refused::NotNow(found.state)));
        }
        if self.desk.desk.person(&found.owner).is_none() {
            return Ok(Err(Refused::Ownerless { owner: found.owner }));
        }
        if !self.moved(&found, EntryState::Submitted, &[], Act::Submitted).await? {
            return Ok(Err(Refused::Overtaken));
        }
        let number = entries::number(self.tx, &found.id).await?;
        if found.owner != self.person.id {
            let wanted = Say::new("kb.please_review").with("number", number).with("title", &found.title);
            self.tell(&found.owner, wanted.with_person("name", &self.person.id)).await?;
        }
        Ok(Ok(Say::new("kb.submitted").with("number", number).with_person("owner", &found.owner)))
    }

    /// Puts a version in use that was looked at before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn publish(&mut self, prepared: &Prepared) -> Outcome {
        let Prepared { entry: known, only, .. } = prepared;
        entries::hold(self.tx, &known.id).await?;
        if entries::edition(self.tx).await? != prepared.edition {
            return Ok(Err(Refused::Overtaken));
        }
        if !self.moved(known, EntryState::Published, only, Act::Published).await? {
            return Ok(Err(Refused::Overtaken));
        }
        self.make_way(known, only).await?;
        self.draft_again(&known.id).await?;
        let new = Other { entry: known.id.clone(), version: known.version, title: known.title.clone() };
        contradictions::ask_owners(self.tx, self.app, &new, &prepared.contradicts).await?;
        let number = entries::number(self.tx, &known.id).await?;
        let done = Say::new(if only.is_empty() { "kb.published" } else { "kb.published_on" });
        let done = done.with("number", number).with("version", known.version).with("title", &known.title);
        Ok(Ok(done.with("channels", self.labels(only))))
    }

    /// Older versions go, but those that are still in use where the new one is not.
    async fn make_way(&mut self, known: &StoredEntry, only: &[String]) -> anyhow::Result<()> {
        if only.is_empty() {
            return Ok(entries::retire_others(self.tx, &known.id, known.version).await?);
        }
        for other in entries::history(self.tx, &known.id).await? {
            let (elsewhere, theirs) = (other.only(), other.version != known.version);
            let covered = !elsewhere.is_empty() && elsewhere.iter().all(|channel| only.contains(channel));
            if theirs && covered && other.state == EntryState::Published {
                entries::retire(self.tx, &other.id, other.version).await?;
            }
        }
        Ok(())
    }

    /// Switches an entry off, on every channel and at once: whatever rests on it and has not left is drafted again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable(&mut self, name: &str) -> Outcome {
        let found = match self.held(name).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let versions = entries::history(self.tx, &found.id).await?;
        let live: Vec<&StoredEntry> = versions.iter().filter(|v| v.state == EntryState::Published).collect();
        if live.is_empty() {
            return Ok(Err(Refused::NotNow(found.state)));
        }
        for version in live {
            self.moved(version, EntryState::Disabled, &version.only(), Act::Disabled).await?;
        }
        let waiting = self.draft_again(&found.id).await?;
        let number = entries::number(self.tx, &found.id).await?;
        Ok(Ok(Say::new("kb.disabled").with("number", number).with("title", &found.title).with("waiting", waiting)))
    }

    /// Takes the newest version in use back for the one that was in use before it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn roll_back(&mut self, name: &str) -> Outcome {
        let found = match self.held(name).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let versions = entries::history(self.tx, &found.id).await?;
        let Some(bad) = versions.iter().rev().find(|v| v.state == EntryState::Published) else {
            return Ok(Err(Refused::NotNow(found.state)));
        };
        let good = self.good_versions(&found.id).await?;
        let mut earlier = versions.iter().rev().filter(|v| v.version < bad.version && good.contains(&v.version));
        let Some(good) = earlier.next() else { return Ok(Err(Refused::NothingEarlier)) };
        self.moved(bad, EntryState::Retired, &bad.only(), Act::RolledBack).await?;
        if good.state != EntryState::Published {
            self.moved(good, EntryState::Published, &good.only(), Act::Restored).await?;
        }
        let waiting = self.draft_again(&found.id).await?;
        let number = entries::number(self.tx, &found.id).await?;
        let done = Say::new("kb.rolled_back").with("number", number).with("title", &found.title);
        Ok(Ok(done.with("bad", bad.version).with("good", good.version).with("waiting", waiting)))
    }

    /// Versions that were in use at some time, and were not taken back.
    async fn good_versions(&mut self, id: &str) -> anyhow::Result<BTreeSet<i64>> {
        let mut good = BTreeSet::new();
        for done in acts::of(self.tx, id).await? {
            match Act::named(&done.act) {
                Some(Act::Published | Act::Restored) => good.insert(done.version),
                Some(Act::RolledBack | Act::Disabled) => good.remove(&done.version),
                _ => false,
            };
        }
        Ok(good)
    }

    /// Takes a correction, or the removal a file proposes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accept(&mut self, name: &str) -> Outcome {
        let found = match self.owned(name).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        match found.state {
            EntryState::Proposed => super::proposals::accept(self, &found).await,
            EntryState::Published if self.is_vanished(&found).await? => self.disable(&found.id).await,
            state => Ok(Err(Refused::NotNow(state))),
        }
    }

    /// Wants nothing of a correction, or of the removal a file proposes: neither comes back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dismiss(&mut self, name: &str) -> Outcome {
        let found = match self.owned(name).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        match found.state {
            EntryState::Proposed => {
                self.moved(&found, EntryState::Dismissed, &[], Act::Dismissed).await?;
            }
            EntryState::Published if self.is_vanished(&found).await? => {
                entries::keep(self.tx, &found.id, found.version, self.app.clock.now()).await?;
                self.remember(&found, Act::Kept, "").await?;
            }
            state => return Ok(Err(Refused::NotNow(state))),
        }
        let number = entries::number(self.tx, &found.id).await?;
        Ok(Ok(Say::new("kb.dismissed").with("number", number)))
    }

    /// Adds a draft: the next version of an entry, or the first one of a new entry. A file that has not changed since does
    /// not replace it.
    pub(super) async fn write(&mut self, entry: Entry) -> anyhow::Result<StoredEntry> {
        entries::hold(self.tx, &entry.id).await?;
        let before = entries::newest(self.tx, &entry.id).await?;
        let version = before.as_ref().map_or(1, |before| before.version + 1);
        let entry = Entry { version, ..entry };
        let body = serde_json::to_string(&entry)?;
        let own = || hex::encode(Sha256::digest(&body));
        let stored = StoredEntry {
            id: entry.id,
            version,
            state: EntryState::Draft,
            owner: entry.owner,
            title: entry.title,
            content_sha256: before.map_or_else(own, |before| before.content_sha256),
            body,
            channels: None,
            created_at: self.app.clock.now(),
            verify_by: None,
        };
        entries::add(self.tx, &stored, stored.created_at).await?;
        self.remember(&stored, Act::Drafted, "").await?;
        Ok(stored)
    }

    async fn is_vanished(&mut self, entry: &StoredEntry) -> anyhow::Result<bool> {
        let vanished = entries::vanished(self.tx).await?;
        Ok(vanished.iter().any(|gone| (&gone.id, gone.version) == (&entry.id, entry.version)))
    }

    /// The entry people call so, kept from others until this transaction ends.
    pub(super) async fn held(&mut self, name: &str) -> anyhow::Result<Result<StoredEntry, Refused>> {
        if let Err(denied) = policy::may(self.person, Power::ManageKnowledge, None) {
            return Ok(Err(Refused::Denied(denied)));
        }
        let Some(id) = named(self.tx, name).await? else { return Ok(Err(Refused::Unknown(name.to_owned()))) };
        entries::hold(self.tx, &id).await?;
        Ok(entries::newest(self.tx, &id).await?.ok_or_else(|| Refused::Unknown(name.to_owned())))
    }

    /// The same, where the person answers for it.
    pub(super) async fn owned(&mut self, name: &str) -> anyhow::Result<Result<StoredEntry, Refused>> {
        let found = self.held(name).await?;
        Ok(found.and_then(|found| answers_for(self.person, &found).map(|()| found)))
    }

    /// Moves a version on, and remembers who did.
    pub(super) async fn moved(
        &mut self,
        known: &StoredEntry,
        to: EntryState,
        only: &[String],
        act: Act,
    ) -> anyhow::Result<bool> {
        if !entries::move_on(self.tx, known, to, only, self.app.clock.now()).await? {
            return Ok(false);
        }
        self.remember(known, act, &only.join("、")).await?;
        Ok(true)
    }

    /// Writes an act down, in the record and where people look it up.
    pub(super) async fn remember(&mut self, known: &StoredEntry, act: Act, note: &str) -> anyhow::Result<()> {
        let payload = json!({ "entry": known.id, "version": known.version, "owner": known.owner,
            "sha256": known.content_sha256, "act": act.as_str(), "note": note });
        remember(self.tx, self.app, &self.person.id, known, act, note, payload).await
    }

    async fn draft_again(&mut self, id: &str) -> anyhow::Result<usize> {
        draft_again(self.tx, self.app, id).await
    }

    async fn tell(&mut self, person: &str, say: Say) -> anyhow::Result<()> {
        let Some(to) = self.app.address_of(&self.desk.desk, person) else { return Ok(()) };
        Job::Inform { to, say }.enqueue(self.tx, self.app, self.app.clock.now()).await
    }

    fn labels(&self, channels: &[String]) -> String {
        let label = |id: &String| self.desk.desk.channel(id).map_or(id.clone(), |channel| channel.label().to_owned());
        channels.iter().map(label).collect::<Vec<_>>().join("、")
    }
}

/// Cases whose draft rests on an entry look for an answer again. Gives how many there are.
///
/// # Errors
/// When the database fails.
pub(super) async fn draft_again(tx: &mut Tx, app: &App, id: &str) -> anyhow::Result<usize> {
    let open = uses::open_cases(tx, id).await?;
    for case in &open {
        Job::KnowledgeChanged { case: case.clone() }.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(open.len())
}

/// Writes an act down, in the record and where people look it up.
///
/// # Errors
/// When the database fails.
pub(super) async fn remember(
    tx: &mut Tx,
    app: &App,
    person: &str,
    known: &StoredEntry,
    act: Act,
    note: &str,
    payload: Value,
) -> anyhow::Result<()> {
    let actor = if person.is_empty() { Actor::System } else { Actor::Person(person.to_owned()) };
    let changed = evidence::Entry { kind: Kind::KnowledgeChanged, actor, payload };
    record::append(tx, app, record::DESK, None, &changed).await?;
    let (act, person, note) = (act.as_str().to_owned(), person.to_owned(), note.to_owned());
    let done = acts::Done { version: known.version, act, person, note, at: app.clock.now() };
    Ok(acts::add(tx, &known.id, &done).await?)
}

/// The id of what people call by its number (`12`, `K12`) or by its id.
///
/// # Errors
/// When the database fails.
pub async fn named(tx: &mut Tx, name: &str) -> anyhow::Result<Option<String>> {
    let name = name.trim();
    let digits = name.trim_start_matches(['K', 'k', '#', '＃']);
    if let Ok(number) = digits.parse::<i64>()
        && let Some(id) = entries::numbered(tx, number).await?
    {
        return Ok(Some(id));
    }
    Ok(entries::newest(tx, name).await?.map(|found| found.id))
}

/// Whether a person decides what an entry says: its owner, where they look after knowledge, and every admin.
///
/// # Errors
/// Why not.
pub fn answers_for(person: &Person, entry: &StoredEntry) -> Result<(), Refused> {
    policy::may(person, Power::ManageKnowledge, None).map_err(Refused::Denied)?;
    let theirs = entry.owner == person.id || person.is(Role::Admin);
    theirs.then_some(()).ok_or_else(|| Refused::NotYours { owner: entry.owner.clone() })
}

/// Whether an entry may be put in use on these channels.
///
/// # Errors
/// Why not.
pub(super) fn may_be_released(entry: &Entry, only: &[String], desk: &Desk, now: i64) -> Result<(), Refused> {
    if desk.person(&entry.owner).is_none() {
        return Err(Refused::Ownerless { owner: entry.owner.clone() });
    }
    if entry.valid_until.is_some_and(|until| until < now) {
        return Err(Refused::Expired);
    }
    for id in only {
        let Some(channel) = desk.channel(id) else { return Err(Refused::NoChannel(id.clone())) };
        if !entry.scope.covers(&super::scope_on(Some(channel))) {
            return Err(Refused::OutOfScope(channel.label().to_owned()));
        }
    }
    Ok(())
}
