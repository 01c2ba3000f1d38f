//! What this shop's decisions teach about drafts, learnt anew as they grow.

use std::collections::HashMap;

use crate::confidence::{Decision, Model, Quality, Signals};
use crate::policy::Intent;
use crate::store::outcomes::{Outcome, Row};

/// Decisions that are learnt from, the newest ones: a shop changes.
pub const REMEMBERED: i64 = 2_000;
/// Decisions after which it is learnt anew at the latest, and the part by which the record has to grow otherwise.
const AT_LEAST: i64 = 20;
const GROWTH: i64 = 20;
/// Drafts about an intent as if they were decided half and half, so that the first one does not stand for all.
const DOUBT: f64 = 2.0;

/// What was learnt.
#[derive(Debug, Clone, Default)]
pub struct Chances {
    /// Decisions there were then.
    count: i64,
    model: Option<Model>,
    /// Drafts sent unchanged, and all decided, by intent.
    kept: HashMap<String, (f64, f64)>,
}

impl Chances {
    /// Learns from the newest of `count` decisions, oldest first. What cannot be read teaches nothing.
    pub fn learn(count: i64, newest: &[Row]) -> Self {
        let decisions: Vec<Decision> = newest.iter().filter_map(decision).collect();
        let mut kept: HashMap<String, (f64, f64)> = HashMap::new();
        for row in newest {
            let (unchanged, all) = kept.entry(row.intent.clone()).or_default();
            *all += 1.0;
            if row.outcome() == Some(Outcome::Unchanged) {
                *unchanged += 1.0;
            }
        }
        Self { count, model: Model::learn(&decisions), kept }
    }

    /// Whether the record has grown enough to learn again.
    pub fn are_old(&self, count: i64) -> bool {
        count >= self.count + AT_LEAST.max(self.count / GROWTH)
    }

    /// The share of earlier drafts about an intent that were sent unchanged.
    pub fn history(&self, intent: Intent) -> f64 {
        let (unchanged, all) = self.kept.get(intent.as_str()).copied().unwrap_or_default();
        (unchanged + DOUBT / 2.0) / (all + DOUBT)
    }

    /// The chance that a draft is sent unchanged; none while there are too few decisions.
    pub fn chance(&self, signals: &Signals) -> Option<f64> {
        self.model.as_ref().map(|model| model.chance(signals))
    }

    /// How good its chances were; none while there are too few decisions.
    pub fn quality(&self) -> Option<&Quality> {
        self.model.as_ref().map(Model::quality)
    }
}

fn decision(row: &Row) -> Option<Decision> {
    let signals = serde_json::from_str(&row.signals).ok()?;
    Some(Decision { signals, unchanged: row.outcome()? == Outcome::Unchanged })
}
