//! Automation that grows while the record says less is no success (requirement PR-10).

use cards::words::Words;

use super::{Report, named};
use crate::case::Say;

/// More leaves without a person than the time before, and less of it can be proved.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// The share that left without a person: before, and now.
    automatic: [f64; 2],
    /// The share of replies with a complete record: before, and now.
    evidence: [f64; 2],
}

impl Warning {
    /// Compares a time with the one before; nothing where one of them has no drafts or no replies.
    pub fn of(now: &Report, before: &Report) -> Option<Self> {
        let automatic = [before.automatic_share()?, now.automatic_share()?];
        let evidence = [before.evidence.share()?, now.evidence.share()?];
        (automatic[1] > automatic[0] && evidence[1] < evidence[0]).then_some(Self { automatic, evidence })
    }

    /// The sentence, with what is missing.
    pub fn say(&self, now: &Report, words: &Words) -> Say {
        // A tenth of a percent is seen too: it is the first one that matters.
        let exact = |share: f64| format!("{:.1}%", share * 100.0);
        let ([before, after], [whole, left]) = (self.automatic.map(exact), self.evidence.map(exact));
        let missing = named(&now.evidence.missing, |name| words.text(&format!("proof.{name}"), &[]));
        let say = Say::new("told.evidence_falls").with("before", before).with("after", after);
        say.with("whole", whole).with("left", left).with("missing", missing.join("、"))
    }
}
