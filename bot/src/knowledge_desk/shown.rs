//! What people are shown about the knowledge: lists, one entry with its life, what is stale, what is missing.

use std::collections::BTreeMap;

use cards::words::Words;
use knowledge::Entry;
use serde::Serialize;

pub use super::life::named as id_of;
use super::life::{Act, state_key};
use crate::app::App;
use crate::case::Shortcoming;
use crate::clock::{DAY, Timestamp};
use crate::desk::Desk;
use crate::store::Tx;
use crate::store::desks::Applied;
use crate::store::knowledge::gaps::{self, Gap};
use crate::store::knowledge::uses::{self, Use};
use crate::store::knowledge::{self as entries, EntryState, StoredEntry, acts};
use crate::view::{local, local_day};

/// How long before an entry has to be confirmed, or its campaign ends, it is called stale.
pub const AHEAD: Timestamp = 7 * DAY;
/// Gaps that are looked at, and how much two have to have in common to be one.
const GAPS: i64 = 500;
const ALIKE: f64 = 0.5;
/// Uses of an entry that are listed.
const USES: i64 = 1_000;

/// A version in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// The number people call it by.
    pub number: i64,
    /// The entry's id.
    pub id: String,
    /// The version.
    pub version: i64,
    /// Where it stands.
    pub state: &'static str,
    /// The person who answers for it.
    pub owner: String,
    /// Its title.
    pub title: String,
    /// Ids of the channels it is in use on; empty means every channel.
    pub channels: Vec<String>,
    /// Whether its file no longer holds it: proposed for removal.
    pub vanished: bool,
    /// What is wrong with it, by the ends of locale keys.
    pub stale: Vec<&'static str>,
}

/// Everything in use or on its way there, of one owner or of all.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, app: &App, owner: Option<&str>) -> anyhow::Result<Vec<Listed>> {
    let desk = app.desk(tx).await?;
    let vanished = entries::vanished(tx).await?;
    let is_vanished = |e: &StoredEntry| vanished.iter().any(|gone| (&gone.id, gone.version) == (&e.id, e.version));
    let mut listed = Vec::new();
    for state in [EntryState::Published, EntryState::Submitted, EntryState::Draft, EntryState::Proposed] {
        for stored in entries::in_state(tx, state).await? {
            if owner.is_some_and(|owner| owner != stored.owner) {
                continue;
            }
            listed.push(Listed {
                number: entries::number(tx, &stored.id).await?,
                vanished: is_vanished(&stored),
                stale: stale(&stored, &desk.desk, app.clock.now()),
                channels: stored.only(),
                state: state.as_str(),
                id: stored.id,
                version: stored.version,
                owner: stored.owner,
                title: stored.title,
            });
        }
    }
    Ok(listed)
}

/// What is wrong with a version that is in use.
fn stale(stored: &StoredEntry, desk: &Desk, now: Timestamp) -> Vec<&'static str> {
    let Some(entry) = stored.entry().filter(|_| stored.state == EntryState::Published) else { return Vec::new() };
    let soon = |at: Option<Timestamp>| at.is_some_and(|at| at < now + AHEAD);
    let past = |at: Option<Timestamp>| at.is_some_and(|at| at < now);
    let found = [
        (desk.person(&entry.owner).is_none(), "ownerless"),
        (past(entry.valid_until), "over"),
        (soon(entry.valid_until) && !past(entry.valid_until), "ending"),
        (past(entry.verify_by), "unverified"),
        (soon(entry.verify_by) && !past(entry.verify_by), "verify_soon"),
    ];
    found.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect()
}

impl Listed {
    /// One line about it.
    pub fn line(&self, words: &Words, desk: &Desk) -> String {
        let state = words.text(&["kb.state_", self.state].concat(), &[]);
        let gone = self.vanished.then_some("vanished");
        let marks = self.stale.iter().copied().chain(gone).map(|why| words.text(&["kb.stale_", why].concat(), &[]));
        let marks: String = marks.map(|mark| format!(" · {mark}")).collect();
        let on = if self.channels.is_empty() { String::new() } else { format!(" · {}", self.channels.join("、")) };
        let owner = desk.name_of(&self.owner);
        format!("K{} {} v{} · {state}{on} · {owner}{marks}", self.number, self.title, self.version)
    }
}

/// One entry with its life, in words; nothing where there is none of this name.
///
/// # Errors
/// When the database fails.
pub async fn show(tx: &mut Tx, app: &App, name: &str) -> anyhow::Result<Option<String>> {
    let Some(id) = id_of(tx, name).await? else { return Ok(None) };
    let versions = entries::history(tx, &id).await?;
    let Some(newest) = versions.last() else { return Ok(None) };
    let desk = app.desk(tx).await?;
    let number = entries::number(tx, &id).await?;
    let acts = acts::of(tx, &id).await?;
    let told = Told { words: desk.words(), desk: &desk };
    let mut lines = vec![format!("K{number} {}", newest.title)];
    lines.extend(versions.iter().filter(|v| v.version == newest.version || is_live(v)).map(|v| told.version(v)));
    match newest.entry() {
        Some(entry) => lines.extend(told.entry(&entry)),
        None => lines.extend(told.proposal(newest)),
    }
    lines.extend(acts.iter().map(|done| told.act(done)));
    lines.push(told.words.text("kb.what_next", &[("number", &number.to_string())]));
    Ok(Some(lines.join("\n")))
}

