//! Quality, looked at week by week: a sample over everything there was, drawn by a chance that anybody can repeat, each
//! reply with the record of how it came about, scored in seven dimensions by somebody who did not decide about it.

mod draw;
mod score;

pub use draw::{Candidate, Kind, draw};
pub use score::{DIMENSIONS, KEYS, MOST, Scores, means};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::app::App;
use crate::case::Level;
use crate::clock::{DAY, Timestamp};
use crate::desk::{CalendarWeek, Person};
use crate::evidence::{Actor, Entry, Kind as Recorded};
use crate::policy::{Language, language_of};
use crate::store::desks::Applied;
use crate::store::outcomes::{Outcome, Row};
use crate::store::qa::{self, Item, Opened};
use crate::store::{Tx, cases, record};

/// How soon another case of the same customer says that the first one was not resolved, and how long what was put in use
/// counts as new.
const SOON: Timestamp = 7 * DAY;

/// The sample of a week that is over: as it was drawn, or drawn now and kept.
///
/// # Errors
/// When the database fails.
pub async fn sample(tx: &mut Tx, app: &App, desk: &Applied, week: CalendarWeek) -> anyhow::Result<Vec<Item>> {
    qa::hold(tx, &week.to_string()).await?;
    let kept = qa::of_week(tx, &week.to_string()).await?;
    if !kept.is_empty() {
        return Ok(kept);
    }
    let drawn = drawn(tx, desk, week, app.clock.now()).await?;
    if drawn.is_empty() {
        return Ok(drawn);
    }
    for (item, place) in drawn.iter().zip(1..) {
        qa::keep(tx, item, place).await?;
    }
    let numbers: Vec<i64> = drawn.iter().map(|item| item.number).collect();
    let payload = json!({ "week": week.to_string(), "cases": numbers });
    let entry = Entry { kind: Recorded::QaDrawn, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    Ok(drawn)
}

/// The sample of a week as it was kept, or as it would be drawn at `now`; keeps nothing.
///
/// # Errors
/// When the database fails.
pub async fn look(tx: &mut Tx, desk: &Applied, week: CalendarWeek, now: Timestamp) -> anyhow::Result<Vec<Item>> {
    let kept = qa::of_week(tx, &week.to_string()).await?;
    if kept.is_empty() { drawn(tx, desk, week, now).await } else { Ok(kept) }
}

async fn drawn(tx: &mut Tx, desk: &Applied, week: CalendarWeek, now: Timestamp) -> anyhow::Result<Vec<Item>> {
    let candidates = candidates(tx, desk, week).await?;
    let item = |candidate: Candidate| Item::drawn(&week.to_string(), &candidate, now);
    Ok(draw(&week.to_string(), candidates).into_iter().map(item).collect())
}

/// Every case that was opened in a week.
async fn candidates(tx: &mut Tx, desk: &Applied, week: CalendarWeek) -> anyhow::Result<Vec<Candidate>> {
    let (from, until) = week.span(desk.desk.zone());
    let mut known = Known {
        drafts: BTreeMap::new(),
        replied: qa::replied(tx, from, until).await?.into_iter().collect(),
        back: qa::came_back(tx, (from, until), SOON).await?.into_iter().collect(),
        new: qa::on_new_knowledge(tx, (from, until), SOON).await?.into_iter().collect(),
        languages: languages(tx, from, until).await?,
    };
    for row in qa::outcomes(tx, from, until).await? {
        known.drafts.entry(row.case_id.clone()).or_default().push(row);
    }
    let opened = qa::opened(tx, from, until).await?;
    Ok(opened.into_iter().map(|case| known.candidate(case, desk)).collect())
}

/// The language of the customer's words in each case of a time.
async fn languages(tx: &mut Tx, from: Timestamp, until: Timestamp) -> anyhow::Result<BTreeMap<String, Language>> {
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (case, words) in qa::words(tx, from, until).await? {
        said.entry(case).or_default().push(words);
    }
    Ok(said.into_iter().map(|(case, words)| (case, language_of(&words))).collect())
}

/// What is known about the cases of a week, by id.
struct Known {
    drafts: BTreeMap<String, Vec<Row>>,
    /// Cases in which a reply reached the customer.
    replied: BTreeSet<String>,
    /// Cases after which the customer came back soon.
    back: BTreeSet<String>,
    /// Cases whose draft rests on new knowledge.
    new: BTreeSet<String>,
    languages: BTreeMap<String, Language>,
}

impl Known {
    fn candidate(&self, case: Opened, desk: &Applied) -> Candidate {
        let channel = desk.desk.channel(&case.channel);
        let drafts = self.drafts.get(&case.id).map(Vec::as_slice).unwrap_or_default();
        Candidate {
            number: case.number,
            store: channel.map_or_else(|| case.channel.clone(), |channel| channel.store.clone()),
            language: self.languages.get(&case.id).copied().unwrap_or_default(),
            decided_by: drafts.iter().rev().find_map(|row| row.decided_by.clone()),
            kinds: self.kinds(&case, drafts),
            channel: case.channel,
            case_id: case.id,
        }
    }

    /// What a case is looked at for; there is always something.
    fn kinds(&self, case: &Opened, drafts: &[Row]) -> BTreeSet<Kind> {
        let became = |outcome| drafts.iter().any(|row| row.outcome() == Some(outcome));
        let by_itself = drafts.iter().any(|row| row.permitted_at.is_some());
        let decided = drafts.iter().any(|row| row.outcome().is_some());
        let replied = self.replied.contains(&case.id);
        // A person wrote where nothing was drafted, or what was drafted is not what left.
        let by_person = became(Outcome::Changed) || became(Outcome::TakenOver) || (replied && !by_itself && !decided);
        let is_grave = drafts.iter().any(Row::is_high_risk)
            || case.undrafted().is_some_and(|case| case.least == Level::EscalationOwner);
        let settled = replied || became(Outcome::TakenOver) || became(Outcome::Rejected);
        let is = [
            (by_itself, Kind::Automatic),
            (by_person, Kind::Edited),
            (!by_itself && became(Outcome::Unchanged), Kind::Approved),
            (became(Outcome::Rejected), Kind::Rejected),
            (is_grave, Kind::HighRisk),
            (!settled || self.back.contains(&case.id), Kind::Unresolved),
            (self.new.contains(&case.id), Kind::Released),
        ];
        is.into_iter().filter(|(holds, _)| *holds).map(|(_, kind)| kind).collect()
    }
}

/// Why somebody cannot score a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unscored {
    /// It is in no sample.
    NotDrawn,
    /// They decided about it themselves.
    OwnWork,
}

