//! Files that people hand in from chat: read as what waits for review, told as a card, and put in use once whoever handed
//! one in has seen what it gave.

use cards::words::Words;
use cards::{Card, CareAct, CareCard, CareTopic};
use knowledge::import::Defaults;
use serde::{Deserialize, Serialize};

use super::care::{self, Cause};
use super::importing::{Order, Publish, import_bytes};
use super::report::{FileReport, HeldBack, Outcome, Removals};
use super::{faults, life};
use crate::app::App;
use crate::case::Say;
use crate::chat::Desk;
use crate::desk::{Person, Role};
use crate::policy::{self, Power};
use crate::store::Tx;
use crate::store::desks::Applied;
use crate::store::knowledge::care::{CarePosting, Need};
use crate::store::knowledge::uploads::{self, Upload};
use crate::worker::Job;

/// Lines of a report on its card; the upload page has all of them.
const ON_CARD: usize = 6;
/// What can be done with what a file gave.
const ACTS: [CareAct; 2] = [CareAct::Publish, CareAct::Leave];

/// What a file gave, as whoever handed it in is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// New entries.
    pub taken: usize,
    /// Entries that say something else than before.
    pub changed: usize,
    /// Entries that say what they said before.
    pub unchanged: usize,
    /// What was refused.
    pub refused: usize,
    /// Entries the file no longer holds.
    pub gone: usize,
    /// Entries that wait to be put in use.
    pub waiting: usize,
    /// What a person has to look at, a line each.
    pub lines: Vec<String>,
}

impl Reading {
    fn of(report: &FileReport, words: &Words) -> Self {
        let count = |outcome| report.count(outcome);
        Self {
            taken: count(Outcome::Taken),
            changed: count(Outcome::Changed),
            unchanged: count(Outcome::Unchanged),
            refused: report.problems.len(),
            gone: count(Outcome::Gone),
            waiting: report.entries.iter().filter(|told| told.waits).count(),
            lines: lines(report, words),
        }
    }

    /// The counts on one line.
    pub fn given(&self, words: &Words) -> String {
        let counts = [
            ("taken", self.taken),
            ("changed", self.changed),
            ("unchanged", self.unchanged),
            ("refused", self.refused),
            ("gone", self.gone),
        ]
        .map(|(name, count)| (name, count.to_string()));
        words.text("kb.upload_given", &counts.each_ref().map(|(name, count)| (*name, count.as_str())))
    }
}

/// Everything of a report a person has to look at.
fn lines(report: &FileReport, words: &Words) -> Vec<String> {
    let held = |held: &HeldBack| {
        words.text("kb.held_back", &[("title", &held.title), ("failures", &held.failures.join(" · "))])
    };
    let aside = |what: String| words.text("kb.left_aside", &[("what", &what)]);
    let mut lines: Vec<String> = report.problems.iter().map(|problem| faults::in_words(problem, words)).collect();
    lines.extend(report.held_back.iter().map(held));
    lines.extend(
        report
            .contradictions
            .iter()
            .map(|found| words.text("kb.contradicted", &[("title", &found.new.title), ("others", &found.titles())])),
    );
    match &report.removals {
        Removals::Proposed(gone) => {
            lines.extend(gone.iter().map(|told| words.text("kb.removal", &[("title", &told.title)])));
        }
        Removals::Unknown => lines.push(words.text("kb.not_compared", &[])),
    }
    lines.extend(report.skipped.iter().map(|skipped| aside(faults::in_words(skipped, words))));
    lines
}

/// What was kept of an upload's reading; nothing before it was read.
pub fn reading(upload: &Upload) -> Option<Reading> {
    upload.report.as_deref().and_then(|report| serde_json::from_str(report).ok())
}

/// Reads a file that was handed in: what it holds waits for review.
///
/// # Errors
/// When the database fails.
pub(crate) async fn read(app: &App, upload: &Upload, bytes: Vec<u8>) -> anyhow::Result<FileReport> {
    let order = order(app, upload, Publish::Nothing, &upload.person).await?;
    import_bytes(app, upload.file.as_deref().unwrap_or_default(), bytes, &order).await
}

