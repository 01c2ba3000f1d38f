//! What is counted while the program runs, for Prometheus. No customer's or colleague's words, no ids.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::drafting::{DraftError, Usage};

/// Bounds of durations, in seconds: from a commit on a fast disk to the platform's five seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Bounds of how many units shared one commit.
const UNITS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    /// Stored, or known already: acknowledged.
    Stored,
    /// It did not verify.
    Refused,
    /// Too many were under way.
    Full,
    /// It could not be stored in time.
    Late,
    /// It could not be stored.
    Failed,
}

/// What became of a message to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The platform accepted it.
    Accepted,
    /// It did not arrive.
    Failed,
    /// The platform wants it later.
    PutOff,
    /// Nobody knows.
    Unknown,
    /// A colleague has it, to send it by hand.
    HandedOut,
}

/// What came of wanting a draft, or a reading, from a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It answered as it should.
    Drafted,
    /// It did not answer.
    Unavailable,
    /// It answered nothing that may be shown.
    Unusable,
    /// It was not asked: a day's budget is spent.
    OverBudget,
}

impl Asked {
    /// What an error, or none, comes to.
    pub fn of(error: Option<&DraftError>) -> Self {
        match error {
            None => Self::Drafted,
            Some(DraftError::Unavailable(_)) => Self::Unavailable,
            Some(DraftError::Unusable(_)) => Self::Unusable,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Drafted => "answered",
            Self::Unavailable => "unavailable",
            Self::Unusable => "unusable",
            Self::OverBudget => "over_budget",
        }
    }
}

/// Why something that came in is nobody's here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It happened in a group.
    Group,
    /// It is no message, and no change of one.
    NoMessage,
}

impl Ignored {
    fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::NoMessage => "no_message",
        }
    }
}

impl Callback {
    fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Full => "full",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl Sent {
    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::PutOff => "put_off",
            Self::Unknown => "unknown",
            Self::HandedOut => "handed_out",
        }
    }
}

/// Counters by one label, `outcome`.
type ByOutcome = Family<[(&'static str, &'static str); 1], Counter>;

/// Counters by one label, `reason`.
type ByReason = Family<[(&'static str, &'static str); 1], Counter>;

/// Counters by one label, `direction`.
type ByDirection = Family<[(&'static str, &'static str); 1], Counter>;

/// The counters of one program. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Counted>);

struct Counted {
    registry: Mutex<Registry>,
    callbacks: ByOutcome,
    callback_seconds: Histogram,
    sends: ByOutcome,
    tap_to_send_seconds: Histogram,
    cards_posted: Counter,
    telegram_ignored: ByReason,
    model_questions: ByOutcome,
    model_tokens: ByDirection,
    commits: Counter,
    units_per_commit: Histogram,
    commit_seconds: Histogram,
    database_errors: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let counted = Counted {
            registry: Mutex::new(Registry::with_prefix("aijia")),
            callbacks: Family::default(),
            callback_seconds: Histogram::new(SECONDS),
            sends: Family::default(),
            tap_to_send_seconds: Histogram::new(SECONDS),
            cards_posted: Counter::default(),
            telegram_ignored: Family::default(),
            model_questions: Family::default(),
            model_tokens: Family::default(),
            commits: Counter::default(),
            units_per_commit: Histogram::new(UNITS),
            commit_seconds: Histogram::new(SECONDS),
            database_errors: Counter::default(),
        };
        counted.register();
        Self(Arc::new(counted))
    }
}

impl Counted {
    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register("callbacks", "Callbacks by what became of them", self.callbacks.clone());
        let what = "Seconds until a callback was answered";
        registry.register("callback_seconds", what, self.callback_seconds.clone());
        registry.register("sends", "Messages to customers by what became of them", self.sends.clone());
        let what = "Seconds from a person's approval until the platform accepted the reply";
        registry.register("tap_to_send_seconds", what, self.tap_to_send_seconds.clone());
        registry.register("cards_posted", "Cards the platform took for a colleague", self.cards_posted.clone());
        let what = "Updates of Telegram that are for nobody here, by the reason";
        registry.register("telegram_ignored", what, self.telegram_ignored.clone());
        let what = "Drafts and readings wanted from models, by what came of it";
        registry.register("model_questions", what, self.model_questions.clone());
        registry.register("model_tokens", "Tokens asked of and answered by the model", self.model_tokens.clone());
        registry.register("commits", "Durable commits", self.commits.clone());
        registry.register("units_per_commit", "Units of work in one commit", self.units_per_commit.clone());
        registry.register(
            "commit_seconds",
            "Seconds from a commit's first unit to its end",
            self.commit_seconds.clone(),
        );
        registry.register("database_errors", "Times the database failed", self.database_errors.clone());
    }
}

impl Metrics {
    /// A callback was answered.
    pub fn callback(&self, outcome: Callback, took: Duration) {
        self.0.callbacks.get_or_create(&[("outcome", outcome.word())]).inc();
        self.0.callback_seconds.observe(took.as_secs_f64());
    }

    /// Something came in from Telegram that is nobody's here.
    pub fn ignored(&self, why: Ignored) {
        self.0.telegram_ignored.get_or_create(&[("reason", why.word())]).inc();
    }

    /// It is known what became of a message to a customer.
    pub fn sent(&self, outcome: Sent) {
        self.0.sends.get_or_create(&[("outcome", outcome.word())]).inc();
    }

    /// A reply was accepted so many milliseconds after a person approved it.
    pub fn reply_took(&self, milliseconds: i64) {
        self.0
            .tap_to_send_seconds
            .observe(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)).as_secs_f64());
    }

    /// A draft was wanted from the language model.
    pub fn model_asked(&self, outcome: Asked, usage: Usage) {
        self.0.model_questions.get_or_create(&[("outcome", outcome.word())]).inc();
        for (direction, tokens) in [("in", usage.tokens_in), ("out", usage.tokens_out)] {
            let tokens = u64::try_from(tokens).unwrap_or(0);
            self.0.model_tokens.get_or_create(&[("direction", direction)]).inc_by(tokens);
        }
    }

    /// A card was accepted for a colleague.
    pub fn card_posted(&self) {
        self.0.cards_posted.inc();
    }

    /// So many units were committed together.
    pub fn committed(&self, units: usize, took: Duration) {
        self.0.commits.inc();
        self.0.units_per_commit.observe(f64::from(u32::try_from(units).unwrap_or(u32::MAX)));
        self.0.commit_seconds.observe(took.as_secs_f64());
    }

    /// The database failed.
    pub fn database_error(&self) {
        self.0.database_errors.inc();
    }

    /// Everything counted so far, in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a text does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::default();
        metrics.callback(Callback::Stored, Duration::from_millis(3));
        metrics.callback(Callback::Full, Duration::ZERO);
        metrics.committed(12, Duration::from_millis(4));
        metrics.sent(Sent::Unknown);
        let text = metrics.text();
        for line in [
            "aijia_callbacks_total{outcome=\"stored\"} 1",
            "aijia_callbacks_total{outcome=\"full\"} 1",
            "aijia_commits_total 1",
            "aijia_units_per_commit_sum 12.0",
            "aijia_sends_total{outcome=\"unknown\"} 1",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
