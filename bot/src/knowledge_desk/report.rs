//! What an import did, for people and for scripts.

use knowledge::Measured;
use knowledge::import::Problem;
use serde::Serialize;

use super::contradictions::Contradiction;

/// What an import did, file by file.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The files, in the order they were read.
    pub files: Vec<FileReport>,
    /// Files in the folders that were left aside, and why.
    pub left_aside: Vec<String>,
}

/// What one file gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FileReport {
    /// Its name, or its path within the folder that was imported.
    pub file: String,
    /// Every entry it holds.
    pub entries: Vec<Told>,
    /// What was refused, where and why.
    pub problems: Vec<Problem>,
    /// What was left aside without harm.
    pub skipped: Vec<Problem>,
    /// Entries it held before and holds no more.
    pub removals: Removals,
    /// Entries that are not put in use, because their own tests fail.
    pub held_back: Vec<HeldBack>,
    /// What its lists of forbidden words would do to the shop's newest replies, where it has any.
    pub measured: Option<Measured>,
    /// Lists that are not put in use before somebody has seen that.
    pub held_lists: Vec<HeldList>,
    /// New versions that answer a question otherwise than other entries do.
    pub contradictions: Vec<Contradiction>,
}

/// One entry of a report.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// The entry's id.
    pub entry: String,
    /// The version that is in force now.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// Where it stands in its file, or stood.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The person who answers for it.
    pub owner: String,
    /// Whether it waits for its owner's review.
    pub waits: bool,
}

/// An entry whose own tests fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// The entry's id.
    pub entry: String,
    /// Its title.
    pub title: String,
    /// The tests.
    pub failures: Vec<String>,
}

/// A list of forbidden words that would have stopped replies which were sent and fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldList {
    /// The entry's id.
    pub entry: String,
    /// Its title.
    pub title: String,
    /// How many replies.
    pub stopped: usize,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is new.
    Taken,
    /// It says something else than before: a new version.
    Changed,
    /// It says what it said before.
    Unchanged,
    /// Its file no longer holds it.
    Gone,
}

/// Entries that a file held before and holds no more. They stay in use until somebody removes them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Removals {
    /// These are proposed for removal.
    Proposed(Vec<Told>),
    /// Not looked for: something was refused that may be one of them.
    Unknown,
}

impl Default for Removals {
    fn default() -> Self {
        Self::Proposed(Vec::new())
    }
}

impl Report {
    /// Whether everything was taken that should have been.
    pub fn is_clean(&self) -> bool {
        let is_clean =
            |file: &FileReport| file.problems.is_empty() && file.held_back.is_empty() && file.held_lists.is_empty();
        self.files.iter().all(is_clean)
    }

    /// All entries with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.files.iter().map(|file| file.count(outcome)).sum()
    }

    /// One line over everything.
    pub fn summary(&self) -> String {
        let refused: usize = self.files.iter().map(|file| file.problems.len()).sum();
        let [taken, changed, unchanged, gone] =
            [Outcome::Taken, Outcome::Changed, Outcome::Unchanged, Outcome::Gone].map(|outcome| self.count(outcome));
        let waiting = self.files.iter().flat_map(|file| &file.entries).filter(|told| told.waits).count();
        let waiting = if waiting == 0 { String::new() } else { format!(", {waiting} wait for their owners' review") };
        format!(
            "{taken} new, {changed} changed, {unchanged} unchanged, {refused} refused, {gone} proposed for removal{waiting}"
        )
    }
}

impl FileReport {
    /// Entries with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        match (&self.removals, outcome) {
            (Removals::Proposed(gone), Outcome::Gone) => gone.len(),
            _ => self.entries.iter().filter(|told| told.outcome == outcome).count(),
        }
    }

    /// Everything a person has to look at, a line each.
    pub fn lines(&self) -> Vec<String> {
        let line = |problem: &Problem| {
            let heading = problem.place.heading.as_ref().map(|heading| format!(" ({heading})")).unwrap_or_default();
            format!("{}{heading}: {}", problem.place, problem.what)
        };
        let mut lines: Vec<String> = self.problems.iter().map(line).collect();
        lines.extend(self.skipped.iter().map(|skipped| format!("left aside: {}", line(skipped))));
        lines.extend(self.held_back.iter().map(|held| {
            format!("'{}' waits for its owner, because its own tests fail: {}", held.title, held.failures.join(" · "))
        }));
        lines.extend(self.measured.as_ref().map(|Measured { texts, marked, blocked, .. }| {
            format!(
                "its forbidden words mark {marked} of the newest {texts} replies that were sent, and stop {blocked}"
            )
        }));
        lines.extend(self.held_lists.iter().map(|HeldList { title, stopped, .. }| {
            format!(
                "'{title}' waits for its owner, because it would have stopped {stopped} replies that were sent; \
                `aijia knowledge publish` shows it and takes it"
            )
        }));
        lines.extend(
            self.contradictions.iter().map(|found| {
                format!("'{}' answers the same question otherwise than {}", found.new.title, found.titles())
            }),
        );
        match &self.removals {
            Removals::Proposed(gone) => lines.extend(gone.iter().map(|told| {
                format!("{}: '{}' is no longer there; proposed for removal, still in use", told.source, told.title)
            })),
            Removals::Unknown => lines.push(format!(
                "{}: not compared with what it held before, because of what was refused; mend it and import again",
                self.file
            )),
        }
        lines
    }
}
