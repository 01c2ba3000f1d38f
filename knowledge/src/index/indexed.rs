//! An entry as an index keeps it: what a search looks at and shows, in no more room than that takes.

use std::sync::Arc;

use crate::entry::is_within;
use crate::{Caution, Entry, Kind};

/// An entry that can be found. Fields as in [`Entry`]; its scope and release are kept apart, since few entries have one of
/// their own.
#[derive(Debug)]
pub struct Indexed {
    /// Our id.
    pub id: Box<str>,
    /// Version of the entry, from 1.
    pub version: i64,
    /// The id the imported file gave it, if any.
    pub file_id: Option<Box<str>>,
    /// What sort of knowledge it is, never a rule.
    pub kind: Kind,
    /// Short name.
    pub title: Box<str>,
    /// The ways customers ask for it.
    pub questions: Box<[Box<str>]>,
    /// The answer, word for word.
    pub answer: Box<str>,
    /// Person id of the owner.
    pub owner: Arc<str>,
    /// First moment at which it may be used.
    pub valid_from: Option<i64>,
    /// Last moment at which it may be used.
    pub valid_until: Option<i64>,
    /// The owner should have confirmed it by then.
    pub verify_by: Option<i64>,
    /// Where it came from.
    pub source: Box<str>,
    /// What stands between it and a promise.
    pub cautions: Box<[Caution]>,
}

impl Indexed {
    /// The entry without its scope and release; `owner` is the shared form of its owner's id.
    pub(super) fn of(entry: Entry, owner: Arc<str>) -> Indexed {
        Indexed {
            id: entry.id.into(),
            version: entry.version,
            file_id: entry.file_id.map(Into::into),
            kind: entry.kind,
            title: entry.title.into(),
            questions: entry.questions.into_iter().map(Into::into).collect(),
            answer: entry.answer.into(),
            owner,
            valid_from: entry.valid_from,
            valid_until: entry.valid_until,
            verify_by: entry.verify_by,
            source: entry.source.into(),
            cautions: entry.cautions.into(),
        }
    }

    /// Whether `now_ms` lies within the validity (both ends included).
    pub fn is_valid_at(&self, now_ms: i64) -> bool {
        is_within(self.valid_from, self.valid_until, now_ms)
    }
}
