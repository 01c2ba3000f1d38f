//! What is written while the program runs: for people, or a JSON object a line for whoever collects it. Never a secret
//! and never what a customer wrote.

use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::ConfigError;

/// The variable that says how lines look.
const FORM: &str = "AIJIA_LOG";

/// Begins to write to standard error: as much as `RUST_LOG` says, as `AIJIA_LOG` says.
///
/// # Errors
/// When `AIJIA_LOG` says neither `text` nor `json`.
pub(super) fn start() -> Result<(), ConfigError> {
    let levels = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,aijia=info"));
    let lines = lines(&std::env::var(FORM).unwrap_or_default())?;
    filtered(lines, levels).init();
    Ok(())
}

/// Lets events through to `lines` as `levels` says. The filters are everybody's: a filter of one layer remembers what it was
/// last asked, and where somebody only asks whether a level is wanted, as the database's client does for each notice of
/// PostgreSQL, the next event of ours would be lost.
fn filtered(
    lines: impl Layer<Registry> + Send + Sync,
    levels: EnvFilter,
) -> impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync {
    tracing_subscriber::registry().with(lines).with(levels).with(filter_fn(is_no_answer))
}

fn lines(form: &str) -> Result<Box<dyn Layer<Registry> + Send + Sync>, ConfigError> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match form {
        "" | "text" => Ok(lines.boxed()),
        "json" => Ok(lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()),
        _ => Err(ConfigError {
            place: FORM.into(),
            what: "names an unknown form of log lines".into(),
            todo: "write text or json, or leave it empty".into(),
        }),
    }
}

/// Whatever RUST_LOG asks for, the model's client stays silent: it writes answers it cannot read into the log, and
/// they may repeat what a customer wrote. (A directive would not do: a narrower one in RUST_LOG would win.)
fn is_no_answer(event: &Metadata<'_>) -> bool {
    event.target().split("::").next() != Some("async_openai")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Writes down whose events got past the filter.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl Layer<Registry> for Seen {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, Registry>) {
            self.0.lock().expect("no panic").push(event.metadata().target().to_owned());
        }
    }

    #[test]
    fn the_models_client_is_silent_whatever_is_asked_for() {
        let seen = Seen::default();
        let levels = EnvFilter::new("info,async_openai=trace,async_openai::error=trace");
        tracing::subscriber::with_default(filtered(seen.clone(), levels), || {
            tracing::error!(target: "async_openai::error", "an answer");
            tracing::error!(target: "async_openai", "an answer");
            tracing::info!(target: "aijia::worker", "ours");
            tracing::debug!(target: "aijia::worker", "not asked for");
            tracing::warn!(target: "async_openai_like", "somebody else's");
        });
        assert_eq!(*seen.0.lock().expect("no panic"), ["aijia::worker", "async_openai_like"]);
    }
    #[test]
    fn nothing_is_lost_behind_somebody_who_only_asks_whether_a_level_is_wanted() {
        let seen = Seen::default();
        tracing::subscriber::with_default(filtered(seen.clone(), EnvFilter::new("warn,aijia=info")), || {
            assert!(!tracing::enabled!(target: "sqlx::postgres::notice", tracing::Level::INFO));
            tracing::warn!(target: "aijia::worker", "what an operator has to know");
        });
        assert_eq!(*seen.0.lock().expect("no panic"), ["aijia::worker"]);
    }
}