/// Puts in use what a file gave, as far as the person answers for it. Importing it again changes nothing else.
///
/// # Errors
/// When the database fails.
pub(crate) async fn publish(app: &App, upload: &Upload, bytes: Vec<u8>, person: &Person) -> anyhow::Result<FileReport> {
    let theirs = if person.is(Role::Admin) { Publish::Everything } else { Publish::OwnedBy(person.id.clone()) };
    let order = order(app, upload, theirs, &person.id).await?;
    import_bytes(app, upload.file.as_deref().unwrap_or_default(), bytes, &order).await
}

async fn order(app: &App, upload: &Upload, publish: Publish, by: &str) -> anyhow::Result<Order> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    let defaults = Defaults {
        owner: Some(upload.person.clone()),
        kind: upload.kind.as_deref().and_then(|kind| kind.parse().ok()),
        scope: knowledge::Scope::default(),
        timezone: desk.desk.desk.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai),
    };
    Ok(Order { defaults, publish, by: Some(by.to_owned()) })
}

/// Keeps what a file gave and tells whoever handed it in: with a card where something waits for their word.
///
/// # Errors
/// When the database fails.
pub(crate) async fn was_read(tx: &mut Tx, app: &App, upload: &Upload, report: &FileReport) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let reading = Reading::of(report, desk.words());
    uploads::was_read(tx, upload.number, &serde_json::to_string(&reading)?).await?;
    if reading.waiting > 0 {
        let (number, person) = (upload.number, upload.person.clone());
        let need = Need {
            id: format!("{}:{number}", Cause::Imported.as_str()),
            entry: upload.file.clone().unwrap_or_default(),
            version: number,
            cause: Cause::Imported.as_str().to_owned(),
            note: String::new(),
            person,
            at: app.clock.now(),
            outcome: None,
        };
        return care::ask(tx, app, &need, &upload.to).await.map(drop);
    }
    let mut told = vec![said(&desk, upload, &reading)];
    told.extend(first_lines(&reading, desk.words()));
    let text = Job::Text { to: upload.to.clone(), text: told.join("\n") };
    text.enqueue(tx, app, app.clock.now()).await
}

fn said(desk: &Applied, upload: &Upload, reading: &Reading) -> String {
    let file = upload.file.as_deref().unwrap_or_default();
    desk.words().text("kb.upload_nothing", &[("file", file), ("given", &reading.given(desk.words()))])
}

fn first_lines(reading: &Reading, words: &Words) -> Vec<String> {
    let mut lines: Vec<String> = reading.lines.iter().take(ON_CARD).cloned().collect();
    if reading.lines.len() > ON_CARD {
        lines.push(words.text("kb.upload_more", &[]));
    }
    lines
}

/// The card of a file that was read.
///
/// # Errors
/// When the database fails.
pub(super) async fn card(tx: &mut Tx, app: &App, need: &Need, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(reading) = uploads::load(tx, need.version).await?.as_ref().and_then(reading) else { return Ok(None) };
    let desk = app.desk(tx).await?;
    let words = desk.words();
    let mut text = vec![reading.given(words)];
    text.extend(first_lines(&reading, words));
    Ok(Some(Card::Care(CareCard {
        topic: CareTopic::Knowledge,
        number: need.version,
        version: need.version,
        code: posting.code.clone(),
        title: called(need, words),
        cause: words.text("kb.upload_waits", &[("count", &reading.waiting.to_string())]),
        text: text.join("\n"),
        acts: ACTS.to_vec(),
    })))
}

/// What people call a file that was handed in.
pub(super) fn called(need: &Need, words: &Words) -> String {
    words.text("kb.upload_of", &[("file", &need.entry)])
}

/// Somebody decided about what a file gave. Publishing takes a while: it is told when it is done.
///
/// # Errors
/// When the database fails.
pub(super) async fn decided(desk: &mut Desk<'_, '_>, need: &Need, act: CareAct) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::ManageKnowledge, None) {
        return desk.say(life::Refused::Denied(denied).say()).await;
    }
    if !ACTS.contains(&act) {
        return Ok(());
    }
    care::settle(desk.tx, desk.app, need, act, &desk.person.id).await?;
    if act == CareAct::Leave {
        return desk.say(Say::new("kb.upload_left").with("file", &need.entry)).await;
    }
    let (to, person) = (desk.from.clone(), desk.person.id.clone());
    let job = Job::PublishUpload { to, person, upload: need.version };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}
