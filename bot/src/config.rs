//! What the program is told at start: the environment (addresses, secrets) and `aijia.toml` (who works at the
//! desk, on which channels, under which policy). Every mistake is one line that says where, what, and what to do.

mod backoffice;
mod channels;
mod check;
mod database;
mod environment;
mod file;
mod names;
mod version;

pub use backoffice::{ORDER, read_recipes};
pub use database::Database;
pub use environment::{Aibot, Encoder, Environment, Official, OpenAi, Telegram, Wecom, WecomCallback};
pub use file::parse_desk;
pub use version::{deciding_as, people_version, policy_changes, policy_version, short_version};

pub(crate) use check::check;

use thiserror::Error;

/// A mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", one_line(&format!("{place}: {what}; {todo}")))]
pub struct ConfigError {
    /// Where: a variable, a line of a file, or a table of it.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub todo: String,
}

impl ConfigError {
    fn new(place: impl Into<String>, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), todo: todo.into() }
    }
}

/// The text on one line, whatever was quoted in it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
