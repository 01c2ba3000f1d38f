//! Files that people hand in from chat: read as what waits for review, told as a card, and put in use once whoever handed
//! one in has seen what it gave.

use cards::words::Words;
use cards::{Card, CareAct, CareCard, CareTopic};
use knowledge::Measured;
use knowledge::import::{Defaults, Fault, Format};
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
/// Words of a list that are named with how many replies they hit.
const WORDS_SHOWN: usize = 5;
/// Lines of a report in a message, where no page has them.
const IN_CHAT: usize = 60;
/// What can be done with what a file gave.
const ACTS: [CareAct; 2] = [CareAct::Publish, CareAct::Leave];

/// Longest name of a file, in characters.
const NAME: usize = 100;

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// It has more bytes than are read.
    TooLarge,
    /// No file of its name is read.
    Format(Fault),
    /// Neither its name nor what it holds says what it is.
    Nameless,
    /// It could not be had from where it was sent.
    Lost,
}

impl NotTaken {
    /// Why no file of this name is taken, if none is.
    pub fn of_name(name: &str) -> Option<Self> {
        match Format::of(name) {
            Ok(_) => None,
            Err(Fault::Format { extension }) if extension.is_empty() => Some(Self::Nameless),
            Err(fault) => Some(Self::Format(fault)),
        }
    }

    /// Told to whoever sent the file, with what to do.
    pub fn told(&self, file: &str, words: &Words) -> String {
        let reason = match self {
            Self::TooLarge => words.text("page.upload_large", &[]),
            Self::Format(fault) => faults::reason(fault, words),
            Self::Nameless => words.text("kb.file_nameless", &[]),
            Self::Lost => words.text("kb.file_lost", &[]),
        };
        if file.is_empty() { reason } else { words.text("kb.fault_at", &[("place", file), ("reason", &reason)]) }
    }
}

/// A file's own name on one line, without the folders some browsers send before it; its end says its format.
pub fn clean_name(sent: &str) -> String {
    let own = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = own.chars().filter(|c| !c.is_control()).collect();
    let long = clean.chars().count().saturating_sub(NAME);
    clean.trim().chars().skip(long).collect()
}

/// The name of a file as it was sent, with the extension that its bytes show where it has none.
pub(crate) fn name_of(sent: &str, bytes: &[u8]) -> String {
    let name = clean_name(sent);
    let Some(extension) = Format::extension_of(bytes).filter(|_| !name.contains('.')) else { return name };
    let own = if name.is_empty() { "file" } else { &name };
    format!("{own}.{extension}")
}

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
    /// Whether what its lists would do to the shop's own replies is among the lines.
    #[serde(default)]
    pub measured: bool,
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
            measured: report.measured.is_some(),
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
    // Before whatever there may be no room for: on it somebody decides.
    let mut lines: Vec<String> = report.measured.iter().map(|measured| list_measured(measured, words)).collect();
    lines.extend(report.problems.iter().map(|problem| faults::in_words(problem, words)));
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

/// What a list of forbidden words would do to the shop's newest replies, with the words that hit most.
fn list_measured(measured: &Measured, words: &Words) -> String {
    let hits = measured.words.iter().take(WORDS_SHOWN).map(|(word, texts)| format!("{word} {texts}"));
    let hits = hits.collect::<Vec<_>>().join("、");
    let counts = [("texts", measured.texts), ("marked", measured.marked), ("blocked", measured.blocked)]
        .map(|(name, count)| (name, count.to_string()));
    let mut filled: Vec<(&str, &str)> = counts.iter().map(|(name, count)| (*name, count.as_str())).collect();
    filled.push(("words", &hits));
    let key = match (measured.texts, measured.marked) {
        (0, _) => "kb.list_unmeasured",
        (_, 0) => "kb.list_harmless",
        _ => "kb.list_measured",
    };
    words.text(key, &filled)
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
    let order = order(app, upload, Publish::Nothing, &upload.person, false).await?;
    import_bytes(app, upload.file.as_deref().unwrap_or_default(), bytes, &order).await
}

/// Puts in use what a file gave, as far as the person answers for it. Importing it again changes nothing else.
///
/// # Errors
/// When the database fails.
pub(crate) async fn publish(app: &App, upload: &Upload, bytes: Vec<u8>, person: &Person) -> anyhow::Result<FileReport> {
    let theirs = if person.is(Role::Admin) { Publish::Everything } else { Publish::OwnedBy(person.id.clone()) };
    let lists_seen = reading(upload).is_some_and(|reading| reading.measured);
    let order = order(app, upload, theirs, &person.id, lists_seen).await?;
    import_bytes(app, upload.file.as_deref().unwrap_or_default(), bytes, &order).await
}