fn is_live(version: &StoredEntry) -> bool {
    version.state == EntryState::Published
}

/// Says things about entries in the desk's words.
struct Told<'a> {
    words: &'static Words,
    desk: &'a Applied,
}

impl Told<'_> {
    fn version(&self, stored: &StoredEntry) -> String {
        let state = self.words.text(state_key(stored.state), &[]);
        let on = if stored.only().is_empty() { String::new() } else { format!(" · {}", stored.only().join("、")) };
        format!("v{} · {state}{on} · {}", stored.version, self.desk.desk.name_of(&stored.owner))
    }

    fn entry(&self, entry: &Entry) -> Vec<String> {
        let line = |key: &str, value: String| self.words.text(key, &[("value", &value)]);
        let mut lines =
            vec![line("kb.questions", entry.questions.join(" | ")), line("kb.answer", entry.answer.clone())];
        lines.extend(entry.valid_until.map(|at| line("kb.valid_until", self.day(at))));
        lines.extend(entry.verify_by.map(|at| line("kb.verify_by", self.day(at))));
        let cautions = entry.cautions.iter().map(|caution| self.words.text(Shortcoming::from(*caution).key(), &[]));
        let cautions = cautions.collect::<Vec<_>>().join("、");
        lines.extend((!cautions.is_empty()).then(|| line("kb.cautions", cautions)));
        if let Some(forbids) = &entry.forbids {
            lines.push(line("kb.forbids", forbids.words.join("、")));
        }
        let tests = entry.tests.find.len() + entry.tests.miss.len();
        lines.extend((tests > 0).then(|| line("kb.tests", tests.to_string())));
        lines.push(line("kb.source", entry.source.clone()));
        lines
    }

    fn proposal(&self, stored: &StoredEntry) -> Vec<String> {
        let Ok(proposal) = serde_json::from_str::<super::proposals::Proposal>(&stored.body) else { return Vec::new() };
        let number = proposal.case.to_string();
        vec![
            self.words.text("kb.questions", &[("value", &proposal.question)]),
            self.words.text("kb.answer", &[("value", &proposal.answer)]),
            self.words.text("kb.proposed_in", &[("number", &number)]),
        ]
    }

    fn act(&self, done: &acts::Done) -> String {
        let act = Act::named(&done.act).map_or("", Act::as_str);
        let act = self.words.text(&["kb.act_", act].concat(), &[]);
        let who = if done.person.is_empty() {
            self.words.text("actor.system", &[])
        } else {
            self.desk.desk.name_of(&done.person).to_owned()
        };
        let note = if done.note.is_empty() { String::new() } else { format!(" · {}", done.note) };
        format!("{} v{} {act} · {who}{note}", self.moment(done.at), done.version)
    }

    fn day(&self, at: Timestamp) -> String {
        local_day(at, &self.desk.desk.desk.timezone)
    }

    fn moment(&self, at: Timestamp) -> String {
        local(at, &self.desk.desk.desk.timezone, "%m-%d %H:%M")
    }
}

/// Questions nobody's knowledge answers that mean the same.
#[derive(Debug, Clone, Serialize)]
pub struct Cluster {
    /// The words of the one that came most.
    pub question: String,
    /// How many customers asked.
    pub customers: i64,
    /// How often it came.
    pub times: i64,
    /// Other wordings.
    pub also: Vec<String>,
}

/// The gaps, those most customers asked about first.
///
/// # Errors
/// When the database fails.
pub async fn missing(tx: &mut Tx, limit: usize) -> anyhow::Result<Vec<Cluster>> {
    let mut clusters: Vec<(Gap, Cluster)> = Vec::new();
    for gap in gaps::all(tx, GAPS).await? {
        match clusters.iter_mut().find(|(first, _)| alike(&first.dedup, &gap.dedup)) {
            Some((_, cluster)) => {
                cluster.customers += gap.customers;
                cluster.times += gap.times;
                cluster.also.push(gap.question);
            }
            None => {
                let (question, customers, times) = (gap.question.clone(), gap.customers, gap.times);
                clusters.push((gap, Cluster { question, customers, times, also: Vec::new() }));
            }
        }
    }
    let mut clusters: Vec<Cluster> = clusters.into_iter().map(|(_, cluster)| cluster).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse((cluster.customers, cluster.times)));
    clusters.truncate(limit);
    Ok(clusters)
}