impl Unscored {
    /// The locale key of what is said about it.
    pub fn key(self) -> &'static str {
        match self {
            Self::NotDrawn => "qa.not_drawn",
            Self::OwnWork => "qa.own_work",
        }
    }
}

/// Keeps what somebody says about a case of the newest sample it is in; the last word counts, all are on record.
///
/// # Errors
/// When the database fails.
pub async fn score(
    tx: &mut Tx,
    app: &App,
    person: &Person,
    number: i64,
    (scores, note): (Scores, &str),
) -> anyhow::Result<Result<(), Unscored>> {
    let Some(item) = qa::newest(tx, number).await? else { return Ok(Err(Unscored::NotDrawn)) };
    if item.decided_by.as_deref() == Some(person.id.as_str()) {
        return Ok(Err(Unscored::OwnWork));
    }
    let Some(case) = cases::load(tx, &item.case_id).await? else { return Ok(Err(Unscored::NotDrawn)) };
    let points = serde_json::to_string(&scores)?;
    qa::score(tx, &item, (&points, note), (&person.id, app.clock.now())).await?;
    let payload = json!({ "week": item.week, "number": number, "scores": scores, "note": note });
    let entry = Entry { kind: Recorded::QaScored, actor: Actor::Person(person.id.clone()), payload };
    record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await?;
    Ok(Ok(()))
}

/// The figures of a sample.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Standing {
    /// The week, by name.
    pub week: String,
    /// Cases in the sample.
    pub drawn: usize,
    /// Those somebody has scored.
    pub scored: usize,
    /// The mean of each dimension, in the order of [`KEYS`]; none where nothing was said about it.
    pub means: [Option<f64>; DIMENSIONS],
}

impl Standing {
    /// Counts a sample.
    pub fn of(week: &str, items: &[Item]) -> Self {
        let scores: Vec<Scores> = items.iter().filter_map(Item::scores).collect();
        Self { week: week.to_owned(), drawn: items.len(), scored: scores.len(), means: means(&scores) }
    }

    /// The dimension that fares worst, by its locale key, with its mean.
    pub fn weakest(&self) -> Option<(&'static str, f64)> {
        let known = KEYS.into_iter().zip(self.means).filter_map(|(key, mean)| Some((key, mean?)));
        known.min_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    /// The mean of the dimensions' means.
    pub fn mean(&self) -> Option<f64> {
        let known: Vec<f64> = self.means.into_iter().flatten().collect();
        let count = f64::from(u32::try_from(known.len()).unwrap_or(u32::MAX));
        (count > 0.0).then(|| known.iter().sum::<f64>() / count)
    }
}