async fn order(app: &App, upload: &Upload, publish: Publish, by: &str, lists_seen: bool) -> anyhow::Result<Order> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    let defaults = Defaults {
        owner: Some(upload.person.clone()),
        kind: upload.kind.as_deref().and_then(|kind| kind.parse().ok()),
        scope: knowledge::Scope::default(),
        timezone: desk.desk.desk.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai),
    };
    Ok(Order { defaults, publish, by: Some(by.to_owned()), lists_seen })
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
        care::ask(tx, app, &need, &upload.to).await?;
        // A card may have room for a line or two: without a page all of them come as a message.
        let lines = if app.public_url.is_none() { in_chat(&reading, desk.words()) } else { Vec::new() };
        return tell(tx, app, upload, lines).await;
    }
    let mut told = vec![said(&desk, upload, &reading)];
    told.extend(match app.public_url {
        Some(_) => first_lines(&reading, ON_CARD, "kb.upload_more", desk.words()),
        None => in_chat(&reading, desk.words()),
    });
    tell(tx, app, upload, told).await
}

async fn tell(tx: &mut Tx, app: &App, upload: &Upload, lines: Vec<String>) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let text = Job::Text { to: upload.to.clone(), text: lines.join("\n") };
    text.enqueue(tx, app, app.clock.now()).await
}

fn said(desk: &Applied, upload: &Upload, reading: &Reading) -> String {
    let file = upload.file.as_deref().unwrap_or_default();
    desk.words().text("kb.upload_nothing", &[("file", file), ("given", &reading.given(desk.words()))])
}

/// The lines of a message that nothing else shows.
fn in_chat(reading: &Reading, words: &Words) -> Vec<String> {
    first_lines(reading, IN_CHAT, "kb.upload_left_out", words)
}

/// At most so many lines, and what says where the others are.
fn first_lines(reading: &Reading, most: usize, others: &str, words: &Words) -> Vec<String> {
    let mut first: Vec<String> = reading.lines.iter().take(most).cloned().collect();
    let left = reading.lines.len().saturating_sub(most);
    if left > 0 {
        first.push(words.text(others, &[("count", &left.to_string())]));
    }
    first
}

/// What a card says of a reading. What somebody decides on comes first: there may be no room for more.
fn on_card(reading: &Reading, has_page: bool, words: &Words) -> Vec<String> {
    let (shown, others) = if has_page { (ON_CARD, "kb.upload_more") } else { (0, "kb.upload_more_below") };
    let shown = shown.max(usize::from(reading.measured));
    let mut text = first_lines(reading, shown, others, words);
    text.insert(usize::from(reading.measured).min(text.len()), reading.given(words));
    text
}

/// The card of a file that was read.
///
/// # Errors
/// When the database fails.
pub(super) async fn card(tx: &mut Tx, app: &App, need: &Need, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(reading) = uploads::load(tx, need.version).await?.as_ref().and_then(reading) else { return Ok(None) };
    let desk = app.desk(tx).await?;
    let words = desk.words();
    let text = on_card(&reading, app.public_url.is_some(), words);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_files_own_and_keeps_its_end() {
        assert_eq!(clean_name(r"C:\资料\售后.xlsx"), "售后.xlsx");
        assert_eq!(clean_name("../../etc/问答.csv"), "问答.csv");
        assert_eq!(clean_name("a\u{0}\nb.md"), "ab.md");
        let long = clean_name(&format!("{}.csv", "长".repeat(300)));
        assert!(long.chars().count() == NAME && long.ends_with("长.csv"), "{long}");
    }

    #[test]
    fn what_a_file_holds_names_it_only_where_its_name_does_not() {
        assert_eq!(name_of("", b"%PDF-1.7"), "file.pdf");
        assert_eq!(name_of("售后", b"PK\x03\x04...xl/workbook.xml"), "售后.xlsx");
        assert_eq!(name_of("售后.csv", b"%PDF-1.7"), "售后.csv", "the reader says what is wrong with it");
        assert_eq!(NotTaken::of_name(&name_of("售后", "问题,答案".as_bytes())), Some(NotTaken::Nameless));
        assert_eq!(NotTaken::of_name(&name_of("", b"\xD0\xCF\x11\xE0")), Some(NotTaken::Format(Fault::OldOffice)));
        assert_eq!(NotTaken::of_name("售后.csv"), None);
    }
}