/// Whether two questions' meaningful words are mostly the same.
fn alike(one: &str, other: &str) -> bool {
    let [one, other]: [std::collections::BTreeSet<&str>; 2] = [one, other].map(|key| key.split(' ').collect());
    let common = one.intersection(&other).count();
    common as f64 > ALIKE * one.union(&other).count() as f64
}

impl Cluster {
    /// One line about it.
    pub fn line(&self, words: &Words) -> String {
        let question = cards::one_line(&self.question);
        let (customers, times) = (self.customers.to_string(), self.times.to_string());
        words.text("kb.gap", &[("question", &question), ("customers", &customers), ("times", &times)])
    }
}

/// How long a version was in use, and what rested on it.
#[derive(Debug, Clone, Serialize)]
pub struct Used {
    /// The version.
    pub version: i64,
    /// When it was put in use, and when that ended.
    pub periods: Vec<(Timestamp, Option<Timestamp>)>,
    /// Drafts that rest on it, newest first.
    pub replies: Vec<Use>,
}

/// Which replies used which version of an entry, newest version first; nothing where there is no such entry.
///
/// # Errors
/// When the database fails.
pub async fn used(tx: &mut Tx, name: &str) -> anyhow::Result<Option<Vec<Used>>> {
    let Some(id) = id_of(tx, name).await? else { return Ok(None) };
    let acts = acts::of(tx, &id).await?;
    let mut replies: BTreeMap<i64, Vec<Use>> = BTreeMap::new();
    for found in uses::of(tx, &id, USES).await? {
        replies.entry(found.version).or_default().push(found);
    }
    let versions = entries::history(tx, &id).await?.into_iter().rev().map(|stored| Used {
        version: stored.version,
        periods: periods(&acts, stored.version),
        replies: replies.remove(&stored.version).unwrap_or_default(),
    });
    Ok(Some(versions.filter(|used| !used.periods.is_empty() || !used.replies.is_empty()).collect()))
}

/// From when until when a version was in use: until it was switched off or taken back, or another one took its place on
/// every channel.
fn periods(acts: &[acts::Done], version: i64) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut periods: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
    for done in acts {
        let own = done.version == version;
        let open = periods.last().is_some_and(|(_, until)| until.is_none());
        match Act::named(&done.act) {
            Some(Act::Published | Act::Restored) if own && !open => periods.push((done.at, None)),
            Some(Act::Disabled | Act::RolledBack) if own => end(&mut periods, done.at),
            // A release on some channels leaves the older version in use on the others.
            Some(Act::Published) if !own && done.note.is_empty() => end(&mut periods, done.at),
            _ => {}
        }
    }
    periods
}

fn end(periods: &mut [(Timestamp, Option<Timestamp>)], at: Timestamp) {
    if let Some((_, until @ None)) = periods.last_mut() {
        *until = Some(at);
    }
}

impl Used {
    /// What there is to tell about it, a line each.
    pub fn lines(&self, desk: &Applied) -> Vec<String> {
        let (words, zone) = (desk.words(), &desk.desk.desk.timezone);
        let moment = |at| local(at, zone, "%Y-%m-%d %H:%M");
        let period = |(from, until): &(Timestamp, Option<Timestamp>)| {
            format!("{} – {}", moment(*from), until.map(moment).unwrap_or_default())
        };
        let periods = self.periods.iter().map(period).collect::<Vec<_>>().join("、");
        let reply = |used: &Use| {
            let sent = used.sent.as_deref().filter(|sent| words.has(&["result.", sent].concat()));
            let sent =
                sent.map_or_else(|| words.text("kb.not_sent", &[]), |s| words.text(&["result.", s].concat(), &[]));
            format!("  #{} v{} {} · {sent}", used.case, used.draft, moment(used.at))
        };
        std::iter::once(format!("v{} {periods}", self.version)).chain(self.replies.iter().map(reply)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(version: i64, act: Act, note: &str, at: Timestamp) -> acts::Done {
        acts::Done { version, act: act.as_str().into(), person: "sunmei".into(), note: note.into(), at }
    }

    #[test]
    fn a_version_was_in_use_until_something_ended_that() {
        let acts = [
            done(1, Act::Published, "", 10),
            done(2, Act::Published, "kf-outlet", 20),
            done(2, Act::Published, "", 30),
            done(2, Act::RolledBack, "", 40),
            done(1, Act::Restored, "", 40),
        ];
        assert_eq!(periods(&acts, 1), [(10, Some(30)), (40, None)]);
        assert_eq!(periods(&acts, 2), [(20, Some(40))]);
    }

    #[test]
    fn gaps_are_one_where_most_words_are_the_same() {
        assert!(alike("#发货 周末 仓库", "#发货 周末 仓库 吗"));
        assert!(!alike("起球 毛衣", "缩水 毛衣"));
    }
}
